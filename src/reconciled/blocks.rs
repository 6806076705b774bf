//! Which blocks of a bucket hold the target's samples.

use std::sync::Arc;

use super::found::Founds;
use crate::block::{BlockId, BlockMeta, Labels as OfBlocks, MetaFile, Sha256Sum};
use crate::cutover::{Example, Side, Weight};
use crate::history::{Range, is_id_of};
use crate::plan::{Mark, SourceBlock, SourceMeta};
use crate::samples::Labels;

/// A block that is read.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The block as it was seen.
    pub block: Arc<SourceBlock>,
    /// Its first sample, in milliseconds since the epoch.
    pub min_time_ms: i64,
}

/// The blocks of these external labels that have samples in the range, by time, and what there is to say of others.
///
/// Blocks that are marked for deletion, downsampled ones and partial ones are nothing that counts. One that lacks objects, or whose `meta.json` cannot
/// be read, was not looked at. One that a compactor made of replicas' lacks a label of theirs, and counts where its sources tell that it holds what the
/// plan of that fingerprint has brought.
pub fn chosen(
    blocks: &[Arc<SourceBlock>],
    (plan, external_labels): (Sha256Sum, &Labels),
    range: Range,
    founds: &mut Founds,
) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    let labels = external_labels.iter();
    let labels: OfBlocks = labels
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let is_of_plan = |id: &BlockId| is_id_of(*id, (plan, &labels), range.start_ms);
    for block in blocks {
        let is_marked = matches!(block.mark, Mark::Present(_));
        let note = |founds: &mut Founds, kind: &'static str, text: Option<String>| {
            founds.add((Weight::Note, kind, Some(Side::Target)), 1, || {
                of_block(block.id, text)
            });
        };
        let unseen = |founds: &mut Founds, why: &str| {
            founds.add(
                (Weight::Unseen, "unreadable-blocks", Some(Side::Target)),
                1,
                || of_block(block.id, Some(why.to_owned())),
            );
        };
        let meta = match &block.meta {
            SourceMeta::Read(meta) => meta,
            _ if is_marked => continue,
            SourceMeta::Absent => {
                note(founds, "partial-blocks", None);
                continue;
            }
            SourceMeta::Unreadable(why) | SourceMeta::Corrupted(why) => {
                unseen(founds, &format!("meta.json: {why}"));
                continue;
            }
        };
        let MetaFile { block: meta, .. } = &**meta;
        if meta.min_time_ms >= range.end_ms || meta.max_time_ms <= range.start_ms {
            continue;
        }
        let own = &meta.group.labels;
        let kinship = kinship(meta, external_labels, &is_of_plan);
        if kinship == Kinship::Other {
            if !is_marked {
                note(founds, "other-external-labels", Some(own.to_string()));
            }
            continue;
        }
        if is_marked {
            note(founds, "marked-blocks", None);
        } else if meta.group.resolution_ms != 0 {
            note(founds, "downsampled-blocks", None);
        } else if let Some(what) = block.objects().lacks(meta) {
            unseen(founds, &what);
        } else {
            if kinship == Kinship::Deduplicated {
                note(founds, "deduplicated-blocks", Some(own.to_string()));
            }
            chosen.push(Chosen {
                block: Arc::clone(block),
                min_time_ms: meta.min_time_ms,
            });
        }
    }
    chosen.sort_by_key(|one| (one.min_time_ms, one.block.id));
    chosen
}

/// Whose samples a block has, by its external labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinship {
    Own,
    /// A compactor that merges replicas takes their labels away.
    Deduplicated,
    Other,
}

fn kinship(
    meta: &BlockMeta,
    external_labels: &Labels,
    is_of_plan: &dyn Fn(&BlockId) -> bool,
) -> Kinship {
    let own = meta.group.labels.as_map();
    let mut labels = own.iter();
    if !labels.all(|(name, value)| external_labels.get(name) == Some(value)) {
        return Kinship::Other;
    }
    if own.len() == external_labels.iter().count() {
        Kinship::Own
    } else if meta.level > 1 && meta.sources.iter().any(is_of_plan) {
        Kinship::Deduplicated
    } else {
        Kinship::Other
    }
}

fn of_block(id: BlockId, text: Option<String>) -> Example {
    let text = match text {
        Some(text) => format!("{id}: {text}"),
        None => id.to_string(),
    };
    Example {
        text: Some(text),
        ..Example::default()
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::outcome::testing::{World, block, id};

    /// S-24.62
    #[test]
    fn only_whole_raw_blocks_of_the_plans_labels_and_time_count() {
        const HOUR: i64 = 3_600_000;
        let world = World::of([
            block(1),
            block(2).hours(2, 4).without("index"),
            block(3).hours(4, 6).resolution(300_000),
            block(4).hours(6, 8).label("cluster", "other"),
            block(5).hours(8, 10).marked("by somebody"),
            block(6).without("meta.json"),
            block(7).hours(100, 102),
            block(8).hours(4, 6),
            block(9).hours(10, 12).level(2),
        ]);
        let first = world.source().iter().find(|one| one.id == id(1)).unwrap();
        let labels = &first.meta().unwrap().block.group.labels;
        let labels: Labels = labels.as_map().clone().into_iter().collect();
        let begin_ms = first.meta().unwrap().block.min_time_ms;
        let range = Range {
            start_ms: begin_ms,
            end_ms: begin_ms + 24 * HOUR,
        };
        let with_replica = [("replica".to_owned(), "r0".to_owned())];
        let own = labels.iter();
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let with_replica: Labels = own.chain(with_replica).collect();
        let plan = Sha256Sum([7; 32]);
        let merged = chosen(
            world.source(),
            (plan, &with_replica),
            range,
            &mut Founds::default(),
        );
        assert!(
            merged.is_empty(),
            "compacted of what the plan has not brought: {merged:?}"
        );
        let ninth = world.source().iter().find(|one| one.id == id(9)).unwrap();
        let ninth = &ninth.meta().unwrap().block;
        for (is_of_plan, expected) in [(true, Kinship::Deduplicated), (false, Kinship::Other)] {
            assert_eq!(kinship(ninth, &with_replica, &|_| is_of_plan), expected);
        }

        let mut founds = Founds::default();
        let chosen = chosen(world.source(), (plan, &labels), range, &mut founds);
        let ids: Vec<BlockId> = chosen.iter().map(|one| one.block.id).collect();
        assert_eq!(ids, [id(1), id(8), id(9)]);
        let found: Vec<_> = founds
            .at(None)
            .map(|found| (found.weight, found.kind, found.count))
            .collect();
        assert_eq!(
            found,
            [
                (Weight::Unseen, "unreadable-blocks", 1),
                (Weight::Note, "downsampled-blocks", 1),
                (Weight::Note, "marked-blocks", 1),
                (Weight::Note, "other-external-labels", 1),
                (Weight::Note, "partial-blocks", 1),
            ]
        );
    }
}
