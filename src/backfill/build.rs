//! A window of a spool becomes a block in the staging folder.

use std::path::Path;

use super::held::Made;
use super::staging::Staging;
use crate::block::{BlockId, Labels, Sha256Sum};
use crate::error::Result;
use crate::history::{Beside, Range, Sums};
use crate::samples::{self, Chunk, Item};
use crate::spool::{Counts, Spool, Window};
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
fn without(labels: samples::Labels, external: &Labels) -> samples::Labels {
    let is_external =
        |(name, value): &(&str, &str)| external.as_map().get(*name).is_some_and(|own| own == value);
    if !labels.iter().any(|label| is_external(&label)) {
        return labels;
    }
    let own = labels.iter().filter(|label| !is_external(label));
    own.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Takes one item.
pub(super) fn take(taking: &mut Taking, item: Item) -> Result<()> {
    match item {
        Item::Piece(mut piece) => {
            piece.labels = without(piece.labels, &taking.external_labels);
            taking.spool.take(piece)?;
        }
        Item::Metadata(_) => taking.beside.metadata += 1,
        Item::Exemplar(_) => taking.beside.exemplars += 1,
        Item::LeftOut(one) => taking.beside.leave_out(one),
    }
    Ok(())
}

/// Writes the part of the window within `range` as a block; `None` where there is nothing in it. Blocks.
pub(super) fn build(
    window: &mut Window<'_>,
    range: Range,
    number: usize,
    staging: &Staging,
    says: &Says,
) -> Result<Option<Built>> {
    let draft = staging.clean_draft(number)?;
    let built = write(window, range, &draft, says)?;
    if let Some(built) = &built {
        staging.becomes_block(&draft, built.id)?;
    }
    Ok(built)
}

fn write(
    window: &mut Window<'_>,
    range: Range,
    draft: &Path,
    says: &Says,
) -> Result<Option<Built>> {
    let mut writer = Writer::create(draft)?;
    let mut counts = Counts::default();
    while let Some(series) = window.next_series()? {
        let mut chunks: Vec<Chunk> = Vec::new();
        series.chunks(&mut counts, &mut |chunk| {
            chunks.push(chunk);
            Ok(())
        })?;
        if !chunks.is_empty() {
            writer.series(&series.labels, &chunks)?;
        }
    }
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
