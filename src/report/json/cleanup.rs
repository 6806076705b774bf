//! What was left behind, and what became of it.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::members::{Each, Members, rfc3339};
use crate::outcome::{Cleaned, Leftover};

pub(super) fn put(cleaned: &Cleaned, members: &mut Members<'_>) -> io::Result<()> {
    members.put("dry_run", &cleaned.is_dry)?;
    members.put("written_before", &rfc3339(cleaned.before))?;
    let untold = cleaned.uploads_untold.as_ref().map(|untold| &untold.why);
    members.put("uploads_untold", &untold)?;
    members.put("leftovers", &Each(&cleaned.leftovers, LeftoverEntry::of))?;
    let by_ending = cleaned.by_ending();
    let by_ending: BTreeMap<_, _> = by_ending
        .iter()
        .map(|(ending, many)| {
            let sum = SumEntry {
                leftovers: many.leftovers,
                bytes: many.bytes,
            };
            (ending.as_str(), sum)
        })
        .collect();
    let totals = TotalsEntry {
        by_ending,
        needs_a_person: cleaned.needs_a_person(),
    };
    members.put("totals", &totals)
}

#[derive(Serialize)]
struct LeftoverEntry<'a> {
    what: &'static str,
    name: &'a str,
    block: Option<String>,
    objects: u64,
    size_bytes: Option<u64>,
    written: Option<String>,
    ending: &'static str,
    detail: Option<&'a str>,
    needs_a_person: bool,
}

impl<'a> LeftoverEntry<'a> {
    fn of(leftover: &'a Leftover) -> Self {
        Self {
            what: leftover.kind.as_str(),
            name: &leftover.name,
            block: leftover.block.map(|block| block.to_string()),
            objects: leftover.objects,
            size_bytes: leftover.size_bytes,
            written: leftover.written.map(rfc3339),
            ending: leftover.ending.as_str(),
            detail: leftover.detail.as_deref(),
            needs_a_person: leftover.ending.needs_a_person(),
        }
    }
}

#[derive(Serialize)]
struct TotalsEntry {
    by_ending: BTreeMap<&'static str, SumEntry>,
    needs_a_person: u64,
}

#[derive(Serialize)]
struct SumEntry {
    leftovers: u64,
    bytes: u64,
}
