//! How a copied block is published: both buckets are looked at right before `meta.json` is put.

use tracing::debug;

use super::at_work::BlockAtWork;
use super::copying::{InTheWay, in_the_way};
use super::look::{LOOKS, Look, Pace};
use super::stopped::Stopped;
use crate::audit::Event;
use crate::block::ReadBack;
use crate::error::{Error, Kind};
use crate::trace::{step, within};
use crate::verb::copy::Copied;
use crate::verb::publish::{self, Publisher, Ready, publish};

/// Looks at both buckets right before `meta.json` is put. Where bytes have to be read meanwhile, or a server stalls, it looks once more.
///
/// Errors: as [`unless_in_the_way`].
pub(super) async fn look_right_before(
    block: &BlockAtWork<'_>,
    copied: &Copied,
    mut read: ReadBack,
) -> Result<Look<Ready>, Stopped> {
    let mut pace = Pace::default();
    for _ in 0..LOOKS {
        let in_the_way = in_the_way(block).await?;
        let ready = Look::now(prepare(block, copied, &read)).await?;
        let is_known = *ready.shown.read() == read;
        let ages = [ready.age(), in_the_way.age()];
        let age = ages.into_iter().flatten().max().unwrap_or_default();
        let is_fresh = ready.is_fresh() && in_the_way.is_fresh();
        if is_fresh || (is_known && pace.allows(age)) {
            unless_in_the_way(&ready.shown, in_the_way.shown)?;
            return Ok(ready);
        }
        read = ready.shown.read().clone();
    }
    let id = block.selected.block.id;
    let target = block.shared().sides.target.reader();
    let attempt = format!("compare {id} in {}", target.location());
    let why = "it changes faster than it can be looked at";
    Err(Error::new(Kind::Changed, attempt).because(why).into())
}

/// Errors: a block that is not published, or not any more, is not to be so.
pub(super) fn unless_in_the_way(ready: &Ready, in_the_way: InTheWay) -> Result<(), Stopped> {
    if ready.is_published() {
        return Ok(());
    }
    in_the_way.refuse()
}

/// Looks at both buckets, and reads what no listing proves but for what was `read` before.
pub(super) async fn prepare(
    block: &BlockAtWork<'_>,
    copied: &Copied,
    read: &ReadBack,
) -> Result<Ready, Stopped> {
    let sides = &block.shared().sides;
    let doubt = &block.tally.doubt;
    let ready = publish::prepare(&block.stored, copied, &sides.prover, read, doubt);
    Ok(ready.await?)
}

/// Puts `meta.json` in one attempt, unless it lies there, and tells who wrote it. Where an attempt was `tried` before, its answer may have been lost.
pub(super) async fn try_to_publish(
    block: &BlockAtWork<'_>,
    ready: &Ready,
    tried: bool,
) -> Result<Publisher, Stopped> {
    let publisher = match (ready.is_published(), tried) {
        (true, true) => Publisher::ThisRun,
        (true, false) => Publisher::Another,
        (false, _) => {
            let target = &block.shared().sides.target;
            let publishing = publish(&block.stored, ready, target);
            let publisher = within(step!("publish"), publishing).await?;
            let written = publisher == Publisher::ThisRun;
            debug!(block = %block.stored.id(), written, "block published");
            publisher
        }
    };
    if publisher == Publisher::ThisRun {
        block.tally.sent.add_object();
        block.tally.sent.add_bytes(ready.meta_bytes());
        // It is done; where nobody could be told, the run has ended, and the block is proven or taken back all the same.
        let _ = block.shared().tell(&Event::Published(block.stored.id()));
    }
    Ok(publisher)
}
