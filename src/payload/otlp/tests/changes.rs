//! Sums that are told as changes.

use std::time::Duration;

use super::*;

/// S-24.25
#[test]
fn sums_of_changes_are_given_up_after_the_time_that_is_asked_for() {
    let metric = |seconds: u64| {
        let point = format!(r#"{{"timeUnixNano":"{seconds}000000000","asInt":"2"}}"#);
        alone(&format!(
            r#"{{"name":"m","sum":{{"aggregationTemporality":1,"dataPoints":[{point}]}}}}"#
        ))
    };
    for (stale_minutes, expected) in [(0, "m 6@900"), (10, "m 6@900"), (5, "m 2@900")] {
        let mut reader = Reader::new(Options {
            delta_max_stale: Duration::from_mins(stale_minutes),
            ..Options::default()
        });
        let mut last = Vec::new();
        for seconds in [100, 200, 900] {
            // Only when it was received counts.
            let received = Some(i64::try_from(seconds).unwrap() * 500);
            last = read_at(&mut reader, metric(seconds).as_bytes(), received).unwrap();
        }
        assert_eq!(shown(&last), [expected], "{stale_minutes}");
    }
    // A point at which nothing was recorded is no change.
    let mut reader = Reader::new(Options::default());
    let flagged = metric(2).replace(r#""asInt""#, r#""flags":1,"asInt""#);
    let all = [metric(1), flagged, metric(3)].map(|body| {
        let items = read_at(&mut reader, body.as_bytes(), None).unwrap();
        shown(&items).concat()
    });
    assert_eq!(all, ["m 2@1", "m NaN@2", "m 4@3"]);
}

/// S-24.25
#[test]
fn changes_of_a_request_are_added_in_the_order_of_time_and_none_twice() {
    let point = |from: u64, to: u64, value: u64| {
        format!(
            r#"{{"startTimeUnixNano":"{from}000000000","timeUnixNano":"{to}000000000","asInt":"{value}"}}"#
        )
    };
    let points = [
        point(2, 3, 4),
        point(1, 2, 2),
        point(2, 3, 4),
        point(0, 1, 1),
    ];
    let body = alone(&format!(
        r#"{{"name":"m","sum":{{"aggregationTemporality":1,"dataPoints":[{}]}}}}"#,
        points.join(",")
    ));
    let twice = "1 delta-duplicate: m in capture.json: entry 3: its series has one of the same time, as of an exporter that tries again";
    let mut reader = Reader::new(Options::default());
    let first = read_at(&mut reader, body.as_bytes(), None).unwrap();
    assert_eq!(shown(&first), [twice, "m 1@1", "m 3@2", "m 7@3"]);
    let again = read_at(&mut reader, body.as_bytes(), None).unwrap();
    let lost = shown(&again)
        .iter()
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(
        lost,
        [
            "1 delta-out-of-order",
            "1 delta-out-of-order",
            "1 delta-duplicate",
            "1 delta-duplicate"
        ]
    );
}
