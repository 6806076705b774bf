//! Postings: which series have a label.
//!
//! Series tell it, and are read once for every so many labels.

use super::super::bytes::size;
use super::super::crc::Crc;
use super::super::disk::Folder;
use super::super::finding::Findings;
use super::super::series;
use super::super::toc::Toc;
use super::output::Output;
use super::table::Table;
use crate::error::{Error, Kind, Result};

/// How many are in memory at once, unless a single name has more: 16 MiB.
const MOST: u64 = 2 << 20;

/// How much of a list is put together before it is written.
const PIECE_BYTES: usize = 4 << 10;

/// The name of a label.
pub(super) struct Name {
    /// The rank of its symbol.
    pub(super) rank: u32,
    /// How many series have it.
    pub(super) uses: u64,
}

/// Writes the postings of all series, by what they are called in ascending order, and those of each label.
pub(super) fn write(
    output: &mut Output,
    toc: &Toc,
    ids: Vec<u32>,
    names: &[Name],
    table: &mut Table<'_>,
) -> Result<()> {
    // The empty string is the first symbol.
    list(output, table, (0, 0), ids.iter().copied())?;
    drop(ids);
    output.flush()?;
    let path = output.path().to_owned();
    let source = Folder::of_index(&path)?;
    let mut rest = names;
    while let Some((batch, behind)) = batch(rest) {
        rest = behind;
        // Of each name the ranks of its values in the upper halves, and the series in the lower ones.
        let mut found: Vec<Vec<u64>> = batch
            .iter()
            .map(|name| Vec::with_capacity(size(name.uses)))
            .collect();
        let mut findings = Findings::new(1);
        let whole = series::walk(&source, toc, &mut findings, |entry, _, _| {
            let id = entry.id(toc.version);
            for (name, value) in &entry.labels {
                let place = batch.binary_search_by_key(name, |name| name.rank);
                if let Some(found) = place.ok().and_then(|place| found.get_mut(place)) {
                    found.push(u64::from(*value) << 32 | id);
                }
            }
            Ok(())
        });
        if !whole? || !findings.is_empty() {
            let attempt = format!("read {} as it was written", path.display());
            return Err(Error::new(Kind::Corrupt, attempt));
        }
        for (name, mut found) in batch.iter().zip(found) {
            found.sort_unstable();
            for series in found.chunk_by(|one, next| one >> 32 == next >> 32) {
                let value = series.first().copied().unwrap_or_default() >> 32;
                let ids = series.iter().map(|both| lower_half(*both));
                list(output, table, (name.rank, lower_half(value)), ids)?;
            }
        }
    }
    Ok(())
}

/// The next names that are looked for at once, and those behind them.
fn batch(names: &[Name]) -> Option<(&[Name], &[Name])> {
    let mut sum = 0;
    let fits = names.iter().take_while(|name| {
        sum += name.uses;
        sum <= MOST
    });
    names.split_at_checked(fits.count().max(1))
}

fn list(
    output: &mut Output,
    table: &mut Table<'_>,
    (name, value): (u32, u32),
    ids: impl ExactSizeIterator<Item = u32>,
) -> Result<()> {
    table.put(name, value, output.position())?;
    // There are fewer than 2^32 of them.
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    output.put(&(4 + 4 * count).to_be_bytes())?;
    let mut crc = Crc::new();
    let mut piece = Vec::with_capacity(PIECE_BYTES + 4);
    piece.extend(count.to_be_bytes());
    for id in ids {
        piece.extend(id.to_be_bytes());
        if piece.len() >= PIECE_BYTES {
            output.put_summed(&piece, &mut crc)?;
            piece.clear();
        }
    }
    output.put_summed(&piece, &mut crc)?;
    output.put(&crc.value().to_be_bytes())
}

fn lower_half(both: u64) -> u32 {
    u32::try_from(both & u64::from(u32::MAX)).unwrap_or_default()
}
