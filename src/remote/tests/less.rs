//! What is asked of servers that do not give so much at once.

use super::super::ReadClient;
use super::answers::{
    SAMPLES, STREAMED, kept, question, read, samples, selectors, series, told, up,
};
use super::liar::{Liar, answer, limits, without_end};
use crate::error::Kind;

/// S-24.13
#[tokio::test]
async fn a_server_that_gives_less_at_once_is_asked_for_halves() {
    let liar = Liar::start(|_, asked| {
        let question = question(asked);
        let query = question.queries.first().unwrap();
        let (start, end) = (query.start_timestamp_ms, query.end_timestamp_ms);
        if end - start > 3_000 {
            return answer(
                "400 Bad Request",
                "text/plain",
                b"exceeded sample limit (3)\n",
            );
        }
        let times: Vec<i64> = (0..10).map(|n| n * 1000).collect();
        answer("200 OK", SAMPLES, &samples(vec![series("a", &times)]))
    })
    .await;
    let (brought, told) = read(&liar, &["up"]).await;
    brought.unwrap();
    let all = told.join(",").replace("a ", "");
    assert_eq!(all, "0,1000,2000,3000,4000,5000,6000,7000,8000,9000");

    let liar =
        Liar::start(|_, _| answer("422 Unprocessable Entity", "text/plain", b"too many chunks"))
            .await;
    let (brought, _) = read(&liar, &["up"]).await;
    let err = format!("{:#}", brought.unwrap_err());
    assert!(
        err.contains("the server answers 422: \"too many chunks\""),
        "{err}"
    );
    assert!(liar.asked().len() < 20);
}

/// What is made of a whole answer.
type GiveUp = fn(&[u8]) -> Vec<u8>;

/// A liar that gives up on any answer about more than half an hour.
async fn impatient(give_up: GiveUp) -> Liar {
    Liar::start(move |_, asked| {
        let question = question(asked);
        let query = question.queries.first().unwrap();
        let (start, end) = (query.start_timestamp_ms, query.end_timestamp_ms);
        let minutes = (0..120).map(|minute| minute * 60_000);
        let times: Vec<i64> = minutes
            .filter(|time| (start..=end).contains(time))
            .collect();
        let all = up("a", &times);
        if end - start > 30 * 60_000 {
            give_up(&all)
        } else {
            answer("200 OK", STREAMED, &all)
        }
    })
    .await
}

/// S-24.100
#[tokio::test]
async fn a_range_whose_answer_breaks_off_again_and_again_is_asked_for_in_halves() {
    const TWO_HOURS: i64 = 2 * 60 * 60_000;
    let give_ups: [GiveUp; 2] = [
        |all| without_end(STREAMED, all),
        |_| answer("504 Gateway Timeout", "text/html", b"<html>too late</html>"),
    ];
    for give_up in give_ups {
        let liar = impatient(give_up).await;
        let client = ReadClient::new(&liar.access(), &limits()).unwrap();
        // The whole twice, its halves twice, and each quarter once; from the third range on what was learnt is made use of.
        for (number, questions) in [10, 20, 24].into_iter().enumerate() {
            let mut items = Vec::new();
            let mut sink = kept(&mut items);
            let brought = client
                .read(&selectors(&["up"]), 0..TWO_HOURS, &mut sink)
                .await;
            brought.unwrap();
            drop(sink);
            assert_eq!(
                told(&items),
                [
                    "a 0..1740000",
                    "a 1800000..3540000",
                    "a 3600000..5340000",
                    "a 5400000..7140000"
                ],
                "{number}"
            );
            assert_eq!(liar.asked().len(), questions, "{number}");
        }
    }
    // Who never comes to an end is given up.
    let liar = Liar::start(|_, _| without_end(STREAMED, &up("a", &[1]))).await;
    let client = ReadClient::new(&liar.access(), &limits()).unwrap();
    let mut items = Vec::new();
    let mut sink = kept(&mut items);
    let brought = client
        .read(&selectors(&["up"]), 0..TWO_HOURS, &mut sink)
        .await;
    let err = brought.unwrap_err();
    drop(sink);
    assert_eq!(err.kind(), Kind::Transient);
    assert!(liar.asked().len() < 20, "{}", liar.asked().len());
    assert!(items.is_empty());
}

/// S-24.101
#[tokio::test]
async fn a_limit_on_series_is_told_before_the_range_is_down_to_a_second() {
    for words in [
        "the number of matching timeseries exceeds 5; either narrow down the search or increase -search.max* command-line flag values",
        "the query exceeded the maximum number of series (limit: 5 series) (err-mimir-max-series-per-query). Consider reducing the time range and/or number of series selected by the query.",
    ] {
        let liar = Liar::start(move |_, _| {
            answer("422 Unprocessable Entity", "text/plain", words.as_bytes())
        })
        .await;
        let client = ReadClient::new(&liar.access(), &limits()).unwrap();
        let mut sink = |_| Ok(());
        let day = 0..24 * 60 * 60_000;
        let brought = client
            .read(&selectors(&[r#"up{job="a"}"#]), day, &mut sink)
            .await;
        let err = format!("{:#}", brought.unwrap_err());
        assert!(err.starts_with(r#"read up{job="a"} from http://"#), "{err}");
        assert!(
            err.ends_with("no fewer series: name several selectors of fewer series each, or have the limit raised there"),
            "{err}"
        );
        assert!(liar.asked().len() < 10, "{}", liar.asked().len());
    }
}
