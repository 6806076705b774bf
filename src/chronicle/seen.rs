//! What is kept of a run, of a block and of a group.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};

use super::state::State;
use super::throughput::Throughput;
use super::words::Word;
use crate::block::BlockId;

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
    /// What it was asked to look at, in short.
    pub(super) selection: u64,
    /// When its plan stood.
    pub(super) planned_ms: Option<i64>,
    /// Blocks that its plan selects, and what of them is to be put.
    pub(super) selected: u64,
    pub(super) bytes_to_put: u64,
    /// How many blocks came to each ending.
    pub(super) endings: BTreeMap<Word, u64>,
    pub(super) needing_a_person: u64,
    pub(super) objects_put: u64,
    pub(super) bytes_sent: u64,
    pub(super) retried: Tries,
    pub(super) warnings: Vec<String>,
    pub(super) throughput: Throughput,
}

/// So many tries are told apart; of a run with more, those in copies of its file count twice.
const TRIES: usize = 100_000;

/// How often something was tried again. What is told twice, because a file was copied, counts once.
#[derive(Debug, Default)]
pub(super) struct Tries {
    told: HashSet<(Option<BlockId>, i64)>,
    pub(super) many: u64,
}

impl Tries {
    pub(super) fn note(&mut self, block: Option<BlockId>, at: DateTime<Utc>) {
        let key = (block, at.timestamp_millis());
        let is_new = !self.told.contains(&key);
        if is_new && self.told.len() < TRIES {
            self.told.insert(key);
        }
        self.many += u64::from(is_new);
    }
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
    /// With [`HERE`](super::words::HERE) where the block's own id stands.
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
    /// The last runs that were about to work on it, and when they said so.
    pub(super) selected: Vec<(u32, i64)>,
    /// In the order of their times.
    pub(super) ends: Vec<End>,
    /// Which `copied` lines were counted, by run and time, and the bytes of each.
    pub(super) copied: Vec<(u32, i64, u64)>,
}

impl BlockSeen {
    /// Whether the run has a line of it.
    pub(super) fn is_told_by(&self, run: u32) -> bool {
        self.runs().any(|one| one == run)
    }

    /// The runs that have lines of it, some of them several times.
    pub(super) fn runs(&self) -> impl Iterator<Item = u32> {
        let ended = self.ends.iter().map(|end| end.run);
        ended.chain(self.selected.iter().map(|(run, _)| *run))
    }

    /// What the run has put of it, as far as it was told: a run that was killed has told of no ending.
    pub(super) fn put_by(&self, run: u32) -> u64 {
        let copied = self.copied.iter().filter(|(one, ..)| *one == run);
        let copied = copied.fold(0_u64, |sum, (.., bytes)| sum.saturating_add(*bytes));
        let ended = self.ends.iter().filter(|end| end.run == run);
        let ended = ended.map(|end| end.bytes_sent).max();
        copied.max(ended.unwrap_or_default())
    }
}

impl RunSeen {
    /// Whether blocks are moved or copied by it; where its beginning is missing, for all that is known.
    pub(super) fn moves(&self) -> bool {
        matches!(self.verb.as_str(), "migrate" | "replicate" | "")
    }

    /// Whether it has done all that it was asked.
    pub(super) fn is_complete(&self) -> bool {
        let end = self.end.as_ref();
        end.is_some_and(|end| end.complete && !matches!(end.exit_code, 1 | 2))
    }

    /// When it had looked at all that it selects, where it is not dry and has come so far.
    pub(super) fn stood_ms(&self) -> Option<i64> {
        if self.is_dry {
            return None;
        }
        let last = self.is_complete().then(|| self.last.timestamp_millis());
        if self.moves() { self.planned_ms } else { last }
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
    /// By which runs it was told.
    pub(super) told: Vec<Told>,
}

/// What stays in the source of a group and what the target held before, but for what the run that tells it selects.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) run: u32,
    pub(super) at_ms: i64,
    pub(super) hot: Side,
    pub(super) cold: Side,
}

impl GroupSeen {
    pub(super) fn told_by(&self, run: Option<u32>) -> Option<&Told> {
        self.told.iter().find(|told| Some(told.run) == run)
    }
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
    pub(super) fn least(self, other: Self) -> Self {
        Self {
            blocks: self.blocks.min(other.blocks),
            bytes: self.bytes.min(other.bytes),
        }
    }

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
