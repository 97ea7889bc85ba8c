//! Kills and splits by the hundred: `storm kills 500` and `storm splits 300`, on searches of each kind.
//!
//! A kill ends a process that works on a session with pieces of some milliseconds, at a random moment, from outside
//! and without a warning; others go on with it, by other engines, and are killed too, until one comes to the end. A
//! split is into a random number of parts, by random engines, some with the floor of others, merged in random order.
//! Each must leave the very bytes of one search that nobody disturbed. `storm cost 60000 200 0.2 5 64` says what sessions
//! and parts take beside a search in one piece, on Linux.

#[path = "../../tests/pieces/kinds.rs"]
mod kinds;

use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::gpu::GpuEngine;
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::{Engine, Query, Watch};
use kcorrset::report::Place;
use kcorrset::session::{
    self, Begun, Document, Files, Kind as FileKind, Portion, Session, Store, Units, Work,
};
use kinds::{Kind, asked, undisturbed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Pieces so small that a kill falls between two of them.
const TINY: Units = Units {
    target: Duration::from_millis(1),
    limit: Duration::from_millis(50),
    patience: Duration::ZERO,
    every: Duration::ZERO,
    by_sets: true,
};

/// Pieces of an engine: a GPU takes milliseconds for one set.
fn tiny(engine: &dyn Engine) -> Units {
    Units {
        by_sets: engine.name() != "bound",
        target: match engine.name() {
            "gpu" => 20 * TINY.target,
            _ => TINY.target,
        },
        ..TINY
    }
}

/// Engines that are taken where nothing else is said; a GPU, a software one at least, is not on every machine.
const ENGINES: &str = "cpu cpu2 reference bound";

/// One of the engines that are named in STORM_ENGINES and that such searches can have: proofs by bounds are of
/// complete tables.
fn some_engine(kind: Kind, rng: &mut ChaCha8Rng) -> String {
    let named = std::env::var("STORM_ENGINES").unwrap_or_else(|_| ENGINES.to_owned());
    let fit = |name: &&str| *name != "bound" || kind == Kind::Complete;
    let engines: Vec<&str> = named.split_whitespace().filter(fit).collect();
    match engines.len() {
        0 => "cpu".to_owned(),
        several => engines[rng.random_range(0..several)].to_owned(),
    }
}

fn engine(name: &str) -> Fallible<Box<dyn Engine>> {
    Ok(match name {
        "cpu" => Box::new(CpuEngine::new(1)?),
        "cpu2" => Box::new(CpuEngine::new(2)?),
        "gpu" => Box::new(GpuEngine::open(None)?),
        "bound" => Box::new(BoundEngine::new(1)?),
        "reference" => Box::new(ReferenceEngine),
        _ => return Err(format!("{name} is no engine of the storm").into()),
    })
}

fn begun() -> Begun {
    Begun {
        arguments: Vec::new(),
        folder: String::new(),
        data: None,
    }
}

/// Searches all that is left of a session.
fn finish(
    session: &mut Session<'_>,
    engine: &dyn Engine,
    lengths: usize,
    store: Option<&Store>,
) -> Fallible<()> {
    for at in 0..lengths {
        let watch = Watch::new();
        let work = Work {
            engine,
            watch: &watch,
            units: tiny(engine),
        };
        let mut save = |document: &Document| match store {
            Some(store) => store.save(document),
            None => Ok(()),
        };
        session.search(at, &work, &mut save)?;
    }
    Ok(())
}

fn results(session: &Session<'_>, queries: &[Query<'_>]) -> Fallible<Vec<Vec<Place>>> {
    let searches = queries.iter().enumerate();
    let searches = searches.map(|(at, query)| Ok(session.search_of(at, query)?.results));
    searches.collect()
}

fn bytes(results: &[Vec<Place>]) -> Fallible<Vec<u8>> {
    Ok(serde_json::to_vec(results)?)
}

/// What is killed: begins a session or goes on with it, and writes its result.
fn work(kind: usize, seed: u64, name: &str, folder: &Path) -> Fallible<()> {
    let kind = Kind::ALL[kind];
    let table = kind.table(seed);
    let queries = kind.queries(&table);
    let asked = asked(&queries);
    let ordered: Vec<_> = queries.iter().map(session::ordered).collect();
    let path = folder.join("session");
    let there = path.exists() || folder.join("session.before").exists();
    let (store, mut session) = if there {
        let (store, loaded) = Store::open(&path, Files)?;
        let session = Session::restored(&loaded.document, &ordered, &asked)?;
        (store, session)
    } else {
        let store = Store::create(&path, Files)?;
        let session = Session::new(&ordered, &asked, None, begun())?;
        store.save(&session.document())?;
        (store, session)
    };
    finish(&mut session, &*engine(name)?, queries.len(), Some(&store))?;
    let new = folder.join("result.new");
    fs::write(&new, bytes(&results(&session, &queries)?)?)?;
    fs::rename(new, folder.join("result"))?;
    store.remove()?;
    Ok(())
}

fn kills(count: usize) -> Fallible<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let folder = std::env::temp_dir().join(format!("storm-{}", std::process::id()));
    let (mut killed, mut between, mut search) = (0, 0, 0);
    while killed < count {
        let at = search % Kind::ALL.len();
        let kind = Kind::ALL[at];
        let seed = rng.random_range(0..4);
        search += 1;
        fs::create_dir_all(&folder)?;
        let start = |name: &str, folder: &Path| {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["work", &at.to_string(), &seed.to_string(), name]);
            command.arg(folder).stderr(Stdio::piped()).spawn()
        };
        // As long as one takes that nobody kills, so that most kills fall into the work.
        let begun = Instant::now();
        let alone = folder.join("alone");
        fs::create_dir_all(&alone)?;
        start(&some_engine(kind, &mut rng), &alone)?.wait()?;
        let mut longest = begun.elapsed();
        while !folder.join("result").exists() {
            let mut child = start(&some_engine(kind, &mut rng), &folder)?;
            std::thread::sleep(longest.mul_f64(rng.random()));
            if child.try_wait()?.is_none() && killed < count {
                child.kill()?;
                child.wait()?;
                killed += 1;
                let saved = fs::read(folder.join("session"));
                let saved = saved
                    .ok()
                    .and_then(|b| session::read(FileKind::Session, &b).ok());
                between +=
                    usize::from(saved.is_some_and(|d| d.searches.iter().any(|s| s.units > 0)));
                longest = longest.mul_f64(1.1);
                continue;
            }
            let out = child.wait_with_output()?;
            if !out.status.success() {
                let said = String::from_utf8_lossy(&out.stderr).into_owned();
                return Err(format!("{kind:?} {seed}: {said}").into());
            }
        }
        let table = kind.table(seed);
        let want = bytes(&undisturbed(&kind.queries(&table)))?;
        if fs::read(folder.join("result"))? != want {
            return Err(format!("{kind:?} {seed}: other bytes").into());
        }
        let took = begun.elapsed().as_secs_f64();
        println!("{search}: {kind:?} {seed}, {killed} kills so far, {took:.1} s");
        fs::remove_dir_all(&folder)?;
    }
    println!(
        "{killed} kills, {between} of them with pieces done and others left, {search} searches: all as undisturbed"
    );
    Ok(())
}

fn splits(count: usize) -> Fallible<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut all = 0;
    for split in 0..count {
        let kind = Kind::ALL[split % Kind::ALL.len()];
        let seed = rng.random_range(0..100);
        let table = kind.table(seed);
        let queries = kind.queries(&table);
        let asked = asked(&queries);
        let ordered: Vec<_> = queries.iter().map(session::ordered).collect();
        let of: u32 = rng.random_range(1..40);
        let mut parts: Vec<Document> = Vec::new();
        for number in 1..=of {
            let portion = Portion::new(number, of);
            let mut part = Session::new(&ordered, &asked, portion, begun())?;
            if rng.random() {
                for other in &parts {
                    part.learn(other)?;
                }
            }
            finish(
                &mut part,
                &*engine(&some_engine(kind, &mut rng))?,
                queries.len(),
                None,
            )?;
            let file = session::write(FileKind::Part, &part.document())?;
            parts.push(session::read(FileKind::Part, &file)?);
        }
        for left in (1..parts.len()).rev() {
            parts.swap(left, rng.random_range(0..=left));
        }
        all += parts.len();
        let whole = session::merge(&parts, &ordered, &asked)?;
        if bytes(&results(&whole, &queries)?)? != bytes(&undisturbed(&queries))? {
            return Err(format!("{kind:?} {seed} in {of} parts: other bytes").into());
        }
    }
    println!("{count} splits into {all} parts: all as in one piece");
    Ok(())
}

/// Seconds of all processors that this process has taken, which other processes do not lengthen as they do the time.
fn taken() -> Fallible<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}

/// What a search takes as a session and in parts, as shares of what it takes in one piece.
fn cost(users: usize, questions: usize, answered: f64, k: usize, of: u32) -> Fallible<()> {
    let table = kcorrset::synth::matrix(&kcorrset::synth::Spec {
        users,
        questions,
        answered,
        scores: 0..=1,
        model: kcorrset::synth::Model::Random,
        booklets: 0,
        seed: 1,
    })?;
    let queries = [Query::of(&table).k(k).top(10).min_users(10).build()?];
    let asked = asked(&queries);
    let engine = CpuEngine::new(2)?;
    let before = taken()?;
    let (query, whole) = (&queries[0], queries[0].space().whole());
    let watch = Watch::new();
    let want = kcorrset::search::run_checked(&engine, query, &whole, &watch, 1)?;
    let plain = taken()? - before;
    println!(
        "in one piece: {plain:.2} s of processors, {:.2} s",
        want.elapsed.as_secs_f64()
    );
    let before = taken()?;
    let ordered: Vec<_> = queries.iter().map(session::ordered).collect();
    println!("ordered: {:.2} s", taken()? - before);
    let folder = std::env::temp_dir().join(format!("storm-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    for units in [
        Units::default(),
        Units {
            patience: Duration::ZERO,
            target: Duration::from_secs(4),
            ..Units::default()
        },
    ] {
        let before = taken()?;
        let store = Store::create(&folder.join("session"), Files)?;
        let mut session = Session::new(&ordered, &asked, None, begun())?;
        store.save(&session.document())?;
        let mut saves = 0;
        let watch = Watch::new();
        let work = Work {
            engine: &engine,
            watch: &watch,
            units,
        };
        let mut save = |document: &Document| {
            saves += 1;
            store.save(document)
        };
        session.search(0, &work, &mut save)?;
        let took = taken()? - before;
        let kept = session.document();
        let (pieces, engine_s) = (kept.searches[0].units, kept.searches[0].elapsed_s);
        println!(
            "as a session of {pieces} pieces, {saves} saves: {took:.2} s, {:+.1} %; by the clock of the engine {engine_s:.2} s",
            100.0 * (took / plain - 1.0)
        );
        store.remove()?;
    }
    let before = taken()?;
    let mut parts: Vec<Document> = Vec::new();
    let mut each = Vec::new();
    for number in 1..=of {
        let mut part = Session::new(&ordered, &asked, Portion::new(number, of), begun())?;
        if let Some(last) = parts.last() {
            part.learn(last)?;
        }
        let watch = Watch::new();
        let units = Units {
            limit: Duration::MAX,
            patience: Duration::MAX,
            ..Units::default()
        };
        let work = Work {
            engine: &engine,
            watch: &watch,
            units,
        };
        let start = taken()?;
        part.search(0, &work, &mut |_| Ok(()))?;
        each.push(taken()? - start);
        parts.push(part.document());
    }
    let took = taken()? - before;
    let cpu: f64 = each.iter().sum();
    let seconds = |part: &Document| part.searches[0].elapsed_s;
    let engine_s: f64 = parts.iter().map(seconds).sum();
    let whole = session::merge(&parts, &ordered, &asked)?;
    println!(
        "in {of} parts: {took:.2} s, {:+.1} %; without dividing {cpu:.2} s, {:+.1} %; by the clock of the \
         engine {engine_s:.2} s, {:+.1} %",
        100.0 * (took / plain - 1.0),
        100.0 * (cpu / plain - 1.0),
        100.0 * (engine_s / want.elapsed.as_secs_f64() - 1.0)
    );
    let clocks: Vec<f64> = parts.iter().map(seconds).collect();
    println!("of each: {each:.2?}\nby the clock: {clocks:.2?}");
    if results(&whole, &queries)? != undisturbed(&queries) {
        return Err("other results".into());
    }
    Ok(())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().unwrap_or(0);
    let done = match words[..] {
        ["kills", count] => kills(number(count)),
        ["splits", count] => splits(number(count)),
        ["cost", users, questions, answered, k, of] => cost(
            number(users),
            number(questions),
            answered.parse().unwrap_or(0.2),
            number(k),
            number(of) as u32,
        ),
        ["work", kind, seed, name, folder] => {
            work(number(kind), number(seed) as u64, name, Path::new(folder))
        }
        _ => Err(
            "storm kills COUNT, storm splits COUNT, or storm cost USERS QUESTIONS SHARE K PARTS"
                .into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("storm: {error}");
            ExitCode::FAILURE
        }
    }
}
