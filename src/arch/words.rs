//! Integers of 16 and 32 bits: what a level computes masked sums with, and its plain form.

/// Vectors of 32 integers of 16 bits, and of 16 of 32 bits; part of a [`ByteLevel`](super::ByteLevel).
pub(crate) trait Words: Copy {
    /// 32 integers of 16 bits.
    type W: Copy;
    /// 16 integers of 32 bits.
    type I: Copy;

    /// The two halves of `twice`, 16 times.
    fn words(self, twice: u32) -> Self::W;
    /// a + b where `mask`, else a; wrapping.
    fn more_where(self, mask: u32, a: Self::W, b: Self::W) -> Self::W;
    /// a + b, wrapping.
    fn more(self, a: Self::W, b: Self::W) -> Self::W;
    /// a − b, wrapping.
    fn fewer(self, a: Self::W, b: Self::W) -> Self::W;
    /// The bits of both.
    fn common(self, a: Self::W, b: Self::W) -> Self::W;
    /// w / 2^by, rounded down; `by` below 16 in every lane.
    fn lower(self, w: Self::W, by: Self::W) -> Self::W;
    /// w where `mask`, else 0.
    fn only(self, mask: u32, w: Self::W) -> Self::W;
    /// The sums of two neighbours each.
    fn neighbours(self, w: Self::W) -> Self::I;
    /// The first 16 and the last, in 32 bits.
    fn halves(self, w: Self::W) -> [Self::I; 2];

    /// Writes `from` + the place of each bit of `mask` to `to`, which holds 64 more, and perhaps others behind
    /// them; says how many there are.
    fn list(self, mask: u64, from: u16, to: &mut [u16; 64]) -> usize;
}

/// The token of plain arrays, which are there on every processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

/// Two equal words.
pub(crate) fn twice(word: u16) -> u32 {
    u32::from(word) * 0x1_0001
}

impl Words for Plain {
    type W = [u16; 32];
    type I = [i32; 16];

    fn words(self, twice: u32) -> [u16; 32] {
        std::array::from_fn(|i| (twice >> (i % 2 * 16)) as u16)
    }
    fn more_where(self, mask: u32, a: [u16; 32], b: [u16; 32]) -> [u16; 32] {
        self.more(a, self.only(mask, b))
    }
    fn more(self, a: [u16; 32], b: [u16; 32]) -> [u16; 32] {
        std::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }
    fn fewer(self, a: [u16; 32], b: [u16; 32]) -> [u16; 32] {
        std::array::from_fn(|i| a[i].wrapping_sub(b[i]))
    }
    fn common(self, a: [u16; 32], b: [u16; 32]) -> [u16; 32] {
        std::array::from_fn(|i| a[i] & b[i])
    }
    fn lower(self, w: [u16; 32], by: [u16; 32]) -> [u16; 32] {
        std::array::from_fn(|i| (w[i].cast_signed() >> by[i]).cast_unsigned())
    }
    fn only(self, mask: u32, w: [u16; 32]) -> [u16; 32] {
        std::array::from_fn(|i| if mask >> i & 1 != 0 { w[i] } else { 0 })
    }
    fn neighbours(self, w: [u16; 32]) -> [i32; 16] {
        std::array::from_fn(|i| [w[2 * i], w[2 * i + 1]].map(signed).iter().sum())
    }
    fn halves(self, w: [u16; 32]) -> [[i32; 16]; 2] {
        [0, 16].map(|from| std::array::from_fn(|i| signed(w[from + i])))
    }
    fn list(self, mask: u64, from: u16, to: &mut [u16; 64]) -> usize {
        let places = (0..64).filter(|place| mask >> place & 1 != 0);
        to.iter_mut()
            .zip(places)
            .map(|(to, place)| *to = from + place)
            .count()
    }
}

/// A word as a signed integer.
fn signed(word: u16) -> i32 {
    word.cast_signed().into()
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::super::bytes_x86_64::Wide;
    use super::Words;
    use std::arch::x86_64::*;

    /// Methods that are one instruction each.
    macro_rules! one {
        ($($name:ident($($of:ident: $type:ty),*) -> $out:ty = $value:expr;)*) => {
            $(
                #[inline(always)]
                fn $name(self $(, $of: $type)*) -> $out {
                    // SAFETY: the token proves the instructions.
                    unsafe { $value }
                }
            )*
        };
    }

    impl Words for Wide {
        type W = __m512i;
        type I = __m512i;

        one! {
            words(twice: u32) -> __m512i = _mm512_set1_epi32(twice.cast_signed());
            more_where(mask: u32, a: __m512i, b: __m512i) -> __m512i = _mm512_mask_add_epi16(a, mask, a, b);
            more(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi16(a, b);
            fewer(a: __m512i, b: __m512i) -> __m512i = _mm512_sub_epi16(a, b);
            common(a: __m512i, b: __m512i) -> __m512i = _mm512_and_si512(a, b);
            lower(w: __m512i, by: __m512i) -> __m512i = _mm512_srav_epi16(w, by);
            only(mask: u32, w: __m512i) -> __m512i = _mm512_maskz_mov_epi16(mask, w);
            neighbours(w: __m512i) -> __m512i = _mm512_madd_epi16(w, _mm512_set1_epi16(1));
            halves(w: __m512i) -> [__m512i; 2] = [
                _mm512_cvtepi16_epi32(_mm512_castsi512_si256(w)),
                _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64::<1>(w)),
            ];
        }

        #[inline(always)]
        fn list(self, mask: u64, from: u16, to: &mut [u16; 64]) -> usize {
            const PLACES: [u8; 64] = {
                let mut places = [0; 64];
                let mut i = 0;
                while i < 64 {
                    places[i] = i as u8;
                    i += 1;
                }
                places
            };
            let count = mask.count_ones() as usize;
            // SAFETY: the token proves the instructions; 64 bytes to read, and room for 64 words.
            unsafe {
                let places = _mm512_loadu_si512(PLACES.as_ptr().cast());
                let listed = _mm512_maskz_compress_epi8(mask, places);
                let from = _mm512_set1_epi16(from.cast_signed());
                let store = |to: *mut u16, places| {
                    let words = _mm512_add_epi16(_mm512_cvtepu8_epi16(places), from);
                    _mm512_storeu_si512(to.cast(), words);
                };
                store(to.as_mut_ptr(), _mm512_castsi512_si256(listed));
                if count > 32 {
                    let others = _mm512_extracti64x4_epi64::<1>(listed);
                    store(to[32..].as_mut_ptr(), others);
                }
            }
            count
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ByteKernel, ByteLevel, Isa, run_bytes};

    /// What every operation gives, lane by lane.
    struct Sample;

    impl ByteKernel for Sample {
        type Out = (Vec<[[i32; 16]; 2]>, Vec<[i32; 16]>, Vec<Vec<u16>>);
        fn run<L: ByteLevel>(self, l: L) -> Self::Out {
            let (mask, other) = (0x8000_f135, 0x7fff_0001);
            // Lanes that differ, and some that wrap.
            let a = l.more_where(mask, l.words(0x7fff_8003), l.words(0x0123_4567));
            let b = l.more_where(other, l.words(0xfff0_0011), l.words(0x7abc_1234));
            let made = [
                a,
                b,
                l.more(a, b),
                l.fewer(a, b),
                l.common(a, b),
                l.lower(b, l.words(0x0003_0007)),
                l.only(other, a),
            ];
            let listed = [0, 1 << 63, mask.into(), 0x00ff_00ff_00ff_00ff, u64::MAX];
            let listed = listed.map(|mask| {
                let mut to = [9; 64];
                let count = l.list(mask, 640, &mut to);
                to[..count].to_vec()
            });
            (
                made.map(|w| l.halves(w).map(|half| l.lanes(half))).to_vec(),
                made.map(|w| l.lanes(l.neighbours(w))).to_vec(),
                listed.to_vec(),
            )
        }
    }

    #[test]
    fn every_level_computes_the_same_words() {
        let want = run_bytes(Isa::Portable, Sample);
        assert_eq!(want.2[1], [703]);
        assert_eq!(want.2[4].len(), 64);
        for isa in Isa::available() {
            assert_eq!(run_bytes(isa, Sample), want, "{}", isa.name());
        }
    }
}
