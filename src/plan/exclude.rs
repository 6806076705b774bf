//! Which blocks are left out, and the first reason that applies.

use std::fmt;
use std::sync::Arc;

use super::facts::{Mark, SourceBlock, SourceIndex, SourceMeta};
use super::odd_mark;
use super::rules::Rules;
use super::unit::{Unit, Units};
use crate::block::{Completeness, MetaFile};
use crate::select::Missed;

/// Why a block of the source is left out. The order is the order in which reasons are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A partial block: it is still being uploaded, or being deleted.
    NoMetaJson,
    /// An object can never be read as it is, because it is archived for instance.
    Unreadable,
    /// `meta.json` cannot be decoded, or is another block's.
    CorruptedMetaJson,
    /// It bears a deletion mark.
    MarkedForDeletion,
    /// It bears a deletion mark that Thanos cannot read.
    CorruptedDeletionMark,
    /// The plan that is carried out does nothing for it.
    NotInPlan,
    /// It was not asked for.
    IdExcluded,
    /// It is not old enough.
    TimeExcluded,
    /// The selector drops it.
    LabelExcluded,
    /// Its resolution was not asked for.
    ResolutionExcluded,
    /// Its compaction level was not asked for.
    CompactionExcluded,
    /// Another shard takes it.
    ShardExcluded,
    /// It has no external labels, so it is no block of Thanos.
    NoLabels,
    /// Objects are missing from it: a copy would hide the damage.
    Incomplete,
    /// Another live block of the source holds all of it.
    Duplicate,
    /// It is not what the plan that is carried out says of it.
    Drifted,
    /// The source may hold it, and only what is older has to go.
    WithinHotBytes,
}

impl Reason {
    /// As plans and reports spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoMetaJson => "no-meta-json",
            Reason::Unreadable => "unreadable",
            Reason::CorruptedMetaJson => "corrupted-meta-json",
            Reason::MarkedForDeletion => "marked-for-deletion",
            Reason::CorruptedDeletionMark => "corrupted-deletion-mark",
            Reason::NotInPlan => "not-in-plan",
            Reason::IdExcluded => "id-excluded",
            Reason::TimeExcluded => "time-excluded",
            Reason::LabelExcluded => "label-excluded",
            Reason::ResolutionExcluded => "resolution-excluded",
            Reason::CompactionExcluded => "compaction-excluded",
            Reason::ShardExcluded => "shard-excluded",
            Reason::NoLabels => "no-labels",
            Reason::Incomplete => "incomplete",
            Reason::Duplicate => "duplicate",
            Reason::Drifted => "drifted",
            Reason::WithinHotBytes => "within-hot-bytes",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A reason, and what in particular, where there is more to say.
pub(super) type Exclusion = (Reason, Option<String>);

/// Whether a block that is left out for this reason passes every filter of the operator and yet cannot be published, so that later blocks of its unit
/// wait.
pub(super) fn leaves_a_gap(reason: Reason, block: &SourceBlock) -> bool {
    match reason {
        Reason::Incomplete | Reason::Drifted => true,
        // Where the mark is what cannot be read, no filter was tried.
        Reason::Unreadable => !matches!(block.mark, Mark::Unreadable(_)),
        _ => false,
    }
}

/// The meta and the unit of a block that passes, or why it does not.
pub(super) fn exclusion<'a>(
    block: &'a SourceBlock,
    source: &SourceIndex<'_>,
    units: &Units,
    rules: &Rules,
) -> Result<(&'a Arc<MetaFile>, Unit), Exclusion> {
    let meta = match &block.meta {
        SourceMeta::Absent => return Err((Reason::NoMetaJson, None)),
        SourceMeta::Unreadable(why) => return Err((Reason::Unreadable, Some(why.to_string()))),
        SourceMeta::Corrupted(why) => {
            return Err((Reason::CorruptedMetaJson, Some(why.to_string())));
        }
        SourceMeta::Read(meta) => meta,
    };
    if let Some(reason) = mark_exclusion(block, source, rules) {
        return Err(reason);
    }
    if rules.agreed.is_some() && rules.agreed_on(block.id).is_none() {
        return Err((Reason::NotInPlan, None));
    }
    if let Some(missed) = rules.filter.misses(&meta.block) {
        return Err((missed.into(), None));
    }
    let unit = units.unit_of(&meta.block);
    if rules.shard.is_some_and(|shard| !shard.takes(unit.hash())) {
        return Err((Reason::ShardExcluded, None));
    }
    if meta.block.group.labels.is_empty() {
        return Err((Reason::NoLabels, None));
    }
    if let Completeness::Lacks(what) = block.objects().completeness(&meta.block) {
        return Err((Reason::Incomplete, Some(what)));
    }
    let keeper = source
        .superseding(&meta.block)
        .find(|other| rules.leave_the_field_to(&other.block));
    if let Some(other) = keeper {
        return Err((Reason::Duplicate, Some(format!("of {}", other.block.id))));
    }
    Ok((meta, unit))
}

/// Why a block that passes is left out all the same, unless nobody has to read more of it than its `meta.json`: an object of it has to be restored
/// first.
pub(super) fn archived(block: &SourceBlock) -> Option<Exclusion> {
    let objects = block.objects();
    let object = objects.archived()?;
    let why = format!(
        "{} is in a storage class from which it has to be restored before anybody can read it: restore the block's objects, and run again",
        object.name
    );
    Some((Reason::Unreadable, Some(why)))
}

fn mark_exclusion(
    block: &SourceBlock,
    source: &SourceIndex<'_>,
    rules: &Rules,
) -> Option<Exclusion> {
    match &block.mark {
        Mark::Absent => None,
        Mark::Unreadable(why) => Some((Reason::Unreadable, Some(why.to_string()))),
        Mark::Corrupted(err) => Some((
            Reason::CorruptedDeletionMark,
            Some(odd_mark::consequence(block.id, err, source)),
        )),
        Mark::Present(mark) => rules.scope.leaves_out_marked().then(|| {
            let details = Some(mark.details()).filter(|details| !details.is_empty());
            (Reason::MarkedForDeletion, details.map(str::to_owned))
        }),
    }
}

impl From<Missed> for Reason {
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Id => Reason::IdExcluded,
            Missed::Time => Reason::TimeExcluded,
            Missed::Label => Reason::LabelExcluded,
            Missed::Resolution => Reason::ResolutionExcluded,
            Missed::Compaction => Reason::CompactionExcluded,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::too_many_lines,
        reason = "a test that cannot be set up should panic, and a table is long"
    )]

    use chrono::DateTime;

    use super::*;
    use crate::block::{DeletionMark, MarkError};
    use crate::plan::Scope;
    use crate::plan::facts::testing::{Builder, block, id, rules, source};
    use crate::select::Selector;

    /// The reason for the first of the blocks, when the source holds them all.
    fn reason<const N: usize>(blocks: [Builder; N], rules: &Rules) -> Option<Reason> {
        let blocks: Vec<_> = source(blocks);
        let index = SourceIndex::new(&blocks);
        let units = Units::of(&blocks);
        let first = blocks.first().unwrap();
        exclusion(first, &index, &units, rules)
            .err()
            .map(|(reason, _)| reason)
    }

    /// S-4.1
    #[test]
    fn every_reason_has_its_case() {
        let all = rules();
        let with = |change: fn(&mut Rules)| {
            let mut rules = rules();
            change(&mut rules);
            rules
        };
        let corrupted = || block('A').mark(Mark::Corrupted(MarkError::OtherVersion(2)));
        let naming_c = || {
            let mark = DeletionMark::new(id('C'), String::new(), DateTime::UNIX_EPOCH);
            block('D').mark(Mark::Corrupted(MarkError::OfAnother(Box::new(mark))))
        };
        let table = [
            (reason([block('A')], &all), None),
            (
                reason([block('A').without("meta.json")], &all),
                Some(Reason::NoMetaJson),
            ),
            (
                reason([block('A').marked("")], &all),
                Some(Reason::MarkedForDeletion),
            ),
            (
                reason(
                    [block('A').marked("")],
                    &with(|rules| rules.scope = Scope::Marked),
                ),
                None,
            ),
            (
                reason([corrupted()], &all),
                Some(Reason::CorruptedDeletionMark),
            ),
            (
                reason([corrupted()], &with(|rules| rules.scope = Scope::Marked)),
                Some(Reason::CorruptedDeletionMark),
            ),
            (
                reason([block('A').mark(Mark::Unreadable("archived".into()))], &all),
                Some(Reason::Unreadable),
            ),
            (
                reason(
                    [block('A')],
                    &with(|rules| rules.filter.ids = [id('B')].into()),
                ),
                Some(Reason::IdExcluded),
            ),
            (
                reason(
                    [block('A')],
                    &with(|rules| rules.filter.ids = [id('A')].into()),
                ),
                None,
            ),
            (reason([block('A').range(999, 1005)], &all), None),
            (
                reason([block('A').range(1000, 1005)], &all),
                Some(Reason::TimeExcluded),
            ),
            (
                reason(
                    [block('A')],
                    &with(|rules| {
                        rules.filter.selector = Selector::parse(
                            "- {action: drop, source_labels: [cluster], regex: eu-1}",
                        )
                        .unwrap();
                    }),
                ),
                Some(Reason::LabelExcluded),
            ),
            (
                reason(
                    [block('A')],
                    &with(|rules| rules.filter.resolutions_ms = [300_000].into()),
                ),
                Some(Reason::ResolutionExcluded),
            ),
            (
                reason([block('A')], &with(|rules| rules.filter.compaction_min = 2)),
                Some(Reason::CompactionExcluded),
            ),
            (
                reason(
                    [block('A').level(3)],
                    &with(|rules| rules.filter.compaction_max = Some(2)),
                ),
                Some(Reason::CompactionExcluded),
            ),
            (
                reason([block('A').labels(&[])], &all),
                Some(Reason::NoLabels),
            ),
            (
                reason([block('A').without("index")], &all),
                Some(Reason::Incomplete),
            ),
            (
                reason([block('A').object("index", 4)], &all),
                Some(Reason::Incomplete),
            ),
            (reason([block('A').without_file_list()], &all), None),
            (
                reason([block('A'), block('C').sources("AB")], &all),
                Some(Reason::Duplicate),
            ),
            (
                reason([block('A'), block('C').sources("AB").marked("")], &all),
                None,
            ),
            (
                reason(
                    [block('A'), block('C').sources("AB").without("index")],
                    &all,
                ),
                None,
            ),
            (reason([block('C').sources("AB"), block('A')], &all), None),
            (
                reason([block('A'), block('C').sources("AB"), naming_c()], &all),
                None,
            ),
        ];
        for (row, (actual, expected)) in table.into_iter().enumerate() {
            assert_eq!(actual, expected, "row {row}");
        }
    }

    /// S-4.7
    #[test]
    fn every_unit_belongs_to_exactly_one_shard() {
        let taken = (0..3).filter(|index| {
            let mut rules = rules();
            rules.shard = Some(format!("{index}/3").parse().unwrap());
            reason([block('A')], &rules).is_none()
        });
        assert_eq!(taken.count(), 1);
    }

    /// S-4.1
    #[test]
    fn the_first_reason_counts() {
        let mut rules = rules();
        rules.filter.ids = [id('B')].into();
        let damaged = block('A').range(2000, 3000).labels(&[]).without("index");
        assert_eq!(reason([damaged], &rules), Some(Reason::IdExcluded));
    }

    /// S-4.12
    #[test]
    fn what_cannot_be_read_leaves_a_gap_where_everything_else_is_known() {
        let of = |builder: Builder| {
            let [block] = source([builder]).try_into().unwrap();
            block
        };
        let archived = of(block('A').archived("index"));
        let unknown = of(block('A').mark(Mark::Unreadable("closed".into())));
        assert!(leaves_a_gap(Reason::Unreadable, &archived));
        assert!(!leaves_a_gap(Reason::Unreadable, &unknown));
        assert!(leaves_a_gap(Reason::Incomplete, &archived));
        assert!(!leaves_a_gap(Reason::Duplicate, &archived));
    }
}
