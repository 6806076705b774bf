//! Compares what both sides tell beside samples: metadata and exemplars.

use std::collections::BTreeSet;

use super::task::Task;
use crate::cutover::{Example, Side, Weight};
use crate::error::Result;
use crate::history::ExemplarCheck;
use crate::promql::{Access, Operator, Selector};
use crate::reconciled::{
    Compared, ExemplarsOf, Founds, MetadataOf, OF_OTHERS, by_metric, by_series, compare_exemplars,
    compare_metadata, is_of_others,
};
use crate::remote;
use crate::samples::{Exemplar, Metadata};

/// What came with the source's samples.
#[derive(Debug, Default)]
pub(super) struct Beside {
    metadata: BTreeSet<(String, &'static str, String, String)>,
    exemplars: Vec<Exemplar>,
}

/// So many exemplars are kept of what comes with samples.
const MOST_EXEMPLARS: usize = 100_000;

/// As many exemplars are compared where a plan has no checks of its own.
const USUAL_LIMIT: usize = 200;

impl Beside {
    pub(super) fn metadata(&mut self, told: Metadata) {
        let Metadata {
            family,
            kind,
            help,
            unit,
        } = told;
        self.metadata.insert((family, kind, help, unit));
    }

    pub(super) fn exemplar(&mut self, told: Exemplar) {
        if self.exemplars.len() < MOST_EXEMPLARS {
            self.exemplars.push(told);
        }
    }
}

/// Compares both.
pub(super) async fn compared(task: &Task, beside: Beside, founds: &mut Founds) -> Compared {
    let told = beside.metadata.into_iter();
    let told = told.map(|(family, kind, help, unit)| Metadata {
        family,
        kind,
        help,
        unit,
    });
    let came = by_series(beside.exemplars, &task.plan.target.external_labels);
    Compared {
        metadata: metadata(task, &by_metric(told), founds).await,
        exemplars: exemplars(task, &came, founds).await,
    }
}

/// What it means where a side tells nothing: of blocks that is to be expected, and else only where the plan does not ask for it.
fn weight(task: &Task, is_asked_for: bool) -> Weight {
    if is_asked_for && task.bucket.is_none() {
        Weight::Unseen
    } else {
        Weight::Note
    }
}

async fn metadata(task: &Task, came: &MetadataOf, founds: &mut Founds) -> u64 {
    let plan = &task.plan;
    let is_asked_for = !plan.metadata_metrics.is_empty();
    let not_looked_at = (weight(task, is_asked_for), "metadata-not-looked-at", None);
    let metrics: BTreeSet<String> = if is_asked_for {
        plan.metadata_metrics.iter().cloned().collect()
    } else {
        plan.selectors.iter().filter_map(metric).collect()
    };
    if metrics.is_empty() {
        founds.say(
            not_looked_at,
            "the plan names no metric, neither in metadata_metrics nor in a selector",
        );
        return 0;
    }
    let Some(of_target) = &plan.target.queries.metadata else {
        founds.say(not_looked_at, "the plan has no metadata_url of the target");
        return 0;
    };
    let source = match &plan.source.queries.metadata {
        Some(of_source) => told(task, of_source).await,
        None if came.is_empty() => {
            founds.say(not_looked_at, "the plan has no metadata_url of the source");
            return 0;
        }
        None => Ok(came.clone()),
    };
    let target = told(task, of_target).await;
    let Some((source, target)) = both(source, target, "metadata-not-seen", founds) else {
        return 0;
    };
    compare_metadata(&metrics, &source, &target, founds)
}

async fn told(task: &Task, access: &Access) -> Result<MetadataOf> {
    let told = remote::metadata(access, &task.limits_of_servers(), &[]).await?;
    Ok(by_metric(told))
}

/// The one metric that a selector means.
fn metric(selector: &Selector) -> Option<String> {
    let mut matchers = selector.matchers().iter();
    let is_name =
        matchers.find(|one| one.name() == "__name__" && one.operator() == Operator::Equal)?;
    Some(is_name.value().to_owned()).filter(|name| !name.is_empty())
}

async fn exemplars(task: &Task, came: &ExemplarsOf, founds: &mut Founds) -> u64 {
    let plan = &task.plan;
    let is_asked_for = !plan.exemplar_checks.is_empty();
    let not_looked_at = (weight(task, is_asked_for), "exemplars-not-looked-at", None);
    let Some(of_target) = &plan.target.queries.exemplars else {
        founds.say(not_looked_at, "the plan has no exemplar_url of the target");
        return 0;
    };
    let of_source = plan.source.queries.exemplars.as_ref();
    if of_source.is_none() && came.is_empty() {
        founds.say(not_looked_at, "the plan has no exemplar_url of the source");
        return 0;
    }
    let usual: Vec<ExemplarCheck>;
    let checks = if is_asked_for {
        &plan.exemplar_checks
    } else {
        let of_selector = plan.selectors.iter().map(|selector| ExemplarCheck {
            query: selector.to_string(),
            limit: USUAL_LIMIT,
        });
        usual = of_selector.collect();
        &usual
    };
    let external_labels = &plan.target.external_labels;
    let mut both_have = 0;
    for check in checks {
        let source = match of_source {
            Some(access) => {
                let told = shown(task, access, &check.query).await;
                told.map(|told| by_series(told, external_labels))
            }
            None => Ok(of_query(came, &check.query)),
        };
        let target = shown(task, of_target, &check.query).await;
        let target = target.map(|told| {
            let is_other = |one: &Exemplar| is_of_others(&one.series, external_labels);
            let (others, own): (Vec<_>, Vec<_>) = told.into_iter().partition(is_other);
            founds.add(OF_OTHERS, others.len() as u64, || Example {
                series: others.first().map(|one| one.series.clone()),
                text: Some("its exemplars".to_owned()),
                ..Example::default()
            });
            by_series(own, external_labels)
        });
        let sides = both(source, target, "exemplars-not-seen", founds);
        let Some((source, target)) = sides else {
            continue;
        };
        if source.is_empty() && target.is_empty() {
            let why = format!("{}: both sides have none", check.query);
            founds.say((Weight::Note, "exemplars-not-had", None), why);
            continue;
        }
        both_have += compare_exemplars(&source, &target, check.limit, founds);
    }
    both_have
}

async fn shown(task: &Task, access: &Access, query: &str) -> Result<Vec<Exemplar>> {
    let range = task.range.start_ms..task.range.end_ms;
    remote::exemplars(access, &task.limits_of_servers(), query, range).await
}

/// Those of the series that a query selects, where it is a selector; all of them where it is more.
fn of_query(came: &ExemplarsOf, query: &str) -> ExemplarsOf {
    let Ok(selector) = query.parse::<Selector>() else {
        return came.clone();
    };
    let of_it = came.iter().filter(|(series, _)| selector.matches(series));
    of_it
        .map(|(series, own)| (series.clone(), own.clone()))
        .collect()
}

/// What both sides tell; `None` where one does not answer, which is told.
fn both<T>(
    source: Result<T>,
    target: Result<T>,
    kind: &'static str,
    founds: &mut Founds,
) -> Option<(T, T)> {
    for (side, told) in [(Side::Source, &source), (Side::Target, &target)] {
        if let Err(err) = told {
            founds.say((Weight::Unseen, kind, Some(side)), format!("{err:#}"));
        }
    }
    Some((source.ok()?, target.ok()?))
}
