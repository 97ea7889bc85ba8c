//! The one integration binary: each module tests one promise or one room.
