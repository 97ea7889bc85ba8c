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
use super::layout::Answer;
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

/// A leaf should have this many outer users at least, or too few of them to tell.
const OUTER_USERS_OF_A_LEAF: f64 = 9.0;

/// What the inner users may add to a leaf's bar, as a part of what is to be explained.
const SLACK: f64 = 0.15;

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
    /// How much more outer users to take than the rule says, an f32; moved by how many leaves are
    /// kept.
    care: AtomicU32,
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
    /// The position of lane 0.
    pub(super) from: usize,
    /// A member's answers behind the prefix.
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
            care: AtomicU32::new(1_f32.to_bits()),
            narrow: Pool::default(),
            wide: Pool::default(),
        }
    }

    /// Visits all sets of three more questions, or returns `None` where it does not apply.
    pub(super) fn visit<'a, A, F, X>(&self, visit: Visit<'a, A, F, X>) -> Option<Visited>
    where
        A: Fn(usize) -> &'a [Answer],
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
        let sorted = outermost_first(visit.members.iter().enumerate().map(|(member, m)| User {
            s: m.score - score_shift,
            g: m.total - total_shift,
            member,
        }));
        let answers: usize = (0..users).map(|i| (visit.answers)(i).len()).sum();
        let density = answers as f64 / (users * visit.lanes) as f64;
        let outer = self.outer_users(&sorted, density, (visit.floor)());

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
        let shifts = (score_shift, total_shift, reach);
        // Four times: the audit adds up to four vectors of sums before it widens them.
        if 4.0 * outer as f64 * reach * reach < f32::EXACT {
            Some(self.run(&self.narrow, visit, sorted, shifts, outer))
        } else {
            Some(self.run(&self.wide, visit, sorted, shifts, outer))
        }
    }

    fn run<'a, E, A, F, X>(
        &self,
        pool: &Pool<E>,
        mut visit: Visit<'a, A, F, X>,
        users: Vec<User>,
        (score_shift, total_shift, reach): (i64, i64, f64),
        outer: usize,
    ) -> Visited
    where
        E: dispatch::Dispatch,
        A: Fn(usize) -> &'a [Answer],
        F: Fn() -> f64,
        X: FnMut([usize; 3], [f64; 4]),
    {
        let mut buffers = pool.take();
        let (base, lists) = &mut *buffers;
        base.score_shift = score_shift;
        base.total_shift = total_shift;
        base.reach = reach;
        base.reset(users, visit.lanes, outer);
        for i in 0..base.users.len() {
            let member = base.users[i].member;
            for answer in (visit.answers)(member) {
                base.answer(i, answer.position as usize - visit.from, answer.score);
            }
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

    /// How many of `sorted` to take as outer users, in whole words.
    ///
    /// The kernel's work grows with them, and so does what it can discard. A leaf is discarded by
    /// its residuals over the outer users, so it should have several; and the bar is lifted by
    /// (1 − t²)·E, E being the inner users' Σg² over a prefix one question short, 1/density times a
    /// leaf's: that should be a small part of t²·Sgg, the most that a leaf's residuals are above it.
    /// Only speed depends on this.
    fn outer_users(&self, sorted: &[User], density: f64, floor: f64) -> usize {
        let care = f64::from(f32::from_bits(self.care.load(Ordering::Relaxed)));
        let square = |u: &User| (u.g as f64) * (u.g as f64);
        let all: f64 = sorted.iter().map(square).sum();
        let (t2, leaf) = (floor * floor, density.powi(3));
        let (mut outer, mut outside) = (0, 0.0);
        for word in sorted.chunks(64) {
            let lifted = (1.0 - t2) * (all - outside) / density;
            let enough = outer as f64 * leaf >= OUTER_USERS_OF_A_LEAF * care;
            if enough && lifted * care <= SLACK * t2 * outside {
                break;
            }
            outer += word.len();
            outside += word.iter().map(square).sum::<f64>();
        }
        outer
    }

    /// More outer users where many leaves were kept, fewer where few were.
    fn adapt(&self, sets: u64, kept: u64) {
        let care = f32::from_bits(self.care.load(Ordering::Relaxed));
        let next = if kept * 100 > sets {
            (care * 1.1).min(8.0)
        } else if kept * 250 < sets {
            (care * 0.95).max(0.25)
        } else {
            care
        };
        self.care.store(next.to_bits(), Ordering::Relaxed);
    }
}

/// Sorts by |g| descending, equals as they came. Totals of a prefix mostly lie close together, so
/// counting sorts them in two passes; where they do not, comparing does.
fn outermost_first(users: impl Iterator<Item = User> + Clone) -> Vec<User> {
    const MOST_COUNTERS: u64 = 1 << 12;
    let largest = users.clone().map(|u| u.g.unsigned_abs()).max().unwrap_or(0);
    if largest >= MOST_COUNTERS {
        let mut sorted: Vec<User> = users.collect();
        sorted.sort_by_key(|u| std::cmp::Reverse(u.g.unsigned_abs()));
        return sorted;
    }
    let key = |u: &User| (largest - u.g.unsigned_abs()) as usize;
    let mut next = vec![0; largest as usize + 2];
    for user in users.clone() {
        next[key(&user) + 1] += 1;
    }
    for i in 1..next.len() {
        next[i] += next[i - 1];
    }
    let mut sorted = vec![User::default(); next[next.len() - 1]];
    for user in users {
        let place = &mut next[key(&user)];
        sorted[*place] = user;
        *place += 1;
    }
    sorted
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
