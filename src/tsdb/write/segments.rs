//! Segments: chunks, one behind the other, in files of a bounded size.

use std::path::{Path, PathBuf};

use super::super::bytes::put_uvarint;
use super::super::crc::crc32c;
use super::super::segment::{FORMAT, HEAD_BYTES, MAGIC};
use super::output::{Output, WrittenFile};
use super::told::CHUNKS;
use crate::error::Result;
use crate::samples::Chunk;

/// How long a segment is at most, unless a single chunk is longer.
pub(super) const MOST_BYTES: u64 = 512 << 20;

/// Where chunks are written.
pub(super) struct Segments {
    folder: PathBuf,
    most: u64,
    open: Option<Output>,
    written: Vec<WrittenFile>,
    record: Vec<u8>,
}

/// What a series takes of a segment, as its writer reckons before it writes.
///
/// Prometheus reckons with the longest lengths, for all chunks of a series at once; segments end where its own do.
pub(super) struct Room {
    base: u64,
    taken: u64,
}

impl Segments {
    pub(super) fn new(block: &Path, most: u64) -> Self {
        Self {
            folder: block.join(CHUNKS),
            most,
            open: None,
            written: Vec::new(),
            record: Vec::new(),
        }
    }

    /// Begins a series.
    pub(super) fn room(&self) -> Room {
        let base = self.open.as_ref().map_or(HEAD_BYTES, Output::position);
        Room { base, taken: 0 }
    }

    /// Writes a chunk of a series, and returns where it lies, as the index has it.
    pub(super) fn put(&mut self, room: &mut Room, chunk: &Chunk) -> Result<u64> {
        let bytes = 5 + 1 + chunk.data.len() as u64 + 4;
        // A segment is never empty.
        let is_first = room.base == HEAD_BYTES && room.taken == 0;
        if !is_first && room.base + room.taken + bytes > self.most {
            self.end_segment()?;
            room.base = HEAD_BYTES;
            room.taken = 0;
        }
        room.taken += bytes;
        let segment = self.written.len() as u64;
        let output = match &mut self.open {
            Some(output) => output,
            None => self.open.insert(begin(&self.folder, segment + 1)?),
        };
        let reference = segment << 32 | output.position();
        let record = &mut self.record;
        record.clear();
        put_uvarint(record, chunk.data.len() as u64);
        let length = record.len();
        record.push(chunk.encoding.number());
        record.extend_from_slice(&chunk.data);
        let summed = record.get(length..).unwrap_or_default();
        record.extend(crc32c(summed).to_be_bytes());
        output.put(record)?;
        Ok(reference)
    }

    fn end_segment(&mut self) -> Result<()> {
        if let Some(output) = self.open.take() {
            let name = format!("{CHUNKS}/{}", name(self.written.len() as u64 + 1));
            self.written.push(output.end(name)?);
        }
        Ok(())
    }

    /// Ends the last one.
    pub(super) fn end(mut self) -> Result<Vec<WrittenFile>> {
        self.end_segment()?;
        super::output::sync(&self.folder)?;
        Ok(self.written)
    }
}

fn name(number: u64) -> String {
    format!("{number:06}")
}

fn begin(folder: &Path, number: u64) -> Result<Output> {
    let mut output = Output::create(folder.join(name(number)))?;
    output.put(&MAGIC.to_be_bytes())?;
    output.put(&[FORMAT, 0, 0, 0])?;
    Ok(output)
}
