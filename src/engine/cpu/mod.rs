//! The CPU engine: a prefix tree over projected users, on all cores.
//!
//! ```text
//! search(table, query):
//!     choose by counting                                                   (regime):
//!     few answer patterns or few missing answers: sums from cross-products (gram), else walk:
//!     judge a few sets, for a first floor                                  (seed)
//!     for each problem that the ranks split into                           (problem):
//!         walk its prefix tree, in the order of the layout                 (layout, general)
//!         three questions short of a set, where it applies: project the
//!         prefix's users and judge the leaves in vectors                   (projected)
//!         collect the best sets, the audit sums, the count of defined sets (collect)
//! ```

mod collect;
mod general;
pub mod gram;
mod layout;
mod problem;
mod projected;
mod regime;
mod seed;

pub use crate::arch::Isa;

use super::{Engine, EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{Basis, Completions};
use collect::Best;
use general::Walk;
use layout::{Layout, outermost_first};
use problem::problems;

/// `--engine cpu`.
#[derive(Debug)]
pub struct CpuEngine {
    pool: rayon::ThreadPool,
    isa: Isa,
    plain: bool,
    cross_products: bool,
    pairs: bool,
}

impl CpuEngine {
    /// On this many threads.
    ///
    /// # Errors
    /// [`EngineError::NoDevice`] where the system gives no such threads.
    pub fn new(threads: usize) -> Result<Self, EngineError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("kcorrset-{i}"))
            .build()
            .map_err(|e| EngineError::NoDevice(format!("cannot start {threads} threads: {e}")))?;
        Ok(Self {
            pool,
            isa: Isa::detect(),
            plain: false,
            cross_products: true,
            pairs: false,
        })
    }

    /// The same with kernels of this level, which must be available; for tests and benchmarks.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where this processor lacks it.
    pub fn with_isa(self, isa: Isa) -> Result<Self, EngineError> {
        if isa.is_available() {
            Ok(Self { isa, ..self })
        } else {
            Err(EngineError::Refused {
                engine: "cpu",
                what: "the forced instruction-set level".to_owned(),
                need: isa.name().to_owned(),
                have: Isa::detect().name().to_owned(),
                hint: "leave the level to the program",
            })
        }
    }

    /// The same without the cross-product regimes; for tests and benchmarks.
    #[must_use]
    pub fn walking(self) -> Self {
        Self {
            cross_products: false,
            ..self
        }
    }

    /// The same without the cross-product regimes, and with the pair test wherever it fits, also where
    /// it is not expected to pay; for tests and benchmarks.
    #[must_use]
    pub fn by_pairs(self) -> Self {
        Self {
            cross_products: false,
            pairs: true,
            ..self
        }
    }

    /// The same with the general walk alone, which every other regime is checked against.
    #[must_use]
    pub fn plain(self) -> Self {
        Self {
            plain: true,
            ..self
        }
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn devices(&self) -> Vec<String> {
        vec![format!("{} CPU threads", self.pool.current_num_threads())]
    }

    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        if !self.plain
            && self.cross_products
            && let Some(choice) = regime::choose(matrix, query)
        {
            tracing::info!(
                regime = choice.regime.name(),
                kernels = self.isa.name(),
                "sums from cross-products"
            );
            return gram::search(choice.regime, matrix, query, watch, &self.pool, self.isa);
        }
        tracing::info!(regime = "walk", kernels = self.isa.name(), "prefix tree");
        self.walk(matrix, query, watch)
    }
}

impl CpuEngine {
    fn walk(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        let problems = problems(matrix.questions().len(), query);
        let whole = query.ranks() == (0..query.total());
        let layout = if whole {
            Layout::fewest_first(matrix)
        } else {
            Layout::as_given(matrix)
        };
        let best = Best::new(query, watch);
        if !self.plain {
            seed::raise_floor(matrix, query, watch);
        }
        let (mut rows, mut members) = layout.rows(matrix);
        let pairs = self.pairs || projected::by_pairs_at(self.isa);
        let tiles = !pairs && projected::by_tiles_at(self.isa);
        if pairs || tiles && layout.scores().len() == 2 {
            rows.add_bits(&layout, &members, pairs);
        }
        if tiles && rows.bits().is_none() {
            rows.add_codes(&layout, &members);
        }
        outermost_first(&mut members);
        let projector = projected::Projector::new(self.isa, self.pairs);
        let walk = Walk {
            matrix,
            layout: &layout,
            query,
            watch,
            best: &best,
            projector: (!self.plain).then_some(&projector),
            forms: &Completions::new(matrix.questions().len(), query.k()),
            limit: matrix.questions().len(),
        };
        let collected = self
            .pool
            .install(|| walk.search(&problems, &rows, &members))?;
        collected.nodes.trace();
        Ok(Findings {
            best: best.into_sorted(),
            seen: collected.seen,
            basis: Basis::default(),
            defined: collected.defined.0,
        })
    }
}
