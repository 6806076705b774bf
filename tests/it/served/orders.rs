//! Who may use the API, and what becomes of orders.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde_json::json;
use thanos_bucket::audit::Event;
use thanos_bucket::board::{Deed, Figures, OrderState, RuleOutline};
use thanos_bucket::exit::Exit;
use thanos_bucket::outcome::{BlockEnding, MarkState};

use super::client::{Served, TOKEN, begin, board, figures, filled, id, noon, outcome, outline};
use super::shown::value;

/// S-23.44
#[test]
fn nobody_reads_or_orders_without_the_token_of_now() {
    let board = filled();
    let served = Served::new(&board);
    let right = format!("Authorization: Bearer {TOKEN}");
    let status = |header: &str| served.ask("GET", "/api/v1/status", &[header], "").status;
    for header in [
        "X: y",
        "Authorization: Bearer wrong",
        "Authorization: Bearer",
        "Authorization: Basic YTpi",
    ] {
        for (method, path) in [
            ("GET", "/api/v1/status"),
            ("GET", "/api/v1/blocks/01J9ZK3M7Q8T5V6W7X8Y9Z0A01"),
            ("POST", "/api/v1/migrate"),
            ("POST", "/api/v1/restore"),
            ("GET", "/api/nowhere"),
        ] {
            let body = json!({"ids": [id(1).to_string()], "rule": "old"}).to_string();
            let answer = served.ask(method, path, &[header], &body);
            assert_eq!(answer.status, 401, "{header}: {path}");
            assert!(
                answer.head.contains("www-authenticate: bearer"),
                "{answer:?}"
            );
            assert!(!answer.body.contains("minio"), "{answer:?}");
        }
    }
    assert!(board.known().orders.is_empty());
    assert_eq!(status(&right), 200);
    fs::write(&served.token_file, "another\n").unwrap();
    assert_eq!(status(&right), 401);
    assert_eq!(status("Authorization: Bearer another"), 200);
    fs::write(&served.token_file, "").unwrap();
    assert_eq!(status("Authorization: Bearer"), 503);
    assert_eq!(status("Authorization: Bearer another"), 503);
    fs::remove_file(&served.token_file).unwrap();
    assert_eq!(status("Authorization: Bearer another"), 503);
    fs::write(&served.token_file, TOKEN).unwrap();
    assert_eq!(status(&right), 200);
}

/// S-23.44
#[test]
fn without_a_token_there_is_no_api() {
    let served = Served::at(&filled(), "127.0.0.1:0", false);
    for (method, path) in [
        ("GET", "/api/v1/status"),
        ("POST", "/api/v1/migrate"),
        ("POST", "/api/v1/restore"),
    ] {
        let answer = served.api(method, path, "{}");
        assert_eq!(answer.status, 404);
        assert!(
            answer.json()["error"]
                .as_str()
                .unwrap()
                .contains("--http.bearer-token-file")
        );
    }
    assert_eq!(served.get("/metrics").status, 200);
}

fn order(ids: &[u8]) -> String {
    let ids: Vec<String> = ids.iter().map(|number| id(*number).to_string()).collect();
    json!({"ids": ids, "rule": "old"}).to_string()
}

/// S-23.46
#[test]
fn an_order_is_taken_once_and_shown_until_it_has_ended() {
    let board = board();
    let served = Served::new(&board);
    let post = |path: &str, body: &str| served.api("POST", path, body);
    let taken = post("/api/v1/migrate", &order(&[1, 2]));
    assert_eq!(taken.status, 202, "{taken:?}");
    let name = taken.json()["order"].as_str().unwrap().to_owned();
    assert_eq!(taken.json()["state"], "waiting");
    // The same again is the same order; one that has to do with a block of it has to wait.
    let again = post("/api/v1/migrate", &order(&[2, 1]));
    assert_eq!((again.status, &again.json()["order"]), (202, &json!(name)));
    for (path, ids) in [
        ("/api/v1/restore", vec![1, 2]),
        ("/api/v1/restore", vec![2, 3]),
        ("/api/v1/migrate", vec![1]),
    ] {
        let answer = post(path, &order(&ids));
        assert_eq!(answer.status, 409, "{answer:?}");
        assert!(answer.json()["error"].as_str().unwrap().contains(&name));
    }
    // Whoever works takes it, and says how it ended.
    let in_hand = board.take_order().unwrap();
    assert_eq!(
        (in_hand.id.as_str(), in_hand.deed),
        (name.as_str(), Deed::Migrate)
    );
    assert!(board.take_order().is_none());
    let shown = || {
        let status = served.api("GET", "/api/v1/status", "").json();
        let orders = status["orders"].as_array().unwrap().clone();
        let mut orders = orders.into_iter();
        orders.find(|one| one["order"] == json!(name)).unwrap()
    };
    assert_eq!(shown()["state"], "in-hand");
    let _ = begin(&board, Deed::Migrate, Some(&name));
    let running = served.api("GET", "/api/v1/status", "").json()["running"].clone();
    assert_eq!(
        (&running["order"], &running["operation"]),
        (&json!(name), &json!("migrate"))
    );
    board.run_ends(figures());
    assert_eq!(shown()["state"], "ended");
    assert_eq!(shown()["exit_code"], 3);
    assert_eq!(
        (&shown()["left"], &shown()["attention"][0]["concern"]),
        (&json!(2), &json!("failed"))
    );
    // The page says what to do about it, until somebody has made it good.
    let page = || served.get("/").body;
    let told = format!("order {name}, migrate: something needs a person (3); 2 blocks left");
    assert!(page().contains(&told), "{}", page());
    assert!(page().contains("failed: mend the cause, and run it again"));
    let again = post("/api/v1/migrate", &order(&[1, 2, 3]));
    assert_eq!(again.status, 202);
    let again = board.take_order().unwrap();
    let _ = begin(&board, Deed::Migrate, Some(&again.id));
    board.run_ends(Figures {
        exit: Exit::Done,
        stopped_by: None,
        seen: None,
    });
    assert!(!page().contains(&told), "{}", page());
    let metrics = served.get("/metrics").body;
    for (code, many) in [(0, 1.0), (1, 0.0), (3, 1.0)] {
        let series =
            format!("thanos_bucket_orders_total{{operation=\"migrate\",exit_code=\"{code}\"}}");
        assert_eq!(value(&metrics, &series), Some(many), "{metrics}");
    }
    // What an order saw of some blocks says nothing of all that the rule means.
    let rule = served.api("GET", "/api/v1/status", "").json()["rules"][0].clone();
    assert_eq!(
        (&rule["last_run"], &rule["pending"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(rule["totals"]["migrate"]["runs"], 2);
    let later = post("/api/v1/restore", &order(&[1]));
    assert_eq!(later.status, 202);
    assert_ne!(later.json()["order"], json!(name));
}

/// S-23.46
#[test]
fn an_order_names_a_rule_of_the_policy_unless_there_is_one_alone() {
    let board = board();
    let served = Served::new(&board);
    let ids = json!([id(1).to_string()]);
    let post = |body: serde_json::Value| served.api("POST", "/api/v1/migrate", &body.to_string());
    for rule in [json!(null), json!("none"), json!("")] {
        let answer = post(json!({"ids": ids, "rule": rule}));
        assert_eq!(answer.status, 400);
        assert!(
            answer.json()["error"]
                .as_str()
                .unwrap()
                .contains("expected one of old")
        );
    }
    board.policy_taken(vec![outline("alone", None)]);
    let answer = post(json!({"ids": ids}));
    assert_eq!(
        (answer.status, &answer.json()["rule"]),
        (202, &json!("alone"))
    );
    board.ends();
    assert_eq!(post(json!({"ids": [id(9).to_string()]})).status, 503);
}

/// S-23.46
#[test]
fn orders_that_wait_have_a_limit_and_two_at_once_are_one() {
    let board = board();
    let served = Served::new(&board);
    let barrier = Barrier::new(8);
    let names: Vec<_> = thread::scope(|scope| {
        let asking = || {
            barrier.wait();
            let answer = served.api("POST", "/api/v1/migrate", &order(&[1]));
            (answer.status, answer.json()["order"].to_string())
        };
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(asking)).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    assert_eq!(names[0].0, 202);
    for number in 2..=16 {
        let answer = served.api("POST", "/api/v1/migrate", &order(&[number]));
        assert_eq!(answer.status, 202);
    }
    let full = served.api("POST", "/api/v1/migrate", &order(&[17]));
    assert_eq!(full.status, 429);
    assert!(full.head.contains("retry-after: "), "{full:?}");
    // What has ended is remembered, but not for ever.
    for round in 0..40 {
        while let Some(order) = board.take_order() {
            board.order_fails(&order.id, "the rule is gone".to_owned());
        }
        let answer = served.api("POST", "/api/v1/restore", &order(&[20 + round]));
        assert_eq!(answer.status, 202);
    }
    assert!(board.known().orders.len() <= 33);
}

/// S-23.46
#[test]
fn an_order_is_not_carried_out_between_other_buckets_than_it_was_given_for() {
    let board = board();
    let known = board
        .place(Deed::Migrate, Some("old"), [id(1)].into())
        .unwrap();
    // What the source may hold is no other bucket.
    board.policy_taken(vec![outline("old", None)]);
    assert_eq!(board.take_order().unwrap().id, known.order.id);
    board.order_fails(&known.order.id, "tried".to_owned());
    board
        .place(Deed::Migrate, Some("old"), [id(2)].into())
        .unwrap();
    let other = RuleOutline {
        target: "s3://minio:9000/colder".to_owned(),
        ..outline("old", None)
    };
    board.policy_taken(vec![other]);
    assert!(board.take_order().is_none());
    let known = board.known();
    let OrderState::Ended(end) = &known.orders[0].state else {
        panic!("{known:?}")
    };
    assert_eq!(end.exit, Exit::Misused);
    assert!(end.stopped_by.as_ref().unwrap().contains("other buckets"));
}

/// S-23.45, S-23.46
#[test]
fn what_to_do_about_a_copy_back_says_which_bucket_is_meant() {
    let board = board();
    let known = board
        .place(Deed::Restore, Some("old"), [id(3)].into())
        .unwrap();
    let order = board.take_order().unwrap();
    let tell = begin(&board, Deed::Restore, Some(&order.id));
    let marked = outcome(BlockEnding::MarkedInTarget, MarkState::Absent);
    tell(
        "01J9ZK3M7Q8T5V6W7X8Y9Z0A1C",
        noon(),
        &Event::Moved(id(3), &marked),
    );
    board.run_ends(figures());
    let words = "(of this copy back s3://minio:9000/cold is the source, and s3://minio:9000/hot the target)";
    let block = board.block(id(3)).unwrap();
    assert!(block.what_to_do.unwrap().ends_with(words));
    assert_eq!(
        (block.source, block.target),
        ("marked-for-deletion", "live")
    );
    let known = board
        .known()
        .orders
        .into_iter()
        .find(|one| one.order.id == known.order.id);
    let OrderState::Ended(end) = known.unwrap().state else {
        panic!("it has ended")
    };
    assert!(end.attention[0].what_to_do.ends_with(words));
    assert_eq!(end.blocks, [("marked-in-target", 1)].into());
}

/// S-23.46
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_an_order_is_woken_by_it() {
    let board = board();
    let soon = tokio::time::timeout(Duration::from_secs(1), board.ordered());
    assert!(soon.await.is_err());
    let place = async {
        tokio::task::yield_now().await;
        board
            .place(Deed::Restore, Some("old"), [id(1)].into())
            .unwrap();
    };
    tokio::join!(board.ordered(), place);
    let order = board.take_order().unwrap();
    let soon = tokio::time::timeout(Duration::from_secs(1), board.ordered());
    assert!(soon.await.is_err());
    let _ = begin(&board, Deed::Restore, Some(&order.id));
    board.run_ends(Figures {
        exit: Exit::Done,
        stopped_by: None,
        seen: None,
    });
    assert_eq!(board.known().rules[0].counters[1].runs, [(0, 1)].into());
}
