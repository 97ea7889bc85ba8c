//! One column of a Parquet file while its rows are read.

use super::super::sink::Cell;
use super::kind::Kind;
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType, Int32Type, Int64Type};
use ::parquet::errors::ParquetError;

/// A column, and its cells in the rows at hand.
pub(super) struct Column {
    reader: ColumnReader,
    kind: Kind,
    /// The level at which a value is there; null is below.
    present: i16,
    levels: Vec<i16>,
    /// Where in `values` each row's is.
    at: Vec<Option<u32>>,
    values: Values,
}

/// Values other than null.
enum Values {
    Truths(Vec<bool>),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Texts(Vec<ByteArray>),
    /// Numbers as texts; `None` is one of more digits than are held.
    Numbers(Vec<Option<String>>),
}

impl Column {
    pub(super) fn new(reader: ColumnReader, kind: Kind, present: i16) -> Self {
        Self {
            reader,
            kind,
            present,
            levels: Vec::new(),
            at: Vec::new(),
            values: Values::Truths(Vec::new()),
        }
    }

    /// Decodes the next so many rows.
    pub(super) fn decode(&mut self, rows: usize) -> Result<(), ParquetError> {
        let levels = &mut self.levels;
        levels.clear();
        let (kind, numbers) = (self.kind, Values::Numbers);
        self.values = match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => Values::Truths(take(reader, rows, levels)?),
            ColumnReader::Int32ColumnReader(reader) => {
                let values: Vec<i32> = take::<Int32Type>(reader, rows, levels)?;
                match kind {
                    Kind::Plain => Values::Integers(values.into_iter().map(i64::from).collect()),
                    Kind::Unsigned => {
                        let unsigned = values.into_iter().map(|value| i64::from(value as u32));
                        Values::Integers(unsigned.collect())
                    }
                    Kind::Decimal(scale) => {
                        let decimal = |value| Some(decimal(i128::from(value), scale));
                        numbers(values.into_iter().map(decimal).collect())
                    }
                }
            }
            ColumnReader::Int64ColumnReader(reader) => {
                let values: Vec<i64> = take::<Int64Type>(reader, rows, levels)?;
                match kind {
                    Kind::Plain => Values::Integers(values),
                    Kind::Unsigned => {
                        let unsigned = |value| Some((value as u64).to_string());
                        numbers(values.into_iter().map(unsigned).collect())
                    }
                    Kind::Decimal(scale) => {
                        let decimal = |value| Some(decimal(i128::from(value), scale));
                        numbers(values.into_iter().map(decimal).collect())
                    }
                }
            }
            ColumnReader::FloatColumnReader(reader) => {
                let values = take(reader, rows, levels)?;
                Values::Floats(values.into_iter().map(shortest).collect())
            }
            ColumnReader::DoubleColumnReader(reader) => Values::Floats(take(reader, rows, levels)?),
            ColumnReader::ByteArrayColumnReader(reader) => {
                let values = take(reader, rows, levels)?;
                match kind {
                    Kind::Decimal(scale) => {
                        let decimal = |value: &ByteArray| wide_decimal(value.data(), scale);
                        numbers(values.iter().map(decimal).collect())
                    }
                    Kind::Plain | Kind::Unsigned => Values::Texts(values),
                }
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                let values = take(reader, rows, levels)?;
                let scale = match kind {
                    Kind::Decimal(scale) => scale,
                    Kind::Plain | Kind::Unsigned => 0,
                };
                numbers(
                    values
                        .iter()
                        .map(|value| wide_decimal(value.data(), scale))
                        .collect(),
                )
            }
            ColumnReader::Int96ColumnReader(_) => {
                return Err(ParquetError::General("a timestamp of 96 bits".to_owned()));
            }
        };
        self.place(rows)
    }

    /// Says where the value of each row is.
    fn place(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.at.clear();
        let mut next = 0;
        // Columns without nulls have no levels.
        let present = self.present;
        let there = |row: usize| present == 0 || self.levels.get(row) == Some(&present);
        for row in 0..rows {
            let value = there(row).then_some(next);
            next += u32::from(value.is_some());
            self.at.push(value);
        }
        let values = match &self.values {
            Values::Truths(list) => list.len(),
            Values::Integers(list) => list.len(),
            Values::Floats(list) => list.len(),
            Values::Texts(list) => list.len(),
            Values::Numbers(list) => list.len(),
        };
        if values == next as usize {
            return Ok(());
        }
        Err(ParquetError::General(format!(
            "{values} values where {next} are said to be"
        )))
    }

    /// The cell of a row of those decoded last.
    pub(super) fn cell(&self, row: usize) -> Cell<'_> {
        let Some(at) = self.at[row] else {
            return Cell::Empty;
        };
        let at = at as usize;
        match &self.values {
            Values::Truths(list) => Cell::Truth(list[at]),
            Values::Integers(list) => Cell::Integer(list[at]),
            Values::Floats(list) => Cell::Float(list[at]),
            Values::Texts(list) => match str::from_utf8(list[at].data()) {
                Ok(text) => Cell::Text(text),
                Err(_) => Cell::Nested("bytes that are no text"),
            },
            Values::Numbers(list) => match &list[at] {
                Some(number) => Cell::Number(number),
                None => Cell::Nested("a decimal of more than 38 digits"),
            },
        }
    }
}

/// The next so many rows: levels, where the column has any, and values other than null.
fn take<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    levels: &mut Vec<i16>,
) -> Result<Vec<T::T>, ParquetError> {
    let mut values = Vec::new();
    let mut got = 0;
    while got < rows {
        let (records, _, _) = reader.read_records(rows - got, Some(levels), None, &mut values)?;
        if records == 0 {
            return Err(ParquetError::EOF(
                "a column ends before its rows do".to_owned(),
            ));
        }
        got += records;
    }
    Ok(values)
}

/// The double nearest to the shortest decimal that says `float`: 0.1 is then 0.1 and not
/// 0.10000000149011612.
fn shortest(float: f32) -> f64 {
    let whole = float.trunc();
    if whole == float {
        return f64::from(float);
    }
    float.to_string().parse().unwrap_or(f64::from(float))
}

/// `value` over 10 to the power of `scale`, as a text.
fn decimal(value: i128, scale: u32) -> String {
    let digits = value.unsigned_abs().to_string();
    let scale = scale as usize;
    let sign = if value < 0 { "-" } else { "" };
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// The decimal whose whole number `bytes` hold, highest first, in two's complement.
fn wide_decimal(bytes: &[u8], scale: u32) -> Option<String> {
    let fill = match bytes.first() {
        Some(high) if *high >= 0x80 => 0xff,
        _ => 0,
    };
    let spare = bytes.len().saturating_sub(16);
    let (high, low) = bytes.split_at(spare);
    if high.iter().any(|&byte| byte != fill) {
        return None;
    }
    let mut value = [fill; 16];
    value[16 - low.len()..].copy_from_slice(low);
    let value = i128::from_be_bytes(value);
    // The bits that were left out said the sign.
    (spare == 0 || (value < 0) == (fill != 0)).then(|| decimal(value, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        assert_eq!(decimal(12_345, 2), "123.45");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(-7, 0), "-7");
        assert_eq!(wide_decimal(&[0xff, 0x38], 1), Some("-20.0".to_owned()));
        assert_eq!(wide_decimal(&[0x00, 0xc8], 1), Some("20.0".to_owned()));
        assert_eq!(wide_decimal(&[], 1), Some("0.0".to_owned()));
        let mut long = [0xff; 20];
        assert_eq!(wide_decimal(&long, 0), Some("-1".to_owned()));
        long[4] = 0x7f;
        assert_eq!(wide_decimal(&long, 0), None);
        long[0] = 0;
        assert_eq!(wide_decimal(&long, 0), None);
    }

    #[test]
    fn floats_by_their_shortest_text() {
        assert_eq!(
            [0.1, -2.5, 3.0, 1e20].map(shortest),
            [0.1, -2.5, 3.0, 1e20_f32.into()]
        );
        assert!(shortest(f32::NAN).is_nan());
        assert_eq!(shortest(f32::INFINITY), f64::INFINITY);
    }
}
