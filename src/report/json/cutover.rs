//! Whether the hot blocks may go, in JSON.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::members::{Each, Members};
use super::verify;
use crate::cutover::{CutOver, Example, Finding, QueryResult, Range, Scope, Side, Times};
use crate::human;
use crate::outcome::Verification;

/// All but how it went.
pub(super) fn put(found: &CutOver, members: &mut Members<'_>) -> io::Result<()> {
    members.put("verdict", &found.verdict().as_str())?;
    members.put("queriers", &Queriers::of(&found.scope))?;
    members.put("range", &found.scope.range.map(RangeEntry::of))?;
    members.put("waived", &found.waived)?;
    let all: Vec<(&CutOver, &Finding)> = found.findings().map(|one| (found, one)).collect();
    members.put("findings", &Each(&all, FindingEntry::of))?;
    members.put("queries", &Each(&found.queries, QueryEntry::of))?;
    let counted: BTreeMap<&str, u64> = found.counted.iter().copied().collect();
    members.put("compared", &counted)?;
    members.put("buckets_compared", &found.verification.is_some())?;
    let nothing = Verification::default();
    let verification = found.verification.as_ref().unwrap_or(&nothing);
    verify::put(verification, members)
}

#[derive(Serialize)]
struct Queriers<'a> {
    source: Querier<'a>,
    target: Querier<'a>,
}

#[derive(Serialize)]
struct Querier<'a> {
    url: &'a str,
    product: &'static str,
    version: Option<&'a str>,
    stores: Vec<&'a str>,
}

impl<'a> Queriers<'a> {
    fn of(scope: &'a Scope) -> Self {
        let querier = |url, server: &'a crate::promql::Server| Querier {
            url,
            product: server.product.as_str(),
            version: server.version.as_deref(),
            stores: server
                .stores
                .iter()
                .map(|store| store.name.as_str())
                .collect(),
        };
        Self {
            source: querier(&scope.source, &scope.source_server),
            target: querier(&scope.target, &scope.target_server),
        }
    }
}

#[derive(Serialize)]
struct RangeEntry {
    min_time: Option<String>,
    min_time_ms: i64,
    max_time: Option<String>,
    max_time_ms: i64,
}

impl RangeEntry {
    fn of(range: Range) -> Self {
        Self {
            min_time: time(range.min_ms),
            min_time_ms: range.min_ms,
            max_time: time(range.max_ms),
            max_time_ms: range.max_ms,
        }
    }
}

pub(super) fn time(ms: i64) -> Option<String> {
    human::sample_time(ms).map(human::rfc3339)
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    kind: &'static str,
    weight: &'static str,
    waived: bool,
    place: Option<&'a str>,
    side: Option<&'static str>,
    count: u64,
    first: ExampleEntry<'a>,
}

#[derive(Serialize)]
pub(super) struct ExampleEntry<'a> {
    series: Option<BTreeMap<&'a str, &'a str>>,
    time: Option<String>,
    time_ms: Option<i64>,
    source: Option<&'a str>,
    target: Option<&'a str>,
    text: Option<&'a str>,
}

impl<'a> FindingEntry<'a> {
    fn of((all, finding): &'a (&'a CutOver, &'a Finding)) -> Self {
        let first = &finding.first;
        Self {
            kind: finding.kind,
            weight: finding.weight.as_str(),
            waived: all.is_waived(finding),
            place: finding.place.as_deref(),
            side: finding.side.map(Side::as_str),
            count: finding.count,
            first: ExampleEntry::of(first),
        }
    }
}

impl<'a> ExampleEntry<'a> {
    pub(super) fn of(one: &'a Example) -> Self {
        Self {
            series: one.series.as_ref().map(|series| series.iter().collect()),
            time: one.time_ms.and_then(time),
            time_ms: one.time_ms,
            source: one.source.as_deref(),
            target: one.target.as_deref(),
            text: one.text.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct QueryEntry<'a> {
    name: &'a str,
    expr: &'a str,
    time_ms: Option<i64>,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    step_ms: Option<i64>,
    series: u64,
    samples: u64,
    findings: Vec<&'static str>,
}

impl<'a> QueryEntry<'a> {
    fn of(query: &'a QueryResult) -> Self {
        let (time_ms, range) = match query.times {
            None => (None, None),
            Some(Times::Instant(ms)) => (Some(ms), None),
            Some(Times::Range {
                start_ms,
                end_ms,
                step_ms,
            }) => (None, Some((start_ms, end_ms, step_ms))),
        };
        Self {
            name: &query.name,
            expr: &query.expression,
            time_ms,
            start_ms: range.map(|range| range.0),
            end_ms: range.map(|range| range.1),
            step_ms: range.map(|range| range.2),
            series: query.series,
            samples: query.samples,
            findings: query.found.iter().map(|finding| finding.kind).collect(),
        }
    }
}
