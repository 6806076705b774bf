//! What differs between two answers to one query.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::finding::{Example, Findings, Shown, Side, Weight};
use super::histograms;
use super::tolerance::Tolerance;
use crate::promql::{Data, Point, Sample, Series};
use crate::samples::Labels;

/// Two answers, compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Compared {
    /// What differs.
    pub findings: Findings,
    /// How many series both sides have.
    pub series: u64,
    /// How many samples both sides have, whether they are equal or not.
    pub samples: u64,
}

const MISSING_SERIES: &str = "missing-series";
const EXTRA_SERIES: &str = "extra-series";
const MISSING_SAMPLES: &str = "missing-samples";
const EXTRA_SAMPLES: &str = "extra-samples";
const DIFFERENT_VALUES: &str = "different-values";
const DIFFERENT_HISTOGRAMS: &str = "different-histograms";
const DIFFERENT_KINDS: &str = "different-kinds";
const DUPLICATE_SERIES: &str = "duplicate-series";
const DIFFERENT_TYPES: &str = "different-types";

/// Compares what both sides answered. The order of series does not count; a sample that one side alone has does, as staleness does for whoever asks.
#[must_use]
pub fn compare(source: &Data, target: &Data, tolerance: Tolerance) -> Compared {
    let mut compared = Compared::default();
    match (source, target) {
        (Data::Vector(one), Data::Vector(other)) | (Data::Matrix(one), Data::Matrix(other)) => {
            compared.series_of(one, other, tolerance);
        }
        (Data::Scalar(one), Data::Scalar(other)) => {
            compared.points_of(
                None,
                std::slice::from_ref(one),
                std::slice::from_ref(other),
                tolerance,
            );
        }
        (Data::String { text: one, .. }, Data::String { text: other, .. }) => {
            compared.samples += 1;
            if one != other {
                compared.differs(DIFFERENT_VALUES, || Example {
                    source: Some(format!("{one:?}")),
                    target: Some(format!("{other:?}")),
                    ..Example::default()
                });
            }
        }
        (one, other) => compared.differs(DIFFERENT_TYPES, || Example {
            source: Some(one.kind().to_owned()),
            target: Some(other.kind().to_owned()),
            ..Example::default()
        }),
    }
    compared
}

impl Compared {
    fn differs(&mut self, kind: &'static str, example: impl FnOnce() -> Example) {
        self.findings.add((Weight::Difference, kind, None), example);
    }

    fn series_of(&mut self, source: &[Series], target: &[Series], tolerance: Tolerance) {
        let source = self.by_labels(source, Side::Source);
        let target = self.by_labels(target, Side::Target);
        for (labels, one) in &source {
            match target.get(labels) {
                Some(other) => {
                    self.series += 1;
                    self.points_of(Some(*labels), one, other, tolerance);
                }
                None => self.differs(MISSING_SERIES, || Example {
                    source: one.first().map(shown),
                    ..at(Some(*labels), one.first())
                }),
            }
        }
        for (labels, other) in &target {
            if !source.contains_key(labels) {
                self.differs(EXTRA_SERIES, || Example {
                    target: other.first().map(shown),
                    ..at(Some(*labels), other.first())
                });
            }
        }
    }

    /// Series without a sample are none. Of several with the same labels the first is compared, and that there are several is told.
    fn by_labels<'a>(
        &mut self,
        all: &'a [Series],
        side: Side,
    ) -> BTreeMap<&'a Labels, &'a [Point]> {
        let mut by_labels: BTreeMap<&Labels, &[Point]> = BTreeMap::new();
        for series in all.iter().filter(|series| !series.points.is_empty()) {
            if by_labels.contains_key(&series.labels) {
                let key = (Weight::Difference, DUPLICATE_SERIES, Some(side));
                self.findings.add(key, || Example {
                    text: Some(format!(
                        "the {} answers more than one series of these labels",
                        side.as_str()
                    )),
                    ..at(Some(&series.labels), None)
                });
            } else {
                by_labels.insert(&series.labels, &series.points);
            }
        }
        by_labels
    }

    fn points_of(
        &mut self,
        labels: Option<&Labels>,
        source: &[Point],
        target: &[Point],
        tolerance: Tolerance,
    ) {
        let (mut one, mut other) = (source.iter().peekable(), target.iter().peekable());
        loop {
            let order = match (one.peek(), other.peek()) {
                // Scalars are of the moment at which they were asked for.
                (Some(_), Some(_)) if labels.is_none() => Ordering::Equal,
                (Some(left), Some(right)) => left.time_ms.cmp(&right.time_ms),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let left = if order == Ordering::Greater {
                None
            } else {
                one.next()
            };
            let right = if order == Ordering::Less {
                None
            } else {
                other.next()
            };
            let example = || Example {
                source: left.map(shown),
                target: right.map(shown),
                ..at(labels, left.or(right))
            };
            match (left, right) {
                (Some(left), Some(right)) => {
                    self.samples += 1;
                    if let Some((kind, text)) = difference(left, right, tolerance) {
                        self.differs(kind, || Example { text, ..example() });
                    }
                }
                (Some(_), None) => self.differs(MISSING_SAMPLES, example),
                (None, _) => self.differs(EXTRA_SAMPLES, example),
            }
        }
    }
}

fn difference(
    source: &Point,
    target: &Point,
    tolerance: Tolerance,
) -> Option<(&'static str, Option<String>)> {
    match (&source.sample, &target.sample) {
        (Sample::Float(one), Sample::Float(other)) => {
            (!tolerance.holds(*one, *other)).then_some((DIFFERENT_VALUES, None))
        }
        (Sample::Histogram(one), Sample::Histogram(other)) => {
            let what = histograms::difference(one, other, tolerance)?;
            Some((DIFFERENT_HISTOGRAMS, Some(format!("the {what}"))))
        }
        (Sample::Float(_), Sample::Histogram(_)) | (Sample::Histogram(_), Sample::Float(_)) => {
            Some((DIFFERENT_KINDS, None))
        }
    }
}

fn at(labels: Option<&Labels>, point: Option<&Point>) -> Example {
    Example {
        series: labels.cloned(),
        time_ms: point.map(|point| point.time_ms),
        ..Example::default()
    }
}

fn shown(point: &Point) -> Shown {
    match &point.sample {
        Sample::Float(value) => shown_number(*value),
        Sample::Histogram(histogram) => histograms::shown(histogram),
    }
}

/// As people read a number: all its digits, unless there are too many of them.
#[must_use]
pub fn shown_number(value: f64) -> Shown {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    // No one reads three hundred digits.
    if value.abs() >= 1e21 || value.abs() < 1e-9 && value != 0.0 {
        return format!("{value:e}");
    }
    value.to_string()
}

#[cfg(test)]
mod tests;
