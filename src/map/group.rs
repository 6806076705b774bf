//! One group: how much of it is where, and for which time.

use chrono::{DateTime, Utc};

use super::class::Class;
use super::coverage::{Interval, Range, State, intervals};
use super::overlap::{Overlap, overlaps};
use super::seen::{Pair, Seen};
use crate::block::{BlockMeta, Group};
use crate::bucket::Role;

/// Blocks, and their bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub blocks: u64,
    /// Their size in bytes; [`u64::MAX`] where listings claim more.
    pub bytes: u64,
}

impl Sum {
    /// One block more.
    pub(super) fn add(&mut self, bytes: u64) {
        self.add_all(Self { blocks: 1, bytes });
    }

    pub(super) fn add_all(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// How many blocks are where. A whole block counts once, wherever it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// In the source alone.
    pub hot_only: Sum,
    /// In both, with the size that one of them has.
    pub both: Sum,
    /// About to be deleted.
    pub marked: Sum,
    /// In the target alone.
    pub cold_only: Sum,
    /// Directories of either bucket that are no whole block.
    pub partial: Sum,
}

impl Sums {
    /// Adds those of another group.
    pub fn add(&mut self, other: &Self) {
        self.hot_only.add_all(other.hot_only);
        self.both.add_all(other.both);
        self.marked.add_all(other.marked);
        self.cold_only.add_all(other.cold_only);
        self.partial.add_all(other.partial);
    }

    fn of_mut(&mut self, class: Class) -> &mut Sum {
        match class {
            Class::HotOnly => &mut self.hot_only,
            Class::Both => &mut self.both,
            Class::Marked => &mut self.marked,
            Class::ColdOnly => &mut self.cold_only,
        }
    }
}

/// One group.
#[derive(Debug)]
pub struct GroupMap {
    /// External labels and resolution.
    pub group: Group,
    /// How much is where.
    pub sums: Sums,
    /// From its first block to its last one.
    pub intervals: Vec<Interval>,
    /// Blocks of the same time in one bucket: the source's, then the target's, each by time.
    pub overlaps: Vec<Overlap>,
    /// The first and the last time at which a marked block of it may be deleted.
    pub deletion: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What of it is due, where that was asked.
    pub due: Sum,
}

impl GroupMap {
    /// The time between its first block and its last one; `None` where it has no whole block.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        let (first, last) = (self.intervals.first()?, self.intervals.last()?);
        Some(Range {
            min_ms: first.range.min_ms,
            max_ms: last.range.max_ms,
        })
    }

    /// The times within it that neither bucket has.
    pub fn gaps(&self) -> impl Iterator<Item = Range> {
        let gaps = self.intervals.iter().filter(|one| one.state == State::Gap);
        gaps.map(|one| one.range)
    }
}

/// What was found of a group so far.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    pub(super) sums: Sums,
    hot: Vec<Range>,
    cold: Vec<Range>,
    live_in_source: Vec<&'a BlockMeta>,
    live_in_target: Vec<&'a BlockMeta>,
    deletion: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl<'a> Gathered<'a> {
    /// Notes a block, whole in one bucket at least.
    pub(super) fn note(&mut self, class: Class, pair: &Pair<'a>) {
        let of = match class {
            Class::HotOnly | Class::Both => pair.source.as_ref(),
            Class::ColdOnly => pair.target.as_ref(),
            Class::Marked => pair.source.as_ref().filter(|seen| seen.is_whole()),
        };
        let bytes = of.or(pair.target.as_ref()).map_or(0, |seen| seen.bytes);
        self.sums.of_mut(class).add(bytes);
        for (bucket, seen) in pair.both() {
            let Some(meta) = seen.meta.filter(|_| seen.is_whole()) else {
                continue;
            };
            let range = Range {
                min_ms: meta.min_time_ms,
                max_ms: meta.max_time_ms,
            };
            let (ranges, live) = match bucket {
                Role::Source => (&mut self.hot, &mut self.live_in_source),
                Role::Target => (&mut self.cold, &mut self.live_in_target),
            };
            ranges.push(range);
            if !seen.is_marked() {
                live.push(meta);
            }
        }
    }

    /// Notes from when on one of its blocks may be deleted.
    pub(super) fn note_deletion(&mut self, at: DateTime<Utc>) {
        let (first, last) = self.deletion.unwrap_or((at, at));
        self.deletion = Some((first.min(at), last.max(at)));
    }

    pub(super) fn mapped(self, group: Group) -> GroupMap {
        let mut found = overlaps(Role::Source, self.live_in_source);
        found.extend(overlaps(Role::Target, self.live_in_target));
        GroupMap {
            group,
            sums: self.sums,
            intervals: intervals(self.hot, self.cold),
            overlaps: found,
            deletion: self.deletion,
            due: Sum::default(),
        }
    }
}

impl Seen<'_> {
    fn is_marked(&self) -> bool {
        self.side() == super::class::Side::Marked
    }
}
