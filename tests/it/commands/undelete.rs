//! `undelete`: which deleted blocks it brings back, and that a kill at any write leaves what the next run goes on with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use thanos_bucket::outcome::BroughtBack;
use thanos_bucket::plan::BringBack;
use thanos_bucket::select::Filter;

use crate::support::block::{Block, id, object};
use crate::support::minio::Minio;
use crate::support::on_minio::{self, run};
use crate::support::run::{OLD, Ran, binary};
use crate::support::scripted::{Fault, Request};
use crate::support::world::{Contents, Tree, assert_same, three};
use crate::support::{folders, memory, thanos};

fn undelete(config: &Path, arguments: &[&str]) -> Ran {
    let mut command = binary();
    command
        .arg("undelete")
        .arg(format!("--objstore.config-file={}", config.display()))
        .args(arguments);
    Ran::of(command)
}

/// Ids and endings, in the order of the document.
fn endings(document: &Value) -> BTreeMap<String, String> {
    let blocks = document["blocks"].as_array().unwrap().iter();
    let text = |block: &Value, member: &str| block[member].as_str().unwrap().to_owned();
    blocks
        .map(|block| (text(block, "id"), text(block, "ending")))
        .collect()
}

#[track_caller]
fn assert_all(document: &Value, ending: &str, blocks: usize) {
    let endings = endings(document);
    assert!(endings.values().all(|one| one == ending), "{document}");
    assert_eq!(endings.len(), blocks, "{document}");
}

/// A source whose bucket keeps versions, and a target that does not.
fn versioned<'a>(minio: &'a Minio, blocks: &[Block]) -> on_minio::World<'a> {
    let hot = minio.bucket("hot");
    minio.mc(&["version", "enable", "minio/hot"]);
    on_minio::World::filled(hot, minio.bucket("cold"), (), blocks)
}

/// The run whose blocks Thanos has deleted.
fn migrated_and_deleted(world: &on_minio::World<'_>) -> String {
    let document = run(
        &world.configs(),
        &[OLD, "--output=json", "--no-compact-mark-source"],
    )
    .expect(0)
    .json();
    thanos::cleanup(&world.configs().0);
    assert_same(&world.source.tree(), &Tree::new());
    format!("--run={}", document["run"].as_str().unwrap())
}

/// S-19.1, S-19.4
#[test]
fn blocks_of_a_run_that_thanos_has_deleted_come_back_byte_for_byte() {
    let minio = Minio::start();
    let world = versioned(&minio, &three());
    let (hot, _) = world.configs();
    let run = migrated_and_deleted(&world);

    let dry = undelete(&hot, &[&run, "--output=json"]).expect(0).json();
    assert_eq!(dry["kind"], "undelete");
    assert_eq!(dry["dry_run"], true);
    assert_all(&dry, "to-undelete", 3);
    assert_same(&world.source.tree(), &Tree::new());

    let done = undelete(&hot, &[&run, "--no-dry-run", "--output=json"]);
    let done = done.expect(0).json();
    assert_all(&done, "undeleted", 3);
    assert_eq!(done["uncovered_objects"], world.before.len());
    assert_eq!(done["copied_objects"], 0);
    assert_same(&world.source.tree(), &world.before);
    let mut ids: Vec<String> = three().iter().map(Block::id).collect();
    ids.sort();
    assert_eq!(thanos::list(&hot), ids);

    let again = undelete(&hot, &[&run, "--no-dry-run", "--output=json"]);
    assert_all(&again.expect(0).json(), "is-there", 3);
    let another = undelete(&hot, &["--run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"]).expect(3);
    assert!(
        another.stdout.contains("No mark of run"),
        "{}",
        another.stdout
    );
}

/// S-19.1: blocks that Prometheus has made, which Thanos finds sound before and after.
#[test]
fn real_blocks_are_sound_once_they_are_back() {
    let minio = Minio::start();
    let world = versioned(&minio, &[]);
    let (hot, _) = world.configs();
    let folder = tempfile::tempdir().unwrap();
    thanos::sidecar_blocks(folder.path(), "eu-1", 1_736_121_600, (2, 2));
    world.source.put_all(folder.path());
    let before = world.source.tree();
    let run = migrated_and_deleted(&world);
    undelete(&hot, &[&run, "--no-dry-run"]).expect(0);
    assert_same(&world.source.tree(), &before);
    let issues = ["--issues=index_known_issues", "--issues=overlapped_blocks"];
    thanos::tools(&hot, &[&["verify"], &issues[..]].concat());
    let mut verify = binary();
    verify.args([
        "verify",
        "--deep",
        &format!("--objstore.config-file={}", hot.display()),
    ]);
    Ran::of(verify).expect(0);
}

/// S-19.4: without the right to take delete markers away, and where these have no names, versions are copied.
#[test]
fn versions_are_copied_where_nothing_can_be_uncovered() {
    let minio = Minio::start();
    let world = versioned(&minio, &three());
    let run = migrated_and_deleted(&world);
    let user = minio.user(
        "restorer",
        &json!([
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"],
                "Resource": ["arn:aws:s3:::*"],
            },
            {"Effect": "Deny", "Action": ["s3:DeleteObjectVersion"], "Resource": ["arn:aws:s3:::*"]},
        ]),
    );
    let config = world
        .source
        .config_for("restorer.yaml", &user, minio.port(), "");
    let done = undelete(&config, &[&run, "--no-dry-run", "--output=json"]);
    let done = done.expect(0).json();
    assert_all(&done, "undeleted", 3);
    assert_eq!(done["copied_objects"], world.before.len());
    assert_same(&world.source.tree(), &world.before);
}

/// S-19.2, S-19.4: what was deleted since versions are kept no more has a marker without a name.
#[test]
fn versions_of_a_time_when_they_were_kept_count() {
    let minio = Minio::start();
    let world = versioned(&minio, &three());
    let (hot, _) = world.configs();
    minio.mc(&["version", "suspend", "minio/hot"]);
    for block in three() {
        world.source.remove_block(&block.id());
    }
    let ids: Vec<String> = three()
        .iter()
        .map(|one| format!("--id={}", one.id()))
        .collect();
    let mut arguments: Vec<&str> = ids.iter().map(String::as_str).collect();
    arguments.extend(["--no-dry-run", "--output=json"]);
    let done = undelete(&hot, &arguments).expect(0).json();
    assert_all(&done, "undeleted", 3);
    assert_eq!(done["copied_objects"], world.before.len());
    assert_same(&world.source.tree(), &world.before);
}

/// S-19.2
#[test]
fn a_bucket_that_keeps_nothing_says_so_in_a_line() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &three());
    let (hot, _) = world.configs();
    let line = undelete(&hot, &[OLD]).expect(1).stderr;
    let told = "the bucket keeps no versions, so that what is deleted is gone";
    assert!(line.contains(told), "{line}");
    let world = folders::World::new(&three());
    let line = undelete(&world.source_config(), &[OLD]).expect(1).stderr;
    assert!(
        line.contains("a bucket of this kind keeps no versions"),
        "{line}"
    );
    let line = undelete(&world.source_config(), &[]).expect(2).stderr;
    assert!(line.contains("one of --run, --id"), "{line}");
}

/// S-19.3, S-19.6: what a compactor left half deleted, what is marked by others, and what is no longer kept.
#[test]
fn what_can_be_had_comes_back_and_the_rest_is_told() {
    let minio = Minio::start();
    let [half, theirs, torn, live] = [1, 2, 3, 4].map(Block::new);
    let theirs = theirs.marked("by hand");
    let world = versioned(
        &minio,
        &[half.clone(), theirs.clone(), torn.clone(), live.clone()],
    );
    let (hot, _) = world.configs();
    let id_of = |block: &Block| format!("--id={}", block.id());
    run(&world.configs(), &[OLD, &id_of(&half)]).expect(0);
    for block in [&half, &theirs] {
        for name in ["meta.json", "index"] {
            world.source.remove(&format!("{}/{name}", block.id()));
        }
    }
    world.source.remove_block(&torn.id());
    let lost = format!("minio/hot/{}/index", torn.id());
    minio.mc(&["rm", "--versions", "--force", &lost]);
    let absent = Block::new(9);
    let mut arguments: Vec<String> = [&half, &theirs, &torn, &live, &absent].map(id_of).into();
    arguments.extend(["--no-dry-run", "--output=json"].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let document = undelete(&hot, &arguments).expect(3).json();
    let expected = [
        (half.id(), "undeleted"),
        (theirs.id(), "marked"),
        (torn.id(), "not-whole"),
        (live.id(), "is-there"),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(id, ending)| (id, ending.to_owned())).into();
    assert_eq!(endings(&document), expected);
    assert_eq!(document["absent_ids"], json!([absent.id()]));
    let tree = world.source.tree();
    for (name, content) in half.objects().into_iter().chain(live.objects()) {
        assert_eq!(tree.get(&name), Some(&content), "{name}");
    }
    assert!(!tree.contains_key(&format!("{}/deletion-mark.json", half.id())));
    assert!(!tree.contains_key(&format!("{}/meta.json", theirs.id())));
    assert!(!tree.keys().any(|name| name.starts_with(&torn.id())));
}

fn named(letters: &str) -> BringBack {
    BringBack {
        filter: Filter {
            ids: letters
                .chars()
                .map(|letter| id(letter).parse().unwrap())
                .collect(),
            ..Filter::default()
        },
        run: None,
    }
}

fn told(brought: &BroughtBack) -> Vec<&'static str> {
    brought
        .blocks
        .iter()
        .map(|one| one.ending.as_str())
        .collect()
}

/// A source that keeps what is deleted, and from which all is deleted.
fn deleted(blocks: &[Block]) -> memory::World {
    let world = memory::World::new(blocks);
    world.source.kept.turn_on();
    for name in world.before.keys() {
        world.source.remove(name);
    }
    world
}

/// S-19.5: `meta.json` comes last, so that nothing is published before it is whole.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_leaves_what_the_next_run_goes_on_with() {
    let whole = deleted(&memory::three());
    let brought = whole.bring_back(named("ABC")).await.unwrap();
    assert_eq!(told(&brought), ["undeleted"; 3]);
    assert_same(&whole.source.tree(), &whole.before);
    let writes = whole.source.writes();
    assert_eq!(writes, whole.before.len());
    for kill in 0..writes {
        let world = deleted(&memory::three());
        world.kill_after(kill, usize::MAX / 2);
        let _ = world.bring_back(named("ABC")).await;
        let tree = world.source.tree();
        for id in world.source.published() {
            for (name, content) in world
                .before
                .iter()
                .filter(|(name, _)| name.starts_with(&id))
            {
                assert_eq!(tree.get(name), Some(content), "{name} after {kill} writes");
            }
        }
        world.revive();
        let brought = world.bring_back(named("ABC")).await.unwrap();
        assert_eq!(brought.exit().code(), 0, "after {kill} writes");
        assert_same(&world.source.tree(), &world.before);
    }
}

/// S-19.5: the mark of a compactor that was killed goes before `meta.json` comes back, and is found again where that does not happen.
#[tokio::test(start_paused = true)]
async fn a_mark_goes_before_its_block_is_one_again() {
    let half = async || {
        let world = memory::World::new(&memory::three());
        world.run().await.unwrap();
        world.source.kept.turn_on();
        for letter in ['A', 'B', 'C'] {
            world.source.remove(&object(letter, "meta.json"));
            world.source.remove(&object(letter, "index"));
        }
        world
    };
    let whole = half().await;
    let before = whole.source.writes();
    let brought = whole.bring_back(named("ABC")).await.unwrap();
    assert_eq!(told(&brought), ["undeleted"; 3]);
    assert_same(&whole.source.tree(), &whole.before);
    for kill in 0..whole.source.writes() - before {
        let world = half().await;
        world.kill_after(kill, usize::MAX / 2);
        let _ = world.bring_back(named("ABC")).await;
        let marked = world.source.marked();
        for id in world.source.published() {
            assert!(!marked.contains(&id), "{id} after {kill} writes");
        }
        world.revive();
        world.bring_back(named("ABC")).await.unwrap();
        assert_same(&world.source.tree(), &world.before);
    }
}

/// S-19.6: a compactor has made one block of two, and what it deleted does not come back beside that one; nor does what it made beside another block
/// of the same time.
#[tokio::test(start_paused = true)]
async fn what_another_block_holds_does_not_come_back() {
    let parts = [Block::new('A').days(0, 1), Block::new('B').days(1, 2)];
    let made = || Block::new('C').days(0, 2).level(2).sources("AB");
    let world = deleted(&parts);
    made().write_to(&world.source);
    let brought = world.bring_back(named("AB")).await.unwrap();
    assert_eq!(told(&brought), ["superseded"; 2]);
    assert_eq!(brought.exit().code(), 0);

    let all = [&parts[..], &[made()]].concat();
    let world = deleted(&all);
    let brought = world.bring_back(named("ABC")).await.unwrap();
    assert_eq!(told(&brought), ["superseded", "superseded", "undeleted"]);

    let world = deleted(&[made()]);
    Block::new('D').days(1, 3).write_to(&world.source);
    let brought = world.bring_back(named("C")).await.unwrap();
    assert_eq!(told(&brought), ["would-overlap"]);
    assert_eq!(brought.exit().code(), 3);
    assert!(!world.source.has(&object('C', "index")));
}

/// S-19.6: what is published between the survey and a block's turn.
#[tokio::test(start_paused = true)]
async fn a_block_that_appears_meanwhile_counts() {
    let world = deleted(&[Block::new('A').days(0, 1)]);
    let source = Arc::clone(&world.source);
    let turns = std::sync::atomic::AtomicUsize::new(0);
    world.source.on_request(move |request, name| {
        // The survey reads it first.
        if request == Request::Get && name == object('A', "meta.json") {
            let turn = turns.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if turn == 0 {
                let made = Block::new('C').days(0, 2).level(2).sources("AB");
                made.write_to(&source);
            }
        }
    });
    let brought = world.bring_back(named("A")).await.unwrap();
    assert_eq!(told(&brought), ["superseded"]);
    assert!(!world.source.has(&object('A', "index")));
}

/// S-19.5
#[tokio::test(start_paused = true)]
async fn what_is_deleted_again_meanwhile_is_told() {
    let world = deleted(&memory::three());
    let source = Arc::clone(&world.source);
    world.source.on_request(move |request, name| {
        if request == Request::Put && name == object('B', "meta.json") {
            source.remove(&object('B', "index"));
        }
    });
    let brought = world.bring_back(named("ABC")).await.unwrap();
    assert_eq!(told(&brought), ["undeleted", "lost-meanwhile", "undeleted"]);
    assert_eq!(brought.exit().code(), 3);
}

/// S-19.5: what cannot be brought back keeps `meta.json` from coming back, and no other block.
#[tokio::test(start_paused = true)]
async fn an_object_that_does_not_come_back_keeps_its_block_away() {
    let world = deleted(&memory::three());
    world.source.fail(|request, name| {
        (request == Request::Put && name == object('A', "index")).then_some(Fault::Refused)
    });
    let brought = world.bring_back(named("ABC")).await.unwrap();
    assert_eq!(told(&brought), ["failed", "undeleted", "undeleted"]);
    assert!(!world.source.has(&object('A', "meta.json")));
}

/// S-19.3: a version that is no longer kept is missing.
#[tokio::test(start_paused = true)]
async fn a_block_of_which_a_segment_is_no_longer_kept_stays_deleted() {
    let blocks = [Block::new('A'), Block::new('B').without_file_list()];
    let world = deleted(&blocks);
    for letter in ['A', 'B'] {
        world.source.kept.forget(&object(letter, "chunks/000001"));
    }
    let brought = world.bring_back(named("AB")).await.unwrap();
    assert_eq!(told(&brought), ["not-whole"; 2]);
    assert_same(&world.source.tree(), &Tree::new());
}
