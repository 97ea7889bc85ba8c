//! Masked sums of a stem against the definition, at each level: what is discarded, what is added up, and faults.

use super::super::bytes::base::{Base, g_of};
use super::super::bytes::tests::{Answered, Case, L1, OfAnswers, SECONDS, USERS, drawn};
use super::super::kernel::{Bar, SUMS};
use super::leaves::Sums;
use super::order::{AT_ONCE, Stem};
use super::*;
use crate::arch::Isa;
use crate::stats::Need;

/// n, Sa, Sg, Saa, Sgg, Sag of some users on a set of lanes, with this g².
fn six(
    base: &Base<Planes>,
    answers: &[Answered],
    of: &[usize],
    lanes: [usize; 3],
    square: &dyn Fn(i64) -> i64,
) -> [i64; SUMS] {
    let mut sums = [0; SUMS];
    for &i in of {
        let [Some(x1), Some(x2), Some(x3)] = lanes.map(|lane| answers[i][lane].map(i64::from))
        else {
            continue;
        };
        let a = i64::from(base.users[i] & 0xffff) + x1 + x2 + x3;
        let g = g_of(base.users[i]);
        let values = [1, a, g, a * a, square(g), a * g];
        sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
    }
    sums
}

/// Judges every leaf of the stem and returns how many of these were kept and discarded, and by how much the sums
/// added up differ from the definition's.
struct Judge<'a> {
    base: Base<Planes>,
    answers: &'a [Answered],
    floor: f64,
    /// Takes some outer user's first answered bits away.
    fault: bool,
}

impl ByteKernel for Judge<'_> {
    type Out = ([u64; 2], [u64; SUMS], u32);
    fn run<L: ByteLevel>(self, level: L) -> Self::Out {
        let Self {
            mut base,
            answers,
            floor,
            fault,
        } = self;
        use super::super::bytes::encoding::Encoding;
        base.answers.complete(level);
        let mut stem = Stem::default();
        assert!(stem.reset(level, &base, L1));
        let fields = stem.fields();
        if fault {
            stem.rows[0][1][0][0] ^= 0xffff;
        }
        let all: Vec<usize> = (0..USERS).filter(|&i| answers[i][L1].is_some()).collect();
        let outer = stem.weights.len();
        let lowest = stem.of_all.centre;
        let mut sums = Sums::new(level, &stem);
        let (mut counts, mut want) = ([0; 2], [0_i64; SUMS]);
        for l2 in base.second.max(1)..L1 {
            let users = stem.list(level, l2);
            let (_, left_out) = stem.of_all.left_out(level, l2);
            let bar = Bar::<f32>::new(Need::exact(floor), users as u64, left_out, stem.reach);
            for from in (0..l2).step_by(32 * AT_ONCE) {
                let kept = sums.judge(level, &stem, from, l2, &bar);
                for l3 in from..l2.min(from + 32 * AT_ONCE) {
                    let is_kept = kept[(l3 - from) / 32] >> (l3 % 32) & 1 != 0;
                    counts[usize::from(is_kept)] += 1;
                    let lanes = [L1, l2, l3];
                    let [n, sa, sg, saa, sgg, sag] = six(&base, answers, &all, lanes, &|g| g * g);
                    let (c, x, y) = (n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg);
                    let exact = [n, c, x, y].map(|sum| sum as f64);
                    assert_eq!(stem.of_all.exactly(level, &base, [l2, l3], None), exact);
                    let reaches = c > 0 && (c * c) as f64 >= floor * floor * (x * y) as f64;
                    assert!(fault || is_kept || !reaches, "{lanes:?} is lost");
                    let unit = 1_i64 << fields.unit;
                    let counted = |g: i64| g * g / unit * unit;
                    let of = six(&base, answers, &all[..outer], lanes, &counted);
                    // Scores from the stem's lowest.
                    let [n, sa, sg, saa, sgg, sag] = of;
                    let shifted = [
                        n,
                        sa - lowest * n,
                        sg,
                        saa - 2 * lowest * sa + lowest * lowest * n,
                        sgg,
                        sag - lowest * sg,
                    ];
                    want = std::array::from_fn(|i| want[i] + shifted[i]);
                }
            }
        }
        let closed_form = stem.of_all.closed_form(level, &base);
        assert_eq!(closed_form, want.map(i64::cast_unsigned));
        let totals = sums.totals(level);
        let mut less = std::array::from_fn(|i| totals[i].wrapping_sub(closed_form[i]));
        less[2] &= fields.largest_sum();
        less[5] &= fields.largest_sum();
        (counts, less, fields.unit)
    }
}

fn agree(isa: Isa) {
    // How far out users are, how rare answers, the floor; whether squares lose bits.
    let cases = [
        (15, 2, 0.3, false),
        (15, 4, 0.6, false),
        (22, 3, 0.5, false),
        (40, 2, 0.3, true),
        (127, 3, 0.3, true),
    ];
    let mut discarded = 0;
    for (outermost, rarely, floor, loses) in cases {
        let case = Case {
            outermost,
            rarely,
            range: 1,
            want: [false; 4],
        };
        let (users, answers) = drawn(case);
        let judged = |share: f64, second: usize, fault: bool| {
            let base = Base {
                share,
                mean: 0.5,
                range: 1,
                second,
                users: users.clone(),
                answers: Planes::of(&answers),
            };
            let judge = Judge {
                base,
                answers: &answers,
                floor,
                fault,
            };
            run_bytes(isa, judge)
        };
        for (share, second) in [0.01, 0.6, 1.0]
            .into_iter()
            .flat_map(|s| SECONDS.map(|l| (s, l)))
        {
            let (counts, less, unit) = judged(share, second, false);
            assert_eq!(less, [0; SUMS], "{case:?} {share} {second}");
            // With all users outer, those of a pair are most.
            assert!(unit > 0 || !loses || share < 1.0, "{case:?} {share}");
            discarded += counts[0];
        }
        let (_, less, _) = judged(1.0, 0, true);
        assert_ne!(less, [0; SUMS], "{case:?}: bits of a user are lost");
    }
    // Leaves of many users leave the fields and are kept, so not every case discards.
    assert!(discarded > 0, "nothing is discarded");
}

#[test]
fn masked_sums_follow_the_definition_plain() {
    agree(Isa::Portable);
}

#[cfg_attr(not(level_bytes), ignore = "this machine has no AVX-512 for bytes")]
#[test]
fn masked_sums_follow_the_definition_in_vectors() {
    agree(Isa::Avx512);
}
