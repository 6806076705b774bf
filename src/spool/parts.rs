//! What came of one series, in the order in which it came: chunks as they are, and samples in runs of one kind.

use super::floats::Before;
use super::histograms;
use super::part::{Form, HEADER_BYTES, header};
use crate::samples::{Chunk, Exemplar, Sample, Value};
use crate::tsdb::bytes::{put_uvarint, put_varint};

/// A run that has so many bytes is closed, so that none is long.
const LONGEST_RUN_BYTES: usize = 16 << 10;

/// What came of one series, behind each other.
#[derive(Debug, Default)]
pub(super) struct Parts {
    bytes: Vec<u8>,
    open: Option<Run>,
}

/// The run that the next sample may belong to.
#[derive(Debug)]
struct Run {
    begin: usize,
    form: Form,
    is_sorted: bool,
    samples: u32,
    min_time_ms: i64,
    max_time_ms: i64,
    before: Before,
}

impl Parts {
    /// Adds a sample.
    pub(super) fn sample(&mut self, sample: &Sample) {
        let time = sample.time_ms;
        let form = match &sample.value {
            Value::Float(_) => Form::Floats,
            Value::Histogram(_) => Form::Histograms,
        };
        let (bytes, run) = self.run(form, time);
        match &sample.value {
            Value::Float(value) => run.before.put(bytes, time, *value),
            Value::Histogram(histogram) => {
                put_varint(bytes, time.wrapping_sub(run.before.time_ms));
                run.before.time_ms = time;
                histograms::put(bytes, histogram);
            }
        }
    }

    /// Adds an exemplar.
    pub(super) fn exemplar(&mut self, exemplar: &Exemplar) {
        let (bytes, _) = self.run(Form::Exemplars, exemplar.time_ms);
        let labels = exemplar.labels.packed();
        bytes.extend(exemplar.time_ms.to_be_bytes());
        bytes.extend(exemplar.value.to_bits().to_be_bytes());
        put_uvarint(bytes, labels.len() as u64);
        bytes.extend_from_slice(labels);
    }

    /// The run that one more of that time is added to, behind all bytes.
    fn run(&mut self, form: Form, time: i64) -> (&mut Vec<u8>, &mut Run) {
        let end = self.bytes.len();
        let fits = |run: &Run| run.form == form && end - run.begin < LONGEST_RUN_BYTES;
        let Self { bytes, open } = self;
        if !open.as_ref().is_some_and(fits) {
            close(bytes, open.take());
            bytes.extend([0; HEADER_BYTES]);
        }
        let run = open.get_or_insert_with(|| Run {
            begin: end,
            form,
            is_sorted: true,
            samples: 0,
            min_time_ms: time,
            max_time_ms: time,
            before: Before::default(),
        });
        if run.samples > 0 {
            // The last of a sorted run is its greatest.
            run.is_sorted &= time > run.max_time_ms;
            run.min_time_ms = run.min_time_ms.min(time);
            run.max_time_ms = run.max_time_ms.max(time);
        }
        run.samples += 1;
        (bytes, run)
    }

    /// Adds a chunk of so many samples, each later than the one before.
    pub(super) fn chunk(&mut self, chunk: &Chunk, samples: u32) {
        self.close();
        let begin = self.bytes.len();
        self.bytes.reserve(HEADER_BYTES + chunk.data.len());
        self.bytes.extend([0; HEADER_BYTES]);
        self.bytes.extend_from_slice(&chunk.data);
        self.open = Some(Run {
            begin,
            form: Form::Chunk(chunk.encoding),
            is_sorted: true,
            samples,
            min_time_ms: chunk.min_time_ms,
            max_time_ms: chunk.max_time_ms,
            before: Before::default(),
        });
        self.close();
    }

    fn close(&mut self) {
        close(&mut self.bytes, self.open.take());
    }

    /// How much memory they take beside themselves.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// All of them, to be read with [`Part::take`](super::part::Part::take).
    pub(super) fn closed(&mut self) -> &[u8] {
        self.close();
        &self.bytes
    }
}

/// Fills in what stands in front of a run.
fn close(bytes: &mut [u8], run: Option<Run>) {
    let Some(run) = run else { return };
    let Some(part) = bytes.get_mut(run.begin..) else {
        return;
    };
    let length = u32::try_from(part.len() - HEADER_BYTES).unwrap_or(u32::MAX);
    if let Some(free) = part.first_chunk_mut() {
        let times = run.min_time_ms..=run.max_time_ms;
        *free = header(run.form, run.is_sorted, length, run.samples, times);
    }
}
