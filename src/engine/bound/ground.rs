//! What all searches of a problem share, whichever of its sets they are for.

use super::audit::Words;
use super::problem::Problem;
use super::scaled::Scaled;
use crate::combin::WrappingBinomials;

/// A problem and what follows from it alone.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) problem: Problem,
    /// `None` where no question, or not the criterion, varies.
    pub(super) scaled: Option<Scaled>,
    pub(super) words: Words,
    pub(super) binomials: WrappingBinomials,
}

impl Ground {
    pub(super) fn new(problem: Problem) -> Self {
        Self {
            scaled: Scaled::new(&problem),
            words: Words::new(&problem),
            binomials: WrappingBinomials::new(problem.questions, problem.k),
            problem,
        }
    }
}
