//! The samples of a chunk with their values.

use super::bits::{Bits, Ended};
use super::float_histogram::{self, Number};
use super::histogram::{self, Counts};
use super::keep::Kept;
use super::layout::{Start, Told, start};
use super::plain::{
    FLOAT_HISTOGRAM, FLOAT_HISTOGRAM_SINCE, HISTOGRAM, HISTOGRAM_SINCE, Head, XOR, XOR2,
};
use super::samples::{Failed, Samples, trouble};
use super::since::Since;
use super::span::Trouble;
use super::{xor, xor2};
use crate::samples::{Buckets, Histogram, ResetHint, Sample, Span, Value, is_stale};
use crate::tsdb::bytes::size;
use crate::tsdb::finding::Kind;

/// So many spans and bounds in all samples are far more than any writer tells. A chunk tells them once, and each sample has them all.
const MOST_SPANS: u64 = 4 << 20;

/// Reads the samples of a chunk one by one.
pub(crate) struct Values<'a> {
    reader: Reader<'a>,
    samples: u64,
    read: u64,
}

/// Of which encoding they are.
enum Reader<'a> {
    Floats(xor::Reader<'a, Kept>),
    NewerFloats(Since<xor2::Reader<'a, Kept>>),
    Integers(Layout, histogram::Reader<'a, Integers>),
    NewerIntegers(Layout, Since<histogram::Reader<'a, Integers>>),
    FloatHistograms(Layout, Floats<'a>),
    NewerFloatHistograms(Layout, Since<Floats<'a>>),
}

type Floats<'a> = float_histogram::Reader<'a, Kept, Vec<Number<Kept>>>;

impl<'a> Values<'a> {
    /// Reads what comes before the first sample.
    pub(crate) fn open(encoding: u8, data: &'a [u8]) -> Result<Self, Trouble> {
        let (samples, reader) = match encoding {
            XOR => {
                let (samples, reader) = xor::open(data, Kept::default())?;
                (samples, Reader::Floats(reader))
            }
            XOR2 => {
                let (samples, reader) = xor2::open(data, Kept::default())?;
                (samples, Reader::NewerFloats(reader))
            }
            HISTOGRAM | FLOAT_HISTOGRAM | HISTOGRAM_SINCE | FLOAT_HISTOGRAM_SINCE => {
                let (head, rest) = Head::take(encoding, data)?;
                let (layout, start) = Layout::read(&head, rest)?;
                let header = head.since;
                let is_of_integers = matches!(encoding, HISTOGRAM | HISTOGRAM_SINCE);
                let reader = if is_of_integers {
                    let counts = Integers::of(&start);
                    let reader = histogram::Reader::new(start, counts);
                    match encoding {
                        HISTOGRAM => Reader::Integers(layout, reader),
                        _ => Reader::NewerIntegers(layout, Since { reader, header }),
                    }
                } else {
                    let reader = Floats::new(start, Vec::new())?;
                    match encoding {
                        FLOAT_HISTOGRAM => Reader::FloatHistograms(layout, reader),
                        _ => Reader::NewerFloatHistograms(layout, Since { reader, header }),
                    }
                };
                (head.samples, reader)
            }
            other => return Err(Trouble::unknown_encoding(other)),
        };
        Ok(Self {
            reader,
            samples,
            read: 0,
        })
    }

    /// How many samples are left.
    pub(crate) const fn left(&self) -> u64 {
        self.samples - self.read
    }

    /// The next sample, if one is left.
    pub(crate) fn next(&mut self) -> Result<Option<Sample>, Trouble> {
        if self.left() == 0 {
            return Ok(None);
        }
        let number = self.read;
        let (time, value) = match &mut self.reader {
            Reader::Floats(reader) => (read(reader, number), float(reader.keep)),
            Reader::NewerFloats(since) => (read(since, number), float(since.reader.keep)),
            Reader::Integers(layout, reader) => {
                let time = read(reader, number);
                (time, integers(layout, reader, number))
            }
            Reader::NewerIntegers(layout, since) => {
                let time = read(since, number);
                (time, integers(layout, &since.reader, number))
            }
            Reader::FloatHistograms(layout, reader) => {
                let time = read(reader, number);
                (time, floats(layout, reader, number))
            }
            Reader::NewerFloatHistograms(layout, since) => {
                let time = read(since, number);
                (time, floats(layout, &since.reader, number))
            }
        };
        let time_ms = time.map_err(|err| trouble(&err, number, self.samples))?;
        self.read += 1;
        Ok(Some(Sample { time_ms, value }))
    }
}

fn read<'a>(reader: &mut impl Samples<'a>, number: u64) -> Result<i64, Failed> {
    if number == 0 {
        reader.first()
    } else {
        reader.next(number)
    }
}

fn float(kept: Kept) -> Value {
    Value::Float(f64::from_bits(kept.value))
}

fn integers(layout: &Layout, reader: &histogram::Reader<'_, Integers>, number: u64) -> Value {
    let sum = f64::from_bits(reader.sum);
    let counts = &reader.counts;
    layout.histogram(number, sum, |stale| {
        if stale {
            return Buckets::Integers {
                count: 0,
                zero_count: 0,
                positive: Vec::new(),
                negative: Vec::new(),
            };
        }
        let all: Vec<i64> = counts
            .buckets
            .iter()
            .map(|changing| changing.value)
            .collect();
        let (positive, negative) = layout.sides(all);
        Buckets::Integers {
            count: counts.count.value.cast_unsigned(),
            zero_count: counts.zero_count.value.cast_unsigned(),
            positive,
            negative,
        }
    })
}

fn floats(layout: &Layout, reader: &Floats<'_>, number: u64) -> Value {
    let sum = f64::from_bits(reader.sum());
    layout.histogram(number, sum, |stale| {
        let value = |number: &Number<Kept>| f64::from_bits(number.keep.value);
        let [count, zero_count] = reader.counts.each_ref().map(value);
        if stale {
            return Buckets::Floats {
                count: 0.0,
                zero_count: 0.0,
                positive: Vec::new(),
                negative: Vec::new(),
            };
        }
        let (positive, negative) = layout.sides(reader.buckets.iter().map(value).collect());
        Buckets::Floats {
            count,
            zero_count,
            positive,
            negative,
        }
    })
}

/// What all histograms of a chunk have in common.
#[derive(Default)]
struct Layout {
    gauges: bool,
    schema: i32,
    zero_threshold: f64,
    positive: Vec<Span>,
    negative: Vec<Span>,
    custom_values: Vec<f64>,
    /// How many of the buckets are positive ones.
    positive_buckets: usize,
}

impl Layout {
    fn read<'a>(head: &Head, data: &'a [u8]) -> Result<(Self, Start<'a>), Trouble> {
        let mut layout = Self {
            gauges: head.reset == 0xc0,
            ..Self::default()
        };
        let mut buckets = 0_u64;
        let start = start(data, head.samples, |told| match told {
            Told::ZeroThreshold(threshold) => layout.zero_threshold = threshold,
            Told::Schema(schema) => layout.schema = i32::try_from(schema).unwrap_or(i32::MAX),
            Told::Positive(span) => {
                buckets += u64::from(span.length);
                layout.positive.push(span);
            }
            Told::Negative(span) => layout.negative.push(span),
            Told::Bound(bound) => layout.custom_values.push(bound),
        })?;
        let spans = layout.positive.len() + layout.negative.len();
        let each = (spans + layout.custom_values.len()) as u64;
        if each.saturating_mul(head.samples) > MOST_SPANS {
            let (bounds, samples) = (layout.custom_values.len(), head.samples);
            let what = format!("{samples} histograms of {spans} spans and {bounds} bounds");
            return Err(Trouble::new(Kind::ChunkUndecodable, what));
        }
        layout.positive_buckets = size(buckets);
        Ok((layout, start))
    }

    /// Negative buckets lie behind positive ones.
    fn sides<B: Clone>(&self, mut all: Vec<B>) -> (Vec<B>, Vec<B>) {
        let negative = all.split_off(self.positive_buckets.min(all.len()));
        (all, negative)
    }

    fn histogram(&self, number: u64, sum: f64, buckets: impl FnOnce(bool) -> Buckets) -> Value {
        if is_stale(sum) {
            return Value::Histogram(Box::new(Histogram {
                reset_hint: ResetHint::Unknown,
                schema: 0,
                zero_threshold: 0.0,
                sum,
                positive_spans: Vec::new(),
                negative_spans: Vec::new(),
                custom_values: Vec::new(),
                buckets: buckets(true),
            }));
        }
        let reset_hint = match number {
            _ if self.gauges => ResetHint::Gauge,
            // Whatever the header says: the chunk before may be another by now.
            0 => ResetHint::Unknown,
            _ => ResetHint::NoReset,
        };
        Value::Histogram(Box::new(Histogram {
            reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            sum,
            positive_spans: self.positive.clone(),
            negative_spans: self.negative.clone(),
            custom_values: self.custom_values.clone(),
            buckets: buckets(false),
        }))
    }
}

/// A number that is told by how much its change changes.
#[derive(Clone, Copy, Default)]
struct Changing {
    value: i64,
    change: i64,
}

impl Changing {
    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        self.change = self.change.wrapping_add(bits.varbit_signed()?);
        self.value = self.value.wrapping_add(self.change);
        Ok(())
    }
}

/// The counts of a histogram of integers.
struct Integers {
    count: Changing,
    zero_count: Changing,
    /// Each as a change from the one before.
    buckets: Vec<Changing>,
}

impl Integers {
    fn of(start: &Start<'_>) -> Self {
        Self {
            count: Changing::default(),
            zero_count: Changing::default(),
            // There is a bit for each.
            buckets: vec![Changing::default(); size(start.buckets)],
        }
    }
}

impl Counts for Integers {
    fn first(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        self.count.value = bits.varbit_unsigned()?.cast_signed();
        self.zero_count.value = bits.varbit_unsigned()?.cast_signed();
        Ok(())
    }

    fn first_buckets(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        for bucket in &mut self.buckets {
            bucket.value = bits.varbit_signed()?;
        }
        Ok(())
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        self.count.next(bits)?;
        self.zero_count.next(bits)
    }

    fn next_buckets(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        for bucket in &mut self.buckets {
            bucket.next(bits)?;
        }
        Ok(())
    }
}
