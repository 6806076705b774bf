//! One query, asked of both sides at the same time.

use tracing::{debug, warn};

use super::task::{Sides, Task};
use crate::cutover::{
    Example, Findings, Query, QueryResult, Range, Side, Times, Untimed, Weight, beside, compare,
};
use crate::error::Result;
use crate::promql::{Answered, Client, Data, Span};

/// How long a sample stays the latest where nobody says otherwise.
const MINUTE_MS: i64 = 60_000;

pub(super) async fn both(
    task: &Task,
    sides: &Sides,
    query: &Query,
    range: Option<Range>,
) -> QueryResult {
    let mut result = QueryResult {
        name: query.name.clone(),
        expression: query.expression.clone(),
        times: None,
        series: 0,
        samples: 0,
        found: Vec::new(),
    };
    let mut findings = Findings::default();
    match query.times(
        range,
        stays_ms(&task.limits.of_thanos.max_source_resolution),
    ) {
        Ok(times) => {
            result.times = Some(times);
            let source = asked(&sides.source, query, times);
            let target = asked(&sides.target, query, times);
            let answers = tokio::join!(source, target);
            judge(task, query, answers, &mut result, &mut findings);
        }
        Err(why) => untimed(why, &mut findings),
    }
    debug!(
        query = query.name,
        samples = result.samples,
        "query compared"
    );
    result.found = findings.at(Some(&query.name)).collect();
    result
}

/// As long as Thanos looks back for a sample of downsampled data.
fn stays_ms(max_source_resolution: &str) -> i64 {
    match max_source_resolution {
        "0s" => 5 * MINUTE_MS,
        "5m" => 15 * MINUTE_MS,
        _ => 120 * MINUTE_MS,
    }
}

async fn asked(client: &Client, query: &Query, times: Times) -> Result<Answered<Data>> {
    match times {
        Times::Instant(time_ms) => client.instant(&query.expression, time_ms).await,
        Times::Range {
            start_ms,
            end_ms,
            step_ms,
        } => {
            let span = Span { start_ms, end_ms };
            client.range(&query.expression, span, step_ms).await
        }
    }
}

fn judge(
    task: &Task,
    query: &Query,
    (source, target): (Result<Answered<Data>>, Result<Answered<Data>>),
    result: &mut QueryResult,
    findings: &mut Findings,
) {
    for (side, answer) in [(Side::Source, &source), (Side::Target, &target)] {
        let Err(err) = answer else { continue };
        let why = format!("{err:#}");
        warn!(
            query = query.name,
            side = side.as_str(),
            err = why,
            "query is not answered"
        );
        findings.add((Weight::Unseen, "query-failed", Some(side)), || Example {
            text: Some(why),
            ..Example::default()
        });
    }
    let (Ok(source), Ok(target)) = (source, target) else {
        return;
    };
    let tolerance = query.tolerance.unwrap_or(task.tolerance);
    let compared = compare(&source.value, &target.value, tolerance);
    (result.series, result.samples) = (compared.series, compared.samples);
    *findings = compared.findings;
    if source.value.is_empty() && target.value.is_empty() {
        let weight = if query.may_be_empty {
            Weight::Note
        } else {
            Weight::Unseen
        };
        findings.add((weight, "empty-query", None), || Example {
            text: Some("both sides answer nothing, which proves nothing".to_owned()),
            ..Example::default()
        });
    }
    beside(
        findings,
        [&source.warnings, &target.warnings],
        [&source.infos, &target.infos],
    );
}

fn untimed(why: Untimed, findings: &mut Findings) {
    let (kind, text) = match why {
        Untimed::NoRange => (
            "outside-range",
            "it was not asked: there is no range to ask it over",
        ),
        Untimed::TooShort => (
            "too-short",
            "it was not asked: it looks back further than the range is long; give it a start of its own, such as start",
        ),
        Untimed::Outside => (
            "outside-range",
            "it was not asked: its times lie outside the range, where the two sides may differ",
        ),
    };
    findings.add((Weight::Unseen, kind, None), || Example {
        text: Some(text.to_owned()),
        ..Example::default()
    });
}
