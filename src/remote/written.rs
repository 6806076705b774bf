//! What became of what a server was sent: what it took, and what it refused and why.

use std::collections::BTreeMap;

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

/// What a server took the rest of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Partial {
    /// Thanos receive tells how many samples it dropped, by reason.
    Told(BTreeMap<Refusal, u64>),
    /// Mimir tells of one.
    Untold(Refusal),
}

/// How Mimir's ids begin of what it leaves out of a request, whose rest it takes; others are of whole requests.
const OF_SAMPLES: [&str; 12] = [
    "sample-",
    "exemplar-",
    "new-value-for-timestamp",
    "too-far-in-",
    "max-series-per-",
    "max-label-",
    "label",
    "duplicate-label-",
    "metric-name-",
    "missing-metric-name",
    "native-histogram-",
    "invalid-native-histogram-",
];

impl Partial {
    /// What a refusal says of what was taken; `None` where nothing was, as far as it says.
    pub(super) fn of(status: u16, said: &str) -> Option<Self> {
        let of_mimir = said.split("err-mimir-").nth(1);
        if let Some(id) = of_mimir.filter(|_| status == 400) {
            let is_partial = OF_SAMPLES.iter().any(|begin| id.starts_with(begin));
            return is_partial.then(|| Self::Untold(Refusal::of(status, said)));
        }
        if status != 409 {
            return None;
        }
        let mut dropped: BTreeMap<Refusal, u64> = BTreeMap::new();
        let mut is_told = false;
        for told in said.split("add ").skip(1) {
            let Some((count, rest)) = told.split_once(' ') else {
                continue;
            };
            let Ok(count) = count.parse::<u64>() else {
                continue;
            };
            if let Some(why) = rest.strip_prefix("samples: ") {
                // Replicas tell of the same samples.
                let told = dropped.entry(Refusal::of(0, why)).or_default();
                *told = count.max(*told);
                is_told = true;
            } else if rest.starts_with("exemplars: ") {
                is_told = true;
            } else {
                // Of series whose labels are wrong it does not say how many samples they have.
                return None;
            }
        }
        is_told.then_some(Self::Told(dropped))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// S-24.105
    #[test]
    fn what_a_server_took_the_rest_of_is_told_by_its_words() {
        use Refusal::{OutOfOrder, TooOld};
        let told =
            |dropped: &[(Refusal, u64)]| Some(Partial::Told(dropped.iter().copied().collect()));
        for (status, said, expected) in [
            (
                409,
                "store locally for endpoint a: 2 errors: add 57 samples: out of order sample; add 3 samples: out of bounds: conflict",
                told(&[(OutOfOrder, 57), (TooOld, 3)]),
            ),
            (
                409,
                "add 5 samples: out of order sample; add 5 samples: out of order sample",
                told(&[(OutOfOrder, 5)]),
            ),
            (409, "add 5 exemplars: duplicate exemplar", told(&[])),
            (409, "add 5 series: duplicate labels", None),
            (409, "conflict", None),
            (500, "add 5 samples: out of order sample", None),
            (400, "out of order sample", None),
            (
                400,
                "the sample has been rejected because another sample with a more recent timestamp has already been ingested and out-of-order samples are not allowed (err-mimir-sample-out-of-order)",
                Some(Partial::Untold(OutOfOrder)),
            ),
        ] {
            assert_eq!(Partial::of(status, said), expected, "{status} {said}");
        }
    }

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
