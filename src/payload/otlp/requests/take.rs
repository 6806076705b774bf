//! What takes requests, and how one of protobuf is read.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;

use crate::error::Result;
use crate::payload::lines::ZSTD;

/// A request of protobuf is decoded as a whole: no collector takes one of such a size.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Takes what is found.
pub(in crate::payload::otlp) trait Take {
    /// Takes a request.
    fn request(&mut self, request: ExportMetricsServiceRequest) -> Result<()>;
    /// Is told what cannot be read: in which line, and why. What follows it is read all the same, as far as it can be found.
    ///
    /// Errors: it goes no further.
    fn fault(&mut self, line: Option<u64>, why: &str) -> Result<()>;
}

/// Reads a request in protobuf; `number` is which one of several it is.
pub(super) fn message(bytes: &[u8], number: Option<u64>, take: &mut dyn Take) -> Result<()> {
    let why = if bytes.starts_with(ZSTD) {
        "it is compressed with zstd, which is not read: give it as it is, or with gzip".to_owned()
    } else {
        match ExportMetricsServiceRequest::decode(bytes) {
            Ok(request) => return take.request(request),
            Err(err) => format!("no request of OTLP: {err}"),
        }
    };
    match number {
        Some(number) => take.fault(None, &format!("message {number} of protobuf: {why}")),
        None => take.fault(None, &why),
    }
}
