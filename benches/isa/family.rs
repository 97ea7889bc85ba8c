//! Families of AMD GPUs: what a compute unit has, and how many workgroups it holds.
//!
//! The driver prints a number of its own, `Subgroups per SIMD`. It is not used: where there is no GPU, Mesa 22.3
//! takes RDNA to have twice the registers, and it rounds workgroups up that share memory.

use kcorrset::engine::gpu::layout::WORKGROUP;

/// A family, by the manuals of its instruction set.
pub struct Family {
    /// Names that releases of Mesa have for it.
    pub names: &'static [&'static str],
    /// SIMDs of a compute unit.
    simds: u64,
    /// Vector registers of a SIMD, each of 64 lanes.
    registers: u64,
    /// Registers that are handed out together.
    grain: u64,
    /// Most subgroups of a SIMD.
    subgroups: u64,
}

/// Every family that is known here.
pub const FAMILIES: [Family; 3] = [
    Family {
        names: &["gfx1100", "navi31"],
        simds: 2,
        registers: 768,
        grain: 12,
        subgroups: 16,
    },
    Family {
        names: &["navi21"],
        simds: 2,
        registers: 512,
        grain: 8,
        subgroups: 16,
    },
    Family {
        names: &["aldebaran", "mi200"],
        simds: 4,
        registers: 512,
        grain: 8,
        subgroups: 8,
    },
];

/// Bytes of workgroup memory of a compute unit, of any family.
const MEMORY: u64 = 64 << 10;

/// Bytes of workgroup memory that are handed out together, at most.
pub const MEMORY_GRAIN: u64 = 1 << 10;

/// Workgroups that a compute unit holds, by what it shares out.
#[derive(Clone, Copy)]
pub struct Held {
    by_registers: u64,
    by_memory: u64,
    by_subgroups: u64,
}

impl Held {
    /// How many there are.
    pub fn workgroups(self) -> u64 {
        self.by_memory.min(self.workgroups_but_for_memory())
    }

    /// What there is no more of.
    pub fn bound(self) -> &'static str {
        if self.by_memory < self.workgroups_but_for_memory() {
            "memory"
        } else if self.by_registers < self.by_subgroups {
            "registers"
        } else {
            "subgroups"
        }
    }

    fn workgroups_but_for_memory(self) -> u64 {
        self.by_registers.min(self.by_subgroups)
    }
}

/// Workgroups that a compute unit has memory for, at `bytes` each.
pub fn by_memory(bytes: u64) -> u64 {
    MEMORY / bytes.next_multiple_of(MEMORY_GRAIN).max(1)
}

impl Family {
    /// The family of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.names.contains(&name))
    }

    /// Workgroups that a compute unit holds with `registers` a lane, in subgroups of `lanes`, and `bytes` of
    /// workgroup memory.
    pub fn held(&self, registers: u64, lanes: u64, bytes: u64) -> Held {
        // Registers of half the lanes are half as large, and handed out in twice the number.
        let narrow = 64 / lanes;
        let taken = registers.next_multiple_of(self.grain * narrow).max(1);
        let workgroups = |subgroups| self.simds * subgroups / u64::from(WORKGROUP).div_ceil(lanes);
        Held {
            by_registers: workgroups(self.registers * narrow / taken),
            by_memory: if bytes == 0 {
                u64::MAX
            } else {
                by_memory(bytes)
            },
            by_subgroups: workgroups(self.subgroups),
        }
    }
}
