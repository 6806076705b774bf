//! Samples come from real servers as they are there, and real servers take what they are sent.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thanos_bucket::Result;
use thanos_bucket::environment::Environment;
use thanos_bucket::promql::{Access, Selector};
use thanos_bucket::remote::{
    self, Batch, Brought, ExportClient, Limits, ReadClient, Refusal, Series, Then, WriteClient,
    Written,
};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::samples::{
    Buckets, CUSTOM_BUCKETS, Encoding, Exemplar, Histogram, Item, Labels, Piece, ResetHint, STALE,
    Sample, Span, Told, Value,
};
use thanos_bucket::tsdb::{decode, read};

use crate::support::prometheus::Prometheus;
use crate::support::servers::program;
use crate::support::victoria::Victoria;

fn access(url: &str, path: &str) -> Access {
    let url = format!("{url}{path}");
    Access::parse(
        &url,
        Access::QUERIER,
        None,
        &Environment::default(),
        &mut Vec::new(),
    )
    .unwrap()
}

fn limits() -> Limits {
    Limits {
        timeout: Duration::from_mins(1),
        retry: Policy {
            max_retries: 2,
            initial_backoff: Duration::from_millis(10),
            max_backoff: Duration::from_secs(1),
            jitter: Jitter::Half,
        },
        max_held_bytes: 64 << 20,
    }
}

/// Writes all of it, and says what became of it.
fn write_all(client: &WriteClient, series: &[Series]) -> Written {
    let mut written = Written::default();
    at_once(client.write(series, &mut written, &mut |_| Ok(Then::Halves)));
    written
}

fn at_once<T>(done: impl Future<Output = Result<T>>) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(done).unwrap()
}

fn selectors(texts: &[&str]) -> Vec<Selector> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// All that a client of remote read brings.
fn read_all(
    client: &ReadClient,
    selected: &[&str],
    range: std::ops::Range<i64>,
) -> (Vec<Piece>, Brought) {
    let mut pieces = Vec::new();
    let brought = at_once(client.read(&selectors(selected), range, &mut |item| {
        match item {
            Item::Mark => {}
            Item::Piece(piece) => pieces.push(piece),
            other => panic!("{other:?}"),
        }
        Ok(())
    }));
    (pieces, brought)
}

/// Samples with the bits of their numbers, one by one, series by series.
fn spelled(pieces: &[Piece]) -> Vec<String> {
    let mut all = Vec::new();
    for piece in pieces {
        let samples = match &piece.told {
            Told::Samples(samples) => samples.clone(),
            Told::Chunk(chunk) => {
                let samples = decode::samples(chunk.encoding.number(), &chunk.data);
                samples.map(|sample| sample.unwrap()).collect()
            }
        };
        for Sample { time_ms, value } in samples {
            let value = match value {
                Value::Float(value) => format!("{:x}", value.to_bits()),
                Value::Histogram(histogram) => {
                    let sum = histogram.sum.to_bits();
                    // What is known of resets is told of a chunk, or of neighbours.
                    let reset_hint = ResetHint::Unknown;
                    format!(
                        "{sum:x} {:?}",
                        Histogram {
                            reset_hint,
                            ..*histogram
                        }
                    )
                }
            };
            all.push(format!("{} {time_ms} {value}", piece.labels));
        }
    }
    all
}

/// S-24.11 with real Prometheus.
#[test]
fn chunks_of_a_real_prometheus_come_byte_for_byte_and_its_samples_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let ran = Command::new(program("tsdb-blocks"))
        .arg(&made)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let block = made.join("mixed");
    let expected: Vec<_> = read::Block::open(&block)
        .unwrap()
        .series()
        .map(Result::unwrap)
        .collect();
    let chunks: Vec<_> = expected
        .iter()
        .flat_map(|(labels, chunks)| chunks.iter().map(move |chunk| (labels, chunk)))
        .collect();
    let encodings = [Encoding::Xor, Encoding::Histogram, Encoding::FloatHistogram];
    for encoding in encodings {
        assert!(chunks.iter().any(|(_, chunk)| chunk.encoding == encoding));
    }

    let prometheus = Prometheus::start(&data_of(folder.path(), &block));
    let client = ReadClient::new(&access(&prometheus.url(), "/api/v1/read"), &limits()).unwrap();
    let everything = [r#"{__name__=~".+"}"#];
    let (start, end) = (1_736_121_600_000, 1_736_150_400_000);
    let (pieces, brought) = read_all(&client, &everything, start..end);
    let came: Vec<_> = pieces
        .iter()
        .map(|piece| match &piece.told {
            Told::Chunk(chunk) => (&piece.labels, chunk),
            Told::Samples(_) => panic!("{piece:?}"),
        })
        .collect();
    assert_eq!(came.len(), chunks.len());
    assert!(came == chunks);
    assert_eq!((brought.outside, brought.repeats), (0, 0));

    let for_samples = client.clone().for_samples();
    let (of_bounds, others): (Vec<Piece>, Vec<Piece>) =
        pieces.iter().cloned().partition(has_bounds);
    let names: BTreeSet<&str> = of_bounds
        .iter()
        .map(|piece| piece.labels.metric())
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    assert!(!names.is_empty());
    let without = format!(r#"{{__name__!="",__name__!~"{}"}}"#, names.join("|"));
    let (samples, _) = read_all(&for_samples, &[&without], start..end);
    let others: Vec<Piece> = others
        .into_iter()
        .filter(|piece| !names.contains(&piece.labels.metric()))
        .collect();
    let sorted = |pieces: &[Piece]| {
        let mut all = spelled(pieces);
        all.sort();
        all
    };
    // Prometheus leaves -0 out of its messages as if it were 0.
    let without_sign = |all: Vec<String>| -> Vec<String> {
        let all = all.iter();
        all.map(|line| line.replace(" 8000000000000000", " 0"))
            .collect()
    };
    let (of_samples, of_chunks) = (sorted(&samples), without_sign(sorted(&others)));
    for (one, other) in of_samples.iter().zip(&of_chunks) {
        assert_eq!(one, other);
    }
    assert_eq!(of_samples.len(), of_chunks.len());

    refuses_bounds(&for_samples, &everything, start..end);

    // In windows that cut chunks, and with selectors that overlap, each sample comes once.
    let window = 3_333_333;
    let mut cut = Vec::new();
    let names: Vec<&str> = expected.iter().map(|(labels, _)| labels.metric()).collect();
    let first = names[0];
    let half = format!(r#"{{__name__="{first}"}}"#);
    for number in 0..=(end - start) / window {
        let from = start + number * window;
        let to = end.min(from + window);
        cut.extend(read_all(&client, &[half.as_str(), everything[0]], from..to).0);
    }
    assert!(sorted(&cut) == sorted(&pieces));

    let err = tokio::runtime::Runtime::new().unwrap().block_on(
        ReadClient::new(&access(&prometheus.url(), "/elsewhere"), &limits())
            .unwrap()
            .read(&selectors(&everything), start..end, &mut |_| Ok(())),
    );
    let err = format!("{:#}", err.unwrap_err());
    assert!(err.contains("the server answers 404"), "{err}");
}

fn has_bounds(piece: &Piece) -> bool {
    let spelled = spelled(std::slice::from_ref(piece));
    spelled.iter().any(|line| line.contains("schema: -53"))
}

/// Prometheus leaves the bounds of custom buckets out of what it tells as samples. What cannot be known is not made up.
#[track_caller]
fn refuses_bounds(client: &ReadClient, selected: &[&str], range: std::ops::Range<i64>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let selectors = selectors(selected);
    let mut nowhere = |_| Ok(());
    let read = client.read(&selectors, range, &mut nowhere);
    let err = format!("{:#}", runtime.block_on(read).unwrap_err());
    assert!(
        err.contains("its buckets come without their bounds"),
        "{err}"
    );
}

/// A folder that Prometheus serves, with that one block.
fn data_of(folder: &Path, block: &Path) -> std::path::PathBuf {
    let meta = fs::read_to_string(block.join("meta.json")).unwrap();
    let meta: serde_json::Value = serde_json::from_str(&meta).unwrap();
    let data = folder.join("data");
    crate::support::folders::copy_tree(block, &data.join(meta["ulid"].as_str().unwrap()));
    data
}

fn histogram(schema: i32, buckets: Buckets, custom_values: Vec<f64>) -> Value {
    Value::Histogram(Box::new(Histogram {
        reset_hint: ResetHint::Unknown,
        schema,
        zero_threshold: if schema == CUSTOM_BUCKETS {
            0.0
        } else {
            1e-128
        },
        sum: 12.5,
        positive_spans: vec![Span {
            offset: 0,
            length: 2,
        }],
        negative_spans: Vec::new(),
        custom_values,
        buckets,
    }))
}

fn integers() -> Buckets {
    Buckets::Integers {
        count: 5,
        zero_count: 0,
        positive: vec![2, 1],
        negative: Vec::new(),
    }
}

/// S-24.16, S-24.17 with real Prometheus.
#[test]
#[expect(clippy::too_many_lines, reason = "one server is asked for all of it")]
fn a_real_prometheus_takes_what_is_written_and_tells_it_again_and_its_refusals_are_counted() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let start = i64::try_from(now.as_millis()).unwrap() - 60_000;
    let floats = [
        1.0,
        0.1,
        f64::NEG_INFINITY,
        f64::from_bits(STALE),
        f64::from_bits(0x7ff8_0000_0000_0001),
        -0.0,
    ];
    let floats_of_histogram = Buckets::Floats {
        count: 5.5,
        zero_count: 0.0,
        positive: vec![2.25, 3.25],
        negative: Vec::new(),
    };
    let of = |name: &str, values: Vec<Value>| {
        let samples = values.into_iter().zip(0..).map(|(value, n)| Sample {
            time_ms: start + n * 1000,
            value,
        });
        Series {
            labels: labels(&[("__name__", name), ("job", "é\n")]),
            samples: samples.collect(),
            exemplars: Vec::new(),
        }
    };
    let mut numbers = of("numbers", floats.map(Value::Float).into());
    numbers.exemplars.push(Exemplar {
        series: Labels::default(),
        labels: labels(&[("trace_id", "abc")]),
        value: 0.5,
        time_ms: start + 500,
    });
    let series = [
        of("http.requests", vec![Value::Float(3.0)]),
        of("native", vec![histogram(3, integers(), Vec::new()); 3]),
        of(
            "native_of_floats",
            vec![histogram(-4, floats_of_histogram, Vec::new()); 3],
        ),
        of(
            "native_of_bounds",
            vec![histogram(CUSTOM_BUCKETS, integers(), vec![0.5, 1.5]); 3],
        ),
        numbers,
    ];
    let prometheus = Prometheus::receiver();
    let batch = Batch {
        max_series: 100,
        max_points: 4,
    };
    let write = access(&prometheus.url(), "/api/v1/write");
    let client = WriteClient::new(&write, &limits(), batch).unwrap();
    let written = write_all(&client, &series);
    assert!(written.refused.is_empty(), "{written:?}");
    assert_eq!(
        (written.samples, written.histograms, written.exemplars),
        (16, 9, 1)
    );

    let read = access(&prometheus.url(), "/api/v1/read");
    let reader = ReadClient::new(&read, &limits()).unwrap();
    let everything = [r#"{__name__=~".+"}"#];
    let range = start..start + 10_000;
    let sent: Vec<Piece> = series
        .iter()
        .map(|series| Piece {
            labels: series.labels.clone(),
            told: Told::Samples(series.samples.clone()),
        })
        .collect();
    for (reader, minus_zero) in [
        (reader.clone(), "8000000000000000"),
        (reader.for_samples(), "0"),
    ] {
        let selected = if minus_zero == "0" {
            refuses_bounds(&reader, &everything, range.clone());
            [r#"{__name__!="",__name__!="native_of_bounds"}"#]
        } else {
            everything
        };
        let (pieces, _) = read_all(&reader, &selected, range.clone());
        // Prometheus leaves -0 out of its messages as if it were 0.
        let mut came = spelled(&pieces);
        let mut expected: Vec<String> = spelled(&sent)
            .iter()
            .filter(|line| minus_zero != "0" || !line.starts_with("native_of_bounds"))
            .map(|line| line.replace("8000000000000000", minus_zero))
            .collect();
        came.sort();
        expected.sort();
        assert_eq!(came, expected);
    }
    let (queries, limits) = (access(&prometheus.url(), ""), limits());
    let exemplars = at_once(remote::exemplars(&queries, &limits, "numbers", range));
    assert_eq!(exemplars.len(), 1);
    assert_eq!(exemplars[0].labels, labels(&[("trace_id", "abc")]));
    assert!(at_once(remote::metadata(&queries, &limits, &[])).is_empty());

    let late = |name: &str, times: Vec<i64>| Series {
        labels: labels(&[("__name__", name), ("job", "é\n")]),
        samples: times
            .into_iter()
            .map(|time_ms| Sample {
                time_ms,
                value: Value::Float(7.0),
            })
            .collect(),
        exemplars: Vec::new(),
    };
    let hours = 3 * 3_600_000;
    let written = write_all(
        &client,
        &[
            late("numbers", vec![start + 1, start + 2]),
            late("http.requests", vec![start]),
            late("ancient", vec![start - hours, start - hours + 1, start]),
            late("fresh", vec![start]),
        ],
    );
    assert_eq!(written.samples, 2, "{written:?}");
    let refused = |refusal| {
        let refused = &written.refused[&refusal];
        assert!(!refused.words.contains('\n'));
        (refused.samples, refused.series.clone())
    };
    let job = r#"{job="é\n"}"#;
    assert_eq!(refused(Refusal::OutOfOrder), (2, format!("numbers{job}")));
    assert_eq!(refused(Refusal::TooOld), (2, format!("ancient{job}")));
    assert_eq!(refused(Refusal::DuplicateTimestamp).0, 1);
}

/// S-24.15, S-24.16 with real `VictoriaMetrics`.
#[test]
fn a_real_victoriametrics_takes_what_is_written_and_tells_it_again() {
    let victoria = Victoria::start();
    let start = 1_736_121_600_000;
    let of = |instance: &str, values: Vec<f64>| Series {
        labels: labels(&[
            ("__name__", "numbers"),
            ("instance", instance),
            ("vmrange", "1.0e+00...1.1e+00"),
        ]),
        samples: values
            .into_iter()
            .zip(0..)
            .map(|(value, n)| Sample {
                time_ms: start + n * 1500,
                value: Value::Float(value),
            })
            .collect(),
        exemplars: Vec::new(),
    };
    let odd = vec![
        1.0,
        0.1,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::from_bits(STALE),
        1e-9,
        123_456.789,
    ];
    let many: Vec<f64> = (0..30_000).map(|n| f64::from(n) / 8.0).collect();
    let series = [of("a \"b\"\\", odd), of("many", many)];
    let batch = Batch {
        max_series: 100,
        max_points: 5000,
    };
    let client = WriteClient::new(&access(&victoria.url(), "/api/v1/write"), &limits(), batch);
    let written = write_all(&client.unwrap(), &series);
    assert!(written.refused.is_empty(), "{written:?}");
    victoria.flush();

    let reader = ExportClient::new(&access(&victoria.url(), "/api/v1/export"), &limits()).unwrap();
    let all = |selected: &[&str], range| {
        let mut pieces = Vec::new();
        let brought = at_once(reader.read(&selectors(selected), range, &mut |item| {
            if let Item::Piece(piece) = item {
                pieces.push(piece);
            }
            Ok(())
        }));
        let mut spelled = spelled(&pieces);
        spelled.sort();
        (spelled, brought)
    };
    let sent: Vec<Piece> = series
        .iter()
        .map(|series| Piece {
            labels: series.labels.clone(),
            told: Told::Samples(series.samples.clone()),
        })
        .collect();
    let mut expected = spelled(&sent);
    expected.sort();
    let both = [
        r#"numbers{instance=~"ma.*"}"#,
        r#"{__name__="numbers",instance!="c"}"#,
    ];
    let (came, brought) = all(&both, start..start + 50_000_000);
    assert!(came == expected);
    // A line has at most 10,000 samples.
    assert_eq!((brought.pieces, brought.outside), (4, 0));

    // The end is no part of a range, and its start is.
    let (came, _) = all(
        &[r#"numbers{instance!="many"}"#],
        start + 1500..start + 4500,
    );
    assert_eq!(came.len(), 2, "{came:?}");
    let (came, _) = all(&["nothing"], start..start + 1);
    assert!(came.is_empty());
}
