//! Unranking from a table of binomials: the host's twin of `shaders/shared/unrank.wgsl`, on the
//! same words.

use super::layout;
use crate::combin::binomial;

/// C(t + j − 1, j) for j = 1 … K and t = 0 … Q − K, at index (j − 1)·(Q − K + 1) + t.
///
/// Each is at most C(Q − 1, K) ≤ C(Q, K), so a query's u128 total bounds them all. Element i of a
/// set, with j = K − i elements from itself on, is Q − j − t for the largest t whose entry is at
/// most what is left of C(Q, K) − 1 − rank.
#[derive(Clone, Debug)]
pub struct RankTable {
    questions: usize,
    k: usize,
    total: u128,
    entries: Vec<u128>,
}

/// C(t + j − 1, j) for j = 1 … `k` and t = 0 … `row_entries` − 1, by Pascal's rule: C(t + j − 1, j) =
/// C(t + j − 2, j) + C(t + j − 2, j − 1), the entry before and the entry a row above.
fn entries(k: usize, row_entries: usize) -> Option<Vec<u128>> {
    let mut entries = Vec::with_capacity(k * row_entries);
    for j in 1..=k {
        for t in 0..row_entries {
            let entry = match (j, t) {
                (1, _) => t as u128,
                (_, 0) => 0,
                _ => {
                    let before: u128 = entries[entries.len() - 1];
                    before.checked_add(entries[entries.len() - row_entries])?
                }
            };
            entries.push(entry);
        }
    }
    Some(entries)
}

/// Entries as words of 32 bits, lowest first.
fn words(entries: &[u128]) -> Vec<u32> {
    entries
        .iter()
        .flat_map(|&entry| layout::words(entry))
        .collect()
}

impl RankTable {
    /// The table for `k`-subsets of `questions`, or `None` where C(questions, k) leaves 128 bits.
    #[must_use]
    pub fn new(questions: usize, k: usize) -> Option<Self> {
        let total = binomial(questions as u64, k as u64)?;
        let row_entries = (questions + 1).checked_sub(k)?;
        let entries = entries(k, row_entries)?;
        Some(Self {
            questions,
            k,
            total,
            entries,
        })
    }

    /// The table with one entry more in each row, as words: row j then has C(Q − 1 − q, j) for every
    /// question q that may have j − 1 or j others behind it in a set. With the entries of a row, or `None`
    /// as for [`Self::new`].
    #[must_use]
    pub fn with_choices(questions: usize, k: usize) -> Option<(usize, Vec<u32>)> {
        binomial(questions as u64, k as u64)?;
        let row_entries = (questions + 2).checked_sub(k)?;
        Some((row_entries, words(&entries(k, row_entries)?)))
    }

    /// C(Q, K).
    pub(super) fn total(&self) -> u128 {
        self.total
    }

    /// C(Q, K) − 1 − `rank`, from which a shader unranks.
    #[must_use]
    pub fn left(&self, rank: u128) -> u128 {
        self.total - 1 - rank
    }

    /// Bytes of the table for `k`-subsets of `questions`.
    pub(super) fn bytes(questions: usize, k: usize) -> u64 {
        (16 * k * (questions + 1).saturating_sub(k)) as u64
    }

    /// Q − K + 1: entries in a row.
    #[must_use]
    pub fn row_entries(&self) -> usize {
        self.questions + 1 - self.k
    }

    /// The entries as words of 32 bits, lowest first.
    #[must_use]
    pub fn words(&self) -> Vec<u32> {
        words(&self.entries)
    }

    /// The set of this rank, which must be below C(Q, K).
    #[must_use]
    pub fn unrank(&self, rank: u128) -> Vec<usize> {
        let mut left = self.left(rank);
        let mut most = self.row_entries() - 1;
        (1..=self.k)
            .rev()
            .map(|j| {
                let row = &self.entries[(j - 1) * self.row_entries()..][..=most];
                // The first entry is C(j − 1, j) = 0.
                most = row.partition_point(|&entry| entry <= left) - 1;
                left -= row[most];
                self.questions - most - j
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::unrank;

    #[test]
    fn the_twin_of_unranking_by_definition() {
        for (q, k) in [
            (1, 1),
            (5, 5),
            (7, 3),
            (200, 5),
            (300, 8),
            (1000, 12),
            (130, 65),
            (140, 100),
            (40, 39),
        ] {
            let table = RankTable::new(q, k).unwrap();
            let total = binomial(q as u64, k as u64).unwrap();
            for near in [0, 1 << 32, 1 << 64, 1 << 96, total] {
                for rank in near.max(3) - 3..near + 3 {
                    if rank < total {
                        assert_eq!(
                            Some(table.unrank(rank)),
                            unrank(q, k, rank),
                            "{q} {k} {rank}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_entry_is_its_binomial() {
        let (q, k) = (17, 6);
        let table = RankTable::new(q, k).unwrap();
        for j in 1..=k {
            for t in 0..table.row_entries() {
                let entry = table.entries[(j - 1) * table.row_entries() + t];
                assert_eq!(Some(entry), binomial((t + j - 1) as u64, j as u64));
            }
        }
        assert_eq!(table.words().len(), 4 * k * table.row_entries());
    }
}
