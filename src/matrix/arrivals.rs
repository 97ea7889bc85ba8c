//! Answers as they came, in a few bytes each.

use super::codes::Scores;
use super::narrow::Narrow;
use super::places::Places;
use super::score::Score;

/// Answers in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    pub(super) questions: Narrow,
    pub(super) scores: Scores,
    pub(super) places: Places,
    /// The user of each run of answers, and its first answer.
    runs: Vec<(u32, u32)>,
    /// The user of the last run, and the least question that may follow in it in order.
    user: u32,
    next_question: u32,
    /// Whether some answer came before one of an earlier user, or of its user to an earlier or the
    /// same question.
    shuffled: bool,
}

impl Arrivals {
    #[inline(always)]
    pub(super) fn push(&mut self, user: u32, question: u32, score: Score, place: u64) {
        if user != self.user || question < self.next_question || self.runs.is_empty() {
            self.turn(user, question);
        }
        self.next_question = question + 1;
        self.questions.push(question);
        self.scores.push(score);
        self.places.push(place);
    }

    /// An answer of another user than the last one, or out of order.
    fn turn(&mut self, user: u32, question: u32) {
        match self.runs.last() {
            Some(&(last, _)) if last == user => self.shuffled |= question < self.next_question,
            last => {
                self.shuffled |= last.is_some_and(|&(last, _)| last > user);
                self.runs.push((user, self.len() as u32));
                self.user = user;
            }
        }
    }

    /// Leaves out the answers to questions that `moved` knows no new index for; indices keep their
    /// order.
    pub(super) fn keep(&mut self, moved: impl Fn(u32) -> Option<u32>) {
        let all = std::mem::take(self);
        let mut places = all.places.iter();
        for (user, run) in all.runs() {
            for answer in run {
                let place = places.next().unwrap_or_default();
                if let Some(question) = moved(all.questions.get(answer)) {
                    self.push(user, question, all.scores.get(answer).score(), place);
                }
            }
        }
    }

    /// Changes the scores of answers to the questions that `of` is true for.
    pub(super) fn change<E>(
        &mut self,
        of: impl Fn(u32) -> bool,
        mut change: impl FnMut(u32, Score, u64) -> Result<Score, E>,
    ) -> Result<(), E> {
        let mut changed = Scores::default();
        for (answer, place) in self.places.iter().enumerate() {
            let score = self.scores.get(answer).score();
            let question = self.questions.get(answer);
            changed.push(if of(question) {
                change(question, score, place)?
            } else {
                score
            });
        }
        self.scores = changed;
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.questions.len()
    }

    /// Whether answers came by ascending users, and of each by ascending questions. None is then
    /// repeated.
    pub(super) fn ascend(&self) -> bool {
        !self.shuffled
    }

    /// Each run's user and answers.
    pub(super) fn runs(&self) -> impl Iterator<Item = (u32, std::ops::Range<usize>)> + '_ {
        let ends = self.runs.iter().skip(1).map(|&(_, start)| start as usize);
        let ends = ends.chain([self.len()]);
        let starts = self.runs.iter().zip(ends);
        starts.map(|(&(user, start), end)| (user, start as usize..end))
    }

    /// How many answers each of so many users has, added up: those of user u end where those of
    /// u + 1 begin.
    pub(super) fn offsets(&self, users: usize) -> Vec<usize> {
        let mut offsets = vec![0; users + 1];
        for (user, answers) in self.runs() {
            offsets[user as usize + 1] += answers.len();
        }
        for user in 0..users {
            offsets[user + 1] += offsets[user];
        }
        offsets
    }
}
