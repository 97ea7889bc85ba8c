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
mod halves;
mod layout;
mod projected;
mod regime;
mod seed;

pub use crate::arch::Isa;
pub use projected::Machine;
pub use regime::Regime;

use super::{
    Drawn, Engine, EngineError, Findings, Part, Prepared, Query, Watch, Way, numbered, pool,
    ranks_of,
};
use crate::combin::Block;
use crate::stats::Completions;
use collect::{Best, Collected};
use general::{Walk, fits_i64};
use halves::Limit;
use layout::{Layout, Member, Rows, outermost_first};
use projected::{Projector, candidates};
use rayon::prelude::*;
use regime::Costs;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

/// The engine on all cores.
#[derive(Clone, Debug)]
pub struct CpuEngine {
    pool: Arc<rayon::ThreadPool>,
    isa: Isa,
    regime: Option<Regime>,
}

impl CpuEngine {
    /// On this many threads.
    ///
    /// # Errors
    /// [`EngineError::NoThreads`].
    pub fn new(threads: usize) -> Result<Self, EngineError> {
        Ok(Self {
            pool: Arc::new(pool::of_threads(threads)?),
            isa: Isa::detect(),
            regime: None,
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

    /// This engine with one regime wherever it applies, also where it is not expected to pay; for tests and
    /// benchmarks. What a leaf machine does not take, the general walk does; a regime of cross-products refuses
    /// tables that are not of its kind.
    #[must_use]
    pub fn with_regime(self, regime: Regime) -> Self {
        Self {
            regime: Some(regime),
            ..self
        }
    }

    /// The leaf machines that the walk may take in a table of so many distinct scores.
    fn machines(&self, scores: usize) -> Vec<Machine> {
        match self.regime {
            Some(Regime::Leaves(machine)) => vec![machine],
            _ => candidates(self.isa, scores),
        }
    }

    /// The regime that it takes for all sets of `query`.
    #[must_use]
    pub fn regime(&self, query: &Query<'_>) -> Regime {
        self.regime_for(query, &query.space().whole())
    }

    /// About how many cycles all threads together take for all sets of `query` by cross-products, by counting; `None`
    /// where another regime is taken.
    #[must_use]
    pub fn counted_cycles(&self, query: &Query<'_>) -> Option<f64> {
        let Regime::Products(regime) = self.regime(query) else {
            return None;
        };
        let costs = gram::costs(query);
        let cost = costs.iter().find(|cost| cost.regime == regime)?;
        Some(cost.once + cost.of_part(1.0))
    }

    /// The regime that it takes for a part of `query` where nothing is made yet.
    fn regime_for(&self, query: &Query<'_>, part: &Part) -> Regime {
        let share = query.space().share(part);
        let chosen = || Costs::of(query).choose(share, 0.0, |_| false);
        let chosen = || chosen().map_or(Regime::Walk, Regime::Products);
        self.regime.unwrap_or_else(chosen)
    }

    /// Whether nothing but the general walk may be taken.
    fn is_general(&self) -> bool {
        self.regime == Some(Regime::Leaves(Machine::General))
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn devices(&self) -> Vec<String> {
        vec![format!("{} CPU threads", self.pool.current_num_threads())]
    }

    /// Its regime beside the general walk, which discards nothing on the way to a set's sums.
    fn ways(&self, query: &Query<'_>, part: &Part) -> Result<Vec<Way<'_>>, EngineError> {
        ranks_of(self.name(), query, part)?;
        if self.is_general() {
            return Ok(Vec::new());
        }
        let regime = self.regime_for(query, part);
        Ok(vec![Way {
            engine: Box::new(self.clone().with_regime(regime)),
            other: Box::new(self.clone().with_regime(Regime::Leaves(Machine::General))),
            drawn: Drawn::Spaces,
        }])
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        numbered(self.name(), query)?;
        let whole = OnceLock::new();
        let scores = OnceLock::new();
        Ok(Box::new(Ready {
            engine: self,
            query,
            costs: OnceLock::new(),
            walked: Mutex::new(0.0),
            products: gram::Ready::new(query, &self.pool, self.isa),
            scores,
            whole,
        }))
    }
}

/// A query, and what its parts share once one of them needed it.
struct Ready<'q> {
    engine: &'q CpuEngine,
    query: &'q Query<'q>,
    costs: OnceLock<Costs>,
    /// Cycles of the parts that were walked, as they were counted beforehand.
    walked: Mutex<f64>,
    products: gram::Ready<'q>,
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
        let ranks = ranks_of("cpu", query, part)?;
        let kernels = engine.isa.name();
        let regime = match engine.regime {
            None => self.choose(query.space().share(part)),
            Some(regime) => regime,
        };
        if let Regime::Products(regime) = regime {
            tracing::info!(regime = regime.name(), kernels, "sums from cross-products");
            return self.products.search(regime, part, watch);
        }
        tracing::info!(regime = "walk", kernels, "prefix tree");
        self.walk(part, ranks, watch)
    }
}

impl Ready<'_> {
    /// The regime for a part that is this share of all sets, after the parts before it.
    fn choose(&self, share: f64) -> Regime {
        let costs = self.costs.get_or_init(|| Costs::of(self.query));
        let mut walked = self.walked.lock().unwrap_or_else(|e| e.into_inner());
        let is_made = |regime| self.products.is_made(regime);
        match costs.choose(share, *walked, is_made) {
            Some(regime) => Regime::Products(regime),
            None => {
                *walked += costs.walk(share);
                Regime::Walk
            }
        }
    }

    fn walk(
        &self,
        part: &Part,
        ranks: Range<u128>,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        let Self { engine, query, .. } = *self;
        if !engine.is_general() {
            seed::raise_floor(query, ranks, watch);
        }
        let best = Best::new(query, watch);
        let scores = Arc::clone(self.scores());
        let projector = Projector::new(engine.isa, engine.machines(scores.len()));
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
                projector: &projector,
                forms: &forms,
                limit: Limit::none(laid.layout.questions()),
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
        let took = projector.took();
        for (machine, prefixes) in &took {
            tracing::info!(machine, prefixes, "prefixes three questions short of a set");
        }
        Ok(Findings {
            best: best.into_sorted(),
            visited: collected.visited,
            excluded: collected.excluded,
            defined: collected.defined.0,
            took,
            ..Findings::default()
        })
    }

    /// Every score of the table.
    fn scores(&self) -> &Arc<[i64]> {
        let matrix = self.query.table();
        self.scores.get_or_init(|| Layout::scores_of(matrix))
    }

    /// Lays out the pool of a block, fewest answers first, for the users of its fixed questions.
    fn lay_out(&self, block: &Block) -> Laid {
        let matrix = self.query.table();
        let scores = Arc::clone(self.scores());
        let machines = self.engine.machines(scores.len());
        let layout = Layout::fewest_first(matrix, block.pool.clone(), scores);
        let (mut rows, mut members) = layout.rows(matrix, &block.fixed);
        let takes = |machine: Machine| machines.contains(&machine);
        if takes(Machine::Pairs) || takes(Machine::Masked) || takes(Machine::Planes) {
            rows.add_bits(&layout, &members, takes(Machine::Pairs));
        }
        if takes(Machine::Codes) && (rows.bits().is_none() || machines.len() == 1) {
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
