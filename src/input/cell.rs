//! One cell of a row, as any format may have it.

/// One cell of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing: a null, or no such field in this record.
    Empty,
    /// A text as it stands, space and all.
    Text(&'a str),
    /// A text of one decimal digit, which most cells of a wide table are: 0 to 9.
    Digit(u8),
    /// A number as JSON writes it, with a point whatever a decimal comma says.
    Number(&'a str),
    /// A whole number.
    #[allow(dead_code, reason = "readers of binary tables make it")]
    Integer(i64),
    /// A float: taken by its shortest decimal text, as if a CSV had that.
    #[allow(dead_code, reason = "readers of binary tables make it")]
    Float(f64),
    /// True or false.
    Truth(bool),
    /// Something that is no value, in words: an array, an object.
    Nested(&'static str),
}

/// The text of a [`Cell::Digit`].
pub(super) fn digit_text(digit: u8) -> &'static str {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    DIGITS[usize::from(digit)]
}
