//! How the parts of the document are spelled in JSON: blocks, blocks left out, blocks about to be lost, totals.

use std::collections::BTreeMap;

use serde::Serialize;

use super::members::{display, rfc3339, seconds};
use crate::block::{BlockId, BlockMeta, Contents, Sha256Sum, Strength};
use crate::human;
use crate::outcome::{
    Amount, Block, Excluded, MarkedNotHeld, Outcome, Totals, Undeleted, Unmarked,
};
use crate::plan::Outlook;

/// What `meta.json` says, as far as it can be read.
#[derive(Serialize)]
pub(super) struct MetaEntry<'a> {
    min_time: Option<String>,
    min_time_ms: Option<i64>,
    max_time: Option<String>,
    max_time_ms: Option<i64>,
    labels: Option<&'a BTreeMap<String, String>>,
    resolution: Option<String>,
    resolution_ms: Option<i64>,
    level: Option<i64>,
    series: Option<u64>,
    samples: Option<u64>,
}

impl<'a> MetaEntry<'a> {
    pub(super) fn of(meta: Option<&'a BlockMeta>) -> Self {
        let instant = |ms| human::sample_time(ms).map(rfc3339);
        Self {
            min_time: meta.and_then(|meta| instant(meta.min_time_ms)),
            min_time_ms: meta.map(|meta| meta.min_time_ms),
            max_time: meta.and_then(|meta| instant(meta.max_time_ms)),
            max_time_ms: meta.map(|meta| meta.max_time_ms),
            labels: meta.map(|meta| meta.group.labels.as_map()),
            resolution: meta.map(|meta| human::resolution(meta.group.resolution_ms).into_owned()),
            resolution_ms: meta.map(|meta| meta.group.resolution_ms),
            level: meta.map(|meta| meta.level),
            series: meta.map(|meta| meta.num_series),
            samples: meta.map(|meta| meta.num_samples),
        }
    }
}

#[derive(Serialize)]
pub(super) struct BlockEntry<'a> {
    #[serde(serialize_with = "display")]
    id: BlockId,
    #[serde(flatten)]
    meta: MetaEntry<'a>,
    size_bytes: u64,
    objects: u64,
    marked: bool,
    #[serde(serialize_with = "display")]
    meta_sha256: Sha256Sum,
    #[serde(serialize_with = "display")]
    objects_sha256: Sha256Sum,
    unit: Option<String>,
    action: &'static str,
    reason: Option<String>,
    outlook: Option<OutlookEntry>,
    weak_inventory: bool,
    needs_a_person: bool,
    put: Put,
    outcome: Option<OutcomeEntry<'a>>,
}

#[derive(Serialize)]
struct OutlookEntry {
    name: &'static str,
    #[serde(serialize_with = "display")]
    by: BlockId,
}

#[derive(Serialize)]
struct Put {
    objects: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct OutcomeEntry<'a> {
    ending: &'static str,
    detail: Option<&'a str>,
    waits_for: Option<String>,
    mark: &'static str,
    proof: Option<&'static str>,
    objects_put: u64,
    bytes_sent: u64,
    elapsed_seconds: f64,
}

impl<'a> BlockEntry<'a> {
    pub(super) fn of(block: &'a Block<'a>) -> Self {
        let selected = block.selected;
        let contents = Contents::of(&selected.meta, &selected.block.objects());
        Self {
            id: selected.block.id,
            meta: MetaEntry::of(Some(&selected.meta.block)),
            size_bytes: block.size.bytes,
            objects: block.size.objects,
            marked: selected.bears_a_mark(),
            meta_sha256: contents.meta,
            objects_sha256: contents.objects,
            unit: human::sample_time(selected.unit.start_ms()).map(rfc3339),
            action: selected.action.as_str(),
            reason: selected.action.detail(),
            outlook: match selected.outlook {
                Outlook::Through => None,
                Outlook::HeldBack(by) => Some(OutlookEntry {
                    name: "held-back",
                    by,
                }),
                Outlook::MarkDeferred(by) => Some(OutlookEntry {
                    name: "mark-deferred",
                    by,
                }),
            },
            weak_inventory: selected.weak_inventory,
            needs_a_person: block.concern.is_some(),
            put: Put {
                objects: block.put.objects,
                bytes: block.put.bytes,
            },
            outcome: block.outcome.map(outcome_entry),
        }
    }
}

fn outcome_entry(outcome: &Outcome) -> OutcomeEntry<'_> {
    OutcomeEntry {
        ending: outcome.ending.as_str(),
        detail: outcome.detail.as_deref(),
        waits_for: outcome.waits_for.map(|block| block.to_string()),
        mark: outcome.mark.as_str(),
        proof: outcome.proof.map(Strength::as_str),
        objects_put: outcome.objects_put,
        bytes_sent: outcome.bytes_sent,
        elapsed_seconds: seconds(outcome.elapsed),
    }
}

#[derive(Serialize)]
pub(super) struct ExcludedEntry<'a> {
    #[serde(serialize_with = "display")]
    id: BlockId,
    reason: &'static str,
    detail: Option<&'a str>,
    needs_a_person: bool,
    #[serde(flatten)]
    meta: MetaEntry<'a>,
    size_bytes: u64,
    objects: u64,
}

impl<'a> ExcludedEntry<'a> {
    pub(super) fn of(excluded: &'a Excluded<'a>) -> Self {
        let objects = excluded.block.objects();
        Self {
            id: excluded.block.id,
            reason: excluded.reason.as_str(),
            detail: excluded.detail,
            needs_a_person: excluded.concern.is_some(),
            meta: MetaEntry::of(excluded.block.meta().map(|meta| &meta.block)),
            size_bytes: objects.block_bytes(),
            objects: objects.block_objects(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct MarkedNotHeldEntry<'a> {
    #[serde(serialize_with = "display")]
    block: BlockId,
    why: &'a str,
    marked_at: Option<String>,
    command: Option<&'a str>,
    what_to_do: &'static str,
}

impl<'a> MarkedNotHeldEntry<'a> {
    pub(super) fn of(entry: &'a MarkedNotHeld<'a>) -> Self {
        Self {
            block: entry.block,
            why: entry.why,
            marked_at: entry.marked_at.map(rfc3339),
            command: entry.command.as_deref(),
            what_to_do: entry.what_to_do,
        }
    }
}

#[derive(Serialize)]
pub(super) struct TotalsEntry {
    selected: AmountEntry,
    to_put: AmountEntry,
    requests_estimate: u64,
    by_action: BTreeMap<&'static str, AmountEntry>,
    excluded: BTreeMap<&'static str, u64>,
    needs_a_person: BTreeMap<&'static str, u64>,
    objects_put: Option<u64>,
    bytes_sent: Option<u64>,
    by_outcome: Option<BTreeMap<&'static str, AmountEntry>>,
}

#[derive(Serialize)]
pub(super) struct AmountEntry {
    blocks: u64,
    objects: u64,
    bytes: u64,
}

impl AmountEntry {
    pub(super) fn of(amount: &Amount) -> Self {
        Self {
            blocks: amount.blocks,
            objects: amount.objects,
            bytes: amount.bytes,
        }
    }
}

impl TotalsEntry {
    pub(super) fn of(totals: &Totals) -> Self {
        let amount = AmountEntry::of;
        let done = totals.done.as_ref();
        let by_action = totals.by_action.iter();
        let excluded = totals.excluded.iter();
        let concerns = totals.concerns.iter();
        Self {
            selected: amount(&totals.selected),
            to_put: amount(&totals.to_put),
            requests_estimate: totals.requests_estimate,
            by_action: by_action.map(|(name, put)| (*name, amount(put))).collect(),
            excluded: excluded.map(|(why, many)| (why.as_str(), *many)).collect(),
            needs_a_person: concerns
                .map(|(what, many)| (what.as_str(), *many))
                .collect(),
            objects_put: done.map(|done| done.put.objects),
            bytes_sent: done.map(|done| done.put.bytes),
            by_outcome: done.map(|done| {
                let by_outcome = done.by_outcome.iter();
                let entries = by_outcome.map(|(ending, put)| (ending.as_str(), amount(put)));
                entries.collect()
            }),
        }
    }
}

/// One block whose mark was to be taken back.
#[derive(Serialize)]
pub(super) struct UnmarkedEntry<'a> {
    #[serde(serialize_with = "display")]
    id: BlockId,
    #[serde(flatten)]
    meta: MetaEntry<'a>,
    size_bytes: u64,
    run: Option<String>,
    marked_at: Option<String>,
    ending: &'static str,
    detail: Option<&'a str>,
    needs_a_person: bool,
}

impl<'a> UnmarkedEntry<'a> {
    pub(super) fn of(unmarked: &'a Unmarked) -> Self {
        let Unmarked {
            block,
            run,
            ending,
            detail,
        } = unmarked;
        Self {
            id: block.id,
            meta: MetaEntry::of(block.meta().map(|meta| &meta.block)),
            size_bytes: block.objects().block_bytes(),
            run: run.as_ref().map(ToString::to_string),
            marked_at: unmarked.marked_at().map(rfc3339),
            ending: ending.as_str(),
            detail: detail.as_deref(),
            needs_a_person: ending.needs_a_person(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct UndeletedEntry<'a> {
    #[serde(serialize_with = "display")]
    id: BlockId,
    #[serde(flatten)]
    meta: MetaEntry<'a>,
    run: Option<String>,
    missing_objects: u64,
    missing_bytes: u64,
    ending: &'static str,
    detail: Option<&'a str>,
    needs_a_person: bool,
}

impl<'a> UndeletedEntry<'a> {
    pub(super) fn of(undeleted: &'a Undeleted) -> Self {
        Self {
            id: undeleted.id,
            meta: MetaEntry::of(undeleted.meta.as_ref().map(|meta| &meta.block)),
            run: undeleted.run.as_ref().map(ToString::to_string),
            missing_objects: undeleted.objects,
            missing_bytes: undeleted.size_bytes,
            ending: undeleted.ending.as_str(),
            detail: undeleted.detail.as_deref(),
            needs_a_person: undeleted.ending.needs_a_person(),
        }
    }
}
