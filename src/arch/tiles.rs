//! Products of byte tiles as data, and what makes them: the matrix unit, or its plain twin.
//!
//! A tile is 16 rows of 64 bytes. The left tile of a product is 16 × 64 bytes; the right one is the matrix
//! of 64 × 16 bytes with four consecutive rows in one row of the tile, interleaved bytewise; the product is
//! 16 × 16 integers of 32 bits.

#[cfg(target_arch = "x86_64")]
use super::amx;
use super::memory::Tile;
use std::marker::PhantomData;

/// One product of a pass: `left` · `right` joins the sum `into`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// Which left tile of a slab, and whether its bytes are signed.
    pub(crate) left: usize,
    pub(crate) signed: bool,
    /// Which right tile of a slab, whose bytes are unsigned.
    pub(crate) right: usize,
    /// Which of the sums.
    pub(crate) into: usize,
}

/// A pass over slabs: products of each, summed up. [`tile_pass`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// The products of a slab.
    products: &'static [Product],
    /// How many tiles they name: left ones, right ones, and sums.
    named: [usize; 3],
    /// The pass by the matrix unit, made of the same table.
    #[cfg(target_arch = "x86_64")]
    by_matrix_unit: unsafe fn(amx::Operands),
}

impl Pass {
    /// The pass of a table of products; only [`tile_pass`] makes one, so that data and instructions agree.
    pub(crate) const fn new(
        products: &'static [Product],
        #[cfg(target_arch = "x86_64")] by_matrix_unit: unsafe fn(amx::Operands),
    ) -> Self {
        let mut named = [0; 3];
        let mut i = 0;
        while i < products.len() {
            let of = [products[i].left, products[i].right, products[i].into];
            let mut kind = 0;
            while kind < 3 {
                if of[kind] >= named[kind] {
                    named[kind] = of[kind] + 1;
                }
                kind += 1;
            }
            i += 1;
        }
        Self {
            products,
            named,
            #[cfg(target_arch = "x86_64")]
            by_matrix_unit,
        }
    }
}

/// What a pass multiplies: tiles for each slab, so many left and right ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slabs<'a> {
    /// How many slabs there are.
    pub(crate) count: usize,
    /// The left tiles, and how many a slab has.
    pub(crate) left: (&'a [Tile], usize),
    /// The right tiles, likewise.
    pub(crate) right: (&'a [Tile], usize),
}

/// The matrix unit while it is set up for a thread, or its plain twin.
#[derive(Debug)]
pub(crate) struct Tiles {
    #[cfg(target_arch = "x86_64")]
    matrix_unit: bool,
    rows: usize,
    /// The set-up is the thread's.
    of_thread: PhantomData<*const ()>,
}

impl Tiles {
    /// The plain twin.
    pub(super) fn plain() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            matrix_unit: false,
            rows: 0,
            of_thread: PhantomData,
        }
    }

    /// The matrix unit, until this is dropped; only one at a time on a thread.
    ///
    /// # Safety
    /// [`has_byte_tiles`](super::isa::has_byte_tiles).
    #[cfg(target_arch = "x86_64")]
    pub(super) unsafe fn of_matrix_unit() -> Self {
        Self {
            matrix_unit: true,
            ..Self::plain()
        }
    }

    /// Has the next passes take the first `rows` rows of left tiles, 1 to 16, and make as many rows of sums. A
    /// product takes as many cycles.
    pub(crate) fn take_rows(&mut self, rows: usize) {
        assert!((1..=16).contains(&rows), "a tile has 16 rows");
        #[cfg(target_arch = "x86_64")]
        if self.matrix_unit && self.rows != rows {
            // SAFETY: available, as the flag says.
            unsafe { amx::configure(rows as u8) };
        }
        self.rows = rows;
    }

    /// Makes the sums of a pass, after [`Self::take_rows`]. They must fit 32 bits.
    ///
    /// # Panics
    /// Where a product names a tile or a sum that is not there, or rows were not taken.
    pub(crate) fn multiply(&self, pass: &Pass, slabs: Slabs<'_>, sums: &mut [Tile]) {
        let Slabs { count, left, right } = slabs;
        let there = |tiles: &[Tile], a_slab: usize| count * a_slab <= tiles.len();
        let [of_left, of_right, of_sums] = pass.named;
        assert!(
            self.rows > 0 && count > 0 && of_sums <= sums.len(),
            "no slab, or no room for the sums"
        );
        assert!(
            of_left <= left.1
                && of_right <= right.1
                && there(left.0, left.1)
                && there(right.0, right.1),
            "a product names a tile that is not there"
        );
        #[cfg(target_arch = "x86_64")]
        if self.matrix_unit {
            let operands = amx::Operands {
                left: left.0.as_ptr(),
                right: right.0.as_ptr(),
                left_step: left.1 * size_of::<Tile>(),
                right_step: right.1 * size_of::<Tile>(),
                slabs: count,
                sums: sums.as_mut_ptr(),
            };
            // SAFETY: set up for this thread by `take_rows`; every tile is there, as just checked.
            unsafe { (pass.by_matrix_unit)(operands) };
            return;
        }
        twin(pass, slabs, self.rows, sums);
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.matrix_unit {
            // SAFETY: available, as the flag says.
            unsafe { amx::release() };
        }
    }
}

/// The plain twin of the matrix unit: the definition of a pass.
fn twin(pass: &Pass, slabs: Slabs<'_>, rows: usize, sums: &mut [Tile]) {
    let mut made = vec![[[0_i32; 16]; 16]; pass.named[2]];
    for slab in 0..slabs.count {
        for product in pass.products {
            let left = &slabs.left.0[slab * slabs.left.1 + product.left];
            let right = &slabs.right.0[slab * slabs.right.1 + product.right];
            for (sums, left) in made[product.into].iter_mut().zip(left).take(rows) {
                let weights = left.0.map(|byte| match product.signed {
                    true => i32::from(byte.cast_signed()),
                    false => i32::from(byte),
                });
                for (four, weights) in right.iter().zip(weights.as_chunks::<4>().0) {
                    for (sum, bytes) in sums.iter_mut().zip(four.0.as_chunks::<4>().0) {
                        for (weight, &byte) in weights.iter().zip(bytes) {
                            *sum += weight * i32::from(byte);
                        }
                    }
                }
            }
        }
    }
    for (tile, made) in sums.iter_mut().zip(made) {
        for (row, made) in tile.iter_mut().zip(made).take(rows) {
            for (bytes, sum) in row.0.as_chunks_mut().0.iter_mut().zip(made) {
                *bytes = sum.to_le_bytes();
            }
        }
    }
}

/// A [`Pass`] from a table: the sums that there are, and for each right tile `LEFT SIGN by REGISTER => SUM`,
/// SIGN being `"s"` for signed left tiles and `"u"` for unsigned ones. The data and the instructions are made
/// of the same table.
///
/// Registers 0 to 7 hold the sums, by their number, the right tile (6), and a left one. Left tiles in turn in
/// several registers load while others are multiplied: a tenth of the time of planes.
macro_rules! tile_pass {
    ($(#[$doc:meta])* $name:ident: [$($sum:literal),*]; $($right:literal: [$($left:literal $sign:literal by $by:literal => $into:literal),*])*) => {
        $(#[$doc])*
        static $name: $crate::arch::Pass = $crate::arch::Pass::new(
            const { &[$($($crate::arch::Product {
                left: $left,
                signed: $sign.as_bytes()[0] == b's',
                right: $right,
                into: $into,
            }),*),*] },
            #[cfg(target_arch = "x86_64")]
            {
                /// The pass by the matrix unit.
                ///
                /// # Safety
                /// `Tiles::take_rows` on this thread; every tile of the operands is there.
                unsafe fn by_matrix_unit(operands: $crate::arch::Operands) {
                    // SAFETY: by this function's contract the unit is set up, every address is inside the
                    // tiles, and at least one step is made; the compiler never uses tile registers itself.
                    unsafe {
                        std::arch::asm!(
                            $(concat!("tilezero tmm", $sum),)*
                            "2:",
                            $(
                                concat!("tileloadd tmm6, [{b} + {row}*1 + 1024*", $right, "]"),
                                $(
                                    concat!("tileloadd tmm", $by, ", [{a} + {row}*1 + 1024*", $left, "]"),
                                    concat!("tdpb", $sign, "ud tmm", $into, ", tmm", $by, ", tmm6"),
                                )*
                            )*
                            "add {a}, {a_step}",
                            "add {b}, {b_step}",
                            "dec {left}",
                            "jnz 2b",
                            $(concat!("tilestored [{out} + {row}*1 + 1024*", $sum, "], tmm", $sum),)*
                            a = inout(reg) operands.left => _,
                            b = inout(reg) operands.right => _,
                            a_step = in(reg) operands.left_step,
                            b_step = in(reg) operands.right_step,
                            left = inout(reg) operands.slabs => _,
                            out = in(reg) operands.sums,
                            row = in(reg) 64_usize,
                            options(nostack)
                        )
                    }
                }
                by_matrix_unit
            },
        );
    };
}
pub(crate) use tile_pass;

#[cfg(test)]
mod tests {
    use super::super::memory::Bytes;
    use super::*;

    tile_pass! {
        /// Each kind of product: signed and not, several into one sum, several right tiles.
        SAMPLE: [0, 1, 2];
        1: [0 "u" by 7 => 0, 2 "s" by 5 => 1]
        0: [1 "s" by 7 => 0, 0 "u" by 4 => 2]
    }

    /// The sums of [`SAMPLE`] over `count` slabs of pseudorandom tiles, `rows` rows, and what they were made
    /// of. A slab has a tile more than the pass names, on each side.
    fn made(mut tiles: Tiles, count: usize, rows: usize) -> ([Tile; 3], Vec<Tile>, Vec<Tile>) {
        let mut state = 1_u64;
        let mut some = |count: usize| -> Vec<Tile> {
            let mut byte = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            };
            let mut tile = |_| [(); 16].map(|()| Bytes([(); 64].map(|()| byte())));
            (0..count).map(&mut tile).collect()
        };
        let (left, right) = (some(4 * count), some(3 * count));
        let mut sums = [[Bytes([7; 64]); 16]; 3];
        tiles.take_rows(16);
        tiles.take_rows(rows);
        let slabs = Slabs {
            count,
            left: (&left, 4),
            right: (&right, 3),
        };
        tiles.multiply(&SAMPLE, slabs, &mut sums);
        (sums, left, right)
    }

    #[test]
    fn the_twin_follows_the_definition() {
        let (sums, left, right) = made(Tiles::plain(), 3, 11);
        let dot = |l: usize, signed: bool, r: usize, row: usize, column: usize| -> i32 {
            let of = |slab: usize, user: usize| {
                let a = left[slab * 4 + l][row].0[user];
                let b = right[slab * 3 + r][user / 4].0[4 * column + user % 4];
                let a = if signed {
                    i32::from(a as i8)
                } else {
                    i32::from(a)
                };
                a * i32::from(b)
            };
            (0..3 * 64).map(|i| of(i / 64, i % 64)).sum()
        };
        for row in 0..16 {
            for column in 0..16 {
                let seen = sums.map(|tile| {
                    let bytes = &tile[row].0[4 * column..];
                    i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
                });
                let dot = |l, signed, r| dot(l, signed, r, row, column);
                let want = [
                    dot(0, false, 1) + dot(1, true, 0),
                    dot(2, true, 1),
                    dot(0, false, 0),
                ];
                let untouched = [i32::from_le_bytes([7; 4]); 3];
                assert_eq!(seen, if row < 11 { want } else { untouched });
            }
        }
    }

    /// The matrix unit makes the same bytes as its twin.
    #[cfg(target_arch = "x86_64")]
    #[cfg_attr(not(level_amx), ignore = "this machine has no AMX")]
    #[test]
    fn the_matrix_unit_is_its_twin() {
        assert!(super::super::isa::has_byte_tiles());
        for count in [1, 2, 5] {
            for rows in [1, 11, 16] {
                // SAFETY: available.
                let (unit, ..) = made(unsafe { Tiles::of_matrix_unit() }, count, rows);
                let (twin, ..) = made(Tiles::plain(), count, rows);
                assert_eq!(unit, twin, "{count} slabs, {rows} rows");
            }
        }
    }
}
