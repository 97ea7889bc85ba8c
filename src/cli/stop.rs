//! Ctrl-C and SIGTERM: the first asks the work to stop, the second ends the program at once.

use super::exit::Exit;
use anyhow::Context;
use kcorrset::engine::Watch;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A command ended early because it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("stopped {0}")]
pub struct Stopped(pub String);

/// What the signal handler and the command share.
#[derive(Debug, Default)]
pub struct Stop {
    watch: Watch,
    /// Whether someone looks at `watch`; before that a signal ends the program itself.
    watched: AtomicBool,
}

impl Stop {
    /// Installs the handler. Until [`Self::heed`], a signal ends the program at once: nothing is
    /// lost while a table is being read.
    pub fn install() -> anyhow::Result<Arc<Self>> {
        let stop = Arc::new(Self::default());
        let shared = Arc::clone(&stop);
        ctrlc::set_handler(move || {
            if !shared.watched.load(Ordering::SeqCst) || shared.watch.stopped() {
                std::process::exit(Exit::Stopped.number().into());
            }
            shared.watch.stop();
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(stop)
    }

    /// From now on the caller looks at [`Watch::stopped`] and stops soon after.
    pub fn heed(&self) {
        self.watched.store(true, Ordering::SeqCst);
    }

    /// Progress and the wish to stop.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }
}
