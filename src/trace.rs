//! The steps of a run as a tracing backend shows them: spans that end with what came of them.
//!
//! Where no tracing is configured nobody is interested in these spans, and a step costs a comparison.

use tracing::{Instrument, Span};

use crate::error::Error;

/// The span of a step, with its own fields and those that say what came of it, named as OpenTelemetry's conventions name them.
macro_rules! step {
    ($name:literal $(, $($fields:tt)+)?) => {
        tracing::debug_span!(
            $name,
            outcome = tracing::field::Empty,
            error.type = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
            otel.status_description = tracing::field::Empty,
            $($($fields)+)?
        )
    };
}

pub(crate) use step;

/// An error as spans tell of it.
pub trait Failure {
    /// Its kind, one of a few, and its chain of causes; `None` where the step came to nothing but did not fail.
    fn failure(&self) -> Option<(&'static str, String)>;
}

impl Failure for Error {
    fn failure(&self) -> Option<(&'static str, String)> {
        Some((self.kind().as_str(), format!("{self:#}")))
    }
}

/// Does the work of a step inside its span; an error is noted there.
pub async fn within<T, E: Failure>(
    span: Span,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    if span.is_disabled() {
        return work.await;
    }
    let done = work.instrument(span.clone()).await;
    if let Err(err) = &done {
        note_failure(&span, err);
    }
    done
}

/// Notes on a step's span that it failed, and how.
pub fn note_failure(span: &Span, err: &impl Failure) {
    if span.is_disabled() {
        return;
    }
    if let Some((kind, description)) = err.failure() {
        span.record("error.type", kind);
        span.record("otel.status_code", "ERROR");
        span.record("otel.status_description", description);
    }
}
