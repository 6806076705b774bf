//! Results as a person reads them: tables in Markdown, with columns as wide as what stands in them.

use std::fmt::Write as _;

use crate::measure::Figure;
use crate::peer::{Kind, Peer};
use crate::rounds::Taken;
use crate::spread::Spread;
use crate::targets::Judged;

/// The figures of one scenario: medians, the least and the most of each, and the ratio of the median wall time to that of the best peer.
pub fn of_scenario(taken: &Taken) -> String {
    let rounds = taken.costs.iter().map(|(_, costs)| costs.len()).max();
    let moved = taken.moved;
    let mut text = format!(
        "### {}: {}\n\nMoved: {} blocks, {} objects, {} MiB; rounds: {}\n\n",
        taken.scenario.name,
        taken.scenario.says,
        moved.published,
        moved.objects,
        moved.bytes.div_ceil(1 << 20),
        rounds.unwrap_or(0),
    );
    let head = [
        "tool",
        "wall s",
        "to best peer",
        "client CPU s",
        "to best peer",
        "peak MiB",
        "requests",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for (peer, _) in &taken.costs {
        let cell = |figure, digits| spread(taken.spread(*peer, figure), digits);
        rows.push([
            peer.name().to_owned(),
            cell(Figure::Wall, 3),
            to_best(taken, *peer, Figure::Wall),
            cell(Figure::Cpu, 2),
            to_best(taken, *peer, Figure::Cpu),
            cell(Figure::Peak, 1),
            cell(Figure::Requests, 0),
        ]);
    }
    text += &table(&rows);
    text
}

/// Each target with its ratio.
pub fn of_targets(judged: &[Judged]) -> String {
    let mut rows = vec![["target", "ratio", "at most", ""].map(str::to_owned)];
    for target in judged {
        rows.push([
            target.says.clone(),
            target
                .ratio
                .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}")),
            format!("{:.3}", target.at_most),
            if target.is_met() { "met" } else { "MISSED" }.to_owned(),
        ]);
    }
    table(&rows)
}

/// The median of a tool by the least median among peers of its kind; nothing where it has none.
fn to_best(taken: &Taken, peer: Peer, figure: Figure) -> String {
    let median = |peer| Some(taken.spread(peer, figure)?.median);
    let is_peer = |other: &Peer| {
        !other.is_ours() && other.kind() == peer.kind() && other.kind() != Kind::Limit
    };
    let peers = taken.costs.iter().map(|(other, _)| *other).filter(is_peer);
    let best = peers.filter_map(median).min_by(f64::total_cmp);
    match median(peer).zip(best) {
        Some((own, best)) if best > 0.0 => format!("{:.2}", own / best),
        _ => "-".to_owned(),
    }
}

fn spread(spread: Option<Spread>, digits: usize) -> String {
    let Some(Spread {
        median,
        least,
        most,
    }) = spread
    else {
        return "-".to_owned();
    };
    format!("{median:.digits$} ({least:.digits$}..{most:.digits$})")
}

/// The first row is the head.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [3; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (width, cell) in widths.iter().zip(row) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text += "|\n";
        if number == 0 {
            for width in widths {
                let _ = write!(text, "|{:-<1$}", "", width + 2);
            }
            text += "|\n";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{spread, table};
    use crate::spread::Spread;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let rows = [["tool", "s"], ["cp", "0.125"]].map(|row| row.map(str::to_owned));
        assert_eq!(
            table(&rows),
            "| tool | s     |\n|------|-------|\n| cp   | 0.125 |\n"
        );
    }

    #[test]
    fn a_spread_is_told_with_its_ends() {
        let measured = Spread::of([1.0, 2.5, 1.5]);
        assert_eq!(spread(measured, 1), "1.5 (1.0..2.5)");
        assert_eq!(spread(None, 1), "-");
    }
}
