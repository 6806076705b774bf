//! A plan that was made before and read by a person, as far as it binds the run that carries it out: what it does to which blocks, as they were
//! then.

use crate::block::{BlockId, Contents, Group};

/// A plan that was made before, without the blocks that it leaves alone.
#[derive(Debug)]
pub struct Agreed {
    /// The target that it names.
    target: String,
    /// By id, each once.
    blocks: Box<[AgreedBlock]>,
}

/// A block that the plan does something for.
#[derive(Debug, Clone)]
pub struct AgreedBlock {
    /// The block.
    pub id: BlockId,
    /// What is done for it.
    pub work: Work,
    /// Whether it bore a deletion mark, which stays as it is.
    pub is_marked: bool,
    /// What it held.
    pub contents: Contents,
    /// What it was a part of, which decides what waits for it.
    pub group: Group,
    /// When it began.
    pub min_time_ms: i64,
}

/// What a plan does for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It is copied and marked.
    Copy,
    /// The target holds it: it is marked.
    AlreadyThere,
    /// What the target lacks of it is put, and it is marked.
    Repair,
    /// It is put in the place of another block of its id, and marked.
    Overwrite,
    /// The target holds, or will hold, a block made of it: it is marked.
    Covered,
}

impl Work {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Work::Copy,
        Work::AlreadyThere,
        Work::Repair,
        Work::Overwrite,
        Work::Covered,
    ];

    /// As plans spell the action.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Work::Copy => "copy",
            Work::AlreadyThere => "already-there",
            Work::Repair => "repair",
            Work::Overwrite => "overwrite",
            Work::Covered => "covered",
        }
    }
}

impl Agreed {
    /// A plan with that target. A block that is named twice is handed back.
    pub fn new(target: String, mut blocks: Vec<AgreedBlock>) -> Result<Self, BlockId> {
        blocks.sort_unstable_by_key(|block| block.id);
        let mut pairs = blocks.windows(2);
        let twice = pairs.find_map(|pair| match pair {
            [one, next] if one.id == next.id => Some(one.id),
            _ => None,
        });
        match twice {
            Some(id) => Err(id),
            None => Ok(Self {
                target,
                blocks: blocks.into(),
            }),
        }
    }

    /// The blocks that it does something for, by id.
    #[must_use]
    pub fn blocks(&self) -> &[AgreedBlock] {
        &self.blocks
    }

    /// The block, where the plan does something for it.
    #[must_use]
    pub fn get(&self, id: BlockId) -> Option<&AgreedBlock> {
        let place = self.blocks.binary_search_by_key(&id, |block| block.id);
        place.ok().and_then(|place| self.blocks.get(place))
    }

    /// How marks of this tool name the target.
    pub(super) fn target(&self) -> &str {
        &self.target
    }
}
