//! `cutover-check` on real Thanos queriers, one over each bucket: nothing is found after a migration, and each seeded difference is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::minio::Minio;
use crate::support::run::{Ran, binary, migrate};
use crate::support::thanos::Querier;
use crate::support::told::{self, Sample, Series};

/// 2025-01-06T00:00:00Z
const START_MS: i64 = 1_736_121_600_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// A sample a minute of the first two hours of a day, the first at its first millisecond.
fn minutes(day: i64) -> impl Iterator<Item = i64> {
    (0..120).map(move |minute| START_MS + day * DAY_MS + minute * MINUTE_MS)
}

fn ones(metric: &'static str, labels: &[(&'static str, &'static str)], day: i64) -> Series {
    Series::new(metric, labels).with(minutes(day), |_| Sample::Number("1"))
}

/// A difference, and what is to be found of it.
struct Seeded {
    what: &'static str,
    /// What the hot and the cold bucket hold of the day, of series that are named `subject`.
    hot: Vec<Series>,
    cold: Vec<Series>,
    /// The kinds of differences that are told.
    found: &'static [&'static str],
    /// What the document shows of them.
    shown: &'static [&'static str],
}

const HOW_MANY_DAYS: i64 = 12;

/// A difference a day.
fn seeded() -> Vec<Seeded> {
    let mut day = -1;
    let mut next = || {
        day += 1;
        day
    };
    let one = |day| ones("subject", &[("zone", "a")], day);
    let two = |day| ones("subject", &[("zone", "b")], day);
    let histogram = |day, more| {
        let series = Series::new("subject", &[("zone", "a")]);
        series.with(minutes(day), move |index| {
            Sample::Histogram(index as i64, if index == 60 { more } else { 0 })
        })
    };
    let mut cases = Vec::new();
    let mut add = |what, (hot, cold), found, shown| {
        cases.push(Seeded {
            what,
            hot,
            cold,
            found,
            shown,
        });
    };
    let d = next();
    add("nothing", (vec![one(d)], vec![one(d)]), &[] as &[_], &[] as &[_]);
    let d = next();
    add(
        "a series is missing",
        (vec![one(d), two(d)], vec![one(d)]),
        &["series-missing", "missing-series", "series-count", "sample-count", "missing-label-value"],
        &[r#"subject{cluster="eu-1", zone="b"}"#, "2 series", "240 samples", "120 samples"],
    );
    let d = next();
    add(
        "a series is extra",
        (vec![one(d)], vec![one(d), two(d)]),
        &["series-extra", "extra-series", "series-count", "sample-count", "extra-label-value"],
        &[r#"subject{cluster="eu-1", zone="b"}"#],
    );
    let d = next();
    add(
        "a value is beyond the tolerance",
        (vec![one(d)], vec![one(d).changed(60, Sample::Number("1.01"))]),
        &["value"],
        &["1.01"],
    );
    let d = next();
    add(
        "a value is within the tolerance",
        (vec![one(d)], vec![one(d).changed(60, Sample::Number("1.0000001"))]),
        &[],
        &[],
    );
    let d = next();
    add(
        "samples are missing",
        (vec![one(d)], vec![one(d).without(60..70)]),
        &["point-missing", "sample-count"],
        &["120 samples", "110 samples"],
    );
    let d = next();
    add(
        "a staleness marker is missing",
        (
            vec![one(d).without(61..64).changed(60, Sample::Number("stale"))],
            vec![one(d).without(60..64)],
        ),
        &["point-extra"],
        &[],
    );
    let d = next();
    add(
        "a number is none",
        (vec![one(d).changed(60, Sample::Number("NaN"))], vec![one(d)]),
        &["value"],
        &["NaN"],
    );
    let d = next();
    add(
        "a bucket of a native histogram",
        (vec![histogram(d, 0)], vec![histogram(d, 1)]),
        &["histogram"],
        &[],
    );
    let d = next();
    add(
        "the value of a label",
        (vec![one(d)], vec![two(d)]),
        &["series-missing", "series-extra", "missing-series", "extra-series", "missing-label-value", "extra-label-value"],
        &["zone=\"a\"", "zone=\"b\""],
    );
    let d = next();
    add(
        "the name of a label",
        (vec![one(d)], vec![ones("subject", &[("region", "a")], d)]),
        &["series-missing", "series-extra", "missing-series", "extra-series", "missing-label-name", "extra-label-name"],
        &["zone", "region"],
    );
    let d = next();
    add(
        "a metric",
        (vec![one(d)], vec![ones("object", &[("zone", "a")], d)]),
        &["series-missing", "missing-metric", "extra-metric"],
        &["subject", "object"],
    );
    assert_eq!(d + 1, HOW_MANY_DAYS);
    cases
}

/// The two buckets, and a querier over each.
struct Tiers {
    hot: Querier,
    cold: Querier,
}

impl Tiers {
    /// What `cutover-check` says of some days.
    fn check(&self, folder: &Path, (first, days): (i64, i64), arguments: &[&str]) -> Ran {
        let queries = folder.join("queries.yaml");
        fs::write(&queries, "- expr: subject\n- expr: steady\n").unwrap();
        let time = |day: i64| {
            let time = chrono::DateTime::from_timestamp_millis(START_MS + day * DAY_MS).unwrap();
            time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
        };
        let mut command = binary();
        command
            .args(["cutover-check", "--output=json"])
            .arg(format!("--query.source={}", self.hot.url()))
            .arg(format!("--query.target={}", self.cold.url()))
            .arg(format!("--queries={}", queries.display()))
            .arg(format!("--min-time={}", time(first)))
            .arg(format!("--max-time={}", time(first + days)))
            .args(arguments);
        Ran::of(command)
    }
}
