//! Postings, the series of each label, and the table that says where those of which label lie.

use super::bytes::{Cursor, size};
use super::compare::{Pair, Sums, hash};
use super::crc::Crc;
use super::finding::{Finding, Findings, Kind};
use super::section::{self, Pieces, Place};
use super::source::BlockFiles;
use super::symbols;
use super::toc::{INDEX, Toc};

/// What was learnt of the postings.
pub(crate) struct Postings {
    /// How many labels have any, the pair that stands for all series left out.
    pub(crate) pairs: u64,
    /// Whether everything was read, so that what is missing is missing.
    pub(crate) whole: bool,
}

/// The label that postings are of.
pub(crate) struct Label<'a> {
    pub(crate) pair: Pair,
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl Label<'_> {
    /// The label as Prometheus prints it.
    pub(crate) fn text(&self) -> String {
        symbols::label(self.name, self.value)
    }
}

/// Reads the table, and with it all postings, and takes them away from what the series say.
pub(crate) fn check<S: BlockFiles>(
    source: &S,
    toc: &Toc,
    sums: &mut Sums,
    names: &mut Sums,
    findings: &mut Findings,
) -> Result<Postings, S::Error> {
    let mut postings = Postings {
        pairs: 0,
        whole: true,
    };
    let mut before: Option<(Vec<u8>, Vec<u8>)> = None;
    let walked = walk(
        source,
        toc,
        findings,
        |of, at, findings| {
            if let Some((name, value)) = &mut before {
                if toc.version > 1 && (of.name, of.value) <= (name.as_slice(), value.as_slice()) {
                    findings.add(Kind::PostingsUnsorted, || {
                        let (now, before) = (of.text(), symbols::label(name, value));
                        let what = format!("postings offset table: {now} follows {before}");
                        Finding::new(Kind::PostingsUnsorted, INDEX, at, what)
                    });
                }
                name.clear();
                name.extend_from_slice(of.name);
                value.clear();
                value.extend_from_slice(of.value);
            } else {
                before = Some((of.name.to_vec(), of.value.to_vec()));
            }
            if !of.name.is_empty() {
                postings.pairs += 1;
                names.take(of.pair, 0);
            }
        },
        |label, series| sums.take(label.pair, series),
    )?;
    postings.whole = walked;
    Ok(postings)
}

/// Reads all postings: `label` is called for each entry of the table, `series` for each series of it. Whether all could be read.
pub(crate) fn walk<S: BlockFiles>(
    source: &S,
    toc: &Toc,
    findings: &mut Findings,
    mut label: impl FnMut(&Label<'_>, u64, &mut Findings),
    mut series: impl FnMut(&Label<'_>, u32),
) -> Result<bool, S::Error> {
    let mut lists = Pieces::new(source, toc.postings, "postings");
    let mut whole = true;
    let table = section::read(
        source,
        toc.postings_table,
        "postings offset table",
        findings,
        |cursor, at, findings| {
            let Some((name, value, offset)) = entry(cursor) else {
                return Ok(false);
            };
            let of = Label {
                pair: Pair::new(hash(name), hash(value)),
                name,
                value,
            };
            label(&of, at, findings);
            whole &= list(&mut lists, offset, at, &of, findings, &mut series)?;
            Ok(true)
        },
    )?;
    if table.whole {
        lists.finish(findings)?;
    }
    Ok(whole && table.whole)
}

/// An entry of the table: how many strings it has, which must be two, the strings, and where the postings lie.
fn entry<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8], u64)> {
    if cursor.uvarint()? != 2 {
        return None;
    }
    Some((cursor.string()?, cursor.string()?, cursor.uvarint()?))
}

fn list<S: BlockFiles>(
    lists: &mut Pieces<'_, S>,
    offset: u64,
    entry_at: u64,
    label: &Label<'_>,
    findings: &mut Findings,
    series: &mut impl FnMut(&Label<'_>, u32),
) -> Result<bool, S::Error> {
    let name = || format!("postings of {}", label.text());
    let place = lists.go(offset, findings)?;
    if place == Place::Nowhere {
        findings.add(Kind::DanglingReference, || {
            let what = format!("{}: said to lie at {offset}, where no postings are", name());
            Finding::new(Kind::DanglingReference, INDEX, entry_at, what)
        });
    }
    if place != Place::There {
        return Ok(false);
    }
    let stream = &mut lists.stream;
    let mut head = Cursor::new(stream.peek(8)?);
    let (length, count) = (head.u32().unwrap_or(0), head.u32().unwrap_or(0));
    let (length, count) = (u64::from(length), u64::from(count));
    if length != 4 + 4 * count || length + 8 > stream.left() {
        findings.add(Kind::IndexMalformed, || {
            let what = format!("{}: a length of {length} bytes for {count} series", name());
            Finding::new(Kind::IndexMalformed, INDEX, offset, what)
        });
        lists.lose();
        return Ok(false);
    }
    if !lists.has_room(length + 8, offset, findings) {
        return Ok(false);
    }
    let stream = &mut lists.stream;
    let mut crc = Crc::new();
    crc.update(stream.peek(8)?.get(4..8).unwrap_or_default());
    stream.consume(8);
    let (mut left, mut before, mut sorted) = (length - 4, None, true);
    while left > 0 {
        let front = stream.peek(size(left.min(4096)))?;
        let take = front.len().min(size(left)) & !3;
        let some = front.get(..take).unwrap_or_default();
        crc.update(some);
        for reference in some.as_chunks::<4>().0 {
            let reference = u32::from_be_bytes(*reference);
            sorted &= before < Some(reference);
            before = Some(reference);
            series(label, reference);
        }
        stream.consume(take);
        left -= take as u64;
        if take == 0 {
            break;
        }
    }
    let stored = Cursor::new(stream.peek(4)?).u32();
    stream.consume(4);
    let sound = stored == Some(crc.value());
    if !sound {
        findings.add(Kind::IndexChecksum, || {
            let what = format!("{}: the checksum is another", name());
            Finding::new(Kind::IndexChecksum, INDEX, offset, what)
        });
    } else if !sorted {
        findings.add(Kind::PostingsUnsorted, || {
            let what = format!("{}: series are not in ascending order", name());
            Finding::new(Kind::PostingsUnsorted, INDEX, offset, what)
        });
    }
    Ok(sound)
}
