//! Metadata and exemplars, as far as they are compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::list;
use super::number::{Number, Time};
use crate::samples::Labels;

/// What is known of each metric: its type, help and unit, in as many forms as there are.
pub type Metadata = BTreeMap<String, BTreeSet<(String, String, String)>>;

/// The exemplars of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplars {
    /// The series.
    pub series: Labels,
    /// By time.
    pub exemplars: Vec<Exemplar>,
}

/// One exemplar.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// In milliseconds since the epoch.
    pub time_ms: i64,
    /// Its own labels, such as `trace_id`.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

#[derive(Deserialize)]
struct RawMetadata {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    unit: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawExemplars {
    #[serde(default)]
    series_labels: Labels,
    exemplars: Option<Vec<RawExemplar>>,
}

#[derive(Deserialize)]
struct RawExemplar {
    #[serde(default)]
    labels: Labels,
    value: Number,
    timestamp: Time,
}

pub(super) fn metadata(json: &RawValue) -> Result<Metadata, String> {
    let raw: Option<BTreeMap<String, Option<Vec<RawMetadata>>>> =
        serde_json::from_str(json.get()).map_err(|err| err.to_string())?;
    let metrics = raw.unwrap_or_default().into_iter();
    let read = metrics.map(|(metric, forms)| {
        let forms = forms.unwrap_or_default().into_iter();
        let forms = forms.map(|form| (form.kind, form.help, form.unit));
        (metric, forms.collect())
    });
    Ok(read.collect())
}

pub(super) fn exemplars(json: &RawValue) -> Result<Vec<Exemplars>, String> {
    let raw: Vec<RawExemplars> = list(json)?;
    let read = raw.into_iter().map(|raw| {
        let exemplars = raw.exemplars.unwrap_or_default().into_iter();
        let exemplars = exemplars.map(|raw| Exemplar {
            time_ms: raw.timestamp.0,
            labels: raw.labels,
            value: raw.value.0,
        });
        let mut exemplars: Vec<Exemplar> = exemplars.collect();
        exemplars.sort_by_key(|exemplar| exemplar.time_ms);
        Exemplars {
            series: raw.series_labels,
            exemplars,
        }
    });
    Ok(read.collect())
}
