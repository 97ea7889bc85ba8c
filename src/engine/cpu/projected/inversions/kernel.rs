//! One stem of the pair test: lists of users, the table of each list, what is left over.

use super::super::stem::Tally;
use super::base::{ALL, BINS, Base};
use super::cells::{add, dead, rings};
use super::leftover::{List, StemUsers, Summand, judge};
use crate::arch::{Kernel, Level, Row, RowBits};
use crate::engine::cpu::layout::{AT_ONCE, LANES, Table};
use crate::stats::bounds::{inversions_tell, unexplained};

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(in crate::engine::cpu) struct Buffers {
    /// The stem's users: rows, list entries without the second question, g², and for the sums.
    rows: Vec<Row>,
    heads: Vec<u32>,
    squares: Vec<u32>,
    summands: Vec<Summand>,
    /// The records to be listed, and whose each is.
    records: Vec<u16>,
    owners: Vec<u16>,
    /// The list of each second question: the user's number, and above it side and bin · scores + score.
    lists: Vec<u32>,
    lengths: Vec<u32>,
    /// Rows by side and bin, and class.
    table: Vec<Row>,
    /// For each user of a list, one word of what they answered.
    words: Vec<u64>,
}

/// What a set must reach to be told.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cpu) struct Wanted {
    /// r, above 0.
    pub(in crate::engine::cpu) floor: f64,
    /// Users.
    pub(in crate::engine::cpu) min_users: i64,
}

/// The search of every set of the stem `l1` (a position).
pub(in super::super) struct Search<'a> {
    pub(in super::super) table: &'a Table,
    pub(in super::super) base: &'a Base,
    pub(in super::super) l1: usize,
    pub(in super::super) buffers: &'a mut Buffers,
    pub(in super::super) wanted: Wanted,
    /// Gets the last three positions of each set that may reach what is wanted, and its n, A, X, Y.
    pub(in super::super) exact: &'a mut dyn FnMut([usize; 3], [f64; 4]),
}

impl Kernel for Search<'_> {
    type Out = Tally;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> Tally {
        // Two distinct scores are a step apart.
        if self.table.steps.of.len() == 2 && self.base.classes == self.base.scores {
            stem::<L, true>(level, self)
        } else {
            stem::<L, false>(level, self)
        }
    }
}

/// `SIMPLE` says that there are two scores a step apart, and a class for each score of a set.
#[inline(always)]
fn stem<L: Level, const SIMPLE: bool>(level: L, search: Search<'_>) -> Tally {
    let Search {
        table,
        base,
        l1,
        buffers,
        wanted,
        exact,
    } = search;
    let mut tally = Tally::default();
    let values = if SIMPLE { 2 } else { table.steps.of.len() };
    let (seconds, beyond) = if l1 >= base.split {
        (base.split..l1, 0..0)
    } else {
        (base.from..l1, base.split..base.questions)
    };
    // Where two questions may lie beyond the limit, pairs of these are this stem's too.
    let more = if base.beyond {
        base.split..base.questions
    } else {
        0..0
    };
    let takers = base.takers(l1);
    if seconds.is_empty() && more.is_empty() {
        return tally;
    }
    let (n, listed) = gather::<SIMPLE>(table, base, l1, takers, buffers);
    let listing = seconds.start..seconds.end.max(more.end);
    scatter(table, takers.len(), &listing, listed, buffers);

    let Buffers {
        rows,
        squares,
        summands,
        lists,
        lengths,
        table: cells,
        words,
        ..
    } = buffers;
    let stem = StemUsers {
        steps: &table.steps.of,
        rows,
        summands,
    };
    let stride = list_stride(takers.len());
    let classes = base.classes;
    cells.clear();
    cells.resize(ALL * classes, Row::default());
    let Wanted { floor, min_users } = wanted;
    let unexplained = unexplained(floor);
    let drops = drops(base.width);
    let beyond_row = Row::of(beyond);
    let mut met = 0_u64;
    let seconds = seconds.map(|l2| (l2, Row::of(base.from..l2).or(beyond_row)));
    let more = more.map(|l2| (l2, Row::of(base.split..l2)));
    for (l2, valid) in seconds.chain(more) {
        let lane = l2 - listing.start;
        let list = &lists[lane * stride..lane * stride + lengths[lane] as usize];
        tally.sets += u64::from(valid.count());
        met += list.len() as u64;
        // SAFETY: entries name users of the stem, and places inside the cells: user < users,
        // side and bin · scores + score < ALL · scores. There are ALL · classes cells.
        let (alive, rest) = unsafe {
            add::<L, SIMPLE>(level, list, rows, cells, base, table);
            let rings = rings::<L, SIMPLE>(level, list, rows, squares, base.rings, values);
            // The least number of bins apart that tells, or one more than there are.
            let telling = |squares: u64| {
                drops
                    .partition_point(|&drop| !inversions_tell(1, drop, squares as f64, unexplained))
            };
            let [thin, all] = rings.most.map(telling);
            let [thin, all] = dead(level, cells, classes, thin, all);
            let dead = all.without(rings.over).or(thin.without(rings.over_thin));
            (valid.without(dead), rings.rest)
        };
        let (others, left_out) = rest;
        let list = List {
            entries: list,
            outer: list.len() - others,
            left_out: left_out as f64,
            unexplained,
        };
        let kept = &mut tally.kept;
        // SAFETY: entries name users of the stem.
        unsafe {
            judge::<SIMPLE>(&stem, list, alive, min_users, words, |m, sums| {
                *kept += 1;
                exact([l1, l2, m], sums);
            });
        }
    }
    tally.totals[0] = n.wrapping_add(met.wrapping_sub(listed as u64));
    tally
}

/// The least drop between users this many bins apart, for each distance that there is.
fn drops(width: f64) -> [f64; 2 * BINS - 1] {
    let edge = |bin: usize| (bin as f64 * width).ceil();
    std::array::from_fn(|apart| {
        let high = apart.saturating_sub(BINS - 1)..=apart.min(BINS - 1);
        high.map(|high| edge(high) + edge(apart - high))
            .fold(f64::INFINITY, f64::min)
    })
}

/// From one list to the next; not a multiple of a page, so that lists do not share cache sets.
fn list_stride(users: usize) -> usize {
    users.next_multiple_of(32) + 16
}

/// Copies the stem's users together; returns n over all of its sets, and how many records are to be
/// listed.
#[inline(always)]
fn gather<const SIMPLE: bool>(
    table: &Table,
    base: &Base,
    l1: usize,
    takers: &[u32],
    buffers: &mut Buffers,
) -> (u64, usize) {
    let Buffers {
        rows,
        heads,
        squares,
        summands,
        records,
        owners,
        ..
    } = buffers;
    let values = if SIMPLE { 2 } else { table.steps.of.len() };
    let second_half = l1 >= base.split;
    let users = takers.len();
    rows.resize((users * values).max(rows.len()), Row::default());
    for buffer in [&mut *heads, squares] {
        buffer.resize(users.max(buffer.len()), 0);
    }
    summands.resize(users.max(summands.len()), Summand::default());
    let most = users * table.stride + AT_ONCE;
    if records.len() < most {
        records.resize(most, 0);
        owners.resize(most, 0);
    }
    let copies = rows.chunks_exact_mut(values);
    let scalars = heads.iter_mut().zip(squares).zip(summands);
    let (mut n, mut listed) = (0_u64, 0);
    for ((k, &taker), (copy, ((head, square), summand))) in
        takers.iter().enumerate().zip(copies.zip(scalars))
    {
        let (user, at) = ((taker & 0xffff) as usize, (taker >> 16) as usize);
        let brief = &base.briefs[user];
        // Pairs of two seconds, or of a second and a leaf that is none.
        let (start, split, end) = (
            usize::from(brief.start),
            usize::from(brief.split),
            usize::from(brief.end),
        );
        let (first, more, others) = if base.beyond {
            (start, end - split, 0)
        } else if second_half {
            (split, 0, split - start)
        } else {
            (start, 0, end - split)
        };
        let seconds = at - first + more;
        n += (seconds * others + seconds * seconds.saturating_sub(1) / 2) as u64;
        // SAFETY: `at` and what follows `first` or `split` up to `count` are records of this user, and
        // behind them lie at least AT_ONCE more of the table's stride; codes are indices of scores; `most`
        // leaves room for whole steps.
        unsafe {
            let records_of = base.records.as_ptr().add(user * table.stride);
            let value = usize::from(*records_of.add(at) >> 8);
            let step = *table.steps.of.get_unchecked(value);
            let from = base.rows.as_ptr().add(user * values);
            for (value, to) in copy.iter_mut().enumerate() {
                *to = *from.add(value);
            }
            *head = k as u32 | (brief.bin + brief.score + step) << 16;
            *square = (brief.g * brief.g) as u32;
            *summand = Summand {
                bin: brief.bin,
                g: brief.g,
            };
            // Whole steps; what is too much is written over by the next.
            for (first, count) in [(first, at - first), (split, more)] {
                let mut done = 0;
                while done < count {
                    let from = records_of.add(first + done).cast::<[u16; AT_ONCE]>();
                    let to = records.as_mut_ptr().add(listed + done);
                    to.cast::<[u16; AT_ONCE]>()
                        .write_unaligned(from.read_unaligned());
                    let to = owners.as_mut_ptr().add(listed + done);
                    to.cast::<[u16; AT_ONCE]>()
                        .write_unaligned([k as u16; AT_ONCE]);
                    done += AT_ONCE;
                }
                listed += count;
            }
        }
    }
    (n, listed)
}

/// Puts every user into the list of each second question that they answered.
#[inline(always)]
fn scatter(
    table: &Table,
    users: usize,
    seconds: &std::ops::Range<usize>,
    listed: usize,
    buffers: &mut Buffers,
) {
    let Buffers {
        heads,
        records,
        owners,
        lists,
        lengths,
        ..
    } = buffers;
    let stride = list_stride(users);
    lengths.clear();
    lengths.resize(LANES, 0);
    if lists.len() < seconds.len() * stride {
        lists.resize(seconds.len() * stride, 0);
    }
    let mut steps = [0; LANES];
    for (step, of) in steps.iter_mut().zip(&table.steps.of) {
        *step = of << 16;
    }
    let lengths: &mut [u32; LANES] = (&mut lengths[..]).try_into().expect("as long");
    let from = seconds.start;
    for (&record, &owner) in records[..listed].iter().zip(&owners[..listed]) {
        let (lane, value) = (usize::from(record & 255) - from, usize::from(record >> 8));
        // SAFETY: records of the stem's users lie among the seconds, each once, so a list has at
        // most as many entries as the stem has users; owners are these users.
        unsafe {
            let entry = *heads.get_unchecked(usize::from(owner)) + steps[value];
            let length = lengths.get_unchecked_mut(lane);
            *lists.get_unchecked_mut(lane * stride + *length as usize) = entry;
            *length += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::halves::Limit;
    use super::super::super::super::layout::Layout;
    use super::super::super::base::User;
    use super::super::super::prefix::Prefix;
    use super::*;
    use crate::arch::{Isa, run};
    use crate::matrix::{Duplicates, MatrixBuilder, Score};
    use crate::stats::Completions;

    /// Each user's answers to the three questions of the set, and g: 52 who did not answer the first, which
    /// is the leaf, 4 who alone tell that it is below the floor, and 40 who tell that it is not, with lower
    /// |g|.
    fn users() -> Vec<([Option<i64>; 3], i64)> {
        let side = |i: usize, g: i64| if i.is_multiple_of(2) { g } else { -g };
        let without = (0..52).map(|i| ([None, Some(0), Some(0)], side(i, 10)));
        let against = (0..4).map(|i| {
            let leaf = i64::from(i >= 2);
            ([Some(leaf), Some(1), Some(0)], side(i, 10))
        });
        let along = (0..40_usize).map(|i| {
            let x = Some(i64::from(i.is_multiple_of(2)));
            ([x, x, x], side(i, 9))
        });
        without.chain(against).chain(along).collect()
    }

    #[test]
    fn left_over_leaves_are_held_against_what_their_list_leaves_out() {
        let users = users();
        let mut builder = MatrixBuilder::new();
        for (u, (answers, _)) in users.iter().enumerate() {
            let mut push = |q: &str, score: Option<i64>| {
                let score = score.map(|mantissa| Score {
                    mantissa,
                    digits: 0,
                });
                builder.push(&format!("u{u:02}"), q, score, 0).unwrap();
            };
            for (q, answer) in ["q0", "q1", "q2"].into_iter().zip(answers) {
                push(q, *answer);
            }
            // Few other questions, so that rings pay.
            push(&format!("r{:02}", u % 12), Some(0));
        }
        let matrix = builder.finish(Duplicates::Error, "row").unwrap();
        let names: Vec<String> = (0..users.len()).map(|u| format!("u{u:02}")).collect();
        assert_eq!(matrix.users(), names);
        let layout = Layout::as_given(&matrix);
        let (mut rows, mut members) = layout.rows(&matrix, &[]);
        rows.add_bits(&layout, &members, true);
        for (member, (_, g)) in members.iter_mut().zip(&users) {
            member.total = *g;
        }
        let questions = layout.questions();
        let prefix = Prefix {
            layout: &layout,
            rows: &rows,
            members: &members,
            from: 0,
            limit: Limit::none(questions),
            forms: &Completions::new(questions, 3),
            parallel: false,
        };
        let sorted: Vec<User> = (0..)
            .zip(&users)
            .map(|(member, &(_, g))| User { s: 0, g, member })
            .collect();
        let (floor, table) = (0.7, rows.bits().unwrap());
        let mut base = Base::default();
        assert!(base.reset(table, &sorted, &prefix, 1.0 - floor * floor));
        let in_rings: usize = base.rings.iter().sum();
        assert_eq!(in_rings, 56);
        let mut told = Vec::new();
        for l1 in 0..questions {
            let wanted = Wanted {
                floor,
                min_users: 10,
            };
            let told = &mut |mut set: [usize; 3], sums: [f64; 4]| {
                set.sort_unstable();
                told.push((set, sums[0]));
            };
            let search = Search {
                table,
                base: &base,
                l1,
                buffers: &mut Buffers::default(),
                wanted,
                exact: told,
            };
            run(Isa::Portable, search);
        }
        assert_eq!(told, [([0, 1, 2], 44.0)]);
    }
}
