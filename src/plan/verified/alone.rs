//! How a block of one bucket stands by itself.

use std::sync::Arc;

use super::state::{State, Verified};
use crate::block::{BlockId, Completeness, MetaFile};
use crate::plan::facts::{Mark, SourceBlock, SourceIndex, SourceMeta};

/// Something to know of a block, whatever its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is, in a word.
    pub name: &'static str,
    /// The same, in a phrase.
    pub text: String,
}

/// Judges a block of one bucket by its listing, its `meta.json` and its mark.
#[must_use]
pub fn judge_alone(block: &SourceBlock) -> Verified {
    let objects = block.objects();
    if objects.is_empty() {
        return Verified::plainly(State::Partial);
    }
    let meta = match &block.meta {
        SourceMeta::Read(meta) => meta,
        SourceMeta::Absent => return Verified::plainly(State::Partial),
        SourceMeta::Unreadable(why) => {
            return Verified::because(State::Unreadable, format!("meta.json: {why}"));
        }
        SourceMeta::Corrupted(why) => {
            return Verified::because(State::Damaged, format!("meta.json: {why}"));
        }
    };
    if objects.is_being_overwritten() {
        return Verified::because(State::Damaged, "an overwrite of it is not finished");
    }
    if let Completeness::Lacks(what) = objects.completeness(&meta.block) {
        return Verified::because(State::Damaged, what);
    }
    match &block.mark {
        Mark::Corrupted(err) => {
            return Verified::because(State::Damaged, format!("its deletion mark is none: {err}"));
        }
        Mark::Unreadable(why) => {
            return Verified::because(State::Unreadable, format!("its deletion mark: {why}"));
        }
        Mark::Absent | Mark::Present(_) => {}
    }
    match objects.archived() {
        Some(object) => {
            let why = format!("{} has to be restored from an archive", object.name);
            Verified::because(State::Unreadable, why)
        }
        None => Verified::plainly(State::Whole),
    }
}

/// The blocks of one bucket, of which some make others superfluous, or overlap them.
pub struct Neighbours<'a>(SourceIndex<'a>);

impl<'a> Neighbours<'a> {
    /// All blocks of the bucket.
    #[must_use]
    pub fn new(blocks: &'a [Arc<SourceBlock>]) -> Self {
        Self(SourceIndex::new(blocks))
    }

    /// What there is to know of a block of the bucket. Of blocks that are marked, nothing but that matters.
    #[must_use]
    pub fn notes(&self, block: &SourceBlock) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Mark::Present(mark) = &block.mark {
            let text = match (mark.provenance(), mark.details()) {
                (Some(ours), _) => format!("moved to {} by run {}", ours.target, ours.run),
                (None, "") => "marked for deletion".to_owned(),
                (None, details) => format!("marked for deletion: {details}"),
            };
            notes.push(Note {
                name: "marked",
                text,
            });
        }
        let Some(meta) = block.meta() else {
            return notes;
        };
        if block.objects().completeness(&meta.block) == Completeness::Weak {
            notes.push(Note {
                name: "weak-inventory",
                text: "meta.json names no files".to_owned(),
            });
        }
        if block.is_live() {
            notes.extend(self.kin(meta));
        }
        notes
    }

    fn kin(&self, meta: &MetaFile) -> Option<Note> {
        let block = &meta.block;
        if let Some(other) = self.0.superseding(block).next() {
            return Some(Note {
                name: "duplicate",
                text: format!("{} holds all of it", other.block.id),
            });
        }
        let overlapping = self.0.live().overlapping(block);
        let mut clashing: Vec<BlockId> = overlapping
            .filter(|other| other.block.clashes_with(block))
            .map(|other| other.block.id)
            .collect();
        clashing.sort_unstable();
        let first = clashing.first()?;
        let more = match clashing.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(Note {
            name: "overlap",
            text: format!("overlaps {first}{more}"),
        })
    }
}
