//! Values as what changes of their bits.

use super::bits::Bits;
use super::samples::Failed;

/// Where the bits of a value lie that the last change of its kind told.
#[derive(Clone, Copy, Default)]
pub(super) struct Window {
    leading: u8,
    /// How many bits lie behind those that are written.
    trailing: u8,
}

impl Window {
    /// How many bits of a change follow; 0 if the value is as before. Wants 13 bits in the word.
    #[inline]
    pub(super) fn next(&mut self, bits: &mut Bits<'_>) -> Result<u32, Failed> {
        let word = bits.word();
        if word >> 63 == 0 {
            bits.drop(1)?;
            return Ok(0);
        }
        if word >> 62 == 0b10 {
            bits.drop(2)?;
            return Ok(self.width());
        }
        bits.drop(2)?;
        self.anew(bits)
    }

    /// How many bits of a change follow that lies where the last one did.
    #[inline]
    pub(super) fn width(self) -> u32 {
        64 - u32::from(self.leading) - u32::from(self.trailing)
    }

    /// Takes where the next change lies; how many bits of it follow. Wants 11 bits in the word.
    #[inline]
    pub(super) fn anew(&mut self, bits: &mut Bits<'_>) -> Result<u32, Failed> {
        let word = bits.word();
        let leading = word >> 59;
        // 64 bits are written as none: there is no change of none.
        let width = match (word >> 53) & 0x3f {
            0 => 64,
            width => width,
        };
        bits.drop(11)?;
        let trailing = 64_u64.checked_sub(leading + width).ok_or(Failed::TooWide)?;
        self.leading = u8::try_from(leading).unwrap_or_default();
        self.trailing = u8::try_from(trailing).unwrap_or_default();
        u32::try_from(width).map_err(|_| Failed::TooWide)
    }

    /// Takes a value, given what it was before.
    pub(super) fn take(&mut self, bits: &mut Bits<'_>, value: u64) -> Result<u64, Failed> {
        bits.refill();
        match self.next(bits)? {
            0 => Ok(value),
            width => Ok(value ^ self.take_change(bits, width)?),
        }
    }

    /// Takes what changes of a value: so many bits, which lie where this says.
    #[inline]
    pub(super) fn take_change(self, bits: &mut Bits<'_>, width: u32) -> Result<u64, Failed> {
        let change = match width {
            64 => bits.take_64()?,
            width if width > 56 => {
                let high = bits.take(32)?;
                (high << (width - 32)) | bits.take(width - 32)?
            }
            width => bits.take(width)?,
        };
        Ok(change << self.trailing)
    }
}
