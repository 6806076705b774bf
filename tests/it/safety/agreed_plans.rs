//! Plans that are carried out by runs that are killed.

use thanos_bucket::block::RunId;
use thanos_bucket::migrate::Mode;
use thanos_bucket::outcome::Review;
use thanos_bucket::plan::Rules;
use thanos_bucket::report::{Document, Form, Header, Output, Rows, read_plan, write};
use thanos_bucket::select::Filter;

use crate::support::block::{Block, FIVE_MINUTES_MS};
use crate::support::memory::{World, now};
use crate::support::world::Contents;

/// The rules by which the plan of a dry run is carried out, as it is written and read.
async fn agreed(world: &World) -> Rules {
    let planned = world.run_as(Mode::DryRun).await.unwrap();
    let header = Header {
        run: RunId::generate(),
        started: now(),
        source: "s3://memory/hot".to_owned(),
        target: Some("s3://memory/cold".to_owned()),
        cutoff: None,
    };
    let form = Form {
        output: Output::Json,
        rows: Rows::Auto,
        columns: None,
    };
    let mut out = Vec::new();
    let review = Review::new(&planned.plan, &world.task.rules, None);
    write(form, &Document::of_migration(&header, &review), &mut out).unwrap();
    Rules {
        agreed: Some(read_plan(out.as_slice()).unwrap().agreed.into()),
        ..Rules::of(Filter::default())
    }
}

/// S-17.6: whatever write is the last one, the same plan finishes what was begun, and nothing has drifted.
#[tokio::test(start_paused = true)]
async fn a_plan_that_was_killed_at_any_write_is_carried_out_by_the_next_run() {
    let blocks = [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('C')
            .days(0, 2)
            .resolution(FIVE_MINUTES_MS)
            .sources("AB"),
    ];
    let with_plan = async || {
        let mut world = World::new(&blocks);
        world.task.rules = agreed(&world).await;
        Block::new('N').days(2, 3).write_to(&world.source);
        world
    };
    let whole = with_plan().await;
    whole.run().await.unwrap();
    let (source_writes, target_writes) = (whole.source.writes(), whole.target.writes());
    let expected = whole.target.tree();
    assert_eq!(whole.source.marked().len(), 3);
    let kills = (0..target_writes)
        .map(|target| (usize::MAX / 2, target))
        .chain((0..source_writes).map(|source| (source, usize::MAX / 2)));
    for (source, target) in kills {
        let world = with_plan().await;
        world.kill_after(source, target);
        let _ = world.run().await;
        let when = format!("killed after {source} marks and {target} writes to the target");
        world.assert_sound_after(&when);
        world.revive();
        let ran = world.run().await.unwrap();
        let excluded = ran.plan.excluded.iter();
        let mut reasons: Vec<_> = excluded.map(|one| one.reason.as_str()).collect();
        reasons.retain(|reason| *reason != "marked-for-deletion");
        assert_eq!(reasons, ["not-in-plan"], "{when}");
        world.assert_sound_after(&when);
        assert_eq!(world.target.tree(), expected, "{when}");
        assert_eq!(world.source.marked().len(), 3, "{when}");
    }
}
