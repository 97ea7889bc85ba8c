//! Wide integers as decimal strings: many JSON readers hold numbers as f64 and would round them.

use serde::{Deserialize, Deserializer, Serializer, de};
use std::fmt::Display;
use std::str::FromStr;

pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

pub(crate) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    parse(&String::deserialize(from)?)
}

fn parse<T: FromStr, E: de::Error>(text: &str) -> Result<T, E> {
    let expected = "an integer as a decimal string";
    text.parse()
        .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &expected))
}

/// Integers that may be null, as decimal strings.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer, parse};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| parse(&text)).transpose()
    }
}
