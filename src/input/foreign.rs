//! Files of programs with a form of their own, told by their first bytes, and the line that makes a
//! CSV of each.

use super::binary::Binary;
use super::error::LayoutFault;
use std::path::Path;

/// What a source is by its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text, as far as one can tell.
    Text,
    /// No text, and read here.
    Binary(Binary),
    /// A form that is not read.
    Foreign(LayoutFault),
}

/// The language of a line that converts.
const R: &str = "in R";
const PYTHON: &str = "in Python";

/// Tells the form of what begins with `start`; `name` is what messages call it.
pub(super) fn form(start: &[u8], name: &str) -> Form {
    // Names of files are quoted by the rules that R and Python share for plain ones.
    let csv = Path::new(name).with_extension("csv");
    let csv = csv.to_string_lossy();
    let r = |read: &str| format!("{R}: write.csv({read}({name:?}), {csv:?}, row.names = FALSE)");
    let foreign = |what, how| Form::Foreign(LayoutFault::Foreign { what, how });
    let begins = |magic: &[u8]| start.starts_with(magic);
    if begins(b"PAR1") {
        return Form::Binary(Binary::Parquet);
    }
    if begins(b"PK\x03\x04") {
        let opendocument = b"application/vnd.oasis.opendocument";
        return match memchr::memmem::find(start, opendocument) {
            None => Form::Binary(Binary::Workbook),
            Some(_) => foreign("an OpenDocument spreadsheet", r("readODS::read_ods")),
        };
    }
    if begins(b"$FL2") || begins(b"$FL3") {
        return foreign("an SPSS file", r("haven::read_sav"));
    }
    if begins(b"<stata_dta>") || matches!(start, [0x69..=0x73, 1 | 2, 1, 0, ..]) {
        return foreign("a Stata file", r("haven::read_dta"));
    }
    let sas = [0_u8; 12];
    if begins(&sas) && start.get(12..16) == Some(&[0xc2, 0xea, 0x81, 0x60]) {
        return foreign("a SAS file", r("haven::read_sas"));
    }
    if ["RDX2\n", "RDX3\n", "RDA2\n", "RDA3\n"]
        .iter()
        .any(|magic| begins(magic.as_bytes()))
    {
        let how =
            format!("{R}: x <- load({name:?}); write.csv(get(x[1]), {csv:?}, row.names = FALSE)");
        return foreign("an R workspace", how);
    }
    if begins(b"X\n\0\0\0")
        || begins(b"B\n\x02\0\0\0")
        || begins(b"B\n\x03\0\0\0")
        || begins(b"A\n2\n")
        || begins(b"A\n3\n")
    {
        return foreign("an R object", r("readRDS"));
    }
    if begins(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return foreign("an old Excel file", r("readxl::read_xls"));
    }
    if begins(b"ARROW1") || begins(b"FEA1") {
        let how = format!("{PYTHON}: pandas.read_feather({name:?}).to_csv({csv:?}, index=False)");
        return foreign("a Feather file", how);
    }
    if begins(b"SQLite format 3\0") {
        let how = format!("sqlite3 -csv -header {name:?} \"select * from TABLE\" > {csv:?}");
        return foreign("an SQLite database", how);
    }
    Form::Text
}
