//! Circles of files: those that, by way of what they name, name themselves.
//!
//! A file names another where a path in its code (an import or a path in place, re-exports followed
//! to where the item is defined) ends at an item that the other file defines. Not counted are: a
//! declaration `mod x;`; a re-export, unless the file also uses the name itself; what is compiled for
//! tests only; and methods, which have no path. So a `mod.rs` that declares and re-exports is in no
//! circle with its children, and one that defines what its children use and uses them is.

use super::Source;
use super::tokens::{is_name, split_tests, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A name that an import brings into scope, and its path.
struct Import {
    name: String,
    path: Vec<String>,
    exported: bool,
}

/// What is read of one file.
#[derive(Default)]
struct File {
    path: String,
    /// Names of the modules from the crate's root.
    module: Vec<String>,
    /// Whether it belongs to the binary.
    binary: bool,
    items: BTreeSet<String>,
    children: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths in place, and single names.
    uses: BTreeSet<Vec<String>>,
}

/// Where a path leads.
#[derive(Clone)]
enum Place {
    Module(usize),
    Item(usize),
}

/// A line for each circle among the files: its members, and one way around.
pub(super) fn faults(sources: &[Source]) -> Vec<String> {
    let files: Vec<_> = sources.iter().map(File::read).collect();
    let named: Vec<BTreeMap<usize, String>> =
        (0..files.len()).map(|file| named(&files, file)).collect();
    let reached: Vec<_> = (0..files.len()).map(|file| ways(&named, file)).collect();
    let mut faults = Vec::new();
    let mut told = BTreeSet::new();
    for (file, ways) in reached.iter().enumerate() {
        if !ways.contains_key(&file) || told.contains(&file) {
            continue;
        }
        let back = |other: &&usize| reached[**other].contains_key(&file);
        let members: Vec<_> = ways.keys().filter(back).copied().collect();
        let mut fault = format!("{} files in a circle:", members.len());
        for &member in &members {
            let _ = write!(fault, " {}", files[member].path);
        }
        fault.push_str("; one way around:");
        // From the end back to the start.
        let mut way = vec![file];
        while way.len() == 1 || way[way.len() - 1] != file {
            way.push(ways[&way[way.len() - 1]]);
        }
        for step in way.windows(2).rev() {
            let [to, from] = [step[0], step[1]];
            let _ = write!(fault, " {} names {},", files[from].path, named[from][&to]);
        }
        faults.push(fault.trim_end_matches(',').to_owned());
        told.extend(members);
    }
    faults
}

/// The files that `file` names, each with one of the paths by which it does.
fn named(files: &[File], file: usize) -> BTreeMap<usize, String> {
    let own = &files[file];
    let imports = own.imports.iter().filter(|import| !import.exported);
    let paths = imports.map(|import| &import.path).chain(&own.uses);
    let mut named = BTreeMap::new();
    for path in paths {
        if let Some(Place::Item(other)) = resolve(files, file, path, 0)
            && other != file
        {
            named.entry(other).or_insert_with(|| path.join("::"));
        }
    }
    named
}

/// The files that can be reached from `start`, each with the file before it on a shortest way.
fn ways(named: &[BTreeMap<usize, String>], start: usize) -> BTreeMap<usize, usize> {
    let mut before = BTreeMap::new();
    let mut front = vec![start];
    while !front.is_empty() {
        let mut next = Vec::new();
        for from in front {
            for &to in named[from].keys() {
                before.entry(to).or_insert_with(|| {
                    next.push(to);
                    from
                });
            }
        }
        front = next;
    }
    before
}

/// Where a path leads that stands in `file`. `None` if that is outside the sources, or a path's
/// re-exports go in a circle.
fn resolve(files: &[File], file: usize, path: &[String], depth: usize) -> Option<Place> {
    if depth > 16 {
        return None;
    }
    let root = |binary: bool| {
        let root = |f: &File| f.module.is_empty() && f.binary == binary;
        files.iter().position(root)
    };
    let mut place = None;
    let mut rest = path;
    while let Some((name, behind)) = rest.split_first() {
        let at = match place {
            None => file,
            Some(Place::Module(module)) => module,
            Some(Place::Item(_)) => return place,
        };
        place = Some(match (name.as_str(), &place) {
            ("crate", None) => Place::Module(root(files[file].binary)?),
            ("kcorrset", None) => Place::Module(root(false)?),
            ("self", _) => Place::Module(at),
            ("super", _) => {
                let (_, above) = files[at].module.split_last()?;
                Place::Module(module(files, files[at].binary, above)?)
            }
            _ => look_up(files, at, name, depth)?,
        });
        rest = behind;
    }
    place
}

/// What a name means in a file: a module below it, an item of its own, or something imported.
fn look_up(files: &[File], file: usize, name: &str, depth: usize) -> Option<Place> {
    let own = &files[file];
    if own.items.contains(name) {
        return Some(Place::Item(file));
    }
    if own.children.contains(name) {
        let path: Vec<_> = own
            .module
            .iter()
            .cloned()
            .chain([name.to_owned()])
            .collect();
        return Some(Place::Module(module(files, own.binary, &path)?));
    }
    // What is imported by its name comes before what a glob brings.
    let of_name = |import: &&Import| {
        import.name == name
            && import
                .path
                .first()
                .is_some_and(|first| first != name || import.path.len() > 1)
    };
    if let Some(import) = own.imports.iter().find(of_name) {
        return resolve(files, file, &import.path, depth + 1);
    }
    let globs = own.imports.iter().filter(|import| import.name == "*");
    for glob in globs {
        if let Some(Place::Module(module)) = resolve(files, file, &glob.path, depth + 1)
            && let Some(place) = look_up(files, module, name, depth + 1)
        {
            return Some(place);
        }
    }
    None
}

fn module(files: &[File], binary: bool, path: &[String]) -> Option<usize> {
    let is = |file: &File| file.binary == binary && file.module == path;
    files.iter().position(is)
}

impl File {
    fn read(source: &Source) -> Self {
        let inside = source.path.strip_prefix("src/").unwrap_or(&source.path);
        let mut module: Vec<_> = inside
            .trim_end_matches(".rs")
            .split('/')
            .map(str::to_owned)
            .collect();
        let binary = module[0] == "main" || module[0] == "cli";
        let last = module.last().map(String::as_str);
        if last == Some("mod") || module == ["main"] || module == ["lib"] {
            module.pop();
        }
        let mut file = Self {
            path: source.path.clone(),
            module,
            binary,
            ..Self::default()
        };
        let [code, _] = split_tests(&tokens(&source.text));
        file.scan(&code.into_iter().map(|token| token.text).collect::<Vec<_>>());
        file
    }

    fn scan(&mut self, tokens: &[String]) {
        let word = |at: usize| tokens.get(at).map_or("", String::as_str);
        let mut depth = 0_usize;
        let mut at = 0;
        while at < tokens.len() {
            match word(at) {
                "{" => depth += 1,
                "}" => depth -= 1,
                "use" if word(at + 1) != "<" => {
                    let end = at
                        + tokens[at..]
                            .iter()
                            .position(|token| token == ";")
                            .unwrap_or(0);
                    let exported = ["pub", ")"].contains(&word(at.wrapping_sub(1)));
                    self.import(&tokens[at + 1..end], &mut Vec::new(), exported);
                    at = end;
                }
                "mod" if depth == 0 && word(at + 2) == ";" => {
                    self.children.insert(word(at + 1).to_owned());
                    at += 1;
                }
                "fn" | "struct" | "enum" | "trait" | "const" | "static" | "type" | "union"
                    if depth == 0 && is_name(word(at + 1)) && word(at + 1) != "fn" =>
                {
                    self.items.insert(word(at + 1).to_owned());
                    at += 1;
                }
                name if is_name(name) && ![".", "::"].contains(&word(at.wrapping_sub(1))) => {
                    let mut path = vec![name.to_owned()];
                    while word(at + 1) == "::" && is_name(word(at + 2)) {
                        path.push(word(at + 2).to_owned());
                        at += 2;
                    }
                    // Not the name of a field or a binding.
                    if path.len() > 1 || word(at + 1) != ":" {
                        self.uses.insert(path);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Takes in an import's tree, `path` being what stands before it.
    fn import(&mut self, tree: &[String], path: &mut Vec<String>, exported: bool) {
        let length = path.len();
        let mut at = 0;
        while at < tree.len() {
            match tree[at].as_str() {
                "{" => {
                    let mut depth = 0;
                    let mut start = at + 1;
                    for (i, token) in tree.iter().enumerate().skip(at) {
                        match token.as_str() {
                            "{" => depth += 1,
                            "}" => depth -= 1,
                            _ => {}
                        }
                        if (depth == 1 && token == ",") || depth == 0 {
                            self.import(&tree[start..i], path, exported);
                            start = i + 1;
                        }
                    }
                    path.truncate(length);
                    return;
                }
                "::" => {}
                "as" => break,
                name => path.push(name.to_owned()),
            }
            at += 1;
        }
        if path.len() > length {
            let name = tree[tree.len() - 1].clone();
            if ["self", "*"].contains(&path[path.len() - 1].as_str()) {
                path.pop();
            }
            let name = if name == "self" {
                path[path.len() - 1].clone()
            } else {
                name
            };
            self.imports.push(Import {
                name,
                path: path.clone(),
                exported,
            });
        }
        path.truncate(length);
    }
}
