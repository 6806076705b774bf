//! One series in one window: what came of it becomes samples in the order of time, or chunks of them.
//!
//! Of samples of one time the one counts that came first, as for Prometheus. A chunk that came as such and overlaps nothing else is kept byte for
//! byte; all else is encoded anew, as if each sample had come by itself.

use std::vec;

use super::counts::Counts;
use super::histograms;
use super::overlap::{Came, Overlap, Torn, overlapping};
use super::part::{Form, Part, Samples};
use crate::error::{Error, Kind, Result};
use crate::samples::{
    Chunk, Encoding, Exemplar, Histogram, Labels, ResetHint, Sample, Value, is_stale,
};
use crate::tsdb::encode::Encoder;

/// A series in a window, and what came of it.
#[derive(Debug)]
pub struct Series {
    /// Which one.
    pub labels: Labels,
    parts: Vec<Part>,
    exemplars: Vec<Part>,
}

impl Series {
    pub(super) fn new(labels: Labels, parts: Vec<Part>) -> Self {
        let is_sample = |part: &Part| part.form != Form::Exemplars;
        let (parts, exemplars) = parts.into_iter().partition(is_sample);
        Self {
            labels,
            parts,
            exemplars,
        }
    }

    /// Its exemplars, by time, and those of one time in the order in which they came.
    ///
    /// Errors: what was spooled of them is not what came.
    pub fn exemplars(&self) -> Result<Vec<Exemplar>> {
        let parts = self.exemplars.iter();
        let mut all: Vec<Exemplar> = parts
            .flat_map(|part| part.exemplars(&self.labels))
            .collect();
        let told = self.exemplars.iter().map(|part| part.samples as usize);
        if all.len() != told.sum::<usize>() {
            return Err(self.torn());
        }
        all.sort_by_key(|exemplar| exemplar.time_ms);
        Ok(all)
    }

    /// Its samples, each later than the one before. What they are and what was left out is added to the counts as they pass.
    pub fn samples<'a>(&'a self, counts: &'a mut Counts) -> impl Iterator<Item = Result<Sample>> {
        let walk = Walk::new(self, Chunks::AreDecoded, counts);
        walk.filter_map(|step| match step {
            Ok(Step::Sample(sample)) => Some(Ok(sample)),
            Ok(Step::Kept(_)) => None,
            Err(err) => Some(Err(err)),
        })
    }

    /// Its samples as chunks, each later than the one before: those that came so and can be kept are, the others are made as Prometheus makes them.
    /// What they hold and what was left out is added to the counts. Errors are those of `each`, and histograms that contradict themselves.
    pub fn chunks(
        &self,
        counts: &mut Counts,
        each: &mut dyn FnMut(Chunk) -> Result<()>,
    ) -> Result<()> {
        let mut encoder = Encoder::default();
        for step in Walk::new(self, Chunks::AreKept, counts) {
            let (ended, kept) = match step? {
                Step::Kept(chunk) => (encoder.finish(), Some(chunk)),
                Step::Sample(sample) => {
                    let ended = encoder.take(sample);
                    (ended.map_err(|err| self.wrong(err))?, None)
                }
            };
            for chunk in [ended, kept].into_iter().flatten() {
                each(chunk)?;
            }
        }
        encoder.finish().map_or(Ok(()), each)
    }

    fn torn(&self) -> Error {
        Error::new(Kind::Corrupt, format!("read {}", self.labels))
            .because("what was spooled of it cannot be decoded")
    }

    fn wrong(&self, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::new(Kind::Corrupt, format!("encode {}", self.labels)).because(why)
    }
}

/// What becomes of a chunk that overlaps nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chunks {
    AreKept,
    AreDecoded,
}

/// What follows next by time.
enum Step {
    Kept(Chunk),
    Sample(Sample),
}

/// Goes through a series by time.
struct Walk<'a> {
    series: &'a Series,
    chunks: Chunks,
    counts: &'a mut Counts,
    /// Parts that overlap, by time.
    overlapping: vec::IntoIter<Vec<Came<'a>>>,
    now: Now<'a>,
    /// How many samples had come when the last one did that was given, itself included.
    given: u64,
}

enum Now<'a> {
    /// A part that overlaps none, how many of its samples are left, and how many samples came before them.
    Alone(Samples<'a>, u32, u64),
    /// Several that overlap, or one that is not sorted.
    Overlapping(Overlap<'a>),
}

impl<'a> Walk<'a> {
    fn new(series: &'a Series, chunks: Chunks, counts: &'a mut Counts) -> Self {
        Self {
            series,
            chunks,
            counts,
            overlapping: overlapping(&series.parts).into_iter(),
            now: Now::Overlapping(Overlap::new(Vec::new())),
            given: 0,
        }
    }

    /// A part of which every sample counts.
    fn alone(&mut self, came: Came<'a>) -> Option<Step> {
        let Came { part, before, .. } = came;
        let samples = u64::from(part.samples);
        self.counts.samples += samples;
        if !matches!(part.form, Form::Floats | Form::Chunk(Encoding::Xor)) {
            self.counts.histograms += samples;
        }
        // It overlaps none, so what was later is later than all of it.
        if came
            .latest_ms
            .is_some_and(|latest| latest > part.max_time_ms)
        {
            self.counts.out_of_order += samples;
        }
        if let (Chunks::AreKept, Form::Chunk(encoding)) = (self.chunks, part.form) {
            self.given = before + samples;
            return Some(Step::Kept(Chunk {
                encoding,
                min_time_ms: part.min_time_ms,
                max_time_ms: part.max_time_ms,
                data: part.data.clone(),
            }));
        }
        self.now = Now::Alone(part.samples(), part.samples, before);
        None
    }

    /// The next sample of those at hand, and how many came before it.
    fn next_sample(&mut self) -> Result<Option<(u64, Sample)>, Torn> {
        match &mut self.now {
            Now::Alone(_, 0, _) => Ok(None),
            Now::Alone(samples, left, before) => {
                let sample = samples.next().ok_or(Torn)?;
                let number = *before;
                *left -= 1;
                *before += 1;
                Ok(Some((number, sample)))
            }
            Now::Overlapping(overlap) => {
                let Some(first) = overlap.next()? else {
                    return Ok(None);
                };
                let Sample { time_ms, value } = &first.sample;
                self.counts.samples += 1;
                self.counts.histograms += u64::from(matches!(value, Value::Histogram(_)));
                self.counts.out_of_order += u64::from(first.is_late);
                while overlap.next_time_ms()? == Some(*time_ms) {
                    match overlap.next()? {
                        Some(other) if is_same(value, &other.sample.value) => {
                            self.counts.duplicates += 1;
                        }
                        _ => self.counts.conflicting += 1,
                    }
                }
                Ok(Some((first.number, first.sample)))
            }
        }
    }

    fn step(&mut self) -> Result<Option<Step>> {
        loop {
            if let Some((number, mut sample)) =
                self.next_sample().map_err(|Torn| self.series.torn())?
            {
                // What a histogram says of the one before it holds for the one that came before it alone.
                if let Value::Histogram(histogram) = &mut sample.value
                    && number != self.given
                    && histogram.reset_hint != ResetHint::Gauge
                {
                    histogram.reset_hint = ResetHint::Unknown;
                }
                self.given = number + 1;
                return Ok(Some(Step::Sample(sample)));
            }
            let Some(parts) = self.overlapping.next() else {
                return Ok(None);
            };
            match parts.split_first() {
                Some((first, copies)) if first.part.is_sorted && are_copies(first, copies) => {
                    let again = copies.iter().map(|copy| u64::from(copy.part.samples));
                    self.counts.duplicates += again.sum::<u64>();
                    if let Some(step) = self.alone(*first) {
                        return Ok(Some(step));
                    }
                }
                _ => self.now = Now::Overlapping(Overlap::new(parts)),
            }
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Step>;

    fn next(&mut self) -> Option<Result<Step>> {
        self.step().transpose()
    }
}

/// Whether all of these are the same chunk as the first, once more.
fn are_copies(first: &Came<'_>, others: &[Came<'_>]) -> bool {
    let is_chunk = matches!(first.part.form, Form::Chunk(_));
    others.is_empty() || (is_chunk && others.iter().all(|other| other.part == first.part))
}

/// Whether two values are the same to the last bit, but for what a histogram says of the one before it.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
        (Value::Histogram(one), Value::Histogram(other)) => is_same_histogram(one, other),
        _ => false,
    }
}

fn is_same_histogram(one: &Histogram, other: &Histogram) -> bool {
    if is_stale(one.sum) && is_stale(other.sum) {
        return true;
    }
    // What is the same to the last bit has the same bytes, behind the first: that has the hint.
    let (mut bytes, mut others) = (Vec::new(), Vec::new());
    histograms::put(&mut bytes, one);
    histograms::put(&mut others, other);
    bytes.get(1..) == others.get(1..)
}
