//! Samples in the formats in which systems send them: bytes in, [`Item`]s out.
//!
//! Hidden here: what each format means in Prometheus' model. A payload is what a system sent at once: the body of a request, a packet, a file.
//! What cannot be read is an error that names place and line; what has no place in the model is told as left out.

pub mod capture;
pub mod graphite;
pub mod influx;
pub mod openmetrics;
pub mod otlp;
pub mod statsd;

mod gathered;
mod left_out;
mod lines;
mod name;
mod number;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Read};
use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::samples::Item;

/// Takes what a reader finds. Its errors end the reading, and come out of it as they are.
pub type Sink<'a> = dyn FnMut(Item) -> Result<()> + 'a;

/// What a system sent at once.
pub struct Payload<'a> {
    /// What it sent, without any compression: a slice of bytes, or a file that need not fit into memory.
    pub body: &'a mut dyn BufRead,
    /// When it was received, in milliseconds since the epoch; for what tells no time of its own.
    pub received_at_ms: Option<i64>,
    /// What the request's address said beside.
    pub query_params: &'a BTreeMap<String, String>,
    /// What messages call it, such as `capture.json: entry 3`.
    pub place: &'a str,
}

impl Payload<'_> {
    /// The whole body, for formats that cannot be read piece by piece. One of more than `most` bytes is an error.
    pub fn whole(&mut self, most: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // One byte more than is allowed at most, so that too long a body shows.
        let limited = (&mut *self.body).take(most.saturating_add(1));
        let read = { limited }.read_to_end(&mut bytes);
        read.map_err(|err| self.malformed(None, err))?;
        if bytes.len() as u64 > most {
            return Err(self.malformed(None, format_args!("it has more than {most} bytes")));
        }
        Ok(bytes)
    }

    /// The error for what is wrong with it, and where; lines are counted from 1.
    pub fn malformed(&self, line: Option<u64>, why: impl fmt::Display) -> Error {
        malformed(self.place, line, why)
    }
}

/// `read capture.json: entry 3: line 7: no value`. It ends the run: whoever leaves a line out says less than was sent.
fn malformed(place: &str, line: Option<u64>, why: impl fmt::Display) -> Error {
    let attempt = match line {
        Some(line) => format!("read {place}: line {line}"),
        None => format!("read {place}"),
    };
    Error::new(Kind::Corrupt, attempt).because(why.to_string())
}

/// How a format is read, where there is a choice.
#[derive(Debug, Clone)]
pub enum Options {
    /// OpenTelemetry's protocol.
    Otlp(otlp::Options),
    /// `InfluxDB`'s line protocol.
    InfluxLineProtocol,
    /// Lines of StatsD.
    Statsd(statsd::Options),
    /// Graphite's plaintext protocol, and its mapping where there is one.
    GraphitePlaintext(Option<graphite::Mapping>),
    /// OpenMetrics text.
    Openmetrics,
}

/// Reads payloads of one format, one after another: what is counted adds up from one to the next.
#[derive(Debug)]
pub enum Reader {
    /// OpenTelemetry's protocol.
    Otlp(otlp::Reader),
    /// `InfluxDB`'s line protocol.
    InfluxLineProtocol(influx::Reader),
    /// Lines of StatsD.
    Statsd(statsd::Reader),
    /// Graphite's plaintext protocol.
    GraphitePlaintext(graphite::Reader),
    /// OpenMetrics text.
    Openmetrics(openmetrics::Reader),
}

impl Reader {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        match options {
            Options::Otlp(options) => Self::Otlp(otlp::Reader::new(options)),
            Options::InfluxLineProtocol => Self::InfluxLineProtocol(influx::Reader::default()),
            Options::Statsd(options) => Self::Statsd(statsd::Reader::new(options)),
            Options::GraphitePlaintext(mapping) => {
                Self::GraphitePlaintext(graphite::Reader::new(mapping))
            }
            Options::Openmetrics => Self::Openmetrics(openmetrics::Reader::default()),
        }
    }

    /// Reads the next payload. Errors are those of the sink, or say what of the payload cannot be read.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        match self {
            Self::Otlp(reader) => reader.read(payload, sink),
            Self::InfluxLineProtocol(reader) => reader.read(payload, sink),
            Self::Statsd(reader) => reader.read(payload, sink),
            Self::GraphitePlaintext(reader) => reader.read(payload, sink),
            Self::Openmetrics(reader) => reader.read(payload, sink),
        }
    }

    /// Gives what is held back until the last payload was read.
    pub fn finish(self, sink: &mut Sink) -> Result<()> {
        match self {
            Self::Statsd(reader) => reader.finish(sink),
            Self::Otlp(_)
            | Self::InfluxLineProtocol(_)
            | Self::GraphitePlaintext(_)
            | Self::Openmetrics(_) => Ok(()),
        }
    }
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenTelemetry's protocol: protobuf or JSON.
    Otlp,
    /// `InfluxDB`'s line protocol.
    InfluxLineProtocol,
    /// Lines of StatsD, with the extensions of `DogStatsD` and others.
    Statsd,
    /// Graphite's plaintext protocol.
    GraphitePlaintext,
    /// OpenMetrics text.
    Openmetrics,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Otlp,
        Self::InfluxLineProtocol,
        Self::Statsd,
        Self::GraphitePlaintext,
        Self::Openmetrics,
    ];

    /// As plans spell it: `influx_line_protocol`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Otlp => "otlp",
            Self::InfluxLineProtocol => "influx_line_protocol",
            Self::Statsd => "statsd",
            Self::GraphitePlaintext => "graphite_plaintext",
            Self::Openmetrics => "openmetrics",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.as_str() == text).ok_or(())
    }
}
