//! Tells the tests which levels of instructions this machine has, so that those of a level that it lacks are
//! ignored with that reason instead of passing untested. With KCORRSET_ALL_LEVELS set, none is ignored.

#[path = "src/arch/isa.rs"]
#[allow(dead_code, reason = "the crate uses the rest")]
mod isa;

use isa::Isa;
use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/arch/isa.rs");
    println!("cargo::rerun-if-env-changed=KCORRSET_ALL_LEVELS");
    let all = env::var_os("KCORRSET_ALL_LEVELS").is_some();
    let native = env::var("HOST").ok() == env::var("TARGET").ok();
    let here = |isa: Isa| native && isa.is_available();
    let levels = Isa::ALL.map(|isa| (isa.name(), here(isa)));
    #[cfg(target_arch = "x86_64")]
    let bytes = here(Isa::Avx512) && isa::has_byte_vectors();
    #[cfg(not(target_arch = "x86_64"))]
    let bytes = false;
    for (level, here) in levels.into_iter().chain([("bytes", bytes)]) {
        println!("cargo::rustc-check-cfg=cfg(level_{level})");
        if all || here {
            println!("cargo::rustc-cfg=level_{level}");
        }
    }
}
