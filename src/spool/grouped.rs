//! What came last, in memory: by series, and of each by window.

use std::collections::HashMap;
use std::mem;
use std::ops::Range;

use super::disk::{Disk, Extent};
use super::parts::Parts;
use super::run::Writer;
use super::windows::Windows;
use crate::error::Result;
use crate::samples::{Chunk, Exemplar, Labels, Sample};

/// What a series takes beside its labels and its windows: the entry in the table, which doubles, the place in the list that is sorted, and what
/// allocations cost.
const SERIES_BYTES: usize = 3 * mem::size_of::<(Labels, Series)>() + 32;

/// What a window of it takes beside its samples: a place in a list, which doubles, and one in the list that is sorted.
const WINDOW_BYTES: usize = 2 * mem::size_of::<InWindow>() + 32;

/// Series, each with what came of it.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    series: HashMap<Labels, Series>,
    memory_bytes: usize,
}

/// Windows in which something came, by time.
#[derive(Debug, Default)]
pub(super) struct Series {
    windows: Vec<InWindow>,
}

#[derive(Debug)]
struct InWindow {
    window: Range<i64>,
    parts: Parts,
}

impl Grouped {
    /// The series, to add something to, and what is to be told of the memory that this takes.
    pub(super) fn series(&mut self, labels: Labels) -> Adding<'_> {
        let memory_bytes = &mut self.memory_bytes;
        let packed = labels.packed().len();
        let series = self.series.entry(labels).or_insert_with(|| {
            *memory_bytes += packed + SERIES_BYTES;
            Series::default()
        });
        Adding {
            series,
            memory_bytes,
        }
    }

    /// Whether nothing came.
    pub(super) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// How much memory all this takes, and takes while it is written.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Writes all of it as a run, and forgets it.
    pub(super) fn flush(&mut self, disk: &mut Disk) -> Result<Extent> {
        let mut series: Vec<(Labels, Series)> = self.series.drain().collect();
        self.memory_bytes = 0;
        series.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut order: Vec<(i64, u32, u32)> = Vec::new();
        for (number, (_, series)) in (0_u32..).zip(&series) {
            let windows = (0_u32..).zip(&series.windows);
            order.extend(windows.map(|(place, inside)| (inside.window.start, number, place)));
        }
        order.sort_unstable();
        let mut writer = Writer::new(disk);
        for (window_ms, number, place) in order {
            let series = series.get_mut(number as usize);
            let Some((labels, series)) = series else {
                continue;
            };
            if let Some(inside) = series.windows.get_mut(place as usize) {
                writer.put(window_ms, labels.packed(), inside.parts.closed())?;
            }
        }
        writer.finish()
    }
}

/// A series that something is added to.
pub(super) struct Adding<'a> {
    series: &'a mut Series,
    memory_bytes: &'a mut usize,
}

impl Adding<'_> {
    /// Adds a sample to its window.
    pub(super) fn sample(&mut self, windows: Windows, sample: &Sample) {
        self.add(windows, sample.time_ms, |parts| parts.sample(sample));
    }

    /// Adds an exemplar to its window.
    pub(super) fn exemplar(&mut self, windows: Windows, exemplar: &Exemplar) {
        self.add(windows, exemplar.time_ms, |parts| parts.exemplar(exemplar));
    }

    /// Adds a chunk of so many samples to the window that it lies in.
    pub(super) fn chunk(&mut self, windows: Windows, chunk: &Chunk, samples: u32) {
        self.add(windows, chunk.min_time_ms, |parts| {
            parts.chunk(chunk, samples);
        });
    }

    fn add(&mut self, windows: Windows, time_ms: i64, add: impl FnOnce(&mut Parts)) {
        let all = &mut self.series.windows;
        // What comes next is mostly of the last window.
        let place = match all.last() {
            Some(last) if last.window.contains(&time_ms) => Ok(all.len() - 1),
            _ => {
                let window = windows.around(time_ms);
                let found = all.binary_search_by_key(&window.start, |inside| inside.window.start);
                found.map_err(|place| (place, window))
            }
        };
        let place = place.unwrap_or_else(|(place, window)| {
            if all.capacity() == 0 {
                all.reserve_exact(1);
            }
            let parts = Parts::default();
            all.insert(place, InWindow { window, parts });
            *self.memory_bytes += WINDOW_BYTES;
            place
        });
        if let Some(inside) = all.get_mut(place) {
            let before = inside.parts.memory_bytes();
            add(&mut inside.parts);
            *self.memory_bytes += inside.parts.memory_bytes().saturating_sub(before);
        }
    }
}
