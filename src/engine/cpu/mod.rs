//! The CPU engine: a prefix tree over projected users, on all cores.
//!
//! ```text
//! search(table, query):
//!     choose by counting                                                   (regime):
//!     few answer patterns or few missing answers: sums from cross-products (gram), else walk:
//!     judge a few sets, for a first floor                                  (seed)
//!     for each block that the part falls into:
//!         walk its prefix tree, in the order of the layout                 (layout, general)
//!         three questions short of a set, where it applies: project the
//!         prefix's users and judge the leaves in vectors                   (projected)
//!         collect the best sets, the audit sums, the count of defined sets (collect)
//! ```

mod collect;
mod general;
#[doc(hidden)]
pub mod gram;
mod layout;
mod projected;
mod regime;
mod seed;

pub use crate::arch::Isa;
pub use projected::Machine;

use super::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use crate::combin::Block;
use crate::stats::Completions;
use collect::{Best, Collected};
use general::{Walk, fits_i64};
use layout::{Layout, Member, Rows, outermost_first};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// The engine on all cores.
#[derive(Debug)]
pub struct CpuEngine {
    pool: rayon::ThreadPool,
    isa: Isa,
    plain: bool,
    cross_products: bool,
    machine: Option<Machine>,
}

impl CpuEngine {
    /// On this many threads.
    ///
    /// # Errors
    /// [`EngineError::NoThreads`].
    pub fn new(threads: usize) -> Result<Self, EngineError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("kcorrset-{i}"))
            .build()
            .map_err(|error| EngineError::NoThreads {
                threads,
                problem: error.to_string(),
            })?;
        Ok(Self {
            pool,
            isa: Isa::detect(),
            plain: false,
            cross_products: true,
            machine: None,
        })
    }

    /// This engine with kernels of one level, which must be available; for tests and benchmarks.
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

    /// This engine without the cross-product regimes; for tests and benchmarks.
    #[must_use]
    pub fn walking(self) -> Self {
        Self {
            cross_products: false,
            ..self
        }
    }

    /// This engine without the cross-product regimes, and with one leaf machine wherever it fits, also where
    /// it is not expected to pay; for tests and benchmarks.
    #[must_use]
    pub fn with_machine(self, machine: Machine) -> Self {
        Self {
            cross_products: false,
            machine: Some(machine),
            ..self
        }
    }

    /// This engine with the general walk alone, which every other regime is checked against.
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

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        let whole = OnceLock::new();
        let scores = OnceLock::new();
        Ok(Box::new(Ready {
            engine: self,
            query,
            scores,
            whole,
        }))
    }
}

/// A query, and what its parts share once one of them needed it.
struct Ready<'q> {
    engine: &'q CpuEngine,
    query: &'q Query<'q>,
    /// Every score of the table.
    scores: OnceLock<Arc<[i64]>>,
    /// The block of all sets.
    whole: OnceLock<Laid>,
}

/// A block laid out for the walk.
struct Laid {
    layout: Layout,
    rows: Rows,
    members: Vec<Member>,
}

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Self { engine, query, .. } = *self;
        let kernels = engine.isa.name();
        if !engine.plain
            && engine.cross_products
            && let Some(choice) = regime::choose(query, part)
        {
            let regime = choice.regime;
            tracing::info!(regime = regime.name(), kernels, "sums from cross-products");
            return gram::search(regime, query, part, watch, &engine.pool, engine.isa);
        }
        tracing::info!(regime = "walk", kernels, "prefix tree");
        self.walk(part, watch)
    }
}

impl Ready<'_> {
    fn walk(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Self { engine, query, .. } = *self;
        if !engine.plain {
            seed::raise_floor(query, part, watch);
        }
        let best = Best::new(query, watch);
        let projector = projected::Projector::new(engine.isa, engine.machine);
        let forms = Completions::new(query.space().order().len(), query.k());
        let narrow = fits_i64(query.table());
        let search = |block: &Block, laid: &Laid| {
            let walk = Walk {
                layout: &laid.layout,
                fixed: &block.fixed,
                choose: block.choose,
                query,
                watch,
                best: &best,
                projector: (!engine.plain).then_some(&projector),
                forms: &forms,
                limit: laid.layout.questions(),
            };
            walk.search(narrow, &laid.rows, &laid.members)
        };
        let blocks = query.space().blocks(part);
        let collected = engine.pool.install(|| match blocks.as_slice() {
            [block] if query.space().is_whole(part) => {
                search(block, self.whole.get_or_init(|| self.lay_out(block)))
            }
            blocks => blocks
                .par_iter()
                .map(|block| search(block, &self.lay_out(block)))
                .try_reduce(Collected::default, |a, b| Ok(a.merged(b))),
        })?;
        collected.nodes.trace();
        Ok(Findings {
            best: best.into_sorted(),
            visited: collected.visited,
            excluded: collected.excluded,
            defined: collected.defined.0,
            ..Findings::default()
        })
    }

    /// Lays out the pool of a block, fewest answers first, for the users of its fixed questions.
    fn lay_out(&self, block: &Block) -> Laid {
        let (matrix, isa, machine) = (self.query.table(), self.engine.isa, self.engine.machine);
        let scores = self.scores.get_or_init(|| Layout::scores_of(matrix));
        let layout = Layout::fewest_first(matrix, block.pool.clone(), Arc::clone(scores));
        let (mut rows, mut members) = layout.rows(matrix, &block.fixed);
        let pairs = match machine {
            Some(machine) => machine == Machine::Pairs,
            None => projected::by_pairs_at(isa),
        };
        let masks = machine.is_none() && projected::by_masks_at(isa);
        let bytes = !pairs && (machine.is_some() || masks || projected::by_tiles_at(isa));
        let codes = bytes && (machine == Some(Machine::Codes) || layout.scores().len() != 2);
        if pairs || bytes && !codes {
            rows.add_bits(&layout, &members, pairs);
        }
        if bytes && !masks && rows.bits().is_none() {
            rows.add_codes(&layout, &members);
        }
        outermost_first(&mut members);
        Laid {
            layout,
            rows,
            members,
        }
    }
}
