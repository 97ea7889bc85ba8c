//! The projected walk: all sets that are three questions away from a prefix, leaves in vectors.
//!
//! [`Projector::visit`] takes over a prefix from the general walk where it applies: there is a
//! floor t > 0 to discard against, the prefix has enough users to fill words and vectors, and its
//! sums are small enough to be exact in floats. It answers `None` where it does not apply, and the
//! general walk goes on.
//!
//! *Columns* are the questions behind the prefix, numbered so that those behind the limit come first: a set
//! has a question before the limit exactly where its highest column is such a one.
//!
//! Rooms: [`base`] projects the prefix, [`stem`] pairs up the next two questions, [`kernel`] sums
//! and judges the leaves in vectors. Two others do all of it: [`bytes`] where scores and totals are small and
//! the processor multiplies tiles of bytes, and [`inversions`] where the floor is so high that two users in
//! the wrong order discard a leaf.

mod base;
mod bytes;
mod care;
mod forms;
mod inversions;
mod kernel;
mod masked;
mod pool;
mod prefix;
mod stem;

pub(super) use prefix::{Host, Prefix};

use super::layout::{Layout, Member, Rows};
use crate::arch::{Elem, Isa, Vectors, has_byte_vectors_at, run};
use crate::stats::AuditSums;
use base::{Base, User};
use care::Care;
use pool::{Free, Pool};
use prefix::{Shifts, over_stems};
use std::num::Wrapping;
use stem::{Lists, Tally};

/// Fewer users than this are walked in general: words and vectors would be mostly empty.
const FEWEST_USERS: usize = 64;

/// Most bytes of rows that a projected prefix may take.
const MOST_BYTES: usize = 1 << 29;

/// What the projected walk keeps from prefix to prefix.
#[derive(Debug)]
pub(super) struct Projector {
    isa: Isa,
    /// What to take wherever it fits.
    machine: Option<Machine>,
    care: Care,
    narrow: Pool<Base<f32>, Lists<f32>>,
    wide: Pool<Base<f64>, Lists<f64>>,
    pairs: Pool<inversions::Base, inversions::Buffers>,
    planes: Pool<bytes::Base<bytes::Planes>, bytes::Buffers<bytes::Planes>>,
    codes: Pool<bytes::Base<bytes::Codes>, bytes::Buffers<bytes::Codes>>,
    /// Its bases are those of planes.
    masked: Free<masked::Buffers>,
}

/// What judges the sets behind a prefix in vectors, beside the lanes of floats that take what these leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// The pair test.
    Pairs,
    /// Byte products of bit planes.
    Planes,
    /// Byte products of codes.
    Codes,
    /// Masked sums.
    Masked,
}

impl Projector {
    /// With kernels of the level `isa`, and with this machine wherever it fits.
    pub(super) fn new(isa: Isa, machine: Option<Machine>) -> Self {
        Self {
            isa,
            machine,
            care: Care::default(),
            narrow: Pool::default(),
            wide: Pool::default(),
            pairs: Pool::default(),
            planes: Pool::default(),
            codes: Pool::default(),
            masked: Free::default(),
        }
    }

    /// Whether a prefix five questions short of a set is to be walked by halves: its users are enough for
    /// prefixes two questions longer to be taken over. It pays where the tiles or the pair test may be
    /// taken, as rows of codes or bits tell; the other kernels have little to do once a stem.
    pub(super) fn takes_halves(
        &self,
        layout: &Layout,
        rows: &Rows,
        members: &[Member],
        from: usize,
    ) -> bool {
        if rows.codes().is_none() && rows.bits().is_none() {
            return false;
        }
        let answers: usize = members.iter().map(|m| rows.behind(m).len()).sum();
        let density = answers as f64 / (members.len() * (layout.questions() - from)) as f64;
        members.len() as f64 * density * density >= FEWEST_USERS as f64
    }

    /// Visits all sets of three more questions and returns their audit sums, or `None` where it does
    /// not apply.
    pub(super) fn visit(&self, prefix: &Prefix<'_>, host: &impl Host) -> Option<AuditSums> {
        let Prefix {
            layout,
            rows,
            members,
            ..
        } = *prefix;
        let users = members.len();
        let lanes = prefix.lanes();
        let floor = host.floor();
        if users < FEWEST_USERS || floor <= 0.0 {
            return None;
        }
        let (mut score, mut total, mut answers) = (0, 0, 0);
        for member in members {
            score += i128::from(member.score);
            total += i128::from(member.total);
            answers += rows.behind(member).len();
        }
        let mean = |sum: i128| (sum / users as i128) as i64;
        let shifts = Shifts {
            score: mean(score),
            total: mean(total),
        };
        let density = answers as f64 / (users * lanes) as f64;
        let bytes = match self.machine {
            Some(machine) => matches!(machine, Machine::Planes | Machine::Codes),
            None => by_tiles_at(self.isa),
        };
        let visit = bytes::Visit {
            isa: self.isa,
            care: &self.care,
            prefix,
            mean: shifts.total,
            density,
            floor,
        };
        let masked = match self.machine {
            Some(machine) => machine == Machine::Masked,
            None => by_masks_at(self.isa),
        };
        if masked && let Some(seen) = visit.by_masks(&self.planes.bases, &self.masked, host) {
            return Some(seen);
        }
        if bytes
            && let Some(seen) = visit
                .by(&self.planes, host)
                .or_else(|| visit.by(&self.codes, host))
        {
            return Some(seen);
        }
        let sorted = outermost_first(members.iter().enumerate().map(|(member, m)| User {
            s: m.score - shifts.score,
            g: m.total - shifts.total,
            member,
        }));
        let tau = (1.0 - floor) * (1.0 + floor);
        let pays = by_pairs_at(self.isa) && inversions::pays(users, density, tau);
        if (pays || self.machine == Some(Machine::Pairs))
            && let Some(seen) = self.by_pairs(prefix, host, &sorted, tau)
        {
            return Some(seen);
        }
        let outer = self
            .care
            .outer_users(sorted.iter().map(|user| user.g), density, floor);

        // |a| and |g| of any leaf are at most `reach`; each sum over the outer users at most
        // outer · reach², each product in the judgements users · that, each total of a stem
        // lanes² times that.
        let s = sorted.iter().map(|u| u.s.unsigned_abs()).max()? as f64;
        let g = sorted.first()?.g.unsigned_abs() as f64;
        let reach = (s + 3.0 * layout.largest_score() as f64).max(g);
        let widest = users as f64 * reach * reach * users.max(lanes * lanes) as f64;
        let bytes = users * (lanes + 16) * 8;
        if widest >= f64::EXACT || bytes > MOST_BYTES {
            return None;
        }
        // Four times: the audit adds up to four vectors of sums before it widens them.
        Some(if 4.0 * outer as f64 * reach * reach < f32::EXACT {
            self.run(&self.narrow, prefix, host, sorted, shifts, reach, outer)
        } else {
            self.run(&self.wide, prefix, host, sorted, shifts, reach, outer)
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of `visit`, once a type"
    )]
    fn run<E: Vectors>(
        &self,
        pool: &Pool<Base<E>, Lists<E>>,
        prefix: &Prefix<'_>,
        host: &impl Host,
        users: Vec<User>,
        shifts: Shifts,
        reach: f64,
        outer: usize,
    ) -> AuditSums {
        let Prefix {
            layout,
            rows,
            members,
            ..
        } = *prefix;
        let mut base = pool.bases.take();
        base.reach = reach;
        base.reset(users, prefix.lanes(), prefix.beyond(), outer);
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
        self.care.adapt(&tally);
        left_out += unshifted(&tally, shifts);
        left_out
    }

    /// Visits all sets behind the prefix by the pair test; `None` where it does not fit. `tau` is 1 − t².
    fn by_pairs(
        &self,
        prefix: &Prefix<'_>,
        host: &impl Host,
        users: &[User],
        tau: f64,
    ) -> Option<AuditSums> {
        let table = prefix.rows.bits()?;
        let mut base = self.pairs.bases.take();
        let fits = base.reset(table, users, prefix, tau);
        let seen = fits.then(|| {
            let stem = |lane: usize| {
                if !host.go_on() {
                    return Tally::default();
                }
                let mut buffers = self.pairs.lists.take();
                let search = inversions::Search {
                    table,
                    base: &base,
                    l1: prefix.position(lane),
                    buffers: &mut buffers,
                    wanted: inversions::Wanted {
                        floor: host.floor(),
                        min_users: host.min_users(),
                    },
                    exact: &mut |last, sums| host.exact(last, sums),
                };
                let tally = run(self.isa, search);
                self.pairs.lists.give(buffers);
                tally
            };
            let tally = over_stems(prefix, stem);
            let mut sums = base.closed_form(table, prefix);
            sums.sets = u128::from(tally.sets);
            sums.six.n = Wrapping(tally.totals[0]);
            sums
        });
        self.pairs.bases.give(base);
        seen
    }
}

/// Whether the pair test is ever taken at a level unasked: above AVX2 the other kernels are faster on the
/// tables measured.
pub(super) fn by_pairs_at(isa: Isa) -> bool {
    isa <= Isa::Avx2
}

/// Whether a level goes by masked sums where there are two scores: it has vectors of words and no tiles.
pub(super) fn by_masks_at(isa: Isa) -> bool {
    isa == Isa::Avx512 && has_byte_vectors_at(isa)
}

/// Whether a level goes by tiles, from bits where there are two scores and else from codes.
pub(super) fn by_tiles_at(isa: Isa) -> bool {
    isa >= Isa::Amx
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

/// The audit sums of a stem, with the shifts of a and g taken back.
fn unshifted(tally: &Tally, Shifts { score, total }: Shifts) -> AuditSums {
    AuditSums::new(tally.sets.into(), tally.totals).shifted(score, total)
}
