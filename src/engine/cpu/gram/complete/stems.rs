//! The stems of all blocks: shares of the search that one worker does at a time.

use crate::combin::{Block, binomial};
use std::ops::Range;

/// Sets that a stem should have, so that handing it out costs nothing.
const STEM_SETS: u128 = 1 << 22;

/// A share of a block that one worker does at a time.
#[derive(Clone, Debug)]
pub(super) struct Stem<'a> {
    pub(super) block: &'a Block,
    pub(super) part: Part,
}

/// Which share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of a block that chooses fewer than three.
    Whole,
    /// Stems of a block that chooses three: one order of its halves, and where the rearmost lies.
    Rear { order: usize, rear: Range<usize> },
    /// Stems of a block that chooses more: the pivot (counted in the pool) and which of the choices
    /// before it.
    Pivot { pivot: usize, choices: Range<u128> },
}

/// Hands out the stems of all blocks, without a list of them.
#[derive(Debug)]
pub(super) struct Stems<'a> {
    blocks: std::slice::Iter<'a, Block>,
    now: Option<&'a Block>,
    /// Order of halves, or pivot.
    at: usize,
    /// First not handed out within it.
    from: u128,
}

impl<'a> Stems<'a> {
    pub(super) fn new(blocks: &'a [Block]) -> Self {
        let mut blocks = blocks.iter();
        let now = blocks.next();
        let mut stems = Self {
            blocks,
            now,
            at: 0,
            from: 0,
        };
        stems.enter();
        stems
    }

    /// At the start of a block.
    fn enter(&mut self) {
        self.at = match self.now {
            // The first pivot with enough questions before it.
            Some(block) if block.choose > 3 => block.choose - 4,
            _ => 0,
        };
        self.from = 0;
    }

    fn next_block(&mut self) {
        self.now = self.blocks.next();
        self.enter();
    }
}

impl<'a> Iterator for Stems<'a> {
    type Item = Stem<'a>;

    fn next(&mut self) -> Option<Stem<'a>> {
        let block = self.now?;
        let size = block.pool.len();
        let part = match block.choose {
            0..=2 => {
                self.next_block();
                Part::Whole
            }
            3 => {
                let order = self.at;
                let start = self.from as usize;
                // A rearmost question at position p has at most p²/2 sets.
                let (mut end, mut sets) = (start, 0);
                while end < size && sets < STEM_SETS {
                    sets += (end * end / 2) as u128;
                    end += 1;
                }
                self.from = end as u128;
                if end == size {
                    self.at += 1;
                    self.from = 0;
                    if self.at == 2 {
                        self.next_block();
                    }
                }
                Part::Rear {
                    order,
                    rear: start..end,
                }
            }
            choose => {
                let pivot = self.at;
                let behind = (size - 1 - pivot) as u64;
                // Both are at most the number of sets, which fits.
                let all = binomial(pivot as u64, choose as u64 - 4).unwrap_or(0);
                let each = binomial(behind, 3).unwrap_or(0).max(1);
                let start = self.from;
                let end = (start + (STEM_SETS / each).max(1)).min(all);
                self.from = end;
                if end == all {
                    self.at += 1;
                    self.from = 0;
                    // Three questions must follow the pivot.
                    if self.at + 3 >= size {
                        self.next_block();
                    }
                }
                Part::Pivot {
                    pivot,
                    choices: start..end,
                }
            }
        };
        Some(Stem { block, part })
    }
}
