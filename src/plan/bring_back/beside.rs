//! Whether a block can come back beside what the bucket holds by now: its data may have gone into another block, which a compactor would then find
//! twice, or halt at.

use std::collections::HashMap;
use std::sync::Arc;

use super::not_back::NotBack;
use crate::block::{BlockId, BlockMeta, MetaFile, RunId};
use crate::plan::relatives::Relatives;
use crate::plan::supersede::supersedes;

/// A block that may come back as far as it alone is concerned.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its `meta.json`.
    pub meta: Arc<MetaFile>,
    /// The run that marked it last.
    pub run: Option<RunId>,
}

/// The blocks of a bucket that a compactor works with, and those that are to come back.
#[derive(Debug, Default)]
pub struct Among {
    /// Published, whole and not marked.
    live: Relatives,
    coming: Relatives,
    /// The runs that marked blocks of either kind last.
    runs: HashMap<BlockId, RunId>,
}

/// How a block stands to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// None of them keeps it from coming back.
    Free,
    /// One does.
    Kept(NotBack, String),
}

impl Among {
    /// `live` are the blocks that a compactor works with, and `runs` those that marked any of them once.
    #[must_use]
    pub fn new<'a>(
        live: impl IntoIterator<Item = &'a Arc<MetaFile>>,
        mut runs: HashMap<BlockId, RunId>,
        coming: &[Candidate],
    ) -> Self {
        let of_coming = coming.iter().filter_map(|candidate| {
            let run = candidate.run.clone()?;
            Some((candidate.meta.block.id, run))
        });
        runs.extend(of_coming);
        Self {
            live: live.into_iter().collect(),
            coming: coming.iter().map(|candidate| &candidate.meta).collect(),
            runs,
        }
    }

    /// How a candidate stands to all others.
    #[must_use]
    pub fn beside(&self, block: &BlockMeta) -> Beside {
        let mut holders = self.live.with_all_sources_of(block);
        if let Some(other) = holders.find(|other| supersedes(&other.block, block)) {
            return kept(
                NotBack::Superseded,
                format!("{} holds its data", other.block.id),
            );
        }
        let mut holders = self.coming.with_all_sources_of(block);
        if let Some(other) = holders.find(|other| supersedes(&other.block, block)) {
            let detail = format!("{} comes back, and holds its data", other.block.id);
            return kept(NotBack::Superseded, detail);
        }
        let mut met = self.live.overlapping(block);
        if let Some(other) = met.find(|other| !self.lived_together(block.id, other.block.id)) {
            let detail = format!("{} holds some of the same time", other.block.id);
            return kept(NotBack::WouldOverlap, detail);
        }
        let mut met = self.coming.overlapping(block).filter(|other| {
            other.block.clashes_with(block) && !self.lived_together(block.id, other.block.id)
        });
        match met.next() {
            Some(other) => {
                let detail = format!(
                    "{} would come back too, and holds some of the same time",
                    other.block.id
                );
                kept(NotBack::WouldOverlap, detail)
            }
            None => Beside::Free,
        }
    }

    /// Whether one run moved both: then they lay beside each other before.
    fn lived_together(&self, one: BlockId, other: BlockId) -> bool {
        let run = self.runs.get(&one);
        run.is_some() && run == self.runs.get(&other)
    }
}

fn kept(why: NotBack, detail: String) -> Beside {
    Beside::Kept(why, detail)
}
