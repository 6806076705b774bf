//! What a plan costs in money.

use std::io;

use super::page::Page;
use crate::human::printable;
use crate::outcome::{Bill, Line};

/// Continuation lines are indented like the formulas.
const INDENT: usize = 21;

/// Longer formulas have a line of their own.
const FORMULA: usize = 45;

pub(super) fn write(bill: &Bill, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let title = format!(
        "money, in {} by the prices given",
        printable(&bill.currency)
    );
    page.line(&title, 4)?;
    for line in &bill.once.0 {
        row(line, page)?;
    }
    total("paid once", &bill.once.1, page)?;
    for line in &bill.monthly.0 {
        row(line, page)?;
    }
    total("more or less a month", &bill.monthly.1, page)?;
    if let Some(line) = &bill.at_least {
        row(line, page)?;
        page.line(
            "    which is what the target's storage costs at least, and part of its months",
            4,
        )?;
    }
    Ok(())
}

fn row(line: &Line, page: &mut Page<'_>) -> io::Result<()> {
    let Line {
        name,
        formula,
        amount,
    } = line;
    let amount = amount.to_string();
    let mut formula = formula.as_str();
    let mut name = format!("    {name:<15} ");
    if formula.chars().count() > FORMULA {
        page.line(&format!("{name}{formula}"), INDENT)?;
        (name, formula) = (" ".repeat(name.chars().count()), "");
    }
    page.line(&format!("{name}{formula:<FORMULA$} {amount:>13}"), INDENT)
}

fn total(name: &str, amount: &impl ToString, page: &mut Page<'_>) -> io::Result<()> {
    page.line(&format!("  {name:<63} {:>13}", amount.to_string()), 4)
}
