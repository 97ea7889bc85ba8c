//! 64 users a vector, a byte or a bit each: what a level computes byte encodings with, and its plain form.

use super::floats::{Floats, plain_floats};
use super::memory::{Bytes, Shift, TwoRows};
use super::tiles::Tiles;
use super::words::{Plain, Words};

/// A level of instructions for bytes, as a token: see [`Level`](super::level::Level). Its floats are as many as its
/// integers.
pub(crate) trait ByteLevel: Floats<f32> + Words {
    /// 64 bytes.
    type B: Copy;

    /// The bytes in memory.
    fn bytes(self, from: &Bytes) -> Self::B;
    /// Up to 64 bytes; 0 behind them.
    fn first_bytes(self, from: &[u8]) -> Self::B;
    /// Writes the bytes.
    fn put(self, b: Self::B, to: &mut Bytes);
    /// Writes the first, as many as `to` holds, up to 64.
    fn put_first(self, b: Self::B, to: &mut [u8]);
    /// `byte` 64 times.
    fn every_byte(self, byte: u8) -> Self::B;
    /// `b` where `mask`, else 0.
    fn keep(self, mask: u64, b: Self::B) -> Self::B;
    /// `yes` where `mask`, else `no`.
    fn pick(self, mask: u64, yes: Self::B, no: Self::B) -> Self::B;
    /// a + b, wrapping.
    fn add(self, a: Self::B, b: Self::B) -> Self::B;
    /// The larger, unsigned.
    fn larger(self, a: Self::B, b: Self::B) -> Self::B;
    /// |b| of signed bytes.
    fn size(self, b: Self::B) -> Self::B;
    /// Which are not 0.
    fn given(self, b: Self::B) -> u64;
    /// Which are `byte`.
    fn equal(self, b: Self::B, byte: u8) -> u64;
    /// Which are above `byte`, unsigned.
    fn above(self, b: Self::B, byte: u8) -> u64;
    /// The entry of each byte, which must be below 16.
    fn look_up(self, table: &[u8; 16], b: Self::B) -> Self::B;
    /// The sum of unsigned bytes.
    fn sum(self, b: Self::B) -> u64;

    /// The integers in memory, little endian.
    fn integers(self, from: &Bytes) -> Self::I;
    /// The integers, lane by lane.
    fn lanes(self, i: Self::I) -> [i32; 16];
    /// The integer of a lane.
    fn at(self, i: Self::I, lane: usize) -> i64;
    /// `value` in every lane.
    fn every_integer(self, value: i32) -> Self::I;
    /// a + b, wrapping.
    fn sum_of(self, a: Self::I, b: Self::I) -> Self::I;
    /// a − b, wrapping.
    fn difference(self, a: Self::I, b: Self::I) -> Self::I;
    /// The bits of both.
    fn bits_of_both(self, a: Self::I, b: Self::I) -> Self::I;
    /// The larger.
    fn largest_of(self, a: Self::I, b: Self::I) -> Self::I;
    /// i · 2^BY, wrapping.
    fn up<const BY: u32>(self, i: Self::I) -> Self::I;
    /// i / 2^BY, rounded down.
    fn down<const BY: u32>(self, i: Self::I) -> Self::I;
    /// i where `mask`, else 0.
    fn keep_integers(self, mask: u16, i: Self::I) -> Self::I;
    /// `to` + the products of `a`, unsigned, and `b`, signed, four neighbours to a lane.
    fn dot(self, to: Self::I, a: Self::B, b: Self::B) -> Self::I;
    /// The sum of the lanes, which must fit 32 bits.
    fn total(self, i: Self::I) -> i64;
    /// The totals of five vectors, which must fit 32 bits.
    fn totals(self, five: [Self::I; 5]) -> [i64; 5];
    /// These integers as floats; each must be below 2^24 in magnitude.
    fn floats(self, i: Self::I) -> Self::V;

    /// The bits of both rows, moved.
    fn moved(self, rows: &TwoRows, by: &Shift) -> TwoRows;
    /// How many bits each row has.
    fn ones(self, rows: &TwoRows) -> [u64; 2];
    /// The bits of 64 users by place instead of by user: `first` gets those of their first rows, `second`
    /// those of their second ones, 64 places for each of its words.
    fn by_place(self, users: &[&TwoRows; 64], first: &mut [[u64; 64]], second: &mut [[u64; 64]]);
    /// The bits of 16 lanes by fours of users, a word for each four: bit 4·i + u is lane i's for the user u
    /// of these.
    fn by_fours(self, lanes: &[u64; 16]) -> [u64; 16];
    /// Bytes of 16 lanes of 64 users, whose rows start at these places: `fours` gets for each four users a
    /// row, byte 4·i + u being lane i's for the user u of these; `by_lane` for each lane a row, a byte a user.
    fn turn(
        self,
        rows: &[u8],
        starts: &[u32; 64],
        fours: &mut [Bytes; 16],
        by_lane: &mut [Bytes; 16],
    );
    /// Bytes 0 and 2 of the words at these places.
    fn gather(self, from: &[u32], places: &[u32; 64]) -> [Self::B; 2];
    /// Asks for the cache line at `at` to come into the cache.
    fn prefetch<T>(self, at: &T);

    /// The matrix unit, or its plain twin.
    fn tiles(self) -> Tiles;
}

/// Something to compute at whichever level for bytes there is.
pub(crate) trait ByteKernel {
    /// What comes out.
    type Out;
    /// Computes it; `#[inline(always)]`, as a kernel's.
    fn run<L: ByteLevel>(self, level: L) -> Self::Out;
}

plain_floats!(Plain, f32, 16);

/// A bit for each of 64 bytes.
#[inline(always)]
fn mask(of: impl Fn(usize) -> bool) -> u64 {
    (0..64).fold(0, |mask, i| mask | u64::from(of(i)) << i)
}

impl ByteLevel for Plain {
    type B = [u8; 64];

    fn bytes(self, from: &Bytes) -> [u8; 64] {
        from.0
    }
    fn first_bytes(self, from: &[u8]) -> [u8; 64] {
        std::array::from_fn(|i| from.get(i).copied().unwrap_or(0))
    }
    fn put(self, b: [u8; 64], to: &mut Bytes) {
        to.0 = b;
    }
    fn put_first(self, b: [u8; 64], to: &mut [u8]) {
        to.iter_mut().zip(b).for_each(|(to, b)| *to = b);
    }
    fn every_byte(self, byte: u8) -> [u8; 64] {
        [byte; 64]
    }
    fn keep(self, mask: u64, b: [u8; 64]) -> [u8; 64] {
        self.pick(mask, b, [0; 64])
    }
    fn pick(self, mask: u64, yes: [u8; 64], no: [u8; 64]) -> [u8; 64] {
        std::array::from_fn(|i| if mask >> i & 1 != 0 { yes[i] } else { no[i] })
    }
    fn add(self, a: [u8; 64], b: [u8; 64]) -> [u8; 64] {
        std::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }
    fn larger(self, a: [u8; 64], b: [u8; 64]) -> [u8; 64] {
        std::array::from_fn(|i| a[i].max(b[i]))
    }
    fn size(self, b: [u8; 64]) -> [u8; 64] {
        b.map(|b| b.cast_signed().unsigned_abs())
    }
    fn given(self, b: [u8; 64]) -> u64 {
        mask(|i| b[i] != 0)
    }
    fn equal(self, b: [u8; 64], byte: u8) -> u64 {
        mask(|i| b[i] == byte)
    }
    fn above(self, b: [u8; 64], byte: u8) -> u64 {
        mask(|i| b[i] > byte)
    }
    fn look_up(self, table: &[u8; 16], b: [u8; 64]) -> [u8; 64] {
        b.map(|b| table[usize::from(b)])
    }
    fn sum(self, b: [u8; 64]) -> u64 {
        b.into_iter().map(u64::from).sum()
    }

    fn integers(self, from: &Bytes) -> [i32; 16] {
        std::array::from_fn(|i| {
            i32::from_le_bytes(std::array::from_fn(|byte| from.0[4 * i + byte]))
        })
    }
    fn lanes(self, i: [i32; 16]) -> [i32; 16] {
        i
    }
    fn at(self, i: [i32; 16], lane: usize) -> i64 {
        i[lane].into()
    }
    fn every_integer(self, value: i32) -> [i32; 16] {
        [value; 16]
    }
    fn sum_of(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        std::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }
    fn difference(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        std::array::from_fn(|i| a[i].wrapping_sub(b[i]))
    }
    fn bits_of_both(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        std::array::from_fn(|i| a[i] & b[i])
    }
    fn largest_of(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        std::array::from_fn(|i| a[i].max(b[i]))
    }
    fn up<const BY: u32>(self, i: [i32; 16]) -> [i32; 16] {
        i.map(|i| i << BY)
    }
    fn down<const BY: u32>(self, i: [i32; 16]) -> [i32; 16] {
        i.map(|i| i >> BY)
    }
    fn keep_integers(self, mask: u16, i: [i32; 16]) -> [i32; 16] {
        std::array::from_fn(|lane| if mask >> lane & 1 != 0 { i[lane] } else { 0 })
    }
    fn dot(self, to: [i32; 16], a: [u8; 64], b: [u8; 64]) -> [i32; 16] {
        std::array::from_fn(|lane| {
            (4 * lane..4 * lane + 4).fold(to[lane], |sum, i| {
                sum + i32::from(a[i]) * i32::from(b[i].cast_signed())
            })
        })
    }
    fn total(self, i: [i32; 16]) -> i64 {
        i.into_iter().map(i64::from).sum()
    }
    fn totals(self, five: [[i32; 16]; 5]) -> [i64; 5] {
        five.map(|of| self.total(of))
    }
    fn floats(self, i: [i32; 16]) -> [f32; 16] {
        i.map(|i| i as f32)
    }

    fn moved(self, rows: &TwoRows, by: &Shift) -> TwoRows {
        let word = |(index, there): &([u64; 8], u8), i: usize| {
            u64::from(there >> i & 1) * rows.0[index[i] as usize]
        };
        TwoRows(std::array::from_fn(|i| {
            let high = word(&by.high, i).checked_shl(by.left).unwrap_or(0);
            word(&by.low, i) >> by.right | high
        }))
    }
    fn ones(self, rows: &TwoRows) -> [u64; 2] {
        let count = |row: &[u64]| row.iter().map(|word| u64::from(word.count_ones())).sum();
        [count(&rows.0[..4]), count(&rows.0[4..])]
    }
    fn by_place(self, users: &[&TwoRows; 64], first: &mut [[u64; 64]], second: &mut [[u64; 64]]) {
        for (row, places) in [(0, first), (4, second)] {
            for (w, places) in places.iter_mut().enumerate() {
                for (place, bits) in places.iter_mut().enumerate() {
                    *bits = mask(|i| users[i].0[row + w] >> place & 1 != 0);
                }
            }
        }
    }
    fn by_fours(self, lanes: &[u64; 16]) -> [u64; 16] {
        std::array::from_fn(|four| {
            (0..16).fold(0, |word, i| word | (lanes[i] >> (4 * four) & 15) << (4 * i))
        })
    }
    fn turn(
        self,
        rows: &[u8],
        starts: &[u32; 64],
        fours: &mut [Bytes; 16],
        by_lane: &mut [Bytes; 16],
    ) {
        for (i, &start) in starts.iter().enumerate() {
            for (lane, &byte) in rows[start as usize..][..16].iter().enumerate() {
                fours[i / 4].0[4 * lane + i % 4] = byte;
                by_lane[lane].0[i] = byte;
            }
        }
    }
    fn gather(self, from: &[u32], places: &[u32; 64]) -> [[u8; 64]; 2] {
        [0, 16].map(|by| places.map(|place| (from[place as usize] >> by) as u8))
    }
    fn prefetch<T>(self, _: &T) {}

    fn tiles(self) -> Tiles {
        Tiles::plain()
    }
}

#[cfg(test)]
mod tests {
    use super::super::dispatch::run_bytes;
    use super::super::isa::Isa;
    use super::*;

    fn words() -> impl FnMut() -> u64 {
        let mut state = 3_u64;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state ^ state >> 29
        }
    }

    /// Every operation on pseudorandom operands, as text.
    struct Sample;

    impl ByteKernel for Sample {
        type Out = Vec<String>;
        fn run<L: ByteLevel>(self, l: L) -> Vec<String> {
            let mut word = words();
            let mut some = || Bytes([(); 64].map(|()| (word() >> 9) as u8));
            let [a, b, c] = [(); 3].map(|()| some());
            let mut word = words();
            let mask = word();
            let mut told = Vec::new();
            let mut bytes = |name: &str, b: L::B| {
                let mut to = Bytes::ZERO;
                l.put(b, &mut to);
                told.push(format!("{name} {to:?}"));
            };
            let (x, y) = (l.bytes(&a), l.bytes(&b));
            bytes("every", l.every_byte(200));
            bytes("keep", l.keep(mask, x));
            bytes("pick", l.pick(mask, x, y));
            bytes("add", l.add(x, y));
            bytes("larger", l.larger(x, y));
            bytes("size", l.size(x));
            let codes = l.bytes(&Bytes(a.0.map(|a| a & 15)));
            bytes(
                "look up",
                l.look_up(&std::array::from_fn(|i| (i * i) as u8), codes),
            );
            for count in [0, 1, 63, 64] {
                bytes("first", l.first_bytes(&a.0[..count]));
                let mut to = [9; 64];
                l.put_first(y, &mut to[..count]);
                bytes("put first", l.first_bytes(&to));
            }
            let from: Vec<u32> = (0..100).map(|_| word() as u32).collect();
            let places = [(); 64].map(|()| (word() % 100) as u32);
            for gathered in l.gather(&from, &places) {
                bytes("gather", gathered);
            }
            told.push(format!(
                "{:?}",
                (l.given(codes), l.equal(codes, 3), l.above(x, 99), l.sum(x))
            ));
            let (p, q) = (l.integers(&a), l.integers(&c));
            let small = l.down::<9>(q);
            let made = [
                l.every_integer(-5),
                l.sum_of(p, q),
                l.difference(p, q),
                l.bits_of_both(p, q),
                l.largest_of(p, q),
                l.up::<7>(p),
                l.down::<7>(p),
                l.keep_integers(mask as u16, p),
                l.dot(small, x, y),
            ];
            let of = |made| {
                format!(
                    "{:?} {:?}",
                    l.lanes(made),
                    [0, 7, 15].map(|i| l.at(made, i))
                )
            };
            told.extend(made.map(of));
            told.push(format!(
                "{:?}",
                l.totals([small, made[0], small, small, made[0]])
            ));
            told.push(format!("{}", l.total(small)));
            let mut floats = [0.0; 16];
            l.write(l.floats(small), &mut floats);
            told.push(format!("{floats:?}"));
            told
        }
    }

    /// Bits and bytes turned, moved and counted are those of the definition.
    struct Turned;

    impl ByteKernel for Turned {
        type Out = ();
        fn run<L: ByteLevel>(self, l: L) {
            let mut word = words();
            let bit = |row: &[u64], i: isize| {
                (0..256).contains(&i) && row[i as usize / 64] >> (i % 64) & 1 != 0
            };
            let users = [(); 64].map(|()| TwoRows([(); 8].map(|()| word())));
            for words in 0..=4 {
                let mut places = [[[0; 64]; 4]; 2];
                let [first, second] = &mut places;
                l.by_place(&users.each_ref(), &mut first[..words], &mut second[..words]);
                for (row, places) in places.iter().enumerate() {
                    for place in 0..64 * words {
                        let of = |i: usize| bit(&users[i].0[4 * row..], place as isize);
                        assert_eq!(places[place / 64][place % 64], mask(of), "{words} {place}");
                    }
                }
            }
            for by in [
                -256, -255, -200, -64, -63, -1, 0, 1, 63, 64, 65, 128, 200, 256,
            ] {
                let moved = l.moved(&users[0], &Shift::new(by));
                for row in [0, 4] {
                    for i in 0..256 {
                        let want = bit(&users[0].0[row..row + 4], i + by);
                        assert_eq!(bit(&moved.0[row..], i), want, "{by} {i}");
                    }
                }
                let ones = |row: &[u64]| row.iter().map(|w| u64::from(w.count_ones())).sum::<u64>();
                assert_eq!(l.ones(&moved), [ones(&moved.0[..4]), ones(&moved.0[4..])]);
            }
            let lanes = [(); 16].map(|()| word());
            for (four, bits) in l.by_fours(&lanes).into_iter().enumerate() {
                for (i, lane) in lanes.iter().enumerate() {
                    assert_eq!(bits >> (4 * i) & 15, lane >> (4 * four) & 15, "{four} {i}");
                }
            }
            let rows: Vec<u8> = (0..1000).map(|_| word() as u8).collect();
            let mut starts = [(); 64].map(|()| (word() % 985) as u32);
            starts[7] = 1000 - 16;
            let (mut fours, mut by_lane) = ([Bytes::ZERO; 16], [Bytes::ZERO; 16]);
            l.turn(&rows, &starts, &mut fours, &mut by_lane);
            for (user, start) in starts.into_iter().enumerate() {
                for (lane, byte) in rows[start as usize..][..16].iter().enumerate() {
                    assert_eq!(by_lane[lane].0[user], *byte);
                    assert_eq!(fours[user / 4].0[4 * lane + user % 4], *byte);
                }
            }
        }
    }

    #[test]
    fn plain_bits_and_bytes_are_those_of_the_definition() {
        run_bytes(Isa::Portable, Turned);
    }

    #[cfg_attr(not(level_bytes), ignore = "this machine has no AVX-512 for bytes")]
    #[test]
    fn vectors_of_bytes_compute_what_plain_ones_do() {
        assert!(super::super::isa::has_byte_vectors());
        run_bytes(Isa::Avx512, Turned);
        let want = run_bytes(Isa::Portable, Sample);
        for (seen, want) in run_bytes(Isa::Avx512, Sample).into_iter().zip(want) {
            assert_eq!(seen, want);
        }
    }
}
