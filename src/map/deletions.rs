//! When marked blocks may be deleted: so long after the time in their marks.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::group::Sum;
use super::seen::{Marking, Seen};
use crate::bucket::Role;

/// From when on blocks may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// From now on.
    Now,
    /// From some time of that day on, UTC.
    Day(NaiveDate),
    /// Nobody can tell, for the mark cannot be read.
    Unknown,
}

/// Marked blocks of one bucket that may be deleted from the same day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Whose compactor deletes them.
    pub bucket: Role,
    /// From when on.
    pub when: When,
    /// The first and the last time at which one of them is due; `None` where nobody can tell.
    pub between: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How many, and their size.
    pub sum: Sum,
}

/// What was found so far.
pub(super) struct Deletions {
    delay: TimeDelta,
    now: DateTime<Utc>,
    found: BTreeMap<(bool, When), Deletion>,
}

impl Deletions {
    pub(super) fn new(delay: TimeDelta, now: DateTime<Utc>) -> Self {
        Self {
            delay,
            now,
            found: BTreeMap::new(),
        }
    }

    /// Notes a directory of that bucket; tells from when on its block may be deleted, where that is known. Compactors look for marks only where there is
    /// a `meta.json`.
    pub(super) fn note(&mut self, bucket: Role, seen: &Seen<'_>) -> Option<DateTime<Utc>> {
        seen.meta?;
        let at = match seen.marking {
            Marking::Unmarked => return None,
            Marking::Unreadable => None,
            Marking::Marked(mark) => DateTime::from_timestamp(mark.deletion_time(), 0)
                .and_then(|time| time.checked_add_signed(self.delay)),
        };
        let when = match at {
            None => When::Unknown,
            Some(at) if at <= self.now => When::Now,
            Some(at) => When::Day(at.date_naive()),
        };
        let entry = self
            .found
            .entry((bucket == Role::Target, when))
            .or_insert(Deletion {
                bucket,
                when,
                between: None,
                sum: Sum::default(),
            });
        entry.sum.add(seen.bytes);
        if let Some(at) = at {
            let (first, last) = entry.between.unwrap_or((at, at));
            entry.between = Some((first.min(at), last.max(at)));
        }
        at
    }

    pub(super) fn sorted(self) -> Vec<Deletion> {
        self.found.into_values().collect()
    }
}
