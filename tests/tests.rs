//! The one integration binary: each module tests one promise or one room.

// Cross-product regimes of the CPU engine against the oracle.
mod gram;
