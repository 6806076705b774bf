//! What timers, histograms and distributions of `StatsD` become: classic histograms, or summaries.

use super::options::Options;
use crate::payload::number;
use crate::samples::{Builder, Labels, METRIC_NAME};

/// The quantiles of summaries, as `statsd_exporter` has them.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// What was observed of one series, which is several series of Prometheus.
#[derive(Debug)]
pub(super) struct Observed {
    form: Form,
    sum: Labels,
    count: Labels,
    so_far_sum: f64,
    so_far_count: f64,
}

#[derive(Debug)]
enum Form {
    /// Series by upper bounds, the last one being infinite, and how many observations lie between a bound and the one before.
    Histogram(Vec<(f64, Labels, f64)>),
    /// Series by quantile, and what was observed since samples were last taken, how often.
    Summary(Vec<(f64, Labels)>, Vec<(f64, f64)>),
}

impl Observed {
    /// Nothing was observed yet. `with` gives the series' labels with another name, and one label more.
    ///
    /// Errors: there is a tag of a name that is needed.
    pub(super) fn new(
        options: &Options,
        name: &str,
        tags: &[(String, String)],
    ) -> Result<Self, String> {
        let with = |suffix: &str, more: Option<(&str, f64)>| {
            let mut builder = Builder::default();
            builder.add(METRIC_NAME, format!("{name}{suffix}"));
            for (tag, value) in tags {
                builder.add(tag, value);
            }
            if let Some((label, bound)) = more {
                builder.add(label, number::openmetrics(bound));
            }
            builder.build().map_err(|twice| twice.to_string())
        };
        let form = if options.is_summary() {
            let series = |quantile| Ok((quantile, with("", Some(("quantile", quantile)))?));
            let quantiles: Result<_, String> = QUANTILES.into_iter().map(series).collect();
            Form::Summary(quantiles?, Vec::new())
        } else {
            let bounds = options.bounds().iter().copied();
            let bounds = bounds.chain([f64::INFINITY]);
            let series = |bound| Ok((bound, with("_bucket", Some(("le", bound)))?, 0.0));
            let buckets: Result<_, String> = bounds.map(series).collect();
            Form::Histogram(buckets?)
        };
        Ok(Self {
            form,
            sum: with("_sum", None)?,
            count: with("_count", None)?,
            so_far_sum: 0.0,
            so_far_count: 0.0,
        })
    }

    /// Whether it keeps each value until its series are asked for.
    pub(super) fn is_summary(&self) -> bool {
        matches!(self.form, Form::Summary(..))
    }

    /// Counts a value so many times.
    pub(super) fn observe(&mut self, value: f64, times: f64) {
        self.so_far_sum += value * times;
        self.so_far_count += times;
        match &mut self.form {
            Form::Histogram(buckets) => {
                let bucket = buckets.iter_mut().find(|(bound, ..)| value <= *bound);
                if let Some((.., count)) = bucket {
                    *count += times;
                }
            }
            Form::Summary(_, observed) => observed.push((value, times)),
        }
    }

    /// What the series are now.
    pub(super) fn values(&mut self) -> Vec<(&Labels, f64)> {
        let mut values = Vec::new();
        match &mut self.form {
            Form::Histogram(buckets) => {
                let mut so_far = 0.0;
                for (_, labels, count) in buckets {
                    so_far += *count;
                    values.push((&*labels, so_far));
                }
            }
            Form::Summary(series, observed) => {
                observed.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
                for (quantile, labels) in series {
                    values.push((&*labels, value_at(*quantile, observed)));
                }
                // What a burst took is given back.
                *observed = Vec::new();
            }
        }
        values.push((&self.sum, self.so_far_sum));
        values.push((&self.count, self.so_far_count));
        values
    }
}

/// The smallest value that so many of all observations do not exceed. The observations are sorted, and each counts so many times.
fn value_at(quantile: f64, observed: &[(f64, f64)]) -> f64 {
    let all: f64 = observed.iter().map(|(_, times)| times).sum();
    let mut so_far = 0.0;
    let value = observed.iter().find(|(_, times)| {
        so_far += times;
        so_far >= quantile * all
    });
    value
        .or(observed.last())
        .map_or(f64::NAN, |(value, _)| *value)
}
