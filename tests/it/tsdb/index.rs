//! An index of format 2 whose parts can be changed, with checksums that are right for what they are then.

use super::block::Memory;

/// The places of the table of contents: symbols, series, label indices, label table, postings, postings table.
pub const SYMBOLS: usize = 0;
pub const SERIES: usize = 1;
pub const LABEL_INDICES: usize = 2;
pub const POSTINGS_TABLE: usize = 5;

/// CRC32C, bit by bit, so that it is not the product's.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    })
}

impl Memory {
    /// Where a section begins.
    pub fn section(&self, section: usize) -> usize {
        let at = self.index.len() - 52 + section * 8;
        let bytes = self.index[at..at + 8].try_into().unwrap();
        usize::try_from(u64::from_be_bytes(bytes)).unwrap()
    }

    /// Where the bodies of all series lie, behind their lengths, and how long these are.
    pub fn series(&self) -> Vec<(usize, std::ops::Range<usize>)> {
        let end = self.section(LABEL_INDICES);
        let mut at = self.section(SERIES).next_multiple_of(16);
        let mut found = Vec::new();
        while at < end {
            let (length, prefix) = uvarint(&self.index[at..]);
            let body = at + prefix..at + prefix + length;
            found.push((at, body.clone()));
            at = (body.end + 4).next_multiple_of(16);
        }
        found
    }

    /// Writes the checksum of a body behind it.
    pub fn seal(&mut self, body: std::ops::Range<usize>) {
        let crc = crc32c(&self.index[body.clone()]);
        self.index[body.end..body.end + 4].copy_from_slice(&crc.to_be_bytes());
    }

    /// Writes the checksum of a section that begins with its length.
    pub fn seal_section(&mut self, at: usize) {
        let length = self.u32(at);
        self.seal(at + 4..at + 4 + length);
    }

    pub fn u32(&self, at: usize) -> usize {
        u32::from_be_bytes(self.index[at..at + 4].try_into().unwrap()) as usize
    }

    /// Where the postings of each label lie.
    pub fn lists(&self) -> Vec<usize> {
        let places = self.list_offsets();
        places.map(|at| uvarint(&self.index[at..]).0).collect()
    }

    /// Where the table says so.
    pub fn list_offsets(&self) -> impl Iterator<Item = usize> {
        let table = self.section(POSTINGS_TABLE);
        let mut at = table + 8;
        (0..self.u32(table + 4)).map(move |_| {
            at += 1;
            for _ in 0..2 {
                let (length, prefix) = uvarint(&self.index[at..]);
                at += length + prefix;
            }
            let place = at;
            at += uvarint(&self.index[at..]).1;
            place
        })
    }
}

/// A number of variable length, and how long it is.
pub fn uvarint(bytes: &[u8]) -> (usize, usize) {
    let length = 1 + bytes.iter().take_while(|byte| **byte >= 0x80).count();
    let bits = |value: usize, byte: &u8| value << 7 | usize::from(byte & 0x7f);
    (bytes[..length].iter().rev().fold(0, bits), length)
}
