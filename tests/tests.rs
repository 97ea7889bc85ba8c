//! The one integration binary: each module tests one promise or one room.

mod agreement; // every engine against the oracle, over the grid of tables
mod audit; // planted faults that the audit catches, and its closed form against brute force
mod properties; // what must not change when a table is changed in a known way
mod tables; // the grid of tables
mod tidy; // layers, headers and sizes of the source files
