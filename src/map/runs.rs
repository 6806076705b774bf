//! The runs of this tool, as far as their marks tell of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::group::Sum;
use super::seen::{Marking, Seen};
use crate::block::BlockId;

/// What one run has marked, or others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The run and its target, as the marks name them; `None` for marks that this tool did not write.
    pub run: Option<(String, String)>,
    /// When the run began, by its id; or when the first of those marks was made that this tool did not write.
    pub time: Option<DateTime<Utc>>,
    /// When its first and its last mark were made.
    pub between: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How many directories bear its mark, and their size.
    pub sum: Sum,
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Runs(BTreeMap<Option<(String, String)>, Marked>);

impl Runs {
    pub(super) fn note(&mut self, seen: &Seen<'_>) {
        let Marking::Marked(mark) = seen.marking else {
            return;
        };
        let run = mark
            .provenance()
            .map(|ours| (ours.run.to_string(), ours.target));
        let time = DateTime::from_timestamp(mark.deletion_time(), 0);
        let entry = self.0.entry(run).or_insert_with_key(|run| Marked {
            run: run.clone(),
            time: None,
            between: None,
            sum: Sum::default(),
        });
        entry.sum.add(seen.bytes);
        if let Some(time) = time {
            let (first, last) = entry.between.unwrap_or((time, time));
            entry.between = Some((first.min(time), last.max(time)));
        }
    }

    /// The latest first; what others marked comes last.
    pub(super) fn sorted(self) -> Vec<Marked> {
        let mut runs: Vec<Marked> = self.0.into_values().collect();
        for marked in &mut runs {
            let first = marked.between.map(|(first, _)| first);
            let run = marked.run.as_ref();
            marked.time = run.and_then(|(run, _)| begun(run)).or(first);
        }
        runs.sort_by(|one, other| {
            let key = |marked: &Marked| (marked.run.is_some(), marked.time);
            key(other).cmp(&key(one))
        });
        runs
    }
}

/// When a run of that id began.
fn begun(run: &str) -> Option<DateTime<Utc>> {
    let id: BlockId = run.parse().ok()?;
    DateTime::from_timestamp_millis(i64::try_from(id.time_ms()).ok()?)
}
