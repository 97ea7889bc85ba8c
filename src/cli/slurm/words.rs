//! Options with the words that they were typed as, and words as bash reads them.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, parser::ValueSource};
use std::ffi::OsString;

/// Options, read, and beside that the words that ask for the same of another command with these options.
#[derive(Debug)]
pub struct AsTyped<T> {
    /// What they say.
    pub read: T,
    /// What was typed of them, without defaults: in the order in which help lists them.
    pub words: Vec<OsString>,
}

impl<T: Args> Args for AsTyped<T> {
    fn augment_args(command: Command) -> Command {
        T::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: Args> FromArgMatches for AsTyped<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self {
            read: T::from_arg_matches(matches)?,
            words: words_of::<T>(matches),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The words that were typed for the options of `T`.
fn words_of<T: Args>(matches: &ArgMatches) -> Vec<OsString> {
    let options = T::augment_args(Command::new("options"));
    let mut words = Vec::new();
    for option in options.get_arguments() {
        let id = option.get_id().as_str();
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let name = match (option.get_long(), option.get_short()) {
            (Some(long), _) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => String::new(),
        };
        if !option.get_action().takes_values() {
            words.push(name.into());
            continue;
        }
        let comma = option.get_value_delimiter().unwrap_or(' ').to_string();
        for values in matches.get_raw_occurrences(id).into_iter().flatten() {
            let values: Vec<_> = values.collect();
            let value = values.join(comma.as_ref());
            // What looks like an option would be taken for one.
            if value.as_encoded_bytes().starts_with(b"-") {
                let mut word = OsString::from(format!("{name}="));
                word.push(value);
                words.push(word);
            } else {
                words.push(name.clone().into());
                words.push(value);
            }
        }
    }
    words
}

/// A word as bash takes it for itself, whatever is in it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Args)]
    struct Options {
        #[arg(short)]
        k: u8,
        #[arg(long, default_value = "r")]
        rank_by: String,
        #[arg(long)]
        wide: bool,
        #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
        missing: Vec<String>,
        #[arg(long)]
        map: Vec<String>,
    }

    fn typed(line: &[&str]) -> Vec<OsString> {
        let command = AsTyped::<Options>::augment_args(Command::new("x").no_binary_name(true));
        let matches = command.try_get_matches_from(line).expect("well formed");
        AsTyped::<Options>::from_arg_matches(&matches)
            .expect("read")
            .words
    }

    #[test]
    fn words_are_those_that_were_typed() {
        assert_eq!(typed(&["-k5"]), ["-k", "5"]);
        assert_eq!(
            typed(&[
                "--map",
                "a b=1",
                "--missing=-99,.",
                "--wide",
                "--rank-by=r",
                "-k",
                "3",
                "--map=",
                "--missing",
                "NA",
            ]),
            [
                "-k",
                "3",
                "--rank-by",
                "r",
                "--wide",
                "--missing=-99,.",
                "--missing",
                "NA",
                "--map",
                "a b=1",
                "--map",
                "",
            ]
        );
    }

    #[test]
    fn only_what_bash_might_read_otherwise_is_quoted() {
        for word in ["-k", "2..8", "/data/answers.csv", "--missing=-99,."] {
            assert_eq!(quoted(word), word);
        }
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("Q*"), "'Q*'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

    /// What bash makes of words.
    fn echoed(words: &[String]) -> Vec<String> {
        let line: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        let script = format!(r"printf '%s\0' {}", line.join(" "));
        let mut bash = std::process::Command::new("bash");
        let out = bash.args(["-c", &script]).output().expect("bash starts");
        assert!(out.status.success(), "{script}");
        let text = String::from_utf8(out.stdout).expect("UTF-8");
        let parts = text.split_terminator('\0');
        parts.map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn bash_reads_each_word_as_it_is(words in prop::collection::vec("[a-c \n\t'\"$`\\\\{},;~!#*?é-]{0,6}", 1..9)) {
            prop_assert_eq!(echoed(&words), words);
        }
    }
}
