//! Runs that move nothing: one takes marks back, one cleans up, one compares the buckets.

use std::sync::Arc;

use chrono::TimeDelta;
use thanos_bucket::Error;
use thanos_bucket::audit::Trail;
use thanos_bucket::block::Strength;
use thanos_bucket::bucket::Backend;
use thanos_bucket::engine::Stop;
use thanos_bucket::outcome::{Cleaned, TakenBack, Verification};
use thanos_bucket::select::Filter;
use thanos_bucket::verb::clocks::Clock;
use thanos_bucket::{cleanup, unmark, verify as verifying};

use super::{Circumstances, Sweep, Wish};

pub(super) async fn take_back(
    wish: &Wish,
    circumstances: &Circumstances,
    source: Backend,
    clock: &Clock,
    stop: &Stop,
) -> Result<TakenBack, Error> {
    let task = unmark::Task {
        take_back: wish.asked(),
        is_dry: circumstances.is_dry,
        retry: circumstances.settings.retry.clone(),
    };
    let trail = Trail::default();
    unmark::take_back(&task, source, clock, &Arc::default(), &trail, stop).await
}

pub(super) async fn clean_up(
    sweep: &Sweep,
    circumstances: &Circumstances,
    (source, target): (Backend, Backend),
    clock: &Clock,
    stop: &Stop,
) -> Result<Cleaned, Error> {
    let ids = sweep.ids.iter().map(|id| id.parse().unwrap());
    let task = cleanup::Task {
        before: clock() - TimeDelta::milliseconds(sweep.older_than_ms),
        ids: ids.collect(),
        is_dry: circumstances.is_dry,
        retry: circumstances.settings.retry.clone(),
    };
    let source = sweep.has_source.then_some(source);
    let watched = (&Arc::default(), &Trail::default());
    cleanup::clean_up(&task, source, target, clock, watched, stop).await
}

pub(super) async fn verify(
    content: Strength,
    circumstances: &Circumstances,
    (source, target): (Backend, Backend),
    stop: &Stop,
) -> Result<Verification, Error> {
    let settings = &circumstances.settings;
    let task = verifying::Task {
        filter: Filter::default(),
        of_run: None,
        content,
        deep: false,
        concurrency: settings.concurrency,
        retry: settings.retry.clone(),
        memory_limit: settings.memory_limit,
        bandwidth_limit: None,
        cache_dir: None,
    };
    let run = verifying::Run {
        progress: Arc::default(),
        trail: Trail::default(),
        stop: stop.clone(),
    };
    let buckets = verifying::Buckets {
        source,
        target: Some(target),
    };
    verifying::verify(&task, &run, buckets).await
}
