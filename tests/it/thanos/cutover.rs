//! `cutover-check` on real Thanos queriers, one over each bucket: nothing is found after a migration, and each seeded difference is.

use std::collections::BTreeSet;
use std::fs;

use chrono::DateTime;
use serde_json::Value;

use crate::support::minio::Minio;
use crate::support::prometheus::Prometheus;
use crate::support::run::{Ran, binary, migrate};
use crate::support::seeded::{DAY_MS, START_MS, Seeded, histograms, ones, sides};
use crate::support::thanos::Querier;
use crate::support::told::{self, Sample, Series};

/// A difference a day, and days on which nothing is to be found.
#[expect(clippy::too_many_lines, reason = "a table")]
fn seeded() -> Vec<Seeded> {
    let one = |day| ones("subject", &[("zone", "a")], day);
    let two = |day| ones("subject", &[("zone", "b")], day);
    let histogram = |day, more| histograms("a", day, more);
    let number = Sample::Number;
    vec![
        Seeded {
            what: "nothing",
            hot: vec![one(0), two(0)],
            cold: vec![two(0), one(0)],
            found: &[],
            shown: &[],
        },
        Seeded {
            what: "a series is missing",
            hot: vec![one(1), two(1)],
            cold: vec![one(1)],
            found: &[
                "parity missing-label-value",
                "parity missing-series",
                "parity sample-count",
                "parity series-count",
                "subject missing-series",
            ],
            shown: &[
                r#"{"__name__":"subject","cluster":"eu-1","zone":"b"}"#,
                "subject on 2025-01-07: 2 series and 1 series",
                "subject on 2025-01-07: 240 samples and 120 samples",
                "{zone=\"b\"}",
            ],
        },
        Seeded {
            what: "a series is extra",
            hot: vec![one(2)],
            cold: vec![one(2), two(2)],
            found: &[
                "parity extra-label-value",
                "parity extra-series",
                "parity sample-count",
                "parity series-count",
                "subject extra-series",
            ],
            shown: &["subject on 2025-01-08: 1 series and 2 series"],
        },
        Seeded {
            what: "a value is beyond the tolerance",
            hot: vec![one(3)],
            cold: vec![one(3).changed(60, number("1.01"))],
            found: &["subject different-values"],
            shown: &["2025-01-09T01:00:00", "1.01"],
        },
        Seeded {
            what: "a value is within the tolerance",
            hot: vec![one(4)],
            cold: vec![one(4).changed(60, number("1.0001"))],
            found: &[],
            shown: &[],
        },
        Seeded {
            what: "samples are missing",
            hot: vec![one(5)],
            cold: vec![one(5).without(60..70)],
            found: &["parity sample-count", "subject missing-samples"],
            shown: &["120 samples", "110 samples"],
        },
        Seeded {
            what: "a staleness marker is missing",
            hot: vec![one(6).without(61..64).changed(60, number("stale"))],
            cold: vec![one(6).without(60..64)],
            found: &["subject extra-samples"],
            shown: &["2025-01-12T01:00:00"],
        },
        Seeded {
            what: "a number is none",
            hot: vec![one(7).changed(60, number("NaN"))],
            cold: vec![one(7)],
            found: &["subject different-values"],
            shown: &["NaN"],
        },
        Seeded {
            what: "a bucket of a native histogram",
            hot: vec![histogram(8, 0)],
            cold: vec![histogram(8, 1)],
            found: &["subject different-histograms"],
            shown: &["2025-01-14T01:00:00"],
        },
        Seeded {
            what: "the value of a label",
            hot: vec![one(9)],
            cold: vec![two(9)],
            found: &[
                "parity extra-label-value",
                "parity extra-series",
                "parity missing-label-value",
                "parity missing-series",
                "subject extra-series",
                "subject missing-series",
            ],
            shown: &["{zone=\"a\"}", "{zone=\"b\"}"],
        },
        Seeded {
            what: "the name of a label",
            hot: vec![one(10)],
            cold: vec![ones("subject", &[("region", "a")], 10)],
            found: &[
                "parity extra-label-name",
                "parity extra-series",
                "parity missing-label-name",
                "parity missing-series",
                "subject extra-series",
                "subject missing-series",
            ],
            shown: &["zone", "region"],
        },
        Seeded {
            what: "a metric",
            hot: vec![one(11)],
            cold: vec![ones("object", &[("zone", "a")], 11)],
            found: &[
                "parity extra-metric",
                "parity missing-metric",
                "subject missing-series",
            ],
            shown: &["subject", "object"],
        },
        Seeded {
            what: "histograms in place of numbers",
            hot: vec![one(12)],
            cold: vec![histogram(12, 0)],
            found: &["subject different-kinds"],
            shown: &["2025-01-18T00:00:00"],
        },
        Seeded {
            what: "a day",
            hot: vec![one(13)],
            cold: vec![],
            found: &[
                "parity missing-label-name",
                "parity missing-metric",
                "subject missing-series",
            ],
            shown: &["120 samples"],
        },
    ]
}

/// A range of days, the last one left out.
type Days = std::ops::Range<i64>;

/// What `cutover-check` says of some days.
fn check([hot, cold]: [&str; 2], days: &Days, arguments: &[String]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let queries = folder.path().join("queries.yaml");
    let ask = |metric: &str| format!("- {{expr: {metric}, start: start, end: end, step: 1m}}\n");
    fs::write(&queries, ask("subject") + &ask("steady")).unwrap();
    let time = |day: i64| {
        let time = DateTime::from_timestamp_millis(START_MS + day * DAY_MS).unwrap();
        time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let mut command = binary();
    command
        .args(["cutover-check", "--output=json"])
        .args(["--tolerance.relative=0.001"])
        .arg(format!("--query.source={hot}"))
        .arg(format!("--query.target={cold}"))
        .arg(format!("--queries={}", queries.display()))
        .arg(format!("--min-time={}", time(days.start)))
        .arg(format!("--max-time={}", time(days.end)))
        .args(arguments);
    Ran::of(command)
}

/// What stands against a yes, by place and kind, in order; and all that is shown of it.
fn found(document: &Value) -> (Vec<String>, String) {
    let mut found = Vec::new();
    let mut shown = String::new();
    for finding in document["findings"].as_array().unwrap() {
        if finding["weight"] == "note" || finding["waived"] == true {
            continue;
        }
        let place = finding["place"].as_str().unwrap_or_default();
        let kind = finding["kind"].as_str().unwrap();
        found.push(format!("{place} {kind}").trim_start().to_owned());
        for member in ["series", "time", "source", "target", "text"] {
            match &finding["first"][member] {
                Value::Null => {}
                Value::String(text) => shown += text,
                value => shown += &value.to_string(),
            }
            shown.push('\n');
        }
    }
    found.sort();
    (found, shown)
}

/// Both sides in blocks, one a day.
fn blocks<'a>(cases: &[Seeded], [hot, cold]: [&'a str; 2]) -> Vec<(&'a str, Vec<Series>)> {
    let [of_hot, of_cold] = sides(cases);
    let of_hot = of_hot.into_iter().map(|series| (hot, series));
    of_hot
        .chain(of_cold.into_iter().map(|series| (cold, series)))
        .collect()
}

/// S-21.40, S-21.42 with the real thing
#[test]
fn nothing_is_found_after_a_migration_and_each_seeded_difference_is() {
    let cases = seeded();
    let folder = tempfile::tempdir().unwrap();
    told::make(folder.path(), &blocks(&cases, ["hot", "other"]));
    let minio = Minio::start();
    let [hot, cold, other] = ["hot", "cold", "other"].map(|name| minio.bucket(name));
    hot.put_all(&folder.path().join("hot"));
    other.put_all(&folder.path().join("other"));
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    Ran::of(migrate(&source, &target, &["--older-than=30d"])).expect(0);
    let moved = cold.tree();

    let hot_querier = Querier::start(&[&source]);
    let cold_querier = Querier::start(&[&target]);
    let mut other_querier =
        Querier::start_with(&[&other.config("other.yaml")], "--endpoint-strict", &[]);
    let all = 0..i64::try_from(cases.len()).unwrap();
    let buckets = [
        format!("--objstore.config-file={}", source.display()),
        format!("--objstore-to.config-file={}", target.display()),
    ];
    let urls = [&*hot_querier.url(), &*cold_querier.url()];
    let ran = check(urls, &all, &buckets).expect(0);
    assert_eq!(found(&ran.json()).0, [""; 0]);
    assert_eq!(ran.json()["verdict"], "yes");
    assert_eq!(ran.json()["compared"]["days"], all.end);

    let without_buckets = ["--waive=buckets-not-compared".to_owned()];
    let urls = [&*hot_querier.url(), &*other_querier.url()];
    for (case, day) in cases.iter().zip(0..) {
        let ran = check(urls, &(day..day + 1), &without_buckets);
        let code = if case.found.is_empty() { 0 } else { 3 };
        let document = ran.expect(code).json();
        let (kinds, shown) = found(&document);
        case.expect(&kinds, &shown);
    }

    // A day without samples among others that have some.
    let ran = check(urls, &(12..14), &without_buckets).expect(3);
    let (kinds, shown) = found(&ran.json());
    assert!(
        kinds.contains(&"parity sample-count".to_owned()),
        "{kinds:?}"
    );
    assert!(
        shown.contains("subject on 2025-01-19: 120 samples and no sample"),
        "{shown}"
    );

    // A block that the cold bucket has lost, though its store gateway knows it still.
    let id = moved.keys().next().unwrap().split('/').next().unwrap();
    cold.remove(&format!("{id}/meta.json"));
    let urls = [&*hot_querier.url(), &*cold_querier.url()];
    let ran = check(urls, &all, &buckets).expect(3);
    assert_eq!(
        found(&ran.json()).0,
        [""; 0],
        "the queriers know nothing of it"
    );
    assert_eq!(ran.json()["verdict"], "no");
    assert_eq!(ran.json()["marked_not_held"][0]["block"], id);

    other_querier.lose_a_store();
    let urls = [&*hot_querier.url(), &*other_querier.url()];
    let ran = check(urls, &(0..1), &without_buckets).expect(3);
    let (kinds, shown) = found(&ran.json());
    assert!(kinds.contains(&"subject warnings".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"parity warnings".to_owned()), "{kinds:?}");
    assert!(shown.contains("connection refused"), "{shown}");
}

/// S-21.40 with Prometheus on both sides, which tells no external labels and lists by blocks what Thanos lists by series.
#[test]
fn a_prometheus_is_asked_as_thanos_is() {
    let cases = seeded();
    let folder = tempfile::tempdir().unwrap();
    told::make(folder.path(), &blocks(&cases, ["hot", "cold"]));
    let hot = Prometheus::start(&folder.path().join("hot"));
    let [same, cold] = ["hot", "cold"].map(|name| Prometheus::start(&folder.path().join(name)));
    let arguments = ["--waive=buckets-not-compared".to_owned()];
    let urls = [&*hot.url(), &*same.url()];
    let all = 0..i64::try_from(cases.len()).unwrap();
    check(urls, &all, &arguments).expect(0);
    let urls = [&*hot.url(), &*cold.url()];
    let ran = check(urls, &all, &arguments).expect(3);
    let (kinds, shown) = found(&ran.json());
    let of_all: BTreeSet<&str> = cases.iter().flat_map(|case| case.found).copied().collect();
    // Both sides have the metric, its series and its labels on some day; what they lack on others shows in its samples.
    let hidden = [
        "parity missing-metric",
        "parity missing-series",
        "subject missing-series",
        "parity missing-label-name",
        "parity missing-label-value",
        "parity extra-label-value",
    ];
    let expected: Vec<&str> = of_all
        .into_iter()
        .filter(|kind| !hidden.contains(kind))
        .collect();
    assert_eq!(kinds, expected, "{shown}");
}
