//! The script for Slurm: what it is, what is refused beforehand, and what it does under an sbatch that only notes what
//! it is told, so that a test is the cluster: it runs tasks, kills them, or forgets them.

#![cfg(unix)]

use crate::cli::{check, code, data, kcorrset, shown, text};
use expect_test::expect;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Copies the script as Slurm does, notes what it is for, and prints a number as a cluster of many does.
const SBATCH: &str = r#"#!/bin/bash
set -eu
[ ! -e "$FAKE/refuses" ] || exit 1
id=$(($(ls "$FAKE" | grep -c '^job') + 1))
mkdir "$FAKE/job$id"
for word; do printf '%s\n' "$word"; done >"$FAKE/job$id/words"
while [[ $1 == --* ]]; do shift; done
cp -- "$1" "$FAKE/job$id/slurm_script"
shift
printf '%s\n' "$@" >"$FAKE/job$id/arguments"
echo "$id;cluster"
"#;

/// Says that something runs where a test says so.
const SQUEUE: &str = "#!/bin/bash\n[ ! -e \"$FAKE/busy\" ] || echo \"$*\"\n";

/// A cluster, and a study on it whose names would break what is not quoted.
struct Cluster {
    folder: TempDir,
}

impl Cluster {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let fake = folder.path().join("fake");
        fs::create_dir(&fake).expect("made");
        for (name, says) in [("sbatch", SBATCH), ("squeue", SQUEUE)] {
            let path = fake.join(name);
            fs::write(&path, says).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("runnable");
        }
        let cluster = Self { folder };
        fs::create_dir(cluster.study()).expect("made");
        cluster
    }

    fn fake(&self) -> PathBuf {
        self.folder.path().join("fake")
    }

    fn study(&self) -> PathBuf {
        self.folder.path().join("it's a $study")
    }

    fn parts(&self) -> PathBuf {
        self.study().join("\"parts\" 100%")
    }

    /// The program in the study, with these words behind those of `line`.
    fn program(&self, line: &str, words: &[&str]) -> Output {
        let mut command = kcorrset(line);
        command.args(words).current_dir(self.study());
        command.output().expect("the binary starts")
    }

    /// Writes the script.
    fn script(&self, words: &[&str]) {
        let to = [
            "--folder",
            "\"parts\" 100%",
            "--result",
            "-best.csv",
            "-o",
            "search.sh",
        ];
        let out = self.program("slurm -q", &[words, &to].concat());
        assert_eq!(shown(&out), "exit 0\n");
    }

    /// The script at this place, with these arguments, elsewhere.
    fn bash(&self, script: &Path, arguments: &[&str]) -> Command {
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = Command::new("bash");
        command
            .arg(script)
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.fake().display()))
            .env("FAKE", self.fake())
            .env_remove("XDG_RUNTIME_DIR")
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    /// Types `bash search.sh`.
    fn begin(&self) -> Output {
        let script = self.study().join("search.sh");
        self.bash(&script, &[]).output().expect("bash starts")
    }

    /// How many jobs were submitted.
    fn jobs(&self) -> usize {
        let jobs = (1..).take_while(|id| self.fake().join(format!("job{id}")).exists());
        jobs.count()
    }

    /// A file of a job, without the end of its last line.
    fn of(&self, id: usize, file: &str) -> String {
        let path = self.fake().join(format!("job{id}")).join(file);
        let text = fs::read_to_string(path).expect("a job");
        text.trim_end().to_owned()
    }

    /// The word of a job that begins so, without that.
    fn word(&self, id: usize, start: &str) -> Option<String> {
        let words = self.of(id, "words");
        let mut words = words.lines().filter_map(|word| word.strip_prefix(start));
        words.next().map(str::to_owned)
    }

    /// A job, or one task of it.
    fn job(&self, id: usize, task: Option<usize>) -> Command {
        let arguments = self.of(id, "arguments");
        let arguments: Vec<_> = arguments.lines().collect();
        let script = self.fake().join(format!("job{id}/slurm_script"));
        let mut command = self.bash(&script, &arguments);
        command.env("SLURM_JOB_ID", id.to_string());
        if let Some(task) = task {
            command.env("SLURM_ARRAY_TASK_ID", task.to_string());
        }
        command
    }

    fn run(&self, id: usize, task: Option<usize>) -> Output {
        self.job(id, task).output().expect("bash starts")
    }

    fn has(&self, name: &str) -> bool {
        self.parts().join(name).exists()
    }

    /// What a run said, without where it was.
    fn said(&self, out: &Output) -> String {
        let place = self.folder.path().display().to_string();
        text(&out.stderr).replace(&place, "PLACE")
    }
}

#[test]
fn help() {
    check("slurm -h", expect![[""]]);
}

#[test]
fn the_script_of_a_plain_search() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = kcorrset("slurm t.csv -k 5 --min-users 30 --parts 16");
    command.args([
        "--engine=gpu",
        "--sbatch=--gres=gpu:1",
        "--sbatch",
        "--time=4:00:00",
    ]);
    fs::copy(data().join("exam.csv"), folder.path().join("t.csv")).expect("copied");
    let out = command.current_dir(folder.path()).output();
    let out = out.expect("the binary starts");
    assert_eq!(code(&out), 0, "{}", shown(&out));
    let place = fs::canonicalize(folder.path()).expect("there");
    let script = text(&out.stdout).replace(&place.display().to_string(), "/home/me");
    let script = script.replace(env!("CARGO_BIN_EXE_kcorrset"), "/usr/bin/kcorrset");
    expect![[""]].assert_eq(&script);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn what_cannot_be_searched_is_refused_beforehand() {
    let cluster = Cluster::new();
    fs::copy(data().join("exam.csv"), cluster.study().join("t.csv")).expect("copied");
    fs::write(cluster.study().join("file"), "").expect("written");
    for (line, why) in [
        ("t.csv -k 3", "--parts"),
        ("t.csv -k 3 --parts 0", "0 is not in 1.."),
        (
            "t.csv -k 1 --parts 13",
            "13 parts are more than the 12 sets",
        ),
        ("t.csv -k 13 --parts 2", "only 12 questions"),
        ("u.csv -k 3 --parts 2", "u.csv: cannot open"),
        ("- -k 3 --parts 2", "name a file in place of -"),
        (
            "t.csv -k 3 --parts 2 --criterion-file -",
            "name a file in place of -",
        ),
        (
            "t.csv -k 3 --parts 2 --engine bound",
            "an answer of every user to every question",
        ),
        (
            "t.csv -k 3 --parts 2 --engine gpu --threads 2",
            "--threads is for the CPU engine",
        ),
        (
            "t.csv -k 3 --parts 2 --sbatch=gpu",
            "is no option of sbatch",
        ),
        (
            "t.csv -k 3 --parts 2 --sbatch=--array=1-3",
            "--array is for the script to say",
        ),
        ("t.csv -k 3 --parts 2 --folder file", "is no folder"),
        (
            "t.csv -k 3 --parts 2 --result no/r.csv",
            "there is no folder",
        ),
        ("t.csv -k 3 --parts 2 --result t.csv", "is the table itself"),
        ("t.csv -k 3 --parts 2 -o t.csv", "is the table itself"),
        (
            "t.csv -k 3 --parts 2 --result parts/1.part",
            "has another use for",
        ),
        ("t.csv -k 3 --parts 2 --max-time 5m", "--max-time"),
        ("t.csv -k 3 --parts 2 --skip 5", "--skip"),
    ] {
        let out = cluster.program(&format!("slurm {line}"), &[]);
        assert_eq!(
            (code(&out), text(&out.stdout)),
            (2, ""),
            "{line}: {}",
            shown(&out)
        );
        assert!(text(&out.stderr).contains(why), "{line}: {}", shown(&out));
    }
    // Another processor may have what this one lacks.
    let line = "slurm t.csv -k 3 --parts 2 --engine cpu --instructions amx -q";
    assert_eq!(code(&cluster.program(line, &[])), 0);
}

/// A table that the oracle takes seconds for.
const TABLE: &str =
    "generate --users 300 --questions 30 --answered 0.8 --model item-response --seed 2 -o";

/// A search of it, by labels that bash would take for something else.
const ASKED: [&str; 11] = [
    "-the table.csv",
    "-k",
    "4",
    "--top",
    "6",
    "--min-users",
    "20",
    "--missing=-1,`x`",
    "--map",
    "it's \"$5\"=1,*=0",
    "--unanswered=complete-case",
];

#[test]
fn killed_parts_are_run_again_until_the_result_is_that_of_one_search() {
    let cluster = Cluster::new();
    assert_eq!(
        shown(&cluster.program(TABLE, &["-the table.csv"])),
        "exit 0\n"
    );
    let asked: Vec<&str> = ["--parts", "4", "--engine", "reference", "--"]
        .into_iter()
        .chain([ASKED[0]])
        .collect();
    cluster.script(&[&ASKED[1..], &asked].concat());

    let out = cluster.begin();
    assert_eq!((code(&out), text(&out.stdout)), (0, ""), "{}", shown(&out));
    assert_eq!(
        cluster.said(&out),
        "kcorrset slurm: submitted: parts 1-4 of 4 as job 1, and job 2 behind them\n"
    );
    let logs = format!(
        "{}/logs",
        cluster.parts().display().to_string().replace('%', "%%")
    );
    assert_eq!(cluster.word(1, "--array="), Some("1-4".to_owned()));
    assert_eq!(
        cluster.word(1, "--output="),
        Some(format!("{logs}/%A_%a.log"))
    );
    assert_eq!(
        cluster.word(2, "--dependency="),
        Some("afterany:1".to_owned())
    );
    assert_eq!(cluster.word(2, "--output="), Some(format!("{logs}/%j.log")));
    fs::write(cluster.fake().join("busy"), "").expect("written");
    let out = cluster.begin();
    assert_eq!(code(&out), 2, "{}", shown(&out));
    assert!(
        cluster.said(&out).ends_with("or stop it by scancel 1 2\n"),
        "{}",
        shown(&out)
    );
    fs::remove_file(cluster.fake().join("busy")).expect("removed");

    // Part 2 is never begun, and part 3 is killed.
    for part in [1, 4] {
        let out = cluster.run(1, Some(part));
        assert_eq!(code(&out), 0, "{}", shown(&out));
        assert!(cluster.has(&format!("{part}.part")));
    }
    for _ in 0..5 {
        let mut task = cluster
            .job(1, Some(3))
            .stderr(Stdio::null())
            .spawn()
            .expect("bash starts");
        while !cluster.has("3.session") && !cluster.has("3.part") {
            std::thread::sleep(Duration::from_millis(1));
        }
        task.kill().expect("it runs, or has ended");
        task.wait().expect("it ends");
        if !cluster.has("3.part") {
            break;
        }
        fs::remove_file(cluster.parts().join("3.part")).expect("removed");
    }
    assert!(cluster.has("3.session") && !cluster.has("3.part"));

    let out = cluster.run(2, None);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert_eq!(
        cluster.said(&out),
        "kcorrset slurm: submitted: parts 2-3 of 4 as job 3, and job 4 behind them\n"
    );
    assert_eq!(cluster.word(3, "--array="), Some("2-3".to_owned()));
    assert_eq!(
        cluster.word(4, "--dependency="),
        Some("afterany:3".to_owned())
    );
    let out = cluster.run(3, Some(2));
    assert_eq!(code(&out), 0, "{}", shown(&out));
    // It took the floor of those that are done.
    let part = fs::read_to_string(cluster.parts().join("2.part")).expect("a part");
    assert!(
        part.contains("--floor-from") && part.contains("/4.part"),
        "{part}"
    );
    let out = cluster.run(3, Some(3));
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(
        cluster
            .said(&out)
            .contains("part 3/4 goes on from what was saved"),
        "{}",
        shown(&out)
    );
    assert!(cluster.has("3.part") && !cluster.has("3.session"));
    // Slurm may begin a task again that was done.
    let out = cluster.run(3, Some(3));
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(
        cluster.said(&out).ends_with("part 3/4 is done\n"),
        "{}",
        shown(&out)
    );

    let out = cluster.run(4, None);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(
        cluster
            .said(&out)
            .contains("all 4 parts are merged: PLACE/"),
        "{}",
        shown(&out)
    );
    assert_eq!(cluster.jobs(), 4);
    let words: Vec<&str> = ASKED[1..].iter().copied().chain(["--", ASKED[0]]).collect();
    let one = cluster.program("search -q --engine cpu --format csv", &words);
    assert_eq!(code(&one), 0, "{}", shown(&one));
    let result = fs::read(cluster.study().join("-best.csv")).expect("a result");
    assert_eq!(text(&result), text(&one.stdout));

    // Whoever has lost it, types it again.
    fs::remove_file(cluster.study().join("-best.csv")).expect("removed");
    let out = cluster.begin();
    assert_eq!((code(&out), cluster.jobs()), (0, 4), "{}", shown(&out));
    assert_eq!(
        fs::read(cluster.study().join("-best.csv")).expect("a result"),
        result
    );
}

/// A cluster with a search of the exam in three parts, submitted.
fn submitted() -> Cluster {
    let cluster = Cluster::new();
    fs::copy(data().join("exam.csv"), cluster.study().join("t.csv")).expect("copied");
    cluster.script(&["t.csv", "-k", "3", "--parts", "3", "--engine", "cpu"]);
    let out = cluster.begin();
    assert_eq!((code(&out), cluster.jobs()), (0, 2), "{}", shown(&out));
    cluster
}

#[test]
fn rounds_without_progress_come_to_an_end() {
    let cluster = submitted();
    let behind = |id| {
        let out = cluster.run(id, None);
        (code(&out), cluster.jobs(), cluster.said(&out))
    };
    assert_eq!(behind(2).1, 4);
    assert_eq!(behind(4).1, 6);
    // A part that is done begins the count anew.
    assert_eq!(code(&cluster.run(5, Some(2))), 0);
    for job in [6, 8, 10] {
        let (ended, jobs, said) = behind(job);
        assert_eq!((ended, jobs), (0, job + 2), "{said}");
        assert!(said.contains("parts 1,3 of 3"), "{said}");
    }
    let (ended, jobs, said) = behind(12);
    assert_eq!((ended, jobs), (2, 12), "{said}");
    assert!(
        said.contains("parts 1,3 of 3 are missing, and 3 rounds brought nothing forward")
            && said.contains("run this script again"),
        "{said}"
    );
    let out = cluster.begin();
    assert_eq!((code(&out), cluster.jobs()), (0, 14), "{}", shown(&out));
    assert!(
        cluster.said(&out).contains("parts 1,3 of 3 as job 13"),
        "{}",
        shown(&out)
    );
}

#[test]
fn a_script_stops_at_what_it_cannot_believe() {
    let cluster = submitted();
    for part in 1..=3 {
        assert_eq!(code(&cluster.run(1, Some(part))), 0);
    }
    // A part of another query, and one that is damaged.
    let place = cluster.parts().join("2.part");
    let good = fs::read(&place).expect("a part");
    let out = cluster.program(
        "search t.csv -k 2 --part 2/3 -q --engine cpu -o",
        &["other"],
    );
    assert_eq!(shown(&out), "exit 0\n");
    let other = fs::read(cluster.study().join("other")).expect("a part");
    for (bytes, why) in [
        (&other[..], "k is 2, and 3"),
        (&good[..good.len() / 2], "2.part"),
    ] {
        fs::write(&place, bytes).expect("written");
        for out in [cluster.run(2, None), cluster.begin()] {
            assert_eq!((code(&out), cluster.jobs()), (2, 2), "{}", shown(&out));
            assert!(cluster.said(&out).contains(why), "{}", shown(&out));
        }
    }
    fs::remove_file(&place).expect("removed");
    // A node that must not submit.
    fs::write(cluster.fake().join("refuses"), "").expect("written");
    let out = cluster.run(2, None);
    assert_eq!((code(&out), cluster.jobs()), (2, 2), "{}", shown(&out));
    assert!(
        cluster
            .said(&out)
            .contains("sbatch refused the array: nothing is under way"),
        "{}",
        shown(&out)
    );
    // Another search in this folder: refused as it is written, and where it was written before.
    let line = "slurm t.csv -k 4 --parts 3 --folder";
    let out = cluster.program(line, &["\"parts\" 100%"]);
    assert_eq!((code(&out), text(&out.stdout)), (2, ""), "{}", shown(&out));
    assert!(
        text(&out.stderr).contains("is of another search"),
        "{}",
        shown(&out)
    );
    fs::rename(cluster.parts(), cluster.study().join("kept")).expect("renamed");
    cluster.script(&["t.csv", "-k", "4", "--parts", "3"]);
    fs::rename(cluster.study().join("kept"), cluster.parts()).expect("renamed");
    let out = cluster.begin();
    assert_eq!((code(&out), cluster.jobs()), (2, 2), "{}", shown(&out));
    assert!(
        cluster.said(&out).contains("is of another search"),
        "{}",
        shown(&out)
    );
    let script = cluster.study().join("search.sh");
    let out = cluster.bash(&script, &["x"]).output().expect("bash starts");
    assert_eq!(code(&out), 2, "{}", shown(&out));
}
