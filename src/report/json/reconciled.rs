//! Whether a target holds the history that a source tells, in JSON.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::cutover::{ExampleEntry, time};
use super::members::{Each, Members};
use crate::cutover::{Side, Times};
use crate::history::Range;
use crate::reconciled::{
    Ability, Capabilities, Found, OfQuery, OfSelector, Reconciled, Target, Told,
};

/// All but how it went.
pub(super) fn put(found: &Reconciled, members: &mut Members<'_>) -> io::Result<()> {
    let scope = &found.scope;
    members.put("verdict", &found.verdict().as_str())?;
    members.put("range", &RangeEntry::of(scope.range))?;
    let labels: BTreeMap<&str, &str> = scope.external_labels.iter().collect();
    members.put("external_labels", &labels)?;
    let (read, blocks) = match scope.target {
        Target::Blocks(many) => ("blocks", Some(many)),
        Target::RemoteRead => ("remote-read", None),
        Target::Export => ("export", None),
        Target::Nowhere => ("nowhere", None),
    };
    members.put("target_read", &read)?;
    members.put("target_blocks", &blocks)?;
    members.put("selectors", &Each(&found.selectors, SelectorEntry::of))?;
    members.put("metadata_compared", &found.compared.metadata)?;
    members.put("exemplars_compared", &found.compared.exemplars)?;
    let queries = found.queries.as_ref();
    let queries = queries.map(|queries| Each(queries, QueryEntry::of));
    members.put("queries", &queries)?;
    let capabilities = found.capabilities.as_ref();
    members.put("capabilities", &capabilities.map(CapabilitiesEntry::of))?;
    members.put("waived", &found.waived)?;
    let all: Vec<(&Reconciled, &Found)> = found.found().map(|one| (found, one)).collect();
    members.put("findings", &Each(&all, FoundEntry::of))
}

#[derive(Serialize)]
struct RangeEntry {
    start: Option<String>,
    start_ms: i64,
    end: Option<String>,
    end_ms: i64,
}

impl RangeEntry {
    fn of(range: Range) -> Self {
        Self {
            start: time(range.start_ms),
            start_ms: range.start_ms,
            end: time(range.end_ms),
            end_ms: range.end_ms,
        }
    }
}

#[derive(Serialize)]
struct Both<T = u64> {
    source: T,
    target: T,
}

#[derive(Serialize)]
struct SelectorEntry<'a> {
    selector: Option<&'a str>,
    series: Both,
    samples: Both,
    histograms: Both,
    first_ms: Both<Option<i64>>,
    last_ms: Both<Option<i64>>,
    common_series: u64,
    compared_samples: u64,
    findings: Vec<&'static str>,
}

impl<'a> SelectorEntry<'a> {
    fn of(one: &'a OfSelector) -> Self {
        let both = |of: fn(&crate::reconciled::Sums) -> u64| Both {
            source: of(&one.source),
            target: of(&one.target),
        };
        Self {
            selector: one.selector.as_deref(),
            series: both(|sums| sums.series),
            samples: both(|sums| sums.samples),
            histograms: both(|sums| sums.histograms),
            first_ms: Both {
                source: one.source.times_ms.map(|(first, _)| first),
                target: one.target.times_ms.map(|(first, _)| first),
            },
            last_ms: Both {
                source: one.source.times_ms.map(|(_, last)| last),
                target: one.target.times_ms.map(|(_, last)| last),
            },
            common_series: one.series,
            compared_samples: one.compared,
            findings: one.found.iter().map(|found| found.kind).collect(),
        }
    }
}

#[derive(Serialize)]
struct QueryEntry<'a> {
    expr: &'a str,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    step_ms: Option<i64>,
    series: u64,
    samples: u64,
    findings: Vec<&'static str>,
}

impl<'a> QueryEntry<'a> {
    fn of(query: &'a OfQuery) -> Self {
        let (start_ms, end_ms, step_ms) = match query.times {
            Times::Instant(ms) => (Some(ms), Some(ms), None),
            Times::Range {
                start_ms,
                end_ms,
                step_ms,
            } => (Some(start_ms), Some(end_ms), Some(step_ms)),
        };
        Self {
            expr: &query.query,
            start_ms,
            end_ms,
            step_ms,
            series: query.series,
            samples: query.samples,
            findings: query.found.iter().map(|found| found.kind).collect(),
        }
    }
}

#[derive(Serialize)]
struct CapabilitiesEntry<'a> {
    product: Option<&'static str>,
    version: Option<&'a str>,
    retention: Option<&'a str>,
    series: Option<u64>,
    abilities: Each<'a, (Ability, Told), AbilityEntry<'a>>,
}

#[derive(Serialize)]
struct AbilityEntry<'a> {
    ability: &'static str,
    told: &'static str,
    why: Option<&'a str>,
}

impl<'a> CapabilitiesEntry<'a> {
    fn of(capabilities: &'a Capabilities) -> Self {
        Self {
            product: capabilities.product,
            version: capabilities.version.as_deref(),
            retention: capabilities.retention.as_deref(),
            series: capabilities.series,
            abilities: Each(&capabilities.abilities, |(ability, told)| AbilityEntry {
                ability: ability.as_str(),
                told: told.as_str(),
                why: told.why(),
            }),
        }
    }
}

#[derive(Serialize)]
struct FoundEntry<'a> {
    kind: &'static str,
    weight: &'static str,
    waived: bool,
    place: Option<&'a str>,
    side: Option<&'static str>,
    count: u64,
    examples: Vec<ExampleEntry<'a>>,
}

impl<'a> FoundEntry<'a> {
    fn of((all, found): &'a (&'a Reconciled, &'a Found)) -> Self {
        Self {
            kind: found.kind,
            weight: found.weight.as_str(),
            waived: all.is_waived(found),
            place: found.place.as_deref(),
            side: found.side.map(Side::as_str),
            count: found.count,
            examples: found.examples.iter().map(ExampleEntry::of).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::Output;
    use crate::report::testing::{reconciled, written_reconciled};

    /// S-24.66
    #[test]
    fn programs_find_each_member_in_its_place() {
        let json = written_reconciled(&reconciled(), Output::Json);
        assert_eq!(json, include_str!("golden/reconciled.json"), "{json}");
    }
}
