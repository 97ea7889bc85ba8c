//! The search: a pool of good sets, the root, the tree.

use super::ground::Ground;
use super::judge::Judge;
use super::level::Level;
use super::local::{self, Field};
use super::piece::Piece;
use super::plan::{LONG, Next, PROBE, Plan, WORTH};
use super::root::{Known, Root, weights};
use super::tape::{Recording, Tape};
use super::tree::{ENDLESS, SMALL, Tally, Tree};
use crate::engine::Recorded;
use crate::stats::AuditSums;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a search came to; the sets themselves are with the judge.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// AuditSums of the sets gone through one by one.
    pub(super) visited: AuditSums,
    /// AuditSums, in closed form, of the sets excluded under a bound.
    pub(super) excluded: AuditSums,
    /// Nodes of the tree.
    pub(super) nodes: u64,
    /// How far the bound at the root lies above the floor, relative to r.
    pub(super) root_gap: f64,
    /// The proof, where it was to be recorded.
    pub(super) recorded: Option<Recorded>,
}

/// Why the method does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// No question, or not the criterion, varies: no r is above 0.
    NothingVaries,
    /// The floor is not above 0: fewer than N sets, or the N-th best r found is 0 or less.
    LowFloor,
    /// No set can hold the included questions and keep the quotas.
    NoSets,
}

/// A search that did not end with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Stopped from outside; the judge has the best found so far.
    Stopped,
    /// Not for this method.
    Unfit(Unfit),
    /// The tree is too long to be recorded.
    TooLong,
}

/// What does not change the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    /// Looks for good sets first. Without, the judge's floor must be above 0 from the start.
    pub(super) local_search: bool,
    /// Subtrees of at most so many sets are gone through set by set.
    pub(super) small: f64,
    /// Rounds of multipliers at the root.
    pub(super) rounds: usize,
    /// Nodes a question for which the tree is tried between rounds.
    pub(super) probe: u64,
    /// Records the proof, its tree in at most so many bytes.
    pub(super) record: Option<u64>,
    #[cfg(test)]
    pub(super) fault: super::tests::Fault,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            local_search: true,
            small: SMALL,
            rounds: 30,
            probe: PROBE,
            record: None,
            #[cfg(test)]
            fault: super::tests::Fault::None,
        }
    }
}

/// What a search leaves to the next one of the same problem: its root, and how far its plan went.
pub(super) struct Kept {
    known: Known,
    plan: Plan,
}

/// Offers the judge every set, of a part or of all sets, whose r reaches the floor that the judge has at the end (and others),
/// on the threads of the current rayon pool. What is offered beyond that, and the counts of nodes and of
/// visited sets, depend on the order of the threads; what the judge lists in the end does not. It goes on
/// with the root that another search of the same problem left in `kept`, and leaves its own there.
///
/// A floor above 0 that is known beforehand may exclude a part at once, so good sets of it are looked for only where
/// a first try of the tree has not.
///
/// # Errors
/// Where `stop` was set before the proof was complete, the method does not apply, or the tree becomes longer than
/// may be recorded.
///
/// # Panics
/// Where the moments are those of no table, so that V has a negative eigenvalue.
pub(super) fn search(
    ground: &Ground,
    piece: Option<&Piece<'_>>,
    kept: &mut Option<Kept>,
    judge: &dyn Judge,
    stop: &AtomicBool,
    tuning: &Tuning,
) -> Result<Found, End> {
    let Ground {
        problem,
        scaled,
        words,
        binomials,
    } = ground;
    let scaled = scaled.as_ref().ok_or(End::Unfit(Unfit::NothingVaries))?;
    let field = Field {
        problem,
        scaled,
        piece,
    };
    let later = piece.is_some() && judge.floor() > 0.0;
    if tuning.local_search && !later {
        local::search(field, judge, stop);
    }
    let weights = weights(problem).ok_or(End::Unfit(Unfit::NoSets))?;
    let Some(level) = Level::new(scaled, problem.kind, judge.floor()) else {
        return Err(if stop.load(Ordering::Relaxed) {
            End::Stopped
        } else {
            End::Unfit(Unfit::LowFloor)
        });
    };
    let (mut root, mut plan) = match kept.take() {
        Some(Kept { known, plan }) => {
            let root = Root::again(problem, scaled, words, binomials, known);
            (root, plan)
        }
        None => {
            let root = Root::new(problem, scaled, words, binomials, weights);
            (root, Plan::new(tuning.rounds))
        }
    };
    let proof = Proof {
        ground,
        field,
        judge,
        stop,
        tuning,
        later,
    };
    let found = proof.search(&mut root, &mut plan, level);
    let known = root.into_known();
    *kept = Some(Kept { known, plan });
    found
}

/// A proof in the making: what does not change while the root and the floor do.
struct Proof<'a> {
    ground: &'a Ground,
    field: Field<'a>,
    judge: &'a dyn Judge,
    stop: &'a AtomicBool,
    tuning: &'a Tuning,
    /// Whether good sets are still to be looked for.
    later: bool,
}

impl Proof<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// What the judge's floor asks for now.
    fn level(&self) -> Option<Level> {
        let Field {
            problem, scaled, ..
        } = self.field;
        Level::new(scaled, problem.kind, self.judge.floor())
    }

    /// Goes through the tree, or a `budget` of nodes of it, until then at most.
    fn run(
        &self,
        root: &Root<'_>,
        level: Level,
        budget: u64,
        until: Option<Instant>,
    ) -> Result<(Tally, Tape), End> {
        let Field {
            problem,
            scaled,
            piece,
        } = self.field;
        let recording = self.tuning.record.map(Recording::new);
        let tree = Tree {
            problem,
            scaled,
            words: &self.ground.words,
            binomials: &self.ground.binomials,
            errors: root.best.errors,
            judge: self.judge,
            stop: self.stop,
            budget: AtomicU64::new(budget),
            until,
            small: self.tuning.small,
            recording: recording.as_ref(),
            #[cfg(test)]
            fault: self.tuning.fault,
        };
        let (frame, node) = (&root.best.frame, &root.best.node);
        let (tally, tape) = match piece {
            None => tree.run(frame, node.clone(), level),
            Some(piece) => (tree.run_part(frame, node, piece, level), Tape::default()),
        };
        match recording {
            Some(recording) if recording.is_full() => Err(End::TooLong),
            _ => Ok((tally, tape)),
        }
    }

    fn search(&self, root: &mut Root<'_>, plan: &mut Plan, level: Level) -> Result<Found, End> {
        let Field {
            problem,
            scaled,
            piece,
        } = self.field;
        let (judge, stop, tuning) = (self.judge, self.stop, self.tuning);
        let mut present = level;
        let time = Time::of(judge.deadline());
        let probe = tuning.probe * problem.questions as u64;
        // Each block of a part takes a node at least.
        let blocks = piece.map_or(0, |piece| 2 * piece.blocks());
        let (mut tally, mut tape) = self.run(root, present, probe + blocks, time.root)?;
        let mut probed = f64::INFINITY;
        let mut ceiling = 1.0;
        let mut lower = |root: &Root<'_>, floor: f64| {
            ceiling = root.ceiling(floor).min(ceiling);
            judge.ceiling(ceiling);
            tracing::debug!(gap = root.best.gap, ceiling, "root");
        };
        if tally.stopped {
            if self.later && tuning.local_search && !self.is_stopped() {
                local::search(self.field, judge, stop);
            }
            lower(root, present.floor);
        }
        while tally.stopped && !self.is_stopped() && !time.is_root_over() {
            present = self.level().unwrap_or(present);
            let budget = match plan.next(root.best.gap) {
                Next::Round => {
                    root.round(&present, plan.round == 1, stop);
                    lower(root, present.floor);
                    if root.best.gap > WORTH * probed {
                        continue;
                    }
                    probed = root.best.gap;
                    probe + blocks
                }
                Next::MoreProducts => {
                    root.multipliers.widen();
                    root.round(&present, false, stop);
                    lower(root, present.floor);
                    continue;
                }
                Next::LongProbe => LONG * probe + blocks,
                // Where time is limited, higher floors come first.
                Next::Tree if judge.deadline().is_some() => break,
                Next::Tree => ENDLESS,
            };
            (tally, tape) = self.run(root, present, budget, time.root)?;
            let (nodes, floor) = (tally.nodes, judge.floor());
            tracing::debug!(nodes, stopped = tally.stopped, floor, "tree");
        }
        if tally.stopped
            && let Some(until) = time.for_better_sets()
        {
            local::search_until(until, self.field, judge, stop);
        }
        // Floors above that of the list, ever nearer to it: the tree of each shows that no other set reaches it. The
        // last one is that of the list. Each takes far longer than the one before, so a step is as wide as time
        // allows.
        let least = (LAST * (ceiling - judge.floor())).max(NEAR);
        let mut step = FIRST_STEP;
        while tally.stopped && !self.is_stopped() && step >= LEAST_STEP {
            let Some(left) = time.left() else { break };
            let (floor, start) = (judge.floor(), Instant::now());
            let gap = ceiling - floor;
            let (raised, until) = if gap > least {
                (ceiling - step * gap, start + left / 2)
            } else {
                (floor, start + left)
            };
            let Some(level) = Level::new(scaled, problem.kind, raised) else {
                break;
            };
            let tree = self.run(root, level, ENDLESS, Some(until))?;
            let (nodes, stopped) = (tree.0.nodes, tree.0.stopped);
            tracing::debug!(raised, nodes, stopped, "raised floor");
            if stopped {
                step /= 2.0;
                continue;
            }
            if 8 * start.elapsed() < left {
                step = f64::min(2.0 * step, WIDEST_STEP);
            }
            // Where the list has risen to the raised floor, all sets that reach its own were offered.
            let floor = judge.floor();
            if floor >= raised {
                (tally, tape) = tree;
            }
            ceiling = floor.max(raised);
            judge.ceiling(ceiling);
        }
        if tally.stopped {
            return Err(End::Stopped);
        }
        judge.done(tally.sets().wrapping_sub(tally.told));
        Ok(Found {
            visited: tally.visited,
            excluded: tally.excluded,
            nodes: tally.nodes,
            root_gap: root.best.gap,
            recorded: tuning.record.map(|_| Recorded {
                floor: judge.floor(),
                power: scaled.power,
                four: root.best.four,
                multipliers: root.best.multipliers.clone(),
                tape: tape.bytes,
                nodes: tally.nodes,
            }),
        })
    }
}

/// A raised floor lies this part of the way from the ceiling to the floor; and where the way is less than [`LAST`] of
/// the first one, at the floor.
const FIRST_STEP: f64 = 1.0 / 16.0;
const LEAST_STEP: f64 = 1.0 / 256.0;
const WIDEST_STEP: f64 = 0.5;
const LAST: f64 = 0.05;

/// A ceiling this near the floor cannot come much nearer, and within a rounding of it not at all.
const NEAR: f64 = 1e-9;

/// The time that a search has, where it is limited: six tenths of it for the root, the rest for better sets and
/// raised floors.
#[derive(Clone, Copy, Debug)]
struct Time {
    start: Instant,
    deadline: Option<Instant>,
    root: Option<Instant>,
}

impl Time {
    /// From now on to then.
    fn of(deadline: Option<Instant>) -> Self {
        let start = Instant::now();
        let root =
            deadline.map(|deadline| start + deadline.saturating_duration_since(start) / 10 * 6);
        Self {
            start,
            deadline,
            root,
        }
    }

    /// Whether the time for the root is over.
    fn is_root_over(&self) -> bool {
        self.root.is_some_and(|root| Instant::now() >= root)
    }

    /// Until when better sets are looked for: a tenth of what is left, and a quarter of what has passed at most, so that
    /// a proof that is soon done does not wait for a deadline that is far. `None` without limit.
    fn for_better_sets(&self) -> Option<Instant> {
        let passed = self.start.elapsed();
        self.left()
            .map(|left| Instant::now() + (left / 10).min(passed / 4))
    }

    /// What is left of the time; `None` where that is nothing, or there is no limit.
    fn left(&self) -> Option<Duration> {
        let left = self.deadline?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}
