//! The table that tells where the postings of which label lie.

use std::path::Path;

use super::super::bytes::put_uvarint;
use super::super::crc::Crc;
use super::output::Output;
use super::scratch::Scratch;
use super::symbols::Sorted;
use crate::error::{Error, Kind, Result};

/// Says that an index has no room for it.
pub(super) fn too_long() -> Error {
    let attempt = "write an index that is longer than its format can tell: more than 64 GiB, or 4 GiB of a section";
    Error::new(Kind::Unsupported, attempt)
}

/// The table that tells where the postings of which label lie.
pub(super) struct Table<'a> {
    symbols: &'a Sorted,
    entries: Scratch,
    entry: Vec<u8>,
    count: u64,
    bytes: u64,
}

impl<'a> Table<'a> {
    pub(super) fn create(folder: &Path, symbols: &'a Sorted) -> Result<Self> {
        Ok(Self {
            symbols,
            entries: Scratch::create(folder.join("postings.tmp"))?,
            entry: Vec::new(),
            count: 0,
            bytes: 0,
        })
    }

    /// Adds a label, by the ranks of its name and its value.
    pub(super) fn put(&mut self, name: u32, value: u32, place: u64) -> Result<()> {
        self.entry.clear();
        put_uvarint(&mut self.entry, 2);
        for rank in [name, value] {
            let text = self.symbols.text(rank);
            put_uvarint(&mut self.entry, text.len() as u64);
            self.entry.extend(text);
        }
        put_uvarint(&mut self.entry, place);
        self.count += 1;
        self.bytes += self.entry.len() as u64;
        self.entries.put(&self.entry)
    }

    /// Writes the table.
    pub(super) fn end(self, output: &mut Output) -> Result<()> {
        let length = u32::try_from(self.bytes + 4).map_err(|_| too_long())?;
        let count = u32::try_from(self.count).map_err(|_| too_long())?;
        output.put(&length.to_be_bytes())?;
        let mut crc = Crc::new();
        output.put_summed(&count.to_be_bytes(), &mut crc)?;
        self.entries
            .each(|entry| output.put_summed(entry, &mut crc))?;
        output.put(&crc.value().to_be_bytes())
    }
}
