//! The differences that parity checks tell: of each kind how many there are, and the first in full.

use std::collections::BTreeMap;

use super::question::Window;

/// The kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// A metric has samples in the source and none in the target.
    MissingMetric,
    /// A metric has samples in the target and none in the source.
    ExtraMetric,
    /// The target lacks a series.
    MissingSeries,
    /// The source lacks a series.
    ExtraSeries,
    /// A metric does not have as many series on a day.
    SeriesCount,
    /// A metric does not have as many samples on a day.
    SampleCount,
    /// The target lacks a label's name.
    MissingLabelName,
    /// The source lacks a label's name.
    ExtraLabelName,
    /// The target lacks a label's value.
    MissingLabelValue,
    /// The source lacks a label's value.
    ExtraLabelValue,
    /// Both have metadata of a metric, and not the same.
    Metadata,
    /// Both have exemplars of a series, and not the same.
    Exemplars,
}

impl Difference {
    /// A distinct word for each.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingMetric => "missing-metric",
            Self::ExtraMetric => "extra-metric",
            Self::MissingSeries => "missing-series",
            Self::ExtraSeries => "extra-series",
            Self::SeriesCount => "series-count",
            Self::SampleCount => "sample-count",
            Self::MissingLabelName => "missing-label-name",
            Self::ExtraLabelName => "extra-label-name",
            Self::MissingLabelValue => "missing-label-value",
            Self::ExtraLabelValue => "extra-label-value",
            Self::Metadata => "metadata",
            Self::Exemplars => "exemplars",
        }
    }
}

/// What both sides have of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it is: a metric, a label, a series.
    pub what: String,
    /// The samples that were looked at.
    pub window: Window,
    /// What the source has of it.
    pub source: String,
    /// What the target has of it.
    pub target: String,
}

/// The differences of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The kind.
    pub difference: Difference,
    /// How many there are.
    pub count: u64,
    /// The first.
    pub first: Shown,
    /// A series in which the first shows, where it is one of numbers.
    pub series: Option<Shown>,
}

/// All differences, by kind.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<Difference, Found>);

impl Ledger {
    /// Notes a difference.
    pub fn add(&mut self, difference: Difference, shown: impl FnOnce() -> Shown) {
        self.0
            .entry(difference)
            .and_modify(|found| found.count += 1)
            .or_insert_with(|| Found {
                difference,
                count: 1,
                first: shown(),
                series: None,
            });
    }

    /// How many of a kind were noted.
    #[must_use]
    pub fn count(&self, difference: Difference) -> u64 {
        self.0.get(&difference).map_or(0, |found| found.count)
    }

    /// The differences of a kind, if there are any.
    pub fn of_kind(&mut self, difference: Difference) -> Option<&mut Found> {
        self.0.get_mut(&difference)
    }

    /// What was noted, a kind each.
    pub fn into_found(self) -> Vec<Found> {
        self.0.into_values().collect()
    }
}
