//! kcorrset: exact search for the K questions whose summed score correlates best with the overall
//! score.
//!
//! # The map
//! One layer uses only those below it; `tests/tidy.rs` holds that.
//!
//! | layer | room | what it is for |
//! | --- | --- | --- |
//! | 5 | `cli` (binary) | arguments as typed → checked options; one file a command; progress |
//! | 4 | [`session`] | searches in pieces: what is saved of them, parts of equal work, parts merged |
//! | 4 | [`plan`] | what a search will take on each engine, by a second of it |
//! | 3 | [`report`] | one printer a form: table, JSON, CSV |
//! | 3 | [`certificate`] | proofs of branch and bound as files, and their check by other means |
//! | 3 | [`search`] | runs an engine, audits it, and checks what it discards; knows the trait only |
//! | 2 | [`engine`] | the trait; `reference` (the oracle), `cpu` (rayon), `gpu` (wgpu), `bound` (branch and bound on complete tables), `published` (the yardstick) |
//! | 1 | [`input`] | JSON, NDJSON, CSV, gzip, zstd → rows → table |
//! | 1 | [`synth`] | seeded random tables |
//! | 1 | [`describe`] | what a table is like: scores, missing answers, each question's figures |
//! | 0 | [`matrix`] | the table: interned ids, bitsets, integer scores, totals, fingerprint |
//! | 0 | `arch` | what differs from processor to processor: levels of instructions, vectors, byte tiles |
//! | 0 | [`combin`] | binomials, rank and unrank, ranges as subtrees, numbers of sets of any size |
//! | 0 | [`stats`] | sums, exact order, r for display, closed forms, the theorems behind every discard |
//! | 0 | [`top`] | the N best under one total order |
//!
//! # Invariants
//! - **Exact.** Engines return sets and integer sums. Sets are ordered by exact arithmetic, ties by
//!   the lexicographically smaller tuple of question indices. A float may only discard a set, under
//!   a bound stated beside it, whose theorem stands in [`stats::bounds`]; survivors are summed again
//!   from the bitsets.
//! - **Whole.** Engines accumulate sums over every set they visit; [`search`] compares them with
//!   closed forms modulo 2^64. What they discard it checks on sets that are drawn anew, by another way.
//! - **Loud.** Errors are typed, say what, where and what to do, and nothing falls back silently.
//!
//! # An example
//! Six users, four questions, and the pair of questions that says most of the whole:
//! ```
//! use kcorrset::engine::cpu::CpuEngine;
//! use kcorrset::engine::{Query, Watch};
//! use kcorrset::matrix::{Duplicates, MatrixBuilder, Score};
//! use kcorrset::search;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let answers = [
//!     ("ann", [1, 1, 1, 0]),
//!     ("ben", [1, 0, 1, 1]),
//!     ("cleo", [0, 0, 1, 1]),
//!     ("dan", [0, 0, 0, 1]),
//!     ("eve", [1, 1, 0, 0]),
//!     ("fay", [0, 0, 0, 0]),
//! ];
//! let mut table = MatrixBuilder::new();
//! for (user, scores) in answers {
//!     for (question, mantissa) in ["q1", "q2", "q3", "q4"].into_iter().zip(scores) {
//!         table.push(user, question, Some(Score { mantissa, digits: 0 }), 0)?;
//!     }
//! }
//! let table = table.finish(Duplicates::Error, "row")?;
//!
//! let query = Query::of(&table).k(2).top(3).min_users(4).build()?;
//! let engine = CpuEngine::new(2)?;
//! let outcome = search::run(&engine, &query, &query.space().whole(), &Watch::new())?;
//!
//! let best = &outcome.best[0];
//! assert_eq!(best.set(), [0, 2]);
//! assert_eq!(best.sums().n, 6);
//! assert_eq!(best.correlation().r(), 0.9563650695950074);
//! # Ok(())
//! # }
//! ```
//!
//! # Words
//! | word | means |
//! | --- | --- |
//! | set, question, user | K questions, sought; an item of the test; who answers it |
//! | a, g, n | a user's score on the set; their overall score; how many users a set has |
//! | users of a set | those who answered all of it |
//! | min_users | the fewest users that a defined set has |
//! | A, X, Y | what r is made of: n·Σag − Σa·Σg, n·Σa² − (Σa)², n·Σg² − (Σg)² ([`stats::Moments`]) |
//! | criterion | which overall score g a set is correlated with ([`stats::Criterion`]) |
//! | ranking, value | criterion and figure, r or its lower bound; a set's exact figure ([`stats::Value`]) |
//! | floor, need | the value that a set must reach to enter the list; what its sums must tell for that |
//! | ceiling | an r that no set exceeds but those listed ([`engine::Watch::ceiling`]) |
//! | image, blur | integers that stand for overall scores that are no totals; how far off they are |
//! | quotas | how many questions of each group a set has ([`combin::Quotas`]) |
//! | bar | what a discard compares with: made of a floor and a margin |
//! | space, part, chunk | all sets asked for; what one search is given; what one GPU submission is |
//! | session, unit | a search that is saved as it goes; what it searches between two looks at the clock |
//! | division | a space in N parts of equal expected work, I/N each ([`session::Portion`]) |
//! | rank | a set's place in the lexicographic order of its space, where 128 bits number its sets |
//! | prefix, stem, leaf | the first questions of a set; all but the last two; the last one |
//! | column, lane | a question behind a prefix; its place in a vector or word, or a GPU's invocation |
//! | strip, slab, span | 16 columns; 64 users; the users that a GPU takes in one pass |
//! | block | a piece of a part, in which questions may be taken in any order ([`combin::Block`]) |
//! | margin | what a discard allows for rounding |
//! | step | what scores of more digits than a GPU's sums hold are counted in, a power of 2 ([`stats::Basis`]) |
//! | outer, inner users | users with extreme overall scores, whom a discard looks at; the others |
//! | ring | some of the outermost users, counted on every leaf at once |
//! | inversion, drop | two users in the wrong order: a no higher, g higher; by how much higher |
//! | gap | of a table, a missing answer; of a search that was stopped, how far its ceiling is above its best r |
//! | planes, codes | encodings of scores, as bits and as bytes; a *tile* is a register of AMX |
//! | kernel | an entry point of a shader, or a computation at a level of instructions |
//! | audit, check | sums over all sets against closed forms; sets drawn anew, searched by another way too |
//! | visited, excluded | sets that were summed; sets that a closed form or a bound ruled out |

mod arch;
pub mod certificate;
pub mod combin;
pub mod describe;
pub mod engine;
pub mod input;
pub mod matrix;
pub mod plan;
pub mod report;
pub mod search;
pub mod session;
pub mod stats;
pub mod synth;
pub mod top;
