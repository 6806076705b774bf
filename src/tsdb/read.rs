//! Reads the series of a block that lies in a folder, one by one, with their chunks.
//!
//! Only what is whole is read: whatever is wrong with a block ends it with an error. What there is to be said of one that is damaged, [`check`](super::check())
//! says. Memory holds the symbols, each once, with eight bytes more for each, and windows of [`WINDOW_BYTES`](super::WINDOW_BYTES).

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::bytes::size;
use super::disk::Folder;
use super::finding::{Finding, Findings, Kind as Wrong};
use super::section;
use super::segment::{self, file_name};
use super::series::{self, Entry, Meta};
use super::source::{Block as Described, File};
use super::stream::{MOST_BYTES, Stream};
use super::texts::Texts;
use super::toc::{self, INDEX, Toc};
use crate::error::{Error, Kind, Result};
use crate::samples::{Builder, Chunk, Encoding, Labels};

/// A block in a folder.
pub struct Block {
    path: PathBuf,
    files: Folder,
    described: Described,
    toc: Toc,
    symbols: Texts,
}

impl Block {
    /// Opens a block, and reads its symbols. meta.json is not looked at.
    pub fn open(folder: &Path) -> Result<Self> {
        let (files, described) = Folder::open(folder)?;
        let damaged = |what: &dyn fmt::Display| damaged(folder, what);
        let mut findings = Findings::new(1);
        let toc = toc::read(&files, &described, &mut findings)?;
        if let Some(finding) = damage(&findings) {
            return Err(damaged(finding));
        }
        // Nothing is said only of what can be read.
        let toc = toc.ok_or_else(|| damaged(&"the table of contents"))?;
        if toc.version == 1 {
            let attempt = format!(
                "read series of {}: its index has format 1",
                folder.display()
            );
            return Err(Error::new(Kind::Unsupported, attempt));
        }
        let mut symbols = Texts::default();
        let name = "symbols";
        let table = section::read(&files, toc.symbols, name, &mut findings, |cursor, _, _| {
            Ok(cursor
                .string()
                .is_some_and(|text| symbols.push(text).is_some()))
        })?;
        match damage(&findings) {
            Some(finding) => return Err(damaged(finding)),
            None if !table.whole => return Err(damaged(&"the symbols")),
            None => {}
        }
        Ok(Self {
            path: folder.to_owned(),
            files,
            described,
            toc,
            symbols,
        })
    }

    /// Its series in their order.
    #[must_use]
    pub fn series(&self) -> Series<'_> {
        let range = self.toc.series;
        Series {
            block: self,
            stream: Some(Stream::new(
                &self.files,
                File::Index,
                range.start,
                range.end,
            )),
            entry: Entry::default(),
            segment: None,
        }
    }
}

fn damaged(folder: &Path, what: &dyn fmt::Display) -> Error {
    let attempt = format!("read series of {}: {what}", folder.display());
    Error::new(Kind::Corrupt, attempt)
}

/// What is wrong, if anything is: a newer format is not.
fn damage(findings: &Findings) -> Option<&Finding> {
    findings
        .iter()
        .find(|finding| finding.kind != Wrong::UnreadableByThanos)
}

/// The series of a block: their labels and chunks. Nothing comes behind an error.
pub struct Series<'a> {
    block: &'a Block,
    /// Entries of series, until one cannot be read.
    stream: Option<Stream<'a, Folder>>,
    entry: Entry,
    /// The segment that is being read, and its number.
    segment: Option<(usize, Stream<'a, Folder>)>,
}

impl Iterator for Series<'_> {
    type Item = Result<(Labels, Vec<Chunk>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose();
        if matches!(read, None | Some(Err(_))) {
            self.stream = None;
        }
        read
    }
}

impl Series<'_> {
    fn read(&mut self) -> Result<Option<(Labels, Vec<Chunk>)>> {
        let Some(stream) = &mut self.stream else {
            return Ok(None);
        };
        let block = self.block;
        let mut findings = Findings::new(1);
        let is_there = series::to_next(stream, &block.toc, &mut findings, &mut self.entry)?;
        if let Some(finding) = damage(&findings) {
            return Err(damaged(&block.path, finding));
        }
        if !is_there {
            return Ok(None);
        }
        match series::read_entry(stream, &mut self.entry)? {
            Ok(length) => stream.consume(length),
            Err(_) => return Err(self.wrong("it is damaged")),
        }
        let labels = self.labels()?;
        let metas = std::mem::take(&mut self.entry.chunks);
        let chunks: Result<Vec<_>> = metas.iter().map(|meta| self.chunk(*meta)).collect();
        self.entry.chunks = metas;
        Ok(Some((labels, chunks?)))
    }

    fn wrong(&self, what: &str) -> Error {
        let at = self.entry.at;
        damaged(
            &self.block.path,
            &format!("{INDEX} at {at}, the entry of a series: {what}"),
        )
    }

    fn labels(&self) -> Result<Labels> {
        let mut builder = Builder::default();
        for (name, value) in &self.entry.labels {
            for number in [name, value] {
                if *number as usize >= self.block.symbols.count() {
                    return Err(self.wrong("it names a symbol that is not there"));
                }
            }
            let text = |number| str::from_utf8(self.block.symbols.text(number));
            let (Ok(name), Ok(value)) = (text(*name), text(*value)) else {
                return Err(self.wrong("a label is no UTF-8"));
            };
            builder.add(name, value);
        }
        builder
            .build()
            .map_err(|twice| self.wrong(&twice.to_string()))
    }

    fn chunk(&mut self, meta: Meta) -> Result<Chunk> {
        let block = self.block;
        let (number, offset) = (
            size(meta.reference >> 32),
            meta.reference & u64::from(u32::MAX),
        );
        let wrong = |what: &str| {
            let name = file_name(&block.described, number);
            damaged(&block.path, &format!("{name} at {offset}, a chunk: {what}"))
        };
        let Some(segment) = block.described.segments.get(number) else {
            return Err(wrong("there is no such segment"));
        };
        if self
            .segment
            .as_ref()
            .is_none_or(|(open, _)| *open != number)
        {
            let file = File::Segment(number);
            let stream = Stream::new(&block.files, file, 0, segment.size);
            self.segment = Some((number, stream));
        }
        let Some((_, stream)) = &mut self.segment else {
            return Err(wrong("there is no such segment"));
        };
        if offset >= segment.size {
            return Err(wrong("it would lie behind the end"));
        }
        stream.seek(offset);
        let Some((length, prefix)) = stream.uvarint()? else {
            return Err(wrong("it has no length"));
        };
        let total = length.saturating_add(prefix as u64 + 5);
        if total > stream.left() || total > MOST_BYTES as u64 {
            return Err(wrong("it is longer than it can be"));
        }
        let held = stream.peek(size(total))?;
        let Some((encoding, data, true)) = segment::parts(held) else {
            return Err(wrong("its checksum is another"));
        };
        let Some(encoding) = Encoding::of_number(encoding) else {
            return Err(wrong(&format!("its encoding is {encoding}")));
        };
        Ok(Chunk {
            encoding,
            min_time_ms: meta.min_time,
            max_time_ms: meta.max_time,
            data: Bytes::copy_from_slice(data),
        })
    }
}
