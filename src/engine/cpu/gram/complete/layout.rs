//! Questions in the order of the lanes, and what prefixes add to the rows of that order.

use super::table::{Complete, Plan};
use crate::arch::{Lanes, Line, lines, set_lane};
use std::ops::Range;

/// A run of questions laid out for one of its halves.
pub(super) struct Halves {
    pub(super) columns: Vec<usize>,
    /// Position where that half starts.
    pub(super) from: usize,
}

/// The first half behind the second (order 0), or as they are (order 1).
pub(super) fn halves(run: Range<usize>, order: usize) -> Halves {
    let middle = run.start + run.len() / 2;
    let (first, second) = (run.start..middle, middle..run.end);
    if order == 0 {
        Halves {
            from: second.len(),
            columns: second.chain(first).collect(),
        }
    } else {
        Halves {
            from: first.len(),
            columns: first.chain(second).collect(),
        }
    }
}

/// Questions in the order of the lanes, with what rows need in that order.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Question of each position.
    pub(super) columns: Vec<usize>,
    /// Lines a row.
    pub(super) width: usize,
    /// 2·V_qm of the questions of `rows_of`, m by position.
    pub(super) rows: Vec<Line>,
    /// First question that has a row; rows are of consecutive questions.
    pub(super) first_row: usize,
    /// B_m.
    pub(super) with_total: Vec<Line>,
    /// V_mm + 2·Σ_f V_fm over the fixed questions.
    pub(super) own: Vec<Line>,
    /// Before each position: Σ Σx_m and Σ (Σx_m)².
    pub(super) before: Vec<(i128, i128)>,
    /// The wide audit's integers, modulo 2^64; empty in the exact plan.
    pub(super) modular: Modular,
}

/// What the wide plan sums over leaves, modulo 2^64.
#[derive(Debug, Default)]
pub(super) struct Modular {
    /// 2·Σx_q·x_m, rows as in the layout, `columns` numbers each.
    pub(super) rows: Vec<u64>,
    /// Σx_m² + 2·Σ_f Σx_f·x_m.
    pub(super) own: Vec<u64>,
    /// Σx_m·g.
    pub(super) with_total: Vec<u64>,
}

impl Layout {
    /// `columns` in this order; rows for the questions `rows`.
    pub(super) fn new(
        table: &Complete<'_>,
        columns: Vec<usize>,
        rows: Range<usize>,
        fixed: &[usize],
    ) -> Self {
        let width = lines(columns.len());
        let fill = |f: &dyn Fn(usize) -> f64| {
            let mut row = vec![Line::ZERO; width];
            for (at, &m) in columns.iter().enumerate() {
                set_lane(&mut row, at, f(m));
            }
            row
        };
        let mut all = Vec::with_capacity(rows.len() * width);
        for q in rows.clone() {
            all.extend(fill(&|m| 2.0 * table.v(q, m)));
        }
        let own = fill(&|m| {
            let pairs: f64 = fixed.iter().map(|&f| 2.0 * table.v(f, m)).sum();
            table.v(m, m) + pairs
        });
        let with_total = fill(&|m| table.with_total[m]);
        let mut before = vec![(0, 0)];
        for &m in &columns {
            let (sum, squares) = before[before.len() - 1];
            let sa = table.cross.sums[m];
            before.push((sum + sa, squares + sa * sa));
        }
        let modular = match table.plan {
            Plan::Exact { .. } => Modular::default(),
            Plan::Wide { .. } => {
                let twice = |q: usize, m: usize| 2 * table.cross.product(q, m);
                Modular {
                    rows: rows
                        .clone()
                        .flat_map(|q| columns.iter().map(move |&m| twice(q, m) as u64))
                        .collect(),
                    own: columns
                        .iter()
                        .map(|&m| {
                            let pairs: i128 = fixed.iter().map(|&f| twice(f, m)).sum();
                            (table.cross.product(m, m) + pairs) as u64
                        })
                        .collect(),
                    with_total: columns
                        .iter()
                        .map(|&m| table.cross.with_total[m] as u64)
                        .collect(),
                }
            }
        };
        Self {
            columns,
            width,
            rows: all,
            first_row: rows.start,
            with_total,
            own,
            before,
            modular,
        }
    }

    #[inline(always)]
    pub(super) fn row(&self, q: usize) -> &[Line] {
        let at = (q - self.first_row) * self.width;
        &self.rows[at..at + self.width]
    }

    pub(super) fn modular_row(&self, q: usize) -> &[u64] {
        let width = self.columns.len();
        let at = (q - self.first_row) * width;
        &self.modular.rows[at..at + width]
    }
}

/// A prefix: what its leaves add to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prefix {
    /// A.
    pub(super) a: f64,
    /// X.
    pub(super) x: f64,
    /// Sa.
    pub(super) sa: i128,
    /// Sag and Saa modulo 2^64, kept in the wide plan.
    pub(super) sag: u64,
    pub(super) saa: u64,
}

/// d_P over a layout, in floats and, in the wide plan, modulo 2^64.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    pub(super) lanes: Vec<Line>,
    pub(super) modular: Vec<u64>,
}

impl Steps {
    /// That of no question but the fixed ones.
    pub(super) fn own(layout: &Layout) -> Self {
        Self {
            lanes: layout.own.clone(),
            modular: layout.modular.own.clone(),
        }
    }

    /// Becomes `before` and q besides, for the first `n` positions.
    #[inline(always)]
    pub(super) fn extend<L: Lanes>(
        &mut self,
        l: L,
        layout: &Layout,
        before: &Self,
        q: usize,
        n: usize,
    ) {
        let n = lines(n);
        let row = &layout.row(q)[..n];
        for ((out, d), w) in self.lanes[..n].iter_mut().zip(&before.lanes[..n]).zip(row) {
            *out = l.line(l.add(l.load(d), l.load(w)));
        }
        if !self.modular.is_empty() {
            let row = layout.modular_row(q);
            for ((out, d), w) in self.modular.iter_mut().zip(&before.modular).zip(row) {
                *out = d.wrapping_add(*w);
            }
        }
    }
}
