//! Texts of a source as messages quote them: never longer than a reader wants.

/// `text` quoted, and cut after 40 characters, for a message.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

/// Names quoted, the first 20 of them, for a message.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let mut quoted: Vec<String> = names.into_iter().take(MOST + 1).map(excerpt).collect();
    if quoted.is_empty() {
        return "none".to_owned();
    }
    if quoted.len() > MOST {
        quoted[MOST] = "...".to_owned();
    }
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_and_lists_are_cut() {
        assert_eq!(excerpt("é\n"), "\"é\\n\"");
        assert_eq!(
            excerpt(&"é".repeat(41)),
            format!("\"{}\"...", "é".repeat(40))
        );
        assert_eq!(list([]), "none");
        assert_eq!(list(["a", "b"]), "\"a\", \"b\"");
        assert!(list(["a"; 20]).ends_with("\"a\""));
        assert!(list(["a"; 21]).ends_with("\"a\", ..."));
    }
}
