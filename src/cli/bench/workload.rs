//! The tables and searches that are measured: plain data.

use kcorrset::synth::{Model, Spec};

/// A table and a search in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// As `--workload` takes it.
    pub name: &'static str,
    users: usize,
    questions: usize,
    /// Unused with booklets.
    answered: f64,
    /// From 0 to 1, or another pair.
    scores: (i64, i64),
    model: Model,
    booklets: usize,
    /// Questions in a set.
    pub k: usize,
    /// As for a search.
    pub min_users: u64,
    /// Ranks that the published algorithm searches, spread over all: about a second of it.
    pub sample: u128,
    /// Whether it is measured without being asked for.
    pub by_default: bool,
    /// Whether it is for the engines that go through all sets: there are few enough of them.
    pub gone_through: bool,
    /// Whether it is for the engine that proves its list: no answer is missing.
    pub proved: bool,
}

/// The published benchmark's table and search, which the others differ from.
const BENCHMARK: Workload = Workload {
    name: "benchmark",
    users: 60_000,
    questions: 200,
    answered: 0.2,
    scores: (0, 1),
    model: Model::Random,
    booklets: 0,
    k: 5,
    min_users: 10,
    sample: 1_000_000,
    by_default: true,
    gone_through: true,
    proved: false,
};

/// The sets of these are very many users each, so the published algorithm is slow.
const COMPLETE: Workload = Workload {
    answered: 1.0,
    sample: 10_000,
    ..BENCHMARK
};

/// Far more sets than can be gone through, of questions that tell users apart like those of a real test: some well,
/// some hardly (the two-parameter model).
const PROOF: Workload = Workload {
    users: 4_000,
    model: Model::ItemResponse {
        discrimination: (0.5, 2.0),
        factors: 1,
    },
    k: 10,
    sample: 20_000,
    gone_through: false,
    proved: true,
    ..COMPLETE
};

/// All, in the order that they are measured and printed in.
pub const WORKLOADS: [Workload; 23] = [
    BENCHMARK,
    Workload {
        name: "min-users-2",
        min_users: 2,
        ..BENCHMARK
    },
    Workload {
        name: "item-response",
        model: Model::RASCH,
        ..BENCHMARK
    },
    Workload {
        name: "likert",
        scores: (1, 6),
        ..BENCHMARK
    },
    Workload {
        name: "booklets",
        questions: 180,
        booklets: 18,
        ..BENCHMARK
    },
    Workload {
        name: "complete",
        proved: true,
        ..COMPLETE
    },
    Workload {
        name: "likert-complete",
        users: 4_000,
        questions: 135,
        scores: (1, 6),
        sample: 100_000,
        ..COMPLETE
    },
    Workload {
        name: "nearly-complete",
        questions: 60,
        answered: 0.99,
        ..COMPLETE
    },
    Workload {
        name: "k1",
        k: 1,
        sample: 200,
        ..BENCHMARK
    },
    Workload {
        name: "k2",
        k: 2,
        sample: 19_900,
        ..BENCHMARK
    },
    Workload {
        name: "k2-complete",
        users: 20_000,
        scores: (1, 5),
        k: 2,
        sample: 5_000,
        ..COMPLETE
    },
    Workload {
        name: "k3",
        k: 3,
        sample: 200_000,
        ..BENCHMARK
    },
    Workload {
        name: "k4",
        k: 4,
        ..BENCHMARK
    },
    Workload {
        name: "k6",
        questions: 60,
        k: 6,
        ..BENCHMARK
    },
    Workload {
        name: "k8",
        k: 8,
        by_default: false,
        ..BENCHMARK
    },
    Workload {
        name: "k10",
        users: 2_000,
        questions: 40,
        k: 10,
        sample: 100_000,
        ..COMPLETE
    },
    Workload {
        name: "proof-2pl-k10",
        ..PROOF
    },
    Workload {
        name: "proof-2pl-k15",
        k: 15,
        ..PROOF
    },
    Workload {
        name: "proof-2pl-k20",
        k: 20,
        ..PROOF
    },
    Workload {
        name: "proof-rasch-100-k10",
        questions: 100,
        model: Model::RASCH,
        ..PROOF
    },
    Workload {
        name: "proof-rasch-200-k10",
        model: Model::RASCH,
        ..PROOF
    },
    Workload {
        name: "proof-factors-k10",
        questions: 150,
        scores: (1, 6),
        model: Model::ItemResponse {
            discrimination: (1.0, 1.0),
            factors: 5,
        },
        ..PROOF
    },
    Workload {
        name: "proof-small-k10",
        users: 210,
        questions: 80,
        sample: 400_000,
        ..PROOF
    },
];

impl Workload {
    /// The table to make.
    pub fn spec(&self) -> Spec {
        Spec {
            users: self.users,
            questions: self.questions,
            answered: self.answered,
            scores: self.scores.0..=self.scores.1,
            model: self.model,
            booklets: self.booklets,
            seed: 0,
        }
    }

    /// U.
    pub fn users(&self) -> usize {
        self.users
    }

    /// A workload of this kind at a size that a second is enough for, dense enough that sets have users.
    pub fn quick(self) -> Self {
        // A proof goes through all sets where there are few, and is none then.
        let more = if self.gone_through { 9 } else { 20 };
        Self {
            users: (self.users / 30).max(500).min(self.users),
            questions: self.questions.min(self.k + more),
            booklets: self.booklets.min(4),
            answered: self.answered.max(0.6),
            // The sets of the smallest are C(10, 1).
            sample: self.sample.min(if self.k == 1 { 10 } else { 50 }),
            by_default: true,
            ..self
        }
    }

    /// In words.
    pub fn about(&self) -> String {
        let Self {
            users,
            questions,
            booklets,
            scores: (from, to),
            ..
        } = self;
        let answered = match booklets {
            0 => format!("{} % answered", self.answered * 100.0),
            _ => format!("{booklets} booklets"),
        };
        let model = match self.model {
            Model::Random => "random".to_owned(),
            Model::RASCH => "item-response".to_owned(),
            Model::ItemResponse {
                discrimination: (from, to),
                factors,
            } => {
                format!("item-response (discrimination {from} to {to}, factors {factors})")
            }
        };
        format!(
            "{users} x {questions}, {answered}, scores {from} to {to}, {model}, \
             k {}, min_users {}",
            self.k, self.min_users
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kcorrset::combin::binomial;

    #[test]
    fn names_differ_and_samples_fit() {
        for (i, w) in WORKLOADS.iter().enumerate() {
            assert!(WORKLOADS[..i].iter().all(|other| other.name != w.name));
            for w in [*w, w.quick()] {
                let sets = binomial(w.questions as u64, w.k as u64).unwrap();
                assert!(w.sample <= sets, "{}", w.name);
                assert!(w.booklets <= w.questions, "{}", w.name);
                assert!(w.gone_through || w.proved, "{}", w.name);
                assert!(!w.proved || w.answered == 1.0, "{}", w.name);
            }
        }
    }

    #[test]
    fn the_first_is_the_published_benchmark() {
        let about = "60000 x 200, 20 % answered, scores 0 to 1, random, k 5, min_users 10";
        assert_eq!(WORKLOADS[0].about(), about);
        let sets = binomial(200, 5);
        assert_eq!(sets, Some(2_535_650_040));
    }
}
