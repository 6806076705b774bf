//! Whom a client talks to, as far as it says so.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::samples::Labels;

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// What it is.
    pub product: Product,
    /// The version that it tells.
    pub version: Option<String>,
    /// When its process was started, as it spells it: two servers of one such time are one.
    pub started: Option<String>,
    /// The stores that Thanos asks in turn; nothing of what is not Thanos.
    pub stores: Vec<Store>,
}

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Product {
    /// A querier of Thanos, or its frontend.
    Thanos,
    /// Mimir.
    Mimir,
    /// Prometheus, `VictoriaMetrics` or anything else of that API.
    #[default]
    Other,
}

/// A store that a querier of Thanos asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Its address, as the querier knows it.
    pub name: String,
    /// `store`, `sidecar`, `rule`, `receive`, `query` and their like.
    pub kind: String,
    /// What went wrong when it was last looked at.
    pub last_error: Option<String>,
    /// Its first sample, in milliseconds since the epoch.
    pub min_time_ms: i64,
    /// Its last sample.
    pub max_time_ms: i64,
    /// The external labels that it tells.
    pub label_sets: Vec<Labels>,
}

impl Product {
    /// What it is called.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Product::Thanos => "Thanos",
            Product::Mimir => "Mimir",
            Product::Other => "Prometheus API",
        }
    }
}

/// Product and version.
impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.product.as_str())?;
        match &self.version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

/// Of `status/buildinfo`: whether it is Mimir, and the version.
pub(super) fn build(json: &RawValue) -> Result<(bool, Option<String>), String> {
    #[derive(Deserialize)]
    struct Raw {
        application: Option<String>,
        version: Option<String>,
    }
    let raw: Raw = serde_json::from_str(json.get()).map_err(|err| err.to_string())?;
    let is_mimir = raw.application.is_some_and(|name| name.contains("Mimir"));
    let version = raw.version.filter(|version| {
        let is_fit = |c: char| c.is_ascii_graphic();
        !version.is_empty() && version.len() <= 64 && version.chars().all(is_fit)
    });
    Ok((is_mimir, version))
}

/// Of `status/runtimeinfo`: when the process was started.
pub(super) fn started(json: &RawValue) -> Result<Option<String>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Raw {
        start_time: Option<String>,
    }
    let raw: Raw = serde_json::from_str(json.get()).map_err(|err| err.to_string())?;
    Ok(raw.start_time.filter(|time| !time.is_empty()))
}

/// Of Thanos' `stores`: all of them, by kind and name.
pub(super) fn stores(json: &RawValue) -> Result<Vec<Store>, String> {
    use std::collections::BTreeMap;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Raw {
        name: String,
        last_error: Option<Box<RawValue>>,
        label_sets: Option<Vec<Labels>>,
        min_time: Option<i64>,
        max_time: Option<i64>,
    }
    let raw: BTreeMap<String, Option<Vec<Raw>>> =
        serde_json::from_str(json.get()).map_err(|err| err.to_string())?;
    let mut stores: Vec<Store> = Vec::new();
    for (kind, of_kind) in raw {
        for raw in of_kind.unwrap_or_default() {
            let error = raw.last_error.as_ref().map(|json| json.get());
            let error = error.filter(|json| !matches!(*json, "null" | "\"\""));
            stores.push(Store {
                name: raw.name,
                kind: kind.clone(),
                last_error: error.map(|json| {
                    // Go writes some of its errors as objects without a word.
                    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
                }),
                min_time_ms: raw.min_time.unwrap_or(i64::MIN),
                max_time_ms: raw.max_time.unwrap_or(i64::MAX),
                label_sets: raw.label_sets.unwrap_or_default(),
            });
        }
    }
    Ok(stores)
}
