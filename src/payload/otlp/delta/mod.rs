//! Changes become sums: what comes with delta temporality is added up, series by series, as the collector's `deltatocumulative` does it.

mod exponential;

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
};
use prost::Message;
use sha2::{Digest, Sha256};

use super::native::Unfit;
use super::point::Point;
use exponential::Exponential;

/// The times of all points that come as changes, as far as they tell them.
pub(super) fn times(request: &ExportMetricsServiceRequest) -> impl Iterator<Item = u64> {
    let resources = request.resource_metrics.iter();
    let scopes = resources.flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics);
    let times = metrics.flat_map(|metric| match &metric.data {
        Some(Data::Sum(sum)) => times_of(sum.aggregation_temporality, &sum.data_points),
        Some(Data::Histogram(told)) => times_of(told.aggregation_temporality, &told.data_points),
        Some(Data::ExponentialHistogram(told)) => {
            times_of(told.aggregation_temporality, &told.data_points)
        }
        Some(Data::Gauge(_) | Data::Summary(_)) | None => Vec::new(),
    });
    times.filter(|time| *time > 0)
}

fn times_of(temporality: i32, points: &[impl Point]) -> Vec<u64> {
    if temporality == AggregationTemporality::Delta as i32 {
        points.iter().map(Point::time).collect()
    } else {
        Vec::new()
    }
}

/// A point that may come as a change.
pub(super) trait Change: Point {
    /// What it says, as a sum of its own.
    fn sum(&self) -> Sum;
    /// Says this sum.
    fn say(&mut self, sum: &Sum);
}

/// What points of one series add up to.
#[derive(Debug, Clone)]
pub(super) enum Sum {
    /// A number, or none yet.
    Number(Option<Value>),
    /// A histogram of explicit bounds.
    Histogram(Explicit),
    /// A histogram of exponential buckets.
    Exponential(Exponential),
}

/// What counts of a histogram of explicit bounds.
#[derive(Debug, Clone)]
pub(super) struct Explicit {
    bounds: Vec<f64>,
    counts: Vec<u64>,
    count: u64,
    sum: Option<f64>,
}

/// The sums of all series so far.
#[derive(Debug)]
pub(super) struct Deltas {
    held: HashMap<[u8; 32], Held>,
    max_stale_ms: Option<i64>,
    /// When sums were last looked through for those that have gone stale.
    looked_ms: i64,
}

#[derive(Debug)]
struct Held {
    start: u64,
    /// Since when, and when, the last point counted.
    last: (u64, u64),
    received_ms: Option<i64>,
    sum: Sum,
}

impl Deltas {
    /// None yet. A sum is given up after so long without a point; zero is never.
    pub(super) fn new(max_stale: Duration) -> Self {
        let max_stale_ms = i64::try_from(max_stale.as_millis()).unwrap_or(i64::MAX);
        Self {
            held: HashMap::new(),
            max_stale_ms: Some(max_stale_ms).filter(|most| *most > 0),
            looked_ms: i64::MIN,
        }
    }

    /// Adds a point to its series' sum, and makes it say that.
    ///
    /// Errors: it belongs to the past, or cannot be added; it counts for nothing.
    pub(super) fn add<P: Change>(
        &mut self,
        metric: &Identity,
        point: &mut P,
        received_ms: Option<i64>,
    ) -> Result<(), Unfit> {
        if point.is_stale() {
            // Nothing was recorded, so that nothing is added.
            return Ok(());
        }
        self.forget(received_ms);
        let id = metric.with_attributes(point.attributes()).finish();
        let Some(held) = self.held.get_mut(&id) else {
            let held = Held {
                start: point.start(),
                last: (point.start(), point.time()),
                received_ms,
                sum: point.sum(),
            };
            self.held.insert(id, held);
            return Ok(());
        };
        if point.start() < held.start {
            let why = "it counts from before its series began, which may be sent by two processes";
            return Err(("delta-older-start", why.to_owned()));
        }
        if (point.start(), point.time()) == held.last {
            let why = "its series has one of the same time, as of an exporter that tries again";
            return Err(("delta-duplicate", why.to_owned()));
        }
        if point.time() <= held.last.1 {
            let why = "it comes after a later one of its series";
            return Err(("delta-out-of-order", why.to_owned()));
        }
        held.sum.add(point.sum())?;
        held.last = (point.start(), point.time());
        held.received_ms = received_ms;
        point.say(&held.sum);
        Ok(())
    }

    /// Gives up the sums that have waited for too long.
    fn forget(&mut self, now_ms: Option<i64>) {
        let (Some(most), Some(now)) = (self.max_stale_ms, now_ms) else {
            return;
        };
        if now <= self.looked_ms {
            return;
        }
        self.looked_ms = now;
        self.held.retain(|_, held| {
            let received = held.received_ms.unwrap_or(now);
            now.saturating_sub(received) <= most
        });
    }
}

impl Sum {
    fn add(&mut self, more: Self) -> Result<(), Unfit> {
        match (self, more) {
            (Self::Number(sum), Self::Number(more)) => *sum = added(*sum, more),
            (Self::Histogram(sum), Self::Histogram(more)) => sum.add(more),
            (Self::Exponential(sum), Self::Exponential(more)) => sum.add(more)?,
            // The kind is a part of the series' identity.
            (sum, more) => *sum = more,
        }
        Ok(())
    }
}

/// A number without a value is 0, and changes nothing.
fn added(sum: Option<Value>, more: Option<Value>) -> Option<Value> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an exporter that mixes kinds of numbers wants floats"
    )]
    match (sum, more) {
        (sum, None) => sum,
        (None, Some(Value::AsDouble(value))) => Some(Value::AsDouble(0.0 + value)),
        (None, whole) => whole,
        (Some(Value::AsInt(one)), Some(Value::AsInt(other))) => {
            Some(Value::AsInt(one.wrapping_add(other)))
        }
        (Some(Value::AsDouble(one)), Some(Value::AsDouble(other))) => {
            Some(Value::AsDouble(one + other))
        }
        (Some(Value::AsInt(whole)), Some(Value::AsDouble(float)))
        | (Some(Value::AsDouble(float)), Some(Value::AsInt(whole))) => {
            Some(Value::AsDouble(float + whole as f64))
        }
    }
}

impl Explicit {
    /// With other bounds it starts anew: nobody can say how the old counts lie in them.
    fn add(&mut self, more: Self) {
        if self.bounds != more.bounds {
            *self = more;
            return;
        }
        for (count, more) in self.counts.iter_mut().zip(more.counts) {
            *count = count.wrapping_add(more);
        }
        self.count = self.count.wrapping_add(more.count);
        self.sum = self.sum.zip(more.sum).map(|(sum, more)| sum + more);
    }
}

impl Change for NumberDataPoint {
    fn sum(&self) -> Sum {
        Sum::Number(self.value)
    }

    fn say(&mut self, sum: &Sum) {
        if let Sum::Number(value) = sum {
            self.value = *value;
        }
    }
}

impl Change for HistogramDataPoint {
    fn sum(&self) -> Sum {
        Sum::Histogram(Explicit {
            bounds: self.explicit_bounds.clone(),
            counts: self.bucket_counts.clone(),
            count: self.count,
            sum: self.sum,
        })
    }

    fn say(&mut self, sum: &Sum) {
        if let Sum::Histogram(sum) = sum {
            self.explicit_bounds.clone_from(&sum.bounds);
            self.bucket_counts.clone_from(&sum.counts);
            (self.count, self.sum) = (sum.count, sum.sum);
        }
    }
}

impl Change for ExponentialHistogramDataPoint {
    fn sum(&self) -> Sum {
        Sum::Exponential(Exponential::of(self))
    }

    fn say(&mut self, sum: &Sum) {
        if let Sum::Exponential(sum) = sum {
            sum.tell(self);
        }
    }
}

/// Which series a change belongs to: all that tells one from another, as a hash that nobody can make come twice.
#[derive(Debug, Clone)]
pub(super) struct Identity(Sha256);

impl Identity {
    /// Of the series of a scope of a resource.
    pub(super) fn of_scope(resource: &[KeyValue], scope: Option<&InstrumentationScope>) -> Self {
        let whole = Self(Sha256::new()).with_attributes(resource);
        let Some(scope) = scope else {
            return whole.with("").with("").with_attributes(&[]);
        };
        let named = whole.with(&scope.name).with(&scope.version);
        named.with_attributes(&scope.attributes)
    }

    /// Of the series of a metric of it.
    pub(super) fn with(&self, text: &str) -> Self {
        let mut hash = self.0.clone();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
        Self(hash)
    }

    /// Their order does not count.
    fn with_attributes(&self, attributes: &[KeyValue]) -> Self {
        let mut hash = self.0.clone();
        let mut encoded: Vec<Vec<u8>> = attributes.iter().map(Message::encode_to_vec).collect();
        encoded.sort_unstable();
        hash.update((encoded.len() as u64).to_be_bytes());
        for attribute in encoded {
            hash.update((attribute.len() as u64).to_be_bytes());
            hash.update(attribute);
        }
        Self(hash)
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
