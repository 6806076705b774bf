//! One unit: its blocks are copied in any order, published in one order and marked in another.
//!
//! Two stages run side by side. The first copies each block and lets it through the publishing gate; the second takes up what was published
//! and lets it through the marking gate. What needs no order (copying, looking again, proving) goes on before and behind the gates.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures::{StreamExt, stream};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};

use super::context::{Context, lock};
use super::ending::{Account, outcome};
use super::gate::{Gate, Order};
use super::stopped::Stopped;
use crate::block::{BlockId, Difference, Match};
use crate::copy::{Copied, Tally, copy, look_again};
use crate::error::{Error, Kind};
use crate::plan::{
    Action, Conflict, Halt, Outlook, PublishOrder, Put, Selected, mark_rank, publish_rank,
};
use crate::progress::BlockProgress;
use crate::publish::{Ready, prepare, publish, unpublish};
use crate::report::Outcome;
use crate::retry::Backoff;

/// Blocks of one unit that are at work beyond those being copied: copied blocks wait for those before them, and to copy more would only slow
/// down the one that the others wait for.
const WAITING: usize = 2;

/// Blocks before a gate that are looked at again, so that the gate itself costs one request a block.
pub(super) const LOOK_AHEAD: usize = 8;

/// How often a block that changes or loses objects after it was published is proven anew, or mended before it is taken back.
const MENDS: usize = 3;

/// One unit at work.
pub(super) struct UnitAtWork {
    pub(super) context: Arc<Context>,
    pub(super) publishing: Gate,
    pub(super) marking: Gate,
    order: PublishOrder,
    /// The first block in the order of publishing that could not be published.
    gap: Mutex<Option<BlockId>>,
}

/// A block that the first stage hands to the second.
pub(super) struct Brought {
    pub(super) account: Account,
    pub(super) held: Result<Held, Stopped>,
}

/// What the target holds.
pub(super) enum Held {
    /// The block itself.
    Block(Match),
    /// A block made of it, as planned; to be looked at again before the mark.
    Cover(BlockId),
}

/// Runs a unit to its end: one outcome for each block, under the number it came with, is put into the context as it ends.
pub(super) async fn run_unit(
    context: &Arc<Context>,
    order: PublishOrder,
    blocks: Vec<(usize, Arc<Selected>)>,
) {
    let unit = UnitAtWork {
        context: Arc::clone(context),
        publishing: Gate::new(match order {
            PublishOrder::Strict => Order::Strict,
            PublishOrder::None => Order::Open,
        }),
        marking: Gate::new(Order::Strict),
        order,
        gap: Mutex::new(None),
    };
    let (mut to_bring, mut to_mark): (Vec<_>, Vec<_>) = blocks
        .into_iter()
        .map(|(number, selected)| {
            let (sender, receiver) = oneshot::channel();
            let bring = (Arc::clone(&selected), sender);
            (bring, (number, selected, receiver))
        })
        .unzip();
    to_bring.sort_by_key(|(selected, _)| publish_rank(&selected.meta));
    to_mark.sort_by_key(|(_, selected, _)| mark_rank(&selected.meta));
    let bringing = stream::iter(to_bring.into_iter().enumerate()).for_each_concurrent(
        context.settings.concurrency.get().saturating_add(WAITING),
        async |(position, (selected, sender))| {
            let brought = unit.bring(position, &selected).await;
            // The other stage ends after this one, so somebody listens.
            let _ = sender.send(brought);
        },
    );
    let marking = stream::iter(to_mark.into_iter().enumerate()).for_each_concurrent(
        LOOK_AHEAD,
        async |(position, (number, selected, brought))| {
            // The sender is dropped unsent only when the whole unit is.
            if let Ok(brought) = brought.await {
                let outcome = unit.finish(position, &selected, brought).await;
                unit.context.conclude(number, &selected, outcome);
            }
        },
    );
    futures::join!(bringing, marking);
}

impl UnitAtWork {
    /// Copies, publishes and proves one block.
    async fn bring(&self, position: usize, selected: &Arc<Selected>) -> Brought {
        let progress = if selected.goes_ahead() {
            self.context.progress.block(selected.bytes_to_put)
        } else {
            BlockProgress::default()
        };
        let account = Account {
            tally: Arc::new(Tally::new(progress)),
        };
        // What concerns a whole bucket ends the run now, not when it is this block's turn.
        let note = |stopped: &Stopped| self.context.note(stopped);
        let ready = self
            .until_ready(position, selected, &account.tally)
            .await
            .inspect_err(note);
        let turn = self.publishing.turn(position).await;
        let published = match ready {
            Ok(Some(ready)) => self
                .publish_in_turn(selected, &ready)
                .await
                .inspect_err(note)
                .map(|written| Some((ready, written))),
            Ok(None) => Ok(None),
            Err(stopped) => Err(stopped),
        };
        self.note_gap(selected, published.as_ref().err());
        drop(turn);
        let held = match published {
            Ok(Some((ready, written))) => {
                if written {
                    account.tally.count(ready.meta_bytes());
                }
                let held = self
                    .until_held(selected, &ready, written, &account.tally)
                    .await
                    .inspect_err(note);
                self.note_gap(selected, held.as_ref().err());
                held.map(Held::Block)
            }
            Ok(None) => match &selected.action {
                Action::Covered(cover) => Ok(Held::Cover(cover.by())),
                _ => Err(Stopped::AsPlanned),
            },
            Err(stopped) => Err(stopped),
        };
        Brought { account, held }
    }

    /// Copies the block until it may be published; `None` where the plan copies nothing.
    async fn until_ready(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        tally: &Arc<Tally>,
    ) -> Result<Option<Ready>, Stopped> {
        if let Outlook::HeldBack(by) = selected.outlook {
            return Err(Stopped::HeldBack(by));
        }
        if selected.action.put().is_none() {
            return Ok(None);
        }
        let mut backoff = Backoff::new(&self.context.settings.retry);
        let mut remaining = u64::MAX;
        loop {
            let err = match self.try_to_get_ready(position, selected, tally).await {
                Ok(ready) => return Ok(Some(ready)),
                Err(Stopped::Halt(Halt::Failed(err))) if may_pass(&err) => err,
                Err(stopped) => return Err(stopped),
            };
            let left = tally.remaining_bytes.load(Ordering::Relaxed);
            if left < remaining {
                remaining = left;
                backoff.reset();
            }
            let Some(delay) = backoff.next_delay() else {
                return Err(Stopped::Halt(Halt::Failed(err)));
            };
            warn!(block = %selected.block.id, delay = ?delay, err = format!("{err:#}"), "block is tried again");
            tokio::select! {
                // What is done counts, even if the end comes at the same moment.
                biased;
                () = tokio::time::sleep(delay) => {}
                () = self.context.means.cancel.cancelled() => return Err(Stopped::NotFinished),
            }
        }
    }

    async fn try_to_get_ready(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        tally: &Arc<Tally>,
    ) -> Result<Ready, Stopped> {
        let copied = self
            .copy_in_slot(selected, tally, |context| context.begins(selected, tally))
            .await?;
        self.publishing.near(position, LOOK_AHEAD).await;
        if !self.context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        let context = &self.context;
        let superseding = async {
            if copied.published {
                return Ok(None);
            }
            Ok(context.watch.superseding(&selected.meta.block).await?)
        };
        let ready = prepare(
            selected,
            &copied,
            context.source.reader(),
            context.target.reader(),
            &context.prover,
            tally,
        );
        let (superseding, ready) = futures::try_join!(superseding, ready)?;
        match superseding {
            Some(by) => {
                let why = format!("{by}, which holds all of it, appeared meanwhile");
                Err(Stopped::Halt(Halt::Superseded(why)))
            }
            None => Ok(ready),
        }
    }

    /// Copies as a task of its own, so that hashing one block does not hold up the others.
    async fn copy_in_slot(
        &self,
        selected: &Arc<Selected>,
        tally: &Arc<Tally>,
        may: impl Fn(&Context) -> bool,
    ) -> Result<Copied, Stopped> {
        let context = &self.context;
        let _slot = context.slots.take().await;
        if !may(context) {
            return Err(Stopped::NotFinished);
        }
        tally.work_begins();
        let task = tokio::spawn({
            let (context, selected, tally) =
                (Arc::clone(context), Arc::clone(selected), Arc::clone(tally));
            async move {
                let accepted = || context.note_accepted();
                let (source, target) = (context.source.reader(), &context.target);
                copy(
                    &selected,
                    source,
                    target,
                    put_first(&selected),
                    &context.means,
                    &tally,
                    &accepted,
                )
                .await
            }
        });
        match AbortOnDropHandle::new(task).await {
            Ok(copied) => Ok(copied?),
            Err(err) => {
                let attempt = format!("copy {}", selected.block.id);
                let err = Error::new(Kind::Other, attempt).because(err);
                Err(Stopped::Halt(Halt::Failed(err)))
            }
        }
    }

    /// Publishes unless an earlier block of the unit could not be; tells whether `meta.json` was written.
    async fn publish_in_turn(&self, selected: &Selected, ready: &Ready) -> Result<bool, Stopped> {
        if ready.is_published() {
            return Ok(false);
        }
        if !self.context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        let gap = *lock(&self.gap);
        match gap {
            Some(_) if !self.context.may_begin() => Err(Stopped::NotFinished),
            Some(by) => Err(Stopped::HeldBack(by)),
            None => {
                let written = publish(selected, ready, &self.context.target).await?;
                debug!(block = %selected.block.id, written, "block published");
                Ok(written)
            }
        }
    }

    /// A block that should have been published and was not leaves a gap; what comes after it waits.
    fn note_gap(&self, selected: &Selected, stopped: Option<&Stopped>) {
        let leaves_a_gap = match stopped {
            Some(Stopped::Halt(Halt::Failed(_)) | Stopped::NotFinished | Stopped::HeldBack(_)) => {
                true
            }
            Some(Stopped::AsPlanned) => selected.action.leaves_a_gap(),
            None | Some(_) => false,
        };
        if leaves_a_gap && self.order == PublishOrder::Strict {
            lock(&self.gap).get_or_insert(selected.block.id);
        }
    }

    /// Proves that the target holds the published block; mends what it lost meanwhile, or takes back what this run published.
    async fn until_held(
        &self,
        selected: &Arc<Selected>,
        ready: &Ready,
        written: bool,
        tally: &Arc<Tally>,
    ) -> Result<Match, Stopped> {
        let target = &self.context.target;
        let mut lost = String::new();
        let mut stopped = None;
        for mends_left in (0..=MENDS).rev() {
            let differences = match self.prove(selected, ready).await? {
                Ok(held) => return Ok(held),
                Err(differences) => differences,
            };
            lost = what_was_lost(&differences)?;
            // What could not be mended is looked at once more: another run may have mended it.
            if mends_left == 0 || stopped.is_some() {
                break;
            }
            let bytes_differ = |one: &Difference| matches!(one, Difference::Content(_));
            if differences.iter().any(bytes_differ) {
                tally.distrust();
            }
            warn!(block = %selected.block.id, err = lost, "published block lost objects; they are put again");
            stopped = self.mend(selected, tally).await.err();
        }
        if written {
            let source = self.context.source.reader();
            unpublish(selected, &self.context.provenance, source, target).await?;
        }
        Err(stopped.unwrap_or_else(|| {
            let location = target.reader().location();
            let attempt = format!("prove that {location} holds {}", selected.block.id);
            Stopped::Halt(Halt::Failed(
                Error::new(Kind::Corrupt, attempt).because(lost),
            ))
        }))
    }

    /// Proves, and tries again while somebody is at work on the block in one of the buckets. Where that is the source and the block is gone,
    /// the published copy may be all that is left of it, and stays.
    async fn prove(
        &self,
        selected: &Selected,
        ready: &Ready,
    ) -> Result<Result<Match, Vec<Difference>>, Stopped> {
        let context = &self.context;
        let mut tries = 1..MENDS;
        loop {
            match context
                .prover
                .prove(selected, ready.source(), ready.read())
                .await
            {
                Err(err)
                    if matches!(err.kind(), Kind::Changed | Kind::NotFound)
                        && tries.next().is_some() =>
                {
                    look_again(selected, context.source.reader()).await?;
                }
                proven => return Ok(proven?),
            }
        }
    }

    /// Puts again what the target lost, `meta.json` included.
    async fn mend(&self, selected: &Arc<Selected>, tally: &Arc<Tally>) -> Result<(), Stopped> {
        let context = &self.context;
        // Even a run that starts nothing new must not leave behind a published block that lacks objects.
        let copied = self
            .copy_in_slot(selected, tally, Context::may_go_on)
            .await?;
        let ready = prepare(
            selected,
            &copied,
            context.source.reader(),
            context.target.reader(),
            &context.prover,
            tally,
        )
        .await?;
        publish(selected, &ready, &context.target).await?;
        Ok(())
    }

    async fn finish(&self, position: usize, selected: &Selected, brought: Brought) -> Outcome {
        let Brought { account, held } = brought;
        let marked = match held {
            Ok(held) => self
                .mark_in_turn(position, selected, held)
                .await
                .inspect_err(|stopped| self.context.note(stopped)),
            Err(stopped) => {
                drop(self.marking.turn(position).await);
                Err(stopped)
            }
        };
        outcome(selected, &account, marked)
    }
}

/// Whether a block's work may succeed when it is begun again.
fn may_pass(err: &Error) -> bool {
    // What changed or vanished under us is looked at again: the next try finds out what became of it.
    matches!(err.kind(), Kind::Transient | Kind::Changed | Kind::NotFound)
}

/// What the plan puts.
fn put_first(selected: &Selected) -> Put {
    selected.action.put().unwrap_or(Put::Differing)
}

/// In words, unless somebody else is at work on the block.
fn what_was_lost(differences: &[Difference]) -> Result<String, Stopped> {
    for difference in differences {
        let conflict = match difference {
            Difference::Marked => Conflict::Marked,
            Difference::OtherMeta => Conflict::OtherMeta,
            _ => continue,
        };
        return Err(Stopped::Halt(Halt::Conflict(conflict)));
    }
    let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
    Ok(words.join(", "))
}
