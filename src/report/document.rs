//! What a plan or a report says, worked out once for both writers. How it is spelled is theirs to know.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::Header;
use super::totals::{Amount, Totals};
use crate::block::BlockId;
use crate::exit::Exit;
use crate::outcome::{Concern, Outcome, Results, concerns, exit_of};
use crate::plan::{
    self, Action, Mark, NotHeld, Outlook, Plan, Reason, Rules, Selected, SourceBlock, Warning,
};
use crate::select::Effect;

/// A plan, or with results a report.
pub(super) struct Document<'a> {
    pub(super) header: &'a Header,
    pub(super) results: Option<&'a Results>,
    pub(super) exit: Exit,
    /// Why the whole run had to stop, or would have to.
    pub(super) stopped_by: Option<&'a str>,
    pub(super) warnings: &'a [Warning],
    /// What each rule of the selector did.
    pub(super) selector: &'a [Effect],
    /// In the order of the plan.
    pub(super) blocks: Vec<Block<'a>>,
    /// By id.
    pub(super) excluded: Vec<Excluded<'a>>,
    pub(super) marked_not_held: Vec<MarkedNotHeld<'a>>,
    pub(super) absent_ids: &'a [BlockId],
    /// Whether anything can be done before a person has looked at it.
    pub(super) writes: bool,
    pub(super) totals: Totals,
}

/// A selected block.
pub(super) struct Block<'a> {
    pub(super) selected: &'a Selected,
    /// What is planned for it, in a word: its action, or that it is held back.
    pub(super) planned: &'static str,
    pub(super) outcome: Option<&'a Outcome>,
    pub(super) concern: Option<Concern>,
    /// The block that it waits for.
    pub(super) waits_for: Option<BlockId>,
    /// The whole block.
    pub(super) size: Amount,
    /// What the plan puts into the target: nothing, where the block is held back.
    pub(super) put: Amount,
}

/// A block that is left out.
pub(super) struct Excluded<'a> {
    pub(super) block: &'a SourceBlock,
    pub(super) reason: Reason,
    pub(super) detail: Option<&'a str>,
    pub(super) concern: Option<Concern>,
}

/// A block that is going to be deleted although the target does not hold it, and what saves it.
pub(super) struct MarkedNotHeld<'a> {
    pub(super) block: BlockId,
    pub(super) why: &'a str,
    pub(super) marked_at: Option<DateTime<Utc>>,
    /// Copies the block again, once the flags that name the buckets are added; `None` where its deletion has begun.
    pub(super) command: Option<String>,
    pub(super) what_to_do: &'static str,
}

impl<'a> Document<'a> {
    pub(super) fn new(
        header: &'a Header,
        plan: &'a Plan,
        rules: &'a Rules,
        results: Option<&'a Results>,
    ) -> Self {
        let outcome = |position| results.and_then(|results| results.outcomes.get(position));
        let blocks: Vec<Block<'_>> = plan
            .selected
            .iter()
            .enumerate()
            .map(|(position, selected)| Block::new(selected, outcome(position)))
            .collect();
        let excluded: Vec<Excluded<'_>> = plan
            .excluded
            .iter()
            .map(|excluded| Excluded::new(excluded, rules))
            .collect();
        let concerns = concerns(plan, rules, results);
        let totals = Totals::of(&blocks, &excluded, concerns, results.is_some());
        Self {
            header,
            results,
            exit: exit_of(plan, rules, results),
            stopped_by: results.map_or(plan.obstacle.as_deref(), |results| {
                results.aborted.as_deref()
            }),
            warnings: &plan.warnings,
            selector: &plan.selector,
            blocks,
            excluded,
            marked_not_held: marked_not_held(plan),
            absent_ids: &plan.absent_ids,
            writes: plan.writes(),
            totals,
        }
    }
}

impl<'a> Block<'a> {
    fn new(selected: &'a Selected, outcome: Option<&'a Outcome>) -> Self {
        let objects = &selected.block.objects;
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
    /// What is planned for it, or what came of it, in a word.
    pub(super) fn word(&self) -> &'static str {
        self.outcome
            .map_or(self.planned, |outcome| outcome.ending.as_str())
    }

    /// Whether a person should look at it: it needs one, or the plan destroys what the target holds under its id.
    pub(super) fn is_flagged(&self) -> bool {
        let is_overwrite = matches!(self.selected.action, Action::Overwrite(_));
        let overwrites = self.outcome.is_none() && is_overwrite;
        self.concern.is_some() || overwrites
    }
}

impl<'a> Excluded<'a> {
    fn new(excluded: &'a plan::Excluded, rules: &Rules) -> Self {
        Self {
            block: &excluded.block,
            reason: excluded.reason,
            detail: excluded.detail.as_deref(),
            concern: Concern::of_excluded(excluded, rules),
        }
    }
}

fn marked_not_held(plan: &Plan) -> Vec<MarkedNotHeld<'_>> {
    let blocks: HashMap<BlockId, &SourceBlock> = if plan.not_held.is_empty() {
        HashMap::new()
    } else {
        let blocks = plan.excluded.iter().map(|one| (one.block.id, &*one.block));
        blocks.collect()
    };
    let rescue = |not_held| rescue(not_held, blocks.get(&not_held.block).copied());
    plan.not_held.iter().map(rescue).collect()
}

/// The command filters by nothing but the id: neither a cutoff nor a selector of this run must keep the block from being saved.
fn rescue<'a>(not_held: &'a NotHeld, block: Option<&SourceBlock>) -> MarkedNotHeld<'a> {
    let is_whole = block.is_none_or(|block| !block.has_lost_objects());
    let marked_at = block.and_then(|block| match &block.mark {
        Mark::Present(mark) => DateTime::from_timestamp(mark.deletion_time(), 0),
        Mark::Absent | Mark::Unreadable(_) | Mark::Corrupted(_) => None,
    });
    MarkedNotHeld {
        block: not_held.block,
        why: &not_held.why,
        marked_at,
        command: is_whole.then(|| {
            format!(
                "thanos-bucket migrate --id={} --older-than=0s --exclude-delete-marked=false",
                not_held.block
            )
        }),
        what_to_do: if is_whole {
            "run the command with this run's bucket flags before the source's compactor deletes the block: it copies the block again and leaves the mark"
        } else {
            "its deletion has begun: stop the source's compactor, then bring over by hand what the target lacks, from the source or a backup"
        },
    }
}
