//! A session in memory: one ledger for each K, and what is said of all of them.

use super::division::Divisions;
use super::document::{Begun, Document, Kept};
use super::error::{DivideError, Mismatch, WholeError};
use super::file::PROGRAM;
use super::identity::Identity;
use super::ledger::{Ledger, differing};
use super::portion::Portion;
use crate::engine::{Engine, Part, Query};
use crate::report::{Asked, Ran, Search};
use std::time::{Duration, Instant};

/// A search of one K or more, of all sets or of a part, as far as it is done.
#[derive(Clone, Debug)]
pub struct Session<'q> {
    begun: Begun,
    identity: Identity,
    portion: Option<Portion>,
    divisions: Divisions,
    /// What searched before.
    before: Ran,
    /// What searched now.
    now: Option<Ran>,
    pub(super) ledgers: Vec<Ledger<'q>>,
    /// When it was saved last.
    pub(super) saved: Option<Instant>,
}

/// Between the names of engines.
const AND: &str = " and ";

impl<'q> Session<'q> {
    /// A session of these queries, which are [`super::ordered`], each with what a document says of it: of a part of
    /// all their sets, or of all.
    ///
    /// # Errors
    /// Where they cannot be divided so.
    pub fn new(
        queries: &'q [Query<'q>],
        asked: &[Asked],
        portion: Option<Portion>,
        begun: Begun,
    ) -> Result<Self, DivideError> {
        let divisions = Divisions::new(queries.len());
        let ledgers = queries.iter().zip(asked).enumerate();
        let ledgers = ledgers.map(|(at, (query, asked))| {
            let range = divisions.range(at, query, portion)?;
            Ok(Ledger::new(query, asked.clone(), range))
        });
        Ok(Self {
            ledgers: ledgers.collect::<Result<_, _>>()?,
            begun,
            identity: Identity::of(queries),
            portion,
            divisions,
            before: nobody(),
            now: None,
            saved: None,
        })
    }

    /// The session of a document.
    ///
    /// # Errors
    /// Where it is not of these queries, or says of them what is not so.
    pub fn restored(
        document: &Document,
        queries: &'q [Query<'q>],
        asked: &[Asked],
    ) -> Result<Self, Mismatch> {
        let (identity, divisions) = (Identity::of(queries), Divisions::new(queries.len()));
        Self::restored_as(document, queries, asked, identity, divisions)
    }

    /// The session of another document of the queries of this one, which are digested and divided but once.
    pub(super) fn restored_beside(
        &self,
        document: &Document,
        queries: &'q [Query<'q>],
        asked: &[Asked],
    ) -> Result<Self, Mismatch> {
        let (identity, divisions) = (self.identity.clone(), self.divisions.clone());
        Self::restored_as(document, queries, asked, identity, divisions)
    }

    fn restored_as(
        document: &Document,
        queries: &'q [Query<'q>],
        asked: &[Asked],
        identity: Identity,
        divisions: Divisions,
    ) -> Result<Self, Mismatch> {
        identity.check(document)?;
        if document.searches.len() != queries.len() {
            return Err(Mismatch::Query(vec![format!(
                "it is of {} lengths of sets, and {} are asked for here",
                document.searches.len(),
                queries.len()
            )]));
        }
        let kept = document.searches.iter().zip(queries).zip(asked).enumerate();
        let ledgers = kept.map(|(at, ((kept, query), asked))| {
            let range = divisions.range(at, query, document.part)?;
            Ledger::restored(kept, query, asked, range)
        });
        Ok(Self {
            ledgers: ledgers.collect::<Result<_, Mismatch>>()?,
            begun: document.begun.clone(),
            identity,
            portion: document.part,
            divisions,
            before: document.engine.clone(),
            now: None,
            saved: None,
        })
    }

    /// What is saved of it.
    #[must_use]
    pub fn document(&self) -> Document {
        Document {
            version: PROGRAM.to_owned(),
            begun: self.begun.clone(),
            fingerprint: self.identity.fingerprint.clone(),
            beside: self.identity.beside.clone(),
            part: self.portion,
            engine: self.ran(),
            searches: self.ledgers.iter().map(Ledger::kept).collect(),
        }
    }

    /// What searched, in the order of their first work.
    #[must_use]
    pub fn ran(&self) -> Ran {
        match &self.now {
            None => self.before.clone(),
            Some(now) => joined(&self.before, now),
        }
    }

    /// Notes that `engine` has searched.
    pub(super) fn has_run(&mut self, engine: &dyn Engine) {
        self.now = Some(Ran {
            name: engine.name().to_owned(),
            devices: engine.devices(),
        });
    }

    /// What is to be searched of the K at this place, done or not.
    #[must_use]
    pub fn part(&self, at: usize) -> Part {
        self.ledgers[at].part()
    }

    /// Which part of the sets it is of.
    #[must_use]
    pub fn portion(&self) -> Option<Portion> {
        self.portion
    }

    /// How many sets of the K at this place are to be searched, and how many of them are done; `None` where they
    /// have no ranks.
    #[must_use]
    pub fn far(&self, at: usize) -> Option<(u128, u128)> {
        let ledger = &self.ledgers[at];
        ledger.sets().zip(ledger.sets_done().numbered())
    }

    /// Whether nothing is left of the K at this place.
    #[must_use]
    pub fn is_done(&self, at: usize) -> bool {
        self.ledgers[at].is_done()
    }

    /// Whether nothing has been done, nor anything met.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.ledgers.iter().all(Ledger::is_untouched)
    }

    /// Whether nothing is left of any K.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.ledgers.iter().all(Ledger::is_done)
    }

    /// Takes the good sets that a part found or was told of, for a floor; it may be of another division. They are
    /// judged by the table, so that nothing else that is said there matters.
    ///
    /// # Errors
    /// Where that part is not of these queries, or says of these sets what is not so.
    pub fn learn(&mut self, part: &Document) -> Result<(), Mismatch> {
        self.identity.check(part)?;
        for ledger in &mut self.ledgers {
            let same = |kept: &&Kept| kept.query.k == ledger.asked.k;
            // A part of other lengths has nothing to say of this one.
            let Some(kept) = part.searches.iter().find(same) else {
                continue;
            };
            ledger.learn_from(kept)?;
        }
        Ok(())
    }

    /// What a document says of the finished search of the K at this place, where `query` is the one that was asked
    /// for, in its own order.
    ///
    /// # Errors
    /// Where the sums of all pieces are not those of every set once.
    pub fn search_of(&self, at: usize, query: &Query<'_>) -> Result<Search, WholeError> {
        let ledger = &self.ledgers[at];
        match ledger.fault() {
            Some(fault) => Err(WholeError(fault)),
            None => Ok(Search {
                query: ledger.asked.clone(),
                ..ledger.search(query)
            }),
        }
    }

    /// What a document says of the query for the K at this place.
    #[must_use]
    pub fn asked(&self, at: usize) -> &Asked {
        &self.ledgers[at].asked
    }

    /// The time of search that the K at this place has taken so far.
    #[must_use]
    pub fn elapsed(&self, at: usize) -> Duration {
        Duration::try_from_secs_f64(self.ledgers[at].seconds()).unwrap_or_default()
    }

    /// How its queries are divided.
    pub(super) fn divisions(&self) -> &Divisions {
        &self.divisions
    }

    /// Takes over what the session of another part has done; whether it was of other sets.
    #[must_use]
    pub(super) fn absorb(&mut self, other: Self) -> bool {
        self.before = joined(&self.before, &other.ran());
        let pairs = self.ledgers.iter_mut().zip(other.ledgers);
        pairs.fold(true, |fresh, (ledger, other)| ledger.absorb(other) && fresh)
    }
}

/// In what the queries of two documents differ.
pub(super) fn differences(there: &Document, here: &Document) -> Vec<String> {
    let mut all = Vec::new();
    if there.fingerprint != here.fingerprint {
        all.push(format!(
            "its table has the fingerprint {}, and that of the first {}",
            there.fingerprint, here.fingerprint
        ));
    }
    if there.beside != here.beside {
        all.push("the numbers of its criterion, or its groups of questions, are others".to_owned());
    }
    if there.searches.len() != here.searches.len() {
        all.push("it is of another number of lengths of sets".to_owned());
    }
    for (there, here) in there.searches.iter().zip(&here.searches) {
        all.extend(differing(&there.query, &here.query));
    }
    all
}

fn nobody() -> Ran {
    Ran {
        name: String::new(),
        devices: Vec::new(),
    }
}

/// Both, each engine and each device once.
fn joined(before: &Ran, now: &Ran) -> Ran {
    let mut names: Vec<&str> = before.name.split(AND).filter(|n| !n.is_empty()).collect();
    for name in now.name.split(AND) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let mut devices = before.devices.clone();
    for device in &now.devices {
        if !devices.contains(device) {
            devices.push(device.clone());
        }
    }
    Ran {
        name: names.join(AND),
        devices,
    }
}
