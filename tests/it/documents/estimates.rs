//! What a plan says that its run will cost is what it costs.

use serde_json::Value;
use thanos_bucket::block::RunId;
use thanos_bucket::migrate::{Migrated, Mode};
use thanos_bucket::outcome::{Carrier, Estimate, Requests, Review};
use thanos_bucket::plan::{Purpose, Scope};
use thanos_bucket::report::{Document, Form, Header, Output, Rows, write};
use thanos_bucket::select::Cutoff;

use crate::support::block::Block;
use crate::support::memory::{World, now};
use crate::support::scripted::{Request, Scripted};

/// A bucket that puts an object only where none is need not be asked for a mark first.
const SPARED: u64 = 1;

/// Requests to both buckets, those of setting the world up included; listings of a whole bucket are shared by all blocks.
fn requests(world: &World) -> u64 {
    let requests = [world.source.requests(), world.target.requests()].concat();
    let of_blocks = requests.iter().filter(|(_, path)| !path.is_empty());
    of_blocks.count() as u64
}

/// The requests to one bucket by kind, without those that its twin was asked too.
fn by_kind(bucket: &Scripted, twin: &Scripted) -> Requests {
    let count = |bucket: &Scripted, kind: Request| {
        let requests = bucket.requests();
        let of_kind = requests
            .iter()
            .filter(|(request, path)| *request == kind && !path.is_empty());
        of_kind.count() as u64
    };
    let more = |kind| count(bucket, kind) - count(twin, kind);
    Requests {
        list: more(Request::List),
        get: more(Request::Get),
        put: more(Request::Put),
        copy: 0,
        delete: more(Request::Delete),
    }
}

/// As the plan tells it.
fn estimate(world: &World, migrated: &Migrated) -> u64 {
    let header = Header {
        run: RunId::generate(),
        started: now(),
        source: "s3://hot".to_owned(),
        target: Some("s3://cold".to_owned()),
        cutoff: world.task.rules.filter.cutoff.map(Cutoff::time),
    };
    let form = Form {
        output: Output::Json,
        rows: Rows::Auto,
        columns: None,
    };
    let mut out = Vec::new();
    let review = Review::new(&migrated.plan, &world.task.rules, None);
    write(form, &Document::of_migration(&header, &review), &mut out).unwrap();
    let plan: Value = serde_json::from_slice(&out).unwrap();
    plan["totals"]["requests_estimate"].as_u64().unwrap()
}

/// S-8.1, S-17.8: planning apart, for it is over when the estimate is made.
#[tokio::test(start_paused = true)]
async fn a_small_migration_takes_as_many_requests_as_its_plan_says() {
    takes_as_many_as_its_plan_says(Purpose::Move, "migrated", SPARED).await;
}

/// S-8.1, S-14.1
#[tokio::test(start_paused = true)]
async fn a_small_replication_takes_as_many_requests_as_its_plan_says() {
    takes_as_many_as_its_plan_says(Purpose::Copy, "replicated", 0).await;
}

async fn takes_as_many_as_its_plan_says(purpose: Purpose, copied: &str, spared: u64) {
    let block = || Block::new('A').days(0, 1);
    for (theirs, expected) in [
        (None, copied),
        (Some(block()), "already-there"),
        (Some(block().without("index")), "repaired"),
        (Some(Block::new('Z').days(0, 1).sources("A")), "covered"),
        (Some(block().level(2)), "overwritten"),
    ] {
        let prepared = || {
            let mut world = World::new(&[block()]);
            world.task.rules.purpose = purpose;
            if expected == "overwritten" {
                world.task.rules.scope = Scope::Overwriting;
            }
            if let Some(theirs) = &theirs {
                theirs.write_to(&world.target);
            }
            world
        };
        let dry = prepared();
        let planned = dry.run_as(Mode::DryRun).await.unwrap();
        let world = prepared();
        assert_eq!(world.run().await.unwrap().endings(), [expected]);
        let took = requests(&world) - requests(&dry);
        assert_eq!(took + spared, estimate(&dry, &planned), "{expected}");
        let review = Review::new(&planned.plan, &dry.task.rules, None);
        let Estimate { asked, .. } = Estimate::of(&review, Carrier::Here, None);
        let mut source = by_kind(&world.source, &dry.source);
        source.get += spared;
        assert_eq!(source, asked.source, "{expected}");
        let target = by_kind(&world.target, &dry.target);
        assert_eq!(target, asked.target, "{expected}");
    }
}
