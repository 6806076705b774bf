//! Requests in a payload: which form they have, where one ends, and where the next one begins behind what cannot be read.

mod frames;
mod stream;
mod take;

use std::io::{Cursor, Read};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;

use crate::error::Result;
use crate::payload::lines::MARK;
use crate::payload::received::Payload;
use frames::Frames;
pub(super) use take::Take;
use take::{MOST_BYTES, message};

/// Gives each request of the payload.
///
/// JSON is told by its first brace, and may hold one request after another, as a collector's file exporter writes them, or a list of them. That exporter puts
/// four bytes of length before each request in protobuf, which begin with a zero, as no message does; gRPC puts another byte before these.
pub(super) fn each(payload: &mut Payload, take: &mut dyn Take) -> Result<()> {
    let mut head = Vec::new();
    let read = (&mut *payload.body)
        .take(frames::HEAD)
        .read_to_end(&mut head);
    read.map_err(|err| payload.malformed(None, err))?;
    if head.starts_with(MARK) {
        head.drain(..MARK.len());
    }
    let (first, frames) = (head.first().copied(), Frames::of(&head));
    let mut payload = Payload {
        body: &mut Cursor::new(head).chain(&mut *payload.body),
        received_at_ms: payload.received_at_ms,
        query_params: payload.query_params,
        place: payload.place,
    };
    match first {
        None => Ok(()),
        Some(b'{' | b' ' | b'\t' | b'\r') => stream::each(&mut payload, take),
        Some(b'[') => stream::each_of_list(&mut payload, take),
        Some(0 | 1) => frames::each(&mut payload, frames, take),
        // A line feed, or the tag of what a request has.
        Some(b'\n') => of_either(&mut payload, take),
        Some(_) => {
            let bytes = payload.whole(MOST_BYTES)?;
            message(&bytes, None, take)
        }
    }
}

/// JSON whose first line is empty looks like protobuf, and the other way round.
fn of_either(payload: &mut Payload, take: &mut dyn Take) -> Result<()> {
    let bytes = payload.whole(MOST_BYTES)?;
    let is_protobuf = ExportMetricsServiceRequest::decode(&*bytes).is_ok();
    let looks_like_json = bytes.trim_ascii_start().starts_with(b"{");
    if looks_like_json && (!is_protobuf || stream::begins_with_request(&bytes)) {
        let mut payload = Payload {
            body: &mut &*bytes,
            received_at_ms: payload.received_at_ms,
            query_params: payload.query_params,
            place: payload.place,
        };
        stream::each(&mut payload, take)
    } else {
        message(&bytes, None, take)
    }
}
