//! How many series and samples metrics have, day by day.

use std::collections::{BTreeMap, BTreeSet};

use super::slices::{Asked, each_slice};
use super::{Checking, Sides, both};
use crate::cutover::Range;
use crate::cutover::parity::{Check, Count, Days, MOST_SAMPLES, slices as sliced};
use crate::human::sample_day;

/// So many days are looked at together first, to leave out those without any metric.
const TOGETHER: usize = 32;

/// After so many days in a row whose metrics were not listed, no further one is asked about.
const MOST_FAILURES: usize = 3;

/// What each metric has on a day.
type Counts = BTreeMap<String, Count>;

impl Checking<'_> {
    /// Counts. What a metric has on one day is thought to be what it has on the next; the last that it had comes with the answer.
    pub(super) async fn samples(&mut self, sides: &Sides<'_>) -> (Days, Counts) {
        let mut days = Days::default();
        let (mut last, mut weights) = (Counts::new(), Counts::new());
        let mut in_a_row = 0;
        let mut rest = self.task.range.days();
        loop {
            let together: Vec<Range> = rest.by_ref().take(TOGETHER).collect();
            let (Some(first), Some(end)) = (together.first(), together.last()) else {
                break;
            };
            let whole = Range {
                min_ms: first.min_ms,
                max_ms: end.max_ms,
            };
            // A range from the beginning of all times has many days on which there is nothing.
            if together.len() > 1
                && matches!(listed(sides, whole).await, Ok(none) if none.is_empty())
            {
                continue;
            }
            for day in together {
                self.course
                    .at(format!("samples of {}", sample_day(day.min_ms)));
                if in_a_row >= MOST_FAILURES {
                    let why = "not asked, after the lists of several days were not had";
                    self.not_seen(Check::Metrics, Some(&sample_day(day.min_ms)), &why);
                    continue;
                }
                match listed(sides, day).await {
                    Ok(mut metrics) => {
                        in_a_row = 0;
                        // A list that lacks a metric for once does not hide its samples.
                        metrics.extend(last.into_keys());
                        last = self.day(sides, day, &metrics, &weights, &mut days).await;
                        weights.extend(last.clone());
                    }
                    Err(err) => {
                        in_a_row += 1;
                        last = Counts::new();
                        self.not_seen(Check::Metrics, Some(&sample_day(day.min_ms)), &err);
                    }
                }
            }
        }
        (days, weights)
    }

    /// What metrics have on a day; those without a sample are left out.
    async fn day(
        &mut self,
        sides: &Sides<'_>,
        day: Range,
        metrics: &BTreeSet<String>,
        weights: &Counts,
        days: &mut Days,
    ) -> Counts {
        let weighed = metrics.iter().map(|name| {
            let weight = weights.get(name).map_or(0, |count| count.samples);
            (name.as_str(), weight)
        });
        let slices = sliced(weighed, MOST_SAMPLES);
        let asking = each_slice(slices, self.task.at_once, async |slice: &[&str]| {
            let source = sides.source.counts(slice, day);
            both(source, sides.target.counts(slice, day)).await
        });
        let Asked { answered, failed } = asking.await;
        self.compared.days += u64::from(!answered.is_empty());
        let mut seen = Counts::new();
        for (slice, (source, target)) in answered {
            for (index, name) in slice.into_iter().enumerate() {
                let of =
                    |side: &BTreeMap<usize, Count>| side.get(&index).copied().unwrap_or_default();
                let (source, target) = (of(&source), of(&target));
                days.add(name, day, source, target);
                let more = if source.samples > target.samples {
                    source
                } else {
                    target
                };
                if more.samples > 0 {
                    seen.insert(name.to_owned(), more);
                }
            }
        }
        for (name, why) in failed {
            self.not_seen(Check::Samples, Some(name), &why);
        }
        seen
    }
}

/// The metrics that either side lists.
async fn listed(sides: &Sides<'_>, range: Range) -> crate::Result<BTreeSet<String>> {
    let listed = both(sides.source.metrics(range), sides.target.metrics(range));
    let (mut source, target) = listed.await?;
    source.extend(target);
    Ok(source)
}
