//! Some questions of a table, chosen by a list of names.
//!
//! The list is separated by commas. An entry is a name, a range in the order of the table
//! (`A1..O5`), or a pattern in which `*` stands for any text (`Q*`). A name as it stands in the table
//! wins over the other readings, and a name that holds commas may be written as it is. What is in
//! double quotes is a name and nothing else (`""` stands for a quote).

use super::quote::{excerpt, list};
use std::collections::HashMap;
use std::str::FromStr;

/// A list of questions as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    entries: Vec<Entry>,
}

/// What stands between two commas.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// Without quotes, with the space around it.
    Bare(String),
    /// A name in quotes.
    Name(String),
    /// Two names, at least one in quotes.
    Range(String, String),
}

/// Why a list chooses nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceFault {
    /// An entry without text.
    #[error("an entry of the list of questions is empty: write names with one comma between them")]
    Empty,
    /// A quote without its end.
    #[error("a quote in the list of questions is opened and never closed")]
    UnclosedQuote,
    /// Text between a closing quote and the next comma.
    #[error(
        "text follows a closing quote in the list of questions: write \"\" for a quote in a name"
    )]
    AfterQuote,
    /// No such question.
    #[error("no question {name}: there are {known}")]
    Unknown {
        /// What was asked for, quoted.
        name: String,
        /// Those that there are, as a list.
        known: String,
    },
    /// A pattern without a match.
    #[error("no question is like {pattern}: there are {known}")]
    NoneLike {
        /// The pattern, quoted.
        pattern: String,
        /// Those that there are, as a list.
        known: String,
    },
    /// A range whose end comes first.
    #[error("the range {first}..{last} is empty: {last} stands before {first} in the table")]
    Backwards {
        /// Its first name, quoted.
        first: String,
        /// Its last name, quoted.
        last: String,
    },
}

impl FromStr for Choice {
    type Err = ChoiceFault;

    fn from_str(text: &str) -> Result<Self, ChoiceFault> {
        let mut entries = Vec::new();
        let mut rest = text;
        loop {
            let (entry, behind) = Entry::read(rest)?;
            entries.push(entry);
            match behind {
                None => return Ok(Self { entries }),
                Some(more) => rest = more,
            }
        }
    }
}

/// What `text`, behind an opening quote, holds up to the closing one, and what follows that.
fn unquote(text: &str) -> Result<(String, &str), ChoiceFault> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (inside, behind) = rest.split_once('"').ok_or(ChoiceFault::UnclosedQuote)?;
        name.push_str(inside);
        match behind.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Ok((name.trim().to_owned(), behind.trim_start())),
        }
    }
}

/// `text` up to its first comma, and what stands behind that.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(',') {
        Some((own, more)) => (own, Some(more)),
        None => (text, None),
    }
}

/// What follows the comma that has to stand behind a closing quote.
fn behind(rest: &str) -> Result<Option<&str>, ChoiceFault> {
    match rest.strip_prefix(',') {
        None if !rest.is_empty() => Err(ChoiceFault::AfterQuote),
        more => Ok(more),
    }
}

impl Entry {
    /// The first entry of `text`, and what stands behind the comma that ends it.
    fn read(text: &str) -> Result<(Self, Option<&str>), ChoiceFault> {
        if let Some(quoted) = text.trim_start().strip_prefix('"') {
            let (name, rest) = unquote(quoted)?;
            return match rest.strip_prefix("..") {
                Some(rest) => Self::range(name, rest),
                None => Ok((Self::Name(name), behind(rest)?)),
            };
        }
        let (own, more) = split(text);
        // A quote behind the dots is one; elsewhere it is a character.
        if let Some((first, last)) = own.split_once("..")
            && last.trim_start().starts_with('"')
        {
            return Self::range(first.trim().to_owned(), &text[first.len() + 2..]);
        }
        match own.trim().is_empty() {
            true => Err(ChoiceFault::Empty),
            false => Ok((Self::Bare(own.to_owned()), more)),
        }
    }

    /// The range from `first`, whose dots were just stepped over.
    fn range(first: String, rest: &str) -> Result<(Self, Option<&str>), ChoiceFault> {
        let (last, more) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let (last, rest) = unquote(quoted)?;
                (last, behind(rest)?)
            }
            None => {
                let (last, more) = split(rest);
                (last.trim().to_owned(), more)
            }
        };
        Ok((Self::Range(first, last), more))
    }
}

/// Whether `name` is what `pattern` describes, in which `*` stands for any text.
fn like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let (Some(first), Some(last)) = (parts.next(), parts.next_back()) else {
        return name == pattern;
    };
    let Some(rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(mut rest) = rest.strip_suffix(last) else {
        return false;
    };
    parts.all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// The names of a table while a list is read.
struct Known<'n> {
    names: Vec<&'n str>,
    places: HashMap<&'n str, usize>,
    /// The most commas in a name.
    commas: usize,
}

impl Known<'_> {
    fn unknown(&self, name: &str) -> ChoiceFault {
        ChoiceFault::Unknown {
            name: excerpt(name),
            known: list(self.names.iter().copied()),
        }
    }

    fn place(&self, name: &str) -> Result<usize, ChoiceFault> {
        let place = self.places.get(name).copied();
        place.ok_or_else(|| self.unknown(name))
    }

    fn range(
        &self,
        first: &str,
        last: &str,
    ) -> Result<std::ops::RangeInclusive<usize>, ChoiceFault> {
        let (from, to) = (self.place(first)?, self.place(last)?);
        match from <= to {
            true => Ok(from..=to),
            false => Err(ChoiceFault::Backwards {
                first: excerpt(first),
                last: excerpt(last),
            }),
        }
    }

    /// How many of the entries at the head of `bare` are one, and which names that one chooses.
    /// Names that hold commas come in several entries, so the longest that makes a name is taken.
    fn bare(&self, bare: &[&str]) -> Result<(usize, Vec<usize>), ChoiceFault> {
        let longest = |most: usize| (1..=most.min(bare.len())).rev();
        let joined = |count: usize| bare[..count].join(",").trim().to_owned();
        for count in longest(self.commas + 1) {
            if let Some(&place) = self.places.get(joined(count).as_str()) {
                return Ok((count, vec![place]));
            }
        }
        for count in longest(2 * (self.commas + 1)) {
            let text = joined(count);
            for (at, _) in text.match_indices("..") {
                let (first, last) = (text[..at].trim(), text[at + 2..].trim());
                if self.places.contains_key(first) && self.places.contains_key(last) {
                    return Ok((count, self.range(first, last)?.collect()));
                }
            }
        }
        for count in longest(self.commas + 1) {
            let text = joined(count);
            if text.contains('*') {
                let matching = |&at: &usize| like(self.names[at], &text);
                let found: Vec<usize> = (0..self.names.len()).filter(matching).collect();
                if !found.is_empty() {
                    return Ok((count, found));
                }
            }
        }
        let first = bare[0].trim();
        if first.contains('*') {
            return Err(ChoiceFault::NoneLike {
                pattern: excerpt(first),
                known: list(self.names.iter().copied()),
            });
        }
        let ends = first.split_once("..").map(|(a, b)| [a.trim(), b.trim()]);
        let missing = |end: &&str| !end.is_empty() && !self.places.contains_key(*end);
        Err(match ends.and_then(|ends| ends.into_iter().find(missing)) {
            Some(end) => self.unknown(end),
            None => self.unknown(first),
        })
    }
}

impl Choice {
    /// Which of `names`, the questions of a table in their order, the list chooses.
    ///
    /// # Errors
    /// See [`ChoiceFault`].
    pub fn of(&self, names: &[impl AsRef<str>]) -> Result<Vec<bool>, ChoiceFault> {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let mut places = HashMap::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            places.entry(*name).or_insert(at);
        }
        let commas = names.iter().map(|n| n.matches(',').count()).max();
        let known = Known {
            names,
            places,
            commas: commas.unwrap_or(0),
        };
        let mut chosen = vec![false; known.names.len()];
        let mut rest = &self.entries[..];
        while let Some(entry) = rest.first() {
            let mut entries = 1;
            match entry {
                Entry::Name(name) => chosen[known.place(name)?] = true,
                Entry::Range(first, last) => chosen[known.range(first, last)?].fill(true),
                Entry::Bare(_) => {
                    let bare: Vec<&str> = rest
                        .iter()
                        .map_while(|entry| match entry {
                            Entry::Bare(text) => Some(text.as_str()),
                            _ => None,
                        })
                        .take(2 * (known.commas + 1))
                        .collect();
                    let (count, found) = known.bare(&bare)?;
                    entries = count;
                    found.into_iter().for_each(|at| chosen[at] = true);
                }
            }
            rest = &rest[entries..];
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 9] = [
        "A1",
        "A2",
        "A3",
        "B1",
        "I plan, ahead",
        "I plan, too",
        "A1..A2",
        "B*",
        "say \"x\", y",
    ];

    fn chosen(list: &str) -> Result<Vec<usize>, String> {
        let choice: Choice = list.parse().map_err(|e: ChoiceFault| e.to_string())?;
        let flags = choice.of(&NAMES).map_err(|e| e.to_string())?;
        Ok((0..NAMES.len()).filter(|&at| flags[at]).collect())
    }

    #[test]
    fn every_name_can_be_chosen() {
        for (list, want) in [
            ("A1", &[0][..]),
            (" A1 , A3 ", &[0, 2]),
            ("A2..B1", &[1, 2, 3]),
            ("A1 .. A3", &[0, 1, 2]),
            ("A1..A1", &[0]),
            ("A*", &[0, 1, 2, 6]),
            ("*1", &[0, 3]),
            ("*", &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
            ("*la*to*", &[5]),
            ("A1..A2", &[6]),
            ("B*", &[7]),
            ("B1,B*", &[3, 7]),
            ("I plan, ahead", &[4]),
            ("I plan, ahead,I plan, too,A1", &[0, 4, 5]),
            ("I plan, ahead..I plan, too", &[4, 5]),
            ("I plan, *", &[4, 5]),
            ("I plan*", &[4, 5]),
            ("\"A1\"..\"A2\"", &[0, 1]),
            ("A1..\"A2\" , A3", &[0, 1, 2]),
            ("\"A1\"..A2,B1", &[0, 1, 3]),
            ("\"I plan, ahead\",A1", &[0, 4]),
            ("\"say \"\"x\"\", y\"", &[8]),
            ("say \"x\", y", &[8]),
        ] {
            assert_eq!(chosen(list).as_deref(), Ok(want), "{list}");
        }
    }

    #[test]
    fn what_chooses_nothing_is_said() {
        let text: String = [
            "", "A1,,A2", "A1,", "C1", "A1..C1", "C*", "B1..A1", "\"A1", "\"A1\"x", "\"C\"", "..",
            "A1..", "\"A*\"",
        ]
        .into_iter()
        .map(|list| format!("{}\n", chosen(list).unwrap_err()))
        .collect();
        expect_test::expect![[r#"
            an entry of the list of questions is empty: write names with one comma between them
            an entry of the list of questions is empty: write names with one comma between them
            an entry of the list of questions is empty: write names with one comma between them
            no question "C1": there are "A1", "A2", "A3", "B1", "I plan, ahead", "I plan, too", "A1..A2", "B*", "say \"x\", y"
            no question "C1": there are "A1", "A2", "A3", "B1", "I plan, ahead", "I plan, too", "A1..A2", "B*", "say \"x\", y"
            no question is like "C*": there are "A1", "A2", "A3", "B1", "I plan, ahead", "I plan, too", "A1..A2", "B*", "say \"x\", y"
            the range "B1".."A1" is empty: "A1" stands before "B1" in the table
            a quote in the list of questions is opened and never closed
            text follows a closing quote in the list of questions: write "" for a quote in a name
            no question "C": there are "A1", "A2", "A3", "B1", "I plan, ahead", "I plan, too", "A1..A2", "B*", "say \"x\", y"
            no question "..": there are "A1", "A2", "A3", "B1", "I plan, ahead", "I plan, too", "A1..A2", "B*", "say \"x\", y"
            no question "A1..": there are "A1", "A2", "A3", "B1", "I plan, ahead", "I plan, too", "A1..A2", "B*", "say \"x\", y"
            no question "A*": there are "A1", "A2", "A3", "B1", "I plan, ahead", "I plan, too", "A1..A2", "B*", "say \"x\", y"
        "#]].assert_eq(&text);
    }
}
