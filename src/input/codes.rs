//! What the text of a cell stands for: codes of missing answers, labels, true and false, numbers.
//!
//! In this order: space around a text does not count; an empty one is a missing answer; then the
//! codes of missing answers, then labels, then true and false in any case, then numbers. A code or
//! label that is a number also stands for every other way to write it, so `-99` is `-99.0` too; other
//! ones are compared letter by letter.

use super::cell::{Cell, digit_text};
use super::choice::Choice;
use super::decimal::{Decimal, shown, units};
use super::quote::excerpt;
use super::score::{self, ScoreFault};

use crate::matrix::{MAX_SCALE, Score};
use std::collections::HashMap;
use std::fmt::Write;
use std::str::FromStr;

/// How the cells of a table are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Texts that mean no answer, beside the empty one [default: NA].
    pub missing: Option<Vec<String>>,
    /// Labels and the scores that they stand for, as text.
    pub labels: Vec<(String, String)>,
    /// To how many digits behind the point scores are rounded, halves away from zero.
    pub round: Option<u8>,
    /// Whether texts have a comma for a point.
    pub decimal_comma: bool,
    /// Questions that are worded the other way: a score x becomes lowest + highest - x.
    pub reverse: Option<Choice>,
    /// The lowest and highest score that is possible on those [default: as read].
    pub range: Option<Range>,
}

/// The lowest and the highest score of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The lowest.
    pub low: Score,
    /// The highest.
    pub high: Score,
}

impl Range {
    /// Whether `score` lies within.
    pub(super) fn holds(&self, score: Score) -> bool {
        (units(self.low)..=units(self.high)).contains(&units(score))
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..{}", shown(self.low), shown(self.high))
    }
}

impl FromStr for Range {
    type Err = CodesFault;

    fn from_str(text: &str) -> Result<Self, CodesFault> {
        let fault = || CodesFault::Range {
            text: excerpt(text),
        };
        let (low, high) = text.split_once("..").ok_or_else(fault)?;
        let score = |text: &str| score::parse(text.trim(), b'.', None).map_err(|_| fault());
        let range = Self {
            low: score(low)?,
            high: score(high)?,
        };
        match units(range.low) < units(range.high) {
            true => Ok(range),
            false => Err(fault()),
        }
    }
}

/// What is wrong with codes before anything is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodesFault {
    /// No range of scores.
    #[error("{text} is no range of scores: write the lowest and the highest, as in 1..5 or -2..2")]
    Range {
        /// The text, quoted.
        text: String,
    },
    /// A pair of label and score without its parts.
    #[error("{text} is no label with its score: write LABEL=SCORE, with a comma between pairs")]
    Pair {
        /// The text, quoted.
        text: String,
    },
    /// A label whose score is none.
    #[error("the score of label {label} is {fault}")]
    Label {
        /// The label, quoted.
        label: String,
        /// What is wrong with it.
        fault: ScoreFault,
    },
    /// A label with two scores.
    #[error("label {label} stands twice among the labels: give it one score")]
    LabelTwice {
        /// The label, quoted.
        label: String,
    },
    /// A label that is also a code of a missing answer.
    #[error("{label} is both a label with a score and a code of a missing answer: keep one")]
    LabelMissing {
        /// The label, quoted.
        label: String,
    },
    /// Rounding to more digits than are held.
    #[error(
        "scores are held with at most {MAX_SCALE} digits behind the point, and cannot be rounded to {digits}"
    )]
    Round {
        /// What was asked for.
        digits: u8,
    },
    /// A range without questions to reverse.
    #[error("a range of scores says how questions are reversed, and none is to be reversed")]
    RangeAlone,
}

/// The pairs of label and score in `text`, which has a comma between pairs. A label may hold commas:
/// what has no `=` belongs to the pair behind it. In double quotes it may hold all (`""` for a quote).
///
/// # Errors
/// [`CodesFault::Pair`].
pub fn labels(text: &str) -> Result<Vec<(String, String)>, CodesFault> {
    let mut pairs = Vec::new();
    let mut rest = text;
    loop {
        let fault = || CodesFault::Pair {
            text: excerpt(rest.trim()),
        };
        let (label, behind) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let mut label = String::new();
                let mut rest = quoted;
                loop {
                    let (inside, behind) = rest.split_once('"').ok_or_else(fault)?;
                    label.push_str(inside);
                    match behind.strip_prefix('"') {
                        Some(more) => {
                            label.push('"');
                            rest = more;
                        }
                        None => {
                            break (
                                label,
                                behind.trim_start().strip_prefix('=').ok_or_else(fault)?,
                            );
                        }
                    }
                }
            }
            None => {
                let (label, behind) = rest.split_once('=').ok_or_else(fault)?;
                (label.to_owned(), behind)
            }
        };
        let (score, more) = match behind.split_once(',') {
            Some((score, more)) => (score, Some(more)),
            None => (behind, None),
        };
        // An `=` in what follows the first one belongs to the label, as in `a=b=1`.
        let (label, score) = match score.rsplit_once('=') {
            Some((more, score)) => (format!("{label}={more}"), score),
            None => (label, score),
        };
        let (label, score) = (label.trim(), score.trim());
        if label.is_empty() || label.starts_with(',') || score.is_empty() {
            return Err(fault());
        }
        pairs.push((label.to_owned(), score.to_owned()));
        match more {
            None => return Ok(pairs),
            Some(more) => rest = more,
        }
    }
}

/// What one decimal digit, alone in a cell, stands for.
#[derive(Clone, Copy, Debug)]
enum Digit {
    Score(Score),
    Missing,
    /// Looked up each time, to give the fault.
    Unclear,
}

/// Codes ready to be looked up.
#[derive(Debug)]
pub(super) struct Reading {
    missing: Vec<String>,
    missing_scores: Vec<Score>,
    labels: HashMap<String, Score>,
    label_scores: Vec<(Score, Score)>,
    point: u8,
    round: Option<u8>,
    digits: [Digit; 10],
    scratch: String,
}

/// The score that a text writes as a number, whatever its notation.
fn number(text: &str, point: u8) -> Option<Score> {
    score::parse(text, point, None).ok()
}

impl Reading {
    pub(super) fn new(codes: &Codes) -> Result<Self, CodesFault> {
        if let Some(digits) = codes.round.filter(|&digits| digits > MAX_SCALE) {
            return Err(CodesFault::Round { digits });
        }
        if codes.range.is_some() && codes.reverse.is_none() {
            return Err(CodesFault::RangeAlone);
        }
        let point = if codes.decimal_comma { b',' } else { b'.' };
        let missing: Vec<String> = match &codes.missing {
            None => vec!["NA".to_owned()],
            Some(list) => list.iter().map(|code| code.trim().to_owned()).collect(),
        };
        let mut reading = Self {
            missing_scores: missing
                .iter()
                .filter_map(|code| number(code, point))
                .collect(),
            missing,
            labels: HashMap::new(),
            label_scores: Vec::new(),
            point,
            round: codes.round,
            digits: [Digit::Unclear; 10],
            scratch: String::new(),
        };
        for (label, text) in &codes.labels {
            let (label, quoted) = (label.trim(), excerpt(label));
            let value =
                score::parse(text.trim(), b'.', None).map_err(|fault| CodesFault::Label {
                    label: quoted.clone(),
                    fault,
                })?;
            let own = number(label, point);
            if reading.is_missing(label)
                || own.is_some_and(|own| reading.missing_scores.contains(&own))
            {
                return Err(CodesFault::LabelMissing { label: quoted });
            }
            let alike =
                own.is_some_and(|own| reading.label_scores.iter().any(|&(other, _)| own == other));
            if reading.labels.insert(label.to_owned(), value).is_some() || alike {
                return Err(CodesFault::LabelTwice { label: quoted });
            }
            reading.label_scores.extend(own.map(|own| (own, value)));
        }
        for digit in 0..10_u8 {
            reading.digits[usize::from(digit)] =
                match reading.text(char::from(b'0' + digit).encode_utf8(&mut [0]), point) {
                    Ok(Some(score)) => Digit::Score(score),
                    Ok(None) => Digit::Missing,
                    Err(_) => Digit::Unclear,
                };
        }
        Ok(reading)
    }

    /// The scores that digits stand for where they are alone in a cell.
    pub(super) fn digit_scores(&self) -> [Option<Score>; 10] {
        self.digits.map(|digit| match digit {
            Digit::Score(score) => Some(score),
            Digit::Missing | Digit::Unclear => None,
        })
    }

    fn is_missing(&self, text: &str) -> bool {
        text.is_empty() || self.missing.iter().any(|code| code == text)
    }

    /// What `text` stands for; `None` is a missing answer.
    fn text(&self, text: &str, point: u8) -> Result<Option<Score>, ScoreFault> {
        let text = text.trim();
        if self.is_missing(text) {
            return Ok(None);
        }
        if let Some(&score) = self.labels.get(text) {
            return Ok(Some(score));
        }
        let coded = !self.missing_scores.is_empty() || !self.label_scores.is_empty();
        if coded && let Some(own) = number(text, point) {
            if self.missing_scores.contains(&own) {
                return Ok(None);
            }
            if let Some(&(_, score)) = self.label_scores.iter().find(|(other, _)| *other == own) {
                return Ok(Some(score));
            }
        }
        let truth = |word: &str| text.eq_ignore_ascii_case(word);
        let truth = if truth("true") {
            Some(1)
        } else {
            truth("false").then_some(0)
        };
        if let Some(mantissa) = truth {
            return Ok(Some(Score {
                mantissa,
                digits: 0,
            }));
        }
        score::parse(text, point, self.round).map(Some)
    }

    /// The digit that a cell is, if it is one alone.
    #[inline]
    fn digit(cell: &Cell<'_>) -> Option<usize> {
        let digit = match cell {
            Cell::Digit(digit) => *digit,
            Cell::Text(text) | Cell::Number(text) => match text.as_bytes() {
                [digit] => digit.wrapping_sub(b'0'),
                _ => return None,
            },
            Cell::Integer(number) => u8::try_from(*number).ok()?,
            Cell::Float(number) => {
                // Anything but a whole number below 256 comes back as another number.
                let digit = *number as u8;
                (f64::from(digit) == *number).then_some(digit)?
            }
            _ => return None,
        };
        (digit < 10).then_some(usize::from(digit))
    }

    /// The score in `cell` of a column or field of this name, and which digit it is, if one alone;
    /// `None` is a missing answer.
    #[inline]
    pub(super) fn score(
        &mut self,
        cell: Cell<'_>,
    ) -> Result<(Option<Score>, Option<usize>), CellFault> {
        if let Some(digit) = Self::digit(&cell) {
            match self.digits[digit] {
                Digit::Score(score) => return Ok((Some(score), Some(digit))),
                Digit::Missing => return Ok((None, None)),
                Digit::Unclear => {}
            }
        }
        Ok((self.other(cell)?, None))
    }

    #[inline(never)]
    fn other(&mut self, cell: Cell<'_>) -> Result<Option<Score>, CellFault> {
        let score = match cell {
            Cell::Empty => Ok(None),
            Cell::Text(text) => self.text(text, self.point),
            Cell::Digit(digit) => self.text(digit_text(digit), self.point),
            Cell::Number(text) => self.text(text, b'.'),
            Cell::Integer(_) | Cell::Float(_) => {
                let mut text = std::mem::take(&mut self.scratch);
                write_number(&mut text, cell);
                let score = self.text(&text, b'.');
                self.scratch = text;
                score
            }
            Cell::Truth(truth) => {
                let spellings = if truth {
                    ["true", "True", "TRUE"]
                } else {
                    ["false", "False", "FALSE"]
                };
                let coded =
                    |text: &&&str| self.is_missing(text) || self.labels.contains_key(**text);
                self.text(
                    spellings.iter().find(coded).unwrap_or(&spellings[0]),
                    self.point,
                )
            }
            Cell::Nested(found) => return Err(CellFault::Nested(found)),
        };
        score.map_err(CellFault::Score)
    }

    /// The exact number in `cell`, up to 38 digits; `None` where it is missing. Labels do not count.
    pub(super) fn exact(&mut self, cell: Cell<'_>) -> Result<Option<Decimal>, CellFault> {
        let read = |reading: &Self, text: &str, point| {
            let text = text.trim();
            let own =
                || number(text, point).is_some_and(|own| reading.missing_scores.contains(&own));
            if reading.is_missing(text) || own() {
                return Ok(None);
            }
            score::exact(text, point).map(Some)
        };
        let number = match cell {
            Cell::Empty => Ok(None),
            Cell::Text(text) => read(self, text, self.point),
            Cell::Digit(digit) => read(self, digit_text(digit), self.point),
            Cell::Number(text) => read(self, text, b'.'),
            Cell::Integer(_) | Cell::Float(_) => {
                let mut text = String::new();
                write_number(&mut text, cell);
                read(self, &text, b'.')
            }
            Cell::Truth(truth) => read(self, if truth { "1" } else { "0" }, b'.'),
            Cell::Nested(found) => return Err(CellFault::Nested(found)),
        };
        number.map_err(CellFault::Score)
    }
}

/// Why a cell is no score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CellFault {
    Score(ScoreFault),
    /// Something that is no value, in words.
    Nested(&'static str),
}

/// A number of a binary table as its shortest text.
pub(super) fn write_number(text: &mut String, cell: Cell<'_>) {
    text.clear();
    // Writing to a String cannot fail.
    let _ = match cell {
        Cell::Integer(number) => write!(text, "{number}"),
        Cell::Float(number) => write!(text, "{number}"),
        _ => Ok(()),
    };
}
