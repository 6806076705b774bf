//! What there is to say of a map: how much needs a person, and what to do about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::not_held::{MarkedNotHeld, rescue};
use crate::exit::Exit;
use crate::map::{Due, Flaw, Flawed, Map};
use crate::plan::{NotHeld, SourceBlock, Warning};

/// What is younger may still be uploaded, or deleted: Thanos' compactor cleans up what is older.
const ABANDONED_AFTER: TimeDelta = TimeDelta::days(2);

/// What was found in one bucket, or in two.
#[derive(Debug)]
pub struct Charted {
    /// Where blocks are.
    pub map: Map,
    /// What a migration with the cutoff would still move; `None` where none was given.
    pub due: Option<Due>,
    /// Blocks that bear this tool's mark for the target, and which the target does not hold.
    pub not_held: Vec<(Arc<SourceBlock>, NotHeld)>,
    /// What is worth knowing and needs nobody's attention.
    pub warnings: Vec<Warning>,
    /// How long after the time in its mark compactors delete a block.
    pub delete_delay: TimeDelta,
    /// What is older is due, where that was asked.
    pub cutoff: Option<DateTime<Utc>>,
    /// What time it is.
    pub now: DateTime<Utc>,
}

/// Something on a map that a person must look at: exit code 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    /// A block that is marked for deletion, and that the target does not hold.
    MarkedNotHeld,
    /// Something is amiss with a directory, and does not pass by itself.
    Flawed(Flaw),
}

impl Alarm {
    /// Whether something that is amiss needs a person by now.
    pub(crate) fn of(flawed: &Flawed, now: DateTime<Utc>) -> Option<Self> {
        let is_old = flawed
            .written
            .is_none_or(|written| now.signed_duration_since(written) > ABANDONED_AFTER);
        let is_passing = match flawed.flaw {
            Flaw::NoMetaJson => !is_old,
            // Others than Thanos do not delete `meta.json` first.
            Flaw::Incomplete => flawed.is_marked && !is_old,
            Flaw::UnreadableMetaJson
            | Flaw::Different
            | Flaw::UnreadableDeletionMark
            | Flaw::CorruptedDeletionMark => false,
        };
        (!is_passing).then_some(Self::Flawed(flawed.flaw))
    }

    /// As documents spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::MarkedNotHeld => "marked-not-held",
            Self::Flawed(flaw) => flaw.as_str(),
        }
    }

    /// What to do about it, in a phrase.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::MarkedNotHeld => "save it with the command above, now",
            Self::Flawed(Flaw::NoMetaJson) => {
                "an upload or a deletion that was given up two days ago or more: the bucket's compactor clears it away where one runs; else delete it by hand, once no bucket lacks what lies there"
            }
            Self::Flawed(Flaw::UnreadableMetaJson) => {
                "permit reading it or restore it from the archive; repair or delete by hand what is broken"
            }
            Self::Flawed(Flaw::Incomplete) => {
                "restore what is missing; in the target, a run of migrate repairs it where the source has the whole block"
            }
            Self::Flawed(Flaw::Different) => {
                "compare both, then delete the wrong one by hand, or migrate with --overwrite-existing"
            }
            Self::Flawed(Flaw::UnreadableDeletionMark) => {
                "permit reading it: until then nobody can tell which block it has deleted, and when"
            }
            Self::Flawed(Flaw::CorruptedDeletionMark) => {
                "delete the mark, and mark the block anew if it should go: a compactor deletes the block that a mark names"
            }
        }
    }
}

/// What there is to say of it. Reports know how it is written.
pub struct Overview<'a> {
    pub(crate) found: &'a Charted,
    pub(crate) marked_not_held: Vec<MarkedNotHeld<'a>>,
    pub(crate) alarms: BTreeMap<Alarm, u64>,
}

impl<'a> Overview<'a> {
    /// Of what was found.
    #[must_use]
    pub fn new(found: &'a Charted) -> Self {
        let marked_not_held = found
            .not_held
            .iter()
            .map(|(block, not_held)| rescue(not_held.block, &not_held.why, Some(block)));
        let mut alarms: BTreeMap<Alarm, u64> = BTreeMap::new();
        let not_held = found.not_held.iter().map(|_| Alarm::MarkedNotHeld);
        let flaws = found.map.flaws.iter();
        let flaws = flaws.filter_map(|flawed| Alarm::of(flawed, found.now));
        for alarm in not_held.chain(flaws) {
            *alarms.entry(alarm).or_default() += 1;
        }
        Self {
            found,
            marked_not_held: marked_not_held.collect(),
            alarms,
        }
    }

    /// How the process exits.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.alarms.is_empty() {
            Exit::Done
        } else {
            Exit::Attention
        }
    }

    /// How much needs a person.
    pub(crate) fn needing_a_person(&self) -> u64 {
        self.alarms.values().sum()
    }

    /// Whether something that is amiss needs a person.
    pub(crate) fn is_alarming(&self, flawed: &Flawed) -> bool {
        Alarm::of(flawed, self.found.now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::Role;
    use crate::outcome::testing::id;

    /// S-15.8
    #[test]
    fn what_may_still_be_under_way_needs_nobody() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let alarms = |flaw, hours: Option<i64>, is_marked| {
            let flawed = Flawed {
                id: id(1),
                bucket: Role::Target,
                flaw,
                detail: None,
                group: None,
                bytes: 0,
                written: hours.map(|hours| now - TimeDelta::hours(hours)),
                is_marked,
            };
            Alarm::of(&flawed, now).is_some()
        };
        for (flaw, hours, is_marked, expected) in [
            (Flaw::NoMetaJson, Some(48), false, false),
            (Flaw::NoMetaJson, Some(49), false, true),
            (Flaw::NoMetaJson, Some(49), true, true),
            (Flaw::NoMetaJson, None, false, true),
            (Flaw::Incomplete, Some(1), false, true),
            (Flaw::Incomplete, Some(1), true, false),
            (Flaw::Incomplete, Some(49), true, true),
            (Flaw::UnreadableMetaJson, Some(1), false, true),
            (Flaw::Different, Some(1), false, true),
            (Flaw::UnreadableDeletionMark, Some(1), true, true),
            (Flaw::CorruptedDeletionMark, Some(1), true, true),
        ] {
            let found = alarms(flaw, hours, is_marked);
            assert_eq!(found, expected, "{flaw:?} {hours:?} {is_marked}");
        }
    }
}
