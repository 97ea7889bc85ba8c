//! What is asked of a table, as typed, and the queries that it makes.

use super::lengths::Lengths;
use super::question::Question;
use clap::Args;
use kcorrset::engine::{Query, QueryError};
use kcorrset::report::Shown;
use kcorrset::stats::Distance;

/// The sets that are listed where nothing else is asked for.
const TOP: usize = 10;

/// How many are listed at most where those near the best are asked for.
const TOP_WITHIN: usize = 1000;

#[derive(Debug, Args)]
pub struct AskedArgs {
    /// Questions in a set: a number; or several, as a range with both ends such as 2..8, or with commas
    #[arg(short, value_name = "K")]
    k: Lengths,
    /// How many of the best sets to print, of each K [default: 10, with --within 1000; where -k names
    /// several, the table has the best of each]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Only sets whose r is at most D below the best one's, such as 0.001; as many as --top lists
    #[arg(long, value_name = "D")]
    within: Option<Distance>,
    /// Users that a set needs for a defined correlation, at least 2
    #[arg(long, value_name = "U", default_value_t = 2)]
    min_users: u64,
}

impl AskedArgs {
    /// Refuses what no table has.
    pub fn check(&self) -> anyhow::Result<()> {
        QueryError::check(self.k.least(), self.top(), self.min_users)?;
        Ok(())
    }

    /// Whether one K is asked for.
    pub fn is_of_one_k(&self) -> bool {
        self.k.is_one()
    }

    /// What a table shows of several K.
    pub fn shown(&self) -> Shown {
        match (self.top, self.within) {
            (None, None) | (Some(1), _) => Shown::Best,
            (Some(_), _) | (None, Some(_)) => Shown::All,
        }
    }

    fn top(&self) -> usize {
        let default = if self.within.is_some() {
            TOP_WITHIN
        } else {
            TOP
        };
        self.top.unwrap_or(default)
    }

    /// One query for each K, so that whatever does not fit the table is refused before the first is run.
    pub fn queries<'q>(&self, question: &'q Question) -> anyhow::Result<Vec<Query<'q>>> {
        let questions = question.table().questions().len();
        let k = self.k.most();
        if k > questions {
            return Err(QueryError::TooFewQuestions { k, questions }.into());
        }
        let query = |k| Ok(question.query(k, self.top(), self.min_users, self.within)?);
        self.k.iter().map(query).collect()
    }
}
