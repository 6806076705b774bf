//! What there is to say of one block.

use super::block::Outcome;
use super::concern::Concern;
use crate::block::BlockId;
use crate::plan::{self, Action, Outlook, Reason, Rules, Selected, SourceBlock};

/// Blocks, their objects and their bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) blocks: u64,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

/// A selected block.
pub(crate) struct Block<'a> {
    pub(crate) selected: &'a Selected,
    /// What is planned for it, in a word: its action, or that it is held back.
    pub(crate) planned: &'static str,
    pub(crate) outcome: Option<&'a Outcome>,
    pub(crate) concern: Option<Concern>,
    /// The block that it waits for.
    pub(crate) waits_for: Option<BlockId>,
    /// The whole block.
    pub(crate) size: Amount,
    /// What the plan puts into the target: nothing, where the block is held back.
    pub(crate) put: Amount,
}

/// A block that is left out.
pub(crate) struct Excluded<'a> {
    pub(crate) block: &'a SourceBlock,
    pub(crate) reason: Reason,
    pub(crate) detail: Option<&'a str>,
    pub(crate) concern: Option<Concern>,
}

impl Amount {
    pub(crate) fn add(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.objects += other.objects;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl<'a> Block<'a> {
    pub(super) fn new(selected: &'a Selected, outcome: Option<&'a Outcome>) -> Self {
        let objects = selected.block.objects();
        let foreseen = match selected.outlook {
            Outlook::Through => None,
            Outlook::HeldBack(by) | Outlook::MarkDeferred(by) => Some(by),
        };
        let held_back = matches!(selected.outlook, Outlook::HeldBack(_));
        Self {
            selected,
            planned: if held_back {
                Concern::HeldBack.as_str()
            } else {
                selected.action.as_str()
            },
            outcome,
            waits_for: outcome.map_or(foreseen, |outcome| outcome.waits_for),
            concern: Concern::of_selected(selected, outcome),
            size: Amount {
                blocks: 1,
                objects: objects.block_objects(),
                bytes: objects.block_bytes(),
            },
            put: if held_back || selected.objects_to_put == 0 {
                Amount::default()
            } else {
                Amount {
                    blocks: 1,
                    objects: selected.objects_to_put,
                    bytes: selected.bytes_to_put,
                }
            },
        }
    }
}

impl Block<'_> {
    /// How it ended or, in a plan, what is planned for it: in a word.
    pub(crate) fn word(&self) -> &'static str {
        self.outcome
            .map_or(self.planned, |outcome| outcome.ending.as_str())
    }

    /// Whether a person should look at it: it needs one, or the plan destroys what the target holds under its id.
    pub(crate) fn is_flagged(&self) -> bool {
        let is_overwrite = matches!(self.selected.action, Action::Overwrite(_));
        let overwrites = self.outcome.is_none() && is_overwrite;
        self.concern.is_some() || overwrites
    }
}

impl<'a> Excluded<'a> {
    pub(super) fn new(excluded: &'a plan::Excluded, rules: &Rules) -> Self {
        Self {
            block: &excluded.block,
            reason: excluded.reason,
            detail: excluded.detail.as_deref(),
            concern: Concern::of_excluded(excluded, rules),
        }
    }
}
