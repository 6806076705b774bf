//! What happens to one selected block: the decision table, row by row.

pub(super) mod differing;

use std::fmt;

use bytesize::ByteSize;

use super::facts::{Mark, SourceBlock, SourceIndex, TargetBlock, TargetIndex, TargetMeta};
use super::rules::{Existing, Purpose, Rules};
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
    /// The target has another block under its id, which conflicts in this way: replace it.
    Overwrite(Conflict),
    /// The target holds a block made of this one, so that a copy would overlap it: mark it.
    Covered(Cover),
    /// This run moves a block of the source that holds all of this one: mark it once that block covers it in the target.
    CoveredLater {
        /// The block that is moved.
        by: BlockId,
    },
    /// The target has a block made of this one that is no proof: touch neither.
    CoveredUnproven {
        /// The target's block.
        by: BlockId,
        /// What keeps it from being a proof.
        why: NoCover,
    },
    /// The target has something else under its id: touch neither.
    Conflict(Conflict),
    /// The target's block is marked for deletion, so that what is copied there would be deleted with it: touch neither before it is unmarked.
    MarkedInTarget {
        /// Who marked it, in words, where the mark could be read.
        by: Option<Box<str>>,
    },
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
    /// The same, and those whose agreement is known by size only.
    Unproven,
    /// Every one; what the source lacks is removed.
    All,
}

/// Why what the target has under the block's id is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// It is marked for deletion: its data is about to be deleted.
    Marked,
    /// The deletion mark in the directory of this other block names it, so it is about to be deleted although its own directory shows no mark.
    NamedBy(BlockId),
    /// Its `meta.json` is another one.
    OtherMeta,
    /// Its `meta.json` is another one: in what it differs, and how large the target's block is.
    Differs {
        /// How the target's differs, in words.
        what: String,
        /// Objects of the target's block.
        objects: u64,
        /// Their size in bytes.
        bytes: u64,
    },
    /// Its `meta.json` cannot be read, and why.
    CorruptedMeta(String),
    /// It has segments that the source lacks, and nothing tells which of the two is right.
    Surplus(Box<str>),
    /// Nothing lies there, and this object cannot be put: it is larger than the target takes.
    TooLarge {
        /// Its name in the block.
        object: Box<str>,
        /// Its size.
        size_bytes: u64,
        /// The largest size that the target takes.
        most_bytes: u64,
    },
}

impl Conflict {
    fn what(&self) -> String {
        match self {
            Conflict::Marked => "the target's block is marked for deletion".to_owned(),
            Conflict::NamedBy(by) => format!(
                "the target's compactor deletes what lies under this id, for the deletion mark of {by} names it"
            ),
            Conflict::OtherMeta => "the target's meta.json is another one".to_owned(),
            Conflict::Differs { what, .. } => {
                format!("the target's meta.json is another one: {what}")
            }
            Conflict::CorruptedMeta(why) => format!("the target's meta.json is corrupted: {why}"),
            Conflict::Surplus(name) => format!(
                "the target has {name}, which the source lacks, and meta.json has no file list"
            ),
            Conflict::TooLarge {
                object,
                size_bytes,
                most_bytes,
            } => format!(
                "{object} has {size_bytes} bytes, and the target takes at most {most_bytes} in one object, which with config.disable_multipart is one request"
            ),
        }
    }

    /// What each choice would do.
    fn choices(&self) -> Option<String> {
        let choices = match self {
            Conflict::OtherMeta => return None,
            Conflict::Marked => {
                "once the target's compactor has deleted it, a run copies the source's; if it should stay, delete its mark there and restart \
                 that compactor, which remembers marks"
                    .to_owned()
            }
            Conflict::NamedBy(by) => format!(
                "delete {} there and restart that compactor, which remembers marks",
                by.object(DELETION_MARK)
            ),
            Conflict::Differs { objects, bytes, .. } => format!(
                "left alone, both stay as they are; --overwrite-existing replaces the target's {objects} objects ({}) for good; once they are \
                 deleted there by hand, a run copies the source's",
                ByteSize(*bytes).display().iec()
            ),
            Conflict::CorruptedMeta(_) => {
                "left alone, the target's compactor may take it for an upload that was given up, and delete it; --overwrite-existing \
                 replaces it for good; once it is deleted there by hand, a run copies the source's"
                    .to_owned()
            }
            Conflict::Surplus(name) => format!(
                "left alone, both stay as they are; --overwrite-existing removes {name} for good, which may be the last copy of a segment \
                 that the source has lost; once it is deleted there by hand, a run goes on with the source's"
            ),
            Conflict::TooLarge { .. } => {
                "left alone, it stays in the source; without disable_multipart in the target's configuration, a run copies it in parts"
                    .to_owned()
            }
        };
        Some(choices)
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        match self.choices() {
            Some(choices) => write!(f, "; {choices}"),
            None => Ok(()),
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
            Action::Overwrite(_) => "overwrite",
            Action::Covered(_) | Action::CoveredLater { .. } => "covered",
            Action::CoveredUnproven { .. } => "covered-unproven",
            Action::Conflict(_) => "conflict",
            Action::MarkedInTarget { .. } => "marked-in-target",
            Action::WouldOverlap { .. } => "would-overlap",
        }
    }

    /// Why it is so, where there is more to say.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Action::Covered(cover) => Some(format!("by {}", cover.by())),
            Action::CoveredLater { by } => Some(format!("by {by}, moved in this run")),
            Action::CoveredUnproven { by, why } => Some(format!("{by} {why}")),
            Action::Conflict(conflict) => Some(conflict.to_string()),
            Action::MarkedInTarget { by } => by.as_deref().map(str::to_owned),
            Action::WouldOverlap { with } => Some(format!("with {with}")),
            Action::Copy(Put::Differing | Put::Unproven)
            | Action::Repair(_)
            | Action::AlreadyThere(_) => None,
            Action::Copy(Put::All) => Some("every object anew".to_owned()),
            Action::Overwrite(conflict) => {
                let what = conflict.what();
                Some(match conflict {
                    Conflict::Differs { objects, bytes, .. } => {
                        let size = ByteSize(*bytes).display().iec();
                        format!("{what}; its {objects} objects ({size}) are lost")
                    }
                    _ => format!("{what}; what lies there is lost"),
                })
            }
        }
    }

    /// Which objects are put; `None` where none is looked at.
    #[must_use]
    pub fn put(&self) -> Option<Put> {
        match self {
            Action::Copy(put) | Action::AlreadyThere(put) | Action::Repair(put) => Some(*put),
            Action::Overwrite(_) => Some(Put::All),
            Action::Covered(_)
            | Action::CoveredLater { .. }
            | Action::CoveredUnproven { .. }
            | Action::Conflict(_)
            | Action::MarkedInTarget { .. }
            | Action::WouldOverlap { .. } => None,
        }
    }

    /// Whether it is carried out without reading more of the block than `meta.json`: what stands for it is another block.
    #[must_use]
    pub fn needs_nothing_read(&self) -> bool {
        matches!(self, Action::Covered(_) | Action::CoveredLater { .. })
    }

    /// Whether `meta.json` is put.
    #[must_use]
    pub fn publishes(&self) -> bool {
        matches!(self, Action::Copy(_) | Action::Overwrite(_))
    }

    /// Whether nothing is done for the block.
    #[must_use]
    pub fn leaves_alone(&self) -> bool {
        matches!(
            self,
            Action::CoveredUnproven { .. }
                | Action::Conflict(_)
                | Action::MarkedInTarget { .. }
                | Action::WouldOverlap { .. }
        )
    }

    /// Whether the block's place in its unit stays empty, so that later blocks there wait.
    #[must_use]
    pub fn leaves_a_gap(&self) -> bool {
        matches!(
            self,
            Action::WouldOverlap { .. } | Action::Conflict(Conflict::TooLarge { .. })
        )
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

/// The action for a block of which the target has a block made; `None` where it has none.
pub(super) fn covered(meta: &MetaFile, target: &TargetIndex) -> Option<Action> {
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
    let Some(there) = there else {
        return copy;
    };
    let (ours, theirs) = (block.objects(), there.objects());
    if theirs.is_empty() {
        return copy;
    }
    if theirs.may_be_marked() {
        return match rules.purpose {
            Purpose::Move => Action::Conflict(Conflict::Marked),
            Purpose::Copy => marked_in_target(there),
        };
    }
    let existing = rules.scope.existing();
    let overwrite = existing == Existing::Overwrite;
    let surplus = unexplained_surplus(&ours, meta, &theirs);
    match (&there.meta, surplus) {
        (TargetMeta::Absent, _) if overwrite || theirs.is_being_overwritten() => {
            Action::Copy(Put::All)
        }
        (TargetMeta::Absent, None) => copy,
        (TargetMeta::Read(other), _) if other.digest != meta.digest => {
            let conflict = Conflict::Differs {
                what: differing::in_words(&meta.block, &other.block),
                objects: theirs.block_objects(),
                bytes: theirs.block_bytes(),
            };
            overwrite_or(existing, conflict)
        }
        (TargetMeta::Read(_), None) => held(&ours, &theirs, existing),
        (TargetMeta::Corrupted(why) | TargetMeta::Unreadable(why), _) => {
            overwrite_or(existing, Conflict::CorruptedMeta(why.clone()))
        }
        (TargetMeta::Unread, _) => overwrite_or(existing, Conflict::OtherMeta),
        (TargetMeta::Absent | TargetMeta::Read(_), Some(name)) => {
            overwrite_or(existing, Conflict::Surplus(name))
        }
    }
}

fn marked_in_target(there: &TargetBlock) -> Action {
    let by = match &there.mark {
        Mark::Present(mark) => Some(match mark.provenance() {
            Some(ours) => format!("moved to {} by run {}", ours.target, ours.run),
            None if mark.details().is_empty() => "by others".to_owned(),
            None => format!("by others: {}", mark.details()),
        }),
        Mark::Absent | Mark::Unreadable(_) | Mark::Corrupted(_) => None,
    };
    Action::MarkedInTarget {
        by: by.map(Into::into),
    }
}

fn overwrite_or(existing: Existing, conflict: Conflict) -> Action {
    match existing {
        Existing::Keep => Action::Conflict(conflict),
        Existing::Overwrite => Action::Overwrite(conflict),
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

/// A segment of the target that the source lacks, where no file list shows that the target is wrong.
fn unexplained_surplus(
    source: &Inventory,
    meta: &MetaFile,
    target: &Inventory,
) -> Option<Box<str>> {
    if source.completeness(&meta.block) != Completeness::Weak {
        return None;
    }
    compare(source, target)
        .into_iter()
        .find_map(|difference| match difference {
            Difference::Surplus(name) => Some(name),
            _ => None,
        })
}

/// A live block of the target that overlaps the source block in time and neither covers it nor is covered by it, where the source has no such
/// overlap.
fn unknown_overlap(
    meta: &MetaFile,
    target: &TargetIndex,
    source: &SourceIndex<'_>,
) -> Option<BlockId> {
    let block = &meta.block;
    let known = |other: &MetaFile| {
        source
            .get(other.block.id)
            .and_then(SourceBlock::meta)
            .is_some_and(|ours| ours.block.group == block.group)
    };
    let other = target
        .overlapping(block)
        .find(|other| other.block.clashes_with(block) && !known(other))?;
    let source_overlaps = source
        .live()
        .overlapping(block)
        .any(|other| other.block.clashes_with(block));
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
