//! One unit: its blocks are copied in any order, published in one order and marked in another.
//!
//! Two stages run side by side. The first copies each block and lets it through the publishing gate; the second takes up what was published
//! and lets it through the marking gate. What needs no order (copying, proving) goes on before and behind the gates; what must not be old when
//! something is written is looked at in the turn.

use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::at_work::{BlockAtWork, UnitAtWork};
use super::bringing::bring;
use super::covering::or_covered_by_its_keeper;
use super::ending::{conclude, outcome};
use super::held::Held;
use super::marking::mark_in_turn;
use super::shared::Shared;
use super::stopped::Stopped;
use crate::at_once::{LOOK_AHEAD, WAITING};
use crate::outcome::Outcome;
use crate::plan::{PublishOrder, Selected, mark_rank, publish_rank};
use crate::trace::step;

/// Runs a unit to its end: one outcome for each block is filed, as it ends, under the number it came with.
pub(super) async fn run_unit(
    shared: &Arc<Shared>,
    order: PublishOrder,
    blocks: Vec<(usize, Arc<Selected>)>,
) {
    let unit = UnitAtWork::new(shared, order, &blocks);
    let (mut to_bring, mut to_mark): (Vec<_>, Vec<_>) = blocks
        .into_iter()
        .map(|(number, selected)| {
            let (sender, receiver) = oneshot::channel();
            let bring = (Arc::clone(&selected), sender);
            (bring, (number, selected, receiver))
        })
        .unzip();
    to_bring.sort_by_key(|(selected, _)| publish_rank(&selected.meta));
    to_mark.sort_by_key(|(_, selected, _)| mark_rank(&selected.meta, &selected.action));
    let bringing = stream::iter(to_bring.into_iter().enumerate()).for_each_concurrent(
        shared.settings.concurrency.get().saturating_add(WAITING),
        async |(position, (selected, sender))| {
            let span =
                step!("block", block = %selected.block.id, action = selected.action.as_str());
            let id = selected.block.id;
            let block = BlockAtWork::new(&unit, selected, span.clone());
            let held = bring(&block, position).instrument(span).await;
            unit.keepers.note(id, held.as_ref());
            // The other stage ends after this one, so somebody listens.
            let _ = sender.send((block, held));
        },
    );
    let marking = stream::iter(to_mark.into_iter().enumerate()).for_each_concurrent(
        LOOK_AHEAD,
        async |(position, (number, _, brought))| {
            // The sender is dropped unsent only when the whole unit is.
            if let Ok((block, held)) = brought.await {
                let finished = finish(&block, position, held);
                let outcome = finished.instrument(block.span.clone()).await;
                block.span.in_scope(|| conclude(&block, &outcome));
                shared.ledger.file(number, outcome);
            }
        },
    );
    futures::join!(bringing, marking);
}

/// The second stage for one block, whose place in the order of marking is `position`.
async fn finish(block: &BlockAtWork<'_>, position: usize, held: Result<Held, Stopped>) -> Outcome {
    let held = or_covered_by_its_keeper(block, held).await;
    let finished = match held {
        Ok(held) => mark_in_turn(block, position, held)
            .await
            .inspect_err(|stopped| block.note(stopped)),
        Err(stopped) => {
            drop(block.unit.marking.turn(position).await);
            Err(stopped)
        }
    };
    outcome(block, finished)
}
