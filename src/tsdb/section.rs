//! Sections of the index that are a table: their length, how many entries there are, the entries, a checksum.

use super::bytes::{Cursor, size};
use super::crc::Crc;
use super::finding::{Finding, Findings, Kind};
use super::source::{BlockFiles, File};
use super::stream::{MOST_BYTES, Stream};
use super::toc::{INDEX, Range};

/// How much of an entry's surroundings is asked for at once.
const STEP_BYTES: usize = 64 << 10;

/// What was learnt of a table.
pub(crate) struct Table {
    /// How many entries were read.
    pub(crate) entries: u64,
    /// Whether these are all, and as their writer wrote them.
    pub(crate) whole: bool,
}

/// Reads a table that fills a range but for padding behind it.
///
/// `each` is given what begins with an entry, and where that lies; it says whether there is a whole entry, and takes it then.
pub(crate) fn read<S: BlockFiles>(
    source: &S,
    range: Range,
    name: &str,
    findings: &mut Findings,
    mut each: impl FnMut(&mut Cursor<'_>, u64, &mut Findings) -> Result<bool, S::Error>,
) -> Result<Table, S::Error> {
    let mut stream = Stream::new(source, File::Index, range.start, range.end);
    let mut table = Table {
        entries: 0,
        whole: false,
    };
    let mut head = Cursor::new(stream.peek(8)?);
    let (Some(length), Some(count)) = (head.u32(), head.u32()) else {
        let what = format!("{name}: no room for its length");
        findings.push(Finding::new(Kind::Truncated, INDEX, range.start, what));
        return Ok(table);
    };
    let (length, count) = (u64::from(length), u64::from(count));
    if length < 4 || length + 8 > stream.left() {
        let what = format!(
            "{name}: a length of {length} bytes where {} are",
            stream.left()
        );
        findings.push(Finding::new(Kind::IndexMalformed, INDEX, range.start, what));
        return Ok(table);
    }
    let mut crc = Crc::new();
    crc.update(stream.peek(8)?.get(4..8).unwrap_or_default());
    stream.consume(8);
    // What is wrong with entries is of no use where the checksum is: it may be wrong with them alone.
    let mut of_entries = Findings::new(findings.cap());
    let end = range.start + 4 + length;
    let mut want = STEP_BYTES;
    while table.entries < count {
        let at = stream.position();
        let left = size(end - at);
        let front = stream.peek(want.min(left))?;
        let front = front.get(..left.min(front.len())).unwrap_or_default();
        let mut cursor = Cursor::new(front);
        let mut parsed = 0;
        while table.entries < count && each(&mut cursor, at + parsed as u64, &mut of_entries)? {
            table.entries += 1;
            parsed = front.len() - cursor.left();
        }
        let enough = front.len() == left || front.len() >= MOST_BYTES;
        crc.update(front.get(..parsed).unwrap_or_default());
        stream.consume(parsed);
        if parsed == 0 && enough {
            break;
        }
        want = if parsed == 0 { want * 2 } else { STEP_BYTES };
    }
    if table.entries < count || stream.position() < end {
        let what = if table.entries < count {
            format!(
                "{name}: entry {} of {count} does not parse",
                table.entries + 1
            )
        } else {
            format!("{name}: bytes behind the last of {count} entries")
        };
        of_entries.push(Finding::new(
            Kind::IndexMalformed,
            INDEX,
            stream.position(),
            what,
        ));
    } else {
        table.whole = true;
    }
    let rest = end - stream.position();
    stream.pass(rest, |bytes| crc.update(bytes))?;
    let stored = Cursor::new(stream.peek(4)?).u32();
    stream.consume(4);
    if stored == Some(crc.value()) {
        findings.merge(of_entries);
    } else {
        table.whole = false;
        let what = format!("{name}: the checksum is another");
        findings.push(Finding::new(Kind::IndexChecksum, INDEX, range.start, what));
    }
    padding(&mut stream, range.end, name, findings)?;
    Ok(table)
}

/// Leaves behind what fills up to `end`, and says so if it is not zero; whether it is.
pub(crate) fn padding<S: BlockFiles>(
    stream: &mut Stream<'_, S>,
    end: u64,
    before: &str,
    findings: &mut Findings,
) -> Result<bool, S::Error> {
    let Some(at) = stream.padding(end)? else {
        return Ok(true);
    };
    findings.add(Kind::PaddingNotZero, || {
        let what = format!("bytes behind the {before} belong to nothing and are not zero");
        Finding::new(Kind::PaddingNotZero, INDEX, at, what)
    });
    stream.skip(end - stream.position());
    Ok(false)
}

/// From so many jumps on less is read at once.
const FEW_JUMPS: u32 = 64;

/// Pieces that lie in another order than the table's are read up to so many jumps: no writer makes any, and each costs a read.
const MOST_JUMPS: u32 = 64 << 10;

/// A range of pieces that a table refers to, one behind the other.
pub(crate) struct Pieces<'a, S> {
    pub(crate) stream: Stream<'a, S>,
    range: Range,
    name: &'static str,
    /// Whether it is not known where the piece before ends.
    lost: bool,
    jumps: u32,
    /// How long all pieces are that were read.
    taken: u64,
}

/// Where a piece is said to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Within the range.
    There,
    /// Outside of it.
    Nowhere,
    /// So many lie in no order, or over each other, that this one is not read. That is said.
    Unread,
}

impl<'a, S: BlockFiles> Pieces<'a, S> {
    pub(crate) fn new(source: &'a S, range: Range, name: &'static str) -> Self {
        Self {
            stream: Stream::new(source, File::Index, range.start, range.end),
            range,
            name,
            lost: false,
            jumps: 0,
            taken: 0,
        }
    }

    /// Goes to a piece; what lies before it and belongs to none has to be zero.
    pub(crate) fn go(&mut self, offset: u64, findings: &mut Findings) -> Result<Place, S::Error> {
        if offset < self.range.start || offset >= self.range.end {
            self.lost = true;
            return Ok(Place::Nowhere);
        }
        if offset > self.stream.position() && !self.lost {
            padding(
                &mut self.stream,
                offset,
                &format!("{} before", self.name),
                findings,
            )?;
        } else if offset != self.stream.position() {
            self.jumps = self.jumps.saturating_add(1);
            if self.jumps > MOST_JUMPS {
                self.lost = true;
                if self.jumps == MOST_JUMPS + 1 {
                    findings.push(self.in_no_order(offset));
                }
                return Ok(Place::Unread);
            }
            if self.jumps == FEW_JUMPS {
                self.stream.read_less_at_once();
            }
            self.stream.seek(offset);
        }
        self.lost = false;
        Ok(Place::There)
    }

    /// Whether a piece of that length is to be read: all of them have room beside each other.
    pub(crate) fn has_room(&mut self, length: u64, at: u64, findings: &mut Findings) -> bool {
        let room = self.range.end - self.range.start;
        let is_said = self.taken > room;
        self.taken = self.taken.saturating_add(length);
        if self.taken <= room {
            return true;
        }
        if !is_said {
            findings.push(self.in_no_order(at));
        }
        self.lost = true;
        false
    }

    fn in_no_order(&self, at: u64) -> Finding {
        let what = format!(
            "{}: so many lie out of order or over each other that the rest is not read",
            self.name
        );
        Finding::new(Kind::IndexMalformed, INDEX, at, what)
    }

    /// The piece that begins here is not what it has to be.
    pub(crate) fn lose(&mut self) {
        self.lost = true;
    }

    /// What lies behind the last piece has to be zero.
    pub(crate) fn finish(mut self, findings: &mut Findings) -> Result<(), S::Error> {
        if !self.lost {
            padding(
                &mut self.stream,
                self.range.end,
                &format!("{} before", self.name),
                findings,
            )?;
        }
        Ok(())
    }
}
