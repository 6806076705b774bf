//! What a world is like from its beginning to its end.

use thanos_bucket::block::Strength;
use thanos_bucket::bucket::EtagMeaning;
use thanos_bucket::plan::{Existing, PublishOrder};

use crate::rng::Rng;

/// What an interrupted copier left of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// Objects that are cut short.
    Cut,
    /// Objects of the right sizes with other bytes.
    Flipped,
}

/// What is wrong with one block from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    Nothing,
    /// The source lacks one of its objects.
    Damaged,
    /// The target has another block under its id.
    Namesake,
}

/// What a world is like from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// Whether anybody but the migrators acts.
    pub(crate) busy: bool,
    pub(crate) etags: EtagMeaning,
    pub(crate) leftovers: Leftovers,
    /// One block in so many was half copied by somebody.
    pub(crate) one_left_behind_in: u64,
    pub(crate) oddity: Oddity,
    pub(crate) existing: Existing,
    /// Without an order there is no compactor on the target.
    pub(crate) order: PublishOrder,
    /// Listings of the target lack what was put a moment ago.
    pub(crate) stale: bool,
    /// Names on one page of a listing.
    pub(crate) page: usize,
}

impl Nature {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Self {
            busy: rng.once_in(2),
            etags: if rng.once_in(2) {
                EtagMeaning::Content
            } else {
                EtagMeaning::VersionOnly
            },
            leftovers: if rng.once_in(4) {
                Leftovers::Flipped
            } else {
                Leftovers::Cut
            },
            one_left_behind_in: if rng.once_in(3) { 2 } else { 8 },
            oddity: match rng.below(8) {
                0 => Oddity::Damaged,
                1 => Oddity::Namesake,
                _ => Oddity::Nothing,
            },
            existing: if rng.once_in(3) {
                Existing::Overwrite
            } else {
                Existing::Keep
            },
            order: if rng.once_in(8) {
                PublishOrder::None
            } else {
                PublishOrder::Strict
            },
            stale: rng.once_in(8),
            page: [1000, 1000, 7, 2][rng.index(4)],
        }
    }

    /// The least that finds every leftover with other bytes.
    pub(crate) fn thoroughness(&self) -> Strength {
        match self.etags {
            _ if self.leftovers == Leftovers::Cut => Strength::Size,
            EtagMeaning::Content => Strength::Checksum,
            EtagMeaning::VersionOnly => Strength::Content,
        }
    }
}
