//! What was found: each kind counted, and the first few of it in full.

use std::collections::BTreeMap;

use crate::cutover::{CutOver, Example, Finding, Side, Weight};

/// All of one kind that was found in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it is, in a word, such as `missing-series`.
    pub kind: &'static str,
    /// Where: a selector, the name of a query, of a metric; `None` for what concerns everything.
    pub place: Option<String>,
    /// On which side, where it is of one side.
    pub side: Option<Side>,
    /// What it means.
    pub weight: Weight,
    /// How many there are.
    pub count: u64,
    /// The first few of them.
    pub examples: Vec<Example>,
}

/// So many of each kind are kept in full.
pub(super) const MOST_EXAMPLES: usize = 5;

/// How findings of one place are told apart.
pub(super) type Key = (Weight, &'static str, Option<Side>);

/// Series that have other values of the external labels are no part of a backfill, wherever the target tells them.
pub const OF_OTHERS: (Weight, &str, Option<Side>) =
    (Weight::Note, "series-of-others", Some(Side::Target));

/// What was found in one place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Founds(BTreeMap<Key, (u64, Vec<Example>)>);

impl Founds {
    /// Counts so many; `example` makes what is kept of the first of them.
    pub fn add(&mut self, key: Key, count: u64, example: impl FnOnce() -> Example) {
        if count == 0 {
            return;
        }
        let (counted, examples) = self.0.entry(key).or_default();
        *counted = counted.saturating_add(count);
        if examples.len() < MOST_EXAMPLES {
            examples.push(example());
        }
    }

    /// The same of something that is said in words.
    pub fn say(&mut self, key: Key, text: impl Into<String>) {
        self.add(key, 1, || Example {
            text: Some(text.into()),
            ..Example::default()
        });
    }

    /// Takes what was found of the same place otherwise.
    pub fn extend(&mut self, other: Self) {
        for (key, (count, others)) in other.0 {
            let (counted, examples) = self.0.entry(key).or_default();
            *counted = counted.saturating_add(count);
            let room = MOST_EXAMPLES.saturating_sub(examples.len());
            examples.extend(others.into_iter().take(room));
        }
    }

    /// Whether there is nothing of that weight.
    #[must_use]
    pub fn lacks(&self, weight: Weight) -> bool {
        self.0.keys().all(|(of, ..)| *of != weight)
    }

    /// All of them, found in that place.
    pub fn at(self, place: Option<&str>) -> impl Iterator<Item = Found> {
        let place = place.map(str::to_owned);
        let found = self.0.into_iter();
        found.map(move |((weight, kind, side), (count, examples))| Found {
            kind,
            place: place.clone(),
            side,
            weight,
            count,
            examples,
        })
    }
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        Self {
            kind: finding.kind,
            place: finding.place,
            side: finding.side,
            weight: finding.weight,
            count: finding.count,
            examples: vec![finding.first],
        }
    }
}

/// Kinds that comparisons of query APIs do not have, or call otherwise.
const MEANINGS: [(&str, &str); 21] = [
    (
        "different-staleness",
        "one side has a mark of staleness, the other a sample",
    ),
    (
        "different-exemplars",
        "the exemplars of a series differ on both sides",
    ),
    ("empty-selector", "neither side has a sample of it"),
    (
        "conflicting-blocks",
        "blocks of the target have different samples of one series at one time",
    ),
    (
        "external-labels",
        "series of the target lack the plan's external labels",
    ),
    (
        "other-external-labels",
        "blocks with other external labels lie there, and were not compared",
    ),
    (
        "series-of-others",
        "series with other values of the external labels, which were not compared",
    ),
    (
        "deduplicated-blocks",
        "compacted blocks that lack some of the external labels, as those of merged replicas do; they were compared",
    ),
    ("marked-blocks", "blocks that are marked for deletion"),
    (
        "downsampled-blocks",
        "downsampled blocks lie there, and were not compared",
    ),
    (
        "partial-blocks",
        "blocks without a meta.json, which nothing reads",
    ),
    ("unreadable-blocks", "blocks that could not be read"),
    (
        "target-not-read",
        "the samples of the target could not be looked at",
    ),
    (
        "metadata-not-looked-at",
        "blocks hold no metadata, and no URL of both sides tells it",
    ),
    (
        "exemplars-not-looked-at",
        "blocks hold no exemplars, and no URL of both sides tells them",
    ),
    ("left-out", "what the source told had no place in a block"),
    ("no-promql-checks", "the plan has no queries to be compared"),
    (
        "capability-lacking",
        "the target cannot do what the data need",
    ),
    (
        "capability-unknown",
        "the target does not say whether it can do what the data need",
    ),
    (
        "capabilities-not-seen",
        "the target could not be asked what it can do",
    ),
    (
        "other-series",
        "series of the target that no selector means",
    ),
];

/// What a kind of findings means, in a phrase.
#[must_use]
pub fn meaning(kind: &str) -> &'static str {
    let own = MEANINGS.iter().find(|(known, _)| *known == kind);
    own.map_or_else(|| CutOver::meaning(kind), |(_, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_and_the_first_few_are_kept() {
        let mut founds = Founds::default();
        let key = (Weight::Difference, "missing-samples", None);
        for time_ms in 0..8 {
            founds.add(key, 2, || Example {
                time_ms: Some(time_ms),
                ..Example::default()
            });
        }
        founds.add(key, 0, Example::default);
        founds.say((Weight::Note, "left-out", None), "a string");
        let mut others = Founds::default();
        others.add(key, 3, || Example {
            time_ms: Some(100),
            ..Example::default()
        });
        others.extend(founds);
        let founds = others;
        assert!(founds.lacks(Weight::Unseen) && !founds.lacks(Weight::Note));
        let found: Vec<Found> = founds.at(Some("up")).collect();
        let shown: Vec<_> = found
            .iter()
            .map(|found| (found.kind, found.count, found.examples.len()))
            .collect();
        assert_eq!(shown, [("missing-samples", 19, 5), ("left-out", 1, 1)]);
        assert!(found.iter().all(|found| !meaning(found.kind).is_empty()));
    }
}
