//! The pair test: 256 leaves at once are discarded by boolean operations alone.
//!
//! # The bound
//! A leaf with two users in the wrong order, an *inversion*, is below the floor where the drop of g
//! from one to the other is large for the Σg² of its users: [`crate::stats::bounds`], one inversion.
//! Here S is taken over the users of the prefix one question short. Drops and squares are exact
//! integers.
//!
//! # The walk
//! ```text
//! stem (prefix, l₁): its users, each with a row of bits for each score (bit m: scored so on m)
//!     put every user into the list of each l₂ that they answered
//!     for each l₂:
//!         clear the table; for each user of its list, with score s and bin b of g,
//!             for each score x: table[b][class of s + x] |= row of x
//!         S = Σg²; the least number of bins apart whose drop tells
//!         from the outermost bin of high g inward, for each class c:
//!             reached = leaves with a user of that bin or beyond, and of class c or below
//!             dead |= reached & table[the bin of low g that is far enough away][c]
//!         leaves not dead are summed exactly and judged
//! ```
//! Bins are taken by their edges next to 0, classes of high users are rounded up and those of low
//! users down, so that what is called an inversion is one.
//!
//! Pairs l₁ > l₂ > leaf are split by halves as in [`super::stem`]. Where there is a limit, stems are the questions
//! before it, which come as that first half: each takes pairs of two questions before the limit with every leaf
//! beyond it, and, where two questions may lie there, pairs of two beyond it too.
//!
//! # Cost
//! A user of a prefix one question short costs one list entry and, for each score, one load, or and
//! store of 256 bits, for all leaves together; half of them also a count. The table's pass is some 9
//! bins × classes × 6 operations. Measured on the benchmark table by halves (96 users and 62 leaves of
//! such a prefix, floors above 0.98, 0/1 scores, AVX2) a leaf takes about 46 cycles, a fifth of them for
//! leaves left over (one in seventeen), a tenth each for lists and the table's rows.
//! Nearly all of it is scalar work, so portable code takes hardly longer.
//!
//! # Rings
//! S may be less than Σg² over the whole list ([`crate::stats::bounds`], rings). Users come by |g|
//! descending. The first of them are a *ring*, the next another; who answered is counted on all leaves at
//! once, in bits of sums (a full adder is 5 operations). Leaves with more users of a ring than allowed are
//! not discarded; for *thin* leaves, with few users of both rings, a lower S holds.
//!
//! # Leaves left over
//! They are summed exactly, the rings first: these are outer users
//! ([`outer_users_tell`](crate::stats::bounds::outer_users_tell)) and discard most leaves before the others
//! are looked at.
//!
//! # Memory
//! A thread's lists take at most 4 bytes for each user of a stem and position: 64 MiB for 65,536 users.
//!
//! # The audit
//! Leaves are met 256 at a time, so their users cannot be counted one by one. What is counted is:
//! sets, as the leaves that were valid when a list was taken up; and each user's part in n, which is known
//! when a stem begins, from how many questions they answered. That n is then corrected by the entries that
//! were met less those that were listed, so an entry that is skipped or met twice moves it. The other five
//! sums are taken from the closed form of the prefix's users. A stem, list or user left out or done twice
//! fails the audit.

mod base;
mod cells;
mod kernel;
mod leftover;

pub(super) use base::{Base, left_over};
pub(super) use kernel::{Buffers, Search, Wanted};
