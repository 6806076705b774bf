//! What sources bring, sorted on disk: windows by time, in each the series by labels, and of each what came of it, in the order in which it came.
//!
//! Hidden here: in which bytes samples wait, and that nobody else sees the file in which they do. However much comes, memory is bounded: by what
//! the spool is given, by a few frames of its file, and by what one series has in one window. What is on disk is told from what a broken disk made of it.
//! Nothing is left behind, however the process ends.
//!
//! All of this blocks: it wants a thread of its own.

mod counts;
mod disk;
mod floats;
mod grouped;
mod histograms;
mod merge;
mod overlap;
mod part;
mod parts;
mod run;
mod sorted;
#[cfg(test)]
mod tests;
mod windows;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub use counts::Counts;
pub use merge::Series;
pub use sorted::{Sorted, Window};
pub use windows::Windows;

use crate::error::{Error, Kind, Result};
use crate::samples::{Chunk, Exemplar, Labels, Piece, Sample, Told};
use crate::tsdb::decode;
use disk::{Disk, Extent};
use grouped::Grouped;

/// The longest chunk that is taken: what is longer, no reader of blocks would read.
const LONGEST_CHUNK_BYTES: usize = 16 << 20;

/// What came so far.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    memory_bytes: usize,
    windows: Windows,
    range: Range<i64>,
    grouped: Grouped,
    disk: Disk,
    runs: Vec<Extent>,
    outside: u64,
    marked: Mark,
}

/// What was there at the last mark.
#[derive(Debug, Default, Clone, Copy)]
struct Mark {
    runs: usize,
    disk_bytes: u64,
    outside: u64,
}

impl Spool {
    /// A spool for samples from `range.start` to before `range.end`, in milliseconds since the epoch, with a file in a folder that must be there.
    ///
    /// It takes so much memory, and little more. What comes out does not depend on how much that is.
    pub fn create(
        folder: &Path,
        memory_bytes: usize,
        windows: Windows,
        range: Range<i64>,
    ) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            memory_bytes,
            windows,
            range,
            grouped: Grouped::default(),
            disk: Disk::create(folder)?,
            runs: Vec::new(),
            outside: 0,
            marked: Mark::default(),
        })
    }

    /// Takes samples of a series; those outside of the range are left out.
    ///
    /// Every chunk is decoded, so that none is believed that does not hold what it says. Errors of the kind [`Kind::Corrupt`] are about such a one,
    /// and name its series and times; where it came from is for the caller to say. All others are about the file.
    pub fn take(&mut self, piece: Piece) -> Result<()> {
        let Piece { labels, told } = piece;
        match told {
            Told::Samples(samples) => self.samples(labels, &samples),
            Told::Chunk(chunk) => self.chunk(labels, &chunk)?,
        }
        self.make_room()
    }

    /// Takes an exemplar, to be found with its series, in the window of its time; one outside of the range is left out, and counted as samples are.
    pub fn exemplar(&mut self, exemplar: &Exemplar) -> Result<()> {
        if !self.range.contains(&exemplar.time_ms) {
            self.outside += 1;
            return Ok(());
        }
        let mut series = self.grouped.series(exemplar.series.clone());
        series.exemplar(self.windows, exemplar);
        self.make_room()
    }

    /// What comes from here on may be taken back.
    pub fn mark(&mut self) -> Result<()> {
        if !self.grouped.is_empty() {
            self.runs.push(self.grouped.flush(&mut self.disk)?);
        }
        self.marked = Mark {
            runs: self.runs.len(),
            disk_bytes: self.disk.length(),
            outside: self.outside,
        };
        Ok(())
    }

    /// All that came since the last mark is as if it had not.
    pub fn take_back(&mut self) {
        self.grouped = Grouped::default();
        self.runs.truncate(self.marked.runs);
        self.disk.forget_from(self.marked.disk_bytes);
        self.outside = self.marked.outside;
    }

    /// How many samples and exemplars lay outside of the range.
    #[must_use]
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// How much is on disk.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.disk.length()
    }

    /// Brings all that came into order.
    pub fn finish(mut self) -> Result<Sorted> {
        self.runs.push(self.grouped.flush(&mut self.disk)?);
        // What memory is left to the series is given back before runs are read into it.
        drop(self.grouped);
        let Self {
            folder,
            memory_bytes,
            windows,
            disk,
            runs,
            ..
        } = self;
        Sorted::new(&folder, memory_bytes, disk, runs, windows)
    }

    fn make_room(&mut self) -> Result<()> {
        if self.grouped.memory_bytes() >= self.memory_bytes {
            self.runs.push(self.grouped.flush(&mut self.disk)?);
        }
        Ok(())
    }

    fn samples(&mut self, labels: Labels, samples: &[Sample]) {
        let inside = |sample: &&Sample| self.range.contains(&sample.time_ms);
        let count = samples.iter().filter(inside).count();
        self.outside += (samples.len() - count) as u64;
        if count > 0 {
            let mut series = self.grouped.series(labels);
            for sample in samples.iter().filter(inside) {
                series.sample(self.windows, sample);
            }
        }
    }

    fn chunk(&mut self, labels: Labels, chunk: &Chunk) -> Result<()> {
        let wrong = |why: String| {
            let Chunk {
                min_time_ms: min,
                max_time_ms: max,
                ..
            } = chunk;
            Error::new(
                Kind::Corrupt,
                format!("use a chunk of {labels} from {min} to {max}"),
            )
            .because(why)
        };
        if chunk.data.len() > LONGEST_CHUNK_BYTES {
            return Err(wrong(format!("it has {} bytes", chunk.data.len())));
        }
        let told = (chunk.min_time_ms, chunk.max_time_ms);
        let holds = |first, last| {
            if (first, last) == told {
                Ok(())
            } else {
                Err(wrong(format!("its samples are from {first} to {last}")))
            }
        };
        let window = self.windows.around(chunk.min_time_ms);
        let is_within = |range: &Range<i64>| range.contains(&told.0) && range.contains(&told.1);
        match decode::summary(chunk.encoding.number(), &chunk.data) {
            Ok(summary) if summary.samples == 0 => return Err(wrong("it has no samples".into())),
            Ok(summary) => {
                holds(summary.first_ms, summary.last_ms)?;
                if is_within(&window) && is_within(&self.range) {
                    let samples = u32::try_from(summary.samples).unwrap_or(u32::MAX);
                    let mut series = self.grouped.series(labels);
                    series.chunk(self.windows, chunk, samples);
                    return Ok(());
                }
            }
            // A time that is repeated does no harm, when samples are taken one by one.
            Err(_) => {}
        }
        let samples = || decode::samples(chunk.encoding.number(), &chunk.data);
        let (mut first, mut last) = (None, None);
        for sample in samples() {
            let time = sample.map_err(|err| wrong(err.to_string()))?.time_ms;
            if let Some(last) = last.filter(|last| *last > time) {
                return Err(wrong(format!("a sample of {time} follows one of {last}")));
            }
            first = first.or(Some(time));
            last = Some(time);
        }
        let (first, last) = first
            .zip(last)
            .ok_or_else(|| wrong("it has no samples".into()))?;
        holds(first, last)?;
        // One by one, for a few bytes may tell of very many.
        for sample in samples().flatten() {
            self.samples(labels.clone(), &[sample]);
            self.make_room()?;
        }
        Ok(())
    }
}
