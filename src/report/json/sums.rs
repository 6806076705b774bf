//! How sums and estimates of a plan are spelled in JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entries::AmountEntry;
use crate::human;
use crate::outcome::{Bill, Estimate, Freed, Line, Requests, Sum, Sums};

#[derive(Serialize)]
pub(super) struct SumsEntry<'a> {
    #[serde(rename = "by_labels")]
    labels: Vec<LabelsEntry<'a>>,
    #[serde(rename = "by_resolution")]
    resolutions: Vec<ResolutionEntry>,
    #[serde(rename = "by_month")]
    months: Vec<MonthEntry>,
}

#[derive(Serialize)]
struct LabelsEntry<'a> {
    labels: BTreeMap<&'a str, Option<&'a str>>,
    #[serde(flatten)]
    sum: SumEntry,
}

#[derive(Serialize)]
struct ResolutionEntry {
    resolution: String,
    resolution_ms: i64,
    #[serde(flatten)]
    sum: SumEntry,
}

#[derive(Serialize)]
struct MonthEntry {
    month: Option<String>,
    #[serde(flatten)]
    sum: SumEntry,
}

#[derive(Serialize)]
struct SumEntry {
    selected: AmountEntry,
    to_put: AmountEntry,
}

impl SumEntry {
    fn of(sum: &Sum) -> Self {
        Self {
            selected: AmountEntry::of(&sum.selected),
            to_put: AmountEntry::of(&sum.to_put),
        }
    }
}

impl<'a> SumsEntry<'a> {
    pub(super) fn of(sums: &'a Sums<'a>) -> Self {
        let labels = |values: &[Option<&'a str>]| {
            let names = sums.labels.iter().map(String::as_str);
            names.zip(values.iter().copied()).collect()
        };
        let by_labels = sums.by_labels.iter().map(|(values, sum)| LabelsEntry {
            labels: labels(values),
            sum: SumEntry::of(sum),
        });
        let by_resolution = sums.by_resolution.iter().map(|(ms, sum)| ResolutionEntry {
            resolution: human::resolution(*ms).into_owned(),
            resolution_ms: *ms,
            sum: SumEntry::of(sum),
        });
        let by_month = sums.by_month.iter().map(|(month, sum)| MonthEntry {
            month: month.map(|month| month.to_string()),
            sum: SumEntry::of(sum),
        });
        Self {
            labels: by_labels.collect(),
            resolutions: by_resolution.collect(),
            months: by_month.collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct EstimateEntry<'a> {
    requests: BySide,
    bytes_through_here: u64,
    bytes_copied_by_service: u64,
    bytes_to_put: u64,
    rate_bytes_per_second: Option<u64>,
    seconds: Option<u64>,
    frees_with_deletion: Option<bool>,
    freed: Option<&'a str>,
}

#[derive(Serialize)]
struct BySide {
    source: Kinds,
    target: Kinds,
}

#[derive(Serialize)]
struct Kinds {
    list: u64,
    get: u64,
    put: u64,
    copy: u64,
    delete: u64,
}

impl Kinds {
    fn of(requests: &Requests) -> Self {
        let Requests {
            list,
            get,
            put,
            copy,
            delete,
        } = *requests;
        Self {
            list,
            get,
            put,
            copy,
            delete,
        }
    }
}

impl<'a> EstimateEntry<'a> {
    pub(super) fn of(estimate: &Estimate, freed: &'a Freed) -> Self {
        let (frees_with_deletion, freed) = match freed {
            Freed::NotTold => (None, None),
            Freed::WithDeletion => (Some(true), None),
            Freed::Later(why) => (Some(false), Some(why.as_str())),
            Freed::Unknown(why) => (None, Some(why.as_str())),
        };
        Self {
            requests: BySide {
                source: Kinds::of(&estimate.asked.source),
                target: Kinds::of(&estimate.asked.target),
            },
            bytes_through_here: estimate.bytes_here,
            bytes_copied_by_service: estimate.bytes_by_service,
            bytes_to_put: estimate.bytes_to_put(),
            rate_bytes_per_second: estimate.rate.map(std::num::NonZeroU64::get),
            seconds: estimate.time().map(|time| time.as_secs()),
            frees_with_deletion,
            freed,
        }
    }
}

#[derive(Serialize)]
pub(super) struct MoneyEntry<'a> {
    currency: &'a str,
    once: Vec<LineEntry<'a>>,
    once_total: String,
    monthly: Vec<LineEntry<'a>>,
    monthly_total: String,
    storage_at_least: Option<LineEntry<'a>>,
}

/// Amounts are decimal texts, which no reader rounds.
#[derive(Serialize)]
struct LineEntry<'a> {
    name: &'static str,
    formula: &'a str,
    amount: String,
}

impl<'a> LineEntry<'a> {
    fn of(line: &'a Line) -> Self {
        Self {
            name: line.name,
            formula: &line.formula,
            amount: line.amount.to_string(),
        }
    }
}

impl<'a> MoneyEntry<'a> {
    pub(super) fn of(bill: &'a Bill) -> Self {
        let (once, monthly) = (&bill.once, &bill.monthly);
        Self {
            currency: &bill.currency,
            once: once.0.iter().map(LineEntry::of).collect(),
            once_total: once.1.to_string(),
            monthly: monthly.0.iter().map(LineEntry::of).collect(),
            monthly_total: monthly.1.to_string(),
            storage_at_least: bill.at_least.as_ref().map(LineEntry::of),
        }
    }
}
