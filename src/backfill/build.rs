//! A window of a spool becomes a block in the staging folder.

use super::held::Made;
use super::staging::Staging;
use crate::block::{BlockId, Labels, Sha256Sum};
use crate::error::{Error, Kind, Result};
use crate::history::{Beside, Range, Sums};
use crate::samples::{self, Chunk, Item};
use crate::spool::{Counts, Spool, Window};
use crate::tsdb::encode;
use crate::tsdb::write::{About, Writer};

/// What a block that is made says of itself.
#[derive(Debug, Clone)]
pub(super) struct Says {
    pub(super) labels: Labels,
    pub(super) plan: Sha256Sum,
}

/// A block that lies in the staging folder.
#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) id: BlockId,
    pub(super) window: Range,
    /// From its first sample to the end of its window.
    pub(super) range: Range,
    pub(super) sums: Sums,
}

/// What takes the items of a source.
pub(super) struct Taking {
    pub(super) spool: Spool,
    pub(super) beside: Beside,
    /// Of the blocks to come.
    pub(super) external_labels: Labels,
}

/// The labels without those that the block has for all its series: a server tells them with each.
///
/// Errors: one has another value. Thanos shows the block's in its place, and several series would become one.
fn without(labels: samples::Labels, external: &Labels) -> Result<samples::Labels> {
    let external_of = |name: &str| external.as_map().get(name);
    let other = labels
        .iter()
        .find(|(name, value)| external_of(name).is_some_and(|own| own != value));
    if let Some((name, _)) = other {
        let why = format!(
            "Thanos would show the plan's external label {name} in the place of its own: expected external labels that no series has with another value"
        );
        return Err(Error::new(Kind::Other, format!("bring {labels}")).because(why));
    }
    let is_external =
        |(name, value): &(&str, &str)| external.as_map().get(*name).is_some_and(|own| own == value);
    if !labels.iter().any(|label| is_external(&label)) {
        return Ok(labels);
    }
    let own = labels.iter().filter(|label| !is_external(label));
    Ok(own
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// Takes one item.
pub(super) fn take(taking: &mut Taking, item: Item) -> Result<()> {
    match item {
        Item::Piece(mut piece) => {
            piece.labels = without(piece.labels, &taking.external_labels)?;
            taking.spool.take(piece)?;
        }
        Item::Metadata(_) => taking.beside.metadata += 1,
        Item::Exemplar(_) => taking.beside.exemplars += 1,
        Item::LeftOut(one) => taking.beside.leave_out(one),
        Item::Mark => taking.spool.mark()?,
        Item::TakenBack => taking.spool.take_back(),
    }
    Ok(())
}

/// Writes a block of each part of the window, and tells them in the order of the parts; `None` where there is nothing in one. Parts do not meet, and
/// hold all of the window that was spooled. Blocks.
pub(super) fn build(
    window: &mut Window<'_>,
    parts: &[(usize, Range)],
    staging: &Staging,
    says: &Says,
) -> Result<Vec<Option<Built>>> {
    let mut works = Vec::with_capacity(parts.len());
    for (number, range) in parts {
        let draft = staging.clean_draft(*number)?;
        let writer = Writer::create(&draft)?;
        works.push((*range, draft, writer));
    }
    let mut counts = Counts::default();
    while let Some(series) = window.next_series()? {
        if let [(_, _, writer)] = works.as_mut_slice() {
            let mut chunks: Vec<Chunk> = Vec::new();
            series.chunks(&mut counts, &mut |chunk| {
                chunks.push(chunk);
                Ok(())
            })?;
            writer.series(&series.labels, &chunks)?;
            continue;
        }
        let samples = series.samples(&mut counts).collect::<Result<Vec<_>>>()?;
        for (range, _, writer) in &mut works {
            let inside = samples.iter().filter(|one| range.contains(one.time_ms));
            let chunks = encode::chunks(inside.cloned()).collect::<Result<Vec<_>, _>>();
            let chunks = chunks.map_err(|err| {
                Error::new(Kind::Corrupt, format!("encode {}", series.labels)).because(err)
            })?;
            writer.series(&series.labels, &chunks)?;
        }
    }
    let built = works.into_iter().map(|(range, draft, writer)| {
        // What was put in order is told once.
        let counts = std::mem::take(&mut counts);
        let built = finish(writer, range, says, counts)?;
        if let Some(built) = &built {
            staging.becomes_block(&draft, built.id)?;
        }
        Ok(built)
    });
    built.collect()
}

fn finish(writer: Writer, range: Range, says: &Says, counts: Counts) -> Result<Option<Built>> {
    let about = About {
        max_time_ms: range.end_ms,
        labels: says.labels.as_map().clone(),
        extensions: Some(Made::of(says.plan, range).extensions()),
    };
    let Some(written) = writer.finish(&about)? else {
        return Ok(None);
    };
    let stats = written.stats;
    Ok(Some(Built {
        id: written.id,
        window: range,
        range: Range {
            start_ms: written.min_time_ms,
            end_ms: written.max_time_ms,
        },
        sums: Sums {
            series: stats.series.unwrap_or_default(),
            chunks: stats.chunks.unwrap_or_default(),
            samples: stats.samples.unwrap_or_default(),
            histograms: stats.histogram_samples.unwrap_or_default(),
            duplicates: counts.duplicates,
            conflicting: counts.conflicting,
            out_of_order: counts.out_of_order,
            bytes: written.files.iter().map(|file| file.size_bytes).sum(),
        },
    }))
}
