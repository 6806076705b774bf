//! What a server answers, read from its JSON.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::number::{Number, Time};
use super::value::{Bounds, Bucket, Data, Histogram, Point, Sample, Series};
use crate::printable::message;
use crate::samples::Labels;

/// An answer, and what the server says beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered<T> {
    /// What was asked for.
    pub value: T,
    /// What the server warns of, as it says it: Thanos warns so of stores that did not answer.
    pub warnings: Vec<String>,
    /// What it remarks, which takes nothing from the answer.
    pub infos: Vec<String>,
}

impl<T> Answered<T> {
    /// The same, with what is said beside it as `fit` makes it.
    pub(super) fn said(self, fit: impl Fn(&str) -> String) -> Self {
        let fitted = |words: Vec<String>| words.iter().map(|words| fit(words)).collect();
        Self {
            value: self.value,
            warnings: fitted(self.warnings),
            infos: fitted(self.infos),
        }
    }

    /// The same, of what is made of the value.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Answered<U> {
        Answered {
            value: make(self.value),
            warnings: self.warnings,
            infos: self.infos,
        }
    }
}

/// Why an answer cannot be had from a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The server says so.
    Refused(super::envelope::Refusal),
    /// It is no JSON, or no whole one: whoever stands on the way may have written or cut it.
    NotJson(String),
    /// It is JSON, and makes no sense.
    Senseless(String),
}

/// Reads the answer to a query; the error says why there is none.
pub fn read_data(document: &[u8]) -> Result<Answered<Data>, String> {
    read(document, data).map_err(told)
}

/// Reads the answer to a question for series; the error says why there is none.
pub fn read_labels(document: &[u8]) -> Result<Answered<Vec<Labels>>, String> {
    read(document, labels).map_err(told)
}

/// Reads the answer to a question for names or values of labels; the error says why there is none.
pub fn read_names(document: &[u8]) -> Result<Answered<BTreeSet<String>>, String> {
    read(document, names).map_err(told)
}

/// What there is to say, in one plain line.
fn told(why: Unanswered) -> String {
    let why = match why {
        Unanswered::Refused(refusal) => refusal.told(),
        Unanswered::NotJson(why) | Unanswered::Senseless(why) => why,
    };
    message(&why).into_owned()
}

/// Unpacks a document, and reads its data with `of_data`.
pub(super) fn read<T>(
    document: &[u8],
    of_data: impl FnOnce(&RawValue) -> Result<T, String>,
) -> Result<Answered<T>, Unanswered> {
    if let Err(err) = serde_json::from_slice::<&RawValue>(document) {
        return Err(Unanswered::NotJson(format!("it is no JSON: {err}")));
    }
    let Envelope {
        data,
        warnings,
        infos,
    } = Envelope::open(document).map_err(Unanswered::Senseless)?;
    let data = data.map_err(Unanswered::Refused)?;
    Ok(Answered {
        value: of_data(data).map_err(Unanswered::Senseless)?,
        warnings,
        infos,
    })
}

/// A list, for which Go writes `null` where it was never made.
pub(super) fn list<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Result<Vec<T>, String> {
    let list: Option<Vec<T>> = serde_json::from_str(json.get()).map_err(|err| err.to_string())?;
    Ok(list.unwrap_or_default())
}

pub(super) fn labels(json: &RawValue) -> Result<Vec<Labels>, String> {
    list(json)
}

pub(super) fn names(json: &RawValue) -> Result<BTreeSet<String>, String> {
    list(json).map(|names| names.into_iter().collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawData<'a> {
    result_type: String,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct RawSeries {
    #[serde(default)]
    metric: Labels,
    value: Option<(Time, Number)>,
    histogram: Option<(Time, RawHistogram)>,
    values: Option<Vec<(Time, Number)>>,
    histograms: Option<Vec<(Time, RawHistogram)>>,
}

#[derive(Deserialize)]
struct RawHistogram {
    count: Number,
    sum: Number,
    buckets: Option<Vec<(u8, Number, Number, Number)>>,
}

pub(super) fn data(json: &RawValue) -> Result<Data, String> {
    let wrong = |err: serde_json::Error| err.to_string();
    let raw: RawData<'_> = serde_json::from_str(json.get()).map_err(wrong)?;
    let result = raw.result.get();
    Ok(match raw.result_type.as_str() {
        "vector" => Data::Vector(series(raw.result, RawSeries::instant)?),
        "matrix" => Data::Matrix(series(raw.result, RawSeries::range)?),
        "scalar" => {
            let (time, value): (Time, Number) = serde_json::from_str(result).map_err(wrong)?;
            Data::Scalar(float(time, value))
        }
        "string" => {
            let (time, text): (Time, String) = serde_json::from_str(result).map_err(wrong)?;
            Data::String {
                time_ms: time.0,
                text,
            }
        }
        _ => return Err("its result is neither vector, matrix, scalar nor string".to_owned()),
    })
}

fn series(
    json: &RawValue,
    read: fn(RawSeries) -> Result<Series, String>,
) -> Result<Vec<Series>, String> {
    let raw: Vec<RawSeries> = list(json)?;
    let made = raw.into_iter().map(|raw| {
        let mut series = read(raw)?;
        series.points.sort_by_key(|point| point.time_ms);
        let is_twice =
            |pair: &[Point]| matches!(pair, [one, other] if one.time_ms == other.time_ms);
        if series.points.windows(2).any(is_twice) {
            return Err("a series has two samples at one time".to_owned());
        }
        Ok(series)
    });
    made.collect()
}

impl RawSeries {
    fn instant(self) -> Result<Series, String> {
        let point = match self {
            Self {
                value: Some((time, value)),
                histogram: None,
                values: None,
                histograms: None,
                ..
            } => float(time, value),
            Self {
                value: None,
                histogram: Some((time, value)),
                values: None,
                histograms: None,
                ..
            } => histogram(time, value)?,
            _ => return Err("a series of a vector has not one sample".to_owned()),
        };
        Ok(Series {
            labels: self.metric,
            points: vec![point],
        })
    }

    fn range(self) -> Result<Series, String> {
        if self.value.is_some() || self.histogram.is_some() {
            return Err("a series of a matrix has a sample of a vector".to_owned());
        }
        if self.values.is_none() && self.histograms.is_none() {
            return Err("a series of a matrix has no samples".to_owned());
        }
        let floats = self.values.unwrap_or_default().into_iter();
        let histograms = self.histograms.unwrap_or_default().into_iter();
        let points = floats.map(|(time, value)| Ok(float(time, value)));
        let points = points.chain(histograms.map(|(time, value)| histogram(time, value)));
        Ok(Series {
            labels: self.metric,
            points: points.collect::<Result<_, String>>()?,
        })
    }
}

fn float(time: Time, value: Number) -> Point {
    Point {
        time_ms: time.0,
        sample: Sample::Float(value.0),
    }
}

fn histogram(time: Time, raw: RawHistogram) -> Result<Point, String> {
    let buckets = raw.buckets.unwrap_or_default().into_iter();
    let buckets = buckets.map(|(bounds, lower, upper, count)| {
        Ok(Bucket {
            bounds: match bounds {
                0 => Bounds::OpenLeft,
                1 => Bounds::OpenRight,
                2 => Bounds::Open,
                3 => Bounds::Closed,
                _ => return Err("a bucket of a histogram has bounds of no known kind".to_owned()),
            },
            lower: lower.0,
            upper: upper.0,
            count: count.0,
        })
    });
    Ok(Point {
        time_ms: time.0,
        sample: Sample::Histogram(Box::new(Histogram {
            count: raw.count.0,
            sum: raw.sum.0,
            buckets: buckets.collect::<Result<_, String>>()?,
        })),
    })
}

#[cfg(test)]
mod tests;
