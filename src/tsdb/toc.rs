//! The head of the index and its table of contents: where which section lies.

use super::bytes::Cursor;
use super::crc::crc32c;
use super::finding::{Finding, Findings, Kind};
use super::source::{Block, BlockFiles, File};

/// What an index begins with; its format comes behind it.
pub(crate) const MAGIC: u32 = 0xBAAA_D700;
const HEAD_BYTES: u64 = 5;
/// Six places and a checksum.
const TOC_BYTES: u64 = 6 * 8 + 4;

/// The name of the index's file.
pub(crate) const INDEX: &str = "index";

/// A part of a file, from its first byte to the one behind its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// Where the sections of an index lie, all of them within the file and in the order of these fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Toc {
    /// 1: symbols are referred to by where they lie, and series likewise. 2 and 3: symbols by their number, series by a sixteenth of
    /// where they lie. What is different in 3 is that readers before it refuse it.
    pub(crate) version: u8,
    pub(crate) symbols: Range,
    pub(crate) series: Range,
    /// What writers before Prometheus 3 left for older readers; empty since then.
    pub(crate) label_indices: Range,
    pub(crate) postings: Range,
    pub(crate) label_table: Range,
    pub(crate) postings_table: Range,
}

/// Reads both, and says what is wrong; `None` where that leaves nothing to go by.
pub(crate) fn read<S: BlockFiles>(
    source: &S,
    block: &Block,
    findings: &mut Findings,
) -> Result<Option<Toc>, S::Error> {
    let size = block.index_size;
    if size < HEAD_BYTES + TOC_BYTES {
        let what = format!("{size} bytes are not enough for a head and a table of contents");
        findings.push(Finding::new(Kind::Truncated, INDEX, size, what));
        return Ok(None);
    }
    let mut head = [0; 5];
    source.read(File::Index, 0, &mut head)?;
    let [magic @ .., version] = head;
    if u32::from_be_bytes(magic) != MAGIC {
        let what = "the head is not that of an index";
        findings.push(Finding::new(Kind::BadMagic, INDEX, 0, what));
    }
    if !(1..=3).contains(&version) {
        let what = format!("format {version} of the index is none that is known");
        findings.push(Finding::new(Kind::UnknownVersion, INDEX, 4, what));
        return Ok(None);
    }
    if version == 3 {
        let what = "format 3 of the index, which Thanos 0.42 does not open; Prometheus writes 2, and no more than a bit is different";
        findings.push(Finding::new(Kind::UnreadableByThanos, INDEX, 4, what));
    }
    let at = size - TOC_BYTES;
    let mut toc = [0; 52];
    source.read(File::Index, at, &mut toc)?;
    let mut cursor = Cursor::new(&toc);
    let body = cursor.bytes(48).unwrap_or_default();
    if cursor.u32() != Some(crc32c(body)) {
        let what = "table of contents: the checksum is another, as it is where the end of the file is missing";
        findings.push(Finding::new(Kind::IndexChecksum, INDEX, at, what));
        return Ok(None);
    }
    match sections(body, at) {
        Ok((symbols, ranges)) => {
            let [series, label_indices, postings, label_table, postings_table] = ranges;
            Ok(Some(Toc {
                version,
                symbols,
                series,
                label_indices,
                postings,
                label_table,
                postings_table,
            }))
        }
        Err(what) => {
            let what = format!("table of contents: {what}");
            findings.push(Finding::new(Kind::IndexMalformed, INDEX, at, what));
            Ok(None)
        }
    }
}

/// The ranges of the symbols and of what comes behind them, as the six numbers say.
fn sections(body: &[u8], end: u64) -> Result<(Range, [Range; 5]), String> {
    let mut cursor = Cursor::new(body);
    let mut next = || cursor.u64().unwrap_or_default();
    let (symbols, series) = (next(), next());
    let (label_indices, label_table) = (next(), next());
    let (postings, postings_table) = (next(), next());
    if [symbols, series, postings, postings_table].contains(&0) {
        return Err("a section that every index has is absent".to_owned());
    }
    // In the order in which they lie. Nothing is where an absent one would be.
    let starts = [
        symbols,
        series,
        if label_indices == 0 {
            postings
        } else {
            label_indices
        },
        postings,
        if label_table == 0 {
            postings_table
        } else {
            label_table
        },
        postings_table,
        end,
    ];
    if symbols < HEAD_BYTES || !starts.is_sorted() {
        return Err(format!(
            "sections do not follow each other within the file: {starts:?}"
        ));
    }
    let mut pairs = starts.array_windows().map(|[start, end]| Range {
        start: *start,
        end: *end,
    });
    let empty = Range { start: end, end };
    let mut next = || pairs.next().unwrap_or(empty);
    Ok((next(), [next(), next(), next(), next(), next()]))
}
