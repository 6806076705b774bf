//! Which things of a list have rows of their own, and what is said of the others.

use std::io;

use super::blocks::MOST;
use super::page::Page;
use crate::human;
use crate::report::form::Rows;

/// Continuation lines are indented like what stands behind the sign above them.
const INDENT: usize = 4;

/// A row for each that is to have one: where it is left to us all of a few, and of many those that need a person. The others are counted, and `one` of
/// them is called so.
pub(super) fn write<T>(
    all: &[T],
    one: &str,
    rows: Rows,
    page: &mut Page<'_>,
    needs_a_person: impl Fn(&T) -> bool,
    row: impl Fn(&T, &mut Page<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let few = all.len() <= MOST;
    let mut left_out = 0;
    for each in all {
        let is_shown = match rows {
            Rows::All => true,
            Rows::Auto => few || needs_a_person(each),
            Rows::None => false,
        };
        if is_shown {
            row(each, page)?;
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let text = format!(
            "… {} not listed (--output.blocks=all lists all)",
            human::count(left_out, one)
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}
