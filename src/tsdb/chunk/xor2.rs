//! Floats as Prometheus 3.11 and later write them: one prefix tells of time and value alike.

use super::bits::Bits;
use super::keep::{Keep, Passed};
use super::samples::{Failed, Samples, span};
use super::since::{Header, Since};
use super::span::{Order, Span, Trouble};
use super::window::Window;
use crate::tsdb::bytes::Cursor;

/// Decodes a chunk of them.
pub(super) fn decode(data: &[u8]) -> Result<Span, Trouble> {
    let (samples, reader) = open(data, Passed)?;
    span(samples, Order::Ascending, reader)
}

/// How many samples a chunk has, and what reads them.
pub(super) fn open<K>(data: &[u8], keep: K) -> Result<(u64, Since<Reader<'_, K>>), Trouble> {
    let mut cursor = Cursor::new(data);
    let header = cursor.bytes(3).and_then(|bytes| bytes.first_chunk());
    let [high, low, since] = *header.ok_or_else(|| Trouble::ends_early(0, 0))?;
    let reader = Since {
        reader: Reader {
            bits: Bits::new(cursor.rest()),
            window: Window::default(),
            time: 0,
            delta: 0,
            keep,
        },
        header: Header::new(since),
    };
    Ok((u64::from(u16::from_be_bytes([high, low])), reader))
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
        self.keep.forget_stale();
        Ok(self.time)
    }

    fn next(&mut self, number: u64) -> Result<i64, Failed> {
        if number == 1 {
            self.delta = self.bits.uvarint()?.cast_signed();
            self.value()?;
        } else {
            self.bits.refill();
            let ones = self.bits.ones(5);
            self.bits.drop(ones + u32::from(ones < 5))?;
            match ones {
                1 => self.changed()?,
                2 => self.later(13)?,
                3 => self.later(20)?,
                4 => self.later(64)?,
                5 => self.keep.stale(),
                _ => self.keep.same(),
            }
        }
        self.time = self.time.wrapping_add(self.delta);
        Ok(self.time)
    }
}

impl<K: Keep> Reader<'_, K> {
    /// A time that comes sooner or later than expected, and a value.
    fn later(&mut self, width: u32) -> Result<(), Failed> {
        let change = if width == 64 {
            self.bits.take_64()?
        } else {
            self.bits.take(width)?
        };
        let above = 64 - width;
        let change = (change << above).cast_signed() >> above;
        self.delta = self.delta.wrapping_add(change);
        self.value()
    }

    /// A value that is as before, another, or the end of its series.
    fn value(&mut self) -> Result<(), Failed> {
        self.bits.refill();
        let ones = self.bits.ones(3);
        self.bits.drop(ones + u32::from(ones < 3))?;
        match ones {
            0 => self.keep.same(),
            1 => return self.as_before(),
            2 => return self.anew(),
            _ => self.keep.stale(),
        }
        Ok(())
    }

    /// A value that is another.
    fn changed(&mut self) -> Result<(), Failed> {
        self.bits.refill();
        let ones = self.bits.ones(1);
        self.bits.drop(1)?;
        if ones == 1 {
            return self.anew();
        }
        self.as_before()
    }

    fn as_before(&mut self) -> Result<(), Failed> {
        let width = self.window.width();
        self.keep.change(&mut self.bits, self.window, width)
    }

    fn anew(&mut self) -> Result<(), Failed> {
        self.bits.refill();
        let width = self.window.anew(&mut self.bits)?;
        self.keep.change(&mut self.bits, self.window, width)
    }
}
