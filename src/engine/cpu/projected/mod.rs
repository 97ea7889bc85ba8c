//! The projected walk: all sets that are three questions away from a prefix, leaves in vectors.
//!
//! [`Projector::visit`] takes over a prefix from the general walk where it applies: there is a
//! floor t > 0 to discard against, the prefix has enough users to fill words and vectors, and its
//! sums are small enough to be exact in floats. It answers `None` where it does not apply, and the
//! general walk goes on.
//!
//! Rooms: [`base`] projects the prefix, [`stem`] pairs up the next two questions, [`kernel`] sums
//! and judges the leaves over [`lanes`]' vectors, [`dispatch`] picks the vectors.

mod base;
mod dispatch;
mod kernel;
mod lanes;
mod stem;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use super::isa::Isa;
use crate::stats::AuditSums;
use base::{Base, User};
use lanes::Elem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use stem::{Lists, Tally};

/// Fewer users than this are walked in general: words and vectors would be mostly empty.
const FEWEST_USERS: usize = 64;

/// Most bytes of rows that a projected prefix may take.
const MOST_BYTES: usize = 1 << 29;

/// Share of the users that are outer users at first, in 1/1024.
const FIRST_SHARE: u32 = 512;

/// A member of a prefix as the general walk knows them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    /// Score on the prefix.
    pub(super) score: i64,
    /// Total.
    pub(super) total: i64,
}

/// What became of a prefix.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Visited {
    /// Sums over the outer users of every leaf, unshifted, and the number of leaves.
    pub(super) seen: AuditSums,
}

/// What the projected walk keeps from prefix to prefix.
#[derive(Debug)]
pub(super) struct Projector {
    isa: Isa,
    /// The largest |score| of the table.
    largest_score: i64,
    /// Share of outer users in 1/1024, moved by how many leaves are kept.
    share: AtomicU32,
    narrow: Pool<f32>,
    wide: Pool<f64>,
}

/// Buffers not in use.
#[derive(Debug, Default)]
struct Pool<E>(Mutex<Vec<Box<(Base<E>, Lists<E>)>>>);

impl<E: Elem> Pool<E> {
    fn take(&self) -> Box<(Base<E>, Lists<E>)> {
        let mut free = self.0.lock().unwrap_or_else(|e| e.into_inner());
        free.pop().unwrap_or_default()
    }

    fn give(&self, buffers: Box<(Base<E>, Lists<E>)>) {
        let mut free = self.0.lock().unwrap_or_else(|e| e.into_inner());
        free.push(buffers);
    }
}

/// A prefix to visit, and what to ask and tell while visiting it.
pub(super) struct Visit<'a, A, F, X> {
    /// Users of the prefix.
    pub(super) members: &'a [Incoming],
    /// Questions behind the prefix.
    pub(super) lanes: usize,
    /// Calls its argument with every (lane, score) of this member.
    pub(super) answers: A,
    /// The current floor.
    pub(super) floor: F,
    /// Takes the lanes of a set, and n, A, X, Y of it.
    pub(super) exact: X,
    /// Takes every member that was left out of the leaves' sums.
    pub(super) left_out: &'a mut dyn FnMut(usize),
}

impl Projector {
    /// For a table whose scores are at most `largest_score` in magnitude.
    pub(super) fn new(isa: Isa, largest_score: i64) -> Self {
        Self {
            isa,
            largest_score,
            share: AtomicU32::new(FIRST_SHARE),
            narrow: Pool::default(),
            wide: Pool::default(),
        }
    }

    /// Visits all sets of three more questions, or returns `None` where it does not apply.
    pub(super) fn visit<A, F, X>(&self, visit: Visit<'_, A, F, X>) -> Option<Visited>
    where
        A: Fn(usize, &mut dyn FnMut(usize, i64)),
        F: Fn() -> f64,
        X: FnMut([usize; 3], [f64; 4]),
    {
        let users = visit.members.len();
        // Written so that a floor that is NaN would not pass.
        let has_floor = (visit.floor)() > 0.0;
        if users < FEWEST_USERS || !has_floor {
            return None;
        }
        let mean = |of: fn(&Incoming) -> i64| {
            let sum: i128 = visit.members.iter().map(|m| i128::from(of(m))).sum();
            (sum / users as i128) as i64
        };
        let (score_shift, total_shift) = (mean(|m| m.score), mean(|m| m.total));
        let mut sorted: Vec<User> = visit
            .members
            .iter()
            .enumerate()
            .map(|(member, m)| User {
                s: m.score - score_shift,
                g: m.total - total_shift,
                member,
            })
            .collect();
        sorted.sort_unstable_by_key(|u| (std::cmp::Reverse(u.g.unsigned_abs()), u.member));
        let share = self.share.load(Ordering::Relaxed);
        let outer = (users * share as usize / 1024)
            .max(1)
            .next_multiple_of(64)
            .min(users);

        // |a| and |g| of any leaf are at most `reach`; each sum over the outer users at most
        // outer · reach², each product in the judgements users · that, each total of a stem
        // lanes² times that.
        let s = sorted.iter().map(|u| u.s.unsigned_abs()).max()? as f64;
        let g = sorted.first()?.g.unsigned_abs() as f64;
        let reach = (s + 3.0 * self.largest_score as f64).max(g);
        let sum = users as f64 * reach * reach;
        let widest = sum * users.max(visit.lanes * visit.lanes) as f64;
        let bytes = users * (visit.lanes + 16) * 8;
        if widest >= f64::EXACT || bytes > MOST_BYTES {
            return None;
        }
        let shifts = (score_shift, total_shift);
        if (outer as f64) * reach * reach < f32::EXACT {
            Some(self.run(&self.narrow, visit, sorted, shifts, outer))
        } else {
            Some(self.run(&self.wide, visit, sorted, shifts, outer))
        }
    }

    fn run<E, A, F, X>(
        &self,
        pool: &Pool<E>,
        mut visit: Visit<'_, A, F, X>,
        users: Vec<User>,
        (score_shift, total_shift): (i64, i64),
        outer: usize,
    ) -> Visited
    where
        E: dispatch::Dispatch,
        A: Fn(usize, &mut dyn FnMut(usize, i64)),
        F: Fn() -> f64,
        X: FnMut([usize; 3], [f64; 4]),
    {
        let mut buffers = pool.take();
        let (base, lists) = &mut *buffers;
        base.score_shift = score_shift;
        base.total_shift = total_shift;
        base.reset(users, visit.lanes, outer);
        for i in 0..base.users.len() {
            let member = base.users[i].member;
            (visit.answers)(member, &mut |lane, score| base.answer(i, lane, score));
        }
        for user in base.users.iter().skip(base.outer_words * 64) {
            (visit.left_out)(user.member);
        }
        let mut visited = Visited::default();
        let (mut sets, mut kept) = (0, 0);
        for l1 in 1..base.lanes {
            let tally = E::search(self.isa, base, l1, lists, &visit.floor, &mut |lanes| {
                (visit.exact)(lanes, base.exactly(lanes));
            });
            sets += tally.sets;
            kept += tally.kept;
            visited.seen += unshifted(&tally, score_shift, total_shift);
        }
        self.adapt(sets, kept);
        pool.give(buffers);
        visited
    }

    /// More outer users where many leaves were kept, fewer where few were. Only speed depends on it.
    fn adapt(&self, sets: u64, kept: u64) {
        let share = self.share.load(Ordering::Relaxed);
        let next = if kept * 100 > sets {
            (share + 16).min(1024)
        } else if kept * 250 < sets {
            share.saturating_sub(16).max(64)
        } else {
            share
        };
        self.share.store(next, Ordering::Relaxed);
    }
}

/// The audit sums of a stem, with the shifts σ of a and γ of g taken back:
/// Σa = Σa' + σ·n, Σa² = Σa'² + 2σ·Σa' + σ²·n, Σa·g = Σa'g' + γ·Σa' + σ·Σg' + σγ·n.
fn unshifted(tally: &Tally, score_shift: i64, total_shift: i64) -> AuditSums {
    let [n, sa, sg, saa, sgg, sag] = tally.totals.map(|total| total as i64 as u64);
    let (a, g) = (score_shift as u64, total_shift as u64);
    let squares = |sum: u64, square: u64, by: u64| {
        square
            .wrapping_add(by.wrapping_mul(sum).wrapping_mul(2))
            .wrapping_add(by.wrapping_mul(by).wrapping_mul(n))
    };
    AuditSums {
        sets: u128::from(tally.sets),
        n,
        sa: sa.wrapping_add(a.wrapping_mul(n)),
        sg: sg.wrapping_add(g.wrapping_mul(n)),
        saa: squares(sa, saa, a),
        sgg: squares(sg, sgg, g),
        sag: sag
            .wrapping_add(g.wrapping_mul(sa))
            .wrapping_add(a.wrapping_mul(sg))
            .wrapping_add(a.wrapping_mul(g).wrapping_mul(n)),
    }
}
