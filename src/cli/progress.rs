//! The progress bar of a search: on a terminal, never in a pipe.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kcorrset::engine::Watch;
use kcorrset::report::{grouped, rate};
use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Cells of the bar times a power of ten: u128 counts are scaled to this.
const STEPS: u64 = 10_000;

/// Dropping it takes the bar away.
pub struct Progress {
    _alive: Option<Sender<()>>,
}

impl Progress {
    /// Draws `watch` on stderr from a thread of `scope` until dropped. Without a terminal, or where
    /// `quiet`, it does nothing.
    pub fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        watch: &'scope Watch,
        total: u128,
        quiet: bool,
    ) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self { _alive: None };
        }
        let (alive, dropped) = mpsc::channel();
        scope.spawn(move || {
            let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {msg}") {
                bar.set_style(style);
            }
            let start = Instant::now();
            while dropped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let done = watch.done();
                bar.set_position(steps(done, total));
                bar.set_message(line(done, total, start.elapsed()));
            }
            bar.finish_and_clear();
        });
        Self {
            _alive: Some(alive),
        }
    }
}

/// How many of [`STEPS`] are done.
fn steps(done: u128, total: u128) -> u64 {
    let share = done as f64 / total.max(1) as f64;
    ((share * STEPS as f64) as u64).min(STEPS)
}

/// What stands beside the bar.
fn line(done: u128, total: u128, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let mut out = format!("{}/{} sets", grouped(done), grouped(total));
    if let Some(rate) = rate(done, seconds).filter(|_| done > 0) {
        let left = total.saturating_sub(done) as f64 * seconds / done as f64;
        out.push_str(&format!(", {rate} sets/s, ETA {}", clock(left)));
    }
    out
}

/// Seconds as hours, minutes and seconds, or as days where they are many.
fn clock(seconds: f64) -> String {
    let seconds = seconds.ceil() as u128;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours >= 48 {
        format!("{} days", grouped(hours / 24))
    } else {
        format!("{hours}:{minutes:02}:{:02}", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_takes_any_count() {
        assert_eq!(steps(0, 0), 0);
        assert_eq!(steps(1, 2), STEPS / 2);
        assert_eq!(steps(u128::MAX, u128::MAX), STEPS);
        assert_eq!(steps(5, 4), STEPS);
    }

    #[test]
    fn the_line_says_how_far_how_fast_how_long() {
        let line = |done, total, s| line(done, total, Duration::from_secs(s));
        assert_eq!(line(0, 5000, 3), "0/5,000 sets");
        assert_eq!(
            line(1000, 5000, 2),
            "1,000/5,000 sets, 500 sets/s, ETA 0:00:08"
        );
        assert_eq!(
            line(1, 1_000_000, 1),
            "1/1,000,000 sets, 1 sets/s, ETA 11 days"
        );
    }
}
