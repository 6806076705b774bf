//! Lines of payloads, one at a time.

use std::io::{BufRead, Read};

use super::received::Payload;
use crate::error::Result;

/// The longest line that is read: no sender writes such ones, and a file without any end of a line is none of these formats.
const LONGEST: u64 = 16 << 20;

/// Reads the lines of one payload.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    number: u64,
}

/// A line.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: u64,
    /// Without its end.
    pub(super) bytes: &'a [u8],
    /// Whether it has an end, or the payload ends in it.
    pub(super) has_end: bool,
}

impl Lines {
    /// The next line, if there is one.
    pub(super) fn next(&mut self, payload: &mut Payload) -> Result<Option<Line<'_>>> {
        self.buffer.clear();
        self.number += 1;
        let read = self.extend(payload, self.number)?;
        Ok(read.then(|| self.line(self.number)))
    }

    /// The line that was read last, and the one after it, if there is one: what is quoted may hold ends of lines. `first` is the number of the line
    /// in which it began.
    pub(super) fn more(&mut self, payload: &mut Payload, first: u64) -> Result<Option<Line<'_>>> {
        self.number += 1;
        let read = self.extend(payload, first)?;
        Ok(read.then(|| self.line(first)))
    }

    fn extend(&mut self, payload: &mut Payload, first: u64) -> Result<bool> {
        let left = LONGEST.saturating_sub(self.buffer.len() as u64);
        let read = Read::take(&mut *payload.body, left + 1).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|err| payload.malformed(Some(self.number), err))?;
        if self.buffer.len() as u64 > LONGEST {
            let why = format_args!("it is longer than {LONGEST} bytes");
            return Err(payload.malformed(Some(first), why));
        }
        Ok(read > 0)
    }

    fn line(&self, number: u64) -> Line<'_> {
        let without = self.buffer.strip_suffix(b"\n");
        Line {
            number,
            bytes: without.unwrap_or(&self.buffer),
            has_end: without.is_some(),
        }
    }
}
