//! Times since which samples count, which newer encodings have behind the samples. They are passed over.

use super::bits::Bits;
use super::samples::{Failed, Samples};

/// What the header says of them: whether the first sample has one, and the number of the first behind which there is a change, if there is any.
#[derive(Clone, Copy)]
pub(super) struct Header {
    first: bool,
    changes: u64,
}

impl Header {
    pub(super) fn new(byte: u8) -> Self {
        Self {
            first: byte & 0x80 > 0,
            changes: u64::from(byte & 0x7f),
        }
    }
}

/// Samples with such times.
pub(super) struct Since<R> {
    pub(super) reader: R,
    pub(super) header: Header,
}

impl<'a, R: Samples<'a>> Samples<'a> for Since<R> {
    fn bits(&mut self) -> &mut Bits<'a> {
        self.reader.bits()
    }

    fn first(&mut self) -> Result<i64, Failed> {
        let time = self.reader.first()?;
        if self.header.first {
            self.bits().varint()?;
        }
        Ok(time)
    }

    fn next(&mut self, number: u64) -> Result<i64, Failed> {
        let time = self.reader.next(number)?;
        if (1..=number).contains(&self.header.changes) {
            self.bits().skip_varbit()?;
        }
        Ok(time)
    }
}
