//! From what happened to a block to its outcome in the report, and to the log.

use std::collections::BTreeMap;

use tracing::{Span, debug, error, info, warn};

use super::at_work::BlockAtWork;
use super::stopped::Stopped;
use crate::block::{BlockId, Proof};
use crate::outcome::{BlockEnding, MarkState, Outcome};
use crate::plan::{Purpose, Selected};

/// A block that is held, and what was done to the source.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) proof: Proof,
    pub(super) mark: MarkState,
}

/// What the report says of the block.
pub(super) fn outcome(block: &BlockAtWork<'_>, finished: Result<Finished, Stopped>) -> Outcome {
    let selected = &block.selected;
    let purpose = block.shared().purpose();
    let objects_put = block.tally.sent.objects();
    let mut waits_for = None;
    let (ending, detail, mark, proof) = match finished {
        Ok(Finished { proof, mark }) => {
            let (ending, strength) = match &proof {
                Proof::Cover(_) => (BlockEnding::Covered, None),
                Proof::Match(held) => (
                    BlockEnding::of_held(&selected.action, objects_put, purpose),
                    Some(held.strength()),
                ),
            };
            let detail = match &proof {
                Proof::Cover(cover) => Some(format!("by {}", cover.by())),
                Proof::Match(_) => selected.action.detail(),
            };
            (ending, detail, mark, strength)
        }
        Err(stopped) => {
            waits_for = match stopped {
                Stopped::HeldBack(by) | Stopped::MarkDeferred(by) => Some(by),
                _ => None,
            };
            let (ending, detail) = explain(selected, stopped, purpose);
            (ending, detail, MarkState::Absent, None)
        }
    };
    Outcome {
        ending,
        detail,
        waits_for,
        mark,
        proof,
        objects_put,
        bytes_sent: block.tally.sent.bytes(),
        elapsed: block.elapsed(),
    }
}

/// Logs the outcome, and records it on the block's span.
pub(super) fn conclude(block: &BlockAtWork<'_>, outcome: &Outcome) {
    let done = match block.shared().purpose() {
        Purpose::Move => "block moved",
        Purpose::Copy => "block copied",
    };
    let block = block.selected.block.id;
    let ending = outcome.ending.as_str();
    let why = outcome.detail.as_deref().unwrap_or_default();
    Span::current().record("outcome", ending);
    match outcome.ending {
        BlockEnding::Failed => error!(%block, err = why, "block failed"),
        BlockEnding::Conflict
        | BlockEnding::MarkedInTarget
        | BlockEnding::WouldOverlap
        | BlockEnding::CoveredUnproven => {
            warn!(%block, outcome = ending, reason = why, "block left alone");
        }
        BlockEnding::HeldBack | BlockEnding::MarkDeferred => {
            debug!(%block, outcome = ending, reason = why, "block not done yet");
        }
        BlockEnding::NotFinished => {}
        BlockEnding::Vanished | BlockEnding::Superseded => {
            info!(%block, outcome = ending, reason = why, "block needs nothing");
        }
        _ => info!(
            %block,
            outcome = ending,
            objects = outcome.objects_put,
            bytes = outcome.bytes_sent,
            elapsed = ?outcome.elapsed,
            "{done}"
        ),
    }
}

/// Logs what waits, once for all that wait for the same block.
pub(super) fn tell_waiting(outcomes: &[Outcome]) {
    let mut waiting: BTreeMap<(BlockEnding, BlockId), u64> = BTreeMap::new();
    for outcome in outcomes {
        if let Some(by) = outcome.waits_for {
            *waiting.entry((outcome.ending, by)).or_default() += 1;
        }
    }
    for ((ending, by), blocks) in waiting {
        let what = if ending == BlockEnding::HeldBack {
            "blocks not published yet, for an earlier block of their window is not"
        } else {
            "blocks not marked yet, for a finer block of the same data lives in the source"
        };
        warn!(blocks, outcome = ending.as_str(), by = %by, "{what}");
    }
}

fn explain(
    selected: &Selected,
    stopped: Stopped,
    purpose: Purpose,
) -> (BlockEnding, Option<String>) {
    match stopped {
        Stopped::HeldBack(by) => (
            BlockEnding::HeldBack,
            Some(format!(
                "{by}, an earlier block of its window, is not published"
            )),
        ),
        Stopped::MarkDeferred(by) => (
            BlockEnding::MarkDeferred,
            Some(format!(
                "{by}, a finer block of the same data, lives in the source"
            )),
        ),
        Stopped::WouldOverlap(with) => (
            BlockEnding::WouldOverlap,
            Some(format!(
                "with {with}, which appeared in the target meanwhile"
            )),
        ),
        Stopped::NoLongerCovered(by) => (
            BlockEnding::CoveredUnproven,
            Some(format!("{by} does not cover it any more")),
        ),
        Stopped::KeeperMissing(by) => (
            BlockEnding::HeldBack,
            Some(format!(
                "{by}, which holds all of it, is not in the target yet"
            )),
        ),
        Stopped::NotFinished => (BlockEnding::NotFinished, None),
        Stopped::AsPlanned => (
            BlockEnding::of_left_alone(&selected.action),
            selected.action.detail(),
        ),
        Stopped::Halt(halt) => BlockEnding::of_halt(halt, purpose),
    }
}
