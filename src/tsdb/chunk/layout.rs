//! What comes before the samples of a chunk of histograms: which buckets they have.

use super::bits::{Bits, Ended};
use super::span::{Span, Trouble};
use crate::tsdb::bytes::Cursor;
use crate::tsdb::finding::Kind;

/// A histogram whose sum has these bits says that its series has ended, and has no buckets.
pub(super) const STALE: u64 = 0x7ff0_0000_0000_0002;

/// The schema of histograms whose buckets are bounded as their maker likes.
const CUSTOM: i64 = -53;

/// The start of a chunk of histograms.
pub(super) struct Start<'a> {
    pub(super) samples: u64,
    pub(super) bits: Bits<'a>,
    /// Buckets of each sample, positive and negative ones.
    pub(super) buckets: u64,
}

/// Reads what comes before the first sample; a chunk without any has no more than its header.
pub(super) fn start(data: &[u8]) -> Result<Start<'_>, Trouble> {
    let mut cursor = Cursor::new(data);
    // The third byte is about resets of counters, and of no matter here.
    let header = cursor.bytes(3).and_then(|bytes| bytes.first_chunk());
    let samples = header.map(|bytes| u64::from(u16::from_be_bytes(*bytes)));
    let samples = samples.ok_or_else(|| Trouble::ends_early(0, 0))?;
    let mut start = Start {
        samples,
        bits: Bits::new(cursor.rest()),
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
        // Each bucket of the first sample takes one bit at least.
        if start.buckets > start.bits.left() {
            let what = format!(
                "histograms of {} buckets in {} bits",
                start.buckets,
                start.bits.left()
            );
            return Err(Trouble::new(Kind::ChunkUndecodable, what));
        }
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

    /// A chunk without samples.
    pub(super) const fn empty(&self) -> Option<Span> {
        if self.samples > 0 {
            return None;
        }
        Some(Span {
            samples: 0,
            first: 0,
            last: 0,
        })
    }
}
