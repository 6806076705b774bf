//! Which marks of this tool may be taken back: those that were asked for, on blocks that the source still wholly holds, and soon enough.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::facts::{Mark, SourceBlock, SourceMeta};
use crate::block::{DeletionMark, NoCompactMark, Provenance, RunId};
use crate::select::Filter;

/// Which marks are to be taken back.
#[derive(Debug, Clone)]
pub struct TakeBack {
    /// Of which blocks.
    pub filter: Filter,
    /// Only those that this run wrote.
    pub run: Option<RunId>,
    /// Only those that name this target, as its location prints.
    pub target: Option<String>,
    /// Only those that are no older: half of the delete delay, after which parts of Thanos no longer count on the block. `None` for any age.
    pub oldest: Option<Duration>,
}

/// What is to be done about the mark of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it bears no mark that was asked for.
    NotMeant,
    /// It is taken back; who wrote it.
    TakeBack(Provenance),
    /// It was asked for, and stays.
    Refuse(Refusal, String),
}

/// Why a mark that was asked for stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The block that was asked for by its id bears no deletion mark.
    NotMarked,
    /// Somebody else wrote it, or another run, or it names another target.
    NotOurs,
    /// It cannot be read, so that nobody knows who wrote it.
    UnreadableMark,
    /// Another filter leaves out the block that was asked for by its id.
    Excluded,
    /// The source no longer holds all of the block: its compactor has begun to delete it, or it was damaged before.
    NotWhole,
    /// It is so old that parts of Thanos no longer count on the block.
    TooOld,
}

impl Refusal {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::NotMarked => "not-marked",
            Refusal::NotOurs => "not-ours",
            Refusal::UnreadableMark => "unreadable-mark",
            Refusal::Excluded => "excluded",
            Refusal::NotWhole => "not-whole",
            Refusal::TooOld => "too-old",
        }
    }
}

impl TakeBack {
    /// What is to be done about the mark of this block, as it was seen at about `now`; `alone` is the no-compact mark of a block that bears no
    /// deletion mark: a run that was killed between the two leaves one behind.
    #[must_use]
    pub fn verdict(
        &self,
        block: &SourceBlock,
        alone: Option<&NoCompactMark>,
        now: DateTime<Utc>,
    ) -> Verdict {
        let is_named = self.filter.ids.contains(&block.id);
        // Of a block that nobody named nothing is said that is no matter of this tool's.
        let refuse_named = |refusal, why: String| {
            if is_named {
                Verdict::Refuse(refusal, why)
            } else {
                Verdict::NotMeant
            }
        };
        let mark = match &block.mark {
            Mark::Present(mark) => mark,
            Mark::Absent => {
                let ours = alone.map(|mark| self.ours(mark.provenance(), mark.details()));
                return match (ours, not_whole(block)) {
                    (Some(Ok(_)), Some(why)) => refuse_named(Refusal::NotWhole, why),
                    (Some(Ok(provenance)), None) if self.is_meant(block) => {
                        Verdict::TakeBack(provenance)
                    }
                    _ => {
                        let why = "there is no deletion-mark.json".to_owned();
                        refuse_named(Refusal::NotMarked, why)
                    }
                };
            }
            Mark::Corrupted(err) => return refuse_named(Refusal::NotOurs, err.to_string()),
            Mark::Unreadable(why) => {
                return if self.is_meant(block) {
                    Verdict::Refuse(Refusal::UnreadableMark, why.to_string())
                } else {
                    Verdict::NotMeant
                };
            }
        };
        let provenance = match self.ours(mark.provenance(), mark.details()) {
            Ok(provenance) => provenance,
            Err(why) => return refuse_named(Refusal::NotOurs, why),
        };
        if !self.is_meant(block) {
            let why = "another filter leaves it out".to_owned();
            return refuse_named(Refusal::Excluded, why);
        }
        if let Some(why) = not_whole(block) {
            return Verdict::Refuse(Refusal::NotWhole, why);
        }
        match self.age_beyond(mark, now) {
            Some(why) => Verdict::Refuse(Refusal::TooOld, why),
            None => Verdict::TakeBack(provenance),
        }
    }

    /// Who wrote the mark, where it is one that was asked for; else what it is instead.
    fn ours(&self, provenance: Option<Provenance>, details: &str) -> Result<Provenance, String> {
        let Some(provenance) = provenance else {
            return Err(match details {
                "" => "it does not say who wrote it".to_owned(),
                details => format!("it says {details:?}"),
            });
        };
        if let Some(run) = self.run.as_ref().filter(|run| **run != provenance.run) {
            return Err(format!("run {} wrote it, and not {run}", provenance.run));
        }
        let is_there = |target: &String| provenance.leads_to(target);
        if self.target.as_ref().is_none_or(is_there) {
            Ok(provenance)
        } else {
            Err(format!("it names the target {}", provenance.target))
        }
    }

    /// Whether the filters take the block. Where there is no `meta.json` to tell, only its id counts.
    fn is_meant(&self, block: &SourceBlock) -> bool {
        match block.meta() {
            Some(meta) => self.filter.takes(&meta.block),
            None => self.filter.ids.is_empty() || self.filter.ids.contains(&block.id),
        }
    }

    fn age_beyond(&self, mark: &DeletionMark, now: DateTime<Utc>) -> Option<String> {
        let oldest = self.oldest?;
        let age_s = now.timestamp().saturating_sub(mark.deletion_time());
        let age = Duration::from_secs(u64::try_from(age_s).unwrap_or_default());
        (age > oldest).then(|| {
            format!(
                "it was written {} ago, and after {} parts of Thanos no longer count on the block",
                humantime::format_duration(age),
                humantime::format_duration(oldest),
            )
        })
    }
}

/// What its bucket no longer holds of a block, in words; `None` where it is whole.
#[must_use]
pub fn not_whole(block: &SourceBlock) -> Option<String> {
    match &block.meta {
        SourceMeta::Read(meta) => block.objects().lacks(&meta.block),
        SourceMeta::Absent => Some("meta.json is missing".to_owned()),
        SourceMeta::Unreadable(why) | SourceMeta::Corrupted(why) => {
            Some(format!("meta.json: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::super::facts::testing::{Builder, block, id, source};
    use super::*;
    use crate::block::{BlockId, MarkError, NO_COMPACT_MARK};

    const RUN: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    const OURS: &str =
        "migrated to s3://minio:9000/cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn all() -> TakeBack {
        TakeBack {
            filter: Filter::default(),
            run: None,
            target: None,
            oldest: Some(Duration::from_hours(24)),
        }
    }

    fn named(block: BlockId) -> TakeBack {
        let mut wish = all();
        wish.filter.ids.insert(block);
        wish
    }

    /// When the builder's marks are written.
    fn written() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    /// In a word.
    fn verdict(wish: &TakeBack, builder: Builder) -> &'static str {
        let [block] = source([builder]).try_into().unwrap();
        match wish.verdict(&block, None, written()) {
            Verdict::NotMeant => "not meant",
            Verdict::TakeBack(_) => "take back",
            Verdict::Refuse(refusal, _) => refusal.as_str(),
        }
    }

    /// S-16.2
    #[test]
    fn a_mark_that_was_asked_for_is_taken_back_or_refused() {
        let other_run = TakeBack {
            run: "01J9ZK3M7Q8T5V6W7X8Y9Z0A1C".parse().ok(),
            ..named(id('A'))
        };
        let this_run = TakeBack {
            run: RUN.parse().ok(),
            ..all()
        };
        let to = |target: &str| TakeBack {
            target: Some(target.to_owned()),
            ..named(id('A'))
        };
        let only_5m = |mut wish: TakeBack| {
            wish.filter.resolutions_ms.insert(300_000);
            wish
        };
        let corrupted = || block('A').mark(Mark::Corrupted(MarkError::OtherVersion(2)));
        let unreadable = || block('A').mark(Mark::Unreadable("denied".into()));
        for (row, (wish, builder, expected)) in [
            (all(), block('A').marked(OURS), "take back"),
            (this_run.clone(), block('A').marked(OURS), "take back"),
            (
                to("s3://minio:9000/cold"),
                block('A').marked(OURS),
                "take back",
            ),
            (
                to("s3://minio:9000/other"),
                block('A').marked(OURS),
                "not-ours",
            ),
            (other_run.clone(), block('A').marked(OURS), "not-ours"),
            (all(), block('A').marked("by hand"), "not meant"),
            (named(id('A')), block('A').marked("by hand"), "not-ours"),
            (named(id('A')), block('A').marked(""), "not-ours"),
            (all(), block('A'), "not meant"),
            (named(id('A')), block('A'), "not-marked"),
            (named(id('B')), block('A').marked(OURS), "not meant"),
            (only_5m(all()), block('A').marked(OURS), "not meant"),
            (only_5m(named(id('A'))), block('A').marked(OURS), "excluded"),
            (all(), block('A').marked(OURS).without("index"), "not-whole"),
            (
                all(),
                block('A').marked(OURS).without("meta.json"),
                "not-whole",
            ),
            (
                this_run,
                block('A').marked(OURS).without("meta.json"),
                "not-whole",
            ),
            (
                named(id('B')),
                block('A').marked(OURS).without("meta.json"),
                "not meant",
            ),
            (
                all(),
                block('A').marked("by hand").without("index"),
                "not meant",
            ),
            (all(), corrupted(), "not meant"),
            (named(id('A')), corrupted(), "not-ours"),
            (all(), unreadable(), "unreadable-mark"),
            (only_5m(all()), unreadable(), "not meant"),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(verdict(&wish, builder), expected, "row {row}");
        }
    }

    /// S-16.3
    #[test]
    fn a_mark_is_too_old_after_half_of_the_delete_delay() {
        let [marked] = source([block('A').marked(OURS)]).try_into().unwrap();
        let after = |hours, wish: &TakeBack| {
            let now = written() + chrono::TimeDelta::hours(hours);
            wish.verdict(&marked, None, now)
        };
        let forced = TakeBack {
            oldest: None,
            ..all()
        };
        assert!(matches!(after(24, &all()), Verdict::TakeBack(_)));
        assert!(matches!(after(-5, &all()), Verdict::TakeBack(_)));
        assert!(matches!(
            after(25, &all()),
            Verdict::Refuse(Refusal::TooOld, _)
        ));
        assert!(matches!(after(2500, &forced), Verdict::TakeBack(_)));
    }

    /// S-16.1
    #[test]
    fn a_no_compact_mark_that_was_left_behind_is_taken_back_by_the_same_rules() {
        let details = format!("{OURS}, proven by size");
        let other_run = TakeBack {
            run: "01J9ZK3M7Q8T5V6W7X8Y9Z0A1C".parse().ok(),
            ..all()
        };
        for (wish, details, expected) in [
            (all(), &*details, true),
            (named(id('A')), &details, true),
            (named(id('B')), &details, false),
            (other_run, &details, false),
            (all(), "by hand", false),
        ] {
            let [block] = source([block('A').object(NO_COMPACT_MARK, 9)])
                .try_into()
                .unwrap();
            let mark = NoCompactMark::new(id('A'), details.to_owned(), written());
            let verdict = wish.verdict(&block, Some(&mark), written());
            assert_eq!(
                matches!(verdict, Verdict::TakeBack(_)),
                expected,
                "{verdict:?}"
            );
        }
    }
}
