//! What cells stand for: codes, labels, reversed questions, rounding, encodings; and what is said of a
//! table that looks wrong.

use expect_test::expect;
use kcorrset::input::{
    Codes, Encoding, Note, Range, Read, ReadOptions, Shape, Wide, labels, read, read_criterion,
    read_groups,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn with(codes: Codes) -> ReadOptions {
    ReadOptions {
        codes,
        ..ReadOptions::default()
    }
}

fn wide(codes: Codes) -> ReadOptions {
    ReadOptions {
        shape: Shape::Wide(Wide {
            user: Some("id".to_owned()),
            answers: None,
        }),
        ..with(codes)
    }
}

#[track_caller]
fn table(source: impl AsRef<[u8]>, options: &ReadOptions) -> Read {
    let shown = String::from_utf8_lossy(source.as_ref()).into_owned();
    read(source.as_ref(), "t", options).unwrap_or_else(|error| panic!("{error}\n{shown}"))
}

#[track_caller]
fn refused(source: impl AsRef<[u8]>, options: &ReadOptions) -> String {
    match read(source.as_ref(), "t", options) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("read: {}", String::from_utf8_lossy(source.as_ref())),
    }
}

/// Scores of a row of one user, questions in order; none where missing.
#[track_caller]
fn row(cells: &str, codes: &Codes) -> Vec<Option<i64>> {
    let columns: Vec<String> = (0..=cells.matches(',').count())
        .map(|q| format!("c{q}"))
        .collect();
    let source = format!("id,{},z\na,{cells},1\n", columns.join(","));
    let read = table(source, &wide(codes.clone()));
    let scores = |q| read.table.column(q).score(0);
    (0..columns.len()).map(scores).collect()
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn codes_of_missing_answers() {
    let default = Codes::default();
    assert_eq!(
        row("1,NA,, NA ,\u{a0}NA\u{a0},2", &default),
        [Some(1), None, None, None, None, Some(2)]
    );
    let missing = Codes {
        missing: Some(strings(&["-99", ".", "Don't know", "9"])),
        ..default.clone()
    };
    assert_eq!(
        row("-99,-99.0,-9.9e1,.,Don't know,9,9.00,99,-9,", &missing),
        [
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            Some(99),
            Some(-9),
            None
        ]
    );
    let none = Codes {
        missing: Some(Vec::new()),
        ..default
    };
    let source = "user,question,score\na,q,NA\n";
    expect![[
        r#"t: line 2: "score" is "NA", not a number: leave a missing answer empty (in JSON: null)"#
    ]]
    .assert_eq(&refused(source, &with(none)));
    expect![[
        r#"t: line 2: "score" is "na", not a number: leave a missing answer empty (in JSON: null)"#
    ]]
    .assert_eq(&refused(
        "user,question,score\na,q,na\n",
        &with(Codes::default()),
    ));
    // The same in JSON, where numbers are numbers.
    let source = "{\"id\":\"a\",\"x\":-99.0,\"y\":\"-99\",\"z\":9,\"w\":4}";
    assert_eq!(table(source, &wide(missing)).table.responses(), 1);
}

#[test]
fn labels_stand_for_scores() {
    let codes = Codes {
        labels: labels("Never=0, Rarely, if ever=1,Some = 2,\"a=b, c\"=2.5,3=4,TRUE=7").unwrap(),
        ..Codes::default()
    };
    let cells = "Never,\"Rarely, if ever\",Some ,\"a=b, c\",3,3.0,TRUE,true,FALSE,5";
    let columns: Vec<String> = (0..10).map(|q| format!("c{q}")).collect();
    let source = format!("id,{}\na,{cells}\n", columns.join(","));
    let read = table(source, &wide(codes.clone()));
    let scores: Vec<_> = (0..10)
        .map(|q| read.table.column(q).score(0).unwrap())
        .collect();
    assert_eq!(scores, [0, 10, 20, 25, 40, 40, 70, 10, 0, 50]);
    let objects = "{\"id\":\"a\",\"x\":true,\"y\":false,\"z\":3,\"w\":\"Some\"}";
    let read = table(objects, &wide(codes));
    let scores: Vec<_> = (0..4)
        .map(|q| read.table.column(q).score(0).unwrap())
        .collect();
    assert_eq!(scores, [7, 0, 4, 2]);
    assert_eq!(
        row("true,FALSE,True,false", &Codes::default()),
        [Some(1), Some(0), Some(1), Some(0)]
    );
    let fault = |text: &str| labels(text).map_or_else(|e| e.to_string(), |l| format!("{l:?}"));
    let text: Vec<String> = [
        "", "a", "a=", "=1", "a=1,b", "\"a=1", "\"a\"1", "a=b=1", "a=1,,b=2",
    ]
    .map(fault)
    .to_vec();
    expect![[r#"
        "" is no label with its score: write LABEL=SCORE, with a comma between pairs
        "a" is no label with its score: write LABEL=SCORE, with a comma between pairs
        "a=" is no label with its score: write LABEL=SCORE, with a comma between pairs
        "=1" is no label with its score: write LABEL=SCORE, with a comma between pairs
        "b" is no label with its score: write LABEL=SCORE, with a comma between pairs
        "\"a=1" is no label with its score: write LABEL=SCORE, with a comma between pairs
        "\"a\"1" is no label with its score: write LABEL=SCORE, with a comma between pairs
        [("a=b", "1")]
        ",b=2" is no label with its score: write LABEL=SCORE, with a comma between pairs"#]]
    .assert_eq(&text.join("\n"));
}

#[test]
fn codes_that_contradict_themselves() {
    let labelled = |text: &str| Codes {
        labels: labels(text).unwrap(),
        ..Codes::default()
    };
    let all = [
        labelled("a=1,a=2"),
        labelled("3=1,3.0=2"),
        labelled("a=often"),
        labelled("a=0.0123456789"),
        labelled("NA=1"),
        Codes {
            missing: Some(strings(&["9"])),
            ..labelled("9.0=1")
        },
        Codes {
            round: Some(10),
            ..Codes::default()
        },
        Codes {
            range: Some("1..5".parse().unwrap()),
            ..Codes::default()
        },
    ];
    let text: Vec<String> = all
        .map(|codes| refused("user,question,score\na,q,1\n", &with(codes)))
        .to_vec();
    expect![[r#"
        label "a" stands twice among the labels: give it one score
        label "3.0" stands twice among the labels: give it one score
        the score of label "a" is "often", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
        the score of label "a" is "0.0123456789", with more than 9 digits behind the point: nothing is rounded here, so round it first
        "NA" is both a label with a score and a code of a missing answer: keep one
        "9.0" is both a label with a score and a code of a missing answer: keep one
        scores are held with at most 9 digits behind the point, and cannot be rounded to 10
        a range of scores says how questions are reversed, and none is to be reversed"#]].assert_eq(&text.join("\n"));
    let text: Vec<String> = ["1", "1..", "5..1", "1..1", "a..b", "..", "1...5"]
        .map(|text| text.parse::<Range>().unwrap_err().to_string())
        .to_vec();
    expect![[r#"
        "1" is no range of scores: write the lowest and the highest, as in 1..5 or -2..2
        "1.." is no range of scores: write the lowest and the highest, as in 1..5 or -2..2
        "5..1" is no range of scores: write the lowest and the highest, as in 1..5 or -2..2
        "1..1" is no range of scores: write the lowest and the highest, as in 1..5 or -2..2
        "a..b" is no range of scores: write the lowest and the highest, as in 1..5 or -2..2
        ".." is no range of scores: write the lowest and the highest, as in 1..5 or -2..2
        "1...5" is no range of scores: write the lowest and the highest, as in 1..5 or -2..2"#]]
    .assert_eq(&text.join("\n"));
}

#[test]
fn reversed_questions() {
    let source = "id,Q1,Q2,Q3\na,1,2,5\nb,2.5,,4\nc,4,1,NA\n";
    let reverse = |list: &str, range: &str| Codes {
        reverse: Some(list.parse().unwrap()),
        range: (!range.is_empty()).then(|| range.parse().unwrap()),
        ..Codes::default()
    };
    let read = table(source, &wide(reverse("Q1,Q3", "1..5")));
    let scores = |read: &Read, q: usize| read.table.column(q).scores().to_vec();
    assert_eq!(scores(&read, 0), [50, 35, 20]);
    assert_eq!(scores(&read, 1), [20, 10]);
    assert_eq!(scores(&read, 2), [10, 20]);
    let reversed = read.reversed.unwrap();
    assert_eq!(
        (reversed.questions, reversed.range.to_string()),
        (strings(&["Q1", "Q3"]), "1..5".to_owned())
    );
    assert_eq!(read.notes, []);
    // As read: over all questions that are kept.
    let mut options = wide(reverse("Q1", ""));
    let read = table(source, &options);
    assert_eq!(scores(&read, 0), [50, 35, 20]);
    expect![[r#"reversed over 1..5, the lowest and highest score read: "Q1""#]]
        .assert_eq(&read.notes[0].to_string());
    options.questions = Some("Q1,Q2".parse().unwrap());
    let read = table(source, &options);
    assert_eq!(read.reversed.unwrap().range.to_string(), "1..4");
    // The same of a long table, and over decimals and negatives.
    let long = "user,question,score\na,Q1,-2\nb,Q1,0.5\na,Q2,1\nb,Q2,text\n";
    let mut options = with(reverse("Q1", "-2..2"));
    options.questions = Some("Q1".parse().unwrap());
    assert_eq!(scores(&table(long, &options), 0), [20, -5]);
    // Back again it is the table as it was.
    let twice = table("user,question,score\na,Q1,2\nb,Q1,-0.5\n", &options);
    assert_eq!(scores(&twice, 0), [-20, 5]);
    let text = [
        refused(source, &wide(reverse("Q1", "1..3"))),
        refused(source, &wide(reverse("Q9", "1..5"))),
        refused(source, &wide(reverse("Q3..Q1", "1..5"))),
        refused("id,Q1,Q2\na,3,3\n", &wide(reverse("Q1", ""))),
        refused(
            "id,Q1\na,9223372036854775807\n",
            &wide(reverse("Q1", "-9223372036854775807..9223372036854775807")),
        ),
    ];
    expect![[r#"
        t: line 4: "Q1" has the score 4, outside of 1..3, over which it is reversed
        t: questions to reverse: no question "Q9": there are "Q1", "Q2", "Q3"
        t: questions to reverse: the range "Q3".."Q1" is empty: "Q1" stands before "Q3" in the table
        t: all scores read are one and the same: say over which range questions are reversed
        t: the exact sums over this table could reach 129 bits and 127 is the limit; write the scores with fewer digits or in a smaller unit"#]].assert_eq(&text.join("\n"));
}

#[test]
fn rounding_and_commas() {
    let round = Codes {
        round: Some(2),
        ..Codes::default()
    };
    assert_eq!(
        row(
            "0.3333333333333333,0.005,-0.005,0.00499999999999,1e-30,2",
            &round
        ),
        [Some(33), Some(1), Some(-1), Some(0), Some(0), Some(200)]
    );
    let comma = Codes {
        decimal_comma: true,
        ..Codes::default()
    };
    let quoted = table("id,a,b,c\nx,\"1,5\",2,\"-,50\"\n", &wide(comma.clone()));
    assert_eq!(
        (quoted.table.totals(), quoted.table.scale()),
        (&[30][..], Some(1))
    );
    let semicolons = "id;a;b;c\nx;1,5;2;-0,25\n";
    let read = table(semicolons, &wide(comma.clone()));
    assert_eq!(read.table.totals(), [325]);
    let objects = "{\"id\":\"x\",\"a\":1.5,\"b\":\"2\",\"c\":\"-0,25\"}";
    assert_eq!(table(objects, &wide(comma.clone())).table.totals(), [325]);
    let text = [
        refused("id;a\nx;1.5\n", &wide(comma.clone())),
        refused("id;a\nx;1,5,2\n", &wide(comma)),
        refused("id;a\nx;1,5\n", &wide(Codes::default())),
    ];
    expect![[r#"
        t: line 2: column "a" is taken for a question, and its score is "1.5", with a point: decimals were said to be written with a comma
        t: line 2: column "a" is taken for a question, and its score is "1,5,2", with a comma: write decimals with a point and no thousands separators
        t: line 2: column "a" is taken for a question, and its score is "1,5", with a comma: write decimals with a point and no thousands separators"#]].assert_eq(&text.join("\n"));
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    let unit = |unit: u16| {
        if little {
            unit.to_le_bytes()
        } else {
            unit.to_be_bytes()
        }
    };
    "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(unit)
        .collect()
}

#[test]
fn encodings() {
    let text = "user,question,score\nJosé,größe,1\nann,größe,0\n";
    let want = table(text, &ReadOptions::default()).table.fingerprint();
    let named = |name: &str| ReadOptions {
        encoding: Some(name.parse().unwrap()),
        ..ReadOptions::default()
    };
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    for (bytes, options) in [
        (utf16(text, true), ReadOptions::default()),
        (utf16(text, false), ReadOptions::default()),
        (utf16(text, true), named("utf-16")),
        (utf16(text, true)[2..].to_vec(), named("utf-16le")),
        (utf16(text, false)[2..].to_vec(), named("utf-16be")),
        (latin.clone(), named("latin1")),
        (latin.clone(), named("windows-1252")),
        (text.as_bytes().to_vec(), named("utf-8")),
        (format!("\u{feff}{text}").into_bytes(), named("UTF8")),
    ] {
        assert_eq!(table(bytes, &options).table.fingerprint(), want);
    }
    let long: String = (0..60_000)
        .map(|n| format!("ü{n},größe,{}\n", n % 3))
        .collect();
    let long = format!("user,question,score\n{long}");
    let want = table(&long, &ReadOptions::default()).table.fingerprint();
    assert_eq!(
        table(utf16(&long, true), &ReadOptions::default())
            .table
            .fingerprint(),
        want
    );
    assert!("latin7x".parse::<Encoding>().is_err());
    let mut lone = utf16(text, true);
    lone.extend([0x00, 0xd8, 0x41, 0x00]);
    let text = [
        refused(&latin, &ReadOptions::default()),
        refused(&lone, &ReadOptions::default()),
        refused(utf16(text, true), &named("latin1")),
        refused(&latin, &named("shift_jis")),
        "x7".parse::<Encoding>().unwrap_err().to_string(),
    ];
    expect![[r#"
        t: line 2: not valid UTF-8 at byte 4 of the row: save the file as UTF-8
        t: not valid UTF-16LE at byte 91 of the text: is it in another encoding?
        t: the text is UTF-16LE by its byte order mark, not windows-1252
        t: not valid Shift_JIS at byte 24 of the text: is it in another encoding?
        no encoding is called "x7": there are utf-8, utf-16, latin1, windows-1252, shift_jis and others"#]].assert_eq(&text.join("\n"));
}

#[test]
fn ids_are_trimmed_like_scores() {
    let source = "user,question,score\n ann,q1 ,1\nann\u{a0},\u{2003}q2,2\n\"bob\n\",q1, 3 \n";
    let read = table(source, &ReadOptions::default());
    assert_eq!(read.table.users(), ["ann", "bob"]);
    assert_eq!(read.table.questions(), ["q1", "q2"]);
    let objects = "{\"user\":\" ann\",\"question\":\"q1\\t\",\"score\":1}";
    let read = table(objects, &ReadOptions::default());
    assert_eq!(
        (read.table.users(), read.table.questions()),
        (&strings(&["ann"])[..], &strings(&["q1"])[..])
    );
}

#[test]
fn what_looks_wrong_is_said_and_left_as_it_is() {
    let mut draws = ChaCha8Rng::seed_from_u64(3);
    let mut source = "id,Q1,Q2,Q3,Q4,Q5\n".to_owned();
    for user in 0..120 {
        let ability = draws.random_range(1..=5);
        let mut score = |turned: bool| {
            let noise = draws.random_range(-1..=1);
            let score = (ability + noise).clamp(1, 5);
            if turned { 6 - score } else { score }
        };
        let scores = [
            score(false),
            score(false),
            score(true),
            score(false),
            score(false),
        ];
        let mut cells = scores.map(|score| score.to_string());
        if user % 17 == 3 {
            cells[1] = "99".to_owned();
        }
        source.push_str(&format!("s{user},{}\n", cells.join(",")));
    }
    source.push_str("S3 ,1,2,3,4,5\ns 3,1,1,1,1,1\n");
    let source = source.replace("Q4,Q5", "Q4,q 4");
    let read = table(&source, &wide(Codes::default()));
    let notes: Vec<String> = read.notes.iter().map(Note::to_string).collect();
    expect![[r#"
        the score 99 lies far outside of all other scores, 1..5, of "Q2": a code for a missing answer?
        users that differ only by space or case are held apart: "s3", "S3" and 1 more
        questions that differ only by space or case are held apart: "Q4", "q 4"
        1 question correlates negatively with the rest, as if worded the other way: "Q3""#]].assert_eq(&notes.join("\n"));
    assert!(read.notes.iter().all(Note::is_warning));
    // With what the notes ask for there is nothing to say.
    let codes = Codes {
        missing: Some(strings(&["99"])),
        reverse: Some("Q3".parse().unwrap()),
        range: Some("1..5".parse().unwrap()),
        ..Codes::default()
    };
    let mut options = wide(codes);
    options.questions = Some("Q1..Q4".parse().unwrap());
    let plain = source.replace("S3 ,", "x,").replace("s 3,", "y,");
    assert_eq!(table(&plain, &options).notes, []);
}

#[test]
fn numbers_and_groups_beside_a_table() {
    let options = ReadOptions::default();
    let numbers = |source: &str| {
        read_criterion(source.as_bytes(), "c", "user", "criterion", &options).map(|pairs| {
            let shown = |(user, value): (String, Option<kcorrset::input::Decimal>)| {
                format!(
                    "{user}={}",
                    value.map_or_else(|| "none".to_owned(), |v| v.to_string())
                )
            };
            pairs.into_iter().map(shown).collect::<Vec<_>>()
        })
    };
    for source in [
        "user,criterion\nann,1.50\n bob ,NA\ncy,-12345678901234567890.000000000000000001\nann,1.5\n",
        "criterion;x;user\n1.50;;ann\n;;bob\n-12345678901234567890.000000000000000001;;cy\n",
        "{\"user\":\"ann\",\"criterion\":1.50}\n{\"user\":\"bob\",\"criterion\":null}\n\
         {\"user\":\"cy\",\"criterion\":-12345678901234567890.000000000000000001}",
    ] {
        assert_eq!(
            numbers(source).unwrap(),
            [
                "ann=1.5",
                "bob=none",
                "cy=-12345678901234567890.000000000000000001"
            ]
        );
    }
    let groups = |source: &str| read_groups(source.as_bytes(), "g", "question", "group", &options);
    assert_eq!(
        groups("question,group\nQ1,E\nQ2,N\nQ1,E\n").unwrap(),
        [("Q1", "E"), ("Q2", "N")].map(|(q, g)| (q.to_owned(), g.to_owned()))
    );
    let text: Vec<String> = [
        "user,grade\nann,1\n",
        "user,criterion\nann,1\nann,2\n",
        "user,criterion\nann,1\nann,\n",
        "user,criterion\n,1\n",
        "user,criterion\nann,high\n",
        "user,criterion\nann,0.000000000000000000000000000000000000001\n",
        "user,criterion\nann,1e39\n",
        "",
        "{\"user\":\"ann\",\"grade\":1}",
    ]
    .iter()
    .map(|source| numbers(source).unwrap_err().to_string())
    .chain(
        [
            "question,group\nQ1,\n",
            "question,group\nQ1,E\nQ1,N\n",
            "question,group\n,E\n",
        ]
        .iter()
        .map(|source| groups(source).unwrap_err().to_string()),
    )
    .collect();
    expect![[r#"
        c: no column "criterion": the header on line 1 has "user", "grade"
        c: line 3: "criterion" is 2 for user "ann", and was 1 at line 2: keep one
        c: line 3: "criterion" is empty for user "ann", and was 1 at line 2: keep one
        c: line 2: "user" is empty: every row needs one
        c: line 2: "criterion" is "high", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
        c: line 2: "criterion" is "0.00000000000000000000000000000000000000"..., with more than 38 digits behind the point: round it first
        c: line 2: "criterion" is "1e39", which does not fit 127 bits without its point: use a larger unit
        c: empty: expected a JSON array of objects, one JSON object a line, or CSV with a header
        c: line 1: no field "criterion": the object has "grade", "user"; a missing answer is written as null
        g: line 2: "group" is empty: every row needs a group; leave out the row of a question without one
        g: line 3: "group" is "N" for question "Q1", and was "E" at line 2: keep one
        g: line 2: "question" is empty: every row needs one"#]].assert_eq(&text.join("\n"));
    let same = read_criterion(&b"user\n"[..], "c", "user", "user", &options).unwrap_err();
    expect![[r#"column "user" is asked for as the user and as the value: name two columns"#]]
        .assert_eq(&same.to_string());
}

#[test]
fn files_of_other_programs_say_how_to_convert_them() {
    let mut sas = vec![0_u8; 12];
    sas.extend([0xc2, 0xea, 0x81, 0x60]);
    let starts: [(&str, &[u8]); 11] = [
        ("x.sav", b"$FL2@(#) SPSS DATA FILE"),
        ("x.zsav", b"$FL3@(#) SPSS"),
        ("x.dta", b"<stata_dta><header>"),
        ("x.dta", &[0x72, 2, 1, 0, 5]),
        ("x.sas7bdat", &sas),
        ("x.RData", b"RDX3\nX\n\0\0\0\x03"),
        ("my x.rds", b"X\n\0\0\0\x03"),
        (
            "x.xls",
            &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0],
        ),
        (
            "x.ods",
            b"PK\x03\x04........mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        ),
        ("x.feather", b"ARROW1\0\0"),
        ("x.db", b"SQLite format 3\0..."),
    ];
    let text: Vec<String> = starts
        .iter()
        .map(|(name, bytes)| {
            let plain = read(*bytes, name, &ReadOptions::default())
                .unwrap_err()
                .to_string();
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, bytes).unwrap();
            let packed = packed.finish().unwrap();
            let packed = read(&packed[..], name, &ReadOptions::default())
                .unwrap_err()
                .to_string();
            assert_eq!(plain, packed);
            plain
        })
        .collect();
    expect![[r#"
        x.sav: an SPSS file, which is not read here: save the table as CSV, for example in R: write.csv(haven::read_sav("x.sav"), "x.csv", row.names = FALSE)
        x.zsav: an SPSS file, which is not read here: save the table as CSV, for example in R: write.csv(haven::read_sav("x.zsav"), "x.csv", row.names = FALSE)
        x.dta: a Stata file, which is not read here: save the table as CSV, for example in R: write.csv(haven::read_dta("x.dta"), "x.csv", row.names = FALSE)
        x.dta: a Stata file, which is not read here: save the table as CSV, for example in R: write.csv(haven::read_dta("x.dta"), "x.csv", row.names = FALSE)
        x.sas7bdat: a SAS file, which is not read here: save the table as CSV, for example in R: write.csv(haven::read_sas("x.sas7bdat"), "x.csv", row.names = FALSE)
        x.RData: an R workspace, which is not read here: save the table as CSV, for example in R: x <- load("x.RData"); write.csv(get(x[1]), "x.csv", row.names = FALSE)
        my x.rds: an R object, which is not read here: save the table as CSV, for example in R: write.csv(readRDS("my x.rds"), "my x.csv", row.names = FALSE)
        x.xls: an old Excel file, which is not read here: save the table as CSV, for example in R: write.csv(readxl::read_xls("x.xls"), "x.csv", row.names = FALSE)
        x.ods: an OpenDocument spreadsheet, which is not read here: save the table as CSV, for example in R: write.csv(readODS::read_ods("x.ods"), "x.csv", row.names = FALSE)
        x.feather: a Feather file, which is not read here: save the table as CSV, for example in Python: pandas.read_feather("x.feather").to_csv("x.csv", index=False)
        x.db: an SQLite database, which is not read here: save the table as CSV, for example sqlite3 -csv -header "x.db" "select * from TABLE" > "x.csv""#]].assert_eq(&text.join("\n"));
    let sheet = ReadOptions {
        sheet: Some("two".to_owned()),
        ..ReadOptions::default()
    };
    expect!["t: a sheet was named, and this is no workbook"]
        .assert_eq(&refused("user,question,score\na,q,1\n", &sheet));
}
