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
    so_far: SoFar,
}

#[derive(Debug)]
enum SoFar {
    Counter(Labels, f64),
    Gauge(Labels, f64),
    /// Members since a sample was taken.
    Set(Labels, HashSet<Box<str>>),
    Observed(Box<Observed>),
}

/// Tags as labels, by name. Of one that comes twice the last counts, as it does for `statsd_exporter`.
pub(super) fn tags(
    tags: &[(&str, &str)],
    pass: &mut dyn FnMut(&'static str, &str),
) -> Vec<(String, String)> {
    let mut labels = BTreeMap::new();
    for (tag, value) in tags {
        if labels
            .insert(name::of_statsd(tag), (*value).to_owned())
            .is_some()
        {
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
            so_far,
        })
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
            SoFar::Set(_, members) => drop(members.insert(text.into())),
            SoFar::Observed(observed) => {
                let value = match event.kind {
                    Kind::Timer => value / 1000.0,
                    _ => value,
                };
                // As statsd_exporter has it: so many whole times.
                observed.observe(value, (1.0 / event.rate).trunc());
            }
        }
        !had_changed
    }

    /// Takes a sample, if it has changed.
    pub(super) fn take_sample(&mut self, gathered: &mut Gathered) {
        if !mem::take(&mut self.has_changed) {
            return;
        }
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
                members.clear();
            }
            SoFar::Observed(observed) => {
                for (labels, value) in observed.values() {
                    add(labels, value);
                }
            }
        }
    }
}
