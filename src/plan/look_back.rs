//! The look back: a mark of this tool says that the target holds the block. Does it still?

use super::facts::{Mark, SourceBlock, TargetIndex};
use crate::block::{BlockId, Inventory, Match, ReadBack};

/// A source block that carries our mark, so that the source's compactor will delete it, and which the target does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHeld {
    /// The block.
    pub block: BlockId,
    /// What the target lacks, in words.
    pub why: String,
}

/// `target_name` is how our marks name this target; marks that name another one are not looked at.
pub(super) fn not_held(
    block: &SourceBlock,
    target: &TargetIndex,
    target_name: &str,
) -> Option<NotHeld> {
    let why = missing_by_listing(block, target, target_name)?;
    (!is_covered(block, target)).then_some(NotHeld {
        block: block.id,
        why,
    })
}

/// The same judgement without covers, for which metas of the target would have to be read.
pub(super) fn not_held_by_listing(
    block: &SourceBlock,
    target: &TargetIndex,
    target_name: &str,
) -> bool {
    missing_by_listing(block, target, target_name).is_some()
}

fn missing_by_listing(
    block: &SourceBlock,
    target: &TargetIndex,
    target_name: &str,
) -> Option<String> {
    let Mark::Present(mark) = &block.mark else {
        return None;
    };
    if mark.provenance()?.target != target_name {
        return None;
    }
    let nothing = Inventory::default();
    let there = target
        .get(block.id)
        .map_or(&nothing, |there| &there.objects);
    if block.objects.meta().is_none() {
        return missing_while_being_deleted(block, there);
    }
    let told = ReadBack::by_listing(&block.objects, there);
    let differences = Match::of(block.id, &block.objects, there, &told).err()?;
    let words: Vec<String> = differences
        .iter()
        .take(3)
        .map(ToString::to_string)
        .collect();
    let more = differences.len().saturating_sub(words.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    Some(format!("{}{more}", words.join(", ")))
}

/// The source's compactor deletes `meta.json` first: what is left of the block must be in the target all the same.
fn missing_while_being_deleted(block: &SourceBlock, target: &Inventory) -> Option<String> {
    if target.is_marked() {
        return Some("it is marked for deletion".to_owned());
    }
    if target.meta().is_none() {
        return Some("meta.json is missing".to_owned());
    }
    let lacks = block.objects.data().find(|object| {
        target
            .get(&object.name)
            .is_none_or(|theirs| theirs.size_bytes != object.size_bytes)
    })?;
    Some(format!("{} is missing or of another size", lacks.name))
}

fn is_covered(block: &SourceBlock, target: &TargetIndex) -> bool {
    block.meta().is_some_and(|meta| {
        let mut covers = target.covers(&meta.block);
        covers.any(|(_, judged)| judged.is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Provenance, RunId};
    use crate::plan::facts::testing::{block, target};

    /// S-5.12: names and sizes may be right, and the bytes another's.
    #[test]
    fn what_was_replaced_in_the_target_after_the_mark_is_found_where_tags_are_digests() {
        let details = Provenance::of_this_run("s3://cold", RunId::generate()).to_string();
        let tagged = |index, meta| {
            block('A')
                .checksum("chunks/000001", '1')
                .checksum("index", index)
                .checksum("meta.json", meta)
        };
        let marked = tagged('2', '3').marked(&details).source();
        let why = |theirs| {
            let target = target([theirs]);
            not_held(&marked, &target, "s3://cold").map(|found| found.why)
        };
        assert_eq!(why(tagged('2', '3')), None);
        assert_eq!(
            why(tagged('4', '3')),
            Some("index has another content".to_owned())
        );
        assert_eq!(
            why(tagged('2', '4')),
            Some("meta.json has another content".to_owned())
        );
        // All of them differ: the one bucket is encrypted.
        let encrypted = tagged('7', '8').checksum("chunks/000001", '9');
        assert_eq!(why(encrypted), None);
    }
}
