//! How a block is copied: in a slot, again where that may help, and not once another block makes it superfluous.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::another_try::{NotYet, before_another_try};
use super::at_work::BlockAtWork;
use super::look::Look;
use super::stopped::Stopped;
use super::watch::Since;
use crate::audit::Event;
use crate::block::BlockId;
use crate::error::{Error, Kind};
use crate::plan::Halt;
use crate::retry::Backoff;
use crate::trace::{step, within};
use crate::verb::copy::{Copied, copy, look};

/// Repeats what may pass, at once while tries make progress.
pub(super) async fn repeat<T>(
    block: &BlockAtWork<'_>,
    not_yet: NotYet,
    mut work: impl AsyncFnMut() -> Result<T, Stopped>,
) -> Result<T, Stopped> {
    let mut backoff = Backoff::new(&block.shared().settings.retry);
    let mut remaining = u64::MAX;
    loop {
        let err = match work().await {
            Err(Stopped::Halt(Halt::Failed(err))) if err.kind().is_worth_another_start() => err,
            done => return done,
        };
        let left = block.tally.left_bytes();
        if left < remaining {
            remaining = left;
            backoff.reset();
        }
        before_another_try(block, not_yet, err, &mut backoff).await?;
    }
}

/// The rank of what others wait for: before all that have not begun.
pub(super) const FIRST: usize = 0;

/// Looks at both buckets, waits for a slot by its `rank`, and copies there if the block still `may`. The copy is a task of its own, so that hashing one
/// block does not hold up the others.
pub(super) async fn copy_in_slot(
    block: &BlockAtWork<'_>,
    rank: usize,
    may: impl Fn() -> bool,
) -> Result<Copied, Stopped> {
    let shared = block.shared();
    let near = shared.slots.near(rank).await;
    if !may() {
        return Err(Stopped::NotFinished);
    }
    let span = step!("copy");
    let looking = look(&block.stored, shared.sides.target.reader(), block.manner());
    let seen = Look::now(within(span.clone(), looking)).await?;
    let _slot = near.take().await;
    if !may() {
        return Err(Stopped::NotFinished);
    }
    block.work_begins()?;
    let (begun, sent) = (Instant::now(), Sum::of(block));
    let task = tokio::spawn({
        let (shared, tally) = (Arc::clone(shared), Arc::clone(&block.tally));
        let (stored, manner) = (block.stored.clone(), block.manner());
        let copying = async move {
            let sides = &shared.sides;
            let seen = if seen.is_fresh() {
                seen.shown
            } else {
                look(&stored, sides.target.reader(), manner).await?
            };
            copy(&stored, seen, &sides.target, manner, &sides.means, &tally).await
        };
        within(span, copying)
    });
    match AbortOnDropHandle::new(task).await {
        Ok(copied) => {
            let copied = copied?;
            sent.tell_what_was_added(block, begun.elapsed())?;
            Ok(copied)
        }
        Err(err) => {
            let attempt = format!("copy {}", block.selected.block.id);
            let err = Error::new(Kind::Other, attempt).because(err);
            Err(Stopped::Halt(Halt::Failed(err)))
        }
    }
}

/// What went to the target so far.
struct Sum {
    objects: u64,
    bytes: u64,
}

impl Sum {
    fn of(block: &BlockAtWork<'_>) -> Self {
        let sent = &block.tally.sent;
        Self {
            objects: sent.objects(),
            bytes: sent.bytes(),
        }
    }

    /// Tells what one try put; nothing where it found everything in place.
    fn tell_what_was_added(
        self,
        block: &BlockAtWork<'_>,
        elapsed: Duration,
    ) -> Result<(), Stopped> {
        let now = Self::of(block);
        if now.objects == self.objects {
            return Ok(());
        }
        let by_service = block.shared().sides.means.server_side.copies();
        block.shared().tell(&Event::Copied {
            block: block.selected.block.id,
            objects: now.objects.saturating_sub(self.objects),
            bytes: now.bytes.saturating_sub(self.bytes),
            by: if by_service { "service" } else { "here" },
            elapsed,
        })
    }
}

/// Blocks that appeared since the survey and keep one that is not published from being so.
#[derive(Debug, Clone, Copy)]
pub(super) struct InTheWay {
    /// One of the source that holds all of it.
    superseding: Option<BlockId>,
    /// One of the target that meets it in time.
    clashing: Option<BlockId>,
}

impl InTheWay {
    /// Errors: there is one.
    pub(super) fn refuse(self) -> Result<(), Stopped> {
        if let Some(by) = self.superseding {
            let why = format!("{by}, which holds all of it, appeared meanwhile");
            return Err(Stopped::Halt(Halt::Superseded(why)));
        }
        self.clashing
            .map_or(Ok(()), |with| Err(Stopped::WouldOverlap(with)))
    }
}

/// What has appeared in both buckets.
pub(super) async fn in_the_way(block: &BlockAtWork<'_>) -> Result<Look<InTheWay>, Stopped> {
    let watches = &block.shared().watches;
    let meta = &block.selected.meta.block;
    let (superseding, clashing) = futures::try_join!(
        watches.source.superseding(meta, Since::AMomentAgo),
        watches
            .target
            .clashing(meta, Since::AMomentAgo, &watches.source),
    )?;
    let found = clashing.map(|clashing| InTheWay {
        superseding: superseding.shown,
        clashing,
    });
    Ok(found.no_younger_than(&superseding))
}
