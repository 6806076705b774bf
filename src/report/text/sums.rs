//! Sums by labels, resolution and month.

use std::borrow::Cow;
use std::io;

use super::page::Page;
use crate::human::{self, printable};
use crate::outcome::{Month, Sum, Sums};

/// So many rows of one kind are shown.
const SHOWN: usize = 24;

/// Names of more characters have a line of their own.
const NAME: usize = 26;

/// Continuation lines are indented like the names.
const INDENT: usize = 4;

pub(super) fn write(sums: &Sums<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if sums.by_resolution.is_empty() {
        return Ok(());
    }
    if !sums.labels.is_empty() {
        let mut rows: Vec<(String, &Sum)> = sums
            .by_labels
            .iter()
            .map(|(values, sum)| (group(sums.labels, values), sum))
            .collect();
        // What weighs most comes first, and of the rest of the rows only the sum is shown.
        rows.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.selected.bytes));
        table(&format!("by {}", sums.labels.join(", ")), &rows, page)?;
    }
    let resolutions = sums.by_resolution.iter();
    let resolutions = resolutions.map(|(ms, sum)| (human::resolution(*ms).into_owned(), sum));
    table("by resolution", &resolutions.collect::<Vec<_>>(), page)?;
    let months = sums.by_month.iter();
    let months = months.map(|(month, sum)| (month_text(*month), sum));
    table("by month of minTime", &months.collect::<Vec<_>>(), page)
}

fn table(title: &str, rows: &[(String, &Sum)], page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let title = printable(title);
    columns(
        &title,
        ["blocks", "objects", "bytes", "bytes to put"],
        0,
        page,
    )?;
    let shown = if rows.len() > SHOWN { SHOWN - 1 } else { SHOWN };
    for (name, sum) in rows.iter().take(shown) {
        row(&printable(name), sum, page)?;
    }
    let rest = rows.get(shown..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(());
    }
    let sum = rest
        .iter()
        .fold(Sum::default(), |all, (_, sum)| all.and(sum));
    let more = human::number(rest.len() as u64);
    row(&format!("… and {more} more"), &sum, page)
}

fn row(name: &str, sum: &Sum, page: &mut Page<'_>) -> io::Result<()> {
    let blocks = human::number(sum.selected.blocks);
    let objects = human::number(sum.selected.objects);
    let (bytes, to_put) = (
        human::size(sum.selected.bytes),
        human::size(sum.to_put.bytes),
    );
    columns(name, [&blocks, &objects, &bytes, &to_put], 2, page)
}

fn columns(name: &str, cells: [&str; 4], indent: usize, page: &mut Page<'_>) -> io::Result<()> {
    let width = NAME + 2 - indent;
    let mut name: Cow<'_, str> = format!("{:indent$}{name}", "").into();
    if human::width(&name) > width + indent {
        page.line(&name, INDENT)?;
        name = "".into();
    }
    let rest = (NAME + 2).saturating_sub(human::width(&name));
    let [blocks, objects, bytes, to_put] = cells;
    let text = format!(
        "{name}{:rest$} {blocks:>9} {objects:>11} {bytes:>11} {to_put:>13}",
        ""
    );
    page.line(&text, INDENT)
}

/// `cluster="a", tenant absent`.
fn group(labels: &[String], values: &[Option<&str>]) -> String {
    let pairs = labels.iter().zip(values).map(|(name, value)| match value {
        Some(value) => format!("{name}={value:?}"),
        None => format!("{name} absent"),
    });
    pairs.collect::<Vec<_>>().join(", ")
}

fn month_text(month: Option<Month>) -> String {
    month.map_or_else(
        || "beyond the calendar".to_owned(),
        |month| month.to_string(),
    )
}
