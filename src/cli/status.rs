//! The status of a search for programs that watch it, a line of JSON an interval; and who asks for one by a signal.

use super::duration;
use super::table::names_stream;
use super::talk::say;
use anyhow::{Context, bail};
use clap::Args;
use kcorrset::engine::{Query, Watch};
use same_file::is_same_file;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, Stdout, Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time between two lines where none is given.
const EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
#[command(next_help_heading = "Progress for programs")]
pub struct StatusArgs {
    /// File for the status of the search, a line of JSON an interval: sets done, sets a second of each device, time
    /// left, the best r so far, age of what --session saved; - is stdout, where --output names a file
    #[arg(long, value_name = "FILE")]
    status_json: Option<PathBuf>,
    /// Time between two of these lines, as 10s, 1m [default: 10s]
    #[arg(long, value_name = "TIME", requires = "status_json", value_parser = duration::parse)]
    status_every: Option<Duration>,
}

impl StatusArgs {
    /// Opens what is to be written, for a search whose result goes to `result` and whose table is at `data`.
    pub fn open(&self, data: &Path, result: Option<&Path>) -> anyhow::Result<Option<Status>> {
        let Some(path) = &self.status_json else {
            return Ok(None);
        };
        let (out, name) = if names_stream(path) {
            if result.is_none_or(names_stream) {
                bail!(
                    "--status-json -: the result goes to stdout already: name a file for one of the two"
                );
            }
            (Out::Stdout(stdout()), "stdout".to_owned())
        } else {
            let name = path.display().to_string();
            for (other, what) in [(Some(data), "the table"), (result, "the result")] {
                let other = other.filter(|other| !names_stream(other));
                if other.is_some_and(|other| {
                    other == path || is_same_file(other, path).unwrap_or(false)
                }) {
                    bail!("--status-json {name}: that is the file of {what}: name another one");
                }
            }
            let lines = Lines::open(path).with_context(|| format!("{name}: cannot write"))?;
            (Out::File(lines), name)
        };
        Ok(Some(Status {
            every: self.status_every.unwrap_or(EVERY),
            out: Mutex::new(Some(out)),
            name,
        }))
    }
}

/// Where lines go.
#[derive(Debug)]
enum Out {
    File(Lines),
    Stdout(Stdout),
}

/// A file that is as it was, or is not there, until the first line: a search that is refused leaves no trace.
#[derive(Debug)]
struct Lines {
    file: File,
    /// Its name where it is new and has no line.
    new: Option<PathBuf>,
    begun: bool,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let mut new = File::options();
        let (file, new) = match new.write(true).create_new(true).open(path) {
            Ok(file) => (file, Some(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                (File::options().write(true).open(path)?, None)
            }
            Err(error) => return Err(error),
        };
        let begun = false;
        Ok(Self { file, new, begun })
    }

    /// The file, which is emptied for the first line. A pipe or a device has nothing to be emptied.
    fn file(&mut self) -> io::Result<&mut File> {
        if !std::mem::replace(&mut self.begun, true) {
            self.new = None;
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
        }
        Ok(&mut self.file)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(path) = self.new.take() {
            // Whoever reads it finds nothing either way.
            let _ = fs::remove_file(path);
        }
    }
}

/// Lines of status.
#[derive(Debug)]
pub struct Status {
    /// Time between two lines.
    pub every: Duration,
    /// `None` from the first line on that could not be written.
    out: Mutex<Option<Out>>,
    /// What it is called in a message.
    name: String,
}

/// How many sets there are to search; where there are none to tell, they are too many to be counted, and the time is
/// all that is shown.
#[derive(Clone, Copy, Debug)]
pub struct Sets {
    /// All of them.
    pub total: u128,
    /// Those that were done before this process began.
    pub before: u128,
}

impl Sets {
    /// So many, none of them done.
    pub fn fresh(total: u128) -> Self {
        Self { total, before: 0 }
    }
}

/// Which search of a command it is.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// K.
    pub k: usize,
    /// From 1.
    pub search: usize,
    /// How many there are.
    pub searches: usize,
    /// What it runs on, where that is one device.
    pub device: Option<&'a str>,
}

impl<'a> Which<'a> {
    /// Search `at`, from 0, of these, on these devices.
    pub fn of(queries: &[Query<'_>], at: usize, devices: &'a [String]) -> Self {
        Self {
            k: queries[at].k(),
            search: at + 1,
            searches: queries.len(),
            device: match devices {
                [only] => Some(only),
                _ => None,
            },
        }
    }
}

/// What is known of a search at one time.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Which search.
    pub which: Which<'a>,
    /// What it tells of itself.
    pub watch: &'a Watch,
    /// How many sets there are, where they can be counted.
    pub sets: Option<Sets>,
    /// Since this process began with this K.
    pub elapsed: Duration,
    /// When a session was saved last.
    pub saved: Option<Instant>,
    /// Whether nothing comes behind it: the search has ended, in whatever way.
    pub ended: bool,
}

/// A line. What is not known is null.
#[derive(Debug, Serialize)]
struct Line {
    k: usize,
    search: usize,
    searches: usize,
    ended: bool,
    elapsed_s: f64,
    done: u128,
    total: Option<u128>,
    sets_per_s: Option<f64>,
    eta_s: Option<f64>,
    best_r: Option<f64>,
    /// No r is above it but of the best sets, where that is proved.
    ceiling: Option<f64>,
    checkpoint_age_s: Option<f64>,
    devices: Vec<OfDevice>,
}

/// What one device did.
#[derive(Debug, Serialize)]
struct OfDevice {
    name: String,
    done: u128,
    sets_per_s: Option<f64>,
}

impl Line {
    fn of(moment: Moment<'_>) -> Self {
        let Moment {
            which,
            watch,
            sets,
            elapsed,
            saved,
            ended,
        } = moment;
        let seconds = elapsed.as_secs_f64();
        let rate = |sets: u128| (sets > 0 && seconds > 0.0).then(|| sets as f64 / seconds);
        let done = watch.done();
        let here = done.saturating_sub(sets.map_or(0, |sets| sets.before));
        let total = sets.map(|sets| sets.total);
        let sets_per_s = rate(here);
        let left = total.map(|total| total.saturating_sub(done) as f64);
        let mut devices = watch.done_by_device();
        if let Some(device) = which.device
            && devices.is_empty()
        {
            devices.insert(device.to_owned(), here);
        }
        Self {
            k: which.k,
            search: which.search,
            searches: which.searches,
            ended,
            elapsed_s: seconds,
            done,
            total,
            sets_per_s,
            eta_s: left.zip(sets_per_s).map(|(left, rate)| left / rate),
            best_r: watch.best_r(),
            ceiling: Some(watch.ceiling()).filter(|ceiling| ceiling.is_finite()),
            checkpoint_age_s: saved.map(|saved| saved.elapsed().as_secs_f64()),
            devices: devices
                .into_iter()
                .map(|(name, done)| OfDevice {
                    name,
                    done,
                    sets_per_s: rate(done),
                })
                .collect(),
        }
    }
}

impl Status {
    /// Writes a line. Where that fails it is said once, and no more are written: a search of days does not end for it.
    pub fn write(&self, moment: Moment<'_>) {
        let mut out = self.out.lock().unwrap_or_else(|e| e.into_inner());
        let written = match &mut *out {
            Some(Out::File(lines)) => lines.file().and_then(|file| line(file, moment)),
            Some(Out::Stdout(stdout)) => line(stdout, moment),
            None => Ok(()),
        };
        if let Err(error) = written {
            *out = None;
            say(&format!(
                "warning: {}: cannot write the status, and no more of it is written: {error}",
                self.name
            ));
        }
    }
}

fn line(out: &mut impl Write, moment: Moment<'_>) -> io::Result<()> {
    let mut text = serde_json::to_string(&Line::of(moment))?;
    text.push('\n');
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_line_says_what_is_known() {
        let watch = Watch::new();
        watch.advance_on("a GPU", 300);
        watch.advance(700);
        let moment = Moment {
            which: Which {
                k: 5,
                search: 1,
                searches: 2,
                device: Some("threads"),
            },
            watch: &watch,
            sets: Some(Sets {
                total: 3_000,
                before: 500,
            }),
            elapsed: Duration::from_secs(2),
            saved: None,
            ended: false,
        };
        let mut out = Vec::new();
        line(&mut out, moment).unwrap();
        assert!(out.ends_with(b"}\n"));
        let read: Value = serde_json::from_slice(&out).unwrap();
        let want = json!({
            "k": 5, "search": 1, "searches": 2, "ended": false, "elapsed_s": 2.0, "done": 1000, "total": 3000,
            "sets_per_s": 250.0, "eta_s": 8.0, "best_r": null, "ceiling": null, "checkpoint_age_s": null,
            "devices": [{"name": "a GPU", "done": 300, "sets_per_s": 150.0}],
        });
        assert_eq!(read, want);
    }

    #[test]
    fn sets_beyond_counting_have_no_total_and_no_time_left() {
        let watch = Watch::new();
        let which = Which {
            k: 70,
            search: 1,
            searches: 1,
            device: Some("threads"),
        };
        let line = Line::of(Moment {
            which,
            watch: &watch,
            sets: None,
            elapsed: Duration::ZERO,
            saved: Some(Instant::now()),
            ended: true,
        });
        assert!(line.ended && line.total.is_none() && line.eta_s.is_none());
        assert!(line.sets_per_s.is_none() && line.checkpoint_age_s.is_some());
        // Of an engine that does not say which device did what, the only one did all.
        assert_eq!(line.devices[0].name, "threads");
    }
}
