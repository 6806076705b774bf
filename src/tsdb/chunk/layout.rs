//! What comes before the samples of a chunk of histograms: which buckets they have.

use super::bits::{Bits, Ended};
use super::span::Trouble;
use crate::samples::{CUSTOM_BUCKETS, Span};
use crate::tsdb::finding::Kind;

/// What is told of the layout, piece by piece.
pub(super) enum Told {
    ZeroThreshold(f64),
    Schema(i64),
    Positive(Span),
    Negative(Span),
    Bound(f64),
}

/// The schema of histograms whose buckets are bounded as their maker likes.
const CUSTOM: i64 = CUSTOM_BUCKETS as i64;

/// The start of a chunk of histograms.
pub(super) struct Start<'a> {
    pub(super) bits: Bits<'a>,
    /// Buckets of each sample, positive and negative ones.
    pub(super) buckets: u64,
}

/// Reads what comes before the first sample, behind a header of three bytes; there is nothing where there are no samples.
pub(super) fn start(
    data: &[u8],
    samples: u64,
    each: impl FnMut(Told),
) -> Result<Start<'_>, Trouble> {
    let mut start = Start {
        bits: Bits::new(data),
        buckets: 0,
    };
    if samples > 0 {
        let schema = start.layout(each).map_err(|Ended| {
            Trouble::new(
                Kind::ChunkUndecodable,
                "the data ends within the layout of the buckets",
            )
        })?;
        // What readers accept, although no more than -4 to 8 is written today.
        if schema != CUSTOM && !(-9..=52).contains(&schema) {
            let what = format!("histograms of schema {schema}, which none is known by");
            return Err(Trouble::new(Kind::ChunkUndecodable, what));
        }
        start.have_room(1)?;
    }
    Ok(start)
}

impl Start<'_> {
    fn layout(&mut self, mut each: impl FnMut(Told)) -> Result<i64, Ended> {
        each(Told::ZeroThreshold(match self.bits.take(8)? {
            0 => 0.0,
            255 => f64::from_bits(self.bits.take_64()?),
            // A power of two.
            above => f64::from_bits((above + 1023 - 244) << 52),
        }));
        // Readers take the lower half of it.
        let schema = self.bits.varbit_signed()?;
        each(Told::Schema(schema));
        self.spans(|span| each(Told::Positive(span)))?;
        self.spans(|span| each(Told::Negative(span)))?;
        if schema == CUSTOM {
            for _ in 0..self.bits.varbit_unsigned()? {
                each(Told::Bound(match self.bits.varbit_unsigned()? {
                    0 => f64::from_bits(self.bits.take_64()?),
                    thousandths => thousandths_of(thousandths - 1),
                }));
            }
        }
        Ok(schema)
    }

    fn spans(&mut self, mut each: impl FnMut(Span)) -> Result<(), Ended> {
        for _ in 0..self.bits.varbit_unsigned()? {
            let length = self.bits.varbit_unsigned()? & u64::from(u32::MAX);
            self.buckets = self.buckets.saturating_add(length);
            let offset = self.bits.varbit_signed()?;
            each(Span {
                // Readers take the lower halves of both.
                offset: lower_half(offset.cast_unsigned()).cast_signed(),
                length: lower_half(length),
            });
        }
        Ok(())
    }

    /// Whether there is room for as many buckets as are told, of at least so many bits each in the first sample.
    pub(super) fn have_room(&self, bits_each: u64) -> Result<(), Trouble> {
        let (buckets, left) = (self.buckets, self.bits.left());
        if buckets <= left / bits_each {
            return Ok(());
        }
        let what = format!("histograms of {buckets} buckets in {left} bits");
        Err(Trouble::new(Kind::ChunkUndecodable, what))
    }
}

fn lower_half(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "writers tell so many as are exact, and readers do the same with more"
)]
fn thousandths_of(many: u64) -> f64 {
    many as f64 / 1000.0
}
