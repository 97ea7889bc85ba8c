//! The program as a user meets it: stdout, stderr and exit code of the real binary.
//!
//! Snapshots are of the oracle's engine, so that they do not depend on the machine; times and rates
//! are masked. Update them with `UPDATE_EXPECT=1 cargo test --test tests cli`.

use expect_test::{Expect, expect};
use kcorrset::engine::cpu::Isa;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

pub(crate) const EXAM: &str = "exam.csv";

/// What a search of it says of its total.
pub(crate) const NOTE: &str = "kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing \
                               answer counts as 0: it changes with how scores are coded; --criterion mean does \
                               not\n";

pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The binary with these arguments, in tests/data, with nothing of the caller's terminal.
pub(crate) fn kcorrset(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kcorrset"));
    command
        .args(line.split_whitespace())
        .current_dir(data())
        .env_remove("COLUMNS")
        .env_remove("CLICOLOR_FORCE")
        // As where there is no desktop, of which Mesa's libraries complain on stderr unless told not to.
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("NODEVICE_SELECT")
        .stdin(Stdio::null());
    command
}

pub(crate) fn run(line: &str) -> Output {
    kcorrset(line).output().expect("the binary starts")
}

/// With a path, which may have spaces, as the last argument.
pub(crate) fn run_on(line: &str, path: &Path) -> Output {
    kcorrset(line)
        .arg(path)
        .output()
        .expect("the binary starts")
}

pub(crate) fn run_with_stdin(line: &str, input: &[u8]) -> Output {
    let mut child = kcorrset(line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A refusal may come before all is read.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

pub(crate) fn code(output: &Output) -> i32 {
    let by_signal = || panic!("it ended by a signal: {}", output.status);
    output.status.code().unwrap_or_else(by_signal)
}

/// Exit code, stdout and stderr in one text, without what changes from run to run.
pub(crate) fn shown(output: &Output) -> String {
    let mut all = format!("exit {}\n", code(output));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            let _ = write!(all, "--- {name}\n{}", mask(text(bytes)));
            if !all.ends_with('\n') {
                all.push_str("<no line break>\n");
            }
        }
    }
    all
}

/// Times and rates become `_`.
pub(crate) fn mask(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("  \"elapsed_s\": ") {
            out.push_str("  \"elapsed_s\": _,\n");
        } else if let Some(rest) = line.strip_prefix("audit passed, ") {
            let rest = rest.split_once(" s, ").map_or(rest, |(_, rest)| rest);
            let rest = match rest.rsplit_once(", ") {
                Some((rest, rate)) if rate.ends_with(" sets/s\n") => rest,
                _ => rest.trim_end(),
            };
            let _ = writeln!(out, "audit passed, _ s, {rest}, _ sets/s");
        } else {
            out.push_str(line);
        }
    }
    out
}

pub(crate) fn check(line: &str, want: Expect) {
    want.assert_eq(&shown(&run(line)));
}

#[test]
fn help() {
    check(
        "--help",
        expect![[r#"
            exit 0
            --- stdout
            Finds the K questions of a test whose summed score correlates best with the overall score.

            Every set of K questions is looked at. For each, the users who answered all of it are taken, and
            Pearson's r between their score on the set and their total over all they answered. All arithmetic is
            in integers, every search is audited, and the answer does not depend on the engine.

            Usage: kcorrset [OPTIONS] <COMMAND>

            Commands:
              describe     Show what a table is like: scores, missing answers, each question
              search       Find the K questions whose summed score correlates best with the overall score
              plan         Show how long a search will take on each engine, and what would shorten it
              resume       Go on with a search that a session keeps
              merge        Put the results of all parts together
              slurm        Write a script that runs a search on a Slurm cluster
              verify       Check a result against its table, or an engine against the definition
              generate     Make a random table
              devices      List the GPUs of this machine
              bench        Measure the engines on fixed tables
              completions  Print what a shell needs to complete commands and options
              man          Print the manual page, or write the pages of all commands
              help         Print this message or the help of the given subcommand(s)

            Options:
              -v, --verbose...
                      Say on stderr what was chosen and why; twice for more

              -q, --quiet
                      Nothing on stderr but warnings and errors

              -h, --help
                      Print help (see a summary with '-h')

              -V, --version
                      Print version

            Exit codes: 0 done; 1 the answer is no (verify, merge --missing); 2 bad usage or input; 3 audit,
            self-test or check failed; 4 device failed; 5 the time was over (--max-time); 130 stopped.
        "#]],
    );
    check(
        "search -h",
        expect![[r#"
            exit 0
            --- stdout
            Find the K questions whose summed score correlates best with the overall score

            Usage: kcorrset search [OPTIONS] -k <K> <DATA>

            Arguments:
              <DATA>  The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin

            Options:
              -k <K>                    Questions in a set: a number; or several, as a range with both ends such
                                        as 2..8, or with commas
                  --top <N>             How many of the best sets to print, of each K [default: 10, with
                                        --within 1000; where -k names several, the table has the best of each]
                  --within <D>          Only sets whose r is at most D below the best one's, such as 0.001; as
                                        many as --top lists
                  --min-users <U>       Users that a set needs for a defined correlation, at least 2 [default:
                                        2]
                  --format <FORM>       Form of the result; json is what `verify` reads [default: by the
                                        output's ending, else table] [possible values: table, json, csv]
              -o, --output <FILE>       File for the result, written when complete [default: stdout]
                  --certificate <FILE>  File for a proof that no set is better, which `verify` checks by other
                                        means; with --engine bound or auto, which then is bound
                  --skip <R>            First rank to search: sets are numbered from 0 in lexicographic order of
                                        the table's questions [default: 0]
                  --limit <COUNT>       How many ranks to search [default: all]
                  --max-time <TIME>     Stop after this time of search, in seconds or as 30s, 10m, 2h, 1d, with
                                        the best sets so far and, where the bound engine runs, how far the best
                                        of all can be above them at most; the exit code is then 5
              -v, --verbose...          Say on stderr what was chosen and why; twice for more
              -q, --quiet               Nothing on stderr but warnings and errors
              -h, --help                Print help (see more with '--help')

            A search in pieces:
                  --session <FILE>         File that keeps what is done, at least once a minute and when the
                                           search is stopped: `resume FILE` goes on; gone when the result is
                                           written
                  --part <I/N>             Part I of N of equal expected work, whose result goes to --output for
                                           `merge`; other machines may do the others
                  --floor-from <FILES>...  Results of parts that are done: their best sets spare this part some
                                           work, and change no result

            Progress for programs:
                  --status-json <FILE>   File for the status of the search, a line of JSON an interval: sets
                                         done, sets a second of each device, time left, the best r so far, age
                                         of what --session saved; - is stdout, where --output names a file
                  --status-every <TIME>  Time between two of these lines, as 10s, 1m [default: 10s]

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

            Examples:
              kcorrset search answers.json -k 5
              kcorrset search answers.csv -k 3 --min-users 30 --top 20 -o best.json
              kcorrset search answers.csv -k 2..8 --min-users 30
              zcat answers.csv.gz | kcorrset search - -k 4 --user-column student
              kcorrset search answers.json -k 6 --skip 1000000000 --limit 1000000000
              kcorrset search answers.csv -k 7 --session long.session -o best.json
              kcorrset search answers.csv -k 7 --part 3/8 -o 3.part
        "#]],
    );
    check(
        "verify -h",
        expect![[r#"
            exit 0
            --- stdout
            Check a result against its table, or an engine against the definition

            Usage: kcorrset verify [OPTIONS] <DATA> <RESULT>
                   kcorrset verify [OPTIONS] <DATA> -k <K> --sample <M> [--engine <NAME>]

            Arguments:
              <DATA>    The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin
              [RESULT]  A result in JSON; - is stdin

            Options:
                  --certificate <FILE>  What `search --certificate` wrote beside RESULT: checks the proof that
                                        no set is better
                  --sample <M>          How many random sets to compare one by one
              -k <K>                    Questions in a set
                  --min-users <U>       Users that a set needs for a defined correlation, at least 2 [default:
                                        2]
                  --chunks <C>          How many random chunks to compare as a whole [default: 4]
                  --chunk-sets <COUNT>  Sets in a chunk [default: up to 2000, fewer where the table is large]
                  --seed <SEED>         Decides the draws [default: 0]
              -v, --verbose...          Say on stderr what was chosen and why; twice for more
              -q, --quiet               Nothing on stderr but warnings and errors
              -h, --help                Print help (see more with '--help')

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

            Examples:
              kcorrset verify answers.csv best.json
              kcorrset verify answers.csv -k 4 --sample 1000 --engine gpu
        "#]],
    );
    check(
        "generate -h",
        expect![[r#"
            exit 0
            --- stdout
            Make a random table

            Usage: kcorrset generate [OPTIONS]

            Options:
                  --users <U>                How many users [default: 60000]
                  --questions <Q>            How many questions [default: 200]
                  --answered <SHARE>         Share of the users who answer a question, from 0 to 1 [default:
                                             0.2]
                  --min-score <SCORE>        Lowest score [default: 0]
                  --max-score <SCORE>        Highest score [default: 1]
                  --model <MODEL>            How scores come about [default: random] [possible values: random,
                                             item-response]
                  --discrimination <LO..HI>  The item-response model: how sharply questions tell able users from
                                             others, drawn between these two for each question [default: 1..1,
                                             the Rasch model]
                  --factors <F>              The item-response model: independent abilities of a user; question
                                             q asks for the one of number q mod F [default: 1]
                  --booklets <B>             Deal users and questions into B booklets, two of which each user
                                             answers in full
                  --seed <SEED>              Decides all draws [default: 0]
                  --format <FORM>            Form of the table [default: by the output's extension, else json]
                                             [possible values: json, ndjson, csv]
              -o, --output <FILE>            File for the table, written when complete [default: stdout]
              -v, --verbose...               Say on stderr what was chosen and why; twice for more
              -q, --quiet                    Nothing on stderr but warnings and errors
              -h, --help                     Print help (see more with '--help')

            Examples:
              kcorrset generate -o benchmark.json
              kcorrset generate --users 120 --questions 12 --answered 0.8 --model item-response -o exam.csv
              kcorrset generate --users 4000 --answered 1 --min-score 1 --max-score 6 -o likert.csv
              kcorrset generate --answered 1 --model item-response --discrimination 0.5..2 -o exam.csv
        "#]],
    );
    check(
        "devices -h",
        expect![[r#"
        exit 0
        --- stdout
        List the GPUs of this machine

        Usage: kcorrset devices [OPTIONS]

        Options:
              --format <FORM>  Form of the list [default: table] [possible values: table, json]
          -v, --verbose...     Say on stderr what was chosen and why; twice for more
          -q, --quiet          Nothing on stderr but warnings and errors
          -h, --help           Print help (see more with '--help')
    "#]],
    );
}

#[test]
fn usage_errors() {
    check(
        "serch",
        expect![[r#"
            exit 2
            --- stderr
            error: unrecognized subcommand 'serch'

              tip: some similar subcommands exist: 'bench', 'search'

            Usage: kcorrset [OPTIONS] <COMMAND>

            For more information, try '--help'.
        "#]],
    );
    check(
        "search exam.csv",
        expect![[r#"
        exit 2
        --- stderr
        error: the following required arguments were not provided:
          -k <K>

        Usage: kcorrset search -k <K> <DATA>

        For more information, try '--help'.
    "#]],
    );
    check(
        "search exam.csv -k three",
        expect![[r#"
            exit 2
            --- stderr
            error: invalid value 'three' for '-k <K>': give a number such as 5, a range such as 2..8, or several with commas

            For more information, try '--help'.
        "#]],
    );
    check(
        "search exam.csv -k 3 --engine tpu",
        expect![[r#"
        exit 2
        --- stderr
        error: invalid value 'tpu' for '--engine <NAME>'
          [possible values: auto, cpu, gpu, bound, reference]

          tip: a similar value exists: 'gpu'

        For more information, try '--help'.
    "#]],
    );
    check(
        "search exam.csv -k 3 --threads 0",
        expect![[r#"
        exit 2
        --- stderr
        error: invalid value '0' for '--threads <T>': 0 is not in 1..=1024

        For more information, try '--help'.
    "#]],
    );
    check(
        "search exam.csv -k 3 --engine gpu --threads 2",
        expect![[r#"
            exit 2
            --- stderr
            kcorrset: error: --threads is for the CPU engine: leave it out, or take --engine cpu
        "#]],
    );
    check(
        "search exam.csv -k 3 --engine cpu --device 0",
        expect![[r#"
            exit 2
            --- stderr
            kcorrset: error: --device chooses a GPU: leave it out, or take --engine gpu
        "#]],
    );
    check(
        "search exam.csv -k 3 --limit 0",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: --limit 0: there is nothing to search
    "#]],
    );
    check(
        "search exam.csv -k 3 -v -q",
        expect![[r#"
        exit 2
        --- stderr
        error: the argument '--verbose...' cannot be used with '--quiet'

        Usage: kcorrset search -k <K> --verbose... <DATA>

        For more information, try '--help'.
    "#]],
    );
    check(
        "verify exam.csv",
        expect![[r#"
        exit 2
        --- stderr
        error: the following required arguments were not provided:
          <RESULT>

        Usage: kcorrset verify [OPTIONS] <DATA> <RESULT>
               kcorrset verify [OPTIONS] <DATA> -k <K> --sample <M> [--engine <NAME>]

        For more information, try '--help'.
    "#]],
    );
    check(
        "verify exam.csv -k 3",
        expect![[r#"
        exit 2
        --- stderr
        error: the following required arguments were not provided:
          --sample <M>
          <RESULT>

        Usage: kcorrset verify [OPTIONS] <DATA> <RESULT>
               kcorrset verify [OPTIONS] <DATA> -k <K> --sample <M> [--engine <NAME>]

        For more information, try '--help'.
    "#]],
    );
    check(
        "verify exam.csv x.json --engine cpu",
        expect![[r#"
        exit 2
        --- stderr
        error: the argument '[RESULT]' cannot be used with '--engine <NAME>'

        Usage: kcorrset verify [OPTIONS] <DATA> <RESULT>
               kcorrset verify [OPTIONS] <DATA> -k <K> --sample <M> [--engine <NAME>]

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn queries_that_do_not_fit() {
    check(
        "search exam.csv -k 0",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: a set needs at least one question; give -k 1 or more
    "#]],
    );
    check(
        "search exam.csv -k 13",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: sets of 13 questions are asked for, and the table has only 12 questions; give a smaller -k
    "#]],
    );
    check(
        "search exam.csv -k 3 --top 0",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: at least one set must be asked for; give --top 1 or more
    "#]],
    );
    check(
        "search exam.csv -k 3 --min-users 1",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: a correlation needs at least 2 users, not 1; give --min-users 2 or more
    "#]],
    );
    check(
        "search exam.csv -k 3 --min-users 121",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: sets of 121 users and more are asked for, and the table has only 120 users; give a smaller --min-users
    "#]],
    );
    check(
        "search exam.csv -k 3 --skip 220",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: --skip 220: there are only 220 sets
    "#]],
    );
}

#[test]
fn inputs_that_are_no_table() {
    check(
        "search no-such-file.csv -k 3",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: no-such-file.csv: cannot open: No such file or directory (os error 2)
    "#]],
    );
    let search = |input: &str| {
        shown(&run_with_stdin(
            "search - -k 1 --engine reference",
            input.as_bytes(),
        ))
    };
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: stdin: empty: expected a JSON array of objects, one JSON object a line, or CSV with a header
    "#]].assert_eq(&search(""));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: stdin: no column "score": the header on line 1 has "user", "question"; name the columns with --user-column, --question-column and --score-column
    "#]].assert_eq(&search("user,question\n1,2\n"));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: stdin: line 2: "score" is "high", not a number: write an integer or a decimal such as 1, 0.5 or -2, and leave a missing answer empty; give labels their scores with --map 'LABEL=SCORE', and codes of missing answers with --missing LIST
    "#]].assert_eq(&search("user,question,score\n1,2,high\n"));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: stdin: record 1: not valid JSON at line 1, column 35: the array is not closed; the file is cut short
    "#]].assert_eq(&search("[{\"user\":1,\"question\":2,\"score\":3}"));
}

#[test]
fn an_output_that_cannot_be_is_found_before_the_search() {
    check(
        "search no-such-file.csv -k 3 -o no-such-folder/x",
        expect![[r#"
            exit 2
            --- stderr
            kcorrset: error: no-such-folder/x: there is no folder no-such-folder
        "#]],
    );
    check(
        "search no-such-file.csv -k 3 -o .",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: .: is a folder
    "#]],
    );
}

#[test]
fn search_as_a_table() {
    check(
        "search exam.csv -k 3 --engine reference --top 3",
        expect![[r#"
            exit 0
            --- stdout
            120 users, 12 questions, 1,152 responses
            220 sets of 3 questions, 220 defined, min_users 2
            audit passed, _ s, reference engine on 1 CPU thread, _ sets/s

            place  r                   users  questions
                1  0.861111558234934      67  q2, q4, q6
                2  0.8572643576730336     66  q1, q2, q6
                3  0.844042729538641      62  q1, q3, q6
            --- stderr
            kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        "#]],
    );
    check(
        "search exam.csv -k 3 --engine reference --top 1 --skip 100 --limit 50 --min-users 30",
        expect![[r#"
            exit 0
            --- stdout
            120 users, 12 questions, 1,152 responses
            50 of 220 sets (ranks 100..150) of 3 questions, 50 defined, min_users 30
            audit passed, _ s, reference engine on 1 CPU thread, _ sets/s

            place  r                  users  questions
                1  0.861111558234934     67  q2, q4, q6
            --- stderr
            kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        "#]],
    );
}

#[test]
fn search_as_json() {
    check(
        "search exam.csv -k 3 --engine reference --top 2 --format json",
        expect![[r#"
            exit 0
            --- stdout
            {
              "schema": 2,
              "version": "0.1.0",
              "data": {"users":120,"questions":12,"responses":1152,"scale":0,"fingerprint":"sha256:72748cb5eac446eabd032e8c682165caaf85b9313181f96915984a9fc604ceb3"},
              "query": {"k":3,"top":2,"min_users":2},
              "engine": {"name":"reference","devices":["1 CPU thread"]},
              "sets": {"total":"220","defined":"220"},
              "audit": {"passed":true,"sets":"220","n":"13586","sa":"16037","sg":"54604","saa":"31069","sgg":"291506","sag":"84897"},
              "elapsed_s": _,
              "results": [
                {"place":1,"questions":["q2","q4","q6"],"r":0.861111558234934,"users":67,"sums":{"n":67,"sa":106,"sg":286,"saa":244,"sgg":1616,"sag":602}},
                {"place":2,"questions":["q1","q2","q6"],"r":0.8572643576730336,"users":66,"sums":{"n":66,"sa":89,"sg":266,"saa":181,"sgg":1428,"sag":485}}
              ]
            }
            --- stderr
            kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        "#]],
    );
}

#[test]
fn search_as_csv() {
    check(
        "search exam.csv -k 3 --engine reference --top 2 --format csv",
        expect![[r#"
            exit 0
            --- stdout
            place,r,users,sa,sg,saa,sgg,sag,question_1,question_2,question_3
            1,0.861111558234934,67,106,286,244,1616,602,q2,q4,q6
            2,0.8572643576730336,66,89,266,181,1428,485,q1,q2,q6
            --- stderr
            kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        "#]],
    );
}

#[test]
fn few_users_and_too_few_sets_are_warned_of() {
    let input = "user,question,score\n1,a,1\n2,a,0\n1,b,3\n2,b,1\n3,b,1\n";
    let out = run_with_stdin("search - -k 2 --engine reference --top 4", input.as_bytes());
    expect![[r#"
        exit 0
        --- stdout
        3 users, 2 questions, 5 responses
        1 set of 2 questions, 1 defined, min_users 2
        audit passed, _ s, reference engine on 1 CPU thread, _ sets/s

        place  r  users  questions
            1  1      2  a, b
        --- stderr
        kcorrset: note: 1 answer is missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        kcorrset: warning: the best set rests on only 2 users, and with so few a high r comes by chance; --min-users 10 or more leaves such sets out
        kcorrset: warning: the 4 best sets were asked for, and only 1 has a defined correlation
    "#]].assert_eq(&shown(&out));
    let constant = "user,question,score\n1,a,1\n2,a,1\n";
    let out = run_with_stdin("search - -k 1 --engine reference", constant.as_bytes());
    expect![[r#"
        exit 0
        --- stdout
        2 users, 1 question, 2 responses
        1 set of 1 question, 0 defined, min_users 2
        audit passed, _ s, reference engine on 1 CPU thread, _ sets/s
        --- stderr
        kcorrset: warning: no set has a defined correlation: none was answered in full by 2 users whose scores and totals vary
    "#]].assert_eq(&shown(&out));
}

#[test]
fn duplicates_are_refused_or_chosen_from() {
    let input = "student,item,mark\n1,a,1\n2,a,0\n3,a,0\n1,b,3\n2,b,1\n3,b,2\n1,a,0\n";
    let search = |which| {
        let line = "search - -k 2 --engine reference --format csv --top 1 --user-column student \
                    --question-column item --score-column mark --duplicates";
        shown(&run_with_stdin(
            &format!("{line} {which}"),
            input.as_bytes(),
        ))
    };
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: stdin: user "1" answered question "a" twice, at line 2 and line 8; the table's only repeat differs; choose one with --duplicates first, last, max or mean
    "#]].assert_eq(&search("error"));
    expect![[r#"
        exit 0
        --- stdout
        place,r,users,sa,sg,saa,sgg,sag,question_1,question_2
        1,1,3,7,7,21,21,21,a,b
        --- stderr
        kcorrset: warning: the best set rests on only 3 users, and with so few a high r comes by chance; --min-users 10 or more leaves such sets out
    "#]].assert_eq(&search("first"));
    expect![[r#"
        exit 0
        --- stdout
        place,r,users,sa,sg,saa,sgg,sag,question_1,question_2
        1,1,3,6,6,14,14,14,a,b
        --- stderr
        kcorrset: warning: the best set rests on only 3 users, and with so few a high r comes by chance; --min-users 10 or more leaves such sets out
    "#]].assert_eq(&search("last"));
}

#[test]
fn stdin_is_the_file() {
    let table = std::fs::read(data().join(EXAM)).expect("the committed table");
    let line = |data| format!("search {data} -k 3 --engine reference --format csv");
    let piped = run_with_stdin(&line("-"), &table);
    assert_eq!(code(&piped), 0, "{}", shown(&piped));
    assert_eq!(piped.stdout, run(&line(EXAM)).stdout);
}

#[test]
fn auto_says_what_it_chose() {
    let line = "search exam.csv -k 2 --format csv";
    let out = run(line);
    let said = text(&out.stderr);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(said.contains("kcorrset: using the "), "{said}");
    let quiet = run(&format!("{line} --quiet"));
    assert_eq!((code(&quiet), text(&quiet.stderr)), (0, ""));
    let cpu = run(&format!("{line} --threads 2"));
    assert!(
        text(&cpu.stderr).contains("using the cpu engine"),
        "{}",
        shown(&cpu)
    );
    for other in [quiet, cpu] {
        assert_eq!(other.stdout, out.stdout);
    }
}

#[test]
fn instructions_can_be_forced_where_the_cpu_engine_heeds_them() {
    let line = "search exam.csv -k 3 --format csv --quiet";
    let want = run(&format!("{line} --engine reference"));
    let forced = run(&format!("{line} -vv --instructions portable").replace(" --quiet", ""));
    assert_eq!((code(&forced), &forced.stdout), (0, &want.stdout));
    let said = text(&forced.stderr);
    assert!(said.contains("kernels=\"portable\""), "{said}");
    assert!(said.contains("--instructions was given"), "{said}");
    for heedless in ["--engine reference", "--engine gpu", "--device 0"] {
        let refused = run(&format!("{line} --instructions portable {heedless}"));
        assert_eq!((code(&refused), text(&refused.stdout)), (2, ""));
        let said = text(&refused.stderr);
        assert!(said.starts_with("kcorrset: error: --instructions is for the CPU engine"));
    }
    for isa in Isa::ALL {
        let named = run(&format!("{line} --instructions {}", isa.name()));
        if isa.is_available() {
            assert_eq!((code(&named), &named.stdout), (0, &want.stdout));
        } else {
            assert_eq!(code(&named), 2);
            assert!(text(&named.stderr).contains("this processor lacks them"));
        }
    }
}

/// A GPU engine needs an adapter; without one these tests fail, as those of the engine do.
#[test]
fn a_gpu_says_how_busy_it_was_and_what_it_was_asked_first() {
    let line = "search exam.csv -k 3 --format csv";
    let want = run(&format!("{line} --engine reference"));
    for options in ["", " --profile 1", " --profile 4 --device 0"] {
        let out = run(&format!("{line} --engine gpu -v{options}"));
        assert_eq!((code(&out), &out.stdout), (0, &want.stdout));
        let said = text(&out.stderr);
        for word in ["self-test passed", "compiled", "busy_share="] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
    let unheeded = run(&format!("{line} --threads 1 --profile 3"));
    assert_eq!((code(&unheeded), &unheeded.stdout), (0, &want.stdout));
    assert!(text(&unheeded.stderr).contains("--profile is for GPUs and changes nothing"));
    let quiet = run(&format!("{line} --engine gpu"));
    assert_eq!((code(&quiet), text(&quiet.stderr)), (0, NOTE));
}

#[test]
fn devices_and_profiles_that_make_no_sense_are_refused() {
    let refused = |line: &str, why: &str| {
        let out = run(line);
        assert_eq!((code(&out), text(&out.stdout)), (2, ""), "{line}");
        assert!(text(&out.stderr).contains(why), "{}", text(&out.stderr));
    };
    let search = "search exam.csv -k 3";
    refused(
        &format!("{search} --device 0,1,0"),
        "--device 0: is named twice",
    );
    refused(&format!("{search} --device 0,"), "invalid value ''");
    refused(
        &format!("{search} --device 0,999"),
        "there is no GPU 999: there ",
    );
    refused(&format!("{search} --profile 0"), "0 is not in 1..=4");
    refused(&format!("{search} --profile 5"), "5 is not in 1..=4");
    refused(
        &format!("{search} --engine cpu --profile 2"),
        "--profile is for GPUs",
    );
    refused("bench cpu --quick --device 0", "are for GPUs");
    refused("bench cpu --quick --profile 1", "are for GPUs");
    refused("bench cpu --quick --pipeline flat", "are for GPUs");
    refused("bench gpu --quick --regime lanes", "for the CPU engine");
    refused("bench cpu --quick --regime tiles", "invalid value 'tiles'");
    // A forced regime that comes to nothing is no figure.
    refused(
        "bench cpu --quick --quiet --workload complete --regime cross",
        "cannot run this: the cross regime",
    );
    refused(
        "bench gpu --quick --pipeline quick",
        "invalid value 'quick'",
    );
    refused("bench gpu --quick --device 0,0", "is named twice");
    refused(
        "bench gpu --quick --device 999",
        "there is no GPU 999: there ",
    );
}

#[test]
fn quick_benches_of_a_gpu_are_checked_and_say_how_many_sets() {
    let line = "bench cpu gpu --device 0 --quick --runs 1 --quiet --workload k2 --workload k6";
    let out = run(&format!("{line} --format json"));
    assert_eq!((code(&out), text(&out.stderr)), (0, ""));
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(
        document["workloads"].as_array().expect("the CPU's").len(),
        2
    );
    let gpus = document["gpus"].as_array().expect("GPUs");
    assert_eq!((gpus.len(), &gpus[0]["index"]), (1, &serde_json::json!(0)));
    let workloads = gpus[0]["workloads"].as_array().expect("workloads");
    assert_eq!(workloads.len(), 2);
    for figures in workloads {
        assert_eq!(figures["sets_searched"], figures["sets"], "{figures}");
        let busy = figures["busy_shares"][0].as_f64().expect("a share");
        assert!(busy > 0.0 && busy <= 1.0, "{figures}");
        for positive in ["ratio", "users_sets_per_s", "preparation_s"] {
            assert!(
                figures[positive].as_f64().expect(positive) > 0.0,
                "{figures}"
            );
        }
    }
    // Pipelines beside each other, as they were asked for.
    let line = line.replace("cpu gpu", "gpu");
    let line = line.replace(" --workload k2", " --pipeline projected,flat");
    let out = run(&format!("{line} --format json"));
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let measured: Vec<_> = document["gpus"]
        .as_array()
        .expect("a GPU for each pipeline")
        .iter()
        .map(|gpu| {
            (
                &gpu["index"],
                &gpu["pipeline"],
                &gpu["workloads"][0]["workload"],
            )
        })
        .collect();
    let of = |name| {
        (
            serde_json::json!(0),
            serde_json::json!(name),
            serde_json::json!("k6"),
        )
    };
    let [projected, flat] = [of("projected"), of("flat")];
    let want = [&projected, &flat].map(|(index, name, k6)| (index, name, k6));
    assert_eq!(measured, want);
    let line = line.replace(" --pipeline projected,flat", " --workload k2");
    let table = run(&line);
    let said = text(&table.stdout);
    assert_eq!((code(&table), said.lines().count()), (0, 5), "{said}");
    assert!(said.starts_with("gpu 0: "), "{said}");
    assert!(said.contains("busy %"), "{said}");
}

#[test]
fn quick_benches_give_a_line_a_workload() {
    let out = run("bench cpu --quick --runs 1 --quiet --format json");
    assert_eq!((code(&out), text(&out.stderr)), (0, ""));
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let workloads = document["workloads"].as_array().expect("workloads");
    assert_eq!(workloads.len(), 16);
    for figures in workloads {
        assert!(
            figures["ratio"].as_f64().expect("a ratio") > 0.0,
            "{figures}"
        );
    }
    let out = run("bench --quick --runs 1 --quiet --workload k2 --workload k2 --threads 1");
    let said = text(&out.stdout);
    assert_eq!((code(&out), said.lines().count()), (0, 4), "{said}");
    assert!(said.starts_with("cpu engine, 1 threads, "), "{said}");
    let line = "bench cpu --quick --runs 1 --quiet --workload likert --regime auto,lanes,general";
    let out = run(&format!("{line} --format json"));
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let figures = document["workloads"].as_array().expect("workloads").iter();
    let regimes: Vec<_> = figures.map(|figures| &figures["regime"]).collect();
    assert_eq!(
        serde_json::json!(regimes),
        serde_json::json!([null, "lanes", "general"])
    );
    let unknown = run("bench --quick --workload no-such");
    assert_eq!((code(&unknown), text(&unknown.stdout)), (2, ""));
}

#[test]
fn verbose_traces_the_choices() {
    let line = "search exam.csv -k 3 --engine reference";
    assert_eq!(text(&run(line).stderr), NOTE);
    let out = run(&format!("{line} -v"));
    let said = text(&out.stderr);
    assert!(said.contains("engine=\"reference\""), "{said}");
}

/// A result of the exam table, changed by `change`, in a folder of its own.
fn result(change: impl Fn(String) -> String) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    let out = run_on(
        "search -q exam.csv -k 3 --engine reference --format json -o",
        &path,
    );
    assert_eq!(shown(&out), "exit 0\n");
    let right = std::fs::read_to_string(&path).expect("written");
    std::fs::write(&path, change(right)).expect("written again");
    (folder, path)
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(String) -> String {
    move |text| {
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1)
    }
}

#[test]
fn verify_accepts_a_right_result() {
    // As it was before there could be several K.
    let (_folder, path) = result(replaced("\"schema\": 2", "\"schema\": 1"));
    let before = run_on("verify exam.csv", &path);
    let (_folder, path) = result(|text| text);
    assert_eq!(shown(&before), shown(&run_on("verify exam.csv", &path)));
    expect![[r#"
        exit 0
        --- stdout
        10 sets checked, all agree: table, sums, r, order and counts
    "#]]
    .assert_eq(&shown(&run_on("verify exam.csv", &path)));
    let text = std::fs::read(&path).expect("readable");
    let piped = run_with_stdin("verify exam.csv -", &text);
    assert_eq!(code(&piped), 0, "{}", shown(&piped));
}

#[test]
fn verify_names_what_is_wrong_in_a_result() {
    let verify = |change: &dyn Fn(String) -> String| {
        let (_folder, path) = result(change);
        shown(&run_on("verify exam.csv", &path))
    };
    expect![[r#"
        exit 1
        --- stdout
        data: fingerprint is sha256:82748cb5eac446eabd032e8c682165caaf85b9313181f96915984a9fc604ceb3, recomputed sha256:72748cb5eac446eabd032e8c682165caaf85b9313181f96915984a9fc604ceb3
    "#]].assert_eq(&verify(&replaced("\"sha256:7", "\"sha256:8")));
    expect![[r#"
        exit 1
        --- stdout
        results: 10 sets are listed, and 9 were asked for
        results: their number is 10, recomputed 9
    "#]]
    .assert_eq(&verify(&replaced("\"top\":10", "\"top\":9")));
    expect![[r#"
        exit 1
        --- stdout
        place 1: Sag is 603, recomputed 602
    "#]]
    .assert_eq(&verify(&replaced("\"sag\":602", "\"sag\":603")));
}

#[test]
fn verify_sees_one_changed_score() {
    let (folder, path) = result(|text| text);
    let table = std::fs::read_to_string(data().join(EXAM)).expect("the committed table");
    let row = "\nu1,q0,0\n";
    assert!(table.contains(row));
    let changed = folder.path().join("changed.csv");
    std::fs::write(&changed, table.replace(row, "\nu1,q0,1\n")).expect("written");
    let out = kcorrset("verify").arg(&changed).arg(&path).output();
    let out = out.expect("the binary starts");
    let said = text(&out.stdout);
    assert_eq!(code(&out), 1, "{}", shown(&out));
    assert!(said.starts_with("data: fingerprint is sha256:"), "{said}");
    // u1's total rose by one, in every set that u1 answered.
    assert!(said.contains(": Sg is "), "{said}");
}

#[test]
fn verify_refuses_what_is_no_result() {
    let refused = |change: &dyn Fn(String) -> String| {
        let (folder, path) = result(change);
        let folder = folder.path().to_str().expect("UTF-8");
        shown(&run_on("verify exam.csv", &path)).replace(folder, "FOLDER")
    };
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: FOLDER/result.json: is not a result; make one with `kcorrset search --format json`: EOF while parsing a value at line 1 column 0
    "#]].assert_eq(&refused(&|_| String::new()));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: FOLDER/result.json: is not a result; make one with `kcorrset search --format json`: EOF while parsing a value at line 4 column 1
    "#]].assert_eq(&refused(&|text| text[..40].to_owned()));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: FOLDER/result.json: is not a result; make one with `kcorrset search --format json`: its schema is 3, and this version of kcorrset reads 1 to 2
    "#]].assert_eq(&refused(&replaced("\"schema\": 2", "\"schema\": 3")));
    let unknown = refused(&replaced("\"min_users\"", "\"weights\":1,\"min_users\""));
    assert!(unknown.contains("unknown field `weights`"), "{unknown}");
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: FOLDER/result.json: is not a result; make one with `kcorrset search --format json`: invalid type: integer `220`, expected a string at line 7 column 22
    "#]].assert_eq(&refused(&replaced("\"total\":\"220\"", "\"total\":220")));
    check(
        "verify exam.csv no-such.json",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: no-such.json: cannot read: No such file or directory (os error 2)
    "#]],
    );
    check(
        "verify - -",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: DATA and RESULT cannot both be stdin
    "#]],
    );
}

#[test]
fn verify_compares_an_engine_with_the_definition() {
    for engine in ["cpu", "reference"] {
        let line = "verify exam.csv -k 4 --sample 25 --chunks 2 --chunk-sets 100 --engine";
        let want = format!(
            "exit 0\n--- stdout\nall agree: 25 single sets and 2 chunks of 100 sets, {engine} engine \
             against the definition\n"
        );
        assert_eq!(shown(&run(&format!("{line} {engine}"))), want);
    }
    check(
        "verify exam.csv -k 4 --sample 0 --chunks 0",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: --sample 0 --chunks 0: there is nothing to compare
    "#]],
    );
    check(
        "verify exam.csv -k 13 --sample 1 --engine cpu",
        expect![[r#"
            exit 2
            --- stderr
            kcorrset: error: sets of 13 questions are asked for, and the table has only 12 questions; give a smaller -k
        "#]],
    );
}

#[test]
fn generate_writes_the_same_table_in_each_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let searched = |name: &str, more: &str| {
        let path = folder.path().join(name);
        let line = format!("generate --users 40 --questions 6 --seed 7 {more} -o");
        assert_eq!(shown(&run_on(&line, &path)), "exit 0\n");
        let out = run_on("search -q -k 2 --format csv --engine reference", &path);
        assert_eq!(code(&out), 0, "{}", shown(&out));
        out.stdout
    };
    let csv = searched("a.csv", "");
    assert_eq!(csv, searched("a.json", ""));
    assert_eq!(csv, searched("a.ndjson", ""));
    assert_eq!(csv, searched("a.txt", "--format csv"));
    assert_ne!(csv, searched("b.csv", "--model item-response"));
    assert_eq!(folder.path().read_dir().expect("readable").count(), 5);
}

#[test]
fn the_committed_table_is_what_generate_makes() {
    let out = run(
        "generate --users 120 --questions 12 --answered 0.8 --model item-response --seed 1 --format csv",
    );
    let table = std::fs::read_to_string(data().join(EXAM)).expect("the committed table");
    assert!(text(&out.stdout) == table, "tests/data/{EXAM} is stale");
}

#[test]
fn generate_takes_discriminations_and_factors() {
    let made = |more: &str| {
        let out = run(&format!(
            "generate --users 40 --questions 6 --answered 1 --model item-response {more} --format csv"
        ));
        assert_eq!((code(&out), text(&out.stderr)), (0, ""), "{more}");
        out.stdout
    };
    let rasch = made("");
    assert_eq!(made("--discrimination 1..1.0 --factors 1"), rasch);
    let others = [
        "--discrimination 0.5..2",
        "--discrimination -1..-.5",
        "--factors 6",
    ];
    for (i, one) in others.iter().enumerate() {
        assert_ne!(made(one), rasch);
        for other in &others[..i] {
            assert_ne!(made(one), made(other));
        }
    }
}

#[test]
fn generate_refuses_without_leaving_anything() {
    check(
        "generate -o no-such-folder/x.csv",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: no-such-folder/x.csv: there is no folder no-such-folder
    "#]],
    );
    check(
        "generate -o x.csv.gz",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: the table would not be compressed: leave off .gz, or write to stdout and pipe it through a compressor
    "#]],
    );
    check(
        "generate --booklets 0",
        expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: --booklets 0: ask for at least one, or leave it out
    "#]],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |line: &str| {
        let out = run_on(line, &folder.path().join("x.csv"));
        assert_eq!(folder.path().read_dir().expect("readable").count(), 0);
        shown(&out)
    };
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: the share of users who answer a question must lie between 0 and 1, not 1.5
    "#]]
    .assert_eq(&refused("generate --answered 1.5 -o"));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: a table needs at least one user and one question, not 0 and 200
    "#]]
    .assert_eq(&refused("generate --users 0 -o"));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: no score lies between 3 and 2: give the smaller one first
    "#]]
    .assert_eq(&refused("generate --min-score 3 --max-score 2 -o"));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: --discrimination and --factors are for the item-response model: leave them out, or add --model item-response
    "#]].assert_eq(&refused("generate --discrimination 0.5..2 -o"));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: --discrimination and --factors are for the item-response model: leave them out, or add --model item-response
    "#]].assert_eq(&refused("generate --factors 1 -o"));
    let asked = "generate --model item-response --users 9 --questions 4 --answered 1";
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: discriminations from 2 to -1.5: the item-response model needs two finite numbers, the smaller one first
    "#]].assert_eq(&refused(&format!("{asked} --discrimination 2..-1.5 -o")));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: discriminations from NaN to 1: the item-response model needs two finite numbers, the smaller one first
    "#]].assert_eq(&refused(&format!("{asked} --discrimination nan..1 -o")));
    expect![[r#"
        exit 2
        --- stderr
        error: invalid value '2' for '--discrimination <LO..HI>': write the smallest and the largest, as in 0.5..2

        For more information, try '--help'.
    "#]].assert_eq(&refused(&format!("{asked} --discrimination 2 -o")));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: 0 factors for 4 questions: the item-response model needs at least one, and at most one a question
    "#]].assert_eq(&refused(&format!("{asked} --factors 0 -o")));
    expect![[r#"
        exit 2
        --- stderr
        kcorrset: error: 5 factors for 4 questions: the item-response model needs at least one, and at most one a question
    "#]].assert_eq(&refused(&format!("{asked} --factors 5 -o")));
}

#[test]
fn devices_as_json_parse() {
    let out = run("devices --format json");
    assert_eq!(code(&out), 0, "{}", shown(&out));
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(document["schema"], 1);
    let table = run("devices");
    assert_eq!(code(&table), 0);
    assert!(text(&table.stdout).ends_with('\n'));
    for device in document["devices"].as_array().expect("an array") {
        let name = device["name"].as_str().expect("a name");
        assert!(device["software"].is_boolean() && device["index"].is_u64());
        assert!(text(&table.stdout).contains(name), "{}", shown(&table));
        // What decides whether and how an engine can use it.
        for fact in [
            "backend",
            "driver",
            "driver_info",
            "limits.max_buffer",
            "limits.max_storage_binding",
            "limits.workgroup_memory",
            "limits.invocations",
            "features.subgroup",
            "features.subgroup_max_size",
            "features.shader_int64",
            "features.timestamp_query",
        ] {
            let pointer = format!("/{}", fact.replace('.', "/"));
            assert!(device.pointer(&pointer).is_some(), "{fact}: {device}");
            assert!(text(&table.stdout).contains(fact), "{}", shown(&table));
        }
        let marked = text(&table.stdout).contains(&format!("{name} (software: "));
        assert_eq!(device["software"] == true, marked);
    }
}

/// Starts the binary with stdout and stderr in pipes.
#[cfg(unix)]
pub(crate) fn start(command: &mut Command) -> Child {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    // More than a pipe holds, so that the writer meets the closed end.
    let mut child = start(&mut kcorrset("generate --users 20000"));
    let mut stdout = child.stdout.take().expect("piped");
    stdout.read_exact(&mut [0; 16]).expect("some output");
    drop(stdout);
    let out = child.wait_with_output().expect("it ends");
    assert_eq!((code(&out), text(&out.stderr)), (0, ""));

    let mut child = start(&mut kcorrset("search exam.csv -k 3 --engine reference"));
    drop(child.stdout.take());
    let out = child.wait_with_output().expect("it ends");
    assert_eq!((code(&out), text(&out.stderr)), (0, NOTE));
}

#[cfg(unix)]
#[test]
fn a_signal_stops_a_search_and_says_how_far_it_came() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("large.csv");
    let made = run_on("generate --users 200 --questions 60 -o", &table);
    assert_eq!(shown(&made), "exit 0\n");
    for signal in ["INT", "TERM"] {
        // C(60, 8) = 2,558,620,845 sets one by one: hours.
        let mut search = kcorrset("search -k 8 --engine reference -v");
        let mut child = start(search.arg(&table));
        let mut lines = BufReader::new(child.stderr.take().expect("piped"))
            .lines()
            .map(|line| line.expect("UTF-8"));
        assert!(lines.any(|line| line.contains("searching")));
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -s {signal} {}", child.id())])
            .status();
        assert!(sent.expect("a shell").success());
        let said = lines.last().expect("a last word");
        let out = child.wait_with_output().expect("it ends");
        assert_eq!(code(&out), 130, "{said}");
        // What it had found by then is the result, and says what it is.
        assert!(
            text(&out.stdout).contains("\nUNFINISHED after "),
            "{}",
            shown(&out)
        );
        assert!(said.starts_with("kcorrset: stopped after "), "{said}");
        assert!(said.ends_with(" of 2,558,620,845 sets"), "{said}");
    }
}
