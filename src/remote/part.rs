//! Parts of series: how much of each goes out in one request, and what is made of what was refused.

use std::ops::Range;

use super::written::{Partial, Written};
use super::{histogram, proto};
use crate::samples::{Buckets, Exemplar, Labels, Sample, Value};

/// A series to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// By time, and none twice.
    pub samples: Vec<Sample>,
    /// By time. What they say of their series does not count.
    pub exemplars: Vec<Exemplar>,
}

/// A part of a series that goes out in one request.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) series: &'a Series,
    pub(super) samples: Range<usize>,
    pub(super) has_exemplars: bool,
}

impl Partial {
    /// Counts a batch of which so much was taken.
    pub(super) fn count(&self, batch: &[Part<'_>], words: &str, written: &mut Written) {
        let mut sent = Written::default();
        for part in batch {
            part.count(&mut sent);
        }
        let first = batch.first().map(|part| part.series.labels.to_string());
        let first = first.unwrap_or_default();
        let series = match batch.len() {
            0 | 1 => first,
            many => format!("one of {many} series, of which the first is {first}"),
        };
        let mut refuse = |kind, samples: u64, together, words: &str| {
            let samples = samples.min(sent.samples);
            if samples > 0 {
                written.refuse(kind, (samples, together), words, &series);
            }
            samples
        };
        match self {
            Self::Told(dropped) => {
                let dropped = dropped.iter();
                let dropped = dropped.map(|(kind, samples)| refuse(*kind, *samples, 0, words));
                let taken = sent.samples.saturating_sub(dropped.sum());
                written.samples += taken;
                // Which samples were dropped it does not say.
                written.histograms += sent.histograms.min(taken);
                written.exemplars += sent.exemplars;
            }
            Self::Untold(kind) => {
                let words = format!("{words} (up to so many: it takes the rest of a request)");
                refuse(*kind, sent.samples, sent.samples, &words);
            }
        }
    }
}

impl Part<'_> {
    fn samples(&self) -> &[Sample] {
        let samples = self.series.samples.get(self.samples.clone());
        samples.unwrap_or_default()
    }

    fn exemplars(&self) -> &[Exemplar] {
        if self.has_exemplars {
            &self.series.exemplars
        } else {
            &[]
        }
    }

    pub(super) fn count(&self, written: &mut Written) {
        let is_histogram = |sample: &&Sample| matches!(sample.value, Value::Histogram(_));
        let samples = self.samples();
        written.samples += samples.len() as u64;
        written.histograms += samples.iter().filter(is_histogram).count() as u64;
        written.exemplars += self.exemplars().len() as u64;
    }

    pub(super) fn message(&self) -> proto::TimeSeries {
        let mut message = proto::TimeSeries {
            labels: labels(&self.series.labels),
            ..proto::TimeSeries::default()
        };
        for Sample { time_ms, value } in self.samples() {
            match value {
                Value::Float(value) => message.samples.push(proto::Sample {
                    value: Some(*value),
                    timestamp: *time_ms,
                }),
                Value::Histogram(histogram) => {
                    let histogram = histogram::written(histogram, *time_ms);
                    message.histograms.push(histogram);
                }
            }
        }
        let exemplars = self.exemplars().iter().map(|exemplar| proto::Exemplar {
            labels: labels(&exemplar.labels),
            value: Some(exemplar.value),
            timestamp: exemplar.time_ms,
        });
        message.exemplars.extend(exemplars);
        message
    }
}

/// Where the run of samples of one kind ends that begins there. Prometheus commits the numbers of a request before its histograms, and drops what is
/// older by then without a word: no request has two kinds of one series.
pub(super) fn run_end(samples: &[Sample], start: usize) -> usize {
    let kind = |sample: &Sample| match &sample.value {
        Value::Float(_) => 0,
        Value::Histogram(histogram) => match histogram.buckets {
            Buckets::Integers { .. } => 1,
            Buckets::Floats { .. } => 2,
        },
    };
    let rest = samples.get(start..).unwrap_or_default();
    let first = rest.first().map(kind);
    let run = rest.iter().take_while(|one| Some(kind(one)) == first);
    start + run.count()
}

/// What is refused, in two parts, the earlier one first; or the one sample that it is.
pub(super) fn halves(mut batch: Vec<Part<'_>>) -> Result<(Vec<Part<'_>>, Vec<Part<'_>>), Part<'_>> {
    let second = batch.split_off(batch.len() / 2);
    if !batch.is_empty() {
        return Ok((batch, second));
    }
    let mut second = second;
    let Some(part) = second.pop() else {
        return Ok((Vec::new(), Vec::new()));
    };
    if part.samples.len() < 2 {
        return Err(part);
    }
    let Range { start, end } = part.samples;
    let middle = start + (end - start) / 2;
    // Exemplars need a series: where the earlier half is refused, the later one or what is there already makes it.
    let later = Part {
        samples: middle..end,
        ..part
    };
    let earlier = Part {
        samples: start..middle,
        has_exemplars: false,
        ..part
    };
    Ok((vec![earlier], vec![later]))
}

fn labels(labels: &Labels) -> Vec<proto::Label> {
    let labels = labels.iter().map(|(name, value)| proto::Label {
        name: name.to_owned(),
        value: value.to_owned(),
    });
    labels.collect()
}
