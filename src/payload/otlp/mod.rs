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

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;

use super::left_out::{Malformed, PassedOver};
use super::received::{Payload, Sink};
use crate::error::Result;
use crate::samples::Metadata;
use delta::Deltas;
use translate::Translation;

/// Reads requests of exporters, and remembers of each series that comes as changes what they add up to.
#[derive(Debug)]
pub struct Reader {
    options: Options,
    malformed: Malformed,
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
            malformed: Malformed::Refuse,
            options,
        }
    }

    /// Says what becomes of requests that cannot be read.
    #[must_use]
    pub fn with_malformed(self, malformed: Malformed) -> Self {
        Self { malformed, ..self }
    }

    /// Reads a payload: a request in protobuf; requests in JSON, one after another; or what a collector writes to a file.
    ///
    /// What Prometheus cannot hold is told as left out, point by point, where Prometheus refuses the whole request.
    ///
    /// Errors: those of the sink; the payload is neither protobuf nor JSON of a request.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let mut passed_over = PassedOver::default();
        let mut taking = Taking {
            translation: Translation {
                options: &self.options,
                deltas: &mut self.deltas,
                told: &mut self.told,
                place: payload.place,
                received_at_ms: payload.received_at_ms,
                sink: &mut *sink,
            },
            malformed: self.malformed,
            passed_over: &mut passed_over,
        };
        requests::each(payload, &mut taking)?;
        passed_over.tell(sink)
    }
}

struct Taking<'a, 'sink> {
    translation: Translation<'a, 'sink>,
    malformed: Malformed,
    passed_over: &'a mut PassedOver,
}

impl requests::Take for Taking<'_, '_> {
    fn request(&mut self, request: ExportMetricsServiceRequest) -> Result<()> {
        self.translation.request(request)
    }

    fn fault(&mut self, line: Option<u64>, why: &str) -> Result<()> {
        let place = self.translation.place;
        self.passed_over.malformed(self.malformed, place, line, why)
    }
}

/// The first time, in nanoseconds since the epoch, of the points of a payload that come as changes, as far as it can be read.
pub(super) fn first_time(payload: &mut Payload) -> Option<u64> {
    let mut first = FirstTime(None);
    let read = requests::each(payload, &mut first);
    read.ok().and(first.0)
}

struct FirstTime(Option<u64>);

impl requests::Take for FirstTime {
    fn request(&mut self, request: ExportMetricsServiceRequest) -> Result<()> {
        let first = delta::times(&request).min();
        self.0 = [self.0, first].into_iter().flatten().min();
        Ok(())
    }

    fn fault(&mut self, _: Option<u64>, _: &str) -> Result<()> {
        Ok(())
    }
}
