//! The look back: a mark of this tool says that the target holds the block. Does it still?

use std::sync::Arc;

use super::facts::{SourceBlock, TargetBlock, TargetIndex};
use crate::block::{BlockId, Difference, Inventory, Match, Object, ReadBack, Strength, suspects};

/// A source block that carries this tool's mark, so that the source's compactor will delete it, and which the target does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHeld {
    /// The block.
    pub block: BlockId,
    /// What the target lacks, in words.
    pub why: String,
}

/// The block, where it bears this tool's mark for the target `target_name` and the target does not hold it; marks for other targets do not count.
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

/// Every block of the source that bears this tool's mark for the target `target_name`, and that the target does not hold, with why; in the order of
/// the source.
#[must_use]
pub fn all_not_held(
    source: &[Arc<SourceBlock>],
    target: &TargetIndex,
    target_name: &str,
) -> Vec<(Arc<SourceBlock>, NotHeld)> {
    let found = source.iter().filter_map(|block| {
        let found = not_held(block, target, target_name)?;
        Some((Arc::clone(block), found))
    });
    found.collect()
}

/// Whether [`not_held`] would say so if nothing covered the block. No metas of the target are needed for this.
pub(super) fn not_held_by_listing(
    block: &SourceBlock,
    target: &TargetIndex,
    target_name: &str,
) -> bool {
    missing_by_listing(block, target, target_name).is_some()
}

/// Objects of which the entity tags alone would say that the target has others, so that they must be read before it is said.
#[must_use]
pub fn to_be_read(
    block: &SourceBlock,
    there: &Inventory,
    target_name: &str,
) -> Vec<(Object, Object)> {
    if !block.is_marked_for(target_name) {
        return Vec::new();
    }
    let meta = block.meta().map(|meta| &meta.block);
    let ours = block.objects().what_thanos_reads(meta);
    let suspects = suspects(&ours, there).into_iter();
    suspects
        .map(|(one, other)| (one.clone(), other.clone()))
        .collect()
}

fn missing_by_listing(
    block: &SourceBlock,
    target: &TargetIndex,
    target_name: &str,
) -> Option<String> {
    if !block.is_marked_for(target_name) {
        return None;
    }
    let nothing = TargetBlock::nothing(block.id);
    let there = target.get(block.id).unwrap_or(&nothing);
    let meta = block.meta().map(|meta| &meta.block);
    let ours = block.objects().what_thanos_reads(meta);
    let mut read = ReadBack::default();
    let mut unread = Vec::new();
    for (one, other) in suspects(&ours, &there.objects()) {
        match there.read.of(one, other) {
            Some(_) => read.keep(&there.read, one),
            None => unread.push(format!(
                "{} has another entity tag, and was not read",
                one.name
            )),
        }
    }
    match compared(block, there, target, &read) {
        Compared::NothingLeft => None,
        Compared::Held(_) => in_brief(unread),
        Compared::Lacking(lacking) => in_brief(lacking.words().chain(unread).collect()),
    }
}

/// What a block of the source and what the target has under its id say of each other.
#[derive(Debug)]
pub(super) enum Compared {
    /// The target holds it; how far that is known, where the source still has all of it.
    Held(Option<Strength>),
    /// The source has nothing left that could be used.
    NothingLeft,
    /// The target does not hold it.
    Lacking(Lacking),
}

/// Why the target does not hold a block.
#[derive(Debug)]
pub(super) struct Lacking {
    /// In what it differs from the source.
    pub(super) differences: Vec<Difference>,
    /// In what else it is amiss, in words that no difference has.
    more: Vec<String>,
}

impl Lacking {
    fn words(&self) -> impl Iterator<Item = String> {
        let differences = self.differences.iter().map(ToString::to_string);
        differences.chain(self.more.iter().cloned())
    }

    /// All of it on one line, the first few in full.
    pub(super) fn in_words(&self) -> String {
        in_brief(self.words().collect()).unwrap_or_default()
    }
}

/// Compares what Thanos reads of the block with what lies `there` in the target under its id, where the source has lost objects by what is left. What was
/// `read` counts beside the listings; marks of the source do not.
pub(super) fn compared(
    block: &SourceBlock,
    there: &TargetBlock,
    target: &TargetIndex,
    read: &ReadBack,
) -> Compared {
    let meta = block.meta().map(|meta| &meta.block);
    let ours = block.objects().what_thanos_reads(meta);
    let theirs = there.objects();
    let matched = Match::of(block.id, &ours, &theirs, read);
    let mut strength = matched.as_ref().ok().map(Match::strength);
    let mut differences = matched.err().unwrap_or_default();
    let named_by = target.named_by(block.id);
    let mut more: Vec<String> = named_by
        .map(|by| format!("the deletion mark of {by} names it"))
        .into_iter()
        .collect();
    if let Some(remains) = Remains::of(block, &ours) {
        if remains == Remains::Nothing {
            return Compared::NothingLeft;
        }
        strength = None;
        // What the source has lost is not one too many in the target.
        differences.retain(|difference| match difference {
            Difference::Surplus(_) => false,
            Difference::OtherMeta => ours.meta().is_some(),
            _ => true,
        });
        let known = meta.or(there.meta().map(|meta| &meta.block));
        let lacks = known.and_then(|meta| theirs.lacks(meta));
        let is_said = |what: &String| differences.iter().any(|one| one.to_string() == *what);
        more.extend(lacks.filter(|what| !is_said(what)));
    }
    if differences.is_empty() && more.is_empty() {
        return Compared::Held(strength);
    }
    Compared::Lacking(Lacking { differences, more })
}

/// What is left of a block whose deletion has begun.
#[derive(Debug, PartialEq, Eq)]
enum Remains {
    /// Samples that could still be saved.
    Samples,
    /// Nothing that could be used.
    Nothing,
}

impl Remains {
    /// `None` where the block is whole. Thanos' compactor deletes `meta.json` first; others delete as names are sorted.
    fn of(block: &SourceBlock, objects: &Inventory) -> Option<Self> {
        if !block.has_lost_objects() {
            return None;
        }
        let has_segments = objects.data().any(|object| &*object.name != "index");
        Some(if has_segments || objects.meta().is_some() {
            Self::Samples
        } else {
            Self::Nothing
        })
    }
}

fn in_brief(words: Vec<String>) -> Option<String> {
    const SHOWN: usize = 3;
    let more = words.len().saturating_sub(SHOWN);
    let shown: Vec<String> = words.into_iter().take(SHOWN).collect();
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

fn is_covered(block: &SourceBlock, target: &TargetIndex) -> bool {
    cover_of(block, target).is_some()
}

/// A live block of the target that stands for this one. Where the source has lost its `meta.json`, the target's is used; where the target has none
/// either, a raw block that names this one among those it was made of covers it.
pub(super) fn cover_of(block: &SourceBlock, target: &TargetIndex) -> Option<BlockId> {
    let theirs = || target.get(block.id).and_then(TargetBlock::meta);
    if let Some(meta) = block.meta().or_else(theirs) {
        let mut covers = target.covers(&meta.block);
        return covers.find_map(|(by, judged)| judged.is_ok().then_some(by));
    }
    if block.objects().meta().is_some() {
        return None;
    }
    let mut made = target
        .iter()
        .filter(|there| went_into(block.id, there, target));
    made.next().map(|there| there.id)
}

/// Whether all that was in the raw block of this id is in that block of the target. A downsampled block names the same sources, but does not hold all
/// that was in them.
fn went_into(id: BlockId, there: &TargetBlock, target: &TargetIndex) -> bool {
    let Some(meta) = there.meta().map(|meta| &meta.block) else {
        return false;
    };
    let names = meta.sources.contains(&id) || meta.details.get().parents.contains(&id);
    names
        && meta.id != id
        && meta.group.resolution_ms == 0
        && !meta.rewritten
        && !meta.files().is_empty()
        && !there.objects().may_be_marked()
        && target.named_by(meta.id).is_none()
        && there.objects().lacks(meta).is_none()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::block::{DeletionMark, MarkError, Provenance, RunId};
    use crate::plan::Mark;
    use crate::plan::facts::testing::{Builder, block, id};

    const COLD: &str = "s3://cold";

    /// The source block with this tool's mark.
    fn marked(block: Builder) -> SourceBlock {
        let ours = Provenance::of_this_run(COLD, RunId::generate());
        block.marked(&ours.to_string()).source()
    }

    fn why<const N: usize>(marked: &SourceBlock, theirs: [TargetBlock; N]) -> Option<String> {
        let target: TargetIndex = theirs.into_iter().collect();
        not_held(marked, &target, COLD).map(|found| found.why)
    }

    /// S-5.12: names and sizes may agree while the bytes differ; that is only said of objects that were read.
    #[test]
    fn what_was_replaced_in_the_target_after_the_mark_is_found_where_tags_are_digests() {
        let tagged = |index, meta| {
            block('A')
                .checksum("chunks/000001", '1')
                .checksum("index", index)
                .checksum("meta.json", meta)
        };
        let ours = marked(tagged('2', '3'));
        let theirs = |builder: Builder, read: Option<bool>| {
            let mut there = builder.target();
            for (one, other) in to_be_read(&ours, &there.objects(), COLD) {
                if let Some(equal) = read {
                    there.read.note(&one, &other, equal);
                }
            }
            why(&ours, [there])
        };
        let unread = |name| Some(format!("{name} has another entity tag, and was not read"));
        assert_eq!(theirs(tagged('2', '3'), None), None);
        for (builder, name) in [(tagged('4', '3'), "index"), (tagged('2', '4'), "meta.json")] {
            let other = Some(format!("{name} has another content"));
            assert_eq!(theirs(builder.clone(), Some(false)), other);
            // It alone is encrypted.
            assert_eq!(theirs(builder.clone(), Some(true)), None);
            assert_eq!(theirs(builder, None), unread(name));
        }
        // All of them differ: one of the buckets is encrypted.
        let encrypted = tagged('7', '8').checksum("chunks/000001", '9');
        assert_eq!(theirs(encrypted, None), None);
    }

    /// S-5.12: what Thanos does not read is nothing to be saved.
    #[test]
    fn marks_and_files_that_nobody_reads_are_not_missed() {
        for name in [
            "no-compact-mark.json",
            "no-downsample-mark.json",
            "tombstones",
            "change.log",
            "of-somebody-else/1",
        ] {
            for ours in [
                block('A').object(name, 3),
                block('A').object(name, 3).without("meta.json"),
            ] {
                let ours = marked(ours);
                assert_eq!(why(&ours, [block('A').target()]), None, "{name}");
                let other = block('A').object(name, 4).target();
                assert_eq!(why(&ours, [other]), None, "{name}");
                assert!(why(&ours, [block('A').without("index").target()]).is_some());
            }
        }
    }

    /// S-5.12: the source's compactor deletes `meta.json` first, and others by name.
    #[test]
    fn a_block_that_is_being_deleted_is_held_by_its_own_id() {
        let stages = [
            block('A').without("meta.json"),
            block('A').without("chunks/000001"),
            block('A').without("chunks/000001").without("index"),
            block('A').without("meta.json").without("index"),
        ];
        let missing = "chunks/000001 is missing".to_owned();
        for ours in stages {
            let ours = marked(ours);
            assert_eq!(why(&ours, [block('A').target()]), None);
            // Whatever the source still has, the target lacks an object that soon nobody will have.
            let torn = block('A').without("chunks/000001").target();
            assert_eq!(why(&ours, [torn]), Some(missing.clone()));
            let short = block('A').object("chunks/000001", 4).target();
            assert!(why(&ours, [short]).is_some());
            assert!(why(&ours, [block('A').object("deletion-mark.json", 1).target()]).is_some());
            assert!(why(&ours, []).is_some());
        }
        // The mark of another block of the target has it deleted.
        let mark = DeletionMark::new(id('A'), String::new(), DateTime::UNIX_EPOCH);
        let naming = block('D').mark(Mark::Corrupted(MarkError::OfAnother(Box::new(mark))));
        let found = why(&marked(block('A')), [block('A').target(), naming.target()]);
        assert_eq!(
            found,
            Some(format!("the deletion mark of {} names it", id('D')))
        );
        let nothing = block('A').without("meta.json").without("chunks/000001");
        for ours in [nothing.clone(), nothing.without("index")] {
            assert_eq!(why(&marked(ours), []), None, "nothing can be saved");
        }
    }

    /// S-5.12: by what the target knows of the block, or by what was made of it.
    #[test]
    fn a_block_that_is_being_deleted_is_held_by_what_covers_it() {
        let cover = || block('C').sources("AB").range(0, 20);
        let outdated = || block('A').object("deletion-mark.json", 9);
        let parent = || block('C').sources("XY").parents("AB").range(0, 20);
        for (theirs, held) in [
            (vec![cover()], true),
            (vec![cover(), outdated()], true),
            (vec![parent()], true),
            (vec![outdated(), parent()], false),
            (vec![cover().series(2), outdated()], false),
            (vec![cover().resolution(300_000)], false),
            (vec![parent().resolution(300_000)], false),
            (vec![cover().rewritten()], false),
            (vec![cover().without("index")], false),
            (vec![cover().without_file_list()], false),
            (vec![cover().object("deletion-mark.json", 9)], false),
            (vec![block('C').sources("BX")], false),
        ] {
            let target: TargetIndex = theirs.into_iter().map(Builder::target).collect();
            let ours = marked(block('A').without("meta.json"));
            let found = not_held(&ours, &target, COLD);
            assert_eq!(found.is_none(), held, "{found:?}");
        }
        let ours = marked(block('A').without("chunks/000001"));
        assert_eq!(why(&ours, [cover().target()]), None);
    }
}
