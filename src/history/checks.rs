//! What a plan has both sides asked, how much is sent at once, and what counts as equal.

use std::time::Duration;

use super::plan::{Batch, Compare, ExemplarCheck, PromqlCheck};
use super::tree::{Fields, Node};
use crate::duration;
use crate::error::{Error, Result};

/// Names may hold whatever text there is; what has braces or quotes is a selector in nearly all cases, and names no metric that anybody has.
pub(super) fn metric_names(fields: &mut Fields<'_>) -> Result<Vec<String>> {
    let at = fields.path("metadata_metrics");
    let names = fields.texts("metadata_metrics")?;
    let mut numbered = names.iter().zip(0..);
    match numbered.find(|(name, _)| name.contains(['{', '}', '"'])) {
        Some((_, number)) => Err(Error::usage(format!(
            "{at}[{number}]: expected a metric's name, and found a selector"
        ))),
        None => Ok(names),
    }
}

pub(super) fn exemplar_checks(fields: &mut Fields<'_>) -> Result<Vec<ExemplarCheck>> {
    let Some((at, node)) = fields.take("exemplar_checks") else {
        return Ok(Vec::new());
    };
    let checks = node.items(&at)?.map(|(at, item)| {
        let mut fields = item.members(&at)?;
        let (query_at, query) = fields.need("query", "a selector")?;
        let query = query.text(&query_at)?.to_owned();
        let limit = match fields.take("limit") {
            Some((at, node)) => node.whole(&at, 1, 1_000_000)?,
            None => 200,
        };
        fields.finish()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(ExemplarCheck { query, limit })
    });
    checks.collect()
}

pub(super) fn promql_checks(fields: &mut Fields<'_>) -> Result<Vec<PromqlCheck>> {
    let Some((at, node)) = fields.take("promql_checks") else {
        return Ok(Vec::new());
    };
    let checks = node.items(&at)?.map(|(at, item)| {
        let mut fields = item.members(&at)?;
        let (query_at, query) = fields.need("query", "PromQL")?;
        let query = query.text(&query_at)?.to_owned();
        let step_ms = match fields.take("step") {
            Some((at, node)) => Some(step_ms(node, &at)?),
            None => None,
        };
        fields.finish()?;
        Ok(PromqlCheck { query, step_ms })
    });
    checks.collect()
}

fn step_ms(node: &Node, at: &str) -> Result<i64> {
    let read = duration::parse(node.text(at)?).ok();
    let ms = read.and_then(|step| i64::try_from(step.as_millis()).ok());
    ms.filter(|ms| *ms > 0)
        .ok_or_else(|| Error::usage(format!("{at}: expected a duration such as 30s or 5m")))
}

pub(super) fn batch(fields: &mut Fields<'_>) -> Result<Batch> {
    let Some((at, node)) = fields.take("batch") else {
        return Ok(Batch::USUAL);
    };
    let mut fields = node.members(&at)?;
    let mut number = |member: &'static str, most: u64| match fields.take(member) {
        Some((at, node)) => node.whole(&at, 1, most).map(Some),
        None => Ok(None),
    };
    let usual = Batch::USUAL;
    let size = |given: Option<u64>, usual: usize| {
        given.map_or(usual, |given| usize::try_from(given).unwrap_or(usize::MAX))
    };
    let batch = Batch {
        max_series_per_write: size(
            number("max_series_per_write", 1_000_000)?,
            usual.max_series_per_write,
        ),
        max_points_per_write: size(
            number("max_points_per_write", 10_000_000)?,
            usual.max_points_per_write,
        ),
        http_timeout: number("http_timeout_secs", 86_400)?
            .map_or(usual.http_timeout, Duration::from_secs),
    };
    fields.finish()?;
    Ok(batch)
}

pub(super) fn compare(fields: &mut Fields<'_>) -> Result<Compare> {
    let Some((at, node)) = fields.take("compare") else {
        return Ok(Compare::default());
    };
    let mut fields = node.members(&at)?;
    let absolute = match fields.take("max_absolute_value_delta") {
        Some((at, node)) => Some(node.absolute(&at)?),
        None => None,
    };
    let relative = match fields.take("max_relative_value_delta") {
        Some((at, node)) => Some(node.share(&at)?),
        None => None,
    };
    let compare = Compare {
        max_absolute_value_delta: absolute,
        max_relative_value_delta: relative,
    };
    fields.finish()?;
    Ok(compare)
}
