//! Where the blocks of two buckets are, or of one: both are looked at, and nothing is written.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use crate::bucket::{Backend, BucketReader, Cache, Common};
use crate::causes;
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::map::{Due, Map, Question};
use crate::outcome::Charted;
use crate::plan::{Rules, SourceBlock, TargetIndex, Warning, all_not_held, plan};
use crate::progress::Progress;
use crate::retry::Policy;
use crate::select::{Cutoff, Filter};
use crate::trace::{step, within};
use crate::verb::clocks::{Clock, judge};
use crate::verb::survey::{survey_one, survey_whole};

/// What is looked at, and how.
#[derive(Debug)]
pub struct Task {
    /// Which blocks; the cutoff leaves out none, and says what is due.
    pub filter: Filter,
    /// How long after the time in its mark compactors delete a block.
    pub delete_delay: TimeDelta,
    /// When requests are repeated.
    pub retry: Policy,
    /// Where small objects are kept from one run to the next.
    pub cache_dir: Option<PathBuf>,
}

/// What a survey found of one bucket or of two.
struct Surveyed {
    source: Vec<Arc<SourceBlock>>,
    /// `None` where there is no target.
    target: Option<TargetIndex>,
    warnings: Vec<Warning>,
}

/// Looks at the source, and at the target where there is one. `now` is the time from which ages count.
///
/// Errors: a bucket cannot be surveyed, or a signal asked for the end.
pub async fn status(
    task: &Task,
    (source, target): (Backend, Option<Backend>),
    now: DateTime<Utc>,
    clock: &Clock,
    progress: &Arc<Progress>,
    stop: &Stop,
) -> Result<Charted> {
    let common = Common {
        cache: Cache::open(task.cache_dir.clone())?,
        ..Common::default()
    };
    let reader = |backend| BucketReader::with(backend, task.retry.clone(), common.clone());
    let (source, target) = (reader(source), target.map(reader));
    let looking = within(
        step!("survey"),
        progress.surveyed_by(surveyed(task, &source, target.as_ref(), now)),
    );
    let mut surveyed = tokio::select! {
        surveyed = looking => surveyed?,
        signal = stop.wait() => {
            let attempt = format!("see where blocks are before {} came", signal.as_str());
            return Err(Error::new(Kind::Cancelled, attempt));
        }
    };
    common.cache.tidy().await;
    let buckets = [Some(&source), target.as_ref()];
    for bucket in buckets.into_iter().flatten() {
        surveyed
            .warnings
            .extend(wrong_clock(bucket, &source, clock));
    }
    for Warning { name, text, .. } in &surveyed.warnings {
        warn!(warning = name, "{text}");
    }
    let target_name = target.map(|target| target.location().to_string());
    Ok(step!("map").in_scope(|| charted(task, surveyed, target_name.as_deref(), now)))
}

async fn surveyed(
    task: &Task,
    source: &BucketReader,
    target: Option<&BucketReader>,
    now: DateTime<Utc>,
) -> Result<Surveyed> {
    let Some(target) = target else {
        let alone = survey_one(source).await?;
        return Ok(Surveyed {
            source: alone.blocks,
            target: None,
            warnings: alone.warnings,
        });
    };
    let rules = Rules::of(task.filter.clone());
    let found = survey_whole(source, target, &rules, now).await?;
    Ok(Surveyed {
        source: found.source,
        target: Some(found.target),
        warnings: found.warnings,
    })
}

/// Ages and deletions are told by this machine's clock: what a bucket's servers say of the time is compared with it.
fn wrong_clock(bucket: &BucketReader, source: &BucketReader, clock: &Clock) -> Option<Warning> {
    let reading = bucket.time_told()?;
    let err = judge(&reading, clock(), source, bucket.location()).err()?;
    Some(Warning {
        name: "clock",
        text: causes::deepest(&err),
        blocks: Vec::new(),
    })
}

fn charted(
    task: &Task,
    surveyed: Surveyed,
    target_name: Option<&str>,
    now: DateTime<Utc>,
) -> Charted {
    let Surveyed {
        source,
        target,
        warnings,
    } = surveyed;
    let not_held = match (&target, target_name) {
        (Some(target), Some(name)) => all_not_held(&source, target, name),
        _ => Vec::new(),
    };
    let question = Question {
        filter: Filter {
            cutoff: None,
            ..task.filter.clone()
        },
        delete_delay: task.delete_delay,
        now,
    };
    let mut map = Map::of(&source, target.as_ref(), &question);
    let due = task.filter.cutoff.map(|_| {
        let rules = Rules::of(task.filter.clone());
        let empty = TargetIndex::default();
        let target = target.as_ref().unwrap_or(&empty);
        let plan = plan(&source, target, &rules, target_name.unwrap_or_default());
        Due::of_plan(&plan)
    });
    if let Some(due) = &due {
        map.note_due(due);
    }
    Charted {
        map,
        due,
        not_held,
        warnings,
        delete_delay: task.delete_delay,
        cutoff: task.filter.cutoff.map(Cutoff::time),
        now,
    }
}
