//! Whether another block of the target holds all of a block: as planned, by its keeper, or because the target's compactor made one meanwhile.

use super::at_work::BlockAtWork;
use super::held::Held;
use super::keepers::Brought;
use super::look::Look;
use super::stopped::Stopped;
use super::watch::Since;
use crate::block::{BlockId, Cover, Proof};
use crate::error::Result;
use crate::plan::{Action, Halt};
use crate::stored::read_meta;

/// The block as held by a cover, where the target's compactor made a block of it since the survey; otherwise `stopped` again.
pub(super) async fn or_covered(block: &BlockAtWork<'_>, stopped: Stopped) -> Result<Held, Stopped> {
    match covered_meanwhile(block).await? {
        Some(cover) => Ok(Held::by(cover.map(Proof::Cover))),
        None => Err(stopped),
    }
}

/// A block that appeared in the target since the survey, and was made of this one.
pub(super) async fn covered_meanwhile(
    block: &BlockAtWork<'_>,
) -> Result<Option<Look<Cover>>, Stopped> {
    let meta = &block.selected.meta.block;
    let watch = &block.shared().watches.target;
    let newcomers = watch.newcomers(Since::Now).await?;
    for new in newcomers.shown.iter().map(|new| &new.block) {
        if new.group == meta.group && new.has_all_sources_of(meta) {
            let cover = Look::now(cover(block, new.id)).await?;
            if let Some(found) = cover.shown.clone() {
                return Ok(Some(cover.map(|_| found)));
            }
        }
    }
    Ok(None)
}

/// Whether that block of the target covers this one now.
async fn cover(block: &BlockAtWork<'_>, by: BlockId) -> Result<Option<Cover>> {
    let target = block.shared().sides.target.reader();
    let objects = target.list_block(by).await?;
    if objects.meta().is_none() {
        return Ok(None);
    }
    let meta = read_meta(target, by, objects.meta()).await?;
    let covered = &block.selected.meta.block;
    Ok(meta.and_then(|(meta, _)| Cover::of(covered, &meta.block, &objects).ok()))
}

/// Looks again whether `by` covers the block and, if it does not, whether a block that appeared since the survey does.
pub(super) async fn still_covered(block: &BlockAtWork<'_>, by: BlockId) -> Result<Held, Stopped> {
    let cover = Look::now(cover(block, by)).await?;
    match cover.shown.clone() {
        Some(found) => Ok(Held::by(cover.map(|_| Proof::Cover(found)))),
        None => or_covered(block, Stopped::NoLongerCovered(by)).await,
    }
}

/// What is held, as it is now: a cover that was only planned, or seen some time ago, is looked at again.
pub(super) async fn as_it_is_now(block: &BlockAtWork<'_>, held: Held) -> Result<Held, Stopped> {
    match &held.proof.shown {
        Proof::Cover(cover) if !held.proof.is_fresh() => still_covered(block, cover.by()).await,
        _ => Ok(held),
    }
}

/// What the target holds of a block that the plan leaves to another one of its unit; of others, what was brought.
pub(super) async fn or_covered_by_its_keeper(
    block: &BlockAtWork<'_>,
    brought: Result<Held, Stopped>,
) -> Result<Held, Stopped> {
    let (Action::CoveredLater { by }, Err(Stopped::AsPlanned)) = (&block.selected.action, &brought)
    else {
        return brought;
    };
    match block.unit.keepers.wait_for(*by).await {
        Brought::Held => {
            let covered = still_covered(block, *by).await;
            covered.inspect_err(|stopped| block.note(stopped))
        }
        Brought::Superseded => {
            let why = format!("{by}, which holds all of it, was superseded itself");
            Err(Stopped::Halt(Halt::Superseded(why)))
        }
        Brought::NotFinished => Err(Stopped::NotFinished),
        Brought::Missing => Err(Stopped::KeeperMissing(*by)),
    }
}
