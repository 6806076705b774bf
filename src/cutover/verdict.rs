//! What was found in all, and whether the hot blocks may go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::finding::{Finding, Weight};
use super::parity;
use super::range::Range;
use super::time::Times;
use crate::exit::{Exit, Signal};
use crate::outcome::{Verification, VerifiedBlock};
use crate::plan::State;
use crate::promql::Server;

/// How one query came out.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// What it is called.
    pub name: String,
    /// In `PromQL`.
    pub expression: String,
    /// When it was asked; `None` where it was not.
    pub times: Option<Times>,
    /// How many series both sides have.
    pub series: u64,
    /// How many samples both sides have.
    pub samples: u64,
    /// What came of it.
    pub found: Vec<Finding>,
}

/// What was compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// Where the source is asked.
    pub source: String,
    /// Who answers there.
    pub source_server: Server,
    /// Where the target is asked.
    pub target: String,
    /// Who answers there.
    pub target_server: Server,
    /// Over which time; `None` where each query has times of its own.
    pub range: Option<Range>,
}

/// All that was found.
#[derive(Debug)]
pub struct CutOver {
    /// What was compared.
    pub scope: Scope,
    /// Each query, in the order of the file.
    pub queries: Vec<QueryResult>,
    /// What was found otherwise.
    pub others: Vec<Finding>,
    /// What was compared otherwise: how many of what.
    pub counted: Vec<(&'static str, u64)>,
    /// What the buckets hold; `None` where they were not compared.
    pub verification: Option<Verification>,
    /// Kinds of findings that do not stand against the answer.
    pub waived: BTreeSet<String>,
    /// The signal that ended it early.
    pub signal: Option<Signal>,
    /// Why the report file is not whole, or the page not written.
    pub stopped_by: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Whether the hot blocks may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Whatever was asked for is the same on both sides.
    Yes,
    /// Something differs.
    Differs,
    /// Nothing differs, and something was not looked at.
    NotProven,
}

impl Verdict {
    /// `yes`, `no` or `not-proven`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Yes => "yes",
            Verdict::Differs => "no",
            Verdict::NotProven => "not-proven",
        }
    }
}

/// Kinds of findings that cannot be waived.
const DIFFERENCES: [(&str, &str); 13] = [
    ("nothing-compared", "no sample was compared at all"),
    (
        "range-cut",
        "blocks that were not moved lie beside those that were",
    ),
    ("no-queries", "no value was compared"),
    (
        "missing-series",
        "the source has the series, the target has not",
    ),
    (
        "extra-series",
        "the target has the series, the source has not",
    ),
    (
        "missing-samples",
        "the source has the sample, the target has not",
    ),
    (
        "extra-samples",
        "the target has the sample, the source has not",
    ),
    (
        "different-values",
        "values are further apart than the tolerance",
    ),
    ("different-histograms", "native histograms differ"),
    (
        "different-kinds",
        "one side has a number, the other a histogram",
    ),
    ("different-types", "one side answers another type of result"),
    (
        "duplicate-series",
        "one side answers several series of the same labels",
    ),
    (
        "remarks",
        "a side remarks on the query, and the other does not",
    ),
];

impl CutOver {
    /// Kinds of findings that can be waived, and what each means.
    pub const WAIVABLE: [(&'static str, &'static str); 23] = [
        ("buckets-not-compared", "the buckets were not given"),
        ("empty-query", "a query came to nothing on both sides"),
        ("exemplars-not-seen", "exemplars could not be compared"),
        ("label-names-not-seen", "a side does not list its labels"),
        (
            "label-values-not-seen",
            "the values of a label could not be compared",
        ),
        ("metadata-not-seen", "metadata could not be compared"),
        ("metrics-not-seen", "a side does not list its metrics"),
        ("different-exemplars", "the exemplars of a series differ"),
        (
            "different-metadata",
            "type, help or unit of a metric differ",
        ),
        ("no-metric-compared", "no metric has samples on both sides"),
        ("no-moved-block", "no verified block was moved"),
        (
            "not-moved",
            "a block that was not moved lies over the range",
        ),
        ("outside-range", "a query asks for times outside the range"),
        ("query-failed", "a query was not answered"),
        (
            "resolution-not-asked",
            "no query was answered from downsampled blocks",
        ),
        (
            "samples-not-seen",
            "the samples of a metric could not be counted",
        ),
        (
            "series-not-seen",
            "the series of a metric could not be compared",
        ),
        ("same-server", "both sides are one server under two names"),
        ("shared-store", "both queriers ask the same store"),
        ("store-down", "a querier says that a store is away"),
        (
            "too-short",
            "a query looks back further than the range is long",
        ),
        ("warnings", "a side warns, and the other does not"),
        ("warnings-of-both", "both sides warn of the same"),
    ];

    /// What a kind of findings means, in a phrase.
    #[must_use]
    pub fn meaning(kind: &str) -> &'static str {
        let known = Self::WAIVABLE
            .iter()
            .chain(&DIFFERENCES)
            .chain(&parity::MEANINGS);
        let meant = known.clone().find(|(known, _)| *known == kind);
        meant.map_or("", |(_, meaning)| meaning)
    }

    /// Everything that was found: of all queries, and otherwise.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let of_queries = self.queries.iter().flat_map(|query| &query.found);
        self.others.iter().chain(of_queries)
    }

    /// Whether it was waived.
    #[must_use]
    pub fn is_waived(&self, finding: &Finding) -> bool {
        self.waived.contains(finding.kind)
    }

    /// What stands against the hot blocks' going, of that weight.
    pub fn standing(&self, weight: Weight) -> impl Iterator<Item = &Finding> {
        let found = self.findings();
        found.filter(move |found| found.weight == weight && !self.is_waived(found))
    }

    /// How many of each kind stand against it.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<(Weight, &'static str), u64> {
        let mut by_kind = BTreeMap::new();
        for found in self.findings().filter(|found| !self.is_waived(found)) {
            *by_kind.entry((found.weight, found.kind)).or_default() += found.count;
        }
        by_kind
    }

    /// How many samples were compared.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.queries.iter().map(|query| query.samples).sum()
    }

    /// How the buckets stand; `None` where they were not compared.
    #[must_use]
    pub fn buckets(&self) -> Option<Exit> {
        self.verification.as_ref().map(Verification::exit)
    }

    /// Whether the hot blocks may go.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let is_unfinished = !self.is_complete();
        if self.buckets_stand_against() || self.standing(Weight::Difference).next().is_some() {
            Verdict::Differs
        } else if is_unfinished || self.standing(Weight::Unseen).next().is_some() {
            Verdict::NotProven
        } else {
            Verdict::Yes
        }
    }

    /// Whether the buckets are against it.
    #[must_use]
    pub fn buckets_stand_against(&self) -> bool {
        self.verification.as_ref().is_some_and(|found| {
            let mut blocks = found.blocks.iter();
            blocks.any(|block| self.block_stands_against(block))
                || !found.absent_ids.is_empty()
                || found.lacks_the_run()
                || found.is_damaged_within()
        })
    }

    /// A block that stays in the source is no matter of what may go from there, unless it was asked for, or the range was said to be that which it is in.
    fn block_stands_against(&self, block: &VerifiedBlock) -> bool {
        let is_in_range = || {
            let times = block.meta.as_ref().map(|meta| {
                let meta = &meta.block;
                (meta.min_time_ms, meta.max_time_ms)
            });
            let range = self.scope.range.zip(times);
            range.is_none_or(|(range, (min_ms, max_ms))| range.meets(min_ms, max_ms))
        };
        block.needs_a_person()
            && match block.verified.state {
                State::SourceOnly => block.is_asked_for || is_in_range(),
                State::HeldUnmarked => false,
                _ => true,
            }
    }

    /// Whether everything had its turn.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped_by.is_none()
            && self.signal.is_none()
            && self
                .verification
                .as_ref()
                .is_none_or(Verification::is_complete)
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.stopped_by.is_some() {
            return Exit::Aborted;
        }
        if let Some(signal) = self.signal {
            return Exit::Stopped(signal);
        }
        match self.buckets() {
            Some(Exit::Aborted) => Exit::Aborted,
            Some(Exit::Stopped(signal)) => Exit::Stopped(signal),
            _ if self.verdict() == Verdict::Yes => Exit::Done,
            _ => Exit::Attention,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutover::{Example, Side};

    fn finding(kind: &'static str, weight: Weight) -> Finding {
        Finding {
            kind,
            place: None,
            side: Some(Side::Source),
            weight,
            count: 1,
            first: Example::default(),
        }
    }

    fn found(others: &[Finding], waived: &[&str]) -> CutOver {
        CutOver {
            scope: Scope {
                source: "http://hot".to_owned(),
                source_server: Server::default(),
                target: "http://cold".to_owned(),
                target_server: Server::default(),
                range: None,
            },
            queries: Vec::new(),
            others: others.to_vec(),
            counted: Vec::new(),
            verification: None,
            waived: waived.iter().map(|kind| (*kind).to_owned()).collect(),
            signal: None,
            stopped_by: None,
            elapsed: Duration::ZERO,
        }
    }

    #[test]
    fn what_differs_or_was_not_seen_stands_against_it_unless_waived() {
        let differs = finding("missing-series", Weight::Difference);
        let unseen = finding("query-failed", Weight::Unseen);
        let note = finding("remarks", Weight::Note);
        for (others, waived, expected, code) in [
            (vec![], vec![], Verdict::Yes, 0),
            (vec![note.clone()], vec![], Verdict::Yes, 0),
            (vec![unseen.clone()], vec![], Verdict::NotProven, 3),
            (vec![unseen.clone()], vec!["query-failed"], Verdict::Yes, 0),
            (
                vec![unseen.clone()],
                vec!["warnings"],
                Verdict::NotProven,
                3,
            ),
            (
                vec![differs.clone(), unseen],
                vec!["query-failed"],
                Verdict::Differs,
                3,
            ),
            (vec![differs, note], vec![], Verdict::Differs, 3),
        ] {
            let found = found(&others, &waived);
            assert_eq!(found.verdict(), expected, "{others:?} {waived:?}");
            assert_eq!(found.exit().code(), code);
        }
    }

    #[test]
    fn what_the_buckets_hold_counts_too() {
        for (verification, verdict, code) in [
            (Verification::default(), Verdict::Yes, 0),
            (
                Verification {
                    absent_ids: vec![crate::outcome::testing::id(1)],
                    ..Verification::default()
                },
                Verdict::Differs,
                3,
            ),
            (
                Verification {
                    aborted: Some("gone".to_owned()),
                    ..Verification::default()
                },
                Verdict::NotProven,
                1,
            ),
        ] {
            let found = CutOver {
                verification: Some(verification),
                ..found(&[], &[])
            };
            assert_eq!(found.verdict(), verdict);
            assert_eq!(found.exit().code(), code);
        }
    }
}
