//! What the complete kernel reads: covariances as f32 with their margin, and the integers that the
//! audit adds up. Pure: places in the two buffers are written down in `layout` and in complete.wgsl.

use super::bound::{LEAST_DEVIATION, Scale, Side, margin};
use super::layout::floats_of;
use super::plan::MOST_LANE_LEAVES;
use super::products::Products;
use crate::engine::gpu::layout::SumWidth;
use crate::engine::gpu::limits::Excess;

/// A complete table for sets of one size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    products: Products,
    k: usize,
    /// Whether floors may be others than of r with exact scores.
    any_floor: bool,
    /// The narrowest integers that the shader may have.
    pub(super) width: SumWidth,
}

impl Table {
    /// For sets of `k`, as narrow as it can be, and floors of r or any.
    ///
    /// # Errors
    /// Where questions vary too differently for f32.
    pub(super) fn new(products: Products, k: usize, any_floor: bool) -> Result<Self, Excess> {
        let table = Self {
            width: width(&products, k),
            products,
            k,
            any_floor,
        };
        let largest = table.largest_variance();
        let least = (0..table.questions())
            .map(|q| table.products.covariance(q, q))
            .filter(|&v| v > 0)
            .min()
            .unwrap_or(largest);
        let ratio = (least as f64 / largest as f64).sqrt();
        if ratio < LEAST_DEVIATION {
            return Err(Excess::new(
                "the ratio of two questions' standard deviations",
                1.0 / ratio,
                1.0 / LEAST_DEVIATION,
            ));
        }
        Ok(table)
    }

    /// Q.
    pub(super) fn questions(&self) -> usize {
        self.products.questions()
    }

    /// n of every set.
    pub(super) fn users(&self) -> u64 {
        self.products.users
    }

    /// Sg and Sgg of every set.
    pub(super) fn totals(&self) -> (i64, i64) {
        (self.products.total, self.products.squares)
    }

    /// Whether totals differ from user to user.
    pub(super) fn totals_vary(&self) -> bool {
        self.products.variance_of_total() > 0
    }

    /// What floors are tested with.
    pub(super) fn scale(&self) -> Scale {
        Scale {
            k: self.k,
            users: self.users() as f64,
            y: self.products.variance_of_total() as f64,
            variance: self.largest_variance() as f64,
        }
    }

    /// At least 1, so that it divides.
    fn largest_variance(&self) -> i128 {
        (0..self.questions())
            .map(|q| self.products.covariance(q, q))
            .max()
            .unwrap_or(0)
            .max(1)
    }

    /// The buffer of floats, see `layout::Places`. Entries are computed in f64, whose roundings are below
    /// 2^-49 of an entry: lost in the quarter of a unit that the bound has to spare.
    pub(super) fn floats(&self) -> Vec<f32> {
        let questions = self.questions();
        let scale = self.largest_variance() as f64;
        // Where no set has a correlation any other number does.
        let total = (self.products.variance_of_total().max(1) as f64).sqrt() * scale.sqrt();
        let v = |q: usize, m: usize| self.products.covariance(q, m) as f64 / scale;
        let deviations: Vec<f64> = (0..questions).map(|q| v(q, q).sqrt()).collect();
        let margin = margin(self.k, self.any_floor);
        let mut floats = Vec::with_capacity(floats_of(questions));
        for side in [Side::Below, Side::Above] {
            let by = side.sign() * margin;
            for q in 0..questions {
                let moved = |m: usize| v(q, m) + by * deviations[q] * deviations[m];
                floats.extend((0..questions).map(|m| (2.0 * moved(m)) as f32));
            }
        }
        for side in [Side::Below, Side::Above] {
            let factor = 1.0 + side.sign() * margin;
            floats.extend((0..questions).map(|q| (v(q, q) * factor) as f32));
        }
        floats.extend((0..questions).map(|q| {
            let b = self.products.covariance_with_total(q) as f64 / total;
            (b + margin * deviations[q]) as f32
        }));
        floats
    }

    /// The buffer of integers of this width: 2·G_qm, G_qq, s_q, t_q, each one word or two, lowest first.
    pub(super) fn wholes(&self, width: SumWidth) -> Vec<u32> {
        let Products {
            sums,
            with_total,
            pairs,
            ..
        } = &self.products;
        let questions = self.questions();
        let own = (0..questions).map(|q| pairs[q * questions + q]);
        let all = pairs
            .iter()
            // Modulo 2^64, as far as the shader has it.
            .map(|pair| pair.wrapping_mul(2))
            .chain(own)
            .chain(sums.iter().copied())
            .chain(with_total.iter().copied());
        match width {
            SumWidth::Narrow => all.map(|whole| whole as u32).collect(),
            SumWidth::Wide => all
                .flat_map(|whole| [whole as u32, (whole >> 32) as u32])
                .collect(),
        }
    }
}

/// Narrow where all that a lane adds up stays within 31 bits and a sign.
///
/// With g = max |G|: an element of `step` is G_mm and 2·G_pm for at most K − 2 others, at most
/// (2·K − 3)·g; a leaf adds two of them and 2·G_ym, at most 4·K·g; Sa and Sag of a leaf two
/// entries each. A lane adds up those of at most [`MOST_LANE_LEAVES`] and Q leaves before it widens
/// the sums.
fn width(products: &Products, k: usize) -> SumWidth {
    let reach = |values: &[i64]| {
        let values = values.iter().map(|x| i128::from(x.unsigned_abs()));
        values.max().unwrap_or(0)
    };
    let leaf = [
        4 * k as i128 * reach(&products.pairs),
        2 * reach(&products.sums),
        2 * reach(&products.with_total),
    ];
    let most = leaf.into_iter().max().unwrap_or(0);
    let leaves = i128::from(MOST_LANE_LEAVES) + products.questions() as i128;
    if most * leaves <= i128::from(i32::MAX) {
        SumWidth::Narrow
    } else {
        SumWidth::Wide
    }
}

#[cfg(test)]
mod tests {
    use super::super::bound::test;
    use super::super::layout::{Places, wholes_of};
    use super::*;
    use crate::combin::successor;
    use crate::engine::Query;
    use crate::engine::gpu::floor::Floor;
    use crate::engine::gpu::pack::Packing;
    use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
    use crate::stats::{Criterion, Need};
    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    const QUESTIONS: usize = 6;

    fn matrix(scores: &[i64]) -> ResponseMatrix {
        let mut b = MatrixBuilder::new();
        for (i, &mantissa) in scores.iter().enumerate() {
            let (u, q) = (i / QUESTIONS, i % QUESTIONS);
            let score = Score {
                mantissa,
                digits: 0,
            };
            b.push(&u.to_string(), &q.to_string(), Some(score), 0)
                .unwrap();
        }
        b.finish(Duplicates::Error, "row").unwrap()
    }

    /// A result as far off, up or down, as WGSL lets an operation be.
    fn rounded(exact: f64, up: bool) -> f32 {
        let near = exact as f32;
        if up == (f64::from(near) < exact) {
            if up { near.next_up() } else { near.next_down() }
        } else {
            near
        }
    }

    /// Twin of the test in complete.wgsl with reaches_r.wgsl or reaches_any.wgsl, every rounding going the same way.
    fn kept(table: &Table, floats: &[f32], set: &[usize], floor: &Floor, up: bool) -> bool {
        let test = test(floor, &table.scale());
        let places = Places::of(QUESTIONS, test.side);
        let add = |a: f32, b: f32| rounded(f64::from(a) + f64::from(b), up);
        let mul = |a: f32, b: f32| rounded(f64::from(a) * f64::from(b), up);
        let (mut a, mut x) = (0.0, 0.0);
        for (i, &m) in set.iter().enumerate() {
            a = add(a, floats[places.with_total + m]);
            let mut own = floats[places.variances + m];
            for &q in &set[..i] {
                own = add(own, floats[places.covariances + q * QUESTIONS + m]);
            }
            x = add(x, own);
        }
        if !table.any_floor {
            return mul(a, a.abs()) >= mul(test.bar, x);
        }
        let lambda = test.lambda;
        let p = add(a, -mul(lambda, x));
        let y = add(test.top, -mul(2.0 * lambda, a));
        let y = add(y, mul(mul(lambda, lambda), x));
        x < test.least_x || y <= test.least_y || mul(p, p.abs()) >= mul(test.bar, mul(x, y))
    }

    fn scores() -> impl Strategy<Value = Vec<i64>> {
        let column = prop_oneof![Just(1_i64), Just(3), Just(100), Just(-9000)];
        (
            prop::collection::vec(column, QUESTIONS),
            prop::collection::vec(-4_i64..5, 4 * QUESTIONS..12 * QUESTIONS),
        )
            .prop_map(|(weights, draws)| {
                let whole = draws.len() / QUESTIONS * QUESTIONS;
                let weigh = |(i, x): (usize, i64)| x * weights[i % QUESTIONS];
                draws
                    .into_iter()
                    .take(whole)
                    .enumerate()
                    .map(weigh)
                    .collect()
            })
    }

    /// Tells `look` whether each set is kept at some floors, by how far its r is above them, and how much of its
    /// questions' variance does not cancel out. Scores are `by` times as large, with more digits.
    fn at_floors(
        scores: &[i64],
        by: i64,
        criterion: Criterion,
        look: &mut impl FnMut(f64, bool, f64),
    ) {
        let noise =
            |(i, x): (usize, &i64)| x * by + i as i64 * 7919 % by.max(2) * i64::from(by > 1);
        let matrix = matrix(&scores.iter().enumerate().map(noise).collect::<Vec<_>>());
        for k in 2..=QUESTIONS {
            let query = Query::of(&matrix)
                .k(k)
                .criterion(criterion)
                .build()
                .unwrap();
            let packing = Packing::of(&query).unwrap();
            assert_eq!(packing.is_exact(), by == 1);
            let any_floor = by > 1 || criterion == Criterion::Rest;
            let products = Products::new(&matrix, &packing).unwrap();
            // Steps may leave nothing of questions that vary little.
            let Ok(table) = Table::new(products, k, any_floor) else {
                continue;
            };
            let floats = table.floats();
            let mut set: Vec<usize> = (0..k).collect();
            loop {
                if let Some(candidate) = query.judge(&set) {
                    let r = candidate.correlation().r();
                    let sums = candidate.sums();
                    let parts = set
                        .iter()
                        .map(|&q| (table.products.covariance(q, q) as f64).sqrt());
                    let step = 2_f64.powi(packing.basis.score_step as i32);
                    let x = sums.moments().x as f64 / (step * step);
                    let left = x / parts.sum::<f64>().powi(2);
                    for below in [0.0, 1e-12, 0.01, 0.1, 3.0] {
                        let floor = (r - below).next_down();
                        let need = Need::exact(floor);
                        let floor = Floor::of(&query, need, packing.scores, packing.totals);
                        for up in [false, true] {
                            look(below, kept(&table, &floats, &set, &floor, up), left);
                        }
                    }
                    // Other floors of rest scores are tested as those of r.
                    if r > 0.0 {
                        let floor = Need::exact(r + 0.02);
                        let floor = Floor::of(&query, floor, packing.scores, packing.totals);
                        look(-0.02, kept(&table, &floats, &set, &floor, true), left);
                    }
                }
                if !successor(QUESTIONS, &mut set) {
                    break;
                }
            }
        }
    }

    const KINDS: [(i64, Criterion); 4] = [
        (1, Criterion::Total),
        (1, Criterion::Rest),
        (1 << 40, Criterion::Total),
        (1 << 40, Criterion::Rest),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_set_at_its_own_floor_is_kept(scores in scores()) {
            for (by, criterion) in KINDS {
                let mut lost = 0;
                at_floors(&scores, by, criterion, &mut |below, kept, _| {
                    lost += usize::from(below >= 0.0 && !kept);
                });
                prop_assert_eq!(lost, 0, "{} {:?}", by, criterion);
            }
        }
    }

    #[test]
    fn most_sets_far_below_the_floor_are_discarded() {
        let mut runner = TestRunner::deterministic();
        let mut counts = [[0; 2]; KINDS.len()];
        for _ in 0..64 {
            let scores = scores().new_tree(&mut runner).unwrap().current();
            for (counts, (by, criterion)) in counts.iter_mut().zip(KINDS) {
                at_floors(&scores, by, criterion, &mut |below, kept, left| {
                    if below < 0.0 && left > 0.01 {
                        counts[usize::from(kept)] += 1;
                    }
                });
            }
        }
        for ([discarded, kept], (by, criterion)) in counts.into_iter().zip(KINDS) {
            let name = format!("{by} {criterion:?}: {discarded} and {kept}");
            // Rest scores that vary little beside totals are too little known.
            assert!(discarded > 500 && kept < discarded, "{name}");
            if (by, criterion) == KINDS[0] {
                assert_eq!(kept, 0, "{name}");
            }
        }
    }

    #[test]
    fn places_and_sizes_agree() {
        let scores: Vec<i64> = (0..60).map(|i| i * i % 7).collect();
        let matrix = matrix(&scores);
        let packing = Packing::new(&matrix, 3).unwrap();
        let table = Table::new(Products::new(&matrix, &packing).unwrap(), 3, false).unwrap();
        let floats = table.floats();
        assert_eq!(floats.len(), floats_of(QUESTIONS));
        assert_eq!(table.width, SumWidth::Narrow);
        for (width, words) in [(SumWidth::Narrow, 1), (SumWidth::Wide, 2)] {
            let wholes = table.wholes(width);
            assert_eq!(wholes.len(), words * wholes_of(QUESTIONS));
        }
        let (below, above) = (
            Places::of(QUESTIONS, Side::Below),
            Places::of(QUESTIONS, Side::Above),
        );
        for q in 0..QUESTIONS {
            assert!(floats[below.variances + q] < floats[above.variances + q]);
            let twice = 2.0 * floats[above.variances + q];
            let diagonal = floats[above.covariances + q * QUESTIONS + q];
            assert!((diagonal - twice).abs() <= twice * 1e-6);
        }
        assert_eq!(below.with_total + QUESTIONS, floats.len());
    }

    #[test]
    fn questions_that_vary_too_differently_are_refused() {
        let scores: Vec<i64> = (0..60)
            .map(|i| i * i % 7 * if i % 6 == 0 { 4 << 20 } else { 1 })
            .collect();
        let matrix = matrix(&scores);
        let packing = Packing::new(&matrix, 2).unwrap();
        let excess = Table::new(Products::new(&matrix, &packing).unwrap(), 2, false).unwrap_err();
        assert!(excess.what.contains("deviations"), "{excess:?}");
        // And wide integers where scores are large, but of one size.
        let scores: Vec<i64> = (0..60).map(|i| i * i % 7 * 40_000).collect();
        let matrix = self::matrix(&scores);
        let packing = Packing::new(&matrix, 2).unwrap();
        let table = Table::new(Products::new(&matrix, &packing).unwrap(), 2, false).unwrap();
        assert_eq!(table.width, SumWidth::Wide);
    }
}
