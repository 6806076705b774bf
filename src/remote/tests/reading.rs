//! Reading.

use super::super::proto::{self};
use super::super::{Brought, ReadClient};
use super::answers::{
    SAMPLES, STREAMED, chunk, frame, kept, question, read, samples, selectors, series, told, up,
    wants_chunks,
};
use super::liar::{Liar, answer, limits, until_closed, without_end};
use crate::error::{Error, Kind};
use crate::samples::{Encoding, Item, Labels, Told};

/// S-24.11
#[tokio::test]
async fn chunks_are_handed_on_as_they_are_and_what_reaches_out_of_the_range_is_cut() {
    let sent = chunk(&[1, 2, 3]);
    let body = [
        frame(
            0,
            &[(&[("__name__", "up"), ("instance", "a")], vec![sent.clone()])],
        ),
        frame(
            0,
            &[(
                &[("__name__", "up"), ("instance", "a")],
                vec![chunk(&[5, 6]), chunk(&[-2, -1, 0, 7])],
            )],
        ),
        up("b", &[9_998, 9_999, 10_000, 10_001]),
        up("c", &[-3, -2]),
    ]
    .concat();
    let liar = Liar::start(move |_, _| answer("200 OK", STREAMED, &body)).await;
    let client = ReadClient::new(&liar.access(), &limits()).unwrap();
    let mut items = Vec::new();
    let mut sink = kept(&mut items);
    let selectors = selectors(&[r#"up{instance=~"[abc]",job!="x"}"#]);
    let brought = client.read(&selectors, 0..10_000, &mut sink).await.unwrap();
    drop(sink);
    assert_eq!(told(&items), ["a 1..3", "a 5..6", "a 0,7", "b 9998,9999"]);
    let Some(Item::Piece(piece)) = items.first() else {
        panic!("{items:?}")
    };
    let Told::Chunk(first) = &piece.told else {
        panic!("{piece:?}")
    };
    assert_eq!((first.encoding, &first.data), (Encoding::Xor, &sent.data));
    assert_eq!(
        brought,
        Brought {
            pieces: 4,
            outside: 6,
            repeats: 0
        }
    );

    let asked = liar.asked();
    let [asked] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    let head = asked.head.to_lowercase();
    for header in [
        "post /api/v1/of http/1.1",
        "content-type: application/x-protobuf",
        "content-encoding: snappy",
        "x-prometheus-remote-read-version: 0.1.0",
    ] {
        assert!(head.contains(header), "{head}");
    }
    let question = question(asked);
    let [query] = question.queries.as_slice() else {
        panic!("{question:?}")
    };
    assert_eq!(
        (query.start_timestamp_ms, query.end_timestamp_ms),
        (0, 9_999)
    );
    let matchers: Vec<_> = query
        .matchers
        .iter()
        .map(|one| (one.r#type, one.name.as_str(), one.value.as_str()))
        .collect();
    assert_eq!(
        matchers,
        [
            (0, "__name__", "up"),
            (2, "instance", "[abc]"),
            (1, "job", "x")
        ]
    );
}

/// S-24.11
#[tokio::test]
async fn samples_are_asked_for_where_chunks_cannot_be_had() {
    let of_other_form = |number| {
        let chunk = proto::Chunk {
            r#type: number,
            ..chunk(&[1])
        };
        frame(
            0,
            &[(&[("__name__", "up"), ("instance", "a")], vec![chunk])],
        )
    };
    for (name, first) in [
        (
            "refused",
            answer(
                "400 Bad Request",
                "text/plain",
                b"none of requested response types are implemented",
            ),
        ),
        (
            "unknown encoding",
            answer("200 OK", STREAMED, &of_other_form(99)),
        ),
        (
            "unknown encoding in mid-answer",
            answer(
                "200 OK",
                STREAMED,
                &[up("a", &[1, 2]), of_other_form(99)].concat(),
            ),
        ),
        ("no end to be told", until_closed(STREAMED, &up("a", &[1]))),
        (
            "samples at once",
            answer(
                "200 OK",
                SAMPLES,
                &samples(vec![series("a", &[1, 2, 10_000])]),
            ),
        ),
    ] {
        let liar = Liar::start(move |_, asked| {
            if wants_chunks(asked) {
                first.clone()
            } else {
                answer(
                    "200 OK",
                    SAMPLES,
                    &samples(vec![series("a", &[1, 2, 10_000])]),
                )
            }
        })
        .await;
        let (brought, told) = read(&liar, &["up"]).await;
        assert_eq!(told, ["a 1,2"], "{name}");
        assert_eq!(brought.unwrap().outside, 1, "{name}");
    }
}

/// S-24.11, S-24.102
#[tokio::test]
async fn what_nobody_could_read_is_not_passed_over_where_samples_cannot_be_had_at_once() {
    let unknown = proto::Chunk {
        r#type: 99,
        ..chunk(&[1])
    };
    let unknown = frame(
        0,
        &[(&[("__name__", "up"), ("instance", "a")], vec![unknown])],
    );
    let streamed = [unknown, up("b", &[1])].concat();
    let liar = Liar::start(move |number, asked| match (wants_chunks(asked), number) {
        (true, _) => answer("200 OK", STREAMED, &streamed),
        (false, 0..2) => answer("503 Service Unavailable", "text/plain", b"later"),
        (false, _) => {
            let all = samples(vec![series("a", &[1]), series("b", &[1])]);
            answer("200 OK", SAMPLES, &all)
        }
    })
    .await;
    let (brought, told) = read(&liar, &["up"]).await;
    assert_eq!(brought.unwrap().repeats, 1);
    assert_eq!(told, ["a 1", "b 1"]);
}

/// S-24.12
#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_anew_and_nothing_is_told_twice() {
    let (one, two, three) = (up("a", &[1, 2]), up("b", &[1, 2]), up("c", &[1, 2]));
    let all = [one.clone(), two.clone(), three.clone()].concat();
    let cut = all.get(..all.len() - 3).unwrap().to_vec();
    let mut wrong = all.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let whole = answer("200 OK", STREAMED, &all);
    for (name, broken) in [
        (
            "a body without its end",
            without_end(STREAMED, &[one.clone(), two.clone()].concat()),
        ),
        ("a frame that is cut", answer("200 OK", STREAMED, &cut)),
        ("a wrong checksum", answer("200 OK", STREAMED, &wrong)),
        (
            "an error within the answer",
            answer(
                "200 OK",
                STREAMED,
                &[&one, b"expanding series: context canceled".as_slice()].concat(),
            ),
        ),
        (
            "less than was promised",
            whole.get(..whole.len() - 40).unwrap().to_vec(),
        ),
        (
            "a page",
            answer("200 OK", "text/html", b"<html>back in a minute</html>"),
        ),
        ("nothing", answer("200 OK", "text/plain", b"")),
        (
            "busy",
            answer("503 Service Unavailable", "text/plain", b"try again"),
        ),
        (
            "too often",
            answer("429 Too Many Requests", "text/plain", b"slow down"),
        ),
        ("no answer", Vec::new()),
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
        let (brought, told) = read(&liar, &["up"]).await;
        assert_eq!(brought.unwrap().repeats, 1, "{name}");
        assert_eq!(told, ["a 1..2", "b 1..2", "c 1..2"], "{name}");
    }
}

/// S-24.12
#[tokio::test]
async fn an_answer_that_comes_no_further_than_before_is_given_up_however_new_it_is() {
    let liar = Liar::start(|number, _| {
        let first = up(&number.to_string(), &[1]);
        without_end(STREAMED, &first)
    })
    .await;
    let (brought, _) = read(&liar, &["up"]).await;
    let err = brought.unwrap_err();
    assert_eq!(err.kind(), Kind::Transient);
    assert!(format!("{err:#}").contains("broke off"), "{err:#}");
    assert!(liar.asked().len() < 10, "{}", liar.asked().len());
}

/// S-24.12
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn what_makes_no_sense_is_an_error_of_one_line_that_says_so() {
    let of = |pairs: &[(&str, &str)], chunk: proto::Chunk| frame(0, &[(pairs, vec![chunk])]);
    let up = [("__name__", "up")];
    let gigabytes = [0x80, 0x80, 0x80, 0x80, 0x0c, 0, 0, 0, 0];
    for (body, why) in [
        (
            frame(1, &[(&up, vec![chunk(&[1])])]),
            "the answer is to number 1",
        ),
        (
            of(&[("__name__", "down")], chunk(&[1])),
            "down, which was not asked for",
        ),
        (
            of(&[("__name__", "up"), ("a", "1"), ("a", "2")], chunk(&[1])),
            "label a is given twice",
        ),
        (
            of(&[("__name__", "up"), ("", "2")], chunk(&[1])),
            "a label has no name",
        ),
        (
            of(
                &up,
                proto::Chunk {
                    min_time_ms: 2,
                    max_time_ms: 1,
                    ..chunk(&[1])
                },
            ),
            "a chunk begins at 2 and ends at 1",
        ),
        (
            of(
                &up,
                proto::Chunk {
                    max_time_ms: 20_000,
                    data: vec![0, 9, 1].into(),
                    ..chunk(&[1])
                },
            ),
            "a chunk from 1 to 20000",
        ),
        (gigabytes.to_vec(), "more than 50000000 are too many"),
        (b"exceeded something".to_vec(), "exceeded something"),
    ] {
        let liar = Liar::start(move |_, _| answer("200 OK", STREAMED, &body)).await;
        let (brought, _) = read(&liar, &["up"]).await;
        let err = brought.unwrap_err();
        assert_eq!(err.kind(), Kind::Corrupt, "{why}");
        let told = format!("{err:#}");
        assert!(
            told.contains(why) && told.starts_with("read up from http://"),
            "{told}"
        );
        assert!(!told.contains('\n'));
    }
    let of = |histogram: proto::Histogram| {
        samples(vec![proto::TimeSeries {
            histograms: vec![histogram],
            ..series("a", &[])
        }])
    };
    let span = proto::BucketSpan {
        offset: 0,
        length: u32::MAX,
    };
    let empty = snap::raw::Encoder::new().compress_vec(b"").unwrap();
    for (body, why) in [
        (
            of(proto::Histogram {
                positive_spans: vec![span, span],
                ..Default::default()
            }),
            "it has 0 buckets, and spans of 8589934590",
        ),
        (
            of(proto::Histogram {
                schema: 77,
                ..Default::default()
            }),
            "its schema is 77",
        ),
        (
            of(proto::Histogram {
                schema: -53,
                positive_spans: vec![proto::BucketSpan {
                    offset: 0,
                    length: 2,
                }],
                positive_deltas: vec![1, 1],
                ..Default::default()
            }),
            "its buckets come without their bounds",
        ),
        (
            of(proto::Histogram {
                count: Some(proto::histogram::Count::CountInt(3)),
                positive_spans: vec![proto::BucketSpan {
                    offset: 0,
                    length: 2,
                }],
                positive_deltas: vec![1, 0],
                ..Default::default()
            }),
            "its count is 3, and its buckets hold another",
        ),
        (
            of(proto::Histogram {
                positive_spans: vec![proto::BucketSpan {
                    offset: 0,
                    length: 2,
                }],
                positive_deltas: vec![1, -3],
                ..Default::default()
            }),
            "a bucket has less than nothing",
        ),
        (
            of(proto::Histogram {
                schema: -53,
                zero_count: Some(proto::histogram::ZeroCount::ZeroCountInt(5)),
                custom_values: vec![1.0],
                ..Default::default()
            }),
            "it has bounds, and a zero bucket or negative ones",
        ),
        (
            of(proto::Histogram {
                schema: -53,
                positive_spans: vec![proto::BucketSpan {
                    offset: -2,
                    length: 1,
                }],
                positive_deltas: vec![0],
                custom_values: vec![1.0],
                ..Default::default()
            }),
            "its buckets begin before its bounds",
        ),
        (empty, "it holds 0 answers"),
        (b"\xff\xff\xff\xff\x0f".to_vec(), "read up from"),
        (b"<html>login</html>".to_vec(), "<html>login</html>"),
    ] {
        let liar = Liar::start(move |_, _| answer("200 OK", SAMPLES, &body)).await;
        let (brought, told) = read(&liar, &["up"]).await;
        let err = format!("{:#}", brought.unwrap_err());
        assert!(err.contains(why), "{err}");
        assert!(told.is_empty());
    }
}

/// S-24.14
#[tokio::test]
async fn a_series_that_several_selectors_select_is_told_once() {
    let body = [up("a", &[1]), up("b", &[1])].concat();
    let liar = Liar::start(move |_, asked| {
        let b_alone = question(asked).queries.first().unwrap().matchers.len() > 1;
        let body = if b_alone { up("b", &[1]) } else { body.clone() };
        answer("200 OK", STREAMED, &body)
    })
    .await;
    let (_, told) = read(&liar, &[r#"up{instance="b"}"#, "up", "up"]).await;
    assert_eq!(told, ["b 1..1", "a 1..1"]);
}

/// S-24.12
#[tokio::test]
async fn refusals_are_told_in_the_servers_words_and_not_repeated() {
    for (status, body, kind, why) in [
        (
            "401 Unauthorized",
            "who are you",
            Kind::Credentials,
            "who are you",
        ),
        ("403 Forbidden", "", Kind::Refused, "the server answers 403"),
        (
            "404 Not Found",
            "404 page not found",
            Kind::Unsupported,
            "is there an API at that URL",
        ),
        (
            "400 Bad Request",
            r#"{"status":"error","errorType":"bad_data","error":"no\nsuch thing"}"#,
            Kind::Other,
            "no such thing",
        ),
    ] {
        let liar = Liar::start(move |_, _| answer(status, "text/plain", body.as_bytes())).await;
        let (brought, _) = read(&liar, &["up"]).await;
        let err = brought.unwrap_err();
        assert_eq!(err.kind(), kind, "{status}");
        let err = format!("{err:#}");
        assert!(err.contains(why) && !err.contains('\n'), "{err}");
        assert!(liar.asked().len() <= 2);
    }
}

#[tokio::test]
async fn what_the_taker_refuses_ends_the_reading() {
    let liar = Liar::start(|_, _| answer("200 OK", STREAMED, &up("a", &[1]))).await;
    let client = ReadClient::new(&liar.access(), &limits()).unwrap();
    let mut sink = |item| match item {
        Item::Piece(_) => Err(Error::new(Kind::NoSpace, "keep it")),
        _ => Ok(()),
    };
    let done = client.read(&selectors(&["up"]), 0..10, &mut sink).await;
    assert_eq!(done.unwrap_err().kind(), Kind::NoSpace);
    assert_eq!(liar.asked().len(), 1);
    let _: Labels = Labels::default();
}
