//! What there is to say of a plan or of a run: of each block, of what needs a person, and in sum. Reports know how it is written.

use super::concern::concerns;
use super::not_held::{MarkedNotHeld, marked_not_held};
use super::totals::{Amount, Totals};
use super::{Concern, Outcome, Results, exit_of};
use crate::block::BlockId;
use crate::exit::Exit;
use crate::plan::{self, Action, Outlook, Plan, Reason, Rules, Selected, SourceBlock, Warning};
use crate::select::Effect;

/// What there is to say of a plan or, with results, of a run.
pub struct Review<'a> {
    pub(crate) results: Option<&'a Results>,
    /// How the run exits, or would exit as far as the plan can tell.
    pub exit: Exit,
    /// Why the whole run had to stop, or would have to.
    pub(crate) stopped_by: Option<&'a str>,
    pub(crate) warnings: &'a [Warning],
    /// What each rule of the selector did.
    pub(crate) selector: &'a [Effect],
    /// In the order of the plan.
    pub(crate) blocks: Vec<Block<'a>>,
    /// By id.
    pub(crate) excluded: Vec<Excluded<'a>>,
    pub(crate) marked_not_held: Vec<MarkedNotHeld<'a>>,
    pub(crate) absent_ids: &'a [BlockId],
    /// Whether anything can be done before a person has looked at it.
    pub(crate) writes: bool,
    pub(crate) totals: Totals,
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

impl<'a> Review<'a> {
    /// Of the plan that was made by these rules, and of its results where it was carried out.
    #[must_use]
    pub fn new(plan: &'a Plan, rules: &'a Rules, results: Option<&'a Results>) -> Self {
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
    fn new(excluded: &'a plan::Excluded, rules: &Rules) -> Self {
        Self {
            block: &excluded.block,
            reason: excluded.reason,
            detail: excluded.detail.as_deref(),
            concern: Concern::of_excluded(excluded, rules),
        }
    }
}
