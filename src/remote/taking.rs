//! What a server told by remote read becomes what is handed on, if it makes sense and was asked for.

use std::ops::Range;

use bytes::Bytes;
use prost::Message as _;

use super::delivered::{Brought, Delivered};
use super::server::Wanted;
use super::trouble::Trouble;
use super::{histogram, proto};
use crate::error::Kind;
use crate::samples::{Builder, Chunk, Encoding, Item, Labels, Piece, Sample, Told, Value};
use crate::tsdb::decode;

/// Reads the messages of one answer.
pub(super) struct Taking<'a> {
    wanted: &'a Wanted<'a>,
    /// The series of the message before, and what is made of its labels: a long one comes in several messages.
    last: Option<(Vec<proto::Label>, Option<Labels>)>,
}

/// What no other try mends.
pub(super) fn senseless(why: impl Into<String>) -> Trouble {
    Trouble::Failed(Kind::Corrupt, why.into())
}

impl<'a> Taking<'a> {
    pub(super) fn new(wanted: &'a Wanted<'a>) -> Self {
        Self { wanted, last: None }
    }

    /// One frame of a streamed answer. Nothing of it is handed on unless the encodings of all of its chunks are known.
    pub(super) fn frame(
        &mut self,
        frame: Bytes,
        delivered: &mut Delivered<'_, '_>,
    ) -> Result<(), Trouble> {
        let message = proto::ChunkedReadResponse::decode(frame);
        let message = message.map_err(|err| senseless(format!("a frame is no message: {err}")))?;
        if message.query_index != 0 {
            let index = message.query_index;
            return Err(senseless(format!(
                "one query was asked, and the answer is to number {index}"
            )));
        }
        let mut chunks = message.chunked_series.iter().flat_map(|one| &one.chunks);
        if let Some(chunk) = chunks.find(|chunk| number(chunk).is_none()) {
            let number = chunk.r#type;
            return Err(Trouble::OtherForm(format!(
                "a chunk has encoding {number}, which nobody knows"
            )));
        }
        for series in message.chunked_series {
            let Some(labels) = self.labels(series.labels)? else {
                continue;
            };
            for raw in series.chunks {
                let told = self.chunk(raw, &mut delivered.brought);
                let told = told.map_err(|why| senseless(format!("{labels}: {why}")))?;
                hand_on(&labels, told, delivered)?;
            }
        }
        Ok(())
    }

    /// The message of an answer in one piece.
    pub(super) fn whole(
        &mut self,
        message: &[u8],
        delivered: &mut Delivered<'_, '_>,
    ) -> Result<(), Trouble> {
        let message = proto::ReadResponse::decode(message);
        let message =
            message.map_err(|err| Trouble::Garbled(format!("it is no message: {err}")))?;
        let [_] = message.results.as_slice() else {
            // None at all is what nothing reads as.
            let results = message.results.len();
            return Err(Trouble::Garbled(format!(
                "one query was asked, and it holds {results} answers"
            )));
        };
        for series in message.results.into_iter().flat_map(|one| one.timeseries) {
            let Some(labels) = self.labels(series.labels)? else {
                continue;
            };
            let samples = by_time(series.samples, series.histograms);
            let samples = samples.map_err(|why| senseless(format!("{labels}: {why}")))?;
            let told = self.within(samples, &mut delivered.brought);
            hand_on(&labels, told, delivered)?;
        }
        Ok(())
    }

    /// Samples of one series, however they were told.
    pub(super) fn samples(
        &self,
        labels: &Labels,
        samples: Vec<Sample>,
        delivered: &mut Delivered<'_, '_>,
    ) -> Result<(), Trouble> {
        if self.is_wanted(labels)? {
            let told = self.within(samples, &mut delivered.brought);
            hand_on(labels, told, delivered)?;
        }
        Ok(())
    }

    /// The labels of a series; `None` where a selector before this one has brought it.
    fn labels(&mut self, raw: Vec<proto::Label>) -> Result<Option<Labels>, Trouble> {
        if let Some((_, labels)) = self.last.as_ref().filter(|(last, _)| *last == raw) {
            return Ok(labels.clone());
        }
        let mut builder = Builder::default();
        for label in &raw {
            if label.name.is_empty() {
                return Err(senseless("a label has no name"));
            }
            builder.add(label.name.as_str(), label.value.as_str());
        }
        let labels = builder.build();
        let labels = labels.map_err(|twice| senseless(format!("of a series, {twice}")))?;
        let labels = self.is_wanted(&labels)?.then_some(labels);
        self.last = Some((raw, labels.clone()));
        Ok(labels)
    }

    /// Whether no selector before this one has brought a series.
    fn is_wanted(&self, labels: &Labels) -> Result<bool, Trouble> {
        let Wanted {
            selector, earlier, ..
        } = self.wanted;
        if !selector.matches(labels) {
            return Err(senseless(format!(
                "it tells {labels}, which was not asked for: a selector there does not see the server's own external_labels, which it adds"
            )));
        }
        Ok(!earlier.iter().any(|earlier| earlier.matches(labels)))
    }

    /// A chunk as it is where it lies within the range and Thanos reads it, and else those of its samples that do.
    fn chunk(&self, raw: proto::Chunk, brought: &mut Brought) -> Result<Told, String> {
        let (min, max) = (raw.min_time_ms, raw.max_time_ms);
        if min > max {
            return Err(format!("a chunk begins at {min} and ends at {max}"));
        }
        let number = number(&raw).unwrap_or_default();
        let Range { start, end } = self.wanted.range;
        if let Some(encoding) = Encoding::of_number(number)
            && min >= start
            && max < end
        {
            return Ok(Told::Chunk(Chunk {
                encoding,
                min_time_ms: min,
                max_time_ms: max,
                data: raw.data,
            }));
        }
        let samples = decode::samples(number, &raw.data).collect::<Result<_, _>>();
        let samples = samples.map_err(|why| format!("a chunk from {min} to {max}: {why}"))?;
        Ok(self.within(samples, brought))
    }

    fn within(&self, mut samples: Vec<Sample>, brought: &mut Brought) -> Told {
        let all = samples.len();
        samples.retain(|sample| self.wanted.range.contains(&sample.time_ms));
        brought.outside += (all - samples.len()) as u64;
        Told::Samples(samples)
    }
}

/// Hands on what is told of a series, if it is anything.
fn hand_on(labels: &Labels, told: Told, delivered: &mut Delivered<'_, '_>) -> Result<(), Trouble> {
    if matches!(&told, Told::Samples(samples) if samples.is_empty()) {
        return Ok(());
    }
    delivered.brought.pieces += 1;
    let labels = labels.clone();
    (delivered.sink)(Item::Piece(Piece { labels, told })).map_err(Trouble::Untaken)
}

/// The encoding of a chunk that can be read: the later ones are those of Prometheus 3.11 and later.
fn number(chunk: &proto::Chunk) -> Option<u8> {
    let number = u8::try_from(chunk.r#type).ok();
    number.filter(|number| (1..=6).contains(number))
}

/// Numbers and histograms of a series in one order. Each are by time already, as long as the server keeps to what it promises.
fn by_time(
    numbers: Vec<proto::Sample>,
    histograms: Vec<proto::Histogram>,
) -> Result<Vec<Sample>, String> {
    let mut samples = Vec::with_capacity(numbers.len() + histograms.len());
    let mut numbers = numbers.into_iter().peekable();
    for raw in histograms {
        let time_ms = raw.timestamp;
        while let Some(number) = numbers.next_if(|number| number.timestamp <= time_ms) {
            samples.push(of_number(number));
        }
        let histogram = histogram::read(raw);
        let histogram = histogram.map_err(|why| format!("a histogram at {time_ms}: {why}"))?;
        samples.push(Sample {
            time_ms,
            value: Value::Histogram(Box::new(histogram)),
        });
    }
    samples.extend(numbers.map(of_number));
    Ok(samples)
}

fn of_number(number: proto::Sample) -> Sample {
    Sample {
        time_ms: number.timestamp,
        value: Value::Float(number.value.unwrap_or_default()),
    }
}
