//! Floats: times as differences of differences, values as what changes of their bits.

use super::bits::{Bits, Ended, signed};
use super::keep::{Keep, Passed};
use super::samples::{Failed, Samples, span};
use super::span::{Order, Span, Trouble};
use super::window::Window;
use crate::tsdb::bytes::Cursor;

/// Decodes a chunk of floats.
pub(super) fn decode(data: &[u8], order: Order) -> Result<Span, Trouble> {
    let (samples, reader) = open(data, Passed)?;
    span(samples, order, reader)
}

/// How many samples a chunk has, and what reads them.
pub(super) fn open<K>(data: &[u8], keep: K) -> Result<(u64, Reader<'_, K>), Trouble> {
    let mut cursor = Cursor::new(data);
    let header = cursor.bytes(2).and_then(|bytes| bytes.first_chunk());
    let samples = header.ok_or_else(|| Trouble::ends_early(0, 0))?;
    let reader = Reader {
        bits: Bits::new(cursor.rest()),
        window: Window::default(),
        time: 0,
        delta: 0,
        keep,
    };
    Ok((u64::from(u16::from_be_bytes(*samples)), reader))
}

pub(super) struct Reader<'a, K> {
    bits: Bits<'a>,
    window: Window,
    time: i64,
    delta: i64,
    pub(super) keep: K,
}

impl<'a, K: Keep> Samples<'a> for Reader<'a, K> {
    fn bits(&mut self) -> &mut Bits<'a> {
        &mut self.bits
    }

    fn first(&mut self) -> Result<i64, Failed> {
        self.time = self.bits.varint()?;
        self.keep.first(&mut self.bits)?;
        Ok(self.time)
    }

    #[inline]
    fn next(&mut self, number: u64) -> Result<i64, Failed> {
        if number == 1 {
            self.delta = self.bits.uvarint()?.cast_signed();
            self.bits.refill();
            self.keep.next_filled(&mut self.bits, &mut self.window)?;
        } else {
            self.regular()?;
        }
        self.time = self.time.wrapping_add(self.delta);
        Ok(self.time)
    }
}

impl<K: Keep> Reader<'_, K> {
    /// Any but the first two.
    #[inline]
    fn regular(&mut self) -> Result<(), Failed> {
        self.bits.refill();
        let ones = self.bits.ones(4);
        if ones == 0 {
            self.bits.drop(1)?;
        } else {
            let change = match ones {
                1 => self.change(2, 14)?,
                2 => self.change(3, 17)?,
                3 => self.change(4, 20)?,
                _ => {
                    self.bits.drop(4)?;
                    let change = self.bits.take_64()?.cast_signed();
                    self.bits.refill();
                    change
                }
            };
            self.delta = self.delta.wrapping_add(change);
        }
        // At most 24 of 56 bits are gone.
        self.keep.next_filled(&mut self.bits, &mut self.window)
    }

    #[inline]
    fn change(&mut self, prefix: u32, width: u32) -> Result<i64, Ended> {
        let value = self.bits.word() << prefix >> (64 - width);
        self.bits.drop(prefix + width)?;
        Ok(signed(value, width))
    }
}
