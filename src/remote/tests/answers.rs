//! What servers answer, and what is made of it.

use prost::Message as _;

use super::super::proto::{self, read_request::ResponseType};
use super::super::{Brought, ExportClient, ReadClient};
use super::liar::{Asked, Liar, limits};
use crate::error::Error;
use crate::promql::Selector;
use crate::samples::{Item, Sample, Told, Value};
use crate::tsdb::crc::crc32c;
use crate::tsdb::encode;

pub(super) const STREAMED: &str =
    "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
pub(super) const SAMPLES: &str = "application/x-protobuf";
pub(super) const NDJSON: &str = "application/stream+json; charset=utf-8";

pub(super) fn labels(pairs: &[(&str, &str)]) -> Vec<proto::Label> {
    let pairs = pairs.iter().map(|(name, value)| proto::Label {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    });
    pairs.collect()
}

/// A chunk with the times as values.
pub(super) fn chunk(times: &[i64]) -> proto::Chunk {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let samples = times.iter().map(|time_ms| Sample {
        time_ms: *time_ms,
        value: Value::Float(*time_ms as f64),
    });
    let chunk = encode::chunks(samples).next().unwrap().unwrap();
    proto::Chunk {
        min_time_ms: chunk.min_time_ms,
        max_time_ms: chunk.max_time_ms,
        r#type: chunk.encoding as i32,
        data: chunk.data,
    }
}

/// The labels of a series, and its chunks.
type Charted<'a> = (&'a [(&'a str, &'a str)], Vec<proto::Chunk>);

pub(super) fn frame(query_index: i64, series: &[Charted<'_>]) -> Vec<u8> {
    let chunked_series = series.iter().map(|(pairs, chunks)| proto::ChunkedSeries {
        labels: labels(pairs),
        chunks: chunks.clone(),
    });
    let message = proto::ChunkedReadResponse {
        chunked_series: chunked_series.collect(),
        query_index,
    };
    let message = message.encode_to_vec();
    let mut frame = Vec::new();
    prost::encoding::encode_varint(message.len() as u64, &mut frame);
    frame.extend(crc32c(&message).to_be_bytes());
    frame.extend(message);
    frame
}

pub(super) fn up(instance: &str, times: &[i64]) -> Vec<u8> {
    frame(
        0,
        &[(
            &[("__name__", "up"), ("instance", instance)],
            vec![chunk(times)],
        )],
    )
}

pub(super) fn samples(series: Vec<proto::TimeSeries>) -> Vec<u8> {
    let message = proto::ReadResponse {
        results: vec![proto::QueryResult { timeseries: series }],
    };
    snap::raw::Encoder::new()
        .compress_vec(&message.encode_to_vec())
        .unwrap()
}

pub(super) fn series(instance: &str, times: &[i64]) -> proto::TimeSeries {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let samples = times.iter().map(|time_ms| proto::Sample {
        value: Some(*time_ms as f64),
        timestamp: *time_ms,
    });
    proto::TimeSeries {
        labels: labels(&[("__name__", "up"), ("instance", instance)]),
        samples: samples.collect(),
        ..proto::TimeSeries::default()
    }
}

pub(super) fn question(asked: &Asked) -> proto::ReadRequest {
    let message = snap::raw::Decoder::new().decompress_vec(&asked.body);
    proto::ReadRequest::decode(message.unwrap().as_slice()).unwrap()
}

pub(super) fn wants_chunks(asked: &Asked) -> bool {
    let forms = question(asked).accepted_response_types;
    forms.contains(&ResponseType::StreamedXorChunks.into())
}

/// What was told, in a form that is easily compared: `up{instance="a"} 1..3 chunk` or `up{instance="a"} 1,2,3`.
pub(super) fn told(items: &[Item]) -> Vec<String> {
    let told = items.iter().map(|item| match item {
        Item::Piece(piece) => {
            let of = piece.labels.get("instance").unwrap();
            match &piece.told {
                Told::Chunk(chunk) => format!("{of} {}..{}", chunk.min_time_ms, chunk.max_time_ms),
                Told::Samples(samples) => {
                    let times: Vec<String> =
                        samples.iter().map(|one| one.time_ms.to_string()).collect();
                    format!("{of} {}", times.join(","))
                }
            }
        }
        other => format!("{other:?}"),
    });
    told.collect()
}

pub(super) fn selectors(texts: &[&str]) -> Vec<Selector> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Keeps what was handed on and not taken back.
pub(super) fn kept(items: &mut Vec<Item>) -> impl FnMut(Item) -> Result<(), Error> + Send {
    let mut mark = 0;
    move |item| {
        match item {
            Item::Mark => mark = items.len(),
            Item::TakenBack => items.truncate(mark),
            item => items.push(item),
        }
        Ok(())
    }
}

pub(super) async fn read(liar: &Liar, selected: &[&str]) -> (Result<Brought, Error>, Vec<String>) {
    let client = ReadClient::new(&liar.access(), &limits()).unwrap();
    let mut items = Vec::new();
    let mut sink = kept(&mut items);
    let brought = client
        .read(&selectors(selected), 0..10_000, &mut sink)
        .await;
    drop(sink);
    (brought, told(&items))
}

pub(super) async fn export(
    liar: &Liar,
    selected: &[&str],
) -> (Result<Brought, Error>, Vec<String>) {
    let client = ExportClient::new(&liar.access(), &limits()).unwrap();
    let mut items = Vec::new();
    let mut sink = kept(&mut items);
    let brought = client
        .read(&selectors(selected), 0..10_000, &mut sink)
        .await;
    drop(sink);
    (brought, told(&items))
}
