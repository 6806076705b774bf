//! Samples of many series, put together by series before they are given away: fewer pieces are less work for whoever sorts them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::mem;

use super::received::Sink;
use crate::error::Result;
use crate::samples::{Item, Labels, Piece, Sample, Told, Value};

/// How many samples are held at most.
const MOST_SAMPLES: usize = 1 << 16;
/// How many bytes of labels are remembered at most.
const MOST_BYTES: usize = 16 << 20;
/// What keeping a series takes beside its labels.
const OVERHEAD_BYTES: usize = 100;

/// Samples by series. Those of one series stay in the order in which they came, and series are given in the order in which they came first.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    series: Vec<(Labels, Vec<Sample>)>,
    slots: HashMap<Labels, Slot>,
    /// Slots by how a series is spelled: labels are made once for each spelling.
    spelled: HashMap<Box<[u8]>, Slot>,
    /// The spelling that was asked for last: lines of one series often follow each other.
    last: Option<(Vec<u8>, Slot)>,
    samples: usize,
    bytes: usize,
}

/// Where a series' samples go, until they are given away.
pub(super) type Slot = usize;

impl Gathered {
    /// The slot of the series that is spelled so. `labels` reads the spelling, and is asked at least once for each.
    pub(super) fn slot<E>(
        &mut self,
        spelling: &[u8],
        labels: impl FnOnce() -> Result<Labels, E>,
    ) -> Result<Slot, E> {
        if let Some((last, slot)) = &self.last
            && last == spelling
        {
            return Ok(*slot);
        }
        let slot = match self.spelled.get(spelling) {
            Some(slot) => *slot,
            None => self.learn(spelling, labels()?),
        };
        let (last, of_last) = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(spelling);
        *of_last = slot;
        Ok(slot)
    }

    fn learn(&mut self, spelling: &[u8], labels: Labels) -> Slot {
        let series = &mut self.series;
        let bytes = &mut self.bytes;
        let slot = *self.slots.entry(labels).or_insert_with_key(|labels| {
            *bytes += 2 * labels.packed().len() + OVERHEAD_BYTES;
            series.push((labels.clone(), Vec::new()));
            series.len() - 1
        });
        self.bytes += spelling.len() + OVERHEAD_BYTES;
        self.spelled.insert(spelling.into(), slot);
        slot
    }

    /// The labels of the series of a slot.
    pub(super) fn labels(&self, slot: Slot) -> Option<&Labels> {
        self.series.get(slot).map(|(labels, _)| labels)
    }

    /// Adds a number.
    pub(super) fn add(&mut self, slot: Slot, time_ms: i64, value: f64) {
        if let Some((_, samples)) = self.series.get_mut(slot) {
            let value = Value::Float(value);
            samples.push(Sample { time_ms, value });
            self.samples += 1;
        }
    }

    /// Adds a number to a series.
    pub(super) fn add_to(&mut self, labels: &Labels, time_ms: i64, value: f64) {
        let made = || Ok::<_, Infallible>(labels.clone());
        let Ok(slot) = self.slot(labels.packed(), made);
        self.add(slot, time_ms, value);
    }

    /// Gives all samples away where there are many; no slot is good after that.
    pub(super) fn give_if_full(&mut self, sink: &mut Sink) -> Result<()> {
        if self.bytes >= MOST_BYTES {
            let Self { series, .. } = mem::take(self);
            for (labels, samples) in series.into_iter().filter(|(_, told)| !told.is_empty()) {
                let told = Told::Samples(samples);
                sink(Item::Piece(Piece { labels, told }))?;
            }
            Ok(())
        } else if self.samples >= MOST_SAMPLES {
            self.give(sink)
        } else {
            Ok(())
        }
    }

    /// Gives all samples away.
    pub(super) fn give(&mut self, sink: &mut Sink) -> Result<()> {
        self.samples = 0;
        for (labels, samples) in &mut self.series {
            if !samples.is_empty() {
                let labels = labels.clone();
                let told = Told::Samples(mem::take(samples));
                sink(Item::Piece(Piece { labels, told }))?;
            }
        }
        Ok(())
    }
}
