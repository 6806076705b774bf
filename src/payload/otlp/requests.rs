//! Requests in a payload: which form they have, and where one ends.

use std::fmt;
use std::io::Read;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;
use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::de::Read as Source;
use serde_json::{Deserializer, StreamDeserializer};

use super::json;
use crate::error::{Error, Result};
use crate::payload::received::{Payload, malformed};

/// A request of protobuf is decoded as a whole: no collector takes one of such a size.
const MOST_BYTES: u64 = 256 << 20;

type Take<'a> = dyn FnMut(ExportMetricsServiceRequest) -> Result<()> + 'a;

/// Gives each request of the payload.
///
/// JSON is told by its first brace, and may hold one request after another, as a collector's file exporter writes them, or a list of them. That exporter puts
/// four bytes of length before each request in protobuf, which begin with a zero, as no message does.
pub(super) fn each(payload: &mut Payload, take: &mut Take) -> Result<()> {
    let first = payload.body.fill_buf();
    let first = first.map(|bytes| bytes.first().copied());
    match first.map_err(|err| payload.malformed(None, err))? {
        None => Ok(()),
        Some(b'{' | b' ' | b'\t' | b'\r') => of_stream(payload, take),
        Some(b'[') => of_list(payload, take),
        Some(0) => with_lengths(payload, take),
        // A line feed, or the tag of what a request has.
        Some(b'\n') => of_either(payload, take),
        Some(0xef) => {
            let bytes = payload.whole(MOST_BYTES)?;
            let text = bytes.strip_prefix("\u{feff}".as_bytes());
            of_documents(payload, text.unwrap_or(&bytes), take)
        }
        Some(_) => {
            let bytes = payload.whole(MOST_BYTES)?;
            of_protobuf(payload, &bytes, take)
        }
    }
}

fn of_protobuf(payload: &Payload, bytes: &[u8], take: &mut Take) -> Result<()> {
    match ExportMetricsServiceRequest::decode(bytes) {
        Ok(request) => take(request),
        Err(err) => Err(payload.malformed(None, format_args!("no request of OTLP: {err}"))),
    }
}

/// JSON whose first line is empty looks like protobuf, and the other way round.
fn of_either(payload: &mut Payload, take: &mut Take) -> Result<()> {
    let bytes = payload.whole(MOST_BYTES)?;
    match ExportMetricsServiceRequest::decode(&*bytes) {
        Ok(request) if !is_json(&bytes) => take(request),
        Err(_) if bytes.trim_ascii_start().starts_with(b"{") => of_documents(payload, &bytes, take),
        _ if is_json(&bytes) => of_documents(payload, &bytes, take),
        _ => of_protobuf(payload, &bytes, take),
    }
}

/// Whether it begins with a request in JSON, and a whole one: no request in protobuf does.
fn is_json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{")
        && documents(Deserializer::from_slice(bytes))
            .next()
            .is_some_and(|first| first.is_ok())
}

fn of_documents(payload: &Payload, bytes: &[u8], take: &mut Take) -> Result<()> {
    taken(
        payload.place,
        documents(Deserializer::from_slice(bytes)),
        take,
    )
}

fn of_stream(payload: &mut Payload, take: &mut Take) -> Result<()> {
    let place = payload.place;
    taken(
        place,
        documents(Deserializer::from_reader(&mut *payload.body)),
        take,
    )
}

/// A list of requests, as tools that gather lines make it.
fn of_list(payload: &mut Payload, take: &mut Take) -> Result<()> {
    let place = payload.place;
    let mut source = Deserializer::from_reader(&mut *payload.body);
    let mut list = List { take, ended: None };
    let read = source.deserialize_seq(&mut list);
    let read = read.and_then(|()| source.end());
    match (list.ended, read) {
        (Some(err), _) => Err(err),
        (None, Ok(())) => Ok(()),
        (None, Err(err)) => Err(unread(place, err)),
    }
}

struct List<'a, 'take> {
    take: &'a mut Take<'take>,
    /// Why it goes no further, where that is not for the JSON.
    ended: Option<Error>,
}

impl<'de> Visitor<'de> for &mut List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut requests: A) -> Result<(), A::Error> {
        while let Some(request) = requests.next_element::<json::Request>()? {
            if let Err(err) = (self.take)(request.0) {
                self.ended = Some(err);
                return Err(A::Error::custom("it goes no further"));
            }
        }
        Ok(())
    }
}

fn unread(place: &str, err: serde_json::Error) -> Error {
    let line = u64::try_from(err.line()).ok().filter(|line| *line > 0);
    malformed(place, line, err)
}

fn documents<'de, R: Source<'de>>(
    source: Deserializer<R>,
) -> StreamDeserializer<'de, R, json::Request> {
    source.into_iter()
}

fn taken(
    place: &str,
    requests: impl Iterator<Item = serde_json::Result<json::Request>>,
    take: &mut Take,
) -> Result<()> {
    for request in requests {
        match request {
            Ok(request) => take(request.0)?,
            Err(err) => return Err(unread(place, err)),
        }
    }
    Ok(())
}

fn with_lengths(payload: &mut Payload, take: &mut Take) -> Result<()> {
    for number in 1_u64.. {
        let mut length = Vec::with_capacity(4);
        let read = (&mut *payload.body).take(4).read_to_end(&mut length);
        read.map_err(|err| payload.malformed(None, err))?;
        if length.is_empty() {
            break;
        }
        let length = <[u8; 4]>::try_from(&*length)
            .map_or(u64::MAX, |length| u64::from(u32::from_be_bytes(length)));
        let mut bytes = Vec::new();
        if length <= MOST_BYTES {
            let read = (&mut *payload.body).take(length).read_to_end(&mut bytes);
            read.map_err(|err| payload.malformed(None, err))?;
        }
        if bytes.len() as u64 != length {
            let why = format!("message {number} of protobuf is cut off");
            return Err(payload.malformed(None, why));
        }
        of_protobuf(payload, &bytes, take)?;
    }
    Ok(())
}
