//! What sides list: series, and the names and values of labels.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join;
use futures::stream::{self, StreamExt};

use super::slices::{Asked, each_slice};
use super::{Checking, Sides};
use crate::cutover::parity::{
    Check, Count, Listed, MOST_SERIES, OneSided, What, labelled, one_sided, selector,
    slices as sliced,
};

/// So many of a kind are looked up one by one; further ones count as they are listed.
const MOST_LOOKED_UP: u64 = 100;

impl Checking {
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
            let asked = try_join(
                sides.source.series(slice, range),
                sides.target.series(slice, range),
            );
            let (source, target) = asked.await?;
            let both = source.intersection(&target).count() as u64;
            let one_sided = one_sided(&source, &target);
            let one_sided: Vec<_> = one_sided
                .map(|(side, labels)| (side, labels.clone()))
                .collect();
            Ok((both, one_sided))
        });
        let Asked { answered, failed } = asking.await;
        for (_, (both, one_sided)) in answered {
            self.compared.series += both;
            for (side, labels) in one_sided {
                let selector = selector(labels.iter());
                let what = What::Series(labels);
                self.note_listed(sides, (Listed::Series, side), what, &selector)
                    .await;
            }
        }
        for (name, why) in failed {
            self.not_seen(Check::Series, Some(name), &why);
        }
    }

    pub(super) async fn labels(&mut self, sides: &Sides<'_>) {
        let range = self.task.range;
        let listed = try_join(
            sides.source.label_names(range),
            sides.target.label_names(range),
        );
        let (source, target) = match listed.await {
            Ok(listed) => listed,
            Err(err) => return self.not_seen(Check::LabelNames, None, &err),
        };
        for (side, name) in one_sided(&source, &target) {
            self.note_listed(
                sides,
                (Listed::LabelNames, side),
                What::Words(name.clone()),
                &labelled(name),
            )
            .await;
        }
        // Metrics are compared by their samples.
        let both = source
            .intersection(&target)
            .filter(|name| *name != "__name__");
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
        for (side, value) in one_sided(source, target) {
            let selector = selector([(name, value.as_str())]);
            self.note_listed(
                sides,
                (Listed::LabelValues, side),
                What::Words(selector.clone()),
                &selector,
            )
            .await;
        }
    }

    /// Notes what one side alone lists. Lists are told by blocks, which may reach beyond the range: what has no sample in it is not meant.
    async fn note_listed(
        &mut self,
        sides: &Sides<'_>,
        (listed, side): (Listed, OneSided),
        what: What,
        selector: &str,
    ) {
        let looked_up = self.looked_up.entry(listed.difference(side)).or_default();
        if *looked_up < MOST_LOOKED_UP {
            *looked_up += 1;
            let lists_it = match side {
                OneSided::Missing => &sides.source,
                OneSided::Extra => &sides.target,
            };
            // Where that cannot be had, the list counts as it is.
            if matches!(
                lists_it.has_samples(selector, self.task.range).await,
                Ok(false)
            ) {
                return;
            }
        }
        listed.note(side, what, &mut self.findings);
    }
}
