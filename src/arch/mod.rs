//! What differs from processor to processor: levels of instructions, and one way to compute at a level.
//!
//! A kernel is a small struct of what it works on, written once over a token of the level that it runs at
//! ([`Kernel`] with [`run`], [`FloatKernel`] with [`Vectors::run`], [`ByteKernel`] with [`run_bytes`]): every
//! method of a token is compiled for the level, and none is `unsafe`. This room knows no table and no set.
//!
//! | a token computes with | as |
//! | --- | --- |
//! | [`Lanes`] | lines of eight f64 |
//! | [`Floats`] | vectors of f32 or f64 that hold exact integers |
//! | [`Rows`] | 256 bits |
//! | [`Words`](words::Words) | 32 integers of 16 bits, 16 of 32, by masks |
//! | [`ByteLevel`] | 64 bytes, bits turned, and all of words; and [`Tiles`], products of byte tiles as data |
//!
//! To add a level: a member of [`Isa`], a token with these traits, a line in the dispatch.

#[cfg(target_arch = "x86_64")]
mod amx;
mod bytes;
#[cfg(target_arch = "x86_64")]
mod bytes_x86_64;
mod dispatch;
mod floats;
mod isa;
mod lanes;
mod level;
mod memory;
mod portable;
mod rows;
mod tiles;
mod words;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub(crate) use amx::Operands;
pub(crate) use bytes::{ByteKernel, ByteLevel};
pub(crate) use dispatch::{Vectors, run, run_bytes};
pub(crate) use floats::{Elem, FloatKernel, Floats};
pub use isa::Isa;
pub(crate) use isa::has_byte_vectors_at;
pub(crate) use lanes::{Lanes, Line, WIDTH, lane, lines, low_bits, set_lane};
pub(crate) use level::{Kernel, Level};
pub(crate) use memory::{Bytes, EMPTY, Shift, Tile, TwoRows};
pub(crate) use rows::{Row, RowBits, Rows};
pub(crate) use tiles::{Pass, Product, Slabs, Tiles, tile_pass};
pub(crate) use words::twice;
