//! What is wrong with a block, in words for people and in kinds for programs.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

/// What sort of damage a finding is about.
///
/// [`Kind::name`] is stable: it is meant for documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A file ends before what it has to hold.
    Truncated,
    /// A file does not begin as its kind of file does.
    BadMagic,
    /// A file is of a version that no release has written.
    UnknownVersion,
    /// A section of the index does not have the checksum that is written behind it.
    IndexChecksum,
    /// Something in the index does not parse, or lies where it cannot.
    IndexMalformed,
    /// Bytes that only fill a gap are not zero.
    PaddingNotZero,
    /// Symbols are not in ascending order.
    SymbolsUnsorted,
    /// A symbol is referred to that does not exist.
    DanglingSymbol,
    /// Series are not in ascending order of their labels.
    SeriesUnsorted,
    /// A series does not begin at a multiple of 16.
    SeriesMisaligned,
    /// A series has no labels or no chunks.
    SeriesEmpty,
    /// The names of a series' labels are not in ascending order.
    LabelsUnsorted,
    /// A chunk ends after the next of its series begins.
    ChunksOverlap,
    /// A chunk holds times outside of its block.
    ChunkOutOfBlock,
    /// Chunks do not lie in the order of the series that they belong to.
    ReferencesUnsorted,
    /// A reference leads nowhere: to no chunk, no series, no section.
    DanglingReference,
    /// Postings, or the table of their offsets, are not in ascending order.
    PostingsUnsorted,
    /// A series is missing in the postings of one of its labels, or in those of all series.
    PostingsIncomplete,
    /// Postings name a series that does not have their label.
    PostingsSurplus,
    /// A label index does not hold the values of its label, in order.
    LabelIndexDiffers,
    /// A chunk does not have the checksum that is written behind it.
    ChunkChecksum,
    /// A chunk cannot be decoded although its checksum is right.
    ChunkUndecodable,
    /// A chunk has no samples.
    ChunkEmpty,
    /// A chunk begins or ends at another time than the index says.
    ChunkTimesDiffer,
    /// Bytes between chunks, or behind the last, belong to no series.
    ChunkUnreferenced,
    /// Samples of a chunk are not in ascending order of time.
    SamplesUnsorted,
    /// A chunk's encoding is none that is known.
    UnknownEncoding,
    /// Something is larger than any writer makes it, and was not read.
    Oversized,
    /// A chunk's encoding is one of newer versions of Prometheus, or the index of a format, that Thanos 0.42 cannot read. No damage.
    UnreadableByThanos,
    /// The tombstones do not have the checksum that is written behind them.
    TombstonesChecksum,
    /// A tombstone does not parse, or its range of time is none.
    TombstonesMalformed,
    /// A number is another in meta.json's statistics.
    StatsDiffer,
}

impl Kind {
    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::BadMagic => "bad-magic",
            Self::UnknownVersion => "unknown-version",
            Self::IndexChecksum => "index-checksum",
            Self::IndexMalformed => "index-malformed",
            Self::PaddingNotZero => "padding-not-zero",
            Self::SymbolsUnsorted => "symbols-unsorted",
            Self::DanglingSymbol => "dangling-symbol",
            Self::SeriesUnsorted => "series-unsorted",
            Self::SeriesMisaligned => "series-misaligned",
            Self::SeriesEmpty => "series-empty",
            Self::LabelsUnsorted => "labels-unsorted",
            Self::ChunksOverlap => "chunks-overlap",
            Self::ChunkOutOfBlock => "chunk-out-of-block",
            Self::ReferencesUnsorted => "references-unsorted",
            Self::DanglingReference => "dangling-reference",
            Self::PostingsUnsorted => "postings-unsorted",
            Self::PostingsIncomplete => "postings-incomplete",
            Self::PostingsSurplus => "postings-surplus",
            Self::LabelIndexDiffers => "label-index-differs",
            Self::ChunkChecksum => "chunk-checksum",
            Self::ChunkUndecodable => "chunk-undecodable",
            Self::ChunkEmpty => "chunk-empty",
            Self::ChunkTimesDiffer => "chunk-times-differ",
            Self::ChunkUnreferenced => "chunk-unreferenced",
            Self::SamplesUnsorted => "samples-unsorted",
            Self::UnknownEncoding => "unknown-encoding",
            Self::Oversized => "oversized",
            Self::UnreadableByThanos => "unreadable-by-thanos",
            Self::TombstonesChecksum => "tombstones-checksum",
            Self::TombstonesMalformed => "tombstones-malformed",
            Self::StatsDiffer => "stats-differ",
        }
    }

    /// Whether it means damage: all kinds do, but for data that is newer than its readers.
    #[must_use]
    pub const fn is_damage(self) -> bool {
        !matches!(self, Self::UnreadableByThanos)
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is wrong. Displayed, it is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What sort of thing.
    pub kind: Kind,
    /// The file below the block's folder, such as `index` or `chunks/000001`.
    pub file: String,
    /// Where in the file, in bytes, if it is about one place.
    pub offset: Option<u64>,
    /// The labels of the series that it is about, as Prometheus prints them.
    pub series: Option<String>,
    /// What is wrong, in words that name the section.
    pub what: String,
    /// Where the entry of that series begins in the index.
    pub(crate) series_at: Option<u64>,
}

impl Finding {
    pub(crate) fn new(kind: Kind, file: &str, offset: u64, what: impl Into<String>) -> Self {
        Self {
            kind,
            file: file.to_owned(),
            offset: Some(offset),
            series: None,
            what: what.into(),
            series_at: None,
        }
    }

    pub(crate) fn of_series(mut self, entry: u64) -> Self {
        self.series_at = Some(entry);
        self
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.file)?;
        if let Some(offset) = self.offset {
            write!(f, " at {offset}")?;
        }
        if let Some(series) = &self.series {
            write!(f, ", series {series}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// What was found in a block: of each kind a bounded number, and how many there are in all.
#[derive(Debug)]
pub struct Findings {
    cap: usize,
    kept: BTreeMap<Kind, Vec<Finding>>,
    counts: BTreeMap<Kind, u64>,
}

impl Findings {
    /// Keeps so many findings of each kind, the first by file and offset, and counts the others.
    #[must_use]
    pub const fn new(cap_per_kind: usize) -> Self {
        Self {
            cap: cap_per_kind,
            kept: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// How many there are of each kind, those that were not kept included.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// How many there are, of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether anything was found that means damage.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.counts.keys().any(|kind| kind.is_damage())
    }

    /// Those that were kept, by kind, and by file and offset within each.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.kept.values().flatten()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.kept.values_mut().flatten()
    }

    pub(crate) const fn cap(&self) -> usize {
        self.cap
    }

    /// Whether one more of that kind would be kept; its words need not be made otherwise.
    pub(crate) fn wants(&self, kind: Kind) -> bool {
        self.kept.get(&kind).map_or(0, Vec::len) < self.cap
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        *self.counts.entry(finding.kind).or_default() += 1;
        if self.wants(finding.kind) {
            self.kept.entry(finding.kind).or_default().push(finding);
        }
    }

    /// Counts one, whose words are made only where it is kept.
    pub(crate) fn add(&mut self, kind: Kind, finding: impl FnOnce() -> Finding) {
        if self.wants(kind) {
            self.push(finding());
        } else {
            *self.counts.entry(kind).or_default() += 1;
        }
    }

    /// Takes in what another part of the same check found.
    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        for (kind, findings) in other.kept {
            let kept = self.kept.entry(kind).or_default();
            kept.extend(findings);
            kept.sort_by(|one, other| {
                (&one.file, one.offset, &one.what).cmp(&(&other.file, other.offset, &other.what))
            });
            kept.truncate(self.cap);
        }
    }
}
