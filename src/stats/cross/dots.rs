//! Products of byte columns over some users, four columns by five at a time.
//!
//! A column is lines of 64 bytes, one a user, each a signed number. `vpdpbusd` adds four products of an
//! unsigned and a signed byte, so the left ones are taken 128 too high, and 128 times the sum of the right
//! ones is what is too much.

use crate::arch::{ByteKernel, ByteLevel, Bytes, Isa, Kernel, Level, run, run_bytes};

/// Columns on the left and on the right.
pub(super) const LEFT: usize = 4;
pub(super) const RIGHT: usize = 5;

/// Lines that may be summed at once: 255 · 128 · 64 · 1024 < 2^31.
pub(super) const MOST_LINES: usize = 1024;

/// Columns of the same number of lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dots<'a> {
    pub(super) left: [&'a [Bytes]; LEFT],
    pub(super) right: [&'a [Bytes]; RIGHT],
}

/// Σ (left_i + 128) · right_j at \[i\]\[j\].
pub(super) type Products = [[i64; RIGHT]; LEFT];

impl Dots<'_> {
    /// All products; `vectors` is whether there are vectors of bytes at this level.
    #[inline(always)]
    pub(super) fn products(self, isa: Isa, vectors: bool) -> Products {
        if vectors {
            run_bytes(isa, self)
        } else {
            run(isa, self)
        }
    }
}

impl ByteKernel for Dots<'_> {
    type Out = Products;

    #[inline(always)]
    fn run<L: ByteLevel>(self, l: L) -> Products {
        let high = l.every_byte(128);
        let mut sums = [[l.every_integer(0); RIGHT]; LEFT];
        // Loops, not closures, which would be compiled for no level.
        for line in 0..self.left[0].len() {
            let mut right = [high; RIGHT];
            for (bytes, column) in right.iter_mut().zip(self.right) {
                *bytes = l.bytes(&column[line]);
            }
            for (sums, column) in sums.iter_mut().zip(self.left) {
                let left = l.add(l.bytes(&column[line]), high);
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = l.dot(*sum, left, right);
                }
            }
        }
        let mut products = Products::default();
        for (products, sums) in products.iter_mut().zip(sums) {
            *products = l.totals(sums);
        }
        products
    }
}

/// The plain loops, as the compiler makes vectors of them.
impl Kernel for Dots<'_> {
    type Out = Products;

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> Products {
        let mut products = Products::default();
        for (products, left) in products.iter_mut().zip(self.left) {
            for (product, right) in products.iter_mut().zip(self.right) {
                let mut sum = 0;
                for (left, right) in left.iter().zip(right) {
                    for (&left, &right) in left.0.iter().zip(&right.0) {
                        sum += i32::from(i16::from(left ^ 128) * i16::from(right as i8));
                    }
                }
                *product = sum.into();
            }
        }
        products
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_gives_the_definition() {
        for lines in [0, 1, 3, MOST_LINES] {
            // The last columns are those with the largest products.
            let byte = |c: usize, u: usize| match c {
                3 => 127,
                8 => -128,
                _ => (u * (2 * c + 1) + u * u % 7 * 31) as u8 as i8,
            };
            let column = |c: usize| -> Vec<Bytes> {
                let line = |l| Bytes(std::array::from_fn(|i| byte(c, l * 64 + i) as u8));
                (0..lines).map(line).collect()
            };
            let columns: Vec<Vec<Bytes>> = (0..LEFT + RIGHT).map(column).collect();
            let dots = Dots {
                left: std::array::from_fn(|i| columns[i].as_slice()),
                right: std::array::from_fn(|j| columns[LEFT + j].as_slice()),
            };
            let want: Products = std::array::from_fn(|i| {
                std::array::from_fn(|j| {
                    let user = |u| (i64::from(byte(i, u)) + 128) * i64::from(byte(LEFT + j, u));
                    (0..lines * 64).map(user).sum()
                })
            });
            for isa in Isa::available() {
                for vectors in [false, true] {
                    assert_eq!(dots.products(isa, vectors), want, "{}", isa.name());
                }
            }
        }
    }
}
