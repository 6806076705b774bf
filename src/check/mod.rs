//! Whether buckets are fit for a migration: what one needs is tried, one thing after the other, or said not to have been.
//!
//! Nothing is written, unless that was asked for: then a small object of this run's own, which is removed again.

mod judgement;
mod trying;
mod writing;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use crate::block::RunId;
use crate::bucket::{
    Access, Backend, Bucket, BucketConfig, CopiedBy, Keeping, MissingRoot, Role, ServerSide,
};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Signal;
use crate::outcome::{About, Checked, Findings};
use crate::retry::Policy;
use crate::trace::{step, within};
use crate::verb::clocks::Clock;
use crate::verb::probe;
use trying::{Listed, Seen};
use writing::{Other, Writing};

/// What is looked at, and how.
#[derive(Debug)]
pub struct Task {
    /// The bucket whose blocks would be moved.
    pub source: BucketConfig,
    /// The bucket that would receive them.
    pub target: Option<BucketConfig>,
    /// Whether a small object is put, and removed again: into the target, or into the one bucket that there is.
    pub write_probe: bool,
    /// When requests are repeated.
    pub retry: Policy,
}

/// How long a probe may take to be removed after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// Tries it all. What does not work is a finding, not an error.
///
/// Errors: a signal asked for the end.
pub async fn check(task: &Task, run: &RunId, clock: &Clock, stop: &Stop) -> Result<Checked> {
    let mut findings = Findings::default();
    let (source, target) = tokio::select! {
        opened = open(task, &mut findings) => opened,
        signal = stop.wait() => return Err(stopped(signal)),
    };
    let written = target
        .as_ref()
        .or(source.as_ref().filter(|_| task.target.is_none()));
    let begun = AtomicBool::new(false);
    let asked = {
        let looking = async {
            let buckets = (source.as_ref(), target.as_ref());
            let how = How {
                run,
                clock,
                stop,
                begun: &begun,
            };
            look(task, how, buckets, &mut findings).await;
            Ok::<_, Error>(())
        };
        let mut looking = std::pin::pin!(within(step!("check"), looking));
        tokio::select! {
            // What is done counts, even if the end comes at the same moment.
            biased;
            looked = &mut looking => {
                looked?;
                None
            }
            signal = stop.wait() => {
                let mut ended = true;
                if begun.load(Ordering::Relaxed) {
                    warn!(
                        object = %probe::name(run),
                        "the probe is being removed; a second signal may leave it in the bucket"
                    );
                    // What is under way is ended and removed, and nothing is begun.
                    ended = timeout(GRACE, looking).await.is_ok();
                }
                Some((signal, ended))
            }
        }
    };
    if let Some((signal, ended)) = asked {
        if let Some(bucket) = written.filter(|_| !ended) {
            let removed = timeout(GRACE, probe::remove(bucket, run)).await;
            if !matches!(removed, Ok(Ok(()))) {
                warn!(
                    object = %probe::name(run),
                    "the probe may be left in the bucket; a migration into it removes it when it is a day old"
                );
            }
        }
        return Err(stopped(signal));
    }
    let mut policies = vec![(Role::Source, task.source.policy(Role::Source, None))];
    let target = match &task.target {
        Some(target) => Some(target.policy(Role::Target, Some(&task.source))),
        // The one bucket is written as a target is.
        None => task
            .write_probe
            .then(|| task.source.policy(Role::Target, None)),
    };
    policies.extend(target.map(|policy| (Role::Target, policy)));
    Ok(findings.checked(policies))
}

fn stopped(signal: Signal) -> Error {
    Error::new(Kind::Cancelled, "finish the check").because(signal.as_str())
}

/// Opens both buckets, as far as that goes.
async fn open(task: &Task, findings: &mut Findings) -> (Option<Bucket>, Option<Bucket>) {
    let access = |is_written: bool| {
        if task.write_probe && is_written {
            Access::Write
        } else {
            Access::Read
        }
    };
    let mut opened = |about, config: &BucketConfig, result: Result<Backend>| {
        for (key, value) in config.understood() {
            findings.note(about, "understood", format!("{key}: {value}"));
        }
        for warning in config.warnings() {
            findings.note(about, "warning", warning.clone());
        }
        match result {
            Ok(backend) => Some(Bucket::new(backend, task.retry.clone())),
            Err(err) => {
                findings.failed(about, "open", &err);
                None
            }
        }
    };
    let is_alone = task.target.is_none();
    let source = task.source.open(access(is_alone), MissingRoot::Error).await;
    let source = opened(About::Source, &task.source, source);
    let target = match &task.target {
        Some(config) => {
            let target = config.open(access(true), MissingRoot::Empty).await;
            opened(About::Target, config, target)
        }
        None => None,
    };
    (source, target)
}

/// How it is looked.
#[derive(Clone, Copy)]
struct How<'a> {
    run: &'a RunId,
    clock: &'a Clock,
    stop: &'a Stop,
    /// Whether something may lie in the bucket that is to be removed again.
    begun: &'a AtomicBool,
}

async fn look(
    task: &Task,
    how: How<'_>,
    (source, target): (Option<&Bucket>, Option<&Bucket>),
    findings: &mut Findings,
) {
    let source = match source {
        Some(bucket) => one(About::Source, bucket, how.clock, findings).await,
        None => None,
    };
    let target = match target {
        Some(bucket) => one(About::Target, bucket, how.clock, findings).await,
        None => None,
    };
    let class = task
        .target
        .as_ref()
        .and_then(|config| judgement::storage_classes(config, findings));
    let mut service = None;
    if let (Some(source), Some(target)) = (&source, &target) {
        let (from, to) = (source.bucket.reader(), target.bucket.reader());
        let between = ServerSide::between(from, to, CopiedBy::Auto);
        judgement::between(from, to, between.as_ref(), findings);
        service = between.ok();
    } else if task.target.is_some() {
        let which = if source.is_none() { "source" } else { "target" };
        let why =
            format!("the {which} cannot be listed, so that nothing between the two was tried");
        findings.untried(About::Both, "two-buckets", why.clone());
        findings.untried(About::Both, "copy", why);
    }
    let is_two = source.is_some() && target.is_some();
    let (about, written) = match &task.target {
        Some(_) => (About::Target, target.as_ref()),
        None => (About::Source, source.as_ref()),
    };
    let unwritten = match written {
        None => Some("it cannot be listed"),
        Some(_) if !task.write_probe => Some(UNASKED),
        Some(_) => None,
    };
    if let Some(why) = unwritten {
        findings.untried(about, "write", why);
        if class.is_some() {
            findings.untried(about, "storage-class", why);
        }
        if is_two {
            findings.untried(About::Both, "two-buckets", why);
        }
    } else if let Some(listed) = written {
        let writing = Writing {
            about,
            listed,
            class: class.as_deref(),
            run: how.run,
            stop: how.stop,
            begun: how.begun,
        };
        let other = source.as_ref().filter(|_| is_two).map(|source| Other {
            reader: source.bucket.reader(),
            meta: source.meta.as_ref(),
            service: service.as_ref(),
        });
        writing.try_it(other, findings).await;
    }
    if task.target.is_some() {
        let why = "marks are put when a migration puts them: the first mark of a run shows whether they may be";
        findings.untried(About::Source, "mark", why);
    }
}

const UNASKED: &str = "no probe was put: without --write-probe nothing is written";

/// Looks at one bucket. Nothing more is asked of one that cannot be listed.
async fn one<'a>(
    about: About,
    bucket: &'a Bucket,
    clock: &Clock,
    findings: &mut Findings,
) -> Option<Listed<'a>> {
    let seen = trying::reading(about, bucket.reader(), findings).await;
    trying::clock(about, bucket, clock, findings).await;
    let Seen { meta, is_missing } = seen?;
    let keeping = bucket.reader().keeping().await;
    let keeps_deleted = keeping.as_ref().is_some_and(Keeping::keeps_deleted);
    judgement::keeping(about, keeping, findings);
    Some(Listed {
        bucket,
        meta,
        keeps_deleted,
        is_missing,
    })
}
