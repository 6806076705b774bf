//! What a plan consists of: the blocks that something is decided for, those that are left out, and what there is to know about either.

use std::sync::Arc;

use super::decide::Action;
use super::exclude::Reason;
use super::facts::{Mark, SourceBlock};
use super::look_back::NotHeld;
use super::order::Rank;
use super::unit::Unit;
use crate::block::{BlockId, MetaFile};
use crate::select::Effect;

/// What a run will do, and why.
#[derive(Debug, Default)]
pub struct Plan {
    /// Blocks that something is decided for: by unit, then minTime, then id.
    pub selected: Vec<Selected>,
    /// Every other block of the source, by id.
    pub excluded: Vec<Excluded>,
    /// What the source holds: the bytes of its blocks that are not marked for deletion.
    pub held_bytes: u64,
    /// Blocks that carry a mark of this tool and which the target does not hold; by id.
    pub not_held: Vec<NotHeld>,
    /// Blocks asked for by id that the source does not have.
    pub absent_ids: Vec<BlockId>,
    /// Places in units that stay empty, because a block that should be there is damaged.
    pub gaps: Vec<Gap>,
    /// What each rule of the selector did to the blocks that came to it.
    pub selector: Vec<Effect>,
    /// What is worth knowing and needs nobody's attention.
    pub warnings: Vec<Warning>,
    /// Why a run would stop before its first mark, where that is known beforehand. Planning leaves it empty; the caller, who knows the clocks, fills
    /// it in.
    pub obstacle: Option<String>,
}

/// One selected block, and what is decided for it.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The source block as surveyed.
    pub block: Arc<SourceBlock>,
    /// Its `meta.json`.
    pub meta: Arc<MetaFile>,
    /// Where it stands in the order of publishing.
    pub unit: Unit,
    /// What happens to it.
    pub action: Action,
    /// Objects to be put into the target, `meta.json` included.
    pub objects_to_put: u64,
    /// Their size in bytes.
    pub bytes_to_put: u64,
    /// Data objects of a block that is to be copied which the target holds already; by name.
    pub kept: Box<[Box<str>]>,
    /// `meta.json` has no file list, so that a lost last segment could not be seen.
    pub weak_inventory: bool,
    /// How far it will come, if nothing fails.
    pub outlook: Outlook,
    /// Live blocks of the source, of finer resolution, that share a compaction source with it: its mark waits for theirs.
    pub finer_kin: Box<[BlockId]>,
}

/// One block that is left out.
#[derive(Debug, Clone)]
pub struct Excluded {
    /// The source block as surveyed.
    pub block: Arc<SourceBlock>,
    /// The first reason that applies.
    pub reason: Reason,
    /// What in particular, where there is more to say.
    pub detail: Option<String>,
}

/// A place in a unit that stays empty: what comes after it is held back.
#[derive(Debug, Clone)]
pub struct Gap {
    /// The block that should be there.
    pub block: BlockId,
    /// Its unit.
    pub unit: Unit,
    /// Its place in the order of publishing.
    pub rank: Rank,
}

impl Plan {
    /// Whether the run will write anything at all.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.selected.iter().any(Selected::goes_ahead)
    }

    /// Whether a run that moves blocks will write marks: one that only saves blocks that are marked already writes none.
    #[must_use]
    pub fn marks(&self) -> bool {
        let to_mark = |one: &Selected| one.goes_ahead() && !one.bears_a_mark();
        self.selected.iter().any(to_mark)
    }
}

impl Selected {
    /// Whether the run works on it at all, as far as the plan can tell.
    #[must_use]
    pub fn goes_ahead(&self) -> bool {
        !self.action.leaves_alone() && !matches!(self.outlook, Outlook::HeldBack(_))
    }

    /// Whether it bore a mark when it was surveyed. A mark that was listed and could not be found does not count.
    #[must_use]
    pub fn bears_a_mark(&self) -> bool {
        self.block.objects().is_marked() && !matches!(self.block.mark, Mark::Absent)
    }
}

/// How far a selected block will come, if nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// As far as its action goes.
    Through,
    /// It is not published, for this earlier block of its unit cannot be.
    HeldBack(BlockId),
    /// It is published, and not marked while this finer block lives in the source.
    MarkDeferred(BlockId),
}

/// Something worth knowing that needs nobody's attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// As documents spell it.
    pub name: &'static str,
    /// One line; where blocks are concerned it goes on after "3 selected blocks".
    pub text: String,
    /// The selected blocks that it concerns, in the order of the plan; none where it concerns a bucket or a rule.
    pub blocks: Vec<BlockId>,
}

impl Warning {
    /// Name of the warning about data that the run destroys.
    pub const OVERWRITES: &'static str = "overwrites";
}
