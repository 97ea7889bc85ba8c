//! Rank and unrank of K-subsets in lexicographic order.
//!
//! With m = Q − 1 − c for each element c, the *combinatorial number system* gives
//! rank = C(Q, K) − 1 − Σ_i C(m_i, K − i), i from 0 (Knuth, TAOCP 7.2.1.3, read backwards).

use super::binomial;

/// The rank of `set` (ascending, elements below `q`), or `None` where C(q, K) leaves 128 bits.
#[must_use]
pub fn rank(q: usize, set: &[usize]) -> Option<u128> {
    let k = set.len();
    // Where the total fits, so does what lies behind a set: it is less.
    let total = binomial(q as u64, k as u64)?;
    let mut behind = 0_u128;
    for (i, &c) in set.iter().enumerate() {
        behind += binomial((q - 1 - c) as u64, (k - i) as u64)?;
    }
    Some(total - 1 - behind)
}

/// The `k`-subset of `q` with this rank, or `None` where `rank` ≥ C(q, k) or C(q, k) leaves 128
/// bits.
#[must_use]
pub fn unrank(q: usize, k: usize, rank: u128) -> Option<Vec<usize>> {
    let total = binomial(q as u64, k as u64)?;
    let mut left = total.checked_sub(1)?.checked_sub(rank)?;
    let mut set = Vec::with_capacity(k);
    let mut m = q as u64;
    for i in 0..k {
        // The largest m with C(m, k − i) ≤ left: elements come out ascending.
        let j = (k - i) as u64;
        let value = loop {
            m -= 1;
            let value = binomial(m, j)?;
            if value <= left {
                break value;
            }
        };
        left -= value;
        set.push(q - 1 - m as usize);
    }
    Some(set)
}

/// Moves `set` to the next in lexicographic order; `false` (and unchanged) at the last.
pub fn successor(q: usize, set: &mut [usize]) -> bool {
    let k = set.len();
    let Some(i) = (0..k).rev().find(|&i| set[i] < q - k + i) else {
        return false;
    };
    set[i] += 1;
    for j in i + 1..k {
        set[j] = set[j - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counting_up_is_ranking() {
        for q in 0..9 {
            for k in 0..=q {
                let mut set: Vec<usize> = (0..k).collect();
                let mut r = 0;
                loop {
                    assert_eq!(rank(q, &set), Some(r));
                    assert_eq!(unrank(q, k, r).as_deref(), Some(&set[..]));
                    r += 1;
                    if !successor(q, &mut set) {
                        break;
                    }
                }
                assert_eq!(binomial(q as u64, k as u64), Some(r));
                assert_eq!(unrank(q, k, r), None);
            }
        }
    }

    #[test]
    fn sets_that_128_bits_cannot_number_have_no_rank() {
        assert_eq!(rank(132, &(0..66).collect::<Vec<_>>()), None);
        assert_eq!(unrank(132, 66, 0), None);
    }

    #[test]
    fn both_ends_and_around_the_word_edges() {
        for (q, k) in [(200, 5), (200, 10), (1000, 8), (2000, 3), (130, 65)] {
            let total = binomial(q as u64, k as u64).unwrap();
            for near in [0, 1 << 31, 1 << 32, 1 << 33, 1 << 63, 1 << 64, total] {
                for r in near.max(2) - 2..near + 3 {
                    if r < total {
                        let set = unrank(q, k, r).unwrap();
                        assert!(set.windows(2).all(|w| w[0] < w[1]));
                        assert_eq!(rank(q, &set), Some(r));
                    } else {
                        assert_eq!(unrank(q, k, r), None);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn rank_inverts_unrank(q in 1_usize..300, k in 0_usize..12, seed: u128) {
            prop_assume!(k <= q);
            let total = binomial(q as u64, k as u64).unwrap();
            let r = seed % total;
            let set = unrank(q, k, r).unwrap();
            prop_assert_eq!(rank(q, &set), Some(r));
        }

        #[test]
        fn successor_adds_one(q in 1_usize..80, k in 1_usize..9, seed: u128) {
            prop_assume!(k <= q);
            let total = binomial(q as u64, k as u64).unwrap();
            let r = seed % total;
            let mut set = unrank(q, k, r).unwrap();
            prop_assert_eq!(successor(q, &mut set), r + 1 < total);
            prop_assert_eq!(rank(q, &set), Some((r + 1).min(total - 1)));
        }
    }
}
