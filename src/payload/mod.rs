//! Samples in the formats in which systems send them: bytes in, [items](crate::samples::Item) out.
//!
//! Hidden here: what each format means in Prometheus' model. A payload is what a system sent at once: the body of a request, a packet, a file.
//! What cannot be read is an error that names place and line; what has no place in the model is told as left out.

pub mod capture;
pub mod graphite;
pub mod influx;
pub mod openmetrics;
pub mod otlp;
pub mod statsd;

mod base64;
mod gathered;
mod left_out;
mod lines;
mod name;
mod number;
mod received;
#[cfg(test)]
mod testing;

pub use left_out::Malformed;
pub use received::{Payload, Sink};

use std::fmt;
use std::str::FromStr;

use crate::error::Result;

/// How a format is read, where there is a choice.
#[derive(Debug, Clone)]
pub enum Options {
    /// OpenTelemetry's protocol.
    Otlp(otlp::Options),
    /// `InfluxDB`'s line protocol.
    InfluxLineProtocol,
    /// Lines of `StatsD`.
    Statsd(statsd::Options),
    /// Graphite's plaintext protocol, and its mapping where there is one.
    GraphitePlaintext(Option<graphite::Mapping>),
    /// `OpenMetrics` text.
    Openmetrics,
}

impl Options {
    /// Whether what a payload tells is added to what those before it told, so that their order counts.
    #[must_use]
    pub fn add_up(&self) -> bool {
        matches!(self, Self::Otlp(_) | Self::Statsd(_))
    }

    /// The first time of what a payload adds to what those before it told, in nanoseconds since the epoch; `None` where it does not say so itself.
    pub fn first_time(&self, payload: &mut Payload) -> Option<u64> {
        match self {
            Self::Otlp(_) => otlp::first_time(payload),
            Self::InfluxLineProtocol
            | Self::Statsd(_)
            | Self::GraphitePlaintext(_)
            | Self::Openmetrics => None,
        }
    }
}

/// Reads payloads of one format, one after another: what is counted adds up from one to the next.
#[derive(Debug)]
pub enum Reader {
    /// OpenTelemetry's protocol.
    Otlp(otlp::Reader),
    /// `InfluxDB`'s line protocol.
    InfluxLineProtocol(influx::Reader),
    /// Lines of `StatsD`.
    Statsd(statsd::Reader),
    /// Graphite's plaintext protocol.
    GraphitePlaintext(graphite::Reader),
    /// `OpenMetrics` text.
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

    /// Says what becomes of what cannot be read, where the format lets it be left out: `OpenMetrics` refuses it always.
    #[must_use]
    pub fn with_malformed(self, malformed: Malformed) -> Self {
        match self {
            Self::Otlp(reader) => Self::Otlp(reader.with_malformed(malformed)),
            Self::InfluxLineProtocol(reader) => {
                Self::InfluxLineProtocol(reader.with_malformed(malformed))
            }
            Self::Statsd(reader) => Self::Statsd(reader.with_malformed(malformed)),
            Self::GraphitePlaintext(reader) => {
                Self::GraphitePlaintext(reader.with_malformed(malformed))
            }
            Self::Openmetrics(reader) => Self::Openmetrics(reader),
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
    /// Lines of `StatsD`, with the extensions of `DogStatsD` and others.
    Statsd,
    /// Graphite's plaintext protocol.
    GraphitePlaintext,
    /// `OpenMetrics` text.
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
