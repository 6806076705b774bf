//! `plan`: the plan of a dry run, and what a bulk copier is given.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::block::{Block, EPOCH_MS, FIVE_MINUTES_MS, TWO_HOURS_MS};
use crate::support::folders::{World, tree};
use crate::support::run::{Ran, binary};
use crate::support::world::Contents;

/// Every block of these tests is older; a day, so that two plans have the same cutoff.
const OLD: &str = "--older-than=2025-06-01";

fn plan(world: &World, arguments: &[&str]) -> Ran {
    let mut command = binary();
    command
        .arg("plan")
        .arg(format!(
            "--objstore.config-file={}",
            world.source_config().display()
        ))
        .arg(format!(
            "--objstore-to.config-file={}",
            world.target_config().display()
        ))
        .arg(OLD)
        .args(arguments);
    Ran::of(command)
}

/// Plans with a manifest in this form beside the buckets.
fn with_manifest(world: &World, format: &str, arguments: &[&str]) -> Ran {
    let manifest = format!("--manifest={}", world.path("manifest").display());
    let format = format!("--manifest-format={format}");
    plan(
        world,
        &[&[manifest.as_str(), format.as_str()], arguments].concat(),
    )
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(str::to_owned).collect()
}

/// What lies beside the two buckets, but for their configurations.
fn beside(world: &World) -> BTreeSet<String> {
    let entries = fs::read_dir(world.path("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let known = ["source", "target", "source.yaml", "target.yaml"];
    names
        .filter(|name| !known.contains(&name.as_str()))
        .collect()
}

/// S-11.1
#[test]
fn the_plan_is_that_of_a_dry_run() {
    let blocks = [
        Block::new(1),
        Block::new(2).cluster("us-1"),
        Block::new(3).without("index"),
    ];
    let world = World::new(&blocks);
    blocks[1].write_to(&world.target);
    let document = |ran: Ran| {
        let mut document = ran.expect(3).json();
        for changing in ["run", "started"] {
            document[changing] = Value::Null;
        }
        for added in ["sums", "estimate", "money"] {
            document.as_object_mut().unwrap().remove(added);
        }
        document
    };
    let planned = document(with_manifest(&world, "rclone", &["--output=json"]));
    let dry_run = document(world.migrate(&[OLD, "--dry-run", "--output=json"]));
    assert_eq!(planned, dry_run);
    let text = plan(&world, &[]).expect(3).stdout;
    let dry_run = world.migrate(&[OLD, "--dry-run"]).expect(3).stdout;
    let (dry_run, next) = dry_run.trim_end().rsplit_once('\n').unwrap();
    for line in dry_run.lines().skip(1) {
        assert!(text.lines().any(|one| one == line), "{line}");
    }
    assert!(
        next.ends_with("Without --dry-run it is carried out."),
        "{next}"
    );
    let next = "migrate with the same flags carries it out.";
    assert!(text.trim_end().ends_with(next), "{text}");
    assert_eq!(world.source.tree(), world.before);
    assert!(world.source.marked().is_empty());
}

/// S-11.2: of blocks that are copied, what the target lacks, and neither `meta.json` nor a mark.
#[test]
fn a_manifest_lists_the_data_that_is_to_be_put() {
    let ours = [1, 2, 3, 4, 5].map(Block::new);
    let [whole, begun, published, torn, kept_as_it_is] = &ours;
    let others = [
        Block::new(6).marked("by hand"),
        Block::new(7).cluster("us-1").without("index"),
        Block::new(8).cluster("us-1"),
    ];
    let world = World::new(&[ours.as_slice(), &others].concat());
    let id = |block: &Block| block.id();
    let mark = format!(
        r#"{{"id":"{}","version":1,"details":"","no_compact_time":1,"reason":"manual"}}"#,
        id(kept_as_it_is)
    );
    world.source.put(
        &format!("{}/no-compact-mark.json", id(kept_as_it_is)),
        mark.into(),
    );
    for (block, lacks) in [(begun, "meta.json"), (torn, "index")] {
        block.write_to(&world.target);
        world.target.remove(&format!("{}/{lacks}", id(block)));
    }
    world.target.remove(&format!("{}/chunks/000001", id(begun)));
    published.write_to(&world.target);
    let ran = with_manifest(&world, "rclone", &[]).expect(3);
    assert_eq!(
        lines(&world.path("manifest")),
        [
            format!("{}/chunks/000001", id(whole)),
            format!("{}/index", id(whole)),
            format!("{}/chunks/000001", id(begun)),
            format!("{}/chunks/000001", id(kept_as_it_is)),
            format!("{}/index", id(kept_as_it_is)),
        ]
    );
    assert!(
        ran.stderr.contains("objects=5") && ran.stderr.contains("left_out=0"),
        "{}",
        ran.stderr
    );
    assert_eq!(beside(&world), ["manifest".to_owned()].into());
}

/// S-11.3: said, counted, and put by the run that follows.
#[test]
fn what_a_format_cannot_carry_is_left_out_and_said() {
    let block = Block::new(1);
    let odd = format!("{}/notes ", block.id());
    for (format, expected) in [
        ("rclone", vec![odd.clone()]),
        ("datasync", vec![format!("\"{odd}\"")]),
        ("storage-transfer", vec![format!("\"{odd}\"")]),
        ("azcopy", vec![]),
        ("distcp", vec![]),
    ] {
        let mut world = World::new(std::slice::from_ref(&block));
        world.source.put(&odd, b"of a person".to_vec());
        world.before = world.source.tree();
        let ran = with_manifest(&world, format, &[]).expect(0);
        let found = lines(&world.path("manifest"));
        let (data, notes): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|line| !line.contains("notes"));
        assert_eq!((data.len(), notes), (2, expected.clone()), "{format}");
        let is_told = ran.stderr.contains("are left out of the manifest")
            && ran.stderr.contains("objects=1 bytes=11")
            && ran.stderr.contains("left_out=1");
        assert_eq!(is_told, expected.is_empty(), "{format}: {}", ran.stderr);
        world.migrate(&[OLD]).expect(0);
        world.assert_moved();
    }
}

/// S-11.3: in words, with nothing contacted.
#[test]
fn buckets_that_s3_batch_operations_cannot_copy_between_are_refused() {
    let s3 = |bucket: &str, prefix: &str| {
        format!(
            "{{type: S3, prefix: '{prefix}', config: {{bucket: {bucket}, endpoint: '127.0.0.1:1', access_key: a, secret_key: b}}}}"
        )
    };
    let folder = "{type: FILESYSTEM, config: {directory: /nowhere}}".to_owned();
    let files = tempfile::tempdir().unwrap();
    let manifest = files.path().join("manifest");
    for (source, target, why) in [
        (
            folder.clone(),
            s3("cold", ""),
            "between buckets in S3 alone",
        ),
        (s3("hot", "a"), s3("cold", "b"), "TargetKeyPrefix"),
    ] {
        let mut command = binary();
        command
            .args(["plan", OLD, "--manifest-format=s3-batch"])
            .arg(format!("--manifest={}", manifest.display()))
            .arg(format!("--objstore.config={source}"))
            .arg(format!("--objstore-to.config={target}"));
        let ran = Ran::of(command).expect(2);
        let says = |words: &str| ran.stderr.contains(words);
        assert!(says("--manifest-format") && says(why), "{}", ran.stderr);
    }
}

/// S-11.4
#[test]
fn a_manifest_is_written_over_nothing() {
    let world = World::new(&[Block::new(1)]);
    fs::write(world.path("manifest"), "of somebody").unwrap();
    let ran = with_manifest(&world, "rclone", &[]).expect(2);
    assert!(
        ran.stderr.contains("--manifest") && ran.stderr.contains("there already"),
        "{}",
        ran.stderr
    );
    with_manifest(&world, "rclone", &["--manifest-split=unit"]).expect(2);
    assert_eq!(lines_of_somebody(&world), "of somebody");
    fs::remove_file(world.path("manifest")).unwrap();
    fs::create_dir(world.path("manifest")).unwrap();
    with_manifest(&world, "rclone", &[]).expect(2);
    with_manifest(&world, "rclone", &["--manifest-split=unit"]).expect(0);
    with_manifest(&world, "rclone", &["--manifest-split=unit"]).expect(2);
    for wrong in ["-", "/nowhere/manifest", "/", ""] {
        let manifest = format!("--manifest={wrong}");
        plan(&world, &[&manifest, "--manifest-format=rclone"]).expect(2);
    }
    plan(&world, &["--manifest-format=rclone"]).expect(2);
    plan(&world, &["--manifest=/tmp/x"]).expect(2);
}

fn lines_of_somebody(world: &World) -> String {
    fs::read_to_string(world.path("manifest")).unwrap()
}

/// S-11.4: no half of one either.
#[test]
fn without_a_plan_there_is_no_manifest() {
    for split in ["none", "unit"] {
        let world = World::new(&[Block::new(1)]);
        fs::remove_dir_all(&world.source).unwrap();
        let split = format!("--manifest-split={split}");
        with_manifest(&world, "rclone", &[&split]).expect(1);
        assert!(beside(&world).is_empty());
    }
}

/// S-11.4
#[test]
fn a_manifest_is_split_by_unit_under_names_that_stay() {
    const FORTNIGHT_MS: i64 = 14 * 12 * TWO_HOURS_MS;
    let block = |number, cluster: &str, fortnight: i64| {
        let start = EPOCH_MS + fortnight * FORTNIGHT_MS;
        let block = Block::new(number).cluster(cluster);
        block.range(start, start + TWO_HOURS_MS)
    };
    let raw = block(1, "eu-1", 0);
    let coarse = block(2, "eu-1", 0)
        .resolution(FIVE_MINUTES_MS)
        .made_of(&[&raw]);
    let blocks = [raw, coarse, block(3, "eu-1", 1), block(4, "us-1", 0)];
    let world = World::new(&blocks);
    let written = || {
        with_manifest(&world, "datasync", &["--manifest-split=unit"]).expect(0);
        let folder = world.path("manifest");
        let found = tree(&folder);
        fs::remove_dir_all(folder).unwrap();
        found
    };
    let files = written();
    assert_eq!(files, written());
    let begins = |day: &str| files.keys().filter(|name| name.starts_with(day)).count();
    assert_eq!(
        (files.len(), begins("2025-01-02-"), begins("2025-01-16-")),
        (3, 2, 1)
    );
    assert!(
        files
            .keys()
            .all(|name| name.len() == "2025-01-02-0123456789abcdef.csv".len())
    );
    let mut listed: Vec<String> = Vec::new();
    for text in files.values() {
        listed.extend(
            String::from_utf8(text.clone())
                .unwrap()
                .lines()
                .map(str::to_owned),
        );
    }
    listed.sort();
    let mut data: Vec<_> = world.before.keys().cloned().collect();
    data.retain(|name| !name.ends_with("/meta.json"));
    assert_eq!(listed, data);
}
