//! How payloads of OpenTelemetry are translated where there is a choice: what Prometheus' configuration has below `otlp`, by the same names.

use std::time::Duration;

/// How payloads are translated: `source.otlp` of a plan. What is not given is as Prometheus has it.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are Prometheus' own, and independent of each other"
)]
pub struct Options {
    /// How names become names of metrics and labels.
    pub translation_strategy: Strategy,
    /// Attributes of the resource that become labels of all its series.
    pub promote_resource_attributes: Vec<String>,
    /// All of them do.
    pub promote_all_resource_attributes: bool,
    /// But for these.
    pub ignore_resource_attributes: Vec<String>,
    /// `target_info` has the attributes of which `job` and `instance` are made, too.
    pub keep_identifying_resource_attributes: bool,
    /// Histograms of explicit bounds become native histograms of custom buckets, not classic ones.
    pub convert_histograms_to_nhcb: bool,
    /// Name, version, schema and attributes of the scope become labels `otel_scope_…`.
    pub promote_scope_metadata: bool,
    /// Names of labels that start with one underscore get `key` before it.
    pub label_name_underscore_sanitization: bool,
    /// Underscores in a row in names of labels stay as they are.
    pub label_name_preserve_multiple_underscores: bool,
    /// Series get labels `__type__` and `__unit__`, as those of a Prometheus with the feature `type-and-unit-labels`.
    pub type_and_unit_labels: bool,
    /// For how long queries look back, as Prometheus' `--query.lookback-delta` has it; `target_info` has a sample for each half of it.
    pub lookback_delta: Duration,
    /// After how long without a point, by the times at which payloads were received, the sum of deltas starts anew; zero for never.
    pub delta_max_stale: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            translation_strategy: Strategy::default(),
            promote_resource_attributes: Vec::new(),
            promote_all_resource_attributes: false,
            ignore_resource_attributes: Vec::new(),
            keep_identifying_resource_attributes: false,
            convert_histograms_to_nhcb: false,
            promote_scope_metadata: false,
            label_name_underscore_sanitization: true,
            label_name_preserve_multiple_underscores: true,
            type_and_unit_labels: false,
            lookback_delta: Duration::from_mins(5),
            delta_max_stale: Duration::ZERO,
        }
    }
}

impl Options {
    /// Whether an attribute of the resource becomes a label of all its series.
    pub(super) fn promotes(&self, attribute: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|name| name == attribute);
        if self.promote_all_resource_attributes {
            !among(&self.ignore_resource_attributes)
        } else {
            among(&self.promote_resource_attributes)
        }
    }
}

/// How names become names of metrics and labels, by Prometheus' names for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// What Prometheus' classic names have no place for becomes underscores; unit and kind are appended.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// The former without the latter.
    UnderscoreEscapingWithoutSuffixes,
    /// The latter without the former.
    NoUTF8EscapingWithSuffixes,
    /// Names stay as they are.
    NoTranslation,
}

impl Strategy {
    /// All of them, as plans spell them.
    pub const ALL: [(&str, Self); 4] = [
        (
            "UnderscoreEscapingWithSuffixes",
            Self::UnderscoreEscapingWithSuffixes,
        ),
        (
            "UnderscoreEscapingWithoutSuffixes",
            Self::UnderscoreEscapingWithoutSuffixes,
        ),
        (
            "NoUTF8EscapingWithSuffixes",
            Self::NoUTF8EscapingWithSuffixes,
        ),
        ("NoTranslation", Self::NoTranslation),
    ];

    /// Whether names are brought into Prometheus' classic form.
    pub(super) fn escapes(self) -> bool {
        matches!(
            self,
            Self::UnderscoreEscapingWithSuffixes | Self::UnderscoreEscapingWithoutSuffixes
        )
    }

    /// Whether unit and kind are appended to names of metrics.
    pub(super) fn appends(self) -> bool {
        matches!(
            self,
            Self::UnderscoreEscapingWithSuffixes | Self::NoUTF8EscapingWithSuffixes
        )
    }
}
