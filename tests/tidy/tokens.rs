//! The tokens of Rust source, as far as the checks need them: comments gone, literals closed up.

/// A name, a literal (as `""`, `''` or its digits), `::`, `->`, `=>` or one other sign; and its line.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let start = i;
        let word = match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
                None
            }
            '/' if at(i + 1) == '*' => {
                while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                    i += 1;
                }
                i += 2;
                None
            }
            '"' => {
                i = end_of_string(&chars, i + 1);
                Some("\"\"".to_owned())
            }
            'r' | 'b' | 'c' if starts_raw(&chars, i) => {
                while at(i) != '#' && at(i) != '"' {
                    i += 1;
                }
                i = end_of_raw(&chars, i);
                Some("\"\"".to_owned())
            }
            // A lifetime has no closing quote behind its first character.
            '\'' if at(i + 1) != '\\' && at(i + 2) != '\'' => {
                i += 1;
                while is_of_name(at(i)) {
                    i += 1;
                }
                None
            }
            '\'' => {
                i += if at(i + 1) == '\\' { 3 } else { 2 };
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
                Some("''".to_owned())
            }
            c if is_of_name(c) => {
                while is_of_name(at(i)) {
                    i += 1;
                }
                Some(chars[start..i].iter().collect())
            }
            c if c.is_whitespace() => {
                i += 1;
                None
            }
            _ => {
                let two: String = chars[i..chars.len().min(i + 2)].iter().collect();
                let length = if ["::", "->", "=>"].contains(&two.as_str()) {
                    2
                } else {
                    1
                };
                i += length;
                Some(chars[start..i].iter().collect())
            }
        };
        tokens.extend(word.map(|text| Token { text, line }));
        line += chars[start..i.min(chars.len())]
            .iter()
            .filter(|&&c| c == '\n')
            .count();
    }
    tokens
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(super) fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The place behind a string's closing quote, `i` being behind the opening one.
fn end_of_string(chars: &[char], mut i: usize) -> usize {
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// Whether `r"`, `r#"`, `br"` or the like stands here.
fn starts_raw(chars: &[char], i: usize) -> bool {
    let rest = &chars[i..];
    let prefix = rest.iter().take_while(|c| "rbc".contains(**c)).count();
    let hashes = rest[prefix..].iter().take_while(|&&c| c == '#').count();
    let raw = rest[..prefix].contains(&'r') || hashes == 0;
    prefix <= 2
        && raw
        && rest.get(prefix + hashes) == Some(&'"')
        && (i == 0 || !is_of_name(chars[i - 1]))
}

/// The place behind a raw string, `i` being at its first `#` or its quote.
fn end_of_raw(chars: &[char], mut i: usize) -> usize {
    let hashes = chars[i..].iter().take_while(|&&c| c == '#').count();
    i += hashes + 1;
    while i < chars.len() {
        let closing = chars[i + 1..]
            .iter()
            .take(hashes)
            .filter(|&&c| c == '#')
            .count();
        if chars[i] == '"' && closing == hashes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    i
}

/// The place behind the bracket that closes the one at `open`.
pub(super) fn behind_closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The place behind the item that starts at `start`, its attributes included: behind its body, or its
/// semicolon.
pub(super) fn behind_item(tokens: &[Token], start: usize) -> usize {
    let mut i = start;
    while i < tokens.len() {
        match tokens[i].text.as_str() {
            ";" => return i + 1,
            "{" => return behind_closing(tokens, i),
            "(" | "[" => i = behind_closing(tokens, i),
            _ => i += 1,
        }
    }
    i
}

/// Whether an attribute that is compiled for tests only starts here.
fn is_for_tests(tokens: &[Token], i: usize) -> bool {
    let starts = tokens[i].text == "#" && tokens.get(i + 1).is_some_and(|t| t.text == "[");
    let attribute = || &tokens[i + 2..behind_closing(tokens, i + 1)];
    starts && {
        let has = |word: &str| attribute().iter().any(|token| token.text == word);
        attribute()[0].text == "test" || (has("cfg") && has("test") && !has("not"))
    }
}

/// The tokens without the items that are compiled for tests only; or only these.
pub(super) fn split_tests(tokens: &[Token]) -> [Vec<Token>; 2] {
    let mut parts = [Vec::new(), Vec::new()];
    let mut i = 0;
    while i < tokens.len() {
        let end = if is_for_tests(tokens, i) {
            behind_item(tokens, i)
        } else {
            i + 1
        };
        let part = usize::from(end > i + 1);
        parts[part].extend_from_slice(&tokens[i..end]);
        i = end;
    }
    parts
}
