//! Wide tables: one row or record a user. They give the table that the long form gives; what cannot be
//! read as one says what it looks like and what to choose.

use expect_test::{Expect, expect};
use kcorrset::input::{InputError, Note, Read, ReadOptions, Shape, Wide, read};
use kcorrset::matrix::Duplicates;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Wide, with this column of users and this list of questions where there is one.
fn wide(user: &str, questions: &str) -> ReadOptions {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ReadOptions {
        shape: Shape::Wide(Wide {
            user: given(user),
            answers: None,
        }),
        questions: given(questions).map(|list| list.parse().unwrap()),
        ..ReadOptions::default()
    }
}

/// Wide records with the answers in the object of this field.
fn within(user: &str, answers: &str, questions: &str) -> ReadOptions {
    let mut options = wide(user, questions);
    if let Shape::Wide(wide) = &mut options.shape {
        wide.answers = Some(answers.to_owned());
    }
    options
}

fn long(questions: &str) -> ReadOptions {
    ReadOptions {
        shape: Shape::Long,
        ..wide("", questions)
    }
}

#[track_caller]
fn table(source: impl AsRef<[u8]>, options: &ReadOptions) -> Read {
    let shown = String::from_utf8_lossy(source.as_ref()).into_owned();
    read(source.as_ref(), "t", options).unwrap_or_else(|error| panic!("{error}\n{shown}"))
}

/// The messages for these sources, one a line.
#[track_caller]
fn messages<'s>(sources: impl IntoIterator<Item = (&'s str, ReadOptions)>, expected: Expect) {
    let text: String = sources
        .into_iter()
        .map(
            |(source, options)| match read(source.as_bytes(), "t", &options) {
                Err(error) => format!("{error}\n"),
                Ok(_) => panic!("read: {source}"),
            },
        )
        .collect();
    expected.assert_eq(&text);
}

#[test]
fn every_form_of_one_table_has_one_fingerprint() {
    let mut draws = ChaCha8Rng::seed_from_u64(1);
    for (users, questions) in [(1, 1_usize), (5, 3), (40, 12)] {
        let scores: Vec<Vec<&str>> = (0..users)
            .map(|_| {
                let texts = ["0", "1", "2.50", "-3", "", "NA", "true", " 4 "];
                (0..questions)
                    .map(|_| texts[draws.random_range(0..texts.len())])
                    .collect()
            })
            .collect();
        let mut long_csv = "user,question,score\nu0,q0,7\n".to_owned();
        let header: Vec<String> = (0..questions).map(|q| format!("q{q}")).collect();
        let mut wide_csv = format!("user,{}\n", header.join(","));
        let (mut flat, mut nested) = (Vec::new(), Vec::new());
        for (u, row) in scores.iter().enumerate() {
            let mut row: Vec<String> = row.iter().map(|&text| text.to_owned()).collect();
            if u == 0 {
                row[0] = "7".to_owned();
            }
            for (q, text) in row.iter().enumerate().skip(usize::from(u == 0)) {
                long_csv.push_str(&format!("u{u},q{q},{text}\n"));
            }
            wide_csv.push_str(&format!("u{u},{}\n", row.join(",")));
            let value = |text: &String| match text.trim() {
                "" => "null".to_owned(),
                "NA" => "\"NA\"".to_owned(),
                text => text.to_owned(),
            };
            let fields: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(q, text)| format!("\"q{q}\":{}", value(text)))
                .collect();
            let fields = fields.join(",");
            flat.push(format!("{{\"user\":\"u{u}\",\"x\":[1],{fields}}}"));
            nested.push(format!(
                "{{\"answers\":{{{fields}}},\"user\":\"u{u}\",\"x\":\"y\"}}"
            ));
        }
        let want = table(&long_csv, &long("")).table.fingerprint();
        for source in [
            wide_csv.clone(),
            wide_csv.replace('\n', "\r\n"),
            wide_csv.replace(',', ";"),
            wide_csv.replace(',', "\t"),
            format!("sep=;\n{}", wide_csv.replace(',', ";")),
            flat.join("\n"),
            format!("[{}]", flat.join(",\n")),
        ] {
            assert_eq!(
                table(&source, &wide("", "")).table.fingerprint(),
                want,
                "{source}"
            );
            assert_eq!(
                table(&source, &wide("user", "q*")).table.fingerprint(),
                want,
                "{source}"
            );
        }
        for source in [nested.join("\n"), format!("[{}]", nested.join(","))] {
            assert_eq!(
                table(&source, &within("user", "answers", ""))
                    .table
                    .fingerprint(),
                want
            );
            assert_eq!(
                table(&source, &within("", "answers", "q*"))
                    .table
                    .fingerprint(),
                want
            );
        }
        // Chosen questions: others are out of the table in both forms, and all users stay.
        let list = format!("q0..q{}", (questions - 1) / 2);
        let want = table(&long_csv, &long(&list)).table;
        let got = table(&wide_csv, &wide("user", &list)).table;
        assert_eq!(want.questions().len(), questions.div_ceil(2));
        assert_eq!(got.fingerprint(), want.fingerprint());
        assert_eq!(got.users(), want.users());
        assert_eq!(
            table(flat.join("\n"), &wide("user", &list))
                .table
                .fingerprint(),
            want.fingerprint()
        );
    }
}

#[test]
fn users_are_rows_where_no_column_names_them() {
    let read = table("Q1,Q2,Q3\n1,2,3\n\n4,5,\n", &wide("", ""));
    assert_eq!(read.table.users(), ["1", "2"]);
    assert_eq!(read.table.questions(), ["Q1", "Q2", "Q3"]);
    assert_eq!(read.table.totals(), [6, 9]);
    assert_eq!(read.notes, [Note::Numbered]);
    let read = table("user,Q1,Q2\nb,2,3\na,5,\n", &wide("", ""));
    assert_eq!(read.table.users(), ["b", "a"]);
    assert_eq!(read.notes, []);
    let read = table("{\"Q1\":1}\n{\"Q2\":2,\"Q1\":true}\n", &wide("", ""));
    assert_eq!(read.table.users(), ["1", "2"]);
    assert_eq!(read.table.questions(), ["Q1", "Q2"]);
    assert_eq!(read.table.totals(), [1, 3]);
}

#[test]
fn the_delimiter_of_a_header_without_known_names_is_that_of_the_rows() {
    for source in [
        "a;I plan, ahead, often, or not;b\n1;2;3\n",
        "a\tone; two; three, four\tb\n1\t2\t3\n",
        "a,\"x;y;z;w\",b\r\n1,2,3\r\n",
        "a;b,c;d\n1,5;2;3\n",
        "a,b;c;d;e,f\n1,2,3\n",
    ] {
        let mut options = wide("", "");
        options.codes.decimal_comma = source.contains("1,5");
        assert_eq!(
            table(source, &options).table.questions().len(),
            3,
            "{source}"
        );
    }
}

#[test]
fn rows_behind_the_header_may_be_no_data() {
    let source = "\u{feff}Start,ResponseId,Q1,Q2\r\n\
        Start Date,Response ID,\"Rate, please\r\n- one\",\"Rate\r\n\r\n- two\"\r\n\
        \"{\"\"ImportId\"\":\"\"a\"\"}\",\"{\"\"ImportId\"\":\"\"b\"\"}\",\"{}\",\"{}\"\r\n\
        2020-01-01,R_1,3,4\r\n2020-01-02,R_2,,5\r\n";
    let mut options = wide("ResponseId", "Q1..Q2");
    options.skip_rows = 2;
    let read = table(source, &options);
    assert_eq!(read.table.users(), ["R_1", "R_2"]);
    assert_eq!(read.table.totals(), [7, 5]);
    options.skip_rows = 5;
    let error = kcorrset::input::read(source.as_bytes(), "t", &options).unwrap_err();
    expect!["t: the table has no answers: every row was empty or there were no rows"]
        .assert_eq(&error.to_string());
}

#[test]
fn rows_without_a_user_are_left_out_only_if_asked() {
    let source = "id,Q1\na,1\n,2.5\nb,0\n  ,1\n\u{a0},x\n";
    let mut options = wide("id", "Q1");
    let error = read(source.as_bytes(), "t", &options).unwrap_err();
    expect![[r#"t: line 3: "id" is empty: every row needs a user and a question; 2 more rows have no user"#]]
        .assert_eq(&error.to_string());
    options.skip_blank_users = true;
    let read = table(source, &options);
    assert_eq!(read.table.users(), ["a", "b"]);
    assert_eq!(read.table.scale(), Some(0));
    expect!["3 rows without a user were left out, the first at line 3"]
        .assert_eq(&read.notes[0].to_string());
    let read = table(
        "user,question,score\na,q,1\n,q,2\n",
        &ReadOptions {
            skip_blank_users: true,
            ..ReadOptions::default()
        },
    );
    assert_eq!(read.table.users(), ["a"]);
    let read = table("{\"id\":null,\"Q1\":7}\n{\"id\":\"a\",\"Q1\":7}", &options);
    assert_eq!(read.table.users(), ["a"]);
}

#[test]
fn repeated_users_follow_the_rule_of_repeated_answers() {
    let source = "id,Q1,Q2\na,1,5\nb,1,5\na,3,5\n";
    let mut options = wide("id", "");
    let error = read(source.as_bytes(), "t", &options).unwrap_err();
    expect![[
        r#"t: user "a" answered question "Q1" twice, at line 2 and line 4; 1 of 2 repeats differs"#
    ]]
    .assert_eq(&error.to_string());
    for (duplicates, total) in [
        (Duplicates::First, 6),
        (Duplicates::Last, 8),
        (Duplicates::Mean, 7),
    ] {
        options.duplicates = duplicates;
        assert_eq!(table(source, &options).table.totals()[0], total);
    }
}

#[test]
fn columns_without_a_name_are_no_questions() {
    // As data frames write their index.
    let read = table(",user,Q1\n7,a,1\n8,b,2\n", &wide("", ""));
    assert_eq!(read.table.questions(), ["Q1"]);
    assert_eq!(read.notes, [Note::Nameless { columns: 1 }]);
    let read = table("\"\",\"user\",\"Q1\"\n\"7\",\"a\",1\n", &wide("user", "Q1"));
    assert_eq!(read.notes, []);
}

#[test]
fn any_name_may_be_chosen() {
    let header = "id,\"a, b\",\"c..d\",c,d,e,\"x*\",\"say \"\"y\"\"\"";
    let source = format!("{header}\nann,1,2,4,8,16,32,64\n");
    for (list, total) in [
        ("a, b", 1),
        ("c..d", 2),
        ("\"c\"..\"d\"", 12),
        ("c..e", 28),
        ("x*", 32),
        ("say \"y\"", 64),
        ("\"say \"\"y\"\"\",a, b,c", 69),
        ("a*,*d", 11),
        ("*", 127),
    ] {
        let read = table(&source, &wide("id", list));
        assert_eq!(read.table.totals(), [total], "{list}");
    }
    // In a long table the names are known when all is read, and texts of others are not judged.
    let source = "user,question,score\nann,age,old\nann,A1,1\nann,A2,2\nann,\"B, 1\",4\nann,B2,8\n";
    for (list, total) in [("A1..B2", 15), ("A1..\"B, 1\"", 7), ("B, 1", 4), ("*2", 10)] {
        let read = table(source, &long(list));
        assert_eq!(read.table.totals(), [total], "{list}");
    }
    let order = table(source, &long("B2,A2,A1")).table;
    assert_eq!(order.questions(), ["A1", "A2", "B2"]);
}

#[test]
fn a_criterion_column_is_no_question() {
    let mut options = wide("id", "");
    options.criterion_column = Some("grade".to_owned());
    let source = "id,Q1,grade,Q2\na,1,1.50,2\nb,3,,4\nc,5,-0.123456789012345678901,6\na,,1.5,\n";
    let read = table(source, &options);
    assert_eq!(read.table.questions(), ["Q1", "Q2"]);
    let values: Vec<String> = read
        .criterion
        .unwrap()
        .into_iter()
        .map(|value| value.map_or_else(|| "none".to_owned(), |value| value.to_string()))
        .collect();
    assert_eq!(values, ["1.5", "none", "-0.123456789012345678901"]);
    let objects = "{\"grade\":1e-30,\"Q1\":1,\"id\":1}\n{\"grade\":null,\"Q1\":2,\"id\":2}";
    let values = table(objects, &options).criterion.unwrap();
    assert_eq!(values[0].map(|v| (v.mantissa, v.digits)), Some((1, 30)));
    assert_eq!(values[1], None);
    options.shape = Shape::Long;
    let source = "user,question,score,grade\na,q,1,2\na,r,1,2.0\nb,q,1,\n";
    let values = table(source, &options).criterion.unwrap();
    assert_eq!(values[0].map(|v| v.mantissa), Some(2));
    assert_eq!(values[1], None);
    let with = |mut options: ReadOptions| {
        options.criterion_column = Some("grade".to_owned());
        options
    };
    messages(
        [
            (
                "user,question,score,grade\na,q,1,2\na,r,1,3\n",
                with(long("")),
            ),
            ("id,Q1,grade\na,1,high\n", with(wide("id", ""))),
            ("id,Q1,Q2\na,1,2\n", with(wide("id", ""))),
            ("id,Q1,grade,grade\na,1,2,3\n", with(wide("id", ""))),
            ("grade,Q1\na,1\n", with(wide("grade", ""))),
            ("grade\n1\n", with(wide("", ""))),
        ],
        expect![[r#"
            t: line 3: "grade" is 3 for user "a", and was 2 at line 2: keep one
            t: line 2: "grade" is "high", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: no column "grade": the header on line 1 has "id", "Q1", "Q2"
            t: column "grade" stands twice in the header on line 1: rename one of them
            column "grade" is asked for as the user and as the criterion: name two columns
            t: no column is left for a question: the header on line 1 has "grade"
        "#]],
    );
}

#[test]
fn what_is_no_wide_table_is_said() {
    let skipping = |mut options: ReadOptions| {
        options.skip_blank_users = true;
        options.skip_rows = 1;
        options
    };
    messages(
        [
            // The other shape, either way.
            ("user,question,score\na,q1,1\n", wide("", "")),
            ("id,item,resp\n1,2,3\n", wide("id", "")),
            (
                "[{\"user\":\"a\",\"question\":\"q1\",\"score\":1}]",
                wide("", ""),
            ),
            ("\"Q1\",\"Q2\",\"total\"\n1,2,3\n", long("")),
            ("Timestamp,a b,c,d,e,f,g,h,i\nx,1,2,3,4,5,6,7,8\n", long("")),
            ("{\"id\":\"a\",\"q1\":1,\"q2\":0}", long("")),
            ("{\"subject_id\":\"u0\",\"responses\":{\"q1\":0}}", long("")),
            (
                "[{\"subject_id\":\"u0\",\"responses\":{\"q1\":0}}]",
                wide("id", ""),
            ),
            // Columns that are not there, or twice.
            ("id,Q1\na,1\n", wide("student", "")),
            ("id;Q1\na;1\n", wide("id", "Q1,Q2")),
            ("id,Q1,Q2\na,1,2\n", wide("id", "Q3*")),
            ("id,Q1,Q2\na,1,2\n", wide("id", "Q2..Q1")),
            ("id,Q1,Q2\na,1,2\n", wide("id", "id")),
            ("id,Q1,Q2,Q1\na,1,2,3\n", wide("id", "")),
            ("id,Q1,id\na,1,2\n", wide("id", "Q1")),
            ("user\na\n", wide("", "")),
            // Cells that are no scores.
            ("Timestamp,Q1,Q2\n2020/01/01 9:00,1,2\n", wide("", "")),
            ("id,Q1,Q2\na,1,often\n", wide("id", "Q*")),
            ("id,Q1,Q2\na,1\n", wide("id", "Q*")),
            (
                "{\"id\":\"a\",\"Q1\":1}\n{\"id\":\"b\",\"Q1\":\"x\"}",
                wide("id", "Q1"),
            ),
            (
                "{\"id\":\"a\",\"Q1\":1}\n{\"id\":\"b\",\"Q1\":\"x\"}",
                wide("id", ""),
            ),
            (
                "{\"id\":\"a\",\"Q1\":1}\n{\"ID\":\"b\",\"Q1\":1}",
                wide("id", ""),
            ),
            ("{\"id\":\"a\",\"Q1\":1,\"Q1 \":2}", wide("id", "")),
            ("{\"id\":true,\"Q1\":1}", wide("id", "")),
            ("{\"id\":\"a\",\"Q1\":1}", wide("id", "Q2")),
            ("{\"id\":\"a\",\"r\":[1]}", within("id", "r", "")),
            (
                "{\"id\":\"a\",\"r\":{\"Q1\":1},\"r\":{}}",
                within("id", "r", ""),
            ),
            (
                "{\"id\":\"a\",\"r\":{\"Q1\":1,\"Q1\":1}}",
                within("id", "r", ""),
            ),
            ("{\"id\":\"a\",\"s\":{\"Q1\":1}}", within("id", "r", "")),
            ("{\"r\":{\"Q1\":1}}", within("id", "r", "")),
            ("{\"id\":\"a\",\"r\":{\"Q1\":}}", within("id", "r", "")),
            ("id,Q1\na,1\n", within("id", "r", "")),
            // Long tables of chosen questions.
            ("user,question,score\na,q1,1\n", long("q2")),
            (
                "user,question,score\na,q1,1\na,q2,x\na,q1,y\n",
                long("q1..q2"),
            ),
            // Options that come to nothing.
            ("Q1,Q2\n1,2\n1,2\n", skipping(wide("", ""))),
            ("{\"id\":\"a\",\"Q1\":1}", skipping(wide("id", ""))),
            ("sep=|\nid|Q1\n", wide("", "")),
        ],
        expect![[r#"
            t: it looks like a long table (one row an answer): the header on line 1 has "user", "question", "score"
            t: it looks like a long table (one row an answer): the header on line 1 has "id", "item", "resp"
            t: record 1: it looks like a long table (one row an answer): the object has "user", "question", "score"
            t: no column "user", "question", "score": the header on line 1 has "Q1", "Q2", "total"; it looks like a wide table (one row a user, one column a question)
            t: no column "user", "question", "score": the header on line 1 has "Timestamp", "a b", "c", "d", "e", "f", "g", "h", "i"; it looks like a wide table (one row a user, one column a question)
            t: line 1: no field "user": the object has "id", "q1", "q2"; it looks like a wide table (one row a user, one column a question)
            t: line 1: no field "user": the object has "responses", "subject_id"; it looks like one record a user, with the answers in the object of field "responses"
            t: record 1: no field "id": the object has "responses", "subject_id"; it looks like one record a user, with the answers in the object of field "responses"
            t: no column "student": the header on line 1 has "id", "Q1"
            t: no question "Q2": there are "Q1"
            t: no question is like "Q3*": there are "Q1", "Q2"
            t: the range "Q2".."Q1" is empty: "Q1" stands before "Q2" in the table
            t: no question "id": there are "Q1", "Q2"
            t: column "Q1" stands twice in the header on line 1: rename one of them
            t: column "id" stands twice in the header on line 1: rename one of them
            t: no column is left for a question: the header on line 1 has "user"
            t: line 2: column "Timestamp" is taken for a question, and its score is "2020/01/01 9:00", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: line 2: "Q2" is "often", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: line 2: the number of fields is 2, and the header has 3: quote fields that hold the delimiter
            t: line 2: "Q1" is "x", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: line 2: column "Q1" is taken for a question, and its score is "x", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: line 2: no field "id": the object has "ID", "Q1"; a missing answer is written as null
            t: line 1: field "Q1" stands twice in the object: keep one
            t: line 1: field "id" is true or false: expected a text or a number
            t: no question "Q2": there are "Q1"
            t: line 1: field "r" is an array: expected an object with the answers
            t: line 1: field "r" stands twice in the object: keep one
            t: line 1: field "Q1" stands twice in the object: keep one
            t: line 1: no field "r": the object has "id", "s"; it looks like one record a user, with the answers in the object of field "s"
            t: line 1: no field "id": the object has "r"; a missing answer is written as null
            t: line 1: not valid JSON at line 1, column 21: expected value
            t: a field with the answers was named, and only JSON has such fields
            t: no question "q2": there are "q1"
            t: line 3: "score" is "x", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty
            t: rows without a user were to be left out, and no column names the users
            t: rows behind the header were to be left out, and JSON has no header
            t: the first line says that "|" separates fields: use a comma, a semicolon or a tab
        "#]],
    );
}

#[test]
fn a_record_may_lack_fields() {
    let source =
        "{\"id\":\"a\",\"Q2\":1}\n{\"id\":\"b\",\"Q1\":2,\"n\":{\"x\":1},\"l\":[]}\n{\"id\":\"c\"}";
    let read = table(source, &wide("id", ""));
    assert_eq!(read.table.questions(), ["Q2", "Q1"]);
    assert_eq!(read.table.users(), ["a", "b", "c"]);
    assert_eq!(read.table.totals(), [1, 2, 0]);
    // Names within the answers may be those of fields beside them.
    let source = "{\"id\":\"a\",\"r\":{\"id\":1,\"Q1\":2}}\n{\"r\":null,\"id\":\"b\"}";
    let read = table(source, &within("id", "r", ""));
    assert_eq!(read.table.questions(), ["id", "Q1"]);
    assert_eq!(read.table.totals(), [3, 0]);
}

#[test]
fn faults_of_other_errors_are_typed() {
    let error = read(&b"id,Q1\na,1\n"[..], "t", &wide("id", "Q2")).unwrap_err();
    assert!(matches!(error, InputError::Layout { .. }), "{error:?}");
}
