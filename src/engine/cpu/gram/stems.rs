//! Walks that choose a block's questions from the last to the first: their shares of work.

use super::block::Blocks;
use super::keep::Keeper;
use super::leaf::{Hit, Leaves};
use crate::arch::Lanes;
use crate::combin::Block;
use crate::engine::EngineError;
use crate::stats::{AuditSums, Basis};
use crate::top::Top;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All sets of a block whose last question is `last`; or, where it chooses one or two, all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stem<'a> {
    pub(super) block: &'a Block,
    pub(super) last: Option<usize>,
}

/// Hands out stems, those of a block with the most sets first.
#[derive(Debug)]
pub(super) struct Stems<'a> {
    blocks: &'a [Block],
    /// Stems before each block, and all.
    before: Vec<usize>,
    next: AtomicUsize,
}

impl<'a> Stems<'a> {
    pub(super) fn new(blocks: &'a Blocks) -> Self {
        let mut before = vec![0];
        let mut all = 0;
        for block in &blocks.blocks {
            all += match block.choose {
                1 | 2 => 1,
                choose => block.pool.len() + 1 - choose,
            };
            before.push(all);
        }
        Self {
            blocks: &blocks.blocks,
            before,
            next: AtomicUsize::new(0),
        }
    }

    pub(super) fn next(&self) -> Option<Stem<'a>> {
        let stem = self.next.fetch_add(1, Ordering::Relaxed);
        let at = self.before.partition_point(|&before| before <= stem) - 1;
        let block = self.blocks.get(at)?;
        let last = (block.choose > 2).then(|| block.pool.end - 1 - (stem - self.before[at]));
        Some(Stem { block, last })
    }
}

/// One worker's result; `None` where the search was stopped.
pub(super) type Part = Option<(Top, AuditSums)>;

/// Results of all workers as one; `unanswered` sets have sums of 0.
pub(super) fn merge(
    top: usize,
    parts: Vec<Part>,
    unanswered: u128,
) -> Result<(Top, AuditSums), EngineError> {
    let mut top = Top::new(top);
    let mut seen = AuditSums::of_nobody(unanswered);
    for part in parts {
        let (part_top, part_seen) = part.ok_or(EngineError::Stopped)?;
        top.merge(part_top);
        seen += part_seen;
    }
    Ok((top, seen))
}

/// Offers the leaves that passed. `question` is the answered question of a position; `answered` and
/// `basis` turn it and its sums into the table's.
#[cold]
#[inline(never)]
pub(super) fn finish<L: Lanes>(
    leaves: &mut Leaves<L>,
    keeper: &mut Keeper<'_>,
    prefix: impl Iterator<Item = usize>,
    question: impl Fn(usize) -> usize,
    answered: &[usize],
    basis: &Basis,
) {
    let prefix: Vec<usize> = prefix.collect();
    let mut rose = false;
    let hits: Vec<Hit> = std::mem::take(&mut leaves.hits);
    for (at, sums) in hits.iter().flat_map(Hit::leaves) {
        let mut set: Vec<usize> = prefix
            .iter()
            .copied()
            .chain([question(at)])
            .map(|q| answered[q])
            .collect();
        set.sort_unstable();
        let score = set.iter().map(|&q| i128::from(basis.scores[q])).sum();
        let sums = sums.shifted(score, basis.total.into());
        rose |= keeper.offer(&set, sums);
    }
    leaves.hits = hits;
    leaves.hits.clear();
    if rose {
        leaves.set_bar(keeper);
    }
}
