//! Tombstones: what of which series is deleted.

use super::bytes::Cursor;
use super::crc::Crc;
use super::finding::{Finding, Findings, Kind};
use super::source::{BlockFiles, File};
use super::stream::Stream;

const MAGIC: u32 = 0x0130_BA30;
const NAME: &str = "tombstones";
const HEAD_BYTES: u64 = 5;
const CRC_BYTES: u64 = 4;
/// A number and two times.
const MOST_ENTRY_BYTES: usize = 30;
/// How many series are remembered, to look whether they exist.
const MOST_SERIES: usize = 1 << 20;

/// What was learnt of the tombstones.
#[derive(Default)]
pub(crate) struct Tombstones {
    /// How many intervals there are.
    pub(crate) count: u64,
    /// Whether these are all.
    pub(crate) whole: bool,
    /// The series that they are of, in ascending order: all of them, or the first so many of the file.
    pub(crate) series: Vec<u64>,
}

/// Reads the tombstones of a block.
pub(crate) fn read<S: BlockFiles>(
    source: &S,
    size: u64,
    findings: &mut Findings,
) -> Result<Tombstones, S::Error> {
    let mut tombstones = Tombstones {
        whole: true,
        ..Tombstones::default()
    };
    if size < HEAD_BYTES + CRC_BYTES {
        let what = format!("{size} bytes are not enough for a head and a checksum");
        findings.push(Finding::new(Kind::Truncated, NAME, size, what));
        tombstones.whole = false;
        return Ok(tombstones);
    }
    let end = size - CRC_BYTES;
    let mut stream = Stream::new(source, File::Tombstones, 0, size);
    let mut head = Cursor::new(stream.peek(5)?);
    if head.u32() != Some(MAGIC) {
        let what = "the head is not that of tombstones";
        findings.push(Finding::new(Kind::BadMagic, NAME, 0, what));
    }
    let version = head.byte().unwrap_or_default();
    if version != 1 {
        let what = format!("format {version} of tombstones is none that is known");
        findings.push(Finding::new(Kind::UnknownVersion, NAME, 4, what));
    }
    stream.consume(5);
    let mut crc = Crc::new();
    // What is wrong with intervals is of no use where the checksum is: it may be wrong with them alone.
    let mut of_intervals = Findings::new(findings.cap());
    while stream.position() < end {
        let at = stream.position();
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        let front = stream.peek(MOST_ENTRY_BYTES)?;
        let front = front.get(..left.min(front.len())).unwrap_or_default();
        let mut cursor = Cursor::new(front);
        let entry = interval(&mut cursor);
        let taken = front.len() - cursor.left();
        let Some((series, from, to)) = entry else {
            let what = format!("interval {} does not parse", tombstones.count + 1);
            of_intervals.push(Finding::new(Kind::TombstonesMalformed, NAME, at, what));
            break;
        };
        crc.update(front.get(..taken).unwrap_or_default());
        stream.consume(taken);
        tombstones.count += 1;
        if from > to {
            of_intervals.add(Kind::TombstonesMalformed, || {
                let what = format!("an interval from {from} to {to}");
                Finding::new(Kind::TombstonesMalformed, NAME, at, what)
            });
        }
        if tombstones.series.len() < MOST_SERIES && tombstones.series.last() != Some(&series) {
            tombstones.series.push(series);
        }
    }
    let rest = end - stream.position();
    stream.pass(rest, |bytes| crc.update(bytes))?;
    if Cursor::new(stream.peek(4)?).u32() == Some(crc.value()) {
        findings.merge(of_intervals);
    } else {
        let what = "the checksum is another";
        findings.push(Finding::new(Kind::TombstonesChecksum, NAME, end, what));
        tombstones.series.clear();
        tombstones.whole = false;
    }
    tombstones.series.sort_unstable();
    tombstones.series.dedup();
    Ok(tombstones)
}

fn interval(cursor: &mut Cursor<'_>) -> Option<(u64, i64, i64)> {
    Some((cursor.uvarint()?, cursor.varint()?, cursor.varint()?))
}

/// Says which series of tombstones there are not.
pub(crate) fn dangling(id: u64, findings: &mut Findings) {
    findings.add(Kind::DanglingReference, || {
        let what = format!("intervals of series {id}, which the index does not have");
        let mut finding = Finding::new(Kind::DanglingReference, NAME, 0, what);
        finding.offset = None;
        finding
    });
}
