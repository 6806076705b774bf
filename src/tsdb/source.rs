//! What a caller brings: the files of a block, and what its meta.json says about them.

use std::ops::Range;

/// A file of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `index`.
    Index,
    /// A segment below `chunks/`, by its place in [`Block::segments`].
    Segment(usize),
    /// `tombstones`.
    Tombstones,
}

/// Where the files of one block are read.
///
/// Reads are of up to [`WINDOW_BYTES`](crate::tsdb::WINDOW_BYTES), or of a single chunk or entry that is longer, and go through each file from its
/// beginning to its end, but for a few: the end of the index comes first, postings that are out of order are read where they lie, and so is what names a series in a finding.
/// One thread reads at a time. An error ends the check, so that this is also how to stop it.
pub trait BlockFiles {
    /// Why something could not be read.
    type Error;

    /// Fills `into` with the bytes of `file` that begin at `offset`; all of them lie within the size that [`Block`] gives.
    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<(), Self::Error>;

    /// Tells that this range will be read from its beginning on, piece by piece, so that what is far away can be fetched ahead of that.
    ///
    /// Two ranges at most are read at the same time: that of the series and a segment, or two of the index. Whoever is told of one more
    /// may forget the oldest. The end of a range may never be read. A source that is near does nothing, as here.
    fn ahead(&self, file: File, range: Range<u64>) {
        let _ = (file, range);
    }
}

/// A segment of chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its name below `chunks/`, such as `000001`.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// How long the files of a block are, and what its meta.json says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The size of `index` in bytes.
    pub index_size: u64,
    /// The segments in ascending order of their names: the index counts them.
    pub segments: Vec<Segment>,
    /// The size of `tombstones` in bytes, where the block has that file.
    pub tombstones_size: Option<u64>,
    /// meta.json's `minTime`, in milliseconds.
    pub min_time: i64,
    /// meta.json's `maxTime`, in milliseconds: no sample is as late as that.
    pub max_time: i64,
    /// meta.json's `stats`; what is absent there is not compared.
    pub stats: Stats,
}

/// Numbers of meta.json. Each that is `None` is not compared.
///
/// Thanos copies some of them from the raw block when it downsamples: give [`Stats::downsampled`] there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// `numSeries`.
    pub series: Option<u64>,
    /// `numChunks`.
    pub chunks: Option<u64>,
    /// `numSamples`.
    pub samples: Option<u64>,
    /// `numFloatSamples`.
    pub float_samples: Option<u64>,
    /// `numHistogramSamples`.
    pub histogram_samples: Option<u64>,
    /// `numTombstones`, which is compared where there is a file of tombstones.
    pub tombstones: Option<u64>,
}

impl Stats {
    /// What a downsampled block's meta.json says about that block, and not about the one that it was made of.
    #[must_use]
    pub const fn downsampled(self) -> Self {
        Self {
            float_samples: None,
            histogram_samples: None,
            tombstones: None,
            ..self
        }
    }
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The version of the index's format: 1, 2 or 3.
    pub index_version: u8,
    /// Symbols in the index.
    pub symbols: u64,
    /// Series in the index.
    pub series: u64,
    /// Label pairs, each with postings.
    pub label_pairs: u64,
    /// Chunks that series refer to.
    pub chunks: u64,
    /// Samples in them; of downsampled chunks those of the count.
    pub samples: u64,
    /// Samples in chunks of floats.
    pub float_samples: u64,
    /// Samples in chunks of histograms.
    pub histogram_samples: u64,
    /// Chunks that are encoded in a newer way than Thanos 0.42 reads.
    pub unreadable_chunks: u64,
    /// Intervals that are deleted.
    pub tombstones: u64,
    /// Bytes that were read.
    pub bytes: u64,
}
