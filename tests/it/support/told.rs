//! Real blocks that a test tells sample by sample, made by Prometheus' own writer.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::servers::program;

/// A sample: a number as Prometheus spells it, `stale`, or a native histogram.
#[derive(Debug, Clone)]
pub enum Sample {
    Number(&'static str),
    /// One of Prometheus' test histograms, by its number, and what is added to the first of its buckets.
    Histogram(i64, i64),
}

/// A series.
#[derive(Debug, Clone)]
pub struct Series {
    labels: Vec<(&'static str, &'static str)>,
    samples: Vec<(i64, Sample)>,
}

impl Series {
    /// A series without samples.
    pub fn new(metric: &'static str, labels: &[(&'static str, &'static str)]) -> Self {
        let mut labels = labels.to_vec();
        labels.push(("__name__", metric));
        Self {
            labels,
            samples: Vec::new(),
        }
    }

    /// The same, with a sample at each of these times in milliseconds.
    pub fn with(
        mut self,
        times: impl IntoIterator<Item = i64>,
        sample: impl Fn(usize) -> Sample,
    ) -> Self {
        let times = times.into_iter().enumerate();
        self.samples
            .extend(times.map(|(index, time)| (time, sample(index))));
        self
    }

    /// The same, without the samples of that index, counted from 0, and on.
    pub fn without(mut self, samples: std::ops::Range<usize>) -> Self {
        self.samples.drain(samples);
        self
    }

    /// The same, with another sample in the place of one.
    pub fn changed(mut self, index: usize, sample: Sample) -> Self {
        self.samples[index].1 = sample;
        self
    }

    fn told(&self) -> Value {
        let samples = self.samples.iter().map(|(at, sample)| match sample {
            Sample::Number(value) => json!({"At": at, "Value": value}),
            Sample::Histogram(number, more) => json!({"At": at, "Histogram": number, "More": more}),
        });
        let labels = self.labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), json!(value)));
        json!({
            "Labels": labels.collect::<serde_json::Map<_, _>>(),
            "Samples": samples.collect::<Vec<_>>(),
        })
    }
}

/// Makes blocks, each of which lies below the folder in that of its bucket, in one of its own id.
pub fn make(folder: &Path, blocks: &[(&str, Vec<Series>)]) {
    let told = blocks.iter().map(|(bucket, series)| {
        let series: Vec<Value> = series.iter().map(Series::told).collect();
        json!({"Bucket": bucket, "Series": series})
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    let told: Vec<Value> = told.collect();
    serde_json::to_writer(&file, &told).unwrap();
    let ran = Command::new(program("tsdb-blocks"))
        .arg(folder)
        .arg("from")
        .arg(file.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
}
