//! Any bytes as a table, under options that the first of them choose: an error in one line or a table,
//! never a panic.
//!
//! `cargo +nightly fuzz run read -- -max_total_time=600 -max_len=4096`

#![no_main]

use kcorrset::input::{Choice, Codes, ReadOptions, Shape, Wide, labels, read, read_criterion, read_groups};
use kcorrset::matrix::Duplicates;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[first, second, third], source)) = data.split_first_chunk::<3>() else {
        return;
    };
    let bit = |byte: u8, at: u8| byte >> at & 1 == 1;
    // A list, an encoding and labels may come from the source's own start too.
    let start = String::from_utf8_lossy(&source[..source.len().min(16)]).into_owned();
    let list = |own: bool, fixed: &str| -> Option<Choice> {
        let text = if own { start.as_str() } else { fixed };
        text.parse().ok()
    };
    let options = ReadOptions {
        shape: match bit(first, 0) {
            false => Shape::Long,
            true => Shape::Wide(Wide {
                user: bit(first, 1).then(|| "id".to_owned()),
                answers: bit(first, 2).then(|| "r".to_owned()),
            }),
        },
        questions: bit(first, 3).then(|| list(bit(first, 4), "q*")).flatten(),
        criterion_column: bit(first, 5).then(|| "c".to_owned()),
        skip_rows: u64::from(first >> 6),
        skip_blank_users: bit(second, 0),
        codes: Codes {
            missing: bit(second, 1).then(|| vec!["-9".to_owned(), ".".to_owned()]),
            labels: match bit(second, 2) {
                true => labels(&start).unwrap_or_default(),
                false => Vec::new(),
            },
            round: bit(second, 3).then_some(second >> 4),
            decimal_comma: bit(third, 0),
            reverse: bit(third, 1).then(|| list(bit(third, 2), "q1..q2")).flatten(),
            range: (bit(third, 1) && bit(third, 3)).then(|| "0..5".parse().ok()).flatten(),
        },
        encoding: bit(third, 4).then(|| "latin1".parse().ok()).flatten(),
        sheet: None,
        duplicates: [
            Duplicates::Error,
            Duplicates::Same,
            Duplicates::First,
            Duplicates::Last,
            Duplicates::Max,
            Duplicates::Mean,
        ][usize::from(third >> 5) % 6],
        ..ReadOptions::default()
    };
    match read(source, "t", &options) {
        Ok(read) => {
            assert!(read.table.responses() > 0);
            let users = read.table.users().len();
            assert!(read.criterion.is_none_or(|values| values.len() == users));
        }
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains('\n') && message.len() < 4000, "{message}");
        }
    }
    let _ = read_criterion(source, "t", "id", "c", &options);
    let _ = read_groups(source, "t", "id", "c", &options);
});
