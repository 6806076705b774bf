//! What the end of a run tells of its rule: how it ended, what is left, and what needs a person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::block::BlockId;
use crate::error::Error;
use crate::exit::{Exit, Signal};
use crate::human;
use crate::outcome::{BlockEnding, Concern, Review};

/// So many things that need a person are told one by one.
const TOLD: usize = 50;

/// What the end of a run tells.
#[derive(Debug, Clone)]
pub struct Figures {
    /// How its process would have exited.
    pub exit: Exit,
    /// Why it could not begin or had to stop.
    pub stopped_by: Option<String>,
    /// What was seen of the rule's blocks; `None` where no plan came about.
    pub seen: Option<Seen>,
}

/// What a run that had a plan has seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What is left to be moved.
    pub pending: Pending,
    /// How much needs a person, by the words of reports.
    pub concerns: BTreeMap<&'static str, u64>,
    /// The first of it.
    pub attention: Vec<Attention>,
}

/// Blocks that are meant to be moved, and are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    /// How many.
    pub blocks: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// The end of the oldest one's samples.
    pub oldest: Option<DateTime<Utc>>,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// The block.
    pub block: BlockId,
    /// What it is, by the words of reports.
    pub concern: &'static str,
    /// What in particular.
    pub detail: Option<String>,
    /// What to do about it.
    pub what_to_do: String,
}

impl Figures {
    /// Of a run that has come to its end.
    #[must_use]
    pub fn of(review: &Review<'_>) -> Self {
        let concerns = &review.totals.concerns;
        let concerns = concerns
            .iter()
            .map(|(concern, many)| (concern.as_str(), *many));
        Self {
            exit: review.exit,
            stopped_by: review.stopped_by.map(str::to_owned),
            seen: Some(Seen {
                pending: pending(review),
                concerns: concerns.collect(),
                attention: attention(review).take(TOLD).collect(),
            }),
        }
    }

    /// Of a run that could not begin; `asked` is the signal that asked for the end.
    #[must_use]
    pub fn of_error(err: &Error, asked: Option<Signal>) -> Self {
        Self {
            exit: Exit::of_error(err, asked),
            stopped_by: Some(format!("{err:#}")),
            seen: None,
        }
    }
}

fn pending(review: &Review<'_>) -> Pending {
    let mut pending = Pending::default();
    let mut oldest: Option<i64> = None;
    for block in &review.blocks {
        let ending = block.outcome.map(|outcome| outcome.ending);
        let is_dealt_with = ending.is_some_and(|ending| match ending {
            BlockEnding::Migrated
            | BlockEnding::Replicated
            | BlockEnding::AlreadyThere
            | BlockEnding::Repaired
            | BlockEnding::Overwritten
            | BlockEnding::Covered
            | BlockEnding::Vanished
            | BlockEnding::Superseded => true,
            BlockEnding::MarkDeferred
            | BlockEnding::HeldBack
            | BlockEnding::Conflict
            | BlockEnding::MarkedInTarget
            | BlockEnding::CoveredUnproven
            | BlockEnding::WouldOverlap
            | BlockEnding::Failed
            | BlockEnding::NotFinished => false,
        });
        if is_dealt_with {
            continue;
        }
        pending.blocks += 1;
        pending.bytes = pending.bytes.saturating_add(block.size.bytes);
        let end = block.selected.meta.block.max_time_ms;
        oldest = Some(oldest.map_or(end, |oldest| oldest.min(end)));
    }
    pending.oldest = oldest.and_then(human::sample_time);
    pending
}

/// What is most urgent comes first.
fn attention<'a>(review: &'a Review<'_>) -> impl Iterator<Item = Attention> + 'a {
    let not_held = review.marked_not_held.iter().map(|one| Attention {
        block: one.block,
        concern: Concern::MarkedNotHeld.as_str(),
        detail: Some(one.why.to_owned()),
        what_to_do: match &one.command {
            Some(command) => format!("{command}: {}", one.what_to_do),
            None => one.what_to_do.to_owned(),
        },
    });
    let told = |block: BlockId, concern: Concern, detail: Option<&str>| Attention {
        block,
        concern: concern.as_str(),
        detail: detail.map(str::to_owned),
        what_to_do: concern.advice().to_owned(),
    };
    let selected = review.blocks.iter().filter_map(move |block| {
        let detail = block.outcome.and_then(|outcome| outcome.detail.as_deref());
        Some(told(block.selected.block.id, block.concern?, detail))
    });
    let excluded = review.excluded.iter().filter_map(move |excluded| {
        Some(told(excluded.block.id, excluded.concern?, excluded.detail))
    });
    let absent = review.absent_ids.iter();
    let absent = absent.map(move |id| told(*id, Concern::AskedForAbsent, None));
    not_held.chain(selected).chain(excluded).chain(absent)
}
