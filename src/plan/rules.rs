//! What the operator asked for, as far as it decides about blocks.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use super::agreed::{Agreed, AgreedBlock};
use crate::block::{BlockId, BlockMeta, Strength};
use crate::error::Error;
use crate::select::{Cutoff, Filter};

/// Whether blocks of one unit are published one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOrder {
    /// In the order that a running compactor on the target needs.
    Strict,
    /// As they come, for a target without a compactor.
    None,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Blocks move: what the target holds is marked for deletion in the source.
    Move,
    /// Blocks are copied: the source stays as it is.
    Copy,
}

/// What it means that a mark appeared on a block since it was surveyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewMarks {
    /// Somebody else is responsible for it.
    Count,
    /// Nothing: blocks with marks are wanted too, and none is written.
    AreIgnored,
}

/// The filters and flags of one run.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whether blocks move, or are copied.
    pub purpose: Purpose,
    /// Which blocks are meant.
    pub filter: Filter,
    /// Whether marked blocks are taken too, or what the target has in another form is replaced.
    pub scope: Scope,
    /// How thoroughly the target is compared with the source before a mark is written.
    pub verify: Strength,
    /// Whether blocks of one unit are published one after the other.
    pub publish_order: PublishOrder,
    /// The part of all units that this machine works on.
    pub shard: Option<Shard>,
    /// How many bytes the source may hold: what has not to go for that stays, also where the filter takes it.
    pub hot_bytes: Option<NonZeroU64>,
    /// The plan that is carried out, and nothing else.
    pub agreed: Option<Arc<Agreed>>,
}

impl Rules {
    /// The default rules for the blocks that are meant: they move, in strict order, and nothing is overwritten.
    #[must_use]
    pub fn of(filter: Filter) -> Self {
        Self {
            purpose: Purpose::Move,
            filter,
            scope: Scope::Unmarked,
            verify: Strength::Checksum,
            publish_order: PublishOrder::Strict,
            shard: None,
            hot_bytes: None,
            agreed: None,
        }
    }

    /// What the plan that is carried out does for the block; `None` where there is no such plan, or it does nothing.
    pub(super) fn agreed_on(&self, block: BlockId) -> Option<(&Agreed, &AgreedBlock)> {
        let agreed = self.agreed.as_deref()?;
        Some((agreed, agreed.get(block)?))
    }

    /// The same for every block that is older than the cutoff.
    #[must_use]
    pub fn older_than(cutoff: Cutoff) -> Self {
        Self::of(Filter {
            cutoff: Some(cutoff),
            ..Filter::default()
        })
    }
}

impl Rules {
    /// What it means that a mark appears on a block of the source while the run is at it.
    #[must_use]
    pub fn new_marks(&self) -> NewMarks {
        match (self.purpose, self.scope) {
            (Purpose::Copy, Scope::Marked) => NewMarks::AreIgnored,
            _ => NewMarks::Count,
        }
    }

    /// Whether a block is left out for the sake of this live one of the source, which holds all of it: where blocks are copied, only if that one is
    /// meant too.
    pub(super) fn leave_the_field_to(&self, keeper: &BlockMeta) -> bool {
        match self.purpose {
            Purpose::Move => true,
            Purpose::Copy => self.filter.takes(keeper),
        }
    }
}

/// How far a run goes beyond live blocks that the target lacks. Marked blocks are never a reason to overwrite: nothing tells those that were
/// marked by hand from those that the source's compactor is about to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Blocks with a deletion mark are left out; what the target has in another form is left alone.
    Unmarked,
    /// Blocks with a deletion mark are left out; the source's form replaces what the target has in another form.
    Overwriting,
    /// Blocks with a deletion mark are taken too; what the target has in another form is left alone.
    Marked,
}

impl Scope {
    /// What happens to a block that the target has in another form.
    #[must_use]
    pub fn existing(self) -> Existing {
        match self {
            Scope::Unmarked | Scope::Marked => Existing::Keep,
            Scope::Overwriting => Existing::Overwrite,
        }
    }

    /// Whether blocks with a deletion mark are left out.
    #[must_use]
    pub fn leaves_out_marked(self) -> bool {
        match self {
            Scope::Unmarked | Scope::Overwriting => true,
            Scope::Marked => false,
        }
    }
}

/// What happens to a block that the target has in another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is left alone.
    Keep,
    /// The source's form replaces it.
    Overwrite,
}

/// One of several machines that share a migration: `index` of `count`, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// Whether this shard takes a unit with this hash.
    #[must_use]
    pub fn takes(self, hash: u64) -> bool {
        hash % u64::from(self.count) == u64::from(self.index)
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten()
        };
        text.split_once('/')
            .and_then(|(index, count)| Some((number(index)?, number(count)?)))
            .filter(|(index, count)| index < count)
            .map(|(index, count)| Self { index, count })
            .ok_or_else(|| {
                Error::usage(format!(
                    "{text:?} is not a shard: expected i/n with 0 <= i < n, such as 0/3"
                ))
            })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-5.8
    #[test]
    fn marked_blocks_are_never_a_reason_to_overwrite() {
        for scope in [Scope::Unmarked, Scope::Overwriting, Scope::Marked] {
            assert!(scope.leaves_out_marked() || scope.existing() == Existing::Keep);
        }
    }

    /// S-4.11
    #[test]
    fn shards_are_counted_from_zero() {
        let shard: Shard = "1/3".parse().unwrap();
        assert!(shard.takes(4) && !shard.takes(3));
        assert_eq!(shard.to_string(), "1/3");
        assert_eq!("01/03".parse::<Shard>().unwrap(), shard);
        for text in [
            "",
            "1",
            "3/3",
            "1/0",
            "-1/3",
            "+1/3",
            "1/3/5",
            "a/b",
            "1 / 3",
            "0x1/3",
            "1/3\n",
            "/3",
            "$(JOB_COMPLETION_INDEX)/3",
        ] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
