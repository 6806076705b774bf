//! What became of what a server was sent: what it took, and what it refused and why.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// What became of what was sent. Nothing is missing here: each sample was taken or refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Samples that the server took; native histograms are among them.
    pub samples: u64,
    /// Native histograms among them.
    pub histograms: u64,
    /// Exemplars. A server takes them without saying whether it keeps them.
    pub exemplars: u64,
    /// What metrics are. The same holds.
    pub metadata: u64,
    /// Requests that the server answered.
    pub requests: u64,
    /// What it refused.
    pub refused: BTreeMap<Refusal, Refused>,
}

/// What a server refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// How many samples.
    pub samples: u64,
    /// How many of them were refused together with others: some of those might have been taken alone.
    pub together: u64,
    /// The server's words for the first of them, on one line.
    pub words: String,
    /// The series of the first of them.
    pub series: String,
}

/// Why a server refuses samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The series has a later sample already.
    OutOfOrder,
    /// The series has another sample of that time already.
    DuplicateTimestamp,
    /// It is older than what the server takes.
    TooOld,
    /// The labels, their number or their lengths.
    Labels,
    /// A native histogram that the server does not take.
    Histogram,
    /// Some limit of the server's, or of whoever stands on the way.
    Limit,
    /// Anything else.
    Other,
}

impl Refusal {
    /// A distinct word for each, as reports spell it: `out-of-order`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfOrder => "out-of-order",
            Self::DuplicateTimestamp => "duplicate-timestamp",
            Self::TooOld => "too-old",
            Self::Labels => "labels",
            Self::Histogram => "histogram",
            Self::Limit => "limit",
            Self::Other => "other",
        }
    }

    /// What the words of a server mean: Prometheus', Thanos', Mimir's and their like.
    pub(super) fn of(status: u16, words: &str) -> Self {
        let words = words.to_lowercase();
        let has = |some: &[&str]| some.iter().any(|some| words.contains(some));
        if has(&[
            "duplicate sample",
            "duplicate-timestamp",
            "duplicate timestamp",
            "new-value-for-timestamp",
        ]) {
            Self::DuplicateTimestamp
        } else if has(&[
            "too old",
            "too-old",
            "out of bounds",
            "out-of-bounds",
            "too far in the past",
        ]) {
            Self::TooOld
        } else if has(&["out of order", "out-of-order", "out_of_order"]) || status == 409 {
            Self::OutOfOrder
        } else if has(&["label", "metric name", "metric-name"]) {
            Self::Labels
        } else if has(&["histogram"]) {
            Self::Histogram
        } else if has(&["limit", "exceed", "too large", "too big"]) || status == 413 {
            Self::Limit
        } else {
            Self::Other
        }
    }
}

impl Written {
    /// So many samples of that series were refused, and so many of them together with others.
    pub(super) fn refuse(
        &mut self,
        refusal: Refusal,
        (samples, together): (u64, u64),
        words: &str,
        series: &str,
    ) {
        let refused = self.refused.entry(refusal).or_insert_with(|| Refused {
            samples: 0,
            together: 0,
            words: words.to_owned(),
            series: series.to_owned(),
        });
        refused.samples += samples;
        refused.together += together;
    }
}

impl AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.samples += other.samples;
        self.histograms += other.histograms;
        self.exemplars += other.exemplars;
        self.metadata += other.metadata;
        self.requests += other.requests;
        for (refusal, other) in other.refused {
            let told = (other.samples, other.together);
            self.refuse(refusal, told, &other.words, &other.series);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_the_words_of_servers() {
        for (status, words, refusal) in [
            (400, "out of order sample", Refusal::OutOfOrder),
            (
                409,
                "store locally for endpoint : conflict",
                Refusal::OutOfOrder,
            ),
            (
                400,
                "duplicate sample for timestamp",
                Refusal::DuplicateTimestamp,
            ),
            (400, "out of bounds", Refusal::TooOld),
            (400, "too old sample", Refusal::TooOld),
            (
                400,
                "failed pushing to ingester: user=a: the sample has been rejected because its timestamp is too old (err-mimir-sample-timestamp-too-old). The affected sample has timestamp 2024-01-01T00:00:00Z",
                Refusal::TooOld,
            ),
            (
                400,
                "the sample has been rejected because another sample with the same timestamp, but a different value, has already been ingested (err-mimir-sample-duplicate-timestamp)",
                Refusal::DuplicateTimestamp,
            ),
            (
                400,
                "received a series whose number of labels exceeds the limit (err-mimir-max-label-names-per-series)",
                Refusal::Labels,
            ),
            (
                400,
                "histogram's observations found in the zero bucket",
                Refusal::Histogram,
            ),
            (413, "request entity too large", Refusal::Limit),
            (400, "something", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(status, words), refusal, "{words}");
        }
    }
}
