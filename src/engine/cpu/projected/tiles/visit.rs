//! Whether a prefix is searched over byte tiles, and its search.

use super::super::{Host, Prefix, Projector, Shifts, over_stems, unshifted};
use super::{MOST_USERS, Values, search};
use crate::stats::AuditSums;

impl Projector {
    /// Visits a prefix by tiles of bytes, `None` where it does not fit these.
    pub(in super::super) fn by_tiles(
        &self,
        prefix: &Prefix<'_>,
        host: &impl Host,
        shifts: Shifts,
        density: f64,
        floor: f64,
    ) -> Option<AuditSums> {
        let codes = prefix.rows.codes()?;
        let values = Values::new(prefix.layout.scores())?;
        let mut base = self.tiles.bases.take();
        let (mut s, mut g) = (0, 0);
        base.users.clear();
        base.users.extend(prefix.members.iter().map(|member| {
            let user = (member.score - shifts.score, member.total - shifts.total);
            (s, g) = (s.max(user.0.unsigned_abs()), g.max(user.1.unsigned_abs()));
            // Too large values are refused below.
            (user.0 as i16, user.1 as i16)
        }));
        let totals = base.users.iter().map(|&(_, g)| i64::from(g));
        let outer = self.outer_users(totals, density, floor);
        let fits = |reach: f64| prefix.members.len() <= MOST_USERS && prefix.sums_fit(outer, reach);
        let fitting = i64::try_from(s).ok().zip(i64::try_from(g).ok());
        let fitting = fitting.and_then(|(s, g)| Some((values.shape(s, g)?, values.reach(s, g))));
        let Some((shape, reach)) = fitting.filter(|&(_, reach)| fits(reach as f64)) else {
            self.tiles.bases.give(base);
            return None;
        };
        // SAFETY: the level was found available.
        let mut seen = unsafe { base.reset(prefix, codes, &values, outer, reach as f64) };
        let stem = |l1: usize| {
            if !host.go_on() {
                return Default::default();
            }
            let mut buffers = self.tiles.lists.take();
            // SAFETY: the level was found available.
            let tally = unsafe {
                search(
                    &base,
                    &values,
                    shape,
                    l1,
                    &mut buffers,
                    &|| host.floor(),
                    &mut |lanes, sums| {
                        host.exact(lanes.map(|lane| prefix.position(lane)), sums);
                    },
                )
            };
            self.tiles.lists.give(buffers);
            tally
        };
        let tally = over_stems(prefix, stem);
        self.adapt(&tally);
        self.tiles.bases.give(base);
        seen += unshifted(
            &tally,
            Shifts {
                score: shifts.score + values.shift(),
                ..shifts
            },
        );
        Some(seen)
    }
}
