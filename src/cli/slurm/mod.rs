//! `kcorrset slurm`: a search in parts as a script for Slurm, once everything is checked that can be beforehand.

mod script;
mod words;

use super::asked::AskedArgs;
use super::engine::EngineArgs;
use super::exit::Exit;
use super::form::Form;
use super::output::Output;
use super::question::QuestionArgs;
use super::table::{TableArgs, names_stream};
use super::talk::Talk;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use kcorrset::engine::Query;
use kcorrset::session::{self, Division};
use script::Script;
use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};
use std::{env, fs};
use words::{AsTyped, quoted};

/// The folder of parts unless another is named.
const FOLDER: &str = "parts";
/// The result in it unless another is named.
const RESULT: &str = "best.json";

/// What the script itself tells sbatch, in long and in short.
const TAKEN: [(&str, &str); 5] = [
    ("--array", "-a"),
    ("--dependency", "-d"),
    ("--output", "-o"),
    ("--error", "-e"),
    ("--parsable", ""),
];

/// Write a script that runs a search on a Slurm cluster
#[derive(Debug, Args)]
#[command(
    long_about = "Writes a bash script that runs a search in parts as a job array of Slurm. Type `bash FILE` where \
                  sbatch works: it submits the array and a job behind it, which submits again the parts that are \
                  missing then, and merges the parts where none is.\n\n\
                  A task whose part is done does nothing; one that was killed, ran out of time or lost its node goes \
                  on from what its session kept. After three rounds in a row without any progress the script gives \
                  up and says which parts are missing; `bash FILE` goes on.\n\n\
                  The table is read, so that what cannot be searched is refused now. The program, the table and the \
                  folder must have the same names on all nodes. docs/slurm.md has more.",
    after_help = "Examples:\n  \
                  kcorrset slurm answers.csv -k 7 --min-users 30 --parts 64 -o search.sh && bash search.sh\n  \
                  kcorrset slurm answers.csv -k 7 --parts 8 --engine gpu --sbatch=--gres=gpu:1 --sbatch=--time=4:00:00 -o \
                  search.sh"
)]
pub struct SlurmArgs {
    /// The table, which every task reads: a file
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// How many parts: tasks of the array
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    parts: u32,
    /// Folder for what tasks write: parts, sessions, logs; one for each search [default: parts]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// File for the result of the search [default: best.json in the folder]
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// Form of the result; json is what `verify` reads [default: by the ending of --result, else table]
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// Option of sbatch for all jobs, such as --sbatch=--gres=gpu:1; may be given again for more
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    sbatch: Vec<String>,
    /// File for the script [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    asking: AsTyped<AskingArgs>,
    #[command(flatten)]
    engine: AsTyped<EngineArgs>,
}

/// What is asked of the table.
#[derive(Debug, Args)]
struct AskingArgs {
    #[command(flatten)]
    asked: AskedArgs,
    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    table: TableArgs,
}

pub fn run(args: SlurmArgs, talk: Talk) -> anyhow::Result<Exit> {
    let asking = &args.asking.read;
    asking.asked.check()?;
    if names_stream(&args.data) || asking.question.reads_stdin() {
        bail!(
            "each task of an array reads for itself what a search needs: name a file in place of -"
        );
    }
    args.engine.read.check_apart_from_machine()?;
    for option in &args.sbatch {
        check_option(option)?;
    }
    let home = env::current_dir().context("this folder has no name any more")?;
    let folder = absolute(args.folder.as_deref().unwrap_or(Path::new(FOLDER)))?;
    let result = match &args.result {
        Some(result) => absolute(result)?,
        None => folder.join(RESULT),
    };
    if folder.exists() && !folder.is_dir() {
        bail!(
            "{}: is no folder: name another by --folder",
            folder.display()
        );
    }
    check_result(&args.data, &folder, &result)?;
    let output = Output::open_apart_from(&args.data, args.output.as_deref())?;
    let question = asking.question.read(&args.data, &asking.table, talk)?;
    let queries = asking.asked.queries(&question)?;
    let ordered: Vec<Query<'_>> = queries.iter().map(session::ordered).collect();
    for query in &ordered {
        Division::new(query, args.parts)?;
    }
    args.engine.read.check_for(&ordered)?;
    if let Some(note) = &question.note {
        talk.note(note);
    }

    let [program, home, folder, result] = [
        env::current_exe().context("this program has no file")?,
        home,
        folder,
        result,
    ]
    .map(|path| text(path.into()));
    let (program, home, folder, result) = (program?, home?, folder?, result?);
    // Behind its command, a name with a hyphen in front would be an option.
    let data = match args.data.as_os_str().as_encoded_bytes().starts_with(b"-") {
        true => Path::new(".").join(&args.data),
        false => args.data.clone(),
    };
    let search = [OsString::from(data)].into_iter().chain(args.asking.words);
    let search: Vec<String> = search.map(text).collect::<anyhow::Result<_>>()?;
    let engine = args.engine.words.into_iter().map(text);
    let engine: Vec<String> = engine.collect::<anyhow::Result<_>>()?;
    let form = args.format.and_then(|form| form.to_possible_value());
    let script = Script {
        program: &program,
        home: &home,
        folder: &folder,
        result: &result,
        form: form.as_ref().map(|form| form.get_name()),
        parts: args.parts,
        search: &search,
        engine: &engine,
        options: &args.sbatch,
    };
    check_folder(Path::new(&folder), &script.asked())?;
    output.write(|out| Ok(out.write_all(script.text().as_bytes())?))?;
    if let Some(output) = args.output.filter(|output| !names_stream(output)) {
        talk.note(&format!(
            "type `bash {}` where sbatch works",
            quoted(&output.display().to_string())
        ));
    }
    Ok(Exit::Done)
}

/// A word as text, of which a script is made.
fn text(word: OsString) -> anyhow::Result<String> {
    word.into_string().map_err(|word| {
        anyhow::anyhow!(
            "{}: is not UTF-8, as scripts are: give it another name",
            word.display()
        )
    })
}

/// Refuses an option that is none, and one that is for the script to give.
fn check_option(option: &str) -> anyhow::Result<()> {
    if !option.starts_with('-') || option.contains(['\n', '\r']) {
        bail!("--sbatch {option:?}: is no option of sbatch in one line, such as --gres=gpu:1");
    }
    let name = option.split(['=', ' ']).next().unwrap_or_default();
    // sbatch takes the beginning of a long name for all of it.
    let short =
        |short: &str| !short.is_empty() && !name.starts_with("--") && name.starts_with(short);
    let taken = TAKEN.iter().find(|&&(long, letter)| {
        (name.len() > "--x".len() && long.starts_with(name)) || short(letter)
    });
    if let Some((long, _)) = taken {
        bail!(
            "--sbatch {option}: {long} is for the script to say, so that it knows its jobs and logs: leave it out"
        );
    }
    Ok(())
}

/// Refuses a result that could not be written, or that would be taken for something else.
fn check_result(data: &Path, folder: &Path, result: &Path) -> anyhow::Result<()> {
    let name = result.display();
    if result.parent() == Some(folder) {
        let ending = result.extension().and_then(|ending| ending.to_str());
        let own = ["asked", "jobs", "logs"]
            .iter()
            .any(|own| result.ends_with(own));
        if own || matches!(ending, Some("part" | "session" | "before" | "new" | "lock")) {
            bail!(
                "{name}: is a name that the script has another use for in its folder: name another result"
            );
        }
        // The script makes the folder.
        if !folder.exists() {
            return Ok(());
        }
    }
    Output::open_apart_from(data, Some(result)).map(drop)
}

/// Refuses a folder of another search.
fn check_folder(folder: &Path, asked: &str) -> anyhow::Result<()> {
    let there = fs::read_to_string(folder.join("asked"));
    if there.is_ok_and(|there| there.trim_end() != asked.trim_end()) {
        bail!(
            "{}: is of another search, which stands in the file asked there: name another by --folder",
            folder.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_sbatch_that_are_for_the_script_are_refused() {
        for option in [
            "--gres=gpu:1",
            "--account=me",
            "-A me",
            "-p long",
            "-n1",
            "--open-mode=truncate",
            "--comment=\"--array\"",
        ] {
            assert!(check_option(option).is_ok(), "{option}");
        }
        for option in [
            "",
            "gres=gpu:1",
            "--a\n--b",
            "--array=1-3",
            "-a 1-3",
            "-a1",
            "--dep=singleton",
            "-d singleton",
            "--output=x",
            "-o x",
            "--out x",
            "-ex",
            "--error=x",
            "--parsable",
        ] {
            assert!(check_option(option).is_err(), "{option}");
        }
    }

    #[test]
    fn a_result_in_the_folder_is_no_part() {
        let folder = tempfile::tempdir().expect("a folder");
        let check =
            |of: &Path, name: &str| check_result(Path::new("t.csv"), of, &of.join(name)).is_ok();
        for of in [folder.path().to_owned(), folder.path().join("to come")] {
            for name in ["best.json", "3.csv", "part"] {
                assert!(check(&of, name), "{name}");
            }
            for name in ["3.part", "best.part", "1.session", "asked", "jobs", "logs"] {
                assert!(!check(&of, name), "{name}");
            }
        }
        let nowhere = folder.path().join("no/best.json");
        assert!(check_result(Path::new("t.csv"), folder.path(), &nowhere).is_err());
    }

    #[test]
    fn a_folder_is_for_one_search() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = folder.path();
        assert!(check_folder(of, "this").is_ok());
        fs::write(of.join("asked"), "this\n").expect("written");
        assert!(check_folder(of, "this").is_ok());
        assert!(check_folder(of, "that").is_err());
        assert!(check_folder(&of.join("to come"), "this").is_ok());
    }
}
