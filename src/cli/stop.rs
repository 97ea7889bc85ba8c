//! Ctrl-C and SIGTERM: the first asks the work to stop, the second ends the program at once. And SIGUSR1, which asks how
//! far it is.

use super::exit::Exit;
use anyhow::Context;
use kcorrset::engine::Watch;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::Scope;
use std::time::Instant;

/// What the signal handler and the command share.
#[derive(Debug, Default)]
pub struct Stop {
    asked: AtomicBool,
    /// Whether the command looks; before that a signal ends the program itself.
    heeded: AtomicBool,
    /// The watch of the search that runs now.
    watch: Mutex<Arc<Watch>>,
    /// Whether somebody asks how far the work is; who answers takes it back.
    wish: Arc<AtomicBool>,
}

impl Stop {
    /// Installs the handler. Until [`Self::heed`], a signal ends the program at once: nothing is
    /// lost while a table is being read.
    pub fn install() -> anyhow::Result<Arc<Self>> {
        let stop = Arc::new(Self::default());
        let shared = Arc::clone(&stop);
        ctrlc::set_handler(move || shared.signal()).context("cannot listen for Ctrl-C")?;
        #[cfg(unix)]
        signal_hook::flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&stop.wish))
            .context("cannot listen for SIGUSR1")?;
        Ok(stop)
    }

    fn signal(&self) {
        if self.asked.swap(true, Ordering::SeqCst) || !self.heeded.load(Ordering::SeqCst) {
            end_at_once();
        }
        self.watch.lock().unwrap_or_else(|e| e.into_inner()).stop();
    }

    /// From now on the caller looks at [`Self::asked`], or runs engines under [`Self::watch`].
    pub fn heed(&self) {
        self.heeded.store(true, Ordering::SeqCst);
    }

    /// Set when somebody asks how far the work is.
    pub fn wish(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.wish)
    }

    /// Whether a signal has come.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// A watch for one search, with nothing done and no floor; a signal stops it.
    pub fn watch(&self) -> Arc<Watch> {
        self.watch_until(None)
    }

    /// A watch that knows of a deadline besides; [`alarm`] stops it then.
    pub fn watch_until(&self, deadline: Option<Instant>) -> Arc<Watch> {
        let fresh = Arc::new(deadline.map_or_else(Watch::new, Watch::until));
        *self.watch.lock().unwrap_or_else(|e| e.into_inner()) = Arc::clone(&fresh);
        // After it is in place: a signal before that found the old one.
        if self.asked() {
            fresh.stop();
        }
        fresh
    }
}

/// Ends the program as a stopped one. Exit handlers are not run: those of a GPU driver take down what its own threads
/// may be compiling with, and the program then ends by a segmentation fault.
#[cfg(unix)]
fn end_at_once() -> ! {
    signal_hook::low_level::exit(Exit::Stopped.number().into())
}

/// Ends the program as a stopped one.
#[cfg(not(unix))]
fn end_at_once() -> ! {
    std::process::exit(Exit::Stopped.number().into())
}

/// What stops a search at its deadline. Dropping it is the end of it.
pub struct Alarm {
    _alive: Option<Sender<()>>,
}

/// Stops `watch` at its deadline, if it has one, from a thread of `scope`.
pub fn alarm<'scope>(scope: &'scope Scope<'scope, '_>, watch: &'scope Watch) -> Alarm {
    let Some(deadline) = watch.deadline() else {
        return Alarm { _alive: None };
    };
    let (alive, dropped) = mpsc::channel();
    scope.spawn(move || {
        let left = deadline.saturating_duration_since(Instant::now());
        if dropped.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
            watch.stop();
        }
    });
    Alarm {
        _alive: Some(alive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::scope;
    use std::time::Duration;

    #[test]
    fn an_alarm_stops_a_search_at_its_deadline_unless_it_is_over_before() {
        let stop = Stop::default();
        for (wait, stopped) in [
            (Duration::from_millis(1), true),
            (Duration::from_secs(600), false),
        ] {
            let watch = stop.watch_until(Some(Instant::now() + wait));
            scope(|scope| {
                let alarm = alarm(scope, &watch);
                while stopped && !watch.stopped() {
                    std::thread::yield_now();
                }
                drop(alarm);
            });
            assert_eq!(watch.stopped(), stopped);
        }
        let watch = stop.watch();
        scope(|scope| drop(alarm(scope, &watch)));
        assert!(!watch.stopped());
    }

    #[test]
    fn a_signal_stops_the_search_of_now_and_those_to_come() {
        let stop = Stop::default();
        stop.heed();
        let first = stop.watch();
        first.raise_floor(0.5);
        let second = stop.watch_until(Some(Instant::now()));
        assert!(second.floor() < 0.0, "a floor outlived its search");
        stop.signal();
        assert!(stop.asked() && second.stopped() && stop.watch().stopped());
        assert!(!first.stopped());
    }
}
