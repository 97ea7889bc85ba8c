//! The projected walk: all sets that are three questions away from a prefix, leaves in vectors.
//!
//! [`Projector::visit`] takes over a prefix from the general walk where it applies: there is a
//! floor t > 0 to discard against, the prefix has enough users to fill words and vectors, and its
//! sums are small enough to be exact in floats. It answers `None` where it does not apply, and the
//! general walk goes on.
//!
//! *Lanes* are the questions behind the prefix, numbered so that those behind the [limit](super::halves) come
//! first. At most two questions of a set lie behind the limit exactly where its highest lane is of one before it,
//! and at most one exactly where its two highest are.
//!
//! A prefix is taken by the [`machine`] that is expected to need the fewest cycles ([`choice`]). Rooms, one a
//! machine: [`lanes`], which lays a prefix out in [`base`], pairs up the next two questions in [`stem`] and sums
//! and judges the leaves as floats in [`kernel`]; [`masked`] and [`bytes`], where scores and totals are small;
//! and [`inversions`], the pair test, where the floor is so high that two users in the wrong order discard a
//! leaf.

mod base;
mod bytes;
mod care;
mod choice;
mod forms;
mod inversions;
mod kernel;
mod lanes;
mod machine;
mod masked;
mod pool;
mod prefix;
mod stem;

pub use machine::Machine;
pub(super) use prefix::{Host, Prefix};

use super::layout::{Layout, Member, Rows};
use crate::arch::{Isa, has_byte_vectors_at, run};
use crate::stats::{AuditSums, Need};
use base::User;
use care::Care;
use choice::Shape;
use lanes::outermost_first;
use machine::Took;
use pool::{Free, Pool};
use prefix::{Shifts, over_stems};
use std::num::Wrapping;
use stem::Tally;

/// Where users have fewer answers than this behind a prefix, it is not walked by halves of four: to put them in
/// another order, twice, takes about as long as half of the stems. Masked sums of 60,000 users took as long either
/// way at 6 answers, and a quarter more without halves at 8.
const FEWEST_ANSWERS: f64 = 8.0;

/// Fewer users than this are walked in general: words and vectors would be mostly empty.
const FEWEST_USERS: usize = 64;

/// What the projected walk keeps from prefix to prefix.
#[derive(Debug)]
pub(super) struct Projector {
    isa: Isa,
    /// The machines to choose from.
    candidates: Vec<Machine>,
    took: Took,
    care: Care,
    lanes: lanes::Pools,
    pairs: Pool<inversions::Base, inversions::Buffers>,
    planes: Pool<bytes::Base<bytes::Planes>, bytes::Buffers<bytes::Planes>>,
    codes: Pool<bytes::Base<bytes::Codes>, bytes::Buffers<bytes::Codes>>,
    /// Its bases are those of planes.
    masked: Free<masked::Buffers>,
}

/// The machines that may pay at a level of instructions for a table of so many distinct scores; the general walk
/// has what none of them takes.
pub(super) fn candidates(isa: Isa, scores: usize) -> Vec<Machine> {
    let may_pay = |machine: &Machine| match machine {
        Machine::General => false,
        Machine::Lanes => true,
        // Two scores are better masked, and with a matrix unit better multiplied.
        Machine::Pairs => isa < Isa::Amx && !(scores == 2 && has_byte_vectors_at(isa)),
        Machine::Masked => scores == 2 && isa < Isa::Amx && has_byte_vectors_at(isa),
        Machine::Planes => scores == 2 && isa >= Isa::Amx,
        Machine::Codes => isa >= Isa::Amx,
    };
    Machine::ALL.into_iter().filter(may_pay).collect()
}

impl Projector {
    /// With kernels of the level `isa`, and these machines to choose from; what none of them takes, the general
    /// walk does.
    pub(super) fn new(isa: Isa, candidates: Vec<Machine>) -> Self {
        Self {
            isa,
            candidates,
            took: Took::default(),
            care: Care::default(),
            lanes: lanes::Pools::default(),
            pairs: Pool::default(),
            planes: Pool::default(),
            codes: Pool::default(),
            masked: Free::default(),
        }
    }

    /// How many prefixes each machine took, by name.
    pub(super) fn took(&self) -> Vec<(&'static str, u64)> {
        self.took.counts()
    }

    /// Whether a prefix `choose` questions short of a set is to be walked by halves: there are five or four to
    /// choose, and its users are enough for prefixes two questions or one longer to be taken over.
    ///
    /// Of five it pays where bytes, masks or the pair test may be taken, as rows of codes or bits tell; the other
    /// kernels have little to do once a stem. Of four it pays by bytes and masks alone: lanes and the pair test take
    /// the last three questions by halves of their own, which makes fewer pairs.
    pub(super) fn takes_halves(
        &self,
        layout: &Layout,
        rows: &Rows,
        members: &[Member],
        from: usize,
        choose: usize,
    ) -> bool {
        if rows.codes().is_none() && rows.bits().is_none() {
            return false;
        }
        let fewest_answers = match choose {
            5 => 0.0,
            4 if self.candidates.iter().any(|machine| machine.is_of_bytes()) => FEWEST_ANSWERS,
            _ => return false,
        };
        let answers: usize = members.iter().map(|m| rows.behind(m).len()).sum();
        let of_a_user = answers as f64 / members.len() as f64;
        let density = of_a_user / (layout.questions() - from) as f64;
        let users = members.len() as f64 * density.powi(choose as i32 - 3);
        users >= FEWEST_USERS as f64 && of_a_user >= fewest_answers
    }

    /// Visits all sets of three more questions and returns their audit sums, or `None` where the general walk
    /// is to go on.
    pub(super) fn visit(&self, prefix: &Prefix<'_>, host: &impl Host) -> Option<AuditSums> {
        let need = host.floor().need(prefix.members.len() as u64);
        let few = prefix.members.len() < FEWEST_USERS || need.r <= 0.0;
        let seen = if few || self.candidates == [Machine::General] {
            None
        } else {
            self.by_best(prefix, host, need)
        };
        if seen.is_none() {
            self.took.by(Machine::General);
        }
        seen
    }

    /// Visits the prefix by the machine that takes the fewest cycles of those that it fits; `None` where that
    /// is the general walk.
    fn by_best(&self, prefix: &Prefix<'_>, host: &impl Host, need: Need) -> Option<AuditSums> {
        let floor = need.r;
        let Prefix { rows, members, .. } = *prefix;
        let users = members.len();
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
        let density = answers as f64 / (users * prefix.lanes()) as f64;
        let tau = (1.0 - floor) * (1.0 + floor);
        let scores = prefix.layout.scores().len();
        // Members come by |g| or nearly so.
        let totals = members.iter().map(|member| member.total - shifts.total);
        let outer = self.care.outer_users(totals, density, floor);
        let shape = Shape {
            users: users as f64,
            outer: outer as f64 / users as f64,
            lanes: prefix.lanes() as f64,
            beyond: prefix.beyond() as f64,
            second: prefix.second() as f64,
            density,
            tau,
            scores: scores as f64,
        };
        let by_cycles = |&machine| (choice::cycles(machine, self.isa, &shape), machine);
        let mut order: Vec<_> = self.candidates.iter().map(by_cycles).collect();
        order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let visit = bytes::Visit {
            isa: self.isa,
            care: &self.care,
            prefix,
            mean: shifts.total,
            outer,
        };
        let sorted = || {
            outermost_first(members.iter().enumerate().map(|(member, m)| User {
                s: m.score - shifts.score,
                g: m.total - shifts.total,
                member,
            }))
        };
        for (_, machine) in order {
            let seen = match machine {
                Machine::General => None,
                Machine::Lanes => {
                    let visit = lanes::Visit {
                        isa: self.isa,
                        care: &self.care,
                        prefix,
                        shifts,
                        outer,
                    };
                    visit.by(&self.lanes, host, sorted())
                }
                // Its lists have no room for blurred totals.
                Machine::Pairs if need.blur > 0.0 => None,
                Machine::Pairs => self.by_pairs(prefix, host, &sorted(), tau),
                Machine::Masked => visit.by_masks(&self.planes.bases, &self.masked, host),
                Machine::Planes => visit.by(&self.planes, host),
                Machine::Codes => visit.by(&self.codes, host),
            };
            if seen.is_some() {
                self.took.by(machine);
                return seen;
            }
        }
        None
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
            let users = prefix.members.len() as u64;
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
                        floor: host.floor().need(users).r,
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
