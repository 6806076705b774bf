//! Lines of payloads, one at a time.

use std::io::{BufRead, Cursor, Read};
use std::mem;

use super::received::Payload;
use crate::error::Result;

/// The longest line that is read: no sender writes such ones, and a file without any end of a line is none of these formats.
const LONGEST: usize = 16 << 20;

/// Reads the lines of one payload.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    number: u64,
    skips_mark: bool,
    /// What comes before the rest of the payload.
    held: Cursor<Vec<u8>>,
}

/// The bytes with which what zstd has compressed begins.
pub(super) const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// What editors of Windows put before a text.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// A line.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: u64,
    /// Without its end; of one that is too long the beginning.
    pub(super) bytes: &'a [u8],
    /// Whether it has an end, or the payload ends in it.
    pub(super) has_end: bool,
}

impl<'a> Line<'a> {
    /// Errors: it is longer than what is read.
    pub(super) fn whole(self) -> Result<&'a [u8], String> {
        if self.bytes.len() > LONGEST {
            Err(format!("it is longer than {LONGEST} bytes"))
        } else {
            Ok(self.bytes)
        }
    }

    /// Errors: it is longer than what is read, or no text.
    pub(super) fn text(self) -> Result<&'a str, String> {
        str::from_utf8(self.whole()?).map_err(|_| "it is not UTF-8".to_owned())
    }
}

impl Lines {
    /// Lines of a payload that may begin with a [`MARK`], which is no part of the first one.
    pub(super) fn behind_mark() -> Self {
        Self {
            skips_mark: true,
            ..Self::default()
        }
    }

    /// The next line, if there is one.
    pub(super) fn next(&mut self, payload: &mut Payload) -> Result<Option<Line<'_>>> {
        if self.line(self.number).whole().is_err() && !self.buffer.ends_with(b"\n") {
            let mut rest = (&mut self.held).chain(&mut *payload.body);
            let skipped = rest.skip_until(b'\n');
            skipped.map_err(|err| payload.malformed(Some(self.number), err))?;
        }
        self.buffer.clear();
        self.number += 1;
        let read = self.extend(payload)?;
        if self.skips_mark && self.number == 1 && self.buffer.starts_with(MARK) {
            self.buffer.drain(..MARK.len());
        }
        Ok(read.then(|| self.line(self.number)))
    }

    /// Adds the line after it to the one that was read last, if there is one: what is quoted may hold ends of lines. `false` where there is none, or
    /// both together are too long.
    pub(super) fn more(&mut self, payload: &mut Payload) -> Result<bool> {
        if self.line(self.number).whole().is_err() {
            return Ok(false);
        }
        self.number += 1;
        self.extend(payload)
    }

    /// Takes of lines that were put together the first one alone for read: what follows it comes anew. `first` is its number.
    pub(super) fn give_back_behind(&mut self, first: u64) {
        let end = self.buffer.iter().position(|byte| *byte == b'\n');
        if self.number > first
            && let Some(end) = end
        {
            let mut held = self.buffer.split_off(end + 1);
            let before = mem::take(&mut self.held);
            let at = usize::try_from(before.position()).unwrap_or(usize::MAX);
            held.extend_from_slice(before.get_ref().get(at..).unwrap_or_default());
            self.held = Cursor::new(held);
            self.number = first;
        }
    }

    fn extend(&mut self, payload: &mut Payload) -> Result<bool> {
        let left = (LONGEST + 1).saturating_sub(self.buffer.len()) as u64;
        let source = (&mut self.held).chain(&mut *payload.body);
        let read = source.take(left).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|err| payload.malformed(Some(self.number), err))?;
        Ok(read > 0)
    }

    /// What was read last, `number` being that of the line in which it began.
    pub(super) fn line(&self, number: u64) -> Line<'_> {
        let without = self.buffer.strip_suffix(b"\n");
        Line {
            number,
            bytes: without.unwrap_or(&self.buffer),
            has_end: without.is_some(),
        }
    }
}
