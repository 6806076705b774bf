//! All that was found about a backfill, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::capability::Capabilities;
use super::comparison::{OfSelector, Sums};
use super::found::Found;
use crate::cutover::{Times, Verdict, Weight};
use crate::exit::{Exit, Signal};
use crate::history::Range;
use crate::samples::Labels;

/// What was compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The samples that are meant.
    pub range: Range,
    /// The external labels that the plan gives to the target's series.
    pub external_labels: Labels,
    /// Where the target's samples were read.
    pub target: Target,
}

/// Where the samples of a target were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// From its blocks, so many of them.
    Blocks(u64),
    /// By remote read.
    RemoteRead,
    /// From `VictoriaMetrics`' export.
    Export,
    /// Nowhere: the plan names no place to read them.
    Nowhere,
}

/// A number of each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides<T> {
    /// Of the source.
    pub source: T,
    /// Of the target.
    pub target: T,
}

/// How much was compared beside samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compared {
    /// Metrics of which both sides tell something.
    pub metadata: u64,
    /// Exemplars that both sides have.
    pub exemplars: u64,
}

/// How one query came out.
#[derive(Debug, Clone, PartialEq)]
pub struct OfQuery {
    /// In `PromQL`.
    pub query: String,
    /// When it was asked.
    pub times: Times,
    /// How many series both sides have.
    pub series: u64,
    /// How many samples both sides have.
    pub samples: u64,
    /// What came of it.
    pub found: Vec<Found>,
}

/// All that was found.
#[derive(Debug)]
pub struct Reconciled {
    /// What was compared.
    pub scope: Scope,
    /// Each selector, in the order of the plan.
    pub selectors: Vec<OfSelector>,
    /// What was compared beside samples.
    pub compared: Compared,
    /// Each query, in the order of the plan; `None` where none was to be asked.
    pub queries: Option<Vec<OfQuery>>,
    /// What the target can do; `None` where it was not asked, or did not say anything.
    pub capabilities: Option<Capabilities>,
    /// What was found otherwise.
    pub others: Vec<Found>,
    /// Kinds of findings that do not stand against the answer.
    pub waived: BTreeSet<String>,
    /// The signal that ended it early.
    pub signal: Option<Signal>,
    /// Why it is not whole: a side that could not be read to its end, a report that could not be written.
    pub stopped_by: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Reconciled {
    /// Kinds of findings that can be waived: none of them says that the target lacks what the source has, or holds it otherwise.
    pub const WAIVABLE: [&'static str; 18] = [
        "capabilities-not-seen",
        "capability-lacking",
        "different-exemplars",
        "different-metadata",
        "empty-query",
        "empty-selector",
        "exemplars-not-looked-at",
        "exemplars-not-seen",
        "extra-samples",
        "extra-series",
        "metadata-not-looked-at",
        "metadata-not-seen",
        "query-failed",
        "remarks",
        "target-not-read",
        "too-short",
        "warnings",
        "warnings-of-both",
    ];

    /// Nothing yet.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        Self {
            scope,
            selectors: Vec::new(),
            compared: Compared::default(),
            queries: None,
            capabilities: None,
            others: Vec::new(),
            waived: BTreeSet::new(),
            signal: None,
            stopped_by: None,
            elapsed: Duration::ZERO,
        }
    }

    /// Everything that was found.
    pub fn found(&self) -> impl Iterator<Item = &Found> {
        let of_selectors = self.selectors.iter().flat_map(|one| &one.found);
        let queries = self.queries.iter().flatten();
        let of_queries = queries.flat_map(|query| &query.found);
        of_selectors.chain(of_queries).chain(&self.others)
    }

    /// Whether it was waived.
    #[must_use]
    pub fn is_waived(&self, found: &Found) -> bool {
        self.waived.contains(found.kind)
    }

    /// How many of each kind there are of that weight, but for what was waived.
    #[must_use]
    pub fn by_kind(&self, weight: Weight) -> BTreeMap<&'static str, u64> {
        let mut by_kind = BTreeMap::new();
        let stands = |found: &&Found| found.weight == weight && !self.is_waived(found);
        for found in self.found().filter(stands) {
            *by_kind.entry(found.kind).or_default() += found.count;
        }
        by_kind
    }

    /// What all selectors come to. A series that several selectors mean counts for each.
    #[must_use]
    pub fn sums(&self) -> Sides<Sums> {
        let mut sums = Sides::<Sums>::default();
        for of in &self.selectors {
            sums.source.add(of.source);
            sums.target.add(of.target);
        }
        sums
    }

    /// How many samples were compared, of series and of queries.
    #[must_use]
    pub fn samples(&self) -> u64 {
        let of_series = self.selectors.iter().map(|one| one.compared);
        let queries = self.queries.iter().flatten();
        of_series.sum::<u64>() + queries.map(|query| query.samples).sum::<u64>()
    }

    /// Whether everything had its turn.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.signal.is_none() && self.stopped_by.is_none()
    }

    /// Whether both sides are the same.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let has = |weight| !self.by_kind(weight).is_empty();
        if has(Weight::Difference) {
            Verdict::Differs
        } else if !self.is_complete() || has(Weight::Unseen) || self.samples() == 0 {
            Verdict::NotProven
        } else {
            Verdict::Yes
        }
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match (self.signal, &self.stopped_by) {
            (Some(signal), _) => Exit::Stopped(signal),
            (None, Some(_)) => Exit::Aborted,
            (None, None) if self.verdict() == Verdict::Yes => Exit::Done,
            (None, None) => Exit::Attention,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(weight: Weight) -> Found {
        Found {
            kind: "missing-samples",
            place: None,
            side: None,
            weight,
            count: 2,
            examples: Vec::new(),
        }
    }

    fn selector(compared: u64, weights: &[Weight]) -> OfSelector {
        OfSelector {
            selector: Some("up".to_owned()),
            source: Sums::default(),
            target: Sums::default(),
            series: 1,
            compared,
            found: weights.iter().copied().map(found).collect(),
        }
    }

    /// S-24.81
    #[test]
    fn what_is_known_and_waived_is_told_and_does_not_stand_against_a_yes() {
        for kind in Reconciled::WAIVABLE {
            assert!(!super::super::meaning(kind).is_empty(), "{kind}");
            for (weight, verdict) in [
                (Weight::Difference, Verdict::Differs),
                (Weight::Unseen, Verdict::NotProven),
            ] {
                let mut all = Reconciled {
                    selectors: vec![selector(1, &[])],
                    others: vec![Found {
                        kind,
                        ..found(weight)
                    }],
                    ..Reconciled::of(scope())
                };
                assert_eq!(all.verdict(), verdict, "{kind}");
                all.waived = BTreeSet::from([kind.to_owned()]);
                assert_eq!(all.verdict(), Verdict::Yes, "{kind}");
                assert_eq!(all.exit().code(), 0, "{kind}");
                assert_eq!(all.found().count(), 1, "{kind}");
                all.others.push(found(weight));
                assert_eq!(all.verdict(), verdict, "{kind} and another");
            }
        }
        // What the target lacks or has otherwise is no opinion.
        for kind in [
            "missing-series",
            "missing-samples",
            "different-values",
            "nothing-compared",
        ] {
            assert!(!Reconciled::WAIVABLE.contains(&kind), "{kind}");
        }
    }

    fn scope() -> Scope {
        Scope {
            range: Range {
                start_ms: 0,
                end_ms: 1,
            },
            external_labels: Labels::default(),
            target: Target::RemoteRead,
        }
    }

    /// S-24.60
    #[test]
    fn what_was_not_looked_at_is_never_equal() {
        use Weight::{Difference, Note, Unseen};
        let scope = scope();
        for (compared, weights, signal, stopped, verdict, code) in [
            (1, &[][..], None, None, Verdict::Yes, 0),
            (1, &[Note], None, None, Verdict::Yes, 0),
            (0, &[Note], None, None, Verdict::NotProven, 3),
            (1, &[Unseen], None, None, Verdict::NotProven, 3),
            (1, &[Difference, Unseen], None, None, Verdict::Differs, 3),
            (
                1,
                &[],
                Some(Signal::Terminate),
                None,
                Verdict::NotProven,
                143,
            ),
            (1, &[], None, Some("gone"), Verdict::NotProven, 1),
            (1, &[Difference], None, Some("gone"), Verdict::Differs, 1),
        ] {
            let all = Reconciled {
                selectors: vec![selector(compared, weights)],
                signal,
                stopped_by: stopped.map(str::to_owned),
                ..Reconciled::of(scope.clone())
            };
            assert_eq!(all.verdict(), verdict, "{compared} {weights:?}");
            assert_eq!(all.exit().code(), code);
        }
        let two = Reconciled {
            selectors: vec![selector(1, &[Difference]), selector(1, &[Difference])],
            ..Reconciled::of(scope)
        };
        assert_eq!(two.by_kind(Difference).get("missing-samples"), Some(&4));
        assert_eq!(two.samples(), 2);
    }
}
