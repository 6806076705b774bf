//! Duplicates in the source: their samples move with the block that holds all of them, and one run does it all.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::block::{Block, EPOCH_MS, FIVE_MINUTES_MS, TWO_HOURS_MS, id, object};
use crate::support::folders;
use crate::support::memory::World;
use crate::support::run::OLD;
use crate::support::scripted::{Fault, Request};
use crate::support::world::Contents;

/// Two blocks, and one that the source's compactor made of them; all that was downsampled from it.
fn blocks() -> [Block; 4] {
    [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('K').days(0, 2).sources("AB"),
        Block::new('M')
            .days(0, 2)
            .sources("AB")
            .resolution(FIVE_MINUTES_MS),
    ]
}

fn is(request: Request, path: &str, block: char, name: &str) -> bool {
    request == Request::Put && path == object(block, name)
}

/// S-4.6, S-5.10, S-6.6: each is marked once its keeper is in the target, and the next run changes nothing.
#[tokio::test(start_paused = true)]
async fn duplicates_are_marked_in_the_run_that_moves_what_holds_all_of_them() {
    let world = World::new(&blocks());
    let target = Arc::clone(&world.target);
    let early = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&early);
    world.source.on_request(move |request, path| {
        let marks = ['A', 'B'].map(|last| is(request, path, last, "deletion-mark.json"));
        if marks.contains(&true) {
            let published = target.has(&object('K', "meta.json"));
            count.fetch_add(usize::from(!published), Ordering::SeqCst);
        }
    });
    let ran = world.run().await.unwrap();
    let expected = ["covered", "covered", "migrated", "migrated"];
    assert_eq!(ran.endings_of("ABKM"), expected);
    assert_eq!(early.load(Ordering::SeqCst), 0);
    assert_eq!(world.source.marked().len(), 4);
    let (source, target) = (world.source.tree(), world.target.tree());
    let mark = &source[&object('A', "deletion-mark.json")];
    let details = String::from_utf8_lossy(mark);
    let by = format!(", covered by {}", id('K'));
    assert!(details.contains(&by), "{details}");
    assert!(!target.keys().any(|name| name.starts_with(&id('A'))));
    let again = world.run().await.unwrap();
    assert!(again.plan.selected.is_empty() && again.plan.not_held.is_empty());
    assert_eq!(world.source.tree(), source);
    assert_eq!(world.target.tree(), target);
}

/// S-4.6: however few blocks are at work at once, and however many wait for one that comes last.
#[tokio::test(start_paused = true)]
async fn many_duplicates_that_come_before_their_keeper_wait_for_it_and_for_nothing_else() {
    let names = "0123456789ABCDEFGH";
    let duplicates = names.chars().map(|last| Block::new(last).days(1, 2));
    // It begins last, as seen by the order of marking and of publishing.
    let keeper = Block::new('Z').days(1, 2).sources(names);
    let mut world = World::new(&duplicates.chain([keeper]).collect::<Vec<_>>());
    world.task.settings.concurrency = NonZeroUsize::MIN;
    let ran = tokio::time::timeout(Duration::from_hours(1), world.run());
    let ran = ran.await.unwrap().unwrap();
    assert_eq!(ran.endings_of("Z"), ["migrated"]);
    assert!(ran.endings_of(names).iter().all(|one| *one == "covered"));
    assert_eq!(world.source.marked().len(), names.len() + 1);
}

/// S-4.6: a keeper that does not arrive leaves its duplicates where they are.
#[tokio::test(start_paused = true)]
async fn duplicates_of_a_keeper_that_fails_are_held_back() {
    let world = World::new(&blocks());
    world.source.fail(|request, path| {
        let index = path == object('K', "index");
        (request == Request::Get && index).then_some(Fault::Transient)
    });
    let ran = world.run().await.unwrap();
    let expected = ["held-back", "held-back", "failed", "mark-deferred"];
    assert_eq!(ran.endings_of("ABKM"), expected);
    assert!(world.source.marked().is_empty());
    world.source.fail(|_, _| None);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings_of("ABK"), ["covered", "covered", "migrated"]);
    assert_eq!(world.source.marked().len(), 4);
}

/// S-4.6, S-5.5: what makes the keeper superfluous makes its duplicates so.
#[tokio::test(start_paused = true)]
async fn duplicates_of_a_keeper_that_is_superseded_are_superseded_too() {
    let world = World::new(&blocks());
    let source = Arc::clone(&world.source);
    world.target.on_request(move |request, path| {
        if is(request, path, 'K', "index") {
            let bigger = Block::new('Z').days(0, 3).sources("ABC");
            bigger.write_to(&source);
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings_of("ABK"), ["superseded"; 3]);
    let marked = world.source.marked();
    assert!(!marked.contains(&id('A')) && !marked.contains(&id('B')));
}

/// S-4.6, S-6.6: whatever write is the last one, a marked block is in the target, or what holds all of it is; and the next run finishes.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_leaves_no_duplicate_marked_before_its_keeper_is_there() {
    let whole = World::new(&blocks());
    whole.run().await.unwrap();
    let (marks, writes) = (whole.source.writes(), whole.target.writes());
    let kills = (0..writes)
        .map(|target| (usize::MAX / 2, target))
        .chain((0..marks).map(|source| (source, usize::MAX / 2)));
    for (source, target) in kills {
        let world = World::new(&blocks());
        world.kill_after(source, target);
        let _ = world.run().await;
        let there = world.target.tree();
        let published = |block: &str| there.contains_key(&format!("{block}/meta.json"));
        for block in world.source.marked() {
            let held = published(&block) || block != id('M') && published(&id('K'));
            assert!(held, "{block} after {source} and {target} writes");
        }
        world.revive();
        world.run().await.unwrap();
        assert_eq!(world.source.marked().len(), 4);
        assert_eq!(world.target.tree(), whole.target.tree());
        assert!(world.run().await.unwrap().plan.selected.is_empty());
    }
}

/// S-4.6: as an operator sees it.
#[test]
fn a_plan_and_a_report_say_what_a_duplicate_is_covered_by() {
    let parts = [Block::new(1), Block::new(2)];
    let start = EPOCH_MS + TWO_HOURS_MS;
    let keeper = Block::new(3)
        .range(start, start + 2 * TWO_HOURS_MS)
        .level(2)
        .made_of(&[&parts[0], &parts[1]]);
    let world = folders::World::new(&[parts[0].clone(), parts[1].clone(), keeper.clone()]);
    let arguments = [OLD, "--dry-run"];
    let by = format!("covered: by {}", keeper.id());
    let plan = world.migrate(&arguments).expect(0).stdout;
    let planned = format!("{by}, moved in this run\n");
    assert_eq!(plan.matches(&planned).count(), 2, "{plan}");
    assert!(plan.contains("1 copy, 2 covered"), "{plan}");
    let report = world.migrate(&arguments[..1]).expect(0).stdout;
    assert_eq!(report.matches(&format!("{by}\n")).count(), 2, "{report}");
    let again = world.migrate(&arguments[..1]).expect(0);
    assert!(
        again.stdout.contains("3 marked-for-deletion"),
        "{}",
        again.stdout
    );
    // Whoever asks for a duplicate alone is told that another block holds it.
    let world = folders::World::new(&[parts[0].clone(), keeper]);
    let id = format!("--id={}", parts[0].id());
    let ran = world.migrate(&[arguments[0], &id]).expect(3);
    assert!(ran.stdout.contains("duplicate: 1 block"), "{}", ran.stdout);
}
