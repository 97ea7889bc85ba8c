//! What shape a table looks like, from the names of its columns, for messages. Nothing is read by it.

use super::columns::ColumnNames;
use std::collections::HashMap;
use std::fmt;

/// A shape other than the one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looks {
    /// One row a user, one column a question.
    Wide,
    /// One row an answer.
    Long,
    /// A record a user, with all answers in the object of one field.
    Nested {
        /// That field.
        field: String,
    },
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wide => {
                f.write_str("it looks like a wide table (one row a user, one column a question)")
            }
            Self::Long => f.write_str("it looks like a long table (one row an answer)"),
            Self::Nested { field } => write!(
                f,
                "it looks like one record a user, with the answers in the object of field {field:?}"
            ),
        }
    }
}

/// Names that a column of questions has in tables of one row an answer.
const QUESTION: &[&str] = &[
    "question", "item", "problem", "task", "exercise", "variable",
];
/// Names that a column of scores has there.
const SCORE: &[&str] = &[
    "score", "resp", "response", "correct", "answer", "value", "rating", "mark", "points", "grade",
    "outcome",
];

/// What columns of these names look like: where some are numbered alike, as Q1 and Q2 are, or there
/// are many, a wide table; where one is called like a question and one like a score, a long one.
pub(super) fn of<'n>(
    names: impl IntoIterator<Item = &'n str>,
    columns: &ColumnNames,
) -> Option<Looks> {
    /// More columns than a long table is likely to have.
    const MANY: usize = 8;
    let names: Vec<&str> = names.into_iter().collect();
    let one_of = |words: &[&str], own: &str| {
        let named = |name: &&str| -> bool {
            let name = name.to_lowercase();
            let word = name
                .trim_end_matches("id")
                .trim_end_matches(['_', ' ', '.']);
            *own == name || words.contains(&word)
        };
        names.iter().any(named)
    };
    let long = one_of(QUESTION, &columns.question) && one_of(SCORE, &columns.score);
    if long && names.len() <= MANY {
        return Some(Looks::Long);
    }
    let mut stems: HashMap<&str, u32> = HashMap::new();
    for name in &names {
        let name = name.trim_end_matches([']', ')']);
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() < name.len() {
            *stems.entry(stem).or_default() += 1;
        }
    }
    let numbered = stems.values().any(|&alike| alike >= 2);
    (numbered || names.len() > MANY).then_some(Looks::Wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_by_names() {
        let of = |names: &[&str]| of(names.iter().copied(), &ColumnNames::default());
        assert_eq!(of(&["Q1", "Q2", "total"]), Some(Looks::Wide));
        assert_eq!(
            of(&["id", "I plan [row 1]", "I plan [row 2]"]),
            Some(Looks::Wide)
        );
        assert_eq!(
            of(&["a", "b", "c", "d", "e", "f", "g", "h", "i"]),
            Some(Looks::Wide)
        );
        assert_eq!(of(&["id", "item", "resp"]), Some(Looks::Long));
        assert_eq!(of(&["student", "item_id", "Correct"]), Some(Looks::Long));
        assert_eq!(of(&["a", "b1", "c2"]), None);
        assert_eq!(of(&[]), None);
    }
}
