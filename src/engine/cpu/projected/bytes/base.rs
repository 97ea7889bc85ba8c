//! A prefix three questions short of a set, for byte products: its users, their answers by lane.

use super::super::forms::{self, NOTHING, Users};
use super::super::kernel::SUMS;
use super::super::prefix::Prefix;
use super::encoding::{Encoding, Given};
use crate::arch::{ByteKernel, ByteLevel};
use crate::engine::cpu::layout::Steps;
use crate::stats::AuditSums;

/// Rows lie apart: those of users this far ahead are fetched.
const AHEAD: usize = 12;

/// A user in 32 bits: s, the score on the prefix in steps from the lowest of any user, and in the upper half
/// g, their total less the mean's integer part.
pub(super) fn user(s: u16, g: i16) -> u32 {
    u32::from(s) | u32::from(g.cast_unsigned()) << 16
}

/// g of a [`user`].
pub(in super::super) fn g_of(user: u32) -> i64 {
    i64::from((user >> 16) as i16)
}

/// The projected prefix. Buffers are reused from one prefix to the next.
#[derive(Debug, Default)]
pub(in super::super) struct Base<E> {
    /// The part of a stem's users that are to be outer users.
    pub(in super::super) share: f64,
    /// The mean x of all answers.
    pub(in super::super) mean: f64,
    /// The largest x of an answer.
    pub(in super::super) range: i64,
    /// The lowest lane that the second-highest lane of a set may be.
    pub(in super::super) second: usize,
    /// Each [`user`] of the prefix, and nobody behind them.
    pub(in super::super) users: Vec<u32>,
    /// Their answers.
    pub(in super::super) answers: E,
}

impl<E> Base<E> {
    /// The place of nobody.
    pub(in super::super) fn nobody(&self) -> u32 {
        (self.users.len() - 1) as u32
    }

    /// How many sets the stem `l1` has: choices of two lanes below it, less those of two too low.
    pub(in super::super) fn sets(&self, l1: usize) -> u64 {
        let choices = |lanes: usize| (lanes * lanes.saturating_sub(1) / 2) as u64;
        choices(l1) - choices(self.second)
    }
}

/// Lays out a prefix, the base's users being filled in; `outer` of these should be outer users. Gives the
/// closed form of their part in all sets behind the prefix: choices of three of what they answered, less
/// those of three beyond the limit, and where one alone may lie there, of two beyond it and one before.
pub(super) struct Project<'a, E: Encoding> {
    pub(super) base: &'a mut Base<E>,
    pub(super) prefix: &'a Prefix<'a>,
    pub(super) table: &'a E::Table,
    pub(super) steps: &'a Steps,
    pub(super) outer: usize,
}

impl<E: Encoding> ByteKernel for Project<'_, E> {
    type Out = AuditSums;

    #[inline(always)]
    fn run<L: ByteLevel>(self, level: L) -> AuditSums {
        let Self {
            base,
            prefix,
            table,
            steps,
            outer,
        } = self;
        let members = prefix.members;
        base.share = outer as f64 / members.len().max(1) as f64;
        base.range = steps.most().into();
        base.second = prefix.second();
        base.users.push(0);
        base.answers.reset(prefix, steps);
        let lowest = prefix.layout.scores().first().copied().unwrap_or(0);
        let unit = steps.unit.cast_unsigned();
        let (mut all, mut beyond) = ([0; SUMS], [0; SUMS]);
        let (mut given, mut scores) = (0, 0);
        for (w, word) in members.chunks(64).enumerate() {
            let mut parts = [NOTHING; 2];
            let mut own = Users {
                s: [0; 64],
                g: [0; 64],
            };
            for (i, member) in word.iter().enumerate() {
                let at = w * 64 + i;
                if let Some(later) = members.get(at + AHEAD) {
                    E::expect(level, table, later.user as usize);
                }
                let of = base.answers.enter(level, table, at, member.user as usize);
                for (part, Given { d, t, h }) in parts.iter_mut().zip(of) {
                    part.d[i] = d;
                    part.t[i] = t.wrapping_mul(unit);
                    part.h[i] = h.wrapping_mul(unit).wrapping_mul(unit);
                }
                (given, scores) = (given + of[0].d, scores + of[0].t);
                let shift = lowest.wrapping_mul(3);
                own.s[i] = member.score.wrapping_add(shift).cast_unsigned();
                own.g[i] = member.total.cast_unsigned();
            }
            forms::add::<3>(&own, &parts[0], &mut all);
            forms::add::<3>(&own, &parts[1], &mut beyond);
            if prefix.limit.allowed == 1 {
                let before = parts[0].less(&parts[1]);
                forms::add_with_one(&own, &parts[1], &before, &mut beyond);
            }
        }
        base.mean = scores as f64 / given.max(1) as f64;
        base.answers.complete(level);
        AuditSums::new(
            0,
            std::array::from_fn(|i| u64::wrapping_sub(all[i], beyond[i])),
        )
    }
}
