//! Asks two sides what they have in a range, and tells what differs: metric by metric, day by day, label by label.
//!
//! Each question is bounded: by metrics, by days, and by how much both are thought to have. What cannot be asked or makes no sense is told as
//! not looked at.

mod ask;
mod slices;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures::future::try_join;
use futures::stream::{self, StreamExt};
use tracing::debug;

use crate::cutover::parity::counts::{Count, Days, many};
use crate::cutover::parity::found::{Difference, Ledger, Shown};
use crate::cutover::parity::question::{
    MOST_SAMPLES, MOST_SERIES, Window, labelled, selector, slices as sliced,
};
use crate::cutover::parity::sets::{Beside, Had, Listed, OneSided, note_beside, one_sided};
use crate::cutover::parity::{Check, Compared, Parity, Unseen, Warned};
use crate::error::{Kind, Result};
use crate::promql::{Client, Labels};
use ask::Side;
use slices::{Asked, each_slice};

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// The samples that are meant.
    pub range: Window,
    /// How many questions each side is asked at once.
    pub at_once: usize,
}

/// Compares.
pub async fn compare(task: Task, source: &Client, target: &Client) -> Parity {
    let warned: Mutex<Warned> = Mutex::default();
    let said = |side: &'static str, text: &str| {
        let mut warned = warned.lock().unwrap_or_else(PoisonError::into_inner);
        *warned.entry((side, text.to_owned())).or_default() += 1;
    };
    let mut checking = Checking {
        task,
        ledger: Ledger::default(),
        unseen: BTreeMap::new(),
        beside: BTreeMap::new(),
        compared: Compared::default(),
    };
    let sides = try_join(
        Side::meet(source, "source", &said),
        Side::meet(target, "target", &said),
    );
    match sides.await {
        Ok((source, target)) => checking.all(&Sides { source, target }).await,
        Err(err) => checking.not_seen(Check::Metrics, "any of them", format!("{err:#}")),
    }
    let Checking {
        ledger,
        unseen,
        beside,
        compared,
        ..
    } = checking;
    Parity {
        range: task.range,
        found: ledger.into_found(),
        unseen,
        beside,
        warned: warned.into_inner().unwrap_or_else(PoisonError::into_inner),
        compared,
    }
}

struct Sides<'a> {
    source: Side<'a>,
    target: Side<'a>,
}

struct Checking {
    task: Task,
    ledger: Ledger,
    unseen: BTreeMap<Check, Unseen>,
    beside: BTreeMap<Check, Had>,
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
            Err(err) => self.not_seen(Check::Metrics, "any of them", format!("{err:#}")),
        }
        self.labels(sides).await;
    }

    async fn metrics(&mut self, sides: &Sides<'_>, metrics: &BTreeSet<String>) {
        let (days, weights) = self.samples(sides, metrics).await;
        days.note(self.task.range, &mut self.ledger);
        for difference in [Difference::SeriesCount, Difference::SampleCount] {
            self.show_a_series(sides, difference).await;
        }
        let both = days.on_both_sides();
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
            debug!(day = day.start_ms, metrics = metrics.len(), "counting samples");
            let weighed = metrics.iter().map(|name| {
                let weight = last.get(name).map_or(0, |count| count.samples);
                (name.as_str(), weight)
            });
            let slices = sliced(weighed, MOST_SAMPLES);
            let asking = each_slice(slices, self.task.at_once, async |slice: &[&str]| {
                try_join(sides.source.counts(slice, day), sides.target.counts(slice, day)).await
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
                    seen.insert(name.to_owned(), if source.samples > target.samples { source } else { target });
                }
            }
            last = seen;
            for (name, why) in failed {
                self.not_seen(Check::Samples, name, why);
            }
        }
        (days, last)
    }

    /// Looks for a series in which the first difference of numbers shows.
    async fn show_a_series(&mut self, sides: &Sides<'_>, difference: Difference) {
        let Some(found) = self.ledger.of_kind(difference) else {
            return;
        };
        let (metric, window) = (&found.first.what, found.first.window);
        let asked = try_join(
            sides.source.samples_of_each(metric, window),
            sides.target.samples_of_each(metric, window),
        );
        // It is for people alone: the difference stands without it.
        let Ok((source, target)) = asked.await else {
            return;
        };
        let names: BTreeSet<&Labels> = source.keys().chain(target.keys()).collect();
        let of = |side: &BTreeMap<Labels, u64>, labels: &Labels| side.get(labels).copied().unwrap_or_default();
        let differs = |labels: &&Labels| of(&source, labels) != of(&target, labels);
        let first = names.into_iter().find(differs);
        found.series = first.map(|labels| Shown {
            what: labels.to_string(),
            window,
            source: many(of(&source, labels), "sample"),
            target: many(of(&target, labels), "sample"),
        });
    }

    async fn series(
        &mut self,
        sides: &Sides<'_>,
        metrics: &[&str],
        weights: &BTreeMap<String, Count>,
    ) {
        let range = self.task.range;
        let weighed = metrics.iter().map(|&name| {
            let weight = weights.get(name).map_or(0, |count| count.series);
            (name, weight)
        });
        let slices = sliced(weighed, MOST_SERIES);
        let asking = each_slice(slices, self.task.at_once, async |slice: &[&str]| {
            let asked = try_join(
                sides.source.series(slice, range),
                sides.target.series(slice, range),
            );
            let (source, target) = asked.await?;
            let both = source.intersection(&target).count() as u64;
            let one_sided = one_sided(&source, &target);
            let one_sided: Vec<_> = one_sided.map(|(side, labels)| (side, labels.clone())).collect();
            Ok((both, one_sided))
        });
        let Asked { answered, failed } = asking.await;
        for (_, (both, one_sided)) in answered {
            self.compared.series += both;
            for (side, labels) in one_sided {
                let selector = selector(labels.iter());
                self.note_listed(sides, (Listed::Series, side), labels.to_string(), &selector)
                    .await;
            }
        }
        for (name, why) in failed {
            self.not_seen(Check::Series, name, why);
        }
    }

    async fn labels(&mut self, sides: &Sides<'_>) {
        let range = self.task.range;
        let listed = try_join(sides.source.label_names(range), sides.target.label_names(range));
        let (source, target) = match listed.await {
            Ok(listed) => listed,
            Err(err) => return self.not_seen(Check::LabelNames, "any of them", format!("{err:#}")),
        };
        for (side, name) in one_sided(&source, &target) {
            self.note_listed(sides, (Listed::LabelNames, side), name.clone(), &labelled(name))
                .await;
        }
        // Metrics are compared by their samples.
        let both = source.intersection(&target).filter(|name| *name != "__name__");
        let both: Vec<&String> = both.collect();
        self.compared.label_names = both.len() as u64;
        let mut values = stream::iter(both)
            .map(async |name| {
                let asked = try_join(
                    sides.source.label_values(name, range),
                    sides.target.label_values(name, range),
                );
                (name, asked.await)
            })
            .buffered(self.task.at_once.max(1));
        while let Some((name, values)) = values.next().await {
            match values {
                // Some servers list a name and know no question for its values.
                Ok((source, target)) if source.is_empty() || target.is_empty() => {
                    let why = "a side lists the label, and no value of it";
                    self.not_seen(Check::LabelValues, name, why.to_owned());
                }
                Ok((source, target)) => self.values(sides, name, &source, &target).await,
                Err(err) => self.not_seen(Check::LabelValues, name, format!("{err:#}")),
            }
        }
    }

    async fn values(
        &mut self,
        sides: &Sides<'_>,
        name: &str,
        source: &BTreeSet<String>,
        target: &BTreeSet<String>,
    ) {
        self.compared.label_values += source.intersection(target).count() as u64;
        for (side, value) in one_sided(source, target) {
            let selector = selector([(name, value.as_str())]);
            self.note_listed(sides, (Listed::LabelValues, side), selector.clone(), &selector)
                .await;
        }
    }

    async fn metadata(&mut self, sides: &Sides<'_>, metrics: &BTreeSet<&str>) {
        let asked = try_join(
            or_none(sides.source.metadata(metrics)),
            or_none(sides.target.metadata(metrics)),
        );
        match asked.await {
            Ok(told) => self.note_beside(Check::Metadata, Difference::Metadata, &told),
            Err(err) => self.not_seen(Check::Metadata, "any of them", format!("{err:#}")),
        }
    }

    async fn exemplars(&mut self, sides: &Sides<'_>, metrics: &BTreeSet<&str>) {
        let range = self.task.range;
        let slices = sliced(metrics.iter().map(|name| (*name, 0)), MOST_SERIES);
        let asking = each_slice(slices, self.task.at_once, async |slice: &[&str]| {
            let asked = try_join(
                or_none(sides.source.exemplars(slice, range)),
                or_none(sides.target.exemplars(slice, range)),
            );
            asked.await
        });
        let Asked { answered, failed } = asking.await;
        let mut told: (Beside, Beside) = Default::default();
        for (_, (source, target)) in answered {
            told.0.extend(source);
            told.1.extend(target);
        }
        self.note_beside(Check::Exemplars, Difference::Exemplars, &told);
        for (name, why) in failed {
            self.not_seen(Check::Exemplars, name, why);
        }
    }

    fn note_beside(&mut self, check: Check, difference: Difference, told: &(Beside, Beside)) {
        let had = note_beside(difference, (&told.0, &told.1), self.task.range, &mut self.ledger);
        self.beside.insert(check, had);
    }

    /// Notes what one side alone lists. Lists are told by blocks, which may reach beyond the range: what has no sample in it is not meant.
    async fn note_listed(
        &mut self,
        sides: &Sides<'_>,
        (listed, side): (Listed, OneSided),
        what: String,
        selector: &str,
    ) {
        let range = self.task.range;
        if self.ledger.count(listed.difference(side)) < MOST_CONFIRMED {
            let lists_it = match side {
                OneSided::Missing => &sides.source,
                OneSided::Extra => &sides.target,
            };
            // Where that cannot be had, the list counts as it is.
            if matches!(lists_it.has_samples(selector, range).await, Ok(false)) {
                return;
            }
        }
        listed.note(side, what, range, &mut self.ledger);
    }

    fn not_seen(&mut self, check: Check, what: &str, why: String) {
        let unseen = self.unseen.entry(check).or_insert_with(|| Unseen {
            count: 0,
            what: what.to_owned(),
            why,
        });
        unseen.count += 1;
    }
}

/// After so many differences of a kind, further ones of that kind are not looked up one by one.
const MOST_CONFIRMED: u64 = 100;

/// What is told, which is nothing where there is no such question.
async fn or_none(told: impl Future<Output = Result<Beside>>) -> Result<Beside> {
    match told.await {
        Err(err) if err.kind() == Kind::Unsupported => Ok(Beside::new()),
        told => told,
    }
}
