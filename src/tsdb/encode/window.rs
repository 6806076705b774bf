//! Values as what changes of their bits.

use super::bits::BitWriter;

/// Where the bits of a value lie that the last change told of; none has been told at first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    told: bool,
    leading: u32,
    trailing: u32,
}

impl Window {
    /// Writes a value behind the one before.
    #[inline]
    pub(super) fn write(&mut self, before: u64, value: u64, bits: &mut BitWriter) {
        let change = before ^ value;
        if change == 0 {
            return bits.put(0, 1);
        }
        // Five bits tell it.
        let leading = change.leading_zeros().min(31);
        let trailing = change.trailing_zeros();
        if self.told && leading >= self.leading && trailing >= self.trailing {
            bits.put(0b10, 2);
            let width = 64 - self.leading - self.trailing;
            return bits.put(change >> self.trailing, width);
        }
        *self = Self {
            told: true,
            leading,
            trailing,
        };
        let width = 64 - leading - trailing;
        // 64 has no room in six bits, and is written as none.
        let head = 0b11 << 11 | leading << 6 | width & 0x3f;
        bits.put(u64::from(head), 13);
        bits.put(change >> trailing, width);
    }
}
