//! Bars, sums of leaves, exact sums and the closed form of a stem against the definition: each encoding, at
//! each level.

use super::super::kernel::SUMS;
use super::base::{Base, g_of, user};
use super::codes::Codes;
use super::encoding::{Bounds, Encoding, Sums};
use super::planes::Planes;
use super::stem::Stem;
use crate::arch::{ByteKernel, ByteLevel, EMPTY, Isa, run_bytes};

pub(in super::super) const USERS: usize = 700;
pub(in super::super) const L1: usize = 37;

/// Lowest lanes of a pair: any, in the middle of a strip, and where one starts.
pub(in super::super) const SECONDS: [usize; 3] = [0, 21, 32];

/// What a user answered of 40 lanes.
pub(in super::super) type Answered = [Option<u8>; 40];

/// An encoding filled in by hand.
pub(in super::super) trait OfAnswers: Encoding {
    /// The encoding of these users' answers.
    fn of(answers: &[Answered]) -> Self;
}

/// Users by |g| descending, the first of them far out; one in `rarely` answered a lane, each score in
/// 0 ..= `range` as often.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Case {
    pub(in super::super) outermost: i16,
    pub(in super::super) rarely: u64,
    pub(in super::super) range: u8,
    /// Whether squares are capped or wide, whether products are wide, and any sums packed.
    pub(in super::super) want: [bool; 4],
}

pub(in super::super) fn drawn(case: Case) -> (Vec<u32>, Vec<Answered>) {
    let mut state = 5_u64;
    let mut below = |limit: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % limit
    };
    let (mut users, mut answers) = (Vec::new(), Vec::new());
    for i in 0..USERS as i16 {
        let size = if i < 6 {
            case.outermost - i
        } else {
            15 - i / 50
        };
        let g = if below(2) == 0 { size } else { -size };
        users.push(user(below(3) as u16, g));
        let mut answer = || (below(case.rarely) == 0).then(|| below(u64::from(case.range) + 1));
        answers.push([(); 40].map(|()| answer().map(|x| x as u8)));
    }
    users.push(0);
    (users, answers)
}

/// Bars, sums of leaves, exact sums and the closed form of a stem against the definition.
struct Agree<E>(Base<E>, Vec<Answered>);

impl<E: OfAnswers> ByteKernel for Agree<E> {
    type Out = [bool; 4];
    fn run<L: ByteLevel>(self, level: L) -> [bool; 4] {
        let Self(mut base, answers) = self;
        base.answers.complete(level);
        let mut stem = Stem::default();
        assert!(stem.reset(level, &base, L1));
        let of_stem = |i: &usize| answers[*i][L1].is_some();
        let users: Vec<usize> = (0..USERS).filter(of_stem).collect();
        let (outer, inner) = users.split_at(stem.outline.outer * 64);
        let square = |i: usize| g_of(base.users[i]).pow(2);
        let counted = |i: usize| match stem.capped {
            0 => square(i),
            _ => square(i).min(255),
        };
        // n, Sa, Sg, Saa, Sgg, Sag of some users on a leaf, with this g².
        let six = |of: &[usize], l2: usize, l3: usize, gg: &dyn Fn(usize) -> i64| {
            let mut sums = [0_i64; SUMS];
            for &i in of {
                let xs = [L1, l2, l3].map(|lane| answers[i][lane].map(i64::from));
                let [Some(x1), Some(x2), Some(x3)] = xs else {
                    continue;
                };
                let a = i64::from(base.users[i] & 0xffff) + x1 + x2 + x3 - stem.centre;
                let g = g_of(base.users[i]);
                assert!(a.abs().max(g.abs()) as f64 <= stem.reach || !outer.contains(&i));
                let values = [1, a, g, a * a, gg(i), a * g];
                sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
            }
            sums
        };
        let mut weights = vec![EMPTY; stem.outline.outer * stem.shape.weights];
        let mut sums = Sums {
            shape: stem.shape,
            ..Sums::default()
        };
        let mut tiles = level.tiles();
        let (mut packed, mut totals, mut sets) = (false, [0_i64; SUMS], 0);
        for strip in 0..stem.outline.strips {
            let counts = stem.counts(level, strip);
            let pairs = (L1 - strip * 16).min(16);
            for (row, (common, left_out)) in counts.into_iter().enumerate().take(pairs) {
                let l2 = strip * 16 + row;
                let both = |i: &&usize| answers[**i][l2].is_some();
                assert_eq!(common, outer.iter().filter(both).count() as u64);
                let of_inner: i64 = inner.iter().filter(both).map(|&i| square(i)).sum();
                let users = inner.iter().filter(both).count();
                assert_eq!(left_out, (users, of_inner as f64), "{l2}");
            }
            stem.left(level, &base, strip, &mut weights);
            tiles.take_rows(pairs);
            let bounds = Bounds {
                pairs,
                few: counts.iter().all(|&(users, _)| users < 128),
                most: stem.most,
            };
            for other in 0..=strip {
                let slabs = stem.operands(&base, &weights, other);
                E::multiply(level, &tiles, slabs, bounds, &mut sums);
                packed |= !sums.unpacked;
                for row in 0..pairs {
                    let made = E::of_row(level, &sums, row);
                    let l2 = strip * 16 + row;
                    for l3 in (0..l2).filter(|l3| l3 / 16 == other) {
                        let seen = made.map(|sum| i64::from(level.lanes(sum)[l3 % 16]));
                        assert_eq!(seen, six(outer, l2, l3, &counted), "{l2} {l3}");
                        if l2 >= base.second {
                            totals = std::array::from_fn(|i| totals[i] + seen[i]);
                            sets += 1;
                        }
                        let [n, sa, sg, saa, sgg, sag] = six(&users, l2, l3, &square);
                        let want = [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg];
                        let all = stem.exactly(level, &base, [l2, l3], Some(seen));
                        assert_eq!(all, want.map(|sum| sum as f64), "{l2} {l3}");
                    }
                }
            }
        }
        let totals = totals.map(i64::cast_unsigned);
        assert_eq!(stem.closed_form(level, &base), totals);
        assert_eq!(base.sets(L1), sets);
        let shape = stem.shape;
        [
            stem.capped > 0,
            shape.wide_squares,
            shape.wide_products,
            packed,
        ]
    }
}

fn hold<E: OfAnswers>(isa: Isa, cases: &[Case]) {
    for (&case, second) in cases.iter().flat_map(|case| SECONDS.map(|s| (case, s))) {
        let (users, answers) = drawn(case);
        let base = Base {
            share: 0.6,
            mean: f64::from(case.range) / 2.0,
            range: case.range.into(),
            second,
            users,
            answers: E::of(&answers),
        };
        let agreed = run_bytes(isa, Agree(base, answers));
        assert_eq!(agreed, case.want, "{case:?} {second}");
    }
}

fn agree(isa: Isa) {
    let case = |outermost, rarely, range, want| Case {
        outermost,
        rarely,
        range,
        want,
    };
    hold::<Planes>(
        isa,
        &[
            case(15, 2, 1, [false, false, false, false]),
            case(15, 4, 1, [false, false, false, true]),
            case(20, 2, 1, [true, false, false, false]),
            case(22, 3, 1, [true, false, false, true]),
            case(40, 2, 1, [false, true, true, false]),
            case(120, 3, 1, [false, true, true, true]),
        ],
    );
    // Sums of codes are never unpacked.
    hold::<Codes>(
        isa,
        &[
            case(15, 2, 1, [false, false, false, true]),
            case(40, 2, 1, [false, true, false, true]),
            case(120, 3, 1, [false, true, true, true]),
            case(15, 2, 3, [false, false, false, true]),
            case(22, 3, 3, [true, false, false, true]),
            case(40, 2, 3, [false, true, true, true]),
            case(127, 2, 9, [false, true, true, true]),
        ],
    );
}

#[test]
fn stems_follow_the_definition_plain() {
    agree(Isa::Portable);
}

#[cfg_attr(not(level_bytes), ignore = "this machine has no AVX-512 for bytes")]
#[test]
fn stems_follow_the_definition_in_vectors() {
    agree(Isa::Avx512);
}

#[cfg_attr(not(level_amx), ignore = "this machine has no AMX")]
#[test]
fn stems_follow_the_definition_by_the_matrix_unit() {
    agree(Isa::Amx);
}
