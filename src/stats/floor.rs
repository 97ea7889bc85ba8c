//! The floor that a set must reach to enter the list, as engines discard by it.
//!
//! Whatever sets are ranked by, an engine needs to know which line of g on a a set must have at least: a
//! [`Need`]. What decides is always the exact value; a floor only discards.
//!
//! # Which r
//! - *Total, mean, column*: the value is r itself.
//! - *Rest*: the value is r(a, g − a), and r(a, g) is never below it: the angle between a and g − a + t·a falls
//!   where t rises, as more of a is added. So a floor of the one is a floor of the other. Where A, X and Y of a
//!   set are known, those of the rest score are too ([`Criterion::moments`](super::Criterion::moments)), and the
//!   floor is then that of their r.
//! - *Lower bound*: tanh(artanh r − z/√(n − 3)) ≥ ℓ where r ≥ tanh(artanh ℓ + z/√(n − 3)), which is the higher
//!   the fewer users there are; so for a set of at most u users it is at least the one at u.
//!
//! # Rounded overall scores
//! Engines may search with overall scores rounded to small integers: see
//! [`crate::stats::bounds`], rounded overall scores.

use super::bounds::{outer_users_tell, unexplained};
use super::ranking::FEWEST_OF_A_BOUND;
use super::{Moments, RankBy, Ranking, surely_below};

/// Below every value: nothing can be discarded yet.
pub const NO_FLOOR: f64 = f64::NEG_INFINITY;

/// Above every r: no set can reach it.
const OUT_OF_REACH: f64 = 2.0;

/// What a floor of r is lowered by for the roundings of artanh, tanh and a root: each is right to 2^-49 of its
/// result or better, artanh's is damped by the slope of tanh, and 2^-40 is taken.
const ROOM: f64 = 1.0 / (1_u64 << 40) as f64;

/// How far the overall scores that engines see are from the exact ones, in their own unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Blur {
    /// No user's is further off than this; 0 where they are exact.
    pub most: f64,
    /// About their standard deviation; only speed depends on it.
    pub deviation: f64,
}

/// What a set must reach to enter the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    ranking: Ranking,
    value: f64,
    blur: Blur,
}

/// What engines' sums of a set must tell, or the set is discarded: some line of slope b ≥ 0 leaves
/// Σ(g − b·a − c)² ≤ (1 − r²)·(S + n·blur) over its n users, for every S ≥ Σg² over them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Need {
    /// r of the engine's own g, if these are exact; [`NO_FLOOR`] where nothing can be discarded.
    pub r: f64,
    /// What rounding may take from each user's g², a whole number; 0 where g is exact.
    pub blur: f64,
}

/// Needs of one floor by numbers of users, each worked out once: where bounds are ranked they differ.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    floor: Option<Floor>,
    /// The need of each number of users that was asked for, or of any.
    of: Vec<Option<Need>>,
}

/// Numbers of users from here on are worked out each time.
const MANY_USERS: u64 = 4096;

impl Needs {
    /// What `floor` needs of a set of `users` users or fewer.
    #[inline]
    pub fn at(&mut self, floor: Floor, users: u64) -> Need {
        if self.floor != Some(floor) {
            self.floor = Some(floor);
            self.of.clear();
        }
        let place = if floor.varies() {
            users.min(MANY_USERS)
        } else {
            0
        };
        if place == MANY_USERS {
            return floor.need(users);
        }
        let place = place as usize;
        if self.of.len() <= place {
            self.of.resize(place + 1, None);
        }
        *self.of[place].get_or_insert_with(|| floor.need(users))
    }
}

impl Need {
    /// An r of exact overall scores.
    #[must_use]
    pub fn exact(r: f64) -> Self {
        Self { r, blur: 0.0 }
    }
}

impl Ranking {
    /// The floor at `value`, for engines whose overall scores are rounded as `blur` says.
    #[must_use]
    pub fn floor(self, value: f64, blur: Blur) -> Floor {
        Floor::new(self, value, blur)
    }
}

impl Floor {
    fn new(ranking: Ranking, value: f64, blur: Blur) -> Self {
        Self {
            ranking,
            value,
            blur,
        }
    }

    /// The value; [`NO_FLOOR`] where every defined set enters.
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }

    /// An r that every set of `users` users or fewer has at least, if its value is not below the
    /// floor. So a set with a lower r may be discarded. It never falls where users get fewer.
    #[must_use]
    pub fn r_for(self, users: u64) -> f64 {
        match self.ranking.by {
            _ if self.value == NO_FLOOR => NO_FLOOR,
            RankBy::R => self.value,
            RankBy::LowerBound(_) if users < FEWEST_OF_A_BOUND => OUT_OF_REACH,
            RankBy::LowerBound(confidence) => {
                let lifted = confidence.z() / ((users - 3) as f64).sqrt();
                (self.value.clamp(-1.0, 1.0).atanh() + lifted).tanh() - ROOM
            }
        }
    }

    /// Whether sets need more the fewer users they have.
    #[must_use]
    pub fn varies(self) -> bool {
        self.ranking.by != RankBy::R
    }

    /// What the sums of every set of `users` users or fewer must tell, if its value is not below the floor.
    #[must_use]
    pub fn need(self, users: u64) -> Need {
        let r = self.r_for(users);
        let Blur { most, deviation } = self.blur;
        if most == 0.0 || r > 1.0 {
            return Need::exact(r);
        }
        // Nearly 1 is taken for 1, so that what follows stays finite.
        let tau = unexplained(r.min(1.0 - ROOM));
        // The best for a set whose scores vary as all do; any is right.
        let epsilon = most * (1.0 + 1.0 / tau.sqrt()) / deviation.max(most);
        let raised = tau * (1.0 + epsilon) * (1.0 + ROOM);
        if r <= 0.0 || raised >= 1.0 {
            return Need::exact(NO_FLOOR);
        }
        let part = (1.0 + 1.0 / epsilon) / (1.0 + epsilon);
        let blur = (most * (1.0 + 1.0 / tau.sqrt())).powi(2) * part * (1.0 + ROOM);
        Need {
            r: (1.0 - raised).sqrt() * (1.0 - ROOM),
            // Whole, so that kernels in exact floats stay exact.
            blur: blur.ceil(),
        }
    }

    /// Whether a set of so many users with these moments of the criterion
    /// ([`Criterion::moments`](super::Criterion::moments)) is certainly below the floor. A, X > 0 and Y are exact
    /// integers rounded once, and Y > 0 where overall scores are exact. `false` says nothing.
    #[inline(always)]
    #[must_use]
    pub fn surely_excludes(self, Moments { n, a, x, y }: Moments<f64>) -> bool {
        let Need { r, blur } = self.need(n as u64);
        if blur == 0.0 {
            return surely_below(r, a, x, y);
        }
        // All users as outer users.
        outer_users_tell([n, a, x, y], y / n, n * blur, unexplained(r))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Confidence, Criterion};
    use super::*;
    use proptest::prelude::*;

    fn moments(n: f64, [a, x, y]: [f64; 3]) -> Moments<f64> {
        Moments { n, a, x, y }
    }

    #[test]
    fn a_floor_of_r_is_that_r() {
        let floor = Ranking::default().floor(0.5, Blur::default());
        assert_eq!([floor.r_for(2), floor.r_for(1000)], [0.5; 2]);
        assert_eq!(floor.need(7), Need::exact(0.5));
        assert!(floor.surely_excludes(moments(9.0, [4.0, 10.0, 10.0])));
        assert!(!floor.surely_excludes(moments(9.0, [5.0, 10.0, 10.0])));
        let nothing = Ranking::default().floor(NO_FLOOR, Blur::default());
        assert!(!nothing.surely_excludes(moments(9.0, [-9.0, 10.0, 10.0])));
    }

    fn by_bound() -> Ranking {
        Ranking {
            criterion: Criterion::Total,
            by: RankBy::LowerBound(Confidence::new(0.95).unwrap()),
        }
    }

    #[test]
    fn a_floor_of_bounds_rises_where_users_get_fewer() {
        let floor = by_bound().floor(0.8, Blur::default());
        let r: Vec<f64> = (0..500).rev().map(|users| floor.r_for(users)).collect();
        assert!(r.is_sorted() && r[0] > 0.8 && r[499] == OUT_OF_REACH);
        assert_eq!(
            by_bound().floor(NO_FLOOR, Blur::default()).r_for(3),
            NO_FLOOR
        );
        assert!(by_bound().floor(-1.0, Blur::default()).r_for(9) <= -1.0);
        assert!(by_bound().floor(1.0, Blur::default()).r_for(9) <= 1.0);
    }

    /// Users by a and exact g, close to a line, with some far off.
    type Users = Vec<(i64, i64)>;

    fn users() -> impl Strategy<Value = Users> {
        let user = (
            -9_i64..10,
            -400_i64..400,
            prop_oneof![9 => Just(0), 1 => -5000_i64..5000],
        );
        (prop::collection::vec(user, 3..12), 100_i64..2000).prop_map(|(users, steep)| {
            users
                .into_iter()
                .map(|(a, e, far)| (a, steep * a + e + far))
                .collect()
        })
    }

    /// n, A, X, Y and Σg² of some users, g in steps.
    fn of(users: &[(i64, i64)], step: i64) -> (Moments<f64>, f64) {
        use super::super::Sums;
        let mut sums = Sums::default();
        for &(a, g) in users {
            sums += Sums::of_user(a.into(), i128::from(g).div_euclid(step.into()));
        }
        (sums.moments().map(|moment| moment as f64), sums.sgg as f64)
    }

    /// Whether a set at its own floor is discarded after rounding g to steps, by all of its users or by some of
    /// them as outer users; `change` is made to what it needs.
    fn is_lost(users: &Users, step: i64, change: fn(Need) -> Need) -> bool {
        let (exact, _) = of(users, 1);
        if exact.x == 0.0 || exact.y == 0.0 || exact.a <= 0.0 {
            return false;
        }
        let r = exact.a / (exact.x * exact.y).sqrt();
        let (all, _) = of(users, step);
        // div_euclid cuts: off by less than a step, and by half of one from its middle.
        let blur = Blur {
            most: 0.5,
            deviation: (all.y.max(1.0) / (all.n * all.n)).sqrt(),
        };
        let need = change(
            Ranking::default()
                .floor(r - 1e-12, blur)
                .need(users.len() as u64),
        );
        if need.r <= 0.0 {
            return false;
        }
        let unexplained = unexplained(need.r);
        (1..=users.len()).any(|outer| {
            let (outer, inner) = users.split_at(outer);
            let ((some, squares), (_, others)) = (of(outer, step), of(inner, step));
            let left_out = others + need.blur * users.len() as f64;
            outer_users_tell(
                [some.n, some.a, some.x, some.y],
                squares,
                left_out,
                unexplained,
            )
        })
    }

    proptest! {
        #[test]
        fn no_set_at_its_floor_is_lost_to_rounding(users in users(), step in 1_i64..600) {
            prop_assert!(!is_lost(&users, step, |need| need));
        }
    }

    /// Planted faults: without them the test above might pass whatever rounding is allowed.
    #[test]
    fn too_little_allowance_for_rounding_is_seen() {
        use proptest::strategy::ValueTree as _;
        type Fault = (&'static str, fn(Need) -> Need);
        let faults: [Fault; 3] = [
            ("no blur", |need| Need { blur: 0.0, ..need }),
            ("half of the blur", |need| Need {
                blur: need.blur * 0.5,
                ..need
            }),
            ("a higher r", |need| Need {
                r: (need.r + 0.02).min(1.0),
                ..need
            }),
        ];
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut lost = [0; 3];
        let mut discarded = 0;
        for _ in 0..40_000 {
            let users = users().new_tree(&mut runner).unwrap().current();
            for (count, (_, fault)) in lost.iter_mut().zip(faults) {
                *count += usize::from(is_lost(&users, 150, fault));
            }
            // A need of nearly 1 discards nearly all.
            discarded += usize::from(is_lost(&users, 150, |_| Need::exact(0.9999)));
        }
        assert!(discarded > 1000, "{discarded}");
        for (count, (fault, _)) in lost.iter().zip(faults) {
            assert!(*count > 0, "{fault}: {lost:?}");
        }
    }

    proptest! {
        #[test]
        fn a_set_s_own_bound_does_not_exclude_it(
            users in prop::collection::vec((-9_i64..10, -9_i64..10), 4..9),
        ) {
            use super::super::Sums;
            let mut sums = Sums::default();
            for (a, g) in users {
                sums += Sums::of_user(a.into(), g.into());
            }
            for criterion in [Criterion::Total, Criterion::Rest] {
                let ranking = Ranking { criterion, ..by_bound() };
                let moments = criterion.moments(sums.moments());
                let Moments { n, a, x, y } = moments;
                let float = Moments { n: n as f64, a: a as f64, x: x as f64, y: y as f64 };
                if let Some(value) = ranking.value(&sums, 2) {
                    let floor = ranking.floor(value.rounded().next_down(), Blur::default());
                    prop_assert!(!floor.surely_excludes(float));
                    let above = ranking.floor(value.rounded() + 1e-9, Blur::default());
                    prop_assert!(above.surely_excludes(float) || value.rounded() > 1.0 - 1e-8);
                    let plain = Criterion::Total.moments(sums.moments());
                    let r = plain.a as f64 / ((plain.x as f64) * (plain.y as f64)).sqrt();
                    prop_assert!(plain.y == 0 || r >= floor.r_for(n as u64) - 1e-12);
                }
            }
        }
    }
}
