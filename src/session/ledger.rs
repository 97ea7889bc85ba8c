//! What is known of the search for sets of one K: which ranks are done, and what was found in them.

use super::document::Kept;
use super::error::Mismatch;
use super::proof::proved;
use super::ranges::Ranges;
use crate::combin::Size;
use crate::engine::{Part, Query, Watch};
use crate::report::{Asked, Audit, Finished, Place, Proof, Ranks, Search, Whole, places};
use crate::search::{Outcome, expected_of_source};
use crate::stats::AuditSums;
use crate::top::{Candidate, Top};
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

/// What is known of one search.
#[derive(Clone, Debug)]
pub(super) struct Ledger<'q> {
    /// In the order of sessions.
    pub(super) query: &'q Query<'q>,
    pub(super) asked: Asked,
    /// What is to be searched; `None` where sets have no ranks, and it is all of them.
    range: Option<Range<u128>>,
    done: Ranges,
    /// Whether sets without ranks are done.
    all_done: bool,
    units: u64,
    defined: Option<u128>,
    sums: AuditSums,
    proof: Option<Whole>,
    seconds: f64,
    /// Best first, as people are told of them.
    best: Vec<Candidate>,
    known: Vec<Candidate>,
}

impl<'q> Ledger<'q> {
    /// Nothing done of these ranks of `query`, or of all its sets where they have none.
    pub(super) fn new(query: &'q Query<'q>, asked: Asked, range: Option<Range<u128>>) -> Self {
        Self {
            query,
            asked,
            range,
            done: Ranges::default(),
            all_done: false,
            units: 0,
            defined: Some(0),
            sums: AuditSums::default(),
            proof: None,
            seconds: 0.0,
            best: Vec::new(),
            known: Vec::new(),
        }
    }

    /// The ledger of a document that should be of these ranks; nothing in it is believed that the table can tell.
    pub(super) fn restored(
        kept: &Kept,
        query: &'q Query<'q>,
        asked: &Asked,
        range: Option<Range<u128>>,
    ) -> Result<Self, Mismatch> {
        let mut ledger = Self::new(query, asked.clone(), range);
        let untrue = |what: &str| Err(Mismatch::untrue(what));
        [ledger.best, ledger.known] = ledger.told_sets(kept)?;
        if kept.ranks.map(range_of) != ledger.range {
            return untrue("its ranks are not those of its part");
        }
        match (&kept.done, ledger.range.clone()) {
            (Some(done), Some(all)) => {
                for range in done.iter().copied().map(range_of) {
                    let inside = all.start <= range.start && range.end <= all.end;
                    if !inside || !ledger.done.insert(range) {
                        return untrue("the ranks done are not disjoint ones of its part");
                    }
                }
                if ledger.done.as_slice().len() != done.len() {
                    return untrue("the ranks done are not as few ranges as they could be");
                }
            }
            (Some(done), None) if done.is_empty() => ledger.all_done = true,
            (None, None) => {}
            _ => return untrue("its ranks and those done do not go together"),
        }
        for part in ledger.done_parts() {
            ledger.sums += expected_of_source(query, &part);
        }
        if ledger.audit() != kept.audit {
            return untrue("its audit sums are not those of the ranks done");
        }
        let ranks = Positions::new(query);
        let among = |set: &Candidate| match (ranks.rank(query, set), ledger.all_done) {
            (Some(rank), _) => ledger.done.contains(rank),
            (None, all_done) => all_done,
        };
        if !ledger.best.iter().all(among) {
            return untrue("one of its best sets is not of the ranks done");
        }
        let done = ledger.sets_done();
        if (kept.units == 0) != (done == 0) {
            return untrue("the number of pieces done");
        }
        if kept.defined.is_some_and(|defined| done < defined.into()) {
            return untrue("more sets are defined than done");
        }
        if let Some(Whole {
            visited, excluded, ..
        }) = &kept.proof
            && Size::from(*visited) + excluded != done
        {
            return untrue("the sets visited and excluded are not those done");
        }
        if !(kept.elapsed_s.is_finite() && kept.elapsed_s >= 0.0) {
            return untrue("its time");
        }
        Ok(Self {
            units: kept.units,
            defined: kept.defined,
            proof: kept.proof.clone(),
            seconds: kept.elapsed_s,
            ..ledger
        })
    }

    /// The best and the known sets of a document that should be of this query, judged by the table.
    fn told_sets(&self, kept: &Kept) -> Result<[Vec<Candidate>; 2], Mismatch> {
        let differences = differing(&kept.query, &self.asked);
        if !differences.is_empty() {
            return Err(Mismatch::Query(differences));
        }
        if kept.sets != *self.query.space().size() {
            return Err(Mismatch::untrue("it is of another number of sets"));
        }
        let told =
            |sets: &[Place], what| judged(sets, self.query).ok_or_else(|| Mismatch::untrue(what));
        Ok([
            told(&kept.best, "its best sets")?,
            told(&kept.known, "the sets it knows")?,
        ])
    }

    /// What a document says of it.
    pub(super) fn kept(&self) -> Kept {
        let done = match (&self.range, self.all_done) {
            (Some(_), _) => Some(self.done.as_slice().iter().cloned().map(ranks_of).collect()),
            (None, true) => Some(Vec::new()),
            (None, false) => None,
        };
        Kept {
            query: self.asked.clone(),
            sets: self.query.space().size().clone(),
            ranks: self.range.clone().map(ranks_of),
            done,
            units: self.units,
            defined: self.defined,
            audit: self.audit(),
            proof: self.proof.clone(),
            elapsed_s: self.seconds,
            best: places(self.query, &self.best),
            known: places(self.query, &self.known),
        }
    }

    /// The audit sums of what is done.
    fn audit(&self) -> Audit {
        Audit {
            sets: self.sets_done(),
            ..(&self.sums).into()
        }
    }

    /// The ranges that are left; `None` where sets have no ranks.
    pub(super) fn left(&self) -> Option<Vec<Range<u128>>> {
        let range = self.range.as_ref()?;
        Some(self.done.left(range))
    }

    /// What is to be searched.
    pub(super) fn part(&self) -> Part {
        let part = self.range.as_ref();
        let part = part.and_then(|range| part_of(self.query, range));
        part.unwrap_or_else(|| self.query.space().whole())
    }

    /// How many sets are to be searched, where they have ranks.
    pub(super) fn sets(&self) -> Option<u128> {
        self.range.as_ref().map(|range| range.end - range.start)
    }

    /// How many sets are done.
    pub(super) fn sets_done(&self) -> Size {
        match (&self.range, self.all_done) {
            (Some(_), _) => self.done.count().into(),
            (None, true) => self.query.space().size().clone(),
            (None, false) => Size::from(0),
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        match self.left() {
            Some(left) => left.is_empty(),
            None => self.all_done,
        }
    }

    /// Whether nothing is done and no set is known.
    pub(super) fn is_untouched(&self) -> bool {
        self.units == 0 && self.known.is_empty()
    }

    /// Whether it is of all sets, of which none are done.
    pub(super) fn is_untouched_whole(&self) -> bool {
        self.units == 0 && self.range == self.query.space().whole().ranks()
    }

    /// Seconds of search so far.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }

    fn done_parts(&self) -> Vec<Part> {
        if self.all_done {
            return vec![self.query.space().whole()];
        }
        let done = self.done.as_slice().iter();
        done.filter_map(|range| part_of(self.query, range))
            .collect()
    }

    /// Enters what was found in `part`, which was searched to its end and audited.
    pub(super) fn enter(&mut self, part: &Part, outcome: Outcome) {
        let fresh = match part.ranks() {
            Some(range) => self.done.insert(range),
            None => !std::mem::replace(&mut self.all_done, true),
        };
        // Only what is left is ever searched; were it not so, the sums of the whole would tell.
        debug_assert!(fresh, "{part:?} was done before");
        let first = self.units == 0;
        let proof = proved(&outcome);
        self.proof = match (first, self.proof.take(), proof) {
            (true, _, proof) => proof,
            (false, Some(before), Some(now)) => Some(together(before, now)),
            (false, ..) => None,
        };
        let defined = self.defined.zip(outcome.defined);
        self.defined = defined.map(|(before, now)| before.saturating_add(now));
        let sums = outcome.audit_of_source;
        self.sums += sums.unwrap_or_else(|| expected_of_source(self.query, part));
        self.units += 1;
        self.seconds += outcome.elapsed.as_secs_f64();
        self.best.extend(outcome.best);
        self.best = best_of(self.query, std::mem::take(&mut self.best));
    }

    /// Sets that are in the query, for a floor.
    pub(super) fn learn(&mut self, sets: impl IntoIterator<Item = Candidate>) {
        let told = sets.into_iter().map(|set| self.query.told(set));
        self.known.extend(told);
        self.known = best_of(self.query, std::mem::take(&mut self.known));
    }

    /// Learns all sets of a document that should be of this query.
    pub(super) fn learn_from(&mut self, kept: &Kept) -> Result<(), Mismatch> {
        let sets = self.told_sets(kept)?;
        self.learn(sets.into_iter().flatten());
        Ok(())
    }

    /// All good sets that are known, best first, each once.
    pub(super) fn all_known(&self) -> Vec<Candidate> {
        let all = self.best.iter().chain(&self.known).cloned();
        best_of(self.query, all.collect())
    }

    /// Tells `watch` of the sets that are known, which raise its floor.
    pub(super) fn tell(&self, watch: &Watch) {
        if let Some(distance) = self.query.within() {
            watch.heed_distance(distance);
        }
        let mut top = Top::new(self.query.top());
        for set in self.all_known() {
            watch.keep(&mut top, set);
        }
        watch.raise_floor(top.floor());
    }

    /// Takes over what another ledger of the same query has done, of other ranks; whether they were others.
    #[must_use]
    pub(super) fn absorb(&mut self, other: Self) -> bool {
        let first = self.units == 0;
        for range in other.done.as_slice() {
            if !self.done.insert(range.clone()) {
                return false;
            }
        }
        self.proof = match (first, self.proof.take(), other.proof) {
            (true, _, proof) => proof,
            (false, Some(before), Some(now)) => Some(together(before, now)),
            (false, ..) => None,
        };
        let defined = self.defined.zip(other.defined);
        self.defined = defined.map(|(before, now)| before.saturating_add(now));
        self.sums += other.sums;
        self.units += other.units;
        self.seconds += other.seconds;
        self.best.extend(other.best);
        self.best = best_of(self.query, std::mem::take(&mut self.best));
        self.learn(other.known);
        true
    }

    /// What is wrong with a finished ledger of all sets, if anything: its sums, or a known set that it should list.
    pub(super) fn fault(&self) -> Option<String> {
        let whole = self.query.space().whole();
        if !self.is_done() || self.range != whole.ranks() {
            return Some("not all sets are done".to_owned());
        }
        let expected = expected_of_source(self.query, &whole);
        if expected != self.sums {
            return Some(format!(
                "the audit of the whole failed: {:?} are the sums of all pieces, and {expected:?} those of every set \
                 once",
                self.sums
            ));
        }
        let asked = |sets| self.query.asked_of(sets);
        let missing = asked(self.all_known()) != asked(self.best.clone());
        missing.then(|| {
            "a set that was met before is better than those listed, and not among them".to_owned()
        })
    }

    /// What a document says of the finished search, where `query` is the one that was asked.
    pub(super) fn search(&self, query: &Query<'_>) -> Search {
        Search::of(&Finished {
            query,
            part: &query.space().whole(),
            best: &query.asked_of(self.best.clone()),
            defined: self.defined,
            audit: &self.sums,
            proof: self.proof.clone().map(Proof::Whole),
            elapsed: Duration::try_from_secs_f64(self.seconds).unwrap_or_default(),
        })
    }
}

fn together(before: Whole, now: Whole) -> Whole {
    Whole {
        visited: before.visited.saturating_add(now.visited),
        excluded: before.excluded + &now.excluded,
        nodes: before.nodes.saturating_add(now.nodes),
    }
}

/// The best of `sets`, each once, as many as are asked for.
fn best_of(query: &Query<'_>, mut sets: Vec<Candidate>) -> Vec<Candidate> {
    sets.sort_by(|a, b| b.cmp(a));
    sets.dedup();
    sets.truncate(query.top());
    sets
}

/// The part of these ranks.
pub(super) fn part_of(query: &Query<'_>, range: &Range<u128>) -> Option<Part> {
    query
        .space()
        .part(range.start, Some(range.end - range.start))
}

fn ranks_of(range: Range<u128>) -> Ranks {
    let Range { start, end } = range;
    Ranks { start, end }
}

fn range_of(ranks: Ranks) -> Range<u128> {
    ranks.start..ranks.end
}

/// In what two queries differ. A file's content counts, whatever its path.
pub(super) fn differing(there: &Asked, here: &Asked) -> Vec<String> {
    let there = Asked {
        criterion_file: here.criterion_file.clone(),
        ..there.clone()
    };
    let differences = there.differing(here).into_iter();
    let said = differences.map(|(name, there, here)| format!("{name} is {there}, and {here} here"));
    said.collect()
}

/// Where the questions of a query stand in its space.
struct Positions(HashMap<usize, usize>);

impl Positions {
    fn new(query: &Query<'_>) -> Self {
        let order = query.space().order().iter().enumerate();
        Self(
            order
                .map(|(position, &question)| (question, position))
                .collect(),
        )
    }

    /// The ascending positions of a set; `None` where it has a question that is not of the space.
    fn of(&self, set: &[usize]) -> Option<Vec<usize>> {
        let positions = set.iter().map(|question| self.0.get(question).copied());
        let mut positions: Vec<usize> = positions.collect::<Option<_>>()?;
        positions.sort_unstable();
        Some(positions)
    }

    fn rank(&self, query: &Query<'_>, set: &Candidate) -> Option<u128> {
        query.space().rank(&self.of(set.set())?)
    }
}

/// These places judged again from the table; `None` where any of them is not as it is said, not asked for, or out of
/// order.
fn judged(said: &[Place], query: &Query<'_>) -> Option<Vec<Candidate>> {
    let ids = query.source().questions().iter().enumerate();
    let index: HashMap<&str, usize> = ids.map(|(at, id)| (id.as_str(), at)).collect();
    let positions = Positions::new(query);
    let judge = |place: &Place| {
        let set = place.questions.iter().map(|id| index.get(id.as_str()));
        let set: Vec<usize> = set.map(|at| at.copied()).collect::<Option<_>>()?;
        let rising = set.windows(2).all(|pair| pair[0] < pair[1]);
        let whole = set.len() == query.k() && query.space().holds(&positions.of(&set)?);
        let allowed = query.quotas().is_none_or(|quotas| quotas.allow(&set));
        let asked = rising && whole && allowed;
        asked.then(|| query.judge_set(set)).flatten()
    };
    let sets: Vec<Candidate> = said.iter().map(judge).collect::<Option<_>>()?;
    let falling = sets.windows(2).all(|pair| pair[0] > pair[1]);
    let right = falling && sets.len() <= query.top() && places(query, &sets) == said;
    right.then_some(sets)
}
