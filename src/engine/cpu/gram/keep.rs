//! What a worker keeps and finds: its best sets, the float form of the floor that discards the others,
//! and the sums that are audited.

use super::Regime;
use crate::engine::{EngineError, Findings, Query, Watch};
use crate::stats::bounds::unexplained;
use crate::stats::{AuditSums, Basis, Floor, NO_FLOOR, Need, Sums};
use crate::top::Top;

/// One worker's best sets, and the floor that all workers share.
#[derive(Debug)]
pub(super) struct Keeper<'a> {
    query: &'a Query<'a>,
    watch: &'a Watch,
    top: Top,
    floor: Floor,
}

impl<'a> Keeper<'a> {
    /// Nothing kept.
    pub(super) fn new(query: &'a Query<'a>, watch: &'a Watch) -> Self {
        Self {
            query,
            watch,
            top: Top::new(query.top()),
            floor: query.floor(watch),
        }
    }

    /// What a set must reach, as of the last [`Self::refresh`] or kept set.
    pub(super) fn floor(&self) -> Floor {
        self.floor
    }

    /// What the sums of every set that reaches it must tell.
    pub(super) fn need(&self) -> Need {
        self.floor.need(self.query.source().users().len() as u64)
    }

    /// Takes over what other workers found; says whether the floor rose.
    pub(super) fn refresh(&mut self) -> bool {
        self.watch.raise_floor(self.top.floor());
        let floor = self.query.floor(self.watch);
        let rose = floor.value() > self.floor.value();
        self.floor = floor;
        rose
    }

    /// Enters a set (ascending positions) if it is among the best; says whether the floor
    /// rose.
    pub(super) fn offer(&mut self, set: &[usize], sums: Sums) -> bool {
        if self.query.surely_below(set, self.floor.value()) {
            return false;
        }
        let candidate = self.query.candidate(set, sums);
        if !candidate.is_some_and(|c| self.watch.keep(&mut self.top, c)) {
            return false;
        }
        self.watch.raise_floor(self.top.floor());
        self.refresh()
    }

    /// The kept sets.
    pub(super) fn into_top(self) -> Top {
        self.top
    }
}

/// What a worker, or all of them, found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) top: Top,
    /// Sums over the sets that were summed.
    pub(super) visited: AuditSums,
    /// Closed forms of the others.
    pub(super) excluded: AuditSums,
    /// Sets with a correlation, where they are counted.
    pub(super) defined: Option<u128>,
}

impl Found {
    /// What all workers of a search of `query` found; one without a result was stopped.
    pub(super) fn of_all(
        query: &Query<'_>,
        workers: Vec<Option<Self>>,
    ) -> Result<Self, EngineError> {
        let mut all = Self {
            top: Top::new(query.top()),
            visited: AuditSums::default(),
            excluded: AuditSums::default(),
            defined: Some(0),
        };
        for found in workers {
            let found = found.ok_or(EngineError::Stopped)?;
            all.top.merge(found.top);
            all.visited += found.visited;
            all.excluded += found.excluded;
            let counted = all.defined.zip(found.defined);
            all.defined = counted.map(|(all, found)| all + found);
        }
        Ok(all)
    }

    /// As the engine returns it, over numbers less `basis`.
    pub(super) fn findings(self, basis: Basis, regime: Regime) -> Findings {
        Findings {
            best: self.top.into_sorted(),
            visited: self.visited,
            excluded: self.excluded,
            basis,
            defined: self.defined,
            took: vec![(regime.name(), 1)],
            recorded: None,
        }
    }
}

/// Relative margin for the roundings of a test against [`bar`]: eight of 2^-53 happen (three in the
/// bar, one of Y, two products a side), so 2^-48 is four times enough.
const MARGIN: f64 = 1.0 / (1_u64 << 48) as f64;

/// The c with which `A·|A| > c·X·(Y/y)` holds for every set with A/√(X·Y) ≥ `floor`, X ≥ 1, in f64
/// with one rounding an operation. `y` is 1, or the Y of all sets.
///
/// r ≥ f is A·|A| ≥ f·|f|·X·Y ([`crate::stats::bounds`], signed squares). So c is f·|f|·y less a margin
/// for the rounding of both sides, and strictly below it also where f is 0. Without a floor, c·X lies
/// below every A·|A| that a table may have (2^254 < 10^77). The test is strict: a set with X = 0
/// has A = 0 and is discarded, as it may be, having no correlation.
pub(super) fn bar(floor: f64, y: f64) -> f64 {
    if floor == NO_FLOOR {
        return -1e100;
    }
    let square = floor * floor.abs() * y;
    square - square.abs() * MARGIN - f64::MIN_POSITIVE
}

/// [`bar`] of a need, where n users and their Y are those of all sets.
///
/// A set may be discarded where every line of slope 0 or more leaves n·Σ(g − b·a − c)² > τ·(Y + n²·blur): the best
/// leaves Y − max(A, 0)²/X. So c = Y − τ·(Y + n²·blur); where that is not above 0, nothing may be discarded.
pub(super) fn bar_of_all(need: Need, users: f64, y: f64) -> f64 {
    let Need { r, blur } = need;
    if blur == 0.0 {
        return bar(r, y);
    }
    let tau = unexplained(r) * (1.0 + MARGIN);
    let square = y - tau * (y + users * users * blur);
    if square > 0.0 {
        square * (1.0 - MARGIN)
    } else {
        bar(NO_FLOOR, y)
    }
}

/// What to take from Y for each n², so that [`bar`] of the need's r is right for X·(Y − n²·this): τ·blur/r².
pub(super) fn blur_of_y(Need { r, blur }: Need) -> f64 {
    if blur == 0.0 {
        return 0.0;
    }
    unexplained(r) * blur / (r * r) * (1.0 + MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Correlation, Moments};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_at_its_own_floor_passes(
            scores in prop::collection::vec((-1_000_000_i64..1_000_000, -1_000_000_i64..1_000_000), 2..9),
        ) {
            let mut sums = Sums::default();
            for &(a, g) in &scores {
                sums += Sums::of_user(a.into(), g.into());
            }
            if let Some(correlation) = Correlation::of(&sums, 2) {
                let Moments { a, x, y, .. } = sums.moments();
                let [a, x, y] = [a, x, y].map(|moment| moment as f64);
                let r = correlation.r();
                for floor in [r.next_down(), r.next_down().next_down(), -1.0, NO_FLOOR] {
                    prop_assert!(a * a.abs() > bar(floor, y) * x);
                    prop_assert!(a * a.abs() > bar(floor, 1.0) * (x * y));
                }
                let above = r + 1e-9;
                let reaches = a * a.abs() > bar(above, y) * x;
                prop_assert!(!reaches);
            }
        }
    }

    #[test]
    fn without_a_floor_everything_with_a_variance_passes() {
        let least = -(2_f64.powi(127)) * 2_f64.powi(127);
        assert!(least > bar(NO_FLOOR, 1.0) * 1.0);
        assert!(0.0 > bar(0.0, 1.0) * 1.0);
        assert!(0.0 <= bar(0.0, 1.0) * 0.0);
    }
}
