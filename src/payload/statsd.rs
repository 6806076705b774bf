//! Lines of StatsD.

use serde::Deserialize;

use super::{Payload, Sink};
use crate::error::Result;

/// How StatsD's lines are read: `source.statsd` of a plan.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {}

/// Reads lines, and adds up.
#[derive(Debug)]
pub struct Reader {
    options: Options,
}

impl Reader {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    /// Reads a payload.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let _ = (payload, sink, &self.options);
        Ok(())
    }

    /// Gives the samples of the last payload.
    pub fn finish(self, sink: &mut Sink) -> Result<()> {
        let _ = sink;
        Ok(())
    }
}
