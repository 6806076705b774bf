//! What others do while a block waits for its turn, on buckets in memory: nothing is written on the strength of what was true before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thanos_bucket::block::Strength;
use thanos_bucket::plan::Scope;

use crate::support::block::{Block, FIVE_MINUTES_MS, id, object};
use crate::support::memory::{Ran, World};
use crate::support::scripted::{Conditions, Fault, Request, Scripted};
use crate::support::world::Contents;

const HOUR: Duration = Duration::from_hours(1);

/// A raw block that takes an hour to copy, one that is published after it, and a downsampled one that is published first and marked last.
fn world() -> World {
    let blocks = [
        Block::new('A').days(1, 2),
        Block::new('B').days(2, 3),
        Block::new('C')
            .days(1, 3)
            .resolution(FIVE_MINUTES_MS)
            .sources("ABE"),
    ];
    let world = World::new(&blocks);
    let index_of_a = object('A', "index");
    let begun = AtomicBool::new(false);
    let (source, target) = (Arc::clone(&world.source), Arc::clone(&world.target));
    world.target.on_request(move |request, path| {
        if let Some(block) = block_whose(path, "meta.json").filter(|_| request == Request::Put) {
            assert!(holds(&source, &target, block, ""), "{block} is torn");
        }
    });
    world.target.fail(move |request, path| {
        let slow = request == Request::Put && path == index_of_a;
        (slow && !begun.swap(true, Ordering::SeqCst)).then_some(Fault::Slow(HOUR))
    });
    let (source, target) = (Arc::clone(&world.source), Arc::clone(&world.target));
    world.source.on_request(move |request, path| {
        let marked = block_whose(path, "deletion-mark.json").filter(|_| request == Request::Put);
        if let Some(block) = marked {
            let held = holds(&source, &target, block, "meta.json");
            let covered = holds(&target, &target, &id('Z'), "meta.json");
            assert!(held || covered, "{block} is marked and not held");
        }
    });
    world
}

fn block_whose<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    path.strip_suffix(name)?.strip_suffix('/')
}

/// Whether the target has the block's data and the object of that name, as the source has them.
pub(super) fn holds(source: &Scripted, target: &Scripted, block: &str, name: &str) -> bool {
    let (source, target) = (source.tree(), target.tree());
    let below = format!("{block}/");
    let mut wanted = source.iter().filter(|(path, _)| {
        let inside = path.strip_prefix(&below);
        let is_data = |inside: &str| inside == "index" || inside.starts_with("chunks/");
        inside.is_some_and(|inside| is_data(inside) || inside == name)
    });
    let is_there = source.contains_key(&format!("{below}index"));
    is_there && wanted.all(|(path, bytes)| target.get(path) == Some(bytes))
}

/// Somebody does something while A is copied, B is copied and waits to be published, and C is proven and waits to be marked.
async fn meanwhile(world: &World, acts: impl AsyncFnOnce()) -> Ran {
    let act = async {
        tokio::time::sleep(HOUR / 2).await;
        let there = world.target.tree();
        assert!(there.contains_key(&object('C', "meta.json")));
        assert!(!there.contains_key(&object('B', "meta.json")));
        assert!(there.contains_key(&object('B', "index")));
        acts().await;
    };
    let (ran, ()) = futures::join!(world.run(), act);
    ran.unwrap()
}

pub(super) fn mark(block: char) -> (String, Vec<u8>) {
    let id = id(block);
    let mark = format!(r#"{{"id":"{id}","version":1,"details":"by hand","deletion_time":1}}"#);
    (format!("{id}/deletion-mark.json"), mark.into_bytes())
}

/// S-5.6, S-5.7: what the target loses between proof and mark is put again before the mark, and otherwise there is none.
#[tokio::test(start_paused = true)]
async fn a_proof_that_has_waited_is_made_anew() {
    for lost in ["index", "meta.json", "chunks/000002", "all of it"] {
        let world = world();
        let before = world.source.tree();
        let ran = meanwhile(&world, async || match lost {
            "all of it" => world.target.remove_block(&id('C')),
            name => world.target.remove(&object('C', name)),
        })
        .await;
        assert_eq!(ran.endings(), ["migrated"; 3], "{lost}");
        assert_eq!(world.target.tree(), before, "{lost}");
        // What is put again counts again.
        let put = ran
            .results
            .outcomes
            .iter()
            .map(|outcome| outcome.objects_put);
        let expected = match lost {
            "all of it" => 8,
            // One object tells the cleaner that somebody is at work.
            "meta.json" => 6,
            _ => 5,
        };
        assert_eq!(put.max(), Some(expected), "{lost}");
    }
}

/// S-5.7: a mark that somebody put on the source's block meanwhile is copied too, and the block stays published where that cannot be done.
#[tokio::test(start_paused = true)]
async fn a_mark_that_cannot_be_copied_tears_nothing() {
    let world = world();
    let no_compact = object('C', "no-compact-mark.json");
    let (refused, index_of_a) = (no_compact.clone(), object('A', "index"));
    world.target.fail(move |request, path| match request {
        Request::Put if path == refused => Some(Fault::Transient),
        Request::Put if path == index_of_a => Some(Fault::Slow(HOUR)),
        _ => None,
    });
    let mark = format!(
        r#"{{"id":"{}","version":1,"no_compact_time":1,"reason":"manual"}}"#,
        id('C')
    );
    let ran = meanwhile(&world, async || {
        world.source.put(&no_compact, mark.clone().into_bytes());
    })
    .await;
    assert_eq!(ran.ending('C'), "failed");
    let there = world.target.tree();
    assert!(there.contains_key(&object('C', "meta.json")));
    let marked = world.source.tree();
    assert!(!marked.contains_key(&object('C', "deletion-mark.json")));
}

/// S-5.6: a mark in the target says that its data is about to go.
#[tokio::test(start_paused = true)]
async fn a_block_that_the_target_is_to_lose_is_not_marked() {
    let world = world();
    let ran = meanwhile(&world, async || {
        let (path, bytes) = mark('C');
        world.target.put(&path, bytes);
    })
    .await;
    assert_eq!(ran.ending('C'), "conflict");
    assert!(!world.source.has(&mark('C').0));
}

/// S-5.6: where the target's compactor has made another block of it, that one is the proof.
#[tokio::test(start_paused = true)]
async fn a_block_that_was_compacted_in_the_target_meanwhile_is_covered() {
    for deleted in [false, true] {
        let world = world();
        let ran = meanwhile(&world, async || {
            let cover = Block::new('Z')
                .days(1, 3)
                .resolution(FIVE_MINUTES_MS)
                .sources("ABE");
            cover.write_to(&world.target);
            if deleted {
                world.target.remove_block(&id('C'));
            } else {
                let (path, bytes) = mark('C');
                world.target.put(&path, bytes);
            }
        })
        .await;
        assert_eq!(ran.ending('C'), "covered");
        let mark = String::from_utf8(world.source.tree()[&mark('C').0].clone()).unwrap();
        assert!(mark.contains(&format!("covered by {}", id('Z'))), "{mark}");
    }
}

/// S-5.4: what the target loses of a block that waits to be published is put again before its `meta.json` is.
#[tokio::test(start_paused = true)]
async fn a_copy_that_has_waited_is_looked_at_again() {
    for lost in ["index", "chunks/000002", "all of it"] {
        let world = world();
        let before = world.source.tree();
        let ran = meanwhile(&world, async || match lost {
            "all of it" => world.target.remove_block(&id('B')),
            name => world.target.remove(&object('B', name)),
        })
        .await;
        assert_eq!(ran.endings(), ["migrated"; 3], "{lost}");
        assert_eq!(world.target.tree(), before, "{lost}");
    }
}

/// S-5.17: to be looked at again costs no byte, however thorough the proof is.
#[tokio::test(start_paused = true)]
async fn what_was_read_before_the_wait_is_not_read_again() {
    let mut world = world();
    world.task.rules.verify = Strength::Content;
    let ran = meanwhile(&world, async || {}).await;
    assert_eq!(ran.endings(), ["migrated"; 3]);
    for block in ['A', 'B', 'C'] {
        for name in ["index", "chunks/000001", "chunks/000002"] {
            let path = object(block, name);
            assert_eq!(world.target.asked(Request::Get, &path), 1, "{path}");
        }
    }
}

/// S-5.1, S-5.5: what appears in either bucket while a block waits to be published keeps it from being published, whatever the server makes of
/// conditions.
#[tokio::test(start_paused = true)]
async fn a_block_that_others_have_to_do_with_is_not_published() {
    for conditions in [
        Conditions::Honoured,
        Conditions::Ignored,
        Conditions::Lacking,
    ] {
        for (what, ending) in [
            ("a mark in the target", "conflict"),
            ("another meta.json in the target", "conflict"),
            ("a mark in the source", "superseded"),
            ("another meta.json in the source", "superseded"),
            ("a block made of it in the source", "superseded"),
            ("its deletion in the source", "vanished"),
        ] {
            let world = world();
            world.target.conditions(conditions);
            let another = Block::new('B').days(2, 3).sources("BD").meta_json();
            let meta = object('B', "meta.json");
            let (path, bytes) = mark('B');
            let ran = meanwhile(&world, async || match what {
                "a mark in the target" => world.target.put(&path, bytes),
                "another meta.json in the target" => {
                    world.target.put(&meta, another.clone());
                }
                "a mark in the source" => world.source.put(&path, bytes),
                "another meta.json in the source" => {
                    world.source.put(&meta, another.clone());
                }
                "a block made of it in the source" => {
                    let made = Block::new('Z').days(2, 4).sources("BD");
                    made.write_to(&world.source);
                }
                _ => world.source.remove_block(&id('B')),
            })
            .await;
            assert_eq!(ran.ending('B'), ending, "{what}");
            assert_eq!(ran.ending('A'), "migrated", "{what}");
            let there = world.target.tree().remove(&meta);
            let expected = (what == "another meta.json in the target").then_some(another);
            assert_eq!(there, expected, "{what}");
        }
    }
}

/// S-5.5: what was published when its copy began is no longer spared once it is gone from the target.
#[tokio::test(start_paused = true)]
async fn a_block_that_was_published_and_is_gone_is_not_brought_back_beside_one_that_holds_it() {
    for goes in [false, true] {
        let world = world();
        let b = Block::new('B').days(2, 3);
        b.write_to(&world.target);
        world.target.remove(&object('B', "index"));
        let act = async {
            tokio::time::sleep(HOUR / 2).await;
            assert!(world.target.tree().contains_key(&object('B', "index")));
            Block::new('Z')
                .days(2, 4)
                .sources("BD")
                .write_to(&world.source);
            if goes {
                world.target.remove_block(&b.id());
            }
        };
        let (ran, ()) = futures::join!(world.run(), act);
        let (ending, is_there) = if goes {
            ("superseded", false)
        } else {
            ("repaired", true)
        };
        assert_eq!(ran.unwrap().ending('B'), ending);
        let there = world.target.tree().contains_key(&object('B', "meta.json"));
        assert_eq!(there, is_there);
    }
}

/// S-5.5: to read what somebody put again while the block waited takes long, and what was looked at before is old by then.
#[tokio::test(start_paused = true)]
async fn reading_in_a_blocks_turn_is_followed_by_another_look() {
    let mut world = world();
    world.task.rules.verify = Strength::Content;
    let index_of_b = object('B', "index");
    let again = world.source.tree()[&index_of_b].clone();
    let (path, mark) = mark('B');
    let is_slow = Arc::new(AtomicBool::new(false));
    let slow = Arc::clone(&is_slow);
    let index = index_of_b.clone();
    world.source.fail(move |request, path| {
        let slow = request == Request::Get && path == index && slow.load(Ordering::SeqCst);
        slow.then_some(Fault::Slow(HOUR))
    });
    let marking = async {
        tokio::time::sleep(HOUR + HOUR / 2).await;
        world.source.put(&path, mark);
    };
    let running = meanwhile(&world, async || {
        world.target.put(&index_of_b, again);
        is_slow.store(true, Ordering::SeqCst);
    });
    let (ran, ()) = futures::join!(running, marking);
    assert_eq!(ran.ending('B'), "superseded");
    let meta = object('B', "meta.json");
    assert!(!world.target.has(&meta));
}

/// S-5.11: no mark is written over another, whatever the server makes of conditions.
#[tokio::test(start_paused = true)]
async fn a_mark_that_appears_while_a_block_waits_is_kept() {
    for conditions in [
        Conditions::Honoured,
        Conditions::Ignored,
        Conditions::Lacking,
    ] {
        let mut world = world();
        world.task.settings.no_compact_mark_source = true;
        world.source.conditions(conditions);
        let no_compact = object('C', "no-compact-mark.json");
        let ran = meanwhile(&world, async || {
            let (path, bytes) = mark('C');
            world.source.put(&path, bytes);
            world.source.put(&no_compact, b"theirs".to_vec());
        })
        .await;
        assert_eq!(ran.ending('C'), "superseded");
        let after = world.source.tree();
        assert_eq!(after[&mark('C').0], mark('C').1);
        assert_eq!(after[&no_compact], b"theirs");
    }
}

/// S-5.11: not even one that appears while the no-compact mark is written.
#[tokio::test(start_paused = true)]
async fn a_mark_that_appears_at_the_last_moment_is_kept() {
    let mut world = World::new(&[Block::new('A').days(1, 2)]);
    world.task.settings.no_compact_mark_source = true;
    world.source.conditions(Conditions::Ignored);
    let source = Arc::clone(&world.source);
    world.source.on_request(move |request, path| {
        if request == Request::Put && path.ends_with("/no-compact-mark.json") {
            let (path, bytes) = mark('A');
            source.put(&path, bytes);
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["superseded"]);
    assert_eq!(world.source.tree()[&mark('A').0], mark('A').1);
}

/// S-5.10: a finer block of the same data that appears while a downsampled one waits defers its mark.
#[tokio::test(start_paused = true)]
async fn a_finer_block_that_appears_meanwhile_defers_the_mark() {
    let world = world();
    let ran = meanwhile(&world, async || {
        let finer = Block::new('Z').days(1, 2).sources("E");
        finer.write_to(&world.source);
    })
    .await;
    assert_eq!(ran.ending('A'), "migrated");
    assert_eq!(ran.ending('B'), "migrated");
    assert_eq!(ran.ending('C'), "mark-deferred");
}

/// S-5.13: a block that is marked already is told to be held only where it is, and a mark that was taken away meanwhile is written.
#[tokio::test(start_paused = true)]
async fn a_block_that_was_marked_all_along_is_looked_at_again_too() {
    let mut world = world();
    world.task.rules.scope = Scope::Marked;
    for block in ['B', 'C'] {
        let (path, bytes) = mark(block);
        world.source.put(&path, bytes);
    }
    let ran = meanwhile(&world, async || {
        world.target.remove(&object('C', "index"));
        world.source.remove(&mark('B').0);
    })
    .await;
    assert_eq!(ran.endings(), ["migrated"; 3]);
    assert!(holds(&world.source, &world.target, &id('C'), "meta.json"));
    let after = world.source.tree();
    assert_eq!(after[&mark('C').0], mark('C').1);
    assert!(String::from_utf8_lossy(&after[&mark('B').0]).contains("by thanos-bucket"));
}

/// S-5.1: what covered a block as planned has to do so still.
#[tokio::test(start_paused = true)]
async fn a_cover_that_goes_while_a_block_waits_is_no_proof() {
    for replaced in [false, true] {
        let world = world();
        let cover = |letter| {
            Block::new(letter)
                .days(1, 4)
                .resolution(FIVE_MINUTES_MS)
                .sources("ABDE")
        };
        cover('Y').write_to(&world.target);
        let act = async {
            tokio::time::sleep(HOUR / 2).await;
            world.target.remove_block(&id('Y'));
            if replaced {
                cover('Z').write_to(&world.target);
            }
        };
        let (ran, ()) = futures::join!(world.run(), act);
        let ending = if replaced {
            "covered"
        } else {
            "covered-unproven"
        };
        assert_eq!(ran.unwrap().ending('C'), ending);
        let marked = world.source.has(&mark('C').0);
        assert_eq!(marked, replaced);
    }
}

/// S-5.5, S-5.6: a block that does not wait is listed three times in either bucket, once for each thing that is written.
#[tokio::test(start_paused = true)]
async fn a_lone_block_that_does_not_wait_costs_nothing_extra() {
    let world = World::new(&[Block::new('A').days(1, 2)]);
    assert_eq!(world.run().await.unwrap().endings(), ["migrated"]);
    assert_eq!(world.source.asked(Request::List, &id('A')), 3);
    assert_eq!(world.target.asked(Request::List, &id('A')), 3);
    let meta = object('A', "meta.json");
    assert_eq!(world.source.asked(Request::Get, &meta), 2);
    assert_eq!(world.target.asked(Request::Get, &meta), 0);
    assert_eq!(world.source.asked(Request::List, ""), 2);
    // The second one is searched for the probe, the third for blocks that appeared meanwhile.
    assert_eq!(world.target.asked(Request::List, ""), 3);
}

/// S-5.5: partial blocks that were there from the beginning cost nothing, however many blocks are published.
#[tokio::test(start_paused = true)]
async fn partial_blocks_of_the_source_cost_nothing() {
    let partial = |number: usize| format!("01J9ZK3M7Q8T5V6W7X8Y9Z1{number:03}");
    let blocks: Vec<Block> = ('A'..='H')
        .zip(1..)
        .map(|(letter, day)| Block::new(letter).days(day, day + 1))
        .collect();
    let world = World::new(&blocks);
    for number in 0..50 {
        world
            .source
            .put(&format!("{}/index", partial(number)), b"x".to_vec());
    }
    assert_eq!(world.run().await.unwrap().endings(), ["migrated"; 8]);
    let asked: Vec<_> = world
        .source
        .requests()
        .into_iter()
        .filter(|(_, path)| path.contains("Y9Z1"))
        .collect();
    assert!(asked.is_empty(), "{asked:?}");
}

/// S-5.5: an upload that was under way when the source was surveyed is noticed once it is done.
#[tokio::test(start_paused = true)]
async fn a_partial_block_that_becomes_whole_meanwhile_is_noticed() {
    let world = world();
    let made = Block::new('Z').days(2, 4).sources("BD");
    world
        .source
        .put(&format!("{}/index", made.id()), b"begun".to_vec());
    let ran = meanwhile(&world, async || made.write_to(&world.source)).await;
    assert_eq!(ran.ending('B'), "superseded");
}
