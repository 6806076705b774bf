//! Encodes the samples of a series as Prometheus does, bit for bit.
//!
//! Hidden here: when a chunk ends and the next begins. It does after [`MOST_SAMPLES`], where the kind of sample changes, and where a histogram has no
//! place behind the one before: after a reset, in another layout, behind a mark of staleness. Buckets that come later are made room for in the whole chunk.

mod bits;
mod floats;
mod histograms;
mod layout;
mod rows;
mod spans;
mod window;

use std::fmt;

use bits::BitWriter;
use histograms::Open;
use layout::Layout;
use rows::{Floats, Integers, Row};

use crate::samples::{Buckets, Chunk, Encoding, Histogram, Sample, Value};

/// How many samples a chunk has at most: what Prometheus aims at, and what it writes where chunks are encoded anew.
pub const MOST_SAMPLES: usize = 120;

/// A sample that no chunk can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Its time, in milliseconds since the epoch.
    pub time_ms: i64,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sample of {}: {}", self.time_ms, self.why)
    }
}

impl std::error::Error for Malformed {}

/// Encodes the samples of one series, which come by time, into chunks. Nothing comes behind an error.
pub fn chunks<I: IntoIterator<Item = Sample>>(samples: I) -> Chunks<I::IntoIter> {
    Chunks {
        samples: samples.into_iter(),
        encoder: Encoder::default(),
        ended: false,
    }
}

/// The chunks of [`chunks`].
#[derive(Debug)]
pub struct Chunks<I> {
    samples: I,
    encoder: Encoder,
    ended: bool,
}

impl<I: Iterator<Item = Sample>> Iterator for Chunks<I> {
    type Item = Result<Chunk, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        for sample in self.samples.by_ref() {
            match self.encoder.take(sample) {
                Ok(None) => {}
                Ok(Some(chunk)) => return Some(Ok(chunk)),
                Err(malformed) => {
                    self.ended = true;
                    return Some(Err(malformed));
                }
            }
        }
        self.ended = true;
        self.encoder.finish().map(Ok)
    }
}

/// Encodes samples one by one; the same as [`chunks`], for those who are called.
#[derive(Debug, Default)]
pub struct Encoder {
    /// What the open chunk has. Its samples are in one of those below, and the other two are empty.
    open: Option<Encoding>,
    floats: floats::Open,
    integers: Open<Integers>,
    float_histograms: Open<Floats>,
    /// The time of the sample before.
    before: Option<i64>,
    bits: BitWriter,
}

impl Encoder {
    /// Takes the next sample of the series, and returns the chunk that ends before it, if one does.
    ///
    /// Errors: it is not later than the one before, or a histogram that contradicts itself. It is not taken then.
    pub fn take(&mut self, sample: Sample) -> Result<Option<Chunk>, Malformed> {
        let Sample { time_ms, value } = sample;
        let malformed = |why| Malformed { time_ms, why };
        if let Some(before) = self.before.filter(|before| *before >= time_ms) {
            return Err(malformed(format!("it follows one of {before}")));
        }
        if let Value::Histogram(histogram) = &value {
            layout::check(histogram).map_err(malformed)?;
        }
        self.before = Some(time_ms);
        Ok(match value {
            Value::Float(value) => {
                let ended = self.make_room(Encoding::Xor);
                self.floats.push(time_ms, value);
                ended
            }
            Value::Histogram(histogram) => self.histogram(time_ms, *histogram),
        })
    }

    fn histogram(&mut self, time_ms: i64, histogram: Histogram) -> Option<Chunk> {
        let layout = Layout {
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            positive: histogram.positive_spans,
            negative: histogram.negative_spans,
            custom_values: histogram.custom_values,
        };
        let (hint, sum) = (histogram.reset_hint, histogram.sum);
        match histogram.buckets {
            Buckets::Integers {
                count,
                zero_count,
                positive,
                negative,
            } => {
                let row = Row {
                    time_ms,
                    count,
                    zero_count,
                    sum,
                    positive,
                    negative,
                };
                let ended = self.make_room(Encoding::Histogram);
                ended.or(self.integers.take(hint, layout, row, &mut self.bits))
            }
            Buckets::Floats {
                count,
                zero_count,
                positive,
                negative,
            } => {
                let row = Row {
                    time_ms,
                    count,
                    zero_count,
                    sum,
                    positive,
                    negative,
                };
                let ended = self.make_room(Encoding::FloatHistogram);
                let float_histograms = &mut self.float_histograms;
                ended.or(float_histograms.take(hint, layout, row, &mut self.bits))
            }
        }
    }

    /// The chunk that is open, if any is. What comes next is another series.
    pub fn finish(&mut self) -> Option<Chunk> {
        self.before = None;
        self.end()
    }

    /// Ends the open chunk unless one more sample of this kind has room in it.
    fn make_room(&mut self, encoding: Encoding) -> Option<Chunk> {
        let samples = match self.open {
            Some(Encoding::Xor) => self.floats.samples(),
            Some(Encoding::Histogram) => self.integers.samples(),
            Some(Encoding::FloatHistogram) => self.float_histograms.samples(),
            None => 0,
        };
        let ended = if self.open == Some(encoding) && samples < MOST_SAMPLES {
            None
        } else {
            self.end()
        };
        self.open = Some(encoding);
        ended
    }

    fn end(&mut self) -> Option<Chunk> {
        match self.open.take()? {
            Encoding::Xor => self.floats.end(),
            Encoding::Histogram => self.integers.end(&mut self.bits),
            Encoding::FloatHistogram => self.float_histograms.end(&mut self.bits),
        }
    }
}
