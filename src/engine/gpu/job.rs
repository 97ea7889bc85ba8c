//! A search as each of its devices gets it: table, query, and what follows from the two for any
//! pipeline. Knows no device and names no pipeline.

use super::limits::Excess;
use super::lock::locked;
use super::order::{Order, faces};
use super::pack::{Packing, users_with};
use super::ranks::RankTable;
use crate::engine::{EngineError, Query, numbered};
use crate::matrix::ResponseMatrix;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// The place of something that is made once, by whoever asks first.
type Made = Arc<OnceLock<Arc<dyn Any + Send + Sync>>>;

/// A search, one for all devices, so that what they saw can be added up.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) matrix: &'a ResponseMatrix,
    pub(super) query: &'a Query<'a>,
    pub(super) packing: Packing,
    pub(super) table: RankTable,
    /// Sets of the whole space.
    pub(super) sets: u128,
    pub(super) min_users: u32,
    /// What pipelines made of it for all devices, by its type.
    made: Mutex<HashMap<TypeId, Made>>,
}

/// What the work of a search is counted from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Q.
    pub questions: f64,
    /// K.
    pub k: f64,
    /// Bits of a packed score.
    pub score_bits: u32,
    /// Users with at least K answers.
    pub users: f64,
    /// Users of a stem on average.
    pub stem_users: f64,
    /// Users of a set on average.
    pub set_users: f64,
    /// Sets to visit.
    pub sets: f64,
}

/// Questions of a set behind its stem.
pub const BEHIND_STEM: usize = 2;

impl<'a> Job<'a> {
    /// Packs the table as narrow as it allows.
    pub(super) fn new(query: &'a Query<'a>) -> Result<Self, EngineError> {
        let packing = Packing::of(query).map_err(Excess::refusal)?;
        Self::with_packing(query, packing)
    }

    /// Takes the table packed like this, which must be no narrower than it needs.
    pub(super) fn with_packing(
        query: &'a Query<'a>,
        packing: Packing,
    ) -> Result<Self, EngineError> {
        let sets = numbered("gpu", query)?;
        let matrix = query.table();
        let table = RankTable::new(matrix.questions().len(), query.k()).ok_or_else(|| {
            let what = "numbering the sets, with and without the questions that all have,";
            Excess::new(what, "more than 2^128", "2^128").refusal()
        })?;
        Ok(Self {
            matrix,
            query,
            packing,
            table,
            sets,
            // At most the users, who are counted in 32 bits.
            min_users: u32::try_from(query.min_users()).unwrap_or(u32::MAX),
            made: Mutex::default(),
        })
    }

    /// Whether packed sums tell which sets have a value and are asked for.
    pub(super) fn tells_defined(&self) -> bool {
        self.query.tells_defined() && self.packing.is_exact()
    }

    /// Q.
    pub(super) fn questions(&self) -> usize {
        self.matrix.questions().len()
    }

    /// The set of each number in an order.
    ///
    /// # Errors
    /// Where 128 bits do not number the sets in this order.
    pub(super) fn sets_in(
        &self,
        order: Order,
    ) -> Result<impl Fn(u128) -> Vec<usize> + '_, EngineError> {
        let faces = match order {
            Order::Ranks => Vec::new(),
            Order::Halves => {
                let faces = faces(order, self.questions(), self.query.k());
                faces.ok_or_else(|| {
                    Excess::new("numbering the sets by halves", "more than 2^128", "2^128")
                        .refusal()
                })?
            }
        };
        Ok(move |number| {
            let face = faces.iter().rfind(|face| face.start <= number);
            face.map_or_else(
                || self.table.unrank(number),
                |face| face.set(number - face.start),
            )
        })
    }

    /// What `make` makes, made once for all devices. A type is made in one way.
    pub(super) fn once<T: Any + Send + Sync>(&self, make: impl Fn() -> T) -> Arc<T> {
        let made = {
            let mut all = locked(&self.made);
            Arc::clone(all.entry(TypeId::of::<T>()).or_default())
        };
        let made = Arc::clone(made.get_or_init(|| Arc::new(make())));
        made.downcast().unwrap_or_else(|_| Arc::new(make()))
    }

    /// What its work is counted from.
    pub(super) fn load(&self) -> Load {
        *self.once(|| {
            let k = self.query.k();
            Load {
                questions: self.questions() as f64,
                k: k as f64,
                score_bits: self.packing.variant.score_bits,
                users: users_with(self.matrix, k).count() as f64,
                stem_users: mean_users(self.matrix, k.saturating_sub(BEHIND_STEM)),
                set_users: mean_users(self.matrix, k),
                sets: self.sets.max(1) as f64,
            }
        })
    }
}

impl Load {
    /// Words of 32 users in a column.
    pub(super) fn words(&self) -> f64 {
        (self.users / 32.0).ceil()
    }
}

/// Users of a set of `k` questions on average over all such sets.
fn mean_users(matrix: &ResponseMatrix, k: usize) -> f64 {
    let questions = matrix.questions().len();
    (0..matrix.users().len())
        .map(|user| {
            let answers = matrix.row(user).len();
            let share = |i: usize| answers.saturating_sub(i) as f64 / (questions - i) as f64;
            (0..k.min(questions)).map(share).product::<f64>()
        })
        .sum()
}
