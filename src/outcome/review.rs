//! What there is to say of a plan or of a run: of each block, of what needs a person, and in sum. Reports know how it is written.

use super::concern::concerns;
use super::exiting::exit_of;
use super::not_held::{MarkedNotHeld, marked_not_held};
use super::row::{Block, Excluded};
use super::run::Results;
use super::totals::Totals;
use crate::block::BlockId;
use crate::exit::Exit;
use crate::plan::{Plan, Purpose, Rules, Warning};
use crate::select::Effect;

/// What there is to say of a plan or, with results, of a run.
pub struct Review<'a> {
    /// Whether blocks move, or are copied.
    pub(crate) purpose: Purpose,
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
        let totals = Totals::of(
            &blocks,
            &excluded,
            concerns,
            results.is_some(),
            rules.purpose,
        );
        Self {
            purpose: rules.purpose,
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
