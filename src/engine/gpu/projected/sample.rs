//! How many users stems and prefixes have, by sampling: a tile and lists should hold nearly all of them and take
//! no more memory than that. Pure; what is sampled follows from the table alone.

use crate::matrix::ResponseMatrix;

/// Stems that are looked at.
const STEMS: u64 = 96;

/// The most users of any of the stems and of the prefixes that were sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Most {
    /// Users of a stem, which is K − 2 questions.
    pub stem: u32,
    /// Users of a prefix, which is one more.
    pub prefix: u32,
}

/// The most users of sampled stems of `k` - 2 questions, and of each with one question more.
#[must_use]
pub fn most_users(matrix: &ResponseMatrix, k: usize) -> Most {
    let questions = matrix.questions().len() as u64;
    let mut most = Most::default();
    let mut draws = 0_u64;
    // SplitMix64 (Steele, Lea, Flood 2014), so that no two runs plan differently.
    let mut draw = move || {
        draws = draws.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (draws ^ (draws >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    for _ in 0..STEMS {
        let mut chosen: Vec<usize> = Vec::new();
        // There are at least K questions.
        while chosen.len() < k.saturating_sub(1).min(questions as usize) {
            let question = (draw() % questions) as usize;
            if !chosen.contains(&question) {
                chosen.push(question);
            }
        }
        let Some((&last, [first, others @ ..])) = chosen.split_last() else {
            continue;
        };
        let mut users = matrix.column(*first).answered().to_vec();
        for &question in others {
            meet(&mut users, matrix.column(question).answered());
        }
        most.stem = most.stem.max(count(&users));
        meet(&mut users, matrix.column(last).answered());
        most.prefix = most.prefix.max(count(&users));
    }
    most
}

fn meet(users: &mut [u64], others: &[u64]) {
    for (users, others) in users.iter_mut().zip(others) {
        *users &= others;
    }
}

fn count(users: &[u64]) -> u32 {
    users.iter().map(|word| word.count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{Model, Spec, matrix};

    #[test]
    fn the_most_is_near_what_stems_have_on_average_and_the_same_each_time() {
        let spec = Spec {
            users: 8_000,
            questions: 40,
            answered: 0.5,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 3,
        };
        let matrix = matrix(&spec).unwrap();
        // 1,000 users of 3 questions and 500 of 4, give or take four deviations.
        let most = most_users(&matrix, 5);
        assert!((1_000..1_130).contains(&most.stem), "{most:?}");
        assert!((500..600).contains(&most.prefix), "{most:?}");
        assert_eq!(most, most_users(&matrix, 5));
    }
}
