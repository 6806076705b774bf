//! What is said of a chunk's samples: how many, from when to when, or why that cannot be told.

use crate::tsdb::finding::Kind;

/// What a chunk's samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Numbers.
    Float,
    /// Native histograms, of integers or of floats.
    Histogram,
    /// What Thanos makes of many samples.
    Aggregate,
}

/// The times of a chunk's samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) samples: u64,
    pub(crate) first: i64,
    /// Of the sample behind the first; where there is none, of the first.
    pub(crate) second: i64,
    pub(crate) last: i64,
}

/// Why a chunk whose checksum is right cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: Kind,
    pub(crate) what: String,
}

impl Trouble {
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
        }
    }

    pub(super) fn ends_early(read: u64, samples: u64) -> Self {
        let what = format!("the data ends within sample {} of {samples}", read + 1);
        Self::new(Kind::ChunkUndecodable, what)
    }

    pub(super) fn unknown_encoding(encoding: u8) -> Self {
        let what = format!("chunk of encoding {encoding}, which none is known by");
        Self::new(Kind::UnknownEncoding, what)
    }

    pub(super) fn backwards(time: i64, before: i64) -> Self {
        let what = format!("a sample of {time} follows one of {before}");
        Self::new(Kind::SamplesUnsorted, what)
    }
}

/// How the times of a chunk's samples follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Each is later than the one before.
    Ascending,
    /// None is earlier than the one before: Thanos' counters repeat a time.
    Repeating,
}

impl Order {
    #[inline]
    pub(super) fn holds(self, time: i64, before: i64) -> bool {
        time > before || (time == before && self == Self::Repeating)
    }
}
