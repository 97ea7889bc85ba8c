//! Sessions and parts: a search that is cut into pieces of work, saved between them, and put together again.
//!
//! Layer 4. It knows what a search is made of ([`crate::search`]) and how a document says it ([`crate::report`]);
//! what is typed, and what a signal does, is for others to know.
//!
//! ```text
//! order      the questions of the pool, fewest answers first: ranks number the sets in that order
//! division   N parts of equal expected work, which follow from table and query alone: ranges of ranks
//! session    for each K: the ranges done, the best sets of them, sets known from elsewhere, audit sums
//!            for each unit of work: search and audit it, check its discards, enter it, save           (work)
//! document   what is saved of a session, and what a finished part leaves
//! file       its bytes, with a digest: one flipped bit, and they are refused
//! store      where it is kept: locked, written beside and renamed, the one before kept
//! merge      documents of all parts, put together to the whole
//! ```
//!
//! # What is believed
//! Nothing that a document says is believed that the table can tell: sets are judged again, sums are made again in
//! closed form, ranges are cut again. What it alone can tell is that no set of a range that is done belongs before
//! those listed.
//!
//! # Why the result is that of one search
//! A unit is searched under a floor that so many known sets prove as are asked for. A set that belongs in the list
//! of the whole reaches every such floor, so the unit that holds it lists it; and the best of all lists are the best
//! of all. Units are disjoint and fill the whole: their sums are compared with the closed form of the whole.

mod division;
mod document;
mod error;
mod file;
mod identity;
mod ledger;
mod merge;
mod order;
mod pace;
mod portion;
mod proof;
mod ranges;
mod state;
mod store;
mod work;

pub use division::Division;
pub use document::{Begun, Document, Kept};
pub use error::{DivideError, Gap, MergeError, Mismatch, SessionError, WholeError};
pub use file::{FORMAT, FileError, Kind, read, write};
pub use merge::{merge, missing};
pub use order::ordered;
pub use pace::Units;
pub use portion::{Portion, PortionError};
pub use proof::proved;
pub use state::Session;
pub use store::{Disk, Files, Loaded, Store, StoreError};
pub use work::{Saving, Work};
