//! Cross-products over users: the sums of products of every two questions that six sums are made of,
//! exact for any scores, for CPU and GPU.
//!
//! ```text
//! split numbers into signed bytes, v = Σ 256^d·b_d                                    (digits)
//! for each block of users, on whatever worker is free:
//!     write the bytes of each question as columns: its planes                         (Source, Block)
//!     for each term and every two questions i ≤ j:
//!         Σ over the block of plane `left` of i times plane `right` of j, in 32 bits  (dots)
//!         add it, times 2^shift, to one of the sums of i and j
//! ```
//! Sums over blocks are added in 64 bits where no sum on the way can leave them, else modulo 2^128,
//! which is exact where the sums themselves fit 127 bits, as those of a table do.
//!
//! Two sources: [`Population`], users who all answered the same questions, and [`Pairs`], any table. Work:
//! users × questions² / 2 multiplications of bytes a term, 64 an instruction with AVX-512 VNNI.

mod dots;
mod pairs;
mod population;
mod products;
mod workers;

pub use pairs::{PairSums, Pairs};
pub use population::{Cross, Population, reach};
pub use workers::{Alone, Workers};
