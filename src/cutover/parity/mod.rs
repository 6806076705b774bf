//! Whether two sides have the same series, samples, labels, metadata and exemplars over a range: what is asked, and what the answers mean.
//! Nothing is asked here.

pub mod counts;
pub mod found;
pub mod question;
pub mod sets;

use std::collections::BTreeMap;

use found::Found;
use question::Window;
use sets::Had;

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
    /// A distinct word for each.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Samples => "samples",
            Self::Series => "series",
            Self::LabelNames => "label-names",
            Self::LabelValues => "label-values",
            Self::Metadata => "metadata",
            Self::Exemplars => "exemplars",
        }
    }
}

/// What a check did not look at. It is never counted as equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// How many metrics, labels or days of a metric.
    pub count: u64,
    /// The first.
    pub what: String,
    /// Why, with the side that it was asked of.
    pub why: String,
}

/// What sides said beside their answers: by side and words, how often.
pub type Warned = BTreeMap<(&'static str, String), u64>;

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compared {
    /// Metrics that have samples on both sides.
    pub metrics: u64,
    /// Days, the first and last of which may be cut.
    pub days: u64,
    /// Samples of all metrics, on the side that has more of each.
    pub samples: u64,
    /// Series that both sides list.
    pub series: u64,
    /// Names of labels that both sides list.
    pub label_names: u64,
    /// Values of those that both sides list.
    pub label_values: u64,
}

/// What parity checks found.
#[derive(Debug)]
pub struct Parity {
    /// The samples that were looked at.
    pub range: Window,
    /// What differs, a kind each.
    pub found: Vec<Found>,
    /// What could not be looked at, by check.
    pub unseen: BTreeMap<Check, Unseen>,
    /// Which sides have what is told beside samples.
    pub beside: BTreeMap<Check, Had>,
    /// What the sides warned of meanwhile.
    pub warned: Warned,
    /// How much was compared.
    pub compared: Compared,
}

impl Parity {
    /// Whether anything was compared, all of it could be, and nothing differs.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.found.is_empty()
            && self.unseen.is_empty()
            && self.warned.is_empty()
            && self.compared.samples > 0
    }
}
