//! Whether a prefix is searched over bit planes, and its search.

use super::super::{Host, Prefix, Projector, Shifts, over_stems, unshifted};
use super::base::User;
use super::{MOST_USERS, search};
use crate::stats::AuditSums;

/// Largest score of a prefix, in steps: with two more questions and less a stem's centre its square fits a
/// byte.
const MOST_SCORE: u64 = 13;

/// Largest |g|: it fits a signed byte, and g² two bytes.
const MOST_TOTAL: u64 = 127;

impl Projector {
    /// Visits a prefix by bit planes, `None` where it does not fit these.
    pub(in super::super) fn by_planes(
        &self,
        prefix: &Prefix<'_>,
        host: &impl Host,
        shifts: Shifts,
        density: f64,
        floor: f64,
    ) -> Option<AuditSums> {
        let table = prefix.rows.bits()?;
        let rows = table.pairs()?;
        let lowest = prefix.members.iter().map(|m| m.score).min()?;
        let unit = table.steps.unit;
        let mut base = self.planes.bases.take();
        let (mut most, mut size) = (0, 0);
        base.users.clear();
        base.users.extend(prefix.members.iter().map(|member| {
            let s = (member.score.wrapping_sub(lowest) / unit).unsigned_abs();
            let g = member.total - shifts.total;
            (most, size) = (most.max(s), size.max(g.unsigned_abs()));
            // Too large values are refused below.
            User::new(s as u16, g as i16)
        }));
        let totals = base.users.iter().map(|user| i64::from(user.g()));
        let outer = self.outer_users(totals, density, floor);
        // A leaf's scores have three questions more, and a centre less.
        let reach = (most + 3).max(size) as f64;
        let fits = prefix.members.len() <= MOST_USERS
            && most <= MOST_SCORE
            && size <= MOST_TOTAL
            && prefix.sums_fit(outer, reach);
        if !fits {
            self.planes.bases.give(base);
            return None;
        }
        // SAFETY: the level was found available.
        let mut seen = unsafe { base.reset(prefix, rows, unit, outer, reach) };
        let stem = |l1: usize| {
            if !host.go_on() {
                return Default::default();
            }
            let mut buffers = self.planes.lists.take();
            // SAFETY: the level was found available.
            let tally = unsafe {
                search(
                    &base,
                    l1,
                    &mut buffers,
                    &|| host.floor(),
                    &mut |lanes, sums| {
                        host.exact(lanes.map(|lane| prefix.position(lane)), sums);
                    },
                )
            };
            self.planes.lists.give(buffers);
            tally
        };
        let mut tally = over_stems(prefix, stem);
        self.adapt(&tally);
        self.planes.bases.give(base);
        // The tally is of scores in steps from those of the lowest prefix and low answers.
        let unit = unit as u64;
        let in_units = [1, unit, 1, unit.wrapping_mul(unit), 1, unit];
        for (total, units) in tally.totals.iter_mut().zip(in_units) {
            *total = total.wrapping_mul(units);
        }
        let low = prefix.layout.scores().first().copied().unwrap_or(0);
        let score = lowest.wrapping_add(low.wrapping_mul(3));
        seen += unshifted(&tally, Shifts { score, ..shifts });
        Some(seen)
    }
}
