//! Events become log lines on the screen. Spans are not printed; they go to the tracing backend.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Level as TracingLevel, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

use super::line::{Line, Value};
use super::options::{Format, Level, OUR_CRATE};
use super::otlp;
use super::screen::Screen;
use crate::causes;

/// The layer that writes lines of at least `level` to `screen`.
pub(super) fn layer<S>(
    level: Level,
    format: Format,
    traces: Traces,
    screen: Arc<Screen>,
) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = Lines {
        format,
        screen,
        traces,
        dispatch: OnceLock::new(),
        now: Utc::now,
    };
    lines.with_filter(filter(level, traces))
}

/// Whether spans are made, so that lines can name their trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Traces {
    /// They are, and lines name their trace.
    Named,
    /// Nobody is interested in spans, so that they cost nothing.
    Off,
}

/// Lines of dependencies are written from level warn only: below it they may hold request headers with credentials. Those of the AWS SDK are never
/// written: they repeat the output of programs that give credentials.
fn filter<S>(level: Level, traces: Traces) -> impl Filter<S> {
    let ours = match level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    };
    let told = Targets::new()
        .with_default(ours.min(LevelFilter::WARN))
        .with_target("aws_", LevelFilter::OFF)
        .with_target(OUR_CRATE, ours);
    filter_fn(move |metadata| {
        if metadata.is_span() {
            traces == Traces::Named && metadata.target().starts_with(OUR_CRATE)
        } else {
            told.would_enable(metadata.target(), metadata.level())
        }
    })
}

struct Lines {
    format: Format,
    screen: Arc<Screen>,
    traces: Traces,
    /// Knows the traces of spans.
    dispatch: OnceLock<WeakDispatch>,
    now: fn() -> DateTime<Utc>,
}

impl Lines {
    /// The trace that a line belongs to, where one is made and will be sent.
    fn trace<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Option<String>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if self.traces == Traces::Off {
            return None;
        }
        let span = context.event_span(event)?;
        let dispatch = self.dispatch.get()?.upgrade()?;
        otlp::sampled_trace(&span.id(), &dispatch)
    }
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // A subscriber is registered once.
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut collected = Collected::default();
        event.record(&mut collected);
        if let Some(trace) = self.trace(event, &context) {
            collected.fields.push(("traceID", Value::Text(trace)));
        }
        let line = Line {
            at: (self.now)(),
            caller: caller(event.metadata()),
            level: word(*event.metadata().level()),
            message: collected.message,
            fields: collected.fields,
        };
        self.screen.write_line(&match self.format {
            Format::Logfmt => line.logfmt(),
            Format::Json => line.json(),
        });
    }
}

/// `copy.rs:42`, as Go names a caller.
fn caller(metadata: &Metadata<'_>) -> String {
    let path = metadata.file().unwrap_or_else(|| metadata.target());
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    match metadata.line() {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    }
}

fn word(level: TracingLevel) -> &'static str {
    match level {
        TracingLevel::ERROR => "error",
        TracingLevel::WARN => "warn",
        TracingLevel::INFO => "info",
        _ => "debug",
    }
}

#[derive(Default)]
struct Collected {
    message: Option<String>,
    fields: Vec<(&'static str, Value)>,
}

impl Collected {
    fn text(&mut self, field: &Field, text: String) {
        if field.name() == "message" {
            self.message = Some(text);
        } else {
            self.fields.push((field.name(), Value::Text(text)));
        }
    }

    fn literal(&mut self, field: &Field, literal: &dyn ToString) {
        let value = Value::Literal(literal.to_string());
        self.fields.push((field.name(), value));
    }
}

impl Visit for Collected {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        let all: Vec<String> = causes::chain(value).map(ToString::to_string).collect();
        self.text(field, all.join(": "));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.literal(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.literal(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.literal(field, &value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.literal(field, &value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.literal(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.literal(field, &value);
        } else {
            self.text(field, value.to_string()); // JSON has no word for it
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use std::io::{self, ErrorKind, Write};
    use std::sync::Mutex;

    use indicatif::ProgressDrawTarget;
    use tracing::{debug, error, info, info_span, trace, warn};
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::error::{Error, Kind};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Written {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(buf)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct ClosedPipe;

    impl Write for ClosedPipe {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }

    fn screen(lines: impl Write + Send + 'static) -> Arc<Screen> {
        Arc::new(Screen::new(ProgressDrawTarget::hidden(), Box::new(lines)))
    }

    fn written(level: Level, format: Format, told: impl FnOnce()) -> String {
        let written = Written::default();
        let lines = Lines {
            format,
            screen: screen(written.clone()),
            traces: Traces::Off,
            dispatch: OnceLock::new(),
            now: || "2026-01-02T03:04:05.5Z".parse().unwrap(),
        };
        let subscriber = Registry::default().with(lines.with_filter(filter(level, Traces::Off)));
        tracing::subscriber::with_default(subscriber, told);
        written.text()
    }

    #[test]
    fn an_event_becomes_one_line_of_either_shape() {
        let here = line!() + 2;
        let tell = || {
            info!(block = %"01J", bytes = 17_u64, ratio = 0.5, whole = true, left = -1, "block copied");
        };
        assert_eq!(
            written(Level::Info, Format::Logfmt, tell),
            format!(
                "ts=2026-01-02T03:04:05.5Z caller=log.rs:{here} level=info msg=\"block copied\" \
                 block=01J bytes=17 ratio=0.5 whole=true left=-1\n"
            )
        );
        assert_eq!(
            written(Level::Info, Format::Json, tell),
            format!(
                "{{\"block\":\"01J\",\"bytes\":17,\"caller\":\"log.rs:{here}\",\"left\":-1,\"level\":\"info\",\
                 \"msg\":\"block copied\",\"ratio\":0.5,\"ts\":\"2026-01-02T03:04:05.5Z\",\"whole\":true}}\n"
            )
        );
    }

    #[test]
    fn the_fields_of_spans_are_not_printed() {
        let text = written(Level::Debug, Format::Logfmt, || {
            let _entered = info_span!("copy", secret = "hunter2").entered();
            info!("inside");
        });
        assert!(text.ends_with("level=info msg=inside\n"), "{text}");
    }

    #[test]
    fn where_nobody_traces_no_span_is_made() {
        written(Level::Debug, Format::Logfmt, || {
            assert!(info_span!("copy").is_disabled());
        });
    }

    #[test]
    fn an_error_is_printed_with_all_its_causes() {
        let err = Error::new(Kind::Transient, "read a").because("reset by peer");
        let text = written(Level::Info, Format::Logfmt, || {
            error!(err = &err as &dyn StdError, "block failed");
        });
        assert!(text.contains("level=error msg=\"block failed\" err=\"read a: reset by peer\""));
    }

    #[test]
    fn numbers_that_json_cannot_spell_are_text() {
        let text = written(Level::Info, Format::Json, || info!(rate = f64::NAN, "x"));
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["rate"], "NaN");
    }

    #[test]
    fn lines_below_the_level_are_dropped() {
        let tell = || {
            trace!("trace");
            debug!("debug");
            info!("info");
            warn!("warn");
            error!("error");
        };
        for (level, wanted) in [
            (Level::Debug, vec!["debug", "info", "warn", "error"]),
            (Level::Info, vec!["info", "warn", "error"]),
            (Level::Warn, vec!["warn", "error"]),
            (Level::Error, vec!["error"]),
        ] {
            let text = written(level, Format::Json, tell);
            let levels: Vec<String> = text
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
                .map(|line| line["level"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(levels, wanted);
        }
    }

    #[test]
    fn dependencies_are_heard_from_warn_on_only_whatever_the_level() {
        let tell = || {
            debug!(target: "hyper::proto", authorization = "secret", "request");
            info!(target: "object_store::aws", authorization = "secret", "request");
            warn!(target: "hyper::client", "connection lost");
            warn!(target: "aws_config::provider", "the program says secret");
        };
        let text = written(Level::Debug, Format::Logfmt, tell);
        assert!(
            text.contains("connection lost") && !text.contains("secret"),
            "{text}"
        );
        assert_eq!(written(Level::Error, Format::Logfmt, tell), "");
    }

    #[test]
    fn a_hostile_name_cannot_forge_a_line() {
        let text = written(Level::Info, Format::Logfmt, || {
            let object = "a\nts=2026-01-02T03:04:05Z caller=x level=info msg=\"all is well\"";
            warn!(%object, "{object}");
        });
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_log_that_nobody_reads_is_no_obstacle() {
        let lines = layer(Level::Info, Format::Logfmt, Traces::Off, screen(ClosedPipe));
        let subscriber = Registry::default().with(lines);
        tracing::subscriber::with_default(subscriber, || info!("into the void"));
    }
}
