//! A part of a file that is read once, from its beginning to its end, in large pieces.

use super::bytes::{Cursor, size};
use super::source::{BlockFiles, File};

/// What is read at once, unless a single thing is longer, such as a chunk.
pub const WINDOW_BYTES: usize = 1 << 20;

/// The longest thing that is held whole: a chunk, the entry of a series, a symbol. Writers stay far below.
pub(crate) const MOST_BYTES: usize = 16 << 20;

/// What is read where a few bytes are wanted.
const SHORT_BYTES: usize = 16 << 10;

/// The bytes of a range, of which so many as a parser asks for are in memory.
pub(crate) struct Stream<'a, S> {
    source: &'a S,
    file: File,
    /// What was read and not yet consumed begins here.
    taken: usize,
    buffer: Vec<u8>,
    /// Where in the file the next read begins, and where the range ends.
    next: u64,
    end: u64,
    /// How much is read at once.
    window: usize,
}

impl<'a, S: BlockFiles> Stream<'a, S> {
    pub(crate) fn new(source: &'a S, file: File, start: u64, end: u64) -> Self {
        if end > start {
            source.ahead(file, start..end);
        }
        Self::unannounced(source, file, start, end)
    }

    const fn unannounced(source: &'a S, file: File, start: u64, end: u64) -> Self {
        Self {
            source,
            file,
            taken: 0,
            buffer: Vec::new(),
            next: start,
            end: if end < start { start } else { end },
            window: WINDOW_BYTES,
        }
    }

    /// The same for a few bytes at its beginning.
    pub(crate) const fn short(source: &'a S, file: File, start: u64, end: u64) -> Self {
        let mut stream = Self::unannounced(source, file, start, end);
        stream.window = SHORT_BYTES;
        stream
    }

    /// From now on a few bytes are wanted here and there.
    pub(crate) const fn read_less_at_once(&mut self) {
        self.window = SHORT_BYTES;
    }

    /// Where in the file the next byte lies.
    pub(crate) fn position(&self) -> u64 {
        self.next - (self.buffer.len() - self.taken) as u64
    }

    /// How many bytes are left in the range.
    pub(crate) fn left(&self) -> u64 {
        self.end - self.position()
    }

    /// What is in memory already.
    fn held(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    /// The next bytes: so many as asked for, or all that are left; perhaps more.
    pub(crate) fn peek(&mut self, count: usize) -> Result<&[u8], S::Error> {
        if self.buffer.len() - self.taken < count && self.next < self.end {
            self.fill(count)?;
        }
        Ok(self.held())
    }

    fn fill(&mut self, count: usize) -> Result<(), S::Error> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let old = self.buffer.len();
        let want = self.window.max(count.saturating_sub(old));
        let get = size(self.end - self.next).min(want);
        self.buffer.resize(old + get, 0);
        let into = self.buffer.get_mut(old..).unwrap_or_default();
        let done = self.source.read(self.file, self.next, into);
        if done.is_err() {
            self.buffer.truncate(old);
        }
        done?;
        self.next += get as u64;
        Ok(())
    }

    /// Leaves so many of the bytes behind that [`Self::peek`] gave.
    pub(crate) fn consume(&mut self, count: usize) {
        self.taken = (self.taken + count).min(self.buffer.len());
    }

    /// Leaves so many bytes behind without reading those that are not in memory.
    pub(crate) fn skip(&mut self, count: u64) {
        let held = (self.buffer.len() - self.taken) as u64;
        if count <= held {
            self.consume(size(count));
        } else {
            self.buffer.clear();
            self.taken = 0;
            self.next = (self.next + (count - held)).min(self.end);
        }
    }

    /// Goes to a place in the file: on if it lies ahead, else by reading anew.
    pub(crate) fn seek(&mut self, to: u64) {
        let position = self.position();
        if to >= position {
            self.skip(to - position);
        } else {
            self.buffer.clear();
            self.taken = 0;
            self.next = to;
        }
    }

    /// Calls `each` with all that is left, in pieces, and stops behind so many bytes.
    pub(crate) fn pass(
        &mut self,
        count: u64,
        mut each: impl FnMut(&[u8]),
    ) -> Result<u64, S::Error> {
        let mut passed = 0;
        while passed < count && self.left() > 0 {
            let held = self.peek(1)?;
            let take = size(count - passed).min(held.len());
            each(held.get(..take).unwrap_or_default());
            self.consume(take);
            passed += take as u64;
        }
        Ok(passed)
    }

    /// A number of variable length, or `None` where there is none; nothing is consumed then.
    pub(crate) fn uvarint(&mut self) -> Result<Option<(u64, usize)>, S::Error> {
        let held = self.peek(super::bytes::VARINT_BYTES)?;
        let mut cursor = Cursor::new(held);
        let value = cursor.uvarint();
        Ok(value.map(|value| (value, held.len() - cursor.left())))
    }

    /// Leaves behind what only fills up to `end`; the first byte of it that is not zero, if any, is where it stops.
    pub(crate) fn padding(&mut self, end: u64) -> Result<Option<u64>, S::Error> {
        while self.position() < end && self.left() > 0 {
            let left = size(end - self.position());
            let held = self.peek(1)?;
            let some = held.get(..left.min(held.len())).unwrap_or_default();
            let zeros = some.iter().take_while(|byte| **byte == 0).count();
            let stop = zeros < some.len();
            self.consume(zeros);
            if stop {
                return Ok(Some(self.position()));
            }
        }
        Ok(None)
    }
}
