//! `InfluxDB`'s line protocol, as Prometheus' `influxdb_exporter` maps it: a field is a series, named after measurement and field.

mod line;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::gathered::{Gathered, Slot};
use super::left_out::PassedOver;
use super::lines::Lines;
use super::name::{is_legal, legal};
use super::received::{Payload, Sink, malformed};
use crate::error::Result;
use crate::samples::{Builder, Labels, METRIC_NAME};
use line::{Point, Quotes, Value, is_comment, point};

/// Reads lines.
#[derive(Debug, Default)]
pub struct Reader {
    gathered: Gathered,
    spelling: Vec<u8>,
}

/// What the request's address says of all its lines.
struct Request {
    /// Labels of each series.
    labels: Vec<(&'static str, String)>,
    unit: Unit,
    received_at_ms: Option<i64>,
}

/// Where a line is, for messages.
struct Place<'a> {
    payload: &'a str,
    line: u64,
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
    /// Reads a payload. A line without a time is an error, unless the payload says when it was received.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let request = Request::of(payload).map_err(|why| payload.malformed(None, why))?;
        let mut passed_over = PassedOver::default();
        let mut lines = Lines::behind_mark();
        while let Some(mut line) = lines.next(payload)? {
            let number = line.number;
            let mut quotes = Quotes::default();
            let mut seen = 0;
            while !is_comment(line.bytes) {
                let new = line.bytes.get(seen..).unwrap_or_default();
                if !quotes.are_open_behind(new) {
                    break;
                }
                seen = line.bytes.len();
                let more = lines.more(payload, number)?;
                line = more.ok_or_else(|| payload.malformed(Some(number), "a quote has no end"))?;
            }
            let place = Place {
                payload: payload.place,
                line: number,
            };
            self.line(line.bytes, &place, &request, &mut passed_over, sink)?;
        }
        self.gathered.give(sink)?;
        passed_over.tell(sink)
    }

    fn line(
        &mut self,
        bytes: &[u8],
        place: &Place,
        request: &Request,
        passed_over: &mut PassedOver,
        sink: &mut Sink,
    ) -> Result<()> {
        let wrong = |why: String| malformed(place.payload, Some(place.line), why);
        let text = str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        let Some(point) = point(text).map_err(wrong)? else {
            return Ok(());
        };
        let time_ms = request.time_ms(point.time).map_err(wrong)?;
        for tag in repeated(&point, request) {
            passed_over.add("repeated-tag", place.payload, place.line, tag);
        }
        for (field, value) in &point.fields {
            match value {
                Value::Text => {
                    let what = format_args!("field {field:?} of {:?}", point.measurement);
                    passed_over.add("text-field", place.payload, place.line, what);
                }
                Value::Number(value) => {
                    let slot = self.slot(&point, field, request).map_err(wrong)?;
                    self.gathered.add(slot, time_ms, *value);
                    self.gathered.give_if_full(sink)?;
                }
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
