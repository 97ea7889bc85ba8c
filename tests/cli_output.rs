//! An output that is the table itself is refused before any work, under whatever name.

use crate::cli::{EXAM, code, data, kcorrset, run_on, shown, text};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder with a table of its own, and that table's text.
fn table() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    fs::copy(data().join(EXAM), &path).expect("copied");
    let text = fs::read_to_string(&path).expect("readable");
    (folder, path, text)
}

/// `search` in `folder`; reading stdin takes the table there.
fn search(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = kcorrset("search -q -k 2 --engine reference");
    command.args(arguments).current_dir(folder);
    command
}

/// Runs what must be refused, and sees that the folder is as it was.
#[track_caller]
fn refused(mut command: Command, folder: &Path, shown_as: &str, read_as: &str) {
    let names = || {
        let entries = fs::read_dir(folder).expect("readable");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        names
    };
    let table = folder.join("table.csv");
    let before = (names(), fs::read(&table).expect("readable"));
    let out = command.output().expect("the binary starts");
    assert_eq!(
        shown(&out),
        format!(
            "exit 2\n--- stderr\nkcorrset: error: {shown_as}: is the table itself, read as {read_as}, and \
             the result would be written over it: name another file\n"
        )
    );
    assert!(before == (names(), fs::read(&table).expect("readable")));
}

#[test]
fn an_output_that_is_the_table_is_refused() {
    let (folder, path, _) = table();
    let folder = folder.path();
    let path = path.to_str().expect("UTF-8");
    fs::hard_link(path, folder.join("hard")).expect("linked");
    let mut same = vec![
        ("table.csv", "table.csv"),
        ("table.csv", "./table.csv"),
        ("./table.csv", "table.csv"),
        (path, "table.csv"),
        ("table.csv", path),
        ("table.csv", "hard"),
        ("hard", "table.csv"),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("table.csv", folder.join("soft")).expect("linked");
        symlink("soft", folder.join("softer")).expect("linked");
        fs::create_dir(folder.join("sub")).expect("made");
        symlink("..", folder.join("sub/up")).expect("linked");
        same.extend([
            ("table.csv", "soft"),
            ("soft", "table.csv"),
            ("softer", "soft"),
            ("hard", "softer"),
            ("table.csv", "sub/../table.csv"),
            ("table.csv", "sub/up/table.csv"),
            ("sub/up/hard", "softer"),
        ]);
    }
    for (read, written) in same {
        refused(
            search(folder, &[read, "-o", written]),
            folder,
            written,
            read,
        );
    }
}

/// Before any work: what is wrong with the table, or that it is very large, is not yet known.
#[test]
fn the_output_is_judged_before_the_table_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("table.csv"), "no table").expect("written");
    let command = search(folder.path(), &["table.csv", "-o", "table.csv"]);
    refused(command, folder.path(), "table.csv", "table.csv");
}

#[cfg(unix)]
#[test]
fn streams_that_are_the_table_are_refused() {
    let (folder, path, _) = table();
    let folder = folder.path();
    let read = || File::open(&path).expect("there");
    let append = || File::options().append(true).open(&path).expect("there");
    let mut command = search(folder, &["-", "-o", "table.csv"]);
    command.stdin(read());
    refused(command, folder, "table.csv", "stdin");
    let mut command = search(folder, &["table.csv"]);
    command.stdout(append());
    // What is refused is said on stderr, so that nothing of it is in the table.
    refused(command, folder, "stdout", "table.csv");
    let mut command = search(folder, &["-", "-o", "-"]);
    command.stdin(read()).stdout(append());
    refused(command, folder, "stdout", "stdin");
    let mut command = search(folder, &["table.csv", "-o", "/dev/stdout"]);
    command.stdout(append());
    refused(command, folder, "/dev/stdout", "table.csv");
}

#[test]
fn any_other_output_is_taken() {
    let (folder, path, before) = table();
    let folder = folder.path();
    // Of the same content, of another name, a new one, and one that stood there.
    for written in ["copy.data", "new.txt", "old.txt"] {
        fs::copy(&path, folder.join("copy.data")).expect("copied");
        fs::write(folder.join("old.txt"), "old").expect("written");
        let out = search(folder, &["table.csv", "-o", written]).output();
        assert_eq!(shown(&out.expect("the binary starts")), "exit 0\n");
        let result = fs::read_to_string(folder.join(written)).expect("written");
        assert!(result.starts_with("120 users, "), "{result}");
        assert_eq!(fs::read_to_string(&path).expect("readable"), before);
    }
    let mut command = search(folder, &["-", "-o", "new.txt"]);
    let command = command
        .stdin(File::open(&path).expect("there"))
        .stderr(Stdio::piped());
    assert_eq!(
        shown(&command.output().expect("the binary starts")),
        "exit 0\n"
    );
    // A device may be read and written.
    if cfg!(unix) {
        let mut command = search(folder, &["/dev/null", "-o", "/dev/null"]);
        let out = command.output().expect("the binary starts");
        assert!(
            text(&out.stderr).contains("/dev/null: empty: "),
            "{}",
            shown(&out)
        );
        assert_eq!(code(&out), 2);
        let out = run_on("search -q -k 2 --engine reference -o /dev/null", &path);
        assert_eq!(shown(&out), "exit 0\n");
    }
}

#[test]
fn the_form_follows_the_ending_unless_typed() {
    let (folder, _, _) = table();
    let folder = folder.path();
    let written = |arguments: &[&str]| {
        let out = search(folder, &[&["table.csv", "-o"], arguments].concat()).output();
        assert_eq!(shown(&out.expect("the binary starts")), "exit 0\n");
        fs::read_to_string(folder.join(arguments[0])).expect("written")
    };
    for (arguments, start) in [
        (&["x.json"][..], "{\n  \"schema\": 2,"),
        (&["x.CSV"], "place,r,users,"),
        (&["x.txt"], "120 users, "),
        (&["x.table"], "120 users, "),
        (&["x"], "120 users, "),
        (&["x.json", "--format", "csv"], "place,r,users,"),
        (&["x.csv", "--format", "table"], "120 users, "),
    ] {
        let text = written(arguments);
        assert!(text.starts_with(start), "{arguments:?}: {text}");
    }
}
