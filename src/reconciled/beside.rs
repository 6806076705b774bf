//! Whether both sides tell the same metadata and exemplars.

use std::collections::{BTreeMap, BTreeSet};

use super::found::Founds;
use crate::cutover::{Example, Weight, shown_number};
use crate::human;
use crate::samples::{Exemplar, Labels, Metadata};

/// What a side tells of metrics: of each its type, help and unit, in as many forms as there are.
pub type MetadataOf = BTreeMap<String, BTreeSet<(String, String, String)>>;

/// The exemplars that a side has, of each series by time.
pub type ExemplarsOf = BTreeMap<Labels, Vec<Exemplar>>;

/// What classic histograms, summaries and counters add to the name of their metric.
const SUFFIXES: [&str; 5] = ["_bucket", "_count", "_sum", "_total", "_created"];

/// By metric, each form once.
#[must_use]
pub fn by_metric(told: impl IntoIterator<Item = Metadata>) -> MetadataOf {
    let mut by_metric = MetadataOf::new();
    for told in told {
        let forms = by_metric.entry(told.family).or_default();
        forms.insert((told.kind.to_owned(), told.help, told.unit));
    }
    by_metric
}

/// Compares what both sides tell of the metrics, and says of how many both tell something.
///
/// Servers tell what each of their targets says of a metric: it is the same where the target tells nothing else than the source does.
pub fn compare_metadata(
    metrics: &BTreeSet<String>,
    source: &MetadataOf,
    target: &MetadataOf,
    founds: &mut Founds,
) -> u64 {
    let mut both = 0;
    for metric in metrics {
        match (of_metric(source, metric), of_metric(target, metric)) {
            (Some(one), Some(other)) => {
                both += 1;
                if !other.is_subset(one) {
                    founds.add((Weight::Difference, "different-metadata", None), 1, || {
                        in_words(metric, Some(forms(one)), Some(forms(other)))
                    });
                }
            }
            (Some(one), None) => {
                founds.add((Weight::Difference, "different-metadata", None), 1, || {
                    in_words(metric, Some(forms(one)), None)
                });
            }
            (None, other) => founds.add((Weight::Note, "metadata-not-had", None), 1, || {
                in_words(metric, None, other.map(forms))
            }),
        }
    }
    both
}

fn of_metric<'a>(
    told: &'a MetadataOf,
    metric: &str,
) -> Option<&'a BTreeSet<(String, String, String)>> {
    let of = |name: &str| told.get(name).filter(|forms| !forms.is_empty());
    let mut families = SUFFIXES.iter().filter_map(|end| metric.strip_suffix(end));
    of(metric).or_else(|| families.find_map(of))
}

fn forms(forms: &BTreeSet<(String, String, String)>) -> String {
    let shown = forms.iter().map(|(kind, help, unit)| {
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(", in {unit}")
        };
        format!("{kind}: {help}{unit}")
    });
    shown.collect::<Vec<String>>().join("; ")
}

fn in_words(metric: &str, source: Option<String>, target: Option<String>) -> Example {
    Example {
        source,
        target,
        text: Some(metric.to_owned()),
        ..Example::default()
    }
}

/// By series, without the labels that the plan says each series of the target has. An exemplar that a side tells twice is one.
#[must_use]
pub fn by_series(
    told: impl IntoIterator<Item = Exemplar>,
    external_labels: &Labels,
) -> ExemplarsOf {
    let mut by_series = ExemplarsOf::new();
    for exemplar in told {
        let own = by_series.entry(without(&exemplar.series, external_labels));
        own.or_default().push(exemplar);
    }
    for exemplars in by_series.values_mut() {
        exemplars.sort_by_key(|one| one.time_ms);
        exemplars.dedup();
    }
    by_series
}

/// Whether a series is none of a backfill: it has another value of one of these labels.
#[must_use]
pub fn is_of_others(series: &Labels, external_labels: &Labels) -> bool {
    let mut external = external_labels.iter();
    external.any(|(name, value)| series.get(name).is_some_and(|own| own != value))
}

/// A series without those of these labels that it has with the same value.
#[must_use]
pub fn without(series: &Labels, external_labels: &Labels) -> Labels {
    let own = series
        .iter()
        .filter(|(name, value)| external_labels.get(name) != Some(value));
    own.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Compares the exemplars of one check, at most so many of each side, and says how many both have.
pub fn compare_exemplars(
    source: &ExemplarsOf,
    target: &ExemplarsOf,
    limit: usize,
    founds: &mut Founds,
) -> u64 {
    let none = Vec::new();
    let of = |side: &ExemplarsOf| -> BTreeSet<Labels> {
        let told = side.iter().filter(|(_, own)| !own.is_empty());
        told.map(|(series, _)| series.clone()).collect()
    };
    let (mut both, mut seen) = (0, 0);
    for series in of(source).union(&of(target)) {
        let side = |side: &'_ ExemplarsOf| side.get(series).unwrap_or(&none).clone();
        let (one, other) = (side(source), side(target));
        for (own, theirs, is_source) in [(&one, &other, true), (&other, &one, false)] {
            for exemplar in own {
                if is_source {
                    seen += 1;
                }
                if seen > limit {
                    return both;
                }
                if theirs.iter().any(|it| is_same(it, exemplar)) {
                    both += u64::from(is_source);
                    continue;
                }
                let shown = Some(shown(exemplar));
                let (source, target) = if is_source {
                    (shown, None)
                } else {
                    (None, shown)
                };
                founds.add((Weight::Difference, "different-exemplars", None), 1, || {
                    Example {
                        series: Some(series.clone()),
                        time_ms: Some(exemplar.time_ms),
                        source,
                        target,
                        text: None,
                    }
                });
            }
        }
    }
    both
}

fn is_same(one: &Exemplar, other: &Exemplar) -> bool {
    one.time_ms == other.time_ms
        && one.labels == other.labels
        && one.value.to_bits() == other.value.to_bits()
}

fn shown(exemplar: &Exemplar) -> String {
    let time = human::sample_minute(exemplar.time_ms);
    let value = shown_number(exemplar.value);
    format!("{value} with {} at {time}", exemplar.labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(forms: &[(&str, &str, &str)]) -> MetadataOf {
        let mut told = MetadataOf::new();
        for (metric, kind, help) in forms {
            let form = ((*kind).to_owned(), (*help).to_owned(), String::new());
            told.entry((*metric).to_owned()).or_default().insert(form);
        }
        told
    }

    /// S-24.63
    #[test]
    fn metadata_that_one_side_lacks_is_never_equal() {
        let metrics: BTreeSet<String> = ["a_total", "b_bucket", "c"].map(str::to_owned).into();
        let whole = told(&[
            ("a_total", "counter", "A"),
            ("b", "histogram", "B"),
            ("c", "gauge", "C"),
        ]);
        let two = told(&[
            ("a_total", "counter", "A"),
            ("a_total", "counter", "another A"),
            ("b", "histogram", "B"),
            ("c", "gauge", "C"),
        ]);
        let other = told(&[
            ("a_total", "gauge", "A"),
            ("b", "histogram", "B"),
            ("c", "gauge", "C"),
        ]);
        let less = told(&[("a_total", "counter", "A"), ("c", "gauge", "C")]);
        let none = MetadataOf::new();
        for (source, target, both, differing, not_had) in [
            (&whole, &whole, 3, 0, 0),
            (&two, &whole, 3, 0, 0),
            (&whole, &two, 3, 1, 0),
            (&whole, &other, 3, 1, 0),
            (&whole, &less, 2, 1, 0),
            (&less, &whole, 2, 0, 1),
            (&whole, &none, 0, 3, 0),
            (&none, &none, 0, 0, 3),
        ] {
            let mut founds = Founds::default();
            assert_eq!(
                compare_metadata(&metrics, source, target, &mut founds),
                both
            );
            let found: Vec<_> = founds.at(None).collect();
            let many = |kind: &str| -> u64 {
                let of = found.iter().filter(|found| found.kind == kind);
                of.map(|found| found.count).sum()
            };
            assert_eq!(many("different-metadata"), differing, "{found:?}");
            assert_eq!(many("metadata-not-had"), not_had, "{found:?}");
        }
    }

    /// S-24.63
    #[test]
    fn exemplars_are_compared_one_by_one_up_to_the_limit() {
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let exemplar = |time_ms, value| Exemplar {
            series: Labels::default(),
            time_ms,
            labels: labels(&[("trace_id", "x")]),
            value,
        };
        let external = labels(&[("cluster", "a")]);
        let side = |cluster: &[(&str, &str)], exemplars: &[Exemplar]| {
            let told = exemplars.iter().map(|one| Exemplar {
                series: labels(cluster),
                ..one.clone()
            });
            by_series(told.clone().chain(told), &external)
        };
        let two = [exemplar(1, 1.0), exemplar(2, 2.0)];
        let source = side(&[("job", "j")], &two);
        for (target, limit, both, differing) in [
            (side(&[("job", "j"), ("cluster", "a")], &two), 10, 2, 0),
            (side(&[("job", "j"), ("cluster", "b")], &two), 10, 0, 4),
            (side(&[("job", "j")], &two[..1]), 10, 1, 1),
            (side(&[("job", "j")], &two[..1]), 1, 1, 0),
            (
                side(&[("job", "j")], &[two[0].clone(), exemplar(2, 2.5)]),
                10,
                1,
                2,
            ),
            (ExemplarsOf::new(), 10, 0, 2),
        ] {
            let mut founds = Founds::default();
            let had = compare_exemplars(&source, &target, limit, &mut founds);
            let found: u64 = founds.at(None).map(|found| found.count).sum();
            assert_eq!((had, found), (both, differing), "{target:?}");
        }
    }
}
