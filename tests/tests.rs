//! The one integration binary: each module tests one promise or one room.

mod cli; // the real binary: stdout, stderr, exit code
mod input; // every fault of a table has its message; forms and packings agree; no mutation panics
mod synth; // generated tables: counts, shares, models, and what is written reads back
