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

/// What is odd about one of the blocks from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    Nothing,
    /// The source lacks one of its objects.
    Damaged,
    /// The target has another block under its id.
    Namesake,
    /// The target has a block of other data for a part of its time.
    Overlap,
    /// The source has a block that was compacted from it and from others, and nobody marked these.
    Compacted,
    /// The source has it twice, under two ids.
    Twin,
}

/// Which blocks the target's cleaner takes for abandoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleaning {
    /// Those whose newest object is two days old.
    ByAge,
    /// Every one, for the ids of old blocks are old, and this provider's listings show no times.
    ByName,
}

/// What becomes of a put on the condition that nothing is there, and of a copy on the condition that its original is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conditions {
    Honoured,
    /// It is refused as something that this server does not know.
    Unknown,
    /// It is put whatever is there, and copied as it is.
    Ignored,
}

/// What the service that both buckets are on copies by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copies {
    /// Nothing: it knows no such request.
    Nothing,
    /// Objects of every size in one request.
    Everything,
    /// Small objects in one request; others are put together of parts.
    Small,
    /// It begins what is put together, and refuses to copy.
    Refused,
}

/// Whether the two buckets are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buckets {
    Two,
    /// One, under two names.
    One,
    /// The target is kept equal to the source by the provider.
    Replica,
}

/// What a world is like from its beginning to its end.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that may be so or not"
)]
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
    /// For so long listings of the target may lack what was put, and show what was deleted; 0 where they never do.
    pub(crate) lag_ms: i64,
    /// Names on one page of a listing.
    pub(crate) page: usize,
    /// Whether any of them may be asked for by itself.
    pub(crate) pages_may_be_asked_for: bool,
    pub(crate) cleaning: Cleaning,
    pub(crate) conditions: Conditions,
    pub(crate) buckets: Buckets,
    /// In parts of how many bytes the source's objects were put; 0 where each was put at once.
    pub(crate) source_parts: u64,
    /// The same for what migrators put.
    pub(crate) target_parts: u64,
    /// Whether a bucket tells which uploads were begun.
    pub(crate) uploads_are_told: bool,
    /// Whether a bucket tells in which parts an object was put.
    pub(crate) parts_are_told: bool,
    pub(crate) copies: Copies,
    /// Whether `meta.json` gives the files' SHA-256.
    pub(crate) hashes: bool,
    /// Whether the source's compactor goes by marks that it saw once, as Thanos' does until it is started anew.
    pub(crate) remembers: bool,
    /// Whether somebody meddles with the blocks that migrators are at.
    pub(crate) meddled_with: bool,
    /// Whether one block's data takes long to be read.
    pub(crate) slow: bool,
    /// Whether reads are answered at times as if the object were not there.
    pub(crate) denies: bool,
    /// Whether bytes change at times on their way from the source.
    pub(crate) flips: bool,
}

impl Nature {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let busy = rng.once_in(2);
        let mut nature = Self {
            busy,
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
            oddity: match rng.below(16) {
                0 | 1 => Oddity::Damaged,
                2 | 3 => Oddity::Namesake,
                4 => Oddity::Overlap,
                5 | 6 => Oddity::Compacted,
                7 => Oddity::Twin,
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
            lag_ms: if rng.once_in(8) {
                [30, 30, 300][rng.index(3)]
            } else {
                0
            },
            page: [1000, 1000, 7, 2][rng.index(4)],
            pages_may_be_asked_for: rng.once_in(2),
            cleaning: if rng.once_in(3) {
                Cleaning::ByName
            } else {
                Cleaning::ByAge
            },
            conditions: match rng.below(8) {
                0 => Conditions::Unknown,
                1 => Conditions::Ignored,
                _ => Conditions::Honoured,
            },
            buckets: match rng.below(64) {
                0 => Buckets::One,
                1 => Buckets::Replica,
                _ => Buckets::Two,
            },
            source_parts: [0, 0, PART, 30][rng.index(4)],
            target_parts: [0, PART][rng.index(2)],
            parts_are_told: rng.once_in(2),
            uploads_are_told: !rng.once_in(4),
            hashes: rng.once_in(3),
            remembers: busy && rng.once_in(2),
            meddled_with: busy && rng.once_in(2),
            slow: rng.once_in(4),
            denies: rng.once_in(8),
            flips: rng.once_in(8),
            copies: match rng.below(8) {
                0..3 => Copies::Nothing,
                3 => Copies::Refused,
                4 => Copies::Small,
                _ => Copies::Everything,
            },
        };
        // Who overwrites, or cannot tell parts from other parts, puts again in place what is published.
        let same_parts = nature.source_parts == nature.target_parts || nature.source_parts == 0;
        nature.flips &= nature.existing == Existing::Keep;
        nature.flips &= nature.etags == EtagMeaning::VersionOnly || same_parts;
        if nature.buckets != Buckets::Two {
            // Who runs this by mistake has nothing of the kind in mind, and must be stopped at once.
            nature.oddity = Oddity::Nothing;
            nature.busy = false;
            nature.meddled_with = false;
            nature.remembers = false;
        }
        nature
    }

    /// Whether the service copies whatever it is asked to, the very version that it is asked for where it can tell versions apart.
    pub(crate) fn is_served(&self) -> bool {
        let copies = matches!(self.copies, Copies::Everything | Copies::Small);
        copies && self.conditions != Conditions::Unknown
    }

    /// Whether entity tags prove content: those of what was put in other parts, or is put together anew, do not.
    pub(crate) fn tags_tell(&self) -> bool {
        self.etags == EtagMeaning::Content
            && self.source_parts == self.target_parts
            && self.copies.largest_bytes() == u64::MAX
    }

    /// The least that finds every leftover with other bytes, and every byte that changed on its way.
    pub(crate) fn thoroughness(&self) -> Strength {
        match self.etags {
            _ if self.leftovers == Leftovers::Cut && (!self.flips || self.hashes) => Strength::Size,
            // Tags of other parts are no digests of the same.
            EtagMeaning::Content if self.source_parts == self.target_parts => Strength::Checksum,
            EtagMeaning::Content | EtagMeaning::ContentOfOnePut | EtagMeaning::VersionOnly => {
                Strength::Content
            }
        }
    }
}

impl Copies {
    /// The largest object that one request copies.
    pub(crate) fn largest_bytes(self) -> u64 {
        if self == Self::Small { 50 } else { u64::MAX }
    }
}

/// Objects of these blocks have two or three times as many bytes.
pub(crate) const PART: u64 = 40;
