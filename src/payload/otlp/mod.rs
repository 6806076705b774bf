//! OpenTelemetry's protocol: what an exporter of metrics sends, in protobuf or in JSON.
//!
//! Hidden here: how its model becomes Prometheus'. It is translated as the OTLP endpoint of Prometheus translates it; where this reader knows
//! better, SPECIFICATION says so.

mod delta;
mod exemplars;
mod json;
mod labels;
mod names;
mod native;
mod options;
mod point;
mod requests;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod translate;

use std::collections::HashSet;

pub use options::{Options, Strategy};

use super::received::{Payload, Sink};
use crate::error::Result;
use crate::samples::Metadata;
use delta::Deltas;
use translate::Translation;

/// Reads requests of exporters, and remembers of each series that comes as changes what they add up to.
#[derive(Debug)]
pub struct Reader {
    options: Options,
    deltas: Deltas,
    told: HashSet<Metadata>,
}

impl Reader {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            deltas: Deltas::new(options.delta_max_stale),
            told: HashSet::new(),
            options,
        }
    }

    /// Reads a payload: a request in protobuf; requests in JSON, one after another; or what a collector writes to a file.
    ///
    /// What Prometheus cannot hold is told as left out, point by point, where Prometheus refuses the whole request.
    ///
    /// Errors: those of the sink; the payload is neither protobuf nor JSON of a request.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let (place, received_at_ms) = (payload.place, payload.received_at_ms);
        requests::each(payload, &mut |request| {
            let mut translation = Translation {
                options: &self.options,
                deltas: &mut self.deltas,
                told: &mut self.told,
                place,
                received_at_ms,
                sink: &mut *sink,
            };
            translation.request(request)
        })
    }
}
