//! Exemplars: what was observed, and in which trace.

pub(super) use opentelemetry_proto::tonic::metrics::v1::Exemplar as Sent;
use opentelemetry_proto::tonic::metrics::v1::exemplar::Value;

use super::point::milliseconds;
use super::text;
use crate::hexadecimal::hexadecimal;
use crate::samples::{Builder, Labels};

/// How many characters the labels of an exemplar have at most, as `OpenMetrics` has it.
const MOST_CHARACTERS: usize = 128;

/// Those of a point: labels, value, and time in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Told(pub(super) Vec<(Labels, f64, i64)>);

impl Told {
    /// Those that have a value, and how many have none. One that does not say when it was observed was when its point was taken.
    pub(super) fn of(sent: &[Sent], point_ms: i64) -> (Self, u64) {
        let told = sent.iter().filter_map(|exemplar| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "exemplars are floats, and Prometheus takes the nearest"
            )]
            let value = match exemplar.value? {
                Value::AsDouble(value) => value,
                Value::AsInt(value) => value as f64,
            };
            let time = i64::try_from(exemplar.time_unix_nano).ok();
            let time = time.filter(|time| *time > 0);
            Some((labels(exemplar), value, time.map_or(point_ms, milliseconds)))
        });
        let told: Vec<_> = told.collect();
        let without = sent.len() - told.len();
        (Self(told), without as u64)
    }

    /// Takes those that lie in the bucket up to this bound, and in none before.
    pub(super) fn up_to(&mut self, bound: f64) -> Self {
        let is_above = |value: f64| value > bound;
        let all = std::mem::take(&mut self.0).into_iter();
        let (above, below) = all.partition(|(_, value, _)| is_above(*value));
        self.0 = above;
        Self(below)
    }
}

/// Trace and span, and the attributes where there is room for all of them.
fn labels(exemplar: &Sent) -> Labels {
    let ids = [
        ("trace_id", &exemplar.trace_id),
        ("span_id", &exemplar.span_id),
    ];
    let ids = ids
        .into_iter()
        .filter(|(_, id)| id.iter().any(|byte| *byte != 0));
    let mut labels: Vec<(String, String)> = ids
        .map(|(name, id)| (name.to_owned(), hexadecimal(id)))
        .collect();
    let attributes = exemplar.filtered_attributes.iter();
    let attributes = attributes.map(|it| (it.key.clone(), text::of_value(it.value.as_ref())));
    let attributes: Vec<(String, String)> = attributes.collect();
    let characters = labels.iter().chain(&attributes);
    let characters = characters.map(|(name, value)| name.chars().count() + value.chars().count());
    if characters.sum::<usize>() <= MOST_CHARACTERS {
        labels.extend(attributes);
    }
    let mut builder = Builder::default();
    for (index, (name, value)) in labels.iter().enumerate() {
        let before = labels.iter().take(index);
        if !before.clone().any(|(earlier, _)| earlier == name) {
            builder.add(&**name, &**value);
        }
    }
    // None is there twice.
    builder.build().unwrap_or_default()
}
