//! Writes blocks as Prometheus does: the same series and chunks make the same bytes.
//!
//! Hidden here: how an index comes to be whose first section tells what its last series says. Series come in order, and their chunks are written at once;
//! what the index says of them is set aside on the disk, and read again when all symbols are known. Memory holds the symbols, each once, and about
//! 16 bytes for each; 4 bytes for each series; and 16 MiB for postings, or 8 bytes for each series where that is more.

mod index;
mod meta;
mod output;
mod postings;
mod scratch;
mod segments;
mod symbols;
mod table;
#[cfg(test)]
mod tests;
mod told;

use std::fs;
use std::path::{Path, PathBuf};

use index::Index;
pub use meta::kinship;
pub use output::WrittenFile;
use output::sync;
use segments::Segments;
use told::CHUNKS;
pub use told::{About, Written};

use super::bytes::put_uvarint;
use super::disk::failed;
use super::series::Meta;
use super::source::Stats;
use crate::error::{Error, Kind, Result};
use crate::samples::{Chunk, Encoding, Labels};

/// Writes a block into a folder.
pub struct Writer {
    folder: PathBuf,
    segments: Segments,
    index: Index,
    before: Option<Labels>,
    metas: Vec<Meta>,
    counts: Counts,
}

/// What was counted.
struct Counts {
    series: u64,
    chunks: u64,
    float_samples: u64,
    histogram_samples: u64,
    min_time: i64,
    max_time: i64,
    largest_chunk: u64,
}

impl Writer {
    /// Begins a block in a folder that is empty, or that is made.
    ///
    /// Whoever is interrupted leaves a folder without meta.json behind.
    pub fn create(folder: &Path) -> Result<Self> {
        Self::with_segments(folder, segments::MOST_BYTES)
    }

    /// The same with segments of so many bytes.
    fn with_segments(folder: &Path, most: u64) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|err| failed("create", folder, err))?;
        let chunks = folder.join(CHUNKS);
        let mut entries = fs::read_dir(folder).map_err(|err| failed("read", folder, err))?;
        if entries.next().is_some() {
            let attempt = format!("write a block into {}: it is not empty", folder.display());
            return Err(Error::new(Kind::AlreadyExists, attempt));
        }
        fs::create_dir(&chunks).map_err(|err| failed("create", &chunks, err))?;
        Ok(Self {
            segments: Segments::new(folder, most),
            index: Index::create(folder)?,
            folder: folder.to_owned(),
            before: None,
            metas: Vec::new(),
            counts: Counts {
                series: 0,
                chunks: 0,
                float_samples: 0,
                histogram_samples: 0,
                min_time: i64::MAX,
                max_time: i64::MIN,
                largest_chunk: 0,
            },
        })
    }

    /// Writes a series: those before come before it in order, and each of its chunks begins behind the end of the one before. One without chunks is left out.
    ///
    /// Times are believed: [`summary`](super::decode::summary) tells whether they are those of the samples.
    ///
    /// Errors: the order is another, or a file cannot be written; the block cannot be finished then.
    pub fn series<'a>(
        &mut self,
        labels: &Labels,
        chunks: impl IntoIterator<Item = &'a Chunk>,
    ) -> Result<()> {
        let wrong = |what: String| {
            let attempt = format!("write series {labels} into a block: {what}");
            Err(Error::new(Kind::Corrupt, attempt))
        };
        if let Some(before) = self.before.as_ref().filter(|before| *before >= labels) {
            return wrong(format!("it follows {before}"));
        }
        self.metas.clear();
        let mut room = self.segments.room();
        for chunk in chunks {
            let (from, to) = (chunk.min_time_ms, chunk.max_time_ms);
            let samples = match chunk.data.first_chunk() {
                Some(samples) if *samples != [0; 2] && from <= to => u16::from_be_bytes(*samples),
                _ => return wrong(format!("its chunk from {from} to {to} has no samples")),
            };
            if let Some(before) = self.metas.last().filter(|before| before.max_time >= from) {
                let end = before.max_time;
                return wrong(format!(
                    "its chunk from {from} to {to} follows one to {end}"
                ));
            }
            let reference = self.segments.put(&mut room, chunk)?;
            self.metas.push(Meta {
                min_time: from,
                max_time: to,
                reference,
            });
            self.counts.take(chunk, samples.into());
        }
        if self.metas.is_empty() {
            return Ok(());
        }
        self.index.series(labels, &self.metas)?;
        self.counts.series += 1;
        self.before = Some(labels.clone());
        Ok(())
    }

    /// Writes what is left: the index, and meta.json last, when all files are on the disk. Where there was no series nothing is left, and there is no block.
    ///
    /// Errors: a sample is as late as the end of the range or later, or a file cannot be written. There is no meta.json then.
    pub fn finish(self, about: &About) -> Result<Option<Written>> {
        let Self {
            folder,
            segments,
            index,
            counts,
            ..
        } = self;
        let max_time_ms = about.max_time_ms;
        if counts.series > 0 && counts.max_time >= max_time_ms {
            let latest = counts.max_time;
            let attempt = format!("write a block up to {max_time_ms}: a sample is of {latest}");
            return Err(Error::new(Kind::Corrupt, attempt));
        }
        let mut files = segments.end()?;
        if counts.series == 0 {
            index.abandon()?;
            let chunks = folder.join(CHUNKS);
            fs::remove_dir(&chunks).map_err(|err| failed("remove", &chunks, err))?;
            return Ok(None);
        }
        let (index, largest_series) = index.end()?;
        files.push(index);
        sync(&folder)?;
        let stats = Stats {
            series: Some(counts.series),
            chunks: Some(counts.chunks),
            samples: Some(counts.float_samples + counts.histogram_samples),
            float_samples: Some(counts.float_samples),
            histogram_samples: Some(counts.histogram_samples),
            tombstones: None,
        };
        let mut written = Written {
            id: meta::id(about, counts.min_time, &files)?,
            min_time_ms: counts.min_time,
            max_time_ms,
            stats,
            files: Vec::new(),
        };
        written.files = files;
        meta::write(
            &folder,
            about,
            &written,
            counts.largest_chunk,
            largest_series,
        )?;
        Ok(Some(written))
    }
}

impl Counts {
    fn take(&mut self, chunk: &Chunk, samples: u64) {
        self.chunks += 1;
        match chunk.encoding {
            Encoding::Xor => self.float_samples += samples,
            Encoding::Histogram | Encoding::FloatHistogram => self.histogram_samples += samples,
        }
        self.min_time = self.min_time.min(chunk.min_time_ms);
        self.max_time = self.max_time.max(chunk.max_time_ms);
        let mut length = Vec::new();
        put_uvarint(&mut length, chunk.data.len() as u64);
        let bytes = length.len() + 1 + chunk.data.len() + 4;
        self.largest_chunk = self.largest_chunk.max(bytes as u64);
    }
}
