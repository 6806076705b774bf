//! What parity checks ask in `PromQL`: which samples a range selector takes, how names are written, and how many metrics share a question.

use std::fmt::Write as _;

use super::super::range::Range;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Range {
    /// The days, in UTC, that it meets, the first and the last cut to it.
    pub fn days(self) -> impl Iterator<Item = Self> {
        let first = self.min_ms.div_euclid(DAY_MS);
        let last = self.max_ms.saturating_sub(1).div_euclid(DAY_MS);
        (first..=last)
            .map(move |day| Self {
                min_ms: day.saturating_mul(DAY_MS).max(self.min_ms),
                max_ms: (day + 1).saturating_mul(DAY_MS).min(self.max_ms),
            })
            .filter(|day| day.min_ms < day.max_ms)
    }

    /// The time of its last millisecond, at which an instant query looks back on all of it.
    #[must_use]
    pub fn at_ms(self) -> i64 {
        self.max_ms.saturating_sub(1)
    }

    /// The range that takes, at [`Range::at_ms`], the samples of this window and no other.
    fn range(self, borders: Borders) -> String {
        let length = self.max_ms.saturating_sub(self.min_ms);
        let range = match borders {
            Borders::LeftOpen => length,
            Borders::Closed => length.saturating_sub(1).max(1),
        };
        format!("[{range}ms]")
    }
}

/// Whether a sample that lies where a range begins belongs to it: not so since Prometheus 3, and so before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borders {
    /// It does not.
    LeftOpen,
    /// It does.
    Closed,
}

impl Borders {
    /// A query, to be asked at a whole second, whose answer tells.
    pub const PROBE: &str = "count_over_time(vector(1)[2s:1s])";

    /// What that answer tells, if anything.
    #[must_use]
    pub fn of_probe(steps: f64) -> Option<Self> {
        match steps {
            2.0 => Some(Self::LeftOpen),
            3.0 => Some(Self::Closed),
            _ => None,
        }
    }
}

/// The selector of the series that have these labels, and maybe others.
#[must_use]
pub fn selector<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (name, value) in labels {
        if text.len() > 1 {
            text.push(',');
        }
        write_name(name, &mut text);
        text.push('=');
        quote(value, &mut text);
    }
    text.push('}');
    text
}

/// The selector of a metric.
#[must_use]
pub fn metric(name: &str) -> String {
    selector([("__name__", name)])
}

/// The selector of the series that have a label at all.
#[must_use]
pub fn labelled(name: &str) -> String {
    let mut text = String::from("{");
    write_name(name, &mut text);
    text + "!=\"\"}"
}

fn write_name(name: &str, into: &mut String) {
    if is_plain(name) {
        into.push_str(name);
    } else {
        quote(name, into);
    }
}

/// Whether a label's name may stand without quotes.
fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn quote(text: &str, into: &mut String) {
    into.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => into.extend(['\\', c]),
            '\n' => into.push_str("\\n"),
            c => into.push(c),
        }
    }
    into.push('"');
}

/// How many samples each series of a selector has in a window.
#[must_use]
pub fn samples_of_each(selector: &str, window: Range, borders: Borders) -> String {
    format!("count_over_time({selector}{})", window.range(borders))
}

/// Whether a selector has any sample in a window: an answer without a series says no.
#[must_use]
pub fn has_samples(selector: &str, window: Range, borders: Borders) -> String {
    format!("count({})", samples_of_each(selector, window, borders))
}

/// What a question tells of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// How many samples all its series have together.
    Samples,
    /// How many of its series have a sample.
    Series,
}

/// The label by which the answer to [`figures`] tells its series apart.
pub const PLACE: &str = "parity";

/// Both figures of each of these metrics. Functions over ranges drop the name of the metric, so that each has a place in the answer instead.
#[must_use]
pub fn figures(metrics: &[&str], window: Range, borders: Borders) -> String {
    let mut query = String::new();
    for (index, name) in metrics.iter().enumerate() {
        let counted = samples_of_each(&metric(name), window, borders);
        for (letter, sum) in [('s', "sum"), ('n', "count")] {
            let or = if query.is_empty() { "" } else { " or " };
            // Writing to a string never fails.
            let _ = write!(
                query,
                "{or}label_replace({sum}({counted}),\"{PLACE}\",\"{letter}{index}\",\"\",\"\")"
            );
        }
    }
    query
}

/// Which figure of which metric a place tells.
#[must_use]
pub fn place(text: &str) -> Option<(Figure, usize)> {
    let (figure, index) = match text.strip_prefix('s') {
        Some(index) => (Figure::Samples, index),
        None => (Figure::Series, text.strip_prefix('n')?),
    };
    Some((figure, index.parse().ok()?))
}

/// How many metrics share a question.
const METRICS: usize = 32;
/// How many samples are counted for one answer, unless one metric has more by itself.
pub const MOST_SAMPLES: u64 = 20_000_000;
/// How many series are listed in one answer, with the same exception.
pub const MOST_SERIES: u64 = 50_000;
/// How long their names may be: some servers refuse long queries.
const NAME_BYTES: usize = 1_500;

/// Cuts metrics, with how much each is thought to have, into slices that each make a question for no more than `most`.
#[must_use]
pub fn slices<'a>(
    metrics: impl IntoIterator<Item = (&'a str, u64)>,
    most: u64,
) -> Vec<Vec<&'a str>> {
    let mut slices: Vec<Vec<&str>> = Vec::new();
    let (mut had, mut bytes) = (0_u64, 0);
    for (name, weight) in metrics {
        had = had.saturating_add(weight);
        bytes += name.len();
        let fits =
            |slice: &&mut Vec<&str>| slice.len() < METRICS && had <= most && bytes <= NAME_BYTES;
        if let Some(slice) = slices.last_mut().filter(fits) {
            slice.push(name);
        } else {
            slices.push(vec![name]);
            (had, bytes) = (weight, name.len());
        }
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn window(min_ms: i64, max_ms: i64) -> Range {
        Range { min_ms, max_ms }
    }

    /// S-21.42
    #[test]
    fn days_are_those_of_utc_cut_to_the_range() {
        for (range, expected) in [
            (window(0, DAY_MS), vec![window(0, DAY_MS)]),
            (window(0, 1), vec![window(0, 1)]),
            (
                window(5, DAY_MS + 7),
                vec![window(5, DAY_MS), window(DAY_MS, DAY_MS + 7)],
            ),
            (window(-3, 2), vec![window(-3, 0), window(0, 2)]),
            (window(5, 5), vec![]),
            (window(9, 5), vec![]),
        ] {
            assert_eq!(range.days().collect::<Vec<_>>(), expected, "{range:?}");
        }
        assert_eq!(window(0, 30 * DAY_MS).days().count(), 30);
    }

    /// S-21.42
    #[test]
    fn a_range_takes_the_samples_of_its_window_alone_whichever_borders_it_has() {
        // What the server does: from `at` back, with or without the first millisecond.
        let taken = |window: Range, borders| {
            let text = window.range(borders);
            let range: i64 = text
                .trim_matches(['[', ']'])
                .trim_end_matches("ms")
                .parse()
                .unwrap_or_default();
            let first = window.at_ms() - range + i64::from(borders == Borders::LeftOpen);
            (first, window.at_ms())
        };
        for borders in [Borders::LeftOpen, Borders::Closed] {
            for window in [window(0, DAY_MS), window(5, 90), window(-30, 30)] {
                let expected = (window.min_ms, window.max_ms - 1);
                assert_eq!(taken(window, borders), expected, "{window:?} {borders:?}");
            }
        }
        assert_eq!(Borders::of_probe(2.0), Some(Borders::LeftOpen));
        assert_eq!(Borders::of_probe(3.0), Some(Borders::Closed));
        assert_eq!(Borders::of_probe(1.0), None);
    }

    #[test]
    fn whatever_stands_in_labels_is_quoted() {
        for (labels, expected) in [
            (vec![("__name__", "up")], r#"{__name__="up"}"#),
            (vec![("a", "x\"y\\z\n")], r#"{a="x\"y\\z\n"}"#),
            (
                vec![("a", "ü"), ("odd.name", "$1")],
                r#"{a="ü","odd.name"="$1"}"#,
            ),
            (vec![("", "x")], r#"{""="x"}"#),
        ] {
            assert_eq!(selector(labels), expected);
        }
    }

    #[test]
    fn a_question_has_a_place_for_each_figure_of_each_metric() {
        let query = figures(&["up", "a\"b"], window(0, 1000), Borders::LeftOpen);
        assert_eq!(
            query,
            "label_replace(sum(count_over_time({__name__=\"up\"}[1000ms])),\"parity\",\"s0\",\"\",\"\") \
             or label_replace(count(count_over_time({__name__=\"up\"}[1000ms])),\"parity\",\"n0\",\"\",\"\") \
             or label_replace(sum(count_over_time({__name__=\"a\\\"b\"}[1000ms])),\"parity\",\"s1\",\"\",\"\") \
             or label_replace(count(count_over_time({__name__=\"a\\\"b\"}[1000ms])),\"parity\",\"n1\",\"\",\"\")"
        );
        for (text, expected) in [
            ("s0", Some((Figure::Samples, 0))),
            ("n17", Some((Figure::Series, 17))),
            ("x1", None),
            ("s", None),
            ("", None),
        ] {
            assert_eq!(place(text), expected, "{text}");
        }
    }

    /// S-21.43
    #[test]
    fn a_slice_is_bounded_by_metrics_by_samples_and_by_length() {
        fn of<'a>(metrics: &[(&'a str, u64)]) -> Vec<Vec<&'a str>> {
            slices(metrics.iter().copied(), 10)
        }
        assert!(of(&[]).is_empty());
        let many = vec![("a", 0); METRICS + 1];
        let lengths: Vec<usize> = of(&many).iter().map(Vec::len).collect();
        assert_eq!(lengths, [METRICS, 1]);
        let heavy = [("a", 20), ("b", 10), ("c", 1), ("d", 1)];
        assert_eq!(of(&heavy), [vec!["a"], vec!["b"], vec!["c", "d"]]);
        let long = "x".repeat(NAME_BYTES - 1);
        assert_eq!(
            of(&[("a", 0), (&long, 0), ("bb", 0)]),
            [vec!["a", &long], vec!["bb"]]
        );
    }
}
