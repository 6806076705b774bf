//! The series of an index: labels, and where which of their chunks lie.

use super::bytes::{Cursor, VARINT_BYTES, size};
use super::crc::crc32c;
use super::finding::{Finding, Findings, Kind};
use super::section;
use super::source::{BlockFiles, File};
use super::stream::{MOST_BYTES, Stream};
use super::symbols::{Symbols, label};
use super::toc::{INDEX, Range, Toc};

/// How far behind an entry that is damaged the next one is looked for.
const LOOK_BYTES: usize = 64 << 10;

/// A chunk as the index has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) min_time: i64,
    pub(crate) max_time: i64,
    /// The number of its segment in the upper half, where it lies there in the lower.
    pub(crate) reference: u64,
}

/// The entry of one series.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// Where it begins in the index.
    pub(crate) at: u64,
    /// References to names and values.
    pub(crate) labels: Vec<(u32, u32)>,
    pub(crate) chunks: Vec<Meta>,
}

impl Entry {
    /// What postings and tombstones call it.
    pub(crate) const fn id(&self, version: u8) -> u64 {
        if version == 1 { self.at } else { self.at / 16 }
    }

    /// Takes the body of an entry, between its length and its checksum.
    fn parse(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(body);
        self.labels.clear();
        for _ in 0..cursor.uvarint()? {
            let name = u32::try_from(cursor.uvarint()?).ok()?;
            let value = u32::try_from(cursor.uvarint()?).ok()?;
            self.labels.push((name, value));
        }
        self.chunks.clear();
        let (mut time, mut reference) = (0_i64, 0_i64);
        for index in 0..cursor.uvarint()? {
            let from = if index == 0 {
                cursor.varint()?
            } else {
                time.wrapping_add(cursor.uvarint()?.cast_signed())
            };
            time = from.wrapping_add(cursor.uvarint()?.cast_signed());
            reference = if index == 0 {
                cursor.uvarint()?.cast_signed()
            } else {
                reference.wrapping_add(cursor.varint()?)
            };
            self.chunks.push(Meta {
                min_time: from,
                max_time: time,
                reference: reference.cast_unsigned(),
            });
        }
        (cursor.left() == 0).then_some(())
    }
}

/// Reads all series in their order; whether every one could be read.
///
/// What is wrong with where they lie and how they are written is said; what they say is for `each` to judge, which learns whether all before
/// could be read.
pub(crate) fn walk<S: BlockFiles>(
    source: &S,
    toc: &Toc,
    findings: &mut Findings,
    mut each: impl FnMut(&Entry, bool, &mut Findings) -> Result<(), S::Error>,
) -> Result<bool, S::Error> {
    let Range { start, end } = toc.series;
    let mut stream = Stream::new(source, File::Index, start, end);
    let mut entry = Entry::default();
    let mut whole = true;
    while to_next(&mut stream, toc, findings, &mut entry)? {
        let at = stream.position();
        let length = match read_entry(&mut stream, &mut entry)? {
            Ok(length) => length,
            Err(kind) => {
                whole = false;
                let next = resume(&mut stream, toc, &mut entry)?;
                findings.add(kind, || damaged(kind, at, next));
                if next.is_none() {
                    break;
                }
                continue;
            }
        };
        each(&entry, whole, findings)?;
        stream.consume(length);
    }
    Ok(whole)
}

fn damaged(kind: Kind, at: u64, next: Option<u64>) -> Finding {
    let how = match kind {
        Kind::IndexMalformed => "does not parse, although its checksum is right",
        _ => "is damaged",
    };
    let then = match next {
        Some(next) => format!("the next one that is not begins at {next}"),
        None => "and so is what follows".to_owned(),
    };
    let what = format!("series: the entry {how}; {then}");
    Finding::new(kind, INDEX, at, what)
}

/// Goes to where the next entry begins; `false` if there is none.
pub(crate) fn to_next<S: BlockFiles>(
    stream: &mut Stream<'_, S>,
    toc: &Toc,
    findings: &mut Findings,
    entry: &mut Entry,
) -> Result<bool, S::Error> {
    let at = stream.position();
    let aligned = if toc.version == 1 {
        at
    } else {
        at.next_multiple_of(16).min(toc.series.end)
    };
    if aligned > at
        && let Some(found) = stream.padding(aligned)?
    {
        if read_entry(stream, entry)?.is_ok() {
            findings.add(Kind::SeriesMisaligned, || {
                let what = "series: the entry does not begin at a multiple of 16";
                Finding::new(Kind::SeriesMisaligned, INDEX, found, what)
            });
            return Ok(true);
        }
        section::padding(stream, aligned, "series before", findings)?;
    }
    // Behind the last one there is padding up to the next section, in indexes of some writers.
    if let [0, ..] = stream.peek(1)? {
        stream.padding(toc.series.end)?;
    }
    Ok(stream.left() > 0)
}

/// Reads the entry that begins here, and leaves it where it is; how long it is, or in which way it is damaged.
pub(crate) fn read_entry<S: BlockFiles>(
    stream: &mut Stream<'_, S>,
    entry: &mut Entry,
) -> Result<Result<usize, Kind>, S::Error> {
    entry.at = stream.position();
    let Some((length, prefix)) = stream.uvarint()? else {
        return Ok(Err(Kind::IndexChecksum));
    };
    let left = stream.left();
    let total = length.saturating_add(prefix as u64 + 4);
    if total > left || total > MOST_BYTES as u64 {
        return Ok(Err(Kind::IndexChecksum));
    }
    let held = stream.peek(size(total))?;
    Ok(parse_entry(held, entry).map(|()| size(total)))
}

/// Takes the entry that a slice begins with, or tells in which way it is damaged.
fn parse_entry(held: &[u8], entry: &mut Entry) -> Result<(), Kind> {
    let mut cursor = Cursor::new(held);
    let body = cursor.string();
    match body.zip(cursor.u32()) {
        Some((body, stored)) if stored == crc32c(body) => {
            entry.parse(body).ok_or(Kind::IndexMalformed)
        }
        _ => Err(Kind::IndexChecksum),
    }
}

/// Goes behind an entry that is damaged, to the next one that is not.
fn resume<S: BlockFiles>(
    stream: &mut Stream<'_, S>,
    toc: &Toc,
    entry: &mut Entry,
) -> Result<Option<u64>, S::Error> {
    let (at, step) = (stream.position(), if toc.version == 1 { 1 } else { 16 });
    let most = LOOK_BYTES / if step == 1 { 16 } else { 8 };
    let far = at.next_multiple_of(16) + LOOK_BYTES as u64;
    let held = stream.peek(LOOK_BYTES * 2)?;
    let mut next = if step == 1 {
        at + 1
    } else {
        (at + 1).next_multiple_of(16)
    };
    while next < far.min(toc.series.end) {
        let from = held.get(size(next - at)..).unwrap_or_default();
        // So many places are tried that entries which claim to be long would take too long.
        let from = from.get(..most).unwrap_or(from);
        // Zeros would parse as an entry without labels.
        if from.first().is_some_and(|byte| *byte > 0)
            && parse_entry(from, entry).is_ok()
            && !entry.labels.is_empty()
        {
            stream.skip(next - at);
            return Ok(Some(next));
        }
        next += step;
    }
    Ok(None)
}

/// Whether an entry that is sound begins at a place; it is read from the index.
pub(crate) fn is_at<S: BlockFiles>(
    source: &S,
    toc: &Toc,
    id: u64,
) -> Result<Option<Entry>, S::Error> {
    let at = if toc.version == 1 {
        id
    } else {
        id.saturating_mul(16)
    };
    if at < toc.series.start || at >= toc.series.end {
        return Ok(None);
    }
    let mut stream = Stream::short(
        source,
        File::Index,
        at,
        toc.series.end.min(at + LOOK_BYTES as u64),
    );
    let mut entry = Entry::default();
    if read_entry(&mut stream, &mut entry)?.is_err() {
        stream = Stream::short(source, File::Index, at, toc.series.end);
        if read_entry(&mut stream, &mut entry)?.is_err() {
            return Ok(None);
        }
    }
    Ok((!entry.labels.is_empty()).then_some(entry))
}

/// The labels of a series as Prometheus prints them, read from the index; cut where they are many.
pub(crate) fn print<S: BlockFiles>(
    source: &S,
    symbols: &Symbols,
    entry: &Entry,
) -> Result<String, S::Error> {
    const MOST: usize = 300;
    let mut text = String::from("{");
    for (index, (name, value)) in entry.labels.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        if text.len() > MOST {
            text.push('…');
            break;
        }
        let name = symbols.text(source, *name)?.unwrap_or_default();
        let value = symbols.text(source, *value)?.unwrap_or_default();
        text.push_str(&label(name.as_bytes(), value.as_bytes()));
    }
    text.push('}');
    Ok(text)
}

/// Reads an entry of which only the checksum may be wrong, so that a finding can name it.
pub(crate) fn labels_at<S: BlockFiles>(
    source: &S,
    symbols: &Symbols,
    toc: &Toc,
    at: u64,
) -> Result<Option<String>, S::Error> {
    let end = toc
        .series
        .end
        .min(at.saturating_add(VARINT_BYTES as u64 + MOST_BYTES as u64));
    let mut stream = Stream::short(source, File::Index, at, end);
    let mut entry = Entry::default();
    if read_entry(&mut stream, &mut entry)?.is_err() {
        return Ok(None);
    }
    print(source, symbols, &entry).map(Some)
}
