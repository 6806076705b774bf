//! Cleaning up: what may have been left behind in a bucket is looked for, each is judged, and what may go is removed, once a fresh look bears that out.

mod found;
mod judging;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use tokio::time::Instant;

use crate::at_once::OBJECTS_AT_ONCE;
use crate::audit::{Ended, Event, Subject, Trail};
use crate::block::BlockId;
use crate::bucket::{Backend, Bucket, BucketReader};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Signal;
use crate::outcome::{CleanEnding, Cleaned, Leftover};
use crate::plan::Warning;
use crate::progress::Progress;
use crate::retry::Policy;
use crate::trace::{step, within};
use crate::verb::cleanup::{Removal, remove_begun, remove_copy, remove_overwrite, remove_probe};
use crate::verb::clocks::{Clock, agree_on_ages, agree_on_ages_so_far};
use found::{Found, Handle};
use judging::judge;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Task {
    /// Only what was written last before this goes.
    pub before: DateTime<Utc>,
    /// Only what lies in the directories of these blocks; everything where there are none.
    pub ids: BTreeSet<BlockId>,
    /// Whether nothing is removed.
    pub is_dry: bool,
    /// When requests are repeated.
    pub retry: Policy,
}

/// How long what is in hand may go on after a signal.
const GRACE: Duration = Duration::from_secs(30);

/// Removes what was left behind in `bucket`, or tells what it would remove. Copies are told from others' uploads by the source, where one is given,
/// which is only read.
///
/// Errors: what keeps it from beginning, with nothing removed; that clocks differ too much for ages to be known is one.
pub async fn clean_up(
    task: &Task,
    source: Option<Backend>,
    bucket: Backend,
    clock: &Clock,
    (progress, trail): (&Arc<Progress>, &Trail),
    stop: &Stop,
) -> Result<Cleaned> {
    let begun = Instant::now();
    let source = source.map(|source| BucketReader::new(source, task.retry.clone()));
    let source = source.as_ref();
    let mut cleaned = if task.is_dry {
        let reader = BucketReader::new(bucket, task.retry.clone());
        let agreed = async { agree_on_ages_so_far(clock(), &reader) };
        let cleaned = look(task, source, &reader, agreed, (progress, stop))
            .await?
            .0;
        let mut leftovers = cleaned.leftovers.iter();
        leftovers.try_for_each(|one| tell(trail, one))?;
        cleaned
    } else {
        let bucket = Bucket::new(bucket, task.retry.clone());
        let agreed = async { agree_on_ages(clock, &bucket).await.map(drop) };
        let watched = (progress, stop);
        let (mut cleaned, handles) = look(task, source, bucket.reader(), agreed, watched).await?;
        cleaned.is_dry = false;
        let hands = Hands {
            source,
            bucket: &bucket,
            before: task.before,
        };
        carry_out(&hands, handles, (progress, trail), stop, &mut cleaned).await;
        cleaned
    };
    cleaned.elapsed = begun.elapsed();
    Ok(cleaned)
}

/// Looks for what was left behind, and judges it. Ages decide, so that the clocks have to be `agreed` on before.
async fn look(
    task: &Task,
    source: Option<&BucketReader>,
    bucket: &BucketReader,
    agreed: impl Future<Output = Result<()>>,
    (progress, stop): (&Arc<Progress>, &Stop),
) -> Result<(Cleaned, Vec<Handle>)> {
    let looking = async {
        let found = within(step!("survey"), Found::look(bucket, &task.ids)).await?;
        agreed.await?;
        let (mut cleaned, handles) = judge(task.before, found, source, bucket).await?;
        let keeps = keeps_versions(&cleaned, bucket).await;
        cleaned.warnings.extend(keeps);
        Ok((cleaned, handles))
    };
    tokio::select! {
        looked = progress.surveyed_by(looking) => looked,
        signal = stop.wait() => Err(stopped(signal)),
    }
}

/// A signal came before anything was done.
#[must_use]
pub fn stopped(signal: Signal) -> Error {
    let attempt = format!("look at the buckets before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}

/// What is deleted frees nothing where the bucket keeps it.
async fn keeps_versions(cleaned: &Cleaned, bucket: &BucketReader) -> Option<Warning> {
    let mut leftovers = cleaned.leftovers.iter();
    if !leftovers.any(|one| one.ending == CleanEnding::ToRemove && one.objects > 0) {
        return None;
    }
    let keeps = bucket.keeping().await?.keeps_deleted();
    keeps.then(|| Warning {
        name: "keeps-versions",
        text: format!(
            "{} keeps what is deleted, so that removed objects free nothing until their versions expire",
            bucket.location()
        ),
        blocks: Vec::new(),
    })
}

/// Where things are removed, and by what they are judged.
struct Hands<'a> {
    source: Option<&'a BucketReader>,
    bucket: &'a Bucket,
    before: DateTime<Utc>,
}

/// What came of one of them, and whether no other can fare better.
struct Done {
    position: usize,
    ending: CleanEnding,
    detail: Option<String>,
    ends_the_run: bool,
}

async fn carry_out(
    hands: &Hands<'_>,
    handles: Vec<Handle>,
    (progress, trail): (&Arc<Progress>, &Trail),
    stop: &Stop,
    cleaned: &mut Cleaned,
) {
    let mut leftovers = cleaned.leftovers.iter();
    let told = leftovers.try_for_each(|one| match one.ending {
        CleanEnding::ToRemove => tell_selected(trail, one),
        _ => tell(trail, one),
    });
    let mut due = Vec::new();
    for (position, (leftover, handle)) in cleaned.leftovers.iter_mut().zip(handles).enumerate() {
        if leftover.ending == CleanEnding::ToRemove {
            leftover.ending = CleanEnding::NotFinished;
            due.push((position, handle));
        }
    }
    if let Err(err) = told {
        cleaned.stopped_by = Some(format!("{err:#}"));
        return;
    }
    progress.start(due.len() as u64, 0, None);
    let mut working = stream::iter(due)
        .take_until(Box::pin(stop.wait()))
        .map(|(position, handle)| async move {
            let counted = progress.block(0);
            counted.begins();
            let name = handle.name();
            let span = step!("leftover", name = name.as_str());
            // What nobody could be told of is not begun.
            let of = Subject::Object(&name, None, None);
            if let Err(err) = trail.tell(&Event::Started(of)) {
                return Done {
                    position,
                    ending: CleanEnding::NotFinished,
                    detail: Some(format!("{err:#}")),
                    ends_the_run: true,
                };
            }
            let (ending, detail, ends_the_run) = match within(span, hands.remove(&handle)).await {
                Ok(removal) => {
                    let (ending, detail) = ended(removal);
                    (ending, detail, false)
                }
                Err(err) => {
                    let concerns_all = err.kind().concerns_whole_bucket();
                    (CleanEnding::Failed, Some(format!("{err:#}")), concerns_all)
                }
            };
            Done {
                position,
                ending,
                detail,
                ends_the_run,
            }
        })
        .buffer_unordered(OBJECTS_AT_ONCE * 2);
    let mut graced = std::pin::pin!(async {
        stop.wait().await;
        tokio::time::sleep(GRACE).await;
    });
    loop {
        let done = tokio::select! {
            done = working.next() => done,
            () = &mut graced => break,
        };
        let Some(done) = done else { break };
        let Some(leftover) = cleaned.leftovers.get_mut(done.position) else {
            continue;
        };
        leftover.ending = done.ending;
        leftover.detail = done.detail;
        if let Err(err) = tell(trail, leftover) {
            cleaned.stopped_by = Some(format!("{err:#}"));
            break;
        }
        if done.ends_the_run {
            cleaned.stopped_by.clone_from(&leftover.detail);
            break;
        }
    }
    if !cleaned.is_complete() {
        cleaned.signal = stop.asked();
    }
}

fn subject(leftover: &Leftover) -> Subject<'_> {
    Subject::Object(&leftover.name, leftover.block, leftover.size_bytes)
}

fn tell_selected(trail: &Trail, leftover: &Leftover) -> Result<()> {
    trail.tell(&Event::Selected {
        of: subject(leftover),
        action: "remove",
        detail: Some(leftover.kind.as_str()),
        to_put: None,
    })
}

fn tell(trail: &Trail, leftover: &Leftover) -> Result<()> {
    let ended = Ended {
        ending: leftover.ending.as_str(),
        detail: leftover.detail.as_deref(),
        proof: None,
        needs_a_person: leftover.ending.needs_a_person(),
        what_to_do: None,
    };
    trail.tell(&Event::Ended(subject(leftover), ended))
}

impl Hands<'_> {
    async fn remove(&self, handle: &Handle) -> Result<Removal> {
        let Self {
            source,
            bucket,
            before,
        } = *self;
        match handle {
            Handle::Copy(stored) => remove_copy(stored, bucket, before).await,
            Handle::Overwrite(id) => remove_overwrite(*id, bucket, before).await,
            Handle::Probe(path) => remove_probe(path, bucket, before).await,
            Handle::Begun(path, begun) => remove_begun(path, begun, source, bucket, before).await,
            Handle::None => Ok(Removal::Gone),
        }
    }
}

fn ended(removal: Removal) -> (CleanEnding, Option<String>) {
    match removal {
        Removal::Removed => (CleanEnding::Removed, None),
        Removal::Gone => (CleanEnding::Gone, None),
        Removal::TakenUp => (CleanEnding::TakenUp, None),
        Removal::Torn(why) => (CleanEnding::PublishedMeanwhile, Some(why)),
        Removal::Stays(stays, why) => (CleanEnding::Stays(stays), Some(why)),
    }
}
