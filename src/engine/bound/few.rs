//! Few sets, one by one: where there is no floor above 0 to prove anything by.

use super::audit::Words;
use super::judge::Judge;
use crate::combin::{Part, Space, successor};
use crate::stats::AuditSums;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most sets that are gone through so: each is judged exactly, which takes about a microsecond.
pub(super) const FEW: u128 = 1 << 20;

/// Pieces that threads do at a time.
const PIECES: u128 = 64;

/// Sets between looks at the wish to stop.
const LOOK: u128 = 1 << 10;

/// Offers each set of a part that has ranks, on the threads of the current rayon pool, and returns their sums; `None`
/// where it was stopped.
pub(super) fn through(
    space: &Space,
    part: &Part,
    words: &Words,
    judge: &dyn Judge,
    stop: &AtomicBool,
) -> Option<AuditSums> {
    let pieces = part.split(PIECES)?;
    let each = |piece: &Part| of_piece(space, piece, words, judge, stop);
    let add = |mut all: AuditSums, more: AuditSums| {
        all += more;
        Some(all)
    };
    pieces
        .par_iter()
        .map(each)
        .try_reduce(AuditSums::default, add)
}

fn of_piece(
    space: &Space,
    piece: &Part,
    words: &Words,
    judge: &dyn Judge,
    stop: &AtomicBool,
) -> Option<AuditSums> {
    let mut seen = AuditSums::default();
    let sets = piece.sets()?;
    if sets == 0 {
        return Some(seen);
    }
    let (fixed, pool) = (space.fixed(), space.order().len() - space.fixed());
    let mut set = space.unrank(piece.ranks()?.start)?;
    let mut choice: Vec<usize> = set[fixed..].iter().map(|p| p - fixed).collect();
    for at in 0..sets {
        if at.is_multiple_of(LOOK) && stop.load(Ordering::Relaxed) {
            return None;
        }
        seen += words.of_set(&set);
        judge.offer(&set);
        successor(pool, &mut choice);
        for (to, from) in set[fixed..].iter_mut().zip(&choice) {
            *to = fixed + from;
        }
    }
    judge.done(sets);
    Some(seen)
}
