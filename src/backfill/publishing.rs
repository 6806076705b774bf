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
use crate::history::{Beside, Ending, WindowOutcome};
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
        Part::Empty => return job.tells_nothing(),
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
        Ok(Came::GaveWay(why)) => {
            // The other one may have given way as well.
            shared.order.leaves_a_gap(job.range);
            ends(Ending::Refused, Some(why))
        }
        Ok(Came::NotFinished(why)) => WindowOutcome {
            block: Some(built.id),
            ..job.ends(Ending::NotFinished, why)
        },
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
    /// Others were in its way once it was published, and it was taken back.
    GaveWay(String),
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
    (turn, progress): (Option<Turn<'_>>, BlockProgress),
) -> Result<Came> {
    let seen = Arc::new(survey_block(&shared.staged, built.id).await?);
    let meta = seen.meta().cloned().ok_or_else(|| {
        let attempt = format!("read meta.json of {} in the staging folder", built.id);
        Error::new(Kind::Other, attempt)
    })?;
    let mut work = Work {
        shared,
        built,
        turn,
        was_published: false,
        is_copied: false,
        meta_json: MetaJson::Absent,
        stored: Stored::new(shared.staged.clone(), seen, Arc::<MetaFile>::clone(&meta)),
        tally: Tally::new(progress),
    };
    work.tally.work_begins();
    let mut backoff = Backoff::new(&shared.retry);
    let mut torn_by = Vec::new();
    let came = loop {
        let err = match work.attempt().await {
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
    if work.was_published && !torn_by.is_empty() && !matches!(came, Ok(Came::Written)) {
        let _last_act = shared.means.last_acts.token();
        let (stored, target) = (&work.stored, &shared.target);
        unpublish(stored, &torn_by, &shared.provenance, target).await?;
        work.meta_json = MetaJson::Perhaps;
    }
    if work.meta_json == MetaJson::Perhaps {
        let reader = shared.target.reader();
        let is_there = reader.exists(&built.id.object(META_JSON)).await;
        work.meta_json = match is_there {
            Ok(true) => MetaJson::There,
            Ok(false) | Err(_) => MetaJson::Absent,
        };
    }
    came
}

/// Whether the target has the `meta.json`, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MetaJson {
    Absent,
    /// Nobody told what became of it.
    Perhaps,
    There,
}

/// A block on its way.
struct Work<'a> {
    shared: &'a Shared,
    built: &'a Built,
    stored: Stored,
    tally: Tally,
    /// Until its data was copied.
    turn: Option<Turn<'a>>,
    /// Whether this run may have put `meta.json`.
    was_published: bool,
    is_copied: bool,
    meta_json: MetaJson,
}

/// However it ends, and be it in the midst of a copy: data without `meta.json` is told.
impl Drop for Work<'_> {
    fn drop(&mut self) {
        let has_data = self.is_copied || self.tally.sent.objects() > 0;
        if has_data && self.meta_json == MetaJson::Absent {
            self.shared.leave_behind(self.built.id);
        }
    }
}

impl Work<'_> {
    /// One try.
    async fn attempt(&mut self) -> Result<Came, Stopped> {
        let (shared, id) = (self.shared, self.built.id);
        let target = &shared.target;
        // It is looked at once more before meta.json is put.
        let kin = shared.held.kin();
        if !self.was_published
            && let Some(came) = self.needs_nothing(&kin)
        {
            return Ok(came);
        }
        let lacked = kin.iter().any(|one| one.id == id && one.lacks);
        if kin.iter().any(|one| one.id == id) {
            self.meta_json = MetaJson::There;
        } else if !self.was_published
            && let Some(came) = self.is_held_up()
        {
            return Ok(came);
        }
        let manner = Manner {
            put: Put::Differing,
            existing: Existing::Keep,
            was_published: self.was_published,
        };
        let seen = look(&self.stored, target.reader(), manner).await?;
        let copying = copy(
            &self.stored,
            seen,
            target,
            manner,
            &shared.means,
            &self.tally,
        );
        let copied = within(step!("copy"), copying).await?;
        self.is_copied = true;
        drop(self.turn.take());
        let read = ReadBack::default();
        let doubt = &self.tally.doubt;
        let ready = prepare(&self.stored, &copied, &shared.prover, &read, doubt).await?;
        if ready.is_published() {
            self.meta_json = MetaJson::There;
        } else {
            self.meta_json = MetaJson::Absent;
            if let Some(came) = self.may_not_publish().await? {
                return Ok(came);
            }
        }
        let publishing = within(step!("publish"), publish(&self.stored, &ready, target)).await;
        if let Err(Halt::Failed(err)) = &publishing
            && err.kind().leaves_open_what_was_done()
        {
            self.was_published = true;
            self.meta_json = MetaJson::Perhaps;
        }
        let publisher = publishing?;
        self.meta_json = MetaJson::There;
        if publisher == Publisher::ThisRun {
            self.was_published = true;
            let Built { range, window, .. } = *self.built;
            shared
                .held
                .is_put(Kin::put(id, range, (shared.plan, window)));
        }
        let (source, read) = ready.into_parts();
        let proving = shared.prover.prove(&self.stored, &source, &read);
        let proving = within(step!("prove"), proving);
        // The windows behind this one wait for both.
        let looking = async {
            if self.was_published {
                Some(shared.held.kin_now().await)
            } else {
                None
            }
        };
        let (proven, kin) = futures::join!(proving, looking);
        match proven? {
            Verdict::Held(_) => {}
            Verdict::Lacking(differences) => return Err(Stopped::Torn(differences)),
        }
        let Some(kin) = kin.transpose()? else {
            let beside = self.stands_beside().await?;
            let there = || {
                if lacked {
                    Came::Repaired
                } else {
                    Came::AlreadyThere(None)
                }
            };
            return Ok(beside.map_or_else(there, Came::Refused));
        };
        if let Some(why) = self.gives_way(&kin).await? {
            return Ok(Came::GaveWay(why));
        }
        info!(block = %id, window = %self.built.window, samples = self.built.sums.samples, bytes = self.built.sums.bytes, "block published");
        Ok(Came::Written)
    }

    /// Waits for the windows before it, and looks at the bucket; what came of it where it is not to be published.
    async fn may_not_publish(&self) -> Result<Option<Came>> {
        let held = &self.shared.held;
        let copied = Instant::now();
        if let Some(came) = self.waits().await {
            return Ok(Some(came));
        }
        // What was true before the copy need not be so any more. The window before this one has mostly just looked.
        let kin = match held.kin_within(copied.elapsed().min(FRESH)) {
            Some(kin) => kin,
            None => held.kin_now().await?,
        };
        Ok(self.needs_nothing(&kin))
    }

    /// Waits for the windows before it, where they are not to be waited for in vain.
    async fn waits(&self) -> Option<Came> {
        let Self { shared, built, .. } = self;
        let turn = tokio::select! {
            turn = shared.order.turn_of(built.window) => turn,
            () = shared.means.cancel.cancelled() => return Some(Came::NotFinished(None)),
        };
        turn.err()
            .map(|gap| shared.waits_for(gap))
            .map(Came::NotFinished)
    }

    /// Whether it is known already that it waits in vain.
    fn is_held_up(&self) -> Option<Came> {
        let gap = self.shared.order.gap_before(self.built.window)?;
        Some(Came::NotFinished(self.shared.waits_for(gap)))
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
            let Kin {
                id, range, lacks, ..
            } = &**by;
            let lacks = if *lacks { " and lacks objects" } else { "" };
            format!("{id} holds {range}{lacks}, and the source tells something else now")
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
        let mut kin = shared.held.kin();
        if !kin.iter().any(|one| one.id == built.id) {
            kin = shared.held.kin_now().await?;
        }
        Ok(beside(built.id, built.range, &kin))
    }

    /// Of two that published at once, the later one sees the earlier one now, and takes its block back; so do both where both see each other.
    async fn gives_way(&mut self, kin: &[Arc<Kin>]) -> Result<Option<String>> {
        let (shared, built) = (self.shared, self.built);
        // A compactor may have been faster.
        let holds = |one: &Arc<Kin>| {
            one.id != built.id && one.holds_samples() && one.sources.contains(&built.id)
        };
        if shared.overlap == Overlap::Allow || kin.iter().any(holds) {
            return Ok(None);
        }
        let by = obstacles(kin, built.range).find(|one| one.id != built.id);
        let Some(by) = by else {
            return Ok(None);
        };
        let _last_act = shared.means.last_acts.token();
        shared.target.delete(&built.id.object(META_JSON)).await?;
        self.meta_json = MetaJson::Absent;
        Ok(Some(format!("{}, and appeared meanwhile", by.says())))
    }
}
