//! What a source brings, piece by piece.

use super::chunk::Chunk;
use super::labels::Labels;
use super::sample::Sample;

/// What a source brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Samples.
    Piece(Piece),
    /// What a metric is.
    Metadata(Metadata),
    /// An example of what was observed. Blocks have no place for it.
    Exemplar(Exemplar),
    /// What has no place in Prometheus' model, or cannot be read, and was passed over.
    LeftOut(LeftOut),
    /// What comes from here on may be taken back.
    Mark,
    /// What came since the last mark counts for nothing: it comes anew. The mark stays.
    TakenBack,
}

/// Samples of one series that came together.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The series.
    pub labels: Labels,
    /// Its samples.
    pub told: Told,
}

/// How samples came.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// One by one, in the order in which the source tells them, which need not be that of time.
    Samples(Vec<Sample>),
    /// Encoded, by time.
    Chunk(Chunk),
}

impl Told {
    /// How many there are; of a chunk, as many as it says.
    #[must_use]
    pub fn samples(&self) -> u64 {
        match self {
            Self::Samples(samples) => samples.len() as u64,
            Self::Chunk(chunk) => {
                let many = chunk.data.first_chunk().copied();
                u16::from_be_bytes(many.unwrap_or_default()).into()
            }
        }
    }

    /// The first and the last time of them; `None` where there is none.
    #[must_use]
    pub fn times_ms(&self) -> Option<(i64, i64)> {
        match self {
            Self::Samples(samples) => {
                let times = || samples.iter().map(|sample| sample.time_ms);
                Some((times().min()?, times().max()?))
            }
            Self::Chunk(chunk) => Some((chunk.min_time_ms, chunk.max_time_ms)),
        }
    }
}

/// What a metric is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// The metric family's name.
    pub family: String,
    /// `counter`, `gauge`, `histogram`, `gaugehistogram`, `summary`, `info`, `stateset` or `unknown`.
    pub kind: &'static str,
    /// What it says of itself.
    pub help: String,
    /// In which unit; may be empty.
    pub unit: String,
}

/// An example of what was observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// The series.
    pub series: Labels,
    /// Labels of its own, such as the id of a trace.
    pub labels: Labels,
    /// What was observed.
    pub value: f64,
    /// In milliseconds since the epoch.
    pub time_ms: i64,
}

/// Something that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its kind, such as `text-field`: what is counted together. Lower case, with dashes.
    pub kind: &'static str,
    /// How many samples, lines or points.
    pub count: u64,
    /// Which one, and where: one line.
    pub example: String,
}
