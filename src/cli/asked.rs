//! What is asked of a table, as typed, and the queries that it makes.

use super::lengths::Lengths;
use clap::Args;
use kcorrset::engine::{Query, QueryError};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::Shown;

/// The sets that are listed where nothing else is asked for.
const TOP: usize = 10;

#[derive(Debug, Args)]
pub struct AskedArgs {
    /// Questions in a set: a number; or several, as a range with both ends such as 2..8, or with commas
    #[arg(short, value_name = "K")]
    k: Lengths,
    /// How many of the best sets to print, of each K [default: 10; where -k names several, the table has
    /// the best of each]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
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
        match self.top {
            None | Some(1) => Shown::Best,
            Some(_) => Shown::All,
        }
    }

    fn top(&self) -> usize {
        self.top.unwrap_or(TOP)
    }

    /// One query for each K, so that whatever does not fit the table is refused before the first is run.
    pub fn queries<'t>(&self, table: &'t ResponseMatrix) -> anyhow::Result<Vec<Query<'t>>> {
        let questions = table.questions().len();
        let k = self.k.most();
        if k > questions {
            return Err(QueryError::TooFewQuestions { k, questions }.into());
        }
        self.k.iter().map(|k| self.query(table, k)).collect()
    }

    /// What is asked of `table` for sets of `k` questions.
    fn query<'t>(&self, table: &'t ResponseMatrix, k: usize) -> anyhow::Result<Query<'t>> {
        let query = Query::of(table).k(k).top(self.top());
        Ok(query.min_users(self.min_users).build()?)
    }
}
