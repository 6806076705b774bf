//! What needs a person, and what that person can do about it. It is decided here alone.

use super::block::{BlockEnding, Outcome};
use super::run::Results;
use crate::plan::{Action, Excluded, Outlook, Plan, Reason, Rules, Selected};

/// Something that a person must look at: exit code 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Concern {
    /// A block that is marked for deletion, and that the target does not hold.
    MarkedNotHeld,
    /// Work on a block failed.
    Failed,
    /// The target has something else under the block's id.
    Conflict,
    /// The target's block is marked for deletion.
    MarkedInTarget,
    /// The target has a block made of this one that is no proof.
    CoveredUnproven,
    /// A copy would overlap a block of the target.
    WouldOverlap,
    /// The block waits for an earlier one of its unit.
    HeldBack,
    /// The mark of the block waits for a finer block of the source.
    MarkDeferred,
    /// The block is damaged, and in which way.
    Damaged(Reason),
    /// A block is not what the plan that is carried out says of it.
    Drifted,
    /// A block of the plan that is carried out is gone from the source, and not held by the target.
    GoneSincePlanned,
    /// A block that was asked for by id is left out.
    AskedForExcluded,
    /// A block that was asked for by id is not in the source.
    AskedForAbsent,
}

impl Concern {
    /// Each of them.
    pub(crate) const ALL: [Self; 16] = [
        Self::MarkedNotHeld,
        Self::Failed,
        Self::Conflict,
        Self::MarkedInTarget,
        Self::CoveredUnproven,
        Self::WouldOverlap,
        Self::HeldBack,
        Self::MarkDeferred,
        Self::Damaged(Reason::Unreadable),
        Self::Damaged(Reason::CorruptedMetaJson),
        Self::Damaged(Reason::CorruptedDeletionMark),
        Self::Damaged(Reason::Incomplete),
        Self::Drifted,
        Self::GoneSincePlanned,
        Self::AskedForExcluded,
        Self::AskedForAbsent,
    ];

    /// Whether a selected block needs a person: by its outcome, where there is one, and by what is planned for it otherwise.
    pub(crate) fn of_selected(selected: &Selected, outcome: Option<&Outcome>) -> Option<Self> {
        match outcome {
            Some(outcome) => Self::of_ending(outcome.ending),
            None => Self::of_action(&selected.action).or(match selected.outlook {
                Outlook::Through => None,
                Outlook::HeldBack(_) => Some(Self::HeldBack),
                Outlook::MarkDeferred(_) => Some(Self::MarkDeferred),
            }),
        }
    }

    /// Whether a block that ended so needs a person.
    pub(crate) fn of_ending(ending: BlockEnding) -> Option<Self> {
        match ending {
            BlockEnding::MarkDeferred => Some(Self::MarkDeferred),
            BlockEnding::HeldBack => Some(Self::HeldBack),
            BlockEnding::Conflict => Some(Self::Conflict),
            BlockEnding::MarkedInTarget => Some(Self::MarkedInTarget),
            BlockEnding::CoveredUnproven => Some(Self::CoveredUnproven),
            BlockEnding::WouldOverlap => Some(Self::WouldOverlap),
            BlockEnding::Failed => Some(Self::Failed),
            BlockEnding::Migrated
            | BlockEnding::Replicated
            | BlockEnding::AlreadyThere
            | BlockEnding::Repaired
            | BlockEnding::Overwritten
            | BlockEnding::Covered
            | BlockEnding::Vanished
            | BlockEnding::Superseded
            | BlockEnding::NotFinished => None,
        }
    }

    fn of_action(action: &Action) -> Option<Self> {
        match action {
            Action::CoveredUnproven { .. } => Some(Self::CoveredUnproven),
            Action::Conflict(_) => Some(Self::Conflict),
            Action::MarkedInTarget { .. } => Some(Self::MarkedInTarget),
            Action::WouldOverlap { .. } => Some(Self::WouldOverlap),
            Action::Copy(_)
            | Action::AlreadyThere(_)
            | Action::Repair(_)
            | Action::Overwrite(_)
            | Action::Covered(_)
            | Action::CoveredLater { .. } => None,
        }
    }

    /// Whether a block that is left out needs a person.
    pub(crate) fn of_excluded(excluded: &Excluded, rules: &Rules) -> Option<Self> {
        match excluded.reason {
            reason @ (Reason::Unreadable
            | Reason::CorruptedMetaJson
            | Reason::CorruptedDeletionMark
            | Reason::Incomplete) => Some(Self::Damaged(reason)),
            Reason::Drifted => Some(Self::Drifted),
            Reason::NoMetaJson
            | Reason::MarkedForDeletion
            | Reason::NotInPlan
            | Reason::IdExcluded
            | Reason::TimeExcluded
            | Reason::LabelExcluded
            | Reason::ResolutionExcluded
            | Reason::CompactionExcluded
            | Reason::ShardExcluded
            | Reason::NoLabels
            | Reason::Duplicate
            | Reason::WithinHotBytes => {
                let asked_for = rules.filter.ids.contains(&excluded.block.id);
                asked_for.then_some(Self::AskedForExcluded)
            }
        }
    }

    /// As plans and reports spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::MarkedNotHeld => "marked-not-held",
            Self::Failed => "failed",
            Self::Conflict => "conflict",
            Self::MarkedInTarget => "marked-in-target",
            Self::CoveredUnproven => "covered-unproven",
            Self::WouldOverlap => "would-overlap",
            Self::HeldBack => "held-back",
            Self::MarkDeferred => "mark-deferred",
            Self::Damaged(reason) => reason.as_str(),
            Self::Drifted => Reason::Drifted.as_str(),
            Self::GoneSincePlanned => "gone-since-planned",
            Self::AskedForExcluded => "asked-for-but-excluded",
            Self::AskedForAbsent => "asked-for-but-absent",
        }
    }

    /// What to do about it, in a phrase.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::MarkedNotHeld => "save it with the command above, now",
            Self::Failed => "mend the cause, and run it again",
            Self::Conflict => {
                "compare both, then delete the wrong one by hand, or use --overwrite-existing"
            }
            Self::MarkedInTarget => {
                "unmark it first, in the target (thanos-bucket unmark), or wait until it is deleted there"
            }
            Self::CoveredUnproven => {
                "compare with the target's block, then delete the wrong one by hand"
            }
            Self::WouldOverlap => {
                "find out where the target's block comes from, and which is right"
            }
            Self::HeldBack => "taken up by a later run, once the block it waits for is dealt with",
            Self::MarkDeferred => "marked by a later run, once the finer block is marked or gone",
            Self::Damaged(Reason::Incomplete) => {
                "restore what is missing, or mark it for deletion; it is not copied as it is"
            }
            Self::Damaged(Reason::Unreadable) => {
                "restore it from the archive, or permit reading it"
            }
            Self::Damaged(Reason::CorruptedDeletionMark) => "repair the mark as said above",
            Self::Damaged(_) => "repair or delete it by hand",
            Self::Drifted => "see what has changed above, and make a new plan of what is left",
            Self::GoneSincePlanned => {
                "find out who deleted it: its samples may be in another block, for which make a new plan"
            }
            Self::AskedForExcluded => "see the reason above; the filters hold for --id too",
            Self::AskedForAbsent => "check the id: the source has no such block",
        }
    }
}

impl BlockEnding {
    /// Whether a person must look at it.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        Concern::of_ending(self).is_some()
    }
}

/// Everything that needs a person: once for each block or id that does, and once more for a block whose mark is not borne out.
pub(crate) fn concerns<'a>(
    plan: &'a Plan,
    rules: &'a Rules,
    results: Option<&'a Results>,
) -> impl Iterator<Item = Concern> + 'a {
    let outcome = move |position| results.and_then(|results| results.outcomes.get(position));
    let not_held = plan.not_held.iter().map(|_| Concern::MarkedNotHeld);
    let selected = plan.selected.iter().enumerate();
    let selected = selected
        .filter_map(move |(position, selected)| Concern::of_selected(selected, outcome(position)));
    let excluded = plan.excluded.iter();
    let excluded = excluded.filter_map(|excluded| Concern::of_excluded(excluded, rules));
    let absent = plan.absent_ids.iter().map(|_| match rules.agreed {
        Some(_) => Concern::GoneSincePlanned,
        None => Concern::AskedForAbsent,
    });
    not_held.chain(selected).chain(excluded).chain(absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_that_needs_a_person_is_a_concern_of_the_same_name() {
        for ending in BlockEnding::ALL {
            let concern = Concern::of_ending(ending);
            assert_eq!(concern.is_some(), ending.needs_a_person());
            assert!(concern.is_none_or(|concern| Concern::ALL.contains(&concern)));
            if let Some(concern) = concern {
                assert_eq!(concern.as_str(), ending.as_str());
            }
        }
    }
}
