//! Whether the metrics of two sides have as many series and samples, day by day.

use std::collections::BTreeMap;

use super::found::{Difference, Ledger, Shown};
use super::question::Window;

/// What a side has of a metric in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Series that have a sample.
    pub series: u64,
    /// Their samples, of numbers and of native histograms.
    pub samples: u64,
}

/// What is known of one metric.
#[derive(Debug, Default)]
struct Known {
    /// Samples of the source and of the target, all days together.
    samples: [u64; 2],
    /// Days on which the number of series differs, and the first of them.
    series: (u64, Option<Differs>),
    /// The same of samples.
    counts: (u64, Option<Differs>),
}

#[derive(Debug, Clone, Copy)]
struct Differs {
    day: Window,
    source: u64,
    target: u64,
}

/// The days that were counted so far.
#[derive(Debug, Default)]
pub struct Days {
    metrics: BTreeMap<String, Known>,
}

impl Days {
    /// Takes what both sides have of a metric on a day. Days come in order.
    pub fn add(&mut self, metric: &str, day: Window, source: Count, target: Count) {
        if !self.metrics.contains_key(metric) {
            self.metrics.insert(metric.to_owned(), Known::default());
        }
        let Some(known) = self.metrics.get_mut(metric) else {
            return;
        };
        let [of_source, of_target] = &mut known.samples;
        *of_source = of_source.saturating_add(source.samples);
        *of_target = of_target.saturating_add(target.samples);
        for ((days, first), source, target) in [
            (&mut known.series, source.series, target.series),
            (&mut known.counts, source.samples, target.samples),
        ] {
            if source != target {
                *days += 1;
                first.get_or_insert(Differs {
                    day,
                    source,
                    target,
                });
            }
        }
    }

    /// How many samples all metrics have, on the side that has more of each.
    #[must_use]
    pub fn samples(&self) -> u64 {
        let metrics = self.metrics.values();
        let of_each = metrics.map(|known| known.samples.into_iter().max().unwrap_or_default());
        of_each.fold(0, u64::saturating_add)
    }

    /// The metrics that have samples on both sides.
    #[must_use]
    pub fn on_both_sides(&self) -> Vec<&str> {
        let metrics = self.metrics.iter();
        let both = metrics.filter(|(_, known)| known.samples.into_iter().all(|samples| samples > 0));
        both.map(|(name, _)| name.as_str()).collect()
    }

    /// Notes what differs. A metric that one side lacks wholly is one difference, whatever its days.
    pub fn note(&self, range: Window, ledger: &mut Ledger) {
        for (metric, known) in &self.metrics {
            let [source, target] = known.samples;
            let one_sided = match (source, target) {
                (0, 0) => continue,
                (_, 0) => Some(Difference::MissingMetric),
                (0, _) => Some(Difference::ExtraMetric),
                _ => None,
            };
            if let Some(difference) = one_sided {
                ledger.add(difference, || Shown {
                    what: metric.clone(),
                    window: range,
                    source: many(source, "sample"),
                    target: many(target, "sample"),
                });
                continue;
            }
            for (difference, (days, first), thing) in [
                (Difference::SeriesCount, &known.series, "series"),
                (Difference::SampleCount, &known.counts, "sample"),
            ] {
                let Some(first) = first else { continue };
                for _ in 0..*days {
                    ledger.add(difference, || Shown {
                        what: metric.clone(),
                        window: first.day,
                        source: many(first.source, thing),
                        target: many(first.target, thing),
                    });
                }
            }
        }
    }
}

/// `no sample`, `1 sample`, `2 samples`.
#[must_use]
pub fn many(count: u64, thing: &str) -> String {
    match count {
        0 => format!("no {thing}"),
        1 => format!("1 {thing}"),
        _ if thing == "series" => format!("{count} series"),
        _ => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Window = Window {
        start_ms: 0,
        end_ms: 10,
    };
    const NEXT: Window = Window {
        start_ms: 10,
        end_ms: 20,
    };
    const RANGE: Window = Window {
        start_ms: 0,
        end_ms: 20,
    };

    const fn count(series: u64, samples: u64) -> Count {
        Count { series, samples }
    }

    /// S-21.42
    #[test]
    fn each_metric_is_counted_day_by_day_and_a_lacking_one_once() {
        use Difference::{ExtraMetric, MissingMetric, SampleCount, SeriesCount};
        let none = Count::default();
        let cases = [
            ([(count(2, 8), count(2, 8)), (none, none)], vec![]),
            ([(none, none), (none, none)], vec![]),
            ([(count(1, 4), none), (count(1, 5), none)], vec![(MissingMetric, 1)]),
            ([(none, none), (none, count(1, 5))], vec![(ExtraMetric, 1)]),
            (
                [(count(2, 8), count(2, 7)), (count(2, 8), count(2, 9))],
                vec![(SampleCount, 2)],
            ),
            (
                [(count(2, 8), count(2, 8)), (count(2, 8), count(1, 8))],
                vec![(SeriesCount, 1)],
            ),
            (
                [(count(2, 8), none), (count(2, 8), count(2, 8))],
                vec![(SeriesCount, 1), (SampleCount, 1)],
            ),
        ];
        for (days, expected) in cases {
            let mut counted = Days::default();
            for (day, (source, target)) in [DAY, NEXT].into_iter().zip(days) {
                counted.add("up", day, source, target);
            }
            let mut ledger = Ledger::default();
            counted.note(RANGE, &mut ledger);
            let found = ledger.into_found();
            let kinds: Vec<_> = found
                .iter()
                .map(|found| (found.difference, found.count))
                .collect();
            assert_eq!(kinds, expected, "{days:?}");
        }
    }

    #[test]
    fn the_first_day_that_differs_is_shown_with_both_counts() {
        let mut counted = Days::default();
        counted.add("up", DAY, count(2, 8), count(2, 8));
        counted.add("up", NEXT, count(2, 8), count(1, 1));
        counted.add("down", NEXT, count(3, 3), count(3, 3));
        let mut ledger = Ledger::default();
        counted.note(RANGE, &mut ledger);
        let found = ledger.into_found();
        let shown = |source: &str, target: &str| Shown {
            what: "up".to_owned(),
            window: NEXT,
            source: source.to_owned(),
            target: target.to_owned(),
        };
        let firsts: Vec<_> = found.iter().map(|found| found.first.clone()).collect();
        assert_eq!(
            firsts,
            [shown("2 series", "1 series"), shown("8 samples", "1 sample")]
        );
        assert_eq!(counted.on_both_sides(), ["down", "up"]);
        assert_eq!(counted.samples(), 19);
    }
}
