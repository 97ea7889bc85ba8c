//! Which machine takes a prefix: the work of each, counted, in cycles that were measured.
//!
//! Of a prefix of U users over L lanes, each answered with probability d, U·d are a stem's, U·d² a pair's and
//! U·d³ a leaf's. A machine's cycles are a sum of such counts, each times a constant. The constants were fitted
//! to the times of some 60,000 prefixes with each machine forced, on tables of 8,000 to 60,000 users, 60 to 200
//! questions and 2 to 5 scores that were answered by 20 to 50 %, least squares of relative errors, on one Intel
//! Xeon with AMX (family 6, model 167): 14 to 19 % off in the mean. Only speed depends on them.

use super::inversions;
use super::machine::Machine;
use super::masked::MOST_OF_A_PAIR;
use crate::arch::Isa;

/// What decides how fast each machine is on a prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) users: f64,
    /// The part of the users who are to be outer users.
    pub(super) outer: f64,
    pub(super) lanes: f64,
    /// Lanes from the limit on: the highest lane of a set is not below.
    pub(super) beyond: f64,
    /// Lanes below the lowest that the second-highest lane of a set may be: none, or all beyond the limit.
    pub(super) second: f64,
    /// The part of its lanes that a user answered.
    pub(super) density: f64,
    /// 1 − t² for the floor t.
    pub(super) tau: f64,
    /// Distinct scores of the table.
    pub(super) scores: f64,
}

impl Shape {
    /// Stems, pairs and leaves behind the prefix.
    fn counts(&self) -> [f64; 3] {
        let choices = |of: f64| {
            [
                of,
                of * (of - 1.0) / 2.0,
                of * (of - 1.0) * (of - 2.0) / 6.0,
            ]
        };
        let (all, beyond) = (choices(self.lanes), choices(self.beyond));
        let [stems, pairs, leaves] = std::array::from_fn(|i| all[i] - beyond[i]);
        // Pairs whose lower lane is too low, and what lies below both.
        let [low, below, _] = choices(self.second);
        [stems, pairs - stems * low, leaves - stems * below]
    }
}

/// About how many cycles a machine takes for all sets behind a prefix, at a level of instructions.
pub(super) fn cycles(machine: Machine, isa: Isa, shape: &Shape) -> f64 {
    let [stems, pairs, leaves] = shape.counts();
    let of_a_stem = shape.users * shape.density;
    let of_a_pair = of_a_stem * shape.density;
    let outer_of_a_pair = of_a_pair * shape.outer;
    let answers = shape.users * shape.lanes * shape.density;
    // Leaves of a pair in vectors of `width`, of which one is half full.
    let in_vectors = |pairs: f64, width: f64| leaves / width + pairs / 2.0;
    match machine {
        // Slower than any other on the 64 users that a prefix has at least: left with what none of them takes.
        Machine::General => f64::INFINITY,
        Machine::Lanes => {
            // Of any three lanes two lie in one half: half as many pairs, unless the limit tells which there are.
            let pairs = if shape.beyond > 0.0 {
                pairs
            } else {
                pairs / 2.0
            };
            let (width, a_user, a_vector) = match isa {
                Isa::Portable => (8.0, 35.0, 60.0),
                Isa::Avx2 => (8.0, 5.1, 7.6),
                Isa::Avx512 | Isa::Amx => (16.0, 6.4, 7.6),
            };
            answers * 6.0
                + shape.users * shape.lanes * 6.0
                + in_vectors(pairs, width) * (a_vector + outer_of_a_pair * a_user)
        }
        Machine::Pairs => {
            let left = inversions::left_over(shape.users, shape.density, shape.tau);
            let scores = shape.scores - 2.0;
            let slower = if isa == Isa::Portable { 1.3 } else { 1.0 };
            answers * 15.0
                + slower * pairs * (1_300.0 + scores * (300.0 + of_a_pair * 12.0))
                + slower * leaves * left * of_a_pair
        }
        Machine::Masked => {
            // A stem takes fewer outer users where a pair would have more than its sums hold.
            let outer_of_a_pair = outer_of_a_pair.min(f64::from(MOST_OF_A_PAIR));
            answers * 4.6
                + stems * of_a_stem * 33.0
                + in_vectors(pairs, 32.0) * (60.0 + outer_of_a_pair * 3.6)
        }
        Machine::Planes | Machine::Codes => {
            let (an_answer, a_user, a_slab) = match machine {
                Machine::Planes => (4.8, 23.0, 19.0),
                _ => (9.5, 32.0, 21.0),
            };
            let slabs = (of_a_stem * shape.outer / 64.0).round().max(1.0);
            answers * an_answer
                + stems * of_a_stem * a_user
                + in_vectors(pairs, 16.0) * (60.0 + slabs * a_slab)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix of two questions of the published benchmark, by halves.
    const BENCHMARK: Shape = Shape {
        users: 2_400.0,
        outer: 0.55,
        lanes: 170.0,
        beyond: 100.0,
        second: 0.0,
        density: 0.2,
        tau: 0.03,
        scores: 2.0,
    };

    fn order(isa: Isa, shape: &Shape) -> Vec<Machine> {
        let mut all = Machine::ALL.to_vec();
        all.sort_by(|&a, &b| cycles(a, isa, shape).total_cmp(&cycles(b, isa, shape)));
        all
    }

    #[test]
    fn counts_are_those_of_sets_with_one_or_two_lanes_before_the_limit() {
        for (beyond, second) in [(0, 0), (4, 0), (4, 4), (5, 5)] {
            let shape = Shape {
                lanes: 7.0,
                beyond: f64::from(beyond),
                second: f64::from(second),
                ..BENCHMARK
            };
            let mut counts = [0.0; 3];
            for l1 in beyond..7 {
                counts[0] += 1.0;
                for l2 in second..l1 {
                    counts[1] += 1.0;
                    counts[2] += f64::from(l2);
                }
            }
            assert_eq!(shape.counts(), counts, "{beyond} {second}");
        }
    }

    #[test]
    fn many_users_of_a_pair_are_masked_too() {
        // Three questions of a table of 60,000 users and 60 questions, of which they answered half: masked sums
        // took 18 s there and lanes 50 s.
        let many = Shape {
            users: 7_500.0,
            outer: 0.4,
            lanes: 40.0,
            beyond: 0.0,
            density: 0.5,
            tau: 0.9,
            ..BENCHMARK
        };
        let [masked, lanes] =
            [Machine::Masked, Machine::Lanes].map(|machine| cycles(machine, Isa::Avx512, &many));
        assert!(masked < lanes, "{masked} {lanes}");
    }

    #[test]
    fn the_benchmark_s_prefixes_go_where_they_were_fastest() {
        assert_eq!(order(Isa::Amx, &BENCHMARK)[0], Machine::Planes);
        let without = |out: &[Machine], isa| {
            let all = order(isa, &BENCHMARK).into_iter();
            all.filter(|machine| !out.contains(machine))
                .collect::<Vec<_>>()
        };
        let bytes = [Machine::Planes, Machine::Codes];
        assert_eq!(without(&bytes, Isa::Avx512)[0], Machine::Masked);
        let no_bytes = [Machine::Planes, Machine::Codes, Machine::Masked];
        assert_eq!(without(&no_bytes, Isa::Avx2)[0], Machine::Pairs);
        // A low floor leaves most leaves to the pair test.
        let low = Shape {
            tau: 0.5,
            ..BENCHMARK
        };
        assert!(cycles(Machine::Lanes, Isa::Avx2, &low) < cycles(Machine::Pairs, Isa::Avx2, &low));
    }
}
