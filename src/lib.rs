//! kcorrset: exact search for the K questions whose summed score correlates best with the overall
//! score.
//!
//! # The map
//! One layer uses only those below it; `tests/tidy.rs` holds that.
//!
//! | layer | room | what it is for |
//! | --- | --- | --- |
//! | 4 | `cli` (binary) | arguments as typed → checked options; one file a command; progress |
//! | 3 | [`report`] | one printer a form: table, JSON, CSV |
//! | 3 | [`search`] | runs an engine and audits it; knows the trait only |
//! | 2 | [`engine`] | the trait; `reference` (the oracle), `cpu` (rayon), `gpu` (wgpu), `published` (the yardstick) |
//! | 1 | [`input`] | JSON, NDJSON, CSV, gzip, zstd → rows → table |
//! | 1 | [`synth`] | seeded random tables |
//! | 0 | [`matrix`] | the table: interned ids, bitsets, integer scores, totals, fingerprint |
//! | 0 | `arch` | what differs from processor to processor: levels of instructions, vectors, byte tiles |
//! | 0 | [`combin`] | binomials, rank and unrank, ranges as subtrees |
//! | 0 | [`stats`] | sums, exact order, r for display, closed forms |
//! | 0 | [`top`] | the N best under one total order |
//!
//! # Invariants
//! - **Exact.** Engines return sets and integer sums. Sets are ordered by exact arithmetic, ties by
//!   the lexicographically smaller tuple of question indices. A float may only discard a set, under
//!   a bound stated beside it; survivors are summed again from the bitsets.
//! - **Whole.** Engines accumulate sums over every set they visit; [`search`] compares them with
//!   closed forms modulo 2^64.
//! - **Loud.** Errors are typed, say what, where and what to do, and nothing falls back silently.
//!
//! Words: a *set* is K questions; a *prefix* is its first elements; a *leaf* is its last; *rank* is
//! its place in lexicographic order; *users* of a set are those who answered all of it; *g* is a
//! user's total, *a* their score on the set.

mod arch;
pub mod combin;
pub mod engine;
pub mod input;
pub mod matrix;
pub mod report;
pub mod search;
pub mod stats;
pub mod synth;
pub mod top;
