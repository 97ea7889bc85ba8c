//! Sessions and parts by the library: cut off anywhere, split and merged, changed in a byte or by hand.

pub mod kinds;

use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::{Engine, Query, Watch};
use kcorrset::report::{Asked, Place, Proof};
use kcorrset::session::{
    self, Begun, Disk, Document, FileError, Files, Kind as FileKind, MergeError, Mismatch, Portion,
    Session, SessionError, Store, StoreError, Units, Work,
};
use kcorrset::stats::Criterion;
use kcorrset::synth::{Model, Spec, matrix};
use kinds::{Kind, asked, undisturbed};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::Cell;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Pieces so small that a search of a kind has many.
const TINY: Units = Units {
    target: Duration::from_micros(300),
    limit: Duration::from_millis(20),
    patience: Duration::ZERO,
    every: Duration::ZERO,
    by_sets: true,
};

fn begun() -> Begun {
    Begun {
        arguments: vec!["search".to_owned()],
        folder: "/".to_owned(),
        data: None,
    }
}

fn ordered<'t>(queries: &[Query<'t>]) -> Vec<Query<'t>> {
    queries.iter().map(session::ordered).collect()
}

/// Searches what is left of each K, until `saves` documents were saved; whether it came to the end.
fn go_on(session: &mut Session<'_>, engine: &dyn Engine, lengths: usize, saves: usize) -> bool {
    let mut left = saves;
    for at in 0..lengths {
        let watch = Watch::new();
        let units = TINY;
        let work = Work {
            engine,
            watch: &watch,
            units,
        };
        let mut save = |_: &Document| {
            if left == 0 {
                return Err(StoreError::NoSession("a full disk".into()));
            }
            left -= 1;
            Ok(())
        };
        match session.search(at, &work, &mut save) {
            Ok(()) => {}
            Err(SessionError::Store(_)) => return false,
            Err(error) => panic!("{error}"),
        }
    }
    true
}

/// The results of a finished session.
fn results(session: &Session<'_>, queries: &[Query<'_>]) -> Vec<Vec<Place>> {
    let searches = queries.iter().enumerate();
    let searches = searches.map(|(at, query)| session.search_of(at, query).expect("whole"));
    searches.map(|search| search.results).collect()
}

/// Through bytes and back, as a file has it.
fn through_a_file(kind: FileKind, document: &Document) -> Document {
    let bytes = session::write(kind, document).expect("written");
    session::read(kind, &bytes).expect("read")
}

/// The engines that take searches of a kind.
fn engines(kind: Kind) -> Vec<Box<dyn Engine>> {
    let mut engines: Vec<Box<dyn Engine>> = vec![
        Box::new(CpuEngine::new(1).expect("an engine")),
        Box::new(CpuEngine::new(2).expect("an engine")),
        Box::new(ReferenceEngine),
    ];
    if kind == Kind::Complete {
        engines.push(Box::new(BoundEngine::new(1).expect("an engine")));
    }
    engines
}

#[test]
fn a_session_that_is_cut_off_anywhere_finds_what_one_search_finds() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for kind in Kind::ALL {
        let engines = engines(kind);
        let table = kind.table(1);
        let queries = kind.queries(&table);
        let (want, asked, ordered) = (undisturbed(&queries), asked(&queries), ordered(&queries));
        let mut session = Session::new(&ordered, &asked, None, begun()).expect("a session");
        let mut cuts = 0;
        // By the oracle on and off, whose pieces are the shortest.
        while !go_on(
            &mut session,
            &*engines[cuts % engines.len()],
            queries.len(),
            rng.random_range(1..4),
        ) {
            cuts += 1;
            let document = through_a_file(FileKind::Session, &session.document());
            session = Session::restored(&document, &ordered, &asked).expect("restored");
        }
        assert!(cuts > 2 && session.is_finished(), "{kind:?}: {cuts}");
        assert_eq!(results(&session, &queries), want, "{kind:?}");
        let again = session.search_of(0, &queries[0]).expect("whole");
        assert!(
            again
                .audit
                .is_some_and(|audit| audit.passed && audit.sets == again.sets.total)
        );
        let ran = session.ran().name;
        match kind {
            Kind::Complete => assert_eq!(ran, "cpu and reference and bound"),
            _ => assert_eq!(ran, "cpu and reference"),
        }
    }
}

/// The document of a finished part, with a floor from others.
fn part_of(
    ordered: &[Query<'_>],
    asked: &[Asked],
    portion: Portion,
    engine: &dyn Engine,
    floors: &[Document],
) -> Document {
    let mut session = Session::new(ordered, asked, Some(portion), begun()).expect("a part");
    for floor in floors {
        session.learn(floor).expect("a part of the same");
    }
    assert!(go_on(&mut session, engine, ordered.len(), usize::MAX));
    through_a_file(FileKind::Part, &session.document())
}

fn portions(of: u32) -> impl Iterator<Item = Portion> {
    (1..=of).filter_map(move |number| Portion::new(number, of))
}

#[test]
fn parts_in_any_order_make_the_whole() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for (at, kind) in Kind::ALL.into_iter().cycle().take(20).enumerate() {
        let engines = engines(kind);
        let table = kind.table(at as u64);
        let queries = kind.queries(&table);
        let (want, asked, ordered) = (undisturbed(&queries), asked(&queries), ordered(&queries));
        let of = rng.random_range(1..12);
        let mut parts: Vec<Document> = Vec::new();
        for portion in portions(of) {
            let engine = &*engines[rng.random_range(0..engines.len())];
            let floors = if rng.random() { &parts[..] } else { &[] };
            parts.push(part_of(&ordered, &asked, portion, engine, floors));
        }
        for left in (1..parts.len()).rev() {
            parts.swap(left, rng.random_range(0..=left));
        }
        assert_eq!(session::missing(&parts), Ok(Vec::new()));
        let whole = session::merge(&parts, &ordered, &asked).expect("all parts");
        assert_eq!(results(&whole, &queries), want, "{kind:?} of {of}");
        let lone = parts.pop().expect("a part");
        if parts.is_empty() {
            continue;
        }
        let gone = lone.part.expect("a part");
        assert_eq!(session::missing(&parts), Ok(vec![gone]));
        let said = session::merge(&parts, &ordered, &asked)
            .unwrap_err()
            .to_string();
        assert!(
            said.starts_with(&format!("part {gone} (")) && said.ends_with(" is missing"),
            "{said}"
        );
        let twice = [&parts[..], &[parts[0].clone()]].concat();
        let error = session::missing(&twice).unwrap_err();
        assert_eq!(error, MergeError::Twice(parts[0].part.expect("a part")));
    }
}

#[test]
fn more_sets_than_can_be_numbered_are_proved_in_one_piece_that_keeps_what_it_met() {
    let table = matrix(&Spec {
        users: 200,
        questions: 140,
        answered: 1.0,
        scores: 0..=1,
        model: Model::RASCH,
        booklets: 0,
        seed: 11,
    });
    let table = table.expect("a table");
    // What half of the questions add up to.
    let number = |user: usize| -> i128 {
        let half = table.row(user).filter(|(question, _)| question % 2 == 0);
        half.map(|(_, score)| i128::from(score)).sum()
    };
    let numbers = (0..table.users().len()).map(number).collect();
    let query = Query::of(&table)
        .k(70)
        .top(2)
        .criterion(Criterion::Column)
        .column(numbers);
    let queries = [query.build().expect("a query")];
    let (asked, ordered) = (asked(&queries), ordered(&queries));
    let engine = BoundEngine::new(2).expect("an engine");
    let error = Session::new(&ordered, &asked, Portion::new(1, 2), begun()).map(drop);
    let said = error.unwrap_err().to_string();
    assert!(
        said.contains("more than 2^128, which cannot be numbered"),
        "{said}"
    );
    let mut session = Session::new(&ordered, &asked, None, begun()).expect("a session");
    let document = through_a_file(FileKind::Session, &session.document());
    assert_eq!(
        (
            document.searches[0].ranks,
            document.searches[0].done.clone()
        ),
        (None, None)
    );
    let watch = Watch::new();
    let mut kept = None;
    let mut save = |document: &Document| {
        // After the first good sets.
        if !document.searches[0].known.is_empty() {
            kept = Some(document.clone());
            watch.stop();
        }
        Ok(())
    };
    let units = Units {
        limit: Duration::from_millis(1),
        ..TINY
    };
    let work = Work {
        engine: &engine,
        watch: &watch,
        units,
    };
    let stopped = session.search(0, &work, &mut save);
    assert!(stopped.is_err_and(|error| error.is_stop()) && !session.is_finished());
    let document = through_a_file(FileKind::Session, &kept.expect("good sets"));
    let mut session = Session::restored(&document, &ordered, &asked).expect("restored");
    assert!(go_on(&mut session, &engine, 1, usize::MAX));
    let found = session.search_of(0, &queries[0]).expect("whole");
    assert_eq!(found.results[0].r, 1.0);
    let sets = queries[0].space().size().clone();
    assert!(
        matches!(&found.proof, Some(Proof::Whole(whole)) if sets.without(whole.visited).as_ref() == Some(&whole.excluded))
    );
    let document = through_a_file(FileKind::Session, &session.document());
    let again = Session::restored(&document, &ordered, &asked).expect("restored");
    assert!(again.is_finished());
}

/// A session in the middle of its work, and a finished part.
fn small() -> (kcorrset::matrix::ResponseMatrix, Kind) {
    (Kind::Lengths.table(2), Kind::Lengths)
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let (table, kind) = small();
    let queries = kind.queries(&table);
    let (asked, ordered) = (asked(&queries), ordered(&queries));
    let engine = CpuEngine::new(1).expect("an engine");
    let mut session = Session::new(&ordered, &asked, None, begun()).expect("a session");
    assert!(!go_on(&mut session, &engine, queries.len(), 5));
    let portion = Portion::new(2, 3).expect("a part");
    let part = part_of(&ordered, &asked, portion, &engine, &[]);
    for (kind, document) in [
        (FileKind::Session, session.document()),
        (FileKind::Part, part),
    ] {
        let bytes = session::write(kind, &document).expect("written");
        assert_eq!(session::read(kind, &bytes).as_ref(), Ok(&document));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                let read = session::read(kind, &bytes);
                let refused = matches!(read, Err(FileError::Damaged | FileError::Foreign));
                assert!(refused, "{kind} byte {at} bit {bit}: {read:?}");
            }
            let read = session::read(kind, &bytes[..at]);
            assert!(read.is_err(), "{kind} cut at {at}");
        }
        let longer = [&bytes[..], b" "].concat();
        assert_eq!(session::read(kind, &longer), Err(FileError::Damaged));
        let [wrong, is] =
            [FileKind::Session, FileKind::Part].map(|other| session::read(other, &bytes));
        let (wrong, found) = match kind {
            FileKind::Session => (is, kind),
            FileKind::Part => (wrong, kind),
        };
        assert!(matches!(wrong, Err(FileError::Kind { found: is, .. }) if is == found));
    }
}

#[test]
fn what_is_edited_by_hand_is_refused_though_its_digest_is_right() {
    let (table, kind) = small();
    let queries = kind.queries(&table);
    let (asked, ordered) = (asked(&queries), ordered(&queries));
    let engine = CpuEngine::new(1).expect("an engine");
    let portion = Portion::new(2, 3).expect("a part");
    let part = part_of(&ordered, &asked, portion, &engine, &[]);
    let restored = |document: &Document| Session::restored(document, &ordered, &asked).map(drop);
    assert_eq!(restored(&part), Ok(()));
    type Edit = fn(&mut Document);
    let edits: [(Edit, &str); 17] = [
        (|d| d.searches[1].best[0].r = 0.99, "its best sets"),
        (|d| d.searches[1].best[0].users += 1, "its best sets"),
        (|d| d.searches[1].best[0].sums.sa += 1, "its best sets"),
        (|d| d.searches[1].best.swap(0, 1), "its best sets"),
        (
            |d| d.searches[1].best[0].questions.reverse(),
            "its best sets",
        ),
        (
            |d| d.searches[1].best[0].questions[0] = "other".to_owned(),
            "its best sets",
        ),
        (|d| d.searches[1].best.truncate(0), ""),
        (|d| d.searches[1].audit.sa += 1, "its audit sums"),
        (|d| d.searches[1].sets = 5.into(), "another number of sets"),
        (
            |d| d.searches[1].ranks.as_mut().unwrap().end += 1,
            "its ranks",
        ),
        (
            |d| d.searches[1].done.as_mut().unwrap()[0].end -= 1,
            "its audit sums",
        ),
        (
            |d| d.searches[1].done.as_mut().unwrap()[0].end += 1,
            "the ranks done",
        ),
        (
            |d| d.searches[1].defined = Some(u128::MAX),
            "more sets are defined",
        ),
        (|d| d.searches[1].units = 0, "the number of pieces"),
        (|d| d.searches[1].elapsed_s = -1.0, "its time"),
        (|d| d.part = Portion::new(1, 3), "its ranks"),
        (
            |d| {
                d.searches[1].known =
                    vec![d.searches[1].best[1].clone(), d.searches[1].best[0].clone()];
            },
            "the sets it knows",
        ),
    ];
    for (at, (edit, why)) in edits.into_iter().enumerate() {
        let mut edited = part.clone();
        edit(&mut edited);
        assert_ne!(edited, part, "edit {at}");
        match restored(&edited) {
            // That sets are left out no table tells; the whole then lacks them, unless others know them.
            Ok(()) => assert_eq!(why, "", "edit {at}"),
            Err(Mismatch::Untrue(said)) => {
                assert!(said.contains(why) && !why.is_empty(), "{at}: {said}");
            }
            Err(other) => panic!("edit {at}: {other}"),
        }
    }
    let queries: [(Edit, &str); 3] = [
        (|d| d.searches[0].query.top = 3, "top is 3, and 7 here"),
        (|d| d.searches[0].query.k = 5, "k is 5, and 2 here"),
        (
            |d| d.searches[0].query.criterion = Some("rest".to_owned()),
            "criterion is \"rest\"",
        ),
    ];
    for (edit, why) in queries {
        let mut edited = part.clone();
        edit(&mut edited);
        let said = restored(&edited).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
    let mut other = part.clone();
    other.version = "0.0.9".to_owned();
    let bytes = session::write(FileKind::Part, &other).expect("written");
    let said = session::read(FileKind::Part, &bytes)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("written by kcorrset 0.0.9, and this is"),
        "{said}"
    );
    let elsewhere = Kind::Lengths.table(3);
    let elsewhere_queries = kind.queries(&elsewhere);
    let elsewhere_ordered: Vec<_> = elsewhere_queries.iter().map(session::ordered).collect();
    let error = Session::restored(&part, &elsewhere_ordered, &asked).unwrap_err();
    assert!(matches!(error, Mismatch::Data { .. }), "{error}");
}

#[test]
fn numbers_and_groups_that_changed_are_refused() {
    let table = Kind::Column.table(2);
    let queries = Kind::Column.queries(&table);
    let (asked, ordered) = (asked(&queries), ordered(&queries));
    let session = Session::new(&ordered, &asked, None, begun()).expect("a session");
    let mut document = session.document();
    assert!(document.beside.is_some());
    document.beside = Some("sha256:00".to_owned());
    let restored = Session::restored(&document, &ordered, &asked).map(drop);
    assert_eq!(restored, Err(Mismatch::Beside));
}

#[test]
fn a_set_that_is_lost_is_seen_where_it_was_known() {
    let (table, kind) = small();
    let queries = kind.queries(&table);
    let (asked, ordered) = (asked(&queries), ordered(&queries));
    let engine = CpuEngine::new(1).expect("an engine");
    let mut parts: Vec<Document> = Vec::new();
    for portion in portions(3) {
        let part = part_of(&ordered, &asked, portion, &engine, &parts);
        parts.push(part);
    }
    let of = parts.iter().position(|part| {
        let best = &part.searches[1].best;
        parts[2].searches[1].known.first() == best.first()
    });
    let of = of.expect("the best set of a part before the last");
    let best = &mut parts[of].searches[1].best;
    best.remove(0);
    for (place, set) in (1..).zip(best) {
        set.place = place;
    }
    let whole = session::merge(&parts, &ordered, &asked).expect("all parts");
    let said = whole.search_of(1, &queries[1]).unwrap_err().to_string();
    assert!(
        said.contains("not among them: its answer is not to be trusted"),
        "{said}"
    );
}

/// A disk that fails from the operation of a number on, as one that is full does, or as the program that is killed.
struct Faulty {
    left: Cell<usize>,
    /// Whether what fails leaves half of what it was to write.
    half: bool,
}

impl Faulty {
    fn fails(&self) -> io::Result<()> {
        match self.left.get() {
            0 => Err(io::Error::other("no space left")),
            left => {
                self.left.set(left - 1);
                Ok(())
            }
        }
    }
}

impl Disk for Faulty {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.fails() {
            if self.half {
                std::fs::write(path, &bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        Files.write(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.fails()?;
        Files.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.fails()?;
        Files.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.fails()?;
        Files.sync_folder(folder)
    }
}

#[test]
fn whatever_the_disk_fails_at_a_whole_session_is_there() {
    let (table, kind) = small();
    let queries = kind.queries(&table);
    let (asked, ordered) = (asked(&queries), ordered(&queries));
    let engine = CpuEngine::new(1).expect("an engine");
    let mut session = Session::new(&ordered, &asked, None, begun()).expect("a session");
    let mut documents = vec![session.document()];
    while !go_on(&mut session, &engine, queries.len(), 1) {
        documents.push(session.document());
    }
    assert!(documents.len() > 3);
    for (left, half) in (0..12).flat_map(|left| [(left, false), (left, true)]) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("session");
        let left = Cell::new(left);
        let store = Store::create(&path, Faulty { left, half }).expect("a free place");
        let mut saved = None;
        for (at, document) in documents.iter().enumerate() {
            match store.save(document) {
                Ok(()) => saved = Some(at),
                Err(error) => {
                    let said = error.to_string();
                    assert!(said.contains("no space left"), "{said}");
                    break;
                }
            }
        }
        drop(store);
        let opened = Store::open(&path, Files);
        match (saved, opened) {
            (None, Ok((_, loaded))) => assert_eq!(loaded.document, documents[0]),
            (None, Err(StoreError::NoSession(_))) => {}
            (Some(at), Ok((_, loaded))) => {
                let found = documents.iter().position(|d| *d == loaded.document);
                let found = found.expect("one of those saved");
                assert!(found == at || found == at + 1, "{found} {at}");
            }
            (_, Err(error)) => panic!("{saved:?}: {error}"),
        }
    }
}

#[test]
fn a_damaged_file_gives_way_to_the_one_before() {
    let (table, kind) = small();
    let queries = kind.queries(&table);
    let (asked, ordered) = (asked(&queries), ordered(&queries));
    let engine = CpuEngine::new(1).expect("an engine");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("session");
    let mut session = Session::new(&ordered, &asked, None, begun()).expect("a session");
    let first = session.document();
    assert!(!go_on(&mut session, &engine, queries.len(), 1));
    let second = session.document();
    let store = Store::create(&path, Files).expect("a free place");
    let error = Store::create(&path, Files).expect_err("it is held");
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    store.save(&first).expect("saved");
    let error = Store::create(&path, Files).expect_err("it is there");
    assert!(matches!(error, StoreError::Exists(_)), "{error}");
    store.save(&second).expect("saved");
    let error = Store::open(&path, Files).expect_err("it is held");
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    drop(store);
    let bytes = std::fs::read(&path).expect("saved");
    let open = || Store::open(&path, Files).map(|(_, loaded)| (loaded.document, loaded.older));
    assert_eq!(open().expect("whole"), (second, None));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..50 {
        let mut damaged = bytes.clone();
        let at = (rng.next_u64() % bytes.len() as u64) as usize;
        match rng.random_range(0..3) {
            0 => damaged[at] ^= 1 << rng.random_range(0..8),
            1 => damaged.truncate(at),
            _ => damaged.insert(at, rng.random()),
        }
        std::fs::write(&path, &damaged).expect("written");
        let (document, older) = open().expect("the one before");
        assert_eq!(document, first);
        let said = older.expect("it is said");
        assert!(said.contains("session.before, is taken"), "{said}");
    }
    std::fs::remove_file(&path).expect("removed");
    let (document, older) = open().expect("the one before");
    assert!(document == first && older.is_some_and(|said| said.contains("is not there")));
    let before = folder.path().join("session.before");
    std::fs::write(&path, &bytes[1..]).expect("written");
    std::fs::write(&before, b"nothing").expect("written");
    let said = open().expect_err("both are damaged").to_string();
    assert!(said.contains("session.before: is neither"), "{said}");
    std::fs::remove_file(&before).expect("removed");
    let said = open().expect_err("it is damaged").to_string();
    assert!(said.contains("session: is neither a session nor"), "{said}");
    let error = Store::create(&path, Files).expect_err("something is there");
    assert!(matches!(error, StoreError::Occupied(_)), "{error}");
    std::fs::write(&path, &bytes).expect("written");
    let (store, _) = Store::open(&path, Files).expect("whole");
    store.remove().expect("removed");
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
    let error = Store::open(&path, Files).expect_err("nothing is there");
    assert!(matches!(error, StoreError::NoSession(_)), "{error}");
}
