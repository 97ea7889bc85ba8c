//! Where answers stood, in runs: the places of a wide table's row are one place, those of a long
//! table's answers follow each other.

/// The place of every answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// The first answer of each run.
    starts: Vec<u32>,
    /// Its place.
    places: Vec<u64>,
    /// What the place grows by from answer to answer.
    steps: Vec<bool>,
    len: u32,
    last: u64,
    /// The place that goes on as the run does; none before the first, and none that overflows.
    next: Option<u64>,
    /// What the place of the last run grows by.
    step: u64,
}

impl Places {
    #[inline(always)]
    pub(super) fn push(&mut self, place: u64) {
        if self.next != Some(place) {
            self.turn(place);
        }
        self.len += 1;
        self.last = place;
        self.next = place.checked_add(self.step);
    }

    /// A place that does not go on as the run did: one answer alone goes either way.
    fn turn(&mut self, place: u64) {
        let alone = self.starts.last().is_some_and(|&at| at + 1 == self.len);
        if alone && self.last == place {
            self.step = 0;
            if let Some(last) = self.steps.last_mut() {
                *last = false;
            }
        } else {
            self.step = 1;
            self.starts.push(self.len);
            self.places.push(place);
            // Of a long table, which has the more runs to lose.
            self.steps.push(true);
        }
    }

    /// All places, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let ends = self.starts.iter().skip(1).chain([&self.len]);
        let runs = self.starts.iter().zip(ends).zip(&self.places);
        let runs = runs.zip(&self.steps);
        runs.flat_map(|(((&start, &end), &place), &step)| {
            (0..u64::from(end - start)).map(move |into| place + into * u64::from(step))
        })
    }

    pub(super) fn get(&self, answer: usize) -> u64 {
        let run = self.starts.partition_point(|&at| at as usize <= answer) - 1;
        let into = answer as u64 - u64::from(self.starts[run]);
        self.places[run] + into * u64::from(self.steps[run])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn holds(places: &[u64], runs: usize) {
        let mut list = Places::default();
        for &place in places {
            list.push(place);
        }
        let all: Vec<u64> = (0..places.len()).map(|at| list.get(at)).collect();
        assert_eq!(all, places);
        assert!(list.iter().eq(places.iter().copied()));
        assert_eq!(list.starts.len(), runs, "{places:?}");
    }

    #[test]
    fn runs() {
        holds(&[], 0);
        holds(&[2, 2, 2, 3, 3, 3, 4, 4, 4], 3);
        holds(&[2, 3, 4, 5, 9, 10, 11], 2);
        holds(&[0, 0, 0, 0, 0], 1);
        holds(&[7, 7, 8, 8, 9, 9, 3, 1, 1, 1, 2], 6);
        holds(&[u64::MAX, u64::MAX, 0, u64::MAX - 1, u64::MAX, 0], 4);
    }
}
