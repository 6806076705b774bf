//! The observer, who knows the truth: what may be put and deleted, what may be said of it, and where every sample must be.

mod cleanups;
mod copies;
mod deletions;
mod endings;
mod leftovers;
mod look_back;
mod marks;
mod outcomes;
mod publications;
mod puts;
mod samples;
mod target;
mod unmarks;
mod verdicts;

use crate::world::{Object, Side, World};

/// How a block stood before somebody wrote to it.
#[derive(Debug)]
pub(crate) struct Before {
    /// What lay under the name that was written.
    pub(crate) there: Option<Object>,
    /// Whether the block had a `meta.json`.
    pub(crate) was_published: bool,
    /// Whether it had one, and not all that belongs to it.
    pub(crate) was_torn: bool,
}

impl World {
    pub(crate) fn before(&self, side: Side, path: &str) -> Before {
        let id = path.split_once('/').map_or(path, |(id, _)| id);
        let was_published = self.has(side, id, "meta.json");
        Before {
            there: self.storage.get(side, path).cloned(),
            was_published,
            was_torn: was_published && side == Side::Target && self.is_torn(id),
        }
    }
}
