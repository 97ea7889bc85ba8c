//! Scores in a byte or two each: codes of the distinct ones, for as long as those are few.

use super::fraction::{Fraction, common_denominator};
use super::narrow::gathered;
use super::score::Score;
use indexmap::IndexSet;

/// Most distinct scores that have codes. With more, each answer holds its own score.
const MOST_CODES: usize = 1 << 16;

/// One cell an answer: the code of its score, or the score.
#[derive(Clone, Debug)]
enum Cells<T> {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Plain(Vec<T>),
}

impl<T: Copy> Cells<T> {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(list) => list.len(),
            Self::Shorts(list) => list.len(),
            Self::Plain(list) => list.len(),
        }
    }

    /// What lies at the places of `order`, in that order.
    fn gathered(self, order: &[u32]) -> Self {
        match self {
            Self::Bytes(list) => Self::Bytes(gathered(&list, order)),
            Self::Shorts(list) => Self::Shorts(gathered(&list, order)),
            Self::Plain(list) => Self::Plain(gathered(&list, order)),
        }
    }
}

/// The scores of a table that is being made.
#[derive(Debug)]
pub(super) struct Scores {
    cells: Cells<Fraction>,
    /// Code c is the c-th of these; none where cells are plain.
    distinct: IndexSet<Fraction>,
    recent: Recent,
}

impl Default for Scores {
    fn default() -> Self {
        Self {
            cells: Cells::Bytes(Vec::new()),
            distinct: IndexSet::new(),
            recent: Recent::default(),
        }
    }
}

impl Scores {
    #[inline(always)]
    pub(super) fn push(&mut self, score: Score) {
        let code = match self.recent.code(score) {
            Some(code) => code,
            None => match self.enter(Fraction::of(score)) {
                Some(code) => {
                    self.recent.keep(score, code);
                    code
                }
                None => return,
            },
        };
        self.put(code);
    }

    /// Adds what no [`Score`] may say: a mean.
    pub(super) fn push_fraction(&mut self, fraction: Fraction) {
        if let Some(code) = self.enter(fraction) {
            self.put(code);
        }
    }

    /// Adds a score by its code.
    #[inline(always)]
    fn put(&mut self, code: u16) {
        match &mut self.cells {
            // `enter` made cells as wide as each code needs.
            Cells::Bytes(list) => list.push(code as u8),
            Cells::Shorts(list) => list.push(code),
            Cells::Plain(_) => unreachable!("plain scores have no codes"),
        }
    }

    /// The code of a score, with cells as wide as it needs; `None` where cells are plain, and the
    /// score is then added.
    #[cold]
    fn enter(&mut self, fraction: Fraction) -> Option<u16> {
        if let Cells::Plain(list) = &mut self.cells {
            list.push(fraction);
            return None;
        }
        let code = self.distinct.insert_full(fraction).0;
        if code == MOST_CODES {
            let all = (0..self.len()).map(|at| self.get(at)).chain([fraction]);
            self.cells = Cells::Plain(all.collect());
            self.distinct = IndexSet::new();
            self.recent = Recent::default();
            return None;
        }
        if let (Cells::Bytes(list), 256..) = (&mut self.cells, code) {
            let short = std::mem::take(list);
            self.cells = Cells::Shorts(short.into_iter().map(u16::from).collect());
        }
        Some(code as u16)
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn get(&self, answer: usize) -> Fraction {
        match &self.cells {
            Cells::Bytes(list) => self.distinct[usize::from(list[answer])],
            Cells::Shorts(list) => self.distinct[usize::from(list[answer])],
            Cells::Plain(list) => list[answer],
        }
    }

    /// The scores of these answers, or of all, without most repeats.
    fn different(&self, order: Option<&[u32]>) -> Vec<Fraction> {
        let Some(order) = order else {
            return match &self.cells {
                Cells::Plain(list) => list.clone(),
                _ => self.distinct.iter().copied().collect(),
            };
        };
        let places = order.iter().map(|&at| at as usize);
        let mut used = vec![false; self.distinct.len()];
        match &self.cells {
            Cells::Bytes(list) => places.for_each(|at| used[usize::from(list[at])] = true),
            Cells::Shorts(list) => places.for_each(|at| used[usize::from(list[at])] = true),
            Cells::Plain(list) => return places.map(|at| list[at]).collect(),
        }
        let used = self.distinct.iter().zip(used).filter(|&(_, used)| used);
        used.map(|(&fraction, _)| fraction).collect()
    }

    /// The common denominator of the answers of `order`, or of all; `None` where there is none of 64
    /// bits.
    pub(super) fn denominator(&self, order: Option<&[u32]>) -> Option<u64> {
        match (&self.cells, order) {
            (Cells::Plain(list), None) => common_denominator(list.iter().copied()),
            _ => common_denominator(self.different(order).into_iter()),
        }
    }

    /// The answers of `order`, or all, as integers over `denominator`.
    ///
    /// # Errors
    /// The first answer, as they came, whose score does not fit.
    pub(super) fn values(self, denominator: u64, order: Option<&[u32]>) -> Result<Values, usize> {
        let fits = |fraction: &Fraction| fraction.over(denominator).is_some();
        if !self.different(order).iter().all(fits) {
            let wide = |&at: &usize| !fits(&self.get(at));
            let first = match order {
                Some(order) => order.iter().map(|&at| at as usize).filter(wide).min(),
                None => (0..self.len()).find(wide),
            };
            return Err(first.unwrap_or(0));
        }
        // Codes that no answer has any more may not fit; no cell leads to them.
        let value = |fraction: Fraction| fraction.over(denominator).unwrap_or(0);
        let of = self.distinct.iter().map(|&fraction| value(fraction));
        let of = of.collect();
        let mut cells = match order {
            Some(order) => self.cells.gathered(order),
            None => self.cells,
        };
        let cells = match &mut cells {
            Cells::Bytes(list) => {
                list.shrink_to_fit();
                Cells::Bytes(std::mem::take(list))
            }
            Cells::Shorts(list) => {
                list.shrink_to_fit();
                Cells::Shorts(std::mem::take(list))
            }
            Cells::Plain(list) => Cells::Plain(list.drain(..).map(value).collect()),
        };
        Ok(Values::new(cells, of))
    }
}

/// Codes of scores that came lately, each at a place that its digits decide.
#[derive(Debug)]
struct Recent(Box<[(Score, u16); RECENT]>);

const RECENT: usize = 256;

impl Default for Recent {
    fn default() -> Self {
        // No score has so many digits.
        let none = Score {
            mantissa: 0,
            digits: u8::MAX,
        };
        Self(Box::new([(none, 0); RECENT]))
    }
}

impl Recent {
    #[inline(always)]
    fn place(score: Score) -> usize {
        // The golden ratio in 64 bits: its product's first byte depends on all digits.
        let mixed = (score.mantissa as u64 ^ u64::from(score.digits) << 60)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 56) as usize % RECENT
    }

    #[inline(always)]
    fn code(&self, score: Score) -> Option<u16> {
        let (known, code) = self.0[Self::place(score)];
        (known == score).then_some(code)
    }

    fn keep(&mut self, score: Score, code: u16) {
        self.0[Self::place(score)] = (score, code);
    }
}

/// The scores of a finished table: integers, held as codes where few are distinct.
#[derive(Clone, Debug)]
pub(super) struct Values {
    cells: Cells<i64>,
    /// The value of each code, with room for all codes that a cell can hold.
    of: Vec<i64>,
    /// How many codes there are.
    codes: usize,
}

/// The cells of some answers, to take values from.
#[derive(Clone, Debug)]
pub(super) enum Slice<'a> {
    Bytes(&'a [u8], &'a [i64; 256]),
    Shorts(&'a [u16], &'a [i64]),
    Plain(&'a [i64]),
}

impl Values {
    fn new(cells: Cells<i64>, mut of: Vec<i64>) -> Self {
        let codes = of.len();
        let room = match &cells {
            Cells::Bytes(_) => 1 << 8,
            Cells::Shorts(_) => MOST_CODES,
            Cells::Plain(_) => 0,
        };
        of.resize(room, 0);
        Self { cells, of, codes }
    }

    #[inline]
    pub(super) fn slice(&self, range: std::ops::Range<usize>) -> Slice<'_> {
        match &self.cells {
            Cells::Bytes(list) => {
                // `new` made room for every code of a byte.
                let of = self.of.first_chunk().unwrap_or(&[0; 256]);
                Slice::Bytes(&list[range], of)
            }
            Cells::Shorts(list) => Slice::Shorts(&list[range], &self.of),
            Cells::Plain(list) => Slice::Plain(&list[range]),
        }
    }

    /// So many answers, all of the score `fill`, which can take any of this one's scores.
    pub(super) fn filled(&self, len: usize, fill: i64) -> Self {
        let known = self.of[..self.codes]
            .iter()
            .position(|&value| value == fill);
        let code = known.unwrap_or(self.codes);
        let mut of = self.of[..self.codes].to_vec();
        if known.is_none() {
            of.push(fill);
        }
        let cells = match &self.cells {
            Cells::Bytes(_) if code < 1 << 8 => Cells::Bytes(vec![code as u8; len]),
            Cells::Bytes(_) | Cells::Shorts(_) if code < MOST_CODES => {
                Cells::Shorts(vec![code as u16; len])
            }
            _ => {
                of.clear();
                Cells::Plain(vec![fill; len])
            }
        };
        Self::new(cells, of)
    }

    /// Puts the score of answer `from` of the values that `filled` made these of at a place.
    #[inline]
    pub(super) fn copy(&mut self, at: usize, values: &Self, from: usize) {
        match (&mut self.cells, &values.cells) {
            (Cells::Bytes(to), Cells::Bytes(list)) => to[at] = list[from],
            (Cells::Shorts(to), Cells::Bytes(list)) => to[at] = u16::from(list[from]),
            (Cells::Shorts(to), Cells::Shorts(list)) => to[at] = list[from],
            (Cells::Plain(to), _) => to[at] = values.get(from),
            (Cells::Bytes(_) | Cells::Shorts(_), _) => {
                unreachable!("`filled` makes no cells narrower than they were")
            }
        }
    }

    pub(super) fn get(&self, answer: usize) -> i64 {
        match &self.cells {
            Cells::Bytes(list) => self.of[usize::from(list[answer])],
            Cells::Shorts(list) => self.of[usize::from(list[answer])],
            Cells::Plain(list) => list[answer],
        }
    }
}
