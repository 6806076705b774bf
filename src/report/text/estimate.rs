//! What a plan costs: requests, bytes, time, and when the source is freed.

use std::io;

use super::page::Page;
use crate::human::{self, printable};
use crate::outcome::{Estimate, Freed, Requests};

/// Continuation lines are indented like the names.
const INDENT: usize = 4;

pub(super) fn write(estimate: &Estimate, freed: &Freed, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    columns("requests", ["list", "get", "put", "copy", "delete"], page)?;
    for (name, asked) in [
        ("  to the source", &estimate.asked.source),
        ("  to the target", &estimate.asked.target),
    ] {
        let Requests {
            list,
            get,
            put,
            copy,
            delete,
        } = *asked;
        let cells = [list, get, put, copy, delete].map(human::number);
        columns(name, cells.each_ref().map(String::as_str), page)?;
    }
    page.line(
        "  about, and without repetitions and those of the planning; listings are counted block by block",
        INDENT,
    )?;
    page.blank()?;
    page.line("bytes and time", INDENT)?;
    let here = human::size(estimate.bytes_here);
    fact("through here", &here, page)?;
    let by_service = human::size(estimate.bytes_by_service);
    fact("by the service", &by_service, page)?;
    if let (Some(time), Some(rate)) = (estimate.time(), estimate.rate) {
        let (bytes, rate) = (
            human::size(estimate.bytes_to_put()),
            human::size(rate.get()),
        );
        let text = format!(
            "{} for {bytes}, the sum of both, at {rate} a second",
            human::duration(time)
        );
        fact("time", &text, page)?;
    }
    match freed {
        Freed::NotTold => Ok(()),
        Freed::WithDeletion => fact(
            "freed",
            "once the source's compactor has deleted what is marked",
            page,
        ),
        Freed::Later(why) => {
            let text = format!("! freed          later: {}", printable(why));
            page.line(&text, 17)
        }
        Freed::Unknown(why) => {
            let text = format!(
                "nobody knows when: the source does not say how it keeps what is deleted: {why}"
            );
            fact("freed", &printable(&text), page)
        }
    }
}

fn fact(name: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    page.line(&format!("  {name:<14} {text}"), 17)
}

fn columns(name: &str, cells: [&str; 5], page: &mut Page<'_>) -> io::Result<()> {
    let [list, get, put, copy, delete] = cells;
    let text = format!("{name:<17} {list:>11} {get:>11} {put:>11} {copy:>11} {delete:>11}");
    page.line(&text, INDENT)
}
