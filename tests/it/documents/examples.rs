//! Everything in `examples/` and every command in README, run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::fake_gcs;
use crate::support::folders::{World, tree};
use crate::support::minio::Minio;
use crate::support::run::{Ran, migrate, repository};
use crate::support::servers::path_variable;
use crate::support::service::run;
use crate::support::world::{Contents, blocks_with};

mod backfill;
mod both_tiers;
mod kubernetes;
mod monitoring;
mod oracle;
mod readme;
mod swift;

const TOOL: &str = env!("CARGO_BIN_EXE_thanos-bucket");

fn script(path: &str) -> Command {
    let mut command = Command::new(repository(path));
    command
        .env("THANOS_BUCKET", TOOL)
        .env("PATH", path_variable());
    command
}

fn example(name: &str) -> String {
    fs::read_to_string(repository("examples").join(name)).unwrap()
}

/// Ids of the example blocks of which something is true.
fn example_blocks(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let all = tree(&repository("examples/blocks"));
    blocks_with(&all, "meta.json")
        .into_iter()
        .filter(|id| is_wanted(&String::from_utf8_lossy(&all[&format!("{id}/meta.json")])))
        .collect()
}

#[test]
fn each_example_has_a_test_here() {
    let found: Vec<_> = fs::read_dir(repository("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let tested: BTreeSet<_> = [
        "aliyunoss.yaml",
        "azure.yaml",
        "backfill",
        "blocks",
        "bos.yaml",
        "both-tiers",
        "ci-smoke-test",
        "cos.yaml",
        "crontab",
        "demo",
        "filesystem.yaml",
        "gcs.yaml",
        "kubernetes",
        "monitoring",
        "nightly",
        "obs.yaml",
        "oci.yaml",
        "policy-source.json",
        "policy-target.json",
        "policy.schema.json",
        "policy.yaml",
        "prices.yaml",
        "queries.yaml",
        "report-file.schema.json",
        "s3-aws.yaml",
        "s3-minio.yaml",
        "selector-drop-and-hashmod.yaml",
        "selector-keep-cluster.yaml",
        "swift.yaml",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), tested);
}

/// S-23.5
#[test]
fn the_policy_is_sound() {
    let ran = Ran::of(run(&repository("examples/policy.yaml"), &["--validate"])).expect(0);
    assert!(ran.stdout.contains("2 rules"), "{}", ran.stdout);
    let schema: Value = serde_json::from_str(&example("policy.schema.json")).unwrap();
    assert_eq!(schema["$defs"]["rule"]["type"], "object");
}

/// S-17.10: 100 GiB, added up by hand.
#[test]
fn the_prices_come_to_a_bill_that_can_be_checked() {
    const GIB: u64 = 1 << 30;
    let block = Block::new(1).without_file_list();
    let world = World::new(std::slice::from_ref(&block));
    let folder = world.source.join(block.id());
    // It has no bytes on the disk.
    let rest: u64 = tree(&folder)
        .iter()
        .filter(|(name, _)| *name != "index")
        .map(|(_, content)| content.len() as u64)
        .sum();
    let index = fs::File::options().write(true).open(folder.join("index"));
    index.unwrap().set_len(100 * GIB - rest).unwrap();
    let mut command = Command::new(TOOL);
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
        .args(["--older-than=30d", "--output=json"])
        .arg(format!(
            "--prices={}",
            repository("examples/prices.yaml").display()
        ));
    let money = Ran::of(command).expect(0).json()["money"].clone();
    let lines = |list: &str| -> Vec<String> {
        let lines = money[list].as_array().unwrap().iter();
        let line = |line: &serde_json::Value| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            format!("{}: {} = {}", text("name"), text("formula"), text("amount"))
        };
        lines.map(line).collect()
    };
    let meta = fs::metadata(folder.join("meta.json")).unwrap().len();
    // In parts of 16 MiB, 100 GiB are 6,400; either of the two objects may end with a part that is not whole.
    assert_eq!(
        lines("once"),
        [
            "source list: 3 requests / 1000 x 0.005 = 0.00".to_owned(),
            "source get: 2 requests / 1000 x 0.0004 = 0.00".to_owned(),
            "source put: 1 requests / 1000 x 0.005 = 0.00".to_owned(),
            "target list: 3 requests / 1000 x 0.005 = 0.00".to_owned(),
            "target put: 5 requests / 1000 x 0.01 = 0.00".to_owned(),
            "target copy: 6402 requests / 1000 x 0.01 = 0.06".to_owned(),
            format!("source egress: {meta} bytes / 2^30 x 0.02 = 0.00"),
        ]
    );
    assert_eq!(money["once_total"], "0.06");
    assert_eq!(
        lines("monthly"),
        [
            "target storage: 107374182400 bytes / 2^30 x 0.0125 = 1.25",
            "source storage: -107374182400 bytes / 2^30 x 0.023 = -2.30",
        ]
    );
    assert_eq!(money["monthly_total"], "-1.05");
    assert_eq!(money["storage_at_least"]["amount"], "1.25");
}

#[test]
fn the_demo_moves_every_block_and_has_nothing_to_do_the_second_time() {
    let before = tree(&repository("examples/blocks"));
    let ran = Ran::of(script("examples/demo")).expect(0);
    assert_eq!(ran.stdout.matches("\n### ").count(), 5, "{}", ran.stdout);
    for id in example_blocks(|_| true) {
        let object = format!("\n  {id}/meta.json\n");
        assert_eq!(ran.stdout.matches(&object).count(), 1, "{}", ran.stdout);
        let mark = format!("\n  {id}/deletion-mark.json\n");
        assert_eq!(ran.stdout.matches(&mark).count(), 1, "{}", ran.stdout);
    }
    assert_eq!(tree(&repository("examples/blocks")), before);
}

#[test]
fn the_smoke_test_passes_on_a_minio_of_its_own() {
    let ran = Ran::of(script("examples/ci-smoke-test")).expect(0);
    assert!(
        ran.stdout.ends_with("smoke test: 5 blocks moved\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_example_blocks_are_what_their_script_makes() {
    let world = World::new(&[]);
    let mut command = script("tests/servers/make-example-blocks");
    command.arg(world.path("made"));
    Ran::of(command).expect(0);
    let made = tree(&world.path("made"));
    let kept = tree(&repository("examples/blocks"));
    assert!(made == kept, "{:?}\n{:?}", made.keys(), kept.keys());
}

#[test]
fn the_folder_configuration_is_accepted() {
    let world = World::of_examples();
    let text = example("filesystem.yaml");
    let directory = "/var/lib/thanos/blocks";
    assert!(text.contains(directory));
    let config = world.path("example.yaml");
    fs::write(
        &config,
        text.replace(directory, world.source.to_str().unwrap()),
    )
    .unwrap();
    let target = world.target_config();
    Ran::of(migrate(
        &config,
        &target,
        &["--older-than=30d", "--dry-run"],
    ))
    .expect(0);
}

/// S-3.28, S-3.29: as it stands, and with a key in place of the machine's credentials.
#[test]
fn the_google_configuration_is_accepted_and_reaches_its_prefix() {
    let text = example("gcs.yaml").replace("  # service_account", "  service_account");
    let text = text.replace("  #   {", "    {");
    let tokens = fake_gcs::token_service();
    let account = fake_gcs::service_account(&tokens.url("/token")).to_string();
    let (before, rest) = text.split_once("{\"type\"").unwrap();
    let (_, rest) = rest.split_once("\"}").unwrap();
    for text in [example("gcs.yaml"), format!("{before}{account}{rest}")] {
        let world = World::of_examples();
        let bucket = fake_gcs::Bucket::new("thanos-cold");
        let config = world.path("example.yaml");
        fs::write(&config, text.replace("example-thanos-cold", &bucket.name)).unwrap();
        let mut command = migrate(&world.source_config(), &config, &["--older-than=30d"]);
        command.env(fake_gcs::EMULATOR, fake_gcs::host(fake_gcs::port()));
        Ran::of(command).expect(0);
        let objects = bucket.tree();
        assert_eq!(objects.len(), 15);
        assert!(
            objects
                .keys()
                .all(|name| name.starts_with("prometheus/eu/01J"))
        );
    }
    assert!(!tokens.seen().is_empty());
}

/// S-3.1, S-3.2: `prefix`, and `$(VAR)` from the environment.
#[test]
fn the_minio_configuration_is_accepted_and_reaches_its_prefix() {
    let world = World::of_examples();
    let minio = Minio::start();
    let bucket = minio.bucket("thanos-cold");
    let text = example("s3-minio.yaml")
        .replace(
            "minio.example.com:9000",
            &format!("127.0.0.1:{}", minio.port()),
        )
        .replace("# insecure: true", "insecure: true");
    let config = world.path("example.yaml");
    fs::write(&config, text).unwrap();
    let mut command = migrate(&world.source_config(), &config, &["--older-than=30d"]);
    command
        .env("COLD_ACCESS_KEY", &bucket.root().access_key)
        .env("COLD_SECRET_KEY", &bucket.root().secret_key);
    Ran::of(command).expect(0);
    let objects = bucket.tree();
    assert_eq!(objects.len(), 15);
    assert!(
        objects
            .keys()
            .all(|name| name.starts_with("prometheus/eu/01J"))
    );
}

/// S-3.4: seen before anything is contacted.
#[test]
fn the_amazon_configuration_is_accepted() {
    // Read and understood, it names one bucket twice.
    let config = repository("examples/s3-aws.yaml");
    let ran = Ran::of(migrate(&config, &config, &["--older-than=30d"])).expect(2);
    assert!(ran.stderr.contains("same bucket"), "{}", ran.stderr);
}

/// S-3.4, S-3.24: as it stands, and with what it shows as comments.
#[test]
fn the_azure_configuration_is_accepted() {
    let world = World::new(&[]);
    let config = world.path("example.yaml");
    let text = example("azure.yaml");
    let keys = ["user_assigned_id", "storage_account_key", "endpoint"];
    for key in [None].into_iter().chain(keys.map(Some)) {
        let commented = key.map(|key| (format!("  # {key}: "), format!("  {key}: ")));
        let changed = match &commented {
            Some((comment, plain)) => text.replace(comment, plain),
            None => text.clone(),
        };
        assert_eq!(changed == text, key.is_none(), "{key:?}");
        fs::write(&config, changed).unwrap();
        // Read and understood, it names one container twice; nothing is contacted.
        let mut command = migrate(&config, &config, &["--older-than=30d"]);
        command.env("AZURE_ACCOUNT_KEY", "a2V5");
        let ran = Ran::of(command).expect(2);
        assert!(
            ran.stderr.contains("same bucket"),
            "{key:?}: {}",
            ran.stderr
        );
        assert!(
            !ran.stderr.contains("level=warn"),
            "{key:?}: {}",
            ran.stderr
        );
    }
}

/// The blocks that a run with this selector moves.
fn moved_with_selector(selector: &Path) -> Vec<String> {
    let world = World::of_examples();
    let flag = format!("--selector.relabel-config-file={}", selector.display());
    world.migrate(&["--older-than=30d", &flag]).expect(0);
    world.target.published()
}

/// S-4.3: by external labels.
#[test]
fn the_keep_selector_moves_one_cluster() {
    let moved = moved_with_selector(&repository("examples/selector-keep-cluster.yaml"));
    assert_eq!(moved, example_blocks(|meta| meta.contains("\"eu-1\"")));
}

/// S-4.3: by `__block_id`.
#[test]
fn the_hashmod_selector_parts_all_blocks_among_three() {
    let world = World::new(&[]);
    let text = example("selector-drop-and-hashmod.yaml");
    assert!(text.contains("\"0\""));
    let mut moved = Vec::new();
    for third in ["\"0\"", "\"1\"", "\"2\""] {
        let selector = world.path("selector.yaml");
        fs::write(&selector, text.replace("\"0\"", third)).unwrap();
        moved.extend(moved_with_selector(&selector));
    }
    moved.sort();
    assert_eq!(moved, example_blocks(|_| true));
}

/// A folder in which `hot.yaml` and `cold.yaml` are folder buckets, the first with the example blocks, and the tool is on PATH.
fn installed(world: &World) -> Command {
    fs::copy(world.source_config(), world.path("hot.yaml")).unwrap();
    fs::copy(world.target_config(), world.path("cold.yaml")).unwrap();
    let tool = PathBuf::from(TOOL);
    let mut folders = vec![tool.parent().unwrap().to_owned()];
    folders.extend(std::env::split_paths(&path_variable()));
    let mut command = Command::new("sh");
    command
        .arg("-euc")
        .current_dir(world.path(""))
        .env("HOME", world.path("home"))
        .env("PATH", std::env::join_paths(folders).unwrap());
    command
}

/// The example's script, in the folder that `installed` made, with its lock there too.
fn nightly(world: &World, flags: &str) -> Command {
    fs::write(world.path("migrate.env"), "HOT_ACCESS_KEY=unused\n").unwrap();
    let mut command = installed(world);
    command
        .arg(format!(
            "{} {flags}",
            repository("examples/nightly").display()
        ))
        .env("THANOS_ETC", world.path(""))
        .env("THANOS_LOCK", world.path("lock"));
    command
}

#[test]
fn the_crontab_runs_the_script_that_stands_beside_it() {
    let text = example("crontab");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("MAILTO=") && lines[1].starts_with("PATH=/usr/local/sbin:"));
    // To cron, a percent sign is the end of the line.
    assert_eq!(lines[2], "30 2 * * * root nightly");
}

#[test]
fn a_night_when_all_went_well_sends_no_mail() {
    let world = World::of_examples();
    let ran = Ran::of(nightly(&world, "")).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(world.target.published().len(), 5);
}

#[test]
fn a_night_that_needs_a_person_sends_the_report_and_the_exit_code() {
    let world = World::of_examples();
    let block = &example_blocks(|_| true)[0];
    fs::remove_file(world.source.join(block).join("index")).unwrap();
    let ran = Ran::of(nightly(&world, "")).expect(3);
    assert!(ran.stdout.contains(block), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("exit code 3\n"), "{}", ran.stdout);
}

#[test]
fn a_night_that_finds_no_blocks_says_so_whatever_its_log_is_like() {
    for flags in [
        "",
        "--log.level=error",
        "--log.format=json",
        "--output=json --log.level=error",
    ] {
        let world = World::new(&[]);
        let ran = Ran::of(nightly(&world, flags)).expect(0);
        assert!(
            ran.stdout.contains("nothing lies in source"),
            "{flags}: {ran:?}"
        );
    }
}

#[test]
fn a_night_that_meets_the_last_one_says_so() {
    let world = World::of_examples();
    let lock = fs::File::create(world.path("lock")).unwrap();
    lock.lock().unwrap();
    let ran = Ran::of(nightly(&world, "")).expect(75);
    assert!(ran.stdout.contains("still at work"), "{}", ran.stdout);
    assert!(tree(&world.target).is_empty());
}

/// What stands in README between fences of that language.
fn fenced(language: &str) -> Vec<String> {
    let text = fs::read_to_string(repository("README.md")).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}
