//! Certificates of proofs: written beside a result, and checked with it.

use super::engine::EngineArgs;
use super::exit::Stopped;
use super::output::Output;
use super::question::Question;
use super::stop::Stop;
use super::table::names_stream;
use super::talk::Talk;
use super::verify::Verdict;
use anyhow::{Context, bail};
use kcorrset::certificate::{Certificate, CheckError, can_certify};
use kcorrset::engine::{Engine, Query, Recorded};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::{Proof, Report, count, grouped, sized};
use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// What sets of several K are refused with.
const ONE_K: &str = "--certificate is for one K: give one -k, and a certificate for each";

/// A certificate to be written.
#[derive(Debug)]
pub struct Certifying {
    output: Output,
}

impl Certifying {
    /// Opens the file, if one is asked for, which is neither the table nor the result's.
    pub fn open(data: &Path, path: Option<&Path>, result: &Output) -> anyhow::Result<Option<Self>> {
        let Some(path) = path else {
            return Ok(None);
        };
        if names_stream(path) {
            bail!("--certificate -: it is binary and goes to a file: name one");
        }
        let output = Output::open_apart_from(data, Some(path))?;
        if output.is_same(result) {
            bail!(
                "{}: is the result's file too: name another one for --certificate",
                path.display()
            );
        }
        Ok(Some(Self { output }))
    }

    /// The engine, for queries that can be certified.
    pub fn engine(
        &self,
        args: &EngineArgs,
        queries: &[Query<'_>],
        whole: bool,
    ) -> anyhow::Result<Box<dyn Engine>> {
        let engine = args.open_recording()?;
        let [query] = queries else {
            bail!(ONE_K);
        };
        if !whole {
            bail!("--certificate is for all sets: leave out --skip and --limit");
        }
        can_certify(&query.fitted(engine.sum_bits()))?;
        Ok(engine)
    }

    /// Writes what was recorded of the report's search.
    pub fn write(
        self,
        report: &Report,
        table: &ResponseMatrix,
        recorded: Option<Recorded>,
    ) -> anyhow::Result<()> {
        let search = report.first().context("there is no search")?;
        let (Some(recorded), Some(Proof::Whole(proof))) = (recorded, search.proof.clone()) else {
            bail!("--certificate: the engine recorded no proof");
        };
        let asked = search.query.clone();
        let questions = table.questions().len() - asked.exclude.len();
        let fingerprint = table.fingerprint();
        let certificate = Certificate::new(fingerprint, asked, questions, proof, recorded);
        let bytes = certificate.write()?;
        self.output.write(|out| Ok(out.write_all(&bytes)?))
    }
}

/// Reads a certificate.
pub fn read(path: &Path) -> anyhow::Result<Certificate> {
    let name = path.display();
    if names_stream(path) {
        bail!("--certificate -: it is read from a file: name one");
    }
    let bytes = fs::read(path).with_context(|| format!("{name}: cannot read"))?;
    Certificate::read(&bytes).with_context(|| name.to_string())
}

/// How often the check says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Checks the certificate of a result that was found right without it; adds to its verdict.
pub fn check(
    certificate: &Certificate,
    report: &Report,
    question: &Question,
    stop: &Stop,
    talk: Talk,
) -> anyhow::Result<Verdict> {
    let [search] = report.searches.as_slice() else {
        bail!(ONE_K);
    };
    let asked = &search.query;
    let query = question.query(asked.k, asked.top, asked.min_users, None)?;
    let whole = match &search.proof {
        Some(Proof::Whole(whole)) => Some(whole),
        Some(Proof::Stopped(_)) | None => None,
    };
    let nodes = whole.map_or(0, |whole| whole.nodes);
    let said = Cell::new(Instant::now());
    let go_on = |node: u64| {
        if said.get().elapsed() >= SAY_EVERY {
            said.set(Instant::now());
            let (node, nodes) = (grouped(node.into()), grouped(nodes.into()));
            talk.note(&format!("certificate: node {node} of {nodes}"));
        }
        !stop.asked()
    };
    let mut verdict = Verdict {
        differences: Vec::new(),
        agreed: String::new(),
    };
    match certificate.check(&query, search, &go_on) {
        Ok(_) => {
            // What was walked is what the result says; else it would have been refused.
            let (visited, excluded) = whole.map_or((0, String::new()), |whole| {
                (whole.visited, sized(&whole.excluded))
            });
            verdict.agreed = format!(
                "certificate checked: {} visited and {excluded} excluded, in {}; no other set belongs in the list",
                count(visited, "set"),
                count(nodes.into(), "node"),
            );
        }
        Err(CheckError::Wrong(what)) => verdict.differences.push(format!("certificate: {what}")),
        Err(CheckError::Stopped) => {
            return Err(Stopped("while checking the certificate".to_owned()).into());
        }
        Err(error @ CheckError::Unable(_)) => return Err(error.into()),
    }
    Ok(verdict)
}
