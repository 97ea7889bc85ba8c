//! The house keeps its own rules: layers, headers, sizes, and words that must not be committed.
//!
//! The layers are read from the map in src/lib.rs, so that the map cannot drift from the code.

mod circles;
mod silence;
mod tokens;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a file, its unit tests apart. Tables of data and tests may be longer.
const MOST_LINES: usize = 600;

/// Crates that may only be named in some rooms: crate, and how their paths start.
const KEPT_IN: [(&str, &[&str]); 6] = [
    ("wgpu", &["src/engine/gpu/"]),
    (
        "rayon",
        &[
            "src/engine/bound/",
            "src/engine/cpu/",
            "src/engine/pool.rs",
            "src/engine/published.rs",
            "src/search/",
        ],
    ),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("clap_complete", &["src/cli/"]),
    ("clap_mangen", &["src/cli/"]),
    ("anyhow", &["src/cli/", "src/main.rs"]),
];

/// Rooms that the oracle may name: it shares the table with the rest and nothing else.
const ORACLE: (&str, &str) = ("src/engine/reference.rs", "matrix");

/// A source file: its path from the repository's root, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Lines with their numbers, comments cut off.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = |line| str::split(line, "//").next().unwrap_or_default();
        (1..).zip(self.text.lines().map(code))
    }

    /// The room under src: a folder's or a file's name; `main` and `cli` are the binary's.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        Some(inside.split('/').next()?.trim_end_matches(".rs"))
    }
}

/// Every file below `folder` with this extension, in the order of their paths.
fn sources(folder: &str, extension: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/"),
        })
        .collect()
}

fn everything() -> Vec<Source> {
    ["src", "tests", "benches", "examples", "shaders"]
        .into_iter()
        .flat_map(|folder| [sources(folder, "rs"), sources(folder, "wgsl")])
        .flatten()
        .collect()
}

/// Fails with one line for each fault.
fn none(faults: &[String]) {
    let mut list = String::new();
    for fault in faults {
        let _ = write!(list, "\n  {fault}");
    }
    assert!(faults.is_empty(), "{list}");
}

/// Layer of each room, from the table in the documentation of src/lib.rs.
fn layers(map: &str) -> BTreeMap<String, u32> {
    map.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("//! |")?.split('|');
            let layer = cells.next()?.trim().parse().ok()?;
            let room = cells.next()?.split('`').nth(1)?;
            Some((room.to_owned(), layer))
        })
        .collect()
}

/// The rooms that a line of code names: what follows `crate::` or the crate's name, also in braces.
/// `below` is how many folders deep the line's module lies, for paths that start with `super::`.
fn rooms_named(code: &str, below: usize) -> Vec<String> {
    let mut named = Vec::new();
    let starts = ["crate::".to_owned(), "kcorrset::".to_owned()];
    let up = "super::".repeat(below.max(1));
    for start in starts.iter().chain([&up]) {
        for (at, _) in code.match_indices(start.as_str()) {
            // Not the end of a longer name or path.
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &code[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(group) => named.extend(heads(group)),
                None => named.push(identifier(rest)),
            }
        }
    }
    named
}

fn identifier(text: &str) -> String {
    let of_name = |c: &char| c.is_alphanumeric() || *c == '_';
    text.chars().take_while(of_name).collect()
}

/// The first names of a braced group, which starts after its brace.
fn heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut heads = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(String::new()),
            _ if depth == 0 => heads.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    heads.iter().map(|head| identifier(head.trim())).collect()
}

/// Statements of a file, each on one line: a `use` with a group may go over several.
fn statements(source: &Source) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in source.code() {
        match out.last_mut() {
            Some((_, statement)) if open => statement.push_str(line.trim()),
            _ => out.push((number, line.to_owned())),
        }
        let statement = &out[out.len() - 1].1;
        let is_use = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "]
            .iter()
            .any(|start| statement.trim_start().starts_with(start));
        open = is_use && !statement.contains(';');
    }
    out
}

/// Where a file names a room above its own, or one of its own layer that names it back.
fn layer_faults(sources: &[Source], layers: &BTreeMap<String, u32>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut beside: BTreeMap<(String, String), String> = BTreeMap::new();
    for source in sources {
        let Some(room) = source.room().filter(|&room| room != "lib") else {
            continue;
        };
        let Some(&layer) = layers.get(if room == "main" { "cli" } else { room }) else {
            faults.push(format!("{}: {room} is not in the map", source.path));
            continue;
        };
        let folders = source.path.matches('/').count() - 1;
        let below = folders + usize::from(!source.path.ends_with("/mod.rs"));
        for (number, statement) in statements(source) {
            for named in rooms_named(&statement, below) {
                let Some(&other) = layers.get(&named) else {
                    continue;
                };
                let place = format!("{}:{number}", source.path);
                if other > layer {
                    faults.push(format!(
                        "{place}: layer {layer} names {named}, layer {other}"
                    ));
                } else if source.path == ORACLE.0 && named != ORACLE.1 {
                    faults.push(format!("{place}: the oracle names {named}"));
                } else if other == layer && named != room {
                    beside.insert((room.to_owned(), named), place);
                }
            }
        }
    }
    // Rooms of one layer have an order too: whoever is reached may not reach back.
    let reaches = |from: &str, to: &str| {
        let mut open = vec![from.to_owned()];
        let mut known = open.clone();
        while let Some(room) = open.pop() {
            for (_, next) in beside.keys().filter(|(user, _)| *user == room) {
                if !known.contains(next) {
                    known.push(next.clone());
                    open.push(next.clone());
                }
            }
        }
        known.iter().any(|room| room == to)
    };
    for ((user, used), place) in &beside {
        if reaches(used, user) {
            faults.push(format!("{place}: {user} and {used} use each other"));
        }
    }
    faults
}

/// Where a crate is named outside the rooms that it is kept in.
fn crate_faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        for (name, rooms) in KEPT_IN {
            if rooms.iter().any(|room| source.path.starts_with(room)) {
                continue;
            }
            for (number, line) in source.code() {
                let at = line.find(&format!("{name}::"));
                let word = at.is_some_and(|at| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                });
                if word {
                    faults.push(format!("{}:{number}: {name} is named here", source.path));
                }
            }
        }
    }
    faults
}

/// Where a file does not say first what it is for.
fn header_faults(sources: &[Source]) -> Vec<String> {
    let header = |source: &&Source| {
        let start = if source.path.ends_with(".wgsl") {
            "// "
        } else {
            "//! "
        };
        !source.text.starts_with(start)
    };
    let without = sources.iter().filter(header);
    without
        .map(|source| format!("{}:1: does not say what it is for", source.path))
        .collect()
}

/// Which files are too long; a file's tests at its end are not counted.
fn size_faults(sources: &[Source]) -> Vec<String> {
    let lines = |source: &Source| {
        let before_tests = |line: &&str| !line.starts_with("mod tests {");
        source.text.lines().take_while(before_tests).count()
    };
    let mut faults = Vec::new();
    for source in sources {
        let lines = lines(source);
        if lines > MOST_LINES && !source.path.starts_with("tests/") {
            let path = &source.path;
            faults.push(format!(
                "{path}:{lines}: {lines} lines, {MOST_LINES} are enough"
            ));
        }
    }
    faults
}

/// Where something unfinished was left. The words are split here so as not to find themselves.
fn leftover_faults(sources: &[Source]) -> Vec<String> {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("db", "g!"),
        concat!("unimple", "mented!"),
        concat!("to", "do!"),
    ];
    let mut faults = Vec::new();
    for source in sources {
        for (number, line) in (1..).zip(source.text.lines()) {
            for word in words.into_iter().filter(|word| line.contains(word)) {
                faults.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    faults
}

/// Where the library names an option: it is for the command line to say what to type.
fn flag_faults(sources: &[Source]) -> Vec<String> {
    let named = |line: &str| {
        let letter = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
        let long = line.match_indices("--").any(|(at, dashes)| {
            let before = line[..at].chars().next_back();
            letter(&line[at + dashes.len()..]) && before != Some('-')
        });
        let short = |start| line.split(start).skip(1).any(|rest| rest.starts_with("k "));
        long || short("\"-") || short("`-")
    };
    let of_program = |path: &str| path.starts_with("src/cli/") || path == "src/main.rs";
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| !of_program(&source.path)) {
        for (number, _) in (1..)
            .zip(source.text.lines())
            .filter(|(_, line)| named(line))
        {
            faults.push(format!("{}:{number}: names an option", source.path));
        }
    }
    faults
}

#[test]
fn the_library_names_no_option() {
    none(&flag_faults(&sources("src", "rs")));
}

#[test]
fn lower_layers_never_name_higher_ones() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let layers = layers(&map);
    assert_eq!(layers.get("matrix"), Some(&0));
    assert_eq!(layers.get("cli"), Some(&5));
    none(&layer_faults(&sources("src", "rs"), &layers));
}

#[test]
fn no_files_name_themselves_by_way_of_others() {
    none(&circles::faults(&sources("src", "rs")));
}

#[test]
fn no_test_may_pass_without_testing() {
    none(&silence::faults(&everything()));
}

#[test]
fn every_doc_comment_names_its_subject() {
    none(&words::faults(&everything()));
}

#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let layers = layers(&map);
    let rooms = map.lines().filter_map(|line| line.strip_prefix("pub mod "));
    for room in rooms.map(|room| room.trim_end_matches(';')) {
        assert!(layers.contains_key(room), "{room} is not in the map");
    }
}

#[test]
fn crates_stay_in_their_rooms() {
    none(&crate_faults(&sources("src", "rs")));
}

#[test]
fn every_file_says_what_it_is_for() {
    none(&header_faults(&everything()));
}

#[test]
fn files_are_small() {
    none(&size_faults(&everything()));
}

#[test]
fn nothing_unfinished_is_left() {
    none(&leftover_faults(&everything()));
}

/// Planted faults: one line each, and how many faults it makes.
#[test]
fn the_rules_can_be_broken() {
    let layers =
        layers("//! | 2 | [`engine`] | x |\n//! | 1 | [`input`] | x |\n//! | 1 | `synth` |");
    assert_eq!(layers.len(), 3);
    let file = |path: &str, text: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let layer = |path, text| layer_faults(&[file(path, text)], &layers).len();
    assert_eq!(layer("src/input/csv.rs", "use crate::engine::Query;"), 1);
    assert_eq!(layer("src/input/csv.rs", "let x = crate::engine::f();"), 1);
    assert_eq!(
        layer(
            "src/input/csv.rs",
            "use crate::{\n    synth,\n    engine::{A, B},\n};"
        ),
        1
    );
    assert_eq!(layer("src/input/csv.rs", "use super::super::engine;"), 1);
    assert_eq!(layer("src/input/mod.rs", "use super::engine;"), 1);
    assert_eq!(layer("src/synth.rs", "use super::engine;"), 1);
    assert_eq!(layer("src/other.rs", ""), 1);
    assert_eq!(
        layer(
            "src/engine/x.rs",
            "use crate::{input, synth}; // crate::cli"
        ),
        0
    );
    assert_eq!(layer("src/engine/x.rs", "use super::engine;"), 0);
    assert_eq!(layer("src/engine/reference.rs", "use crate::input::X;"), 1);
    let circle = [
        file("src/input/csv.rs", "use crate::synth::A;"),
        file("src/synth.rs", "use crate::input::B;"),
    ];
    assert_eq!(layer_faults(&circle, &layers).len(), 2);
    assert_eq!(layer_faults(&circle[..1], &layers).len(), 0);

    let crates = |path, text| crate_faults(&[file(path, text)]).len();
    assert_eq!(crates("src/search/x.rs", "use wgpu::Device;"), 1);
    assert_eq!(crates("src/engine/gpu/x.rs", "use wgpu::Device;"), 0);
    assert_eq!(crates("src/engine/gpu/x.rs", "use rayon::prelude::*;"), 1);
    assert_eq!(
        crates("src/search/x.rs", "use my_wgpu::Device; // wgpu::X"),
        0
    );

    assert_eq!(header_faults(&[file("src/x.rs", "use a;")]).len(), 1);
    assert_eq!(
        header_faults(&[file("shaders/x.wgsl", "@group(0)")]).len(),
        1
    );
    assert_eq!(header_faults(&[file("shaders/x.wgsl", "// A")]).len(), 0);
    let long = "x\n".repeat(MOST_LINES + 1);
    assert_eq!(size_faults(&[file("src/x.rs", &long)]).len(), 1);
    assert_eq!(
        size_faults(&[file("src/x.rs", &format!("mod tests {{\n{long}"))]).len(),
        0
    );
    let named = |path, text| words::faults(&[file(path, text)]).len();
    assert_eq!(named("src/x.rs", "/// Of each user.\nfield: u32,"), 1);
    assert_eq!(
        named("src/x.rs", "x\n    /// The same, wider.\n    /// Of it.\n"),
        1
    );
    assert_eq!(named("shaders/x.wgsl", "// Of a leaf.\n"), 1);
    assert_eq!(
        named(
            "src/x.rs",
            "/// A user's score.\n/// Of all.\n///\n/// Of each.\n// Of course."
        ),
        0
    );

    let left = concat!("// TO", "DO: finish");
    assert_eq!(leftover_faults(&[file("src/x.rs", left)]).len(), 1);
    let flags = |path, text| flag_faults(&[file(path, text)]).len();
    assert_eq!(flags("src/x.rs", "/// As `--top` says.\n\"-k 0: none\""), 2);
    assert_eq!(flags("src/x.rs", "// a -- b, |---|, x--, -k\n"), 0);
    assert_eq!(flags("src/cli/x.rs", "\"--top\""), 0);
}

/// Planted circles, each with how many faults it makes.
#[test]
fn circles_are_seen_and_lines_are_not() {
    let circles = |files: &[(&str, &str)]| {
        let source = |&(path, text): &(&str, &str)| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        circles::faults(&files.iter().map(source).collect::<Vec<_>>())
    };
    let lib = ("src/lib.rs", "pub mod a;");
    let three = [
        lib,
        ("src/a/mod.rs", "mod b; mod c; mod d;"),
        ("src/a/b.rs", "use super::c::C; pub struct B(C);"),
        (
            "src/a/c.rs",
            "pub struct C; fn f() -> crate::a::d::D { super::d::D }",
        ),
        (
            "src/a/d.rs",
            "use super::b::{self, B as Other}; pub struct D;",
        ),
    ];
    let found = circles(&three);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("3 files in a circle: src/a/b.rs src/a/c.rs src/a/d.rs;"));
    assert!(
        found[0].ends_with("src/a/d.rs names super::b::B"),
        "{found:?}"
    );
    // Without one of its steps it is a line; so it is where only tests close it.
    let ends = [
        "pub struct D;",
        "use super::b; pub struct D;",
        "pub struct D; #[cfg(test)] mod tests { use super::super::b::B; }",
        "pub struct D; // use super::b::B;",
        "pub struct D { text: &'static str } const B: &str = \"super::b::B\";",
        "pub use super::b::B; pub struct D;",
    ];
    for end in ends {
        let mut line = three;
        line[4].1 = end;
        assert_eq!(circles(&line).len(), 0, "{end}");
    }
    // A parent that declares and re-exports is no step; what it re-exports leads to where it is defined.
    let of_parent =
        |parent, child| circles(&[lib, ("src/a/mod.rs", parent), ("src/a/b.rs", child)]);
    let child = "use super::A; pub struct B(A);";
    assert_eq!(
        of_parent("mod b; pub use b::B; pub struct A;", child).len(),
        0
    );
    assert_eq!(
        of_parent("mod b; pub use b::B; pub struct A; fn f(b: B) {}", child).len(),
        1
    );
    assert_eq!(
        of_parent("mod b; use b::*; pub struct A; fn f() { g::<B>() }", child).len(),
        1
    );
    assert_eq!(
        of_parent("mod b; pub struct A; fn f() { b::B::new() }", child).len(),
        1
    );
    assert_eq!(
        of_parent(
            "mod b; pub use b::B;",
            "use super::B as Other; pub struct B;"
        )
        .len(),
        0
    );
    let by_export = [
        ("src/main.rs", "mod cli; fn main() { cli::run() }"),
        (
            "src/cli/mod.rs",
            "mod x; mod y; pub use x::X; pub fn run() {}",
        ),
        (
            "src/cli/x.rs",
            "pub struct X; fn f() { crate::cli::y::g() }",
        ),
        ("src/cli/y.rs", "use super::X; pub fn g() {}"),
    ];
    assert_eq!(circles(&by_export).len(), 1);
}

/// Planted tests that may pass without testing, and such as may not.
#[test]
fn silent_tests_are_seen() {
    let faults = |path: &str, text: &str| {
        let source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        silence::faults(&[source]).len()
    };
    let silent = [
        "#[test] fn t() { if !there() { return; } assert!(true); }",
        "#[test] fn t() { let Some(x) = there() else { return }; assert!(x); }",
        "#[test] fn t() { match there() { None => return, Some(x) => assert!(x) } }",
        "#[test] fn t() -> R { if !there() { return Ok(()); } assert!(true); Ok(()) }",
        "#[test] fn t() { if there() { assert!(true); } }",
        "#[test] fn t() { judge(); } fn judge() { if !there() { return; } assert!(true); }",
        "#[test] #[ignore] fn t() { assert!(true); }",
        "proptest! { #[test] fn t(x in 0..2) { if x == 0 { return Ok(()); } prop_assert!(true); } }",
    ];
    for text in silent {
        assert_eq!(faults("tests/x.rs", text), 1, "{text}");
        let inside = format!("#[cfg(test)] mod tests {{ {text} }}");
        assert_eq!(faults("src/x.rs", &inside), 1, "{text}");
    }
    let sound = [
        "#[test] fn t() { let f = |x| { if x { return 1; } 2 }; assert_eq!(f(true), 1); }",
        "#[test] fn t() { fn f(x: bool) -> u8 { if x { return 1; } 2 } assert_eq!(f(true), 1); }",
        "#[test] fn t() { if there() { assert!(true); } else { panic!(); } }",
        "#[test] fn t() { if there() { x(); } assert!(true); }",
        "#[test] #[ignore = \"needs a GPU\"] fn t() { assert!(true); }",
        "#[test] fn t() { let text = \"return;\"; assert!(true); } // return;",
        "fn find(x: &mut u8) { if *x > 0 { return; } *x = 1; }",
    ];
    for text in sound {
        assert_eq!(faults("tests/x.rs", text), 0, "{text}");
    }
    assert_eq!(
        faults("src/x.rs", "fn f() { if x { return; } assert!(y); }"),
        0
    );
}
