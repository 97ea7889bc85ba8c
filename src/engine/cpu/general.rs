//! The general walk: any table, any K, plain portable Rust. Every other walk is checked against it.
//!
//! ```text
//! walk(prefix, its users, j questions to choose):
//!     fewer than min_users users: add the subtree's closed form, return
//!     j = 1: for each user, for each answer behind the prefix: add to that leaf's six sums
//!            then judge and audit every leaf
//!     else:  for each user, for each answer behind the prefix: put the user into that child's list
//!            (occurrence deliver, as LCM does for frequent itemsets), then walk each child
//! ```
//!
//! Where children have few users on average, they are counted first, and only those with min_users
//! users get a list; the closed form of all others together is the prefix's own less the listed ones'.
//!
//! # Halves
//! Five questions short of a set, where the projected walk will take over, the questions to choose from are split
//! in two halves, and for each half in turn the walk goes over that half first and the other behind it, with a
//! [limit](super::halves) between them: a quarter of the stems. A walk that is not by halves four questions short
//! of a set, as where there are no five to choose (sets of four, and the blocks of a part of sets of five), is
//! split there: half of the stems. A walk by halves is not split again, as its limit lies between these halves.
//!
//! The cost is one step for each (prefix, user, answer behind it); absent answers cost nothing.
//! Children are delivered in blocks of positions of at most [`BLOCK`] list entries (or one child),
//! so a level holds at most max(BLOCK, users of the prefix) members: with 32 bytes each, K levels
//! and T threads, memory is bounded by 32·T·K·max(BLOCK, U) bytes, far below that on sparse tables.

use super::collect::{Best, Collected, Count};
use super::halves::Limit;
use super::layout::{Layout, Member, Rows};
use super::projected::{Host, Prefix, Projector};
use crate::engine::{EngineError, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Completions, Floor, Moments, Six, Sums};
use rayon::prelude::*;
use std::mem;
use std::ops::{Add, AddAssign, Mul, Range, Sub};

/// Most list entries that one delivery makes.
const BLOCK: usize = 1 << 18;

/// Levels of the tree whose children are walked in parallel.
const PARALLEL_LEVELS: usize = 3;

/// Integers wide enough for sums over all users: i64 where the table's bounds allow, else i128.
trait Wide:
    Copy
    + Default
    + From<u8>
    + From<i64>
    + Into<i128>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Add<Output = Self>
    + PartialOrd
{
    fn float(self) -> f64;
}

impl Wide for i64 {
    fn float(self) -> f64 {
        self as f64
    }
}

impl Wide for i128 {
    fn float(self) -> f64 {
        self as f64
    }
}

/// Everything that stays the same while one block is searched: all sets of some fixed questions and any
/// `choose` of those that are laid out.
pub(super) struct Walk<'a> {
    pub(super) layout: &'a Layout,
    /// Positions in the space's order of the questions that every set has.
    pub(super) fixed: &'a [usize],
    pub(super) choose: usize,
    pub(super) query: &'a Query<'a>,
    pub(super) watch: &'a Watch,
    pub(super) best: &'a Best<'a>,
    /// Takes over prefixes three questions short of a set, where it applies.
    pub(super) projector: &'a Projector,
    pub(super) forms: &'a Completions,
    /// What the questions chosen for a set keep within.
    pub(super) limit: Limit,
}

/// Whether n·Sxy and Sx·Sy of any set fit i64: with b the table's reach, each is at most U²·b², and
/// their difference at most twice that.
pub(super) fn fits_i64(matrix: &ResponseMatrix) -> bool {
    let (users, reach) = (matrix.users().len() as i128, i128::from(matrix.reach()));
    (users * reach)
        .checked_pow(2)
        .is_some_and(|square| square < i128::from(i64::MAX) / 2)
}

/// Where the projected walk asks and tells.
struct Leaves<'a> {
    walk: &'a Walk<'a>,
    prefix: &'a [u32],
}

impl Host for Leaves<'_> {
    fn floor(&self) -> Floor {
        self.walk.best.floor()
    }

    fn min_users(&self) -> i64 {
        self.walk.query.min_users() as i64
    }

    fn exact(&self, last: [usize; 3], [n, a, x, y]: [f64; 4]) {
        let walk = self.walk;
        let criterion = walk.query.ranking().criterion;
        let moments = criterion.moments(Moments { n, a, x, y });
        let may_enter = walk.query.may_be_defined(n as u64, &moments);
        let floor = walk.best.floor();
        if may_enter && !floor.surely_excludes(moments) {
            let mut positions = self.prefix.to_vec();
            positions.extend(last.map(|position| position as u32));
            let set = walk.set(&positions);
            if !walk.query.surely_below(&set, floor.value()) {
                walk.best.offer(walk.query.judge(&set));
            }
        }
    }

    fn go_on(&self) -> bool {
        !self.walk.watch.stopped()
    }
}

impl Walk<'_> {
    /// Searches the block over all of its `members`; `narrow` says that [`fits_i64`].
    ///
    /// # Errors
    /// [`EngineError::Stopped`].
    pub(super) fn search(
        &self,
        narrow: bool,
        rows: &Rows,
        members: &[Member],
    ) -> Result<Collected, EngineError> {
        let mut collected = Collected::default();
        let prefix = &mut Vec::new();
        if self.choose == 0 {
            self.only(&mut collected);
        } else if narrow {
            self.walk::<i64>(rows, members, prefix, 0, &mut collected)?;
        } else {
            self.walk::<i128>(rows, members, prefix, 0, &mut collected)?;
        }
        collected.report_now(self.watch);
        Ok(collected)
    }

    /// The set at these positions of the layout, as ascending positions of the space's order.
    fn set(&self, positions: &[u32]) -> Vec<usize> {
        self.layout.set(self.fixed, positions)
    }

    /// A block of one set.
    fn only(&self, collected: &mut Collected) {
        let sums = Sums::of_set(self.query.table(), self.fixed);
        collected.visited.add_set(&sums);
        if !self.query.tells_defined() {
            collected.defined = Count(None);
        }
        if let Some(candidate) = self.query.candidate(self.fixed, sums) {
            collected.defined.increment();
            self.best.offer(Some(candidate));
        }
    }

    /// Visits every set that goes on from `prefix` (positions, all before `from`).
    fn walk<W: Wide + Send>(
        &self,
        rows: &Rows,
        members: &[Member],
        prefix: &mut Vec<u32>,
        from: usize,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        let watch = self.watch;
        let choose = self.choose - prefix.len();
        if (members.len() as u64) < self.query.min_users() {
            collected.nodes.level(self.depth(prefix)).pruned += 1;
            collected.excluded += self.family(rows, members, from, choose);
            return Ok(());
        }
        collected.nodes.level(self.depth(prefix)).visited += 1;
        if choose == 1 {
            self.leaves::<W>(rows, members, prefix, from, collected);
            return Ok(());
        }
        if watch.stopped() {
            return Err(EngineError::Stopped);
        }
        if choose == 3
            && let Some(seen) = self.projector.visit(
                &Prefix {
                    layout: self.layout,
                    rows,
                    members,
                    from,
                    limit: self.limit,
                    forms: self.forms,
                    parallel: prefix.len() < PARALLEL_LEVELS - 1,
                },
                &Leaves { walk: self, prefix },
            )
        {
            if watch.stopped() {
                return Err(EngineError::Stopped);
            }
            collected.visited += seen;
            collected.defined = Count(None);
            collected.report(watch);
            return Ok(());
        }
        if self.has_few(members, prefix, from) {
            return self.few_children::<W>(rows, members, prefix, from, collected);
        }
        if self.limit.is_none(self.layout.questions())
            && self
                .projector
                .takes_halves(self.layout, rows, members, from, choose)
        {
            return self.halves::<W>(rows, members, prefix, from, collected);
        }
        // Two levels above the leaves' prefixes the members are few enough to come close together,
        // and are read often enough to pay for it.
        if choose == 4 && !prefix.is_empty() {
            let (rows, members) = rows.compact(self.layout, members);
            return self.children::<W>(&rows, members, prefix, from, collected);
        }
        self.children::<W>(rows, members.to_vec(), prefix, from, collected)
    }

    /// Walks the children of `prefix`, four or five questions short of a set, by halves.
    fn halves<W: Wide + Send>(
        &self,
        rows: &Rows,
        members: &[Member],
        prefix: &mut Vec<u32>,
        from: usize,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        let allowed = Limit::allowed_by_halves(self.choose - prefix.len());
        for (odd, allowed) in allowed.into_iter().enumerate() {
            let (layout, half) = self.layout.half_first(from, odd);
            let (rows, members) = rows.reordered(self.layout, &layout, members);
            let walk = Walk {
                layout: &layout,
                limit: Limit {
                    position: from + half,
                    allowed,
                },
                ..*self
            };
            walk.children::<W>(&rows, members, prefix, from, collected)?;
        }
        Ok(())
    }

    /// The position that every child of a prefix lies before, with `choose` questions to choose.
    fn last(&self, choose: usize) -> usize {
        self.limit.last(self.layout.questions(), choose)
    }

    /// How many questions the node of `prefix` has.
    fn depth(&self, prefix: &[u32]) -> usize {
        self.fixed.len() + prefix.len()
    }

    /// Walks the children of `prefix` with enough users and counts the others, which are most.
    ///
    /// Every answer behind the prefix is read once and makes no list entry unless its child is
    /// walked. What the walked children have together is taken out of the prefix's closed form, and
    /// each then adds what it sees, so that the audit still finds a set or user lost in any of them.
    fn few_children<W: Wide + Send>(
        &self,
        rows: &Rows,
        members: &[Member],
        prefix: &mut Vec<u32>,
        from: usize,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        let layout = self.layout;
        let choose = self.choose - prefix.len();
        let last = self.last(choose);
        let mut sizes = vec![0_u32; last - from];
        for member in members {
            for answer in rows.behind(member) {
                match sizes.get_mut(answer.position as usize - from) {
                    Some(size) => *size += 1,
                    None => break,
                }
            }
        }
        let enough = |size: u32| u64::from(size) >= self.query.min_users();
        let walked = sizes.iter().filter(|&&size| enough(size)).count();
        let depth = self.depth(prefix);
        collected.nodes.level(depth + 1).pruned += (sizes.len() - walked) as u64;
        let mut pruned = self.family(rows, members, from, choose);
        if walked == 0 {
            collected.excluded += pruned;
            return Ok(());
        }
        let mut place = vec![usize::MAX; sizes.len()];
        let mut children = Vec::with_capacity(walked);
        for (i, &size) in sizes.iter().enumerate().filter(|(_, size)| enough(**size)) {
            place[i] = children.len();
            children.push((from + i, Vec::with_capacity(size as usize)));
        }
        for member in members {
            for (i, answer) in rows.behind(member).iter().enumerate() {
                let Some(&place) = place.get(answer.position as usize - from) else {
                    break;
                };
                if let Some((_, child)) = children.get_mut(place) {
                    child.push(Member {
                        score: member.score + layout.score(answer),
                        at: member.at + i as u32 + 1,
                        ..*member
                    });
                }
            }
        }
        for (position, child) in &children {
            pruned -= self.family(rows, child, position + 1, choose - 1);
        }
        collected.excluded += pruned;
        for (position, child) in children {
            prefix.push(position as u32);
            let went = self.walk::<W>(rows, &child, prefix, position + 1, collected);
            prefix.pop();
            went?;
        }
        collected.report(self.watch);
        Ok(())
    }

    /// Whether the children of `prefix` have few users on average, their lists fit a block, and it
    /// lies deep enough that its subtree needs no other thread.
    fn has_few(&self, members: &[Member], prefix: &[u32], from: usize) -> bool {
        if prefix.len() < PARALLEL_LEVELS {
            return false;
        }
        let choose = self.choose - prefix.len();
        let children = self.last(choose).saturating_sub(from);
        let entries: usize = members.iter().map(|m| (m.end - m.at) as usize).sum();
        let few = self.query.min_users().saturating_mul(children as u64);
        entries <= BLOCK && (entries as u64) < few
    }

    /// Walks every child of `prefix`.
    fn children<W: Wide + Send>(
        &self,
        rows: &Rows,
        mut members: Vec<Member>,
        prefix: &mut Vec<u32>,
        from: usize,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        let choose = self.choose - prefix.len();
        let last = self.last(choose);
        let mut from = from;
        while from < last {
            let (children, block) = self.deliver(rows, &mut members, from..last);
            let child = |i: usize, prefix: &mut Vec<u32>, collected: &mut Collected| {
                let position = block.start + i;
                prefix.push(position as u32);
                let walked = self.walk::<W>(rows, &children[i], prefix, position + 1, collected);
                prefix.pop();
                walked
            };
            if prefix.len() < PARALLEL_LEVELS && choose > 2 {
                let part = (0..children.len())
                    .into_par_iter()
                    .map(|i| {
                        let mut part = Collected::default();
                        child(i, &mut prefix.clone(), &mut part)?;
                        part.report(self.watch);
                        Ok::<_, EngineError>(part)
                    })
                    .try_reduce(Collected::default, |a, b| Ok(a.merged(b)))?;
                *collected = mem::take(collected).merged(part);
            } else {
                for i in 0..children.len() {
                    child(i, prefix, collected)?;
                }
                collected.report(self.watch);
            }
            from = block.end;
        }
        Ok(())
    }

    /// The children at the first positions of `range`, as many as a block holds, and which those
    /// are. Moves every member behind them.
    fn deliver(
        &self,
        rows: &Rows,
        members: &mut [Member],
        range: Range<usize>,
    ) -> (Vec<Vec<Member>>, Range<usize>) {
        let mut sizes = vec![0_usize; range.len()];
        for member in &*members {
            for answer in rows.behind(member) {
                match sizes.get_mut(answer.position as usize - range.start) {
                    Some(size) => *size += 1,
                    None => break,
                }
            }
        }
        let mut entries = 0;
        let fits = sizes.iter().take_while(|&&size| {
            entries += size;
            entries <= BLOCK
        });
        let block = range.start..range.start + fits.count().max(1);
        let mut children: Vec<Vec<Member>> = sizes[..block.len()]
            .iter()
            .map(|&size| Vec::with_capacity(size))
            .collect();
        for member in members {
            for answer in rows.behind(member) {
                let Some(child) = children.get_mut(answer.position as usize - block.start) else {
                    break;
                };
                member.at += 1;
                child.push(Member {
                    score: member.score + self.layout.score(answer),
                    ..*member
                });
            }
        }
        (children, block)
    }

    /// The closed form of all sets within the limit that choose `choose` more questions from `from` on.
    fn family(&self, rows: &Rows, members: &[Member], from: usize, choose: usize) -> AuditSums {
        let Walk { layout, forms, .. } = self;
        let sets = self.limit.sets(layout.questions(), from, choose);
        let mut sums = AuditSums::of_nobody(sets);
        for member in members {
            sums += layout.completions(forms, rows, member, choose, self.limit);
        }
        sums
    }

    /// Sums, audits and judges every leaf of a prefix.
    fn leaves<W: Wide>(
        &self,
        rows: &Rows,
        members: &[Member],
        prefix: &[u32],
        from: usize,
        collected: &mut Collected,
    ) {
        let Walk { layout, best, .. } = self;
        let mut leaves = vec![Six::<W>::default(); layout.questions() - from];
        for member in members {
            for answer in rows.behind(member) {
                let score = member.score + layout.score(answer);
                leaves[answer.position as usize - from] +=
                    Six::of_user(W::from(score), W::from(member.total));
            }
        }
        let criterion = self.query.ranking().criterion;
        if !self.query.tells_defined() {
            collected.defined = Count(None);
        }
        for (i, leaf) in leaves.iter().enumerate() {
            let sums: Sums = leaf.map(W::into);
            collected.visited.add_set(&sums);
            // Exact in W; the conversion to f64 is the only rounding.
            let moments = criterion.moments(leaf.moments());
            if !self.query.may_be_defined(sums.n as u64, &moments) {
                continue;
            }
            collected.defined.increment();
            let floor = best.floor();
            if !floor.surely_excludes(moments.map(W::float)) {
                let mut positions = prefix.to_vec();
                positions.push((from + i) as u32);
                let set = self.set(&positions);
                if !self.query.surely_below(&set, floor.value()) {
                    best.offer(self.query.candidate(&set, sums));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Isa;
    use super::super::collect::Nodes;
    use super::super::layout::outermost_first;
    use super::super::projected::Machine;
    use super::*;
    use crate::combin::{Block, binomial, successor};
    use crate::synth::{Model, Spec, matrix};
    use crate::top::{Candidate, Top};

    const K: usize = 6;

    /// By the definition: a prefix is met where the one before it has enough users, and where sets within the
    /// limit go on from it.
    fn tree(walk: &Walk<'_>, prefix: &mut Vec<u32>, nodes: &mut Nodes) {
        let table = walk.query.table();
        let users = match walk.set(prefix) {
            set if set.is_empty() => table.users().len() as u64,
            set => Sums::of_set(table, &set).n as u64,
        };
        let level = nodes.level(prefix.len());
        if users < walk.query.min_users() {
            level.pruned += 1;
            return;
        }
        level.visited += 1;
        let choose = K - prefix.len();
        if choose > 1 {
            let from = prefix.last().map_or(0, |p| p + 1);
            for p in from..walk.last(choose) as u32 {
                prefix.push(p);
                tree(walk, prefix, nodes);
                prefix.pop();
            }
        }
    }

    #[test]
    fn nodes_sums_and_best_are_those_of_the_tree() {
        let limits = [
            Limit::none(12),
            Limit {
                position: 7,
                allowed: 2,
            },
            Limit {
                position: 8,
                allowed: 1,
            },
        ];
        let tables = [(0.35, 2), (0.35, 4), (0.5, 6), (0.7, 15), (0.9, 60)];
        for ((answered, min_users), limit) in tables
            .into_iter()
            .flat_map(|table| limits.map(|limit| (table, limit)))
        {
            let matrix = matrix(&Spec {
                users: 90,
                questions: 12,
                answered,
                scores: -2..=3,
                model: Model::Random,
                booklets: 0,
                seed: 3,
            })
            .unwrap();
            let query = Query::of(&matrix).k(K).top(40).min_users(min_users);
            let query = query.build().unwrap();
            let layout = Layout::fewest_first(&matrix, 0..12, Layout::scores_of(&matrix));
            let mut seen = AuditSums::default();
            let mut top = Top::new(query.top());
            let mut positions: Vec<usize> = (0..K).collect();
            loop {
                if positions.iter().filter(|&&p| p >= limit.position).count() <= limit.allowed {
                    let positions: Vec<u32> = positions.iter().map(|&p| p as u32).collect();
                    let set = layout.set(&[], &positions);
                    let sums = Sums::of_set(&matrix, &set);
                    seen.add_set(&sums);
                    if let Some(candidate) = query.candidate(&set, sums) {
                        top.push(candidate);
                    }
                }
                if !successor(12, &mut positions) {
                    break;
                }
            }
            let watch = Watch::new();
            let best = Best::new(&query, &watch);
            let walk = Walk {
                layout: &layout,
                fixed: &[],
                choose: K,
                query: &query,
                watch: &watch,
                best: &best,
                projector: &Projector::new(Isa::Portable, vec![Machine::General]),
                forms: &Completions::new(12, K),
                limit,
            };
            let (rows, members) = layout.rows(&matrix, &[]);
            let collected = walk.search(true, &rows, &members).unwrap();
            let mut nodes = Nodes::default();
            tree(&walk, &mut Vec::new(), &mut nodes);
            assert_eq!(collected.nodes, nodes, "{answered} {min_users} {limit:?}");
            let mut all = collected.visited;
            all += collected.excluded;
            assert_eq!(all, seen, "{answered} {min_users} {limit:?}");
            let excluded = nodes.any_pruned();
            assert_eq!(
                collected.excluded.sets > 0,
                excluded,
                "{answered} {min_users} {limit:?}"
            );
            assert_eq!(
                best.into_sorted(),
                top.into_sorted(),
                "{answered} {min_users} {limit:?}"
            );
        }
    }

    /// What walks of all blocks of a part see and find, and how many prefixes were taken over. Blocks with as many
    /// questions to choose as `by_halves` says are walked so.
    fn walked(
        query: &Query<'_>,
        ranks: [u128; 2],
        (isa, machine): (Isa, Machine),
        by_halves: Option<usize>,
    ) -> (AuditSums, Vec<Candidate>, u64) {
        let table = query.table();
        let watch = Watch::new();
        let best = Best::new(query, &watch);
        let projector = Projector::new(isa, vec![machine]);
        let forms = Completions::new(table.questions().len(), query.k());
        let mut collected = Collected::default();
        let part = query.space().part(ranks[0], Some(ranks[1])).unwrap();
        for block in query.space().blocks(&part) {
            let (layout, rows, members) = laid(table, &block, by_halves.is_some());
            let walk = Walk {
                layout: &layout,
                fixed: &block.fixed,
                choose: block.choose,
                query,
                watch: &watch,
                best: &best,
                projector: &projector,
                forms: &forms,
                limit: Limit::none(layout.questions()),
            };
            if by_halves == Some(block.choose) {
                let prefix = &mut Vec::new();
                walk.halves::<i64>(&rows, &members, prefix, 0, &mut collected)
                    .unwrap();
            } else {
                let more = walk.search(true, &rows, &members).unwrap();
                collected = collected.merged(more);
            }
        }
        let took = projector.took().into_iter();
        let taken_over = took.filter(|(name, _)| *name != Machine::General.name());
        let taken_over = taken_over.map(|(_, prefixes)| prefixes).sum();
        let mut seen = collected.visited;
        seen += collected.excluded;
        (seen, best.into_sorted(), taken_over)
    }

    /// A block laid out, with bits and codes or without.
    fn laid(table: &ResponseMatrix, block: &Block, encoded: bool) -> (Layout, Rows, Vec<Member>) {
        let scores = Layout::scores_of(table);
        let layout = Layout::fewest_first(table, block.pool.clone(), scores);
        let (mut rows, mut members) = layout.rows(table, &block.fixed);
        if encoded {
            rows.add_bits(&layout, &members, true);
            rows.add_codes(&layout, &members);
        }
        outermost_first(&mut members);
        (layout, rows, members)
    }

    #[test]
    fn halves_of_four_are_for_machines_of_bytes_and_users_with_answers_enough() {
        let takes = |questions, machines: &[Machine], choose| {
            let matrix = matrix(&Spec {
                users: 400,
                questions,
                answered: 0.5,
                scores: 0..=1,
                model: Model::Random,
                booklets: 0,
                seed: 2,
            })
            .unwrap();
            let query = Query::of(&matrix).k(choose).build().unwrap();
            let blocks = query.space().blocks(&query.space().whole());
            let [encoded, plain] =
                [true, false].map(|encoded| laid(query.table(), &blocks[0], encoded));
            let projector = Projector::new(Isa::Portable, machines.to_vec());
            [encoded, plain].map(|(layout, rows, members)| {
                projector.takes_halves(&layout, &rows, &members, 0, choose)
            })
        };
        use Machine::{Codes, Lanes, Masked, Pairs, Planes};
        for machine in [Masked, Planes, Codes] {
            assert_eq!(takes(24, &[Lanes, machine], 4), [true, false]);
            assert_eq!(takes(24, &[machine], 6), [false, false]);
            // Users have some 6 answers.
            assert_eq!(takes(12, &[machine], 4), [false, false]);
            assert_eq!(takes(12, &[machine], 5), [true, false]);
        }
        assert_eq!(takes(24, &[Lanes, Pairs], 4), [false, false]);
        assert_eq!(takes(24, &[Lanes, Pairs], 5), [true, false]);
    }

    #[test]
    fn walks_by_halves_see_and_find_what_the_plain_walk_does() {
        // Users, questions, how much they answered, scores, K, and how many questions blocks have to choose.
        for (users, questions, answered, scores, k, choose) in [
            (500, 31, 0.5, 0..=1, 4, 4),
            (400, 36, 0.4, 0..=3, 4, 4),
            (500, 30, 0.5, 0..=1, 5, 4),
            (600, 33, 0.5, -1..=1, 5, 4),
            (500, 24, 0.6, 0..=1, 5, 5),
            (900, 27, 0.6, 0..=1, 6, 4),
        ] {
            let spec = Spec {
                users,
                questions,
                answered,
                scores,
                model: Model::RASCH,
                booklets: 0,
                seed: 7,
            };
            let matrix = matrix(&spec).unwrap();
            let two_scores = *spec.scores.end() - *spec.scores.start() == 1;
            for (top, min_users) in [(1, 2), (60, 12)] {
                let query = Query::of(&matrix).k(k).top(top).min_users(min_users);
                let query = query.build().unwrap();
                // All sets that there are with the first K − `choose` questions, and some that come next.
                let sets = binomial((questions - k + choose) as u64, choose as u64).unwrap();
                let ranks = [0, sets + sets / 3];
                let portable = |machine| (Isa::Portable, machine);
                let plain = walked(&query, ranks, portable(Machine::General), None);
                for machine in Machine::ALL {
                    for isa in [Isa::Portable, Isa::detect()] {
                        let case = format!("{spec:?}, K {k}, top {top}, {machine:?}, {isa:?}");
                        let (seen, best, taken_over) =
                            walked(&query, ranks, (isa, machine), Some(choose));
                        assert_eq!(seen, plain.0, "{case}");
                        assert_eq!(best, plain.1, "{case}");
                        let only_two = matches!(machine, Machine::Masked | Machine::Planes);
                        let takes = machine != Machine::General && (two_scores || !only_two);
                        assert_eq!(taken_over > 0, takes, "{case}");
                    }
                }
            }
        }
    }
}
