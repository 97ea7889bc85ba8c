//! Twenty thousand mutations of each kind of table that is not long CSV or JSON: no panic, no hang, and
//! what is refused is refused in one line.

use super::input::{check, storm_by};
use kcorrset::input::{
    Codes, InputError, ReadOptions, Shape, Wide, labels, read, read_criterion, read_groups,
};
use kcorrset::matrix::Duplicates;

const ROUNDS: u32 = 20_000;

fn wide(user: Option<&str>, answers: Option<&str>) -> ReadOptions {
    ReadOptions {
        shape: Shape::Wide(Wide {
            user: user.map(str::to_owned),
            answers: answers.map(str::to_owned),
        }),
        ..ReadOptions::default()
    }
}

/// Codes of every kind.
fn codes() -> Codes {
    Codes {
        missing: Some(vec![".".to_owned(), "-9".to_owned()]),
        labels: labels("never=0,often, really=1.25").unwrap(),
        round: Some(3),
        decimal_comma: true,
        reverse: Some("q2,q3".parse().unwrap()),
        range: Some("-9..99".parse().unwrap()),
    }
}

/// Both ends must be reached, else the storm tests nothing.
#[track_caller]
fn both(source: &[u8], seed: u64, judge: impl Fn(&[u8]) -> Result<(), InputError>) {
    judge(source).expect("the source as it is");
    let (good, refused) = storm_by(source, ROUNDS, seed, judge);
    assert!(good > 0 && refused > ROUNDS / 20, "{good} {refused}");
}

#[track_caller]
fn tables(source: &[u8], seed: u64, options: &ReadOptions) {
    both(source, seed, |bytes| {
        read(bytes, "t", options).map(|read| {
            check(&read.table);
            let users = read.table.users().len();
            assert!(read.criterion.is_none_or(|values| values.len() == users));
            let lines = read
                .notes
                .iter()
                .all(|note| !note.to_string().contains('\n'));
            assert!(lines, "{:?}", read.notes);
        })
    });
}

#[test]
fn wide_csv() {
    let source =
        "id,q1,\"q, 2\",q3,grade\nann,1,0.50,3,1.5\nbob,,2,NA,\n\"c \"\"c\"\"\",4,TRUE,-2,7\n";
    let mut options = wide(None, None);
    options.questions = Some("q*".parse().unwrap());
    tables(source.as_bytes(), 1, &options);
    options = wide(Some("id"), None);
    options.criterion_column = Some("grade".to_owned());
    options.skip_blank_users = true;
    options.duplicates = Duplicates::Mean;
    tables(source.as_bytes(), 2, &options);
    let source = "sep=;\r\nid;q1;q2;q3\r\ntext;\"two\r\nlines\";;\r\nann;1,5;never;.\r\nbob;-9;2;often, really\r\n";
    let mut options = wide(Some("id"), None);
    options.codes = codes();
    options.skip_rows = 1;
    tables(source.as_bytes(), 3, &options);
}

#[test]
fn records() {
    let flat = "{\"id\":\"a\",\"q1\":1,\"q2\":true,\"n\":{\"x\":[1]}}\n\
                {\"id\":7,\"q3\":0.5,\"q1\":null,\"q2\":\"2\"}\n";
    tables(flat.as_bytes(), 4, &wide(Some("id"), None));
    let array = format!("[{}]", flat.trim_end().replace('\n', ","));
    let mut options = wide(None, None);
    options.questions = Some("q1..q3".parse().unwrap());
    tables(array.as_bytes(), 5, &options);
    let nested = "{\"id\":\"a\",\"r\":{\"q1\":1,\"q2\":4},\"c\":2}\n{\"id\":\"b\",\"c\":null,\"r\":{\"q2\":3}}\n";
    let mut options = wide(Some("id"), Some("r"));
    options.criterion_column = Some("c".to_owned());
    tables(nested.as_bytes(), 6, &options);
}

#[test]
fn long_tables_by_codes_and_choice() {
    let source = "user;question;score\nann;q1;1,5\nann;q2;never\nbob;q2;-9\nbob;q3;\"often, really\"\nann;z;text\n";
    let options = ReadOptions {
        questions: Some("q1..q3".parse().unwrap()),
        codes: codes(),
        duplicates: Duplicates::Max,
        ..ReadOptions::default()
    };
    tables(source.as_bytes(), 7, &options);
}

#[test]
fn encodings() {
    let text = "user,question,score\nJosé,größe,1\nann,q,0.5\nann,größe,\n";
    let wide: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    tables(&wide, 8, &ReadOptions::default());
    let shift = ReadOptions {
        encoding: Some("shift_jis".parse().unwrap()),
        ..ReadOptions::default()
    };
    tables(
        b"user,question,score\n\x83\x41,q,1\nann,\x83\x42,0\n",
        9,
        &shift,
    );
}

#[test]
fn files_beside_a_table() {
    let options = ReadOptions::default();
    let numbers = "user,criterion\nann,1.50\nbob,NA\n\"c, d\",-12345678901234567890.5\nann,1.5\n";
    both(numbers.as_bytes(), 10, |bytes| {
        read_criterion(bytes, "t", "user", "criterion", &options).map(|_| ())
    });
    let groups = "question,group\nq1,E\n\"q, 2\",N\n";
    both(groups.as_bytes(), 11, |bytes| {
        read_groups(bytes, "t", "question", "group", &options).map(|_| ())
    });
}
