//! A unit at work and a block at work: what the steps of both stages are about.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Span;

use super::keepers::Keepers;
use super::shared::{Shared, lock};
use super::stopped::Stopped;
use crate::audit::{Event, Subject};
use crate::block::BlockId;
use crate::engine::{Claim, Gate, Order};
use crate::plan::{Action, Existing, Halt, PublishOrder, Put, Selected};
use crate::progress::BlockProgress;
use crate::stored::Stored;
use crate::verb::copy::{Manner, Tally};

/// One unit at work.
pub(super) struct UnitAtWork {
    pub(super) shared: Arc<Shared>,
    /// Lets blocks through as they are to be published.
    pub(super) publishing: Gate,
    /// Lets blocks through as they are to be marked.
    pub(super) marking: Gate,
    pub(super) keepers: Keepers,
    order: PublishOrder,
    /// The first block in the order of publishing that could not be published.
    gap: Mutex<Option<BlockId>>,
    /// How many published blocks are being mended.
    mended: watch::Sender<usize>,
}

/// A published block that lacks something is being mended, until this is dropped.
pub(super) struct Mending<'a>(&'a watch::Sender<usize>);

impl Drop for Mending<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|mended| *mended -= 1);
    }
}

impl UnitAtWork {
    /// A unit of these blocks, none of which has begun.
    pub(super) fn new(
        shared: &Arc<Shared>,
        order: PublishOrder,
        blocks: &[(usize, Arc<Selected>)],
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            publishing: Gate::new(match order {
                PublishOrder::Strict => Order::Strict,
                PublishOrder::None => Order::Open,
            }),
            marking: Gate::new(Order::Strict),
            keepers: Keepers::among(blocks.iter().map(|(_, selected)| selected.block.id)),
            order,
            gap: Mutex::new(None),
            mended: watch::Sender::new(0),
        }
    }

    /// What comes later in the order is not published while a block is being mended: whoever works on the target would go on without this one.
    pub(super) fn mend(&self) -> Mending<'_> {
        self.mended.send_modify(|mended| *mended += 1);
        Mending(&self.mended)
    }

    /// Whether what comes later in the order has to wait.
    pub(super) fn is_mending(&self) -> bool {
        self.order == PublishOrder::Strict && *self.mended.borrow() > 0
    }

    /// Waits until no published block is being mended.
    pub(super) async fn until_all_are_mended(&self) {
        if self.order == PublishOrder::Strict {
            // The sender lives as long as the unit does.
            let _ = self
                .mended
                .subscribe()
                .wait_for(|mended| *mended == 0)
                .await;
        }
    }

    /// Whether a block may be published whose turn it is.
    ///
    /// Errors: the run ended, or an earlier block could not be published.
    pub(super) fn may_publish(&self) -> Result<(), Stopped> {
        let course = &self.shared.course;
        if !course.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        let gap = *lock(&self.gap);
        match gap {
            Some(_) if !course.may_begin() => Err(Stopped::NotFinished),
            Some(by) => Err(Stopped::HeldBack(by)),
            None => Ok(()),
        }
    }

    /// A block that should have been published and was not leaves a gap; what comes after it waits.
    pub(super) fn note_gap(&self, selected: &Selected, stopped: Option<&Stopped>) {
        let leaves_a_gap = match stopped {
            Some(
                Stopped::Halt(Halt::Failed(_))
                | Stopped::NotFinished
                | Stopped::HeldBack(_)
                | Stopped::WouldOverlap(_),
            ) => true,
            Some(Stopped::AsPlanned) => selected.action.leaves_a_gap(),
            None | Some(_) => false,
        };
        if leaves_a_gap && self.order == PublishOrder::Strict {
            lock(&self.gap).get_or_insert(selected.block.id);
        }
    }
}

/// One block at work, from its copy to its mark.
pub(super) struct BlockAtWork<'a> {
    pub(super) unit: &'a UnitAtWork,
    /// Its number: those with smaller ones go first.
    pub(super) number: usize,
    pub(super) selected: Arc<Selected>,
    /// As it was surveyed in the source.
    pub(super) stored: Stored,
    /// What traces show of the block: all steps of its work lie within.
    pub(super) span: Span,
    /// What its tries have done so far.
    pub(super) tally: Arc<Tally>,
    /// Its part of the bytes that the run may move.
    claim: Claim,
    /// When it left the queue.
    working_since: OnceLock<Instant>,
}

impl<'a> BlockAtWork<'a> {
    /// The block at the beginning of its work.
    pub(super) fn new(
        unit: &'a UnitAtWork,
        (number, selected): (usize, Arc<Selected>),
        span: Span,
    ) -> Self {
        let progress = if selected.goes_ahead() {
            unit.shared.progress.block(selected.bytes_to_put)
        } else {
            BlockProgress::default()
        };
        let source = unit.shared.sides.source.clone();
        Self {
            unit,
            number,
            stored: Stored::new(
                source,
                Arc::clone(&selected.block),
                Arc::clone(&selected.meta),
            )
            .with_new_marks(unit.shared.new_marks),
            selected,
            span,
            tally: Arc::new(Tally::new(progress)),
            claim: Claim::default(),
            working_since: OnceLock::new(),
        }
    }

    /// How the plan wants it copied; what it only wants proven is mended where it differs.
    pub(super) fn manner(&self) -> Manner {
        let action = &self.selected.action;
        Manner {
            put: action.put().unwrap_or(Put::Differing),
            existing: match action {
                Action::Overwrite(_) => Existing::Overwrite,
                _ => Existing::Keep,
            },
            was_published: matches!(
                action,
                Action::AlreadyThere(_) | Action::Repair(_) | Action::Overwrite(_)
            ),
        }
    }

    /// Notes that the block has left the queue: its elapsed time counts from here.
    ///
    /// Errors: nobody could be told, and it must not begin.
    pub(super) fn work_begins(&self) -> Result<(), Stopped> {
        if self.working_since.set(Instant::now()).is_ok() {
            self.tally.work_begins();
            let block = Subject::Block(self.selected.block.id);
            self.shared().tell(&Event::Started(block))?;
        }
        Ok(())
    }

    /// Whether it has left the queue.
    pub(super) fn has_begun(&self) -> bool {
        self.working_since.get().is_some()
    }

    /// How long it has been at work.
    pub(super) fn elapsed(&self) -> Duration {
        let since = self.working_since.get();
        since.map_or(Duration::ZERO, Instant::elapsed)
    }

    /// What all blocks of the run share.
    pub(super) fn shared(&self) -> &'a Arc<Shared> {
        &self.unit.shared
    }

    /// What concerns a whole bucket ends the run now, not when it is this block's turn.
    pub(super) fn note(&self, stopped: &Stopped) {
        self.shared().note(stopped);
    }

    /// Whether it may begin, or go on with another try.
    pub(super) fn may_begin(&self) -> bool {
        let bytes = self.selected.bytes_to_put;
        self.shared().course.admits(&self.claim, bytes)
    }
}
