//! How `StatsD`'s lines are read.

/// How `StatsD`'s lines are read: `source.statsd` of a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// What timers, histograms and distributions become.
    pub observer_type: ObserverType,
    /// The upper bounds of histograms, ascending; the bound of infinity is added. Those of Prometheus' client libraries where none is given.
    pub buckets: Vec<f64>,
}

/// What timers, histograms and distributions become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ObserverType {
    /// Classic histograms, which can be added up over series and time.
    #[default]
    Histogram,
    /// Summaries: the median, and the quantiles 0.9 and 0.99, of what each payload holds.
    Summary,
}

impl ObserverType {
    /// All of them, as plans spell them.
    pub const ALL: [(&str, Self); 2] = [("histogram", Self::Histogram), ("summary", Self::Summary)];
}

impl Options {
    pub(super) fn is_summary(&self) -> bool {
        self.observer_type == ObserverType::Summary
    }

    pub(super) fn bounds(&self) -> &[f64] {
        if self.buckets.is_empty() {
            &BOUNDS
        } else {
            &self.buckets
        }
    }
}

/// The bounds of histograms for which nobody says otherwise, which are those of Prometheus' client libraries.
const BOUNDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
