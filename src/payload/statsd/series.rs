//! The series of `StatsD`'s metrics, and what they are so far.

use std::collections::{BTreeMap, HashSet};
use std::mem;

use super::line::{Event, Kind};
use super::observed::Observed;
use super::options::Options;
use crate::payload::gathered::Gathered;
use crate::payload::name;
use crate::samples::{Builder, Labels, METRIC_NAME};

/// What makes a series: its kind, its name, and its tags.
pub(super) type Key = (Kind, String, Vec<(String, String)>);

/// A series, and what it is so far.
#[derive(Debug)]
pub(super) struct Series {
    /// When it was counted last, as far as a sample has not been taken of that.
    time_ms: i64,
    has_changed: bool,
    /// How much room takes what waits for a sample.
    held_bytes: usize,
    so_far: SoFar,
}

/// What a member of a set takes beside its text, and what a value of a summary takes.
const OF_MEMBER_BYTES: usize = 48;
const OF_VALUE_BYTES: usize = 16;

#[derive(Debug)]
enum SoFar {
    Counter(Labels, f64),
    Gauge(Labels, f64),
    /// Members since a sample was taken.
    Set(Labels, HashSet<Box<str>>),
    Observed(Box<Observed>),
}

/// Tags as labels, by name. Of one that comes twice the last counts, as it does for `statsd_exporter`.
///
/// One that has the name of a label that is made here is passed over.
pub(super) fn tags(
    event: &Event,
    options: &Options,
    pass: &mut dyn FnMut(&'static str, &str),
) -> Vec<(String, String)> {
    let made = match event.kind.of_series() {
        Kind::Timer | Kind::Observed if options.is_summary() => "quantile",
        Kind::Timer | Kind::Observed => "le",
        Kind::Counter | Kind::Gauge | Kind::Set => METRIC_NAME,
    };
    let mut labels = BTreeMap::new();
    for (tag, value) in &event.tags {
        let label = name::of_statsd(tag);
        let is_made = label == METRIC_NAME || label == made;
        if is_made || labels.insert(label, (*value).to_owned()).is_some() {
            pass("repeated-tag", tag);
        }
    }
    labels.into_iter().collect()
}

impl Series {
    /// Nothing is counted yet.
    ///
    /// Errors: there is a tag of a name that is needed.
    pub(super) fn new((kind, name, tags): &Key, options: &Options) -> Result<Self, String> {
        let mut builder = Builder::default();
        builder.add(METRIC_NAME, name);
        for (tag, value) in tags {
            builder.add(tag, value);
        }
        let labels = builder.build().map_err(|twice| twice.to_string())?;
        let so_far = match kind {
            Kind::Counter => SoFar::Counter(labels, 0.0),
            Kind::Gauge => SoFar::Gauge(labels, 0.0),
            Kind::Set => SoFar::Set(labels, HashSet::new()),
            Kind::Timer | Kind::Observed => {
                SoFar::Observed(Box::new(Observed::new(options, name, tags)?))
            }
        };
        Ok(Self {
            time_ms: i64::MIN,
            has_changed: false,
            held_bytes: 0,
            so_far,
        })
    }

    /// How much room takes what waits for a sample, because it is counted only then.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Counts a value of an event of this time; whether that is the first one since a sample was taken.
    pub(super) fn count(
        &mut self,
        event: &Event,
        text: &str,
        value: f64,
        time_ms: i64,
        gathered: &mut Gathered,
    ) -> bool {
        let time_ms = match self.so_far {
            // What is told of an earlier time counts from now on: a counter never goes back.
            SoFar::Counter(..) | SoFar::Observed(_) => time_ms.max(self.time_ms),
            SoFar::Gauge(..) | SoFar::Set(..) => time_ms,
        };
        let had_changed = self.has_changed;
        if time_ms != self.time_ms {
            self.take_sample(gathered);
        }
        self.time_ms = time_ms;
        self.has_changed = true;
        match &mut self.so_far {
            SoFar::Counter(_, so_far) => *so_far += value / event.rate,
            SoFar::Gauge(_, so_far) if text.starts_with(['+', '-']) => *so_far += value,
            SoFar::Gauge(_, so_far) => *so_far = value,
            SoFar::Set(_, members) => {
                if members.insert(text.into()) {
                    self.held_bytes += text.len() + OF_MEMBER_BYTES;
                }
            }
            SoFar::Observed(observed) => {
                let value = match event.kind {
                    Kind::Timer => value / 1000.0,
                    _ => value,
                };
                // As statsd_exporter has it: so many whole times.
                observed.observe(value, (1.0 / event.rate).trunc());
                if observed.is_summary() {
                    self.held_bytes += OF_VALUE_BYTES;
                }
            }
        }
        !had_changed
    }

    /// Takes a sample, if it has changed.
    pub(super) fn take_sample(&mut self, gathered: &mut Gathered) {
        if !mem::take(&mut self.has_changed) {
            return;
        }
        self.held_bytes = 0;
        let time_ms = self.time_ms;
        let mut add = |labels: &Labels, value| gathered.add_to(labels, time_ms, value);
        match &mut self.so_far {
            SoFar::Counter(labels, so_far) | SoFar::Gauge(labels, so_far) => add(labels, *so_far),
            SoFar::Set(labels, members) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "no payload has that many members"
                )]
                add(labels, members.len() as f64);
                // What a burst took is given back.
                *members = HashSet::new();
            }
            SoFar::Observed(observed) => {
                for (labels, value) in observed.values() {
                    add(labels, value);
                }
            }
        }
    }
}
