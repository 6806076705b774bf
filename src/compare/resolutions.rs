//! Which resolutions moved blocks have, and which of them a querier of Thanos is asked for: with each it answers from other blocks.

use super::task::{Sides, Task};
use crate::cutover::parity::PARITY;
use crate::cutover::{Example, Finding, Weight};
use crate::outcome::Verification;
use crate::promql::Product;

/// What is downsampled, from the finest on: in milliseconds, as queriers spell it, and the place of what counting it finds.
const COARSE: [(i64, &str, &str); 2] = [
    (300_000, "5m", "parity at 5m"),
    (3_600_000, "1h", "parity at 1h"),
];

/// The coarsest data that may answer while samples are counted, where it is not that of the task; and the place of what is found.
pub(super) type Counted = (Option<&'static str>, &'static str);

/// How often samples are counted: once as queries are answered, and once for each coarser resolution that was verified.
pub(super) fn counted(
    task: &Task,
    sides: &Sides,
    verification: Option<&Verification>,
) -> Vec<Counted> {
    let coarser = coarser(task, sides, verification);
    let counted = coarser.map(|(_, name, place)| (Some(name), place));
    [(None, PARITY)].into_iter().chain(counted).collect()
}

/// What there is to say of resolutions that no query was answered from.
pub(super) fn not_asked(
    task: &Task,
    sides: &Sides,
    verification: Option<&Verification>,
) -> Option<Finding> {
    let names: Vec<&str> = coarser(task, sides, verification)
        .map(|(_, name, _)| name)
        .collect();
    let coarsest = names.last()?;
    let (weight, counted) = if task.parity {
        (Weight::Note, ", which were counted alone")
    } else {
        (Weight::Unseen, "")
    };
    let text = format!(
        "blocks of {} were verified{counted}: --query.max-source-resolution={coarsest} has queries answered from them",
        names.join(" and ")
    );
    Some(Finding {
        kind: "resolution-not-asked",
        place: None,
        side: None,
        weight,
        count: names.len() as u64,
        first: Example {
            text: Some(text),
            ..Example::default()
        },
    })
}

fn coarser(
    task: &Task,
    sides: &Sides,
    verification: Option<&Verification>,
) -> impl Iterator<Item = (i64, &'static str, &'static str)> {
    let is_thanos = [&sides.source, &sides.target]
        .iter()
        .any(|side| side.server().product == Product::Thanos);
    let asked = match task.limits.of_thanos.max_source_resolution.as_str() {
        "0s" => 0,
        "5m" => 300_000,
        _ => i64::MAX,
    };
    let had: Vec<i64> = verification
        .iter()
        .flat_map(|verification| &verification.blocks)
        .filter_map(|block| block.meta.as_ref())
        .map(|meta| meta.block.group.resolution_ms)
        .collect();
    let coarse = COARSE.into_iter();
    coarse.filter(move |(ms, ..)| is_thanos && *ms > asked && had.contains(ms))
}
