//! What is kept of a run, of a block and of a group.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::state::State;
use super::throughput::Throughput;
use super::words::Word;

/// A run.
#[derive(Debug)]
pub(super) struct RunSeen {
    pub(super) id: String,
    pub(super) verb: String,
    pub(super) version: String,
    pub(super) is_dry: bool,
    pub(super) source: String,
    pub(super) target: Option<String>,
    pub(super) began: DateTime<Utc>,
    /// When it last said something.
    pub(super) last: DateTime<Utc>,
    pub(super) end: Option<EndOfRun>,
    /// Blocks that its plan selects, and what of them is to be put.
    pub(super) selected: u64,
    pub(super) bytes_to_put: u64,
    /// How many blocks came to each ending.
    pub(super) endings: BTreeMap<Word, u64>,
    pub(super) needing_a_person: u64,
    pub(super) objects_put: u64,
    pub(super) bytes_sent: u64,
    pub(super) retried: u64,
    pub(super) warnings: Vec<String>,
    pub(super) throughput: Throughput,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(super) struct EndOfRun {
    pub(super) exit_code: u8,
    pub(super) complete: bool,
    pub(super) why: Option<String>,
}

/// How the work on a block ended in one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct End {
    /// Its place among the runs.
    pub(super) run: u32,
    pub(super) at_ms: i64,
    pub(super) ending: Word,
    pub(super) needs_a_person: bool,
    pub(super) detail: Option<Word>,
    pub(super) what_to_do: Option<Word>,
    pub(super) bytes_sent: u64,
    pub(super) elapsed_ms: u64,
}

/// A block.
#[derive(Debug, Default)]
pub(super) struct BlockSeen {
    /// Its place among the groups.
    pub(super) group: Option<u32>,
    pub(super) range_ms: Option<(i64, i64)>,
    pub(super) size_bytes: u64,
    /// The last run that was about to work on it, and when it said so.
    pub(super) selected: Option<(u32, i64)>,
    /// In the order of their times.
    pub(super) ends: Vec<End>,
    /// Which `copied` lines were counted, by run and time.
    pub(super) copied: Vec<(u32, i64)>,
}

impl BlockSeen {
    /// When it was told of last.
    pub(super) fn told_ms(&self) -> i64 {
        let ended = self.ends.last().map(|end| end.at_ms);
        let selected = self.selected.map(|(_, at)| at);
        ended.max(selected).unwrap_or(i64::MAX)
    }

    /// The latest end, unless it was selected again since and nothing came of that.
    pub(super) fn latest(&self) -> Option<&End> {
        let latest = self.ends.last();
        match (latest, self.selected) {
            (Some(end), Some((run, at))) if run != end.run && at > end.at_ms => None,
            _ => latest,
        }
    }
}

/// External labels and resolution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GroupKey {
    pub(super) labels: String,
    pub(super) resolution: String,
}

/// A group.
#[derive(Debug)]
pub(super) struct GroupSeen {
    pub(super) key: GroupKey,
    /// What stays in the source and what the target held before, and when that was told.
    pub(super) told: Option<(i64, Side, Side)>,
}

/// What a bucket holds of a group.
#[derive(Debug, Default, Clone)]
pub(super) struct Side {
    pub(super) blocks: u64,
    pub(super) size_bytes: u64,
    pub(super) spans_ms: Vec<(i64, i64)>,
}

/// Blocks and bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) blocks: u64,
    pub(super) bytes: u64,
}

impl Amount {
    pub(super) fn less(self, other: Self) -> Self {
        Self {
            blocks: self.blocks.saturating_sub(other.blocks),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    pub(super) fn add(&mut self, blocks: u64, bytes: u64) {
        self.blocks += blocks;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// How much there is of each state.
pub(super) type ByState = BTreeMap<State, Amount>;
