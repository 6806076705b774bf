//! Whether buckets are fit for a migration: what one needs is tried, one thing after the other, or said not to have been.
//!
//! Nothing is written, unless that was asked for: then a small object of this run's own, which is removed again.

mod judgement;
mod trying;

use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use crate::block::{BlockId, Object, RunId};
use crate::bucket::{
    Access, Backend, Bucket, BucketConfig, CopiedBy, MissingRoot, Role, ServerSide,
};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Signal;
use crate::outcome::{About, Checked, Findings};
use crate::retry::Policy;
use crate::trace::{step, within};
use crate::verb::clocks::Clock;
use crate::verb::probe;

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
    let looking = async {
        let buckets = (source.as_ref(), target.as_ref());
        look(task, run, clock, buckets, &mut findings).await;
        Ok::<_, Error>(())
    };
    tokio::select! {
        // What is done counts, even if the end comes at the same moment.
        biased;
        looked = within(step!("check"), looking) => looked?,
        signal = stop.wait() => {
            if let Some(bucket) = written.filter(|_| task.write_probe) {
                let removed = probe::remove(bucket, run);
                if !matches!(timeout(GRACE, removed).await, Ok(Ok(()))) {
                    warn!("the probe object may be left in the bucket; a later run removes it");
                }
            }
            return Err(stopped(signal));
        }
    }
    let mut policies = vec![(Role::Source, task.source.policy(Role::Source))];
    policies.extend(
        task.target
            .as_ref()
            .map(|target| (Role::Target, target.policy(Role::Target))),
    );
    Ok(findings.checked(policies))
}

fn stopped(signal: Signal) -> Error {
    Error::new(Kind::Cancelled, "finish the check").because(signal.as_str())
}

/// Opens both buckets, as far as that goes.
async fn open(task: &Task, findings: &mut Findings) -> (Option<Bucket>, Option<Bucket>) {
    let access = if task.write_probe {
        Access::Write
    } else {
        Access::Read
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
    let source = task.source.open(access, MissingRoot::Error).await;
    let source = opened(About::Source, &task.source, source);
    let target = match &task.target {
        Some(config) => {
            let target = config.open(access, MissingRoot::Empty).await;
            opened(About::Target, config, target)
        }
        None => None,
    };
    (source, target)
}

async fn look(
    task: &Task,
    run: &RunId,
    clock: &Clock,
    (source, target): (Option<&Bucket>, Option<&Bucket>),
    findings: &mut Findings,
) {
    let source = match source {
        Some(bucket) => one(About::Source, bucket, clock, findings).await,
        None => None,
    };
    let target = match target {
        Some(bucket) => one(About::Target, bucket, clock, findings).await,
        None => None,
    };
    let class = task
        .target
        .as_ref()
        .and_then(BucketConfig::own_storage_class);
    if let Some((key, class)) = class {
        findings.note(About::Target, "storage-class", format!("{class}, by {key}"));
    }
    match (source, target) {
        (Some((source, meta)), Some((target, _))) => {
            let service = ServerSide::between(source.reader(), target.reader(), CopiedBy::Auto);
            judgement::between(source.reader(), target.reader(), service.as_ref(), findings);
            if task.write_probe {
                trying::two_buckets(source.reader(), target, run, findings).await;
                trying::writing(About::Target, target, run, findings).await;
                if let (Ok(service), Some(meta)) = (&service, &meta) {
                    trying::copying(source.reader(), target, service, meta, run, findings).await;
                }
            } else {
                let why = "no probe was put: without --write-probe nothing is written";
                findings.untried(About::Target, "write", why);
                findings.untried(About::Both, "two-buckets", why);
            }
            let why = "marks are put when a migration puts them: the first mark of a run shows whether they may be";
            findings.untried(About::Source, "mark", why);
        }
        (Some((bucket, _)), None) if task.target.is_none() && task.write_probe => {
            trying::writing(About::Source, bucket, run, findings).await;
        }
        _ => {}
    }
}

/// Looks at one bucket. Returns it, with the `meta.json` of one of its blocks, if it can be listed: nothing more is asked otherwise.
async fn one<'a>(
    about: About,
    bucket: &'a Bucket,
    clock: &Clock,
    findings: &mut Findings,
) -> Option<(&'a Bucket, Option<(BlockId, Object)>)> {
    let listed = trying::reading(about, bucket.reader(), findings).await;
    trying::clock(about, bucket, clock, findings).await;
    let meta = listed?;
    judgement::keeping(about, bucket.reader().keeping().await, findings);
    Some((bucket, meta))
}
