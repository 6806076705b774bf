//! OpenTelemetry's protocol: what an exporter of metrics sends, in protobuf or in JSON.
//!
//! Hidden here: how its model becomes Prometheus'. It is translated as the OTLP endpoint of Prometheus translates it; where this reader knows
//! better, SPECIFICATION says so.

mod options;

pub use options::{Options, Strategy};

use super::{Payload, Sink};
use crate::error::Result;

/// Reads requests of exporters. What comes as changes is added up from one to the next.
#[derive(Debug)]
pub struct Reader {
    options: Options,
}

impl Reader {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    /// Reads a payload: a request in protobuf; requests in JSON, one after another; or what a collector writes to a file.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let _ = (payload, sink, &self.options);
        Ok(())
    }
}
