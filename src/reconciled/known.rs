//! Which series each side has, whatever their number: of each a fingerprint is kept, and of those that one side lacks so far, a few in full.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use crate::cutover::{Example, Side};
use crate::samples::Labels;

/// So many series that one side lacks so far are kept in full.
const MOST_LACKING: usize = 256;

/// Series that are counted once however often they come, and the first of them.
#[derive(Debug, Default)]
pub struct Distinct {
    seen: HashSet<u128>,
    first: Option<Labels>,
}

impl Distinct {
    /// Takes one.
    pub fn note(&mut self, labels: &Labels) {
        self.first.get_or_insert_with(|| labels.clone());
        self.seen.insert(fingerprint(labels));
    }

    /// How many there are, and the first of them.
    #[must_use]
    pub fn counted(self) -> (u64, Option<Labels>) {
        (self.seen.len() as u64, self.first)
    }
}

/// The series of one selector.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Where each series is.
    seen: HashMap<u128, On>,
    /// What the source has, and the target has not so far.
    missing: BTreeMap<Labels, Example>,
    /// The other way round.
    extra: BTreeMap<Labels, Example>,
}

/// On which sides a series is.
#[derive(Debug, Clone, Copy, Default)]
struct On {
    source: bool,
    target: bool,
}

/// How many series there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Counted {
    pub(super) source: u64,
    pub(super) target: u64,
    pub(super) both: u64,
    /// The first of those that the target lacks.
    pub(super) missing: Vec<Example>,
    /// The first of those that the source lacks.
    pub(super) extra: Vec<Example>,
}

impl Known {
    /// Notes a series that both sides have.
    pub(super) fn on_both(&mut self, labels: &Labels) {
        self.seen.insert(
            fingerprint(labels),
            On {
                source: true,
                target: true,
            },
        );
        self.missing.remove(labels);
        self.extra.remove(labels);
    }

    /// Notes one that a side has at some time; `example` shows it.
    pub(super) fn on_one(&mut self, labels: &Labels, side: Side, example: &Example) {
        let on = self.seen.entry(fingerprint(labels)).or_default();
        let lacking = match side {
            Side::Source => {
                on.source = true;
                &mut self.missing
            }
            Side::Target => {
                on.target = true;
                &mut self.extra
            }
        };
        if on.source && on.target {
            self.missing.remove(labels);
            self.extra.remove(labels);
        } else if lacking.len() < MOST_LACKING && !lacking.contains_key(labels) {
            lacking.insert(labels.clone(), example.clone());
        }
    }

    /// How many there are, once all were seen.
    pub(super) fn counted(self) -> Counted {
        let mut counted = Counted::default();
        for on in self.seen.values() {
            counted.source += u64::from(on.source);
            counted.target += u64::from(on.target);
            counted.both += u64::from(on.source && on.target);
        }
        counted.missing = self.missing.into_values().collect();
        counted.extra = self.extra.into_values().collect();
        counted
    }
}

/// Two series of one fingerprint are less likely than a bit that falls over in memory.
fn fingerprint(labels: &Labels) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(labels.packed());
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str) -> Labels {
        let labels = [("__name__".to_owned(), name.to_owned())];
        labels.into_iter().collect()
    }

    #[test]
    fn a_series_counts_once() {
        let mut distinct = Distinct::default();
        for name in ["b", "a", "b"] {
            distinct.note(&series(name));
        }
        assert_eq!(distinct.counted(), (2, Some(series("b"))));
    }

    #[test]
    fn a_series_is_missing_only_where_the_other_side_never_has_it() {
        let mut known = Known::default();
        let at = |name: &str, time_ms| Example {
            series: Some(series(name)),
            time_ms: Some(time_ms),
            ..Example::default()
        };
        known.on_one(&series("late"), Side::Source, &at("late", 1));
        known.on_one(&series("gone"), Side::Source, &at("gone", 1));
        known.on_one(&series("gone"), Side::Source, &at("gone", 2));
        known.on_one(&series("new"), Side::Target, &at("new", 1));
        known.on_one(&series("apart"), Side::Target, &at("apart", 1));
        known.on_one(&series("apart"), Side::Source, &at("apart", 2));
        known.on_both(&series("late"));
        known.on_one(&series("late"), Side::Source, &at("late", 3));
        let counted = known.counted();
        assert_eq!(
            counted,
            Counted {
                source: 3,
                target: 3,
                both: 2,
                missing: vec![at("gone", 1)],
                extra: vec![at("new", 1)],
            }
        );
    }
}
