//! The groups of a map: how many blocks are where, and a bar over time for each.

use std::collections::BTreeSet;
use std::io;

use super::page::Page;
use super::timeline::{Cell, Timeline, drawn};
use crate::block::Group;
use crate::human::{self, printable};
use crate::map::{GroupMap, Overlap, Range, Sum, Sums};
use crate::outcome::Overview;
use crate::report::form::{Form, Rows};

/// Up to so many groups are all shown; of more, so many.
const FEW: usize = 60;

/// So many gaps, and so many overlaps, of one group are named where not all groups are asked for.
const NAMED: usize = 3;

/// Bars begin below the counts.
const INDENT: usize = 4;

/// The width of a line of counts.
const TABLE: usize = 76;

/// How wide a page is that has no width.
const USUAL: usize = 80;

/// Wider bars tell no more.
const WIDEST: usize = 160;

pub(super) fn write(overview: &Overview<'_>, form: Form, page: &mut Page<'_>) -> io::Result<()> {
    let map = &overview.found.map;
    let ranges = || map.groups.iter().filter_map(GroupMap::range);
    let range = Range {
        min_ms: ranges().map(|range| range.min_ms).min().unwrap_or_default(),
        max_ms: ranges().map(|range| range.max_ms).max().unwrap_or_default(),
    };
    let columns = form.columns.unwrap_or(USUAL).min(WIDEST);
    let groups = Groups {
        overview,
        alarming: alarming(overview),
        rows: form.rows,
        timeline: Timeline::new(range, columns.saturating_sub(INDENT).max(20)),
        has_target: map.has_target,
        is_table: page.fits(TABLE),
    };
    if !map.groups.is_empty() {
        groups.write(page)?;
    }
    Ok(())
}

struct Groups<'a> {
    overview: &'a Overview<'a>,
    /// Those with something that needs a person.
    alarming: BTreeSet<&'a Group>,
    rows: Rows,
    timeline: Timeline,
    has_target: bool,
    /// Whether counts stand below headings.
    is_table: bool,
}

impl Groups<'_> {
    fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.blank()?;
        page.line(self.legend(), INDENT)?;
        self.write_axis(page)?;
        page.blank()?;
        if self.is_table {
            page.line(&self.heading(), INDENT)?;
        }
        let all = &self.overview.found.map.groups;
        let shown = self.shown();
        if shown.len() < all.len() {
            self.write_sums(page)?;
        }
        let mut labels = None;
        for group in &shown {
            if labels != Some(&group.group.labels) {
                labels = Some(&group.group.labels);
                page.line(&printable(&group.group.labels.to_string()), INDENT)?;
            }
            self.write_group(group, page)?;
        }
        let more = all.len() - shown.len();
        if more > 0 && !shown.is_empty() {
            let text = format!(
                "… and {} more groups, which are in the sums above (--output.groups=all shows all)",
                human::number(more as u64)
            );
            page.line(&text, INDENT)?;
        }
        if shown.len() > 10 {
            self.write_axis(page)?;
        }
        Ok(())
    }

    fn legend(&self) -> &'static str {
        if self.has_target {
            "over time (UTC): # hot  = both  - cold  x gap  * in sums: some here, some there"
        } else {
            "over time (UTC): # there  x gap"
        }
    }

    fn write_axis(&self, page: &mut Page<'_>) -> io::Result<()> {
        let indent = " ".repeat(INDENT);
        page.line(&format!("{indent}{}", self.timeline.axis()), INDENT)?;
        let cutoff = self.overview.found.cutoff;
        let sign = cutoff.and_then(|cutoff| {
            self.timeline
                .sign(cutoff.timestamp_millis(), "older is due")
        });
        match sign {
            Some(sign) => page.line(&format!("{indent}{sign}"), INDENT),
            None => Ok(()),
        }
    }

    fn heading(&self) -> String {
        if self.has_target {
            format!(
                "{:<4} {:>15} {:>15} {:>15} {:>15} {:>7}",
                "", "hot only", "both", "marked", "cold only", "partial"
            )
        } else {
            format!(
                "{:<4} {:>15} {:>15} {:>7}",
                "", "there", "marked", "partial"
            )
        }
    }

    /// The groups that have lines of their own, in their order.
    fn shown(&self) -> Vec<&GroupMap> {
        let all = &self.overview.found.map.groups;
        if self.rows == Rows::None {
            return Vec::new();
        }
        if self.rows == Rows::All || all.len() <= FEW {
            return all.iter().collect();
        }
        let rank = |group: &&GroupMap| {
            let is_odd = group.gaps().next().is_some() || !group.overlaps.is_empty();
            (!self.alarming.contains(&group.group), !is_odd)
        };
        let mut shown: Vec<&GroupMap> = all.iter().collect();
        shown.sort_by_key(rank);
        shown.truncate(FEW);
        shown.sort_by(|one, other| one.group.cmp(&other.group));
        shown
    }

    /// What all groups of a resolution are together, shown or not.
    fn write_sums(&self, page: &mut Page<'_>) -> io::Result<()> {
        let all = &self.overview.found.map.groups;
        let many = human::count(all.len() as u64, "group");
        page.line(&format!("all {many}, by resolution"), INDENT)?;
        let resolutions: BTreeSet<i64> = all.iter().map(|one| one.group.resolution_ms).collect();
        for resolution_ms in resolutions {
            let mut sums = Sums::default();
            let mut cells: Vec<Cell> = self.timeline.cells(&[]);
            let of_it = all
                .iter()
                .filter(|one| one.group.resolution_ms == resolution_ms);
            for group in of_it {
                sums.add(&group.sums);
                let others = self.timeline.cells(&group.intervals);
                for (cell, other) in cells.iter_mut().zip(others) {
                    *cell = cell.and(other);
                }
            }
            self.write_row(' ', resolution_ms, &sums, &cells, page)?;
        }
        page.blank()
    }

    fn write_group(&self, group: &GroupMap, page: &mut Page<'_>) -> io::Result<()> {
        let is_alarming = self.alarming.contains(&group.group);
        let flag = if is_alarming { '!' } else { ' ' };
        let cells = self.timeline.cells(&group.intervals);
        self.write_row(flag, group.group.resolution_ms, &group.sums, &cells, page)?;
        let most = match self.rows {
            Rows::All => usize::MAX,
            Rows::Auto | Rows::None => NAMED,
        };
        let indent = " ".repeat(INDENT);
        let gaps: Vec<Range> = group.gaps().collect();
        for gap in gaps.iter().take(most) {
            page.line(&format!("{indent}gap {}", told(*gap)), INDENT + 2)?;
        }
        if let Some(more) = gaps.get(most..).filter(|more| !more.is_empty()) {
            let many = human::count(more.len() as u64, "more gap");
            let time = more.iter().map(|gap| gap.length_ms());
            let time = human::span(time.fold(0, i64::saturating_add));
            page.line(&format!("{indent}and {many}, {time} in all"), INDENT + 2)?;
        }
        for overlap in group.overlaps.iter().take(most) {
            page.line(&format!("{indent}{}", self.of_overlap(overlap)), INDENT + 2)?;
        }
        let more = group.overlaps.len().saturating_sub(most) as u64;
        if more > 0 {
            let many = human::count(more, "more overlap");
            page.line(&format!("{indent}and {many}"), INDENT + 2)?;
        }
        Ok(())
    }

    fn of_overlap(&self, overlap: &Overlap) -> String {
        let (one, other) = overlap.example;
        let place = if self.has_target {
            format!(" in the {}", overlap.bucket.as_str())
        } else {
            String::new()
        };
        let blocks = human::count(overlap.blocks, "block");
        let such_as = if overlap.blocks > 2 { "such as " } else { "" };
        format!(
            "overlap of {blocks}{place} {}: {such_as}{one}, {other}",
            told(overlap.range)
        )
    }

    /// The counts below their headings.
    fn table_row(&self, sums: &Sums) -> String {
        let (hot, marked) = (amount(sums.hot_only), amount(sums.marked));
        let partial = match sums.partial.blocks {
            0 => "-".to_owned(),
            many => human::number(many),
        };
        if self.has_target {
            let (both, cold) = (amount(sums.both), amount(sums.cold_only));
            format!("{hot} {both} {marked} {cold} {partial:>7}")
        } else {
            format!("{hot} {marked} {partial:>7}")
        }
    }

    /// The counts that there are, one after the other.
    fn listed(&self, sums: &Sums) -> String {
        let hot = if self.has_target { "hot only" } else { "there" };
        let counts = [
            (sums.hot_only, hot),
            (sums.both, "both"),
            (sums.marked, "marked"),
            (sums.cold_only, "cold only"),
            (sums.partial, "partial"),
        ];
        let counts = counts.into_iter().filter(|(sum, _)| sum.blocks > 0);
        let counts: Vec<String> = counts
            .map(|(sum, name)| {
                let (blocks, size) = (human::number(sum.blocks), human::size(sum.bytes));
                format!("{blocks} {name} ({size})")
            })
            .collect();
        counts.join(", ")
    }

    fn write_row(
        &self,
        flag: char,
        resolution_ms: i64,
        sums: &Sums,
        cells: &[Cell],
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        let resolution = human::resolution(resolution_ms);
        let counts = if self.is_table {
            self.table_row(sums)
        } else {
            self.listed(sums)
        };
        page.line(&format!("{flag} {resolution:<2} {counts}"), INDENT)?;
        let bar = drawn(cells);
        if bar.is_empty() {
            return Ok(());
        }
        page.line(&format!("{:INDENT$}{bar}", ""), INDENT)
    }
}

/// Groups with something that needs a person.
fn alarming<'a>(overview: &'a Overview<'_>) -> BTreeSet<&'a Group> {
    let found = overview.found;
    let flaws = found.map.flaws.iter();
    let flaws = flaws.filter(|flawed| overview.is_alarming(flawed));
    let not_held = found.not_held.iter().filter_map(|(block, _)| block.meta());
    flaws
        .filter_map(|flawed| flawed.group.as_ref())
        .chain(not_held.map(|meta| &meta.block.group))
        .collect()
}

/// In 15 characters, unless there is very much of it.
fn amount(sum: Sum) -> String {
    if sum.blocks == 0 {
        return format!("{:>15}", "-");
    }
    let blocks = human::number(sum.blocks);
    format!("{blocks:>6} {:>8}", human::size(sum.bytes))
}

fn told(range: Range) -> String {
    format!(
        "{} to {} ({})",
        human::sample_minute(range.min_ms),
        human::sample_minute(range.max_ms),
        human::span(range.length_ms())
    )
}
