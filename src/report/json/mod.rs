//! The document as JSON on one line. Every member is always there, `null` where it does not apply; the order is fixed.

mod backfill;
mod cleanup;
mod cutover;
mod entries;
mod members;
mod overview;
mod reading;
mod reconciled;
mod sums;
#[cfg(test)]
mod tests;
mod verify;
mod version;

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::document::{Document, Section};
use super::header::Header;
use crate::block::BlockId;
use crate::bucket::{Policy, Role, Way};
use crate::cutover::CutOver;
use crate::exit::{Exit, Signal};
use crate::history::Backfilled;
use crate::outcome::{
    BroughtBack, Cleaned, Finding, Limit, Review, TakenBack, UnmarkEnding, Unmarked, Verification,
};
use crate::plan::Warning;
use crate::reconciled::Reconciled;
use crate::select::Effect;
use entries::{
    BlockEntry, ExcludedEntry, MarkedNotHeldEntry, TotalsEntry, UndeletedEntry, UnmarkedEntry,
};
use members::{Each, Members, rfc3339, seconds};
pub use reading::PlanFile;
pub(super) use reading::read;
use sums::{EstimateEntry, MoneyEntry, SumsEntry};
use version::SCHEMA_VERSION;

/// What a document has besides its heading and the course of the run.
const LISTS: [&str; 7] = [
    "warnings",
    "selector",
    "blocks",
    "excluded",
    "marked_not_held",
    "absent_ids",
    "totals",
];

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut members = Members::begin(out)?;
    put_heading(document.kind, Some(document.header), &mut members)?;
    for section in &document.sections {
        put(section, &mut members)?;
    }
    members.end()
}

/// The document of a run that could not begin: it only says why.
pub(super) fn write_error(
    header: Option<&Header>,
    why: &str,
    exit: Exit,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut members = Members::begin(out)?;
    put_heading("error", header, &mut members)?;
    Course::of_error(why, exit).put(&mut members)?;
    for name in LISTS {
        members.put(name, &())?;
    }
    members.end()
}

fn put(section: &Section<'_>, members: &mut Members<'_>) -> io::Result<()> {
    match section {
        Section::Course(review) => Course::of(review).put(members),
        Section::Warnings(review) => {
            members.put("warnings", &Each(review.warnings, WarningEntry::of))
        }
        Section::Selector(effects) => members.put("selector", &Each(effects, EffectEntry::of)),
        Section::Blocks(review) => members.put("blocks", &Each(&review.blocks, BlockEntry::of)),
        Section::Excluded(excluded) => members.put("excluded", &Each(excluded, ExcludedEntry::of)),
        Section::NotHeld(entries) => {
            members.put("marked_not_held", &Each(entries, MarkedNotHeldEntry::of))
        }
        Section::AbsentIds(ids) => members.put("absent_ids", &Each(ids, BlockId::to_string)),
        Section::Findings(checked) => {
            Course::of_look(checked.exit()).put(members)?;
            members.put("findings", &Each(&checked.findings, FindingEntry::of))?;
            members.put("policies", &Each(&checked.policies, PolicyEntry::of))
        }
        Section::Overview(overview) => {
            Course::of_look(overview.exit()).put(members)?;
            let warnings = &overview.found.warnings;
            members.put("warnings", &Each(warnings, WarningEntry::of))?;
            overview::put(overview, members)
        }
        Section::Verified(verification) => {
            Course::of_verification(verification).put(members)?;
            members.put("warnings", &Each(&verification.warnings, WarningEntry::of))?;
            verify::put(verification, members)
        }
        Section::CutOver(found) => {
            Course::of_cutover_check(found).put(members)?;
            let verification = found.verification.as_ref();
            let warnings = verification.map_or(&[][..], |found| &found.warnings);
            members.put("warnings", &Each(warnings, WarningEntry::of))?;
            cutover::put(found, members)
        }
        Section::Reconciled(found) => {
            Course::of_reconciled(found).put(members)?;
            reconciled::put(found, members)
        }
        Section::TakenBack(taken) => {
            Course::of_taken_back(taken).put(members)?;
            members.put("dry_run", &taken.is_dry)?;
            let absent_run = taken.absent_run.as_ref().map(ToString::to_string);
            members.put("absent_run", &absent_run)?;
            members.put("marked_blocks", &taken.marked_blocks)?;
            members.put("warnings", &Each(&taken.warnings, WarningEntry::of))?;
            members.put("blocks", &Each(&taken.blocks, UnmarkedEntry::of))?;
            members.put("absent_ids", &Each(&taken.absent_ids, BlockId::to_string))
        }
        Section::Cleaned(cleaned) => {
            Course::of_cleanup(cleaned).put(members)?;
            members.put("warnings", &Each(&cleaned.warnings, WarningEntry::of))?;
            cleanup::put(cleaned, members)
        }
        Section::BroughtBack(brought) => {
            Course::of_brought_back(brought).put(members)?;
            members.put("dry_run", &brought.is_dry)?;
            let absent_run = brought.absent_run.as_ref().map(ToString::to_string);
            members.put("absent_run", &absent_run)?;
            let by = |way| brought.ways.get(&way).copied().unwrap_or_default();
            members.put("uncovered_objects", &by(Way::Uncovered))?;
            members.put("copied_objects", &by(Way::Copied))?;
            members.put("warnings", &Each(&brought.warnings, WarningEntry::of))?;
            members.put("blocks", &Each(&brought.blocks, UndeletedEntry::of))
        }
        Section::Backfilled(done) => {
            Course::of_backfill(done).put(members)?;
            members.put("warnings", &done.warnings)?;
            backfill::put(done, members)
        }
        Section::Totals(review) => members.put("totals", &TotalsEntry::of(&review.totals)),
        Section::Sums(sums) => members.put("sums", &SumsEntry::of(sums)),
        Section::Estimate(estimate, freed) => {
            members.put("estimate", &EstimateEntry::of(estimate, freed))
        }
        Section::Money(bill) => members.put("money", &bill.map(MoneyEntry::of)),
        // Programs find the numbers among the totals, and need no sentences.
        Section::Concerns(_) | Section::Closing(_) | Section::Next(..) => Ok(()),
    }
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

fn put_heading(kind: &str, header: Option<&Header>, members: &mut Members<'_>) -> io::Result<()> {
    let tool = Tool {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    };
    members.put("schema_version", &SCHEMA_VERSION)?;
    members.put("kind", &kind)?;
    members.put("tool", &tool)?;
    members.put("run", &header.map(|header| header.run.to_string()))?;
    members.put("started", &header.map(|header| rfc3339(header.started)))?;
    members.put("source", &header.map(|header| &header.source))?;
    members.put(
        "target",
        &header.and_then(|header| header.target.as_deref()),
    )?;
    let cutoff = header.and_then(|header| header.cutoff);
    members.put("cutoff", &cutoff.map(rfc3339))
}

/// How a run went, or is to go.
struct Course<'a> {
    complete: Option<bool>,
    exit: Exit,
    elapsed: Option<Duration>,
    aborted: Option<&'a str>,
    signal: Option<Signal>,
    limit: Option<Limit>,
}

impl<'a> Course<'a> {
    fn of(review: &Review<'a>) -> Self {
        let results = review.results;
        Self {
            complete: results.map(|results| results.complete),
            exit: review.exit,
            elapsed: results.map(|results| results.elapsed),
            aborted: review.stopped_by,
            signal: results.and_then(|results| results.signal),
            limit: results.and_then(|results| results.limit),
        }
    }

    fn of_error(why: &'a str, exit: Exit) -> Self {
        Self {
            complete: None,
            exit,
            elapsed: None,
            aborted: Some(why),
            signal: exit.signal(),
            limit: None,
        }
    }

    /// Of what only looks, and carries out nothing.
    fn of_look(exit: Exit) -> Self {
        Self {
            complete: None,
            exit,
            elapsed: None,
            aborted: None,
            signal: None,
            limit: None,
        }
    }

    fn of_verification(verification: &'a Verification) -> Self {
        Self {
            complete: Some(verification.is_complete()),
            exit: verification.exit(),
            elapsed: Some(verification.elapsed),
            aborted: verification.aborted.as_deref(),
            signal: verification.signal,
            limit: None,
        }
    }

    fn of_cutover_check(found: &'a CutOver) -> Self {
        let verification = found.verification.as_ref();
        let aborted = verification.and_then(|found| found.aborted.as_deref());
        Self {
            complete: Some(found.is_complete()),
            exit: found.exit(),
            elapsed: Some(found.elapsed),
            aborted: found.stopped_by.as_deref().or(aborted),
            signal: found.signal.or(verification.and_then(|found| found.signal)),
            limit: None,
        }
    }

    fn of_reconciled(found: &'a Reconciled) -> Self {
        Self {
            complete: Some(found.is_complete()),
            exit: found.exit(),
            elapsed: Some(found.elapsed),
            aborted: found.stopped_by.as_deref(),
            signal: found.signal,
            limit: None,
        }
    }

    fn of_taken_back(taken: &'a TakenBack) -> Self {
        let is_unfinished = |one: &Unmarked| one.ending == UnmarkEnding::NotFinished;
        Self {
            complete: Some(!taken.blocks.iter().any(is_unfinished)).filter(|_| !taken.is_dry),
            exit: taken.exit(),
            elapsed: Some(taken.elapsed),
            aborted: taken.stopped_by.as_deref(),
            signal: taken.signal,
            limit: None,
        }
    }

    fn of_cleanup(cleaned: &'a Cleaned) -> Self {
        Self {
            complete: Some(cleaned.is_complete()).filter(|_| !cleaned.is_dry),
            exit: cleaned.exit(),
            elapsed: Some(cleaned.elapsed),
            aborted: cleaned.stopped_by.as_deref(),
            signal: cleaned.signal,
            limit: None,
        }
    }

    fn of_brought_back(brought: &'a BroughtBack) -> Self {
        Self {
            complete: Some(!brought.is_unfinished()).filter(|_| !brought.is_dry),
            exit: brought.exit(),
            elapsed: Some(brought.elapsed),
            aborted: brought.stopped_by.as_deref(),
            signal: brought.signal,
            limit: None,
        }
    }

    fn of_backfill(done: &'a Backfilled) -> Self {
        Self {
            complete: Some(done.is_complete()).filter(|_| !done.is_dry),
            exit: done.exit(),
            elapsed: Some(done.elapsed),
            aborted: done.aborted.as_deref(),
            signal: done.signal,
            limit: None,
        }
    }

    fn put(&self, members: &mut Members<'_>) -> io::Result<()> {
        members.put("complete", &self.complete)?;
        members.put("exit_code", &self.exit.code())?;
        members.put("elapsed_seconds", &self.elapsed.map(seconds))?;
        members.put("aborted", &self.aborted)?;
        members.put("signal", &self.signal.map(Signal::as_str))?;
        members.put("limit", &self.limit.map(Limit::as_str))
    }
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    about: &'static str,
    name: &'static str,
    state: &'static str,
    text: &'a str,
}

impl<'a> FindingEntry<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            about: finding.about.as_str(),
            name: finding.name,
            state: finding.state.as_str(),
            text: &finding.text,
        }
    }
}

#[derive(Serialize)]
struct PolicyEntry<'a> {
    bucket: &'static str,
    language: &'a str,
    policy: &'a str,
}

impl<'a> PolicyEntry<'a> {
    fn of((role, policy): &'a (Role, Policy)) -> Self {
        Self {
            bucket: role.as_str(),
            language: &policy.language,
            policy: &policy.text,
        }
    }
}

#[derive(Serialize)]
struct WarningEntry<'a> {
    name: &'static str,
    blocks: usize,
    text: &'a str,
    ids: Each<'a, BlockId, String>,
}

impl<'a> WarningEntry<'a> {
    fn of(warning: &'a Warning) -> Self {
        Self {
            name: warning.name,
            blocks: warning.blocks.len(),
            text: &warning.text,
            ids: Each(&warning.blocks, BlockId::to_string),
        }
    }
}

#[derive(Serialize)]
struct EffectEntry<'a> {
    rule: &'a str,
    blocks: u64,
    dropped: u64,
}

impl<'a> EffectEntry<'a> {
    fn of(effect: &'a Effect) -> Self {
        Self {
            rule: &effect.rule,
            blocks: effect.blocks,
            dropped: effect.dropped,
        }
    }
}
