//! What the library traces, on stderr: warnings always, the rest with `-v`.

use super::talk::say;
use std::fmt::{Debug, Write};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// From now on prints kcorrset's own warnings, and its other events up to the level of `verbose`;
/// those of the crates below it stay silent.
pub fn init(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .with_filter(filter_fn(|about| *about.level() != Level::WARN));
    let own = Targets::new().with_target("kcorrset", level);
    // `Err`: a subscriber is set already, which only a second call could do.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(Warnings(say))
        .with(own)
        .try_init();
}

/// Says warnings as all else that the program says.
struct Warnings<W>(W);

impl<S: Subscriber, W: Fn(&str) + 'static> Layer<S> for Warnings<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::WARN {
            let mut message = Message(String::new());
            event.record(&mut message);
            (self.0)(&format!("warning: {}", message.0));
        }
    }
}

/// The sentence of an event.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // A String takes all.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn warnings_are_said_and_nothing_else() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let say = move |sentence: &str| heard.lock().unwrap().push(sentence.to_owned());
        let subscriber = tracing_subscriber::registry().with(Warnings(say));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("not this");
            tracing::warn!("device {} failed", "d");
        });
        assert_eq!(*said.lock().unwrap(), ["warning: device d failed"]);
    }
}
