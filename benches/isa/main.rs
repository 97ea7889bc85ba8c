//! What a compiler for AMD GPUs makes of the kernels: registers, memory, workgroups held, instructions by loop.
//! No GPU is needed: Mesa's driver compiles for one that is not there.
//!
//! `isa count FAMILY...`, by way of benches/isa.sh: two tables in Markdown, the second for the first family alone.
//! Fails where a compiled kernel takes other workgroup memory than naga lays out, or a compute unit holds another
//! number of workgroups by it than by what the plan says. Else, as `cargo test` runs it: what can be known of that
//! without a driver.

mod device;
mod family;
mod kernels;
mod printed;

use family::{FAMILIES, Family, MEMORY_GRAIN, by_memory};
use kernels::{Counted, kernels, tile};
use printed::Compiled;
use std::process::{Command, ExitCode};

/// Makes this program count, for the families that are named behind it.
const COUNT: &str = "count";

/// Makes it compile, in a process of its own, for the family that the environment names.
const COMPILE: &str = "compile";

/// The kernels as compiled for a family.
struct Figures {
    family: &'static Family,
    driver: String,
    kernels: Vec<(Counted, Compiled)>,
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let outcome = match args.split_first() {
        Some((what, names)) if what == COUNT => count(names),
        Some((what, [])) if what == COMPILE => device::compile(),
        _ => check(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("isa: {what}");
            ExitCode::FAILURE
        }
    }
}

/// What holds without a driver.
fn check() -> Result<(), String> {
    printed::check();
    let kernels = kernels();
    for kernel in &kernels {
        let used = device::shared_bytes(kernel)?;
        agrees(kernel, used, used)?;
        for wrong in [used - 1, used + MEMORY_GRAIN] {
            assert!(agrees(kernel, used, wrong).is_err(), "{}", kernel.name);
        }
    }
    println!(
        "isa: {} kernels have the workgroup memory that is planned",
        kernels.len()
    );
    Ok(())
}

/// Fails where the workgroup memory that a kernel takes is not what its text uses, in grains, or a compute unit
/// holds another number of workgroups by it than by what the plan reckons with.
fn agrees(kernel: &Counted, used: u64, taken: u64) -> Result<(), String> {
    let Counted { name, planned, .. } = kernel;
    if taken < used || taken - used >= MEMORY_GRAIN {
        return Err(format!(
            "{name}: {taken} bytes of workgroup memory compiled, and its text uses {used}"
        ));
    }
    if used > *planned {
        return Err(format!(
            "{name}: {used} bytes of workgroup memory, and the plan has {planned}"
        ));
    }
    let [held, reckoned] = [taken, *planned].map(by_memory);
    if kernel.own && held != reckoned {
        return Err(format!(
            "{name}: memory of a unit for {held} workgroups, and by the plan for {reckoned}"
        ));
    }
    Ok(())
}

/// Compiles for each family, checks, and prints.
fn count(names: &[String]) -> Result<(), String> {
    let known = || {
        let names = FAMILIES.iter().map(|family| family.names.join(" or "));
        names.collect::<Vec<_>>().join(", ")
    };
    if names.is_empty() {
        return Err(format!("no family; known are {}", known()));
    }
    let mut figures = Vec::new();
    for name in names {
        let family = Family::named(name).ok_or_else(|| format!("{name}: known are {}", known()))?;
        figures.push(compiled(family)?);
    }
    for (kernel, compiled) in figures.iter().flat_map(|of_family| &of_family.kernels) {
        agrees(kernel, device::shared_bytes(kernel)?, compiled.shared)?;
    }
    println!("{}; a tile of {} users.", figures[0].driver, tile());
    print_families(&figures);
    print_loops(&figures[0]);
    Ok(())
}

/// Compiles all kernels for a family, under the first of its names that the driver knows.
fn compiled(family: &'static Family) -> Result<Figures, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    for name in family.names {
        let output = Command::new(&program)
            .arg(COMPILE)
            .env("RADV_FORCE_FAMILY", name)
            .env("RADV_DEBUG", "nocache,shaders,shaderstats")
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => return figures(family, &text),
            Some(device::NO_FAMILY) => {}
            _ => {
                let last = text.lines().last().unwrap_or_default();
                return Err(format!("compiling for {name}: {last}"));
            }
        }
    }
    Err(format!(
        "Mesa's RADV has no {} here",
        family.names.join(", nor ")
    ))
}

fn figures(family: &'static Family, text: &str) -> Result<Figures, String> {
    let driver = text
        .lines()
        .find_map(|line| line.strip_prefix(device::DRIVER));
    let mut parts = text.split(device::KERNEL).skip(1);
    let mut compiled = Vec::new();
    for kernel in kernels() {
        let (name, printed) = parts
            .next()
            .and_then(|part| part.split_once('\n'))
            .unwrap_or_default();
        if name != kernel.name {
            return Err(format!("{}: nothing was printed", kernel.name));
        }
        let read = Compiled::read(printed).map_err(|error| format!("{name}: {error}"))?;
        compiled.push((kernel, read));
    }
    Ok(Figures {
        family,
        driver: driver
            .and_then(|line| line.split(',').next())
            .unwrap_or("an unknown driver")
            .to_owned(),
        kernels: compiled,
    })
}

fn print_families(figures: &[Figures]) {
    println!(
        "\n| kernel | family | registers | spilled | workgroup memory | workgroups a unit | instructions |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for at in 0..figures[0].kernels.len() {
        for Figures {
            family, kernels, ..
        } in figures
        {
            let (kernel, compiled) = &kernels[at];
            let held = family.held(compiled.registers, compiled.lanes, compiled.shared);
            let [vectors, scalars] = compiled.spilled;
            println!(
                "| {} | {} | {} | {} | {} | {} ({}) | {} |",
                kernel.name,
                family.names[0],
                compiled.registers,
                vectors + scalars,
                compiled.shared,
                held.workgroups(),
                held.bound(),
                compiled.instructions(),
            );
        }
    }
}

fn print_loops(figures: &Figures) {
    let family = figures.family.names[0];
    println!("\nInstructions by loop on {family}; 1.3 is the third loop in the first:\n");
    println!("| kernel | loop | instructions | vector slots | shared | memory | scalar |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (kernel, compiled) in figures
        .kernels
        .iter()
        .filter(|(kernel, _)| kernel.benchmark)
    {
        for each in &compiled.loops {
            let place: Vec<_> = each.place.iter().map(usize::to_string).collect();
            let own = each.own;
            println!(
                "| {} | {} | {} | {} | {} | {} | {} |",
                kernel.name,
                if place.is_empty() {
                    "none".to_owned()
                } else {
                    place.join(".")
                },
                own.all,
                own.vector,
                own.shared,
                own.memory,
                own.scalar,
            );
        }
    }
}
