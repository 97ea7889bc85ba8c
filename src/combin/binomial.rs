//! Binomial coefficients: exact with overflow seen, and modulo 2^64 for the audit.

/// C(n, k), or `None` where it leaves 128 bits. C(n, k) = 0 for k > n.
#[must_use]
pub fn binomial(n: u64, k: u64) -> Option<u128> {
    if k > n {
        return Some(0);
    }
    let k = k.min(n - k);
    // Before step i the value is C(n, i); times (n − i) it is (i + 1)·C(n, i + 1), so the division
    // is exact. The product is up to k times wider than the result: split by the gcd first.
    let mut value = 1_u128;
    for i in 0..k {
        let (factor, divisor) = (u128::from(n - i), u128::from(i + 1));
        let g = gcd(value, divisor);
        let rest = divisor / g;
        value = (value / g).checked_mul(factor / rest)?;
    }
    Some(value)
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// C(n, k) as a float, for estimates.
#[must_use]
pub fn choices(n: usize, k: usize) -> f64 {
    if k > n {
        return 0.0;
    }
    (0..k).fold(1.0, |all, i| all * (n - i) as f64 / (i + 1) as f64)
}

/// C(n, k) modulo 2^128, and so modulo 2^64, by Pascal's rule, which holds modulo anything.
#[derive(Clone, Debug)]
pub struct WrappingBinomials {
    width: usize,
    table: Vec<u128>,
}

impl WrappingBinomials {
    /// A table for n up to `n` and k up to `k`: (n + 1)·(k + 1) numbers.
    #[must_use]
    pub fn new(n: usize, k: usize) -> Self {
        let width = k + 1;
        let mut table = vec![0_u128; (n + 1) * width];
        for row in 0..=n {
            table[row * width] = 1;
            for col in 1..=k.min(row) {
                let above = (row - 1) * width + col;
                table[row * width + col] = table[above].wrapping_add(table[above - 1]);
            }
        }
        Self { width, table }
    }

    /// C(n, k) modulo 2^64; 0 where n or k is negative.
    #[must_use]
    pub fn get(&self, n: isize, k: isize) -> u64 {
        self.wide(n, k) as u64
    }

    /// C(n, k) modulo 2^128; 0 where n or k is negative.
    #[must_use]
    pub fn wide(&self, n: isize, k: isize) -> u128 {
        if n < 0 || k < 0 {
            return 0;
        }
        self.table[n as usize * self.width + k as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(binomial(200, 5), Some(2_535_650_040));
        assert_eq!(binomial(200, 10), Some(22_451_004_309_013_280));
        assert_eq!(binomial(1000, 8), Some(24_115_080_524_699_431_125));
        assert_eq!(binomial(3, 4), Some(0));
        assert_eq!(binomial(0, 0), Some(1));
        assert_eq!(binomial(u64::MAX, 1), Some(u128::from(u64::MAX)));
    }

    #[test]
    fn the_widest_that_fits_and_the_first_that_does_not() {
        // C(130, 65) has 127 bits; C(132, 66) is near 2^128.6.
        assert_eq!(
            binomial(130, 65),
            Some(95_067_625_827_960_698_145_584_333_020_095_113_100)
        );
        assert_eq!(binomial(132, 66), None);
    }

    #[test]
    fn wrapping_agrees_with_exact() {
        let table = WrappingBinomials::new(140, 70);
        for n in 0..=140_u64 {
            for k in 0..=70_u64 {
                if let Some(exact) = binomial(n, k) {
                    assert_eq!(table.wide(n as isize, k as isize), exact);
                    assert_eq!(table.get(n as isize, k as isize), exact as u64);
                }
            }
        }
        assert_eq!(table.get(-1, 0), 0);
        assert_eq!(table.get(5, -1), 0);
    }
}
