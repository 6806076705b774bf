//! What the tool tells while it runs, other than its result: log lines and a live display on standard error, spans for a tracing backend.

mod line;
mod log;
mod options;
mod otlp;
mod progress;
mod pulse;
mod screen;
mod ticker;
mod tracing_config;

use std::sync::Arc;

use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use crate::error::{Error, Kind, Result};
use crate::progress::Progress;
use otlp::Spans;
use screen::Screen;

pub use options::{Format, Level};
pub use progress::ProgressGuard;
pub use tracing_config::TracingConfig;

/// What is told, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The least urgent lines that are written.
    pub level: Level,
    /// The shape of the lines.
    pub format: Format,
    /// Where spans go; nowhere when unset.
    pub tracing: Option<TracingConfig>,
}

/// Telemetry that is on for as long as this value lives. Dropped, it waits a few seconds for the last spans to be sent.
#[must_use = "telemetry ends with this value"]
pub struct Telemetry {
    screen: Arc<Screen>,
    _spans: Option<Spans>,
}

/// Turns telemetry on for the whole process, which can be done once.
///
/// Works inside and outside an asynchronous runtime. Contacts nobody; a file that the tracing configuration names and
/// that cannot be used is an error of kind [`Kind::Usage`].
pub fn start(options: Options) -> Result<Telemetry> {
    let screen = Arc::new(Screen::stderr());
    let spans = options.tracing.map(otlp::start).transpose()?;
    let traces = if spans.is_some() {
        log::Traces::Named
    } else {
        log::Traces::Off
    };
    let subscriber = Registry::default()
        .with(log::layer(
            options.level,
            options.format,
            traces,
            Arc::clone(&screen),
        ))
        .with(spans.as_ref().map(Spans::layer));
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|err| Error::new(Kind::Other, "turn telemetry on").because(err))?;
    Ok(Telemetry {
        screen,
        _spans: spans,
    })
}

impl Telemetry {
    /// Shows `progress` on standard error until the guard is dropped: as the last line of a terminal, and elsewhere every 30 s in a line of the log.
    pub fn show(&self, progress: Arc<Progress>) -> ProgressGuard {
        progress::show(&self.screen, progress)
    }

    /// Takes the display off the terminal, for a process that is about to end.
    pub fn wiper(&self) -> impl Fn() + Send + use<> {
        let screen = Arc::clone(&self.screen);
        move || screen.wipe()
    }
}
