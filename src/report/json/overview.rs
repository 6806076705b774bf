//! How a map is spelled in JSON.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::entries::MarkedNotHeldEntry;
use super::members::{Each, Members, display, rfc3339, seconds};
use crate::block::BlockId;
use crate::human;
use crate::map::{
    Deletion, Due, Flawed, GroupMap, Interval, Marked, Overlap, Range, Sum, Sums, When,
};
use crate::outcome::Overview;

/// Writes its members, but for those of every document.
pub(super) fn put(overview: &Overview<'_>, members: &mut Members<'_>) -> io::Result<()> {
    let found = overview.found;
    let map = &found.map;
    let delay = found.delete_delay.to_std().unwrap_or_default();
    let (has_target, is_due) = (map.has_target, found.due.is_some());
    let groups: Vec<_> = map
        .groups
        .iter()
        .map(|group| (group, has_target, is_due))
        .collect();
    let flaws: Vec<_> = map
        .flaws
        .iter()
        .map(|flawed| (flawed, overview.is_alarming(flawed)))
        .collect();
    members.put("delete_delay_seconds", &seconds(delay))?;
    members.put("groups", &Each(&groups, GroupEntry::of))?;
    members.put("flaws", &Each(&flaws, FlawEntry::of))?;
    let not_held = &overview.marked_not_held;
    members.put("marked_not_held", &Each(not_held, MarkedNotHeldEntry::of))?;
    members.put("deletions", &Each(&map.deletions, DeletionEntry::of))?;
    members.put("runs", &Each(&map.runs, MarkedEntry::of))?;
    members.put("due", &found.due.as_ref().map(DueEntry::of))?;
    members.put("totals", &TotalsEntry::of(overview))
}

#[derive(Serialize)]
struct SumEntry {
    blocks: u64,
    bytes: u64,
}

impl SumEntry {
    fn of(sum: Sum) -> Self {
        Self {
            blocks: sum.blocks,
            bytes: sum.bytes,
        }
    }
}

/// How many blocks are where; `null` where there is no target.
#[derive(Serialize)]
struct SumsEntry {
    hot_only: SumEntry,
    both: Option<SumEntry>,
    marked: SumEntry,
    cold_only: Option<SumEntry>,
    partial: SumEntry,
}

impl SumsEntry {
    fn of(sums: &Sums, has_target: bool) -> Self {
        Self {
            hot_only: SumEntry::of(sums.hot_only),
            both: has_target.then(|| SumEntry::of(sums.both)),
            marked: SumEntry::of(sums.marked),
            cold_only: has_target.then(|| SumEntry::of(sums.cold_only)),
            partial: SumEntry::of(sums.partial),
        }
    }
}

#[derive(Serialize)]
struct RangeEntry {
    min_time: Option<String>,
    min_time_ms: Option<i64>,
    max_time: Option<String>,
    max_time_ms: Option<i64>,
}

impl RangeEntry {
    fn of(range: Option<Range>) -> Self {
        let instant = |ms| human::sample_time(ms).map(rfc3339);
        Self {
            min_time: range.and_then(|range| instant(range.min_ms)),
            min_time_ms: range.map(|range| range.min_ms),
            max_time: range.and_then(|range| instant(range.max_ms)),
            max_time_ms: range.map(|range| range.max_ms),
        }
    }
}

#[derive(Serialize)]
struct GroupEntry<'a> {
    labels: &'a BTreeMap<String, String>,
    resolution: String,
    resolution_ms: i64,
    #[serde(flatten)]
    range: RangeEntry,
    #[serde(flatten)]
    sums: SumsEntry,
    due: Option<SumEntry>,
    deletion_from: Option<String>,
    deletion_until: Option<String>,
    intervals: Each<'a, Interval, IntervalEntry>,
    overlaps: Each<'a, Overlap, OverlapEntry>,
}

impl<'a> GroupEntry<'a> {
    /// Of a group, and whether there is a target, and a cutoff.
    fn of((group, has_target, is_due): &(&'a GroupMap, bool, bool)) -> Self {
        let resolution_ms = group.group.resolution_ms;
        Self {
            labels: group.group.labels.as_map(),
            resolution: human::resolution(resolution_ms).into_owned(),
            resolution_ms,
            range: RangeEntry::of(group.range()),
            sums: SumsEntry::of(&group.sums, *has_target),
            due: is_due.then(|| SumEntry::of(group.due)),
            deletion_from: group.deletion.map(|(first, _)| rfc3339(first)),
            deletion_until: group.deletion.map(|(_, last)| rfc3339(last)),
            intervals: Each(&group.intervals, IntervalEntry::of),
            overlaps: Each(&group.overlaps, OverlapEntry::of),
        }
    }
}

#[derive(Serialize)]
struct IntervalEntry {
    state: &'static str,
    #[serde(flatten)]
    range: RangeEntry,
}

impl IntervalEntry {
    fn of(interval: &Interval) -> Self {
        Self {
            state: interval.state.as_str(),
            range: RangeEntry::of(Some(interval.range)),
        }
    }
}

#[derive(Serialize)]
struct OverlapEntry {
    bucket: &'static str,
    #[serde(flatten)]
    range: RangeEntry,
    blocks: u64,
    examples: [String; 2],
}

impl OverlapEntry {
    fn of(overlap: &Overlap) -> Self {
        let (one, other) = overlap.example;
        Self {
            bucket: overlap.bucket.as_str(),
            range: RangeEntry::of(Some(overlap.range)),
            blocks: overlap.blocks,
            examples: [one.to_string(), other.to_string()],
        }
    }
}

#[derive(Serialize)]
struct FlawEntry<'a> {
    #[serde(serialize_with = "display")]
    id: BlockId,
    bucket: &'static str,
    reason: &'static str,
    detail: Option<&'a str>,
    needs_a_person: bool,
    labels: Option<&'a BTreeMap<String, String>>,
    resolution: Option<String>,
    resolution_ms: Option<i64>,
    size_bytes: u64,
    written: Option<String>,
    marked: bool,
}

impl<'a> FlawEntry<'a> {
    fn of((flawed, needs_a_person): &(&'a Flawed, bool)) -> Self {
        let group = flawed.group.as_ref();
        let resolution_ms = group.map(|group| group.resolution_ms);
        Self {
            id: flawed.id,
            bucket: flawed.bucket.as_str(),
            reason: flawed.flaw.as_str(),
            detail: flawed.detail.as_deref(),
            needs_a_person: *needs_a_person,
            labels: group.map(|group| group.labels.as_map()),
            resolution: resolution_ms.map(|ms| human::resolution(ms).into_owned()),
            resolution_ms,
            size_bytes: flawed.bytes,
            written: flawed.written.map(rfc3339),
            marked: flawed.is_marked,
        }
    }
}

#[derive(Serialize)]
struct DeletionEntry {
    bucket: &'static str,
    /// `now`, a day, or `unknown`.
    when: String,
    from: Option<String>,
    until: Option<String>,
    blocks: u64,
    bytes: u64,
}

impl DeletionEntry {
    fn of(deletion: &Deletion) -> Self {
        Self {
            bucket: deletion.bucket.as_str(),
            when: match deletion.when {
                When::Now => "now".to_owned(),
                When::Day(day) => day.to_string(),
                When::Unknown => "unknown".to_owned(),
            },
            from: deletion.between.map(|(first, _)| rfc3339(first)),
            until: deletion.between.map(|(_, last)| rfc3339(last)),
            blocks: deletion.sum.blocks,
            bytes: deletion.sum.bytes,
        }
    }
}

/// What a run has marked; without one, what others have.
#[derive(Serialize)]
struct MarkedEntry<'a> {
    run: Option<&'a str>,
    target: Option<&'a str>,
    time: Option<String>,
    marked_from: Option<String>,
    marked_until: Option<String>,
    blocks: u64,
    bytes: u64,
}

impl<'a> MarkedEntry<'a> {
    fn of(marked: &'a Marked) -> Self {
        let run = marked.run.as_ref();
        let moment = |time: DateTime<Utc>| rfc3339(time);
        Self {
            run: run.map(|(run, _)| run.as_str()),
            target: run.map(|(_, target)| target.as_str()),
            time: marked.time.map(moment),
            marked_from: marked.between.map(|(first, _)| moment(first)),
            marked_until: marked.between.map(|(_, last)| moment(last)),
            blocks: marked.sum.blocks,
            bytes: marked.sum.bytes,
        }
    }
}

#[derive(Serialize)]
struct DueEntry {
    blocks: u64,
    bytes: u64,
    to_put: SumEntry,
    waiting: SumEntry,
}

impl DueEntry {
    fn of(due: &Due) -> Self {
        Self {
            blocks: due.selected.blocks,
            bytes: due.selected.bytes,
            to_put: SumEntry::of(due.to_put),
            waiting: SumEntry::of(due.waiting),
        }
    }
}

#[derive(Serialize)]
struct TotalsEntry {
    groups: usize,
    #[serde(flatten)]
    sums: SumsEntry,
    gaps: usize,
    overlaps: usize,
    needs_a_person: BTreeMap<&'static str, u64>,
}

impl TotalsEntry {
    fn of(overview: &Overview<'_>) -> Self {
        let map = &overview.found.map;
        let alarms = overview.alarms.iter();
        Self {
            groups: map.groups.len(),
            sums: SumsEntry::of(&map.sums(), map.has_target),
            gaps: map.groups.iter().map(|group| group.gaps().count()).sum(),
            overlaps: map.groups.iter().map(|group| group.overlaps.len()).sum(),
            needs_a_person: alarms
                .map(|(alarm, many)| (alarm.as_str(), *many))
                .collect(),
        }
    }
}
