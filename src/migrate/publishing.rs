//! The first stage of a unit: blocks are copied in any order, and published one after the other.
//!
//! A copied block may wait for hours, so that both buckets are looked at in its turn, right before `meta.json` is put. What takes long or serves
//! many blocks is done before the turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio_util::task::AbortOnDropHandle;
use tracing::{Span, debug};

use super::context::{Context, NotYet, lock};
use super::ending::Account;
use super::look::{LOOKS, Look, Pace};
use super::proving::{Held, Published};
use super::stopped::Stopped;
use super::unit::{Brought, LOOK_AHEAD, UnitAtWork};
use super::watch::Since;
use crate::block::{Proof, ReadBack};
use crate::error::{Error, Kind};
use crate::plan::{Action, Halt, Outlook, PublishOrder, Put, Selected};
use crate::progress::BlockProgress;
use crate::retry::Backoff;
use crate::trace::{step, within};
use crate::verb::copy::{Copied, Tally, copy};
use crate::verb::publish::{Ready, prepare, publish};

/// A block that was copied.
struct Waiting {
    copied: Copied,
    /// What was read of it before its turn.
    read: ReadBack,
    /// No block that holds all of it had appeared.
    unsuperseded: Look<()>,
}

impl UnitAtWork {
    /// Copies, publishes and proves one block.
    pub(super) async fn bring(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        span: &Span,
    ) -> Brought {
        let progress = if selected.goes_ahead() {
            self.context.progress.block(selected.bytes_to_put)
        } else {
            BlockProgress::default()
        };
        let account = Account {
            span: span.clone(),
            tally: Arc::new(Tally::new(progress)),
        };
        let tally = &account.tally;
        // What concerns a whole bucket ends the run now, not when it is this block's turn.
        let note = |stopped: &Stopped| self.context.note(stopped);
        let copied = self
            .until_copied(position, selected, tally)
            .await
            .inspect_err(note);
        let turn = self.publishing.turn(position).await;
        let published = match copied {
            Ok(Some(waiting)) => self
                .publish_in_turn(position, selected, waiting, tally)
                .await
                .inspect_err(note)
                .map(Some),
            Ok(None) => Ok(None),
            Err(stopped) => Err(stopped),
        };
        self.note_gap(selected, published.as_ref().err());
        drop(turn);
        let held = match published {
            Ok(Some(published)) => {
                let held = self
                    .until_held(selected, published, tally)
                    .await
                    .inspect_err(note);
                self.note_gap(selected, held.as_ref().err());
                held
            }
            Ok(None) => match &selected.action {
                Action::Covered(cover) => Ok(Held::planned(Proof::Cover(cover.clone()))),
                _ => Err(Stopped::AsPlanned),
            },
            Err(stopped) => Err(stopped),
        };
        let held = match held {
            Err(stopped) if stopped.is_undone_by_a_cover() => {
                self.or_covered(selected, stopped).await.inspect_err(note)
            }
            held => held,
        };
        Brought { account, held }
    }

    /// Copies the block until it may wait for its turn; `None` where the plan copies nothing.
    async fn until_copied(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        tally: &Arc<Tally>,
    ) -> Result<Option<Waiting>, Stopped> {
        if let Outlook::HeldBack(by) = selected.outlook {
            return Err(Stopped::HeldBack(by));
        }
        if selected.action.put().is_none() {
            return Ok(None);
        }
        let copied = async || self.copy_and_look_ahead(position, selected, tally).await;
        let copied = self.repeat(selected, tally, NotYet::Copied, copied).await;
        copied.map(Some)
    }

    /// Repeats what may pass, at once while tries make progress.
    async fn repeat<T>(
        &self,
        selected: &Selected,
        tally: &Tally,
        not_yet: NotYet,
        mut work: impl AsyncFnMut() -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        let mut backoff = Backoff::new(&self.context.settings.retry);
        let mut remaining = u64::MAX;
        loop {
            let err = match work().await {
                Err(Stopped::Halt(Halt::Failed(err))) if err.kind().is_worth_another_start() => err,
                done => return done,
            };
            let left = tally.remaining_bytes.load(Ordering::Relaxed);
            if left < remaining {
                remaining = left;
                backoff.reset();
            }
            let block = selected.block.id;
            let waiting = self
                .context
                .before_another_try(block, not_yet, err, &mut backoff);
            waiting.await?;
        }
    }

    async fn copy_and_look_ahead(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        tally: &Arc<Tally>,
    ) -> Result<Waiting, Stopped> {
        let context = &self.context;
        let copied = self
            .copy_in_slot(selected, tally, |context| context.begins(selected, tally))
            .await?;
        self.publishing.near(position, LOOK_AHEAD).await;
        if !context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        let unsuperseded = Look::now(self.unsuperseded(selected, &copied, Since::Now));
        let read = async {
            if !context.prover.reads_everything() {
                return Ok(ReadBack::default());
            }
            let nothing = ReadBack::default();
            let ready = self.prepare(selected, &copied, &nothing, tally).await?;
            Ok(ready.read().clone())
        };
        let (unsuperseded, read) = futures::try_join!(unsuperseded, read)?;
        Ok(Waiting {
            copied,
            read,
            unsuperseded,
        })
    }

    /// A block that holds all of this one makes it superfluous, unless it is published already.
    pub(super) async fn unsuperseded(
        &self,
        selected: &Selected,
        copied: &Copied,
        since: Since,
    ) -> Result<(), Stopped> {
        if copied.published.is_some() {
            return Ok(());
        }
        let block = &selected.meta.block;
        match self.context.source_watch.superseding(block, since).await? {
            Some(by) => {
                let why = format!("{by}, which holds all of it, appeared meanwhile");
                Err(Stopped::Halt(Halt::Superseded(why)))
            }
            None => Ok(()),
        }
    }

    /// Copies as a task of its own, so that hashing one block does not hold up the others.
    pub(super) async fn copy_in_slot(
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
        let span = step!("copy");
        let task = tokio::spawn({
            let (context, selected, tally) =
                (Arc::clone(context), Arc::clone(selected), Arc::clone(tally));
            let copying = async move {
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
            };
            within(span, copying)
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

    /// Publishes unless an earlier block of the unit could not be. What the target lost while the block waited is copied again; before each attempt
    /// to put `meta.json` both buckets are looked at. Where it ends after an attempt whose answer was lost, nothing torn stays published.
    async fn publish_in_turn(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        waiting: Waiting,
        tally: &Arc<Tally>,
    ) -> Result<Published, Stopped> {
        if waiting.copied.published.is_none() {
            self.may_publish()?;
        }
        let mut waiting = Some(waiting);
        let mut unanswered = None;
        let attempt = async || {
            let waiting = match waiting.take() {
                Some(waiting) => waiting,
                None => self.copy_and_look_ahead(position, selected, tally).await?,
            };
            let ready = self.look_in_turn(selected, waiting, tally).await?;
            if !ready.shown.is_published() {
                // An earlier block may have failed its proof meanwhile.
                self.may_publish()?;
            }
            let tried = unanswered.is_some();
            match self
                .try_to_publish(selected, &ready.shown, tried, tally)
                .await
            {
                Ok(written) => Ok(Published::of(ready, written)),
                Err(stopped) => {
                    if stopped.leaves_open_what_was_done() {
                        unanswered = Some(Published::of(ready, true));
                    }
                    Err(stopped)
                }
            }
        };
        let repeated = self.repeat(selected, tally, NotYet::Published, attempt);
        let published = repeated.await;
        if let (Err(_), Some(unanswered)) = (&published, &unanswered) {
            self.take_back_if_torn(selected, unanswered).await?;
        }
        published
    }

    /// Puts `meta.json` in one attempt, unless it lies there; whether this run wrote it. The answer to an attempt that was `tried` before may have
    /// been lost.
    pub(super) async fn try_to_publish(
        &self,
        selected: &Selected,
        ready: &Ready,
        tried: bool,
        tally: &Tally,
    ) -> Result<bool, Stopped> {
        let written = if ready.is_published() {
            tried
        } else {
            let publishing = publish(selected, ready, &self.context.target);
            let written = within(step!("publish"), publishing).await?;
            debug!(block = %selected.block.id, written, "block published");
            written
        };
        if written {
            tally.count(ready.meta_bytes());
        }
        Ok(written)
    }

    async fn look_in_turn(
        &self,
        selected: &Selected,
        waiting: Waiting,
        tally: &Tally,
    ) -> Result<Look<Ready>, Stopped> {
        let Waiting {
            copied,
            read,
            unsuperseded,
        } = waiting;
        if !unsuperseded.is_fresh() {
            self.unsuperseded(selected, &copied, Since::AMomentAgo)
                .await?;
        }
        self.look_right_before(selected, &copied, read, tally).await
    }

    /// Looks at both buckets right before `meta.json` is put. Where bytes have to be read meanwhile, or a server stalls, it looks once more.
    pub(super) async fn look_right_before(
        &self,
        selected: &Selected,
        copied: &Copied,
        mut read: ReadBack,
        tally: &Tally,
    ) -> Result<Look<Ready>, Stopped> {
        let mut pace = Pace::default();
        for _ in 0..LOOKS {
            let ready = Look::now(self.prepare(selected, copied, &read, tally)).await?;
            let is_known = *ready.shown.read() == read;
            if ready.is_fresh() || (is_known && pace.allows(ready.age().unwrap_or_default())) {
                return Ok(ready);
            }
            read = ready.shown.read().clone();
            self.unsuperseded(selected, copied, Since::AMomentAgo)
                .await?;
        }
        let id = selected.block.id;
        let attempt = format!(
            "compare {id} in {}",
            self.context.target.reader().location()
        );
        let why = "it changes faster than it can be looked at";
        Err(Error::new(Kind::Changed, attempt).because(why).into())
    }

    async fn prepare(
        &self,
        selected: &Selected,
        copied: &Copied,
        read: &ReadBack,
        tally: &Tally,
    ) -> Result<Ready, Stopped> {
        let context = &self.context;
        let (source, target) = (context.source.reader(), context.target.reader());
        let ready = prepare(
            selected,
            copied,
            source,
            target,
            &context.prover,
            read,
            tally,
        );
        Ok(ready.await?)
    }

    fn may_publish(&self) -> Result<(), Stopped> {
        if !self.context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        let gap = *lock(&self.gap);
        match gap {
            Some(_) if !self.context.may_begin() => Err(Stopped::NotFinished),
            Some(by) => Err(Stopped::HeldBack(by)),
            None => Ok(()),
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
}

/// What the plan puts.
fn put_first(selected: &Selected) -> Put {
    selected.action.put().unwrap_or(Put::Differing)
}
