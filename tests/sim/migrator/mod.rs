//! One run of the product: its own flow, from opened buckets to the ending, under circumstances that the seed decides.

mod circumstances;
mod errand;
mod others;
mod run;
mod sweep;
mod trail;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use thanos_bucket::Error;
use thanos_bucket::block::{Provenance, RunId};
use thanos_bucket::bucket::{
    Backend, Listings, Location, Multipart, Prefix, Reading, ServerClock, Sizes,
};
use thanos_bucket::engine::Stop;
use thanos_bucket::exit::{Exit, Signal};
use thanos_bucket::migrate::{Buckets, Migrated, Mode, ReplicaTarget, Task, migrate};
use thanos_bucket::outcome::{Cleaned, Results, TakenBack, Verification, exit_of};
use thanos_bucket::plan::{Existing, Plan, Rules, Scope};
use thanos_bucket::select::Cutoff;
use thanos_bucket::verb::clocks::Clock;
use tokio::time::{Instant, sleep};

use crate::store::Store;
use crate::world::{Side, World};
pub(crate) use circumstances::{CLOCKS_MAY_DIFFER_MS, Circumstances, longest_ms};
pub(crate) use errand::{Errand, Wish};
pub(crate) use run::Run;
pub(crate) use sweep::Sweep;
use trail::trail;

pub(crate) const TARGET_NAME: &str = "s3://simulated/cold";

/// How a run came to its end by itself.
pub(crate) enum Ended {
    Migrated(Box<Moved>),
    TakenBack(Box<TakenBack>),
    CleanedUp(Box<Cleaned>),
    Verified(Box<Verification>),
}

/// What came of a migration.
pub(crate) struct Moved {
    pub(crate) plan: Plan,
    /// Nothing where it was a dry run.
    pub(crate) results: Option<Results>,
    pub(crate) ending: Exit,
}

/// How often those who do not wait for requests of the migrators get a turn.
const TURN: Duration = Duration::from_millis(200);

/// One run from beginning to end, or until it is killed; its number.
pub(crate) async fn run(world: &Arc<Mutex<World>>, circumstances: Circumstances) -> usize {
    let number = begin(world, &circumstances);
    let killed = Arc::clone(&world.lock().unwrap().runs[number].killed);
    let stop = Stop::new();
    let work = work(world, number, &circumstances, &stop);
    let signal = async {
        match circumstances.stops_at {
            Some(after) => sleep(after).await,
            None => std::future::pending().await,
        }
        stop.ask(Signal::Terminate);
        std::future::pending::<()>().await;
    };
    let turns = async {
        loop {
            sleep(TURN).await;
            world.lock().unwrap().tick();
        }
    };
    let ended = tokio::select! {
        biased;
        () = killed.notified() => None,
        () = sleep(circumstances.dies_at) => None,
        ended = work => Some(ended),
        () = signal => None,
        () = turns => None,
    };
    let mut world = world.lock().unwrap();
    let run = &mut world.runs[number];
    run.has_ended = ended.is_some();
    // Whoever is killed has no requests in hand.
    run.is_alive = ended.is_some();
    match ended {
        None => world.tell(|_| format!("run {number} is killed")),
        Some(ended) => {
            world.tell(|_| format!("run {number} ends"));
            world.judge_ending(number, ended);
        }
    }
    number
}

fn begin(world: &Mutex<World>, circumstances: &Circumstances) -> usize {
    let mut world = world.lock().unwrap();
    let number = world.runs.len();
    let begun_ms = world.now_ms();
    world.tell(|_| format!("run {number} begins: {circumstances:?}"));
    let mut is_alone = true;
    let migrates = circumstances.migrates();
    for run in &mut world.runs {
        let both = migrates && run.circumstances.migrates();
        if both && run.is_alive && !run.has_ended {
            run.is_alone = false;
            is_alone = false;
        }
    }
    world
        .runs
        .push(Run::new(circumstances.clone(), begun_ms, is_alone));
    world.note_what_is_held(number);
    number
}

/// A run's own id, the same whenever the seed is replayed.
fn run_id(number: usize) -> RunId {
    let details =
        format!("migrated to anywhere by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7Y{number:08}");
    Provenance::parse(&details).unwrap().run
}

async fn work(
    world: &Arc<Mutex<World>>,
    number: usize,
    circumstances: &Circumstances,
    stop: &Stop,
) -> Result<Ended, Error> {
    let clock = clock(world, circumstances.clock_ahead_ms);
    match &circumstances.errand {
        Errand::Migrate => {}
        Errand::Unmark(wish) => {
            let source = backend(world, number, Side::Source);
            let taken = others::take_back(wish, circumstances, source, &clock, stop).await?;
            return Ok(Ended::TakenBack(Box::new(taken)));
        }
        Errand::CleanUp(sweep) => {
            let source = backend(world, number, Side::Source);
            let target = backend(world, number, Side::Target);
            let buckets = (source, target);
            let cleaned = others::clean_up(sweep, circumstances, buckets, &clock, stop).await?;
            return Ok(Ended::CleanedUp(Box::new(cleaned)));
        }
        Errand::Verify(content) => {
            let source = backend(world, number, Side::Source);
            let target = backend(world, number, Side::Target);
            let found = others::verify(*content, circumstances, (source, target), stop).await?;
            return Ok(Ended::Verified(Box::new(found)));
        }
    }
    let task = Task {
        rules: rules(world, circumstances),
        mode: if circumstances.is_dry {
            Mode::DryRun
        } else {
            Mode::Execute
        },
        settings: circumstances.settings.clone(),
        replica_target: ReplicaTarget::Refuse,
    };
    let id = run_id(number);
    let this_run = thanos_bucket::migrate::Run {
        trail: trail(world, number, &id, &clock),
        id,
        started: clock(),
        begun: Instant::now(),
        clock,
        progress: Arc::default(),
        stop: stop.clone(),
    };
    let buckets = Buckets {
        source: backend(world, number, Side::Source),
        target: backend(world, number, Side::Target),
    };
    let Migrated { plan, results, .. } = migrate(&task, this_run, buckets).await?;
    let ending = exit_of(&plan, &task.rules, results.as_ref());
    Ok(Ended::Migrated(Box::new(Moved {
        plan,
        results,
        ending,
    })))
}

fn backend(world: &Arc<Mutex<World>>, run: usize, side: Side) -> Backend {
    let nature = world.lock().unwrap().nature;
    let (name, parts) = match side {
        Side::Source => ("hot", nature.source_parts),
        Side::Target => ("cold", nature.target_parts),
    };
    let store = Store {
        world: Arc::clone(world),
        side,
        run,
    };
    Backend {
        store: Arc::new(store),
        location: Location::named(&format!("s3://simulated/{name}")),
        prefix: Prefix::default(),
        part_size_bytes: (parts > 0).then_some(parts),
        multipart: Multipart::Allowed,
        sizes: Sizes::USUAL,
        etags: nature.etags,
        tells: None,
        listings: if nature.lag_ms > 0 && side == Side::Target {
            Listings::Lagging
        } else {
            Listings::Strong
        },
        clock: Some(Arc::new(RightClock(Arc::clone(world)))),
    }
}

/// The servers' clock, which is always right.
#[derive(Debug)]
struct RightClock(Arc<Mutex<World>>);

#[async_trait::async_trait]
impl ServerClock for RightClock {
    fn told(&self) -> Option<Reading> {
        let now = Instant::now();
        Some(Reading {
            time: clock(&self.0, 0)(),
            asked: now,
            answered: now,
        })
    }

    async fn ask(&self) -> Option<Reading> {
        self.told()
    }
}

/// A clock that is ahead by so much.
fn clock(world: &Arc<Mutex<World>>, ahead_ms: i64) -> Clock {
    let world = Arc::clone(world);
    Arc::new(move || {
        let now_ms = world.lock().unwrap().now_ms();
        DateTime::from_timestamp_millis(now_ms + ahead_ms).unwrap()
    })
}

fn rules(world: &Arc<Mutex<World>>, circumstances: &Circumstances) -> Rules {
    let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let world = world.lock().unwrap();
    Rules {
        purpose: circumstances.purpose,
        publish_order: world.nature.order,
        shard: circumstances.shard,
        verify: circumstances.verify,
        scope: match world.nature.existing {
            Existing::Overwrite => Scope::Overwriting,
            Existing::Keep if circumstances.includes_marked => Scope::Marked,
            Existing::Keep => Scope::Unmarked,
        },
        ..Rules::older_than(Cutoff::parse("2025-06-01", now).unwrap())
    }
}
