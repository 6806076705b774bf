//! What a chunk of histograms says of all of them.

use super::bits::BitWriter;
use super::spans::buckets;
use crate::samples::{Buckets, CUSTOM_BUCKETS, Histogram, Span, is_stale};

/// Which buckets there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) positive: Vec<Span>,
    pub(super) negative: Vec<Span>,
    pub(super) custom_values: Vec<f64>,
}

impl Layout {
    pub(super) fn write(&self, bits: &mut BitWriter) {
        zero_threshold(self.zero_threshold, bits);
        bits.varbit_signed(self.schema.into());
        for spans in [&self.positive, &self.negative] {
            bits.varbit_unsigned(spans.len() as u64);
            for span in spans {
                bits.varbit_unsigned(span.length.into());
                bits.varbit_signed(span.offset.into());
            }
        }
        if self.schema == CUSTOM_BUCKETS {
            bits.varbit_unsigned(self.custom_values.len() as u64);
            for bound in &self.custom_values {
                custom_bound(*bound, bits);
            }
        }
    }

    /// Whether buckets of both are bounded alike.
    pub(super) fn has_bounds_of(&self, other: &Self) -> bool {
        // Bounds are numbers: two that are NaN differ, and zeros of both signs are the same.
        self.schema != CUSTOM_BUCKETS || self.custom_values == other.custom_values
    }
}

/// A byte says it where it is a power of two near one, as it is by default.
fn zero_threshold(threshold: f64, bits: &mut BitWriter) {
    /// What lies above the mantissa for 2^-243, less one: the least that a byte says is 1.
    const BELOW: u64 = 1023 - 243 - 1;
    if threshold == 0.0 {
        return bits.put(0, 8);
    }
    let (above, mantissa) = (threshold.to_bits() >> 52, threshold.to_bits() << 12);
    if mantissa == 0 && (BELOW + 1..BELOW + 255).contains(&above) {
        return bits.put(above - BELOW, 8);
    }
    bits.put(255, 8);
    bits.put(threshold.to_bits(), 64);
}

/// Whole thousandths are written as their number, others as they are.
#[expect(clippy::float_cmp, reason = "it comes back or it does not")]
fn custom_bound(bound: f64, bits: &mut BitWriter) {
    /// What has room in four bytes, but for one.
    const MOST: f64 = 33_554_430.0;
    let thousandths = (bound * 1000.0).round();
    let is_near = (0.0..=MOST).contains(&(bound * 1000.0));
    if is_near && thousandths / 1000.0 == bound {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole and within bounds"
        )]
        let number = thousandths as u64;
        return bits.varbit_unsigned(number + 1);
    }
    bits.put(0, 1);
    bits.put(bound.to_bits(), 64);
}

/// Says what is wrong with a histogram that contradicts itself: no chunk could hold it. Of a mark of staleness nothing but its sum counts.
pub(super) fn check(histogram: &Histogram) -> Result<(), String> {
    if is_stale(histogram.sum) {
        return Ok(());
    }
    let schema = histogram.schema;
    // Finer ones are kept for the future, and coarser ones too, but these can be read.
    if schema != CUSTOM_BUCKETS && !(-9..=8).contains(&schema) {
        return Err(format!("a histogram of schema {schema}"));
    }
    let (positive, negative) = match &histogram.buckets {
        Buckets::Integers {
            positive, negative, ..
        } => (positive.len(), negative.len()),
        Buckets::Floats {
            positive, negative, ..
        } => (positive.len(), negative.len()),
    };
    for (name, spans, present) in [
        ("positive", &histogram.positive_spans, positive),
        ("negative", &histogram.negative_spans, negative),
    ] {
        if spans.iter().skip(1).any(|span| span.offset < 0) {
            return Err(format!("a histogram whose {name} spans go back"));
        }
        let told = buckets(spans);
        if told != present as u64 {
            return Err(format!(
                "a histogram with {present} {name} buckets in spans of {told}"
            ));
        }
        let mut reach = 0_i64;
        for span in spans {
            reach += i64::from(span.offset) + i64::from(span.length);
        }
        if i32::try_from(reach).is_err() {
            return Err(format!("a histogram whose {name} spans reach too far"));
        }
    }
    Ok(())
}
