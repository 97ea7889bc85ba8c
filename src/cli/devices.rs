//! `kcorrset devices`: the GPUs that `--device` can name.

use super::exit::Exit;
use super::output::Output;
use clap::{Args, ValueEnum};
use kcorrset::engine::gpu::{self, AdapterReport};
use kcorrset::report::one_line;
use serde::Serialize;
use serde_json::Value;

/// What to print where there is none.
const NONE: &str = "no GPU adapter was found. `--engine cpu` needs none. For a GPU: install its \
                    driver with Vulkan, and the Vulkan loader (Debian and Ubuntu: libvulkan1). For a \
                    software adapter, to try `--engine gpu` without a GPU: mesa-vulkan-drivers.\n";

/// Version of the list's form in JSON.
const SCHEMA: u32 = 1;

/// List the GPUs of this machine
#[derive(Debug, Args)]
#[command(
    long_about = "Lists the GPU adapters of this machine with the number that --device takes. Software \
                  adapters compute on the CPU: they are marked, and used only where asked for."
)]
pub struct DevicesArgs {
    /// Form of the list
    #[arg(long, value_name = "FORM", default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object with everything known
    Json,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    version: &'static str,
    devices: &'a [AdapterReport],
}

pub fn run(args: DevicesArgs) -> anyhow::Result<Exit> {
    let adapters = gpu::adapters();
    let text = match args.format {
        Format::Table => table(&adapters)?,
        Format::Json => json(&adapters)?,
    };
    Output::Stdout.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(Exit::Done)
}

fn json(adapters: &[AdapterReport]) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(&Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        devices: adapters,
    })?;
    text.push('\n');
    Ok(text)
}

/// A line with number and name, then one for each other fact under its name in the JSON form.
fn table(adapters: &[AdapterReport]) -> anyhow::Result<String> {
    if adapters.is_empty() {
        return Ok(NONE.to_owned());
    }
    let mut out = String::new();
    for adapter in adapters {
        out.push_str(&format!("{}: {}", adapter.index, one_line(&adapter.name)));
        if adapter.software {
            out.push_str(" (software: computes on the CPU)");
        }
        out.push('\n');
        let mut facts = Vec::new();
        flatten("", &serde_json::to_value(adapter)?, &mut facts);
        facts.retain(|(name, _)| !["index", "name", "software"].contains(&name.as_str()));
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, fact) in facts {
            out.push_str(&format!("   {name:<width$}  {}\n", one_line(&fact)));
        }
    }
    Ok(out)
}

/// The scalars in `value` with their dotted names.
fn flatten(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let dot = if name.is_empty() { "" } else { "." };
                flatten(&format!("{name}{dot}{member}"), value, out);
            }
        }
        Value::String(text) => out.push((name.to_owned(), text.clone())),
        other => out.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_have_dotted_names() {
        let value = serde_json::json!({"backend": "Vulkan", "limits": {"bytes": 16, "wide": true}});
        let mut facts = Vec::new();
        flatten("", &value, &mut facts);
        let pairs = [
            ("backend", "Vulkan"),
            ("limits.bytes", "16"),
            ("limits.wide", "true"),
        ];
        assert_eq!(facts, pairs.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}
