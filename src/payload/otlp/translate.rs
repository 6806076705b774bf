//! One request: what each of its metrics is in Prometheus.

use std::collections::HashSet;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, SummaryDataPoint, number_data_point,
};

use super::delta::{Change, Deltas, Identity};
use super::exemplars::{self, Told as Exemplars};
use super::labels::{Set, Shared};
use super::names::{self, Measure};
use super::native;
use super::options::Options;
use super::point::Point;
use super::target::{self, Seen};
use super::text;
use crate::error::Result;
use crate::payload::received::Sink;
use crate::printable::message;
use crate::samples::{
    Exemplar, Histogram, Item, Labels, LeftOut, Metadata, Piece, STALE, Sample, Told, Value,
};

/// Translates requests, and gives what they become to the sink.
pub(super) struct Translation<'a, 'sink> {
    pub(super) options: &'a Options,
    /// What came as changes before.
    pub(super) deltas: &'a mut Deltas,
    /// Which metadata has been given.
    pub(super) told: &'a mut HashSet<Metadata>,
    /// Where the request is, and when it was received.
    pub(super) place: &'a str,
    pub(super) received_at_ms: Option<i64>,
    pub(super) sink: &'a mut Sink<'sink>,
}

/// What is known of a metric beside its points.
struct About<'a> {
    name: &'a str,
    family: String,
    shared: Shared,
    identity: Identity,
}

impl Translation<'_, '_> {
    /// Translates a whole request.
    pub(super) fn request(&mut self, request: ExportMetricsServiceRequest) -> Result<()> {
        if request.resource_metrics.is_empty() {
            let why = "it holds no metrics";
            return self.leave_out("no-metrics", 1, "a request", why);
        }
        let mut given = target::Given::default();
        for one in request.resource_metrics {
            self.resource(one, &mut given)?;
        }
        Ok(())
    }

    fn resource(&mut self, metrics: ResourceMetrics, given: &mut target::Given) -> Result<()> {
        let resource = metrics.resource.map(|it| it.attributes);
        let resource = resource.unwrap_or_default();
        let Ok(shared) = Shared::of_resource(self.options, &resource) else {
            let scopes = metrics.scope_metrics.iter();
            let all = scopes.flat_map(|scope| &scope.metrics);
            let why = "an attribute of its resource makes no name of a label";
            return self.leave_out_all(all, "unnamable-label", why);
        };
        let mut seen = None;
        let is_empty = |scope: &ScopeMetrics| scope.metrics.is_empty();
        if metrics.scope_metrics.iter().all(is_empty) {
            self.leave_out("no-metrics", 1, "a resource", "it holds no metrics")?;
        }
        for scope in metrics.scope_metrics {
            self.scope(&shared, &resource, scope, &mut seen)?;
        }
        match seen {
            Some(seen) => self.target_info(&resource, seen, given),
            None => Ok(()),
        }
    }

    fn scope(
        &mut self,
        shared: &Shared,
        resource: &[KeyValue],
        metrics: ScopeMetrics,
        seen: &mut Option<Seen>,
    ) -> Result<()> {
        let scope = metrics.scope.as_ref();
        let Ok(shared) = shared.in_scope(self.options, scope, &metrics.schema_url) else {
            let why = "an attribute of its scope makes no name of a label";
            return self.leave_out_all(&metrics.metrics, "unnamable-label", why);
        };
        let identity = Identity::of_scope(resource, scope);
        for metric in metrics.metrics {
            self.metric(&shared, &identity, metric, seen)?;
        }
        Ok(())
    }

    fn metric(
        &mut self,
        shared: &Shared,
        identity: &Identity,
        metric: Metric,
        seen: &mut Option<Seen>,
    ) -> Result<()> {
        let count = count(&metric);
        if count == 0 {
            return self.leave_out("no-points", 1, &metric.name, "it has no points");
        }
        let Some(data) = metric.data else {
            return Ok(());
        };
        let (measure, kind, form) = match &data {
            Data::Gauge(_) => (Measure::Gauge, "gauge", "gauge"),
            Data::Sum(sum) if sum.is_monotonic => (Measure::Counter, "counter", "counter"),
            Data::Sum(_) => (Measure::Other, "gauge", "sum"),
            Data::Histogram(_) => (Measure::Other, "histogram", "histogram"),
            Data::ExponentialHistogram(_) => (Measure::Other, "histogram", "exponential"),
            Data::Summary(_) => (Measure::Other, "summary", "summary"),
        };
        let Ok(family) = names::metric(self.options, &metric.name, &metric.unit, measure) else {
            let why = "it has no name that a metric may have";
            return self.leave_out("unnamable-metric", count, &metric.name, why);
        };
        let about = About {
            name: &metric.name,
            shared: shared.of_metric(self.options, kind, &metric.unit),
            identity: identity.with(&metric.name).with(&metric.unit).with(form),
            family,
        };
        self.metadata(Metadata {
            family: about.family.clone(),
            kind,
            help: metric.description,
            unit: names::unit(&metric.unit, true),
        })?;
        match data {
            Data::Gauge(gauge) => {
                let points = self.timed(&about, gauge.data_points, seen)?;
                // Gauges have no exemplars in Prometheus.
                self.each(&about, &points, |this, set, point| {
                    this.number(&about, set, point, Exemplars::default())
                })
            }
            Data::Sum(sum) => {
                let temporality = sum.aggregation_temporality;
                let points = self.summed(&about, sum.data_points, temporality, seen)?;
                self.each(&about, &points, |this, set, point| {
                    let exemplars = this.exemplars(&about, &point.exemplars, point)?;
                    this.number(&about, set, point, exemplars)
                })
            }
            Data::Histogram(histogram) => {
                let temporality = histogram.aggregation_temporality;
                let points = self.summed(&about, histogram.data_points, temporality, seen)?;
                self.each(&about, &points, |this, set, point| {
                    if this.options.convert_histograms_to_nhcb {
                        let exemplars = this.exemplars(&about, &point.exemplars, point)?;
                        this.native(&about, set, point, native::custom(point), exemplars)
                    } else {
                        this.classic(&about, set, point)
                    }
                })
            }
            Data::ExponentialHistogram(histogram) => {
                let temporality = histogram.aggregation_temporality;
                let points = self.summed(&about, histogram.data_points, temporality, seen)?;
                self.each(&about, &points, |this, set, point| {
                    let exemplars = this.exemplars(&about, &point.exemplars, point)?;
                    this.native(&about, set, point, native::exponential(point), exemplars)
                })
            }
            Data::Summary(summary) => {
                let points = self.timed(&about, summary.data_points, seen)?;
                self.each(&about, &points, |this, set, point| {
                    this.summary(&about, set, point)
                })
            }
        }
    }

    /// Points as sums, whether they come so or as changes.
    fn summed<P: Change>(
        &mut self,
        about: &About,
        mut points: Vec<P>,
        temporality: i32,
        seen: &mut Option<Seen>,
    ) -> Result<Vec<P>> {
        match AggregationTemporality::try_from(temporality) {
            Ok(AggregationTemporality::Cumulative) => self.timed(about, points, seen),
            Ok(AggregationTemporality::Delta) => {
                let mut summed = Vec::with_capacity(points.len());
                // Only a later one can be added.
                points.sort_by_key(Point::time);
                for mut point in points {
                    let is_timed = point.nanoseconds().is_some();
                    let added = if is_timed {
                        let received = self.received_at_ms;
                        self.deltas.add(&about.identity, &mut point, received)
                    } else {
                        Ok(())
                    };
                    match added {
                        Ok(()) => summed.push(point),
                        Err((kind, why)) => self.leave_out(kind, 1, about.name, &why)?,
                    }
                }
                self.timed(about, summed, seen)
            }
            Ok(AggregationTemporality::Unspecified) | Err(_) => {
                let why = "it does not say whether its points are sums or changes";
                let count = points.len() as u64;
                self.leave_out("unspecified-temporality", count, about.name, why)?;
                Ok(Vec::new())
            }
        }
    }

    /// Points that say when they were taken.
    fn timed<P: Point>(
        &mut self,
        about: &About,
        mut points: Vec<P>,
        seen: &mut Option<Seen>,
    ) -> Result<Vec<P>> {
        let count = points.len();
        points.retain(|point| {
            let time = point.nanoseconds();
            *seen = time.map_or(*seen, |time| Some(Seen::with(*seen, time)));
            time.is_some()
        });
        let lost = (count - points.len()) as u64;
        if lost > 0 {
            self.leave_out("no-time", lost, about.name, "a point has no time")?;
        }
        Ok(points)
    }

    /// Gives each point with its labels to the translation of its kind.
    fn each<P: Point>(
        &mut self,
        about: &About,
        points: &[P],
        translate: impl Fn(&mut Self, &Set, &P) -> Result<()>,
    ) -> Result<()> {
        for point in points {
            if let Ok(set) = about.shared.with(self.options, point.attributes()) {
                translate(self, &set, point)?;
            } else {
                let why = "an attribute of a point makes no name of a label";
                self.leave_out("unnamable-label", 1, about.name, why)?;
            }
        }
        Ok(())
    }

    fn number(
        &mut self,
        about: &About,
        set: &Set,
        point: &NumberDataPoint,
        exemplars: Exemplars,
    ) -> Result<()> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "samples are floats, and Prometheus takes the nearest"
        )]
        let value = match point.value {
            Some(number_data_point::Value::AsDouble(value)) => value,
            Some(number_data_point::Value::AsInt(value)) => value as f64,
            None => 0.0,
        };
        let labels = set.series(&about.family, None);
        self.give_exemplars(&labels, exemplars)?;
        self.float(labels, point, value)
    }

    fn classic(&mut self, about: &About, set: &Set, point: &HistogramDataPoint) -> Result<()> {
        let mut exemplars = self.exemplars(about, &point.exemplars, point)?;
        let named = |suffix| format!("{}{suffix}", about.family);
        if let Some(sum) = point.sum {
            self.float(set.series(&named("_sum"), None), point, sum)?;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "samples are floats, and Prometheus takes the nearest"
        )]
        let (count, as_float) = (point.count as f64, |count: u64| count as f64);
        self.float(set.series(&named("_count"), None), point, count)?;
        let bucket = named("_bucket");
        let mut so_far = 0_u64;
        for (bound, count) in point.explicit_bounds.iter().zip(&point.bucket_counts) {
            so_far = so_far.wrapping_add(*count);
            let labels = set.series(&bucket, Some(("le", &text::of_float(*bound))));
            self.give_exemplars(&labels, exemplars.up_to(*bound))?;
            self.float(labels, point, as_float(so_far))?;
        }
        let labels = set.series(&bucket, Some(("le", "+Inf")));
        self.give_exemplars(&labels, exemplars)?;
        self.float(labels, point, count)
    }

    fn summary(&mut self, about: &About, set: &Set, point: &SummaryDataPoint) -> Result<()> {
        let named = |suffix| format!("{}{suffix}", about.family);
        self.float(set.series(&named("_sum"), None), point, point.sum)?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "samples are floats, and Prometheus takes the nearest"
        )]
        let count = point.count as f64;
        self.float(set.series(&named("_count"), None), point, count)?;
        for at in &point.quantile_values {
            let quantile = text::of_float(at.quantile);
            let labels = set.series(&about.family, Some(("quantile", &quantile)));
            self.float(labels, point, at.value)?;
        }
        Ok(())
    }

    fn native(
        &mut self,
        about: &About,
        set: &Set,
        point: &impl Point,
        histogram: Result<Histogram, native::Unfit>,
        exemplars: Exemplars,
    ) -> Result<()> {
        match histogram {
            Ok(histogram) => {
                let labels = set.series(&about.family, None);
                self.give_exemplars(&labels, exemplars)?;
                let value = Value::Histogram(Box::new(histogram));
                self.sample(labels, point.milliseconds(), value)
            }
            Err((kind, why)) => self.leave_out(kind, 1, about.name, &why),
        }
    }

    fn target_info(
        &mut self,
        resource: &[KeyValue],
        seen: Seen,
        given: &mut target::Given,
    ) -> Result<()> {
        let Ok(series) = target::series(self.options, resource) else {
            let why = "an attribute of a resource makes no name of a label";
            return self.leave_out("unnamable-label", 1, target::NAME, why);
        };
        let Some(series) = series else {
            return Ok(());
        };
        self.metadata(Metadata {
            family: target::NAME.to_owned(),
            kind: "gauge",
            help: target::HELP.to_owned(),
            unit: String::new(),
        })?;
        let (times, is_cut) = given.next(&series, seen, self.options.lookback_delta);
        if is_cut {
            let why = "the first and the last point of a request lie too far apart";
            self.leave_out("target-info-between", 1, target::NAME, why)?;
        }
        let ones = times.into_iter().map(|time_ms| Sample {
            time_ms,
            value: Value::Float(1.0),
        });
        let ones: Vec<Sample> = ones.collect();
        if ones.is_empty() {
            return Ok(());
        }
        self.piece(series, ones)
    }

    fn exemplars(
        &mut self,
        about: &About,
        sent: &[exemplars::Sent],
        point: &impl Point,
    ) -> Result<Exemplars> {
        let (told, without) = Exemplars::of(sent, point.milliseconds());
        if without > 0 {
            let why = "an exemplar has no value";
            self.leave_out("exemplar-without-value", without, about.name, why)?;
        }
        Ok(told)
    }

    fn give_exemplars(&mut self, series: &Labels, exemplars: Exemplars) -> Result<()> {
        for (labels, value, time_ms) in exemplars.0 {
            (self.sink)(Item::Exemplar(Exemplar {
                series: series.clone(),
                labels,
                value,
                time_ms,
            }))?;
        }
        Ok(())
    }

    fn metadata(&mut self, metadata: Metadata) -> Result<()> {
        if self.told.contains(&metadata) {
            return Ok(());
        }
        self.told.insert(metadata.clone());
        (self.sink)(Item::Metadata(metadata))
    }

    /// A number, or a mark of staleness where nothing was recorded.
    fn float(&mut self, labels: Labels, point: &impl Point, value: f64) -> Result<()> {
        let value = if point.is_stale() {
            f64::from_bits(STALE)
        } else {
            value
        };
        self.sample(labels, point.milliseconds(), Value::Float(value))
    }

    fn sample(&mut self, labels: Labels, time_ms: i64, value: Value) -> Result<()> {
        self.piece(labels, vec![Sample { time_ms, value }])
    }

    fn piece(&mut self, labels: Labels, samples: Vec<Sample>) -> Result<()> {
        let told = Told::Samples(samples);
        (self.sink)(Item::Piece(Piece { labels, told }))
    }

    fn leave_out_all<'a>(
        &mut self,
        metrics: impl IntoIterator<Item = &'a Metric>,
        kind: &'static str,
        why: &str,
    ) -> Result<()> {
        for metric in metrics {
            self.leave_out(kind, count(metric), &metric.name, why)?;
        }
        Ok(())
    }

    fn leave_out(&mut self, kind: &'static str, count: u64, name: &str, why: &str) -> Result<()> {
        let example = format!("{name} in {}: {why}", self.place);
        (self.sink)(Item::LeftOut(LeftOut {
            kind,
            count,
            example: message(&example).into_owned(),
        }))
    }
}

/// How many points it has.
fn count(metric: &Metric) -> u64 {
    let points = match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    };
    points as u64
}
