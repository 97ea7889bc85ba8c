//! What is asked: a complete table as exact integer moments, the size of the sets, what they must hold.

use super::quotas::Quotas;

/// Which correlation of a set's score a with the criterion g.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// r(a, g), for any g: the total, or a value from outside.
    Total,
    /// r(a, g − a): with what the set leaves of g.
    Rest,
}

/// Exact moments of a complete table. Row and column i stand for question i.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Moments {
    /// How many users; every one has a score for every question.
    pub(super) users: i128,
    /// Σ score_i over the users, one a question.
    pub(super) s1: Vec<i128>,
    /// Σ score_i·score_j, row by row, questions × questions.
    pub(super) m: Vec<i128>,
    /// Σ score_i·g, one a question.
    pub(super) cy: Vec<i128>,
    /// Σ g.
    pub(super) sg: i128,
    /// Σ g².
    pub(super) sgg: i128,
}

/// Why moments and wishes make no problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProblemError {
    /// A part has not the length that the number of questions asks for.
    Shape {
        /// Which part.
        what: &'static str,
        /// The length it must have.
        want: usize,
        /// The length it has.
        have: usize,
    },
    /// n·Σxy − Σx·Σy leaves 128 bits for these two columns; `None` is the criterion.
    Overflow(usize, Option<usize>),
    /// m is not symmetric here.
    Asymmetric(usize, usize),
    /// K is 0 or larger than the number of questions.
    Size(usize),
    /// A question to include is unknown, named twice, or out of order.
    Include(usize),
    /// More questions to include than K.
    TooManyIncluded,
    /// A question's group has no limits.
    Group(usize),
}

/// A checked problem. Its space: all K-sets that hold every included question; those of them that
/// keep the quotas may be listed.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) questions: usize,
    pub(super) k: usize,
    pub(super) kind: Kind,
    pub(super) include: Vec<usize>,
    pub(super) quotas: Option<Quotas>,
    pub(super) moments: Moments,
    /// users·m − s1·s1', exact.
    pub(super) v: Vec<i128>,
    /// users·cy − s1·sg, exact.
    pub(super) c: Vec<i128>,
    /// users·sgg − sg², exact.
    pub(super) g: i128,
}

impl Problem {
    /// Sets of `k` questions over these moments, ranked by `kind`; no inclusions, no quotas yet.
    ///
    /// # Errors
    /// Where the parts do not fit together, or exact covariances do not fit 128 bits.
    pub(super) fn new(moments: Moments, k: usize, kind: Kind) -> Result<Self, ProblemError> {
        let questions = moments.s1.len();
        shape("m", questions * questions, moments.m.len())?;
        shape("cy", questions, moments.cy.len())?;
        if k == 0 || k > questions {
            return Err(ProblemError::Size(k));
        }
        let covariance = |product: i128, a: i128, b: i128| {
            let left = moments.users.checked_mul(product)?;
            left.checked_sub(a.checked_mul(b)?)
        };
        let mut v = Vec::with_capacity(questions * questions);
        let mut c = Vec::with_capacity(questions);
        for i in 0..questions {
            for j in 0..questions {
                let product = moments.m[i * questions + j];
                if product != moments.m[j * questions + i] {
                    return Err(ProblemError::Asymmetric(i, j));
                }
                let value = covariance(product, moments.s1[i], moments.s1[j]);
                v.push(value.ok_or(ProblemError::Overflow(i, Some(j)))?);
            }
            let value = covariance(moments.cy[i], moments.s1[i], moments.sg);
            c.push(value.ok_or(ProblemError::Overflow(i, None))?);
        }
        let g = covariance(moments.sgg, moments.sg, moments.sg);
        let g = g.ok_or(ProblemError::Overflow(0, None))?;
        Ok(Self {
            questions,
            k,
            kind,
            include: Vec::new(),
            quotas: None,
            moments,
            v,
            c,
            g,
        })
    }

    /// Every set must hold these questions, in ascending order.
    ///
    /// # Errors
    /// Where one is unknown or repeated, or they are more than K.
    pub(super) fn including(mut self, include: Vec<usize>) -> Result<Self, ProblemError> {
        for (at, &i) in include.iter().enumerate() {
            if i >= self.questions || (at > 0 && include[at - 1] >= i) {
                return Err(ProblemError::Include(i));
            }
        }
        if include.len() > self.k {
            return Err(ProblemError::TooManyIncluded);
        }
        self.include = include;
        Ok(self)
    }

    /// Every listed set must keep these quotas.
    ///
    /// # Errors
    /// Where a question's group has no limits, or not every question is told of.
    pub(super) fn with_quotas(mut self, quotas: Quotas) -> Result<Self, ProblemError> {
        shape("group", self.questions, quotas.group.len())?;
        for (i, group) in quotas.group.iter().enumerate() {
            if group.is_some_and(|g| g >= quotas.limits.len()) {
                return Err(ProblemError::Group(i));
            }
        }
        self.quotas = Some(quotas);
        Ok(self)
    }
}

fn shape(what: &'static str, want: usize, have: usize) -> Result<(), ProblemError> {
    if want == have {
        Ok(())
    } else {
        Err(ProblemError::Shape { what, want, have })
    }
}
