//! What is known, as a page for people: without a script, and of one piece.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::board::{Counters, Known, Order, OrderKnown, OrderState, RuleKnown, Running};
use crate::exit::meaning;
use crate::html::{Cell, Column, STYLE, Table, Text};
use crate::human;

/// The page.
pub(super) fn of(known: &Known) -> String {
    let mut page = Vec::new();
    // Memory takes everything.
    let _ = write(known, &mut page);
    String::from_utf8(page).unwrap_or_default()
}

fn write(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>thanos-bucket: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>Thanos blocks on the move</h1>\n<p>{}</p>\n</header>",
        Text(in_short(known)),
        Text(sentence(known)),
    )?;
    cards(known, out)?;
    to_do(known, out)?;
    in_hand(known, out)?;
    rules(known, out)?;
    attention(known, out)?;
    orders(known, out)?;
    writeln!(
        out,
        "</main>\n<footer><p>thanos-bucket {}, as of {} (all times are UTC); since {}. Load the page again for what is so then.</p></footer>\n</body>\n</html>",
        env!("CARGO_PKG_VERSION"),
        human::second(known.now),
        human::minute(known.started),
    )
}

fn needing_a_person(known: &Known) -> u64 {
    let concerns = known.rules.iter().filter_map(|rule| rule.concerns.as_ref());
    concerns.flat_map(|concerns| concerns.values()).sum()
}

/// For the title.
fn in_short(known: &Known) -> String {
    match needing_a_person(known) {
        0 if known.not_ready.is_some() => "not ready".to_owned(),
        0 => human::count(known.rules.len() as u64, "rule"),
        many => format!("{} in need of a person", human::number(many)),
    }
}

fn sentence(known: &Known) -> String {
    let mut said = match &known.not_ready {
        Some(why) => format!("Not ready: {why}."),
        None => "Ready.".to_owned(),
    };
    let cycles = &known.cycles;
    let _ = match (cycles.began, cycles.next) {
        (Some(began), _) => write!(said, " A cycle is in hand since {}.", human::second(began)),
        (None, Some(next)) => {
            write!(said, " The next cycle begins at {}.", human::second(next))
        }
        (None, None) => Ok(()),
    };
    if let Some((at, elapsed)) = cycles.ended {
        let (at, elapsed) = (human::second(at), human::duration(elapsed));
        let _ = write!(said, " The last one ended at {at}, after {elapsed}.");
    }
    said
}

fn cards(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    let cycles = &known.cycles;
    let pending = || known.rules.iter().filter_map(|rule| rule.pending);
    let sum = |value: fn(&Counters) -> u64| {
        let counters = known.rules.iter().flat_map(|rule| &rule.counters);
        counters.map(value).sum::<u64>()
    };
    let last_success = cycles.success.map_or_else(
        || "none so far".to_owned(),
        |at| format!("the last success at {}", human::minute(at)),
    );
    let cards = [
        (
            "cycles",
            human::number(cycles.succeeded + cycles.failed),
            format!("{} failed; {last_success}", human::number(cycles.failed)),
        ),
        (
            "left to move",
            human::number(pending().map(|pending| pending.blocks).sum()),
            human::size(pending().map(|pending| pending.bytes).sum()),
        ),
        (
            "need a person",
            human::number(needing_a_person(known)),
            "when the last runs ended".to_owned(),
        ),
        (
            "put into buckets",
            human::size(sum(|counters| counters.bytes)),
            format!("{} marks", human::number(sum(|counters| counters.marks))),
        ),
    ];
    writeln!(out, "<dl class=\"sums\">")?;
    for (name, many, more) in cards {
        writeln!(
            out,
            "<div><dt>{name}</dt><dd>{many} <small>{more}</small></dd></div>"
        )?;
    }
    writeln!(out, "</dl>")
}

/// What somebody has to do, the most pressing first.
fn to_do(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>What to do next</h2>")?;
    let mut told: Vec<(String, String)> = Vec::new();
    if let Some((at, why)) = &known.policy.refused {
        let since = human::minute(*at);
        told.push((
            "policy".to_owned(),
            format!("mend the file, which is not in force since {since}: {why}"),
        ));
    }
    for rule in &known.rules {
        let stopped = rule.last.as_ref().and_then(|last| last.stopped_by.as_ref());
        if let Some(why) = stopped {
            told.push((
                rule.outline.name.clone(),
                format!("its last run had to stop, and the next cycle tries again: {why}"),
            ));
        }
        for (concern, many) in rule.concerns.iter().flatten() {
            let mut attention = rule.attention.iter();
            let advice = attention.find(|one| one.concern == *concern);
            let what = advice.map_or("see the report of its last run", |one| &one.what_to_do);
            told.push((
                rule.outline.name.clone(),
                format!("{concern} ({}): {what}", human::number(*many)),
            ));
        }
    }
    told.extend(known.orders_to_see_to().map(|known| {
        let Order { id, deed, rule, .. } = &known.order;
        let mut what = format!("order {id}, {}: {}", deed.as_str(), standing(known));
        if let OrderState::Ended(end) = &known.state {
            for one in &end.attention {
                let _ = write!(what, "; {}: {}: {}", one.block, one.concern, one.what_to_do);
            }
        }
        (rule.clone(), what)
    }));
    if told.is_empty() {
        return writeln!(out, "<p class=\"good\">Nothing needs a person.</p>");
    }
    writeln!(out, "<ul class=\"todo bad\">")?;
    for (name, what) in told {
        writeln!(
            out,
            "<li><strong><bdi>{}</bdi></strong>: {}</li>",
            Text(name),
            Text(what)
        )?;
    }
    writeln!(out, "</ul>")
}

fn in_hand(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>In hand now</h2>")?;
    let Some(running) = &known.running else {
        return writeln!(out, "<p>Nothing.</p>");
    };
    let Running {
        rule,
        deed,
        order,
        run,
        began,
        progress,
        at_work,
    } = running;
    let on_order = order.as_ref().map_or_else(String::new, |order| {
        format!(", by order <code>{}</code>", Text(order))
    });
    let run = run.as_ref().map_or_else(String::new, |run| {
        format!(" (run <code>{}</code>)", Text(run))
    });
    let since = human::duration((known.now - *began).to_std().unwrap_or_default());
    writeln!(
        out,
        "<p><strong><bdi>{}</bdi></strong>: {}{on_order}, for {since}{run}.</p>",
        Text(rule),
        deed.as_str(),
    )?;
    if progress.blocks_total == 0 {
        let seen = human::count(progress.blocks_seen, "block");
        return writeln!(out, "<p>Both buckets are looked at: {seen} so far.</p>");
    }
    let stopping = if progress.stopping {
        " No further block is begun."
    } else {
        ""
    };
    writeln!(
        out,
        "<p><progress aria-label=\"bytes moved\" max=\"{}\" value=\"{}\"></progress> {} of {} blocks, {} of {}.{stopping}</p>",
        progress.bytes_total.max(1),
        progress.bytes_done,
        human::number(progress.blocks_done),
        human::number(progress.blocks_total),
        human::size(progress.bytes_done),
        human::size(progress.bytes_total),
    )?;
    if at_work.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul>")?;
    for block in at_work {
        writeln!(out, "<li><code>{block}</code></li>")?;
    }
    writeln!(out, "</ul>")
}

fn rules(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>Rules</h2>")?;
    let columns: [Column; 6] = [
        ("rule", Cell::name),
        ("source and target", Cell::code),
        ("last run", Cell::short),
        ("how it ended", Cell::long),
        ("left to move", Cell::number),
        ("source holds", Cell::number),
    ];
    let mut table = Table::begin("The policy's rules, in its order", &columns, out)?;
    for rule in &known.rules {
        let pending = rule.pending.unwrap_or_default();
        let last = rule.last.as_ref();
        table.row(vec![
            rule.outline.name.clone(),
            format!("{} {}", rule.outline.source, rule.outline.target),
            last.map_or_else(|| "none yet".to_owned(), |last| human::minute(last.at)),
            how_it_stands(rule),
            format!(
                "{} ({})",
                human::number(pending.blocks),
                human::size(pending.bytes)
            ),
            hot(rule),
        ])?;
    }
    table.end()
}

fn hot(rule: &RuleKnown) -> String {
    let held = rule.hot.map(|hot| human::size(hot.bytes));
    match (held, rule.outline.hot_bytes_limit.map(human::size)) {
        (Some(held), Some(limit)) => format!("{held} of {limit}"),
        (Some(held), None) => held,
        (None, Some(limit)) => format!("at most {limit}"),
        (None, None) => String::new(),
    }
}

fn how_it_stands(rule: &RuleKnown) -> String {
    let ended = rule.last.as_ref().map_or_else(String::new, |last| {
        let why = last.stopped_by.as_ref();
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        format!("{} ({}){why}", meaning(last.exit.code()), last.exit.code())
    });
    match &rule.rests {
        Some(why) if ended.is_empty() => format!("rests: {why}"),
        Some(why) => format!("rests: {why}; {ended}"),
        None => ended,
    }
}

fn attention(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    let each = || {
        let rules = known.rules.iter();
        rules.flat_map(|rule| rule.attention.iter().map(move |one| (rule, one)))
    };
    if each().next().is_none() {
        return Ok(());
    }
    writeln!(out, "<h2>Blocks that need a person</h2>")?;
    let columns: [Column; 5] = [
        ("block", Cell::id),
        ("rule", Cell::short),
        ("what it is", Cell::short),
        ("why", Cell::long),
        ("what to do", Cell::long),
    ];
    let caption = "What needed a person when the last runs ended";
    let mut table = Table::begin(caption, &columns, out)?;
    for (rule, one) in each() {
        table.row(vec![
            one.block.to_string(),
            rule.outline.name.clone(),
            one.concern.to_owned(),
            one.detail.clone().unwrap_or_default(),
            one.what_to_do.clone(),
        ])?;
    }
    table.end()?;
    let shown = each().count() as u64;
    match needing_a_person(known).saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "<p class=\"soft\">… {} more.</p>", human::number(more)),
    }
}

fn orders(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    if known.orders.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Orders</h2>")?;
    let columns: [Column; 6] = [
        ("order", Cell::id),
        ("what", Cell::short),
        ("rule", Cell::short),
        ("blocks", Cell::number),
        ("received", Cell::short),
        ("how it stands", Cell::long),
    ];
    let mut table = Table::begin("Orders of the API, the latest first", &columns, out)?;
    for known in &known.orders {
        table.row(vec![
            known.order.id.clone(),
            known.order.deed.as_str().to_owned(),
            known.order.rule.clone(),
            human::number(known.order.blocks.len() as u64),
            human::minute(known.received),
            standing(known),
        ])?;
    }
    table.end()
}

fn standing(known: &OrderKnown) -> String {
    match &known.state {
        OrderState::Waits => "it waits for its turn".to_owned(),
        OrderState::InHand => "in hand".to_owned(),
        OrderState::Ended(end) => {
            let why = end.stopped_by.as_ref();
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let left = match end.left {
                Some(left @ 1..) => format!("; {} left", human::count(left, "block")),
                Some(0) | None => String::new(),
            };
            let code = end.exit.code();
            format!("{} ({code}){why}{left}", meaning(code))
        }
    }
}
