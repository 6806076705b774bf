//! Asks two query APIs the same, and compares what they answer. Nothing is written.

mod ask;
mod parity;
mod resolutions;
mod stores;
mod task;

pub use task::{Sides, Task};

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::Instant;
use tracing::info;

use crate::cutover::parity::Compared;
use crate::cutover::{CutOver, Example, Finding, Moved, Range, Scope, Side, Weight, moved};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::outcome::Verification;
use crate::promql::Client;

/// Both sides of a task, once each has shown that it is such a server.
///
/// Errors: one does not answer as such a server does; or a signal came first.
pub async fn open(task: &Task, stop: &Stop) -> Result<Sides> {
    let open = async |side: Side, access| {
        let opened = Client::open(access, &task.limits).await;
        opened.map_err(|err| err.attempting(format!("open the {} of queries", side.as_str())))
    };
    let opening = async {
        let source = open(Side::Source, &task.source);
        let target = open(Side::Target, &task.target);
        let (source, target) = tokio::try_join!(source, target)?;
        for (side, client) in [(Side::Source, &source), (Side::Target, &target)] {
            info!(
                side = side.as_str(),
                server = client.place(),
                product = %client.server(),
                "querier answers"
            );
        }
        Ok(Sides { source, target })
    };
    unless_stopped(stop, Box::pin(opening)).await
}

/// Compares both sides over the range of the blocks that the verification found to be moved, or that of the task.
///
/// What cannot be asked is a finding, and so much is told as was found when a signal came.
pub async fn compare(
    task: &Task,
    sides: &Sides,
    verification: Option<Verification>,
    stop: &Stop,
) -> CutOver {
    let begun = Instant::now();
    let moved = verification
        .as_ref()
        .and_then(|verification| moved(verification, task.cutoff_ms));
    let of_blocks = moved.as_ref().map(|moved| moved.range);
    let min_ms = task.min_ms.or(of_blocks.map(|range| range.min_ms));
    let max_ms = task.max_ms.or(of_blocks.map(|range| range.max_ms));
    let range = min_ms.zip(max_ms);
    let range = range.map(|(min_ms, max_ms)| Range { min_ms, max_ms });
    let range = range.filter(|range| range.min_ms < range.max_ms);
    let mut found = CutOver {
        scope: Scope {
            source: sides.source.place().to_owned(),
            source_server: sides.source.server().clone(),
            target: sides.target.place().to_owned(),
            target_server: sides.target.server().clone(),
            range,
        },
        queries: Vec::new(),
        others: Vec::new(),
        counted: Vec::new(),
        verification,
        waived: task.waived.clone(),
        signal: None,
        stopped_by: None,
        elapsed: begun.elapsed(),
    };
    let verification = found.verification.as_ref();
    if verification.is_some_and(|found| !found.is_complete()) {
        return found;
    }
    found.others.extend(of_the_buckets(task, &found, moved));
    let asking = asked(task, sides, range, &mut found);
    let signal = tokio::select! {
        () = asking => None,
        signal = stop.wait() => Some(signal),
    };
    found.signal = signal;
    let is_nothing = found.samples() == 0 && found.counted.iter().all(|(_, many)| *many == 0);
    let differs = found.standing(Weight::Difference).next().is_some();
    if signal.is_none() && is_nothing && !differs {
        let why = if range.is_none() && found.verification.is_some() {
            "no sample was compared: no block is marked and held by the target, so that there is no range to compare"
        } else {
            "no sample was compared: that both sides have nothing proves nothing"
        };
        found.others.push(unseen("nothing-compared", why));
    }
    found.elapsed = begun.elapsed();
    found
}

/// What the blocks say of the range.
fn of_the_buckets(task: &Task, found: &CutOver, moved: Option<Moved>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if found.verification.is_none() {
        let why = "no buckets were given, so that it is not known what they hold";
        findings.push(unseen("buckets-not-compared", why));
        return findings;
    }
    let Some(moved) = moved else {
        let why = "of the blocks that were verified none was moved: neither is one marked and held, nor do both buckets have one";
        findings.push(unseen("no-moved-block", why));
        return findings;
    };
    if task.min_ms.is_some() && task.max_ms.is_some() {
        return findings;
    }
    if let Some((many, id)) = moved.cut_by {
        let why = format!(
            "block {id} was not moved, and its samples lie among those of the moved blocks: the range that is compared leaves them out"
        );
        findings.push(Finding {
            weight: Weight::Note,
            count: many,
            ..unseen("range-cut", &why)
        });
    }
    if let Some(id) = moved.over_all {
        let why = format!(
            "block {id} was not moved, and lies over the whole range: of its samples the target rightly has none"
        );
        findings.push(unseen("not-moved", &why));
    }
    findings
}

/// Asks everything, and adds what comes of it, piece by piece.
async fn asked(task: &Task, sides: &Sides, range: Option<Range>, found: &mut CutOver) {
    let begun = stores::look(sides).await;
    found.others.extend(stores::judged(sides, &begun, range));
    if task.queries.is_empty() {
        let why = "no queries were given: what both sides hold was counted at most, and no value was compared";
        found.others.push(Finding {
            weight: Weight::Note,
            ..unseen("no-queries", why)
        });
    }
    let asking = task
        .queries
        .iter()
        .map(|query| ask::both(task, sides, query, range));
    // Results come in the order of the queries.
    let mut asking = stream::iter(asking).buffered(task.concurrency.get());
    let mut told = Instant::now();
    while let Some(result) = asking.next().await {
        found.queries.push(result);
        if told.elapsed() >= WORTH_A_LINE {
            told = Instant::now();
            let (done, total) = (found.queries.len(), task.queries.len());
            info!(done, total, "queries are compared");
        }
    }
    drop(asking);
    let not_asked = resolutions::not_asked(task, sides, found.verification.as_ref());
    found.others.extend(not_asked);
    if task.parity {
        count(task, sides, range, found).await;
    } else {
        found.others.push(skipped());
    }
    found.others.extend(stores::changed(sides, &begun).await);
}

/// How often it is told how far the queries are.
const WORTH_A_LINE: Duration = Duration::from_secs(30);

/// Compares what both sides hold over the range, where one is known.
async fn count(task: &Task, sides: &Sides, range: Option<Range>, found: &mut CutOver) {
    let Some(range) = range else {
        let why = "there is no range in which samples could be counted: expected --min-time and --max-time, or buckets";
        found.others.push(unseen("samples-not-seen", why));
        return;
    };
    let at_once = task.concurrency.get();
    for (resolution, place) in resolutions::counted(task, sides, found.verification.as_ref()) {
        let side = |client: &Client| match resolution {
            Some(resolution) => client.clone().at_resolution(resolution),
            None => client.clone(),
        };
        let (source, target) = (side(&sides.source), side(&sides.target));
        let parity = parity::Task {
            range,
            at_once,
            place,
        };
        let parity = Box::pin(parity::compare(parity, &source, &target)).await;
        found.others.extend(parity.findings);
        if resolution.is_none() && parity.compared != Compared::default() {
            found.counted.extend(parity.compared.counted());
        }
    }
}

fn skipped() -> Finding {
    let why =
        "what both sides hold beside the answers to queries was not compared, as --no-parity asks";
    Finding {
        weight: Weight::Note,
        ..unseen("parity-skipped", why)
    }
}

fn unseen(kind: &'static str, why: &str) -> Finding {
    Finding {
        kind,
        place: None,
        side: None,
        weight: Weight::Unseen,
        count: 1,
        first: Example {
            text: Some(why.to_owned()),
            ..Example::default()
        },
    }
}

async fn unless_stopped<T>(stop: &Stop, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        signal = stop.wait() => {
            let attempt = format!("compare both sides before {} came", signal.as_str());
            Err(Error::new(Kind::Cancelled, attempt))
        }
    }
}
