//! The messages of a request, and what their members are called.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde::de::{Deserialize, Deserializer, MapAccess};

use super::read::{Message, Read, list, message, messages};
use super::scalars::{Base64, Double, Flag, Hex, Temporality, Text, Whole};

/// A request, whole.
pub(in super::super) struct Request(pub(in super::super) ExportMetricsServiceRequest);

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Read::deserialize(deserializer).map(|read| Self(read.0))
    }
}

/// Implements [`Message`]: each name with what takes its value.
macro_rules! members {
    ($message:ty, $this:ident, $members:ident, { $($name:literal => $take:expr;)+ }) => {
        impl Message for $message {
            fn take<'de, A: MapAccess<'de>>(
                &mut self,
                name: &str,
                $members: &mut A,
            ) -> Result<bool, A::Error> {
                let $this = self;
                match name {
                    $($name => $take,)+
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

members!(ExportMetricsServiceRequest, it, next, {
    "resourceMetrics" => it.resource_metrics = messages(next)?;
});

members!(ResourceMetrics, it, next, {
    "resource" => it.resource = Some(message(next)?);
    "scopeMetrics" => it.scope_metrics = messages(next)?;
    // What collectors wrote until 2022.
    "instrumentationLibraryMetrics" => it.scope_metrics = messages(next)?;
    "schemaUrl" => it.schema_url = text(next)?;
});

members!(Resource, it, next, {
    "attributes" => it.attributes = messages(next)?;
});

members!(ScopeMetrics, it, next, {
    "scope" => it.scope = Some(message(next)?);
    "instrumentationLibrary" => it.scope = Some(message(next)?);
    "metrics" => it.metrics = messages(next)?;
    "schemaUrl" => it.schema_url = text(next)?;
});

members!(InstrumentationScope, it, next, {
    "name" => it.name = text(next)?;
    "version" => it.version = text(next)?;
    "attributes" => it.attributes = messages(next)?;
});

members!(KeyValue, it, next, {
    "key" => it.key = text(next)?;
    "value" => it.value = Some(message(next)?);
});

members!(AnyValue, it, next, {
    "stringValue" => one_of(next, &mut it.value, |Text(it)| any_value::Value::StringValue(it))?;
    "boolValue" => one_of(next, &mut it.value, |Flag(it)| any_value::Value::BoolValue(it))?;
    "intValue" => one_of(next, &mut it.value, |Whole(it)| any_value::Value::IntValue(it))?;
    "doubleValue" => one_of(next, &mut it.value, |Double(it)| any_value::Value::DoubleValue(it))?;
    "arrayValue" => one_of(next, &mut it.value, |Read(it)| any_value::Value::ArrayValue(it))?;
    "kvlistValue" => one_of(next, &mut it.value, |Read(it)| any_value::Value::KvlistValue(it))?;
    "bytesValue" => one_of(next, &mut it.value, |Base64(it)| any_value::Value::BytesValue(it))?;
});

members!(ArrayValue, it, next, {
    "values" => it.values = messages(next)?;
});

members!(KeyValueList, it, next, {
    "values" => it.values = messages(next)?;
});

members!(Metric, it, next, {
    "name" => it.name = text(next)?;
    "description" => it.description = text(next)?;
    "unit" => it.unit = text(next)?;
    "gauge" => one_of(next, &mut it.data, |Read(it)| metric::Data::Gauge(it))?;
    "sum" => one_of(next, &mut it.data, |Read(it)| metric::Data::Sum(it))?;
    "histogram" => one_of(next, &mut it.data, |Read(it)| metric::Data::Histogram(it))?;
    "exponentialHistogram" => one_of(next, &mut it.data, |Read(it)| metric::Data::ExponentialHistogram(it))?;
    "summary" => one_of(next, &mut it.data, |Read(it)| metric::Data::Summary(it))?;
});

members!(Gauge, it, next, {
    "dataPoints" => it.data_points = messages(next)?;
});

members!(Sum, it, next, {
    "dataPoints" => it.data_points = messages(next)?;
    "aggregationTemporality" => it.aggregation_temporality = temporality(next)?;
    "isMonotonic" => it.is_monotonic = flag(next)?;
});

members!(Histogram, it, next, {
    "dataPoints" => it.data_points = messages(next)?;
    "aggregationTemporality" => it.aggregation_temporality = temporality(next)?;
});

members!(ExponentialHistogram, it, next, {
    "dataPoints" => it.data_points = messages(next)?;
    "aggregationTemporality" => it.aggregation_temporality = temporality(next)?;
});

members!(Summary, it, next, {
    "dataPoints" => it.data_points = messages(next)?;
});

members!(NumberDataPoint, it, next, {
    "attributes" => it.attributes = messages(next)?;
    "startTimeUnixNano" => it.start_time_unix_nano = whole(next)?;
    "timeUnixNano" => it.time_unix_nano = whole(next)?;
    "asDouble" => one_of(next, &mut it.value, |Double(it)| number_data_point::Value::AsDouble(it))?;
    "asInt" => one_of(next, &mut it.value, |Whole(it)| number_data_point::Value::AsInt(it))?;
    "exemplars" => it.exemplars = messages(next)?;
    "flags" => it.flags = whole(next)?;
});

members!(HistogramDataPoint, it, next, {
    "attributes" => it.attributes = messages(next)?;
    "startTimeUnixNano" => it.start_time_unix_nano = whole(next)?;
    "timeUnixNano" => it.time_unix_nano = whole(next)?;
    "count" => it.count = whole(next)?;
    "sum" => it.sum = optional(next)?;
    "bucketCounts" => it.bucket_counts = counts(next)?;
    "explicitBounds" => it.explicit_bounds = doubles(next)?;
    "exemplars" => it.exemplars = messages(next)?;
    "flags" => it.flags = whole(next)?;
});

members!(ExponentialHistogramDataPoint, it, next, {
    "attributes" => it.attributes = messages(next)?;
    "startTimeUnixNano" => it.start_time_unix_nano = whole(next)?;
    "timeUnixNano" => it.time_unix_nano = whole(next)?;
    "count" => it.count = whole(next)?;
    "sum" => it.sum = optional(next)?;
    "scale" => it.scale = whole(next)?;
    "zeroCount" => it.zero_count = whole(next)?;
    "positive" => it.positive = Some(message(next)?);
    "negative" => it.negative = Some(message(next)?);
    "flags" => it.flags = whole(next)?;
    "exemplars" => it.exemplars = messages(next)?;
    "zeroThreshold" => it.zero_threshold = double(next)?;
});

members!(Buckets, it, next, {
    "offset" => it.offset = whole(next)?;
    "bucketCounts" => it.bucket_counts = counts(next)?;
});

members!(SummaryDataPoint, it, next, {
    "attributes" => it.attributes = messages(next)?;
    "startTimeUnixNano" => it.start_time_unix_nano = whole(next)?;
    "timeUnixNano" => it.time_unix_nano = whole(next)?;
    "count" => it.count = whole(next)?;
    "sum" => it.sum = double(next)?;
    "quantileValues" => it.quantile_values = messages(next)?;
    "flags" => it.flags = whole(next)?;
});

members!(ValueAtQuantile, it, next, {
    "quantile" => it.quantile = double(next)?;
    "value" => it.value = double(next)?;
});

members!(Exemplar, it, next, {
    "filteredAttributes" => it.filtered_attributes = messages(next)?;
    "timeUnixNano" => it.time_unix_nano = whole(next)?;
    "asDouble" => one_of(next, &mut it.value, |Double(it)| exemplar::Value::AsDouble(it))?;
    "asInt" => one_of(next, &mut it.value, |Whole(it)| exemplar::Value::AsInt(it))?;
    "spanId" => it.span_id = next.next_value::<Hex>()?.0;
    "traceId" => it.trace_id = next.next_value::<Hex>()?.0;
});

fn text<'de, A: MapAccess<'de>>(members: &mut A) -> Result<String, A::Error> {
    members.next_value::<Text>().map(|text| text.0)
}

fn flag<'de, A: MapAccess<'de>>(members: &mut A) -> Result<bool, A::Error> {
    members.next_value::<Flag>().map(|flag| flag.0)
}

fn whole<'de, T, A: MapAccess<'de>>(members: &mut A) -> Result<T, A::Error>
where
    Whole<T>: Deserialize<'de>,
{
    members.next_value::<Whole<T>>().map(|whole| whole.0)
}

fn double<'de, A: MapAccess<'de>>(members: &mut A) -> Result<f64, A::Error> {
    members.next_value::<Double>().map(|double| double.0)
}

/// Takes the next member as the one of several that is given; `null` gives none.
fn one_of<'de, T: Deserialize<'de>, V, A: MapAccess<'de>>(
    members: &mut A,
    place: &mut Option<V>,
    wrap: impl FnOnce(T) -> V,
) -> Result<(), A::Error> {
    if let Some(value) = members.next_value::<Option<T>>()? {
        *place = Some(wrap(value));
    }
    Ok(())
}

/// `null` is none here.
fn optional<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Option<f64>, A::Error> {
    let read = members.next_value::<Option<Double>>()?;
    Ok(read.map(|double| double.0))
}

fn temporality<'de, A: MapAccess<'de>>(members: &mut A) -> Result<i32, A::Error> {
    members.next_value::<Temporality>().map(|read| read.0)
}

fn counts<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Vec<u64>, A::Error> {
    let read: Vec<Whole<u64>> = list(members)?;
    Ok(read.into_iter().map(|whole| whole.0).collect())
}

fn doubles<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Vec<f64>, A::Error> {
    let read: Vec<Double> = list(members)?;
    Ok(read.into_iter().map(|double| double.0).collect())
}
