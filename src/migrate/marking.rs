//! The second stage of a unit: what is proven to be held is marked, raw blocks first.
//!
//! The source is listed in the block's turn, and no other request comes between the last look and the mark: one that somebody else wrote by then
//! is not overwritten, whatever the server makes of a conditional put. A proof that has waited is made anew.

use std::sync::Arc;

use super::context::NotYet;
use super::ending::Finished;
use super::look::{LOOKS, Look, Pace};
use super::proving::{Held, Published};
use super::stopped::Stopped;
use super::unit::{LOOK_AHEAD, UnitAtWork};
use super::watch::Since;
use crate::block::{BlockId, DELETION_MARK, Inventory, NO_COMPACT_MARK, Proof};
use crate::bucket::Location;
use crate::error::{Error, Kind, Result};
use crate::outcome::MarkState;
use crate::plan::{Halt, Selected, Standing, standing};
use crate::retry::Backoff;
use crate::trace::{step, within};
use crate::verb::clocks::{AgreedTime, agree};
use crate::verb::copy::{Tally, as_surveyed};
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

impl UnitAtWork {
    pub(super) async fn mark_in_turn(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        held: Held,
        tally: &Arc<Tally>,
    ) -> Result<Finished, Stopped> {
        self.marking.near(position, LOOK_AHEAD).await;
        let marking = Box::pin(self.look_and_mark(position, selected, held, tally));
        within(step!("mark"), marking).await
    }

    async fn look_and_mark(
        &self,
        position: usize,
        selected: &Arc<Selected>,
        held: Held,
        tally: &Arc<Tally>,
    ) -> Result<Finished, Stopped> {
        let looked = self.look_ahead(selected, held).await;
        let _turn = self.marking.turn(position).await;
        let (held, kin) = looked?;
        let (proof, mark) = self
            .mark_on_fresh_looks(selected, held, &kin, tally)
            .await?;
        self.context.remember_mark(selected.block.id);
        Ok(Finished { proof, mark })
    }

    /// Looks at both buckets and marks. Looks that have grown old while the others were taken are taken again; the source is listed before each
    /// attempt to put the mark.
    async fn mark_on_fresh_looks(
        &self,
        selected: &Arc<Selected>,
        mut held: Held,
        kin: &Look<NewKin>,
        tally: &Arc<Tally>,
    ) -> Result<(Proof, MarkState), Stopped> {
        let (mut pace, mut looks) = (Pace::default(), 0..LOOKS);
        let mut backoff = Backoff::new(&self.context.settings.retry);
        loop {
            if !self.context.may_go_on() {
                return Err(Stopped::NotFinished);
            }
            if !selected.bears_a_mark() {
                self.refuse_before_finer_kin(selected, kin).await?;
            }
            if !held.proof.is_fresh() {
                held = self.prove_again(selected, held, tally).await?;
            }
            let (source, now) = self.look_before_marking(selected).await?;
            let now = match (source.mark, now) {
                (MarkThere::Absent, Some(now)) => now,
                (MarkThere::AllAlong, _) | (MarkThere::Absent, None) => {
                    return Ok((held.proof.shown, MarkState::Kept));
                }
                (MarkThere::Meanwhile, _) => {
                    let (proof, context) = (held.proof.shown, &self.context);
                    let marked = whose(&proof, &context.provenance, &context.source).await?;
                    return Ok((proof, kept(marked)?));
                }
            };
            let ages = [held.proof.age(), source.objects.age()];
            let age = ages.into_iter().flatten().max().unwrap_or_default();
            if !pace.allows(age) {
                if looks.next().is_none() {
                    return Err(too_slow(selected, self.context.source.reader().location()));
                }
                continue;
            }
            let marked = self.mark_now(&held.proof.shown, &source.objects.shown, now);
            match marked.await {
                Err(Stopped::Halt(Halt::Failed(err))) if err.kind().is_transient() => {
                    let (context, block) = (&self.context, selected.block.id);
                    let waiting =
                        context.before_another_try(block, NotYet::Marked, err, &mut backoff);
                    waiting.await?;
                }
                marked => return Ok((held.proof.shown, marked?)),
            }
        }
    }

    /// What need not be done in the block's turn, unless that is long in coming: covers are looked at again, and the source for newcomers.
    async fn look_ahead(
        &self,
        selected: &Selected,
        held: Held,
    ) -> Result<(Held, Look<NewKin>), Stopped> {
        let context = &self.context;
        if !context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        let held = async {
            match &held.proof.shown {
                Proof::Cover(cover) if !held.proof.is_fresh() => {
                    self.still_covered(selected, cover.by()).await
                }
                _ => Ok(held),
            }
        };
        let kin = context
            .source_watch
            .finer_kin(&selected.meta.block, Since::Now);
        let kin = async { Ok(Look::now(kin).await?) };
        futures::try_join!(held, kin)
    }

    /// Marked before finer blocks of the same data, a downsampled block would be made anew.
    async fn refuse_before_finer_kin(
        &self,
        selected: &Selected,
        kin: &Look<NewKin>,
    ) -> Result<(), Stopped> {
        let context = &self.context;
        let kin = match context.first_unmarked(&selected.finer_kin) {
            Some(kin) => Some(kin),
            None if kin.is_fresh() => kin.shown,
            None => {
                let block = &selected.meta.block;
                let kin = context.source_watch.finer_kin(block, Since::AMomentAgo);
                kin.await?
            }
        };
        kin.map_or(Ok(()), |kin| Err(Stopped::MarkDeferred(kin)))
    }

    /// The source, looked at last, and the time that a mark may bear: there is one wherever none lies there.
    async fn look_before_marking(
        &self,
        selected: &Selected,
    ) -> Result<(Source, Option<AgreedTime>), Stopped> {
        if selected.bears_a_mark() {
            let source = self.look_at_source(selected).await?;
            if source.mark != MarkThere::Absent {
                return Ok((source, None));
            }
        }
        let (source, target) = (&self.context.source, &self.context.target);
        let now = agree(&self.context.clock, source, target).await?;
        Ok((self.look_at_source(selected).await?, Some(now)))
    }

    /// The block must still be what was copied, unless it is marked.
    async fn look_at_source(&self, selected: &Selected) -> Result<Source, Stopped> {
        let source = self.context.source.reader();
        let now = Look::now(source.list_block(selected.block.id)).await?;
        let mark = match standing(&selected.block, &now.shown) {
            Standing::Marked => MarkThere::Meanwhile,
            _ if now.shown.is_marked() && selected.bears_a_mark() => MarkThere::AllAlong,
            _ => MarkThere::Absent,
        };
        let objects = match mark {
            MarkThere::Absent => {
                let listed = now.shown.clone();
                let objects = as_surveyed(selected, source, listed).await?;
                now.map(|_| objects)
            }
            // Its compactor may be deleting it: the survey tells what belongs to it.
            MarkThere::AllAlong => now.map(|_| selected.block.objects.clone()),
            MarkThere::Meanwhile => now,
        };
        Ok(Source { objects, mark })
    }

    /// Finds out anew whether the target holds the block.
    async fn prove_again(
        &self,
        selected: &Arc<Selected>,
        held: Held,
        tally: &Arc<Tally>,
    ) -> Result<Held, Stopped> {
        match &held.proof.shown {
            Proof::Cover(cover) => self.still_covered(selected, cover.by()).await,
            Proof::Match(_) => {
                let source = self.look_at_source(selected).await?;
                if source.mark == MarkThere::Meanwhile {
                    // Whoever marked it answers for it.
                    return Ok(held);
                }
                let published = Published {
                    source: source.objects,
                    read: held.read,
                    written: held.written,
                };
                self.until_held(selected, published, tally).await
            }
        }
    }

    async fn mark_now(
        &self,
        proof: &Proof,
        source: &Inventory,
        now: AgreedTime,
    ) -> Result<MarkState, Stopped> {
        let context = &self.context;
        if !context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        match self.write_marks(proof, source, now).await {
            Ok(marked) => kept(marked),
            Err(err) => {
                if err.kind().refuses_every_mark() {
                    context.abort(format!("{err:#}"), err.kind());
                }
                Err(err.into())
            }
        }
    }

    async fn write_marks(
        &self,
        proof: &Proof,
        listed: &Inventory,
        now: AgreedTime,
    ) -> Result<Marked> {
        let context = &self.context;
        let (provenance, source) = (&context.provenance, &context.source);
        let bears_no_compact = listed.get(NO_COMPACT_MARK).is_some();
        let wanted = context.settings.no_compact_mark_source && !bears_no_compact;
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
}

fn too_slow(selected: &Selected, source: &Location) -> Stopped {
    let attempt = format!("look at {} and mark it in {source}", selected.block.id);
    let why = "each time one of the looks was old before the other was done";
    Error::new(Kind::Changed, attempt).because(why).into()
}

/// A mark of ours for the same target says what we would have said; one of somebody else ends the matter.
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
