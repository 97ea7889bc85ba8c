//! Tables in Parquet and in workbooks: the same table as in CSV, long and wide; what each type of
//! value is; every refusal; and no mutation of a file panics or hangs.

use expect_test::{Expect, expect};
use kcorrset::input::{
    Choice, Codes, Encoding, InputError, ReadOptions, Shape, Wide, read, read_criterion,
};
use kcorrset::matrix::ResponseMatrix;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_xlsxwriter::{Format, Formula, Workbook};
use std::io::{Cursor, Read, Write};
use std::sync::Arc;

const LONG: &str = "\
user,question,score
ann,q1,1
bob,q1,0
ann,q2,0.5
bob,q2,
\"c, d\",q2,-2
ann,q3,3
";

const WIDE: &str = "\
user,q1,q2,q3
ann,1,0.5,3
bob,0,,
\"c, d\",,-2,
";

fn wide() -> ReadOptions {
    ReadOptions {
        shape: Shape::Wide(Wide::default()),
        ..ReadOptions::default()
    }
}

fn try_read(bytes: &[u8], options: &ReadOptions) -> Result<ResponseMatrix, InputError> {
    read(bytes, "t", options).map(|read| read.table)
}

#[track_caller]
fn table(bytes: &[u8], options: &ReadOptions) -> ResponseMatrix {
    try_read(bytes, options).unwrap_or_else(|error| panic!("{error}"))
}

/// The rows of a CSV without quotes but those of `"c, d"`; empty cells are `None`.
fn cells(csv: &str) -> Vec<Vec<Option<String>>> {
    let cell = |text: &str| match text {
        "" => None,
        "c; d" => Some("c, d".to_owned()),
        text => Some(text.to_owned()),
    };
    let csv = csv.replace("\"c, d\"", "c; d");
    let rows = csv.lines().map(|row| row.split(',').map(cell).collect());
    rows.collect()
}

/// What a column of a Parquet file holds; `None` is a null.
enum Values {
    Truths(Vec<Option<bool>>),
    Small(Vec<Option<i32>>),
    Large(Vec<Option<i64>>),
    Single(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Fixed(Vec<Option<Vec<u8>>>),
}

fn texts(of: &[&str]) -> Values {
    Values::Bytes(
        of.iter()
            .map(|text| Some(text.as_bytes().to_vec()))
            .collect(),
    )
}

fn levels<T: Clone>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    let there = values.iter().flatten().cloned().collect();
    (
        there,
        values.iter().map(|value| value.is_some().into()).collect(),
    )
}

/// A Parquet file of these optional columns, written as their schema says; so many rows a group.
fn parquet(
    schema: &str,
    columns: &[Values],
    group: usize,
    properties: WriterProperties,
) -> Vec<u8> {
    let end = if schema.trim_end().ends_with(['}', ';']) {
        ""
    } else {
        ";"
    };
    let schema = format!("message table {{ {schema}{end} }}");
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).unwrap();
    let rows = match &columns[0] {
        Values::Truths(list) => list.len(),
        Values::Small(list) => list.len(),
        Values::Large(list) => list.len(),
        Values::Single(list) => list.len(),
        Values::Double(list) => list.len(),
        Values::Bytes(list) | Values::Fixed(list) => list.len(),
    };
    for start in (0..rows).step_by(group) {
        let range = start..rows.min(start + group);
        let mut of_group = writer.next_row_group().unwrap();
        for values in columns {
            let mut column = of_group.next_column().unwrap().unwrap();
            macro_rules! write {
                ($writer:ident, $list:expr, $of:expr) => {{
                    let (there, levels) = levels(&$list[range.clone()]);
                    let there: Vec<_> = there.into_iter().map($of).collect();
                    $writer.write_batch(&there, Some(&levels), None).unwrap();
                }};
            }
            match (column.untyped(), values) {
                (ColumnWriter::BoolColumnWriter(to), Values::Truths(list)) => {
                    write!(to, list, |value| value);
                }
                (ColumnWriter::Int32ColumnWriter(to), Values::Small(list)) => {
                    write!(to, list, |value| value);
                }
                (ColumnWriter::Int64ColumnWriter(to), Values::Large(list)) => {
                    write!(to, list, |value| value);
                }
                (ColumnWriter::FloatColumnWriter(to), Values::Single(list)) => {
                    write!(to, list, |value| value);
                }
                (ColumnWriter::DoubleColumnWriter(to), Values::Double(list)) => {
                    write!(to, list, |value| value);
                }
                (ColumnWriter::ByteArrayColumnWriter(to), Values::Bytes(list)) => {
                    write!(to, list, ByteArray::from);
                }
                (ColumnWriter::FixedLenByteArrayColumnWriter(to), Values::Fixed(list)) => {
                    write!(to, list, |value| FixedLenByteArray::from(ByteArray::from(
                        value
                    )));
                }
                _ => panic!("values of another type than their column"),
            }
            column.close().unwrap();
        }
        of_group.close().unwrap();
    }
    writer.close().unwrap();
    file
}

/// A CSV as Parquet: columns whose names begin with `q`, and `score`, are doubles, others texts.
fn as_parquet(csv: &str, group: usize, properties: WriterProperties) -> Vec<u8> {
    let rows = cells(csv);
    let mut schema = String::new();
    let mut columns = Vec::new();
    for (at, name) in rows[0].iter().flatten().enumerate() {
        let own = rows[1..].iter().map(|row| row[at].clone());
        let number = name == "score" || name != "question" && name.starts_with('q');
        if number {
            schema += &format!("optional double {name}; ");
            let values = own.map(|cell| cell.map(|text| text.parse().unwrap()));
            columns.push(Values::Double(values.collect()));
        } else {
            schema += &format!("optional binary {name} (UTF8); ");
            columns.push(Values::Bytes(
                own.map(|cell| cell.map(String::into_bytes)).collect(),
            ));
        }
    }
    parquet(&schema, &columns, group, properties)
}

/// A CSV as a workbook: what parses as a number is one. The table begins at a row and a column of
/// the sheet.
fn as_workbook(csv: &str, row: u32, column: u16) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (r, cells) in (row..).zip(cells(csv)) {
        for (c, cell) in (column..).zip(cells) {
            match cell.map(|text| text.parse::<f64>().map_err(|_| text)) {
                None => {}
                Some(Ok(number)) => {
                    sheet.write_number(r, c, number).unwrap();
                }
                Some(Err(text)) => {
                    sheet.write_string(r, c, text).unwrap();
                }
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn plain() -> WriterProperties {
    WriterProperties::builder().build()
}

#[test]
fn one_table_in_every_form() {
    let want = table(LONG.as_bytes(), &ReadOptions::default());
    let print = want.fingerprint();
    assert_eq!(table(WIDE.as_bytes(), &wide()).fingerprint(), print);
    for (csv, options) in [(LONG, ReadOptions::default()), (WIDE, wide())] {
        for group in [1, 2, 100] {
            assert_eq!(table(&as_parquet(csv, group, plain()), &options), want);
        }
        for (row, column) in [(0, 0), (3, 2)] {
            let read = table(&as_workbook(csv, row, column), &options);
            assert_eq!(read.fingerprint(), print);
        }
    }
}

#[test]
fn every_codec_encoding_and_page_version() {
    let mut rows = String::from("user,question,score\n");
    for n in 0..3000 {
        rows += &format!("u{},q{},{}\n", n / 10, n % 10, n * 7 % 13);
    }
    let want = table(rows.as_bytes(), &ReadOptions::default());
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [true, false] {
                let properties = WriterProperties::builder()
                    .set_compression(codec)
                    .set_writer_version(version)
                    .set_dictionary_enabled(dictionary)
                    .set_data_page_row_count_limit(700)
                    .build();
                let file = as_parquet(&rows, 2000, properties);
                assert_eq!(table(&file, &ReadOptions::default()), want, "{codec:?}");
            }
        }
    }
}

/// The scores of one user in a wide file of one row, by the columns' names.
fn row_of(bytes: &[u8]) -> Vec<(String, i64)> {
    let table = table(bytes, &wide());
    let row = table.row(0);
    row.map(|(q, score)| (table.questions()[q].clone(), score))
        .collect()
}

#[test]
fn every_type_that_parquet_has_for_scores() {
    let schema = "optional int64 user (UINT_64);
        optional boolean truth; optional int32 small; optional int32 byte (INT_8);
        optional int32 unsigned (UINT_32); optional int64 large; optional float single;
        optional double double; optional int32 decimal (DECIMAL(9, 2));
        optional int64 wider (DECIMAL(18, 1)); optional fixed_len_byte_array(3) fixed (DECIMAL(6, 2));
        optional binary bytes (DECIMAL(6, 1)); optional binary text (UTF8); optional binary raw;
        optional int64 nothing (UINT_64)";
    let file = parquet(
        schema,
        &[
            Values::Large(vec![Some(-1)]),
            Values::Truths(vec![Some(true)]),
            Values::Small(vec![Some(-7)]),
            Values::Small(vec![Some(3)]),
            Values::Small(vec![Some(-1)]),
            Values::Large(vec![Some(1 << 40)]),
            Values::Single(vec![Some(0.1)]),
            Values::Double(vec![Some(0.3)]),
            Values::Small(vec![Some(-125)]),
            Values::Large(vec![Some(12)]),
            Values::Fixed(vec![Some(vec![0xff, 0xff, 0x9c])]),
            Values::Bytes(vec![Some(vec![0x01, 0x00])]),
            texts(&[" 2.50 "]),
            texts(&["true"]),
            Values::Large(vec![None]),
        ],
        10,
        plain(),
    );
    assert_eq!(table(&file, &wide()).users(), [u64::MAX.to_string()]);
    // In hundredths.
    let want = [
        ("truth", 100),
        ("small", -700),
        ("byte", 300),
        ("unsigned", 429_496_729_500),
        ("large", 109_951_162_777_600),
        ("single", 10),
        ("double", 30),
        ("decimal", -125),
        ("wider", 120),
        ("fixed", -100),
        ("bytes", 2560),
        ("text", 250),
        ("raw", 100),
    ];
    assert_eq!(
        row_of(&file),
        want.map(|(name, score)| (name.to_owned(), score))
    );
}

#[test]
fn columns_that_are_not_needed_may_hold_anything() {
    let schema = "optional binary user (UTF8); optional binary question (UTF8);
        optional int32 when (DATE); optional double score";
    let columns = [
        texts(&["ann", "bob"]),
        texts(&["q1", "q1"]),
        Values::Small(vec![Some(1), None]),
        Values::Double(vec![Some(1.0), Some(2.5)]),
    ];
    let file = parquet(schema, &columns, 10, plain());
    let read = table(&file, &ReadOptions::default());
    assert_eq!(read.totals(), [10, 25]);
    // Another file of numbers by user.
    let numbers = read_criterion(&*file, "c", "user", "score", &ReadOptions::default()).unwrap();
    assert_eq!(numbers.len(), 2);
}

/// A workbook by hand.
fn workbook(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

#[test]
fn cells_of_a_workbook() {
    let file = workbook(|workbook| {
        let sheet = workbook.add_worksheet();
        for (column, name) in ["user", "a", "b", "c", "d", "e", ""]
            .into_iter()
            .enumerate()
        {
            sheet.write_string(1, column as u16, name).unwrap();
        }
        sheet.write_number(3, 0, 17).unwrap();
        sheet.write_boolean(3, 1, true).unwrap();
        sheet.write_number(3, 2, 0.1).unwrap();
        sheet.write_string(3, 3, " 2 ").unwrap();
        sheet
            .write_formula(3, 4, Formula::new("=1+2").set_result("3"))
            .unwrap();
        sheet.write_string(3, 5, "  ").unwrap();
        sheet.write_string(3, 7, "a note beside the table").unwrap();
        sheet.write_string(5, 0, "eve").unwrap();
    });
    let read = table(&file, &wide());
    assert_eq!(read.users(), ["17", "eve"]);
    let want = [("a", 10), ("b", 1), ("c", 20), ("d", 30)];
    assert_eq!(
        row_of(&file),
        want.map(|(name, score)| (name.to_owned(), score))
    );
}

#[test]
fn the_sheet_that_is_asked_for() {
    let file = workbook(|workbook| {
        for (name, score) in [("one", 1), ("two", 2)] {
            let sheet = workbook.add_worksheet();
            sheet.set_name(name).unwrap();
            sheet.write_string(0, 0, "user").unwrap();
            sheet.write_string(0, 1, "q").unwrap();
            sheet.write_string(1, 0, "ann").unwrap();
            sheet.write_number(1, 1, score).unwrap();
        }
    });
    let of = |sheet: Option<&str>| ReadOptions {
        sheet: sheet.map(str::to_owned),
        ..wide()
    };
    for (sheet, score) in [(None, 1), (Some("one"), 1), (Some("two"), 2)] {
        assert_eq!(table(&file, &of(sheet)).totals(), [score]);
    }
    let error = try_read(&file, &of(Some("three"))).unwrap_err();
    expect![[r#"t: no sheet "three": the workbook has "one", "two""#]]
        .assert_eq(&error.to_string());
}

#[test]
fn rows_behind_the_header_are_left_out() {
    let csv = "user,q1\nwho,what\nann,1\n";
    let options = ReadOptions {
        skip_rows: 1,
        ..wide()
    };
    assert_eq!(table(&as_workbook(csv, 0, 0), &options).users(), ["ann"]);
    let columns = [texts(&["who", "ann"]), texts(&["what", "1"])];
    let file = parquet(
        "optional binary user; optional binary q1",
        &columns,
        10,
        plain(),
    );
    assert_eq!(table(&file, &options).users(), ["ann"]);
}

#[test]
fn errors_in_cells_may_be_missing_answers() {
    let file = workbook(|workbook| {
        let sheet = workbook.add_worksheet();
        sheet.write_string(0, 0, "user").unwrap();
        sheet.write_string(0, 1, "q").unwrap();
        sheet.write_string(0, 2, "r").unwrap();
        sheet.write_string(1, 0, "ann").unwrap();
        sheet
            .write_formula(1, 1, Formula::new("=NA()").set_result("#N/A"))
            .unwrap();
        sheet.write_number(1, 2, 4).unwrap();
    });
    // The writer has no cells of type error: it is put in by hand.
    let file = rezipped(&file, |name, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        match name {
            "xl/worksheets/sheet1.xml" => text.replace("t=\"str\"", "t=\"e\"").into_bytes(),
            _ => text.into_bytes(),
        }
    });
    let error = try_read(&file, &wide()).unwrap_err();
    assert!(error.to_string().starts_with("t: cell B2: "), "{error}");
    let codes = Codes {
        missing: Some(vec!["#N/A".to_owned()]),
        ..Codes::default()
    };
    let options = ReadOptions { codes, ..wide() };
    assert_eq!(table(&file, &options).totals(), [4]);
}

#[track_caller]
fn refused(cases: &[(Vec<u8>, ReadOptions)], want: &Expect) {
    let mut messages = String::new();
    for (bytes, options) in cases {
        messages += &format!("{}\n", try_read(bytes, options).unwrap_err());
    }
    want.assert_eq(&messages);
}

#[test]
fn refusals_of_parquet() {
    let file = |schema: &str, columns: &[Values]| {
        let schema = format!("optional binary user (UTF8); {schema}");
        let mut all = vec![texts(&["ann"])];
        all.extend(columns.iter().map(|column| match column {
            Values::Small(list) => Values::Small(list.clone()),
            Values::Large(list) => Values::Large(list.clone()),
            Values::Double(list) => Values::Double(list.clone()),
            Values::Bytes(list) => Values::Bytes(list.clone()),
            Values::Fixed(list) => Values::Fixed(list.clone()),
            _ => panic!("not used here"),
        }));
        parquet(&schema, &all, 10, plain())
    };
    let one = |schema: &str, values: Values| (file(schema, &[values]), wide());
    let good = as_parquet(WIDE, 10, plain());
    let with = |options: ReadOptions| (good.clone(), options);
    let small = || Values::Small(vec![Some(1)]);
    refused(
        &[
            one("optional int32 q (DATE)", small()),
            one("optional int32 q (TIME_MILLIS)", small()),
            one(
                "optional int64 q (TIMESTAMP(MICROS, true))",
                Values::Large(vec![Some(1)]),
            ),
            one(
                "optional fixed_len_byte_array(2) q",
                Values::Fixed(vec![Some(vec![1, 2])]),
            ),
            one("optional group q { optional int32 x; }", small()),
            one(
                "optional binary q",
                Values::Bytes(vec![Some(vec![0xff, 0xfe])]),
            ),
            one("optional double q", Values::Double(vec![Some(f64::NAN)])),
            one("optional double q", Values::Double(vec![Some(0.1 + 0.2)])),
            one("optional binary q (UTF8)", texts(&["often"])),
            (good.clone(), ReadOptions::default()),
            with(ReadOptions {
                sheet: Some("s".to_owned()),
                ..wide()
            }),
            with(ReadOptions {
                encoding: Some("latin1".parse::<Encoding>().unwrap()),
                ..wide()
            }),
            with(ReadOptions {
                questions: Some("q7".parse::<Choice>().unwrap()),
                ..wide()
            }),
            (good[..good.len() - 1].to_vec(), wide()),
            (good[..100].to_vec(), wide()),
            (b"PAR1".to_vec(), wide()),
        ],
        &expect![[r#"
            t: column "q" holds a date: expected texts, numbers, or true and false
            t: column "q" holds a time: expected texts, numbers, or true and false
            t: column "q" holds a timestamp: expected texts, numbers, or true and false
            t: column "q" holds bytes of a fixed length: expected texts, numbers, or true and false
            t: column "q" holds a record: expected texts, numbers, or true and false
            t: row 1: field "q" is bytes that are no text: expected a number, or null for a missing answer
            t: row 1: column "q" is taken for a question, and its score is "NaN", not a number: leave a missing answer empty (in JSON: null)
            t: row 1: column "q" is taken for a question, and its score is "0.30000000000000004", with more than 9 digits behind the point: nothing is rounded here, so round it first
            t: row 1: column "q" is taken for a question, and its score is "often", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: no column "question", "score": the schema has "user", "q1", "q2", "q3"; it looks like a wide table (one row a user, one column a question)
            t: a sheet was named, and this is no workbook
            t: an encoding was named, and this is no text
            t: no question "q7": there are "q1", "q2", "q3"
            t: the Parquet file cannot be read: Parquet error: Invalid Parquet file. Corrupt footer; it is damaged, cut short, or of a kind that is not supported: get it again or write it again
            t: the Parquet file cannot be read: Parquet error: Invalid Parquet file. Corrupt footer; it is damaged, cut short, or of a kind that is not supported: get it again or write it again
            t: the Parquet file cannot be read: EOF: Parquet file too small. Size is 4 but need 8; it is damaged, cut short, or of a kind that is not supported: get it again or write it again
        "#]],
    );
}

#[test]
fn refusals_of_workbooks() {
    let sheet = |fill: fn(&mut rust_xlsxwriter::Worksheet)| {
        workbook(|workbook| {
            let sheet = workbook.add_worksheet();
            fill(sheet);
        })
    };
    let good = as_workbook(WIDE, 2, 1);
    let zip = |name: &str| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default();
        zip.start_file(name, stored).unwrap();
        zip.write_all(LONG.as_bytes()).unwrap();
        zip.finish().unwrap().into_inner()
    };
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 0x10;
    refused(
        &[
            (sheet(|_| {}), wide()),
            (
                sheet(|sheet| {
                    let date = Format::new().set_num_format("yyyy-mm-dd");
                    sheet.write_string(0, 1, "user").unwrap();
                    sheet.write_string(0, 2, "q").unwrap();
                    sheet.write_string(1, 1, "ann").unwrap();
                    sheet.write_number_with_format(1, 2, 45000, &date).unwrap();
                }),
                wide(),
            ),
            (
                sheet(|sheet| {
                    let date = Format::new().set_num_format("yyyy-mm-dd");
                    sheet.write_string(0, 0, "user").unwrap();
                    sheet.write_number_with_format(0, 27, 45000, &date).unwrap();
                }),
                wide(),
            ),
            (as_workbook("user,q1\nann,often\n", 4, 25), wide()),
            (as_workbook("user,q1\nann,1\n,2\n", 0, 0), wide()),
            (as_workbook("user,q1\nann,1\nann,2\n", 0, 0), wide()),
            (good.clone(), ReadOptions::default()),
            (flipped, wide()),
            (good[..good.len() / 2].to_vec(), wide()),
            (zip("answers.csv"), wide()),
        ],
        &expect![[r#"
            t: sheet "Sheet1" is empty
            t: cell C2: field "q" is a date or a time: expected a number, or null for a missing answer
            t: cell AB1: the name of a column is a date or a time: expected a text
            t: cell AA6: column "q1" is taken for a question, and its score is "often", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: row 3: "user" is empty: every row needs a user and a question
            t: user "ann" answered question "q1" twice, at row 2 and row 3; the table's only repeat differs
            t: no column "question", "score": the header in row 3 has "user", "q1", "q2", "q3"; it looks like a wide table (one row a user, one column a question)
            t: the workbook cannot be read: File is larger than its declared uncompressed size; it is damaged, cut short, or of a kind that is not supported: get it again or write it again
            t: the workbook cannot be read: invalid Zip archive: Could not find EOCD; it is damaged, cut short, or of a kind that is not supported: get it again or write it again
            t: the workbook cannot be read: File not found '_rels/.rels'; it is damaged, cut short, or of a kind that is not supported: get it again or write it again
        "#]],
    );
}

/// A zip with its files changed.
fn rezipped(file: &[u8], mut change: impl FnMut(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for at in 0..from.len() {
        let mut part = from.by_index(at).unwrap();
        let name = part.name().unwrap().to_string();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        to.start_file(name.as_str(), stored).unwrap();
        to.write_all(&change(&name, bytes)).unwrap();
    }
    to.finish().unwrap().into_inner()
}

/// One random change.
fn mutate(bytes: &mut Vec<u8>, draws: &mut impl Rng) {
    if bytes.is_empty() {
        return;
    }
    let at = draws.random_range(0..bytes.len());
    match draws.random_range(0..6) {
        0 | 1 => bytes[at] ^= 1 << draws.random_range(0..8),
        2 => bytes[at] = draws.random(),
        3 => bytes.insert(at, draws.random()),
        4 => {
            bytes.remove(at);
        }
        _ => bytes[at] = [0, 0x7f, 0x80, 0xff][draws.random_range(0..4)],
    }
}

/// Reads so many mutations; how many were tables.
fn storm(
    rounds: u32,
    seed: u64,
    options: &ReadOptions,
    mut file: impl FnMut(&mut ChaCha8Rng) -> Vec<u8>,
) {
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    let mut read = 0;
    for _ in 0..rounds {
        let bytes = file(&mut draws);
        match try_read(&bytes, options) {
            Ok(table) => {
                assert!(table.responses() > 0);
                read += 1;
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.starts_with("t: "), "{message}");
                assert!(message.len() < 2000, "{message}");
                assert!(!message.contains('\n'), "{message}");
            }
        }
    }
    // Both ends must be reached, else the storm tests nothing.
    assert!(read > 0 && read < rounds * 9 / 10, "{read} of {rounds}");
}

fn some(bytes: &[u8], draws: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..draws.random_range(1..4) {
        mutate(&mut bytes, draws);
    }
    bytes
}

#[test]
fn twenty_thousand_mutations_of_parquet() {
    let snappy = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let zstd = WriterProperties::builder()
        .set_compression(zstd)
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_dictionary_enabled(false)
        .build();
    for (seed, rounds, properties) in [(1, 10_000, plain()), (2, 5_000, snappy), (3, 5_000, zstd)] {
        let long = as_parquet(LONG, 3, properties);
        storm(rounds, seed, &ReadOptions::default(), |draws| {
            some(&long, draws)
        });
    }
    let wide_file = as_parquet(WIDE, 10, plain());
    storm(2_000, 4, &wide(), |draws| some(&wide_file, draws));
}

#[test]
fn twenty_thousand_mutations_of_workbooks() {
    let file = as_workbook(LONG, 0, 0);
    let stored = rezipped(&file, |_, bytes| bytes);
    storm(6_000, 1, &ReadOptions::default(), |draws| {
        some(&file, draws)
    });
    // Behind the checksums: the parts of a workbook that are read.
    let parts = [
        "sheet1.xml",
        "workbook.xml",
        "sharedStrings.xml",
        "styles.xml",
        "workbook.xml.rels",
    ];
    storm(14_000, 2, &ReadOptions::default(), |draws| {
        let chosen = parts[draws.random_range(0..parts.len())];
        rezipped(&stored, |name, bytes| match name.ends_with(chosen) {
            true => some(&bytes, draws),
            false => bytes,
        })
    });
}

#[test]
fn a_packed_file_is_unpacked() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&as_parquet(WIDE, 10, plain())).unwrap();
    let packed = gzip.finish().unwrap();
    let want = table(WIDE.as_bytes(), &wide());
    assert_eq!(table(&packed, &wide()), want);
}
