//! Whether the metrics of two sides have as many series and samples, day by day.

use std::collections::BTreeMap;

use super::super::finding::{Example, Findings};
use super::super::range::Range;
use super::kinds::Difference;
use super::question::Figure;

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
    /// The days on which the number of series differs.
    series: Differing,
    /// The same of samples.
    counts: Differing,
}

/// How many days differ, and the first of them.
#[derive(Debug, Default)]
struct Differing {
    days: u64,
    first: Option<(Range, u64, u64)>,
}

/// A number of a metric that differs on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differs<'a> {
    /// The metric.
    pub metric: &'a str,
    /// The day.
    pub day: Range,
    /// What the source has of it.
    pub source: u64,
    /// What the target has of it.
    pub target: u64,
}

impl Known {
    fn differing(&self, figure: Figure) -> &Differing {
        match figure {
            Figure::Series => &self.series,
            Figure::Samples => &self.counts,
        }
    }

    fn is_on_both_sides(&self) -> bool {
        self.samples.into_iter().all(|samples| samples > 0)
    }
}

/// The days that were counted so far.
#[derive(Debug, Default)]
pub struct Days {
    metrics: BTreeMap<String, Known>,
}

impl Days {
    /// Takes what both sides have of a metric on a day. Days come in order.
    pub fn add(&mut self, metric: &str, day: Range, source: Count, target: Count) {
        if !self.metrics.contains_key(metric) {
            self.metrics.insert(metric.to_owned(), Known::default());
        }
        let Some(known) = self.metrics.get_mut(metric) else {
            return;
        };
        let [of_source, of_target] = &mut known.samples;
        *of_source = of_source.saturating_add(source.samples);
        *of_target = of_target.saturating_add(target.samples);
        for (differing, source, target) in [
            (&mut known.series, source.series, target.series),
            (&mut known.counts, source.samples, target.samples),
        ] {
            if source != target {
                differing.days += 1;
                differing.first.get_or_insert((day, source, target));
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
        let both = self.both();
        both.map(|(name, _)| name).collect()
    }

    /// Notes the metrics that one side lacks wholly: each is one difference, whatever its days.
    pub fn note_one_sided(&self, findings: &mut Findings) {
        for (metric, known) in &self.metrics {
            let [source, target] = known.samples;
            let difference = match (source, target) {
                (1.., 0) => Difference::MissingMetric,
                (0, 1..) => Difference::ExtraMetric,
                _ => continue,
            };
            findings.add(difference.key(), || Example {
                source: Some(many(source, "sample")),
                target: Some(many(target, "sample")),
                text: Some(metric.clone()),
                ..Example::default()
            });
        }
    }

    /// On how many days of how many metrics that both sides have the number of series, or of samples, differs; and the first of them.
    #[must_use]
    pub fn differing(&self, figure: Figure) -> Option<(u64, Differs<'_>)> {
        let days = self.both().map(|(_, known)| known.differing(figure).days);
        let mut firsts = self.both().filter_map(|(metric, known)| {
            let (day, source, target) = known.differing(figure).first?;
            Some(Differs {
                metric,
                day,
                source,
                target,
            })
        });
        let first = firsts.next()?;
        Some((days.fold(0, u64::saturating_add), first))
    }

    fn both(&self) -> impl Iterator<Item = (&str, &Known)> {
        let metrics = self.metrics.iter();
        metrics
            .filter(|(_, known)| known.is_on_both_sides())
            .map(|(name, known)| (name.as_str(), known))
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

    const DAY: Range = Range {
        min_ms: 0,
        max_ms: 10,
    };
    const NEXT: Range = Range {
        min_ms: 10,
        max_ms: 20,
    };
    /// What both sides have on two days; what one of them lacks; and on how many days series and samples differ.
    type Case = ([(Count, Count); 2], &'static [&'static str], u64, u64);

    const NONE: Count = count(0, 0);

    const fn count(series: u64, samples: u64) -> Count {
        Count { series, samples }
    }

    /// S-21.40, S-21.42
    #[test]
    fn each_metric_is_counted_day_by_day_and_a_lacking_one_once() {
        let cases: [Case; 7] = [
            ([(count(2, 8), count(2, 8)), (NONE, NONE)], &[], 0, 0),
            ([(NONE, NONE), (NONE, NONE)], &[], 0, 0),
            (
                [(count(1, 4), NONE), (count(1, 5), NONE)],
                &["missing-metric"],
                0,
                0,
            ),
            ([(NONE, NONE), (NONE, count(1, 5))], &["extra-metric"], 0, 0),
            (
                [(count(2, 8), count(2, 7)), (count(2, 8), count(2, 9))],
                &[],
                0,
                2,
            ),
            (
                [(count(2, 8), count(2, 8)), (count(2, 8), count(1, 8))],
                &[],
                1,
                0,
            ),
            ([(count(2, 8), NONE), (count(2, 8), count(2, 8))], &[], 1, 1),
        ];
        for (days, one_sided, series, samples) in cases {
            let mut counted = Days::default();
            for (day, (source, target)) in [DAY, NEXT].into_iter().zip(days) {
                counted.add("up", day, source, target);
            }
            let mut findings = Findings::default();
            counted.note_one_sided(&mut findings);
            let found: Vec<_> = findings.at(None).map(|found| found.kind).collect();
            assert_eq!(found, one_sided, "{days:?}");
            for (figure, expected) in [(Figure::Series, series), (Figure::Samples, samples)] {
                let differing = counted.differing(figure).map_or(0, |(days, _)| days);
                assert_eq!(differing, expected, "{days:?} {figure:?}");
            }
        }
    }

    #[test]
    fn the_first_day_that_differs_is_told_with_both_counts() {
        let mut counted = Days::default();
        counted.add("up", DAY, count(2, 8), count(2, 8));
        counted.add("up", NEXT, count(2, 8), count(1, 1));
        counted.add("down", NEXT, count(3, 3), count(3, 3));
        let expected = |source, target| {
            let first = Differs {
                metric: "up",
                day: NEXT,
                source,
                target,
            };
            Some((1, first))
        };
        assert_eq!(counted.differing(Figure::Series), expected(2, 1));
        assert_eq!(counted.differing(Figure::Samples), expected(8, 1));
        assert_eq!(counted.on_both_sides(), ["down", "up"]);
        assert_eq!(counted.samples(), 19);
    }
}
