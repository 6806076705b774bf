//! What comes before the samples of a chunk of histograms: which buckets they have.

use super::bits::{Bits, Ended};
use super::span::Trouble;
use crate::tsdb::finding::Kind;

/// A histogram whose sum has these bits says that its series has ended, and has no buckets.
pub(super) const STALE: u64 = 0x7ff0_0000_0000_0002;

/// The schema of histograms whose buckets are bounded as their maker likes.
const CUSTOM: i64 = -53;

/// The start of a chunk of histograms.
pub(super) struct Start<'a> {
    pub(super) bits: Bits<'a>,
    /// Buckets of each sample, positive and negative ones.
    pub(super) buckets: u64,
}

/// Reads what comes before the first sample, behind a header of three bytes; there is nothing where there are no samples.
pub(super) fn start(data: &[u8], samples: u64) -> Result<Start<'_>, Trouble> {
    let mut start = Start {
        bits: Bits::new(data),
        buckets: 0,
    };
    if samples > 0 {
        let schema = start.layout().map_err(|Ended| {
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
    fn layout(&mut self) -> Result<i64, Ended> {
        if self.bits.take(8)? == 255 {
            self.bits.skip(64)?;
        }
        // Readers take the lower half of it.
        let schema = self.bits.varbit_signed()?;
        self.spans()?;
        self.spans()?;
        if schema == CUSTOM {
            for _ in 0..self.bits.varbit_unsigned()? {
                if self.bits.varbit_unsigned()? == 0 {
                    self.bits.skip(64)?;
                }
            }
        }
        Ok(schema)
    }

    fn spans(&mut self) -> Result<(), Ended> {
        for _ in 0..self.bits.varbit_unsigned()? {
            let length = self.bits.varbit_unsigned()? & u64::from(u32::MAX);
            self.buckets = self.buckets.saturating_add(length);
            self.bits.skip_varbit()?;
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
