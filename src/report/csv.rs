//! A report as CSV: a header and one row a result, RFC 4180.

use super::document::{Place, Report, Search};
use csv::{Terminator, WriterBuilder};

/// The whole text. Columns: place, r, users, five sums, then question_1 to question_K, for the largest K; a set
/// of fewer questions leaves the last ones empty. Before them all k, where there are several K; behind r
/// the bound, where there is one.
///
/// # Errors
/// Writing to memory does not fail; the error is the csv crate's own.
pub fn csv(report: &Report) -> csv::Result<String> {
    let mut out = WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    let all = || report.searches.iter().flat_map(|search| &search.results);
    let columns = Columns {
        k: report.is_of_several(),
        bound: all().any(|place| place.bound.is_some()),
        questions: report.searches.iter().map(|s| s.query.k).max().unwrap_or(0),
    };
    out.write_record(columns.names())?;
    for search in &report.searches {
        for place in &search.results {
            out.write_record(columns.of(search, place))?;
        }
    }
    let bytes = out
        .into_inner()
        .map_err(|e| std::io::Error::other(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| std::io::Error::other(e).into())
}

/// Which columns there are.
struct Columns {
    k: bool,
    bound: bool,
    questions: usize,
}

impl Columns {
    fn names(&self) -> Vec<String> {
        let k = self.k.then_some("k");
        let bound = self.bound.then_some("bound");
        let sums = ["users", "sa", "sg", "saa", "sgg", "sag"];
        let fixed = k.into_iter().chain(["place", "r"]).chain(bound).chain(sums);
        let questions = (1..=self.questions).map(|i| format!("question_{i}"));
        fixed.map(str::to_owned).chain(questions).collect()
    }

    fn of(&self, search: &Search, place: &Place) -> Vec<String> {
        let mut cells = Vec::new();
        if self.k {
            cells.push(search.query.k.to_string());
        }
        cells.push(place.place.to_string());
        cells.push(place.r.to_string());
        if self.bound {
            cells.push(place.bound.map_or(String::new(), |bound| bound.to_string()));
        }
        cells.push(place.users.to_string());
        let sums = &place.sums;
        for sum in [&sums.sa, &sums.sg, &sums.saa, &sums.sgg, &sums.sag] {
            cells.push(sum.to_string());
        }
        cells.extend(place.questions.iter().cloned());
        let missing = self.questions.saturating_sub(place.questions.len());
        cells.extend(std::iter::repeat_n(String::new(), missing));
        cells
    }
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
    fn the_rows_of_several_with_a_bound() {
        let mut report = sample::several();
        report.searches[1].results[0].bound = Some(0.25);
        expect![[r#"
            k,place,r,bound,users,sa,sg,saa,sgg,sag,question_1,question_2,question_3
            2,1,1,,7,-3,1180591620717411303424,9,10,11,q1,"a, b",
            2,2,-0.1234567890123456,,900,-3,1180591620717411303424,9,10,11,"q""2""","line
            break",
            3,1,0.5,0.25,1100,-3,1180591620717411303424,9,10,11,q1,q2,q3
        "#]]
        .assert_eq(&csv(&report).unwrap());
    }

    #[test]
    fn no_results_leave_the_header() {
        let mut report = sample::report();
        report.searches[0].results.clear();
        assert_eq!(csv(&report).unwrap().lines().count(), 1);
    }
}
