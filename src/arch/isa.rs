//! Instruction-set levels: what this processor has, and which one a kernel is told to use.
//!
//! It knows no kernel, and nothing else of the crate: build.rs asks it too. A level stands for the features
//! that the kernels of that level are compiled for, so "available" here is what makes calling them sound.

/// A level of instructions; higher ones are faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// What every processor of the target has.
    Portable,
    /// x86-64 with AVX2, FMA, POPCNT, BMI1 and BMI2.
    Avx2,
    /// [`Self::Avx2`] with AVX-512 F, BW, DQ and VL.
    Avx512,
    /// [`Self::Avx512`] with AVX-512 VBMI, VBMI2, VNNI and VPOPCNTDQ, GFNI, and AMX tiles of bytes.
    Amx,
}

impl Isa {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Avx2, Self::Avx512, Self::Amx];

    /// Its name in messages and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|isa| isa.name() == name)
    }

    /// Whether this processor has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = || {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("popcnt")
                    && is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("bmi2")
            };
            let avx512 = || {
                avx2()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            };
            match self {
                Self::Portable => true,
                Self::Avx2 => avx2(),
                Self::Avx512 => avx512(),
                Self::Amx => avx512() && has_byte_vectors() && has_byte_tiles(),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Portable
        }
    }

    /// The levels that this processor has, lowest first; never empty.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|isa| isa.is_available())
            .collect()
    }

    /// The highest level that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL
            .into_iter()
            .rev()
            .find(|isa| isa.is_available())
            .unwrap_or(Self::Portable)
    }
}

/// Whether kernels of bytes are run in vectors at this level.
pub(crate) fn has_byte_vectors_at(isa: Isa) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        isa >= Isa::Avx512 && Isa::Avx512.is_available() && has_byte_vectors()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = isa;
        false
    }
}

/// Whether this processor has AVX-512 VBMI, VBMI2, VNNI and VPOPCNTDQ, and GFNI.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_byte_vectors() -> bool {
    is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("gfni")
}

/// Whether the processor has byte tiles (AMX) and the system lets this process use them.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_byte_tiles() -> bool {
    static AVAILABLE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        const TILES_AND_BYTES: u32 = 1 << 24 | 1 << 25;
        // Leaf 7 exists on every processor with AVX2.
        let has = is_x86_feature_detected!("avx2")
            && std::arch::x86_64::__cpuid_count(7, 0).edx & TILES_AND_BYTES == TILES_AND_BYTES;
        has && permitted()
    })
}

/// Asks Linux for the tile registers' state, which a process has to do once.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const REQUEST_PERMISSION: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let answer: i64;
    // SAFETY: this call reads and writes no memory of ours; rcx and r11 are what the kernel changes.
    unsafe {
        std::arch::asm!("syscall", inlateout("rax") ARCH_PRCTL => answer, in("rdi") REQUEST_PERMISSION,
             in("rsi") TILE_DATA, out("rcx") _, out("r11") _, options(nostack));
    }
    answer == 0
}

/// Other systems are not asked.
#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
fn permitted() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_levels_are_one_to_one() {
        for isa in Isa::ALL {
            assert_eq!(Isa::from_name(isa.name()), Some(isa));
        }
        assert_eq!(Isa::from_name("sse9"), None);
    }

    /// A level that this machine lacks shows as ignored; where KCORRSET_ALL_LEVELS is set while the tests are
    /// built, it fails.
    #[cfg_attr(not(level_avx2), ignore = "this machine has no AVX2")]
    #[test]
    fn avx2_is_here() {
        assert!(Isa::Avx2.is_available());
    }

    #[cfg_attr(not(level_avx512), ignore = "this machine has no AVX-512")]
    #[test]
    fn avx512_is_here() {
        assert!(Isa::Avx512.is_available());
    }

    #[cfg_attr(not(level_amx), ignore = "this machine has no AMX")]
    #[test]
    fn amx_is_here() {
        assert!(Isa::Amx.is_available());
    }

    #[test]
    fn the_detected_level_is_the_highest_available() {
        assert_eq!(Isa::available().last(), Some(&Isa::detect()));
        assert_eq!(Isa::available()[0], Isa::Portable);
    }
}
