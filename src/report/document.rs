//! What stands in a document, whatever its form: a heading and its sections. Each form knows how it shows a section, and in which place.

use std::collections::BTreeMap;
use std::path::Path;

use super::header::Header;
use crate::block::BlockId;
use crate::cutover::CutOver;
use crate::history::Backfilled;
use crate::outcome::{
    Bill, BroughtBack, Checked, Cleaned, Concern, Estimate, Excluded, Freed, MarkedNotHeld,
    Overview, Review, Sums, TakenBack, Verification,
};
use crate::plan::Purpose;
use crate::reconciled::Reconciled;
use crate::select::Effect;

/// A heading and its sections. A subcommand says here which sections its document has.
pub struct Document<'a> {
    /// What it is, in a word: `plan`, `report`, `replication-report`.
    pub(super) kind: &'static str,
    pub(super) header: &'a Header,
    /// In the order of their members in JSON.
    pub(super) sections: Vec<Section<'a>>,
}

/// The sections that there are.
pub(super) enum Section<'a> {
    /// What is planned or was done in sum, and how it ended.
    Course(&'a Review<'a>),
    /// The warnings of the plan.
    Warnings(&'a Review<'a>),
    /// What each rule of the selector did.
    Selector(&'a [Effect]),
    /// The selected blocks.
    Blocks(&'a Review<'a>),
    /// The blocks that are left out.
    Excluded(&'a [Excluded<'a>]),
    /// Blocks that are about to be lost.
    NotHeld(&'a [MarkedNotHeld<'a>]),
    /// Ids that were asked for and are not in the source.
    AbsentIds(&'a [BlockId]),
    /// Sums by action or outcome.
    Totals(&'a Review<'a>),
    /// Sums over the selected blocks by what they are.
    Sums(&'a Sums<'a>),
    /// What a plan costs, and when the source is freed.
    Estimate(&'a Estimate, &'a Freed),
    /// What a plan costs in money, where prices are given.
    Money(Option<&'a Bill>),
    /// How much needs a person, and what to do about it.
    Concerns(&'a BTreeMap<Concern, u64>),
    /// What happened and what comes next, in a sentence.
    Closing(&'a Review<'a>),
    /// What comes next after a plan, and the file that it was written to.
    Next(&'a Review<'a>, Option<&'a Path>),
    /// What a check found, and how it ended.
    Findings(&'a Checked),
    /// Where blocks are.
    Overview(&'a Overview<'a>),
    /// What a verification found, and how it ended.
    Verified(&'a Verification),
    /// Whether both sides answer alike, and what follows.
    CutOver(&'a CutOver),
    /// Whether a target holds the history that a source tells.
    Reconciled(&'a Reconciled),
    /// Which marks were taken back, and how that ended.
    TakenBack(&'a TakenBack),
    /// What was left behind, and what became of it.
    Cleaned(&'a Cleaned),
    /// Which deleted blocks were brought back, and how that ended.
    BroughtBack(&'a BroughtBack),
    /// What a backfill brought, and how that ended.
    Backfilled(&'a Backfilled),
}

impl<'a> Document<'a> {
    /// What a check found.
    #[must_use]
    pub fn of_check(header: &'a Header, checked: &'a Checked) -> Self {
        Self {
            kind: "check",
            header,
            sections: vec![Section::Findings(checked)],
        }
    }

    /// Where blocks are.
    #[must_use]
    pub fn of_status(header: &'a Header, overview: &'a Overview<'a>) -> Self {
        Self {
            kind: "status",
            header,
            sections: vec![Section::Overview(overview)],
        }
    }

    /// What a verification found.
    #[must_use]
    pub fn of_verification(header: &'a Header, verification: &'a Verification) -> Self {
        Self {
            kind: "verify",
            header,
            sections: vec![Section::Verified(verification)],
        }
    }

    /// Whether the hot blocks may go.
    #[must_use]
    pub fn of_cutover_check(header: &'a Header, found: &'a CutOver) -> Self {
        Self {
            kind: "cutover-check",
            header,
            sections: vec![Section::CutOver(found)],
        }
    }

    /// Whether a target holds the history that a source tells.
    #[must_use]
    pub fn of_reconciled(header: &'a Header, found: &'a Reconciled) -> Self {
        Self {
            kind: match found.queries {
                None => "backfill-verification",
                Some(_) => "backfill-cutover-check",
            },
            header,
            sections: vec![Section::Reconciled(found)],
        }
    }

    /// Which marks were taken back, or would be.
    #[must_use]
    pub fn of_unmark(header: &'a Header, taken: &'a TakenBack) -> Self {
        Self {
            kind: "unmark",
            header,
            sections: vec![Section::TakenBack(taken)],
        }
    }

    /// What was left behind, and what became of it or would.
    #[must_use]
    pub fn of_cleanup(header: &'a Header, cleaned: &'a Cleaned) -> Self {
        Self {
            kind: "cleanup",
            header,
            sections: vec![Section::Cleaned(cleaned)],
        }
    }

    /// Which deleted blocks were brought back, or would be.
    #[must_use]
    pub fn of_undelete(header: &'a Header, brought: &'a BroughtBack) -> Self {
        Self {
            kind: "undelete",
            header,
            sections: vec![
                Section::BroughtBack(brought),
                Section::AbsentIds(&brought.absent_ids),
            ],
        }
    }

    /// What a backfill brought, or would.
    #[must_use]
    pub fn of_backfill(header: &'a Header, done: &'a Backfilled) -> Self {
        Self {
            kind: "backfill",
            header,
            sections: vec![Section::Backfilled(done)],
        }
    }

    /// A plan with its sums, what it costs, and the file that it is written to.
    #[must_use]
    pub fn of_plan(
        header: &'a Header,
        review: &'a Review<'a>,
        sums: &'a Sums<'a>,
        (estimate, freed): (&'a Estimate, &'a Freed),
        bill: Option<&'a Bill>,
        out: Option<&'a Path>,
    ) -> Self {
        let mut sections = sections(review);
        let added = [
            Section::Sums(sums),
            Section::Estimate(estimate, freed),
            Section::Money(bill),
            Section::Next(review, out),
        ];
        sections.extend(added);
        Self {
            kind: "plan",
            header,
            sections,
        }
    }

    /// The plan of a migration or, where it was carried out, its report. Those of a run that copies are of kinds of their own, so that nobody takes
    /// them for one that moves.
    #[must_use]
    pub fn of_migration(header: &'a Header, review: &'a Review<'a>) -> Self {
        Self {
            kind: match (review.purpose, review.results) {
                (Purpose::Move, None) => "plan",
                (Purpose::Move, Some(_)) => "report",
                (Purpose::Copy, None) => "replication-plan",
                (Purpose::Copy, Some(_)) => "replication-report",
            },
            header,
            sections: {
                let mut sections = sections(review);
                sections.push(Section::Closing(review));
                sections
            },
        }
    }
}

/// Those of every plan and report, but for its last sentence.
fn sections<'a>(review: &'a Review<'a>) -> Vec<Section<'a>> {
    vec![
        Section::Course(review),
        Section::Warnings(review),
        Section::Selector(review.selector),
        Section::Blocks(review),
        Section::Excluded(&review.excluded),
        Section::NotHeld(&review.marked_not_held),
        Section::AbsentIds(review.absent_ids),
        Section::Totals(review),
        Section::Concerns(&review.totals.concerns),
    ]
}
