//! Payloads of tests, and what was read of them, as text.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;

use super::{Payload, Reader};
use crate::samples::{Item, Told, Value};

/// Reads a payload that is called `test`; each item is a line.
pub(super) fn read_with(
    reader: &mut Reader,
    body: &[u8],
    received_at_ms: Option<i64>,
) -> Result<Vec<String>, String> {
    read_of(reader, body, received_at_ms, &[])
}

/// The same, with what the request's address said.
pub(super) fn read_of(
    reader: &mut Reader,
    mut body: &[u8],
    received_at_ms: Option<i64>,
    query_params: &[(&str, &str)],
) -> Result<Vec<String>, String> {
    let query_params: BTreeMap<String, String> = query_params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut lines = Vec::new();
    let mut payload = Payload {
        body: &mut body,
        received_at_ms,
        query_params: &query_params,
        place: "test",
    };
    let read = reader.read(&mut payload, &mut |item| {
        lines.push(line(&item));
        Ok(())
    });
    read.map_err(|err| format!("{err:#}"))?;
    Ok(lines)
}

/// What a reader gives at its end.
pub(super) fn finish(reader: Reader) -> Vec<String> {
    let mut lines = Vec::new();
    let finished = reader.finish(&mut |item| {
        lines.push(line(&item));
        Ok(())
    });
    finished.unwrap();
    lines
}

fn line(item: &Item) -> String {
    match item {
        Item::Piece(piece) => {
            let Told::Samples(samples) = &piece.told else {
                return "a chunk".to_owned();
            };
            let samples: Vec<String> = samples
                .iter()
                .map(|sample| format!("{}@{}", shown(&sample.value), sample.time_ms))
                .collect();
            format!("{} {}", piece.labels, samples.join(" "))
        }
        Item::Metadata(told) => {
            let (family, kind, unit) = (&told.family, told.kind, &told.unit);
            format!("{family}: {kind}, {unit}: {}", told.help)
        }
        Item::Exemplar(exemplar) => {
            let (series, labels) = (&exemplar.series, &exemplar.labels);
            let (value, time_ms) = (exemplar.value, exemplar.time_ms);
            format!("exemplar of {series}: {labels} {value}@{time_ms}")
        }
        Item::LeftOut(left_out) => {
            let (kind, count, example) = (left_out.kind, left_out.count, &left_out.example);
            format!("left out: {count} {kind}, such as {example}")
        }
        Item::Mark | Item::TakenBack => format!("{item:?}"),
    }
}

pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Float(float) => float.to_string(),
        Value::Histogram(_) => "a histogram".to_owned(),
    }
}
