//! Whether the target holds a published block: it is proven, mended where it lost objects, or taken back.

use std::sync::Arc;

use tracing::warn;

use super::context::{Context, NotYet};
use super::look::Look;
use super::stopped::Stopped;
use super::unit::UnitAtWork;
use super::watch::Since;
use crate::block::{BlockId, Cover, Difference, Inventory, Match, Proof, ReadBack};
use crate::bucket::{Bucket, Listings};
use crate::error::{Error, Kind, Result};
use crate::plan::{Conflict, Halt, Selected};
use crate::retry::Backoff;
use crate::stored::read_meta;
use crate::trace::{step, within};
use crate::verb::copy::{Tally, look_again};
use crate::verb::publish::{Ready, unpublish};

/// A block whose `meta.json` lies in the target.
pub(super) struct Published {
    /// Its objects in the source.
    pub(super) source: Look<Inventory>,
    /// What was read of it in both buckets.
    pub(super) read: ReadBack,
    /// Whether this run wrote the `meta.json`, so that it may take it back.
    pub(super) written: bool,
}

/// A block that the target holds.
pub(super) struct Held {
    pub(super) proof: Look<Proof>,
    /// What was read of it in both buckets.
    pub(super) read: ReadBack,
    /// Whether this run wrote its `meta.json`.
    pub(super) written: bool,
}

/// How often a block that changes or loses objects after it was published is proven anew, or mended before it is taken back.
const MENDS: usize = 3;

impl Published {
    pub(super) fn of(ready: Look<Ready>, written: bool) -> Self {
        let mut read = ReadBack::default();
        let source = ready.map(|ready| {
            let (source, known) = ready.into_parts();
            read = known;
            source
        });
        Self {
            source,
            read,
            written,
        }
    }

    /// Those differences that readers of the target miss.
    fn torn_by(&self, selected: &Selected, differences: &[Difference]) -> Vec<Difference> {
        let meta = Some(&selected.meta.block);
        let read_by_thanos = self.source.shown.what_thanos_reads(meta);
        let tears = |one: &&Difference| tears(one, &read_by_thanos);
        differences.iter().filter(tears).cloned().collect()
    }
}

impl Held {
    /// As the plan says, to be looked at before anything is written.
    pub(super) fn planned(proof: Proof) -> Self {
        Self::by(Look::planned(proof))
    }

    fn by(proof: Look<Proof>) -> Self {
        Self {
            proof,
            read: ReadBack::default(),
            written: false,
        }
    }
}

impl UnitAtWork {
    /// Proves that the target holds the published block, or a block made of it; mends what it lost meanwhile, or takes back what this run
    /// published.
    pub(super) async fn until_held(
        &self,
        selected: &Arc<Selected>,
        mut published: Published,
        tally: &Arc<Tally>,
    ) -> Result<Held, Stopped> {
        let mut lost = Vec::new();
        let mut torn_by = Vec::new();
        let mut stopped = None;
        for mends_left in (0..=MENDS).rev() {
            let proving = within(step!("prove"), self.prove(selected, &published));
            let proven = Look::now(proving).await?;
            let proven = published.source.dating(proven);
            let differences = match &proven.shown {
                Ok(held) => {
                    let proof = Proof::Match(held.clone());
                    return Ok(Held {
                        proof: proven.map(|_| proof),
                        read: published.read,
                        written: published.written,
                    });
                }
                Err(differences) => differences,
            };
            let is_going =
                |one: &Difference| matches!(one, Difference::Marked | Difference::NoMeta);
            if differences.iter().any(is_going)
                && let Some(cover) = self.covered_meanwhile(selected).await?
            {
                return Ok(Held::by(cover.map(Proof::Cover)));
            }
            nobody_else_is_at(differences)?;
            lost.clone_from(differences);
            torn_by = published.torn_by(selected, differences);
            // What could not be mended is looked at once more: another run may have mended it.
            if mends_left == 0 || stopped.is_some() {
                break;
            }
            let bytes_differ = |one: &Difference| matches!(one, Difference::Content(_));
            if differences.iter().any(bytes_differ) {
                tally.distrust();
            }
            warn!(block = %selected.block.id, err = in_words(&lost), "published block lost objects; they are put again");
            match self.mend(selected, tally, &mut published.written).await {
                Ok(mended) => published = mended,
                Err(err) => stopped = Some(err),
            }
        }
        if published.written {
            self.take_back(selected, &torn_by).await?;
        }
        Err(stopped.unwrap_or_else(|| {
            let location = self.context.target.reader().location();
            let attempt = format!("prove that {location} holds {}", selected.block.id);
            Stopped::Halt(Halt::Failed(
                Error::new(Kind::Corrupt, attempt).because(in_words(&lost)),
            ))
        }))
    }

    /// Takes back what this run may have published and gives up now, where it is torn. Whoever else is at the block meanwhile sees to it.
    pub(super) async fn take_back_if_torn(
        &self,
        selected: &Selected,
        published: &Published,
    ) -> Result<(), Stopped> {
        let proven = within(step!("prove"), self.prove(selected, published)).await?;
        match proven {
            Err(differences) if nobody_else_is_at(&differences).is_ok() => {
                let torn_by = published.torn_by(selected, &differences);
                self.take_back(selected, &torn_by).await
            }
            _ => Ok(()),
        }
    }

    async fn take_back(&self, selected: &Selected, torn_by: &[Difference]) -> Result<(), Stopped> {
        if torn_by.is_empty() {
            return Ok(());
        }
        let context = &self.context;
        let (source, target) = (context.source.reader(), &context.target);
        let _last_act = context.means.last_acts.token();
        let taken_back = unpublish(selected, torn_by, &context.provenance, source, target).await;
        taken_back.map_err(|err| left_torn(selected, torn_by, &err, target))?;
        Ok(())
    }

    /// Proves, and tries again while somebody is at work on the block in one of the buckets. Where that is the source and the block is gone,
    /// the published copy may be all that is left of it, and stays.
    async fn prove(
        &self,
        selected: &Selected,
        published: &Published,
    ) -> Result<Result<Match, Vec<Difference>>, Stopped> {
        let context = &self.context;
        let mut tries = 1..MENDS;
        let mut lag = Backoff::new(&context.settings.retry);
        loop {
            let proven = context
                .prover
                .prove(selected, &published.source.shown, &published.read)
                .await;
            match proven {
                Err(err) if err.kind().wants_a_fresh_look() && tries.next().is_some() => {
                    look_again(selected, context.source.reader()).await?;
                }
                Ok(Err(differences)) if self.may_be_lag(&differences) => {
                    // Even a run that ends says what it finds now, and acts on it.
                    let Some(delay) = lag.next_delay() else {
                        return Ok(Err(differences));
                    };
                    if context.pause(delay).await.is_err() {
                        return Ok(Err(differences));
                    }
                }
                proven => return Ok(proven?),
            }
        }
    }

    /// Whether the objects may be there, and the target's listing not say so yet. What is asked for by name is not among them.
    fn may_be_lag(&self, differences: &[Difference]) -> bool {
        let by_name = |one: &Difference| {
            matches!(
                one,
                Difference::Marked
                    | Difference::NoMeta
                    | Difference::OtherMeta
                    | Difference::BeingOverwritten
            )
        };
        self.context.target.reader().listings() == Listings::Lagging
            && !differences.iter().any(by_name)
    }

    /// Puts again what the target lost, `meta.json` included. It is `written` by this run as soon as one attempt to put it may have come through.
    async fn mend(
        &self,
        selected: &Arc<Selected>,
        tally: &Arc<Tally>,
        written: &mut bool,
    ) -> Result<Published, Stopped> {
        // Even a run that starts nothing new must not leave behind a published block that lacks objects.
        let copied = self
            .copy_in_slot(selected, tally, Context::may_go_on)
            .await?;
        // Unlike a published block, one that is gone is not brought back beside a block that holds all of it.
        self.unsuperseded(selected, &copied, Since::AMomentAgo)
            .await?;
        let mut backoff = Backoff::new(&self.context.settings.retry);
        let mut tried = false;
        loop {
            let nothing = ReadBack::default();
            let ready = self
                .look_right_before(selected, &copied, nothing, tally)
                .await?;
            let publishing = self.try_to_publish(selected, &ready.shown, tried, tally);
            match publishing.await {
                Ok(now) => {
                    *written |= now;
                    return Ok(Published::of(ready, *written));
                }
                Err(stopped) => {
                    tried |= stopped.leaves_open_what_was_done();
                    *written |= tried;
                    let err = stopped.passing()?;
                    let (context, block) = (&self.context, selected.block.id);
                    let waiting =
                        context.before_another_try(block, NotYet::Published, err, &mut backoff);
                    waiting.await?;
                }
            }
        }
    }

    /// What the target's mark, or the loss of a cover, says of the block where another one was made of it meanwhile; otherwise why it stopped.
    pub(super) async fn or_covered(
        &self,
        selected: &Selected,
        stopped: Stopped,
    ) -> Result<Held, Stopped> {
        match self.covered_meanwhile(selected).await? {
            Some(cover) => Ok(Held::by(cover.map(Proof::Cover))),
            None => Err(stopped),
        }
    }

    /// A block that appeared in the target since the survey, and was made of this one.
    async fn covered_meanwhile(&self, selected: &Selected) -> Result<Option<Look<Cover>>, Stopped> {
        let block = &selected.meta.block;
        let newcomers = self.context.target_watch.newcomers(Since::Now).await?;
        for new in newcomers.iter().map(|new| &new.block) {
            if new.group == block.group && new.has_all_sources_of(block) {
                let cover = Look::now(self.cover(selected, new.id)).await?;
                if let Some(found) = cover.shown.clone() {
                    return Ok(Some(cover.map(|_| found)));
                }
            }
        }
        Ok(None)
    }

    /// Whether that block of the target covers this one now.
    async fn cover(&self, selected: &Selected, by: BlockId) -> Result<Option<Cover>> {
        let target = self.context.target.reader();
        let objects = target.list_block(by).await?;
        if objects.meta().is_none() {
            return Ok(None);
        }
        let meta = read_meta(target, by, objects.meta()).await?;
        Ok(meta.and_then(|(meta, _)| Cover::of(&selected.meta.block, &meta.block, &objects).ok()))
    }

    /// Looks again at what covers the block.
    pub(super) async fn still_covered(
        &self,
        selected: &Selected,
        by: BlockId,
    ) -> Result<Held, Stopped> {
        let cover = Look::now(self.cover(selected, by)).await?;
        match cover.shown.clone() {
            Some(found) => Ok(Held::by(cover.map(|_| Proof::Cover(found)))),
            None => {
                self.or_covered(selected, Stopped::NoLongerCovered(by))
                    .await
            }
        }
    }
}

/// Whether readers of the target miss it: a mark that appeared in the source meanwhile is none of their business.
fn tears(difference: &Difference, read_by_thanos: &Inventory) -> bool {
    match difference {
        Difference::Missing(name) | Difference::Content(name) | Difference::Size { name, .. } => {
            read_by_thanos.get(name).is_some()
        }
        _ => true,
    }
}

/// Ends the matter where somebody else has taken over the block in the target.
fn nobody_else_is_at(differences: &[Difference]) -> Result<(), Stopped> {
    for difference in differences {
        let conflict = match difference {
            Difference::Marked => Conflict::Marked,
            Difference::OtherMeta => Conflict::OtherMeta,
            _ => continue,
        };
        return Err(Stopped::Halt(Halt::Conflict(conflict)));
    }
    Ok(())
}

/// The worst that a run can leave behind is said as it is.
fn left_torn(selected: &Selected, torn_by: &[Difference], err: &Error, target: &Bucket) -> Error {
    let (id, location) = (selected.block.id, target.reader().location());
    let attempt = format!("take back meta.json of {id}, which {location} holds published and torn");
    let why = format!("{err:#}; {}", in_words(torn_by));
    Error::new(err.kind(), attempt).because(why)
}

fn in_words(differences: &[Difference]) -> String {
    let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
    words.join(", ")
}
