//! The theorems by which engines discard sets: what holds wherever r reaches a floor.
//!
//! An engine may leave a set out only where one of these says that its r is below the floor. Engines
//! do the arithmetic in widths of their own; here stand the statements with their proofs, each as a
//! plain function too. Scalar code calls it, and the tests hold it against brute force.
//!
//! Over the users of a set, a is their score on it and g their total; n, Sa, Sg, Saa, Sgg, Sag are
//! the six sums, A = n·Sag − Sa·Sg, X = n·Saa − Sa², Y = n·Sgg − Sg², and r = A/√(X·Y) with X, Y > 0.
//! t is the floor and τ = 1 − t². All theorems but the first two ask for t > 0.
//!
//! # Origins
//! *A, X and Y stay where all a are moved by one number and all g by another; and Y/n ≤ Σg² from any
//! origin, over the set's users or any more.* For A = n·Σ(a − ā)·(g − ḡ), and X and Y likewise; and
//! Σ(g − ḡ)² is the least of all Σ(g − γ)².
//!
//! # Signed squares
//! *r ≥ t where A·|A| ≥ t·|t|·X·Y, and only there.* For v ↦ v·|v| increases, and √(X·Y) > 0.
//!
//! # The line
//! *Where r ≥ t, some line of slope b ≥ 0 leaves Σ(g − b·a − c)² ≤ τ·S over the set's users, for
//! every S ≥ Σg².* The regression of g on a is one: its slope A/X is above 0, as r is, and it leaves
//! (1 − r²)·Y/n ≤ τ·Y/n ≤ τ·S. So a set is below the floor where every such line leaves more; the
//! theorems that follow show that of some of its users, over whom the line leaves no more than over
//! all.
//!
//! # Outer users
//! *Split the set's users in any way; take the sums over the one part, the outer users, and let
//! E ≥ Σg² over the others. Where r ≥ t, with W = Y − τ·n·(Sgg + E),*
//!
//! max(A, 0)² ≥ X·W, *and* W ≤ 0 *where* X = 0.
//!
//! The line leaves at most τ·(Sgg + E) over the outer users. The best line of slope 0 or more leaves
//! (Y − max(A, 0)²/X)/n over them: the regression where A > 0, and else the level line. Where X = 0 it
//! leaves Y/n, as any line does. Good outer users have a large |g|: then E is small, and W large.
//!
//! # Inversions
//! *Two users i, j with a_i ≤ a_j and g_i − g_j ≥ D > 0 are an inversion, and D its drop. Where r ≥ t
//! there are no m inversions without a common user with m·D²/2 > τ·S, for every S ≥ Σg².* Their
//! residuals differ by e_i − e_j = g_i − g_j + b·(a_j − a_i) ≥ D, so e_i² + e_j² ≥ D²/2; m such pairs
//! add up to m·D²/2 ≤ Σe² ≤ τ·S.
//!
//! # Disjoint pairs
//! *Call users high from some total on, and low from D below it. As many inversions of a high and a
//! low user can be found without a common user as the least, over all c, of the number of high ones
//! with a ≤ c and low ones with a > c.* These users, for any c, are in every such pair: a pair without
//! them has a_j ≤ c < a_i. And the least is reached: pair each low user, by a ascending, with any high
//! one that is left and has a_i ≤ a_j; let c be the a of the last low user left alone (below all, if
//! none is). When they came, no high one with a ≤ c was left, so each of these is paired, and with a
//! low one of a ≤ c; each low one beyond is paired too, and with a high one of a > c.
//!
//! # Rings
//! *A set with at most k of the users of a ring has at most the Σg² of the k largest of them there.*
//! So S may be less than Σg² over all users of a prefix, for sets whose users are counted in rings.
//!
//! # Capped squares
//! *Where outer users' squares are counted as less than they are, the discard by outer users stays
//! sound, whether or not E holds what they lack.* Let them lack x in all. With Sgg − x for Sgg, in Y
//! too, W gets lower by n·x − τ·n·x = t²·n·x; and a larger E only lowers it.
//!
//! # Rounded overall scores
//! *Let ĝ = (g − c)/s + e, the same c and s > 0 for all users, with |e| ≤ η. Where r(a, g) ≥ t, then for every ε > 0
//! some line of slope b ≥ 0 leaves Σ(ĝ − b·a − c)² ≤ τ′·(S + n·f) over the set's n users, for every S ≥ Σĝ², with*
//!
//! τ′ = (1 + ε)·τ *and* f = (η·(1 + 1/√τ))²·(1 + 1/ε)/(1 + ε).
//!
//! r is the same for g and g′ = (g − c)/s. In norms over the set's users, with E = η·√n: the line leaves of ĝ at
//! most E more than of g′, which is √τ·‖g′ − mean‖ ≤ √τ·(‖ĝ − mean‖ + E). So it leaves at most
//! (√τ·‖ĝ − mean‖ + (1 + √τ)·E)², and (x + y)² ≤ (1 + ε)·x² + (1 + 1/ε)·y². So all theorems behind this line hold
//! of ĝ with τ′ for τ and S + n·f for S.
//!
//! # Rounded scores
//! *Let â = a + d and ĝ = g + e, with |d| ≤ η and |e| ≤ θ for each user. Where r(a, g) ≥ t, of either sign, and
//! X̂ ≥ n²·β² and Ŷ ≥ n²·γ² for the n users of the set, with β > η and γ > θ, then r(â, ĝ) ≥ t − δ with*
//!
//! δ = √2·(η/β + θ/γ).
//!
//! Take a and g as vectors, less their means. Taking the mean off lengthens nothing, so ‖â − a‖ ≤ η·√n, where
//! ‖â‖ = √(X̂/n) ≥ β·√n. So the angle φ between the two is below 90°, with sin φ ≤ η/β, and their unit vectors are
//! √(2 − 2·cos φ) ≤ √(2 − 2·cos² φ) = √2·sin φ apart, since 0 < cos φ ≤ 1. The same holds of g with θ/γ; and r,
//! the product of two unit vectors, moves by no more than these do together.
//!
//! *Where A > 0 and A² ≥ t²·X·(Y − n²·c) is asked of sets, with t > 0 and c ≥ 0, and only a is rounded, what
//! remains is Â > 0 and Â² ≥ (t² − 2·t·δ)·X̂·(Y − n²·c′), where Y > n²·c′, with c′ = c·t²/(t² − 2·t·δ) and
//! t > 2·δ.* With w² = 1 − n²·c/Y what is asked is r ≥ t·w, and 0 ≤ w ≤ 1. The right side is X̂·Y·(t²·w² − 2·t·δ),
//! so where it is above 0, t·w ≥ t·w² > 2·δ. Then r(â, g) ≥ t·w − δ > 0, and the square of that is
//! t²·w² − 2·t·w·δ + δ² ≥ t²·w² − 2·t·δ.
//!
//! # Rounding
//! What a function takes is an integer, exact or rounded once to f64. Between that and an answer lie
//! at most 16 roundings on either side, each a factor within 1 ± 2^-53, so less than 2^-48 in all.
//! [`MARGIN`] is above 2^-40. W is a difference: what its terms are off by is at most so much of W
//! itself and so much of what is subtracted, so the margin is taken of both.

/// Relative allowance for the roundings of a discard in f64.
pub const MARGIN: f64 = 1e-12;

/// Whether r = A/√(X·Y) is certainly below `floor`, which may have either sign; `false` says nothing.
///
/// `a`, `x` and `y` must be the integers A, X > 0, Y > 0, below 2^127, exact or rounded once. A floor
/// of −1 and below discards nothing.
#[must_use]
pub fn surely_below(floor: f64, a: f64, x: f64, y: f64) -> bool {
    if floor <= -1.0 {
        return false;
    }
    // |A| < 2^127 and X·Y < 2^254: nothing overflows.
    let square = a * a;
    let bar = floor * floor * (x * y);
    if floor > 0.0 {
        a <= 0.0 || square < bar * (1.0 - MARGIN)
    } else {
        a < 0.0 && square > bar * (1.0 + MARGIN)
    }
}

/// τ = 1 − t² of a floor t > 0, raised by [`MARGIN`]: the part of Σg² that the line may leave. 0 for a
/// floor above 1, which no set reaches.
#[must_use]
pub fn unexplained(floor: f64) -> f64 {
    ((1.0 - floor) * (1.0 + floor)).max(0.0) * (1.0 + MARGIN)
}

/// Whether outer users of these n, A, X, Y and Σg² tell that their set is below the floor, whatever
/// its other users are, of whom Σg² is at most `left_out`. `unexplained` is that of the floor.
#[must_use]
#[inline]
pub fn outer_users_tell(
    [n, a, x, y]: [f64; 4],
    squares: f64,
    left_out: f64,
    unexplained: f64,
) -> bool {
    let a = a.max(0.0);
    let w = y - unexplained * n * (squares + left_out);
    a * a < x.max(1.0) * w * (1.0 - MARGIN)
}

/// Whether so many inversions of this drop, no two with a common user, tell that a set is below the
/// floor, where Σg² over its users is at most `squares`. `unexplained` is that of the floor.
#[must_use]
pub fn inversions_tell(pairs: u32, drop: f64, squares: f64, unexplained: f64) -> bool {
    f64::from(pairs) * (drop * drop) > 2.0 * unexplained * squares * (1.0 + MARGIN)
}

/// By how much r may be higher than that of rounded scores: δ, rounded up. For scores and for overall scores, how
/// far one may be off, and the least root of X̂/n² or Ŷ/n² of the sets that are looked at, which is larger.
#[must_use]
pub fn fall(scores: [f64; 2], overall: [f64; 2]) -> f64 {
    let part = |[off, least]: [f64; 2]| if off > 0.0 { off / least } else { 0.0 };
    std::f64::consts::SQRT_2 * (part(scores) + part(overall)) * (1.0 + MARGIN)
}

/// What a floor t > 0 with the square c of what rounded overall scores may be off becomes where r may fall by
/// `fall`: the two that take their place, or `None` where nothing is left to ask.
#[must_use]
pub fn fallen(floor: f64, blur: f64, fall: f64) -> Option<[f64; 2]> {
    let square = floor * floor;
    let left = square - 2.0 * floor * fall - square * MARGIN;
    // The root is rounded down, and so c up.
    let root = left.sqrt() * (1.0 - MARGIN);
    (floor > 2.0 * fall * (1.0 + MARGIN) && root > 0.0)
        .then(|| [root, blur * square / (root * root) * (1.0 + MARGIN)])
}

/// The most inversions without a common user between high and low users of these scores.
#[must_use]
pub fn disjoint_inversions(high: &[i64], low: &[i64]) -> usize {
    let wrong = |c: i64| {
        let high = high.iter().filter(|&&a| a <= c).count();
        high + low.iter().filter(|&&a| a > c).count()
    };
    let borders = high.iter().chain(low).copied();
    borders.map(wrong).fold(low.len(), usize::min)
}

/// The most Σg² that `most` users of a ring can have; `squares` are those of its users, the largest
/// first.
#[must_use]
pub fn of_ring(squares: &[u64], most: usize) -> u64 {
    squares.iter().take(most).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Correlation, Moments, Sums};
    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    /// a and g.
    type User = (i64, i64);

    /// The users of a prefix, some of whom are those of a set, and a floor.
    #[derive(Clone, Debug)]
    struct Case {
        /// a and g of the set's users; the first `outer` of them are the outer users.
        users: Vec<User>,
        outer: usize,
        /// g of the prefix's other users.
        others: Vec<i64>,
        floor: f64,
    }

    fn sums(users: &[User]) -> Sums {
        let mut sums = Sums::default();
        for &(a, g) in users {
            sums += Sums::of_user(a.into(), g.into());
        }
        sums
    }

    /// n, A, X, Y and Σg² of some users.
    fn moments(users: &[User]) -> ([f64; 4], f64) {
        let sums = sums(users);
        let Moments { n, a, x, y } = sums.moments();
        ([n, a, x, y].map(|sum| sum as f64), sums.sgg as f64)
    }

    fn squares(users: &[User]) -> f64 {
        moments(users).1
    }

    impl Case {
        fn correlation(&self) -> Option<f64> {
            Correlation::of(&sums(&self.users), 2).map(|correlation| correlation.r())
        }

        /// Also true where r is less than a rounding below the floor.
        fn reaches(&self) -> bool {
            self.correlation().is_some_and(|r| r >= self.floor)
        }

        fn unexplained(&self) -> f64 {
            unexplained(self.floor)
        }

        fn parts(&self) -> (&[User], &[User]) {
            self.users.split_at(self.outer)
        }

        /// Σg² of the set's users and the prefix's others.
        fn all_squares(&self) -> f64 {
            let others = self.others.iter().map(|g| g * g).sum::<i64>();
            squares(&self.users) + others as f64
        }

        /// The outer users' judgement, what they make of τ and of what is left out being given.
        fn by_outer(&self, left_out: f64, unexplained: f64) -> bool {
            let (moments, squares) = moments(self.parts().0);
            outer_users_tell(moments, squares, left_out, unexplained)
        }

        /// Every inversion: the two users and the drop.
        fn inversions(&self) -> Vec<(usize, usize, i64)> {
            let all = 0..self.users.len();
            let pairs = all.clone().flat_map(|i| all.clone().map(move |j| (i, j)));
            pairs
                .filter_map(|(i, j)| {
                    let ((a, g), (other_a, other_g)) = (self.users[i], self.users[j]);
                    (a <= other_a && g > other_g).then_some((i, j, g - other_g))
                })
                .collect()
        }

        /// The largest drop of any inversion, 0 if there is none.
        fn drop_of_one(&self) -> f64 {
            let drops = self.inversions().into_iter().map(|(_, _, drop)| drop);
            drops.max().unwrap_or(0) as f64
        }

        /// The largest drop that two inversions have; `apart` says whether they have a common user.
        fn drop_of_two(&self, apart: impl Fn([usize; 4]) -> bool) -> f64 {
            let inversions = self.inversions();
            let mut best = 0;
            for (at, &(i, j, drop)) in inversions.iter().enumerate() {
                for &(k, l, other) in &inversions[at + 1..] {
                    if apart([i, j, k, l]) {
                        best = best.max(drop.min(other));
                    }
                }
            }
            best as f64
        }

        fn by_one(&self, drop: f64, squares: f64) -> bool {
            inversions_tell(1, drop, squares, self.unexplained())
        }

        /// Σg² by a ring of the prefix's first four users by |g|, the set's and the others, `less` of
        /// them fewer than there are being taken for the set's.
        fn by_ring(&self, less: usize) -> f64 {
            let of_set = self.users.iter().map(|&(_, g)| (g * g, true));
            let others = self.others.iter().map(|&g| (g * g, false));
            let mut prefix: Vec<_> = of_set.chain(others).collect();
            prefix.sort_unstable_by(|p, q| q.cmp(p));
            let (ring, rest) = prefix.split_at(prefix.len().min(4));
            let held = ring.iter().filter(|(_, of_set)| *of_set).count();
            let ring: Vec<u64> = ring.iter().map(|&(square, _)| square as u64).collect();
            let rest: i64 = rest.iter().map(|&(square, _)| square).sum();
            of_ring(&ring, held.saturating_sub(less)) as f64 + rest as f64
        }

        /// The outer users' judgement, each square being counted in Y as the one says, and beside what
        /// is left out as the other does.
        fn by_squares(&self, in_y: fn(i64) -> i64, beside: fn(i64) -> i64) -> bool {
            let (outer, inner) = self.parts();
            let more = |counted: fn(i64) -> i64| -> f64 {
                let more = outer.iter().map(|(_, g)| counted(g * g) - g * g);
                more.sum::<i64>() as f64
            };
            let ([n, a, x, y], all) = moments(outer);
            let moments = [n, a, x, y + n * more(in_y)];
            outer_users_tell(
                moments,
                all + more(beside),
                squares(inner),
                self.unexplained(),
            )
        }
    }

    fn up_to_16(square: i64) -> i64 {
        square.min(16)
    }

    fn disjoint([i, j, k, l]: [usize; 4]) -> bool {
        i != k && i != l && j != k && j != l
    }

    type Tells = fn(&Case) -> bool;

    /// A discard, and what it might be mistaken for: each goes too far, and by little.
    struct Theorem {
        name: &'static str,
        tells: Tells,
        faults: &'static [(&'static str, Tells)],
    }

    /// What a floor of t leaves unexplained, taken for less than it is.
    fn too_little(case: &Case) -> f64 {
        case.unexplained() * 0.9
    }

    const THEOREMS: [Theorem; 6] = [
        Theorem {
            name: "signed squares",
            tells: |case| {
                let ([_, a, x, y], _) = moments(&case.users);
                surely_below(case.floor, a, x, y)
            },
            faults: &[
                ("no margin at all", |case| {
                    let ([_, a, x, y], _) = moments(&case.users);
                    a <= 0.0 || a * a <= case.floor * case.floor * (x * y)
                }),
                ("the floor for its square", |case| {
                    let ([_, a, x, y], _) = moments(&case.users);
                    surely_below(case.floor.sqrt(), a, x, y)
                }),
            ],
        },
        Theorem {
            name: "outer users",
            tells: |case| case.by_outer(squares(case.parts().1), case.unexplained()),
            faults: &[
                ("the inner users' squares forgotten", |case| {
                    case.by_outer(0.0, case.unexplained())
                }),
                ("a square short", |case| {
                    let inner = squares(case.parts().1);
                    case.by_outer((inner - 1.0).max(0.0), case.unexplained())
                }),
                ("less unexplained than there is", |case| {
                    case.by_outer(squares(case.parts().1), too_little(case))
                }),
                ("1 − t for 1 − t²", |case| {
                    case.by_outer(squares(case.parts().1), 1.0 - case.floor)
                }),
                ("a falling line of the outer users", |case| {
                    let ([_, a, x, _], _) = moments(case.parts().0);
                    x > 0.0 && a < 0.0
                }),
                ("no variance among the outer users", |case| {
                    let ([_, _, x, y], _) = moments(case.parts().0);
                    x == 0.0 && y > 0.0
                }),
                ("n forgotten", |case| {
                    let ([n, a, x, y], all) = moments(case.parts().0);
                    let inner = squares(case.parts().1);
                    outer_users_tell([n, a, x, y], all / n, inner / n, case.unexplained())
                }),
                ("a tie for less", |case| {
                    let ([n, a, x, y], all) = moments(case.parts().0);
                    let w = y - case.unexplained() * n * (all + squares(case.parts().1));
                    n > 0.0 && a.max(0.0) * a.max(0.0) <= x * w
                }),
            ],
        },
        Theorem {
            name: "one inversion",
            tells: |case| case.by_one(case.drop_of_one(), case.all_squares()),
            faults: &[
                ("twice what one tells", |case| {
                    inversions_tell(
                        2,
                        case.drop_of_one(),
                        case.all_squares(),
                        case.unexplained(),
                    )
                }),
                ("the drop a unit more", |case| {
                    case.by_one(case.drop_of_one() + 1.0, case.all_squares())
                }),
                ("less unexplained than there is", |case| {
                    let drop = case.drop_of_one();
                    inversions_tell(1, drop, squares(&case.users), too_little(case))
                }),
                ("the outer users' squares only", |case| {
                    case.by_one(case.drop_of_one(), squares(case.parts().0))
                }),
                ("users in order, as if they were not", |case| {
                    let totals = || case.users.iter().map(|&(_, g)| g);
                    let drop = totals().max().unwrap() - totals().min().unwrap();
                    case.by_one(drop as f64, case.all_squares())
                }),
            ],
        },
        Theorem {
            name: "two inversions",
            tells: |case| {
                let drop = case.drop_of_two(disjoint);
                inversions_tell(2, drop, case.all_squares(), case.unexplained())
            },
            faults: &[
                ("a common user", |case| {
                    let drop = case.drop_of_two(|_| true);
                    inversions_tell(2, drop, case.all_squares(), case.unexplained())
                }),
                ("a common high user", |case| {
                    let drop = case.drop_of_two(|[_, j, _, l]| j != l);
                    inversions_tell(2, drop, case.all_squares(), case.unexplained())
                }),
                ("the larger drop", |case| {
                    let drop = case.drop_of_two(disjoint);
                    let drop = if drop > 0.0 { case.drop_of_one() } else { drop };
                    inversions_tell(2, drop, case.all_squares(), case.unexplained())
                }),
                ("a third", |case| {
                    let drop = case.drop_of_two(disjoint);
                    inversions_tell(3, drop, case.all_squares(), case.unexplained())
                }),
            ],
        },
        Theorem {
            name: "rings",
            tells: |case| case.by_one(case.drop_of_one(), case.by_ring(0)),
            faults: &[("one user fewer", |case| {
                case.by_one(case.drop_of_one(), case.by_ring(1))
            })],
        },
        Theorem {
            name: "capped squares",
            tells: |case| case.by_squares(up_to_16, up_to_16),
            faults: &[
                ("in Y as they are", |case| {
                    case.by_squares(|square| square, up_to_16)
                }),
                ("counted as more", |case| {
                    case.by_squares(|square| square + 1, |square| square + 1)
                }),
            ],
        },
    ];

    /// Sets that follow their scores more or less closely, with floors at their own r, next to it,
    /// near 0 and near 1. Some have users at the corners of a parallelogram: there the bounds are tight.
    fn cases() -> impl Strategy<Value = Case> {
        let user = || (-3_i64..4, -4_i64..5);
        let floors = prop_oneof![
            4 => Just(None),
            1 => prop::sample::select(vec![1.0, 0.5, 0.25, 0.75, 1e-300, 1e-9, 0.999_999]).prop_map(Some),
            2 => (0.001_f64..1.0).prop_map(Some),
        ];
        let corners = (1_i64..9, 0_i64..9);
        (
            prop::collection::vec(user(), 2..9),
            prop_oneof![-2_i64..6, Just(0)],
            prop_oneof![Just(None), corners.prop_map(Some)],
            -3_i64..4,
            0_usize..9,
            any::<bool>(),
            prop::collection::vec(-9_i64..10, 0..4),
            floors,
        )
            .prop_map(
                |(users, steep, corners, origin, outer, by_size, others, floor)| {
                    let close = |(a, e): User| (a, steep * a + e / 2 - origin);
                    let mut users: Vec<_> = users.into_iter().map(close).collect();
                    if let Some((up, along)) = corners {
                        users = vec![(0, up), (0, -up), (1, along), (-1, -along)];
                    }
                    if by_size {
                        users.sort_by_key(|&(_, g)| -g.abs());
                    }
                    let mut case = Case {
                        outer: outer.min(users.len()),
                        users,
                        others,
                        floor: floor.unwrap_or(1.0),
                    };
                    if floor.is_none()
                        && let Some(r) = case.correlation().filter(|&r| r > 0.0)
                    {
                        case.floor = r;
                    }
                    case
                },
            )
    }

    /// How many cases of a fixed draw are discarded rightly, and wrongly.
    fn discarded(tells: Tells) -> [usize; 2] {
        let mut runner = TestRunner::deterministic();
        let cases = cases();
        let mut counts = [0; 2];
        for _ in 0..20_000 {
            let case = cases.new_tree(&mut runner).unwrap().current();
            if tells(&case) && case.correlation().is_some() {
                counts[usize::from(case.reaches())] += 1;
            }
        }
        counts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn no_set_at_the_floor_is_discarded(case in cases()) {
            for theorem in &THEOREMS {
                prop_assert!(!(case.reaches() && (theorem.tells)(&case)), "{}", theorem.name);
            }
        }

        #[test]
        fn signed_squares_take_floors_of_either_sign(
            users in prop::collection::vec((-9_i64..10, -9_i64..10), 2..6), floor in -1.0_f64..1.0,
        ) {
            let ([_, a, x, y], _) = moments(&users);
            let case = Case { users, outer: 0, others: Vec::new(), floor };
            if let Some(r) = case.correlation() {
                for floor in [floor, r, -r, 0.0, -1.0, f64::NEG_INFINITY] {
                    let below = surely_below(floor, a, x, y);
                    prop_assert!(!below || r < floor, "{r} {floor}");
                    prop_assert!(below || r >= floor - 1e-11 || floor <= -1.0, "{r} {floor}");
                }
            }
        }

        #[test]
        fn squares_from_any_origin_are_no_fewer_than_from_the_mean(
            users in prop::collection::vec((-9_i64..10, -9_i64..10), 1..6), by in -1_000_i64..1_000,
        ) {
            let moved: Vec<_> = users.iter().map(|&(a, g)| (a, g + by)).collect();
            let ([n, _, _, y], squares) = moments(&moved);
            prop_assert!(y == moments(&users).0[3] && y <= n * squares);
        }

        #[test]
        fn as_many_disjoint_inversions_are_found_as_by_trying(
            high in prop::collection::vec(0_i64..4, 0..5), low in prop::collection::vec(0_i64..4, 0..5),
        ) {
            fn most(high: &[i64], low: &[i64]) -> usize {
                let Some((&first, rest)) = low.split_first() else { return 0 };
                let paired = (0..high.len()).filter(|&i| high[i] <= first).map(|i| {
                    let others: Vec<_> = [&high[..i], &high[i + 1..]].concat();
                    1 + most(&others, rest)
                });
                paired.max().unwrap_or(0).max(most(high, rest))
            }
            prop_assert_eq!(most(&high, &low), disjoint_inversions(&high, &low));
        }
    }

    #[test]
    fn every_theorem_discards_something() {
        for theorem in &THEOREMS {
            let [right, wrong] = discarded(theorem.tells);
            assert_eq!(wrong, 0, "{}", theorem.name);
            assert!(right > 500, "{}: {right}", theorem.name);
        }
    }

    /// A set with exact scores of two questions and an exact overall score, each rounded to steps of 16, and those
    /// of the overall scores to steps of their own: n, A, X, Y, exact and rounded.
    #[derive(Clone, Debug)]
    struct Rounded {
        exact: [f64; 4],
        rounded: [f64; 4],
        /// How far off a score of the set and an overall score may be, in steps.
        off: [f64; 2],
    }

    impl Rounded {
        fn of(users: &[([i64; 2], i64)], coarse: i64) -> Self {
            let nearest = |value: i64, step: i64| (value + step / 2).div_euclid(step);
            let a = |scores: &[i64; 2]| scores.iter().map(|x| nearest(*x, 16)).sum();
            let users_exact: Vec<_> = users.iter().map(|([x, y], g)| (x + y, *g)).collect();
            let users_rounded = users.iter().map(|(x, g)| (a(x), nearest(*g, coarse)));
            let users_rounded: Vec<User> = users_rounded.collect();
            Self {
                exact: moments(&users_exact).0,
                rounded: moments(&users_rounded).0,
                off: [1.0, if coarse > 1 { 0.5 } else { 0.0 }],
            }
        }

        fn r([_, a, x, y]: [f64; 4]) -> Option<f64> {
            (x > 0.0 && y > 0.0).then(|| a / (x * y).sqrt())
        }

        /// Whether its r falls by more than is allowed for, what is off being taken for `part` of what it is.
        fn is_lost(&self, part: f64) -> bool {
            let [n, _, x, y] = self.rounded;
            // The most that there can be asked of X and Y.
            let least = [x, y].map(|moment| moment.sqrt() / n);
            let [score, overall] = [0, 1].map(|i| [self.off[i] * part, least[i]]);
            let told = least[0] > self.off[0] && least[1] > self.off[1];
            told && match (Self::r(self.exact), Self::r(self.rounded)) {
                (Some(exact), Some(rounded)) => rounded < exact - fall(score, overall) - 1e-9,
                _ => false,
            }
        }

        /// Whether it is discarded at its own r, with something taken from each g² by another rounding.
        fn is_lost_beside(&self, blur: f64, change: fn(f64) -> f64) -> bool {
            let ([n, _, _, y], [_, a, x, _]) = (self.exact, self.rounded);
            let least = x.sqrt() / n;
            let allowed = change(fall([self.off[0], least], [0.0, 1.0]));
            let Some(r) = Self::r(self.exact).filter(|r| *r > 0.0) else {
                return false;
            };
            // The floor that it just meets: r² = t²·(1 − n²·c/Y).
            let floor = r / (1.0 - n * n * blur / y).max(0.0).sqrt();
            if !floor.is_finite() || floor >= 1.0 || least <= self.off[0] {
                return false;
            }
            fallen(floor, blur, allowed).is_some_and(|[t, blur]| {
                let left = y - n * n * blur;
                left > 0.0 && (a <= 0.0 || a * a < t * t * x * left * (1.0 - 1e-9))
            })
        }
    }

    type Exact = (Vec<([i64; 2], i64)>, i64);

    /// Scores along a line, for floors to be met, or any.
    fn exact() -> impl Strategy<Value = Exact> {
        let score = || -200_i64..200;
        let user = ([score(), score()], -99_i64..100);
        let users = prop::collection::vec(user, 2..8);
        (
            users,
            0_i64..9,
            prop_oneof![Just(1_i64), Just(12), Just(100)],
        )
            .prop_map(|(users, steep, coarse)| {
                let along = |([x, y], e): ([i64; 2], i64)| ([x, y], steep * (x + y) + e);
                (users.into_iter().map(along).collect(), coarse)
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn r_of_rounded_scores_falls_by_no_more_than_is_allowed((users, coarse) in exact()) {
            let set = Rounded::of(&users, coarse);
            prop_assert!(!set.is_lost(1.0), "{set:?}");
            let fine = Rounded::of(&users, 1);
            for blur in [0.0, 0.5, 90.0, 9000.0] {
                prop_assert!(!fine.is_lost_beside(blur, |fall| fall), "{fine:?} {blur}");
            }
        }
    }

    /// Planted faults: what is off is taken for less than it is.
    #[test]
    fn too_little_allowance_for_rounded_scores_is_seen() {
        let mut runner = TestRunner::deterministic();
        let (mut lost, mut beside) = ([0; 3], [0; 2]);
        for _ in 0..20_000 {
            let (users, coarse) = exact().new_tree(&mut runner).unwrap().current();
            let set = Rounded::of(&users, coarse);
            for (count, part) in lost.iter_mut().zip([0.0, 0.1, 0.25]) {
                *count += usize::from(set.is_lost(part));
            }
            let fine = Rounded::of(&users, 1);
            for blur in [0.0, 0.5, 90.0, 9000.0] {
                let changes: [fn(f64) -> f64; 2] = [|_| 0.0, |fall| fall / 8.0];
                for (count, change) in beside.iter_mut().zip(changes) {
                    *count += usize::from(fine.is_lost_beside(blur, change));
                }
            }
        }
        assert!(
            lost.iter().chain(&beside).all(|count| *count > 0),
            "{lost:?} {beside:?}"
        );
    }

    /// Planted faults: without them the tests above might pass whatever the bounds were.
    #[test]
    fn a_discard_that_goes_too_far_is_seen() {
        for theorem in &THEOREMS {
            for (fault, tells) in theorem.faults {
                let [_, wrong] = discarded(*tells);
                assert!(wrong > 0, "{}: {fault}", theorem.name);
            }
        }
    }

    #[test]
    fn what_is_unexplained_is_rounded_up() {
        for floor in [1e-300, 1e-9, 0.3, 0.5, 0.988, 1.0_f64.next_down()] {
            // 1 − t² in two doubles: t² and what its rounding lost.
            let square = floor * floor;
            let exact = (1.0 - square) - floor.mul_add(floor, -square);
            let raised = unexplained(floor);
            assert!(
                raised >= exact && raised <= exact * (1.0 + 3.0 * MARGIN),
                "{floor}"
            );
        }
        assert_eq!(unexplained(1.0), 0.0);
        assert_eq!(unexplained(1.5), 0.0);
    }

    #[test]
    fn signed_squares_near_a_known_r() {
        let nothing = f64::NEG_INFINITY;
        assert!(!surely_below(nothing, -5.0, 5.0, 5.0));
        assert!(!surely_below(-1.0, -5.0, 5.0, 5.0));
        // r = 0.6.
        let r = |floor| surely_below(floor, 6.0, 10.0, 10.0);
        assert!(r(0.6001) && r(1.0) && !r(0.6) && !r(0.599) && !r(0.0) && !r(-0.1));
        // r = −0.6.
        let r = |floor| surely_below(floor, -6.0, 10.0, 10.0);
        assert!(r(0.6) && r(0.0) && r(-0.599) && !r(-0.6) && !r(-0.7));
        // r = 0 is below any positive floor and not below 0 or −0.
        let r = |floor| surely_below(floor, 0.0, 10.0, 10.0);
        assert!(r(1e-300) && !r(0.0) && !r(-0.0) && !r(-1e-300));
    }
}
