//! Walks that choose a block's questions from the last to the first: their shares of work, and what is
//! done with the sets that they enter.

use super::block::Blocks;
use super::keep::{Found, Keeper};
use super::leaf::{Hit, Leaves, Margins};
use crate::arch::{Isa, Kernel, Lanes, Level, run};
use crate::combin::Block;
use crate::engine::{EngineError, Query, Watch};
use crate::stats::{AuditSums, Basis};
use std::sync::atomic::{AtomicUsize, Ordering};

/// All sets of a block whose last question is `last`; or, where it chooses one or two, all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stem<'a> {
    pub(super) block: &'a Block,
    pub(super) last: Option<usize>,
}

/// Hands out stems, those of a block with the most sets first.
#[derive(Debug)]
pub(super) struct Stems<'a> {
    blocks: &'a [Block],
    /// Stems before each block, and all.
    before: Vec<usize>,
    next: AtomicUsize,
}

impl<'a> Stems<'a> {
    pub(super) fn new(blocks: &'a Blocks) -> Self {
        let mut before = vec![0];
        let mut all = 0;
        for block in &blocks.blocks {
            all += match block.choose {
                1 | 2 => 1,
                choose => block.pool.len() + 1 - choose,
            };
            before.push(all);
        }
        Self {
            blocks: &blocks.blocks,
            before,
            next: AtomicUsize::new(0),
        }
    }

    pub(super) fn next(&self) -> Option<Stem<'a>> {
        let stem = self.next.fetch_add(1, Ordering::Relaxed);
        let at = self.before.partition_point(|&before| before <= stem) - 1;
        let block = self.blocks.get(at)?;
        let last = (block.choose > 2).then(|| block.pool.end - 1 - (stem - self.before[at]));
        Some(Stem { block, last })
    }
}

/// What every walk over stems is told.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) query: &'a Query<'a>,
    pub(super) watch: &'a Watch,
    pub(super) isa: Isa,
    /// The positions that anybody answered; walks count among these.
    pub(super) answered: &'a [usize],
    /// What was taken from scores and totals.
    pub(super) basis: &'a Basis,
    pub(super) margins: Margins,
}

/// A walk over the sets of stems.
pub(super) trait Walk: Sync {
    /// What a worker keeps from stem to stem.
    type Scratch;
    /// What it is told.
    fn task(&self) -> &Task<'_>;
    /// A worker's scratch.
    fn scratch(&self) -> Self::Scratch;
    /// Enters all sets of `stem`. `None` where the search was stopped.
    fn stem<L: Level>(
        &self,
        scratch: &mut Self::Scratch,
        judge: &mut Judge<'_, L>,
        stem: &Stem<'_>,
    ) -> Option<()>;
}

/// Searches all `blocks` with the threads of `threads`.
pub(super) fn search<W: Walk>(
    walk: &W,
    blocks: &Blocks,
    threads: &rayon::ThreadPool,
) -> Result<Found, EngineError> {
    let stems = Stems::new(blocks);
    let task = walk.task();
    let found = threads.broadcast(|_| run(task.isa, Worker(walk, &stems)));
    Found::of_all(task.query, found)
}

/// One thread's work.
struct Worker<'a, W>(&'a W, &'a Stems<'a>);

impl<W: Walk> Kernel for Worker<'_, W> {
    /// `None` where the search was stopped.
    type Out = Option<Found>;

    #[inline(always)]
    fn run<L: Level>(self, l: L) -> Self::Out {
        let Self(walk, stems) = self;
        let mut scratch = walk.scratch();
        let mut judge = Judge::new(l, walk.task());
        while let Some(stem) = stems.next() {
            walk.stem(&mut scratch, &mut judge, &stem)?;
        }
        Some(Found {
            top: judge.keeper.into_top(),
            visited: judge.leaves.into_seen(),
            excluded: judge.excluded,
            defined: None,
        })
    }
}

/// One worker's judgement of the sets that its walk enters.
pub(super) struct Judge<'a, L: Lanes> {
    pub(super) l: L,
    task: &'a Task<'a>,
    keeper: Keeper<'a>,
    pub(super) leaves: Leaves<L>,
    /// Closed forms of the sets that are not entered as leaves.
    pub(super) excluded: AuditSums,
}

impl<'a, L: Lanes> Judge<'a, L> {
    #[inline(always)]
    fn new(l: L, task: &'a Task<'a>) -> Self {
        let keeper = Keeper::new(task.query, task.watch);
        let mut leaves = Leaves::new(l, task.margins, task.query);
        leaves.set_bar(&keeper);
        Self {
            l,
            task,
            keeper,
            leaves,
            excluded: AuditSums::default(),
        }
    }

    /// Takes over what other workers found. `None` where the search was stopped.
    #[inline(always)]
    pub(super) fn refresh(&mut self) -> Option<()> {
        if self.keeper.refresh() {
            self.leaves.set_bar(&self.keeper);
        }
        (!self.task.watch.stopped()).then_some(())
    }

    /// Ends a stem of so many sets. `None` where the search was stopped.
    pub(super) fn end(&self, sets: u128) -> Option<()> {
        self.task.watch.advance(sets);
        (!self.task.watch.stopped()).then_some(())
    }

    /// Ends a row of leaves behind `prefix`: offers those that passed. `question` is the answered
    /// question of a leaf's place.
    #[inline(always)]
    pub(super) fn row(
        &mut self,
        prefix: impl Iterator<Item = usize>,
        question: impl Fn(usize) -> usize,
    ) {
        if !self.leaves.hits.is_empty() {
            self.offer(&prefix.collect::<Vec<_>>(), question);
        }
    }

    #[cold]
    #[inline(never)]
    fn offer(&mut self, prefix: &[usize], question: impl Fn(usize) -> usize) {
        let Task {
            answered, basis, ..
        } = self.task;
        let mut rose = false;
        for (at, sums) in self.leaves.hits.iter().flat_map(Hit::leaves) {
            let questions = prefix.iter().copied().chain([question(at)]);
            let mut set: Vec<usize> = questions.map(|q| answered[q]).collect();
            set.sort_unstable();
            let score = set.iter().map(|&q| i128::from(basis.scores[q])).sum();
            let sums = sums.shifted(score, basis.total.into());
            rose |= self.keeper.offer(&set, sums);
        }
        self.leaves.hits.clear();
        if rose {
            self.leaves.set_bar(&self.keeper);
        }
    }
}
