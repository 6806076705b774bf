//! What servers answer that no document says, and how they are asked.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use super::{START, Two, findings, querier, up};
use crate::support::answering::Answer;
use crate::support::querier::{Querier, error, matrix, success, text};
use crate::support::run::{Ran, binary};

/// S-21.7
#[test]
fn a_query_that_is_not_answered_is_never_equal() {
    let good = || matrix(&[up(&[(10, "1")])]);
    let broken = |body: &str| Answer {
        status: 200,
        headers: vec![("content-type", "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
    };
    for (name, answer, words) in [
        (
            "a refusal",
            error(422, "execution", "too many samples"),
            "422: execution: too many samples",
        ),
        (
            "bad data",
            error(400, "bad_data", "parse error"),
            "400: bad_data: parse error",
        ),
        (
            "an error beside status 200",
            error(200, "internal", "no"),
            "internal: no",
        ),
        ("a server's error", text(500, "out of memory"), "500"),
        (
            "a page",
            broken("<html><body>Log in</body></html>"),
            "cannot be read",
        ),
        ("nothing", broken(""), "is empty"),
        (
            "a cut answer",
            broken(r#"{"status":"success","data":{"resultType":"matr"#),
            "no JSON",
        ),
        ("null", broken("null"), "cannot be read"),
        (
            "no data",
            broken(r#"{"status":"success"}"#),
            "holds no data",
        ),
        (
            "null data",
            broken(r#"{"status":"success","data":null}"#),
            "cannot be read",
        ),
        (
            "a status twice",
            broken(
                r#"{"status":"error","status":"success","data":{"resultType":"matrix","result":[]}}"#,
            ),
            "duplicate field",
        ),
        (
            "two samples at one time",
            matrix(&[up(&[(10, "1"), (10, "2")])]),
            "two samples at one time",
        ),
        (
            "a value that is none",
            matrix(&[up(&[(10, "one")])]),
            "no number",
        ),
        ("no such path", text(404, "404 page not found"), "404"),
        ("a refusal of who asks", text(403, "forbidden"), "403"),
    ] {
        for is_source in [true, false] {
            let bad = Querier::start().says("up", [answer.clone()]);
            let fine = Querier::start().says("up", [good()]);
            let two = if is_source {
                Two::new(bad, fine)
            } else {
                Two::new(fine, bad)
            };
            let ran = two.run(&["--max-retries=1"]).expect(3);
            let side = if is_source { "source" } else { "target" };
            assert!(
                findings(&ran).contains(&format!("query-failed unseen {side} 1")),
                "{name}: {}",
                ran.stdout
            );
            assert!(ran.stdout.contains(words), "{name}: {}", ran.stdout);
            assert_eq!(ran.json()["verdict"], "not-proven", "{name}");
        }
    }
    // The same failure on both sides is no agreement.
    let bad = || Querier::start().says("up", [error(422, "execution", "no")]);
    let ran = Two::new(bad(), bad()).run(&[]).expect(3);
    let failed = findings(&ran);
    assert_eq!(
        failed
            .iter()
            .filter(|one| one.starts_with("query-failed"))
            .count(),
        2
    );
}

/// S-21.8
#[test]
fn what_may_pass_is_asked_again() {
    let good = || matrix(&[up(&[(10, "1")])]);
    let later = Answer {
        headers: vec![("retry-after", "0".to_owned())],
        ..text(429, "too many requests")
    };
    let target = Querier::start().says(
        "up",
        [
            later,
            text(503, "unavailable"),
            error(503, "timeout", "query timed out"),
            good(),
        ],
    );
    let two = Two::new(Querier::start().says("up", [good()]), target);
    two.run(&[]).expect(0);
    assert_eq!(two.target.asked("query_range").len(), 4);
    // What is refused for good is not.
    let target = Querier::start().says("up", [error(400, "bad_data", "no")]);
    let two = Two::new(Querier::start().says("up", [good()]), target);
    two.run(&[]).expect(3);
    assert_eq!(two.target.asked("query_range").len(), 1);
}

/// S-21.9
#[test]
fn an_answer_is_read_no_further_than_is_allowed() {
    let long: Vec<(i64, String)> = (6..600).map(|it| (it, it.to_string())).collect();
    let long: Vec<(i64, &str)> = long
        .iter()
        .map(|(at, value)| (*at, value.as_str()))
        .collect();
    let both = || querier(&[up(&long)]);
    let two = Two::new(both(), both());
    two.run(&[]).expect(0);
    let ran = two.run(&["--query.max-response-bytes=4KiB"]).expect(3);
    assert!(
        ran.stdout.contains("more than the 4096 bytes"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("--query.max-response-bytes"),
        "{}",
        ran.stdout
    );
}

/// S-21.10
#[test]
fn a_long_range_is_asked_for_in_pieces_and_put_together() {
    // It answers each piece with the samples that lie in it.
    let both = || {
        Querier::guarded(|asked| {
            if !asked.path.starts_with("/api/v1/query_range") {
                return None;
            }
            let number = |name: &str| -> f64 { asked.member(name).unwrap().parse().unwrap() };
            let (start, end, step) = (number("start"), number("end"), number("step"));
            if (end - start) / step >= 100.0 {
                return Some(error(400, "bad_data", "exceeded maximum resolution"));
            }
            let mut at = start;
            let mut values = Vec::new();
            while at <= end {
                values.push(json!([at, "1"]));
                at += step;
            }
            Some(matrix(&[json!({"metric": {}, "values": values})]))
        })
    };
    let two = Two::new(both(), both());
    let ran = two.run(&["--query.max-samples=100"]).expect(0);
    assert_eq!(ran.json()["queries"][0]["samples"], 594);
    assert_eq!(ran.json()["queries"][0]["series"], 1);
    assert_eq!(two.source.asked("query_range").len(), 6);
}

/// S-21.11
#[test]
fn thanos_is_told_what_only_thanos_knows_and_its_stores_are_looked_at() {
    let stores = |name: &str, error: Value| {
        success(
            &json!({"store": [{"name": name, "lastCheck": "2025-06-01T00:00:00Z", "lastError": error,
            "labelSets": [{"cluster": "eu"}], "minTime": 0, "maxTime": 4_000_000_000_000_i64}]}),
        )
    };
    let thanos = |name: &str, error: Value| {
        querier(&[up(&[(20, "1")])]).says("stores", [stores(name, error)])
    };
    let two = Two::new(thanos("hot:1", Value::Null), thanos("cold:1", Value::Null));
    let ran = two.run(&["--query.max-source-resolution=5m"]).expect(0);
    assert_eq!(ran.json()["queriers"]["source"]["product"], "Thanos");
    let asked = &two.source.asked("query_range")[0];
    for (name, expected) in [
        ("partial_response", "true"),
        ("dedup", "true"),
        ("max_source_resolution", "5m"),
    ] {
        assert_eq!(asked.member(name).as_deref(), Some(expected));
    }
    for (source, target, expected) in [
        (
            thanos("hot:1", json!("connection refused")),
            thanos("cold:1", Value::Null),
            "store-down unseen source 1",
        ),
        (
            thanos("store:1", Value::Null),
            thanos("store:1", Value::Null),
            "shared-store unseen both 1",
        ),
        (
            querier(&[up(&[(20, "1")])]).says("stores", [success(&json!({}))]),
            thanos("cold:1", Value::Null),
            "store-down unseen source 1",
        ),
        (
            thanos("hot:1", Value::Null).says(
                "stores",
                [
                    stores("hot:1", Value::Null),
                    stores("hot:1", Value::Null),
                    success(&json!({"sidecar": [{"name": "other:1"}]})),
                ],
            ),
            thanos("cold:1", Value::Null),
            "store-down unseen source 1",
        ),
    ] {
        let ran = Two::new(source, target).run(&[]).expect(3);
        assert_eq!(findings(&ran), [expected], "{}", ran.stdout);
    }
}

/// S-21.12
#[test]
fn a_querier_that_does_not_answer_ends_the_run_before_anything_is_compared() {
    let two = Two::new(
        querier(&[]),
        Querier::guarded(|_| Some(text(401, "who are you? s3cret"))),
    );
    let ran = two.run(&[]).expect(1);
    let document = ran.json();
    assert_eq!(document["kind"], "error");
    let why = document["aborted"].as_str().unwrap();
    assert!(why.contains("target") && why.contains("401"), "{why}");
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let mut command = binary();
    command.args([
        "cutover-check",
        &format!("--query.source={}", two.source.url()),
        &format!("--query.target=http://{closed}"),
        "--min-time=2025-06-01",
        "--max-time=2025-06-02",
        "--max-retries=0",
    ]);
    let ran = Ran::of(command).expect(1);
    assert!(ran.stderr.contains("target"), "{}", ran.stderr);
}

/// S-21.13
#[test]
fn queries_are_asked_at_their_own_times() {
    let both = || {
        Querier::start().says(
            "up",
            [success(
                &json!({"resultType": "vector", "result": [{"metric": {}, "value": [START + 9 * 3600, "1"]}]}),
            )],
        )
    };
    let two = Two::new(both(), both()).asking("- {expr: up, time: end-1h}\n");
    let ran = two.run(&[]).expect(0);
    assert_eq!(
        ran.json()["queries"][0]["time_ms"],
        (START + 9 * 3600) * 1000 - 1
    );
    let asked = two.source.asked("query").pop().unwrap();
    assert_eq!(asked.member("time").as_deref(), Some("1748768399.999"));
    for (queries, kind) in [
        (
            "- {expr: up, time: 2025-06-02}\n",
            "outside-range unseen both 1",
        ),
        ("- {expr: 'rate(up[1d])'}\n", "too-short unseen both 1"),
    ] {
        fs::write(two.path("queries.yaml"), queries).unwrap();
        let ran = two.run(&[]).expect(3);
        assert!(findings(&ran).contains(&kind.to_owned()), "{}", ran.stdout);
        assert!(two.source.asked("query_range").is_empty());
    }
}

/// S-21.11, S-21.12
#[test]
fn one_server_under_two_names_is_noticed_and_what_cannot_count_is_none() {
    let started = || {
        let runtime = success(&json!({"startTime": "2025-06-01T00:00:00.123456789Z"}));
        querier(&[up(&[(10, "1")])]).says("status/runtimeinfo", [runtime])
    };
    let ran = Two::new(started(), started()).run(&[]).expect(3);
    assert!(
        findings(&ran).contains(&"same-server unseen both 1".to_owned()),
        "{}",
        ran.stdout
    );
    let always = |data: Value| Querier::guarded(move |_| Some(success(&data)));
    for data in [
        json!({"resultType": "vector", "result": []}),
        json!({"resultType": "scalar", "result": [1, "3"]}),
        json!({"resultType": "matrix", "result": []}),
    ] {
        let two = Two::new(querier(&[]), always(data.clone()));
        let ran = two.run(&[]).expect(1);
        assert!(
            ran.stderr.contains("does not answer 2"),
            "{data}: {}",
            ran.stderr
        );
    }
}

/// S-21.7: a cache that knows no forms answers all questions alike.
#[test]
fn an_answer_to_another_question_is_none() {
    let vector = |time: i64| {
        success(&json!({"resultType": "vector", "result": [{"metric": {}, "value": [time, "1"]}]}))
    };
    for (queries, answer, words) in [
        ("- up\n", vector(START), "it answers a vector"),
        (
            "- up\n",
            matrix(&[up(&[(-10, "1")])]),
            "samples of other times",
        ),
        (
            "- up\n",
            matrix(&[up(&[(100_000, "1")])]),
            "samples of other times",
        ),
        (
            "- {expr: up, time: end}\n",
            vector(START),
            "samples of other times",
        ),
    ] {
        let both = || Querier::start().says("up", [answer.clone()]);
        let ran = Two::new(both(), both()).asking(queries).run(&[]).expect(3);
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
        assert_eq!(ran.json()["verdict"], "not-proven");
    }
}

/// S-21.8
#[test]
fn a_server_that_is_away_is_left_alone() {
    let queries: String = (0..40)
        .flat_map(|number| ["- up + ".to_owned(), number.to_string(), "\n".to_owned()])
        .collect();
    let away = Querier::guarded(|asked| {
        let is_range = asked.path.starts_with("/api/v1/query_range");
        is_range.then(|| text(503, "gone"))
    });
    let two = Two::new(querier(&[]), away).asking(&queries);
    let ran = two.run(&["--max-retries=0"]).expect(3);
    assert!(two.target.asked("query_range").len() < 15);
    assert!(findings(&ran).contains(&"query-failed unseen target 1".to_owned()));
    assert!(
        ran.stdout.contains("not asked, after 8 failures"),
        "{}",
        ran.stdout
    );
}

/// S-21.10
#[test]
fn a_step_that_makes_thousands_of_pieces_is_refused() {
    let two = Two::new(Querier::start(), Querier::start()).asking("- {expr: up, step: 1ms}\n");
    let ran = two.run(&[]).expect(3);
    assert!(ran.stdout.contains("a longer step"), "{}", ran.stdout);
    assert!(two.source.asked("query_range").is_empty());
}
