//! How to read a table.

use anyhow::Context;
use clap::{Args, ValueEnum};
use kcorrset::input::{self, ColumnNames, ReadOptions};
use kcorrset::matrix::{Duplicates, ResponseMatrix};
use std::fs::File;
use std::path::Path;

#[derive(Debug, Args)]
#[command(next_help_heading = "How to read the table")]
pub struct TableArgs {
    /// What to do where a user answers a question twice
    #[arg(long, value_name = "WHICH", default_value = "error")]
    duplicates: Which,
    /// Column or field of the user's id
    #[arg(long, value_name = "NAME", default_value = "user")]
    user_column: String,
    /// Column or field of the question's id
    #[arg(long, value_name = "NAME", default_value = "question")]
    question_column: String,
    /// Column or field of the score
    #[arg(long, value_name = "NAME", default_value = "score")]
    score_column: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// Refuse the table and name the first two places
    Error,
    /// Keep the first answer
    First,
    /// Keep the last answer
    Last,
}

/// Whether a path is `-`: stdin, or stdout where something is written.
pub fn names_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl TableArgs {
    /// Reads the table at `data`.
    pub fn read(&self, data: &Path) -> anyhow::Result<ResponseMatrix> {
        let options = ReadOptions {
            columns: ColumnNames {
                user: self.user_column.clone(),
                question: self.question_column.clone(),
                score: self.score_column.clone(),
            },
            duplicates: match self.duplicates {
                Which::Error => Duplicates::Error,
                Which::First => Duplicates::First,
                Which::Last => Duplicates::Last,
            },
        };
        let matrix = if names_stream(data) {
            input::read(std::io::stdin().lock(), "stdin", &options)?
        } else {
            let name = data.display().to_string();
            let file = File::open(data).with_context(|| format!("{name}: cannot open"))?;
            input::read(file, &name, &options)?
        };
        tracing::info!(
            users = matrix.users().len(),
            questions = matrix.questions().len(),
            responses = matrix.responses(),
            denominator = matrix.denominator(),
            "table read"
        );
        Ok(matrix)
    }
}
