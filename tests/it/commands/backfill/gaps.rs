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
    assert_eq!(blocks_with(&place.bucket(), "meta.json").len(), 2);
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
}
