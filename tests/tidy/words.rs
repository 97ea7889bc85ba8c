//! Doc comments that do not name their subject: where an editor shows one alone, nobody knows of what
//! it speaks.

use super::Source;

/// How such a comment begins.
const BEGINNINGS: [&str; 8] = [
    "And ",
    "Of ",
    "The same",
    "As above",
    "Likewise",
    "See above",
    "See below",
    "Ditto",
];

/// A line for each doc comment that begins so; in shaders, for each comment, as they have no others.
pub(super) fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let marks: &[&str] = if source.path.ends_with(".wgsl") {
            &["// "]
        } else {
            &["/// ", "//! "]
        };
        let said = |line: &str| {
            // A line between two paragraphs has no space behind the mark.
            let line = format!("{} ", line.trim_start());
            let said = marks.iter().find_map(|mark| line.strip_prefix(mark));
            said.map(str::to_owned)
        };
        let mut before = None;
        for (number, line) in (1..).zip(source.text.lines()) {
            let now = said(line);
            if let Some(text) = now.as_ref().filter(|_| before.is_none())
                && BEGINNINGS
                    .iter()
                    .any(|beginning| text.starts_with(beginning))
            {
                faults.push(format!("{}:{number}: of what? {text}", source.path));
            }
            before = now;
        }
    }
    faults
}
