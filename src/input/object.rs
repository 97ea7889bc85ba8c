//! One row from the text of one JSON object, in place: no field is copied that needs no unescaping,
//! and no number is ever made a float.

use super::columns::ColumnNames;
use super::error::{Place, RowFault, Stop};
use super::quote::list;
use super::score;
use crate::matrix::MatrixBuilder;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Where an object begins in the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// What messages call it.
    pub(super) place: Place,
    /// Line of its first byte, from 1.
    pub(super) line: u64,
    /// Place of that byte in its line, from 1.
    pub(super) column: u64,
}

/// Adds the row that `object` writes.
pub(super) fn push(
    object: &[u8],
    start: Start,
    columns: &ColumnNames,
    builder: &mut MatrixBuilder,
) -> Result<(), Stop> {
    let row = |fault| Stop::Row(start.place, fault);
    let object = std::str::from_utf8(object).map_err(|error| {
        row(RowFault::Utf8 {
            byte: error.valid_up_to() as u64 + 1,
        })
    })?;
    let fields = fields(object, columns).map_err(|error| row(syntax(object, start, &error)))?;
    if let Some(field) = fields.repeated {
        return Err(row(RowFault::RepeatedField {
            field: field.of(columns).to_owned(),
        }));
    }
    let get = |field: Field| {
        fields.values[field as usize]
            .map(RawValue::get)
            .ok_or_else(|| {
                row(RowFault::MissingField {
                    field: field.of(columns).to_owned(),
                    found: names(object),
                })
            })
    };
    let (user, question, score) = (get(Field::User)?, get(Field::Question)?, get(Field::Score)?);
    let user = id(user, &columns.user).map_err(row)?;
    let question = id(question, &columns.question).map_err(row)?;
    let score = match kind(score) {
        Kind::Null => None,
        Kind::Text | Kind::Number => {
            let text = text(score, &columns.score).map_err(row)?;
            score::parse(&text).map_err(|fault| {
                row(RowFault::Score {
                    column: columns.score.clone(),
                    fault,
                })
            })?
        }
        other => {
            return Err(row(RowFault::Kind {
                field: columns.score.clone(),
                found: other.words(),
                expected: "a number, or null for a missing answer",
            }));
        }
    };
    builder.push(&user, &question, score, start.place.number())?;
    Ok(())
}

/// The three fields of a row.
#[derive(Clone, Copy, Debug)]
enum Field {
    User,
    Question,
    Score,
}

impl Field {
    fn of(self, columns: &ColumnNames) -> &str {
        match self {
            Self::User => &columns.user,
            Self::Question => &columns.question,
            Self::Score => &columns.score,
        }
    }
}

/// The values as written.
#[derive(Default)]
struct Fields<'o> {
    values: [Option<&'o RawValue>; 3],
    repeated: Option<Field>,
}

fn fields<'o>(object: &'o str, columns: &ColumnNames) -> serde_json::Result<Fields<'o>> {
    let mut json = serde_json::Deserializer::from_str(object);
    let fields = json.deserialize_map(FieldsOf(columns))?;
    json.end()?;
    Ok(fields)
}

/// Takes the three fields out of an object and checks that the rest is JSON.
struct FieldsOf<'c>(&'c ColumnNames);

impl<'o> Visitor<'o> for FieldsOf<'_> {
    type Value = Fields<'o>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'o>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(field) = map.next_key_seed(NameOf(self.0))? {
            match field {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(field) => {
                    let value = &mut fields.values[field as usize];
                    if value.is_some() {
                        fields.repeated = Some(field);
                    }
                    *value = Some(map.next_value()?);
                }
            }
        }
        Ok(fields)
    }
}

/// Which of the three fields a name is, if any.
struct NameOf<'c>(&'c ColumnNames);

impl<'o> DeserializeSeed<'o> for NameOf<'_> {
    type Value = Option<Field>;

    fn deserialize<D: Deserializer<'o>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for NameOf<'_> {
    type Value = Option<Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok([Field::User, Field::Question, Field::Score]
            .into_iter()
            .find(|field| field.of(self.0) == name))
    }
}

/// What a valid JSON value is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Boolean,
    Array,
    Object,
    Text,
    Number,
}

fn kind(value: &str) -> Kind {
    match value.as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        Some(b'"') => Kind::Text,
        _ => Kind::Number,
    }
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Array => "an array",
            Self::Object => "an object",
            Self::Text => "a text",
            Self::Number => "a number",
        }
    }
}

/// What the value that begins with `byte` is, for a message.
pub(super) fn words(byte: u8) -> &'static str {
    match byte {
        b'-' | b'0'..=b'9' | b'n' | b't' | b'f' | b'[' | b'{' | b'"' => {
            kind(char::from(byte).encode_utf8(&mut [0; 4])).words()
        }
        _ => "something that is not JSON",
    }
}

/// A user or question: a text, or a number taken as its text.
fn id<'o>(value: &'o str, field: &str) -> Result<Cow<'o, str>, RowFault> {
    match kind(value) {
        Kind::Text | Kind::Number => {
            let id = text(value, field)?;
            if id.trim_ascii().is_empty() {
                return Err(RowFault::EmptyId {
                    column: field.to_owned(),
                });
            }
            Ok(id)
        }
        other => Err(RowFault::Kind {
            field: field.to_owned(),
            found: other.words(),
            expected: "a text or a number",
        }),
    }
}

/// The text of a JSON string, or a number's own digits.
fn text<'o>(value: &'o str, field: &str) -> Result<Cow<'o, str>, RowFault> {
    let Some(quoted) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return Ok(Cow::Borrowed(value));
    };
    if !quoted.contains('\\') {
        return Ok(Cow::Borrowed(quoted));
    }
    serde_json::from_str(value)
        .map(Cow::Owned)
        .map_err(|error| RowFault::Escape {
            field: field.to_owned(),
            problem: problem(&error),
        })
}

/// Names of the fields of `object`, for a message; it is known to be valid.
fn names(object: &str) -> String {
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_str(object).unwrap_or_default();
    list(fields.keys().map(String::as_str))
}

/// What serde says, without its place, which counts from the object's start.
fn problem(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

fn syntax(object: &str, start: Start, error: &serde_json::Error) -> RowFault {
    let (line, column) = (error.line() as u64, error.column() as u64);
    let mut problem = problem(error);
    if error.is_eof() {
        problem.push_str(match start.place {
            Place::Line(_) => "; one whole object a line is expected",
            Place::Record(_) => "; the file is cut short",
        });
    } else if let Some(word) = stray_word(object, error) {
        problem.push_str(&format!(
            "; {word} is not JSON: write null for a missing answer"
        ));
    }
    RowFault::Syntax {
        line: start.line + line.saturating_sub(1),
        column: match line {
            0 | 1 => start.column + column.saturating_sub(1),
            _ => column.max(1),
        },
        problem,
    }
}

/// The word at fault where it is one that other programs write for "not a number".
fn stray_word(object: &str, error: &serde_json::Error) -> Option<&'static str> {
    let line = object.lines().nth(error.line().checked_sub(1)?)?;
    // serde names the first byte that does not fit, or the one before it.
    let near = error.column().saturating_sub(2);
    ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| {
        (near..near + 3).any(|at| {
            line.as_bytes()
                .get(at..)
                .is_some_and(|rest| rest.starts_with(word.as_bytes()))
        })
    })
}
