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
id=1
while [ -e "$FAKE/job$id" ]; do id=$((id + 1)); done
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
            "--result=-best.csv",
            "-o",
            "search.sh",
        ];
        let out = self.program("slurm -q", &[&to, words].concat());
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
    check(
        "slurm -h",
        expect![[r#"
        exit 0
        --- stdout
        Write a script that runs a search on a Slurm cluster

        Usage: kcorrset slurm [OPTIONS] --parts <N> -k <K> <DATA>

        Arguments:
          <DATA>  The table, which every task reads: a file

        Options:
              --parts <N>        How many parts: tasks of the array
              --folder <DIR>     Folder for what tasks write: parts, sessions, logs; one for each search
                                 [default: parts]
              --result <FILE>    File for the result of the search [default: best.json in the folder]
              --format <FORM>    Form of the result; json is what `verify` reads [default: by the ending of
                                 --result, else table] [possible values: table, json, csv]
              --sbatch <OPTION>  Option of sbatch for all jobs, such as --sbatch=--gres=gpu:1; may be given
                                 again for more
          -o, --output <FILE>    File for the script [default: stdout]
          -k <K>                 Questions in a set: a number; or several, as a range with both ends such as
                                 2..8, or with commas
              --top <N>          How many of the best sets to print, of each K [default: 10, with --within
                                 1000; where -k names several, the table has the best of each]
              --within <D>       Only sets whose r is at most D below the best one's, such as 0.001; as many
                                 as --top lists
              --min-users <U>    Users that a set needs for a defined correlation, at least 2 [default: 2]
          -v, --verbose...       Say on stderr what was chosen and why; twice for more
          -q, --quiet            Nothing on stderr but warnings and errors
          -h, --help             Print help (see more with '--help')

        What sets are ranked by, and which:
              --criterion <WHICH>        Overall score that the score on a set is correlated with [default:
                                         total] [possible values: total, mean, rest]
              --criterion-column <NAME>  Column of the wide table, or of --criterion-file, that has the
                                         overall score of each user [default of a file: criterion]
              --criterion-file <FILE>    CSV or other table with a user and an overall score a row; users
                                         without one are left out
              --rank-by <FIGURE>         Figure that sets are ranked by [default: r] [possible values: r,
                                         lower-bound]
              --confidence <LEVEL>       Confidence of the lower bound, above 0.5 and below 1 [default:
                                         0.95]
              --include <LIST>           Questions that every set has, as a list like --questions
              --exclude <LIST>           Questions that no set has; they still count in the overall score
              --groups <FILE>            Table with a question and its group a row, for --per-group
              --group-column <NAME>      Column of the group in --groups [default: group]
              --per-group <NUMBERS>      How many questions a set has of each group: 'E=2,N=1..3'; of other
                                         groups any number
              --unanswered <WHAT>        What a missing answer means [default: complete-case] [possible
                                         values: complete-case, zero]

        How to read the table:
              --wide                    One row a user, one column a question [default: one row an answer]
              --questions <LIST>        Questions that count: names, ranges in the order of the table
                                        (A1..O5), patterns (Q*), with commas between; others are left out
                                        altogether [default: all; with --wide all columns but the user's]
              --user-column <NAME>      Column or field of the user's id [default: user; with --wide rows
                                        are numbered where there is none]
              --question-column <NAME>  Column or field of the question's id [default: question]
              --score-column <NAME>     Column or field of the score [default: score]
              --answers-field <NAME>    JSON of one record a user: the field whose object holds the answers
              --skip-rows <N>           Rows behind the header that are no data (Qualtrics: 2)
              --skip-blank-users        Leave out rows without a user, such as averages at the foot of a
                                        table
              --missing <LIST>          Texts that mean no answer, beside the empty one: NA,-99,. and the
                                        like [default: NA]
              --map <PAIRS>             Scores of labels: 'Never=1,Often=2'; may be given again for more. A
                                        label may hold commas. true and false are 1 and 0 without it
              --reverse <LIST>          Questions that are worded the other way, as a list like --questions:
                                        a score x becomes lowest + highest - x
              --range <MIN..MAX>        Lowest and highest score of the reversed questions, as 1..5 or -2..2
                                        [default: as read]
              --round <DIGITS>          Round scores to so many digits behind the point, halves away from
                                        zero [default: exact]
              --decimal-comma           Scores have a comma for a point: 1,5 is one and a half
              --encoding <NAME>         Encoding of the text: latin1, windows-1252 and others [default:
                                        UTF-8, or UTF-16 by its mark]
              --sheet <NAME>            Sheet of a workbook [default: the first]
              --duplicates <WHICH>      What to do where a user answers a question twice [default: error]
                                        [possible values: error, same, first, last, max, mean]

        What computes:
              --engine <NAME>       What computes; the answer is the same [default: auto] [possible values:
                                    auto, cpu, gpu, bound, reference]
              --device <I,..>       The GPU to use, by its number in `kcorrset devices`; several with commas
                                    share the search
              --profile <1..4>      How long a GPU computes at a time: 1 to 4 for 2, 12, 96 or 480 ms; the
                                    more, the less responsive is a desktop on it [default: 2]
              --threads <T>         Threads of the engines cpu and bound [default: one a core]
              --instructions <SET>  Instructions that the CPU engine may use [default: the fastest there
                                    are] [possible values: portable, avx2, avx512, amx]

        Examples:
          kcorrset slurm answers.csv -k 7 --min-users 30 --parts 64 -o search.sh && bash search.sh
          kcorrset slurm answers.csv -k 7 --parts 8 --engine gpu --sbatch=--gres=gpu:1
          --sbatch=--time=4:00:00 -o search.sh
    "#]],
    );
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
    expect![[r##"
        #!/bin/bash
        # A search in 16 parts as a job array of Slurm, written by kcorrset 0.1.0. Where sbatch works, type
        #
        #     bash FILE        with the name of this file
        #
        # It submits the array and, behind it, a job that submits anew the parts that are missing then, with itself behind
        # them, and merges the parts where none is. It may be run again whenever nothing of it is under way: parts that are done
        # stay done, and others go on from where they were.
        #SBATCH --job-name=kcorrset
        # A task whose node fails is begun again, and goes on from what it had saved.
        #SBATCH --requeue
        #SBATCH --open-mode=append
        # A minute before its time is over a task is told to end: it saves what is done.
        #SBATCH --signal=B:TERM@60
        #SBATCH --gres=gpu:1
        #SBATCH --time=4:00:00

        set -euo pipefail

        program=/usr/bin/kcorrset
        home=/home/me
        folder=/home/me/parts
        result=/home/me/parts/best.json
        parts=16
        # So many rounds in a row that bring nothing forward, and it gives up.
        tries=3
        asked='cd /home/me; search t.csv -k 5 --min-users 30; in 16 parts'

        say() { echo "kcorrset slurm: $*" >&2; }
        fail() {
            say "$@"
            exit 2
        }

        # One part: nothing where it is done, else what is left of it. Signals reach the program itself, as exec gives it the
        # place of this shell.
        task() {
            local part=${SLURM_ARRAY_TASK_ID:?is set in tasks of an array}
            local session="$folder/$part.session"
            say "part $part/$parts, job ${SLURM_JOB_ID-}, on ${SLURMD_NODENAME:-$(hostname)}"
            cd -- "$home"
            if [ -e "$folder/$part.part" ]; then
                say "part $part/$parts is done"
            elif [ -e "$session" ] || [ -e "$session.before" ]; then
                say "part $part/$parts goes on from what was saved"
                exec "$program" resume "$session" --engine gpu
            else
                # Some parts that are done spare this one work; no result depends on which.
                shopt -s nullglob
                set -- "$folder"/[0-9]*.part
                [ $# -eq 0 ] || set -- --floor-from "${@:1:50}"
                exec "$program" search t.csv -k 5 --min-users 30 --engine gpu \
                    --part "$part/$parts" --session "$session" -o "$folder/$part.part" "$@"
            fi
        }

        # The parts that are still to be done, as sbatch takes them: 3,7-9. Fails where those that are there do not belong
        # together.
        missing() {
            local left status=0
            cd -- "$folder" || return
            set -- [0-9]*.part
            if [ ! -e "$1" ]; then
                echo "1-$parts"
                return
            fi
            left=$("$program" merge --missing "$@") || status=$?
            [ "$status" -le 1 ] || return "$status"
            awk -F / '
                function put() { line = line comma first (first == last ? "" : "-" last); comma = "," }
                NF && first && $1 == last + 1 { last = $1; next }
                NF { if (first) put(); first = last = $1 }
                END { if (first) put(); print line }
            ' <<<"$left"
        }

        # Changes with every part that is done and every piece of one that is saved.
        state() {
            cd -- "$folder" || return
            shopt -s nullglob
            cksum /dev/null [0-9]*.part [0-9]*.session 2>&1 | cksum | tr ' ' -
        }

        # Submits the parts $1 and the job behind them, with the number $2 of rounds that brought nothing forward.
        submit() {
            local before array behind
            before=$(state)
            array=$(sbatch --parsable --output="$logs/%A_%a.log" --array="$1" "$0" task) ||
                fail "sbatch refused the array: nothing is under way; run this script again where sbatch works"
            array=${array%%;*}
            echo "$array" >"$folder/jobs"
            behind=$(sbatch --parsable --output="$logs/%j.log" --dependency="afterany:$array" \
                "$0" behind "$2" "$before") ||
                fail "the array is under way as job $array, and sbatch refused the job behind it: run this script again when" \
                    "the array has ended"
            behind=${behind%%;*}
            echo "$array $behind" >"$folder/jobs"
            say "submitted: parts $1 of $parts as job $array, and job $behind behind them"
        }

        # The parts, merged.
        merge() {
            cd -- "$folder"
            "$program" merge [0-9]*.part -o "$result"
            say "all $parts parts are merged: $result"
        }

        # Behind the array: merges, or submits what is missing.
        behind() {
            local fruitless=$1 before=$2 left
            left=$(missing)
            if [ -z "$left" ]; then
                merge
                return
            fi
            fruitless=$((fruitless + 1))
            [ "$(state)" = "$before" ] || fruitless=0
            if [ "$fruitless" -ge "$tries" ]; then
                fail "parts $left of $parts are missing, and $tries rounds brought nothing forward: the logs in $folder/logs" \
                    "say why; when that is mended, run this script again"
            fi
            submit "$left" "$fruitless"
        }

        # As typed: refuses what is under way, or another search in this folder.
        begin() {
            local jobs left
            [ -f "$0" ] || fail "save this script as a file, and run that"
            mkdir -p -- "$folder/logs"
            if [ -e "$folder/asked" ]; then
                [ "$(cat -- "$folder/asked")" = "$asked" ] ||
                    fail "$folder: is of another search, which stands in $folder/asked: name another by --folder"
            else
                printf '%s\n' "$asked" >"$folder/asked"
            fi
            if [ -s "$folder/jobs" ]; then
                jobs=$(cat -- "$folder/jobs")
                [ -z "$(squeue --noheader --jobs="${jobs// /,}" 2>/dev/null)" ] ||
                    fail "it is under way already: wait for its end, or stop it by scancel $jobs"
            fi
            left=$(missing)
            if [ -z "$left" ]; then
                merge
            else
                submit "$left" 0
            fi
        }

        # sbatch takes a % in the name of a log for a pattern, unless there are two.
        logs=${folder//%/%%}/logs
        case ${1-begin} in
            begin | task | behind) "${@:-begin}" ;;
            *) fail "$1: is no part of this script; run it without arguments" ;;
        esac
    "##]].assert_eq(&script);
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
        shown(&cluster.program(TABLE, &["./-the table.csv"])),
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
