//! Runs brought together: windows by time, and in each the series by their labels.

use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;

use super::disk::{Disk, Extent};
use super::merge::Series;
use super::part::Part;
use super::run::{Key, READER_BYTES, Reader, Writer};
use super::windows::Windows;
use crate::error::Result;
use crate::samples::Labels;

/// Runs that are read at once, as long as memory allows: fewer are no use, more are slow on a disk.
const MOST_RUNS: usize = 512;
const LEAST_RUNS: usize = 8;

/// What was spooled, sorted: it is gone through once.
#[derive(Debug)]
pub struct Sorted {
    merging: Merging,
    windows: Windows,
    /// The window that was given last.
    given: Option<i64>,
    disk_bytes: u64,
}

/// Runs that are read at once.
#[derive(Debug)]
struct Merging {
    disk: Disk,
    readers: BinaryHeap<Box<Reader>>,
    key: Key,
}

impl Sorted {
    /// Brings runs together in so much memory.
    pub(super) fn new(
        folder: &Path,
        memory_bytes: usize,
        mut disk: Disk,
        mut runs: Vec<Extent>,
        windows: Windows,
    ) -> Result<Self> {
        let at_once = (memory_bytes / READER_BYTES).clamp(LEAST_RUNS, MOST_RUNS);
        let mut disk_bytes = disk.length();
        while runs.len() > at_once {
            let mut fewer = Disk::create(folder)?;
            let mut merged = Vec::new();
            // Runs that followed each other become one, so that what came first stays first.
            for some in runs.chunks(at_once) {
                let mut merging = Merging::open(disk, some)?;
                let mut writer = Writer::new(&mut fewer);
                let mut parts = Vec::new();
                while merging.next(&mut parts)? {
                    writer.put(merging.key.window_ms, &merging.key.labels, &parts)?;
                    parts.clear();
                }
                merged.push(writer.finish()?);
                disk = merging.disk;
            }
            disk_bytes = disk_bytes.max(disk.length() + fewer.length());
            (disk, runs) = (fewer, merged);
        }
        Ok(Self {
            merging: Merging::open(disk, &runs)?,
            windows,
            given: None,
            disk_bytes,
        })
    }

    /// The next window in which there is anything, by time; what was not read of the one before is passed over.
    pub fn next_window(&mut self) -> Result<Option<Window<'_>>> {
        let next = loop {
            match self.merging.window() {
                Some(window) if self.given == Some(window) => self.merging.pass_over()?,
                next => break next,
            }
        };
        self.given = next;
        let windows = self.windows;
        Ok(next.map(|time_ms| Window {
            range: windows.around(time_ms),
            sorted: self,
        }))
    }

    /// The most that was on disk at one time.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.disk_bytes
    }
}

/// A window in which there is something.
#[derive(Debug)]
pub struct Window<'a> {
    range: Range<i64>,
    sorted: &'a mut Sorted,
}

impl Window<'_> {
    /// From when to before when it is, in milliseconds since the epoch: the whole of it, also where less of it was to be spooled.
    #[must_use]
    pub fn range(&self) -> Range<i64> {
        self.range.clone()
    }

    /// The next series, by labels.
    pub fn next_series(&mut self) -> Result<Option<Series>> {
        let merging = &mut self.sorted.merging;
        if merging.window() != Some(self.range.start) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        merging.next(&mut bytes)?;
        let labels = Labels::of_packed(&merging.key.labels);
        let labels = labels.ok_or_else(|| merging.disk.damaged())?;
        let (mut rest, mut parts) = (Bytes::from(bytes), Vec::new());
        while !rest.is_empty() {
            parts.push(Part::take(&mut rest).ok_or_else(|| merging.disk.damaged())?);
        }
        Ok(Some(Series::new(labels, parts)))
    }
}

impl Merging {
    fn open(disk: Disk, runs: &[Extent]) -> Result<Self> {
        let mut readers = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter().enumerate() {
            readers.extend(Reader::open(&disk, *run, number)?.map(Box::new));
        }
        let key = Key::default();
        Ok(Self { disk, readers, key })
    }

    /// When the window begins that comes next.
    fn window(&self) -> Option<i64> {
        self.readers.peek().map(|reader| reader.key().window_ms)
    }

    /// Appends what came of the next key, which is in `key` then; whether there was one.
    fn next(&mut self, parts: &mut Vec<u8>) -> Result<bool> {
        let Some(reader) = self.readers.peek() else {
            return Ok(false);
        };
        self.key.clone_from(reader.key());
        while let Some(mut reader) = self.readers.peek_mut() {
            if *reader.key() != self.key {
                break;
            }
            parts.extend_from_slice(reader.parts());
            if !reader.advance(&self.disk)? {
                PeekMut::pop(reader);
            }
        }
        Ok(true)
    }

    fn pass_over(&mut self) -> Result<()> {
        if let Some(mut reader) = self.readers.peek_mut()
            && !reader.advance(&self.disk)?
        {
            PeekMut::pop(reader);
        }
        Ok(())
    }
}
