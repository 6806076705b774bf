//! Asks two sides what they have in a range, and tells what differs: metric by metric, day by day, label by label.
//!
//! Each question is bounded: by metrics, by days, and by how much both are thought to have. What cannot be asked or makes no sense is told as
//! not looked at.

mod ask;
mod beside;
mod course;
mod days;
mod lists;
mod slices;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use futures::future::join;

use crate::cutover::parity::{Check, Compared, Difference, Differs, Figure, Parity, many};
use crate::cutover::{Example, Findings, Range, Side, Weight, beside};
use crate::error::{Error, Result};
use crate::human::sample_day;
use crate::promql::Client;
use crate::samples::Labels;
use ask::Asker;
use course::Course;

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    /// The samples that are meant.
    pub(super) range: Range,
    /// How many questions each side is asked at once.
    pub(super) at_once: usize,
    /// Where findings are found.
    pub(super) place: &'static str,
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
    let course = Course::default();
    let mut checking = Checking {
        task,
        course: &course,
        findings: Findings::default(),
        looked_up: BTreeMap::new(),
        compared: Compared::default(),
    };
    let comparing = async {
        let sides = both(
            Asker::meet(source, Side::Source, &said, &course),
            Asker::meet(target, Side::Target, &said, &course),
        );
        match sides.await {
            Ok((source, target)) => checking.all(&Sides { source, target }).await,
            Err(err) => checking.not_seen(Check::Metrics, None, &err),
        }
    };
    course.tell_during(Box::pin(comparing)).await;
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
        findings: findings.at(Some(task.place)).collect(),
        compared,
    }
}

/// More different words of a side tell no more.
const MOST_WARNINGS: usize = 1000;

struct Sides<'a> {
    source: Asker<'a>,
    target: Asker<'a>,
}

struct Checking<'a> {
    task: Task,
    course: &'a Course,
    findings: Findings,
    /// How many of each kind were looked up one by one.
    looked_up: BTreeMap<Difference, u64>,
    compared: Compared,
}

impl Checking<'_> {
    async fn all(&mut self, sides: &Sides<'_>) {
        self.metrics(sides).await;
        self.course.at("labels");
        self.labels(sides).await;
        if self.compared.samples == 0 {
            let key = (Weight::Unseen, "no-metric-compared", None);
            self.findings
                .add(key, || in_words("no metric has a sample on both sides"));
        }
    }

    async fn metrics(&mut self, sides: &Sides<'_>) {
        let (days, weights) = self.samples(sides).await;
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
        self.course.at("series");
        self.series(sides, &both, &weights).await;
        self.course.at("metadata and exemplars");
        let both: BTreeSet<&str> = both.into_iter().collect();
        self.metadata(sides, &both).await;
        self.exemplars(sides, &both).await;
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
    let asked = both(
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

/// Both answers; without one of them, why.
async fn both<T>(
    source: impl Future<Output = Result<T>>,
    target: impl Future<Output = Result<T>>,
) -> Result<(T, T)> {
    match join(source, target).await {
        (Ok(source), Ok(target)) => Ok((source, target)),
        (Err(source), Err(target)) => {
            let kind = if source.kind().is_transient() {
                source.kind()
            } else {
                target.kind()
            };
            Err(Error::new(kind, format!("{source:#}; {target:#}")))
        }
        (Err(err), Ok(_)) | (Ok(_), Err(err)) => Err(err),
    }
}

fn in_words(text: &str) -> Example {
    Example {
        text: Some(text.to_owned()),
        ..Example::default()
    }
}
