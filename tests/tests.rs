//! The one integration binary: each module tests one promise or one room.

mod cli; // the real binary: stdout, stderr, exit code
