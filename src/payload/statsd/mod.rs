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
use super::left_out::{Malformed, PassedOver};
use super::lines::Lines;
use super::name;
use super::received::{Payload, Sink};
use crate::error::Result;
use crate::samples::{Item, Metadata};
use line::{Event, Kind, Line};
use series::Series;

/// Reads lines, and adds up from payload to payload.
#[derive(Debug)]
pub struct Reader {
    options: Options,
    malformed: Malformed,
    /// What kind of series there is of each name.
    families: HashMap<String, Kind>,
    numbers: HashMap<series::Key, usize>,
    series: Vec<Series>,
    /// Those that have changed since samples were last taken.
    changed: Vec<usize>,
    /// When the last payload was received.
    now_ms: Option<i64>,
    /// How much room members of sets and values of summaries take that wait for their sample.
    held_bytes: usize,
    gathered: Gathered,
}

/// How much room they may take.
const MOST_HELD_BYTES: usize = 64 << 20;

impl Reader {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            malformed: Malformed::Refuse,
            families: HashMap::new(),
            numbers: HashMap::new(),
            series: Vec::new(),
            changed: Vec::new(),
            now_ms: None,
            held_bytes: 0,
            gathered: Gathered::default(),
        }
    }

    /// Says what becomes of lines that cannot be read.
    #[must_use]
    pub fn with_malformed(self, malformed: Malformed) -> Self {
        Self { malformed, ..self }
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
            let received = payload.received_at_ms;
            // Nothing of a line counts, or all of it.
            let told = line.text().and_then(line::read);
            let told = told.and_then(|told| told.is_sound(received).map(|()| told));
            let mut pass = |kind, what: &str| passed_over.add(kind, place, number, what);
            match told {
                Ok(Line::Nothing) => {}
                Ok(Line::Event) => pass("event", "_e"),
                Ok(Line::ServiceCheck) => pass("service-check", "_sc"),
                Ok(Line::Values(events)) => {
                    for event in events {
                        let name = name::of_statsd(&event.name);
                        if self.admits(&name, &event, &mut pass, sink)? {
                            let counted = self.count(name, &event, received, &mut pass);
                            counted.map_err(|why| payload.malformed(Some(number), why))?;
                        }
                        self.gathered.give_if_full(sink)?;
                    }
                }
                Err(why) => passed_over.malformed(self.malformed, place, Some(number), why)?,
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
        self.held_bytes = 0;
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
        received_at_ms: Option<i64>,
        pass: &mut dyn FnMut(&'static str, &str),
    ) -> Result<(), String> {
        let time_ms = event.time_ms(received_at_ms)?;
        for tag in &event.bare {
            pass("tag-without-value", tag);
        }
        if let Some(origin) = event.origin {
            pass("origin", origin);
        }
        let tags = series::tags(event, &self.options, pass);
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
            let value = event.kind.value(text)?;
            let before = series.held_bytes();
            if event.kind == Kind::Counter && value < 0.0 {
                pass("negative-count", &event.name);
            } else if event.kind.of_series() == Kind::Observed && event.rate > 1.0 {
                // Statsd_exporter counts such a value not even once.
                pass("rate-above-one", &event.name);
            } else if series.count(event, text, value, time_ms, &mut self.gathered) {
                self.changed.push(number);
            }
            self.held_bytes = (self.held_bytes + series.held_bytes()).saturating_sub(before);
        }
        if self.held_bytes > MOST_HELD_BYTES {
            return Err(format!(
                "members of sets and values of summaries of one time take more than {MOST_HELD_BYTES} bytes: divide the payload into entries, each with its received_at_ms"
            ));
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
