//! What happens to one selected block: the decision table, row by row.

use std::fmt;

use super::facts::{SourceBlock, SourceIndex, TargetBlock, TargetIndex, TargetMeta};
use super::rules::{Existing, Rules};
use crate::block::{
    BlockId, Completeness, Cover, DELETION_MARK, Difference, Inventory, MetaFile, NoCover, Object,
    Strength, Tags, compare,
};

/// What happens to one selected block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Put its objects, publish it, prove it, mark it.
    Copy(Put),
    /// The target holds it: put again what is not proven enough, prove it, mark it.
    AlreadyThere(Put),
    /// The target has its `meta.json`, but not all of its objects: put those, prove it, mark it.
    Repair(Put),
    /// The target has another block under its id: replace that.
    Overwrite,
    /// The target holds a block made of this one, so that a copy would overlap it: mark it.
    Covered(Cover),
    /// The target has a block made of this one that is no proof: touch neither.
    CoveredUnproven {
        /// The target's block.
        by: BlockId,
        /// What keeps it from being a proof.
        why: NoCover,
    },
    /// The target has something else under its id: touch neither.
    Conflict(Conflict),
    /// The target has a block of the same group for a part of the same time: touch neither, for overlaps halt compactors.
    WouldOverlap {
        /// The target's block.
        with: BlockId,
    },
}

/// Which of a block's objects are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Those that are missing, or of another size or checksum.
    Differing,
    /// Those too whose agreement is known by size only.
    Unproven,
    /// Every one; what the source lacks is removed.
    All,
}

/// Why a block under the same id is not ours to touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// It is marked for deletion: its data is about to go.
    Marked,
    /// The deletion mark of this block names it: the same, and nothing in its own directory says so.
    NamedBy(BlockId),
    /// Its `meta.json` is another one.
    OtherMeta,
    /// Its `meta.json` cannot be read, and why.
    CorruptedMeta(String),
    /// It has segments that the source lacks, and nothing tells which of the two is right.
    Surplus(Box<str>),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conflict::Marked => f.write_str("the target's block is marked for deletion"),
            Conflict::NamedBy(by) => write!(
                f,
                "the target's compactor deletes what lies under this id, for the deletion mark of {by} names it: delete {} there, and restart \
                 that compactor, which remembers marks",
                by.object(DELETION_MARK)
            ),
            Conflict::OtherMeta => f.write_str("the target's meta.json is another one"),
            Conflict::CorruptedMeta(why) => {
                write!(f, "the target's meta.json is corrupted: {why}")
            }
            Conflict::Surplus(name) => write!(
                f,
                "the target has {name}, which the source lacks, and meta.json has no file list"
            ),
        }
    }
}

impl Action {
    /// As plans spell it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Action::Copy(_) => "copy",
            Action::AlreadyThere(_) => "already-there",
            Action::Repair(_) => "repair",
            Action::Overwrite => "overwrite",
            Action::Covered(_) => "covered",
            Action::CoveredUnproven { .. } => "covered-unproven",
            Action::Conflict(_) => "conflict",
            Action::WouldOverlap { .. } => "would-overlap",
        }
    }

    /// Why it is so, where there is more to say.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Action::Covered(cover) => Some(format!("by {}", cover.by())),
            Action::CoveredUnproven { by, why } => Some(format!("{by} {why}")),
            Action::Conflict(conflict) => Some(conflict.to_string()),
            Action::WouldOverlap { with } => Some(format!("with {with}")),
            Action::Copy(Put::Differing | Put::Unproven)
            | Action::Repair(_)
            | Action::AlreadyThere(_) => None,
            Action::Copy(Put::All) => Some("every object anew".to_owned()),
            Action::Overwrite => Some("the target's meta.json is another one".to_owned()),
        }
    }

    /// Which objects are put; `None` where none is looked at.
    #[must_use]
    pub fn put(&self) -> Option<Put> {
        match self {
            Action::Copy(put) | Action::AlreadyThere(put) | Action::Repair(put) => Some(*put),
            Action::Overwrite => Some(Put::All),
            Action::Covered(_)
            | Action::CoveredUnproven { .. }
            | Action::Conflict(_)
            | Action::WouldOverlap { .. } => None,
        }
    }

    /// Whether `meta.json` is put.
    #[must_use]
    pub fn publishes(&self) -> bool {
        matches!(self, Action::Copy(_) | Action::Overwrite)
    }

    /// Whether nothing is done, and a person must look at it.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Action::CoveredUnproven { .. } | Action::Conflict(_) | Action::WouldOverlap { .. }
        )
    }

    /// Whether the block's place in its unit stays empty, so that later blocks there wait.
    #[must_use]
    pub fn leaves_a_gap(&self) -> bool {
        matches!(self, Action::WouldOverlap { .. })
    }
}

/// Decides, trying the rows in their order: covers, marks, what lies under the same id, overlaps.
pub(super) fn decide(
    block: &SourceBlock,
    meta: &MetaFile,
    target: &TargetIndex,
    source: &SourceIndex<'_>,
    rules: &Rules,
) -> Action {
    if let Some(action) = covered(meta, target) {
        return action;
    }
    if let Some(by) = target.named_by(block.id) {
        return Action::Conflict(Conflict::NamedBy(by));
    }
    let action = by_own_id(block, meta, target.get(block.id), rules);
    if action.publishes()
        && let Some(with) = unknown_overlap(meta, target, source)
    {
        return Action::WouldOverlap { with };
    }
    action
}

fn covered(meta: &MetaFile, target: &TargetIndex) -> Option<Action> {
    let mut unproven = None;
    for (by, judged) in target.covers(&meta.block) {
        match judged {
            Ok(cover) => return Some(Action::Covered(cover)),
            Err(why) => {
                unproven.get_or_insert(Action::CoveredUnproven { by, why });
            }
        }
    }
    unproven
}

fn by_own_id(
    block: &SourceBlock,
    meta: &MetaFile,
    there: Option<&TargetBlock>,
    rules: &Rules,
) -> Action {
    // To read what lies there costs as much as putting it again, and it has to be right before it is published.
    let copy = match rules.verify {
        Strength::Content => Action::Copy(Put::Unproven),
        Strength::Size | Strength::Checksum => Action::Copy(Put::Differing),
    };
    let Some(there) = there.filter(|there| !there.objects.is_empty()) else {
        return copy;
    };
    if there.objects.may_be_marked() {
        return Action::Conflict(Conflict::Marked);
    }
    let existing = rules.existing;
    let overwrite = existing == Existing::Overwrite;
    let surplus = unexplained_surplus(block, meta, &there.objects);
    match (&there.meta, surplus) {
        (TargetMeta::Absent, _) if overwrite || there.objects.is_being_overwritten() => {
            Action::Copy(Put::All)
        }
        (TargetMeta::Absent, None) => copy,
        (TargetMeta::Read(theirs), _) if theirs.digest != meta.digest => {
            overwrite_or(existing, Conflict::OtherMeta)
        }
        (TargetMeta::Read(_), None) => held(&block.objects, &there.objects, existing),
        (TargetMeta::Corrupted(why), _) => {
            overwrite_or(existing, Conflict::CorruptedMeta(why.clone()))
        }
        (TargetMeta::Unread, _) => overwrite_or(existing, Conflict::OtherMeta),
        (TargetMeta::Absent | TargetMeta::Read(_), Some(name)) => {
            overwrite_or(existing, Conflict::Surplus(name))
        }
    }
}

fn overwrite_or(existing: Existing, conflict: Conflict) -> Action {
    match existing {
        Existing::Keep => Action::Conflict(conflict),
        Existing::Overwrite => Action::Overwrite,
    }
}

fn held(source: &Inventory, target: &Inventory, existing: Existing) -> Action {
    let put = match existing {
        _ if target.is_being_overwritten() => Put::All,
        Existing::Keep => Put::Differing,
        Existing::Overwrite => Put::Unproven,
    };
    if compare(source, target).is_empty() && !target.is_being_overwritten() {
        Action::AlreadyThere(put)
    } else {
        Action::Repair(put)
    }
}

/// A segment of the target that the source lacks, where no file list tells that it is the target's that is wrong.
fn unexplained_surplus(
    block: &SourceBlock,
    meta: &MetaFile,
    target: &Inventory,
) -> Option<Box<str>> {
    if block.objects.completeness(&meta.block) != Completeness::Weak {
        return None;
    }
    compare(&block.objects, target)
        .into_iter()
        .find_map(|difference| match difference {
            Difference::Surplus(name) => Some(name),
            _ => None,
        })
}

/// A live block of the target that meets ours in time without covering it or being covered, where the source knows no such overlap.
fn unknown_overlap(
    meta: &MetaFile,
    target: &TargetIndex,
    source: &SourceIndex<'_>,
) -> Option<BlockId> {
    let block = &meta.block;
    let related = |other: &MetaFile| {
        other.block.has_all_sources_of(block) || block.has_all_sources_of(&other.block)
    };
    let known = |other: &MetaFile| {
        source
            .get(other.block.id)
            .and_then(SourceBlock::meta)
            .is_some_and(|ours| ours.block.group == block.group)
    };
    let other = target
        .overlapping(block)
        .find(|other| !related(other) && !known(other))?;
    let source_overlaps = source
        .live()
        .overlapping(block)
        .any(|other| !related(other));
    (!source_overlaps).then_some(other.block.id)
}

/// The objects of the source block that are put, by name.
#[must_use]
pub fn objects_to_put<'a>(source: &'a Inventory, target: &Inventory, put: Put) -> Vec<&'a Object> {
    let tags = Tags::of(source, target);
    let wanted = |object: &&Object| {
        let agreement = target
            .get(&object.name)
            .and_then(|theirs| tags.agreement(object, theirs));
        match put {
            Put::Differing => agreement.is_none(),
            Put::Unproven => agreement != Some(Strength::Checksum),
            Put::All => true,
        }
    };
    source.data().filter(wanted).collect()
}
#[cfg(test)]
mod tests;
