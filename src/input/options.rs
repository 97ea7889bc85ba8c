//! How a table is to be read.

use super::choice::Choice;
use super::codes::Codes;
use super::columns::ColumnNames;
use super::encoding::Encoding;
use crate::matrix::Duplicates;

/// How to read a table.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// One row an answer, or one a user.
    pub shape: Shape,
    /// Names of the columns of a long table.
    pub columns: ColumnNames,
    /// The questions that count [default: all]. Others are left out altogether.
    pub questions: Option<Choice>,
    /// A column with a number for each user, which is no question.
    pub criterion_column: Option<String>,
    /// Rows behind the header that are no data.
    pub skip_rows: u64,
    /// Leave out rows without a user.
    pub skip_blank_users: bool,
    /// What the texts in cells stand for.
    pub codes: Codes,
    /// How text is encoded [default: UTF-8, or UTF-16 by its mark].
    pub encoding: Option<Encoding>,
    /// The sheet of a workbook [default: the first].
    pub sheet: Option<String>,
    /// What a repeated (user, question) means.
    pub duplicates: Duplicates,
}

/// What a row is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// An answer: its user, its question, its score.
    #[default]
    Long,
    /// A user: one column a question.
    Wide(Wide),
}

/// What a wide table is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wide {
    /// Column of the user's id [default: `user` where there is one, else rows are numbered].
    pub user: Option<String>,
    /// Records: the field whose object holds the answers [default: the record itself].
    pub answers: Option<String>,
}
