//! What a verification found, in JSON.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::entries::{AmountEntry, MarkedNotHeldEntry, MetaEntry};
use super::members::{Each, Members, display};
use crate::block::{BlockId, RunId, Strength};
use crate::outcome::{Deep, NotOpened, Verification, VerifiedBlock};
use crate::plan::Note;
use crate::tsdb::Finding;

/// All but how it went, and its warnings.
pub(super) fn put(verification: &Verification, members: &mut Members<'_>) -> io::Result<()> {
    let of_one = verification.hashes_were_read.then_some(Strength::Content);
    let content = verification.content.or(of_one);
    members.put("content", &content.map(spelled))?;
    let of_run = verification.of_run.as_ref();
    members.put("of_run", &of_run.map(RunId::to_string))?;
    members.put("blocks", &Each(&verification.blocks, Entry::of))?;
    let lost = verification.marked_not_held();
    members.put("marked_not_held", &Each(&lost, MarkedNotHeldEntry::of))?;
    members.put(
        "absent_ids",
        &Each(&verification.absent_ids, BlockId::to_string),
    )?;
    members.put("totals", &Totals::of(verification))?;
    members.put("deep", &verification.deep.as_ref().map(DeepEntry::of))
}

/// As `--content` spells it.
fn spelled(content: Strength) -> &'static str {
    match content {
        Strength::Size => "listing",
        Strength::Checksum => "checksum",
        Strength::Content => "read",
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(serialize_with = "display")]
    id: BlockId,
    #[serde(flatten)]
    meta: MetaEntry<'a>,
    size_bytes: u64,
    objects: u64,
    state: &'static str,
    why: Option<&'a str>,
    proof: Option<&'static str>,
    needs_a_person: bool,
    notes: Each<'a, Note, NoteEntry<'a>>,
}

#[derive(Serialize)]
struct NoteEntry<'a> {
    name: &'static str,
    text: &'a str,
}

impl<'a> Entry<'a> {
    fn of(block: &'a VerifiedBlock) -> Self {
        let note = |note: &'a Note| NoteEntry {
            name: note.name,
            text: &note.text,
        };
        Self {
            id: block.id,
            meta: MetaEntry::of(block.meta.as_ref().map(|meta| &meta.block)),
            size_bytes: block.size_bytes,
            objects: block.objects,
            state: block.verified.state.as_str(),
            why: block.verified.why.as_deref(),
            proof: block.verified.proof.map(Strength::as_str),
            needs_a_person: block.needs_a_person(),
            notes: Each(&block.notes, note),
        }
    }
}

#[derive(Serialize)]
struct Totals {
    blocks: u64,
    objects: u64,
    bytes: u64,
    by_state: BTreeMap<&'static str, AmountEntry>,
    by_proof: BTreeMap<&'static str, u64>,
    notes: BTreeMap<&'static str, u64>,
    needs_a_person: u64,
}

impl Totals {
    fn of(verification: &Verification) -> Self {
        let all = verification.in_all();
        let by_state = verification.by_state();
        let by_state = by_state.iter();
        Self {
            blocks: all.blocks,
            objects: all.objects,
            bytes: all.bytes,
            by_state: by_state
                .map(|(state, sum)| (state.as_str(), AmountEntry::of(sum)))
                .collect(),
            by_proof: verification.by_proof(),
            notes: verification.by_note(),
            needs_a_person: verification.needing_a_person(),
        }
    }
}

#[derive(Serialize)]
struct DeepEntry<'a> {
    blocks: u64,
    bytes: u64,
    series: u64,
    chunks: u64,
    samples: u64,
    by_kind: BTreeMap<&'static str, u64>,
    findings: Each<'a, (BlockId, Finding), FindingEntry<'a>>,
    findings_left_out: u64,
    not_opened: Each<'a, (BlockId, NotOpened), NotOpenedEntry<'a>>,
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    #[serde(serialize_with = "display")]
    block: BlockId,
    kind: &'static str,
    is_damage: bool,
    file: &'a str,
    offset_bytes: Option<u64>,
    series: Option<&'a str>,
    text: &'a str,
}

#[derive(Serialize)]
struct NotOpenedEntry<'a> {
    #[serde(serialize_with = "display")]
    block: BlockId,
    why: &'a str,
    needs_a_person: bool,
}

impl<'a> DeepEntry<'a> {
    fn of(deep: &'a Deep) -> Self {
        let finding = |(block, finding): &'a (BlockId, Finding)| FindingEntry {
            block: *block,
            kind: finding.kind.name(),
            is_damage: finding.kind.is_damage(),
            file: &finding.file,
            offset_bytes: finding.offset,
            series: finding.series.as_deref(),
            text: &finding.what,
        };
        let not_opened = |(block, not): &'a (BlockId, NotOpened)| NotOpenedEntry {
            block: *block,
            why: &not.why,
            needs_a_person: not.needs_a_person,
        };
        let by_kind = deep.by_kind.iter();
        Self {
            blocks: deep.blocks,
            bytes: deep.bytes,
            series: deep.series,
            chunks: deep.chunks,
            samples: deep.samples,
            by_kind: by_kind.map(|(kind, many)| (kind.name(), *many)).collect(),
            findings: Each(&deep.findings, finding),
            findings_left_out: deep.left_out(),
            not_opened: Each(&deep.not_opened, not_opened),
        }
    }
}
