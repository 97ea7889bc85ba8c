//! Sets that nobody chose, for the check of discards: a range of ranks, or a space of questions.

use crate::combin::{Part, Space, binomial};
use crate::engine::{Drawn, Query};
use rand::{Rng, RngExt};

/// Questions that are chosen in a space that is drawn, where a set has so many: three are a leaf and its stem's
/// last two, with which the CPU engine begins to discard, and five are halves.
const CHOSEN: [usize; 3] = [3, 4, 5];

/// How often questions are drawn where groups leave no set of them.
const TRIES: usize = 64;

/// About `sets` sets of `part` (of a space: of the whole query) and the query for the best one in `one_in` of them;
/// `None` where no set of those drawn is asked for.
pub(super) fn sets<'q>(
    query: &Query<'q>,
    part: &Part,
    drawn: Drawn,
    sets: u128,
    one_in: u128,
    rng: &mut impl Rng,
) -> Option<(Query<'q>, Part)> {
    let best = |sets: u128| usize::try_from(sets / one_in).map_or(usize::MAX, |best| best.max(1));
    match drawn {
        Drawn::Ranks => {
            let ranks = part.ranks()?;
            let all = ranks.end - ranks.start;
            let sets = sets.min(all);
            let skip = ranks.start + rng.random_range(0..=all - sets);
            let part = query.space().part(skip, Some(sets))?;
            Some((query.for_best(best(sets)), part))
        }
        Drawn::Spaces => {
            let allowed = |space: &Space| query.quotas().is_none_or(|q| q.allow_some(space));
            let mut spaces = (0..TRIES).map(|_| space(query.space(), sets, rng));
            let space = spaces.find_map(|space| space.filter(allowed))?;
            let query = query.in_space(space);
            let part = query.space().whole();
            let query = query.for_best(best(part.sets()?));
            Some((query, part))
        }
    }
}

/// A space of no more than `sets` sets of `all`, or of as few as can be: some questions of its pool, of which
/// three to five are chosen, behind others that every set has; the pool in its own order.
fn space(all: &Space, sets: u128, rng: &mut impl Rng) -> Option<Space> {
    let (fixed, pool) = all.order().split_at(all.fixed());
    let choose = all.k() - all.fixed();
    let chosen = CHOSEN[rng.random_range(0..CHOSEN.len())].min(choose);
    let most = pool.len() - (choose - chosen);
    let fits = |questions: usize| {
        binomial(questions as u64, chosen as u64).is_some_and(|count| count <= sets)
    };
    // The last that fits; one more than are chosen, where there are, as one set alone tells little.
    let questions = (chosen + 1..=most)
        .take_while(|&q| fits(q))
        .last()
        .unwrap_or(most.min(chosen + 1));
    let taken = sample(pool.len(), questions + choose - chosen, rng);
    let (taken, more) = taken.split_at(questions);
    let of = |places: &[usize]| places.iter().map(|&place| pool[place]).collect::<Vec<_>>();
    let mut places = taken.to_vec();
    places.sort_unstable();
    let fixed = [fixed, &of(more)].concat();
    Space::new(&fixed, &of(&places), all.k()).ok()
}

/// So many of the places `0..all`, none of them twice, in the order in which they are drawn.
pub(crate) fn sample(all: usize, many: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..all).collect();
    for at in 0..many {
        let other = rng.random_range(at..all);
        places.swap(at, other);
    }
    places.truncate(many);
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::collections::HashSet;

    #[test]
    fn spaces_are_of_any_questions_and_no_larger_than_asked_for() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let pool: Vec<usize> = (5..60).collect();
        for (fixed, k) in [
            (&[][..], 1),
            (&[], 2),
            (&[], 3),
            (&[2, 1], 3),
            (&[1], 9),
            (&[], 55),
        ] {
            let all = Space::new(fixed, &pool, k).unwrap();
            let mut met = HashSet::new();
            for _ in 0..300 {
                let space = space(&all, 500, rng).unwrap();
                let sets = space.count().unwrap();
                assert!(sets <= 500 && space.k() == k, "{fixed:?} {k}: {sets}");
                assert!(sets > 1 || k == 55);
                let (held, chosen) = space.order().split_at(space.fixed());
                assert_eq!(&held[..fixed.len()], fixed);
                assert!(chosen.is_sorted());
                met.extend(space.order()[fixed.len()..].iter().copied());
            }
            assert_eq!(met.len(), pool.len(), "{fixed:?} {k}");
        }
    }

    #[test]
    fn every_set_of_a_part_may_be_drawn_and_none_beside_it() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let mut builder = crate::matrix::MatrixBuilder::new();
        for (user, question) in (0..4).flat_map(|u| (0..9).map(move |q| (u, q))) {
            let score = crate::matrix::Score {
                mantissa: user * question,
                digits: 0,
            };
            let (user, question) = (user.to_string(), question.to_string());
            builder.push(&user, &question, Some(score), 0).unwrap();
        }
        let table = builder
            .finish(crate::matrix::Duplicates::Error, "row")
            .unwrap();
        let query = Query::of(&table).k(3).build().unwrap();
        let part = query.space().part(10, Some(30)).unwrap();
        let mut met = HashSet::new();
        for _ in 0..200 {
            let (asked, part) = sets(&query, &part, Drawn::Ranks, 7, 2, rng).unwrap();
            assert_eq!((part.sets(), asked.top()), (Some(7), 3));
            met.extend(part.ranks().unwrap());
        }
        assert_eq!(met, (10..40).collect());
    }
}
