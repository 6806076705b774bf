//! Families of figures: a name, what it means, and a value for each set of labels.

use chrono::{DateTime, Utc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// Families in the order in which they are shown.
#[derive(Default)]
pub(super) struct Families(Vec<MetricFamily>);

/// A family that was begun, to which values are added.
pub(super) struct Family<'a>(&'a mut MetricFamily);

impl Families {
    /// What only grows while the process lives.
    pub(super) fn counter(&mut self, name: &str, help: &str) -> Family<'_> {
        self.begin(name, help, MetricType::COUNTER)
    }

    /// What is so now.
    pub(super) fn gauge(&mut self, name: &str, help: &str) -> Family<'_> {
        self.begin(name, help, MetricType::GAUGE)
    }

    fn begin(&mut self, name: &str, help: &str, kind: MetricType) -> Family<'_> {
        let mut family = MetricFamily::default();
        family.set_name(format!("thanos_bucket_{name}"));
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        // A counter and a gauge of each name there is: none is begun twice.
        Family(self.0.push_mut(family))
    }

    /// All that have a value.
    pub(super) fn with_values(self) -> Vec<MetricFamily> {
        let families = self.0.into_iter();
        families
            .filter(|family| !family.get_metric().is_empty())
            .collect()
    }
}

impl Family<'_> {
    /// Adds a value.
    pub(super) fn add(&mut self, labels: &[(&str, &str)], value: f64) {
        let labels = labels.iter().map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name((*name).to_owned());
            label.set_value((*value).to_owned());
            label
        });
        let mut metric = Metric::from_label(labels.collect());
        if self.0.get_field_type() == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.0.mut_metric().push(metric);
    }

    /// Adds a value, where there is one.
    pub(super) fn add_if(&mut self, labels: &[(&str, &str)], value: Option<f64>) {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }
}

/// Exact up to 2^53, as all that Prometheus keeps.
#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows no other numbers"
)]
pub(super) fn number(number: u64) -> f64 {
    number as f64
}

pub(super) fn truth(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of this age are exact"
)]
pub(super) fn seconds_since_epoch(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}
