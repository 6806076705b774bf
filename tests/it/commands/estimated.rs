//! What `plan` sums up, and what it says a plan costs.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::block::{Block, FIVE_MINUTES_MS};
use crate::support::folders::World;
use crate::support::minio::Minio;
use crate::support::on_minio;
use crate::support::run::{OLD, Ran, binary};
use crate::support::world::three;

fn plan(source: &Path, target: &Path, arguments: &[&str]) -> Ran {
    let mut command = binary();
    command
        .arg("plan")
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()))
        .arg(OLD)
        .args(arguments);
    Ran::of(command)
}

fn of_folders(world: &World, arguments: &[&str]) -> Ran {
    plan(&world.source_config(), &world.target_config(), arguments)
}

fn labelled() -> World {
    let of = |tenant: &str| {
        [("cluster", "eu-1"), ("tenant", tenant)].map(|(name, value)| (name, value.to_owned()))
    };
    let block = |number: u64, tenant: &str| {
        let labels = of(tenant);
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Block::new(number).labels(&labels)
    };
    World::new(&[
        block(1, "a"),
        block(2, "a").resolution(FIVE_MINUTES_MS),
        block(3, "b"),
        Block::new(4).days(40, 41),
    ])
}

/// S-17.7
#[test]
fn blocks_are_summed_up_by_labels_resolution_and_month() {
    let world = labelled();
    let arguments = [
        "--group-by=cluster,tenant",
        "--group-by=nothing",
        "--output=json",
    ];
    let sums = of_folders(&world, &arguments).expect(0).json()["sums"].clone();
    let blocks = |list: &str, name: &str| -> Vec<(Value, Value)> {
        let entries = sums[list].as_array().unwrap().iter();
        entries
            .map(|entry| (entry[name].clone(), entry["selected"]["blocks"].clone()))
            .collect()
    };
    let labels = |tenant: Value| json!({"cluster": "eu-1", "tenant": tenant, "nothing": null});
    assert_eq!(
        blocks("by_labels", "labels"),
        [
            (labels(Value::Null), json!(1)),
            (labels(json!("a")), json!(2)),
            (labels(json!("b")), json!(1)),
        ]
    );
    assert_eq!(
        blocks("by_resolution", "resolution"),
        [(json!("0s"), json!(3)), (json!("5m"), json!(1))]
    );
    assert_eq!(
        blocks("by_month", "month"),
        [(json!("2025-01"), json!(3)), (json!("2025-02"), json!(1))]
    );
    let shown = of_folders(&world, &["--group-by=tenant"]).expect(0).stdout;
    for line in [
        "by tenant ",
        "  tenant=\"a\" ",
        "  tenant absent ",
        "by resolution ",
        "  2025-02 ",
    ] {
        assert!(
            shown.lines().any(|shown| shown.starts_with(line)),
            "{line}\n{shown}"
        );
    }
    for wrong in ["--group-by=", "--group-by=a,,b", "--group-by=a,a"] {
        let ran = of_folders(&world, &[wrong]).expect(2);
        assert!(ran.stderr.contains("--group-by"), "{}", ran.stderr);
    }
}

/// S-17.7: of many sums text shows some, and counts the rest.
#[test]
fn many_sums_are_cut_short_in_text_and_whole_in_json() {
    let names: Vec<String> = (0..40)
        .map(|number| format!("cluster-{number:02}"))
        .collect();
    let blocks: Vec<Block> = names
        .iter()
        .zip(1..)
        .map(|(name, number)| Block::new(number).cluster(name))
        .collect();
    let world = World::new(&blocks);
    let text = of_folders(&world, &["--group-by=cluster"]).expect(0).stdout;
    let more = text
        .lines()
        .find(|line| line.starts_with("  … and 17 more"))
        .unwrap();
    assert_eq!(more.split_whitespace().nth(4), Some("17"), "{more}");
    let json = of_folders(&world, &["--group-by=cluster", "--output=json"])
        .expect(0)
        .json();
    assert_eq!(json["sums"]["by_labels"].as_array().unwrap().len(), 40);
}

/// S-17.8
#[test]
fn requests_bytes_and_time_are_told() {
    let world = World::new(&three());
    let arguments = ["--rate=1KiB", "--output=json"];
    let document = of_folders(&world, &arguments).expect(0).json();
    let estimate = &document["estimate"];
    let to_put = document["totals"]["to_put"]["bytes"].as_u64().unwrap();
    let bytes = |name: &str| estimate[name].as_u64().unwrap();
    assert_eq!(bytes("bytes_to_put"), to_put);
    assert_eq!(
        bytes("bytes_through_here") + bytes("bytes_copied_by_service"),
        to_put
    );
    // Between two folders the system copies; meta.json goes through here.
    assert!(bytes("bytes_copied_by_service") > bytes("bytes_through_here"));
    assert_eq!(bytes("seconds"), to_put.div_ceil(1024));
    let asked = &estimate["requests"];
    assert_eq!(
        asked["source"],
        json!({"list": 9, "get": 6, "put": 3, "copy": 0, "delete": 0})
    );
    assert_eq!(
        asked["target"],
        json!({"list": 9, "get": 0, "put": 3, "copy": 7, "delete": 0})
    );
    let counts = ["source", "target"].map(|side| asked[side].as_object().unwrap().values());
    let sum: u64 = counts.into_iter().flatten().filter_map(Value::as_u64).sum();
    assert_eq!(document["totals"]["requests_estimate"], sum);
    assert_eq!(document["money"], Value::Null);
    let shown = of_folders(&world, &["--rate=1KiB"]).expect(0).stdout;
    assert!(
        shown.contains("the sum of both, at 1.0 KiB a second"),
        "{shown}"
    );
    let widest = shown.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(120), "{shown}");
    of_folders(&world, &["--rate=fast"]).expect(2);
}

/// S-17.9
#[test]
fn a_source_that_keeps_versions_is_told() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &three());
    let (source, target) = world.configs();
    let plain = plan(&source, &target, &["--output=json"]).expect(0).json();
    assert_eq!(plain["estimate"]["frees_with_deletion"], true);
    minio.mc(&["version", "enable", "minio/hot"]);
    let kept = plan(&source, &target, &["--output=json"]).expect(0).json();
    assert_eq!(kept["estimate"]["frees_with_deletion"], false);
    let shown = plan(&source, &target, &[]).expect(0).stdout;
    let line = "! freed          later: the source keeps versions";
    assert!(
        shown.lines().any(|shown| shown.starts_with(line)),
        "{shown}"
    );
}
