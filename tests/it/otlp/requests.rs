//! Requests, put together with few words.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

pub use AggregationTemporality::{Cumulative, Delta};

/// 2025-01-06T00:00:00Z, in nanoseconds.
pub const START: u64 = 1_736_121_600_000_000_000;
const MINUTE: u64 = 60_000_000_000;

/// So many minutes after the start.
pub fn at(minute: u64) -> u64 {
    START + minute * MINUTE
}

pub fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

pub fn list(values: Vec<Value>) -> Value {
    let values = values
        .into_iter()
        .map(|value| AnyValue { value: Some(value) });
    Value::ArrayValue(ArrayValue {
        values: values.collect(),
    })
}

pub fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::KvlistValue(KeyValueList {
        values: attributes(entries),
    })
}

pub fn attributes(pairs: Vec<(&str, Value)>) -> Vec<KeyValue> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(key, value)| KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        })
        .collect()
}

pub fn texts(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    let pairs = pairs.iter();
    attributes(pairs.map(|(key, value)| (*key, text(value))).collect())
}

/// A request of one resource and one scope.
pub fn request(resource: Vec<KeyValue>, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    of_resources(vec![(resource, metrics)])
}

pub fn of_resources(resources: Vec<(Vec<KeyValue>, Vec<Metric>)>) -> ExportMetricsServiceRequest {
    let resources = resources.into_iter().map(|(attributes, metrics)| {
        let scope = ScopeMetrics {
            scope: Some(InstrumentationScope {
                name: "a.scope".to_owned(),
                version: "1.2".to_owned(),
                attributes: texts(&[("scope.attribute", "s")]),
                ..InstrumentationScope::default()
            }),
            metrics,
            schema_url: "https://example.com/schema".to_owned(),
        };
        ResourceMetrics {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            scope_metrics: vec![scope],
            ..ResourceMetrics::default()
        }
    });
    ExportMetricsServiceRequest {
        resource_metrics: resources.collect(),
    }
}

/// A service that also says where it runs.
pub fn service(name: &str) -> Vec<KeyValue> {
    texts(&[
        ("service.name", name),
        ("service.namespace", "shop"),
        ("service.instance.id", "i-1"),
        ("host.name", "h"),
        ("deployment.environment", "prod"),
    ])
}

pub fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        description: format!("what {name} is"),
        data: Some(data),
        ..Metric::default()
    }
}

pub fn gauge(data_points: Vec<NumberDataPoint>) -> Data {
    Data::Gauge(Gauge { data_points })
}

pub fn sum(
    temporality: AggregationTemporality,
    is_monotonic: bool,
    data_points: Vec<NumberDataPoint>,
) -> Data {
    Data::Sum(Sum {
        data_points,
        aggregation_temporality: temporality.into(),
        is_monotonic,
    })
}

pub fn histogram(
    temporality: AggregationTemporality,
    data_points: Vec<HistogramDataPoint>,
) -> Data {
    Data::Histogram(Histogram {
        data_points,
        aggregation_temporality: temporality.into(),
    })
}

pub fn exponential(
    temporality: AggregationTemporality,
    data_points: Vec<ExponentialHistogramDataPoint>,
) -> Data {
    Data::ExponentialHistogram(ExponentialHistogram {
        data_points,
        aggregation_temporality: temporality.into(),
    })
}

pub fn summary(data_points: Vec<SummaryDataPoint>) -> Data {
    Data::Summary(Summary { data_points })
}

pub fn float(minute: u64, value: f64) -> NumberDataPoint {
    NumberDataPoint {
        start_time_unix_nano: START,
        time_unix_nano: at(minute),
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

pub fn whole(minute: u64, value: i64) -> NumberDataPoint {
    NumberDataPoint {
        value: Some(number_data_point::Value::AsInt(value)),
        ..float(minute, 0.0)
    }
}

/// The point with attributes.
pub fn with(point: NumberDataPoint, attributes: Vec<KeyValue>) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        ..point
    }
}

/// A histogram whose count is that of its buckets.
pub fn buckets(minute: u64, bounds: &[f64], counts: &[u64]) -> HistogramDataPoint {
    HistogramDataPoint {
        start_time_unix_nano: START,
        time_unix_nano: at(minute),
        count: counts.iter().sum(),
        sum: Some(1.5),
        bucket_counts: counts.to_vec(),
        explicit_bounds: bounds.to_vec(),
        ..HistogramDataPoint::default()
    }
}

/// A histogram whose count is that of its buckets: the offset and the counts of the positive ones, and of the negative ones.
pub fn scaled(
    minute: u64,
    scale: i32,
    positive: (i32, &[u64]),
    negative: (i32, &[u64]),
) -> ExponentialHistogramDataPoint {
    let side = |(offset, counts): (i32, &[u64])| Buckets {
        offset,
        bucket_counts: counts.to_vec(),
    };
    ExponentialHistogramDataPoint {
        start_time_unix_nano: START,
        time_unix_nano: at(minute),
        count: positive.1.iter().chain(negative.1).sum::<u64>() + 2,
        sum: Some(12.25),
        scale,
        zero_count: 2,
        positive: Some(side(positive)),
        negative: Some(side(negative)),
        ..ExponentialHistogramDataPoint::default()
    }
}
