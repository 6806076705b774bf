//! Label indices: the values of each label name. Writers before Prometheus 3 left them for older readers.

use super::bytes::Cursor;
use super::compare::{Pair, Sums, hash};
use super::crc::Crc;
use super::finding::{Finding, Findings, Kind};
use super::section::{self, Pieces, Place};
use super::source::BlockFiles;
use super::symbols::{Known, Symbols, quoted};
use super::toc::{INDEX, Toc};

/// Whether an index has any.
pub(crate) const fn present(toc: &Toc) -> bool {
    toc.label_table.end > toc.label_table.start
}

/// Reads the table and with it all label indices, and adds the labels whose values are among the symbols in memory. Whether all could be
/// read.
pub(crate) fn check<S: BlockFiles>(
    source: &S,
    toc: &Toc,
    symbols: &Symbols,
    names: &mut Sums,
    findings: &mut Findings,
) -> Result<bool, S::Error> {
    let mut pieces = Pieces::new(source, toc.label_indices, "label index");
    let mut whole = true;
    let table = section::read(
        source,
        toc.label_table,
        "label offset table",
        findings,
        |cursor, at, findings| {
            let Some((name, offset)) = entry(cursor) else {
                return Ok(false);
            };
            let values = Values { symbols, name };
            whole &= values.check(&mut pieces, offset, at, names, findings)?;
            Ok(true)
        },
    )?;
    if table.whole {
        pieces.finish(findings)?;
    }
    Ok(whole && table.whole)
}

fn entry<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], u64)> {
    if cursor.uvarint()? != 1 {
        return None;
    }
    Some((cursor.string()?, cursor.uvarint()?))
}

struct Values<'a> {
    symbols: &'a Symbols,
    name: &'a [u8],
}

impl Values<'_> {
    fn found(&self, kind: Kind, at: u64, what: &str) -> Finding {
        Finding::new(
            kind,
            INDEX,
            at,
            format!("label index of {}: {what}", quoted(self.name)),
        )
    }

    fn check<S: BlockFiles>(
        &self,
        pieces: &mut Pieces<'_, S>,
        offset: u64,
        entry_at: u64,
        names: &mut Sums,
        findings: &mut Findings,
    ) -> Result<bool, S::Error> {
        let place = pieces.go(offset, findings)?;
        if place == Place::Nowhere {
            findings.add(Kind::DanglingReference, || {
                let what = "said to lie where none is";
                self.found(Kind::DanglingReference, entry_at, what)
            });
        }
        if place != Place::There {
            return Ok(false);
        }
        let stream = &mut pieces.stream;
        let mut head = Cursor::new(stream.peek(12)?);
        let (length, columns, count) = (head.u32(), head.u32(), head.u32().unwrap_or(0));
        let length = u64::from(length.unwrap_or(0));
        if columns != Some(1) || length != 8 + 4 * u64::from(count) || length + 8 > stream.left() {
            findings.add(Kind::IndexMalformed, || {
                self.found(
                    Kind::IndexMalformed,
                    offset,
                    "its length is not that of its values",
                )
            });
            pieces.lose();
            return Ok(false);
        }
        if !pieces.has_room(length + 8, offset, findings) {
            return Ok(false);
        }
        let stream = &mut pieces.stream;
        let mut crc = Crc::new();
        crc.update(stream.peek(12)?.get(4..12).unwrap_or_default());
        stream.consume(12);
        let name = hash(self.name);
        let (mut before, mut sorted) = (None, true);
        for _ in 0..count {
            let mut cursor = Cursor::new(stream.peek(4)?);
            let bytes = cursor.bytes(4).unwrap_or_default();
            crc.update(bytes);
            let reference = Cursor::new(bytes).u32().unwrap_or_default();
            sorted &= before < Some(reference);
            before = Some(reference);
            match self.symbols.known(reference) {
                Known::Hash(value) => names.add(Pair::new(name, value), 0),
                Known::Nowhere if self.symbols.whole => findings.add(Kind::DanglingSymbol, || {
                    self.found(
                        Kind::DanglingSymbol,
                        offset,
                        &format!("no symbol {reference}"),
                    )
                }),
                Known::Elsewhere | Known::Nowhere => {}
            }
            stream.consume(4);
        }
        let stored = Cursor::new(stream.peek(4)?).u32();
        stream.consume(4);
        let sound = stored == Some(crc.value());
        if !sound {
            findings.add(Kind::IndexChecksum, || {
                self.found(Kind::IndexChecksum, offset, "the checksum is another")
            });
        } else if !sorted {
            findings.add(Kind::LabelIndexDiffers, || {
                self.found(
                    Kind::LabelIndexDiffers,
                    offset,
                    "values are not in ascending order",
                )
            });
        }
        Ok(sound)
    }
}
