//! Whether two sides have the same series, samples, labels, metadata and exemplars over a range: what is asked, and what the answers mean.
//! Nothing is asked here.

mod counts;
mod kinds;
mod question;
mod sets;

pub use counts::{Count, Days, Differs, many};
pub(super) use kinds::MEANINGS;
pub use kinds::{Check, Difference};
pub use question::{
    Borders, Figure, MOST_SAMPLES, MOST_SERIES, PLACE, figures, has_samples, labelled, metric,
    place, samples_of_each, selector, slices,
};
pub use sets::{Beside, Had, Listed, OneSided, What, note_beside, one_sided};

use super::finding::Finding;

/// How much was compared.
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

impl Compared {
    /// How many of what, in words.
    #[must_use]
    pub fn counted(self) -> Vec<(&'static str, u64)> {
        vec![
            ("metrics", self.metrics),
            ("days", self.days),
            ("samples", self.samples),
            ("series", self.series),
            ("label names", self.label_names),
            ("label values", self.label_values),
        ]
    }
}

/// What parity checks found.
#[derive(Debug)]
pub struct Parity {
    /// What differs, what could not be looked at, and what is good to know.
    pub findings: Vec<Finding>,
    /// How much was compared.
    pub compared: Compared,
}

/// The place of all that parity checks find.
pub const PARITY: &str = "parity";
