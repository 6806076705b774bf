//! What becomes of a value whose changes are read: it is passed over, or kept.

use super::bits::{Bits, Ended};
use super::samples::Failed;
use super::window::Window;
use crate::samples::STALE;

/// What becomes of a value.
pub(super) trait Keep {
    /// Takes all of its bits.
    fn first(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended>;

    /// Takes the next one, told as a change that lies within a window, where there are 13 bits in the word, or all that are left.
    fn next_filled(&mut self, bits: &mut Bits<'_>, window: &mut Window) -> Result<(), Failed>;

    /// Takes so many bits of a change that lies within a window.
    fn change(&mut self, bits: &mut Bits<'_>, window: Window, width: u32) -> Result<(), Failed>;

    /// The next one is the same.
    fn same(&mut self);

    /// Its series has ended. Changes go on from the value before.
    fn stale(&mut self);

    /// A mark of staleness that came first is nothing that changes are told from.
    fn forget_stale(&mut self);
}

/// It is passed over.
#[derive(Clone, Copy, Default)]
pub(super) struct Passed;

impl Keep for Passed {
    #[inline]
    fn first(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        bits.skip(64)
    }

    #[inline]
    fn next_filled(&mut self, bits: &mut Bits<'_>, window: &mut Window) -> Result<(), Failed> {
        match window.next(bits)? {
            0 => Ok(()),
            width => Ok(bits.skip(width)?),
        }
    }

    #[inline]
    fn change(&mut self, bits: &mut Bits<'_>, _: Window, width: u32) -> Result<(), Failed> {
        Ok(bits.skip(width)?)
    }

    fn same(&mut self) {}

    fn stale(&mut self) {}

    fn forget_stale(&mut self) {}
}

/// Its bits are kept.
#[derive(Clone, Copy, Default)]
pub(super) struct Kept {
    pub(super) value: u64,
    /// What changes are told from: the last one that was no mark of staleness, where that has a sign of its own.
    base: u64,
}

impl Keep for Kept {
    #[inline]
    fn first(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        self.value = bits.take_64()?;
        self.base = self.value;
        Ok(())
    }

    #[inline]
    fn next_filled(&mut self, bits: &mut Bits<'_>, window: &mut Window) -> Result<(), Failed> {
        match window.next(bits)? {
            0 => Ok(()),
            width => self.change(bits, *window, width),
        }
    }

    #[inline]
    fn change(&mut self, bits: &mut Bits<'_>, window: Window, width: u32) -> Result<(), Failed> {
        self.base ^= window.take_change(bits, width)?;
        self.value = self.base;
        Ok(())
    }

    fn same(&mut self) {
        self.value = self.base;
    }

    fn stale(&mut self) {
        self.value = STALE;
    }

    fn forget_stale(&mut self) {
        if self.base == STALE {
            self.base = 0;
        }
    }
}
