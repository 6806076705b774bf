//! Graphite's plaintext protocol, as Prometheus' `graphite_exporter` reads it: `path;tag=value value time`.

mod glob;
mod mapping;
mod template;
#[cfg(test)]
mod tests;

pub use mapping::Mapping;

use std::collections::{BTreeMap, HashMap};

use super::gathered::Gathered;
use super::left_out::{Malformed, PassedOver};
use super::lines::Lines;
use super::received::{Payload, Sink};
use super::{name, number};
use crate::error::Result;
use crate::samples::{Builder, Labels, METRIC_NAME};
use mapping::{Dropped, Mapped};

/// Reads lines.
#[derive(Debug)]
pub struct Reader {
    mapping: Option<Mapping>,
    malformed: Malformed,
    /// What became of paths.
    known: HashMap<Box<str>, Result<Mapped, Dropped>>,
    known_bytes: usize,
    gathered: Gathered,
}

/// How many bytes of paths are remembered at most.
const MOST_BYTES: usize = 16 << 20;
/// What remembering a path takes beside it.
const OVERHEAD_BYTES: usize = 200;

/// A line.
struct Line<'a> {
    path: &'a str,
    tags: &'a str,
    value: f64,
    time_ms: i64,
}

impl Reader {
    /// With a mapping, or without.
    #[must_use]
    pub fn new(mapping: Option<Mapping>) -> Self {
        Self {
            mapping,
            malformed: Malformed::Refuse,
            known: HashMap::new(),
            known_bytes: 0,
            gathered: Gathered::default(),
        }
    }

    /// Says what becomes of lines that cannot be read.
    #[must_use]
    pub fn with_malformed(self, malformed: Malformed) -> Self {
        Self { malformed, ..self }
    }

    /// Reads a payload. A line without a time cannot be read, unless the payload says when it was received.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        let mut passed_over = PassedOver::default();
        let mut lines = Lines::behind_mark();
        while let Some(line) = lines.next(payload)? {
            let number = line.number;
            let mut pass = |kind, what: &str| passed_over.add(kind, payload.place, number, what);
            let read = line
                .text()
                .and_then(|text| line_of(text, payload.received_at_ms))
                .and_then(|line| line.map_or(Ok(()), |line| self.line(&line, &mut pass)));
            if let Err(why) = read {
                passed_over.malformed(self.malformed, payload.place, Some(number), why)?;
            }
            self.gathered.give_if_full(sink)?;
        }
        self.gathered.give(sink)?;
        passed_over.tell(sink)
    }

    fn line(
        &mut self,
        line: &Line,
        pass: &mut dyn FnMut(&'static str, &str),
    ) -> Result<(), String> {
        if !self.known.contains_key(line.path) {
            let mapped = match &self.mapping {
                Some(mapping) => mapping.mapped(line.path),
                None => Ok(Mapped::of_path(line.path)),
            };
            self.known_bytes += line.path.len() + OVERHEAD_BYTES;
            if self.known_bytes > MOST_BYTES {
                self.known.clear();
                self.known_bytes = line.path.len() + OVERHEAD_BYTES;
            }
            self.known.insert(line.path.into(), mapped);
        }
        match self.known.get(line.path) {
            Some(Ok(mapped)) => {
                let labels = labels(mapped, line.tags, pass)?;
                let value = line.value * mapped.scale;
                self.gathered.add_to(&labels, line.time_ms, value);
            }
            Some(Err(dropped)) => pass(dropped.as_str(), line.path),
            None => {}
        }
        Ok(())
    }
}

/// Labels of tags, and those of the mapping, which win unless it says otherwise.
fn labels(
    mapped: &Mapped,
    tags: &str,
    pass: &mut dyn FnMut(&'static str, &str),
) -> Result<Labels, String> {
    let mut labels = BTreeMap::new();
    for tag in tags.split(';').filter(|tag| !tag.is_empty()) {
        match tag.split_once('=') {
            Some((label, value)) if !label.is_empty() => {
                let label = name::legal(label);
                // The path is the name.
                if label == METRIC_NAME || labels.insert(label, value).is_some() {
                    pass("repeated-tag", tag);
                }
            }
            _ => pass("malformed-tag", tag),
        }
    }
    for (label, value) in &mapped.labels {
        if !mapped.honor_labels || !labels.contains_key(label) {
            labels.insert(label.clone(), value);
        }
    }
    let mut builder = Builder::default();
    builder.add(METRIC_NAME, &mapped.name);
    for (label, value) in labels {
        builder.add(label, value);
    }
    builder.build().map_err(|twice| twice.to_string())
}

/// Reads a line; `None` for an empty one.
fn line_of(text: &str, received_at_ms: Option<i64>) -> Result<Option<Line<'_>>, String> {
    let mut words = text.split_whitespace();
    let (path, value, time) = match (words.next(), words.next(), words.next(), words.next()) {
        (None, ..) => return Ok(None),
        (Some(path), Some(value), time, None) => (path, value, time),
        _ => return Err("it is not path, value and time".to_owned()),
    };
    let value = number::float(value).ok_or_else(|| format!("value {value:?} is no number"))?;
    let time_ms = match time {
        None | Some("N" | "n") => None,
        Some(time) => {
            let seconds = number::float(time);
            let is_now = seconds.is_some_and(|seconds| seconds.to_bits() == NOW.to_bits());
            let time_ms = seconds.and_then(number::milliseconds);
            let time_ms = time_ms.ok_or_else(|| format!("{time:?} is no time in seconds"))?;
            (!is_now).then_some(time_ms)
        }
    };
    let time_ms = time_ms.or(received_at_ms);
    let (path, tags) = path.split_once(';').unwrap_or((path, ""));
    if path.is_empty() {
        return Err("it has no path".to_owned());
    }
    Ok(Some(Line {
        path,
        tags,
        value,
        time_ms: time_ms.ok_or("it has no time, nor was received_at_ms told")?,
    }))
}

/// The time that stands for whenever a line is received.
const NOW: f64 = -1.0;
