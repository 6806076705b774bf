//! Asks both sides the plan's queries, and compares what they answer.

use tracing::warn;

use super::task::Task;
use crate::cutover::{
    Asked, Example, Findings, Query, Range, Side, Times, Untimed, Weight, beside, compare,
};
use crate::error::Result;
use crate::history::PromqlCheck;
use crate::promql::{Access, Answered, Client, Data, Series, Span};
use crate::reconciled::{Found, Founds, OF_OTHERS, OfQuery, is_of_others, without};
use crate::samples::Labels;

/// How long a sample stays the latest.
const STAYS_MS: i64 = 5 * 60_000;

/// How each query came out, in the order of the plan.
pub(super) async fn compared(task: &Task, founds: &mut Founds) -> Vec<OfQuery> {
    let checks = &task.plan.promql_checks;
    if checks.is_empty() {
        founds.say(
            (Weight::Note, "no-promql-checks", None),
            "promql_checks is empty: what queries answer was not compared",
        );
        return Vec::new();
    }
    let (source, target) = tokio::join!(
        opened(task, task.plan.source.queries.query_range.as_ref()),
        opened(task, task.plan.target.queries.query_range.as_ref()),
    );
    for (side, client) in [(Side::Source, &source), (Side::Target, &target)] {
        if let Err(why) = client {
            warn!(side = side.as_str(), why, "queries cannot be asked");
            let key = (Weight::Unseen, "query-failed", Some(side));
            founds.say(key, why.clone());
        }
    }
    let (Ok(source), Ok(target)) = (source, target) else {
        return Vec::new();
    };
    let mut compared = Vec::new();
    for check in checks {
        compared.push(one(task, check, (&source, &target)).await);
    }
    compared
}

async fn opened(task: &Task, access: Option<&Access>) -> Result<Client, String> {
    let Some(access) = access else {
        return Err("the plan has promql_checks, and no query_range_url of that side".to_owned());
    };
    let opened = Client::open(access, &task.limits()).await;
    opened.map_err(|err| format!("{err:#}"))
}

async fn one(task: &Task, check: &PromqlCheck, (source, target): (&Client, &Client)) -> OfQuery {
    let range = Range {
        min_ms: task.range.start_ms,
        max_ms: task.range.end_ms,
    };
    let mut findings = Findings::default();
    let (times, is_early) = times(check, range);
    let mut of = OfQuery {
        query: check.query.clone(),
        times,
        series: 0,
        samples: 0,
        found: Vec::new(),
    };
    let (source, target) = tokio::join!(
        asked(source, &check.query, times),
        asked(target, &check.query, times)
    );
    for (side, answer) in [(Side::Source, &source), (Side::Target, &target)] {
        if let Err(err) = answer {
            findings.add((Weight::Unseen, "query-failed", Some(side)), || Example {
                text: Some(format!("{err:#}")),
                ..Example::default()
            });
        }
    }
    if let (Ok(source), Ok(target)) = (source, target) {
        let external_labels = &task.plan.target.external_labels;
        let own = stripped(&source.value, external_labels, Side::Source).0;
        let (theirs, others) = stripped(&target.value, external_labels, Side::Target);
        let same = compare(&own, &theirs, task.tolerance_of_queries());
        (of.series, of.samples) = (same.series, same.samples);
        findings = same.findings;
        for series in others {
            findings.add(OF_OTHERS, || Example {
                series: Some(series),
                ..Example::default()
            });
        }
        if own.is_empty() && theirs.is_empty() {
            findings.add((Weight::Unseen, "empty-query", None), || Example {
                text: Some("both sides answer nothing, which proves nothing".to_owned()),
                ..Example::default()
            });
        }
        let (source, target) = (said(&source), said(&target));
        beside(
            &mut findings,
            [&source.0, &target.0],
            [&source.1, &target.1],
        );
    }
    let found = findings.at(Some(&check.query)).map(Found::from);
    of.found = found
        .map(|found| if is_early { early(found) } else { found })
        .collect();
    of
}

/// When a query is asked, and whether it looks back at what lies before the range: there the target may rightly have less.
fn times(check: &PromqlCheck, range: Range) -> (Times, bool) {
    let query = Query {
        name: check.query.clone(),
        expression: check.query.clone(),
        asked: Asked::Range {
            start: None,
            end: None,
            step_ms: check.step_ms,
        },
        tolerance: None,
        may_be_empty: false,
    };
    match query.times(Some(range), STAYS_MS) {
        Ok(times) => (times, false),
        Err(Untimed::NoRange | Untimed::TooShort | Untimed::Outside) => {
            let whole = Times::Range {
                start_ms: range.min_ms,
                end_ms: range.max_ms.saturating_sub(1),
                step_ms: check.step_ms.unwrap_or(60_000),
            };
            (whole, true)
        }
    }
}

/// What differs where a query looks at what lies outside of the range, proves nothing.
fn early(found: Found) -> Found {
    if found.weight != Weight::Difference {
        return found;
    }
    Found {
        weight: Weight::Unseen,
        kind: "too-short",
        ..found
    }
}

async fn asked(client: &Client, query: &str, times: Times) -> Result<Answered<Data>> {
    match times {
        Times::Instant(time_ms) => client.instant(query, time_ms).await,
        Times::Range {
            start_ms,
            end_ms,
            step_ms,
        } => {
            let span = Span { start_ms, end_ms };
            client.range(query, span, step_ms).await
        }
    }
}

/// Warnings and remarks of a server. Engines call the same thing one or the other, and tell its place in the query or do not.
fn said<T>(answer: &Answered<T>) -> (Vec<String>, Vec<String>) {
    let (mut warnings, mut infos) = (Vec::new(), Vec::new());
    let own = [(&answer.warnings, false), (&answer.infos, true)];
    for (words, is_info) in own.into_iter().flat_map(|(all, is_info)| {
        let all = all.iter();
        all.map(move |words| (words.as_str(), is_info))
    }) {
        let is_of_query = words.starts_with("PromQL ");
        let words = if is_of_query { placeless(words) } else { words };
        if is_info || words.starts_with("PromQL info") {
            infos.push(words.to_owned());
        } else {
            warnings.push(words.to_owned());
        }
    }
    (warnings, infos)
}

/// What is said of a query, without ` (1:21)` behind it.
fn placeless(words: &str) -> &str {
    let place = words.rsplit_once(" (").and_then(|(said, place)| {
        let place = place.strip_suffix(')')?;
        let is_place = place
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':');
        is_place.then_some(said)
    });
    place.unwrap_or(words)
}

/// The answer without the labels that the plan gives to the target's series, and the series of the target that have others of these.
fn stripped(data: &Data, external_labels: &Labels, side: Side) -> (Data, Vec<Labels>) {
    let mut others = Vec::new();
    let mut own = |all: &[Series]| {
        let mut own = Vec::new();
        for Series { labels, points } in all {
            if side == Side::Target && is_of_others(labels, external_labels) {
                others.push(labels.clone());
                continue;
            }
            own.push(Series {
                labels: without(labels, external_labels),
                points: points.clone(),
            });
        }
        own
    };
    let data = match data {
        Data::Vector(all) => Data::Vector(own(all)),
        Data::Matrix(all) => Data::Matrix(own(all)),
        other => other.clone(),
    };
    (data, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-24.65
    #[test]
    fn a_query_is_asked_where_it_looks_at_nothing_outside_the_range_if_there_is_such_a_time() {
        let minute = 60_000;
        let range = |minutes| Range {
            min_ms: 0,
            max_ms: minutes * minute,
        };
        for (query, minutes, expected) in [
            ("up", 60, (6 * minute, false)),
            ("rate(up[5m])", 60, (11 * minute, false)),
            ("rate(up[5m])", 10, (0, true)),
            ("up offset 2h", 60, (0, true)),
        ] {
            let check = PromqlCheck {
                query: query.to_owned(),
                step_ms: Some(minute),
            };
            let (times, is_early) = times(&check, range(minutes));
            let Times::Range { start_ms, .. } = times else {
                panic!("{times:?}")
            };
            assert_eq!((start_ms, is_early), expected, "{query}");
        }
    }

    #[test]
    fn the_same_remark_is_the_same_whatever_engines_call_it() {
        let remark = "PromQL info: metric might not be a counter: \"subject\"";
        let answer = |warnings: &[&str], infos: &[&str]| Answered {
            value: (),
            warnings: warnings.iter().map(|one| (*one).to_owned()).collect(),
            infos: infos.iter().map(|one| (*one).to_owned()).collect(),
        };
        let one = said(&answer(&[], &[&format!("{remark} (1:21)")]));
        let other = said(&answer(&[remark, "store down (x)"], &["other"]));
        assert_eq!(one, (vec![], vec![remark.to_owned()]));
        let expected = (
            vec!["store down (x)".to_owned()],
            vec![remark.to_owned(), "other".to_owned()],
        );
        assert_eq!(other, expected);
    }
}
