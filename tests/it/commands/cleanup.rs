//! `cleanup`: what it removes, and that it touches nothing else.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::killed;
use crate::support::minio::Minio;
use crate::support::on_minio;
use crate::support::proxy::Line;
use crate::support::run::{COPIED_HERE, OLD, Ran, binary, migrate};
use crate::support::world::{Contents, assert_same, blocks_with};

fn cleanup(source: &Path, target: Option<&Path>, arguments: &[&str]) -> Ran {
    let mut command = binary();
    command
        .arg("cleanup")
        .arg(format!("--objstore.config-file={}", source.display()))
        .args(target.map(|path| format!("--objstore-to.config-file={}", path.display())))
        .args(arguments);
    Ran::of(command)
}

fn clean(world: &World, arguments: &[&str]) -> Ran {
    let target = world.target_config();
    cleanup(&world.source_config(), Some(&target), arguments)
}

/// What each is, its name and its ending, in the order of the document.
fn endings(document: &Value) -> Vec<(String, String, String)> {
    let leftovers = document["leftovers"].as_array().unwrap().iter();
    let text = |one: &Value, member: &str| one[member].as_str().unwrap().to_owned();
    leftovers
        .map(|one| (text(one, "what"), text(one, "name"), text(one, "ending")))
        .collect()
}

/// Everything in a folder was written so long ago.
fn make_old(folder: &Path, hours: u64) {
    let then = SystemTime::now() - Duration::from_hours(hours);
    for name in crate::support::folders::tree(folder).keys() {
        File::open(folder.join(name))
            .unwrap()
            .set_modified(then)
            .unwrap();
    }
}

const PROBE: &str = "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
const STAGED: &str = ".thanos-bucket-staging/01J9ZK3M7Q8T5V6W7X8Y9Z0A1C";
const PROBES_CONTENT: &str =
    "put by thanos-bucket to find out whether source and target are one bucket; safe to delete\n";

/// A target with something of each kind: a half copy, an overwrite of which nothing was done, a probe, a staged file; and a part of a block that the
/// source does not hold.
fn littered() -> (World, [String; 3]) {
    let (half, published, theirs) = (Block::new(1), Block::new(2).days(1, 2), Block::new(9));
    let world = World::new(&[half.clone(), published.clone()]);
    for (name, content) in half.objects().into_iter().chain(published.objects()) {
        if name != format!("{}/meta.json", half.id()) {
            world.target.put(&name, content);
        }
    }
    let index = format!("{}/index", theirs.id());
    world.target.put(&index, b"theirs".to_vec());
    world.target.put(PROBE, PROBES_CONTENT.into());
    world.target.put(STAGED, b"half".to_vec());
    make_old(&world.target, 73);
    let overwrite = format!("{}/thanos-bucket-overwrite.json", published.id());
    world.target.put(&overwrite, b"{}".to_vec());
    let then = SystemTime::now() - Duration::from_hours(72);
    let file = File::open(world.target.join(&overwrite)).unwrap();
    file.set_modified(then).unwrap();
    (world, [half.id(), overwrite, theirs.id()])
}

/// S-18.1, S-18.2, S-18.3, S-18.5, S-18.7
#[test]
fn what_runs_left_behind_is_removed_and_nothing_else() {
    let (world, [half, overwrite, theirs]) = littered();
    let before = world.target.tree();
    let rows = |ending: &str| {
        let row = |what: &str, name: &str, ending: &str| {
            (what.to_owned(), name.to_owned(), ending.to_owned())
        };
        vec![
            row("partial-copy", &half, ending),
            row("partial-copy", &theirs, "not-in-source"),
            row("overwrite-file", &overwrite, ending),
            row("probe", PROBE, ending),
            row("staged-file", STAGED, ending),
        ]
    };
    let dry = clean(&world, &["--output=json"]).expect(0).json();
    assert_eq!(dry["kind"], "cleanup");
    assert_eq!(
        (&dry["dry_run"], &dry["complete"]),
        (&Value::Bool(true), &Value::Null)
    );
    assert_eq!(endings(&dry), rows("to-remove"));
    assert_eq!(dry["totals"]["by_ending"]["to-remove"]["leftovers"], 4);
    assert_eq!(dry["totals"]["needs_a_person"], 0);
    assert_same(&world.target.tree(), &before);

    let said = clean(&world, &[]).expect(0).stdout;
    assert!(said.contains("It would remove 4 leftovers with"), "{said}");
    assert!(said.contains("`thanos tools bucket cleanup`"), "{said}");

    let done = clean(&world, &["--no-dry-run", "--output=json"])
        .expect(0)
        .json();
    assert_eq!(endings(&done), rows("removed"));
    assert_eq!(done["complete"], true);
    let mut expected = before;
    expected.retain(|name, _| {
        !name.starts_with(&half) && ![&*overwrite, PROBE, STAGED].contains(&name.as_str())
    });
    assert_same(&world.target.tree(), &expected);
    assert!(!world.target.join(&half).exists());
    assert!(!world.target.join(".thanos-bucket-staging").exists());
    assert_same(&world.source.tree(), &world.before);
    let again = clean(&world, &["--no-dry-run"]).expect(0).stdout;
    assert!(again.contains("Nothing was removed."), "{again}");
    world.migrate(&[OLD]).expect(0);
}

/// S-18.1: what needs no source to be known goes, and no copy is taken for one.
#[test]
fn one_bucket_is_cleaned_of_what_only_this_tool_names_so() {
    let (world, [half, overwrite, theirs]) = littered();
    let arguments = ["--no-dry-run", "--output=json"];
    let document = cleanup(&world.target_config(), None, &arguments)
        .expect(0)
        .json();
    assert_eq!(document["target"], Value::Null);
    let endings = endings(&document);
    let ending = |name: &str| {
        let row = endings.iter().find(|(_, one, _)| one == name);
        row.map(|(_, _, ending)| ending.as_str())
    };
    for name in [&half, &theirs] {
        assert_eq!(ending(name), Some("source-not-given"));
        assert!(world.target.join(name).exists());
    }
    for name in [&overwrite, PROBE, STAGED] {
        assert_eq!(ending(name), Some("removed"));
        assert!(!world.target.join(name).exists());
    }
}

/// S-18.1, S-18.2
#[test]
fn what_is_young_or_not_asked_for_stays() {
    let (world, [half, ..]) = littered();
    let index = world.target.join(&half).join("index");
    File::open(&index)
        .unwrap()
        .set_modified(SystemTime::now())
        .unwrap();
    let before = world.target.tree();
    let other = format!("--id={}", Block::new(2).days(1, 2).id());
    let arguments = [&other, "--older-than=80h", "--no-dry-run", "--output=json"];
    let document = clean(&world, &arguments).expect(0).json();
    let endings = endings(&document);
    assert_eq!(endings.len(), 1, "{endings:?}");
    assert_eq!(endings[0].2, "too-young");
    let document = clean(
        &world,
        &["--older-than=80h", "--no-dry-run", "--output=json"],
    );
    let document = document.expect(0).json();
    let young = document["leftovers"].as_array().unwrap().iter();
    let young = young.filter(|one| one["ending"] == "too-young");
    assert_eq!(young.count(), 4, "{document}");
    assert_same(&world.target.tree(), &before);
    // The newest object is the block's age.
    let document = clean(&world, &["--no-dry-run", "--output=json"])
        .expect(0)
        .json();
    assert_eq!(document["leftovers"][0]["ending"], "too-young");
    assert!(index.exists());
}

/// S-18.3, S-18.7: what lies in the target may be all that there is.
#[test]
fn what_the_source_does_not_wholly_hold_needs_a_person() {
    let (world, [half, ..]) = littered();
    world.source.remove(&format!("{half}/index"));
    let said = clean(&world, &["--no-dry-run"]).expect(3).stdout;
    let said = said.replace('\n', " ");
    assert!(
        said.contains("source-not-whole: in the source index is missing"),
        "{said}"
    );
    assert!(
        said.contains("1 thing needs a person (exit code 3)."),
        "{said}"
    );
    assert!(world.target.join(&half).join("index").exists());
}

/// S-18.3: a migration that has begun to overwrite goes on with it, and no other way back is known.
#[test]
fn an_overwrite_of_which_something_was_done_stays() {
    let (world, [_, overwrite, _]) = littered();
    let index = format!("{}/index", Block::new(2).days(1, 2).id());
    File::open(world.target.join(index))
        .unwrap()
        .set_modified(SystemTime::now())
        .unwrap();
    let document = clean(&world, &["--no-dry-run", "--output=json"])
        .expect(3)
        .json();
    assert_eq!(
        document["leftovers"][2]["ending"], "overwrite-begun",
        "{document}"
    );
    assert!(world.target.join(&overwrite).exists());
}

/// S-18.2
#[test]
fn what_only_bears_a_probes_name_stays() {
    let (world, _) = littered();
    let size = PROBES_CONTENT.len();
    world.target.put(PROBE, vec![b'x'; size]);
    make_old(&world.target, 73);
    let document = clean(&world, &["--no-dry-run", "--output=json"])
        .expect(0)
        .json();
    let rows = endings(&document);
    assert!(
        rows.iter()
            .any(|(what, _, ending)| what == "probe" && ending == "not-ours")
    );
    assert_eq!(
        fs::read(world.target.join(PROBE)).unwrap(),
        vec![b'x'; size]
    );
}

/// S-18.1
#[test]
fn a_time_that_is_none_is_refused() {
    let world = World::new(&[Block::new(1)]);
    let line = clean(&world, &["--older-than=soon"]).expect(2).stderr;
    assert!(
        line.contains("--older-than \"soon\": expected an age"),
        "{line}"
    );
}

/// S-18.4, S-18.6: on a real server, after real kills, with objects that go up in parts.
#[test]
fn what_killed_migrations_left_on_a_server_is_removed() {
    const MIB: usize = 1 << 20;
    let minio = Minio::start();
    let blocks = [
        Block::new(1).chunk_bytes(&[12 * MIB]),
        Block::new(2).days(1, 2).chunk_bytes(&[1000, 7 * MIB]),
    ];
    let world = on_minio::World::new(&minio, &blocks);
    // What the source has in parts goes up in the same ones.
    let large = format!("{}/chunks/000001", blocks[0].id());
    let parts = [5 * MIB, 5 * MIB, 2 * MIB];
    world
        .source
        .put_in_parts(&large, &world.before[&large], &parts);
    let (source, target) = world.configs();
    let mut uploads = 0;
    let mut copies = 0;
    for number in (10..50).step_by(3) {
        let line = Line::to(minio.port());
        let ran = killed::at(line, number, number % 2 == 0, |proxy| {
            let (source, target) = world.configs_with(proxy, "  part_size: 5242880\n");
            migrate(&source, &target, &COPIED_HERE)
        });
        if !killed::was_killed(ran) {
            break;
        }
        let (marked, before) = (world.source.tree(), world.target.published());
        let arguments = ["--older-than=0s", "--no-dry-run", "--output=json"];
        let began = Instant::now();
        loop {
            let document = cleanup(&source, Some(&target), &arguments).expect(0).json();
            let removed = endings(&document);
            let of = |kind| {
                let removed = removed.iter();
                removed.filter(move |(what, _, ending)| what == kind && ending == "removed")
            };
            uploads += of("upload").count();
            copies += of("partial-copy").count();
            let left = world.target.tree();
            let published = blocks_with(&left, "meta.json");
            assert!(before.iter().all(|id| published.contains(id)), "{document}");
            let of_published = |name: &String| published.iter().any(|id| name.starts_with(id));
            // MinIO lists no upload whose asker was gone before it had begun, though it lies on its disk.
            if removed.is_empty() && left.keys().all(of_published) {
                break;
            }
            // What the killed one had asked for may be done a moment later.
            assert!(began.elapsed() < Duration::from_mins(1), "{document}");
        }
        assert_same(&world.source.tree(), &marked);
        world.assert_sound();
    }
    assert!(uploads > 0, "no kill left an upload");
    assert!(copies > 0, "no kill left a copy");
    on_minio::run(&(source, target), &[OLD]).expect(0);
    world.assert_moved();
}
