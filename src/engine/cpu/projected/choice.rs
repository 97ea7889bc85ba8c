//! Which machine takes a prefix: the work of each, counted, in cycles that were measured.
//!
//! Of a prefix of U users over L lanes, each answered with probability d, U·d are a stem's, U·d² a pair's and
//! U·d³ a leaf's. With p pairs of n leaves in all, a machine's cycles are a sum of such counts, each times a
//! constant of the level of instructions. The constants were fitted to times of `kcorrset bench cpu --regime`
//! on one Intel Xeon (Sapphire Rapids); only speed depends on them.

use super::inversions;
use super::machine::Machine;
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
        std::array::from_fn(|i| all[i] - beyond[i])
    }
}

/// About how many cycles a machine takes for all sets behind a prefix, at a level of instructions.
pub(super) fn cycles(machine: Machine, isa: Isa, shape: &Shape) -> f64 {
    let [stems, pairs, leaves] = shape.counts();
    let of_a_stem = shape.users * shape.density;
    let of_a_pair = of_a_stem * shape.density;
    let answers = shape.users * shape.lanes * shape.density;
    // Leaves of a pair in vectors of `width`, of which one is half full.
    let in_vectors = |pairs: f64, width: f64| leaves / width + pairs / 2.0;
    match machine {
        Machine::General => {
            let of_a_leaf = of_a_pair * shape.density;
            answers * 4.0 + pairs * (of_a_pair * 8.0 + 60.0) + leaves * (of_a_leaf * 4.0 + 16.0)
        }
        Machine::Lanes => {
            let (width, a_vector, a_leaf) = match isa {
                Isa::Portable => (8.0, 24.0, 8.0),
                Isa::Avx2 => (8.0, 5.5, 4.0),
                Isa::Avx512 | Isa::Amx => (16.0, 7.0, 2.0),
            };
            // Of any three lanes two lie in one half: half as many pairs, unless the limit tells them.
            let pairs = if shape.beyond > 0.0 {
                pairs
            } else {
                pairs / 2.0
            };
            let outer = of_a_pair * shape.outer;
            answers * 4.0
                + shape.users * shape.lanes * 2.0
                + stems * of_a_stem * shape.outer * 4.0
                + pairs * (120.0 + outer * 8.0)
                + in_vectors(pairs, width) * outer * a_vector
                + leaves * a_leaf
        }
        Machine::Pairs => {
            let left = inversions::left_over(shape.users, shape.density, shape.tau);
            answers * 8.0
                + pairs * (900.0 + of_a_pair * (10.0 + 6.0 * shape.scores))
                + leaves * left * (60.0 + of_a_pair * 1.5)
        }
        Machine::Masked => {
            let outer = of_a_pair * shape.outer;
            answers * 6.0
                + stems * (600.0 + of_a_stem * 14.0)
                + pairs * (170.0 + outer * 2.0)
                + in_vectors(pairs, 32.0) * (35.0 + outer * 2.5)
                + leaves * 2.0
        }
        Machine::Planes | Machine::Codes => {
            let (products, a_leaf) = match machine {
                Machine::Planes => (7.0, 5.0),
                _ => (9.0, 6.0),
            };
            let slabs = (of_a_stem * shape.outer / 64.0).round().max(1.0);
            answers * 6.0
                + stems * (600.0 + of_a_stem * 14.0)
                + pairs * (60.0 + slabs * 16.0)
                + in_vectors(pairs, 16.0) * (slabs * products * 1.4 + 10.0)
                + leaves * a_leaf
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
    fn counts_are_those_of_sets_with_a_lane_beyond() {
        let shape = Shape {
            lanes: 7.0,
            beyond: 4.0,
            ..BENCHMARK
        };
        let mut counts = [0.0; 3];
        for l1 in 4..7 {
            counts[0] += 1.0;
            for l2 in 0..l1 {
                counts[1] += 1.0;
                counts[2] += f64::from(l2);
            }
        }
        assert_eq!(shape.counts(), counts);
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
        // A few users are soonest walked.
        let few = Shape {
            users: 20.0,
            ..BENCHMARK
        };
        assert_eq!(order(Isa::Avx512, &few)[0], Machine::General);
    }
}
