//! The pair test: 256 leaves at once are discarded by boolean operations alone.
//!
//! # The bound
//! Let t > 0 be the floor and r ≥ t on a leaf. Then g regressed on a has slope β ≥ 0 and residual
//! sum of squares RSS = (1 − r²)·Σ(g − ḡ)² ≤ (1 − t²)·Σg², g being centred anywhere. Two users i, j
//! of the leaf with aᵢ ≤ aⱼ and gᵢ − gⱼ ≥ D > 0, an *inversion*, have residuals with
//! eᵢ − eⱼ = gᵢ − gⱼ − β·(aᵢ − aⱼ) ≥ D, so eᵢ² + eⱼ² ≥ D²/2. So a leaf with an inversion of gap D is
//! below the floor where D²/2 > (1 − t²)·E, for any E ≥ Σg² over the leaf's users, such as Σg² over
//! those of its prefix one question short. D and Σg² are exact integers; 1 − t² is rounded up.
//!
//! # The walk
//! ```text
//! stem (prefix, l₁): its users, each with a row of bits for each score (bit m: scored so on m)
//!     put every user into the list of each l₂ that they answered
//!     for each l₂:
//!         clear the table; for each user of its list, with score s and bin b of g,
//!             for each score x: table[b][class of s + x] |= row of x
//!         E = Σg²; the least number of bins apart whose gap D has D²/2 > (1 − t²)·E
//!         from the outermost bin of high g inward, for each class c:
//!             reached = leaves with a user of that bin or beyond, and of class c or below
//!             dead |= reached & table[the bin of low g that is far enough away][c]
//!         leaves not dead are summed exactly and judged
//! ```
//! Bins are taken by their edges next to 0, classes of high users are rounded up and those of low
//! users down, so that what is called an inversion is one.
//!
//! Pairs l₁ > l₂ > leaf are split by halves as in [`super::stem`].
//!
//! # Cost
//! A user of a prefix one question short costs one list entry and, for each score, one load, or and
//! store of 256 bits, for all leaves together; half of them also a count. The table's pass is some 9
//! bins × classes × 6 operations. Measured on the benchmark table by halves (96 users and 62 leaves of
//! such a prefix, floors above 0.98, 0/1 scores, AVX2) a leaf takes about 46 cycles, a fifth of them for
//! leaves left over (one in seventeen), a tenth each for lists and the table's rows.
//! Nearly all of it is scalar work, so portable code takes hardly longer.
//!
//! # Crowds
//! E may be less than Σg² over the whole list. Users come by |g| descending. The first of them are a
//! *crowd*, the next another; who answered is counted on all leaves at once, in bits of sums (a full
//! adder is 5 operations). A leaf with at most k users of a crowd has at most the Σg² of its first k.
//! Leaves with more are not discarded; for *thin* leaves, with few users of both, a lower E holds.
//!
//! # Leaves left over
//! They are summed exactly, the crowds first: these are outer users in the sense of [`super::kernel`], whose
//! bound discards most before the others are looked at.
//!
//! # Memory
//! A thread's lists take at most 4 bytes for each user of a stem and position: 64 MiB for 65,536 users.
//!
//! # The audit
//! Users are met by list entry, never by leaf. Sets are counted as the leaves that were valid when a
//! list was taken up; n is summed over the users of each stem, and moved by every entry that was
//! listed and not met, or met and not listed. The other five sums follow from the closed form of the
//! prefix's users. A stem, list or user left out or done twice fails the audit.

mod base;
mod cells;
mod kernel;
mod leftover;

pub(super) use base::{Base, pays};
pub(super) use kernel::{Buffers, Search, Wanted};
