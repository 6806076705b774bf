//! Blocks that need more than their listings: several at once, until the end or a signal.

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::{StreamExt, stream};
use tracing::warn;

use super::task::Run;
use crate::audit::{Ended, Event, Subject};
use crate::block::{BlockId, Strength};
use crate::error::{Error, Result};
use crate::outcome::{Opened, Verification, VerifiedBlock};
use crate::plan::{Note, SourceBlock, State, Verified};
use crate::progress::BlockProgress;
use crate::trace::{step, within};

/// A block to be looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    /// Its place among the blocks.
    pub(super) place: usize,
    pub(super) id: BlockId,
    /// How much is read of it.
    pub(super) bytes: u64,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Settled {
    /// What the source has of it, as it was seen last.
    pub(super) source: Option<Arc<SourceBlock>>,
    pub(super) verified: Verified,
    /// What more there is to know of it.
    pub(super) notes: Vec<Note>,
    /// What came of opening it, where that was to be done.
    pub(super) opened: Option<Opened>,
}

/// Has `settle` look at each, so many at once. What concerns one block is said of it; what concerns a whole bucket ends the work, and so does a signal.
pub(super) async fn work<F>(
    jobs: Vec<Job>,
    run: &Run,
    concurrency: NonZeroUsize,
    found: &mut Verification,
    settle: impl Fn(BlockId, Arc<BlockProgress>) -> F,
) where
    F: Future<Output = Result<Settled>>,
{
    let bytes = jobs.iter().map(|job| job.bytes);
    let bytes = bytes.fold(0, u64::saturating_add);
    run.progress.start(jobs.len() as u64, bytes, None);
    for job in &jobs {
        if let Some(block) = found.blocks.get_mut(job.place) {
            block.verified = Verified::plainly(State::NotFinished);
        }
    }
    let mut known = found.blocks.iter().filter(|block| !block.is_left_over());
    if let Err(err) = known.try_for_each(|block| tell(run, block)) {
        found.aborted = Some(format!("{err:#}"));
        return;
    }
    let settling = stream::iter(jobs).map(|job| {
        let block = Arc::new(run.progress.block(job.bytes));
        block.begins();
        let settling = settle(job.id, Arc::clone(&block));
        let settled = within(step!("block", block = %job.id), settling);
        async move { (job, block.read_by(settled).await) }
    });
    let mut settling = std::pin::pin!(settling.buffer_unordered(concurrency.get()));
    loop {
        let next = tokio::select! {
            // What is done counts, even if the end comes at the same moment.
            biased;
            next = settling.next() => next,
            signal = run.stop.wait() => {
                found.signal = Some(signal);
                return;
            }
        };
        let Some((job, settled)) = next else {
            return;
        };
        let verified = match settled {
            Ok(settled) => {
                if let Some(block) = found.blocks.get_mut(job.place) {
                    block.source = settled.source;
                    block.notes.extend(settled.notes);
                }
                if let (Some(deep), Some(opened)) = (&mut found.deep, settled.opened) {
                    deep.add(job.id, opened);
                }
                settled.verified
            }
            Err(err) => match unreadable(job.id, err) {
                Ok(verified) => verified,
                Err(err) => {
                    found.aborted = Some(format!("{err:#}"));
                    return;
                }
            },
        };
        if let Some(block) = found.blocks.get_mut(job.place) {
            block.verified = verified;
            if let Err(err) = tell(run, block) {
                found.aborted = Some(format!("{err:#}"));
                return;
            }
        }
    }
}

fn tell(run: &Run, block: &VerifiedBlock) -> Result<()> {
    let verified = &block.verified;
    let needs_a_person = block.needs_a_person();
    let of = Subject::Known {
        id: block.id,
        meta: block.meta.as_ref().map(|meta| &meta.block),
        objects: block.objects,
        size_bytes: block.size_bytes,
    };
    run.trail.tell(&Event::Ended(
        of,
        Ended {
            ending: verified.state.as_str(),
            detail: verified.why.as_deref(),
            proof: verified.proof.map(Strength::as_str),
            needs_a_person,
            what_to_do: verified.state.advice().filter(|_| needs_a_person),
        },
    ))
}

/// What is said of a block that an error kept from being verified.
///
/// Errors: that error, where it concerns the whole bucket.
pub(super) fn unreadable(id: BlockId, err: Error) -> Result<Verified> {
    let why = format!("{err:#}");
    warn!(block = %id, err = why, "block cannot be verified");
    if err.kind().concerns_whole_bucket() {
        return Err(err);
    }
    let why = format!("could not {why}");
    Ok(Verified::because(State::Unreadable, why))
}
