//! Floats as Prometheus 3.11 and later write them: one prefix tells of time and value alike.

use super::bits::Bits;
use super::samples::{Failed, Samples, span};
use super::since::{Header, Since};
use super::span::{Order, Span, Trouble};
use super::xor::Window;
use crate::tsdb::bytes::Cursor;

/// Decodes a chunk of them.
pub(super) fn decode(data: &[u8]) -> Result<Span, Trouble> {
    let mut cursor = Cursor::new(data);
    let header = cursor.bytes(3).and_then(|bytes| bytes.first_chunk());
    let [high, low, since] = *header.ok_or_else(|| Trouble::ends_early(0, 0))?;
    let reader = Since {
        reader: Reader {
            bits: Bits::new(cursor.rest()),
            window: Window::default(),
            time: 0,
            delta: 0,
        },
        header: Header::new(since),
    };
    let samples = u64::from(u16::from_be_bytes([high, low]));
    span(samples, Order::Ascending, reader)
}

struct Reader<'a> {
    bits: Bits<'a>,
    window: Window,
    time: i64,
    delta: i64,
}

impl<'a> Samples<'a> for Reader<'a> {
    fn bits(&mut self) -> &mut Bits<'a> {
        &mut self.bits
    }

    fn first(&mut self) -> Result<i64, Failed> {
        self.time = self.bits.varint()?;
        self.bits.skip(64)?;
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
                // Neither changes, or the series has ended, which is no value.
                _ => {}
            }
        }
        self.time = self.time.wrapping_add(self.delta);
        Ok(self.time)
    }
}

impl Reader<'_> {
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
            1 => Ok(self.bits.skip(self.window.width())?),
            2 => self.anew(),
            _ => Ok(()),
        }
    }

    /// A value that is another.
    fn changed(&mut self) -> Result<(), Failed> {
        self.bits.refill();
        let ones = self.bits.ones(1);
        self.bits.drop(1)?;
        if ones == 1 {
            return self.anew();
        }
        Ok(self.bits.skip(self.window.width())?)
    }

    fn anew(&mut self) -> Result<(), Failed> {
        self.bits.refill();
        let width = self.window.anew(&mut self.bits)?;
        Ok(self.bits.skip(width)?)
    }
}
