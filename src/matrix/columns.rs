//! Columns, made from rows.
//!
//! Answers to hundreds of questions would go to as many places of memory in turn. So where a table
//! is not sparse, 64 users are taken at a time, and their scores are put together by question in a
//! small buffer before they go to their columns.

use super::codes::Slice;
use super::column::{Column, Who};
use super::narrow::Narrow;
use super::rows::Rows;
use std::sync::Arc;

/// Users whose answers are put together: the bits of a word of [`Column::answered`].
const BLOCK: usize = 64;

/// The columns of so many questions, in order.
pub(super) fn columns(rows: &Rows, questions: usize) -> Vec<Arc<Column>> {
    match &rows.questions {
        // Where all answered all, nothing is looked up.
        Narrow::Cycle(_) => of_questions::<u16>(rows, &[], questions),
        Narrow::Short(list) => of_questions(rows, list, questions),
        Narrow::Long(list) => of_questions(rows, list, questions),
    }
}

fn of_questions<Q: Copy>(rows: &Rows, list: &[Q], questions: usize) -> Vec<Arc<Column>>
where
    u32: From<Q>,
{
    let offsets = &rows.offsets;
    let mut drafts = drafts(offsets, list, questions);
    match rows.values.slice(0..rows.questions.len()) {
        Slice::Bytes(cells, of) => fill(&mut drafts, offsets, list, cells, |c| of[usize::from(c)]),
        Slice::Shorts(cells, of) => fill(&mut drafts, offsets, list, cells, |c| of[usize::from(c)]),
        Slice::Plain(cells) => fill(&mut drafts, offsets, list, cells, |score| score),
    }
    let users = rows.offsets.len() - 1;
    let mut all = None;
    let finished = drafts.into_iter().map(|draft| {
        let who = if draft.scores.len() == users {
            Arc::clone(all.get_or_insert_with(|| Arc::new(Who::all(users))))
        } else {
            Arc::new(Who::of_bits(draft.answered))
        };
        Arc::new(Column::new(who, draft.scores))
    });
    finished.collect()
}

/// A column that is being filled.
struct Draft {
    answered: Vec<u64>,
    scores: Vec<i64>,
}

/// Drafts with room for the answers to each question.
fn drafts<Q: Copy>(offsets: &[usize], list: &[Q], questions: usize) -> Vec<Draft>
where
    u32: From<Q>,
{
    let users = offsets.len() - 1;
    let mut counts = vec![0_usize; questions];
    if offsets[users] == users * questions {
        counts.fill(users);
    } else {
        for &question in list {
            counts[u32::from(question) as usize] += 1;
        }
    }
    let draft = |count| Draft {
        answered: vec![0; users.div_ceil(BLOCK)],
        scores: Vec::with_capacity(count),
    };
    counts.into_iter().map(draft).collect()
}

fn fill<Q: Copy, C: Copy + Default>(
    drafts: &mut [Draft],
    offsets: &[usize],
    list: &[Q],
    cells: &[C],
    value: impl Fn(C) -> i64,
) where
    u32: From<Q>,
{
    let users = offsets.len() - 1;
    // A block costs a step a question, whoever answered it.
    let sparse = cells.len() / drafts.len() < users / 16;
    if sparse {
        fill_singly(drafts, offsets, list, cells, value);
    } else {
        fill_by_blocks(drafts, offsets, list, cells, value);
    }
}

/// One answer after the other.
fn fill_singly<Q: Copy, C: Copy>(
    drafts: &mut [Draft],
    offsets: &[usize],
    list: &[Q],
    cells: &[C],
    value: impl Fn(C) -> i64,
) where
    u32: From<Q>,
{
    for (user, row) in offsets.windows(2).enumerate() {
        for at in row[0]..row[1] {
            let draft = &mut drafts[u32::from(list[at]) as usize];
            draft.scores.push(value(cells[at]));
            draft.answered[user / BLOCK] |= 1 << (user % BLOCK);
        }
    }
}

/// 64 users at a time.
fn fill_by_blocks<Q: Copy, C: Copy + Default>(
    drafts: &mut [Draft],
    offsets: &[usize],
    list: &[Q],
    cells: &[C],
    value: impl Fn(C) -> i64,
) where
    u32: From<Q>,
{
    let questions = drafts.len();
    let mut together = vec![[C::default(); BLOCK]; questions];
    let mut counts = vec![0_u8; questions];
    let mut answered = vec![0_u64; questions];
    for block in 0..(offsets.len() - 1).div_ceil(BLOCK) {
        let ends = &offsets[block * BLOCK..];
        let ends = &ends[..ends.len().min(BLOCK + 1)];
        let (start, end) = (ends[0], ends[ends.len() - 1]);
        if end - start == (ends.len() - 1) * questions {
            // All answered all: the answers to one question lie at even distances.
            let block_cells = &cells[start..end];
            for (question, draft) in drafts.iter_mut().enumerate() {
                let own = block_cells[question..].iter().step_by(questions);
                draft.scores.extend(own.map(|&cell| value(cell)));
                draft.answered[block] = u64::MAX >> (BLOCK + 1 - ends.len());
            }
            continue;
        }
        for (user, row) in ends.windows(2).enumerate() {
            let answers = list[row[0]..row[1]].iter().zip(&cells[row[0]..row[1]]);
            for (&question, &cell) in answers {
                let question = u32::from(question) as usize;
                let count = &mut counts[question];
                together[question][usize::from(*count) % BLOCK] = cell;
                *count += 1;
                answered[question] |= 1 << user;
            }
        }
        for (question, draft) in drafts.iter_mut().enumerate() {
            let count = usize::from(std::mem::take(&mut counts[question]));
            let own = &together[question][..count];
            draft.scores.extend(own.iter().map(|&cell| value(cell)));
            draft.answered[block] = std::mem::take(&mut answered[question]);
        }
    }
}
