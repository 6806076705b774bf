//! Segments: files of chunks, one behind the other.
//!
//! The index refers to chunks in the order in which they lie, for each writer writes a series' chunks and then its entry. So segments are
//! read once, along with the series, and nothing has to be kept of either.

use super::bytes::{Cursor, VARINT_BYTES, size};
use super::crc::crc32c;
use super::finding::{Finding, Findings, Kind};
use super::series::Meta;
use super::source::{Block, BlockFiles, File};
use super::stream::{MOST_BYTES, WINDOW_BYTES};

/// What a segment begins with, and three zeros behind it.
pub(crate) const MAGIC: u32 = 0x85BD_40DD;
pub(crate) const FORMAT: u8 = 1;
pub(crate) const HEAD_BYTES: u64 = 8;

/// A chunk that is to be decoded, and what the index says of it.
pub(crate) struct Record {
    /// Where it begins in [`Batch::bytes`], and how long it is with its length and its checksum.
    pub(crate) start: u32,
    pub(crate) length: u32,
    /// What the index says of it; nothing, if no series refers to it.
    pub(crate) expected: Option<Expected>,
}

/// What the index says of a chunk.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) min_time: i64,
    pub(crate) max_time: i64,
    /// Where the entry of its series begins.
    pub(crate) series: u64,
}

/// A piece of a segment: whole chunks.
pub(crate) struct Batch {
    pub(crate) segment: usize,
    /// Where in the segment the bytes begin.
    pub(crate) base: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

impl Batch {
    /// The bytes of a chunk, with its length and its checksum.
    pub(crate) fn frame(&self, record: &Record) -> Option<&[u8]> {
        let start = size(record.start.into());
        self.bytes
            .get(start..start.checked_add(size(record.length.into()))?)
    }
}

/// The file of a segment below the block's folder.
pub(crate) fn file_name(block: &Block, segment: usize) -> String {
    let name = block
        .segments
        .get(segment)
        .map_or("?", |segment| &segment.name);
    format!("chunks/{name}")
}

/// The parts of a chunk in a segment: encoding, data, and whether the checksum is theirs. `None` if it is none.
pub(crate) fn parts(frame: &[u8]) -> Option<(u8, &[u8], bool)> {
    let mut cursor = Cursor::new(frame);
    let length = size(cursor.uvarint()?);
    let summed = cursor.bytes(length.checked_add(1)?)?;
    let stored = cursor.u32()?;
    let (&encoding, data) = summed.split_first()?;
    Some((encoding, data, stored == crc32c(summed)))
}

/// What is known of where the next chunk begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The head of the segment has not been read.
    Unopened,
    /// It begins behind the one before.
    Known,
    /// It follows something that is damaged.
    Lost,
}

/// Where a block's segments have been read to.
pub(crate) struct Walker<'a, S, D> {
    source: &'a S,
    block: &'a Block,
    deliver: D,
    segment: usize,
    place: Place,
    window: Vec<u8>,
    /// Where in the segment the window begins, and where the next chunk does.
    base: u64,
    at: u64,
    /// Where the chunk before begins.
    before: Option<u64>,
    records: Vec<Record>,
    /// The segment and the place of the last chunk that was referred to.
    last: Option<(u64, u64)>,
    /// Whether every chunk has to be referred to.
    pub(crate) strict: bool,
    /// Whether every chunk that is referred to was delivered.
    all: bool,
}

impl<'a, S: BlockFiles, D: FnMut(Batch)> Walker<'a, S, D> {
    /// `deliver` is given the chunks to decode.
    pub(crate) const fn new(source: &'a S, block: &'a Block, deliver: D) -> Self {
        Self {
            source,
            block,
            deliver,
            segment: 0,
            place: Place::Unopened,
            window: Vec::new(),
            base: 0,
            at: 0,
            before: None,
            records: Vec::new(),
            last: None,
            strict: true,
            all: true,
        }
    }

    fn end(&self) -> u64 {
        self.block
            .segments
            .get(self.segment)
            .map_or(0, |segment| segment.size)
    }

    fn found(&self, kind: Kind, at: u64, what: impl Into<String>) -> Finding {
        Finding::new(kind, &file_name(self.block, self.segment), at, what)
    }

    /// Goes to a chunk that a series refers to, and delivers it.
    pub(crate) fn chunk(
        &mut self,
        meta: Meta,
        series: u64,
        findings: &mut Findings,
    ) -> Result<(), S::Error> {
        let (segment, offset) = (meta.reference >> 32, meta.reference & u64::from(u32::MAX));
        let index = size(segment);
        let Some(file) = self.block.segments.get(index) else {
            let what = format!(
                "chunk {offset} of segment {}, of which there are {}",
                segment + 1,
                self.block.segments.len()
            );
            findings.push(
                Finding::new(Kind::DanglingReference, super::toc::INDEX, series, what)
                    .of_series(series),
            );
            return Ok(());
        };
        let name = file_name(self.block, index);
        if offset < HEAD_BYTES || offset >= file.size {
            findings.add(Kind::DanglingReference, || {
                let what = format!(
                    "the index refers to a chunk here, but chunks lie between 8 and {}",
                    file.size
                );
                Finding::new(Kind::DanglingReference, &name, offset, what).of_series(series)
            });
            return Ok(());
        }
        if self.last >= Some((segment, offset)) {
            findings.add(Kind::ReferencesUnsorted, || {
                let what =
                    "the index refers to this chunk out of the order of its series, or twice";
                Finding::new(Kind::ReferencesUnsorted, &name, offset, what).of_series(series)
            });
            return Ok(());
        }
        self.last = Some((segment, offset));
        while self.segment < index {
            self.finish_segment(findings)?;
        }
        self.open(findings)?;
        if offset != self.at && !self.reach(offset, findings)? {
            findings.add(Kind::DanglingReference, || {
                let what = "the index refers to a chunk here, where the middle of another lies";
                Finding::new(Kind::DanglingReference, &name, offset, what).of_series(series)
            });
            return Ok(());
        }
        self.place = Place::Known;
        let expected = Expected {
            min_time: meta.min_time,
            max_time: meta.max_time,
            series,
        };
        self.frame(Some(expected), findings)
    }

    /// Reads what is left of all segments; whether every chunk that is referred to was delivered.
    pub(crate) fn finish(mut self, findings: &mut Findings) -> Result<bool, S::Error> {
        while self.segment < self.block.segments.len() {
            self.finish_segment(findings)?;
        }
        Ok(self.all)
    }

    fn finish_segment(&mut self, findings: &mut Findings) -> Result<(), S::Error> {
        self.open(findings)?;
        if self.place != Place::Lost && !self.before_is_damaged() {
            self.gap(self.end(), findings)?;
        }
        self.ship();
        self.window.clear();
        self.segment += 1;
        self.place = Place::Unopened;
        Ok(())
    }

    fn open(&mut self, findings: &mut Findings) -> Result<(), S::Error> {
        if self.place != Place::Unopened {
            return Ok(());
        }
        self.place = Place::Known;
        if self.end() > 0 {
            self.source
                .ahead(File::Segment(self.segment), 0..self.end());
        }
        (self.base, self.at, self.before) = (0, 0, None);
        let front = self.fill(size(HEAD_BYTES))?;
        let mut head = Cursor::new(front);
        let (magic, version) = (head.u32(), head.byte());
        let padding = head.bytes(3).map(|bytes| bytes == [0; 3]);
        if padding.is_none() {
            let what = format!("{} bytes are not enough for a head", self.end());
            findings.push(self.found(Kind::Truncated, self.end(), what));
            self.place = Place::Lost;
            return Ok(());
        }
        if magic != Some(MAGIC) {
            findings.push(self.found(Kind::BadMagic, 0, "the head is not that of chunks"));
        }
        if version != Some(1) {
            let what = format!(
                "format {} of chunks is none that is known",
                version.unwrap_or_default()
            );
            findings.push(self.found(Kind::UnknownVersion, 4, what));
        }
        if padding == Some(false) {
            findings.push(self.found(
                Kind::PaddingNotZero,
                5,
                "bytes of the head that mean nothing are not zero",
            ));
        }
        self.at = HEAD_BYTES;
        Ok(())
    }

    /// Goes from the end of a chunk to one that does not begin there; `false` where that lies within the chunk.
    fn reach(&mut self, offset: u64, findings: &mut Findings) -> Result<bool, S::Error> {
        // A chunk whose length is damaged ends anywhere.
        if self.place == Place::Lost || self.before_is_damaged() {
            self.jump(offset);
            return Ok(true);
        }
        if offset < self.at {
            return Ok(false);
        }
        self.gap(offset, findings)?;
        Ok(true)
    }

    /// Whether the chunk that ends here does not have its checksum; whoever decodes it says so.
    fn before_is_damaged(&self) -> bool {
        let frame = self.before.and_then(|before| {
            let from = size(before.checked_sub(self.base)?);
            self.window.get(from..size(self.at - self.base))
        });
        frame.is_some_and(|frame| !parts(frame).is_some_and(|(_, _, sound)| sound))
    }

    fn jump(&mut self, to: u64) {
        self.before = None;
        if to > self.base + self.window.len() as u64 || to < self.base {
            self.at = self.base + self.window.len() as u64;
            self.ship();
            self.base = to;
            self.window.clear();
        }
        self.at = to;
    }

    /// Reads chunks that no series refers to, up to one that some does.
    fn gap(&mut self, until: u64, findings: &mut Findings) -> Result<(), S::Error> {
        while self.at < until && self.place != Place::Lost {
            let at = self.at;
            let sound = self.frame_length(until)?.is_ok_and(|length| {
                let from = size(at - self.base);
                let frame = self.window.get(from..from + length);
                frame.and_then(parts).is_some_and(|(_, _, sound)| sound)
            });
            if self.strict {
                findings.add(Kind::ChunkUnreferenced, || {
                    let what = if sound {
                        "a chunk that no series refers to".to_owned()
                    } else {
                        format!(
                            "{} bytes that are no chunk and that no series refers to",
                            until - at
                        )
                    };
                    self.found(Kind::ChunkUnreferenced, at, what)
                });
            }
            if sound {
                self.frame(None, findings)?;
            } else if self.strict {
                self.jump(until);
            } else {
                findings.add(Kind::ChunkChecksum, || {
                    self.found(
                        Kind::ChunkChecksum,
                        at,
                        "the chunk here is damaged; where the next begins is not known",
                    )
                });
                self.place = Place::Lost;
            }
        }
        Ok(())
    }

    /// Takes the chunk that begins here.
    fn frame(
        &mut self,
        expected: Option<Expected>,
        findings: &mut Findings,
    ) -> Result<(), S::Error> {
        let at = self.at;
        match self.frame_length(self.end())? {
            Ok(length) => {
                // A window is far from 4 GiB.
                let start = u32::try_from(at - self.base).unwrap_or(u32::MAX);
                self.records.push(Record {
                    start,
                    length: u32::try_from(length).unwrap_or(u32::MAX),
                    expected,
                });
                self.before = Some(at);
                self.at += length as u64;
            }
            Err((kind, what)) => {
                findings.add(kind, || {
                    let finding = self.found(kind, at, what);
                    match expected {
                        Some(expected) => finding.of_series(expected.series),
                        None => finding,
                    }
                });
                self.before = None;
                self.place = Place::Lost;
                self.all = false;
            }
        }
        Ok(())
    }

    /// How long the chunk is that begins here, with its length and its checksum; it is in the window then.
    fn frame_length(&mut self, end: u64) -> Result<Result<usize, (Kind, &'static str)>, S::Error> {
        let left = end - self.at;
        let front = self.fill(VARINT_BYTES)?;
        let mut cursor = Cursor::new(front);
        let Some(length) = cursor.uvarint() else {
            return Ok(Err((Kind::Truncated, "no length of a chunk")));
        };
        let total = length.saturating_add((front.len() - cursor.left()) as u64 + 5);
        if total > left {
            return Ok(Err((
                Kind::Truncated,
                "a chunk that does not end within its segment",
            )));
        }
        if total > MOST_BYTES as u64 {
            return Ok(Err((Kind::Oversized, "a chunk of more than 16 MiB")));
        }
        self.fill(size(total))?;
        Ok(Ok(size(total)))
    }

    /// Has so many bytes from here on in the window, or all that are left.
    fn fill(&mut self, count: usize) -> Result<&[u8], S::Error> {
        let end = self.base + self.window.len() as u64;
        let wanted = (self.at + count as u64).min(self.end());
        if end < wanted {
            self.ship();
            let have = self.window.len();
            let next = self.base + have as u64;
            let get = size(self.end() - next).min(WINDOW_BYTES.max(count - have));
            self.window.resize(have + get, 0);
            let into = self.window.get_mut(have..).unwrap_or_default();
            let done = self.source.read(File::Segment(self.segment), next, into);
            if done.is_err() {
                self.window.truncate(have);
            }
            done?;
        }
        Ok(self
            .window
            .get(size(self.at - self.base)..)
            .unwrap_or_default())
    }

    /// Delivers the chunks that end here, and begins a window with what follows.
    fn ship(&mut self) {
        let rest = self
            .window
            .get(size(self.at - self.base)..)
            .unwrap_or_default();
        let mut next = Vec::with_capacity(WINDOW_BYTES + rest.len());
        next.extend_from_slice(rest);
        let bytes = std::mem::replace(&mut self.window, next);
        let base = std::mem::replace(&mut self.base, self.at);
        self.before = None;
        if self.records.is_empty() {
            return;
        }
        let room = self.records.len();
        let records = std::mem::replace(&mut self.records, Vec::with_capacity(room));
        (self.deliver)(Batch {
            segment: self.segment,
            base,
            bytes,
            records,
        });
    }
}
