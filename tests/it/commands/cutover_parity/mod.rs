//! Parity checks of `cutover-check` on servers that answer what real ones seldom do.

mod said;

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::answering::{Answer, Asked};
use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::querier::{self, Querier};
use crate::support::run::{OLD, Ran, binary};

/// What a server says to a question, in place of what all say.
type Own = fn(&Asked) -> Option<Answer>;

/// Where the range begins, which has two days and a half.
const FROM: &str = "--min-time=2025-01-06T00:00:00Z";

fn success(data: &Value) -> Answer {
    querier::success(data)
}

fn refusal(status: u16, kind: &str) -> Answer {
    querier::error(status, kind, "said no")
}

fn path(asked: &Asked) -> &str {
    let path = asked.path.split('?').next().unwrap();
    path.strip_prefix("/api/v1/").unwrap()
}

fn query(asked: &Asked) -> String {
    asked.member("query").unwrap_or_default()
}

fn vector(asked: &Asked, series: &[(Value, u64)]) -> Answer {
    let time: f64 = asked.member("time").unwrap().parse().unwrap();
    let series: Vec<Value> = series
        .iter()
        .map(|(labels, value)| json!({"metric": labels, "value": [time, value.to_string()]}))
        .collect();
    success(&json!({"resultType": "vector", "result": series}))
}

/// What is told of one metric, and of the family of the other.
fn metadata(kind: &str, help: &str) -> Value {
    json!({
        "up": [{"type": kind, "help": "Is it up?", "unit": ""}],
        "requests": [{"type": "counter", "help": help, "unit": ""}],
    })
}

/// How a server of two metrics answers, each of which has one series and ten samples a day.
fn usual(asked: &Asked) -> Option<Answer> {
    Some(match path(asked) {
        "query" if query(asked) == "1+1" => return None,
        "query" if query(asked).contains("vector(1)") => vector(asked, &[(json!({}), 2)]),
        "query" if counts(asked) => {
            let place = Regex::new(r#""parity","([sn])(\d+)""#).unwrap();
            let query = query(asked);
            let figures = place.captures_iter(&query).map(|found| {
                let many = if &found[1] == "s" { 10 } else { 1 };
                let place = format!("{}{}", &found[1], &found[2]);
                (json!({"parity": place}), many)
            });
            vector(asked, &figures.collect::<Vec<_>>())
        }
        "query" => vector(asked, &[(json!({"job": "a"}), 10)]),
        "query_range" => querier::matrix(&[querier::numbers(
            &json!({"__name__": "up", "job": "a"}),
            &[(1_736_121_600, "1")],
        )]),
        "label/__name__/values" => success(&json!(["requests_total", "up"])),
        "label/job/values" => success(&json!(["a"])),
        "labels" => success(&json!(["__name__", "job"])),
        "series" => success(&json!([
            {"__name__": "up", "job": "a"},
            {"__name__": "requests_total", "job": "a"},
        ])),
        "metadata" => success(&metadata("gauge", "Requests.")),
        "query_exemplars" => success(&json!([{
            "seriesLabels": {"__name__": "up", "job": "a"},
            "exemplars": [{"labels": {"trace_id": "1"}, "value": "1", "timestamp": 1_736_121_601.5}],
        }])),
        _ => return None,
    })
}

/// Compares a server that says what is usual with one that has something of its own to say.
fn check(own: Own) -> (Ran, Querier) {
    check_with(own, &[FROM])
}

fn check_with(own: Own, arguments: &[&str]) -> (Ran, Querier) {
    let source = Querier::guarded(usual);
    let target = Querier::guarded(move |asked| own(asked).or_else(|| usual(asked)));
    let folder = tempfile::tempdir().unwrap();
    let queries = folder.path().join("queries.yaml");
    fs::write(&queries, "- {expr: up, start: start}\n").unwrap();
    let mut command = binary();
    command
        .args(["cutover-check", "--output=json"])
        .arg(format!("--query.source={}", source.url()))
        .arg(format!("--query.target={}", target.url()))
        .arg(format!("--queries={}", queries.display()))
        .arg("--max-time=2025-01-08T12:00:00Z")
        .args(["--max-retries=1", "--retry.initial-backoff=1ms"])
        .arg("--waive=buckets-not-compared")
        .args(arguments);
    (Ran::of(command), target)
}

/// What is found by parity checks, by weight and kind.
fn found(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    let findings = document["findings"].as_array().unwrap().iter();
    let of_parity = findings.filter(|finding| finding["place"] == "parity");
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    let found = of_parity.map(|one| format!("{} {}", text(one, "weight"), text(one, "kind")));
    let mut found: Vec<String> = found.collect();
    found.sort();
    found
}

/// Whether it is asked how many samples metrics have.
fn counts(asked: &Asked) -> bool {
    path(asked) == "query" && query(asked).contains("\"parity\"")
}

/// S-21.42
#[test]
fn days_are_counted_whole_whichever_borders_ranges_have() {
    let closed: Own = |asked| {
        let probe = path(asked) == "query" && query(asked).contains("vector(1)");
        probe.then(|| vector(asked, &[(json!({}), 3)]))
    };
    let range = Regex::new(r"\[(\d+)ms\]").unwrap();
    for (own, less) in [((|_| None) as Own, 0), (closed, 1)] {
        let (ran, target) = check(own);
        ran.expect(0);
        let mut asked: Vec<(String, i64)> = Vec::new();
        for one in target.seen().iter().filter(|one| counts(one)) {
            let query = query(one);
            let range: i64 = range.captures(&query).unwrap()[1].parse().unwrap();
            asked.push((one.member("time").unwrap(), range));
        }
        asked.sort();
        let day = 86_400_000;
        assert_eq!(
            asked,
            [
                ("1736207999.999".to_owned(), day - less),
                ("1736294399.999".to_owned(), day - less),
                ("1736337599.999".to_owned(), day / 2 - less),
            ]
        );
    }
}

/// S-21.40
#[test]
fn what_is_not_to_be_counted_is_not_asked_for_and_that_is_said() {
    let (ran, target) = check_with(|_| None, &["--no-parity", FROM]);
    let ran = ran.expect(0);
    assert!(ran.stdout.contains("parity-skipped"), "{}", ran.stdout);
    assert!(
        !target
            .seen()
            .iter()
            .any(|one| counts(one) || path(one) == "series")
    );
}

/// S-21.41
#[test]
fn thanos_counts_all_replicas() {
    let thanos: Own = |asked| {
        let stores = json!({"store": [{"name": "cold:10901", "lastError": null, "minTime": 0, "maxTime": 1}]});
        (path(asked) == "stores").then(|| success(&stores))
    };
    let (ran, target) = check(thanos);
    ran.expect(0);
    let seen = target.seen();
    let told = |one: &Asked| one.member("dedup");
    assert!(
        seen.iter()
            .filter(|one| counts(one))
            .all(|one| told(one).as_deref() == Some("false"))
    );
    let of_queries = seen.iter().filter(|one| path(one) == "query_range");
    assert!(of_queries.clone().count() > 0);
    assert!(
        of_queries
            .into_iter()
            .all(|one| told(one).as_deref() == Some("true"))
    );
}

/// S-21.43
#[test]
fn days_on_which_there_is_nothing_are_passed_over() {
    fn none_before(asked: &Asked) -> Option<Answer> {
        let end: f64 = asked.member("end")?.parse().ok()?;
        let is_before = end < 1_736_121_600.0;
        (path(asked) == "label/__name__/values" && is_before).then(|| success(&json!([])))
    }
    let source = Querier::guarded(|asked| none_before(asked).or_else(|| usual(asked)));
    let target = Querier::guarded(|asked| none_before(asked).or_else(|| usual(asked)));
    let mut command = binary();
    command
        .args(["cutover-check", "--output=json", "--min-time=1970-01-01"])
        .arg("--max-time=2025-01-08T12:00:00Z")
        .arg(format!("--query.source={}", source.url()))
        .arg(format!("--query.target={}", target.url()))
        .arg("--waive=buckets-not-compared");
    let document = Ran::of(command).expect(0).json();
    assert_eq!(document["compared"]["days"], 3);
    assert_eq!(target.seen().iter().filter(|one| counts(one)).count(), 3);
    let asked = target.seen().len();
    assert!(asked < 800, "{asked} questions for 20,000 days");
}

/// What is usual, at Thanos with one store.
fn thanos(asked: &Asked) -> Option<Answer> {
    let stores = json!({"store": [{"name": "a:1", "lastError": null, "minTime": 0, "maxTime": 1}]});
    let is_asked = path(asked) == "stores";
    is_asked.then(|| success(&stores)).or_else(|| usual(asked))
}

/// S-21.41
#[test]
fn each_resolution_that_was_moved_is_counted() {
    let hour = 3_600_000;
    let start = 1_736_121_600_000;
    let blocks = [
        Block::new('A').range(start, start + 2 * hour),
        Block::new('B')
            .range(start, start + 2 * hour)
            .resolution(300_000),
    ];
    let world = World::new(&blocks);
    world.migrate(&[OLD]).expect(0);
    let (source, target) = (Querier::guarded(usual), Querier::guarded(thanos));
    let mut command = binary();
    command
        .args(["cutover-check", "--output=json"])
        .arg(format!("--query.source={}", source.url()))
        .arg(format!("--query.target={}", target.url()))
        .arg(format!(
            "--objstore.config-file={}",
            world.source_config().display()
        ))
        .arg(format!(
            "--objstore-to.config-file={}",
            world.target_config().display()
        ));
    let ran = Ran::of(command);
    let seen = target.seen();
    let asked = seen.iter().filter(|one| counts(one));
    let resolutions: BTreeSet<String> = asked
        .map(|one| one.member("max_source_resolution").unwrap())
        .collect();
    assert_eq!(
        resolutions,
        BTreeSet::from(["0s".to_owned(), "5m".to_owned()]),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("resolution-not-asked"),
        "{}",
        ran.stdout
    );
}
