//! The drawings of a page, as SVG within it: where blocks are, and how fast they were copied.

use std::io::{self, Write};
use std::time::Duration;

use crate::chronicle::page::{SHORT_MS, average, days};
use crate::chronicle::seen::{ByState, RunSeen};
use crate::chronicle::state::State;
use crate::chronicle::throughput::per_second;
use crate::chronicle::timeline::{Bar, Row, STEPS, Timeline};
use crate::html::Text;
use crate::human;

/// The lanes of all groups, one drawing each.
pub(super) fn timeline(section: usize, timeline: &Timeline, out: &mut dyn Write) -> io::Result<()> {
    let Some(range) = timeline.range_ms else {
        return writeln!(out, "<p>No block of these files tells its time.</p>");
    };
    writeln!(
        out,
        "<p class=\"soft\">Each group has two lanes: above, what is in the source; below, what is in the target. A step of the lanes shows \
         the worst of what lies there.</p>"
    )?;
    writeln!(out, "<ul class=\"legend\">")?;
    let rows = timeline.rows.iter();
    let there: ByState = rows.flat_map(|row| row.amounts.clone()).collect();
    let is_drawn = |state: &State| *state != State::Gone && there.contains_key(state);
    for state in State::ALL.into_iter().filter(is_drawn) {
        writeln!(
            out,
            "<li><span class=\"swatch {}\" aria-hidden=\"true\"></span>{}: {}</li>",
            state.class(),
            state.as_str(),
            state.meaning()
        )?;
    }
    writeln!(out, "</ul>")?;
    let axis = axis(range);
    for (number, row) in timeline.rows.iter().enumerate() {
        lanes(&format!("g{section}-{number}"), row, range, &axis, out)?;
    }
    Ok(())
}

/// The days, or times of day, at which five ticks stand.
fn axis((begin, end): (i64, i64)) -> String {
    let spelled = if end.saturating_sub(begin) < SHORT_MS {
        human::sample_minute
    } else {
        human::sample_day
    };
    let at = |quarter: i64| {
        let span = i128::from(end) - i128::from(begin);
        let ms = i128::from(begin) + span * i128::from(quarter) / 4;
        i64::try_from(ms).unwrap_or(end)
    };
    let ticks = (0..=4).map(|quarter| format!("<span>{}</span>", spelled(at(quarter))));
    ticks.collect()
}

fn lanes(
    id: &str,
    row: &Row,
    range: (i64, i64),
    axis: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (name, resolution) = match &row.name {
        Some((labels, resolution)) => (
            Text(labels.as_str()).to_string(),
            Text(resolution).to_string(),
        ),
        None => (
            match row.groups {
                0 => "blocks of no known group".to_owned(),
                many => format!(
                    "{} without a row of their own",
                    human::count(many as u64, "group")
                ),
            },
            String::new(),
        ),
    };
    let sums = sums(&row.amounts);
    writeln!(
        out,
        "<div class=\"group\"><p><span><code><bdi>{name}</bdi></code> {resolution}</span><span class=\"soft\">{sums}</span></p>"
    )?;
    writeln!(
        out,
        "<svg class=\"lanes\" role=\"img\" viewBox=\"0 0 {STEPS} 34\" preserveAspectRatio=\"none\" aria-labelledby=\"{id}\">\
         <title id=\"{id}\">{name} {resolution}, {}: {sums}</title>\
         <rect class=\"track\" x=\"0\" y=\"1\" width=\"{STEPS}\" height=\"14\"/>\
         <rect class=\"track\" x=\"0\" y=\"19\" width=\"{STEPS}\" height=\"14\"/>",
        days(range)
    )?;
    for (bars, top) in [(&row.upper, 1), (&row.lower, 19)] {
        for Bar { state, first, end } in bars {
            // Who tells colours apart badly tells heights apart.
            let (below, height) = match state {
                State::Failed | State::Moved | State::Both => (0, 14),
                State::HeldBack | State::Cold | State::Whole => (3, 8),
                State::Hot | State::Gone => (5, 4),
            };
            write!(
                out,
                "<rect class=\"{}\" x=\"{first}\" y=\"{}\" width=\"{}\" height=\"{height}\"/>",
                state.class(),
                top + below,
                end - first
            )?;
        }
    }
    writeln!(
        out,
        "</svg><div class=\"axis\" aria-hidden=\"true\">{axis}</div></div>"
    )
}

/// `12 moved, 3 hot`.
pub(super) fn sums(amounts: &ByState) -> String {
    let told = State::ALL.into_iter().filter_map(|state| {
        let amount = amounts.get(&state)?;
        Some(format!(
            "{} {}, {}",
            human::number(amount.blocks),
            state.as_str(),
            human::size(amount.bytes)
        ))
    });
    told.collect::<Vec<_>>().join("; ")
}

/// How fast each of these runs copied, over its time.
pub(super) fn throughput(runs: &[&RunSeen], out: &mut dyn Write) -> io::Result<()> {
    for (number, run) in runs.iter().enumerate() {
        let flow = &run.throughput;
        let (peak, step_ms) = (flow.peak(), flow.step_ms());
        let begin = human::sample_minute(flow.begin_ms());
        let steps = flow.steps().len().max(1);
        let last = i64::try_from(steps)
            .unwrap_or_default()
            .saturating_mul(step_ms);
        let lasted = u64::try_from(last).map(Duration::from_millis);
        let end = format!("{} later", human::duration(lasted.unwrap_or_default()));
        let caption = format!(
            "Run {}: {} copied, {}/s on average while it copied, {}/s at most",
            Text(&run.id),
            human::size(flow.sum()),
            human::size(average(run)),
            human::size(peak),
        );
        writeln!(
            out,
            "<figure><figcaption>{caption}</figcaption>\
             <svg class=\"bars\" role=\"img\" viewBox=\"0 0 {steps} 100\" preserveAspectRatio=\"none\" aria-labelledby=\"t{number}\">\
             <title id=\"t{number}\">{caption}, from {begin} until {end}</title>\
             <rect class=\"track\" x=\"0\" y=\"99\" width=\"{steps}\" height=\"1\"/>"
        )?;
        for (place, bytes) in flow
            .steps()
            .iter()
            .enumerate()
            .filter(|(_, bytes)| **bytes > 0)
        {
            let rate = u128::from(per_second(*bytes, step_ms));
            let height = (rate * 98).div_ceil(u128::from(peak.max(1)));
            write!(
                out,
                "<rect class=\"moved\" x=\"{place}\" y=\"{}\" width=\"1\" height=\"{height}\"/>",
                99 - height.min(99)
            )?;
        }
        writeln!(
            out,
            "</svg><div class=\"axis\" aria-hidden=\"true\"><span>{begin}</span><span>{end}</span></div></figure>"
        )?;
    }
    Ok(())
}
