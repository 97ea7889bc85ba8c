//! How finely overall scores that are no totals are rounded: for engines, and for a second look at what they keep.

use crate::combin::Space;
use crate::matrix::ResponseMatrix;
use crate::stats::{Blur, Image, Overall, Steps};
use std::collections::HashSet;

/// Answer patterns that are few, for [`steps_for`].
const FEW_PATTERNS: usize = 64;

/// Steps of an image on either side of its middle that the narrowest machines of engines take: a signed byte, with
/// room for the means of prefixes to differ.
const NARROW_STEPS: f64 = 120.0;

/// Steps of a standard deviation of such an image, for sets of [`FEW_USERS`]. With more, the masked sums of AVX-512
/// leave their fields, and sets are kept; with fewer, more sets are kept for the rounding. Full searches of the
/// benchmark table by mean took, beside 7.7 s with totals: 8.5 s with 7, 9.2 s with 6, 11.1 s with 8, 35 s with 12.
const NARROW_DEVIATION: f64 = 7.0;

/// Users of a set of the benchmark table. With more users the r of sets lie closer together, by the root of how
/// many times as many, and steps are to be as much finer.
const FEW_USERS: f64 = 19.2;

/// Steps to either side by which sets are looked at again before their exact fractions are.
const FINE_STEPS: f64 = (1_u64 << 28) as f64;

/// Most steps to either side of any image: all that a criterion of nine digits needs.
const WIDE_STEPS: f64 = 1e9;

/// How many steps an image may have before they cost engines anything. Only speed depends on it.
///
/// Sets of one question or two, and sets of a complete table, have their sums from products of all bits. Where few
/// answers are missing or patterns are few, sums must stay far below 2^53 in floats: users times steps squared,
/// times 16 for each question and two more. Else leaves are summed user by user, in bytes.
pub(super) fn steps_for(table: &ResponseMatrix, space: &Space) -> Steps {
    let k = space.k();
    let (users, questions) = (table.users().len(), table.questions().len());
    let row = |user: usize| table.row(user).map(|(q, _)| q).collect::<Vec<_>>();
    let complete = table.responses() == users * questions;
    let wide = Steps {
        most: WIDE_STEPS,
        deviation: f64::INFINITY,
    };
    if k <= 2 || complete {
        return wide;
    }
    let mut patterns = HashSet::new();
    let few_patterns = (0..users).all(|user| {
        patterns.insert(row(user));
        patterns.len() <= FEW_PATTERNS
    });
    let few_missing = table.responses() as f64 >= 0.8 * (users as f64 * questions as f64);
    if !few_missing && !few_patterns {
        let share = table.responses() as f64 / (users as f64 * questions as f64);
        let of_a_set = users as f64 * share.powi(k as i32);
        return Steps {
            most: NARROW_STEPS,
            deviation: NARROW_DEVIATION * (of_a_set / FEW_USERS).sqrt().max(1.0),
        };
    }
    let factor = 16.0 * (k as f64 + 2.0);
    let most = ((1_u64 << 50) as f64 / (users as f64 * factor)).sqrt();
    Steps {
        most: most.clamp(NARROW_STEPS, WIDE_STEPS),
        ..wide
    }
}

/// The overall scores in fine steps, where engines see them rounded.
pub(super) fn finely(
    table: &ResponseMatrix,
    overall: Option<&Overall>,
    blur: Blur,
) -> Option<Image> {
    let steps = Steps {
        most: FINE_STEPS,
        deviation: f64::INFINITY,
    };
    let rounded = overall.filter(|_| blur.most > 0.0)?;
    Some(rounded.image(table, steps))
}
