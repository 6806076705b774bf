//! What would keep every block from being marked is found before the first one is copied: buckets that are one, and clocks that differ.

use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use super::source::Source;
use super::task::{Run, stopped};
use crate::bucket::{Bucket, BucketReader};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::trace::{step, within};
use crate::verb::clocks::{agree, judge};
use crate::verb::probe::{self, Found, Probed};
use crate::verb::survey::Survey;

/// Compares the clocks, if the plan marks anything, and puts a probe into the target. Leftover probes of killed runs are removed on the way. After a
/// signal this run's probe is removed, for which there is time until the `grace` is over.
///
/// Errors: what keeps the run from beginning, with no block touched.
pub(super) async fn pass(
    run: &Run,
    grace: Duration,
    (source, target): (&Source, &Bucket),
    plan: &Plan,
    survey: &Survey,
) -> Result<()> {
    let to_be_marked = source.to_be_marked().filter(|_| plan.marks());
    let probing = async {
        if let Some(source) = to_be_marked {
            agree(&run.clock, source, target).await?;
        }
        probe::sweep(target, &survey.leftover_probes).await?;
        probe::probe(source.reader(), target, &run.id).await
    };
    let probing = within(step!("probe"), probing);
    let probed = tokio::select! {
        // What is done counts, even if the end comes at the same moment.
        biased;
        probed = probing => probed?,
        signal = run.stop.wait() => {
            // The answer may be lost, so that only the target knows whether the probe was put.
            let removed = probe::remove(target, &run.id);
            if !matches!(timeout(grace, removed).await, Ok(Ok(()))) {
                warn!("the probe object may be left in the target; a later run removes it");
            }
            return Err(stopped(signal, "look whether source and target are one bucket"));
        }
    };
    refuse_one_bucket(&probed, source.reader(), target.reader())?;
    if let Some(source) = to_be_marked {
        judge_clocks(run, &probed, source, target)?;
    }
    Ok(())
}

fn refuse_one_bucket(probed: &Probed, source: &BucketReader, target: &BucketReader) -> Result<()> {
    let (from, to) = (source.location(), target.location());
    match probed.found {
        Found::Two => Ok(()),
        Found::One => Err(Error::usage(format!(
            "source {from} and target {to} are the same bucket: an object put into the target was found in the source"
        ))),
        Found::Unlisted => Err(Error::usage(format!(
            "target {to} does not list an object that was just put there: endpoint, bucket or prefix name another place in listings than for \
             objects"
        ))),
    }
}

fn judge_clocks(run: &Run, probed: &Probed, source: &Bucket, target: &Bucket) -> Result<()> {
    if let Some(reading) = &probed.put_at {
        let whose = target.reader().location();
        judge(reading, (run.clock)(), source.reader(), whose)?;
    }
    let times = [
        source.reader().time_told(),
        target.reader().time_told().or(probed.put_at),
    ];
    for (bucket, _) in [source, target]
        .into_iter()
        .zip(times)
        .filter(|(_, time)| time.is_none())
    {
        warn!(
            bucket = %bucket.reader().location(),
            "the bucket does not tell what time it is there, so that this machine's clock, from which compactors count, is not compared with it"
        );
    }
    Ok(())
}
