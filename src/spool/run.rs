//! Series by window and labels, as they follow each other on disk: each with what came of it, and labels as what differs from those before.

use std::cmp::Ordering;

use super::disk::{self, Disk, Extent};
use super::part;
use crate::error::Result;
use crate::samples::Labels;
use crate::tsdb::bytes::{Cursor, put_uvarint, put_varint};

/// A frame that has so many bytes is written.
const FRAME_BYTES: usize = 128 << 10;

/// How much memory it takes to read a run, where no part is longer than a frame.
pub(super) const READER_BYTES: usize = 2 * FRAME_BYTES;

/// By what a run is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Key {
    /// When the window begins.
    pub(super) window_ms: i64,
    /// The labels, packed.
    pub(super) labels: Vec<u8>,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let windows = self.window_ms.cmp(&other.window_ms);
        windows.then_with(|| Labels::compare_packed(&self.labels, &other.labels))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Writes a run, behind what a disk holds.
pub(super) struct Writer<'a> {
    disk: &'a mut Disk,
    begin: u64,
    frame: Vec<u8>,
    /// What the next key of the frame is told as a change of.
    window_ms: i64,
    labels: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(disk: &'a mut Disk) -> Self {
        let begin = disk.length();
        let mut writer = Self {
            disk,
            begin,
            frame: Vec::with_capacity(READER_BYTES),
            window_ms: 0,
            labels: Vec::new(),
        };
        writer.anew();
        writer
    }

    fn anew(&mut self) {
        self.frame.clear();
        self.frame.resize(disk::header(), 0);
        self.window_ms = 0;
        self.labels.clear();
    }

    /// Adds what came of a series in a window. Keys ascend, and may be repeated.
    pub(super) fn put(&mut self, window_ms: i64, labels: &[u8], mut parts: &[u8]) -> Result<()> {
        while !parts.is_empty() {
            let mut length = 0;
            while length == 0 || self.frame.len() + length < FRAME_BYTES {
                match parts.get(length..).and_then(part::length) {
                    Some(next) => length += next,
                    None => break,
                }
            }
            let Some((now, later)) = parts.split_at_checked(length).filter(|_| length > 0) else {
                return Err(self.disk.damaged());
            };
            self.record(window_ms, labels, now);
            parts = later;
            if self.frame.len() >= FRAME_BYTES {
                self.frame()?;
            }
        }
        Ok(())
    }

    fn record(&mut self, window_ms: i64, labels: &[u8], parts: &[u8]) {
        let both = self.labels.iter().zip(labels);
        let shared = both.take_while(|(one, other)| one == other).count();
        let own = labels.get(shared..).unwrap_or_default();
        put_varint(&mut self.frame, window_ms.wrapping_sub(self.window_ms));
        put_uvarint(&mut self.frame, shared as u64);
        put_uvarint(&mut self.frame, own.len() as u64);
        self.frame.extend_from_slice(own);
        put_uvarint(&mut self.frame, parts.len() as u64);
        self.frame.extend_from_slice(parts);
        self.window_ms = window_ms;
        self.labels.truncate(shared);
        self.labels.extend_from_slice(own);
    }

    fn frame(&mut self) -> Result<()> {
        self.disk.append(&mut self.frame)?;
        self.anew();
        Ok(())
    }

    /// Where the run lies.
    pub(super) fn finish(mut self) -> Result<Extent> {
        if self.frame.len() > disk::header() {
            self.frame()?;
        }
        Ok(Extent {
            begin: self.begin,
            end: self.disk.length(),
        })
    }
}

/// Reads a run, from one key to the next.
#[derive(Debug)]
pub(super) struct Reader {
    /// Which run it is: of two, the one that came first is the lesser.
    number: usize,
    rest: Extent,
    frame: Vec<u8>,
    /// Where in the frame the next key is.
    next: usize,
    key: Key,
    /// Where in the frame lies what came of it.
    parts: (usize, usize),
}

impl Reader {
    /// A reader at the first key of a run; `None` if there is none.
    pub(super) fn open(disk: &Disk, run: Extent, number: usize) -> Result<Option<Self>> {
        let mut reader = Self {
            number,
            rest: run,
            frame: Vec::new(),
            next: 0,
            key: Key::default(),
            parts: (0, 0),
        };
        Ok(reader.advance(disk)?.then_some(reader))
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// What came of the series in the window, or a part of it: the same key may follow.
    pub(super) fn parts(&self) -> &[u8] {
        let (begin, end) = self.parts;
        self.frame.get(begin..end).unwrap_or_default()
    }

    /// Goes on to the next key; whether there is one.
    pub(super) fn advance(&mut self, disk: &Disk) -> Result<bool> {
        if self.next >= self.frame.len() {
            if self.rest.begin >= self.rest.end {
                return Ok(false);
            }
            self.rest.begin = disk.read(self.rest.begin, &mut self.frame)?;
            self.next = disk::header();
            self.key.window_ms = 0;
            self.key.labels.clear();
        }
        match self.record() {
            Some(()) => Ok(true),
            None => Err(disk.damaged()),
        }
    }

    fn record(&mut self) -> Option<()> {
        let mut cursor = Cursor::new(self.frame.get(self.next..)?);
        let window_ms = self.key.window_ms.wrapping_add(cursor.varint()?);
        let shared = usize::try_from(cursor.uvarint()?).ok()?;
        let own = cursor.string()?;
        let parts = cursor.string()?;
        if shared > self.key.labels.len() {
            return None;
        }
        let end = self.frame.len() - cursor.left();
        self.parts = (end - parts.len(), end);
        self.next = end;
        self.key.window_ms = window_ms;
        self.key.labels.truncate(shared);
        self.key.labels.extend_from_slice(own);
        Some(())
    }
}

/// The greatest is the one to be read first: the least key, and of equal ones the one that came first.
impl Ord for Reader {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = other.key.cmp(&self.key);
        keys.then_with(|| other.number.cmp(&self.number))
    }
}

impl PartialOrd for Reader {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Reader {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Reader {}
