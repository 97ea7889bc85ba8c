//! Where to cut a numbering, so that the prefix tree is cut as little as can be.

use super::{rank, unrank};
use std::ops::RangeInclusive;

/// The rank, of those `within` of the `k`-subsets of `q`, before which a cut leaves the largest subtrees whole: that of
/// a set that has the fewest first questions in common with the set before it; of several such the nearest to the
/// middle, and of two as near the lower.
///
/// Returns `None` where a rank of `within` is above C(q, k), that leaves 128 bits, or `within` is empty.
#[must_use]
pub fn roundest(q: usize, k: usize, within: RangeInclusive<u128>) -> Option<u128> {
    let (low, high) = within.into_inner();
    if low > high {
        return None;
    }
    let middle = low + (high - low) / 2;
    let Some(before) = low.checked_sub(1) else {
        // Nothing is cut there.
        return Some(0);
    };
    // Behind the last set nothing is cut either, and it has no set of its own.
    let Some(last) = unrank(q, k, high) else {
        let whole = unrank(q, k, high.checked_sub(1)?)?;
        return (rank(q, &whole)? + 1 == high).then_some(high);
    };
    let (before, middle_set) = (unrank(q, k, before)?, unrank(q, k, middle)?);
    // All sets from the one before the lowest cut to the one behind the highest have the same questions before this
    // place; so a cut where the question in this place changes has the fewest in common, and there is one.
    let parting = (0..k).find(|&i| before[i] != last[i])?;
    let first_with = |next: usize| {
        let prefix = &last[..parting];
        let rest = (next..).take(k - parting);
        let set: Vec<usize> = prefix.iter().copied().chain(rest).collect();
        rank(q, &set)
    };
    let nexts = before[parting] + 1..=last[parting];
    let near = [middle_set[parting], middle_set[parting] + 1];
    let cuts = near.map(|next| first_with(next.clamp(*nexts.start(), *nexts.end())));
    let [one, other] = [cuts[0]?, cuts[1]?];
    Some(match one.abs_diff(middle) <= other.abs_diff(middle) {
        true => one,
        false => other,
    })
}

#[cfg(test)]
mod tests {
    use super::super::binomial;
    use super::*;

    /// How many questions the sets on both sides of a cut begin with in common; of no cut, none.
    fn common(q: usize, k: usize, cut: u128) -> usize {
        let (Some(before), Some(behind)) = (
            cut.checked_sub(1).and_then(|before| unrank(q, k, before)),
            unrank(q, k, cut),
        ) else {
            return 0;
        };
        (0..k).take_while(|&i| before[i] == behind[i]).count()
    }

    #[test]
    fn cuts_part_sets_as_early_as_any_within() {
        for (q, k) in [(1, 1), (5, 1), (7, 3), (8, 5), (6, 6)] {
            let all = binomial(q as u64, k as u64).unwrap();
            for low in 0..=all {
                for high in low..=all {
                    let cut = roundest(q, k, low..=high).unwrap();
                    assert!(low <= cut && cut <= high, "{q} {k} {low}..={high}: {cut}");
                    let fewest = (low..=high).map(|cut| common(q, k, cut)).min();
                    assert_eq!(Some(common(q, k, cut)), fewest, "{q} {k} {low}..={high}");
                    if low > 0 && high < all {
                        let middle = low + (high - low) / 2;
                        let as_good = (low..=high).filter(|&c| Some(common(q, k, c)) == fewest);
                        let nearest = as_good.min_by_key(|c| c.abs_diff(middle));
                        assert_eq!(Some(cut), nearest, "{q} {k} {low}..={high}");
                    }
                }
            }
        }
    }

    #[test]
    fn ranks_that_are_none_are_refused() {
        #[expect(clippy::reversed_empty_ranges, reason = "nothing lies within")]
        let nothing = 3..=2;
        assert_eq!(roundest(5, 2, nothing), None);
        assert_eq!(roundest(5, 2, 3..=11), None);
        assert_eq!(roundest(132, 66, 1..=2), None);
        // Of 200 questions, behind the sets with the first.
        assert_eq!(roundest(200, 5, 60_000_000..=70_000_000), binomial(199, 4));
    }
}
