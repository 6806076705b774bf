//! The questions of parity checks, each asked of one side.

use std::collections::{BTreeMap, BTreeSet};

use super::course::Course;
use crate::cutover::parity::{
    Beside, Borders, Count, Figure, PLACE, figures, has_samples, metric, place, samples_of_each,
};
use crate::cutover::{Range, Side};
use crate::error::{Error, Kind, Result};
use crate::promql::{Answered, Client, Data, Sample, Series, Span};
use crate::samples::Labels;

/// A side, and what is known of it.
pub(super) struct Asker<'a> {
    client: Client,
    side: Side,
    borders: Borders,
    said: Said<'a>,
    course: &'a Course,
}

/// Any would do.
const WHOLE_SECOND_MS: i64 = 1_700_000_000_000;

/// Takes what a side says beside an answer.
pub(super) type Said<'a> = &'a (dyn Fn(Side, &str) + Sync);

impl<'a> Asker<'a> {
    /// Asks which samples its ranges take.
    pub(super) async fn meet(
        client: &Client,
        side: Side,
        said: Said<'a>,
        course: &'a Course,
    ) -> Result<Self> {
        let mut asker = Self {
            // Which sample of two replicas counts may depend on how chunks are cut; all of both are there, or not.
            client: client.clone().without_dedup(),
            side,
            borders: Borders::LeftOpen,
            said,
            course,
        };
        let series = asker.vector(Borders::PROBE, WHOLE_SECOND_MS).await?;
        let steps = series.first().map(number).transpose()?;
        // What answers neither is taken for a newer Prometheus.
        if let Some(borders) = steps.and_then(Borders::of_probe) {
            asker.borders = borders;
        }
        Ok(asker)
    }

    /// The metrics that it lists, whether or not they have a sample there.
    pub(super) async fn metrics(&self, range: Range) -> Result<BTreeSet<String>> {
        self.label_values("__name__", range).await
    }

    /// The names of labels that it lists.
    pub(super) async fn label_names(&self, range: Range) -> Result<BTreeSet<String>> {
        let answer = self.client.label_names(&[], span(range)).await;
        self.taken(answer)
    }

    /// The values of a label that it lists.
    pub(super) async fn label_values(&self, label: &str, range: Range) -> Result<BTreeSet<String>> {
        let answer = self.client.label_values(label, &[], span(range)).await;
        self.taken(answer)
    }

    /// The series of these metrics that it lists.
    pub(super) async fn series(&self, metrics: &[&str], range: Range) -> Result<BTreeSet<Labels>> {
        let selectors: Vec<String> = metrics.iter().map(|name| metric(name)).collect();
        let answer = self.client.series(&selectors, span(range)).await;
        Ok(self.taken(answer)?.into_iter().collect())
    }

    /// What these metrics have in a window: those without a sample are left out.
    pub(super) async fn counts(
        &self,
        metrics: &[&str],
        window: Range,
    ) -> Result<BTreeMap<usize, Count>> {
        let query = figures(metrics, window, self.borders);
        let mut counts: BTreeMap<usize, Count> = BTreeMap::new();
        for series in self.vector(&query, window.at_ms()).await? {
            let place = series.labels.get(PLACE).and_then(place);
            let (figure, index) = place
                .filter(|(_, index)| *index < metrics.len())
                .ok_or_else(|| self.senseless("an answer to another question"))?;
            let many = self.whole(&series)?;
            let count = counts.entry(index).or_default();
            let slot = match figure {
                Figure::Samples => &mut count.samples,
                Figure::Series => &mut count.series,
            };
            if *slot > 0 {
                return Err(self.senseless("two answers to one question"));
            }
            *slot = many;
        }
        if counts
            .values()
            .any(|count| count.series == 0 || count.samples < count.series)
        {
            return Err(self.senseless("fewer samples than series"));
        }
        Ok(counts)
    }

    /// How many samples each series of a metric has in a window.
    pub(super) async fn samples_of_each(
        &self,
        name: &str,
        window: Range,
    ) -> Result<BTreeMap<Labels, u64>> {
        let query = samples_of_each(&metric(name), window, self.borders);
        let answer = self.vector(&query, window.at_ms()).await?;
        let counts = answer.into_iter().map(|series| {
            let many = self.whole(&series)?;
            Ok((series.labels, many))
        });
        counts.collect()
    }

    /// Whether a selector has any sample in a window.
    pub(super) async fn has_samples(&self, selector: &str, window: Range) -> Result<bool> {
        let query = has_samples(selector, window, self.borders);
        let answer = self.vector(&query, window.at_ms()).await?;
        Ok(!answer.is_empty())
    }

    /// What it tells of each of these metrics, or of the family that they are of.
    pub(super) async fn metadata(&self, metrics: &BTreeSet<&str>) -> Result<Beside> {
        let told = self.taken(self.client.metadata().await)?;
        let is_meant = |family: &str| {
            let mut names = FAMILY.iter().map(|suffix| format!("{family}{suffix}"));
            names.any(|name| metrics.contains(name.as_str()))
        };
        let told = told.into_iter();
        let told = told.filter(|(family, forms)| !forms.is_empty() && is_meant(family));
        let entry = |(kind, help, unit): (String, String, String)| {
            let unit = match unit.as_str() {
                "" => String::new(),
                unit => format!(" in {unit}"),
            };
            format!("{kind}{unit}: {help}")
        };
        Ok(told
            .map(|(name, forms)| (name, forms.into_iter().map(entry).collect()))
            .collect())
    }

    /// The exemplars of the series of these metrics.
    pub(super) async fn exemplars(&self, metrics: &[&str], range: Range) -> Result<Beside> {
        let selectors: Vec<String> = metrics.iter().map(|name| metric(name)).collect();
        let answer = self
            .client
            .exemplars(&selectors.join(" or "), span(range))
            .await;
        let mut told = Beside::new();
        for of_series in self.taken(answer)? {
            let entries = of_series.exemplars.iter().map(|exemplar| {
                format!(
                    "{} with {} at {}",
                    exemplar.value, exemplar.labels, exemplar.time_ms
                )
            });
            told.entry(of_series.series.to_string())
                .or_default()
                .extend(entries);
        }
        told.retain(|_, entries| !entries.is_empty());
        Ok(told)
    }

    async fn vector(&self, query: &str, at_ms: i64) -> Result<Vec<Series>> {
        let answer = self.client.instant(query, at_ms).await;
        match self.taken(answer)? {
            Data::Vector(series) => Ok(series),
            _ => Err(self.senseless("no vector")),
        }
    }

    fn taken<T>(&self, answer: Result<Answered<T>>) -> Result<T> {
        let answer =
            answer.map_err(|err| err.attempting(format!("ask the {}", self.side.as_str())))?;
        self.course.answered();
        for warning in &answer.warnings {
            (self.said)(self.side, warning);
        }
        Ok(answer.value)
    }

    fn senseless(&self, what: &str) -> Error {
        Error::new(
            Kind::Corrupt,
            format!(
                "make sense of what the {} answers: {what}",
                self.side.as_str()
            ),
        )
    }

    /// A count that an answer tells.
    fn whole(&self, series: &Series) -> Result<u64> {
        let number = number(series)?;
        if number.fract() != 0.0 || !(1.0..=MOST).contains(&number) {
            return Err(self.senseless("a count that is no whole number"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole, and within what a u64 holds"
        )]
        Ok(number as u64)
    }
}

/// What the names of metrics end in beside the name of their family.
const FAMILY: [&str; 7] = [
    "", "_bucket", "_count", "_sum", "_total", "_created", "_info",
];

/// Beyond this no `f64` counts one by one.
const MOST: f64 = 9_007_199_254_740_991.0;

fn number(series: &Series) -> Result<f64> {
    match series.points.as_slice() {
        [point] => match &point.sample {
            Sample::Float(number) => Ok(*number),
            Sample::Histogram(_) => Err(no_number()),
        },
        _ => Err(no_number()),
    }
}

fn no_number() -> Error {
    Error::new(Kind::Corrupt, "find a number in an answer")
}

fn span(range: Range) -> Span {
    Span {
        start_ms: range.min_ms,
        end_ms: range.at_ms(),
    }
}
