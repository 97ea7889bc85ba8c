//! The kernels whose instructions are counted: those of the benchmark table (60,000 users x 200 questions,
//! 20 % answered, K = 5, scores 0 and 1), those for scores of 1 to 6, and those of the other pipelines.
//! With integers of 64 bits, as every GPU that is not software has them.

use kcorrset::engine::gpu::layout::{Integers, SumWidth, TALLY_BYTES, Variant, WORKGROUP};
use kcorrset::engine::gpu::projected::sample::Most;
use kcorrset::engine::gpu::shader::Kernel;
use kcorrset::engine::gpu::{complete, flat, levels, projected};

const K: usize = 5;

/// The most users of stems and prefixes of the benchmark table that the plan samples.
const MOST: Most = Most {
    stem: 549,
    prefix: 126,
};

/// Workgroup memory that every GPU of interest has.
const WORKGROUP_MEMORY: u32 = 48 << 10;

/// A kernel, and what its plan says about it.
pub struct Counted {
    /// The kernel's file, and what it is for where that is not the benchmark.
    pub name: String,
    /// Its whole text.
    pub source: String,
    /// Bytes of workgroup memory that the plan reckons with.
    pub planned: u64,
    /// Whether the plan's figure is this kernel's own, not that of the largest of several.
    pub own: bool,
    /// Whether the benchmark runs it.
    pub benchmark: bool,
}

/// Users of the tile that the plan takes for the benchmark table.
pub fn tile() -> u32 {
    projected::plan::tile(WORKGROUP_MEMORY, MOST)
}

/// Every kernel that is counted, each under a name of its own.
pub fn kernels() -> Vec<Counted> {
    let (native, sums) = (Integers::Native, SumWidth::Narrow);
    let packed = |score_bits| Variant {
        k: K,
        score_bits,
        sums,
    };
    let projected = |score_bits, steps, tile, note: &str| {
        let variant = projected::layout::Variant {
            packed: packed(score_bits),
            steps,
            tile,
            abreast: false,
        };
        let planned = projected::plan::workgroup_bytes(tile);
        let [expand, last] = projected::shader::kernels(&variant, native);
        let last = counted(last, note, planned);
        let own = false;
        [
            Counted {
                own,
                ..counted(expand, note, planned)
            },
            last,
        ]
    };
    let [expand, score] = projected(1, 1, tile(), "");
    let [_, unswept] = projected(1, 1, 0, ", no sweep");
    let likert = projected(4, 5, tile(), ", 1 to 6");
    let whole = complete::layout::Variant {
        k: K,
        sums,
        columns: 256,
        any_floor: false,
    };
    let whole_bytes = complete::plan::workgroup_bytes(K, sums, whole.columns);
    let benchmark = |kernel| Counted {
        benchmark: true,
        ..kernel
    };
    let mut all = vec![benchmark(expand), benchmark(score), unswept];
    all.extend(likert);
    all.push(counted(
        flat::shader::kernel(&packed(1), native),
        "",
        u64::from(WORKGROUP) * TALLY_BYTES / 2,
    ));
    all.push(counted(
        complete::shader::kernel(&whole, native),
        "",
        whole_bytes,
    ));
    let levels = levels::layout::Variant::new(K, sums);
    let of_levels = levels::shader::kernels(&levels, native);
    all.extend(of_levels.map(|kernel| Counted {
        own: false,
        ..counted(kernel, "", levels::plan::WORKGROUP_BYTES)
    }));
    all
}

fn counted(kernel: Kernel, note: &str, planned: u64) -> Counted {
    Counted {
        name: format!("{}{note}", kernel.name),
        source: kernel.source,
        planned,
        own: true,
        benchmark: false,
    }
}
