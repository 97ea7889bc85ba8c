//! Exact sums over the users of a stem: of one leaf over the inner ones, and the closed form of all
//! leaves over the outer ones.

use super::super::forms::{self, NOTHING, Users};
use super::super::kernel::SUMS;
use super::super::x86_64::totals_of;
use super::products::Shape;
use super::stem::{ByCode, Stem};
use std::arch::x86_64::*;

impl Stem {
    /// n, A, X, Y of the set of the stem and the lanes `l2` and `l3`, over all of its users, as exact
    /// integers: n, n·Sag − Sa·Sg, n·Saa − Sa², n·Sgg − Sg². `outer` are its n, Sa, Sg, Saa, Sgg, Sag
    /// over the outer users.
    ///
    /// Scores are counted from the lowest, so they are unsigned bytes: below 128, as a prefix's
    /// scores differ by at most 30, and three questions add at most 15 each. A sum is at most 127² a
    /// user, so 2^17 of them fit 32 bits.
    ///
    /// # Safety
    /// AVX-512 F, BW, DQ, VL and VNNI.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(super) unsafe fn exactly(
        &self,
        by_code: &ByCode,
        l2: usize,
        l3: usize,
        outer: [i64; SUMS],
    ) -> [f64; 4] {
        // SAFETY: aligned rows of 64 bytes each, and a table of 16.
        unsafe {
            let score = _mm512_broadcast_i32x4(_mm_loadu_si128(by_code.score.as_ptr().cast()));
            let one = _mm512_set1_epi8(1);
            let mut sums = [_mm512_setzero_si512(); 5];
            let mut n = 0;
            for slab in self.outer..self.slabs {
                let load = |bytes: &[u8; 64]| _mm512_load_si512(bytes.as_ptr().cast());
                let code = |lane: usize| load(&self.codes(lane / 16, slab).0[lane % 16]);
                let (second, third) = (code(l2), code(l3));
                let both =
                    _mm512_test_epi8_mask(second, second) & _mm512_test_epi8_mask(third, third);
                n += i64::from(both.count_ones());
                let last = _mm512_add_epi8(
                    _mm512_shuffle_epi8(score, second),
                    _mm512_shuffle_epi8(score, third),
                );
                let a = _mm512_maskz_add_epi8(both, load(&self.scores[slab].0), last);
                let g = _mm512_maskz_mov_epi8(both, load(&self.fixed[slab][1].0));
                let size = _mm512_abs_epi8(g);
                let [sa, sg, saa, sgg, sag] = &mut sums;
                *sa = _mm512_dpbusd_epi32(*sa, a, one);
                *sg = _mm512_dpbusd_epi32(*sg, one, g);
                *saa = _mm512_dpbusd_epi32(*saa, a, a);
                *sgg = _mm512_dpbusd_epi32(*sgg, size, size);
                *sag = _mm512_dpbusd_epi32(*sag, a, g);
            }
            let [sa, sg, saa, sgg, sag] = totals_of(sums);
            let start = self.start;
            let inner = [
                n,
                sa + start * n,
                sg,
                saa + start * (2 * sa + start * n),
                sgg,
                sag + start * sg,
            ];
            let [n, sa, sg, saa, sgg, sag] = std::array::from_fn(|i| inner[i] + outer[i]);
            [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg].map(|sum| sum as f64)
        }
    }

    /// The six sums of all leaves of the stem over its outer users, modulo 2^64, by what each of them
    /// answered below `l1`.
    ///
    /// # Safety
    /// AVX-512 F, BW and DQ.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq")]
    pub(super) unsafe fn closed_form(
        &self,
        shape: Shape,
        by_code: &ByCode,
        l1: usize,
    ) -> [u64; SUMS] {
        let mut sums = [0; SUMS];
        for slab in 0..self.outer {
            let mut answered = NOTHING;
            for block in 0..self.blocks {
                let codes = &self.codes(block, slab).0[..(l1 - block * 16).min(16)];
                // At most 16 answers, scores up to 15 and squares up to 225.
                let (mut answers, mut scores) = ([0_u8; 64], [0_u8; 64]);
                let mut squares = [0_u16; 64];
                // SAFETY: rows of 64 bytes, tables of 16, and arrays of 64.
                unsafe {
                    let table = |bytes: &[u8; 16]| {
                        _mm512_broadcast_i32x4(_mm_loadu_si128(bytes.as_ptr().cast()))
                    };
                    let (score, square) = (table(&by_code.score), table(&by_code.square));
                    let (one, zero) = (_mm512_set1_epi8(1), _mm512_setzero_si512());
                    let (mut count, mut sum) = (zero, zero);
                    let mut halves = [zero; 2];
                    for row in codes {
                        let code = _mm512_load_si512(row.as_ptr().cast());
                        count = _mm512_add_epi8(count, _mm512_min_epu8(code, one));
                        sum = _mm512_add_epi8(sum, _mm512_shuffle_epi8(score, code));
                        if shape.score_squares {
                            let square = _mm512_shuffle_epi8(square, code);
                            let [low, high] = &mut halves;
                            let part = _mm512_castsi512_si256(square);
                            *low = _mm512_add_epi16(*low, _mm512_cvtepu8_epi16(part));
                            let part = _mm512_extracti64x4_epi64::<1>(square);
                            *high = _mm512_add_epi16(*high, _mm512_cvtepu8_epi16(part));
                        }
                    }
                    _mm512_storeu_si512(answers.as_mut_ptr().cast(), count);
                    _mm512_storeu_si512(scores.as_mut_ptr().cast(), sum);
                    _mm512_storeu_si512(squares.as_mut_ptr().cast(), halves[0]);
                    _mm512_storeu_si512(squares.as_mut_ptr().add(32).cast(), halves[1]);
                }
                for i in 0..64 {
                    answered.d[i] += u64::from(answers[i]);
                    answered.t[i] += u64::from(scores[i]);
                    answered.h[i] += u64::from(squares[i]);
                }
            }
            if !shape.score_squares {
                answered.h = answered.t;
            }
            let (scores, totals) = (&self.scores[slab].0, &self.fixed[slab][1].0);
            let users = Users {
                s: std::array::from_fn(|i| (i64::from(scores[i]) + self.start) as u64),
                g: std::array::from_fn(|i| i64::from(totals[i] as i8) as u64),
            };
            forms::add::<2>(&users, &answered, &mut sums);
        }
        sums
    }
}
