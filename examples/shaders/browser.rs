//! Texts in a browser's WebGPU, whose compiler takes less than naga does: it knows where control flow is
//! uniform, and wants parentheses where operators are easily mixed up.
//!
//! A page of this program's own compiles them and posts what it saw, so the browser needs no driver.

use crate::kernels::kernels_with;
use anyhow::{Context, Result, bail, ensure};
use kcorrset::engine::gpu::layout::Integers;
use serde::Deserialize;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long all of it may take: it is a minute on two cores.
const PATIENCE: Duration = Duration::from_secs(600);

/// What to call a text that must be refused, so that a page that takes everything is seen.
const PLANTED: &str = "planted fault";

/// A barrier that only one lane comes to. naga takes it.
const FAULT: &str = "
    @compute @workgroup_size(64)
    fn main(@builtin(local_invocation_index) lane: u32) {
        if (lane == 0u) {
            workgroupBarrier();
        }
    }";

/// What the page posts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said {
    Failure {
        failure: String,
    },
    Compiled {
        browser: String,
        compiled: usize,
        /// What each is, and why.
        refused: Vec<(String, String)>,
    },
}

/// The browser, closed where this is dropped.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Compiles every text with integers as pairs of words, which are all that WebGPU has, in the browser `program`,
/// and fails where one is refused.
pub fn compile(program: &str) -> Result<()> {
    let mut texts: Vec<_> = kernels_with(Integers::Pairs)
        .into_iter()
        .map(|(what, kernel)| {
            // Browsers want this line where there are subgroups; naga 30 refuses it, so no file has it.
            let enable = match kernel.source.contains("const LANES") {
                true => "enable subgroups;\n",
                false => "",
            };
            (what, format!("{enable}{}", kernel.source))
        })
        .collect();
    let all = texts.len();
    texts.push((PLANTED.to_owned(), FAULT.to_owned()));
    let texts = serde_json::to_vec(&texts)?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let page = format!("http://{}/", listener.local_addr()?);
    let (post, posted) = mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A connection that breaks is made again by the browser, or ends in the timeout below.
            if let Ok(Some(said)) = answer(connection, &texts) {
                let _ = post.send(said);
            }
        }
    });
    let profile = tempfile::tempdir()?;
    let browser = Command::new(program)
        .args(["--headless", "--no-sandbox", "--no-first-run"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .args(["--disable-sync", "--disable-quic", "--disable-gpu-sandbox"])
        .args(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(page)
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{program} does not start"))?;
    let browser = Browser(browser);
    let said = posted.recv_timeout(PATIENCE);
    drop(browser);
    let said = said.context("the page said nothing")?;
    judge(serde_json::from_slice(&said)?, all)
}

/// Answers one request; gives what it posted.
fn answer(mut connection: TcpStream, texts: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut posted = vec![0; length];
    reader.read_exact(&mut posted)?;
    let (kind, body) = match request.split(' ').nth(1) {
        Some("/texts") => ("application/json", texts),
        Some("/said") => ("text/plain", &[][..]),
        _ => ("text/html", &include_bytes!("page.html")[..]),
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    connection.write_all(body)?;
    Ok((!posted.is_empty()).then_some(posted))
}

/// Prints what was seen, and fails where a text of ours was refused, or the planted fault was not.
fn judge(said: Said, all: usize) -> Result<()> {
    let (browser, compiled, mut refused) = match said {
        Said::Failure { failure } => bail!("nothing was compiled: {failure}"),
        Said::Compiled {
            browser,
            compiled,
            refused,
        } => (browser, compiled, refused),
    };
    ensure!(
        compiled == all + 1,
        "{compiled} texts were compiled of {all} and a planted fault"
    );
    let before = refused.len();
    refused.retain(|(what, _)| what != PLANTED);
    ensure!(
        refused.len() + 1 == before,
        "{browser} took the planted fault"
    );
    for (what, why) in &refused {
        println!("{what} is refused:\n{why}");
    }
    println!(
        "{all} shader texts compiled by {browser}: {} refused",
        refused.len()
    );
    ensure!(
        refused.is_empty(),
        "{} shader texts are refused",
        refused.len()
    );
    Ok(())
}
