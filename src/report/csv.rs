//! A report as CSV: a header and one row a result, RFC 4180.

use super::Report;
use csv::{Terminator, WriterBuilder};

/// The whole text. Columns: place, r, users, five sums, then question_1 to question_K.
///
/// # Errors
/// Writing to memory does not fail; the error is the csv crate's own.
pub fn csv(report: &Report) -> csv::Result<String> {
    let mut out = WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    let fixed = ["place", "r", "users", "sa", "sg", "saa", "sgg", "sag"];
    let questions = (1..=report.query.k).map(|i| format!("question_{i}"));
    out.write_record(fixed.map(str::to_owned).into_iter().chain(questions))?;
    for place in &report.results {
        let sums = &place.sums;
        let fixed = [
            place.place.to_string(),
            place.r.to_string(),
            place.users.to_string(),
            sums.sa.to_string(),
            sums.sg.to_string(),
            sums.saa.to_string(),
            sums.sgg.to_string(),
            sums.sag.to_string(),
        ];
        out.write_record(fixed.iter().chain(&place.questions))?;
    }
    let bytes = out
        .into_inner()
        .map_err(|e| std::io::Error::other(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| std::io::Error::other(e).into())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_rows() {
        expect![[r#"
            place,r,users,sa,sg,saa,sgg,sag,question_1,question_2
            1,1,7,-3,1180591620717411303424,9,10,11,q1,"a, b"
            2,-0.1234567890123456,900,-3,1180591620717411303424,9,10,11,"q""2""","line
            break"
        "#]]
        .assert_eq(&csv(&sample::report()).unwrap());
    }

    #[test]
    fn no_results_leave_the_header() {
        let mut report = sample::report();
        report.results.clear();
        assert_eq!(csv(&report).unwrap().lines().count(), 1);
    }
}
