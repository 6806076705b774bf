//! What there is to do: which windows the bucket holds already, which it has no room for, and which are to be brought.

use std::sync::Arc;

use super::held::{Kin, in_the_way};
use super::task::Overlap;
use crate::block::BlockId;
use crate::history::{Ending, Range, Sums, WindowOutcome};

/// A window, or a part of one, and what is known of it before the source is asked.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) range: Range,
    pub(super) state: State,
}

#[derive(Debug, Clone)]
pub(super) enum State {
    /// It is to be brought.
    ToDo,
    /// A block of the same plan holds it.
    There(BlockId),
    /// Another block holds samples of its time.
    Refused(String),
}

/// What is known of each window. A block of several sources may have been compacted from one of this plan, which shows once that is made again, so
/// that it refuses nothing yet.
pub(super) fn jobs(
    windows: impl Iterator<Item = Range>,
    kin: &[Arc<Kin>],
    plan: &str,
    overlap: Overlap,
) -> Vec<Job> {
    let mut own: Vec<(Range, BlockId)> = kin
        .iter()
        .filter(|one| one.is_of(plan))
        .filter_map(|one| Some((one.made.as_ref()?.window(), one.id)))
        .collect();
    own.sort_unstable();
    let others: Vec<Arc<Kin>> = kin
        .iter()
        .filter(|one| !one.is_of(plan) && one.sources.len() < 2)
        .cloned()
        .collect();
    let mut jobs = Vec::new();
    for window in windows {
        let mut next_ms = window.start_ms;
        let to_do = |start_ms: i64, end_ms: i64, jobs: &mut Vec<Job>| {
            let range = Range { start_ms, end_ms };
            if start_ms >= end_ms {
                return;
            }
            let refused_by = match overlap {
                Overlap::Refuse => in_the_way(&others, range, None),
                Overlap::Allow => None,
            };
            let state = refused_by.map_or(State::ToDo, |by| State::Refused(by.says()));
            jobs.push(Job { range, state });
        };
        for (held, id) in own.iter().filter(|(held, _)| held.meets(window)) {
            to_do(next_ms, held.start_ms, &mut jobs);
            let range = Range {
                start_ms: next_ms.max(held.start_ms),
                end_ms: held.end_ms.min(window.end_ms),
            };
            if range.start_ms < range.end_ms {
                jobs.push(Job {
                    range,
                    state: State::There(*id),
                });
            }
            next_ms = next_ms.max(held.end_ms);
        }
        to_do(next_ms, window.end_ms, &mut jobs);
    }
    jobs
}

impl Job {
    /// How it ends where it ends so, with nothing done.
    pub(super) fn ends(&self, ending: Ending, why: Option<String>) -> WindowOutcome {
        WindowOutcome {
            range: self.range,
            ending,
            block: None,
            sums: Sums::default(),
            why,
        }
    }

    /// Its outcome, where nothing is done about it.
    pub(super) fn settled(&self) -> Option<WindowOutcome> {
        match &self.state {
            State::ToDo => None,
            State::There(id) => Some(WindowOutcome {
                block: Some(*id),
                ..self.ends(Ending::AlreadyThere, None)
            }),
            State::Refused(why) => Some(self.ends(Ending::Refused, Some(why.clone()))),
        }
    }
}
