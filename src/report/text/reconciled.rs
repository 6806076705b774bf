//! Whether a target holds the history that a source tells: what was compared, how each selector and query came out, what the target says that it
//! can do, what was found of each kind with the first few in full, and the answer in a sentence.

use std::collections::BTreeSet;
use std::io;

use super::cutover::{detail, heading, in_full};
use super::heading::fact;
use super::page::Page;
use crate::cutover::{Example, Verdict, Weight};
use crate::history::Range;
use crate::human::{self, printable};
use crate::reconciled::{Capabilities, Found, OfSelector, Reconciled, Target, meaning};

/// So many of a kind are shown in full.
const FEW: usize = 2;

/// So many places of a kind are shown.
const MOST_PLACES: usize = 10;

pub(super) fn write(found: &Reconciled, page: &mut Page<'_>) -> io::Result<()> {
    for (name, text) in facts(found) {
        fact(name, &printable(&text), page)?;
    }
    write_selectors(found, page)?;
    write_queries(found, page)?;
    if let Some(capabilities) = &found.capabilities {
        page.blank()?;
        page.line("What the target says of itself", 4)?;
        for line in says(capabilities) {
            page.line(&printable(&format!("  {line}")), 6)?;
        }
    }
    for weight in [Weight::Difference, Weight::Unseen, Weight::Note] {
        write_found(found, weight, page)?;
    }
    page.blank()?;
    page.prose("", &printable(&answer(found)))
}

/// What was compared, as names and texts.
pub(in crate::report) fn facts(found: &Reconciled) -> Vec<(&'static str, String)> {
    let scope = &found.scope;
    let mut facts = Vec::new();
    if !scope.external_labels.is_empty() {
        facts.push(("labels", scope.external_labels.to_string()));
    }
    facts.push(("range", scope.range.to_string()));
    let read = match scope.target {
        Target::Blocks(many) => format!("{} of the target", human::count(many, "block")),
        Target::RemoteRead => "the target, by remote read".to_owned(),
        Target::Export => "the target, by its export".to_owned(),
        Target::Nowhere => "nothing of the target's samples".to_owned(),
    };
    facts.push(("read", read));
    if scope.target != Target::Nowhere {
        let sums = found.sums();
        for (name, sums) in [("source has", sums.source), ("target has", sums.target)] {
            let times = sums.times_ms.map(|(start_ms, end_ms)| {
                let times = Range { start_ms, end_ms };
                format!("samples from {times}")
            });
            facts.push((name, times.unwrap_or_else(|| "no sample".to_owned())));
        }
    }
    let of_selectors = || found.selectors.iter();
    let series: u64 = of_selectors().map(|one| one.series).sum();
    let samples = of_selectors().map(|one| one.compared).sum();
    let compared = format!(
        "{} series, {}; metadata of {}; {}",
        human::number(series),
        human::count(samples, "sample"),
        human::count(found.compared.metadata, "metric"),
        human::count(found.compared.exemplars, "exemplar"),
    );
    facts.push(("compared", compared));
    if let Some(queries) = &found.queries {
        let samples = queries.iter().map(|query| query.samples).sum();
        let answers = format!("{} of their answers", human::count(samples, "sample"));
        facts.push(("queries", answers));
    }
    if !found.waived.is_empty() {
        let waived: Vec<&str> = found.waived.iter().map(String::as_str).collect();
        facts.push(("waived", waived.join(", ")));
    }
    facts
}

/// How a selector or a query came out, in a word.
pub(in crate::report) fn outcome(all: &Reconciled, found: &[Found], compared: u64) -> &'static str {
    let stands = |one: &&Found| !all.is_waived(one);
    let has = |weight| found.iter().filter(stands).any(|one| one.weight == weight);
    if has(Weight::Difference) {
        "differs"
    } else if has(Weight::Unseen) || compared == 0 {
        "not-seen"
    } else {
        "equal"
    }
}

/// A selector as it is shown.
pub(in crate::report) fn name<'a>(all: &'a Reconciled, of: &'a OfSelector) -> &'a str {
    let is_alone = all.selectors.len() == 1;
    let nameless = if is_alone {
        "(all series)"
    } else {
        "(any other series)"
    };
    of.selector.as_deref().unwrap_or(nameless)
}

fn write_selectors(all: &Reconciled, page: &mut Page<'_>) -> io::Result<()> {
    if all.selectors.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("Selectors", 4)?;
    for of in &all.selectors {
        let outcome = outcome(all, &of.found, of.compared);
        let sign = if outcome == "equal" { ' ' } else { '!' };
        let text = format!("{sign} {outcome:<9} {}", name(all, of));
        page.line(&printable(&text), 12)?;
        let both = |one: u64, other: u64| {
            if one == other {
                human::number(one)
            } else {
                format!("{} and {}", human::number(one), human::number(other))
            }
        };
        let text = format!(
            "            series {}, samples {}, of which histograms {}; {} compared",
            both(of.source.series, of.target.series),
            both(of.source.samples, of.target.samples),
            both(of.source.histograms, of.target.histograms),
            human::count(of.compared, "sample"),
        );
        page.line(&text, 12)?;
    }
    Ok(())
}

fn write_queries(all: &Reconciled, page: &mut Page<'_>) -> io::Result<()> {
    let queries = all.queries.as_deref().unwrap_or_default();
    if queries.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("Queries", 4)?;
    for query in queries {
        let outcome = outcome(all, &query.found, query.samples);
        let sign = if outcome == "equal" { ' ' } else { '!' };
        let text = format!(
            "{sign} {outcome:<9} {} ({} series, {})",
            query.query,
            human::number(query.series),
            human::count(query.samples, "sample")
        );
        page.line(&printable(&text), 12)?;
    }
    Ok(())
}

/// What a server says of itself, in lines.
pub(in crate::report) fn says(capabilities: &Capabilities) -> Vec<String> {
    let product = capabilities.product.unwrap_or("of an unknown kind");
    let mut first = product.to_owned();
    for (what, told) in [
        ("", capabilities.version.clone()),
        ("keeps ", capabilities.retention.clone()),
        ("series at hand: ", capabilities.series.map(human::number)),
    ] {
        if let Some(told) = told {
            first = format!("{first}, {what}{told}");
        }
    }
    let mut lines = vec![first];
    for (ability, told) in &capabilities.abilities {
        let why = told.why().map(|why| format!(" ({why})"));
        lines.push(format!(
            "{}: {}{}",
            ability.as_str(),
            told.as_str(),
            why.unwrap_or_default()
        ));
    }
    lines
}

fn write_found(all: &Reconciled, weight: Weight, page: &mut Page<'_>) -> io::Result<()> {
    let kinds = by_kind(all, weight);
    if kinds.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line(heading(weight), 4)?;
    for (kind, of_kind) in kinds {
        let waived = waived(all, &of_kind);
        let is_quiet = weight == Weight::Note || !waived.is_empty();
        let sign = if is_quiet { ' ' } else { '!' };
        let many: u64 = of_kind.iter().map(|one| one.count).sum();
        let many = human::number(many);
        let text = format!("{sign} {kind}: {many}{waived} ({})", meaning(kind));
        page.line(&printable(&text), 4)?;
        let examples = of_kind.iter().flat_map(|found| {
            let examples = found.examples.iter();
            examples.map(|example| (*found, example))
        });
        for (found, example) in examples.take(FEW) {
            for (name, text) in shown(found, example) {
                detail(name, &text, page)?;
            }
        }
        let places = places(&of_kind);
        if places.len() > 1 {
            let more = places.len().saturating_sub(MOST_PLACES);
            let mut text = places
                .iter()
                .take(MOST_PLACES)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            if more > 0 {
                text = format!("{text} and {more} more");
            }
            detail("in all", &text, page)?;
        }
    }
    Ok(())
}

/// What is said behind the number of a kind that was waived.
pub(in crate::report) fn waived(all: &Reconciled, of_kind: &[&Found]) -> &'static str {
    let is_waived = of_kind.first().is_some_and(|first| all.is_waived(first));
    if is_waived { ", waived" } else { "" }
}

/// The places of a kind, and how many there are in each.
pub(in crate::report) fn places(of_kind: &[&Found]) -> Vec<String> {
    let places = of_kind.iter().map(|found| {
        let many = human::number(found.count);
        format!("{many} in {}", place(found))
    });
    places.collect()
}

fn place(found: &Found) -> String {
    match (&found.place, found.side) {
        (Some(place), Some(side)) => format!("{place}, {}", side.as_str()),
        (Some(place), None) => place.clone(),
        (None, Some(side)) => format!("the {}", side.as_str()),
        (None, None) => "the whole".to_owned(),
    }
}

/// One of what was found, as names and texts.
pub(in crate::report) fn shown(found: &Found, example: &Example) -> Vec<(&'static str, String)> {
    let mut shown = Vec::new();
    if found.place.is_some() || found.side.is_some() {
        shown.push(("in", place(found)));
    }
    shown.extend(in_full(example));
    shown
}

/// The findings of each kind, by the first of each.
pub(in crate::report) fn by_kind(
    all: &Reconciled,
    weight: Weight,
) -> Vec<(&'static str, Vec<&Found>)> {
    let mut kinds: Vec<(&'static str, Vec<&Found>)> = Vec::new();
    for found in all.found().filter(|found| found.weight == weight) {
        match kinds.iter_mut().find(|(kind, _)| *kind == found.kind) {
            Some((_, of_kind)) => of_kind.push(found),
            None => kinds.push((found.kind, vec![found])),
        }
    }
    kinds
}

/// What no block holds, and nobody looked at.
fn beyond_blocks(found: &Reconciled) -> String {
    let not_looked_at = [
        ("exemplars-not-looked-at", "exemplars"),
        ("metadata-not-looked-at", "metadata"),
        ("no-promql-checks", "queries"),
    ];
    let is_told = |kind: &str| found.found().any(|one| one.kind == kind);
    let told = not_looked_at.into_iter().filter(|(kind, _)| is_told(kind));
    let told: Vec<&str> = told.map(|(_, what)| what).collect();
    if told.is_empty() {
        return String::new();
    }
    format!(" Not looked at: {}.", told.join(", "))
}

/// Is it all there?
pub(in crate::report) fn answer(found: &Reconciled) -> String {
    let kinds = |weight| {
        let kinds = found.by_kind(weight).into_iter();
        let told = kinds.map(|(kind, many)| format!("{} {kind}", human::number(many)));
        told.collect::<Vec<String>>()
    };
    let question = if found.queries.is_some() {
        "May the source go?"
    } else {
        "Is it all there?"
    };
    let (differing, mut unseen) = (kinds(Weight::Difference), kinds(Weight::Unseen));
    let text = match found.verdict() {
        Verdict::Yes => {
            let rest = beyond_blocks(found);
            format!("Yes: whatever was compared is the same on both sides.{rest}")
        }
        Verdict::Differs => {
            let mut why = differing;
            if !unseen.is_empty() {
                why.push(format!("not looked at: {}", unseen.join(", ")));
            }
            format!(
                "No: {}. Keep the source until a person has looked.",
                why.join("; ")
            )
        }
        Verdict::NotProven => {
            if unseen.is_empty() {
                unseen.push("not everything had its turn".to_owned());
            }
            format!(
                "Not proven: nothing that was compared differs, but {}. Keep the source until that is looked at.",
                unseen.join(", ")
            )
        }
    };
    let waived = found.found().filter(|one| found.is_waived(one));
    let waived: BTreeSet<&str> = waived.map(|one| one.kind).collect();
    let waived: Vec<&str> = waived.into_iter().collect();
    let waived = match waived.as_slice() {
        [] => String::new(),
        waived => format!(" Waived: {}.", waived.join(", ")),
    };
    let signal = found.signal.map(crate::exit::Signal::as_str);
    let ended = match (signal, &found.stopped_by) {
        (Some(signal), _) => format!(" {signal} came before all was compared."),
        (None, Some(why)) => format!(" It had to stop: {why}."),
        (None, None) => String::new(),
    };
    format!("{question} {text}{waived}{ended}")
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use crate::cutover::Weight;
    use crate::exit::Signal;
    use crate::reconciled::Found;
    use crate::report::Output;
    use crate::report::testing::{page_reconciled, reconciled, written_reconciled};

    /// S-24.66
    #[test]
    fn a_small_comparison_reads_like_this() {
        let text = written_reconciled(&reconciled(), Output::Text);
        assert_eq!(text, include_str!("golden/reconciled.txt"), "{text}");
        let page = page_reconciled(&reconciled());
        assert_eq!(page, include_str!("golden/reconciled.md"), "{page}");
    }

    #[test]
    fn the_last_sentence_says_what_there_is_to_be_said() {
        let mut found = reconciled();
        let last = |found: &_| {
            let text = written_reconciled(found, Output::Text);
            let end = text
                .rsplit_once("\n\n")
                .map(|(_, end)| end.replace('\n', " "));
            end.unwrap_or_default()
        };
        found
            .selectors
            .retain(|one| one.selector.as_deref() == Some("down"));
        assert_eq!(
            last(&found).trim(),
            "May the source go? Yes: whatever was compared is the same on both sides."
        );
        found.queries = None;
        assert!(last(&found).starts_with("Is it all there? Yes"));
        let note = |kind| Found {
            kind,
            place: None,
            side: None,
            weight: Weight::Note,
            count: 1,
            examples: Vec::new(),
        };
        found.others.push(note("metadata-not-looked-at"));
        found.others.push(note("exemplars-not-looked-at"));
        let told = last(&found);
        let told = told.trim_end();
        assert!(
            told.ends_with("sides. Not looked at: exemplars, metadata."),
            "{told}"
        );
        found.others.truncate(found.others.len() - 2);
        let known = Found {
            kind: "extra-samples",
            place: None,
            side: None,
            weight: Weight::Difference,
            count: 3,
            examples: Vec::new(),
        };
        found.others.push(known);
        found.waived = ["extra-samples".to_owned()].into();
        let told = last(&found);
        assert!(
            told.trim_end()
                .ends_with("both sides. Waived: extra-samples."),
            "{told}"
        );
        let text = written_reconciled(&found, Output::Text);
        assert!(
            text.contains("  extra-samples: 3, waived (the target"),
            "{text}"
        );
        let page = page_reconciled(&found);
        assert!(
            page.contains("* `extra-samples`: 3, waived (the target"),
            "{page}"
        );
        found.selectors[0].selector = None;
        let text = written_reconciled(&found, Output::Text);
        assert!(text.contains("equal     (all series)\n"), "{text}");
        found.stopped_by = Some("write report.json".to_owned());
        let told = last(&found);
        assert!(told.starts_with("Is it all there? Not proven"), "{told}");
        assert!(told.contains("It had to stop: write report.json"), "{told}");
        found.stopped_by = None;
        found.signal = Some(Signal::Interrupt);
        assert!(last(&found).contains("SIGINT came"));
    }
}
