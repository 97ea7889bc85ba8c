//! Rows from the texts of JSON objects, in place: no value is copied that needs no unescaping, and no
//! number is ever made a float.

use super::error::{Place, RowFault, Stop};
use super::quote::list;
use super::sink::{Cell, Fields, MOST_NAMED, Sink};
use indexmap::{Equivalent, IndexSet};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
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

/// Hands rows over to a sink as objects come.
pub(super) struct Records {
    fields: Fields,
    /// The header was given to the sink, for fields that it named.
    begun: bool,
    columns: Columns,
}

/// A field of an object: its name, and its value as written.
type Entry<'o> = (Cow<'o, str>, &'o RawValue);

/// What the row has in a column.
enum Value<'o> {
    None,
    Raw(&'o str),
    Unescaped(String),
}

impl Value<'_> {
    fn cell(&self) -> Cell<'_> {
        let raw = match self {
            Self::None => return Cell::Empty,
            Self::Unescaped(text) => return Cell::Text(text),
            Self::Raw(raw) => raw,
        };
        match kind(raw) {
            Kind::Null => Cell::Empty,
            Kind::Boolean => Cell::Truth(raw.starts_with('t')),
            Kind::Text => Cell::Text(raw.trim_matches('"')),
            Kind::Number => Cell::Number(raw),
            nested @ (Kind::Array | Kind::Object) => Cell::Nested(nested.words()),
        }
    }
}

impl Records {
    pub(super) fn new(sink: &impl Sink) -> Self {
        Self {
            fields: sink.fields(),
            begun: false,
            columns: Columns::default(),
        }
    }

    /// Takes the row that `object` writes.
    pub(super) fn push<S: Sink>(
        &mut self,
        object: &[u8],
        start: Start,
        sink: &mut S,
    ) -> Result<(), Stop> {
        let row = |fault| Stop::Row(start.place, fault);
        let object = std::str::from_utf8(object).map_err(|error| {
            row(RowFault::Utf8 {
                byte: error.valid_up_to() as u64 + 1,
            })
        })?;
        let syntax = |error: serde_json::Error| row(syntax(object, start, &error));
        match &self.fields {
            Fields::Named(names) => {
                if !self.begun {
                    sink.header(names, start.place)?;
                    self.begun = true;
                }
                let named = named(object, names).map_err(syntax)?;
                let values = named.values(object, names, sink).map_err(row)?;
                sink.row(start.place, |column| values[column].cell())
            }
            Fields::All { needed } => {
                let mut values = Vec::new();
                let entries = entries(object).map_err(syntax)?;
                needed_of(&entries, needed, sink).map_err(row)?;
                self.columns
                    .put(entries, true, start.place, &mut values, sink)?;
                sink.row(start.place, |column| cell(&values, column))
            }
            Fields::Within {
                answers,
                beside,
                needed,
            } => {
                let mut values = Vec::new();
                let entries = entries(object).map_err(syntax)?;
                needed_of(&entries, needed, sink).map_err(row)?;
                needed_of(&entries, std::slice::from_ref(answers), sink).map_err(row)?;
                let (within, others): (Vec<_>, Vec<_>) = entries
                    .into_iter()
                    .partition(|(name, _)| name.trim() == answers);
                let beside = others
                    .into_iter()
                    .filter(|(name, _)| beside.iter().any(|b| b == name.trim()));
                self.columns
                    .put(beside.collect(), true, start.place, &mut values, sink)?;
                if within.len() > 1 {
                    let field = answers.clone();
                    return Err(row(RowFault::RepeatedField { field }));
                }
                for (_, object) in within {
                    match kind(object.get()) {
                        Kind::Null => {}
                        Kind::Object => {
                            let fields = self::entries(object.get()).map_err(syntax)?;
                            self.columns
                                .put(fields, false, start.place, &mut values, sink)?;
                        }
                        other => {
                            return Err(row(RowFault::Kind {
                                field: answers.clone(),
                                found: other.words(),
                                expected: "an object with the answers",
                            }));
                        }
                    }
                }
                sink.row(start.place, |column| cell(&values, column))
            }
        }
    }
}

fn cell<'v>(values: &'v [Value<'_>], column: usize) -> Cell<'v> {
    values.get(column).map_or(Cell::Empty, Value::cell)
}

/// Fields that are columns, in their order, with whether they stand beside an object of answers.
#[derive(Default)]
struct Columns(IndexSet<(bool, String)>);

impl Columns {
    /// Puts the scalar `entries` of one object in `values`, by column.
    fn put<'o, S: Sink>(
        &mut self,
        entries: Vec<Entry<'o>>,
        beside: bool,
        place: Place,
        values: &mut Vec<Value<'o>>,
        sink: &mut S,
    ) -> Result<(), Stop> {
        let row = |fault| Stop::Row(place, fault);
        for (name, value) in entries {
            let name = name.trim();
            if name.is_empty() || matches!(kind(value.get()), Kind::Array | Kind::Object) {
                continue;
            }
            let column = match self.0.get_index_of(&Named { beside, name }) {
                Some(column) => column,
                None => {
                    sink.column(name, beside)?;
                    self.0.insert_full((beside, name.to_owned())).0
                }
            };
            if values.len() <= column {
                values.resize_with(column + 1, || Value::None);
            }
            if !matches!(values[column], Value::None) {
                let field = name.to_owned();
                return Err(row(RowFault::RepeatedField { field }));
            }
            values[column] = of(value, name).map_err(row)?;
        }
        Ok(())
    }
}

/// A column to look for.
#[derive(Hash)]
struct Named<'n> {
    beside: bool,
    name: &'n str,
}

impl Equivalent<(bool, String)> for Named<'_> {
    fn equivalent(&self, (beside, name): &(bool, String)) -> bool {
        self.beside == *beside && self.name == name
    }
}

/// A value as a column has it.
fn of<'o>(value: &'o RawValue, name: &str) -> Result<Value<'o>, RowFault> {
    let raw = value.get();
    if kind(raw) != Kind::Text || !raw.contains('\\') {
        return Ok(Value::Raw(raw));
    }
    serde_json::from_str(raw)
        .map(Value::Unescaped)
        .map_err(|error| RowFault::Escape {
            field: name.to_owned(),
            problem: problem(&error),
        })
}

/// Names of fields, with whether each holds an object.
fn outline(entries: &[Entry<'_>]) -> Vec<(String, bool)> {
    let holds_object = |value: &RawValue| kind(value.get()) == Kind::Object;
    let mut fields: Vec<(String, bool)> = entries
        .iter()
        .map(|(name, value)| (name.clone().into_owned(), holds_object(value)))
        .collect();
    fields.sort();
    fields
}

/// The fault of an object that lacks `field`.
fn lacks(field: &str, entries: &[Entry<'_>], sink: &impl Sink) -> RowFault {
    let outline = outline(entries);
    RowFault::MissingField {
        field: field.to_owned(),
        found: list(outline.iter().map(|(name, _)| name.as_str())),
        looks: sink.looks(&outline).map(Box::new),
    }
}

/// Whether all fields that an object needs are there.
fn needed_of(entries: &[Entry<'_>], needed: &[String], sink: &impl Sink) -> Result<(), RowFault> {
    let lacking = |field: &&String| {
        entries
            .iter()
            .all(|(name, _)| name.trim() != field.as_str())
    };
    match needed.iter().find(lacking) {
        Some(field) => Err(lacks(field, entries, sink)),
        None => Ok(()),
    }
}

/// All fields of an object.
fn entries(object: &str) -> serde_json::Result<Vec<Entry<'_>>> {
    let mut json = serde_json::Deserializer::from_str(object);
    let entries = json.deserialize_map(AllOf)?;
    json.end()?;
    Ok(entries)
}

struct AllOf;

impl<'o> Visitor<'o> for AllOf {
    type Value = Vec<Entry<'o>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'o>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key_seed(NameAsWritten)? {
            entries.push((name, map.next_value()?));
        }
        Ok(entries)
    }
}

/// A name, borrowed where it has no escapes.
struct NameAsWritten;

impl<'o> DeserializeSeed<'o> for NameAsWritten {
    type Value = Cow<'o, str>;

    fn deserialize<D: Deserializer<'o>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<'o> Visitor<'o> for NameAsWritten {
    type Value = Cow<'o, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_borrowed_str<E>(self, name: &'o str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// The values of named fields as written.
#[derive(Default)]
struct NamedValues<'o> {
    values: [Option<&'o RawValue>; MOST_NAMED],
    repeated: Option<usize>,
}

impl<'o> NamedValues<'o> {
    /// The values by column, where every field is there once.
    fn values(
        &self,
        object: &str,
        names: &[String],
        sink: &impl Sink,
    ) -> Result<[Value<'o>; MOST_NAMED], RowFault> {
        if let Some(field) = self.repeated {
            let field = names[field].clone();
            return Err(RowFault::RepeatedField { field });
        }
        let mut values = [const { Value::None }; MOST_NAMED];
        for (at, name) in names.iter().enumerate() {
            let Some(value) = self.values[at] else {
                // Known to be valid.
                return Err(lacks(name, &entries(object).unwrap_or_default(), sink));
            };
            values[at] = of(value, name)?;
        }
        Ok(values)
    }
}

/// Takes the named fields out of an object and checks that the rest is JSON.
fn named<'o>(object: &'o str, names: &[String]) -> serde_json::Result<NamedValues<'o>> {
    let mut json = serde_json::Deserializer::from_str(object);
    let fields = json.deserialize_map(NamedOf(names))?;
    json.end()?;
    Ok(fields)
}

struct NamedOf<'c>(&'c [String]);

impl<'o> Visitor<'o> for NamedOf<'_> {
    type Value = NamedValues<'o>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'o>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = NamedValues::default();
        while let Some(field) = map.next_key_seed(PlaceOf(self.0))? {
            match field {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(field) => {
                    if fields.values[field].is_some() {
                        fields.repeated = Some(field);
                    }
                    fields.values[field] = Some(map.next_value()?);
                }
            }
        }
        Ok(fields)
    }
}

/// Which of the named fields a name is, if any.
struct PlaceOf<'c>(&'c [String]);

impl<'o> DeserializeSeed<'o> for PlaceOf<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'o>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for PlaceOf<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|field| field == name))
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
            Place::Line(_) | Place::Row(_) | Place::Cell { .. } => {
                "; one whole object a line is expected"
            }
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
