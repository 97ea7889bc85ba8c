//! A stem of the masked sums: its outer users by score, with their rows and weights, and lists of those of a pair.

use super::super::bytes::base::g_of;
use super::super::bytes::encoding::Outline;
use super::super::bytes::stem::Stem as Slabs;
use super::super::bytes::{Base, Planes};
use crate::arch::{ByteLevel, twice};

/// Vectors of leaves summed at once.
pub(super) const AT_ONCE: usize = 4;

/// Most outer users of a pair.
pub(in super::super) const MOST_OF_A_PAIR: u32 = 127;

/// Scores of a stem's users, from the lowest of the prefix: 0 to this less 1.
const SCORES: usize = 14;

/// Outer users of one slab and score who gave one answer to a pair's second question.
#[derive(Clone, Copy, Debug)]
struct Step {
    slab: usize,
    /// Those of the slab with the score.
    users: u64,
    high: bool,
}

/// How sums are packed into 16 bits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields {
    /// Bits of a count, the low ones; a sum of g takes those above.
    pub(super) low: u32,
    /// Squares are counted in units of 2^this.
    pub(super) unit: u32,
}

impl Fields {
    /// For at most so many outer users of a pair, of |g| at most `size`.
    fn new(users: u32, size: u32) -> Self {
        let low = u32::BITS - users.leading_zeros();
        let fits =
            |unit: &u32| u64::from(size.pow(2) >> unit) * u64::from(users) <= i16::MAX as u64;
        Self {
            low: low.clamp(5, 7),
            unit: (0..).find(fits).unwrap_or(0),
        }
    }

    /// What a user of this g adds to W and V, and to Q.
    fn weights(self, g: i64) -> [u16; 2] {
        let square = g.unsigned_abs().pow(2) >> self.unit;
        [(1 + (g << self.low)) as u16, square as u16]
    }

    /// A mask of the bits that are known of a sum of g.
    pub(super) fn largest_sum(self) -> u64 {
        (1 << (16 - self.low)) - 1
    }

    /// The largest |Σg| that its field tells.
    pub(super) fn reach(self) -> u32 {
        (1 << (15 - self.low)) - 1
    }
}

/// Four vectors of a user's answered bits, and of their high ones.
pub(super) type Row = [[u32; AT_ONCE]; 2];

/// The stem. Buffers are reused from one to the next.
#[derive(Debug, Default)]
pub(in super::super) struct Stem {
    /// All of its users by slab, the outer ones by score.
    pub(super) of_all: Slabs<Planes>,
    /// For each four vectors of leaves, the rows of the outer users, by score.
    pub(super) rows: [Vec<Row>; 2],
    /// Their weights, each twice.
    pub(super) weights: Vec<[u32; 2]>,
    /// What a list is made of.
    steps: Vec<Step>,
    /// For each score that the outer users of a pair may have, highest first, how many steps there are up to its
    /// last.
    groups: Vec<usize>,
    /// The outer users of a pair, by score, highest first, and room behind them.
    pub(super) listed: Vec<u16>,
    /// For each score where its users end.
    pub(super) ends: Vec<usize>,
    fields: Fields,
    /// |a| and |g| of any leaf over the outer users are at most this.
    pub(super) reach: f64,
}

impl Stem {
    /// Lays out the stem `l1`; false where it has no users.
    #[inline(always)]
    pub(super) fn reset<L: ByteLevel>(&mut self, level: L, base: &Base<Planes>, l1: usize) -> bool {
        let users = self.of_all.gather(base, l1);
        if users == 0 {
            return false;
        }
        let mut outer = ((users as f64 * base.share).round() as usize).clamp(1, users);
        loop {
            let most = self.lay_out(level, base, l1, outer);
            if most <= MOST_OF_A_PAIR {
                self.weigh(base, most);
                return true;
            }
            // Users are gathered anew, by |g|.
            self.of_all.gather(base, l1);
            outer = (outer * MOST_OF_A_PAIR as usize / most as usize).max(1);
        }
    }

    /// Lays out the users, so many of them as outer users; says how many of these a pair has at most.
    #[inline(always)]
    fn lay_out<L: ByteLevel>(
        &mut self,
        level: L,
        base: &Base<Planes>,
        l1: usize,
        outer: usize,
    ) -> u32 {
        let users = &mut self.of_all.users;
        let score = |user: u32| {
            let high = base.answers.row(user).0[4 + l1 / 64] >> (l1 % 64) & 1;
            usize::from(base.users[user as usize] as u16) + high as usize
        };
        // The outer users by score, where those of each score start.
        let mut starts = [0; SCORES + 1];
        for &user in &users[..outer] {
            starts[score(user) + 1] += 1;
        }
        for i in 0..SCORES {
            starts[i + 1] += starts[i];
        }
        let slabs = outer.div_ceil(64);
        let mut order = vec![base.nobody(); slabs * 64];
        let mut next = starts;
        for &user in &users[..outer] {
            let place = &mut next[score(user)];
            order[*place] = user;
            *place += 1;
        }
        order.extend_from_slice(&users[outer..]);
        let all = order.len().next_multiple_of(64);
        order.resize(all, base.nobody());
        *users = order;
        self.of_all.outline = Outline {
            l1,
            slabs: all / 64,
            outer: slabs,
            strips: 0,
        };
        self.of_all.lay_out(level, base);
        self.plan(&starts);
        self.listed.resize(outer + 64, 0);
        let mut most = 0;
        for lane in base.second..l1 {
            let mut users = 0;
            for slab in 0..slabs {
                users += self.of_all.who(level, slab, lane).count_ones();
            }
            most = most.max(users);
        }
        most
    }

    /// The steps of a list: for each score, highest first, who has it with the second question.
    fn plan(&mut self, starts: &[usize; SCORES + 1]) {
        let outer = starts[SCORES];
        let lowest = starts.partition_point(|&start| start == 0) - 1;
        let highest = starts.partition_point(|&start| start < outer) - 1;
        self.of_all.centre = lowest as i64;
        self.steps.clear();
        self.groups.clear();
        for score in (lowest..=highest + 1).rev() {
            for high in [false, true] {
                let own = score.checked_sub(usize::from(high));
                let Some(own) = own.filter(|own| (lowest..=highest).contains(own)) else {
                    continue;
                };
                let (from, to) = (starts[own], starts[own + 1]);
                for slab in from / 64..to.div_ceil(64) {
                    let below = |end: usize| match end.saturating_sub(slab * 64) {
                        bits @ 0..64 => (1_u64 << bits) - 1,
                        _ => u64::MAX,
                    };
                    self.steps.push(Step {
                        slab,
                        users: below(to) & !below(from),
                        high,
                    });
                }
            }
            self.groups.push(self.steps.len());
        }
    }

    /// Rows and weights of the outer users, at most `most` of whom answered a pair.
    fn weigh(&mut self, base: &Base<Planes>, most: u32) {
        let outer = self.listed.len() - 64;
        let users = &self.of_all.users[..outer];
        let g = |user: u32| g_of(base.users[user as usize]);
        let size = users.iter().map(|&user| g(user).unsigned_abs()).max();
        let size = size.unwrap_or(0) as u32;
        self.fields = Fields::new(most, size);
        self.reach = f64::from(size).max(self.groups.len() as f64);
        self.rows.iter_mut().for_each(Vec::clear);
        self.weights.clear();
        for &user in users {
            let words = base.answers.row(user).0;
            let masks = |i: usize| [words[i], words[i] >> 32].map(|mask| mask as u32);
            for (half, rows) in self.rows.iter_mut().enumerate() {
                let of = |i: usize| {
                    let [[a, b], [c, d]] = [i, i + 1].map(masks);
                    [a, b, c, d]
                };
                rows.push([of(2 * half), of(4 + 2 * half)]);
            }
            self.weights.push(self.fields.weights(g(user)).map(twice));
        }
        // What squares lose: less than a unit, so a byte.
        let lost = (1_u32 << self.fields.unit) - 1;
        self.of_all.capped = 0;
        if lost > 0 {
            self.of_all.capped = self.of_all.outline.outer;
            let slabs = self.of_all.slabs.iter_mut();
            for (slab, users) in slabs
                .zip(self.of_all.users.chunks(64))
                .take(self.of_all.capped)
            {
                for (excess, &user) in slab.excess.0.iter_mut().zip(users) {
                    *excess = (g(user).pow(2) as u32 & lost) as u8;
                }
            }
        }
    }

    /// How sums are packed.
    pub(super) fn fields(&self) -> Fields {
        self.fields
    }

    /// Lists the outer users of the pair of lane `l2`; says how many there are.
    #[inline(always)]
    pub(super) fn list<L: ByteLevel>(&mut self, level: L, l2: usize) -> usize {
        let mut length = 0;
        let mut done = 0;
        self.ends.clear();
        for &steps in &self.groups {
            for step in &self.steps[done..steps] {
                let [answered, high] = self.of_all.answers(level, step.slab, l2);
                let gave = if step.high { high } else { answered ^ high };
                let to = self.listed[length..].first_chunk_mut();
                let to = to.expect("the list has 64 places more than there are outer users");
                length += level.list(gave & step.users, (step.slab * 64) as u16, to);
            }
            done = steps;
            self.ends.push(length);
        }
        length
    }
}
