//! What became of blocks that were to be brought back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::block::{BlockId, MetaFile, RunId};
use crate::bucket::Way;
use crate::exit::{Exit, Signal};
use crate::plan::{NotBack, Warning};

/// What became of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UndeleteEnding {
    /// It is to be brought back; the run was dry.
    ToUndelete,
    /// It is back, and whole.
    Undeleted,
    /// It lies there whole, and needed nothing.
    IsThere,
    /// The run ended first.
    NotFinished,
    /// It stays as it is, and why.
    Refused(NotBack),
    /// It was brought back, and somebody has deleted some of it again.
    LostMeanwhile,
    /// It could not be brought back, or not all of it.
    Failed,
}

impl UndeleteEnding {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            UndeleteEnding::ToUndelete => "to-undelete",
            UndeleteEnding::Undeleted => "undeleted",
            UndeleteEnding::IsThere => "is-there",
            UndeleteEnding::NotFinished => "not-finished",
            UndeleteEnding::Refused(why) => why.as_str(),
            UndeleteEnding::LostMeanwhile => "lost-meanwhile",
            UndeleteEnding::Failed => "failed",
        }
    }

    /// Whether a person has to look at it. What another block holds is not lost.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        match self {
            UndeleteEnding::ToUndelete
            | UndeleteEnding::Undeleted
            | UndeleteEnding::IsThere
            | UndeleteEnding::NotFinished
            | UndeleteEnding::Refused(NotBack::Superseded) => false,
            UndeleteEnding::Refused(_) | UndeleteEnding::LostMeanwhile | UndeleteEnding::Failed => {
                true
            }
        }
    }
}

/// One block that was asked for.
#[derive(Debug, Clone)]
pub struct Undeleted {
    /// Its id.
    pub id: BlockId,
    /// Its `meta.json`, there or kept, where it can be read.
    pub meta: Option<Arc<MetaFile>>,
    /// The run that marked it last, where that is known.
    pub run: Option<RunId>,
    /// How many of its objects are missing and kept.
    pub objects: u64,
    /// How many bytes these have.
    pub size_bytes: u64,
    /// What became of it.
    pub ending: UndeleteEnding,
    /// What in particular, where there is more to say.
    pub detail: Option<String>,
}

/// What a run that brings blocks back did, or would do.
#[derive(Debug)]
pub struct BroughtBack {
    /// Every block that was asked for, by id.
    pub blocks: Vec<Undeleted>,
    /// Blocks asked for by id of which nothing lies in the bucket, and nothing is kept.
    pub absent_ids: Vec<BlockId>,
    /// The run that was asked for, where no mark is of it, neither there nor kept.
    pub absent_run: Option<RunId>,
    /// How many objects were brought back in which way.
    pub ways: BTreeMap<Way, u64>,
    /// Whether nothing was written.
    pub is_dry: bool,
    /// What asked the run to end.
    pub signal: Option<Signal>,
    /// What ended it before its time.
    pub stopped_by: Option<String>,
    /// What is worth knowing.
    pub warnings: Vec<Warning>,
    /// How long it took.
    pub elapsed: Duration,
}

impl BroughtBack {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let needs = |block: &Undeleted| block.ending.needs_a_person();
        if let Some(signal) = self.signal {
            Exit::Stopped(signal)
        } else if self.stopped_by.is_some() {
            Exit::Aborted
        } else if self.absent_run.is_some()
            || !self.absent_ids.is_empty()
            || self.blocks.iter().any(needs)
        {
            Exit::Attention
        } else {
            Exit::Done
        }
    }

    /// How many blocks came to each ending.
    #[must_use]
    pub fn by_ending(&self) -> BTreeMap<UndeleteEnding, u64> {
        let mut counts = BTreeMap::new();
        for block in &self.blocks {
            *counts.entry(block.ending).or_default() += 1;
        }
        counts
    }

    /// Whether some block was not come to.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        let is_unfinished = |one: &Undeleted| one.ending == UndeleteEnding::NotFinished;
        self.blocks.iter().any(is_unfinished)
    }
}
