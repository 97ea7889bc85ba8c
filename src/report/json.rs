//! A report as JSON: one object; its members, those of each search and each result on a line of their own.

use super::Report;
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// The whole document, ended by a line break.
///
/// # Errors
/// None of a [`Report`]'s values is one that JSON cannot write; the error is serde_json's own.
pub fn json(report: &Report) -> serde_json::Result<String> {
    let deepest = if report.is_of_several() { 3 } else { 1 };
    in_lines(report, deepest)
}

/// Any document, ended by a line break, with lines as [`Lines`] says.
pub(super) fn in_lines(document: &impl Serialize, deepest: usize) -> serde_json::Result<String> {
    let mut out = Vec::new();
    let lines = Lines { depth: 0, deepest };
    let mut to = serde_json::Serializer::with_formatter(&mut out, lines);
    document.serialize(&mut to)?;
    out.push(b'\n');
    String::from_utf8(out).map_err(|e| serde_json::Error::io(io::Error::other(e)))
}

/// Compact JSON but for line breaks before the members of some objects and before the elements of the arrays
/// directly in them, so that two reports compare line by line: of the outermost object, and where there
/// are several searches of each search.
struct Lines {
    depth: usize,
    /// How deep the objects lie whose members have lines, the outermost one at 1. Arrays in them lie one deeper.
    deepest: usize,
}

impl Lines {
    /// Whether the members of an object at this depth have lines.
    fn of_object(&self, depth: usize) -> bool {
        depth % 2 == 1 && depth <= self.deepest
    }

    /// Whether the elements of an array at this depth have lines.
    fn of_array(&self, depth: usize) -> bool {
        self.of_object(depth - 1)
    }

    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        write!(out, "\n{:1$}", "", 2 * self.depth)
    }

    fn separate<W: ?Sized + Write>(&self, out: &mut W, first: bool, line: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if line { self.line(out) } else { Ok(()) }
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, line: bool) -> io::Result<()> {
        self.depth -= 1;
        if line { self.line(out) } else { Ok(()) }
    }
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, self.of_object(self.depth))?;
        out.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first, self.of_object(self.depth))
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        let colon: &[u8] = if self.of_object(self.depth) {
            b": "
        } else {
            b":"
        };
        out.write_all(colon)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, self.of_array(self.depth))?;
        out.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first, self.of_array(self.depth))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_document() {
        let text = json(&sample::report()).unwrap();
        expect![[r#"
            {
              "schema": 2,
              "version": "9.9.9",
              "data": {"users":1200,"questions":50,"responses":31415,"scale":1,"fingerprint":"sha256:00ff"},
              "query": {"k":2,"top":3,"min_users":2,"ranks":{"start":"5","end":"1005"}},
              "engine": {"name":"cpu","devices":["2 CPU threads"]},
              "sets": {"total":"1225","visited":"1000","defined":null},
              "audit": {"passed":true,"sets":"1000","n":"18446744073709551615","sa":"0","sg":"0","saa":"0","sgg":"0","sag":"0"},
              "elapsed_s": 0.25,
              "results": [
                {"place":1,"questions":["q1","a, b"],"r":1.0,"users":7,"sums":{"n":7,"sa":-3,"sg":1180591620717411303424,"saa":9,"sgg":10,"sag":11}},
                {"place":2,"questions":["q\"2\"","line\nbreak"],"r":-0.1234567890123456,"users":900,"sums":{"n":900,"sa":-3,"sg":1180591620717411303424,"saa":9,"sgg":10,"sag":11}}
              ]
            }
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn reads_back_as_it_was() {
        let mut report = sample::report();
        // A value that needs all 17 digits and a careful reader.
        report.searches[0].results[0].r = f64::from_bits(0x3fe5_5555_5555_5557);
        assert_eq!(
            serde_json::from_str::<Report>(&json(&report).unwrap()).unwrap(),
            report
        );
        let search = &mut report.searches[0];
        search.results.clear();
        search.query.ranks = None;
        search.sets.visited = None;
        search.sets.defined = Some(u128::MAX);
        let text = json(&report).unwrap();
        assert!(!text.contains("ranks") && !text.contains("visited"));
        assert!(text.ends_with("\"results\": [\n  ]\n}\n"), "{text}");
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        let several = sample::several();
        let text = json(&several).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), several);
    }

    #[test]
    fn the_document_of_several() {
        expect![[r#"
            {
              "schema": 2,
              "version": "9.9.9",
              "data": {"users":1200,"questions":50,"responses":31415,"scale":1,"fingerprint":"sha256:00ff"},
              "engine": {"name":"cpu","devices":["2 CPU threads"]},
              "searches": [
                {
                  "query": {"k":2,"top":3,"min_users":2,"ranks":{"start":"5","end":"1005"}},
                  "sets": {"total":"1225","visited":"1000","defined":null},
                  "audit": {"passed":true,"sets":"1000","n":"18446744073709551615","sa":"0","sg":"0","saa":"0","sgg":"0","sag":"0"},
                  "elapsed_s": 0.25,
                  "results": [
                    {"place":1,"questions":["q1","a, b"],"r":1.0,"users":7,"sums":{"n":7,"sa":-3,"sg":1180591620717411303424,"saa":9,"sgg":10,"sag":11}},
                    {"place":2,"questions":["q\"2\"","line\nbreak"],"r":-0.1234567890123456,"users":900,"sums":{"n":900,"sa":-3,"sg":1180591620717411303424,"saa":9,"sgg":10,"sag":11}}
                  ]
                },
                {
                  "query": {"k":3,"top":3,"min_users":2},
                  "sets": {"total":"19600","defined":"19000"},
                  "audit": {"passed":true,"sets":"19600","n":"5","sa":"0","sg":"0","saa":"0","sgg":"0","sag":"0"},
                  "elapsed_s": 0.5,
                  "results": [
                    {"place":1,"questions":["q1","q2","q3"],"r":0.5,"users":1100,"sums":{"n":1100,"sa":-3,"sg":1180591620717411303424,"saa":9,"sgg":10,"sag":11}}
                  ]
                }
              ]
            }
        "#]].assert_eq(&json(&sample::several()).unwrap());
    }
}
