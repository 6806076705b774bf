//! One unit: its blocks are copied in any order, published in one order and, where they move, marked in another.
//!
//! Two stages run side by side. The first copies each block and lets it through the publishing gate; the second takes up what was published
//! and lets it through the marking gate. What needs no order (copying, proving) goes on before and behind the gates; what must not be old when
//! something is written is looked at in the turn, or right before it.

use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::at_work::{BlockAtWork, UnitAtWork};
use super::bringing::bring;
use super::covering::{as_it_is_now, or_covered_by_its_keeper};
use super::ending::{Finished, conclude, outcome};
use super::held::Held;
use super::marking::{Place, mark_in_turn};
use super::shared::{Marks, Shared};
use super::stopped::Stopped;
use crate::at_once::{LOOK_AHEAD, WAITING};
use crate::audit::Event;
use crate::outcome::{BlockEnding, MarkState, Outcome};
use crate::plan::{PublishOrder, Rank, Selected, mark_rank, publish_rank};
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
            let bring = ((number, Arc::clone(&selected)), sender);
            (bring, (number, selected, receiver))
        })
        .unzip();
    to_bring.sort_by_key(|((_, selected), _)| publish_rank(&selected.meta));
    to_mark.sort_by_key(|(_, selected, _)| mark_rank(&selected.meta, &selected.action));
    let places = places_to_mark(to_mark.iter().map(|(_, selected, _)| &**selected));
    let bringing = stream::iter(to_bring.into_iter().enumerate()).for_each_concurrent(
        shared.settings.concurrency.get().saturating_add(WAITING),
        async |(position, (numbered, sender))| {
            let (_, selected) = &numbered;
            let id = selected.block.id;
            let span = step!("block", block = %id, action = selected.action.as_str());
            let block = BlockAtWork::new(&unit, numbered, span.clone());
            let held = bring(&block, position).instrument(span).await;
            unit.keepers.note(id, held.as_ref());
            // The other stage ends after this one, so somebody listens.
            let _ = sender.send((block, held));
        },
    );
    let marking = stream::iter(to_mark.into_iter().zip(places)).for_each_concurrent(
        LOOK_AHEAD,
        async |((number, _, brought), place)| {
            // The sender is dropped unsent only when the whole unit is.
            if let Ok((block, held)) = brought.await {
                let finished = finish(&block, place, held);
                let outcome = finished.instrument(block.span.clone()).await;
                block.span.in_scope(|| conclude(&block, &outcome));
                // That nothing was begun is told by nothing.
                if block.has_begun() || outcome.ending != BlockEnding::NotFinished {
                    let id = block.selected.block.id;
                    // Where nobody could be told, the run has ended.
                    let _ = shared.tell(&Event::Moved(id, &outcome));
                }
                let told_nothing = matches!(
                    outcome.ending,
                    BlockEnding::Failed | BlockEnding::HeldBack | BlockEnding::NotFinished
                );
                if block.selected.goes_ahead() && !told_nothing {
                    shared.course.fared_well();
                }
                shared.ledger.file(number, outcome);
            }
        },
    );
    futures::join!(bringing, marking);
}

/// The places of blocks that are sorted by their rank.
fn places_to_mark<'a>(sorted: impl Iterator<Item = &'a Selected>) -> Vec<Place> {
    let ranks: Vec<Rank> = sorted
        .map(|selected| mark_rank(&selected.meta, &selected.action))
        .collect();
    let beside = ranks.chunk_by(|one, other| one.is_beside(*other));
    let mut places = Vec::with_capacity(ranks.len());
    for rank in beside {
        let first = places.len();
        places.extend(
            (first..)
                .take(rank.len())
                .map(|position| Place { position, first }),
        );
    }
    places
}

/// The second stage for one block.
async fn finish(block: &BlockAtWork<'_>, place: Place, held: Result<Held, Stopped>) -> Outcome {
    let finished = match &block.shared().marks {
        Some(marks) => marked(block, marks, place, held).await,
        None => copied(block, held).await,
    };
    outcome(block, finished)
}

/// Of a block that moves: it is marked once it is held.
async fn marked(
    block: &BlockAtWork<'_>,
    marks: &Marks,
    place: Place,
    held: Result<Held, Stopped>,
) -> Result<Finished, Stopped> {
    let held = or_covered_by_its_keeper(block, held).await;
    match held {
        Ok(held) => mark_in_turn(block, marks, place, held)
            .await
            .inspect_err(|stopped| block.note(stopped)),
        Err(stopped) => {
            let Place { position, first } = place;
            drop(block.unit.marking.turn_behind(position, first).await);
            Err(stopped)
        }
    }
}

/// Of a block that is copied: nothing follows once it is held.
async fn copied(block: &BlockAtWork<'_>, held: Result<Held, Stopped>) -> Result<Finished, Stopped> {
    let held = as_it_is_now(block, held?).await;
    let held = held.inspect_err(|stopped| block.note(stopped))?;
    Ok(Finished {
        proof: held.proof.shown,
        mark: MarkState::Absent,
    })
}
