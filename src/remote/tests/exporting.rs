//! Exports.

use super::answers::{NDJSON, export};
use super::liar::{Liar, answer, until_closed, without_end};

/// S-24.15
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn an_export_is_read_line_by_line_and_what_broke_off_is_not_told_twice() {
    let line = |instance: &str, times: &str| {
        format!(
            r#"{{"metric":{{"__name__":"up","instance":"{instance}"}},"values":[{times}],"timestamps":[{times}]}}"#
        ) + "\n"
    };
    let all = line("a", "-1,1,2") + &line("b", "5,10000") + &line("c", "3");
    let whole = answer("200 OK", NDJSON, all.as_bytes());
    let first = line("a", "-1,1,2");
    for (name, broken) in [
        ("nothing wrong", whole.clone()),
        (
            "a body without its end",
            without_end(NDJSON, first.as_bytes()),
        ),
        (
            "a line that is cut",
            answer(
                "200 OK",
                NDJSON,
                (first.clone() + "{\"metric\":{\"__na").as_bytes(),
            ),
        ),
        (
            "an error within the answer",
            answer(
                "200 OK",
                NDJSON,
                (first.clone() + "remoteAddr: \"1.2.3.4\"; cannot fetch data").as_bytes(),
            ),
        ),
        (
            "less than was promised",
            whole.get(..whole.len() - 10).unwrap().to_vec(),
        ),
        (
            "a page",
            answer(
                "200 OK",
                "text/html",
                b"<html>\n<body>back in a minute</html>",
            ),
        ),
        ("nothing", answer("200 OK", "text/html", b"")),
        ("busy", answer("503 Service Unavailable", "text/plain", b"")),
    ] {
        let whole = whole.clone();
        let liar = Liar::start(move |number, _| {
            if number == 0 {
                broken.clone()
            } else {
                whole.clone()
            }
        })
        .await;
        let (brought, told) = export(&liar, &["up"]).await;
        let brought = brought.unwrap();
        assert_eq!(told, ["a 1,2", "b 5", "c 3"], "{name}");
        assert_eq!(
            brought.repeats,
            u64::from(name != "nothing wrong"),
            "{name}"
        );
        let asked = liar.asked();
        let body = String::from_utf8(asked.first().unwrap().body.clone()).unwrap();
        assert_eq!(
            body,
            "match%5B%5D=up&start=0&end=9.999&max_rows_per_line=10000"
        );
    }
    // What can never be read is passed over at no try.
    for wrong in [
        "<html>login</html>",
        "{\"metric\":{\"__na",
        "{\"error\":\"storage is gone\"}",
    ] {
        let body = first.clone() + wrong;
        let liar = Liar::start(move |_, _| answer("200 OK", NDJSON, body.as_bytes())).await;
        let (brought, told) = export(&liar, &["up"]).await;
        let err = format!("{:#}", brought.unwrap_err());
        assert!(err.contains("line 2"), "{err}");
        assert!(told.is_empty());
    }
    // Where nothing tells the end, the same must come twice; that it did not is told apart from what came.
    for short in [0, 2] {
        let (all, first) = (all.clone(), first.clone());
        let liar = Liar::start(move |number, _| {
            let body = if number < short { &first } else { &all };
            let times = if short == 2 && number == 1 { 2 } else { 1 };
            until_closed(NDJSON, &body.as_bytes().repeat(times))
        })
        .await;
        let (brought, told) = export(&liar, &["up"]).await;
        assert_eq!(brought.unwrap().repeats, u64::from(short > 0));
        assert!(
            told.ends_with(&["b 5".to_owned(), "c 3".to_owned()]),
            "{told:?}"
        );
        assert_eq!(liar.asked().len(), 2 + short);
    }
    let liar = Liar::start(|_, _| answer("200 OK", NDJSON, b"")).await;
    let (brought, told) = export(&liar, &["up"]).await;
    assert_eq!((brought.unwrap().pieces, told.len()), (0, 0));
    let other = line("a", "1").replace("up", "down");
    let liar = Liar::start(move |_, _| answer("200 OK", NDJSON, other.as_bytes())).await;
    let (brought, _) = export(&liar, &["up"]).await;
    let err = format!("{:#}", brought.unwrap_err());
    assert!(
        err.contains(r#"down{instance="a"}, which was not asked for"#),
        "{err}"
    );
    let long = "x".repeat(2 << 20);
    let liar = Liar::start(move |_, _| answer("200 OK", NDJSON, long.as_bytes())).await;
    let (brought, _) = export(&liar, &["up"]).await;
    let err = format!("{:#}", brought.unwrap_err());
    assert!(err.contains("more than 1048576 bytes"), "{err}");
}
