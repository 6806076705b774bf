//! A window that cannot be brought leaves no gap behind which others are published.

use serde_json::json;

use super::{Place, START_S, WINDOW_S, endings};
use crate::support::answering::{Answer, Answering};
use crate::support::run::Ran;
use crate::support::world::blocks_with;

/// S-24.79
#[test]
fn what_comes_after_a_window_that_failed_waits_for_it() {
    let broken = START_S + 2 * WINDOW_S;
    let server = Answering::start(move |asked| {
        // Seconds, with or without a fraction.
        let start = asked.member("start").unwrap_or_default();
        let start_s: i64 = start.split('.').next().unwrap().parse().unwrap();
        if start_s == broken {
            return Answer::json(422, &json!({"error": "no such luck"}));
        }
        let line = json!({"metric": {"__name__": "a"}, "values": [1], "timestamps": [(start_s + 60) * 1000]});
        let mut answer = Answer::json(200, &line);
        answer.body.push(b'\n');
        answer
    });
    let source = json!({"kind": "victoriametrics", "export_url": server.url("/api/v1/export")});
    let place = Place::of_source(&source, &json!({}));
    let document = Ran::of(place.backfill(5, &["--output=json"]))
        .expect(3)
        .json();
    let expected = [
        "written",
        "written",
        "failed",
        "not-finished",
        "not-finished",
    ];
    assert_eq!(endings(&document), expected, "{document}");
    let gap = "it waits for 2025-01-06T04:00:00Z to 2025-01-06T06:00:00Z";
    for window in &document["windows"].as_array().unwrap()[3..] {
        let detail = window["detail"].as_str().unwrap_or_default();
        assert!(detail.starts_with(gap), "{document}");
    }
    // Those whose data was put before the failure was known are told.
    let bucket = place.bucket();
    let published = blocks_with(&bucket, "meta.json");
    assert_eq!(published.len(), 2);
    let mut left: Vec<String> = serde_json::from_value(document["left_behind"].clone()).unwrap();
    left.extend(published.iter().map(ToString::to_string));
    left.sort_unstable();
    let in_bucket = bucket.keys().filter_map(|name| name.split('/').next());
    let mut in_bucket: Vec<&str> = in_bucket.collect();
    in_bucket.dedup();
    assert_eq!(left, in_bucket, "{document}");
    let behind = place.backfill(5, &["--output=json"]);
    let again = Ran::of(behind).expect(3).json();
    let expected = [
        "already-there",
        "already-there",
        "failed",
        "not-finished",
        "not-finished",
    ];
    assert_eq!(endings(&again), expected, "{again}");
    let text = Ran::of(place.backfill(5, &["--output=text"])).expect(3);
    let text = text.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        &format!("not-finished (2 windows): {gap}"),
        "2 windows wait for an earlier one",
    ] {
        assert!(text.contains(expected), "{text}");
    }
}
