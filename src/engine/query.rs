//! What is asked of a table: which sets, ranked by what, and how many of the best.

use super::Watch;
use super::steps::{finely, steps_for};
use crate::combin::{Quotas, Space, SpaceError};
use crate::matrix::ResponseMatrix;
use crate::stats::{
    Blur, Criterion, Distance, Floor, Image, Moments, Need, Overall, RankBy, Ranking, Steps, Sums,
};
use crate::top::Candidate;
use std::borrow::Cow;
use std::sync::Arc;

/// Why a query does not fit a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QueryError {
    /// K = 0.
    #[error("a set needs at least one question")]
    NoQuestions,
    /// K > Q.
    #[error("sets of {k} questions are asked for, and the table has only {questions} questions")]
    TooFewQuestions {
        /// K.
        k: usize,
        /// Q.
        questions: usize,
    },
    /// min_users > U.
    #[error(
        "sets of {min_users} users and more are asked for, and the table has only {users} users"
    )]
    TooFewUsers {
        /// min_users.
        min_users: u64,
        /// U.
        users: usize,
    },
    /// min_users < 2.
    #[error("a correlation needs at least 2 users, not {min_users}")]
    MinUsersBelowTwo {
        /// min_users.
        min_users: u64,
    },
    /// N = 0.
    #[error("at least one set must be asked for")]
    NoPlaces,
    /// Questions that are named twice, as included and excluded.
    #[error("question {question} is named twice, as one to include or exclude")]
    Twice {
        /// Its index.
        question: usize,
    },
    /// More questions to include than a set has.
    #[error("{fixed} questions are to be in every set, and a set has {k}")]
    TooManyIncluded {
        /// How many are to be in every set.
        fixed: usize,
        /// K.
        k: usize,
    },
    /// Quotas that no set meets.
    #[error("no set of {k} questions has as many questions of each group as are asked for")]
    NoSetAllowed {
        /// K.
        k: usize,
    },
    /// A distance from the best, where sets are ranked by something else than r.
    #[error(
        "sets within a distance of the best r are asked for, and sets are ranked by a lower bound of r: rank them by r"
    )]
    DistanceOfBound,
    /// The criterion is a column and there is none, or the other way round.
    #[error("a criterion column goes with a number for each user, and with nothing else")]
    NoColumn,
    /// A space of questions that the table does not have.
    #[error("the table has questions 0 to {}, and question {question} is asked for", questions - 1)]
    NoSuchQuestion {
        /// Its index.
        question: usize,
        /// Q.
        questions: usize,
    },
}

impl QueryError {
    /// What can be refused before there is a table.
    ///
    /// # Errors
    /// Where no table has such sets.
    pub fn check(k: usize, top: usize, min_users: u64) -> Result<(), Self> {
        if k == 0 {
            return Err(Self::NoQuestions);
        }
        if top == 0 {
            return Err(Self::NoPlaces);
        }
        if min_users < 2 {
            return Err(Self::MinUsersBelowTwo { min_users });
        }
        Ok(())
    }
}

/// A question to a table, not yet checked.
#[derive(Clone, Debug)]
pub struct QueryBuilder<'t> {
    table: &'t ResponseMatrix,
    ranking: Ranking,
    column: Option<Vec<i128>>,
    space: Option<Space>,
    include: Vec<usize>,
    exclude: Vec<usize>,
    quotas: Option<Quotas>,
    k: usize,
    top: usize,
    within: Option<Distance>,
    min_users: u64,
}

/// A checked question to a table.
#[derive(Clone, Debug)]
pub struct Query<'t> {
    source: &'t ResponseMatrix,
    /// As engines see it, where that is another one: its questions in the order of the space, its totals the image
    /// of the overall scores.
    arranged: Option<Arc<ResponseMatrix>>,
    ranking: Ranking,
    /// Overall scores that are no totals.
    overall: Option<Arc<Overall>>,
    blur: Blur,
    /// Overall scores in far finer steps, where those that engines see are rounded.
    fine: Option<Arc<Image>>,
    space: Space,
    quotas: Option<Quotas>,
    top: usize,
    within: Option<Distance>,
    min_users: u64,
}

impl<'t> QueryBuilder<'t> {
    /// Sets of so many questions, any of the table's.
    #[must_use]
    pub fn k(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// These sets, in place of all sets of K; questions to include and exclude are then the space's to say.
    #[must_use]
    pub fn space(self, space: Space) -> Self {
        let space = Some(space);
        Self { space, ..self }
    }

    /// Questions (indices) that every set has.
    #[must_use]
    pub fn include(self, include: &[usize]) -> Self {
        let include = include.to_vec();
        Self { include, ..self }
    }

    /// Questions (indices) that no set has; they still count in overall scores.
    #[must_use]
    pub fn exclude(self, exclude: &[usize]) -> Self {
        let exclude = exclude.to_vec();
        Self { exclude, ..self }
    }

    /// How many questions of each group a set has.
    #[must_use]
    pub fn quotas(self, quotas: Quotas) -> Self {
        let quotas = Some(quotas);
        Self { quotas, ..self }
    }

    /// Which overall score sets are correlated with, the total unless told.
    #[must_use]
    pub fn criterion(mut self, criterion: Criterion) -> Self {
        self.ranking.criterion = criterion;
        self
    }

    /// The numbers of [`Criterion::Column`], one for each user of the table, in any one unit.
    #[must_use]
    pub fn column(self, numbers: Vec<i128>) -> Self {
        let column = Some(numbers);
        Self { column, ..self }
    }

    /// Whether sets are ranked by r, which they are unless told, or by its lower bound.
    #[must_use]
    pub fn rank_by(mut self, by: RankBy) -> Self {
        self.ranking.by = by;
        self
    }

    /// How many of the best sets, 1 unless told.
    #[must_use]
    pub fn top(self, top: usize) -> Self {
        Self { top, ..self }
    }

    /// Only sets whose r is at most so far below the best one's, and of them the best so many.
    #[must_use]
    pub fn within(self, distance: Distance) -> Self {
        let within = Some(distance);
        Self { within, ..self }
    }

    /// A set answered in full by fewer users is undefined; 2 unless told.
    #[must_use]
    pub fn min_users(self, min_users: u64) -> Self {
        Self { min_users, ..self }
    }

    /// The query, if it fits the table.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn build(self) -> Result<Query<'t>, QueryError> {
        let Self {
            table,
            ranking,
            column,
            space,
            include,
            exclude,
            quotas,
            k,
            top,
            within,
            min_users,
        } = self;
        let (questions, users) = (table.questions().len(), table.users().len());
        let k = space.as_ref().map_or(k, Space::k);
        QueryError::check(k, top, min_users)?;
        if min_users > users as u64 {
            return Err(QueryError::TooFewUsers { min_users, users });
        }
        if within.is_some() && ranking.by != RankBy::R {
            return Err(QueryError::DistanceOfBound);
        }
        let space = match space {
            Some(space) => space,
            None => space_of(questions, k, &include, &exclude)?,
        };
        let mut named = space.order().iter().chain(&include).chain(&exclude);
        if let Some(&question) = named.find(|q| **q >= questions) {
            return Err(QueryError::NoSuchQuestion {
                question,
                questions,
            });
        }
        if quotas
            .as_ref()
            .is_some_and(|quotas| !quotas.allow_some(&space))
        {
            return Err(QueryError::NoSetAllowed { k });
        }
        let overall = match (ranking.criterion, column) {
            (Criterion::Column, Some(numbers)) if numbers.len() == users => {
                Some(Overall::given(table, numbers))
            }
            (Criterion::Column, _) | (_, Some(_)) => return Err(QueryError::NoColumn),
            (Criterion::Mean, None) => Some(Overall::mean(table)),
            (Criterion::Total | Criterion::Rest, None) => None,
        };
        let steps = steps_for(table, &space);
        let (arranged, blur) = arrange(table, &space, overall.as_ref(), steps);
        let fine = finely(table, overall.as_ref(), blur);
        Ok(Query {
            source: table,
            arranged: arranged.map(Arc::new),
            ranking,
            overall: overall.map(Arc::new),
            blur,
            fine: fine.map(Arc::new),
            space,
            quotas,
            top,
            within,
            min_users,
        })
    }
}

/// The table as engines see it, if it is another one: questions in the order of the space, and in place of totals
/// an image of the overall scores of so many steps; and how far off those are.
fn arrange(
    table: &ResponseMatrix,
    space: &Space,
    overall: Option<&Overall>,
    steps: Steps,
) -> (Option<ResponseMatrix>, Blur) {
    let same = space.is_table_order(table.questions().len());
    let arranged = (!same).then(|| table.arranged(space.order()));
    match overall {
        None => (arranged, Blur::default()),
        Some(overall) => {
            let image = overall.image(table, steps);
            let questions = arranged.unwrap_or_else(|| table.clone());
            (Some(questions.with_totals(image.scores)), image.blur)
        }
    }
}

/// All sets of `k` questions with these, and without those.
fn space_of(
    questions: usize,
    k: usize,
    include: &[usize],
    exclude: &[usize],
) -> Result<Space, QueryError> {
    let mut pool = Vec::new();
    for question in 0..questions {
        let times = |list: &[usize]| list.iter().filter(|q| **q == question).count();
        match (times(include), times(exclude)) {
            (0, 0) => pool.push(question),
            (1, 0) | (0, 1) => {}
            _ => return Err(QueryError::Twice { question }),
        }
    }
    Space::new(include, &pool, k).map_err(|error| match error {
        SpaceError::TooFewQuestions { k, questions } => {
            QueryError::TooFewQuestions { k, questions }
        }
        SpaceError::TooManyFixed { fixed, k } => QueryError::TooManyIncluded { fixed, k },
        SpaceError::Twice(question) => QueryError::Twice { question },
        SpaceError::NoQuestions => QueryError::NoQuestions,
    })
}

impl<'t> Query<'t> {
    /// A question to this table, to be told what is wanted.
    #[must_use]
    pub fn of(table: &'t ResponseMatrix) -> QueryBuilder<'t> {
        QueryBuilder {
            table,
            ranking: Ranking::default(),
            column: None,
            space: None,
            include: Vec::new(),
            exclude: Vec::new(),
            quotas: None,
            k: 1,
            top: 1,
            within: None,
            min_users: 2,
        }
    }

    /// This query for an engine whose sums have so many bits and a sign: overall scores that are no totals are
    /// rounded to fewer steps where their squares, added up, would not fit.
    #[must_use]
    pub fn fitted(&self, sum_bits: u32) -> Cow<'_, Self> {
        let Some(overall) = &self.overall else {
            return Cow::Borrowed(self);
        };
        let users = self.source.users().len() as f64;
        let limit = 2_f64.powi(sum_bits as i32 - 1);
        let totals = self.table().totals().iter();
        let largest = totals.map(|total| total.unsigned_abs()).max().unwrap_or(0) as f64;
        if users * largest * largest <= limit {
            return Cow::Borrowed(self);
        }
        // An exact image has all its steps on one side.
        let most = (limit / users).sqrt() / 2.0;
        let mut steps = steps_for(self.source, &self.space);
        steps.most = steps.most.min(most);
        let (arranged, blur) = arrange(self.source, &self.space, Some(overall), steps);
        Cow::Owned(Self {
            arranged: arranged.map(Arc::new),
            blur,
            fine: finely(self.source, Some(overall), blur).map(Arc::new),
            ..self.clone()
        })
    }

    /// This query for the best `top` sets, however far below the best one.
    #[must_use]
    pub fn for_best(&self, top: usize) -> Self {
        Self {
            top,
            within: None,
            ..self.clone()
        }
    }

    /// This query for the sets of another space, with the overall scores as engines see them here.
    #[must_use]
    pub fn in_space(&self, space: Space) -> Self {
        let arranged = self.source.arranged(space.order());
        let arranged = match &self.overall {
            Some(_) => arranged.with_totals(self.table().totals().to_vec()),
            None => arranged,
        };
        Self {
            arranged: Some(Arc::new(arranged)),
            space,
            ..self.clone()
        }
    }

    /// The table as engines search it: its questions are those of the space, in its order, so that a
    /// set is its positions there. Its totals are the overall scores, or where the criterion is none of totals, the
    /// integers that stand for them ([`Self::blur`]). Users are the whole table's.
    #[must_use]
    pub fn table(&self) -> &ResponseMatrix {
        self.arranged.as_deref().unwrap_or(self.source)
    }

    /// The table as it was given.
    #[must_use]
    pub fn source(&self) -> &'t ResponseMatrix {
        self.source
    }

    /// Which sets.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// What sets are ranked by.
    #[must_use]
    pub fn ranking(&self) -> Ranking {
        self.ranking
    }

    /// The overall scores where they are no totals.
    #[must_use]
    pub fn overall(&self) -> Option<&Overall> {
        self.overall.as_deref()
    }

    /// How far the totals of [`Self::table`] are from the overall scores, in their own unit.
    #[must_use]
    pub fn blur(&self) -> Blur {
        self.blur
    }

    /// How many questions of each group a set has, where that is asked for.
    #[must_use]
    pub fn quotas(&self) -> Option<&Quotas> {
        self.quotas.as_ref()
    }

    /// K: questions in a set.
    #[must_use]
    pub fn k(&self) -> usize {
        self.space.k()
    }

    /// N: how many sets to return.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// How far below the best r a set's may be, where that is asked for.
    #[must_use]
    pub fn within(&self) -> Option<Distance> {
        self.within
    }

    /// Those of a list, best first, that are asked for: all, or those within a distance of the best.
    #[must_use]
    pub fn asked_of(&self, mut best: Vec<Candidate>) -> Vec<Candidate> {
        if let (Some(distance), Some(first)) = (self.within, best.first()) {
            let first = first.correlation().clone();
            let asked = best.partition_point(|set| distance.holds(&first, set.correlation()));
            best.truncate(asked);
        }
        best
    }

    /// A set answered in full by fewer users has no value.
    #[must_use]
    pub fn min_users(&self) -> u64 {
        self.ranking.min_users(self.min_users)
    }

    /// The users that were asked for; [`Self::min_users`] may be more.
    #[must_use]
    pub fn asked_users(&self) -> u64 {
        self.min_users
    }

    /// What a set must reach as far as `watch` knows.
    #[must_use]
    pub fn floor(&self, watch: &Watch) -> Floor {
        self.ranking.floor(watch.floor(), self.blur)
    }

    /// What the sums of every set that enters must tell, whatever its users.
    #[must_use]
    pub fn need(&self, watch: &Watch) -> Need {
        self.floor(watch).need(self.source.users().len() as u64)
    }

    /// Whether a set of so many users with these moments of the criterion, over the totals of [`Self::table`], may
    /// have a value. It has one where [`Self::tells_defined`].
    #[inline(always)]
    #[must_use]
    pub fn may_be_defined<T: Default + PartialOrd>(
        &self,
        users: u64,
        moments: &Moments<T>,
    ) -> bool {
        let zero = T::default();
        let varies = moments.y > zero || self.blur.most > 0.0;
        users >= self.min_users() && moments.x > zero && varies
    }

    /// Whether the sums over the totals of [`Self::table`] tell which sets have a value and are asked for.
    #[must_use]
    pub fn tells_defined(&self) -> bool {
        self.blur.most == 0.0 && self.quotas.is_none()
    }

    /// The set at these positions (ascending) with its sums over the totals of [`Self::table`]; `None` where it is
    /// undefined, or not asked for. [`Self::told`] gives it the sums that people are told.
    ///
    /// Where those totals are the overall scores but for an origin and a unit, they have the same r.
    #[must_use]
    pub fn candidate(&self, positions: &[usize], sums: Sums) -> Option<Candidate> {
        let set = self.allowed(positions)?;
        match &self.overall {
            Some(overall) if self.blur.most > 0.0 => self.exactly(overall, set),
            _ => Candidate::new(self.ranking, self.min_users, set, sums),
        }
    }

    /// Whether the value of the set at these positions (ascending) is certainly below `value`, by overall scores in
    /// finer steps than engines see. `false` says nothing; it is what spares most sets that a rounding kept their
    /// exact fractions, whose common denominator may have hundreds of bits.
    #[must_use]
    pub fn surely_below(&self, positions: &[usize], value: f64) -> bool {
        let Some(fine) = &self.fine else {
            return false;
        };
        let sums = Sums::with_overall(self.table(), positions, &fine.scores);
        let moments = self.ranking.criterion.moments(sums.moments());
        let floor = self.ranking.floor(value, fine.blur);
        // A set without a correlation is told by its exact fractions.
        let varies = moments.y > 0 || fine.blur.most > 0.0;
        moments.x > 0 && varies && floor.surely_excludes(moments.map(|moment| moment as f64))
    }

    /// The set at these positions (ascending), its sums made from the bitsets.
    #[must_use]
    pub fn judge(&self, positions: &[usize]) -> Option<Candidate> {
        match &self.overall {
            Some(overall) if self.blur.most > 0.0 => {
                self.exactly(overall, self.allowed(positions)?)
            }
            _ => self.candidate(positions, Sums::of_set(self.table(), positions)),
        }
    }

    /// A set of these question indices (ascending) as people are told of it; `None` where it is undefined.
    #[must_use]
    pub fn judge_set(&self, set: Vec<usize>) -> Option<Candidate> {
        match &self.overall {
            Some(overall) => self.exactly(overall, set),
            None => {
                let sums = Sums::of_set(self.source, &set);
                Candidate::new(self.ranking, self.min_users, set, sums)
            }
        }
    }

    /// A candidate with its sums over the totals of [`Self::source`], and over the overall scores where these are
    /// others.
    #[must_use]
    pub fn told(&self, candidate: Candidate) -> Candidate {
        match &self.overall {
            Some(overall) if candidate.overall().is_none() => {
                let again = self.exactly(overall, candidate.set().to_vec());
                again.unwrap_or(candidate)
            }
            _ => candidate,
        }
    }

    /// The question indices at these positions, if the quotas allow such a set.
    fn allowed(&self, positions: &[usize]) -> Option<Vec<usize>> {
        let set = self.space.set(positions);
        let allowed = self.quotas.as_ref().is_none_or(|quotas| quotas.allow(&set));
        allowed.then_some(set)
    }

    /// A set by its exact overall scores.
    fn exactly(&self, overall: &Overall, set: Vec<usize>) -> Option<Candidate> {
        let sums = Sums::of_set(self.source, &set);
        let (exact, r) = overall.of_set(self.source, &set, [sums.n, sums.sa, sums.saa]);
        let value = self.ranking.value_of(r?, sums.n as u64, self.min_users)?;
        Some(Candidate::with_overall(set, sums, exact, value))
    }
}
