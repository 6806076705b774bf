//! Writing.

use std::collections::BTreeMap;

use prost::Message as _;

use super::super::{Batch, Limits, Refusal, Series, Then, WriteClient, Written, proto};
use super::liar::{Asked, Liar, answer, limits};
use crate::error::{Error, Kind, Result};
use crate::samples::{Buckets, Histogram, Labels, Metadata, ResetHint, Sample, Value};

fn message(asked: &Asked) -> proto::WriteRequest {
    let message = snap::raw::Decoder::new().decompress_vec(&asked.body);
    proto::WriteRequest::decode(message.unwrap().as_slice()).unwrap()
}

fn series(name: &str, times: std::ops::Range<i64>) -> Series {
    let labels = BTreeMap::from([("__name__".to_owned(), name.to_owned())]);
    Series {
        labels: labels.into_iter().collect(),
        samples: times
            .map(|time_ms| Sample {
                time_ms,
                value: Value::Float(1.0),
            })
            .collect(),
        exemplars: Vec::new(),
    }
}

fn client(liar: &Liar, limits: &Limits) -> WriteClient {
    let batch = Batch {
        max_series: 2,
        max_points: 10,
    };
    WriteClient::new(&liar.access(), limits, batch).unwrap()
}

/// The points of each request, series by series.
fn points(liar: &Liar) -> Vec<Vec<usize>> {
    let asked = liar.asked();
    let points = asked.iter().map(|asked| {
        let series = message(asked).timeseries;
        series.iter().map(|one| one.samples.len()).collect()
    });
    points.collect()
}

async fn write(client: &WriteClient, series: &[Series]) -> Result<Written> {
    let mut written = Written::default();
    let mut refusals = 0;
    let mut refuses = |_| {
        refusals += 1;
        Ok(Then::Halves)
    };
    client.write(series, &mut written, &mut refuses).await?;
    assert_eq!(
        refusals == 0,
        written.refused.keys().all(|kind| *kind == Refusal::Labels)
    );
    Ok(written)
}

/// S-24.16
#[tokio::test]
async fn what_is_written_goes_out_in_batches_and_in_order() {
    let liar = Liar::start(|_, _| answer("204 No Content", "text/plain", b"")).await;
    let all = [
        series("a", 0..23),
        series("b", 0..2),
        series("c", 0..2),
        series("d", 0..0),
    ];
    let written = write(&client(&liar, &limits()), &all).await.unwrap();
    assert_eq!(points(&liar), [vec![10], vec![10], vec![3, 2], vec![2, 0]]);
    assert_eq!((written.samples, written.requests), (27, 4));
    assert!(written.refused.is_empty());
    let times: Vec<i64> = liar
        .asked()
        .iter()
        .flat_map(|asked| message(asked).timeseries)
        .filter(|series| series.labels.iter().any(|label| label.value == "a"))
        .flat_map(|series| series.samples)
        .map(|sample| sample.timestamp)
        .collect();
    assert!(times.into_iter().eq(0..23));
    let metadata = Metadata {
        family: "a".to_owned(),
        kind: "counter",
        help: "Of a.".to_owned(),
        unit: String::new(),
    };
    let written = client(&liar, &limits())
        .metadata(&[metadata])
        .await
        .unwrap();
    assert_eq!(written.metadata, 1);
    let last = liar.asked().pop().unwrap();
    let sent = message(&last).metadata;
    assert_eq!(sent.first().unwrap().r#type, 1);
    assert!(
        last.head
            .to_lowercase()
            .contains("x-prometheus-remote-write-version: 0.1.0")
    );
}

/// S-24.17
#[tokio::test]
async fn what_is_refused_is_found_counted_and_named_and_all_else_is_written() {
    // As Prometheus does: a whole request or nothing of it.
    let liar = Liar::start(|_, asked| {
        let series = message(asked).timeseries;
        let is_bad = |one: &proto::TimeSeries| {
            let of_b = one.labels.iter().any(|label| label.value == "b");
            of_b && one.samples.iter().any(|sample| sample.timestamp < 3)
        };
        if series.iter().any(is_bad) {
            answer("400 Bad Request", "text/plain", b"out of order sample\n")
        } else {
            answer("204 No Content", "text/plain", b"")
        }
    })
    .await;
    let mut all = vec![series("a", 0..3), series("b", 0..6), series("c", 0..4)];
    all.push(Series {
        labels: Labels::default(),
        ..series("d", 0..5)
    });
    let written = write(&client(&liar, &limits()), &all).await.unwrap();
    assert_eq!(written.samples, 3 + 3 + 4);
    let refused = &written.refused[&Refusal::OutOfOrder];
    assert_eq!((refused.samples, refused.together), (3, 0));
    assert_eq!(refused.series, "b");
    assert!(
        refused.words.contains("out of order sample"),
        "{}",
        refused.words
    );
    assert_eq!(written.refused[&Refusal::Labels].samples, 5);
}

/// S-24.106
#[tokio::test]
async fn no_request_has_numbers_and_histograms_of_one_series() {
    let liar = Liar::start(|_, _| answer("204 No Content", "text/plain", b"")).await;
    let histogram = |buckets| Histogram {
        reset_hint: ResetHint::Unknown,
        schema: 0,
        zero_threshold: 0.0,
        sum: 1.0,
        positive_spans: Vec::new(),
        negative_spans: Vec::new(),
        custom_values: Vec::new(),
        buckets,
    };
    let integers = histogram(Buckets::Integers {
        count: 0,
        zero_count: 0,
        positive: Vec::new(),
        negative: Vec::new(),
    });
    let floats = histogram(Buckets::Floats {
        count: 0.0,
        zero_count: 0.0,
        positive: Vec::new(),
        negative: Vec::new(),
    });
    let mut mixed = series("a", 0..9);
    for (time_ms, histogram) in [(3, &integers), (4, &integers), (5, &floats), (7, &integers)] {
        mixed.samples[time_ms].value = Value::Histogram(Box::new(histogram.clone()));
    }
    let all = [mixed, series("b", 0..2)];
    let written = write(&client(&liar, &limits()), &all).await.unwrap();
    assert_eq!((written.samples, written.histograms), (11, 4));
    let mut told = Vec::new();
    for asked in liar.asked() {
        let series = message(&asked).timeseries;
        let times = |one: &proto::TimeSeries| {
            let numbers = one.samples.iter().map(|one| one.timestamp);
            let histograms = one.histograms.iter().map(|one| one.timestamp);
            numbers.chain(histograms).collect::<Vec<_>>()
        };
        told.push(series.iter().map(times).collect::<Vec<_>>());
    }
    let expected = [
        vec![vec![0, 1, 2], vec![0, 1]],
        vec![vec![3, 4]],
        vec![vec![5]],
        vec![vec![6]],
        vec![vec![7]],
        vec![vec![8]],
    ];
    assert_eq!(told, expected);
}

/// S-24.16
#[tokio::test]
async fn a_success_that_tells_of_an_error_is_none() {
    let said = br#"{"status":"error","error":"tenant is over limit"}"#;
    let liar = Liar::start(|_, _| answer("200 OK", "application/json", said)).await;
    let written = write(&client(&liar, &limits()), &[series("a", 0..3)]).await;
    let err = format!("{:#}", written.unwrap_err());
    assert!(err.contains("tenant is over limit"), "{err}");
    assert_eq!(liar.asked().len(), 1);
}

/// S-24.105
#[tokio::test]
async fn what_a_server_took_of_a_request_is_not_sent_again_and_counts_as_taken() {
    let said = b"store locally for endpoint a: add 4 samples: out of order sample: conflict";
    let liar = Liar::start(|_, _| answer("409 Conflict", "text/plain", said)).await;
    let all = [series("a", 0..6), series("b", 0..4)];
    let written = write(&client(&liar, &limits()), &all).await.unwrap();
    assert_eq!(written.samples, 6);
    assert_eq!(liar.asked().len(), 1);
    let refused = &written.refused[&Refusal::OutOfOrder];
    assert_eq!((refused.samples, refused.together), (4, 0));
    assert!(refused.series.ends_with("the first is a"), "{refused:?}");
}

/// S-24.17
#[tokio::test]
async fn a_server_that_refuses_everything_is_not_asked_for_each_sample() {
    let liar = Liar::start(|_, _| answer("400 Bad Request", "text/plain", b"out of bounds")).await;
    let batch = Batch {
        max_series: 10,
        max_points: 10_000,
    };
    let client = WriteClient::new(&liar.access(), &limits(), batch).unwrap();
    let written = write(&client, &[series("a", 0..30_000)]).await.unwrap();
    let refused = &written.refused[&Refusal::TooOld];
    assert_eq!(refused.samples, 30_000);
    assert!(refused.together > 20_000);
    assert!(written.requests < 6_000, "{}", written.requests);
}

/// S-24.16
#[tokio::test]
async fn failures_that_may_pass_are_repeated_and_others_are_not() {
    for first in [
        answer("503 Service Unavailable", "text/plain", b""),
        answer("429 Too Many Requests", "text/plain", b""),
        answer("200 OK", "text/html", b"<html>login</html>"),
        Vec::new(),
    ] {
        let liar = Liar::start(move |number, _| {
            if number == 0 {
                first.clone()
            } else {
                answer("200 OK", "text/plain", b"")
            }
        })
        .await;
        let written = write(&client(&liar, &limits()), &[series("a", 0..3)]).await;
        assert_eq!(written.unwrap().samples, 3);
        assert_eq!(liar.asked().len(), 2);
    }
    for (status, kind) in [
        ("401 Unauthorized", Kind::Credentials),
        ("403 Forbidden", Kind::Refused),
        ("404 Not Found", Kind::Unsupported),
        ("415 Unsupported Media Type", Kind::Other),
    ] {
        let liar = Liar::start(move |_, _| answer(status, "text/plain", b"no")).await;
        let err = write(&client(&liar, &limits()), &[series("a", 0..3)]).await;
        let err = err.unwrap_err();
        assert_eq!(err.kind(), kind);
        assert!(
            format!("{err:#}").starts_with("write to http://"),
            "{err:#}"
        );
        assert_eq!(liar.asked().len(), 1);
    }
}

/// S-24.107: what a server has refused is known before anything else is sent, and what it has taken is known where it takes nothing more.
#[tokio::test]
async fn a_refusal_is_told_at_once_and_the_account_outlives_an_error() {
    let liar = Liar::start(|number, _| match number {
        0 => answer("204 No Content", "text/plain", b""),
        1 => answer("400 Bad Request", "text/plain", b"out of order sample\n"),
        _ => answer("403 Forbidden", "text/plain", b"no"),
    })
    .await;
    let client = self::client(&liar, &limits());
    let mut written = Written::default();
    let mut told = Vec::new();
    let mut refuses = |kind| {
        told.push((kind, liar.asked().len()));
        Ok(Then::Halves)
    };
    let all = [series("a", 0..10), series("b", 0..10)];
    let sent = client.write(&all, &mut written, &mut refuses).await;
    assert_eq!(sent.unwrap_err().kind(), Kind::Refused);
    assert_eq!(written.samples, 10);
    assert_eq!(told, [(Refusal::OutOfOrder, 2)]);
    let liar = Liar::start(|_, _| answer("400 Bad Request", "text/plain", b"out of bounds")).await;
    let client = self::client(&liar, &limits());
    // What is not to be halved counts as it is.
    let mut written = Written::default();
    let mut refuses = |_| Ok(Then::Counts);
    let sent = client.write(&all[..1], &mut written, &mut refuses).await;
    sent.unwrap();
    let old = &written.refused[&Refusal::TooOld];
    assert_eq!((old.samples, old.together), (10, 0));
    assert_eq!(liar.asked().len(), 1);
    // Whoever cannot note it sends nothing more.
    let mut refuses = |_| Err(Error::new(Kind::NoSpace, "note it"));
    let sent = client.write(&all, &mut written, &mut refuses).await;
    assert_eq!(sent.unwrap_err().kind(), Kind::NoSpace);
    assert_eq!(liar.asked().len(), 2);
}
