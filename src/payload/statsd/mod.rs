//! Lines of `StatsD`, as Prometheus' `statsd_exporter` reads them: counters add up, gauges change, what was timed becomes histograms in seconds.
//!
//! A payload's lines belong to the time at which it was received, and make one sample of each series.

mod line;
mod observed;
mod options;
mod series;
#[cfg(test)]
mod tests;

pub use options::{ObserverType, Options};

use std::collections::HashMap;
use std::mem;

use super::gathered::Gathered;
use super::left_out::PassedOver;
use super::lines::Lines;
use super::received::{Payload, Sink, malformed};
use super::{name, number};
use crate::error::Result;
use crate::samples::{Item, Metadata};
use line::{Event, Kind, Line};
use series::Series;

/// Reads lines, and adds up from payload to payload.
#[derive(Debug)]
pub struct Reader {
    options: Options,
    /// What kind of series there is of each name.
    families: HashMap<String, Kind>,
    numbers: HashMap<series::Key, usize>,
    series: Vec<Series>,
    /// Those that have changed since samples were last taken.
    changed: Vec<usize>,
    /// When the last payload was received.
    now_ms: Option<i64>,
    gathered: Gathered,
}

impl Reader {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            families: HashMap::new(),
            numbers: HashMap::new(),
            series: Vec::new(),
            changed: Vec::new(),
            now_ms: None,
            gathered: Gathered::default(),
        }
    }

    /// Reads a payload. One that was received before the one before it is an error: counters add up in the order of payloads.
    pub fn read(&mut self, payload: &mut Payload, sink: &mut Sink) -> Result<()> {
        match (payload.received_at_ms, self.now_ms) {
            (Some(now), Some(before)) if now < before => {
                let why = format!(
                    "received_at_ms {now} is before {before}, at which an earlier entry was received: what is counted adds up in the order of entries"
                );
                return Err(payload.malformed(None, why));
            }
            (Some(now), before) if before != Some(now) => {
                self.take_samples();
                self.now_ms = Some(now);
            }
            _ => {}
        }
        let mut passed_over = PassedOver::default();
        let mut lines = Lines::behind_mark();
        while let Some(line) = lines.next(payload)? {
            let (number, place) = (line.number, payload.place);
            let wrong = |why: String| malformed(place, Some(number), why);
            let told = str::from_utf8(line.bytes)
                .map_err(|_| "it is not UTF-8".to_owned())
                .and_then(line::read);
            let mut pass = |kind, what: &str| passed_over.add(kind, place, number, what);
            match told.map_err(wrong)? {
                Line::Nothing => {}
                Line::Event => pass("event", "_e"),
                Line::ServiceCheck => pass("service-check", "_sc"),
                Line::Values(events) => {
                    for event in events {
                        let time_ms = time_ms(&event, payload.received_at_ms).map_err(wrong)?;
                        let name = name::of_statsd(&event.name);
                        if self.admits(&name, &event, &mut pass, sink)? {
                            let counted = self.count(name, &event, time_ms, &mut pass);
                            counted.map_err(wrong)?;
                        }
                        self.gathered.give_if_full(sink)?;
                    }
                }
            }
        }
        passed_over.tell(sink)
    }

    /// Gives the samples of the last payload.
    pub fn finish(mut self, sink: &mut Sink) -> Result<()> {
        self.take_samples();
        self.gathered.give(sink)
    }

    fn take_samples(&mut self) {
        for changed in mem::take(&mut self.changed) {
            if let Some(series) = self.series.get_mut(changed) {
                series.take_sample(&mut self.gathered);
            }
        }
    }

    /// Whether the event's metric is of the kind of those that had its name before; tells what it is where there were none.
    fn admits(
        &mut self,
        name: &str,
        event: &Event,
        pass: &mut dyn FnMut(&'static str, &str),
        sink: &mut Sink,
    ) -> Result<bool> {
        let kind = event.kind.of_series();
        let is_admitted = self.is_of_kind(name, kind);
        match is_admitted {
            Some(true) => {}
            Some(false) => {
                let values = event.values.iter();
                values.for_each(|_| pass("conflicting-type", &event.name));
            }
            None => sink(Item::Metadata(self.metadata(name, kind)))?,
        }
        Ok(is_admitted.unwrap_or(true))
    }

    /// Counts an event. Errors say why it cannot be.
    fn count(
        &mut self,
        name: String,
        event: &Event,
        time_ms: i64,
        pass: &mut dyn FnMut(&'static str, &str),
    ) -> Result<(), String> {
        for tag in &event.bare {
            pass("tag-without-value", tag);
        }
        if let Some(origin) = event.origin {
            pass("origin", origin);
        }
        let tags = series::tags(&event.tags, pass);
        let key = (event.kind.of_series(), name, tags);
        let number = if let Some(number) = self.numbers.get(&key) {
            *number
        } else {
            self.series.push(Series::new(&key, &self.options)?);
            self.numbers.insert(key, self.series.len() - 1);
            self.series.len() - 1
        };
        let Some(series) = self.series.get_mut(number) else {
            return Ok(());
        };
        for text in &event.values {
            let value = value_of(event.kind, text)?;
            if event.kind == Kind::Counter && value < 0.0 {
                pass("negative-count", &event.name);
            } else if event.kind.of_series() == Kind::Observed && event.rate > 1.0 {
                // Statsd_exporter counts such a value not even once.
                pass("rate-above-one", &event.name);
            } else if series.count(event, text, value, time_ms, &mut self.gathered) {
                self.changed.push(number);
            }
        }
        Ok(())
    }

    /// Whether series of that name are of that kind; `None` where there were none until now.
    fn is_of_kind(&mut self, name: &str, kind: Kind) -> Option<bool> {
        if let Some(known) = self.families.get(name) {
            return Some(*known == kind);
        }
        let suffixes: &[&str] = match kind {
            Kind::Observed => &["_bucket", "_sum", "_count"],
            _ => &[],
        };
        let names: Vec<String> = suffixes.iter().map(|it| format!("{name}{it}")).collect();
        if names.iter().any(|name| self.families.contains_key(name)) {
            return Some(false);
        }
        // A name that stands for a part of a histogram is none for anything else.
        self.families
            .extend(names.into_iter().map(|name| (name, Kind::Timer)));
        self.families.insert(name.to_owned(), kind);
        None
    }

    fn metadata(&self, name: &str, kind: Kind) -> Metadata {
        Metadata {
            family: name.to_owned(),
            kind: match kind {
                Kind::Counter => "counter",
                Kind::Gauge | Kind::Set => "gauge",
                Kind::Timer | Kind::Observed if self.options.is_summary() => "summary",
                Kind::Timer | Kind::Observed => "histogram",
            },
            help: String::new(),
            unit: String::new(),
        }
    }
}

/// When an event was: at the time that it tells, or else when its payload was received.
fn time_ms(event: &Event, received_at_ms: Option<i64>) -> Result<i64, String> {
    let time_ms = match event.time {
        Some(seconds) => number::milliseconds(seconds),
        None => received_at_ms,
    };
    time_ms.ok_or_else(|| "it has no time, nor was received_at_ms told".to_owned())
}

/// A value; sets have members instead.
fn value_of(kind: Kind, text: &str) -> Result<f64, String> {
    let value = match kind {
        Kind::Set => return Ok(0.0),
        Kind::Gauge => number::float(text),
        _ => number::float(text).filter(|value| value.is_finite()),
    };
    value.ok_or_else(|| format!("{text:?} is no number"))
}
