//! `plan --out` and `migrate --plan`: what was planned is done, and nothing else.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::block::{Block, TWO_HOURS_MS};
use crate::support::folders::{World, change_meta};
use crate::support::run::{Ran, binary};
use crate::support::world::Contents;

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

/// Plans into `plan.json` beside the buckets.
fn written(world: &World, code: i32) -> Value {
    let out = format!("--out={}", world.path("plan.json").display());
    let ran = plan(world, &[&out]).expect(code);
    assert!(ran.stdout.starts_with("plan of run "), "{}", ran.stdout);
    let says_where = ran
        .stdout
        .contains("plan.json has it: migrate --plan carries");
    assert!(says_where || code != 0, "{}", ran.stdout);
    serde_json::from_slice(&fs::read(world.path("plan.json")).unwrap()).unwrap()
}

fn carried_out(world: &World, path: &Path, arguments: &[&str]) -> Ran {
    let plan = format!("--plan={}", path.display());
    world.migrate(&[&[plan.as_str()], arguments].concat())
}

/// What the report says of the block: how it ended, or why it was left out.
fn ending(report: &Value, block: &Block) -> String {
    let of = |list: &str| {
        let mut entries = report[list].as_array().unwrap().iter();
        entries.find(|entry| entry["id"] == block.id()).cloned()
    };
    let ending = of("blocks").map(|entry| entry["outcome"]["ending"].clone());
    let word = ending.or(of("excluded").map(|entry| entry["reason"].clone()));
    word.unwrap_or_default()
        .as_str()
        .unwrap_or("absent")
        .to_owned()
}

/// S-17.1, S-17.4
#[test]
fn a_plan_is_carried_out_and_a_new_block_is_left_alone() {
    let blocks = [Block::new(1), Block::new(2), Block::new(3).cluster("us-1")];
    let world = World::new(&blocks);
    let planned = written(&world, 0);
    assert_eq!(planned["kind"], "plan");
    assert!(world.source.marked().is_empty() && world.target.published().is_empty());
    let new = Block::new(4);
    new.write_to(&world.source);
    let path = world.path("plan.json");
    let shown = carried_out(&world, &path, &["--dry-run"]).expect(0);
    assert!(
        shown.stdout.contains("not-in-plan: 1 block"),
        "{}",
        shown.stdout
    );
    let ran = carried_out(&world, &path, &["--output=json"]).expect(0);
    let report = ran.json();
    for block in &blocks {
        assert_eq!(ending(&report, block), "migrated");
    }
    assert_eq!(ending(&report, &new), "not-in-plan");
    assert_eq!(world.source.marked().len(), 3);
    assert!(!world.target.published().contains(&new.id()));
    let again = carried_out(&world, &path, &[]).expect(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
}

/// S-17.1: what `plan --output=json` prints is the same document.
#[test]
fn a_plan_on_stdout_can_be_carried_out_too() {
    let world = World::new(&[Block::new(1)]);
    let ran = plan(&world, &["--output=json"]).expect(0);
    let mut of_file = written(&world, 0);
    let mut of_stdout = ran.json();
    for changing in ["run", "started"] {
        of_file[changing] = Value::Null;
        of_stdout[changing] = Value::Null;
    }
    assert_eq!(of_file, of_stdout);
    fs::write(world.path("saved.json"), &ran.stdout).unwrap();
    carried_out(&world, &world.path("saved.json"), &[]).expect(0);
    world.assert_moved();
}

/// S-17.1
#[test]
fn a_plan_is_written_over_nothing() {
    let world = World::new(&[Block::new(1)]);
    let path = world.path("plan.json");
    fs::write(&path, "of somebody").unwrap();
    let out = format!("--out={}", path.display());
    let ran = plan(&world, &[&out]).expect(2);
    assert!(
        ran.stderr.contains("--out") && ran.stderr.contains("there already"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "of somebody");
    fs::remove_file(&path).unwrap();
    let manifest = format!("--manifest={}", path.display());
    plan(&world, &[&out, &manifest, "--manifest-format=rclone"]).expect(2);
    for wrong in ["--out=-", "--out=/nowhere/plan", "--out=/", "--out="] {
        plan(&world, &[wrong]).expect(2);
    }
    fs::remove_dir_all(&world.source).unwrap();
    plan(&world, &[&out]).expect(1);
    assert!(!path.exists());
}

/// S-17.5
#[test]
fn a_block_that_has_changed_is_told_and_holds_back_what_comes_after_it() {
    let blocks = [1, 2, 3].map(Block::new);
    let elsewhere = Block::new(4).cluster("us-1");
    let world = World::new(&[blocks.as_slice(), std::slice::from_ref(&elsewhere)].concat());
    written(&world, 0);
    change_meta(&world.source, &blocks[1], |meta| {
        meta["stats"]["numSeries"] = 9.into();
    });
    let path = world.path("plan.json");
    let shown = carried_out(&world, &path, &["--dry-run"]).expect(3).stdout;
    assert!(
        shown.contains("1 drifted: see what has changed")
            && shown.contains("since the plan was made, meta.json is another"),
        "{shown}"
    );
    let report = carried_out(&world, &path, &["--output=json"])
        .expect(3)
        .json();
    let endings = [&blocks[0], &blocks[1], &blocks[2], &elsewhere].map(|one| ending(&report, one));
    assert_eq!(endings, ["migrated", "drifted", "held-back", "migrated"]);
    assert_eq!(report["totals"]["needs_a_person"]["drifted"], 1);
}

/// S-17.6
#[test]
fn a_block_that_is_gone_is_named() {
    let blocks = [Block::new(1), Block::new(2)];
    let world = World::new(&blocks);
    written(&world, 0);
    fs::remove_dir_all(world.source.join(blocks[0].id())).unwrap();
    let path = world.path("plan.json");
    let shown = carried_out(&world, &path, &["--dry-run"]).expect(3).stdout;
    assert!(
        shown.contains("and not in the source") && shown.contains(&blocks[0].id()),
        "{shown}"
    );
    let report = carried_out(&world, &path, &["--output=json"])
        .expect(3)
        .json();
    assert_eq!(report["absent_ids"], Value::from(vec![blocks[0].id()]));
    assert_eq!(report["totals"]["needs_a_person"]["gone-since-planned"], 1);
    assert_eq!(ending(&report, &blocks[1]), "migrated");
}

/// S-17.3
#[test]
fn no_other_flag_may_say_which_blocks() {
    let world = World::new(&[Block::new(1)]);
    written(&world, 0);
    let path = world.path("plan.json");
    let id = format!("--id={}", Block::new(1).id());
    for filter in [
        OLD,
        "--min-time=2020-01-01",
        "--max-time=2030-01-01",
        "--selector.relabel-config=[]",
        "--selector.relabel-config-file=/nowhere",
        &id,
        "--resolution=0s",
        "--compaction-min=1",
        "--compaction-max=9",
        "--exclude-delete-marked",
        "--no-exclude-delete-marked",
    ] {
        let ran = carried_out(&world, &path, &[filter]).expect(2);
        let flag = filter.split('=').next().unwrap().replace("--no-", "--");
        let says = |words: &str| ran.stderr.contains(words);
        assert!(
            says("--plan and ") && says(&flag),
            "{filter}: {}",
            ran.stderr
        );
    }
    let mut command = crate::support::run::migrate(
        &world.source_config(),
        &world.target_config(),
        &[&format!("--plan={}", path.display())],
    );
    command.env("THANOS_BUCKET_OLDER_THAN", "30d");
    let ran = Ran::of(command).expect(2);
    assert!(
        ran.stderr.contains("--plan and THANOS_BUCKET_OLDER_THAN"),
        "{}",
        ran.stderr
    );
    assert!(world.source.marked().is_empty());
}

/// S-17.3
#[test]
fn a_plan_of_other_buckets_is_refused() {
    let world = World::new(&[Block::new(1)]);
    written(&world, 0);
    let path = world.path("plan.json");
    let other = World::new(&[Block::new(1)]);
    let ran = carried_out(&other, &path, &[]).expect(2);
    for directory in [&world.source, &other.source] {
        assert!(
            ran.stderr.contains(&directory.display().to_string()),
            "{}",
            ran.stderr
        );
    }
    assert!(other.source.marked().is_empty());
}

/// S-17.2
#[test]
fn what_is_no_plan_is_refused_in_one_line() {
    let world = World::new(&[Block::new(1)]);
    let planned = serde_json::to_string(&written(&world, 0)).unwrap();
    let file = world.path("hostile.json");
    for content in [
        Vec::new(),
        b"\xff\xfe\x00\x01\x1b[2J".to_vec(),
        b"{\"schema_version\":1}".to_vec(),
        vec![b'['; 1 << 20],
        planned
            .replace("\"schema_version\":1", "\"schema_version\":0")
            .into_bytes(),
        planned
            .replace("\"action\":\"copy\"", "\"action\":\"\\u001b[31m\\n\"")
            .into_bytes(),
        planned.as_bytes()[..planned.len() / 2].to_vec(),
    ] {
        fs::write(&file, &content).unwrap();
        let ran = carried_out(&world, &file, &[]).expect(2);
        assert_eq!(ran.stderr.trim_end().lines().count(), 1, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("--plan") && !ran.stderr.contains('\u{1b}'),
            "{}",
            ran.stderr
        );
    }
    for wrong in ["/dev/zero", "/nowhere", "/"] {
        carried_out(&world, Path::new(wrong), &[]).expect(2);
    }
    assert!(world.source.marked().is_empty());
}

/// S-17.3: what lies in the target is not destroyed on the word of a file.
#[test]
fn a_plan_that_overwrites_needs_the_flag_again() {
    let block = Block::new(1);
    let world = World::new(std::slice::from_ref(&block));
    Block::new(1).level(2).write_to(&world.target);
    let ran = world.migrate(&[OLD, "--dry-run", "--overwrite-existing", "--output=json"]);
    let path = world.path("plan.json");
    fs::write(&path, ran.expect(0).stdout).unwrap();
    let refused = carried_out(&world, &path, &[]).expect(2);
    assert!(
        refused.stderr.contains("--overwrite-existing is required"),
        "{}",
        refused.stderr
    );
    carried_out(&world, &path, &["--overwrite-existing"]).expect(0);
    world.assert_moved();
}

/// S-17.4: marks that were there when the plan was made stay as they are.
#[test]
fn marked_blocks_that_were_planned_are_copied() {
    let world = World::new(&[Block::new(1).marked("by hand")]);
    let path = world.path("plan.json");
    let out = format!("--out={}", path.display());
    plan(&world, &[&out, "--no-exclude-delete-marked"]).expect(0);
    let report = carried_out(&world, &path, &["--output=json"])
        .expect(0)
        .json();
    assert_eq!(report["blocks"][0]["outcome"]["mark"], "kept");
    assert_eq!(world.target.published().len(), 1);
}

/// S-17.5: two hours that nobody planned do not hold back the hours after them.
#[test]
fn a_new_block_in_the_midst_of_the_plan_holds_nothing_back() {
    let at = |number: u64, place: i64| {
        let start = crate::support::block::EPOCH_MS + place * TWO_HOURS_MS;
        Block::new(number).range(start, start + TWO_HOURS_MS)
    };
    let world = World::new(&[at(1, 1), at(3, 3)]);
    written(&world, 0);
    at(2, 2).write_to(&world.source);
    carried_out(&world, &world.path("plan.json"), &[]).expect(0);
    assert_eq!(world.source.marked().len(), 2);
}
