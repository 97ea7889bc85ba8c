//! The text of a job array's script: what is asked, put into the places of a bash script.

use super::words::quoted;

/// The script, with names between pairs of at signs where text belongs.
const TEMPLATE: &str = include_str!("script.sh");

/// What a script is of. Words are not quoted yet.
#[derive(Debug)]
pub struct Script<'a> {
    /// The program's file.
    pub program: &'a str,
    /// The folder that relative names in `search` are of.
    pub home: &'a str,
    /// The folder of parts, sessions and logs.
    pub folder: &'a str,
    /// The file of the result.
    pub result: &'a str,
    /// The form of the result, unless by its file's ending.
    pub form: Option<&'a str>,
    /// How many parts.
    pub parts: u32,
    /// The table and what is asked of it.
    pub search: &'a [String],
    /// What computes.
    pub engine: &'a [String],
    /// Options of sbatch, each a line.
    pub options: &'a [String],
}

impl Script<'_> {
    /// One line that says which search it is, in how many parts: what the folder is for.
    pub fn asked(&self) -> String {
        format!(
            "cd {}; search{}; in {} parts",
            quoted(self.home),
            spaced(self.search),
            self.parts
        )
    }

    /// All of it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (at, piece) in TEMPLATE.split("@@").enumerate() {
            match at % 2 {
                0 => text.push_str(piece),
                _ => text.push_str(&self.part(piece)),
            }
        }
        text
    }

    /// What belongs in the place of this name.
    fn part(&self, name: &str) -> String {
        match name {
            "version" => env!("CARGO_PKG_VERSION").to_owned(),
            "parts" => self.parts.to_string(),
            "options" => {
                let lines = self.options.iter();
                lines.map(|option| format!("#SBATCH {option}\n")).collect()
            }
            "program" => quoted(self.program),
            "home" => quoted(self.home),
            "folder" => quoted(self.folder),
            "result" => quoted(self.result),
            "asked" => quoted(&self.asked()),
            "search" => spaced(self.search).trim_start().to_owned(),
            "engine" => spaced(self.engine),
            "form" => self
                .form
                .map_or_else(String::new, |form| format!(" --format {form}")),
            // Anything else is a slip, which a test looks for.
            other => format!("@@{other}@@"),
        }
    }
}

/// Quoted words, a space before each.
fn spaced(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!(" {}", quoted(word)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(search: &'a [String], options: &'a [String]) -> Script<'a> {
        Script {
            program: "/opt/kcorrset",
            home: "/home/me/my study",
            folder: "/home/me/it's $5 @@parts@@",
            result: "/home/me/best.csv",
            form: Some("csv"),
            parts: 16,
            search,
            engine: &[],
            options,
        }
    }

    #[test]
    fn every_place_is_filled() {
        let words = ["a b.csv", "-k", "5"].map(str::to_owned);
        let options = ["--gres=gpu:1", "--time=4:00:00"].map(str::to_owned);
        let text = of(&words, &options).text();
        for line in [
            "#SBATCH --signal=B:TERM@60\n#SBATCH --gres=gpu:1\n#SBATCH --time=4:00:00\n\nset -euo pipefail\n",
            "program=/opt/kcorrset\nhome='/home/me/my study'\n",
            "folder='/home/me/it'\\''s $5 @@parts@@'\nresult=/home/me/best.csv\nparts=16\n",
            "exec \"$program\" search 'a b.csv' -k 5 \\\n",
            "exec \"$program\" resume \"$session\"\n",
            "\"$program\" merge [0-9]*.part --format csv -o \"$result\"\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert_eq!(text.matches("@@").count(), 2, "{text}");
    }

    #[test]
    fn what_is_asked_differs_with_every_word() {
        let base = ["a.csv", "-k", "5"].map(str::to_owned);
        let asked = of(&base, &[]).asked();
        assert_eq!(
            asked,
            "cd '/home/me/my study'; search a.csv -k 5; in 16 parts"
        );
        let joined = ["a.csv", "-k 5"].map(str::to_owned);
        assert_ne!(of(&joined, &[]).asked(), asked);
    }
}
