//! The second stage of a unit: what is proven to be held is marked, raw blocks first.

use super::ending::Finished;
use super::stopped::Stopped;
use super::unit::{Held, LOOK_AHEAD, UnitAtWork};
use crate::block::{BlockId, Cover, Proof};
use crate::clocks::agree;
use crate::copy::as_surveyed;
use crate::error::{Kind, Result};
use crate::mark::{Marked, NoCompact, mark, whose};
use crate::plan::{Halt, Mark, Selected, Standing, standing};
use crate::report::MarkState;
use crate::stored::read_meta;

/// What lies on the source block right before its mark.
enum Before {
    /// Nothing.
    Unmarked,
    /// A mark that it bore when it was surveyed.
    MarkedAllAlong,
    /// A mark that appeared meanwhile.
    MarkedMeanwhile,
}

impl UnitAtWork {
    pub(super) async fn mark_in_turn(
        &self,
        position: usize,
        selected: &Selected,
        held: Held,
    ) -> Result<Finished, Stopped> {
        self.marking.near(position, LOOK_AHEAD).await;
        let looked = self.look_before_marking(selected, held).await;
        let _turn = self.marking.turn(position).await;
        let (proof, before) = looked?;
        let mark = match before {
            Before::Unmarked => self.mark_now(selected, &proof).await?,
            Before::MarkedAllAlong => MarkState::Kept,
            Before::MarkedMeanwhile => {
                let source = &self.context.source;
                kept(whose(&proof, &self.context.provenance, source).await?)?
            }
        };
        self.context.remember_mark(selected.block.id);
        Ok(Finished { proof, mark })
    }

    /// The block must still be what was copied, and what covers it must still do so.
    async fn look_before_marking(
        &self,
        selected: &Selected,
        held: Held,
    ) -> Result<(Proof, Before), Stopped> {
        let context = &self.context;
        if !context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        let source = context.source.reader();
        let before = async {
            // What was listed and could not be found is gone by now, or is no mark.
            if selected.block.objects.is_marked() && !matches!(selected.block.mark, Mark::Absent) {
                return Ok(Before::MarkedAllAlong);
            }
            let now = source.list_block(selected.block.id).await?;
            if standing(&selected.block, &now) == Standing::Marked {
                return Ok(Before::MarkedMeanwhile);
            }
            as_surveyed(selected, source, now).await?;
            Ok::<_, Stopped>(Before::Unmarked)
        };
        let proof = async {
            match held {
                Held::Block(held) => Ok(Proof::Match(held)),
                Held::Cover(by) => Ok(Proof::Cover(self.still_covered(selected, by).await?)),
            }
        };
        let kin = async { Ok(context.watch.finer_kin(&selected.meta.block).await?) };
        let (before, proof, kin) = futures::try_join!(before, proof, kin)?;
        match kin {
            Some(kin) => Err(Stopped::MarkDeferred(kin)),
            None => Ok((proof, before)),
        }
    }

    async fn still_covered(&self, selected: &Selected, by: BlockId) -> Result<Cover, Stopped> {
        let target = self.context.target.reader();
        let meta = async { read_meta(target, by).await };
        let (meta, objects) = futures::try_join!(meta, target.list_block(by))?;
        meta.and_then(|(meta, _)| Cover::of(&selected.meta.block, &meta.block, &objects).ok())
            .ok_or(Stopped::NoLongerCovered(by))
    }

    async fn mark_now(&self, selected: &Selected, proof: &Proof) -> Result<MarkState, Stopped> {
        let context = &self.context;
        if !context.may_go_on() {
            return Err(Stopped::NotFinished);
        }
        if let Some(kin) = context.first_unmarked(&selected.finer_kin) {
            return Err(Stopped::MarkDeferred(kin));
        }
        let no_compact = if context.settings.no_compact_mark_source {
            NoCompact::Mark
        } else {
            NoCompact::Leave
        };
        let now = agree(&context.clock, &context.source, &context.target).await?;
        let marked = mark(proof, &context.provenance, no_compact, now, &context.source);
        match marked.await {
            Ok(marked) => kept(marked),
            Err(err) => {
                if matches!(err.kind(), Kind::Refused | Kind::Unsupported) {
                    context.abort(format!("{err:#}"), err.kind());
                }
                Err(err.into())
            }
        }
    }
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
