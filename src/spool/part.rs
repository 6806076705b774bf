//! A run of samples of one series, or a chunk of them, as it lies in the spool.

use std::iter;
use std::ops::RangeInclusive;

use bytes::Bytes;

use super::floats::Before;
use super::histograms;
use crate::samples::{Encoding, Exemplar, Labels, Sample, Value};
use crate::tsdb::bytes::Cursor;
use crate::tsdb::decode;

/// Form, length of the data, how many samples, when the first and the last of them by time were taken.
pub(super) const HEADER_BYTES: usize = 1 + 4 + 4 + 8 + 8;

/// Set in the byte of the form for a run whose times do not ascend.
const UNSORTED: u8 = 0x80;

/// How samples are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A run of numbers that came one by one.
    Floats,
    /// A run of histograms that did.
    Histograms,
    /// A chunk that came so.
    Chunk(Encoding),
    /// A run of exemplars: none of them is a sample.
    Exemplars,
}

impl Form {
    fn number(self) -> u8 {
        match self {
            Self::Floats => 0,
            Self::Histograms => 0x10,
            Self::Exemplars => 0x20,
            Self::Chunk(encoding) => encoding.number(),
        }
    }

    fn of_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Floats),
            0x10 => Some(Self::Histograms),
            0x20 => Some(Self::Exemplars),
            number => Encoding::of_number(number).map(Self::Chunk),
        }
    }
}

/// A run, or a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) form: Form,
    /// Whether each sample is later than the one before.
    pub(super) is_sorted: bool,
    /// At least one.
    pub(super) samples: u32,
    /// The least time.
    pub(super) min_time_ms: i64,
    /// The greatest.
    pub(super) max_time_ms: i64,
    pub(super) data: Bytes,
}

impl Part {
    /// Takes the next one off the front of what [`Parts`](super::parts::Parts) hold; `None` for what they could not.
    pub(super) fn take(rest: &mut Bytes) -> Option<Self> {
        let mut cursor = Cursor::new(rest);
        let number = cursor.byte()?;
        let length = usize::try_from(cursor.u32()?).ok()?;
        let samples = cursor.u32()?;
        let min_time_ms = cursor.u64()?.cast_signed();
        let max_time_ms = cursor.u64()?.cast_signed();
        if length > cursor.left() {
            return None;
        }
        let mut data = rest.split_to(HEADER_BYTES + length);
        Some(Self {
            form: Form::of_number(number & !UNSORTED)?,
            is_sorted: number & UNSORTED == 0,
            samples,
            min_time_ms,
            max_time_ms,
            data: data.split_off(HEADER_BYTES),
        })
    }
}

/// What stands in front of the data of a part.
pub(super) fn header(
    form: Form,
    is_sorted: bool,
    length: u32,
    samples: u32,
    times: RangeInclusive<i64>,
) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let number = form.number() | if is_sorted { 0 } else { UNSORTED };
    let bytes = [number]
        .into_iter()
        .chain(length.to_be_bytes())
        .chain(samples.to_be_bytes())
        .chain(times.start().to_be_bytes())
        .chain(times.end().to_be_bytes());
    for (free, byte) in header.iter_mut().zip(bytes) {
        *free = byte;
    }
    header
}

/// How long the part at the front is; `None` where there is none.
pub(super) fn length(parts: &[u8]) -> Option<usize> {
    let length = parts.get(1..)?.first_chunk()?;
    let length = HEADER_BYTES.checked_add(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    (length <= parts.len()).then_some(length)
}

/// The samples of a part, in the order in which they came. `None` ends it early where the bytes are none that were written.
pub(super) enum Samples<'a> {
    Floats(Cursor<'a>, Before),
    Histograms(Cursor<'a>, i64),
    Chunk(Box<decode::Samples<'a>>),
    None,
}

impl Part {
    /// The samples, as many as the part says; one that is an error ends them.
    pub(super) fn samples(&self) -> Samples<'_> {
        let cursor = Cursor::new(&self.data);
        match self.form {
            Form::Floats => Samples::Floats(cursor, Before::default()),
            Form::Histograms => Samples::Histograms(cursor, 0),
            Form::Chunk(encoding) => {
                let samples = decode::samples(encoding.number(), &self.data);
                Samples::Chunk(Box::new(samples))
            }
            Form::Exemplars => Samples::None,
        }
    }

    /// The exemplars of a series, in the order in which they came; fewer than the part says where the bytes are none that were written.
    pub(super) fn exemplars(&self, series: &Labels) -> impl Iterator<Item = Exemplar> {
        let mut cursor = Cursor::new(&self.data);
        let take = move || {
            Some(Exemplar {
                series: series.clone(),
                time_ms: cursor.u64()?.cast_signed(),
                value: f64::from_bits(cursor.u64()?),
                labels: Labels::of_packed(cursor.string()?)?,
            })
        };
        iter::from_fn(take).take(self.samples as usize)
    }
}

impl Iterator for Samples<'_> {
    type Item = Sample;

    #[inline]
    fn next(&mut self) -> Option<Sample> {
        match self {
            Self::Floats(cursor, before) => {
                let (time_ms, value) = before.take(cursor)?;
                let value = Value::Float(value);
                Some(Sample { time_ms, value })
            }
            Self::Histograms(cursor, before) => {
                let time_ms = before.wrapping_add(cursor.varint()?);
                *before = time_ms;
                let value = Value::Histogram(Box::new(histograms::take(cursor)?));
                Some(Sample { time_ms, value })
            }
            Self::Chunk(samples) => samples.next()?.ok(),
            Self::None => None,
        }
    }
}
