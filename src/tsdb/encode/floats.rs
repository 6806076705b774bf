//! Chunks of numbers.

use bytes::Bytes;

use super::bits::{BitWriter, is_within};
use super::window::Window;
use crate::samples::{Chunk, Encoding};

/// A chunk of numbers that is being written.
#[derive(Debug, Default)]
pub(super) struct Open {
    bits: BitWriter,
    samples: u16,
    window: Window,
    first_ms: i64,
    time_ms: i64,
    delta: i64,
    value: u64,
}

impl Open {
    pub(super) const fn samples(&self) -> usize {
        self.samples as usize
    }

    #[inline]
    pub(super) fn push(&mut self, time_ms: i64, value: f64) {
        let value = value.to_bits();
        let delta = time_ms.wrapping_sub(self.time_ms);
        match self.samples {
            0 => {
                // Room for how many there are.
                self.bits.restart(&[0; 2]);
                self.first_ms = time_ms;
                self.window = Window::default();
                self.bits.varint(time_ms);
                self.bits.put(value, 64);
            }
            1 => {
                self.bits.uvarint(delta.cast_unsigned());
                self.window.write(self.value, value, &mut self.bits);
            }
            _ => {
                self.change(delta.wrapping_sub(self.delta));
                self.window.write(self.value, value, &mut self.bits);
            }
        }
        self.samples += 1;
        self.time_ms = time_ms;
        self.delta = delta;
        self.value = value;
    }

    /// Writes by how much the time between two samples changes.
    #[inline]
    fn change(&mut self, change: i64) {
        let value = change.cast_unsigned();
        if change == 0 {
            self.bits.put(0, 1);
        } else if is_within(change, 14) {
            self.bits.put(0b10 << 14 | value & 0x3fff, 16);
        } else if is_within(change, 17) {
            self.bits.put(0b110 << 17 | value & 0x1_ffff, 20);
        } else if is_within(change, 20) {
            self.bits.put(0b1110 << 20 | value & 0xf_ffff, 24);
        } else {
            self.bits.put(0b1111, 4);
            self.bits.put(value, 64);
        }
    }

    /// The chunk, unless it is empty.
    pub(super) fn end(&mut self) -> Option<Chunk> {
        let samples = std::mem::take(&mut self.samples);
        if samples == 0 {
            return None;
        }
        let bytes = self.bits.end();
        if let Some(head) = bytes.first_chunk_mut() {
            *head = samples.to_be_bytes();
        }
        Some(Chunk {
            encoding: Encoding::Xor,
            min_time_ms: self.first_ms,
            max_time_ms: self.time_ms,
            data: Bytes::copy_from_slice(bytes),
        })
    }
}
