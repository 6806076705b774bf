//! `InfluxDB`'s line protocol, as Prometheus' `influxdb_exporter` maps it: a field is a series, named after measurement and field.

mod line;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::{fmt, mem};

use super::gathered::{Gathered, Slot};
use super::left_out::{Malformed, PassedOver};
use super::lines::{Line, Lines};
use super::name::{is_legal, legal};
use super::received::{Payload, Sink};
use crate::error::Result;
use crate::samples::{Builder, Labels, METRIC_NAME};
use line::{Point, Quotes, Value, is_comment, point};

/// Reads lines.
#[derive(Debug, Default)]
pub struct Reader {
    malformed: Malformed,
    gathered: Gathered,
    spelling: Vec<u8>,
    /// The numbers of the line in hand.
    numbers: Vec<(Slot, f64)>,
}

/// What the request's address says of all its lines.
struct Request {
    /// Labels of each series.
    labels: Vec<(&'static str, String)>,
    unit: Unit,
    received_at_ms: Option<i64>,
}

/// How long a unit of times is: a part of a millisecond, or so many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Part(i64),
    Many(i64),
    /// Whichever makes a time of our days of the number.
    Auto,
}

/// Parameters that become labels.
const LABELS: [(&str, &str); 4] = [
    ("bucket", "influx_bucket"),
    ("db", "influx_db"),
    ("org", "influx_org"),
    ("rp", "influx_rp"),
];

impl Reader {
    /// Says what becomes of lines that cannot be read.
    #[must_use]
    pub fn with_malformed(self, malformed: Malformed) -> Self {
        Self { malformed, ..self }
    }

    /// Reads a payload. A line without a time cannot be read, unless the payload says when it was received.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let request = Request::of(payload).map_err(|why| payload.malformed(None, why))?;
        let mut passed_over = PassedOver::default();
        let mut lines = Lines::behind_mark();
        while let Some(line) = lines.next(payload)? {
            let number = line.number;
            let is_closed = close(&mut lines, number, payload)?;
            let mut pass = |kind, what: &dyn fmt::Display| {
                passed_over.add(kind, payload.place, number, what);
            };
            let line = lines.line(number);
            if let Err(why) = self.line(line, is_closed, &request, &mut pass) {
                passed_over.malformed(self.malformed, payload.place, Some(number), why)?;
                // A quote that was forgotten takes no other lines along.
                lines.give_back_behind(number);
            }
            self.gathered.give_if_full(sink)?;
        }
        self.gathered.give(sink)?;
        passed_over.tell(sink)
    }

    /// Reads all of a line, or nothing.
    fn line(
        &mut self,
        line: Line,
        is_closed: bool,
        request: &Request,
        pass: &mut dyn FnMut(&'static str, &dyn fmt::Display),
    ) -> Result<(), String> {
        let text = line.text()?;
        if !is_closed {
            return Err("a quote has no end".to_owned());
        }
        let Some(point) = point(text)? else {
            return Ok(());
        };
        let time_ms = request.time_ms(point.time)?;
        let mut numbers = mem::take(&mut self.numbers);
        numbers.clear();
        for (field, value) in &point.fields {
            if let Value::Number(value) = value {
                numbers.push((self.slot(&point, field, request)?, *value));
            }
        }
        for (slot, value) in &numbers {
            self.gathered.add(*slot, time_ms, *value);
        }
        self.numbers = numbers;
        for tag in repeated(&point, request) {
            pass("repeated-tag", &tag);
        }
        for (field, value) in &point.fields {
            if *value == Value::Text {
                let what = format_args!("field {field:?} of {:?}", point.measurement);
                pass("text-field", &what);
            }
        }
        Ok(())
    }

    fn slot(&mut self, point: &Point, field: &str, request: &Request) -> Result<Slot, String> {
        let labels = request.labels.iter();
        let labels = labels.flat_map(|(label, value)| [*label, value]);
        self.spelling.clear();
        for part in [point.series, field].into_iter().chain(labels) {
            self.spelling.extend_from_slice(part.as_bytes());
            // No text holds this byte.
            self.spelling.push(0xff);
        }
        let labels = || labels_of(point, field, request);
        self.gathered.slot(&self.spelling, labels)
    }
}

/// Puts lines together as long as a text in quotes goes on; whether it ends.
fn close(lines: &mut Lines, number: u64, payload: &mut Payload) -> Result<bool> {
    let mut quotes = Quotes::default();
    let mut seen = 0;
    loop {
        let line = lines.line(number).bytes;
        if is_comment(line) || !quotes.are_open_behind(line.get(seen..).unwrap_or_default()) {
            return Ok(true);
        }
        seen = line.len();
        if !lines.more(payload)? {
            return Ok(false);
        }
    }
}

fn labels_of(point: &Point, field: &str, request: &Request) -> Result<Labels, String> {
    let mut builder = Builder::default();
    let name = match field {
        "value" => legal(&point.measurement),
        _ => legal(&format!("{}_{field}", point.measurement)),
    };
    builder.add(METRIC_NAME, name);
    let mut labels: BTreeMap<String, &str> = BTreeMap::new();
    for (tag, value) in tags(point) {
        labels.insert(legal(tag), value);
    }
    for (label, value) in &request.labels {
        labels.insert((*label).to_owned(), value);
    }
    for (label, value) in labels {
        builder.add(label, value);
    }
    builder.build().map_err(|twice| twice.to_string())
}

/// Tags that become labels: `influxdb_exporter` passes over one that has the name of names.
fn tags<'a>(point: &'a Point) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tags = point.tags.iter();
    tags.filter(|(tag, _)| tag != METRIC_NAME)
        .map(|(tag, value)| (&**tag, &**value))
}

/// Tags whose label another tag behind them, or the request, has, too.
fn repeated<'a>(point: &'a Point, request: &Request) -> Vec<&'a str> {
    // Tags are told apart by their names, so that only those can be one that are spelled anew or are the request's.
    let of_request = |label: &str| request.labels.iter().any(|(known, _)| *known == label);
    if tags(point).all(|(tag, _)| is_legal(tag) && !of_request(tag)) {
        return Vec::new();
    }
    let mut labels: BTreeMap<String, &str> = BTreeMap::new();
    let mut repeated = Vec::new();
    for (tag, _) in tags(point) {
        let label = legal(tag);
        if of_request(&label) {
            repeated.push(tag);
        } else {
            repeated.extend(labels.insert(label, tag));
        }
    }
    repeated
}

impl Request {
    fn of(payload: &Payload) -> Result<Self, String> {
        let parameter = |name: &str| payload.query_params.get(name).filter(|it| !it.is_empty());
        let unit = match parameter("precision").map(String::as_str) {
            None | Some("ns" | "n" | "nanosecond") => Unit::Part(1_000_000),
            Some("us" | "u" | "µs" | "μs" | "µ" | "μ" | "microsecond") => Unit::Part(1000),
            Some("ms" | "millisecond") => Unit::Many(1),
            Some("s" | "second") => Unit::Many(1000),
            Some("m") => Unit::Many(60 * 1000),
            Some("auto") => Unit::Auto,
            Some("h") => Unit::Many(60 * 60 * 1000),
            Some(other) => {
                return Err(format!(
                    "query_params: precision {other:?}: expected ns, us, ms, s, m, h or auto"
                ));
            }
        };
        let labels = LABELS.into_iter();
        Ok(Self {
            labels: labels
                .filter_map(|(name, label)| Some((label, parameter(name)?.clone())))
                .collect(),
            unit,
            received_at_ms: payload.received_at_ms,
        })
    }

    fn time_ms(&self, time: Option<i64>) -> Result<i64, String> {
        let Some(time) = time else {
            let received = self.received_at_ms;
            return received.ok_or_else(|| "it has no time, nor was received_at_ms told".into());
        };
        let unit = match self.unit {
            Unit::Auto => of_size(time),
            unit => unit,
        };
        match unit {
            Unit::Auto => Ok(time),
            Unit::Part(parts) => Ok(time / parts),
            Unit::Many(many) => {
                let time_ms = time.checked_mul(many);
                time_ms.ok_or_else(|| format!("{time} is out of range for a time"))
            }
        }
    }
}

/// The unit that `InfluxDB` 3 takes a time to be in by its size.
fn of_size(time: i64) -> Unit {
    match time.unsigned_abs() {
        0..5_000_000_000 => Unit::Many(1000),
        5_000_000_000..5_000_000_000_000 => Unit::Many(1),
        5_000_000_000_000..5_000_000_000_000_000 => Unit::Part(1000),
        _ => Unit::Part(1_000_000),
    }
}
