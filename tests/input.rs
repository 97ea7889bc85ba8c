//! Tables from outside: every fault has its message, all forms and packings give one table, and no
//! mutation of a good file panics, hangs or makes a table that contradicts itself.

use expect_test::{Expect, expect};
use flate2::Compression;
use flate2::write::GzEncoder;
use kcorrset::input::{
    ColumnNames, InputError, LONGEST_ROW, Place, ReadOptions, RowFault, ScoreFault, read,
};
use kcorrset::matrix::{Duplicates, MatrixError, ResponseMatrix};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::{self, Read, Write};

const CSV: &str = "\
user,question,score
ann,q1,1
bob,q1,0
ann,q2,0.50
bob,q2,
\"c, d\",q2,-2
";

const NDJSON: &str = r#"
{"user":"ann","question":"q1","score":1}
{"score":"0","question":"q1","user":"bob","note":{"a":[1,2,{"b":"}]"}]}}

{"user":"ann","question":"q2","score":5e-1}
{"user":"bob","question":"q2","score":null}
{"user":"\u0063, d","question":"q2","score":" -2.0 "}
"#;

fn json() -> String {
    let objects: Vec<&str> = NDJSON.lines().filter(|line| !line.is_empty()).collect();
    format!("[\n  {}\n]\n", objects.join(",\n  "))
}

fn try_read(bytes: impl AsRef<[u8]>) -> Result<ResponseMatrix, InputError> {
    read(bytes.as_ref(), "t", &ReadOptions::default()).map(|read| read.table)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Gives one byte at a time, with an interruption before each: the slowest pipe.
struct Drip<'a> {
    bytes: &'a [u8],
    interrupt: bool,
}

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = into.len().min(1);
        self.bytes.read(&mut into[..n])
    }
}

#[test]
fn all_forms_and_packings_give_one_table() {
    let table = try_read(CSV).unwrap();
    assert_eq!(table.users(), ["ann", "bob", "c, d"]);
    assert_eq!(table.questions(), ["q1", "q2"]);
    assert_eq!(table.scale(), Some(1));
    assert_eq!(table.totals(), [15, 0, -20]);
    assert_eq!(table.responses(), 4);
    let variants = [
        CSV.to_owned(),
        CSV.replace('\n', "\r\n"),
        CSV.trim_end().to_owned(),
        CSV.replace("\"c, d\"", "c~ d")
            .replace(',', ";")
            .replace('~', ","),
        CSV.replace("\"c, d\"", "c~ d")
            .replace(',', "\t")
            .replace('~', ","),
        // A nameless first column, as data frames write their index: the tab is not space.
        CSV.replace("\"c, d\"", "c~ d")
            .replace('\n', "\n7,")
            .replace(',', "\t")
            .replace('~', ",")
            .replacen("user", "\tuser", 1)
            .trim_end()
            .trim_end_matches('7')
            .to_owned(),
        format!("\n\n{}", CSV.replace('\n', "\n\n")),
        CSV.replacen("user,question,score", " user , question , score ", 1),
        NDJSON.to_owned(),
        json(),
        json().replace('\n', ""),
    ];
    for plain in &variants {
        let plain = plain.as_bytes();
        let (front, back) = plain.split_at(plain.len() / 2);
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9];
        let packed = [
            plain.to_vec(),
            [b"\xef\xbb\xbf", plain].concat(),
            gzip(plain),
            [gzip(front), gzip(back)].concat(),
            gzip(&[b"\xef\xbb\xbf", plain].concat()),
            zstd(plain),
            [&skippable[..], &zstd(front), &skippable, &zstd(back)].concat(),
        ];
        for bytes in &packed {
            let shown = String::from_utf8_lossy(plain);
            let got = try_read(bytes).unwrap_or_else(|e| panic!("{e}\n{shown}"));
            assert_eq!(got.fingerprint(), table.fingerprint(), "{shown}");
            let drip = Drip {
                bytes,
                interrupt: false,
            };
            let got = read(drip, "t", &ReadOptions::default()).unwrap().table;
            assert_eq!(got.fingerprint(), table.fingerprint(), "{shown}");
        }
    }
}

#[test]
fn columns_may_have_other_names() {
    let options = ReadOptions {
        columns: ColumnNames {
            user: "who".to_owned(),
            question: "item \"x\"".to_owned(),
            score: "got".to_owned(),
        },
        ..ReadOptions::default()
    };
    let sources = [
        "got;score;who;\"item \"\"x\"\"\"\n1;NA;ann;q1\n",
        r#"[{"score":{},"item \"x\"":"q1","who":"ann","got":1}]"#,
        r#"{"score":NaN0,"item \"x\"":"q1","who":"ann","got":1}"#,
    ];
    let read = |source: &str| read(source.as_bytes(), "t", &options).map(|read| read.table);
    for source in &sources[..2] {
        let table = read(source).unwrap();
        assert_eq!(
            (table.users(), table.totals()),
            (&["ann".to_owned()][..], &[1_i64][..])
        );
    }
    // Fields that are not asked for must still be JSON.
    assert!(read(sources[2]).is_err());
}

#[test]
fn numbers_are_ids_by_their_text() {
    let table = try_read(
        r#"[{"user":1,"question":1e2,"score":1},{"user":1.0,"question":"1e2","score":1}]"#,
    )
    .unwrap();
    assert_eq!(table.users(), ["1", "1.0"]);
    assert_eq!(table.questions(), ["1e2"]);
}

#[test]
fn strings_may_hold_brackets_quotes_and_escapes() {
    let source = r#"[{"user":"}]\\\"{","question":"\u00e9\ud83d\ude00\\","score":1,"x":"\\\\\""},
        {"user":"b","question":"é😀\\","score":"\u0031"}]"#;
    let table = try_read(source).unwrap();
    assert_eq!(table.users(), ["}]\\\"{", "b"]);
    assert_eq!(table.questions(), ["é😀\\"]);
    assert_eq!(table.totals(), [1, 1]);
}

#[test]
fn quoted_fields_may_hold_quotes_and_line_breaks() {
    let source =
        "\"user\",note,question,score\n\"a\"\"\nb\",\"\"\"x,\n\"\"\",q1,\"1\"\r\n\"\"\"\",,q1,3";
    let table = try_read(source).unwrap();
    assert_eq!(table.users(), ["a\"\nb", "\""]);
    assert_eq!(table.totals(), [1, 3]);
}

/// A quote that one delimiter closes is a fault under another, and a row may end elsewhere: each of
/// these tables is right under one of the three and must not be judged by the others.
#[test]
fn the_delimiter_is_told_before_quotes_are_judged() {
    let table = try_read("user,question,score\nann,q1,1\nbob,q1,0.5\n").unwrap();
    let sources = [
        // As R writes them.
        "\"user\",\"question\",\"score\"\n\"ann\",\"q1\",1\n\"bob\",\"q1\",0.5\n",
        "\"user\";\"question\";\"score\"\n\"ann\";\"q1\";1\n\"bob\";\"q1\";0.5\n",
        "\"user\"\t\"question\"\t\"score\"\n\"ann\"\t\"q1\"\t1\n\"bob\"\t\"q1\"\t0.5\n",
        // Names and fields that hold the other delimiters.
        "\"a; b\tc\",\"user\",question,score\n;;;,ann,q1,1\n\"\t\",\"bob\",\"q1\",0.5\n",
        "\"a, b\tc\";\"user\";question;score\n,,,;ann;q1;1\n\"\t\";\"bob\";\"q1\";0.5\n",
        "\"a, b; c\"\t\"user\"\tquestion\tscore\n,;\tann\tq1\t1\n\";\"\t\"bob\"\t\"q1\"\t0.5\n",
        // Escaped quotes and line breaks in names.
        "\"say \"\"hi\"\", she; said\";user;question;score\n\"\"\"\";ann;q1;1\n;bob;q1;0.5\n",
        "\"two\nlines, \"\"or;\n\"\" so\"\tuser\tquestion\tscore\n\tann\tq1\t1\n\tbob\tq1\t0.5\n",
        // By `,` a quote opens that nothing, or a quote of another row, closes.
        "note,\"in inches;user;question;score\nx;ann;q1;1\ny;bob;q1;0.5\n",
        "note,\"5;user;question;score\n5\" disk;ann;q1;1\n;bob;q1;0.5\n",
        // Single quotes, and double ones inside a field, are characters.
        "'a, b;user;question;score\n,;ann;q1;1\n';bob;q1;0.5\n",
        "5\" disk;user;question;score\n;ann;q1;1\n;bob;q1;0.5\n",
        // The last line without its break.
        "\"user\";\"score\";\"question\"\n\"ann\";1;\"q1\"\n\"bob\";0.5;\"q1\"",
    ];
    for source in sources {
        let mark = "\u{feff}";
        for source in [
            source.to_owned(),
            source.replace('\n', "\r\n"),
            format!("{mark}{source}"),
        ] {
            let got = try_read(&source).unwrap_or_else(|e| panic!("{e}\n{source}"));
            assert_eq!(got.fingerprint(), table.fingerprint(), "{source}");
        }
    }
    messages(
        &[
            b"\"id\",\"item\",\"resp\"\n1,a,1\n",
            b"\"id\";\"item\";\"resp\"\n1;a;1\n",
            b"\"id\"\t\"item\"\t\"resp\"\n1\ta\t1\n",
            b"\"Q1\",\"Q2\",\"the; total\"\n1,2,3\n",
            b"\"user\"\nann\n",
            b"\"user,question,score\"\n\"ann,q1,1\"\n",
            b"'user','question','score'\n",
            b"\"user\";\"question\" ;\"score\"\n",
            b"user;question;\"score\nann;q1;1\n",
            b"\"user\";\"question\";\"score\";\"user\"\n",
        ],
        expect![[r#"
            t: no column "user", "question", "score": the header on line 1 has "id", "item", "resp"
            t: no column "user", "question", "score": the header on line 1 has "id", "item", "resp"
            t: no column "user", "question", "score": the header on line 1 has "id", "item", "resp"
            t: no column "user", "question", "score": the header on line 1 has "Q1", "Q2", "the; total"; it looks like a wide table (one row a user, one column a question)
            t: no column "question", "score": the header on line 1 has "user"
            t: no column "user", "question", "score": the header on line 1 has "user,question,score"
            t: no column "user", "question", "score": the header on line 1 has "'user'", "'question'", "'score'"
            t: line 1: text follows a closing quote: write "" for a quote in a quoted field
            t: line 1: a quote is opened and never closed: close it, or write "" for a quote in a field
            t: column "user" stands twice in the header on line 1: rename one of them
        "#]],
    );
}

#[test]
fn repeated_answers_by_choice() {
    let source = "user,question,score\nann,q1,1\nann,q1,2\nann,q2,3\n";
    for (duplicates, total) in [(Duplicates::First, 4), (Duplicates::Last, 5)] {
        let options = ReadOptions {
            duplicates,
            ..ReadOptions::default()
        };
        let table = read(source.as_bytes(), "t", &options).unwrap().table;
        assert_eq!(table.totals(), [total]);
    }
}

/// The messages for these sources, one a line.
#[track_caller]
fn messages(sources: &[&[u8]], expected: Expect) {
    let text: String = sources
        .iter()
        .map(|source| match try_read(source) {
            Err(error) => format!("{error}\n"),
            Ok(_) => panic!("read: {}", String::from_utf8_lossy(source)),
        })
        .collect();
    expected.assert_eq(&text);
}

#[test]
fn sources_that_are_no_table() {
    messages(
        &[
            b"",
            b" \r\n\n",
            b"\xef\xbb\xbf",
            b"[]",
            b"[ ] x",
            b"user,question,score\n\n",
            b"user,question,score\nann,q1,\n",
            br#"[{"user":"ann","question":"q1","score":null}]"#,
            b"PK\x03\x04\x00\x00\xff",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xfeu\x00s\x00",
            b"hello",
            b"\"hello",
            b"a\xff,b",
            b"user\xff,question,score\n",
            b"User,item;Score\nann,q1;1\n",
            b"user,question,score,user\n",
            b"user,item,points,x\n",
            "n,".repeat(100).as_bytes(),
            &[b'x'; LONGEST_ROW + 1],
        ],
        expect![[r#"
            t: empty: expected a JSON array of objects, one JSON object a line, or CSV with a header
            t: empty: expected a JSON array of objects, one JSON object a line, or CSV with a header
            t: empty: expected a JSON array of objects, one JSON object a line, or CSV with a header
            t: the table has no answers: every row was empty or there were no rows
            t: the JSON array ends at record 0, but something follows it at line 1, column 5: keep one array in the file
            t: the table has no answers: every row was empty or there were no rows
            t: the table has no answers: every row was empty or there were no rows
            t: the table has no answers: every row was empty or there were no rows
            t: the workbook cannot be read: invalid Zip archive: Could not find EOCD; it is damaged, cut short, or of a kind that is not supported: get it again or write it again
            t: line 1: not valid UTF-8 at byte 1 of the row: save the file as UTF-8
            t: no column "user", "question", "score": the header on line 1 has "us"
            t: no column "user", "question", "score": the header on line 1 has "hello"
            t: line 1: a quote is opened and never closed: close it, or write "" for a quote in a field
            t: line 1: not valid UTF-8 at byte 2 of the row: save the file as UTF-8
            t: line 1: not valid UTF-8 at byte 5 of the row: save the file as UTF-8
            t: no column "user", "question", "score": the header on line 1 has "User", "item;Score"
            t: column "user" stands twice in the header on line 1: rename one of them
            t: no column "question", "score": the header on line 1 has "user", "item", "points", "x"
            t: no column "user", "question", "score": the header on line 1 has "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", "n", ...; it looks like a wide table (one row a user, one column a question)
            t: not a table: neither JSON nor text (only gzip and zstd are unpacked; save a spreadsheet as CSV)
        "#]],
    );
}

#[test]
fn rows_of_csv() {
    let with = |rows: &str| format!("user,question,score\nann,q1,1\n{rows}\n").into_bytes();
    let rows = [
        "ann,q2",
        "\n\nann,q2,1,",
        "ann,q2,1\r\n\r\nbob;q2;1",
        ",q2,1",
        "ann, ,1",
        "\"two\nlines\",q2,1\nann,q2,x",
        "ann,\"q2\"x,1",
        "ann,\"q2,1\nbob,q2,1",
        "ann,\"q2,1\nbob,\"q2,1",
        "ann,q\r2,1",
        "ann,q2,abc",
        "ann,q2,n/a",
        "ann,q2,nan",
        "ann,q2,-inf",
        "ann,q2,yes",
        "ann,q2,\"0,5\"",
        "ann,q2,0.12345678901",
        "ann,q2,9223372036854775808",
        "ann,q2,1e400",
        "ann,q2,9223372036854775807",
        "ann,q2,9000000000000000000\nbob,q2,0.5",
        "ann,q2,9223372036854775000",
        "bob,q1,1\nann,q1,0\nbob,q1,0",
    ];
    let mut sources: Vec<Vec<u8>> = rows.iter().map(|row| with(row)).collect();
    sources.push(b"user,question,score\nann,q1,1\nann,q\xff2,1\n".to_vec());
    let long = format!("user,question,score\nann,\"{}", "\n".repeat(LONGEST_ROW));
    sources.push(long.into_bytes());
    let sources: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
    messages(
        &sources,
        expect![[r#"
            t: line 3: the number of fields is 2, and the header has 3: quote fields that hold the delimiter
            t: line 5: the number of fields is 4, and the header has 3: quote fields that hold the delimiter
            t: line 5: the number of fields is 1, and the header has 3: quote fields that hold the delimiter
            t: line 3: "user" is empty: every row needs a user and a question
            t: line 3: "question" is empty: every row needs a user and a question
            t: line 5: "score" is "x", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: line 3: text follows a closing quote: write "" for a quote in a quoted field
            t: line 3: a quote is opened and never closed: close it, or write "" for a quote in a field
            t: line 3: text follows a closing quote: write "" for a quote in a quoted field
            t: line 3: a carriage return without a line feed: end lines with LF or CR LF
            t: line 3: "score" is "abc", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: line 3: "score" is "n/a", not a number: leave a missing answer empty (in JSON: null)
            t: line 3: "score" is "nan", not a number: leave a missing answer empty (in JSON: null)
            t: line 3: "score" is "-inf", not finite: scores are finite numbers
            t: line 3: "score" is "yes", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: line 3: "score" is "0,5", with a comma: write decimals with a point and no thousands separators
            t: line 3: "score" is "0.12345678901", with more than 9 digits behind the point: nothing is rounded here, so round it first
            t: line 3: "score" is "9223372036854775808", which does not fit 64 bits without its point: use a larger unit or fewer digits
            t: line 3: "score" is "1e400", which does not fit 64 bits without its point: use a larger unit or fewer digits
            t: scores scaled by 10^0 to integers do not fit 64 bits (the total of user "ann"); write the scores with fewer digits or in a smaller unit
            t: scores scaled by 10^1 to integers do not fit 64 bits (the score at line 3); write the scores with fewer digits or in a smaller unit
            t: the exact sums over this table could reach 129 bits and 127 is the limit; write the scores with fewer digits or in a smaller unit
            t: user "ann" answered question "q1" twice, at line 2 and line 4; 2 of 2 repeats differ
            t: line 3: not valid UTF-8 at byte 6 of the row: save the file as UTF-8
            t: line 2: longer than 16777216 bytes: is a quote or a bracket never closed, or is this no table?
        "#]],
    );
}

#[test]
fn objects_of_json() {
    let with = |object: &str| {
        format!("[\n  {{\"user\":\"ann\",\"question\":\"q1\",\"score\":1}},\n  {object}")
            .into_bytes()
    };
    let ends = [
        "{\"user\":\"ann\",\"question\":\"q2\"}]",
        "{\"Score\":1,\"score \":1}]",
        "{}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1,\"user\":\"bob\"}]",
        "{\"user\":null,\"question\":\"q2\",\"score\":1}]",
        "{\"user\":true,\"question\":\"q2\",\"score\":1}]",
        "{\"user\":\"ann\",\"question\":[2],\"score\":1}]",
        "{\"user\":\"\",\"question\":\"q2\",\"score\":1}]",
        "{\"user\":\"ann\",\"question\":\"\\ud800\",\"score\":1}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":[1]}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":{\"a\":1}}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":\"abc\"}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":\"n/a\"}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":NaN}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\n \"score\":-Infinity}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1e-10}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1e99999999999999999999}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":01}]",
        "{\"user\":\"ann\",\"question\":\"q1\",\"score\":1}]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1}",
        "{\"user\":\"ann\",\"question\":\"q2\",\"sco",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1}, ",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1},]",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1} {",
        "{\"user\":\"ann\",\n\"question\":\"q2\",\"score\":1} {",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1}]\n]",
        "{\"user\":\"ann\",\"question\":\"q2\"\n,,\"score\":1}]",
        "{\"user\":\"ann\",\"question\":[{]},\"score\":1}]",
        "{'user':'ann'}]",
        "[\"ann\",\"q1\",1]]",
        "null]",
        "ann]",
        "]",
        "",
    ];
    let mut sources: Vec<Vec<u8>> = ends.iter().map(|end| with(end)).collect();
    sources.push(b"[{\"user\":\"\xff\",\"question\":\"q1\",\"score\":1}]".to_vec());
    sources.push([&b"[{\"x\":\""[..], &vec![b'x'; LONGEST_ROW]].concat());
    sources.push("[".repeat(1_000_000).into_bytes());
    let deep = format!("[{{\"x\":{}1", "[".repeat(1_000_000));
    sources.push(deep.into_bytes());
    let sources: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
    messages(
        &sources,
        expect![[r#"
            t: record 2: no field "score": the object has "question", "user"; a missing answer is written as null
            t: record 2: no field "user": the object has "Score", "score "; a missing answer is written as null
            t: record 2: no field "user": the object has none; a missing answer is written as null
            t: record 2: field "user" stands twice in the object: keep one
            t: record 2: "user" is empty: every row needs a user and a question
            t: record 2: field "user" is true or false: expected a text or a number
            t: record 2: field "question" is an array: expected a text or a number
            t: record 2: "user" is empty: every row needs a user and a question
            t: record 2: field "question" is no text: unexpected end of hex escape
            t: record 2: field "score" is an array: expected a number, or null for a missing answer
            t: record 2: field "score" is an object: expected a number, or null for a missing answer
            t: record 2: "score" is "abc", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: record 2: "score" is "n/a", not a number: leave a missing answer empty (in JSON: null)
            t: record 2: not valid JSON at line 3, column 41: expected value; NaN is not JSON: write null for a missing answer
            t: record 2: not valid JSON at line 4, column 11: invalid number; -Infinity is not JSON: write null for a missing answer
            t: record 2: "score" is "1e-10", with more than 9 digits behind the point: nothing is rounded here, so round it first
            t: record 2: "score" is "1e99999999999999999999", which does not fit 64 bits without its point: use a larger unit or fewer digits
            t: record 2: not valid JSON at line 3, column 42: invalid number
            t: user "ann" answered question "q1" twice, at record 1 and record 2; the table's only repeat agrees
            t: record 2: not valid JSON at line 3, column 43: the array is not closed; the file is cut short
            t: record 2: not valid JSON at line 3, column 36: EOF while parsing a string; the file is cut short
            t: record 3: not valid JSON at line 3, column 45: the array is not closed; the file is cut short
            t: record 3: not valid JSON at line 3, column 44: an object is missing behind the last `,`
            t: record 2: not valid JSON at line 3, column 44: expected `,` or `]` behind the object
            t: record 2: not valid JSON at line 4, column 28: expected `,` or `]` behind the object
            t: the JSON array ends at record 2, but something follows it at line 4, column 1: keep one array in the file
            t: record 2: not valid JSON at line 4, column 2: key must be a string
            t: record 2: not valid JSON at line 3, column 30: key must be a string
            t: record 2: not valid JSON at line 3, column 4: key must be a string
            t: record 2: an array, not an object such as {"user": "ann", "question": "q1", "score": 1}
            t: record 2: null, not an object such as {"user": "ann", "question": "q1", "score": 1}
            t: record 2: something that is not JSON, not an object such as {"user": "ann", "question": "q1", "score": 1}
            t: record 2: not valid JSON at line 3, column 3: an object is missing behind the last `,`
            t: record 2: not valid JSON at line 3, column 3: the array is not closed; the file is cut short
            t: record 1: not valid UTF-8 at byte 10 of the row: save the file as UTF-8
            t: record 1: longer than 16777216 bytes: is a quote or a bracket never closed, or is this no table?
            t: record 1: an array, not an object such as {"user": "ann", "question": "q1", "score": 1}
            t: record 1: not valid JSON at line 1, column 1000007: EOF while parsing a list; the file is cut short
        "#]],
    );
}

#[test]
fn deep_fields_that_nobody_asks_for_are_read() {
    let (open, close) = ("[".repeat(1_000_000), "]".repeat(1_000_000));
    let source = format!(r#"[{{"x":{open}{close},"user":"ann","question":"q1","score":1}}]"#);
    assert_eq!(try_read(source).unwrap().responses(), 1);
}

#[test]
fn lines_of_ndjson() {
    let with = |rest: &str| {
        format!("{{\"user\":\"ann\",\"question\":\"q1\",\"score\":1}}\n\n{rest}\n").into_bytes()
    };
    let lines = [
        "{\"user\":\"ann\",",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":1},",
        "{\"user\":\"ann\",\"question\":\"q1\",\"score\":1}",
        "{\"user\":\"ann\",\"question\":\"q2\",\"score\":x}",
        "[1]",
        "user,question,score",
        "{\"rows\":[{\"user\":\"ann\"}]}",
    ];
    let mut sources: Vec<Vec<u8>> = lines.iter().map(|line| with(line)).collect();
    sources.push(b"{\n  \"user\": \"ann\"\n}".to_vec());
    sources.push([&b"{\"x\":\""[..], &vec![b'x'; LONGEST_ROW]].concat());
    let sources: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
    messages(
        &sources,
        expect![[r#"
            t: line 3: not valid JSON at line 3, column 14: EOF while parsing a value; one whole object a line is expected
            t: line 3: not valid JSON at line 3, column 41: trailing characters
            t: user "ann" answered question "q1" twice, at line 1 and line 3; the table's only repeat agrees
            t: line 3: not valid JSON at line 3, column 39: expected value
            t: line 3: an array, not an object such as {"user": "ann", "question": "q1", "score": 1}
            t: line 3: something that is not JSON, not an object such as {"user": "ann", "question": "q1", "score": 1}
            t: line 3: no field "user": the object has "rows"; a missing answer is written as null
            t: line 1: not valid JSON at line 1, column 1: EOF while parsing an object; one whole object a line is expected
            t: line 1: longer than 16777216 bytes: is a quote or a bracket never closed, or is this no table?
        "#]],
    );
}

#[test]
fn damaged_packings() {
    let rows: String = (0..5000).map(|i| format!("u{i},q1,{}\n", i % 7)).collect();
    let (gz, zst) = (
        gzip(format!("user,question,score\n{rows}").as_bytes()),
        zstd(CSV.as_bytes()),
    );
    let mut flipped = zst.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let mut bad_crc = gzip(CSV.as_bytes());
    let crc = bad_crc.len() - 8;
    bad_crc[crc] ^= 1;
    let good = gzip(CSV.as_bytes());
    // One raw block of all of CSV, in a frame that says it holds one byte more.
    let size = CSV.len() as u8;
    let mut short = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, size + 1];
    short.extend(&((u32::from(size) << 3) | 1).to_le_bytes()[..3]);
    short.extend(CSV.as_bytes());
    let mut exact = short.clone();
    exact[5] = size;
    assert!(try_read(exact).is_ok());
    let sources: [&[u8]; 11] = [
        &gz[..gz.len() / 2],
        &good[..good.len() - 3],
        &good[..5],
        &bad_crc,
        &[&good[..], b"tail"].concat(),
        &zst[..zst.len() / 2],
        &zst[..zst.len() - 2],
        &flipped,
        &short,
        &[&zst[..], b"tail"].concat(),
        &[0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1],
    ];
    messages(
        &sources,
        expect![[r#"
            t: the gzip data cannot be unpacked: incomplete deflate stream; the file is damaged or cut short: get it again or compress it again
            t: the gzip data cannot be unpacked: unexpected end of file; the file is damaged or cut short: get it again or compress it again
            t: the gzip data cannot be unpacked: unexpected end of file; the file is damaged or cut short: get it again or compress it again
            t: the gzip data cannot be unpacked: corrupt gzip stream does not have a matching checksum; the file is damaged or cut short: get it again or compress it again
            t: the gzip data cannot be unpacked: unexpected end of file; the file is damaged or cut short: get it again or compress it again
            t: the zstd data cannot be unpacked: Failed to parse block header: Error while reading bytes for Raw: failed to fill whole buffer; the file is damaged or cut short: get it again or compress it again
            t: the zstd data cannot be unpacked: Failed to read checksum: failed to fill whole buffer; the file is damaged or cut short: get it again or compress it again
            t: the zstd data cannot be unpacked: the checksum differs; the file is damaged or cut short: get it again or compress it again
            t: the zstd data cannot be unpacked: a frame of 72 bytes unpacked to 71; the file is damaged or cut short: get it again or compress it again
            t: the zstd data cannot be unpacked: something else follows the frames; the file is damaged or cut short: get it again or compress it again
            t: the zstd data cannot be unpacked: a skippable frame is cut short; the file is damaged or cut short: get it again or compress it again
        "#]],
    );
}

#[test]
fn a_source_that_fails_and_names_that_clash() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let start = &CSV.as_bytes()[..30];
    let error = read(start.chain(Fails), "t.csv", &ReadOptions::default()).unwrap_err();
    expect!["t.csv: cannot be read: disk on fire"].assert_eq(&error.to_string());
    let mut options = ReadOptions::default();
    options.columns.score = "user".to_owned();
    let error = read(CSV.as_bytes(), "t", &options).unwrap_err();
    expect![[r#"column "user" is asked for as the user and as the score: name two columns"#]]
        .assert_eq(&error.to_string());
}

#[test]
fn faults_are_typed() {
    let error = try_read("user,question,score\nann,q1,x\n").unwrap_err();
    assert!(matches!(
        error,
        InputError::Row {
            place: Place::Line(2),
            fault: RowFault::Score {
                fault: ScoreFault::NotANumber { .. },
                ..
            },
            ..
        }
    ));
    let error = try_read("user,question,score\nann,q1,1\nann,q1,1\n").unwrap_err();
    assert!(matches!(
        error,
        InputError::Table {
            error: MatrixError::Duplicate {
                unit: "line",
                first: 2,
                second: 3,
                ..
            },
            ..
        }
    ));
}

/// One random change.
fn mutate(bytes: &mut Vec<u8>, draws: &mut impl Rng) {
    // Bytes that mean something here are drawn as often as all others.
    const TELLING: &[u8] = b"\"\\{}[],:;\t\r\n .-+eE0123456789NaIf\xef\xbb\xbf\x1f\x8b\xff\0";
    let byte = |draws: &mut _| match RngExt::random_bool(draws, 0.5) {
        true => TELLING[RngExt::random_range(draws, 0..TELLING.len())],
        false => RngExt::random(draws),
    };
    let at = draws.random_range(0..=bytes.len());
    let to = draws.random_range(at..=bytes.len());
    match draws.random_range(0..6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << draws.random_range(0..8),
        1 if at < bytes.len() => bytes[at] = byte(draws),
        2 => bytes.insert(at, byte(draws)),
        3 => {
            bytes.drain(at..to.min(at + 8));
        }
        4 => bytes.truncate(at),
        _ => {
            let slice = bytes[at..to].to_vec();
            let into = draws.random_range(0..=bytes.len());
            bytes.splice(into..into, slice);
        }
    }
}

/// Rows, columns, bitsets and totals must tell one story.
pub fn check(table: &ResponseMatrix) {
    let (users, questions) = (table.users().len(), table.questions().len());
    assert!(table.responses() > 0 && table.scale() <= Some(9));
    let mut count = 0;
    let mut totals = vec![0; users];
    for q in 0..questions {
        let column = table.column(q);
        assert_eq!(column.users().len(), column.scores().len());
        assert!(column.users().is_sorted_by(|a, b| a < b));
        let set: u32 = column.answered().iter().map(|w| w.count_ones()).sum();
        assert_eq!(set as usize, column.users().len());
        for (&user, &score) in column.users().iter().zip(column.scores()) {
            let u = user as usize;
            assert_eq!(column.answered()[u / 64] >> (u % 64) & 1, 1);
            assert!(table.row(u).any(|row| row == (q, score)));
            totals[u] += score;
            count += 1;
        }
    }
    assert_eq!(totals, table.totals());
    assert_eq!(count, table.responses());
    assert_eq!(
        (0..users).map(|u| table.row(u).count()).sum::<usize>(),
        count
    );
}

/// Reads `rounds` mutations of `source`; how many were tables and how many were not.
fn storm(source: &[u8], rounds: u32, seed: u64) -> (u32, u32) {
    storm_by(source, rounds, seed, |bytes| {
        try_read(bytes).map(|table| check(&table))
    })
}

/// Gives `rounds` mutations of `source` to `read`; how many were read and how many refused, each with
/// one line that names the source.
pub fn storm_by(
    source: &[u8],
    rounds: u32,
    seed: u64,
    read: impl Fn(&[u8]) -> Result<(), InputError>,
) -> (u32, u32) {
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    let mut good = 0;
    for _ in 0..rounds {
        let mut bytes = source.to_vec();
        for _ in 0..draws.random_range(1..4) {
            mutate(&mut bytes, &mut draws);
        }
        match read(&bytes) {
            Ok(()) => good += 1,
            Err(error) => {
                let message = error.to_string();
                assert!(message.starts_with("t: "), "{message}");
                assert!(message.len() < 2000, "{message}");
                assert!(!message.contains('\n'), "{message}");
            }
        }
    }
    (good, rounds - good)
}

#[test]
fn ten_thousand_mutations_neither_panic_nor_hang() {
    let json = json();
    for (source, rounds, seed) in [
        (CSV.as_bytes(), 10_000, 1),
        (json.as_bytes(), 10_000, 2),
        (NDJSON.as_bytes(), 10_000, 3),
        (&gzip(CSV.as_bytes()), 1_000, 4),
        (&zstd(json.as_bytes()), 1_000, 5),
    ] {
        let (read, refused) = storm(source, rounds, seed);
        // Both ends must be reached, else the storm tests nothing.
        assert!(read > 0 && refused > rounds / 10, "{read} {refused}");
    }
}
