//! Ctrl-C and SIGTERM: the first asks the work to stop, the second ends the program at once.

use super::exit::Exit;
use anyhow::Context;
use kcorrset::engine::Watch;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What the signal handler and the command share.
#[derive(Debug, Default)]
pub struct Stop {
    asked: AtomicBool,
    /// Whether the command looks; before that a signal ends the program itself.
    heeded: AtomicBool,
    /// The watch of the search that runs now.
    watch: Mutex<Arc<Watch>>,
}

impl Stop {
    /// Installs the handler. Until [`Self::heed`], a signal ends the program at once: nothing is
    /// lost while a table is being read.
    pub fn install() -> anyhow::Result<Arc<Self>> {
        let stop = Arc::new(Self::default());
        let shared = Arc::clone(&stop);
        ctrlc::set_handler(move || shared.signal()).context("cannot listen for Ctrl-C")?;
        Ok(stop)
    }

    fn signal(&self) {
        if self.asked.swap(true, Ordering::SeqCst) || !self.heeded.load(Ordering::SeqCst) {
            std::process::exit(Exit::Stopped.number().into());
        }
        self.watch.lock().unwrap_or_else(|e| e.into_inner()).stop();
    }

    /// From now on the caller looks at [`Self::asked`], or runs engines under [`Self::watch`].
    pub fn heed(&self) {
        self.heeded.store(true, Ordering::SeqCst);
    }

    /// Whether a signal has come.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// A watch for one search, with nothing done and no floor; a signal stops it.
    pub fn watch(&self) -> Arc<Watch> {
        let fresh = Arc::new(Watch::new());
        *self.watch.lock().unwrap_or_else(|e| e.into_inner()) = Arc::clone(&fresh);
        // After it is in place: a signal before that found the old one.
        if self.asked() {
            fresh.stop();
        }
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_stops_the_search_of_now_and_those_to_come() {
        let stop = Stop::default();
        stop.heed();
        let first = stop.watch();
        first.raise_floor(0.5);
        let second = stop.watch();
        assert!(second.floor() < 0.0, "a floor outlived its search");
        stop.signal();
        assert!(stop.asked() && second.stopped() && stop.watch().stopped());
        assert!(!first.stopped());
    }
}
