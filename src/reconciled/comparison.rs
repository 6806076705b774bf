//! Compares the samples of both sides, series by series, and sums up what came of it by selector.

use std::cmp::Ordering;

use super::found::{Found, Founds, MOST_EXAMPLES};
use super::known::{Counted, Distinct, Known};
use super::sample::{difference, shown};
use crate::cutover::{Example, Side, Tolerance, Weight};
use crate::human;
use crate::promql::Selector;
use crate::samples::{Labels, Sample, Value};

/// What a side has of a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Series.
    pub series: u64,
    /// Their samples, of numbers and of native histograms.
    pub samples: u64,
    /// Those of native histograms.
    pub histograms: u64,
    /// The times of the first and the last sample, in milliseconds since the epoch.
    pub times_ms: Option<(i64, i64)>,
}

impl Sums {
    /// Takes what there is of another selector, too.
    pub(super) fn add(&mut self, other: Self) {
        self.series += other.series;
        self.samples += other.samples;
        self.histograms += other.histograms;
        if let Some((first, last)) = other.times_ms {
            self.reach(first, last);
        }
    }

    fn reach(&mut self, first: i64, last: i64) {
        self.times_ms = Some(match self.times_ms {
            None => (first, last),
            Some((from, to)) => (from.min(first), to.max(last)),
        });
    }
}

/// How the series of one selector came out.
#[derive(Debug, Clone, PartialEq)]
pub struct OfSelector {
    /// The selector; `None` for what the source told and no selector means.
    pub selector: Option<String>,
    /// What the source has.
    pub source: Sums,
    /// What the target has.
    pub target: Sums,
    /// Series that both have.
    pub series: u64,
    /// Samples that were compared: those of times that both have.
    pub compared: u64,
    /// What was found.
    pub found: Vec<Found>,
}

/// Takes what both sides have, and compares it.
#[derive(Debug)]
pub struct Comparison {
    external_labels: Labels,
    tolerance: Tolerance,
    selecting: Vec<Selecting>,
    /// What the source told, and no selector means.
    unmeant: Option<Selecting>,
    /// Series of the target that no selector means.
    others: Distinct,
}

/// What is known of one selector.
#[derive(Debug)]
struct Selecting {
    selector: Option<Selector>,
    source: Sums,
    target: Sums,
    compared: u64,
    known: Known,
    found: Founds,
}

impl Comparison {
    /// One of the series that these selectors mean; of all where there are none. Selectors may name the external labels that the target's series have.
    #[must_use]
    pub fn new(selectors: Vec<Selector>, external_labels: Labels, tolerance: Tolerance) -> Self {
        let selecting = if selectors.is_empty() {
            vec![Selecting::of(None)]
        } else {
            let selectors = selectors.into_iter();
            selectors.map(|one| Selecting::of(Some(one))).collect()
        };
        Self {
            external_labels,
            tolerance,
            selecting,
            unmeant: None,
            others: Distinct::default(),
        }
    }

    /// Takes what both sides have of a series for some time, each in order of time; nothing where a side lacks it.
    pub fn series(&mut self, labels: &Labels, source: &[Sample], target: &[Sample]) {
        if source.is_empty() && target.is_empty() {
            return;
        }
        let mut is_meant = false;
        let whole = with(labels, &self.external_labels);
        for selecting in &mut self.selecting {
            let selector = selecting.selector.as_ref();
            if selector.is_none_or(|one| one.matches(labels) || one.matches(&whole)) {
                is_meant = true;
                selecting.series(labels, source, target, self.tolerance);
            }
        }
        if is_meant {
            return;
        }
        if source.is_empty() {
            self.others.note(labels);
            return;
        }
        // The source has told it for some selector: that nobody knows which takes nothing from what there is to compare.
        let unmeant = self.unmeant.get_or_insert_with(|| Selecting::of(None));
        unmeant.series(labels, source, target, self.tolerance);
    }

    /// How each selector came out, in the order in which they were given, and what was found beside them.
    #[must_use]
    pub fn finish(self) -> (Vec<OfSelector>, Vec<Found>) {
        let mut beside = Founds::default();
        let (others, other) = self.others.counted();
        beside.add((Weight::Note, "other-series", None), others, || Example {
            series: other,
            ..Example::default()
        });
        let selecting = self.selecting.into_iter().chain(self.unmeant);
        (
            selecting.map(Selecting::finish).collect(),
            beside.at(None).collect(),
        )
    }
}

/// A series with the external labels that it has none of its own for.
fn with(labels: &Labels, external_labels: &Labels) -> Labels {
    let added = external_labels
        .iter()
        .filter(|(name, _)| labels.get(name).is_none());
    let all = labels.iter().chain(added);
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Selecting {
    fn of(selector: Option<Selector>) -> Self {
        Self {
            selector,
            source: Sums::default(),
            target: Sums::default(),
            compared: 0,
            known: Known::default(),
            found: Founds::default(),
        }
    }

    fn series(
        &mut self,
        labels: &Labels,
        source: &[Sample],
        target: &[Sample],
        tolerance: Tolerance,
    ) {
        count(&mut self.source, source);
        count(&mut self.target, target);
        match (source, target) {
            ([], _) => self.one_sided(labels, Side::Target, target),
            (_, []) => self.one_sided(labels, Side::Source, source),
            _ => {
                self.known.on_both(labels);
                self.samples(labels, source, target, tolerance);
            }
        }
    }

    /// One side alone has the series, for now.
    fn one_sided(&mut self, labels: &Labels, side: Side, samples: &[Sample]) {
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
            return;
        };
        let mut example = at(labels, first);
        example.text = Some(format!(
            "{} from {} to {}, of which the other side has none",
            human::count(samples.len() as u64, "sample"),
            human::sample_minute(first.time_ms),
            human::sample_minute(last.time_ms)
        ));
        let key = match side {
            Side::Source => {
                example.source = Some(shown(first));
                MISSING_SAMPLES
            }
            Side::Target => {
                example.target = Some(shown(first));
                EXTRA_SAMPLES
            }
        };
        self.known.on_one(labels, side, &example);
        self.found.add(key, samples.len() as u64, || example);
    }

    fn samples(
        &mut self,
        labels: &Labels,
        source: &[Sample],
        target: &[Sample],
        tolerance: Tolerance,
    ) {
        let (mut one, mut other) = (source.iter().peekable(), target.iter().peekable());
        loop {
            let order = match (one.peek(), other.peek()) {
                (Some(left), Some(right)) => left.time_ms.cmp(&right.time_ms),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let left = one.next_if(|_| order != Ordering::Greater);
            let right = other.next_if(|_| order != Ordering::Less);
            let key = match (left, right) {
                (Some(left), Some(right)) => {
                    self.compared += 1;
                    let differs = difference(&left.value, &right.value, tolerance);
                    let Some((kind, text)) = differs else {
                        continue;
                    };
                    self.found
                        .add((Weight::Difference, kind, None), 1, || Example {
                            source: Some(shown(left)),
                            target: Some(shown(right)),
                            text,
                            ..at(labels, left)
                        });
                    continue;
                }
                (Some(_), None) => MISSING_SAMPLES,
                (None, _) => EXTRA_SAMPLES,
            };
            let Some(sample) = left.or(right) else { return };
            self.found.add(key, 1, || Example {
                source: left.map(shown),
                target: right.map(shown),
                ..at(labels, sample)
            });
        }
    }

    fn finish(self) -> OfSelector {
        let Self {
            selector,
            mut source,
            mut target,
            compared,
            known,
            mut found,
        } = self;
        let Counted {
            source: of_source,
            target: of_target,
            both,
            missing,
            extra,
        } = known.counted();
        (source.series, target.series) = (of_source, of_target);
        for (key, count, examples) in [
            (MISSING_SERIES, of_source - both, missing),
            (EXTRA_SERIES, of_target - both, extra),
        ] {
            let kept = examples.len().min(MOST_EXAMPLES);
            let rest = count.saturating_sub(kept as u64);
            for example in examples.into_iter().take(kept) {
                found.add(key, 1, || example);
            }
            found.add(key, rest, || Example {
                text: Some("too many to keep one of these".to_owned()),
                ..Example::default()
            });
        }
        if source.samples == 0 && target.samples == 0 {
            found.say(
                (Weight::Unseen, "empty-selector", None),
                "both sides have nothing in the range, which proves nothing",
            );
        }
        let selector = selector.map(|one| one.to_string());
        OfSelector {
            found: found.at(selector.as_deref()).collect(),
            selector,
            source,
            target,
            series: both,
            compared,
        }
    }
}

const MISSING_SERIES: (Weight, &str, Option<Side>) = (Weight::Difference, "missing-series", None);
const EXTRA_SERIES: (Weight, &str, Option<Side>) = (Weight::Difference, "extra-series", None);
const MISSING_SAMPLES: (Weight, &str, Option<Side>) = (Weight::Difference, "missing-samples", None);
const EXTRA_SAMPLES: (Weight, &str, Option<Side>) = (Weight::Difference, "extra-samples", None);

fn count(sums: &mut Sums, samples: &[Sample]) {
    let are_histograms = |one: &&Sample| matches!(one.value, Value::Histogram(_));
    sums.samples += samples.len() as u64;
    sums.histograms += samples.iter().filter(are_histograms).count() as u64;
    if let (Some(first), Some(last)) = (samples.first(), samples.last()) {
        sums.reach(first.time_ms, last.time_ms);
    }
}

fn at(labels: &Labels, sample: &Sample) -> Example {
    Example {
        series: Some(labels.clone()),
        time_ms: Some(sample.time_ms),
        ..Example::default()
    }
}

#[cfg(test)]
mod tests;
