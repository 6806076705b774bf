//! Requests in JSON: one after another, or a list of them.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::take::Take;
use crate::error::{Error, Result};
use crate::payload::otlp::json::Request;
use crate::payload::received::Payload;

/// Gives each request. Behind what cannot be read it goes on with the next line, as lines of file exporters are cut off by a crash.
pub(super) fn each(payload: &mut Payload, take: &mut dyn Take) -> Result<()> {
    let place = Cell::new(Place::default());
    let mut again = None;
    loop {
        let source = Placed {
            again: again.take(),
            inner: &mut *payload.body,
            place: &place,
        };
        place.set(Place::default());
        let mut requests = Deserializer::from_reader(source).into_iter::<Request>();
        let err = loop {
            match requests.next() {
                None => return Ok(()),
                Some(Err(err)) => break err,
                Some(Ok(request)) => take.request(request.0)?,
            }
            place.update(Place::behind_request);
        };
        drop(requests);
        fault(payload, &err, take)?;
        let place = place.get();
        match place.last {
            Some(b'\n') => {}
            // It was the line before that broke off.
            Some(byte) if place.was_blank && place.had_begun => again = Some(byte),
            _ => {
                let skipped = payload.body.skip_until(b'\n');
                skipped.map_err(|err| payload.malformed(None, err))?;
            }
        }
    }
}

/// Whether the bytes begin with a whole request: no request in protobuf does.
pub(super) fn begins_with_request(bytes: &[u8]) -> bool {
    let mut requests = Deserializer::from_slice(bytes).into_iter::<Request>();
    requests.next().is_some_and(|first| first.is_ok())
}

fn fault(payload: &Payload, err: &serde_json::Error, take: &mut dyn Take) -> Result<()> {
    let line = u64::try_from(err.line()).ok().filter(|line| *line > 0);
    if err.is_io() {
        return Err(payload.malformed(line, err));
    }
    take.fault(line, &err.to_string())
}

/// Where in its lines the reading of a stream is.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is known of by itself")]
struct Place {
    /// The byte that was read last.
    last: Option<u8>,
    /// Whether the line has held nothing but white space so far, and whether it had not before that byte.
    is_blank: bool,
    was_blank: bool,
    /// Whether the request has begun, and whether it had before that byte.
    has_begun: bool,
    had_begun: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            last: None,
            is_blank: true,
            was_blank: true,
            has_begun: false,
            had_begun: false,
        }
    }
}

impl Place {
    fn behind(self, byte: u8) -> Self {
        let is_white = byte.is_ascii_whitespace();
        Self {
            last: Some(byte),
            is_blank: byte == b'\n' || self.is_blank && is_white,
            was_blank: self.is_blank,
            has_begun: self.has_begun || !is_white,
            had_begun: self.has_begun,
        }
    }

    fn behind_request(self) -> Self {
        Self {
            has_begun: false,
            ..self
        }
    }
}

/// Knows the place of what is read, and may read a byte again.
struct Placed<'a, R: ?Sized> {
    again: Option<u8>,
    inner: &'a mut R,
    place: &'a Cell<Place>,
}

impl<R: Read + ?Sized> Read for Placed<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match (self.again, into.first_mut()) {
            (Some(byte), Some(first)) => {
                *first = byte;
                self.again = None;
                1
            }
            _ => self.inner.read(into)?,
        };
        for byte in into.iter().take(read) {
            self.place.update(|place| place.behind(*byte));
        }
        Ok(read)
    }
}

/// The same of a list of requests, as tools that gather lines make it: behind what is no JSON nobody knows where the next one begins.
pub(super) fn each_of_list(payload: &mut Payload, take: &mut dyn Take) -> Result<()> {
    let mut source = Deserializer::from_reader(&mut *payload.body);
    let mut list = List {
        take: &mut *take,
        ended: None,
    };
    let read = source.deserialize_seq(&mut list);
    let ended = list.ended;
    let read = read.and_then(|()| source.end());
    drop(source);
    match (ended, read) {
        (Some(err), _) => Err(err),
        (None, Ok(())) => Ok(()),
        (None, Err(err)) => fault(payload, &err, take),
    }
}

struct List<'a> {
    take: &'a mut dyn Take,
    /// Why it goes no further, where that is not for the JSON.
    ended: Option<Error>,
}

impl<'de> Visitor<'de> for &mut List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut requests: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(request) = requests.next_element::<Box<RawValue>>()? {
            number += 1;
            let taken = match serde_json::from_str::<Request>(request.get()) {
                Ok(request) => self.take.request(request.0),
                Err(err) => self
                    .take
                    .fault(None, &format!("request {number} of the list: {err}")),
            };
            if let Err(err) = taken {
                self.ended = Some(err);
                return Err(A::Error::custom("it goes no further"));
            }
        }
        Ok(())
    }
}
