//! How far a search is: a bar on a terminal, a line once a minute elsewhere. And what is waited for before it.

use super::status::{Moment, Sets, Status, Which};
use super::talk::say;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kcorrset::engine::Watch;
use kcorrset::report::{grouped, rate};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// How often a line is said where there is no terminal.
const MINUTE: Duration = Duration::from_secs(60);

/// Cells of the bar times a power of ten: u128 counts are scaled to this.
const STEPS: u64 = 10_000;

/// The progress of all searches of a command, one after another.
#[derive(Debug)]
pub struct Progress {
    start: Instant,
    quiet: bool,
    /// What programs read, where they do.
    status: Option<Status>,
    /// Set by who wants a line now.
    wish: Arc<AtomicBool>,
    /// When a session was saved last.
    saved: Mutex<Option<Instant>>,
}

/// The progress of one search. Dropping it takes the bar away.
pub struct Shown {
    _alive: Vec<Sender<()>>,
}

/// What is shown of a search.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    /// The search itself.
    pub watch: &'a Watch,
    /// What it is called where there are others; nothing where there are none.
    pub name: &'a str,
    /// How many sets there are.
    pub sets: Option<Sets>,
    /// Which one it is, for programs.
    pub which: Which<'a>,
}

impl Progress {
    /// From now on; nothing is shown where `quiet`, but to who sets `wish`, and in lines of `status`.
    pub fn new(quiet: bool, status: Option<Status>, wish: Arc<AtomicBool>) -> Self {
        Self {
            start: Instant::now(),
            quiet,
            status,
            wish,
            saved: Mutex::default(),
        }
    }

    /// A session was saved just now.
    pub fn saved(&self) {
        *self.saved.lock().unwrap_or_else(|e| e.into_inner()) = Some(Instant::now());
    }

    fn last_saved(&self) -> Option<Instant> {
        *self.saved.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Shows a search on stderr from threads of `scope` until dropped.
    pub fn show<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, of: Of<'scope>) -> Shown {
        let (alive, dropped) = mpsc::channel();
        scope.spawn(move || self.answer(&dropped, of));
        let mut all = vec![alive];
        if !self.quiet {
            let (alive, dropped) = mpsc::channel();
            scope.spawn(move || {
                if std::io::stderr().is_terminal() {
                    draw(&dropped, of);
                } else {
                    let far = |elapsed| say(&told(of, elapsed));
                    tell(&dropped, self.start, MINUTE, far);
                }
            });
            all.push(alive);
        }
        Shown { _alive: all }
    }

    /// Writes lines of status, and says a line to who wants one, until `dropped`.
    fn answer(&self, dropped: &Receiver<()>, of: Of<'_>) {
        let start = Instant::now();
        let write = |ended| {
            if let Some(status) = &self.status {
                status.write(Moment {
                    which: of.which,
                    watch: of.watch,
                    sets: of.sets,
                    elapsed: start.elapsed(),
                    saved: self.last_saved(),
                    ended,
                });
            }
        };
        let mut due = Duration::ZERO;
        loop {
            if self.wish.swap(false, Ordering::Relaxed) {
                let age = self.last_saved().map_or(String::new(), |saved| {
                    format!(", saved {} ago", clock(saved.elapsed().as_secs_f64()))
                });
                say(&format!("{}{age}", told(of, start.elapsed())));
            }
            if let Some(status) = &self.status
                && start.elapsed() >= due
            {
                write(false);
                due = start.elapsed().saturating_add(status.every);
            }
            if dropped.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                return write(true);
            }
        }
    }
}

/// How far a search is, in a line.
fn told(of: Of<'_>, elapsed: Duration) -> String {
    let Of {
        watch, name, sets, ..
    } = of;
    let line = line(watch.done(), sets, elapsed);
    format!("{name}{line}{}", found(watch))
}

/// Does `work` and meanwhile shows on stderr what `now` says, if anything; nothing where `quiet`.
pub fn while_waiting<T>(
    quiet: bool,
    now: impl Fn() -> Option<String> + Sync,
    work: impl FnOnce() -> T,
) -> T {
    if quiet {
        return work();
    }
    let (alive, dropped) = mpsc::channel();
    std::thread::scope(|scope| {
        let now = &now;
        scope.spawn(move || {
            if std::io::stderr().is_terminal() {
                draw_waiting(&dropped, now);
            } else {
                tell_waiting(&dropped, MINUTE, now, say);
            }
        });
        let done = work();
        drop(alive);
        done
    })
}

/// Draws what `now` says until `dropped`.
fn draw_waiting(dropped: &Receiver<()>, now: impl Fn() -> Option<String>) {
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        line.set_style(style);
    }
    while dropped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if let Some(what) = now() {
            line.set_message(what);
            line.tick();
        }
    }
    line.finish_and_clear();
}

/// Says what `now` says and for how long it has been waited, whenever a `period` is over, until `dropped`.
fn tell_waiting(
    dropped: &Receiver<()>,
    period: Duration,
    now: impl Fn() -> Option<String>,
    mut say: impl FnMut(&str),
) {
    tell(dropped, Instant::now(), period, |elapsed| {
        if let Some(what) = now() {
            say(&format!("{what}, {} so far", clock(elapsed.as_secs_f64())));
        }
    });
}

/// Draws a bar until `dropped`.
fn draw(dropped: &Receiver<()>, of: Of<'_>) {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {msg}") {
        bar.set_style(style);
    }
    let start = Instant::now();
    while dropped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        let done = of.watch.done();
        bar.set_position(of.sets.map_or(0, |sets| steps(done, sets.total)));
        bar.set_message(told(of, start.elapsed()));
    }
    bar.finish_and_clear();
}

/// Calls `far` with the time of this search, whenever another `period` is over since `start`, until `dropped`.
fn tell(dropped: &Receiver<()>, start: Instant, period: Duration, mut far: impl FnMut(Duration)) {
    let search = Instant::now();
    loop {
        let over = start.elapsed().as_nanos() / period.as_nanos() + 1;
        let due = period.saturating_mul(u32::try_from(over).unwrap_or(u32::MAX));
        let wait = due.saturating_sub(start.elapsed());
        if dropped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        far(search.elapsed());
    }
}

/// How many of [`STEPS`] are done.
fn steps(done: u128, total: u128) -> u64 {
    let share = done as f64 / total.max(1) as f64;
    ((share * STEPS as f64) as u64).min(STEPS)
}

/// What stands beside the bar.
fn line(done: u128, sets: Option<Sets>, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let Some(Sets { total, before }) = sets else {
        return format!("{} so far", clock(seconds));
    };
    let mut out = format!("{}/{} sets", grouped(done), grouped(total));
    let now = done.saturating_sub(before);
    if let Some(rate) = rate(now, seconds).filter(|_| now > 0) {
        let left = total.saturating_sub(done) as f64 * seconds / now as f64;
        out.push_str(&format!(", {rate} sets/s, ETA {}", clock(left)));
    }
    out
}

/// The best r so far, and by how much the best of all can be better, where that is proved.
fn found(watch: &Watch) -> String {
    let Some(best) = watch.best_r() else {
        return String::new();
    };
    let ceiling = Some(watch.ceiling()).filter(|ceiling| ceiling.is_finite());
    // Rounded up: it is what is proved.
    let gap = ceiling.map(|ceiling| ((ceiling - best).max(0.0) * 1e6).ceil() / 1e6);
    let gap = gap.map_or(String::new(), |gap| format!(", gap at most {gap:.6}"));
    format!(", best r {best:.6}{gap}")
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
    use kcorrset::stats::{Ranking, Sums};
    use kcorrset::top::{Candidate, Top};

    #[test]
    fn the_bar_takes_any_count() {
        assert_eq!(steps(0, 0), 0);
        assert_eq!(steps(1, 2), STEPS / 2);
        assert_eq!(steps(u128::MAX, u128::MAX), STEPS);
        assert_eq!(steps(5, 4), STEPS);
    }

    #[test]
    fn a_line_is_said_each_time_a_period_is_over() {
        let (alive, dropped) = mpsc::channel();
        let (start, period) = (Instant::now(), Duration::from_millis(5));
        let (mut said, mut alive) = (0, Some(alive));
        tell(&dropped, start, period, |_| {
            said += 1;
            if said == 3 {
                alive = None;
            }
        });
        assert_eq!(said, 3);
        assert!(start.elapsed() >= 3 * period);
    }

    #[test]
    fn what_is_waited_for_is_said_while_there_is_something() {
        let (alive, dropped) = mpsc::channel();
        let (turns, mut said, mut alive) = (std::cell::Cell::new(0), Vec::new(), Some(alive));
        let now = || {
            turns.set(turns.get() + 1);
            (turns.get() > 1).then(|| "compiling score".to_owned())
        };
        tell_waiting(&dropped, Duration::from_millis(5), now, |line| {
            said.push(line.to_owned());
            alive = None;
        });
        assert_eq!(said, ["compiling score, 0:00:01 so far"]);
        assert_eq!(turns.get(), 2);
    }

    #[test]
    fn work_that_is_waited_for_gives_what_it_gives() {
        for quiet in [true, false] {
            assert_eq!(while_waiting(quiet, || None, || 7), 7);
        }
    }

    #[test]
    fn nothing_is_said_of_a_search_that_is_done_before() {
        let (alive, dropped) = mpsc::channel();
        drop(alive);
        tell(&dropped, Instant::now(), MINUTE, |_| panic!("said"));
        assert!(dropped.recv().is_err());
    }

    #[test]
    fn the_best_so_far_is_said_and_how_much_better_there_can_be() {
        let watch = Watch::new();
        assert_eq!(found(&watch), "");
        let mut sums = Sums::of_user(0, 0);
        sums += Sums::of_user(1, 1);
        let best = Candidate::new(Ranking::default(), 2, vec![0], sums).unwrap();
        watch.keep(&mut Top::new(1), best);
        assert_eq!(found(&watch), ", best r 1.000000");
        watch.lower_ceiling(1.25);
        assert_eq!(found(&watch), ", best r 1.000000, gap at most 0.250000");
    }

    #[test]
    fn the_line_says_how_far_how_fast_how_long() {
        assert_eq!(line(0, None, Duration::from_secs(75)), "0:01:15 so far");
        let known = |done, total, before, s| {
            line(done, Some(Sets { total, before }), Duration::from_secs(s))
        };
        let line = |done, total, s| known(done, total, 0, s);
        assert_eq!(line(0, 5000, 3), "0/5,000 sets");
        assert_eq!(
            line(1000, 5000, 2),
            "1,000/5,000 sets, 500 sets/s, ETA 0:00:08"
        );
        assert_eq!(
            line(1, 1_000_000, 1),
            "1/1,000,000 sets, 1 sets/s, ETA 11 days"
        );
        // What was done before says nothing of the speed.
        assert_eq!(
            known(3000, 5000, 2000, 2),
            "3,000/5,000 sets, 500 sets/s, ETA 0:00:04"
        );
        assert_eq!(known(2000, 5000, 2000, 2), "2,000/5,000 sets");
    }
}
