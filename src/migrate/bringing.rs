//! The first stage of a unit: blocks are copied in any order, and published one after the other.
//!
//! A copied block may wait for hours, so that both buckets are looked at right before `meta.json` is put. Blocks that are copied come before the
//! gate in groups (see [`Gate`](crate::engine::Gate)): all of a group are looked at together, published one after the other, and proven together, so
//! that few listings serve them all. A look that has grown old by a block's turn is taken again.

use std::time::Duration;

use tokio::time::timeout;

use super::another_try::NotYet;
use super::at_work::BlockAtWork;
use super::copying::{FIRST, InTheWay, copy_in_slot, in_the_way, repeat};
use super::covering::or_covered;
use super::held::{Held, Published};
use super::look::Look;
use super::proving::{take_back_if_torn, until_held};
use super::publishing::{look_right_before, prepare, try_to_publish, unless_in_the_way};
use super::stopped::Stopped;
use crate::block::{Proof, ReadBack};
use crate::plan::{Action, Outlook};
use crate::verb::copy::Copied;
use crate::verb::publish::{Publisher, Ready};

/// A block that was copied, and looked at before its turn.
struct Waiting {
    copied: Copied,
    ready: Look<Ready>,
    in_the_way: Look<InTheWay>,
}

/// How long a published block waits for the others of its group before it is proven.
const PATIENCE: Duration = Duration::from_secs(1);

/// Copies, publishes and proves one block, whose place in the order of publishing is `position`.
pub(super) async fn bring(block: &BlockAtWork<'_>, position: usize) -> Result<Held, Stopped> {
    let (unit, selected) = (block.unit, &block.selected);
    let note = |stopped: &Stopped| block.note(stopped);
    let copied = Box::pin(until_copied(block, position))
        .await
        .inspect_err(note);
    let group = unit.publishing.join(position).await;
    let turn = unit.publishing.turn(position).await;
    let published = match copied {
        Ok(Some(waiting)) => Box::pin(publish_in_turn(block, position, waiting))
            .await
            .inspect_err(note)
            .map(Some),
        Ok(None) => Ok(None),
        Err(stopped) => Err(stopped),
    };
    unit.note_gap(selected, published.as_ref().err());
    drop(turn);
    let held = match published {
        Ok(Some(published)) => {
            // One that is stuck in its turn does not keep the others from being proven.
            let _ = timeout(PATIENCE, unit.publishing.passed(group)).await;
            until_held(block, published).await.inspect_err(note)
        }
        Ok(None) => match &selected.action {
            Action::Covered(cover) => Ok(Held::planned(Proof::Cover(cover.clone()))),
            _ => Err(Stopped::AsPlanned),
        },
        Err(stopped) => Err(stopped),
    };
    match held {
        Err(stopped) if stopped.is_undone_by_a_cover() => {
            or_covered(block, stopped).await.inspect_err(note)
        }
        held => held,
    }
}

/// Copies the block until it may wait for its turn; `None` where the plan copies nothing.
async fn until_copied(
    block: &BlockAtWork<'_>,
    position: usize,
) -> Result<Option<Waiting>, Stopped> {
    if let Outlook::HeldBack(by) = block.selected.outlook {
        return Err(Stopped::HeldBack(by));
    }
    if block.selected.action.put().is_none() {
        return Ok(None);
    }
    // Numbers begin with 0, which is for those whose turn it is.
    let rank = block.number.saturating_add(1);
    let copied = async || copy_and_look_ahead(block, position, rank).await;
    repeat(block, NotYet::Copied, copied).await.map(Some)
}

async fn copy_and_look_ahead(
    block: &BlockAtWork<'_>,
    position: usize,
    rank: usize,
) -> Result<Waiting, Stopped> {
    let copied = copy_in_slot(block, rank, || block.may_begin()).await?;
    block.unit.publishing.join(position).await;
    if !block.shared().course.may_go_on() {
        return Err(Stopped::NotFinished);
    }
    let nothing = ReadBack::default();
    let (in_the_way, ready) = futures::try_join!(
        in_the_way(block),
        Look::now(prepare(block, &copied, &nothing)),
    )?;
    unless_in_the_way(&ready.shown, in_the_way.shown)?;
    Ok(Waiting {
        copied,
        ready,
        in_the_way,
    })
}

/// Publishes unless an earlier block of the unit could not be. What the target lost while the block waited is copied again; before each attempt to
/// put `meta.json` both buckets are looked at. Where it gives up after an attempt whose answer was lost, no block that lacks objects stays published.
async fn publish_in_turn(
    block: &BlockAtWork<'_>,
    position: usize,
    waiting: Waiting,
) -> Result<Published, Stopped> {
    if waiting.copied.published.is_none() {
        block.unit.may_publish()?;
    }
    let mut waiting = Some(waiting);
    let mut unanswered = None;
    let attempt = async || {
        let waiting = match waiting.take() {
            Some(waiting) => waiting,
            None => copy_and_look_ahead(block, position, FIRST).await?,
        };
        let ready = look_in_turn(block, waiting).await?;
        if !ready.shown.is_published() {
            // An earlier block may have failed its proof meanwhile.
            block.unit.may_publish()?;
        }
        match try_to_publish(block, &ready.shown, unanswered.is_some()).await {
            Ok(publisher) => Ok(Published::of(ready, publisher)),
            Err(stopped) => {
                if stopped.leaves_open_what_was_done() {
                    unanswered = Some(Published::of(ready, Publisher::ThisRun));
                }
                Err(stopped)
            }
        }
    };
    let published = Box::pin(repeat(block, NotYet::Published, attempt)).await;
    if let (Err(_), Some(unanswered)) = (&published, &unanswered) {
        take_back_if_torn(block, unanswered).await?;
    }
    published
}

/// What was looked at before the turn, where it is fresh and nothing before it is being mended.
async fn look_in_turn(block: &BlockAtWork<'_>, waiting: Waiting) -> Result<Look<Ready>, Stopped> {
    let Waiting {
        copied,
        mut ready,
        in_the_way,
    } = waiting;
    let mut is_good = ready.is_fresh() && in_the_way.is_fresh();
    loop {
        if !is_good {
            let read = ready.shown.read().clone();
            ready = look_right_before(block, &copied, read).await?;
        }
        if ready.shown.is_published() || !block.unit.is_mending() {
            return Ok(ready);
        }
        block.unit.until_all_are_mended().await;
        block.unit.may_publish()?;
        is_good = false;
    }
}
