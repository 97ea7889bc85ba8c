//! The check of discards: sets that are drawn anew are searched again by another way, and the lists must agree.
//!
//! An audit takes its sums before anything is discarded, so that an engine that discards a set too many, or every
//! one, passes it. So while an engine runs, each of its ways ([`Way`]) is given sets that nobody chose
//! and a floor that about one in a thousand of them reaches:
//!
//! ```text
//! draw sets                                                              (draw)
//! their best thousandth by the other way, without a floor
//! the floor: just below the last of these, so that one set is right at the bound
//! the same sets by the way that is checked, which has that floor from its first set on
//! both lists are the same sets with the same sums, or the search has failed
//! ```
//!
//! The floor is exact where a sample would only guess it, and costs nothing more. Sets are told by integers and
//! exact order on either side: the lists differ only where one of the two is wrong. What is discarded too seldom is
//! no fault of a list; known answers count that (`selftest` of the GPU engine).
//!
//! One draw a way comes before the search, so that a device that is wrong is known before anyone waits for it, and
//! more come behind it, for [`SHARE`] of the time that it took. Where parts are searched one after another, the first
//! draws come before the first of them, and more behind each, for that share of the time of all so far. They have a
//! watch of their own: no floor of theirs reaches the search.

use super::draw;
use crate::combin::Part;
use crate::engine::{Engine, EngineError, Query, Watch, Way};
use crate::stats::NO_FLOOR;
use crate::top::Candidate;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// What part of the time of a search goes into its check behind it, with the first draws: one in so many.
const SHARE: u32 = 100;

/// One set in so many is to reach the floor.
const ONE_IN: u128 = 1000;

/// Most sets of the first draw of a way. On the benchmark's table it takes tens of milliseconds, most of them to
/// make a table of the questions drawn; on one of a hundred users less than one.
const FIRST: u128 = 1 << 13;

/// The first draw is of no more than one set of the search in so many, so that a small search stays small, but of
/// [`FEWEST`] at least.
const FIRST_OF: u128 = 16;
const FEWEST: u128 = 64;

/// Most sets of any draw: more of them, drawn anew, say more than larger ones.
const MOST: u128 = 1 << 20;

/// A draw behind the search takes one in so many of the time that there is for all, and is at most [`GROWTH`] times
/// as large as the one before it.
const ROUNDS: u32 = 8;
const GROWTH: f64 = 4.0;

/// How often a way is given other sets where none that was drawn is defined: nothing can be lost of those.
const TRIES: usize = 8;

/// What was checked of a search's discards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How often sets were drawn.
    pub draws: u64,
    /// Sets that were searched by both ways.
    pub sets: u128,
    /// Those of them that were at their floor or above it, and that both ways had to find.
    pub kept: u64,
    /// How long all of it took, both ways and the draws.
    pub took: Duration,
}

/// Another way found other sets.
#[derive(Debug, thiserror::Error)]
#[error(
    "the check of discards failed on {on}: of {sets} sets drawn at random, number {place} of the best is {} there, \
     and {} by the {other} engine in another way: no answer of it is to be trusted",
    said(got.as_ref()), said(want.as_ref())
)]
pub struct CheckFailure {
    /// The device that was checked.
    pub on: String,
    /// The engine that it was compared with.
    pub other: &'static str,
    /// How many sets were drawn.
    pub sets: u128,
    /// The first place of the list in which the two differ, from 1.
    pub place: usize,
    /// What stands there by the way that was checked; `None` where its list ends before.
    pub got: Option<Candidate>,
    /// What stands there by the other way.
    pub want: Option<Candidate>,
}

/// A candidate in a sentence.
fn said(candidate: Option<&Candidate>) -> String {
    candidate.map_or_else(
        || "no set".to_owned(),
        |set| format!("{:?} (r {})", set.set(), set.correlation().r()),
    )
}

/// A way with what its last draw took.
struct Lane<'e> {
    way: Way<'e>,
    sets: u128,
    took: Duration,
}

/// The check of the searches of one query.
pub(super) struct Checks<'a> {
    query: &'a Query<'a>,
    rng: ChaCha8Rng,
    lanes: Vec<Lane<'a>>,
    /// Whether the lanes are those of the whole query: an engine may search parts in other ways.
    of_whole: bool,
    done: Checked,
}

/// What is searched while it is checked.
#[derive(Clone, Copy)]
pub(super) struct Under<'w> {
    /// Which sets.
    pub(super) part: &'w Part,
    /// Who stops.
    pub(super) watch: &'w Watch,
}

/// What went wrong with a draw.
#[derive(Debug)]
pub(super) enum Fault {
    Engine(EngineError),
    Lists(Box<CheckFailure>),
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl<'a> Checks<'a> {
    /// A check of searches of `query`, by draws that follow from `seed`.
    pub(super) fn new(query: &'a Query<'a>, seed: u64) -> Self {
        Self {
            query,
            rng: ChaCha8Rng::seed_from_u64(seed),
            lanes: Vec::new(),
            of_whole: false,
            done: Checked::default(),
        }
    }

    /// What was checked so far; says it too.
    pub(super) fn done(&self) -> Checked {
        let Checked {
            draws,
            sets,
            kept,
            took,
        } = self.done;
        if draws > 0 {
            tracing::info!(sets, kept, draws, ?took, "discards checked by another way");
        }
        self.done
    }

    /// The first draw of each way of `engine`, unless it was made for such a part.
    pub(super) fn first(&mut self, engine: &'a dyn Engine, under: Under<'_>) -> Result<(), Fault> {
        let of_whole = self.query.space().is_whole(under.part);
        let made = !self.lanes.is_empty() && self.of_whole == of_whole;
        let Some(all) = under.part.sets().filter(|_| !made) else {
            return Ok(());
        };
        self.lanes.clear();
        self.of_whole = of_whole;
        let sets = (all / FIRST_OF).clamp(FEWEST, FIRST);
        for way in engine.ways(self.query, under.part)? {
            let took = Duration::ZERO;
            self.lanes.push(Lane { way, sets, took });
        }
        let mut at = 0;
        while at < self.lanes.len() {
            match self.first_of(at, sets, under) {
                Ok(()) => at += 1,
                Err(fault) => self.leave_out(at, fault)?,
            }
        }
        Ok(())
    }

    /// Draws until sets are drawn that tell.
    fn first_of(&mut self, at: usize, sets: u128, under: Under<'_>) -> Result<(), Fault> {
        for _ in 0..TRIES {
            if self.draw(at, sets, under)? {
                break;
            }
        }
        Ok(())
    }

    /// Draws behind searches that took so long, as many as fit into their share, by each way in turn.
    pub(super) fn rest(&mut self, elapsed: Duration, under: Under<'_>) -> Result<(), Fault> {
        let budget = elapsed / SHARE;
        let mut turn = 0;
        while !self.lanes.is_empty() && !under.watch.stopped() {
            let (at, ways) = (turn % self.lanes.len(), self.lanes.len() as u32);
            let left = budget.saturating_sub(self.done.took);
            let Lane { sets, took, .. } = self.lanes[at];
            if left < took {
                break;
            }
            let aim = (budget / (ROUNDS * ways)).min(left);
            let growth = aim.as_secs_f64() / took.as_secs_f64().max(1e-9);
            let sets = (sets as f64 * growth.clamp(1.0, GROWTH)) as u128;
            match self.draw(at, sets.min(MOST), under) {
                Ok(_) => turn += 1,
                // Who stops here has the whole search.
                Err(Fault::Engine(EngineError::Stopped)) => break,
                Err(fault) => self.leave_out(at, fault)?,
            }
        }
        Ok(())
    }

    /// Goes on without a way whose device failed where there are others, as the search does.
    fn leave_out(&mut self, at: usize, fault: Fault) -> Result<(), Fault> {
        match fault {
            Fault::Engine(EngineError::Device { device, what }) if self.lanes.len() > 1 => {
                tracing::warn!("device {device} failed, and its discards are not checked: {what}");
                self.lanes.remove(at);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Draws about so many sets and searches them both ways. Whether any was defined.
    fn draw(&mut self, at: usize, sets: u128, under: Under<'_>) -> Result<bool, Fault> {
        let start = Instant::now();
        let lane = &self.lanes[at];
        let drawn = draw::sets(
            self.query,
            under.part,
            lane.way.drawn,
            sets,
            ONE_IN,
            &mut self.rng,
        );
        let kept = match &drawn {
            Some((query, part)) => agree(&lane.way, query, part, under.watch)?,
            None => 0,
        };
        let took = start.elapsed();
        self.done.took += took;
        self.lanes[at].took = took;
        self.lanes[at].sets = sets;
        if kept == 0 {
            return Ok(false);
        }
        self.done.draws += 1;
        self.done.sets += drawn.and_then(|(_, part)| part.sets()).unwrap_or(0);
        self.done.kept += kept;
        Ok(true)
    }
}

/// Whether both ways list the same sets of `part`, and how many.
fn agree(way: &Way<'_>, query: &Query<'_>, part: &Part, watch: &Watch) -> Result<u64, Fault> {
    let want = way.other.open(query)?.search(part, &watch.beside())?.best;
    let last = want.last().map(|last| last.value().rounded().next_down());
    let own = watch.beside();
    own.raise_floor(last.unwrap_or(NO_FLOOR));
    let got = way.engine.open(query)?.search(part, &own)?.best;
    let same = |place: usize| match (got.get(place), want.get(place)) {
        (Some(got), Some(want)) => got.set() == want.set() && got.sums() == want.sums(),
        _ => false,
    };
    match (0..want.len().max(got.len())).find(|&place| !same(place)) {
        None => Ok(want.len() as u64),
        Some(place) => Err(Fault::Lists(Box::new(CheckFailure {
            on: way.engine.devices().join(" and "),
            other: way.other.name(),
            sets: part.sets().unwrap_or(0),
            place: place + 1,
            got: got.into_iter().nth(place),
            want: want.into_iter().nth(place),
        }))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::CpuEngine;
    use crate::synth::{Model, Spec, matrix};

    fn spec(users: usize, questions: usize) -> Spec {
        Spec {
            users,
            questions,
            answered: 0.6,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 4,
        }
    }

    #[test]
    fn the_longer_a_search_took_the_more_is_drawn_behind_it() {
        let table = matrix(&spec(300, 30)).unwrap();
        let query = Query::of(&table).k(4).min_users(5).build().unwrap();
        let (part, watch) = (query.space().whole(), Watch::new());
        let engine = CpuEngine::new(1).unwrap();
        let under = Under {
            part: &part,
            watch: &watch,
        };
        let mut checks = Checks::new(&query, 3);
        checks.first(&engine, under).unwrap();
        let first = checks.done();
        assert!(first.draws == 1 && first.sets <= 27_405 / FIRST_OF && first.kept > 0);
        // It is made once.
        checks.first(&engine, under).unwrap();
        // Not a hundredth of what the first draw took, and a hundred times as much.
        checks.rest(first.took, under).unwrap();
        assert_eq!(checks.done(), first);
        checks.rest(first.took * 100 * SHARE, under).unwrap();
        let all = checks.done();
        assert!(
            all.draws > 2 && all.sets > 4 * first.sets,
            "{first:?} {all:?}"
        );
        // A part may be searched in other ways, whose first draws are made before it.
        let few = query.space().part(0, Some(4_000)).unwrap();
        let of_part = Under {
            part: &few,
            watch: &watch,
        };
        checks.first(&engine, of_part).unwrap();
        let more = checks.done();
        assert_eq!(more.draws, all.draws + 1);
        checks.first(&engine, of_part).unwrap();
        assert_eq!(checks.done(), more);
        watch.stop();
        checks.rest(first.took * 100_000 * SHARE, of_part).unwrap();
        assert_eq!(checks.done(), more);
    }

    #[test]
    fn what_differs_is_said_with_its_place() {
        let failure = CheckFailure {
            on: "device".to_owned(),
            other: "cpu",
            sets: 64,
            place: 1,
            got: None,
            want: None,
        };
        let said = failure.to_string();
        assert!(
            said.contains(
                "device: of 64 sets drawn at random, number 1 of the best is no set there"
            ),
            "{said}"
        );
    }
}
