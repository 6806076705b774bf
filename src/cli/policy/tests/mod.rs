#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    clippy::format_collect,
    reason = "a test that cannot be set up should panic, tables are long, and their texts are short"
)]

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::*;
use crate::migrate::{Mode, ReplicaTarget};
use crate::plan::{PublishOrder, Purpose, Scope};
use crate::policy::Jitter;

mod schema;

const NOW: &str = "2026-01-05T12:00:00Z";

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(NOW).unwrap().to_utc()
}

fn load(text: &str) -> Loaded {
    let variables = [("COLD".to_owned(), "/srv/cold".to_owned())];
    Source {
        text: Some(text.to_owned()),
        path: None,
        environment: variables.into_iter().collect(),
    }
    .load(now())
}

const SOURCE: &str = "source: {type: FILESYSTEM, config: {directory: /srv/hot}}";
const TARGET: &str = "target: {type: FILESYSTEM, config: {directory: $(COLD)}}";

/// A policy of one rule with these members more.
fn with(more: &str) -> String {
    let more: String = more.lines().map(|line| format!("    {line}\n")).collect();
    format!("rules:\n  - name: archive\n    {SOURCE}\n    {TARGET}\n    older_than: 30d\n{more}")
}

fn faults(text: &str) -> Vec<String> {
    match load(text).policy {
        Ok(_) => Vec::new(),
        Err(faults) => faults
            .into_iter()
            .map(|fault| fault.strip_prefix("--policy: ").unwrap().to_owned())
            .collect(),
    }
}

/// S-23.2
#[test]
fn a_rule_is_a_migration_with_the_flags_that_its_members_stand_for() {
    let more = "\
concurrency: 3
max_bytes: 10GiB
max_duration: 2h
bandwidth_limit: 50MiB
max_failures: 7
max_error_rate: 2.5%
retry_initial_backoff: 2s
resolution: [0s, 1h]
compaction_min: 2
publish_order: none
overwrite_existing: yes
allow_replica_target: true
selector:
  - action: drop
    source_labels: [cluster]
    regex: test
hours: [22:00-06:00 Europe/Berlin, Sat-Sun 00:00-24:00 Europe/Berlin]
hot_bytes: 500GB
shard: 1/3";
    let policy = load(&format!("interval: 15m\njitter: 30s\n{}", with(more)));
    let policy = policy.policy.unwrap();
    assert_eq!(policy.warnings, Vec::<String>::new());
    assert_eq!(policy.pace.interval, Duration::from_mins(15));
    assert_eq!(policy.pace.jitter, Jitter::Time(Duration::from_secs(30)));
    let rule = policy.rules.first().unwrap();
    assert_eq!(rule.source, "file:///srv/hot");
    assert_eq!(rule.target, "file:///srv/cold");
    assert_eq!(rule.hot_bytes.unwrap().get(), 500_000_000_000);
    let night = DateTime::parse_from_rfc3339("2026-01-05T21:30:00Z").unwrap();
    assert!(rule.hours.as_ref().unwrap().are_open(night.to_utc()));
    let request = (rule.request)(now()).unwrap();
    let settings = &request.task.settings;
    assert_eq!(settings.concurrency.get(), 3);
    assert_eq!(settings.max_bytes.unwrap().get(), 10 << 30);
    assert_eq!(settings.max_duration, Some(Duration::from_hours(2)));
    assert_eq!(settings.bandwidth_limit.unwrap().get(), 50 << 20);
    assert_eq!(settings.max_failures.unwrap().get(), 7);
    assert_eq!(settings.max_error_rate, "0.025".parse().ok());
    assert_eq!(settings.retry.initial_backoff, Duration::from_secs(2));
    assert_eq!(request.task.mode, Mode::Execute);
    assert_eq!(request.task.replica_target, ReplicaTarget::Allow);
    let rules = &request.task.rules;
    assert_eq!(rules.purpose, Purpose::Move);
    assert_eq!(rules.scope, Scope::Overwriting);
    assert_eq!(rules.publish_order, PublishOrder::None);
    assert_eq!(rules.filter.resolutions_ms, [0, 3_600_000].into());
    assert!(!rules.filter.selector.is_empty());
    assert_eq!(rules.shard.unwrap().to_string(), "1/3");
    let cutoff = |request: &crate::command::migrate::Request| {
        request.task.rules.filter.cutoff.unwrap().time()
    };
    // Ages count from when a run begins.
    let day = chrono::TimeDelta::days(1);
    let later = (rule.request)(now() + day).unwrap();
    assert_eq!(cutoff(&later) - cutoff(&request), day);
}

/// S-23.2: as flags are given it in a manifest of Kubernetes.
#[test]
fn a_block_of_text_is_the_configuration_itself() {
    let block = "source: |\n      type: FILESYSTEM\n      config:\n        directory: /srv/hot\n";
    let policy = load(&with("").replace(&format!("{SOURCE}\n"), block));
    let policy = policy.policy.unwrap();
    assert_eq!(policy.rules.first().unwrap().source, "file:///srv/hot");
    let wrong = block.replace("directory", "directroy");
    let told = faults(&with("").replace(&format!("{SOURCE}\n"), &wrong));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("line 4: rules[0].source: config.directory is missing"),
        "{told:?}"
    );
}

/// S-23.2
#[test]
fn rules_that_move_to_and_fro_are_warned_of() {
    let back = with("")
        .replace("rules:\n", "")
        .replace("archive", "back")
        .replace("/srv/hot", "(there)")
        .replace("$(COLD)", "/srv/hot")
        .replace("(there)", "$(COLD)");
    let policy = load(&format!("{}{back}", with(""))).policy.unwrap();
    let told = policy.warnings.join(" ");
    assert!(
        told.contains("rule \"back\" moves back what rule \"archive\" has moved"),
        "{told}"
    );
}

/// S-23.1
#[test]
fn what_is_not_said_is_as_migrate_has_it() {
    let policy = load(&with("")).policy.unwrap();
    assert_eq!(policy.pace.interval, Duration::from_hours(1));
    assert_eq!(policy.pace.jitter, Jitter::Percent(10));
    let request = (policy.rules.first().unwrap().request)(now()).unwrap();
    assert_eq!(request.task.settings.concurrency.get(), 10);
    assert_eq!(request.task.rules.scope, Scope::Unmarked);
}

/// S-23.4
#[test]
fn every_fault_is_told_with_its_line_and_its_member() {
    for (text, expected) in [
        (String::new(), vec!["it is empty: expected YAML"]),
        (
            "# nothing".to_owned(),
            vec!["line 1: it is empty: expected rules"],
        ),
        (
            "[]".to_owned(),
            vec!["line 1: the policy: expected a mapping"],
        ),
        (
            "interval: 1h".to_owned(),
            vec!["line 1: rules is missing: expected a list of rules"],
        ),
        (
            "rules: 3".to_owned(),
            vec!["line 1: rules: expected a list"],
        ),
        (
            "rules: []".to_owned(),
            vec!["line 1: rules: expected at least one rule"],
        ),
        (
            "rules: [3]".to_owned(),
            vec!["line 1: rules[0]: expected a mapping"],
        ),
        (
            format!("interval: 0s\njitter: lots\ninterwal: 1h\n{}", with("")),
            vec![
                "line 1: interval \"0s\": expected a duration such as 5m, 1h or 2days, at least 1s and at most 365days",
                "line 2: jitter \"lots\": expected a share up to 100% such as 10%, or a duration such as 5m",
                "line 3: unknown member \"interwal\": did you mean interval?",
            ],
        ),
        (
            "rules:\n- {}".to_owned(),
            vec![
                "line 2: rules[0].name is missing: expected a name such as archive",
                "line 2: rules[0].source is missing: expected a bucket, as Thanos' type and config or as the path of a file with them",
                "line 2: rules[0].target is missing: expected a bucket, as Thanos' type and config or as the path of a file with them",
                "line 2: rules[0].older_than is missing: expected an age such as 30d",
            ],
        ),
        (
            with(
                "max_bytes: 10XB\nmax_fialures: 3\nconcurrency: 0\nresolution: [0s, 7m]\nhours: 22-6\nhot_bytes: -1\nid: x\nretry.max-backoff: 1s\noverwrite_existing: 7\nshard: [0/2, 1/2]\ncache_dir:",
            ),
            vec![
                "line 6: rules[0].max_bytes \"10XB\": expected a size such as 500MiB, 10GiB or 1TB, above 0",
                "line 7: unknown member \"max_fialures\" of rules[0]: did you mean max_failures?",
                "line 8: rules[0].concurrency \"0\": expected a whole number from 1 to 1000",
                "line 9: rules[0].resolution \"7m\": expected 0s, 5m or 1h",
                "line 10: rules[0].hours \"22-6\": no time zone: expected hours and a time zone such as \"22:00-06:00 Europe/Berlin\" or \"Mon-Fri 22:00-06:00 Europe/Berlin\"",
                "line 11: rules[0].hot_bytes \"-1\": expected a size such as 500MiB, 10GiB or 1TB, above 0",
                "line 12: unknown member \"id\" of rules[0]: expected a flag of migrate with _ for - and ., or one of name, source, target, selector, hours, hot_bytes, delete_delay",
                "line 13: unknown member \"retry.max-backoff\" of rules[0]: did you mean retry_max_backoff?",
                "line 14: rules[0].overwrite_existing \"7\": expected true or false",
                "line 15: rules[0].shard: expected one value",
                "line 16: rules[0].cache_dir: it is empty: expected a value",
            ],
        ),
        (
            with("").replace("30d", "90 d").replace(
                "type: FILESYSTEM, config: {directory: /srv/hot}",
                "type: S3, config: {bukcet: a}",
            ),
            vec![
                "line 3: rules[0].source: unknown key config.bukcet",
                "line 5: rules[0].older_than \"90 d\": expected an age such as 30d",
            ],
        ),
        (
            with("").replace("$(COLD)", "/srv/hot/below"),
            vec![
                "line 4: rules[0].target: file:///srv/hot/below is the same bucket as file:///srv/hot of rules[0].source, or one lies inside the other",
            ],
        ),
        (
            with("").replace("older_than: 30d", "older_than: -30d"),
            vec!["line 5: rules[0].older_than \"-30d\": an age has no sign: write 30d"],
        ),
        (
            with("selector: [{action: keap, source_labels: [a]}]"),
            vec!["line 6: rules[0].selector: "],
        ),
        (
            with("compaction_min: 5\ncompaction_max: 2"),
            vec![
                "line 6: rules[0].compaction_min \"5\": expected at most rules[0].compaction_max, which is 2",
            ],
        ),
        (
            with("overwrite_existing: true\nexclude_delete_marked: false"),
            vec![
                "line 6: rules[0].overwrite_existing \"true\": cannot be combined with rules[0].exclude_delete_marked \"false\"",
            ],
        ),
        (
            with("name: archive"),
            vec!["line 6: rules[0].name is given twice"],
        ),
        (
            format!("{}{}", with(""), with("").replace("rules:\n", "")),
            vec!["line 6: rules[1].name \"archive\": rules[0] has this name: expected another"],
        ),
        (
            with("").replace("name: archive", "name: a/b"),
            vec![
                "line 2: rules[0].name \"a/b\": expected up to 64 letters, digits, and . _ - between them",
            ],
        ),
        (
            with("").replace("$(COLD)", "$(NOBODY)"),
            vec!["environment variable NOBODY is not set"],
        ),
        (
            with("").replace(SOURCE, "source: nowhere/hot.yaml"),
            vec![
                "line 3: rules[0].source \"nowhere/hot.yaml\": cannot be read: No such file or directory",
            ],
        ),
    ] {
        let told = faults(&text);
        assert_eq!(told.len(), expected.len(), "{text}\n{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{text}\n{told}\n{expected}");
            assert_eq!(told.lines().count(), 1);
        }
    }
}

/// S-2.6: neither where it is spelled out nor where it stands in the wrong place.
#[test]
fn faults_repeat_no_secret() {
    let secret = "hunter2hunter2";
    for text in [
        with("").replace(
            "directory: /srv/hot",
            &format!("secret_key: {secret}, directory: [1]"),
        ),
        with("").replace(
            "FILESYSTEM, config: {directory: /srv/hot}",
            &format!("S3, config: {{bucket: 'a', endpoint: [], secret_key: {secret}}}"),
        ),
        with("").replace("type: FILESYSTEM, config: {directory: /srv/hot}", secret),
    ] {
        let told = faults(&text).join("\n");
        assert!(!told.is_empty() && !told.contains(secret), "{told}");
    }
}

/// S-23.3
#[test]
fn files_are_found_beside_the_policy_and_are_a_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "hot.yaml",
        "type: FILESYSTEM\nconfig: {directory: /srv/hot}",
    );
    write(
        "cold.yaml",
        "type: FILESYSTEM\nconfig: {directory: /srv/cold}",
    );
    write(
        "selector.yaml",
        "- {action: keep, source_labels: [a], regex: b}",
    );
    write(
        "policy.yaml",
        "rules: [{name: a, source: hot.yaml, target: ./cold.yaml, selector: selector.yaml, older_than: 1d}]",
    );
    let source = Source {
        text: None,
        path: Some(folder.path().join("policy.yaml")),
        environment: Environment::default(),
    };
    let first = source.load(now());
    let policy = first.policy.unwrap();
    assert_eq!(policy.rules.first().unwrap().source, "file:///srv/hot");
    assert_eq!(
        source.load(now() + chrono::TimeDelta::hours(1)).print,
        first.print
    );
    let mut prints = BTreeSet::from([first.print]);
    write(
        "selector.yaml",
        "- {action: keep, source_labels: [a], regex: c}",
    );
    prints.insert(source.load(now()).print);
    write(
        "cold.yaml",
        "type: FILESYSTEM\nconfig: {directory: /srv/cold}\nprefxi: a",
    );
    let wrong = source.load(now());
    prints.insert(wrong.print);
    let told = wrong.policy.unwrap_err();
    let path = folder.path().join("./cold.yaml");
    let expected = format!("line 1: rules[0].target {path:?}: line 3: unknown key prefxi");
    assert!(told.first().unwrap().contains(&expected), "{told:?}");
    fs::remove_file(folder.path().join("hot.yaml")).unwrap();
    prints.insert(source.load(now()).print);
    fs::remove_file(folder.path().join("policy.yaml")).unwrap();
    prints.insert(source.load(now()).print);
    assert_eq!(prints.len(), 5);
    // The rule that was read before goes on without the file.
    assert!((policy.rules.first().unwrap().request)(now()).is_ok());
}
