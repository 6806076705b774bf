//! Asks two sides what they have in a range, and tells what differs: metric by metric, day by day, label by label.
//!
//! Each question is bounded: by metrics, by days, and by how much both are thought to have. What cannot be asked or makes no sense is told as
//! not looked at.

mod ask;
mod beside;
mod lists;
mod slices;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use futures::future::try_join;
use tracing::debug;

use crate::cutover::parity::{
    Check, Compared, Count, Days, Difference, Differs, Figure, MOST_SAMPLES, PARITY, Parity, many,
    slices as sliced,
};
use crate::cutover::{Example, Findings, Range, Side, Weight, beside};
use crate::human::sample_day;
use crate::promql::{Client, Labels};
use ask::Asker;
use slices::{Asked, each_slice};

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    /// The samples that are meant.
    pub(super) range: Range,
    /// How many questions each side is asked at once.
    pub(super) at_once: usize,
}

/// Compares.
pub(super) async fn compare(task: Task, source: &Client, target: &Client) -> Parity {
    let warnings: Mutex<[BTreeSet<String>; 2]> = Mutex::default();
    let said = |side: Side, text: &str| {
        let mut warnings = warnings.lock().unwrap_or_else(PoisonError::into_inner);
        let [of_source, of_target] = &mut *warnings;
        let own = match side {
            Side::Source => of_source,
            Side::Target => of_target,
        };
        if own.len() < MOST_WARNINGS {
            own.insert(text.to_owned());
        }
    };
    let mut checking = Checking {
        task,
        findings: Findings::default(),
        looked_up: BTreeMap::new(),
        compared: Compared::default(),
    };
    let sides = try_join(
        Asker::meet(source, Side::Source, &said),
        Asker::meet(target, Side::Target, &said),
    );
    match sides.await {
        Ok((source, target)) => checking.all(&Sides { source, target }).await,
        Err(err) => checking.not_seen(Check::Metrics, None, &err),
    }
    let Checking {
        mut findings,
        compared,
        ..
    } = checking;
    let warnings = warnings
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let [source, target] = warnings.map(|own| own.into_iter().collect::<Vec<_>>());
    beside(&mut findings, [&source, &target], [&[], &[]]);
    Parity {
        findings: findings.at(Some(PARITY)).collect(),
        compared,
    }
}

/// More different words of a side tell no more.
const MOST_WARNINGS: usize = 1000;

struct Sides<'a> {
    source: Asker<'a>,
    target: Asker<'a>,
}

struct Checking {
    task: Task,
    findings: Findings,
    /// How many of each kind were looked up one by one.
    looked_up: BTreeMap<Difference, u64>,
    compared: Compared,
}

impl Checking {
    async fn all(&mut self, sides: &Sides<'_>) {
        let range = self.task.range;
        let listed = try_join(sides.source.metrics(range), sides.target.metrics(range)).await;
        match listed {
            Ok((source, target)) => {
                let metrics: BTreeSet<String> = source.union(&target).cloned().collect();
                self.metrics(sides, &metrics).await;
            }
            Err(err) => self.not_seen(Check::Metrics, None, &err),
        }
        self.labels(sides).await;
        if self.compared.samples == 0 {
            let key = (Weight::Unseen, "nothing-compared", None);
            self.findings
                .add(key, || in_words("no metric has a sample on both sides"));
        }
    }

    async fn metrics(&mut self, sides: &Sides<'_>, metrics: &BTreeSet<String>) {
        let (days, weights) = self.samples(sides, metrics).await;
        days.note_one_sided(&mut self.findings);
        for (figure, difference) in [
            (Figure::Series, Difference::SeriesCount),
            (Figure::Samples, Difference::SampleCount),
        ] {
            if let Some((count, first)) = days.differing(figure) {
                let example = in_a_series(sides, figure, first).await;
                for _ in 0..count {
                    self.findings.add(difference.key(), || example.clone());
                }
            }
        }
        let both = days.on_both_sides();
        if both.is_empty() {
            return;
        }
        self.compared.metrics = both.len() as u64;
        self.compared.samples = days.samples();
        self.series(sides, &both, &weights).await;
        let both: BTreeSet<&str> = both.into_iter().collect();
        self.metadata(sides, &both).await;
        self.exemplars(sides, &both).await;
    }

    /// Counts series and samples, day by day. What a metric has on one day is thought to be what it has on the next.
    async fn samples(
        &mut self,
        sides: &Sides<'_>,
        metrics: &BTreeSet<String>,
    ) -> (Days, BTreeMap<String, Count>) {
        let mut days = Days::default();
        let mut last: BTreeMap<String, Count> = BTreeMap::new();
        for day in self.task.range.days() {
            debug!(
                day = day.min_ms,
                metrics = metrics.len(),
                "counting samples"
            );
            let weighed = metrics.iter().map(|name| {
                let weight = last.get(name).map_or(0, |count| count.samples);
                (name.as_str(), weight)
            });
            let slices = sliced(weighed, MOST_SAMPLES);
            let asking = each_slice(slices, self.task.at_once, async |slice: &[&str]| {
                try_join(
                    sides.source.counts(slice, day),
                    sides.target.counts(slice, day),
                )
                .await
            });
            let Asked { answered, failed } = asking.await;
            self.compared.days += 1;
            let mut seen = BTreeMap::new();
            for (slice, (source, target)) in answered {
                for (index, name) in slice.into_iter().enumerate() {
                    let of = |side: &BTreeMap<usize, Count>| {
                        side.get(&index).copied().unwrap_or_default()
                    };
                    let (source, target) = (of(&source), of(&target));
                    days.add(name, day, source, target);
                    seen.insert(
                        name.to_owned(),
                        if source.samples > target.samples {
                            source
                        } else {
                            target
                        },
                    );
                }
            }
            last = seen;
            for (name, why) in failed {
                self.not_seen(Check::Samples, Some(name), &why);
            }
        }
        (days, last)
    }

    /// Notes what is not known: of a metric or a label, or of any of them.
    fn not_seen(&mut self, check: Check, name: Option<&str>, why: &impl Display) {
        self.findings.add(check.unseen(), || {
            let name = name.map(|name| format!("{name}: ")).unwrap_or_default();
            in_words(&format!("{name}{why:#}"))
        });
    }
}

/// The first difference of a number, in a series in which it shows.
async fn in_a_series(sides: &Sides<'_>, figure: Figure, first: Differs<'_>) -> Example {
    let Differs {
        metric,
        day,
        source,
        target,
    } = first;
    let thing = match figure {
        Figure::Series => "series",
        Figure::Samples => "sample",
    };
    let counted = format!(
        "{metric} on {}: {} and {}",
        sample_day(day.min_ms),
        many(source, thing),
        many(target, thing)
    );
    let asked = try_join(
        sides.source.samples_of_each(metric, day),
        sides.target.samples_of_each(metric, day),
    );
    // A series is for people alone: the difference stands without it.
    let (source, target) = asked.await.unwrap_or_default();
    let of = |side: &BTreeMap<Labels, u64>, labels: &Labels| side.get(labels).copied();
    let series: BTreeSet<&Labels> = source.keys().chain(target.keys()).collect();
    let mut series = series.into_iter();
    let series = series.find(|labels| of(&source, labels) != of(&target, labels));
    let samples = |side: &BTreeMap<Labels, u64>| {
        let samples = of(side, series?).unwrap_or_default();
        Some(many(samples, "sample"))
    };
    Example {
        source: samples(&source),
        target: samples(&target),
        series: series.map(|labels| of_metric(metric, labels)),
        time_ms: Some(day.min_ms),
        text: Some(counted),
    }
}

/// The labels of a series with the name that functions over ranges drop.
fn of_metric(metric: &str, labels: &Labels) -> Labels {
    let named = [("__name__", metric)].into_iter().chain(labels.iter());
    named
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn in_words(text: &str) -> Example {
    Example {
        text: Some(text.to_owned()),
        ..Example::default()
    }
}
