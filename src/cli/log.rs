//! `-v`: what the library traces, on stderr.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// From now on prints kcorrset's own events up to the level of `verbose`; those of the crates below
/// it stay silent.
pub fn init(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    let own = Targets::new().with_target("kcorrset", level);
    // `Err`: a subscriber is set already, which only a second call could do.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(own)
        .try_init();
}
