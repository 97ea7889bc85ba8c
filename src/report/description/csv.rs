//! The figures of each question as CSV: a header and one row a question, RFC 4180.

use super::Described;
use csv::{Terminator, WriterBuilder};

/// The whole text. A figure that is not defined is empty.
///
/// # Errors
/// Writing to memory does not fail; the error is the csv crate's own.
pub fn csv(described: &Described<'_>) -> csv::Result<String> {
    let mut out = WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    out.write_record([
        "question",
        "n",
        "missing",
        "mean",
        "sd",
        "item_rest_r",
        "negative",
    ])?;
    let questions = described.table.questions().iter();
    let number = |figure: Option<f64>| figure.map_or(String::new(), |figure| figure.to_string());
    for (question, item) in questions.zip(&described.description.items) {
        let cells = [
            item.users.to_string(),
            item.missing.to_string(),
            number(item.mean),
            number(item.sd),
            number(item.r_rest),
            item.is_negative().to_string(),
        ];
        out.write_record(std::iter::once(question).chain(&cells))?;
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
            question,n,missing,mean,sd,item_rest_r,negative
            q1,4,1,2.75,1.707825127659933,-0.05797710356524484,true
            "a, b",3,2,2.6666666666666665,1.6072751268321592,0.9878291611472619,false
            "q
            3",4,1,3.5,1.2909944487358056,-0.8,true
        "#]]
        .assert_eq(&sample::described(csv).unwrap());
    }
}
