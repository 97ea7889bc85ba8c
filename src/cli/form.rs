//! The form of a result: as typed, else by the ending of its file's name.

use clap::ValueEnum;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    Table,
    /// One object with everything
    Json,
    /// A header and rows
    Csv,
}

impl Form {
    /// As typed, else by the output's ending; a table where that says nothing.
    pub fn choose(typed: Option<Self>, output: Option<&Path>) -> Self {
        let ending = output.and_then(Path::extension).and_then(|e| e.to_str());
        let by_name = match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("json") => Self::Json,
            Some("csv") => Self::Csv,
            _ => Self::Table,
        };
        typed.unwrap_or(by_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_the_name_unless_typed() {
        let choose = |typed, name: &str| Form::choose(typed, Some(Path::new(name)));
        assert_eq!(choose(None, "best.json"), Form::Json);
        assert_eq!(choose(None, "a.b/best.CSV"), Form::Csv);
        for name in [
            "best.txt",
            "best.table",
            "best",
            "a.json/best",
            ".json",
            "-",
        ] {
            assert_eq!(choose(None, name), Form::Table, "{name}");
        }
        assert_eq!(choose(Some(Form::Table), "best.json"), Form::Table);
        assert_eq!(choose(Some(Form::Csv), "best.json"), Form::Csv);
        assert_eq!(Form::choose(None, None), Form::Table);
    }
}
