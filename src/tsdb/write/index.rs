//! The index: symbols, series, postings, and where they lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::bytes::{Cursor, put_uvarint, put_varint};
use super::super::crc::{Crc, crc32c};
use super::super::series::Meta;
use super::super::toc::{INDEX, MAGIC, Range, Toc};
use super::output::{Output, WrittenFile};
use super::postings::{self, Name};
use super::scratch::Scratch;
use super::symbols::{Sorted, Symbols};
use super::table::{Table, too_long};
use crate::error::Result;
use crate::samples::Labels;

const FORMAT: u8 = 2;

/// Entries of series begin at multiples of it.
const ALIGNED: u64 = 16;

/// The index of a block whose series are still to come.
pub(super) struct Index {
    folder: PathBuf,
    symbols: Symbols,
    /// How many series have a label with the symbol of which number for a name.
    uses: BTreeMap<u32, u64>,
    /// For each series the numbers of its names and values, and what its entry says of its chunks.
    entries: Scratch,
    /// Names and values of the series before, of which the next one has most.
    before: Vec<(u32, u32)>,
    count: u64,
    entry: Vec<u8>,
}

impl Index {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let mut symbols = Symbols::default();
        // Prometheus has it for the name and the value of the postings of all series.
        symbols.number("")?;
        Ok(Self {
            folder: folder.to_owned(),
            symbols,
            uses: BTreeMap::new(),
            entries: Scratch::create(folder.join("series.tmp"))?,
            before: Vec::new(),
            count: 0,
            entry: Vec::new(),
        })
    }

    pub(super) fn series(&mut self, labels: &Labels, chunks: &[Meta]) -> Result<()> {
        let mut count = 0;
        self.entry.clear();
        for (place, (name, value)) in labels.iter().enumerate() {
            let (old_name, old_value) = self.before.get(place).copied().unwrap_or_default();
            let name = self.number(old_name, name)?;
            let value = self.number(old_value, value)?;
            match self.before.get_mut(place) {
                Some(before) => *before = (name, value),
                None => self.before.push((name, value)),
            }
            *self.uses.entry(name).or_default() += 1;
            count += 1;
        }
        self.before.truncate(count);
        put_uvarint(&mut self.entry, count as u64);
        for (name, value) in &self.before {
            put_uvarint(&mut self.entry, u64::from(*name));
            put_uvarint(&mut self.entry, u64::from(*value));
        }
        put_chunks(&mut self.entry, chunks);
        self.count += 1;
        self.entries.put(&self.entry)
    }

    /// The number of a symbol, which is likely to be this one.
    fn number(&mut self, likely: u32, text: &str) -> Result<u32> {
        if self.symbols.is(likely, text) {
            return Ok(likely);
        }
        self.symbols.number(text)
    }

    /// Leaves nothing behind.
    pub(super) fn abandon(self) -> Result<()> {
        self.entries.each(|_| Ok(()))
    }

    /// Writes all of it; the longest entry of a series, too.
    pub(super) fn end(self) -> Result<(WrittenFile, u64)> {
        let mut output = Output::create(self.folder.join(INDEX))?;
        output.put(&MAGIC.to_be_bytes())?;
        output.put(&[FORMAT])?;
        let mut symbols = self.symbols.sorted();
        let symbols_start = output.position();
        put_symbols(&mut output, &symbols)?;

        let series_start = output.position();
        let (ids, largest) = put_series(&mut output, &symbols, self.entries)?;
        let series_end = output.position();

        let uses = self.uses.into_iter();
        let mut names: Vec<_> = uses
            .map(|(number, uses)| Name {
                rank: symbols.rank(number),
                uses,
            })
            .collect();
        symbols.forget_numbers();
        names.sort_unstable_by_key(|name| name.rank);
        output.align(4)?;
        let empty = Range {
            start: series_end,
            end: series_end,
        };
        let toc = Toc {
            version: FORMAT,
            symbols: Range {
                start: symbols_start,
                end: series_start,
            },
            series: Range {
                start: series_start,
                end: series_end,
            },
            label_indices: empty,
            postings: empty,
            label_table: empty,
            postings_table: empty,
        };
        let mut table = Table::create(&self.folder, &symbols)?;
        postings::write(&mut output, &toc, ids, &names, &mut table)?;
        let table_start = output.position();
        table.end(&mut output)?;
        if output.position() > u64::from(u32::MAX) * ALIGNED {
            return Err(too_long());
        }

        let mut toc = Vec::new();
        for place in [
            symbols_start,
            series_start,
            // There are no label indices.
            series_end,
            table_start,
            series_end,
            table_start,
        ] {
            toc.extend(place.to_be_bytes());
        }
        output.put(&toc)?;
        output.put(&crc32c(&toc).to_be_bytes())?;
        Ok((output.end(INDEX.to_owned())?, largest))
    }
}

fn put_chunks(entry: &mut Vec<u8>, chunks: &[Meta]) {
    put_uvarint(entry, chunks.len() as u64);
    let mut before: Option<&Meta> = None;
    for chunk in chunks {
        let length = chunk.max_time.wrapping_sub(chunk.min_time).cast_unsigned();
        match before {
            None => {
                put_varint(entry, chunk.min_time);
                put_uvarint(entry, length);
                put_uvarint(entry, chunk.reference);
            }
            Some(before) => {
                let gap = chunk.min_time.wrapping_sub(before.max_time);
                put_uvarint(entry, gap.cast_unsigned());
                put_uvarint(entry, length);
                let step = chunk.reference.wrapping_sub(before.reference);
                put_varint(entry, step.cast_signed());
            }
        }
        before = Some(chunk);
    }
}

fn put_symbols(output: &mut Output, symbols: &Sorted) -> Result<()> {
    let mut entry = Vec::new();
    let mut length = 4_u64;
    for text in symbols.texts() {
        entry.clear();
        put_uvarint(&mut entry, text.len() as u64);
        length += (entry.len() + text.len()) as u64;
    }
    let length = u32::try_from(length).map_err(|_| too_long())?;
    let count = u32::try_from(symbols.count()).map_err(|_| too_long())?;
    output.put(&length.to_be_bytes())?;
    let mut crc = Crc::new();
    output.put_summed(&count.to_be_bytes(), &mut crc)?;
    for text in symbols.texts() {
        entry.clear();
        put_uvarint(&mut entry, text.len() as u64);
        entry.extend(text);
        output.put_summed(&entry, &mut crc)?;
    }
    output.put(&crc.value().to_be_bytes())
}

/// Writes entries; what postings call them, and how long the longest is.
fn put_series(output: &mut Output, symbols: &Sorted, entries: Scratch) -> Result<(Vec<u32>, u64)> {
    let mut ids = Vec::new();
    let mut largest = 0;
    let (mut body, mut length) = (Vec::new(), Vec::new());
    entries.each(|set_aside| {
        output.align(ALIGNED)?;
        let start = output.position();
        ids.push(u32::try_from(start / ALIGNED).map_err(|_| too_long())?);
        body.clear();
        let mut cursor = Cursor::new(set_aside);
        // It is what was written above.
        let labels = cursor.uvarint().unwrap_or_default();
        put_uvarint(&mut body, labels);
        for _ in 0..labels * 2 {
            let number = cursor
                .uvarint()
                .and_then(|number| u32::try_from(number).ok());
            put_uvarint(&mut body, symbols.rank(number.unwrap_or_default()).into());
        }
        body.extend(cursor.rest());
        length.clear();
        put_uvarint(&mut length, body.len() as u64);
        output.put(&length)?;
        output.put(&body)?;
        output.put(&crc32c(&body).to_be_bytes())?;
        largest = largest.max((output.position() - start).next_multiple_of(ALIGNED));
        Ok(())
    })?;
    Ok((ids, largest))
}
