//! Tests that may pass without testing: those that can leave early, and what they call to do so.
//!
//! In code that is compiled for tests only, these are faults:
//! - in a `#[test]` function, `return` without a value, or with `Ok`;
//! - in another function there that gives nothing back and asserts, `return` without a value: its
//!   callers go on as if it had judged;
//! - a `#[test]` function whose body is one `if` without `else`;
//! - `#[ignore]` without a reason.
//!
//! A closure or a function within may return a value: it says nothing of the test. Where a machine lacks
//! something, a test is to be ignored with its reason, not to pass.

use super::Source;
use super::tokens::{Token, behind_closing, behind_item, is_name, split_tests, tokens};

/// A line for each fault.
pub(super) fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let [code, tests] = split_tests(&tokens(&source.text));
        // Files under tests are compiled for tests only.
        let found = if source.path.starts_with("tests/") {
            [silent(&code), silent(&tests)].concat()
        } else {
            silent(&tests)
        };
        faults.extend(
            found
                .iter()
                .map(|(line, fault)| format!("{}:{line}: {fault}", source.path)),
        );
    }
    faults
}

/// The faults of tokens that are compiled for tests only, with their lines.
fn silent(tokens: &[Token]) -> Vec<(usize, String)> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut faults = Vec::new();
    let mut is_test = false;
    let mut at = 0;
    while at < tokens.len() {
        match word(at) {
            "#" if word(at + 1) == "[" => {
                is_test |= word(at + 2) == "test" && word(at + 3) == "]";
                if word(at + 2) == "ignore" && word(at + 3) == "]" {
                    faults.push((tokens[at].line, "is ignored without a reason".to_owned()));
                }
                at = behind_closing(tokens, at + 1);
                continue;
            }
            "fn" if is_name(word(at + 1)) => {
                let end = behind_item(tokens, at);
                let open = (at..end).find(|&i| word(i) == "{").unwrap_or(end);
                let gives = (at..open).any(|i| word(i) == "->");
                let body = &tokens[(open + 1).min(end)..end];
                let name = word(at + 1);
                if is_test {
                    faults.extend(
                        leaves(body, true)
                            .map(|line| (line, format!("{name} may pass without testing"))),
                    );
                    if is_one_condition(body) {
                        faults.push((tokens[at].line, format!("{name} tests on a condition only")));
                    }
                } else if !gives && asserts(body) {
                    faults.extend(
                        leaves(body, false)
                            .map(|line| (line, format!("{name} may return without judging"))),
                    );
                }
                is_test = false;
                // Functions within are looked at in their turn.
                at = open;
            }
            _ => {}
        }
        at += 1;
    }
    faults
}

/// Lines of a body with a `return` without a value, or, of a test, with `Ok`.
fn leaves(body: &[Token], of_test: bool) -> impl Iterator<Item = usize> {
    body.windows(2).filter_map(move |pair| {
        let bare = [";", "}", ","].contains(&pair[1].text.as_str());
        let leaves = pair[0].text == "return" && (bare || of_test && pair[1].text == "Ok");
        leaves.then_some(pair[0].line)
    })
}

fn asserts(body: &[Token]) -> bool {
    let asserts =
        |name: &str| name.starts_with("assert") || ["panic", "expect", "unwrap"].contains(&name);
    body.iter().any(|token| asserts(&token.text))
}

/// Whether a body, which ends with its brace, is one `if` without an `else`.
fn is_one_condition(body: &[Token]) -> bool {
    body.first().is_some_and(|token| token.text == "if") && {
        let end = behind_item(body, 0);
        body.get(end).is_some_and(|token| token.text == "}") && end + 1 == body.len()
    }
}
