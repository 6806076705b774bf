//! A staged block is published as a migration publishes: its data is copied, both sides are looked at again, `meta.json` goes last, and the bucket is
//! proven to hold it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{Span, info, warn};

use super::build::{Built, Part};
use super::held::{Kin, obstacles};
use super::jobs::{Job, beside};
use super::shared::{Shared, Turn};
use super::task::Overlap;
use crate::block::{Difference, META_JSON, MetaFile, ReadBack};
use crate::error::{Error, Kind, Result};
use crate::history::{Beside, Ending, Range, WindowOutcome};
use crate::plan::{Existing, Halt, Put};
use crate::progress::BlockProgress;
use crate::retry::Backoff;
use crate::stored::Stored;
use crate::trace::{step, within};
use crate::verb::copy::{Manner, Tally, copy, look};
use crate::verb::prove::Verdict;
use crate::verb::publish::{Publisher, prepare, publish, unpublish};
use crate::verb::survey::survey_block;

/// Publishes what was made of a window, and says how that ended.
pub(super) async fn published(
    shared: &Shared,
    job: &Job,
    part: Part,
    (turn, progress): (Option<Turn<'_>>, BlockProgress),
) -> WindowOutcome {
    let built = match part {
        Part::Empty => return job.ends(Ending::Empty, None),
        Part::Block(built) => built,
        Part::Unfit(why, left_out) => {
            let mut beside = Beside::default();
            beside.leave_out(left_out);
            shared.beside(beside);
            return job.ends(Ending::Refused, Some(why));
        }
    };
    let came = bring_to_target(shared, &built, (turn, progress)).await;
    shared.staging.remove_block(built.id);
    let ends = |ending, why| WindowOutcome {
        block: Some(built.id),
        sums: built.sums,
        ..job.ends(ending, why)
    };
    match came {
        Ok(Came::Written) => ends(Ending::Written, None),
        Ok(Came::Repaired) => ends(
            Ending::Written,
            Some("it was there and lacked objects, which were put".to_owned()),
        ),
        Ok(Came::AlreadyThere(how)) => ends(Ending::AlreadyThere, how),
        Ok(Came::Refused(why)) => ends(Ending::Refused, Some(why)),
        Ok(Came::NotFinished(why)) => ends(Ending::NotFinished, why),
        Err(err) => {
            let outcome = shared.failed(job, &err);
            // A bucket that cannot be reached is so for every window.
            if err.kind().is_transient() && shared.course.may_go_on() {
                shared.course.end(&err);
            }
            outcome
        }
    }
}

/// Notes on the span of a window how it ended.
pub(super) fn conclude(span: &Span, outcome: WindowOutcome) -> WindowOutcome {
    span.record("outcome", outcome.ending.as_str());
    if outcome.ending == Ending::Failed {
        span.record("otel.status_code", "ERROR");
    }
    outcome
}

/// So long a look at the bucket is fresh.
const FRESH: Duration = Duration::from_secs(5);

/// What became of a staged block.
#[derive(Debug)]
enum Came {
    /// This run published it.
    Written,
    /// The bucket holds it, as itself or as a part of another block, which is told.
    AlreadyThere(Option<String>),
    /// The bucket held it, and lacked objects of it, which this run put.
    Repaired,
    /// Others are in its way.
    Refused(String),
    /// The run ended first, or it waits for another window.
    NotFinished(Option<String>),
}

/// Why a try ended.
enum Stopped {
    Refused(String),
    Failed(Error),
    /// It is published, and the bucket lacks some of it.
    Torn(Vec<Difference>),
}

impl From<Halt> for Stopped {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Failed(err) => Self::Failed(err),
            Halt::Conflict(conflict) => Self::Refused(conflict.to_string()),
            Halt::Superseded(why) => Self::Refused(why),
            Halt::Vanished => {
                let attempt = "read the staged block";
                Self::Failed(Error::new(Kind::Other, attempt).because("it is gone"))
            }
        }
    }
}

impl From<Error> for Stopped {
    fn from(err: Error) -> Self {
        Self::Failed(err)
    }
}

/// Publishes it, unless the bucket holds it or has no room for it. What may pass is tried again.
async fn bring_to_target(
    shared: &Shared,
    built: &Built,
    (mut turn, progress): (Option<Turn<'_>>, BlockProgress),
) -> Result<Came> {
    let seen = Arc::new(survey_block(&shared.staged, built.id).await?);
    let meta = seen.meta().cloned().ok_or_else(|| {
        let attempt = format!("read meta.json of {} in the staging folder", built.id);
        Error::new(Kind::Other, attempt)
    })?;
    let work = Work {
        shared,
        built,
        stored: Stored::new(shared.staged.clone(), seen, Arc::<MetaFile>::clone(&meta)),
        tally: Tally::new(progress),
    };
    work.tally.work_begins();
    let mut backoff = Backoff::new(&shared.retry);
    let mut was_published = false;
    let mut torn_by = Vec::new();
    let came = loop {
        let err = match work.attempt(&mut turn, &mut was_published).await {
            Ok(came) => break Ok(came),
            Err(Stopped::Refused(why)) => break Ok(Came::Refused(why)),
            Err(Stopped::Torn(differences)) => {
                let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
                torn_by = differences;
                let location = shared.target.reader().location();
                let attempt = format!("prove that {location} holds {}", built.id);
                Error::new(Kind::Transient, attempt).because(words.join(", "))
            }
            Err(Stopped::Failed(err)) if err.kind().is_worth_another_start() => err,
            Err(Stopped::Failed(err)) => break Err(err),
        };
        let Some(delay) = backoff.next_delay() else {
            // That the bucket lost something of it concerns this block alone.
            let is_torn = !torn_by.is_empty();
            let kind = if is_torn { Kind::Other } else { err.kind() };
            let attempt = format!("publish {}", built.id);
            break Err(Error::new(kind, attempt).because(err));
        };
        warn!(block = %built.id, ?delay, err = format!("{err:#}"), "the block is not published yet, and is tried again after the delay");
        if shared.course.pause(delay).await.is_err() {
            break Ok(Came::NotFinished(None));
        }
    };
    if was_published && !torn_by.is_empty() && !matches!(came, Ok(Came::Written)) {
        let _last_act = shared.means.last_acts.token();
        let (stored, target) = (&work.stored, &shared.target);
        unpublish(stored, &torn_by, &shared.provenance, target).await?;
    }
    came
}

/// A block on its way.
struct Work<'a> {
    shared: &'a Shared,
    built: &'a Built,
    stored: Stored,
    tally: Tally,
}

impl Work<'_> {
    /// One try. `was_published` tells whether this run may have put `meta.json`.
    async fn attempt(
        &self,
        turn: &mut Option<Turn<'_>>,
        was_published: &mut bool,
    ) -> Result<Came, Stopped> {
        let (shared, stored, id) = (self.shared, &self.stored, self.built.id);
        let target = &shared.target;
        // It is looked at once more before meta.json is put.
        let kin = shared.held.kin().await;
        if !*was_published && let Some(came) = self.needs_nothing(&kin) {
            return Ok(came);
        }
        let lacked = kin.iter().any(|one| one.id == id && one.lacks);
        let manner = Manner {
            put: Put::Differing,
            existing: Existing::Keep,
            was_published: *was_published,
        };
        let seen = look(stored, target.reader(), manner).await?;
        let copying = copy(stored, seen, target, manner, &shared.means, &self.tally);
        let copied = within(step!("copy"), copying).await?;
        drop(turn.take());
        let read = ReadBack::default();
        let doubt = &self.tally.doubt;
        let ready = prepare(stored, &copied, &shared.prover, &read, doubt).await?;
        let is_there = ready.is_published();
        if !is_there && let Some(came) = self.may_not_publish().await? {
            return Ok(came);
        }
        let publishing = within(step!("publish"), publish(stored, &ready, target)).await;
        if let Err(Halt::Failed(err)) = &publishing
            && err.kind().leaves_open_what_was_done()
        {
            *was_published = true;
        }
        let publisher = publishing?;
        *was_published |= publisher == Publisher::ThisRun;
        shared.order.passes(self.built.window);
        let (source, read) = ready.into_parts();
        let proving = shared.prover.prove(stored, &source, &read);
        match within(step!("prove"), proving).await? {
            Verdict::Held(_) => {}
            Verdict::Lacking(differences) => return Err(Stopped::Torn(differences)),
        }
        if !*was_published {
            let beside = self.stands_beside().await?;
            let there = || {
                if lacked {
                    Came::Repaired
                } else {
                    Came::AlreadyThere(None)
                }
            };
            return Ok(beside.map_or_else(there, Came::Refused));
        }
        if let Some(why) = self.gives_way().await? {
            return Ok(Came::Refused(why));
        }
        info!(block = %id, window = %self.built.window, samples = self.built.sums.samples, bytes = self.built.sums.bytes, "block published");
        Ok(Came::Written)
    }

    /// Looks at the bucket, and waits for the windows before it; what came of it where it is not to be published.
    async fn may_not_publish(&self) -> Result<Option<Came>> {
        loop {
            // What was true before the copy need not be so any more.
            let kin = self.shared.held.kin_now().await?;
            if let Some(came) = self.needs_nothing(&kin) {
                self.shared.leave_behind(self.built.id);
                return Ok(Some(came));
            }
            let began = Instant::now();
            if let Some(came) = self.waits().await {
                return Ok(Some(came));
            }
            // Nor what was seen before a wait.
            if began.elapsed() < FRESH {
                return Ok(None);
            }
        }
    }

    /// Waits for the windows before it, where they are not to be waited for in vain.
    async fn waits(&self) -> Option<Came> {
        let Work { shared, built, .. } = self;
        let turn = tokio::select! {
            turn = shared.order.turn_of(built.window) => turn,
            () = shared.means.cancel.cancelled() => return Some(Came::NotFinished(None)),
        };
        let why = |gap: Range| {
            format!(
                "it waits for {gap}, which is not written: a compactor would close the gap; with a --start behind it this is written all the same"
            )
        };
        turn.err().map(|gap| Came::NotFinished(Some(why(gap))))
    }

    /// Where others hold its samples already, or are in its way.
    fn needs_nothing(&self, kin: &[Arc<Kin>]) -> Option<Came> {
        let id = self.built.id;
        let holds =
            |one: &&Arc<Kin>| one.id != id && one.holds_samples() && one.sources.contains(&id);
        if let Some(by) = kin.iter().find(holds) {
            return Some(Came::AlreadyThere(Some(format!("as a part of {}", by.id))));
        }
        let is_there = kin.iter().any(|one| one.id == id);
        if is_there || self.shared.overlap == Overlap::Allow {
            return None;
        }
        let range = self.built.range;
        let by = obstacles(kin, range).next()?;
        let why = if by.is_of(&self.shared.plan.to_string()) {
            let Kin { id, range, .. } = &**by;
            format!("{id} holds {range}, and the source tells something else now")
        } else {
            by.says()
        };
        Some(Came::Refused(why))
    }

    /// Of a block that another run published: why it does not hold its time alone, if so.
    async fn stands_beside(&self) -> Result<Option<String>> {
        let Work { shared, built, .. } = self;
        if shared.overlap == Overlap::Allow {
            return Ok(None);
        }
        let mut kin = shared.held.kin().await;
        if !kin.iter().any(|one| one.id == built.id) {
            kin = shared.held.kin_now().await?;
        }
        Ok(beside(built.id, built.range, &kin))
    }

    /// Of two that published at once, the later one sees the earlier one now, and takes its block back; so do both where both see each other.
    async fn gives_way(&self) -> Result<Option<String>> {
        let Work { shared, built, .. } = self;
        let kin = shared.held.kin_now().await?;
        // A compactor may have been faster.
        let holds = |one: &Arc<Kin>| {
            one.id != built.id && one.holds_samples() && one.sources.contains(&built.id)
        };
        if shared.overlap == Overlap::Allow || kin.iter().any(holds) {
            return Ok(None);
        }
        let by = obstacles(&kin, built.range).find(|one| one.id != built.id);
        let Some(by) = by else {
            return Ok(None);
        };
        let _last_act = shared.means.last_acts.token();
        shared.target.delete(&built.id.object(META_JSON)).await?;
        shared.leave_behind(built.id);
        Ok(Some(format!("{}, and appeared meanwhile", by.says())))
    }
}
