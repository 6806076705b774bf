//! The second stage of a unit: what is proven to be held is marked, raw blocks first. Blocks of one rank are marked beside each other.
//!
//! The source is listed in the block's turn, and nothing else is asked about the block between the last look and the mark: one that somebody else
//! wrote by then is not overwritten, whatever the server makes of a conditional put. A proof that has waited is made anew.

use super::another_try::{NotYet, before_another_try};
use super::at_work::BlockAtWork;
use super::covering::{as_it_is_now, still_covered};
use super::ending::Finished;
use super::held::{Held, Published};
use super::look::{LOOKS, Look, Pace};
use super::proving::until_held;
use super::shared::Marks;
use super::stopped::Stopped;
use super::watch::Since;
use crate::at_once::LOOK_AHEAD;
use crate::audit::Event;
use crate::block::{BlockId, DELETION_MARK, Inventory, NO_COMPACT_MARK, Proof};
use crate::error::{Error, Kind, Result};
use crate::outcome::MarkState;
use crate::plan::{Halt, Standing};
use crate::retry::Backoff;
use crate::trace::{step, within};
use crate::verb::clocks::{AgreedTime, agree};
use crate::verb::mark::{Marked, mark, mark_no_compact, whose};

/// The source block right before its mark.
struct Source {
    objects: Look<Inventory>,
    mark: MarkThere,
}

/// What mark lies on a source block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkThere {
    /// None.
    Absent,
    /// One that it bore when it was surveyed.
    AllAlong,
    /// One that appeared meanwhile.
    Meanwhile,
}

/// A live finer block of the same data that appeared meanwhile.
type NewKin = Option<BlockId>;

/// A block's place in the order of marking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) position: usize,
    /// The position of the first block of its rank.
    pub(super) first: usize,
}

/// Marks the block in its turn, once it is proven.
pub(super) async fn mark_in_turn(
    block: &BlockAtWork<'_>,
    marks: &Marks,
    place: Place,
    held: Held,
) -> Result<Finished, Stopped> {
    block.unit.marking.near(place.position, LOOK_AHEAD).await;
    let marking = Box::pin(look_and_mark(block, marks, place, held));
    within(step!("mark"), marking).await
}

async fn look_and_mark(
    block: &BlockAtWork<'_>,
    marks: &Marks,
    Place { position, first }: Place,
    held: Held,
) -> Result<Finished, Stopped> {
    let looked = look_ahead(block, held).await;
    let _turn = block.unit.marking.turn_behind(position, first).await;
    let (held, kin) = looked?;
    let (proof, mark) = mark_on_fresh_looks(block, marks, held, &kin).await?;
    marks.remember(block.selected.block.id);
    Ok(Finished { proof, mark })
}

/// Looks at both buckets and marks. Looks that have grown old while the others were taken are taken again; the source is listed before each
/// attempt to put the mark.
async fn mark_on_fresh_looks(
    block: &BlockAtWork<'_>,
    marks: &Marks,
    mut held: Held,
    kin: &Look<NewKin>,
) -> Result<(Proof, MarkState), Stopped> {
    let shared = block.shared();
    let (mut pace, mut looks) = (Pace::default(), 0..LOOKS);
    let mut backoff = Backoff::new(&shared.settings.retry);
    loop {
        if !shared.course.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        if !block.selected.bears_a_mark() {
            refuse_before_finer_kin(block, marks, kin).await?;
        }
        if !held.proof.is_fresh() {
            held = prove_again(block, held).await?;
        }
        let (source, now) = look_before_marking(block, marks).await?;
        let now = match (source.mark, now) {
            (MarkThere::Absent, Some(now)) => now,
            (MarkThere::AllAlong, _) | (MarkThere::Absent, None) => {
                return Ok((held.proof.shown, MarkState::Kept));
            }
            (MarkThere::Meanwhile, _) => {
                let (proof, provenance) = (held.proof.shown, &shared.provenance);
                let marked = whose(&proof, provenance, &marks.source).await?;
                return Ok((proof, kept(marked)?));
            }
        };
        let ages = [held.proof.age(), source.objects.age()];
        let age = ages.into_iter().flatten().max().unwrap_or_default();
        if !pace.allows(age) {
            if looks.next().is_none() {
                return Err(too_slow(block));
            }
            continue;
        }
        let marked = mark_now(block, marks, &held.proof.shown, &source.objects.shown, now);
        match marked.await {
            Err(Stopped::Halt(Halt::Failed(err))) if err.kind().is_transient() => {
                before_another_try(block, NotYet::Marked, err, &mut backoff).await?;
            }
            marked => return Ok((held.proof.shown, marked?)),
        }
    }
}

/// Does before the block's turn what is repeated in it only if the turn is long in coming: looks again at covers, and in the source for new blocks.
async fn look_ahead(block: &BlockAtWork<'_>, held: Held) -> Result<(Held, Look<NewKin>), Stopped> {
    let shared = block.shared();
    if !shared.course.may_go_on() {
        return Err(Stopped::NotFinished);
    }
    let held = as_it_is_now(block, held);
    let meta = &block.selected.meta.block;
    let kin = shared.watches.source.finer_kin(meta, Since::AMomentAgo);
    let kin = async { Ok(kin.await?) };
    futures::try_join!(held, kin)
}

/// Refuses to mark a downsampled block before finer blocks of the same data: the source's compactor would make it anew.
async fn refuse_before_finer_kin(
    block: &BlockAtWork<'_>,
    marks: &Marks,
    kin: &Look<NewKin>,
) -> Result<(), Stopped> {
    let shared = block.shared();
    let kin = match marks.first_unmarked(&block.selected.finer_kin) {
        Some(kin) => Some(kin),
        None if kin.is_fresh() => kin.shown,
        None => {
            let meta = &block.selected.meta.block;
            let kin = shared.watches.source.finer_kin(meta, Since::AMomentAgo);
            kin.await?.shown
        }
    };
    kin.map_or(Ok(()), |kin| Err(Stopped::MarkDeferred(kin)))
}

/// The source, which is looked at last, and the time that a mark may bear, which is `Some` wherever no mark lies there.
async fn look_before_marking(
    block: &BlockAtWork<'_>,
    marks: &Marks,
) -> Result<(Source, Option<AgreedTime>), Stopped> {
    if block.selected.bears_a_mark() {
        let source = look_at_source(block).await?;
        if source.mark != MarkThere::Absent {
            return Ok((source, None));
        }
    }
    let target = &block.shared().sides.target;
    let now = agree(&marks.clock, &marks.source, target).await?;
    Ok((look_at_source(block).await?, Some(now)))
}

/// The block must still be what was copied, unless it is marked.
async fn look_at_source(block: &BlockAtWork<'_>) -> Result<Source, Stopped> {
    let selected = &block.selected;
    let now = Look::now(block.stored.list()).await?;
    let mark = match block.stored.standing(&now.shown) {
        Standing::Marked => MarkThere::Meanwhile,
        _ if now.shown.is_marked() && selected.bears_a_mark() => MarkThere::AllAlong,
        _ => MarkThere::Absent,
    };
    let objects = match mark {
        MarkThere::Absent => {
            let listed = now.shown.clone();
            let objects = block.stored.as_seen(listed).await?;
            now.map(|_| objects)
        }
        // The source's compactor may be deleting it, so the survey tells what belongs to it.
        MarkThere::AllAlong => now.map(|_| block.stored.seen()),
        MarkThere::Meanwhile => now,
    };
    Ok(Source { objects, mark })
}

/// Finds out anew whether the target holds the block.
async fn prove_again(block: &BlockAtWork<'_>, held: Held) -> Result<Held, Stopped> {
    match &held.proof.shown {
        Proof::Cover(cover) => still_covered(block, cover.by()).await,
        Proof::Match(_) => {
            let source = look_at_source(block).await?;
            if source.mark == MarkThere::Meanwhile {
                // Whoever marked it is responsible for it.
                return Ok(held);
            }
            let published = Published {
                source: source.objects,
                read: held.read,
                publisher: held.publisher,
            };
            until_held(block, published).await
        }
    }
}

async fn mark_now(
    block: &BlockAtWork<'_>,
    marks: &Marks,
    proof: &Proof,
    source: &Inventory,
    now: AgreedTime,
) -> Result<MarkState, Stopped> {
    let (shared, id) = (block.shared(), block.selected.block.id);
    let course = &shared.course;
    if !course.may_go_on() {
        return Err(Stopped::NotFinished);
    }
    // What nobody could be told of is not marked.
    shared.tell(&Event::Marking(id, proof))?;
    match write_marks(block, marks, proof, source, now).await {
        Ok(marked) => {
            if matches!(marked, Marked::Written) {
                // The mark is there, and the line before says that it may be.
                let _ = shared.tell(&Event::Marked(id));
            }
            kept(marked)
        }
        Err(err) => {
            if err.kind().refuses_every_mark() {
                course.end(&err);
            }
            Err(err.into())
        }
    }
}

async fn write_marks(
    block: &BlockAtWork<'_>,
    marks: &Marks,
    proof: &Proof,
    listed: &Inventory,
    now: AgreedTime,
) -> Result<Marked> {
    let shared = block.shared();
    let (provenance, source) = (&shared.provenance, &marks.source);
    let bears_no_compact = listed.get(NO_COMPACT_MARK).is_some();
    let wanted = shared.settings.no_compact_mark_source && !bears_no_compact;
    if wanted {
        mark_no_compact(proof, provenance, now, source).await?;
    }
    // Reading or writing the one mark takes a moment, in which the other may have appeared.
    if wanted || bears_no_compact {
        let path = proof.block().object(DELETION_MARK);
        if source.reader().exists(&path).await? {
            return whose(proof, provenance, source).await;
        }
    }
    mark(proof, provenance, now, source).await
}

fn too_slow(block: &BlockAtWork<'_>) -> Stopped {
    let source = block.shared().sides.source.location();
    let attempt = format!(
        "look at {} and mark it in {source}",
        block.selected.block.id
    );
    let why = "each time one of the looks was old before the other was done";
    Error::new(Kind::Changed, attempt).because(why).into()
}

/// A mark of this tool for the same target is as good as one of this run; anybody else's ends the work on the block.
fn kept(marked: Marked) -> Result<MarkState, Stopped> {
    match marked {
        Marked::Written => Ok(MarkState::Written),
        Marked::AlreadyOurs => Ok(MarkState::Kept),
        Marked::AlreadyTheirs(details) => {
            let why = format!("it was marked for deletion meanwhile: {details}");
            Err(Stopped::Halt(Halt::Superseded(why)))
        }
    }
}
