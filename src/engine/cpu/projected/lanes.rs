//! A prefix by lanes of floats: its users by |g|, and the search of its stems.

use super::base::{Base, User};
use super::care::Care;
use super::pool::Pool;
use super::prefix::{Host, MOST_BYTES, Prefix, Shifts, over_stems};
use super::stem::{self, Lists, Tally};
use crate::arch::{Elem, Isa, Vectors};
use crate::stats::AuditSums;

/// Buffers of lanes in either type.
#[derive(Debug, Default)]
pub(super) struct Pools {
    narrow: Pool<Base<f32>, Lists<f32>>,
    wide: Pool<Base<f64>, Lists<f64>>,
}

/// A prefix to be visited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit<'a> {
    pub(super) isa: Isa,
    pub(super) care: &'a Care,
    pub(super) prefix: &'a Prefix<'a>,
    pub(super) shifts: Shifts,
    /// How many of its users, by |g| descending, should be outer users.
    pub(super) outer: usize,
}

impl Visit<'_> {
    /// Visits all sets behind the prefix by lanes; `None` where sums are not exact in f64, or rows too large.
    /// Its users come by |g| descending.
    pub(super) fn by(
        &self,
        pools: &Pools,
        host: &impl Host,
        users: Vec<User>,
    ) -> Option<AuditSums> {
        let Self { prefix, outer, .. } = *self;
        // |a| and |g| of any leaf are at most `reach`; each sum over the outer users at most
        // outer · reach², each product in the judgements users · that, each total of a stem
        // lanes² times that.
        let s = users.iter().map(|u| u.s.unsigned_abs()).max()? as f64;
        let g = users.first()?.g.unsigned_abs() as f64;
        let reach = (s + 3.0 * prefix.layout.largest_score() as f64).max(g);
        let lanes = prefix.lanes();
        let many = users.len().max(lanes * lanes) as f64;
        let widest = users.len() as f64 * reach * reach * many;
        let bytes = users.len() * (lanes + 16) * 8;
        if widest >= f64::EXACT || bytes > MOST_BYTES {
            return None;
        }
        // Four times: the audit adds up to four vectors of sums before it widens them.
        Some(if 4.0 * outer as f64 * reach * reach < f32::EXACT {
            self.run(&pools.narrow, host, users, reach)
        } else {
            self.run(&pools.wide, host, users, reach)
        })
    }

    fn run<E: Vectors>(
        &self,
        pool: &Pool<Base<E>, Lists<E>>,
        host: &impl Host,
        users: Vec<User>,
        reach: f64,
    ) -> AuditSums {
        let Self {
            care,
            prefix,
            shifts,
            outer,
            ..
        } = *self;
        let Prefix {
            layout,
            rows,
            members,
            ..
        } = *prefix;
        let mut base = pool.bases.take();
        base.reach = reach;
        let lowest = [prefix.beyond(), prefix.second()];
        base.reset(users, prefix.lanes(), lowest, outer);
        for i in 0..base.users.len() {
            let member = base.users[i].member;
            for answer in rows.behind(&members[member]) {
                let lane = prefix.lane(answer.position as usize);
                base.answer(i, lane, layout.score(answer));
            }
        }
        let inner = base.users.iter().skip(base.outer_words * 64);
        let mut left_out = prefix.completions(inner.map(|user| &members[user.member]));
        let stem = |l1: usize| {
            if !host.go_on() {
                return Tally::default();
            }
            let mut lists = pool.lists.take();
            let search = stem::Search {
                base: &base,
                l1,
                lists: &mut lists,
                floor: &|| host.floor(),
                exact: &mut |lanes| {
                    host.exact(lanes.map(|lane| prefix.position(lane)), base.exactly(lanes));
                },
            };
            let tally = E::run(self.isa, search);
            pool.lists.give(lists);
            tally
        };
        let tally = over_stems(prefix, stem);
        pool.bases.give(base);
        care.adapt(&tally);
        left_out += unshifted(&tally, shifts);
        left_out
    }
}

/// Sorts by |g| descending, equals as they came. Totals of a prefix mostly lie close together, so
/// counting sorts them in two passes; where they do not, comparing does.
pub(super) fn outermost_first(users: impl Iterator<Item = User> + Clone) -> Vec<User> {
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

/// The audit sums of a stem, with the shifts of a and g taken back.
fn unshifted(tally: &Tally, Shifts { score, total }: Shifts) -> AuditSums {
    AuditSums::new(tally.sets.into(), tally.totals).shifted(score, total)
}
