//! What a table is like, as a document, and one printer a form.

mod csv;
mod table;

pub use self::csv::csv;
pub use self::table::table;

use super::document::Data;
use super::json::in_lines;
use crate::describe::{Description, Spread};
use crate::matrix::ResponseMatrix;
use serde::{Serialize, Serializer};

/// Version of the form in JSON.
const SCHEMA: u32 = 1;

/// A table with what it is like.
pub struct Described<'a> {
    /// The table.
    pub table: &'a ResponseMatrix,
    /// What it is like.
    pub description: &'a Description,
}

/// The whole document, ended by a line break: one object; its members and each question on a line of their
/// own.
///
/// # Errors
/// None of its values is one that JSON cannot write; the error is serde_json's own.
pub fn json(described: &Described<'_>) -> serde_json::Result<String> {
    let Described { table, description } = *described;
    let missing = &description.missing;
    let scores = &description.scores;
    let values = scores.values.as_deref();
    let value = |&(score, count): &(f64, u64)| Value {
        score: Number(score),
        count,
    };
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        data: Data::of(table),
        scores: Scores {
            least: Number(scores.least),
            most: Number(scores.most),
            values: values.map(|values| values.iter().map(value).collect()),
        },
        missing: Missing {
            answers: missing.answers.to_string(),
            complete_users: missing.complete_users,
            silent_users: missing.silent_users,
            patterns: missing.patterns,
            by_question: missing.by_question.into(),
            by_user: missing.by_user.into(),
        },
        alpha: description.alpha.map(|alpha| Alpha {
            value: alpha.value,
            users: alpha.users,
        }),
        questions: (table.questions().iter().zip(&description.items))
            .map(|(question, item)| Question {
                question,
                n: item.users,
                missing: item.missing,
                mean: item.mean.map(Number),
                sd: item.sd.map(Number),
                item_rest_r: item.r_rest,
                negative: item.is_negative(),
            })
            .collect(),
    };
    in_lines(&document, 1)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    version: &'static str,
    data: Data,
    scores: Scores,
    missing: Missing,
    alpha: Option<Alpha>,
    questions: Vec<Question<'a>>,
}

#[derive(Serialize)]
struct Scores {
    least: Number,
    most: Number,
    values: Option<Vec<Value>>,
}

#[derive(Serialize)]
struct Value {
    score: Number,
    count: u64,
}

#[derive(Serialize)]
struct Missing {
    /// As a string, like every count that a JSON reader may not hold exactly.
    answers: String,
    complete_users: u64,
    silent_users: u64,
    patterns: u64,
    by_question: Counts,
    by_user: Counts,
}

#[derive(Serialize)]
struct Counts {
    least: u64,
    median: Number,
    most: u64,
}

impl From<Spread> for Counts {
    fn from(spread: Spread) -> Self {
        Self {
            least: spread.least,
            median: Number(spread.median),
            most: spread.most,
        }
    }
}

#[derive(Serialize)]
struct Alpha {
    value: f64,
    users: u64,
}

#[derive(Serialize)]
struct Question<'a> {
    question: &'a str,
    n: u64,
    missing: u64,
    mean: Option<Number>,
    sd: Option<Number>,
    item_rest_r: Option<f64>,
    negative: bool,
}

/// A number that is written as an integer where it is one.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // Every integer of this size is an f64 of its own.
        let exact = self.0.abs() < (1_u64 << 53) as f64 && self.0.fract() == 0.0;
        if exact {
            to.serialize_i64(self.0 as i64)
        } else {
            to.serialize_f64(self.0)
        }
    }
}

#[cfg(test)]
mod sample {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    /// Five users, the last without an answer; the third question is worded the other way.
    pub(super) fn described<T>(then: impl FnOnce(&Described<'_>) -> T) -> T {
        let rows = [
            [Some(1), Some(15), Some(5)],
            [Some(2), Some(20), Some(4)],
            [Some(3), None, Some(3)],
        ];
        let rows = rows
            .into_iter()
            .chain([[Some(5), Some(45), Some(2)], [None; 3]]);
        let mut builder = MatrixBuilder::new();
        for (user, row) in rows.enumerate() {
            for ((question, digits), mantissa) in
                [("q1", 0), ("a, b", 1), ("q\n3", 0)].into_iter().zip(row)
            {
                let score = mantissa.map(|mantissa| Score { mantissa, digits });
                builder.push(&user.to_string(), question, score, 0).unwrap();
            }
        }
        let table = &builder.finish(Duplicates::Error, "row").unwrap();
        let description = &Description::of(table);
        then(&Described { table, description })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_document() {
        let text = sample::described(json).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        expect![[r#"
            {
              "schema": 1,
              "version": "0.1.0",
              "data": {"users":5,"questions":3,"responses":11,"scale":1,"fingerprint":"sha256:2016dad9cf65b4340f8c275bf9cb63772a211288a339ad5d6f5abfd0699b2cc5"},
              "scores": {"least":1,"most":5,"values":[{"score":1,"count":1},{"score":1.5,"count":1},{"score":2,"count":3},{"score":3,"count":2},{"score":4,"count":1},{"score":4.5,"count":1},{"score":5,"count":2}]},
              "missing": {"answers":"4","complete_users":3,"silent_users":1,"patterns":3,"by_question":{"least":1,"median":1,"most":2},"by_user":{"least":0,"median":0,"most":3}},
              "alpha": {"value":-1.4210526315789473,"users":3},
              "questions": [
                {"question":"q1","n":4,"missing":1,"mean":2.75,"sd":1.707825127659933,"item_rest_r":-0.05797710356524484,"negative":true},
                {"question":"a, b","n":3,"missing":2,"mean":2.6666666666666665,"sd":1.6072751268321592,"item_rest_r":0.9878291611472619,"negative":false},
                {"question":"q\n3","n":4,"missing":1,"mean":3.5,"sd":1.2909944487358056,"item_rest_r":-0.8,"negative":true}
              ]
            }
        "#]].assert_eq(&text);
    }

    #[test]
    fn integers_are_written_as_such() {
        let text = |number| serde_json::to_string(&Number(number)).unwrap();
        assert_eq!([1.0, -2.0, 0.0, -0.0].map(text), ["1", "-2", "0", "0"]);
        assert_eq!([0.5, 1e300].map(text), ["0.5", "1e+300"]);
    }
}
