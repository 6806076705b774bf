//! What sides list: series, and the names and values of labels.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};

use super::ask::Asker;
use super::slices::{Asked, each_slice};
use super::{Checking, Sides, both};
use crate::cutover::Range;
use crate::cutover::parity::{
    Check, Count, Listed, MOST_SERIES, OneSided, What, one_sided, slices as sliced,
};
use crate::error::Result;

/// So many of a kind are looked up one by one; further ones count as they are listed.
const MOST_LOOKED_UP: u64 = 100;

impl Checking<'_> {
    pub(super) async fn series(
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
            match series(sides, slice, range).await {
                // One metric may be too much over all days, where it has other series on each of them.
                Err(_) if slice.len() == 1 && range.days().nth(1).is_some() => {
                    by_day(sides, slice, range).await
                }
                listed => listed,
            }
        });
        let Asked { answered, failed } = asking.await;
        for (_, listed) in answered {
            self.compared.series += listed.both;
            self.note_listed(sides, Listed::Series, listed.one_sided)
                .await;
        }
        for (name, why) in failed {
            self.not_seen(Check::Series, Some(name), &why);
        }
    }

    pub(super) async fn labels(&mut self, sides: &Sides<'_>) {
        let range = self.task.range;
        let listed = both(
            sides.source.label_names(range),
            sides.target.label_names(range),
        );
        let (source, target) = match listed.await {
            Ok(listed) => listed,
            Err(err) => return self.not_seen(Check::LabelNames, None, &err),
        };
        let found = one_sided(&source, &target);
        let found = found.map(|(side, name)| (side, What::Name(name.clone()), range));
        self.note_listed(sides, Listed::LabelNames, found.collect())
            .await;
        // Metrics are compared by their samples.
        let shared = source
            .intersection(&target)
            .filter(|name| *name != "__name__");
        let shared: Vec<&String> = shared.collect();
        self.compared.label_names = shared.len() as u64;
        let mut values = stream::iter(shared)
            .map(async |name| {
                let asked = both(
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
                    self.not_seen(Check::LabelValues, Some(name), &why);
                }
                Ok((source, target)) => self.values(sides, name, &source, &target).await,
                Err(err) => self.not_seen(Check::LabelValues, Some(name), &err),
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
        let found = one_sided(source, target).map(|(side, value)| {
            let what = What::Value(name.to_owned(), value.clone());
            (side, what, self.task.range)
        });
        self.note_listed(sides, Listed::LabelValues, found.collect())
            .await;
    }

    /// Notes what one side alone lists. Lists are told by blocks, which may reach beyond the range: what has no sample in it is not meant.
    async fn note_listed(
        &mut self,
        sides: &Sides<'_>,
        listed: Listed,
        found: Vec<(OneSided, What, Range)>,
    ) {
        let looking = found.into_iter().map(|(side, what, range)| {
            let looked_up = self.looked_up.entry(listed.difference(side)).or_default();
            *looked_up += 1;
            let is_looked_up = *looked_up <= MOST_LOOKED_UP;
            async move {
                let lists_it = match side {
                    OneSided::Missing => &sides.source,
                    OneSided::Extra => &sides.target,
                };
                let there = if is_looked_up {
                    is_there(lists_it, &what.selector(), range).await
                } else {
                    Ok(true)
                };
                (side, what, there)
            }
        });
        let looking: Vec<_> = looking.collect();
        let mut looking = stream::iter(looking).buffered(self.task.at_once.max(1));
        while let Some((side, what, there)) = looking.next().await {
            match there {
                Ok(true) => listed.note(side, what, &mut self.findings),
                Ok(false) => {}
                Err(err) => self.not_seen(listed.check(), Some(&what.words()), &err),
            }
        }
    }
}

/// What both sides list of some metrics.
#[derive(Default)]
struct Series {
    both: u64,
    /// What one side alone lists, and when.
    one_sided: Vec<(OneSided, What, Range)>,
}

async fn series(sides: &Sides<'_>, metrics: &[&str], range: Range) -> Result<Series> {
    let asked = both(
        sides.source.series(metrics, range),
        sides.target.series(metrics, range),
    );
    let (source, target) = asked.await?;
    let found = one_sided(&source, &target);
    let found = found.map(|(side, labels)| (side, What::Series(labels.clone()), range));
    Ok(Series {
        both: source.intersection(&target).count() as u64,
        one_sided: found.collect(),
    })
}

/// The same, each day by itself. A series that several days have is counted on that with the most.
async fn by_day(sides: &Sides<'_>, metrics: &[&str], range: Range) -> Result<Series> {
    let mut all = Series::default();
    let mut known: BTreeSet<(OneSided, What)> = BTreeSet::new();
    for day in range.days() {
        let of_day = series(sides, metrics, day).await?;
        all.both = all.both.max(of_day.both);
        for (side, what, day) in of_day.one_sided {
            if known.insert((side, what.clone())) {
                all.one_sided.push((side, what, day));
            }
        }
    }
    Ok(all)
}

/// Whether a side has a sample of what it lists: asked of the whole range, and where that is too much, of each day until one has some.
async fn is_there(side: &Asker<'_>, selector: &str, range: Range) -> Result<bool> {
    let whole = side.has_samples(selector, range).await;
    if whole.is_ok() || range.days().nth(1).is_none() {
        return whole;
    }
    for day in range.days() {
        if side.has_samples(selector, day).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
