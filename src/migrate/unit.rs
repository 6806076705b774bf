//! One unit: its blocks are copied in any order, published in one order and marked in another.
//!
//! Two stages run side by side. The first copies each block and lets it through the publishing gate; the second takes up what was published
//! and lets it through the marking gate. What needs no order (copying, proving) goes on before and behind the gates; what must not be old when
//! something is written is looked at in the turn.

use std::sync::{Arc, Mutex};

use futures::{StreamExt, stream};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::context::Context;
use super::ending::{Account, outcome};
use super::keepers::Keepers;
use super::proving::Held;
use super::stopped::Stopped;
use crate::block::BlockId;
use crate::engine::{Gate, Order};
use crate::outcome::Outcome;
use crate::plan::{PublishOrder, Selected, mark_rank, publish_rank};
use crate::trace::step;

/// Blocks of one unit that are at work beyond those being copied: copied blocks wait for those before them, and to copy more would only slow
/// down the one that the others wait for.
const WAITING: usize = 2;

/// Blocks before a gate whose turn is prepared: what takes long, or serves many blocks, is done before it.
pub(super) const LOOK_AHEAD: usize = 8;

/// One unit at work.
pub(super) struct UnitAtWork {
    pub(super) context: Arc<Context>,
    pub(super) publishing: Gate,
    pub(super) marking: Gate,
    pub(super) order: PublishOrder,
    /// The first block in the order of publishing that could not be published.
    pub(super) gap: Mutex<Option<BlockId>>,
    pub(super) keepers: Keepers,
}

/// A block that the first stage hands to the second.
pub(super) struct Brought {
    pub(super) account: Account,
    pub(super) held: Result<Held, Stopped>,
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
        keepers: Keepers::among(blocks.iter().map(|(_, selected)| selected)),
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
            let span =
                step!("block", block = %selected.block.id, action = selected.action.as_str());
            let brought = unit.bring(position, &selected, &span);
            let brought = brought.instrument(span.clone()).await;
            unit.keepers.note(selected.block.id, brought.held.as_ref());
            // The other stage ends after this one, so somebody listens.
            let _ = sender.send(brought);
        },
    );
    let marking = stream::iter(to_mark.into_iter().enumerate()).for_each_concurrent(
        LOOK_AHEAD,
        async |(position, (number, selected, brought))| {
            // The sender is dropped unsent only when the whole unit is.
            if let Ok(brought) = brought.await {
                let span = brought.account.span.clone();
                let finished = unit.finish(position, &selected, brought);
                let outcome = finished.instrument(span.clone()).await;
                span.in_scope(|| unit.context.conclude(number, &selected, outcome));
            }
        },
    );
    futures::join!(bringing, marking);
}

impl UnitAtWork {
    async fn finish(&self, position: usize, selected: &Arc<Selected>, brought: Brought) -> Outcome {
        let Brought { account, held } = brought;
        let held = self.or_covered_by_its_keeper(selected, held).await;
        let marked = match held {
            Ok(held) => self
                .mark_in_turn(position, selected, held, &account.tally)
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
