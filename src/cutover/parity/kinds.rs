//! What parity checks look at, and the names of what they find.

use super::super::finding::{Side, Weight};

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
    /// Both have metadata, and not the same of a metric.
    Metadata,
    /// Both have exemplars, and not the same of a series.
    Exemplars,
}

/// How findings are told apart.
type Key = (Weight, &'static str, Option<Side>);

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
            Self::Metadata => "different-metadata",
            Self::Exemplars => "different-exemplars",
        }
    }

    /// Its place among findings.
    #[must_use]
    pub fn key(self) -> Key {
        (Weight::Difference, self.as_str(), None)
    }
}

/// What each kind means that queries do not have, in a phrase.
pub(in crate::cutover) const MEANINGS: [(&str, &str); 12] = [
    ("parity-skipped", "series and samples were not counted"),
    ("missing-metric", "no sample of the metric is in the target"),
    ("extra-metric", "no sample of the metric is in the source"),
    ("series-count", "a metric has more or fewer series on a day"),
    (
        "sample-count",
        "a metric has more or fewer samples on a day",
    ),
    (
        "missing-label-name",
        "the source has the label, the target has not",
    ),
    (
        "extra-label-name",
        "the target has the label, the source has not",
    ),
    (
        "missing-label-value",
        "the source has the value of the label, the target has not",
    ),
    (
        "extra-label-value",
        "the target has the value of the label, the source has not",
    ),
    (
        "different-metadata",
        "type, help or unit of a metric differ",
    ),
    (
        "metadata-not-had",
        "metadata is not in blocks, and is compared where both sides have it",
    ),
    (
        "exemplars-not-had",
        "exemplars are not in blocks, and are compared where both sides have them",
    ),
];

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Which metrics there are.
    Metrics,
    /// How many series and samples each has, day by day.
    Samples,
    /// Which series each has.
    Series,
    /// Which labels there are.
    LabelNames,
    /// Which values each has.
    LabelValues,
    /// What is told of metrics.
    Metadata,
    /// Which samples have exemplars.
    Exemplars,
}

impl Check {
    /// The place among findings of what it could not look at.
    #[must_use]
    pub fn unseen(self) -> Key {
        let kind = match self {
            Self::Metrics => "metrics-not-seen",
            Self::Samples => "samples-not-seen",
            Self::Series => "series-not-seen",
            Self::LabelNames => "label-names-not-seen",
            Self::LabelValues => "label-values-not-seen",
            Self::Metadata => "metadata-not-seen",
            Self::Exemplars => "exemplars-not-seen",
        };
        (Weight::Unseen, kind, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutover::CutOver;

    #[test]
    fn each_kind_has_a_meaning() {
        for difference in [
            Difference::MissingMetric,
            Difference::ExtraMetric,
            Difference::MissingSeries,
            Difference::ExtraSeries,
            Difference::SeriesCount,
            Difference::SampleCount,
            Difference::MissingLabelName,
            Difference::ExtraLabelName,
            Difference::MissingLabelValue,
            Difference::ExtraLabelValue,
            Difference::Metadata,
            Difference::Exemplars,
        ] {
            let meaning = CutOver::meaning(difference.as_str());
            assert!(!meaning.is_empty(), "{difference:?}");
        }
    }

    /// S-21.43
    #[test]
    fn whatever_could_not_be_looked_at_can_be_waived_by_its_name() {
        for check in [
            Check::Metrics,
            Check::Samples,
            Check::Series,
            Check::LabelNames,
            Check::LabelValues,
            Check::Metadata,
            Check::Exemplars,
        ] {
            let (weight, kind, _) = check.unseen();
            assert_eq!(weight, Weight::Unseen);
            let mut names = CutOver::WAIVABLE.iter().map(|(name, _)| *name);
            assert!(names.any(|name| name == kind), "{kind}");
        }
    }
}
