//! About how many requests a block costs, by kind. Retries and the listings that many blocks share are not counted, and neither is the planning, which is
//! over when a plan tells. A test counts the requests of small migrations, and expects exactly these numbers.

use crate::bucket::{Transferred, transferred};
use crate::plan::{Action, Outlook, Purpose, Selected};

/// Listings of one block in the source: as its copy begins and before it is published; one more is made before its mark.
const IN_SOURCE: u64 = 2;

/// Listings of one block in the target: as its copy begins, before it is published, and as proof.
const IN_TARGET: u64 = 3;

/// Requests to one bucket, by what is asked for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    /// Listings.
    pub list: u64,
    /// Reads of an object or a part of one.
    pub get: u64,
    /// Writes of an object or a part of one, and what begins and ends an upload in parts.
    pub put: u64,
    /// Copies of an object or a part of one, by the service itself.
    pub copy: u64,
    /// Deletions of an object.
    pub delete: u64,
}

/// Requests to both buckets.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// To the source.
    pub source: Requests,
    /// To the target.
    pub target: Requests,
}

/// Who copies objects, as far as can be known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// This process reads them and puts them.
    Here,
    /// The service that both buckets are on.
    Service,
}

impl Requests {
    fn add(&mut self, other: &Self) {
        self.list += other.list;
        self.get += other.get;
        self.put += other.put;
        self.copy += other.copy;
        self.delete += other.delete;
    }

    fn sum(&self) -> u64 {
        self.list + self.get + self.put + self.copy + self.delete
    }
}

impl Asked {
    pub(super) fn add(&mut self, other: &Self) {
        self.source.add(&other.source);
        self.target.add(&other.target);
    }

    /// All of them.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.source.sum() + self.target.sum()
    }
}

/// The requests of one block.
pub(crate) fn requests(selected: &Selected, purpose: Purpose, carrier: Carrier) -> Asked {
    let mut asked = Asked::default();
    if !selected.goes_ahead() {
        return asked;
    }
    let deferred = matches!(selected.outlook, Outlook::MarkDeferred(_));
    if purpose == Purpose::Move {
        asked.source.list += 1;
        if !deferred && !selected.block.objects().is_marked() {
            // An existing deletion mark is looked for, and one is put.
            asked.source.get += 1;
            asked.source.put += 1;
        }
    }
    if let Action::Covered(_) | Action::CoveredLater { .. } = selected.action {
        // What covers a block is listed and its `meta.json` read.
        asked.target.list += 1;
        asked.target.get += 1;
        return asked;
    }
    asked.source.list += IN_SOURCE;
    asked.target.list += IN_TARGET;
    // `meta.json` is read and put, or read in both buckets.
    asked.source.get += 1;
    if selected.action.publishes() {
        asked.target.put += 1;
    } else {
        asked.target.get += 1;
    }
    if let Action::Overwrite(_) = selected.action {
        // What tells that it is being overwritten is put and deleted, and the `meta.json` that lies there is read and deleted; after each deletion or
        // before it the target is listed.
        asked.target.list += 2;
        asked.target.put += 1;
        asked.target.get += 1;
        asked.target.delete += 2;
    }
    let meta = u64::from(selected.action.publishes());
    let objects = selected.objects_to_put.saturating_sub(meta);
    let Transferred { parts, in_parts } = transferred(objects, selected.bytes_to_put);
    match carrier {
        Carrier::Here => {
            asked.source.get += parts;
            asked.target.put += parts;
        }
        Carrier::Service => asked.target.copy += parts,
    }
    asked.target.put += 2 * in_parts;
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::testing::{World, block};

    /// Requests to list, get, put, copy and delete.
    fn kinds(requests: Requests) -> [u64; 5] {
        let Requests {
            list,
            get,
            put,
            copy,
            delete,
        } = requests;
        [list, get, put, copy, delete]
    }

    /// S-17.8
    #[test]
    fn a_block_costs_what_happens_to_it() {
        let everything = transferred(2, 1 << 30);
        let index = transferred(1, (1 << 30) - 4096);
        let puts = |of: &Transferred| of.parts + 2 * of.in_parts;
        let source = |parts| [3, 2 + parts, 1, 0, 0];
        for (name, world, in_source, in_target) in [
            (
                "copy",
                World::of([block(1)]),
                source(everything.parts),
                [3, 0, 1 + puts(&everything), 0, 0],
            ),
            (
                "already there",
                World::of([block(1)]).holding([block(1)]),
                source(0),
                [3, 1, 0, 0, 0],
            ),
            (
                "repair",
                World::of([block(1)]).holding([block(1).without("index")]),
                source(index.parts),
                [3, 1, puts(&index), 0, 0],
            ),
            (
                "covered",
                World::of([block(1)]).holding([block(9).sources([1, 2])]),
                [1, 1, 1, 0, 0],
                [1, 1, 0, 0, 0],
            ),
            (
                "conflict",
                World::of([block(1)]).holding([block(1).level(2)]),
                [0; 5],
                [0; 5],
            ),
            (
                "held back",
                World::of([block(1).without("index"), block(2).hours(2, 4)]),
                [0; 5],
                [0; 5],
            ),
            (
                "mark deferred",
                World::of([
                    block(1).without("index"),
                    block(2).resolution(300_000).sources([1]),
                ]),
                [3, 1 + everything.parts, 0, 0, 0],
                [3, 0, 1 + puts(&everything), 0, 0],
            ),
            (
                "replicated",
                World::of([block(1)]).only_copied(),
                [2, 1 + everything.parts, 0, 0, 0],
                [3, 0, 1 + puts(&everything), 0, 0],
            ),
            (
                "covered, and only copied",
                World::of([block(1)])
                    .holding([block(9).sources([1, 2])])
                    .only_copied(),
                [0; 5],
                [1, 1, 0, 0, 0],
            ),
        ] {
            let plan = world.plan();
            let mut asked = Asked::default();
            for selected in &plan.selected {
                let purpose = world.rules.purpose;
                asked.add(&requests(selected, purpose, Carrier::Here));
            }
            assert_eq!(kinds(asked.source), in_source, "{name}");
            assert_eq!(kinds(asked.target), in_target, "{name}");
        }
    }
}
