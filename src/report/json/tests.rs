//! The members of the document and their order, which programs rely on.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use crate::exit::{Exit, Signal};
use crate::outcome::testing::{World, block, results};
use crate::outcome::{BlockEnding, Results};
use crate::report::testing::{written, written_in_full};
use crate::report::{Output, write_error};

const OURS: &str = "migrated to s3://cold by thanos-bucket 9.9.9 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

/// Every member of the documents; `*` stands for the members of a map.
const MEMBERS: &str = "schema_version kind tool tool.name tool.version run started source target cutoff complete exit_code \
    elapsed_seconds aborted signal limit \
    warnings warnings[].name warnings[].blocks warnings[].text warnings[].ids \
    selector selector[].rule selector[].blocks selector[].dropped \
    blocks blocks[].id blocks[].min_time blocks[].min_time_ms blocks[].max_time blocks[].max_time_ms blocks[].labels \
    blocks[].labels.* blocks[].resolution blocks[].resolution_ms blocks[].level blocks[].series blocks[].samples \
    blocks[].size_bytes blocks[].objects blocks[].marked blocks[].meta_sha256 blocks[].objects_sha256 blocks[].unit blocks[].action blocks[].reason blocks[].outlook \
    blocks[].outlook.name blocks[].outlook.by blocks[].weak_inventory blocks[].needs_a_person \
    blocks[].put blocks[].put.objects blocks[].put.bytes \
    blocks[].outcome blocks[].outcome.ending blocks[].outcome.detail blocks[].outcome.waits_for blocks[].outcome.mark blocks[].outcome.proof \
    blocks[].outcome.objects_put blocks[].outcome.bytes_sent blocks[].outcome.elapsed_seconds \
    excluded excluded[].id excluded[].reason excluded[].detail excluded[].needs_a_person \
    excluded[].min_time excluded[].min_time_ms excluded[].max_time excluded[].max_time_ms excluded[].labels \
    excluded[].labels.* excluded[].resolution excluded[].resolution_ms excluded[].level excluded[].series \
    excluded[].samples excluded[].size_bytes excluded[].objects \
    marked_not_held marked_not_held[].block marked_not_held[].why marked_not_held[].marked_at \
    marked_not_held[].command marked_not_held[].what_to_do \
    absent_ids \
    totals totals.selected totals.selected.blocks totals.selected.objects totals.selected.bytes \
    totals.to_put totals.to_put.blocks totals.to_put.objects totals.to_put.bytes totals.requests_estimate \
    totals.by_action totals.by_action.* totals.by_action.*.blocks totals.by_action.*.objects totals.by_action.*.bytes \
    totals.excluded totals.excluded.* totals.needs_a_person totals.needs_a_person.* \
    totals.objects_put totals.bytes_sent \
    totals.by_outcome totals.by_outcome.* totals.by_outcome.*.blocks totals.by_outcome.*.objects \
    totals.by_outcome.*.bytes";

fn json(world: &World, results: Option<&Results>) -> Value {
    let text = written(world, Output::Json, results);
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn world() -> World {
    World::of([
        block(1),
        block(2).hours(2, 4).without("index"),
        block(3).hours(4, 6).without_file_list(),
        block(4).marked(OURS),
        block(5).without("meta.json"),
    ])
    .asking_for([1, 2, 3, 4, 5, 6])
    .selecting("- {action: keep, source_labels: [cluster], regex: eu-1}")
}

/// Paths of all members, in their order.
fn members(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let is_map = path.ends_with("labels")
                || path.contains(".by_")
                || matches!(path, "totals.excluded" | "totals.needs_a_person");
            let is_map = is_map && !path.ends_with('*');
            for (name, value) in object {
                let name = if is_map { "*" } else { name };
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{name}");
                found.push(path.clone());
                members(value, &path, found);
            }
        }
        Value::Array(array) => {
            for value in array {
                members(value, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// S-8.1
#[test]
fn every_member_is_one_of_the_schema_and_every_one_of_the_schema_is_used() {
    let results = results(&[BlockEnding::Migrated, BlockEnding::HeldBack]);
    let schema: BTreeSet<&str> = MEMBERS.split_whitespace().collect();
    let mut found = Vec::new();
    members(&json(&world(), Some(&results)), "", &mut found);
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, schema);
    let mut planned = Vec::new();
    members(&json(&world(), None), "", &mut planned);
    let of_a_plan: BTreeSet<&str> = planned.iter().map(String::as_str).collect();
    let only_in_reports = schema.difference(&of_a_plan);
    let nested = |name: &&&str| name.contains("outcome.");
    assert_eq!(
        only_in_reports.clone().count(),
        only_in_reports.filter(nested).count()
    );
}

/// What `plan` has besides.
const OF_PLANS: &str = "sums sums.by_labels sums.by_resolution sums.by_month \
    estimate estimate.requests estimate.bytes_through_here estimate.bytes_copied_by_service estimate.bytes_to_put \
    estimate.rate_bytes_per_second estimate.seconds estimate.frees_with_deletion estimate.freed \
    money money.currency money.once money.once[].name money.once[].formula money.once[].amount money.once_total \
    money.monthly money.monthly_total money.storage_at_least money.storage_at_least.amount";

/// S-17.7, S-17.8, S-17.9, S-17.10
#[test]
fn a_plan_has_the_members_of_every_document_and_its_own() {
    let text = written_in_full(&world(), Output::Json, &["cluster"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    members(&document, "", &mut found);
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let lacking: Vec<&str> = OF_PLANS
        .split_whitespace()
        .filter(|name| !found.contains(name))
        .collect();
    assert!(lacking.is_empty(), "{lacking:?}\n{found:?}");
    assert_eq!(document["estimate"]["seconds"], 11);
    let mut planned = Vec::new();
    members(&json(&world(), None), "", &mut planned);
    assert!(planned.iter().all(|name| found.contains(name.as_str())));
}

#[test]
fn the_order_of_members_is_that_of_the_schema() {
    let text = written(&world(), Output::Json, None);
    let mut from = 0;
    for name in MEMBERS
        .split_whitespace()
        .filter(|name| !name.contains(['.', '[']))
    {
        let place = text[from..].find(&format!("\"{name}\":"));
        from += place.unwrap_or_else(|| panic!("{name} is not in its place"));
    }
}

#[test]
fn a_plan_tells_what_will_happen() {
    let plan = json(&world(), None);
    assert_eq!(plan["kind"], "plan");
    assert_eq!(plan["exit_code"], 3);
    assert_eq!(plan["complete"], Value::Null);
    assert_eq!(plan["cutoff"], "2025-06-01T00:00:00.000Z");
    let first = &plan["blocks"][0];
    assert_eq!(first["action"], "copy");
    assert_eq!(first["min_time"], "2025-01-02T00:00:00.000Z");
    assert_eq!(first["min_time_ms"], 1_735_776_000_000_i64);
    assert_eq!(first["resolution"], "0s");
    assert_eq!(first["size_bytes"], 1_u64 << 30);
    assert_eq!(first["put"]["objects"], 3);
    assert_eq!(first["outcome"], Value::Null);
    let second = &plan["blocks"][1];
    assert_eq!(second["outlook"]["name"], "held-back");
    assert_eq!(second["put"]["bytes"], 0);
    assert_eq!(plan["excluded"][2]["labels"], Value::Null);
    assert_eq!(plan["totals"]["by_action"]["copy"]["blocks"], 1);
    assert_eq!(plan["totals"]["by_action"]["held-back"]["blocks"], 1);
    assert_eq!(plan["totals"]["to_put"]["blocks"], 1);
    assert_eq!(plan["warnings"][1]["name"], "weak-inventory");
    assert_eq!(plan["warnings"][1]["blocks"], 1);
    assert_eq!(plan["warnings"][1]["ids"][0], "01J9ZK3M7Q8T5V6W7X00000003");
    assert_eq!(plan["selector"][0]["dropped"], 0);
    assert_eq!(plan["totals"]["needs_a_person"]["asked-for-but-absent"], 1);
    assert_eq!(plan["totals"]["objects_put"], Value::Null);
    assert_eq!(plan["absent_ids"][0], "01J9ZK3M7Q8T5V6W7X00000006");
    assert_eq!(
        plan["marked_not_held"][0]["command"],
        "thanos-bucket migrate --id=01J9ZK3M7Q8T5V6W7X00000004 --older-than=0s --exclude-delete-marked=false"
    );
}

#[test]
fn a_report_tells_what_became_of_it() {
    let mut results = results(&[BlockEnding::Migrated, BlockEnding::NotFinished]);
    results.signal = Some(Signal::Terminate);
    let report = json(&world(), Some(&results));
    assert_eq!(report["kind"], "report");
    assert_eq!(report["exit_code"], 143);
    assert_eq!(report["signal"], "SIGTERM");
    assert_eq!(report["complete"], false);
    assert_eq!(report["elapsed_seconds"], 60.0);
    let outcome = &report["blocks"][0]["outcome"];
    assert_eq!(outcome["ending"], "migrated");
    assert_eq!(outcome["mark"], "written");
    assert_eq!(outcome["proof"], "checksum");
    assert_eq!(report["totals"]["bytes_sent"], 1_u64 << 30);
    assert_eq!(report["totals"]["by_outcome"]["not-finished"]["blocks"], 1);
}

/// S-8.2
#[test]
fn a_run_that_could_not_begin_leaves_the_same_members() {
    let error = |exit: Exit| {
        let why = "list s3://hot: connection refused";
        let mut out = Vec::new();
        write_error(Output::Json, None, why, exit, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let plan = json(&world(), None);
    for (exit, exit_code, signal) in [
        (Exit::Aborted, 1, Value::Null),
        (Exit::Misused, 2, Value::Null),
        (Exit::Stopped(Signal::Terminate), 143, "SIGTERM".into()),
    ] {
        let error = error(exit);
        assert_eq!(error["kind"], "error");
        assert_eq!(error["aborted"], "list s3://hot: connection refused");
        assert_eq!(error["exit_code"], exit_code);
        assert_eq!(error["signal"], signal);
        let told = [
            "schema_version",
            "kind",
            "tool",
            "aborted",
            "exit_code",
            "signal",
        ];
        for (name, _) in plan.as_object().unwrap() {
            let value = error
                .get(name)
                .unwrap_or_else(|| panic!("{name} is missing"));
            assert!(value.is_null() || told.contains(&name.as_str()), "{name}");
        }
    }
    let mut out = Vec::new();
    write_error(Output::Text, None, "x", Exit::Aborted, &mut out).unwrap();
    assert!(out.is_empty(), "people are told on stderr");
}

#[test]
fn hostile_names_are_escaped_and_read_back() {
    let (name, value) = ("a\"\n\u{7f}", "b\u{1b}[2J\u{9b}\u{202e}\u{2028}é\\");
    let world = World::of([block(1).label(name, value).before_time()]);
    let text = written(&world, Output::Json, None);
    let unprintable = |c| c != '\n' && crate::printable::is_unprintable(c);
    assert!(!text.contains(unprintable), "{text:?}");
    let plan = json(&world, None);
    assert_eq!(plan["blocks"][0]["labels"][name], value);
    assert_eq!(plan["blocks"][0]["min_time"], Value::Null);
    assert_eq!(plan["blocks"][0]["min_time_ms"], i64::MIN);
}

/// S-14.1: nobody takes the plan of copies for one that moves blocks.
#[test]
fn documents_of_copies_are_of_kinds_of_their_own() {
    let copies = World::of([block(1)]).only_copied();
    assert_eq!(json(&copies, None)["kind"], "replication-plan");
    let report = json(&copies, Some(&results(&[BlockEnding::Replicated])));
    assert_eq!(report["kind"], "replication-report");
    let outcome = &report["blocks"][0]["outcome"];
    assert_eq!(outcome["ending"], "replicated");
    assert_eq!(outcome["mark"], "none");
}
