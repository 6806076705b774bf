//! What the end of a run tells of its rule: how it ended, what is left, and what needs a person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::attention::Attention;
use crate::block::BlockId;
use crate::error::Error;
use crate::exit::{Exit, Signal};
use crate::human;
use crate::outcome::{BlockEnding, Concern, Review};
use crate::plan::Reason;

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
    /// How each block of the source stood, by id.
    pub stood: Vec<(BlockId, Stood)>,
}

/// How a block of the source stood when a run ended. Of a bucket there may be very many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stood {
    /// It was left out.
    LeftOut(Reason),
    /// It was selected, and how the work on it ended, where it began.
    Selected(Option<BlockEnding>),
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
                stood: stood(review),
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
        let is_dealt_with = ending.is_some_and(|ending| {
            ending != BlockEnding::NotFinished && Concern::of_ending(ending).is_none()
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

fn stood(review: &Review<'_>) -> Vec<(BlockId, Stood)> {
    let mut stood = Vec::with_capacity(review.blocks.len() + review.excluded.len());
    stood.extend(review.blocks.iter().map(|block| {
        let ending = block.outcome.map(|outcome| outcome.ending);
        (block.selected.block.id, Stood::Selected(ending))
    }));
    let excluded = review.excluded.iter();
    stood.extend(excluded.map(|one| (one.block.id, Stood::LeftOut(one.reason))));
    stood.sort_unstable_by_key(|(id, _)| *id);
    stood
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

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::error::Kind;
    use crate::outcome::testing::{World, block, id, results};

    /// S-23.47
    #[test]
    fn what_is_left_and_what_needs_a_person_are_what_the_report_says() {
        let marked = "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let world = World::of([
            block(1),
            block(2).hours(2, 4),
            block(3).hours(4, 6),
            block(4).hours(6, 8).without("index"),
            block(5).hours(8, 10).marked(marked),
        ])
        .asking_for([1, 2, 3, 4, 5, 6]);
        let plan = world.plan();
        let results = results(&[
            BlockEnding::Migrated,
            BlockEnding::Failed,
            BlockEnding::NotFinished,
        ]);
        let figures = Figures::of(&Review::new(&plan, &world.rules, Some(&results)));
        assert_eq!(figures.exit, Exit::Attention);
        let seen = figures.seen.unwrap();
        let Pending {
            blocks,
            bytes,
            oldest,
        } = seen.pending;
        assert_eq!(blocks, 2);
        assert!(bytes > 0);
        // It ends four hours after the first begins.
        let begin = plan.selected.first().unwrap().meta.block.min_time_ms;
        assert_eq!(oldest.unwrap().timestamp_millis(), begin + 4 * 3_600_000);
        let expected = [
            (5, "marked-not-held"),
            (2, "failed"),
            (4, "incomplete"),
            (5, "asked-for-but-excluded"),
            (6, "asked-for-but-absent"),
        ];
        let attention = seen.attention.iter();
        let attention: Vec<_> = attention.map(|one| (one.block, one.concern)).collect();
        assert_eq!(
            attention,
            expected.map(|(number, concern)| (id(number), concern))
        );
        assert_eq!(
            seen.concerns,
            expected.map(|(_, concern)| (concern, 1)).into()
        );
        let command = &seen.attention.first().unwrap().what_to_do;
        assert!(
            command.starts_with("thanos-bucket migrate --id="),
            "{command}"
        );
    }

    /// S-23.47
    #[test]
    fn a_run_that_had_no_plan_saw_nothing() {
        let err = Error::new(Kind::Credentials, "list s3://hot").because("expired");
        let figures = Figures::of_error(&err, Some(Signal::Terminate));
        assert_eq!(figures.exit, Exit::Aborted);
        assert_eq!(
            figures.stopped_by.as_deref(),
            Some("list s3://hot: expired")
        );
        assert!(figures.seen.is_none());
        let err = Error::new(Kind::Cancelled, "make a plan");
        let figures = Figures::of_error(&err, Some(Signal::Terminate));
        assert_eq!(figures.exit, Exit::Stopped(Signal::Terminate));
    }
}
