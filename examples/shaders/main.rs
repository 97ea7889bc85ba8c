//! Every shader text that the engine can make, for compilers that the tests do not have. `scripts/shaders` runs it.

mod browser;
#[path = "../../tests/shaders/kernels.rs"]
mod kernels;
mod spirv;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["browser", program] => browser::compile(program),
        ["spirv", folder] => spirv::write(folder.as_ref()),
        _ => bail!("to type: shaders browser PROGRAM, or shaders spirv FOLDER"),
    }
}
