//! What the values of a column mean.

use ::parquet::basic::{ConvertedType, LogicalType, Type};
use ::parquet::schema::types::ColumnDescriptor;

/// What a value of a column means, which its physical type alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// True or false, a number or a text, as it lies there.
    Plain,
    /// A whole number without sign.
    Unsigned,
    /// A whole number over 10 to this power.
    Decimal(u32),
}

/// The most digits of a decimal, which 128 bits hold.
const MOST_DIGITS: u32 = 38;

/// The kind of a column that holds values, or what it holds instead.
pub(super) fn kind(column: &ColumnDescriptor) -> Result<Kind, String> {
    let found = |what: &str| Err(what.to_owned());
    let physical = column.physical_type();
    match column.logical_type_ref() {
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => {
            return Ok(Kind::Plain);
        }
        Some(LogicalType::Integer(integer)) => {
            return Ok(if integer.is_signed {
                Kind::Plain
            } else {
                Kind::Unsigned
            });
        }
        Some(LogicalType::Decimal(_)) => return decimal(column),
        // All values of such a column are null.
        Some(LogicalType::Unknown) => return Ok(Kind::Plain),
        Some(LogicalType::Date) => return found("a date"),
        Some(LogicalType::Time(_)) => return found("a time"),
        Some(LogicalType::Timestamp(_)) => return found("a timestamp"),
        Some(LogicalType::Float16) => return found("a float of 16 bits"),
        Some(LogicalType::Uuid) => return found("a UUID"),
        Some(other) => return Err(format!("{other:?}")),
        None => {}
    }
    match column.converted_type() {
        ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Ok(Kind::Plain),
        ConvertedType::INT_8
        | ConvertedType::INT_16
        | ConvertedType::INT_32
        | ConvertedType::INT_64 => Ok(Kind::Plain),
        ConvertedType::UINT_8
        | ConvertedType::UINT_16
        | ConvertedType::UINT_32
        | ConvertedType::UINT_64 => Ok(Kind::Unsigned),
        ConvertedType::DECIMAL => decimal(column),
        ConvertedType::DATE => found("a date"),
        ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => found("a time"),
        ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => found("a timestamp"),
        ConvertedType::NONE => match physical {
            Type::INT96 => found("a timestamp of 96 bits"),
            Type::FIXED_LEN_BYTE_ARRAY => found("bytes of a fixed length"),
            // Bytes without a meaning are often texts; those that are none are faults of their row.
            _ => Ok(Kind::Plain),
        },
        other => Err(other.to_string()),
    }
}

fn decimal(column: &ColumnDescriptor) -> Result<Kind, String> {
    let scale = column.type_scale();
    match u32::try_from(scale) {
        Ok(scale) if scale <= MOST_DIGITS => Ok(Kind::Decimal(scale)),
        _ => Err(format!("a decimal with {scale} digits behind the point")),
    }
}
