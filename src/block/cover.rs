//! A block of the target that stands for others, because they went into it.

use std::fmt;

use super::completeness::Completeness;
use super::id::BlockId;
use super::inventory::Inventory;
use super::meta::BlockMeta;

/// A live block of the target that was compacted from this one, among others: copying would only overlap it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    block: BlockId,
    by: BlockId,
}

/// Why a block of the target does not prove that the samples of a source block are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCover {
    /// It is the block itself, is of another group, or lacks some of the block's sources.
    Unrelated,
    /// It is marked for deletion.
    Marked,
    /// The deletion mark of this block names it.
    NamedBy(BlockId),
    /// It lacks objects that its own file list names, or has no file list.
    NotWhole,
    /// It does not span the whole time range of the block.
    ShorterRange,
    /// Series were deleted from it or relabelled.
    Rewritten,
    /// It has fewer series than the block.
    FewerSeries,
}

impl fmt::Display for NoCover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoCover::NamedBy(by) => {
                return write!(
                    f,
                    "is about to be deleted, for the deletion mark of {by} names it"
                );
            }
            NoCover::Marked => "is marked for deletion",
            NoCover::Unrelated => "is made of other blocks",
            NoCover::NotWhole => "is not whole by its own file list",
            NoCover::ShorterRange => "does not span its time range",
            NoCover::Rewritten => "was rewritten",
            NoCover::FewerSeries => "has fewer series",
        })
    }
}

impl NoCover {
    /// Why `candidate`, a published block with the listed `objects`, does not hold all of `block`; `None` where it does.
    #[must_use]
    pub fn of(block: &BlockMeta, candidate: &BlockMeta, objects: &Inventory) -> Option<Self> {
        let unrelated = candidate.id == block.id
            || candidate.group != block.group
            || !candidate.has_all_sources_of(block);
        let whole =
            !candidate.files().is_empty() && objects.completeness(candidate) == Completeness::Whole;
        if unrelated {
            Some(NoCover::Unrelated)
        } else if objects.may_be_marked() {
            Some(NoCover::Marked)
        } else if !whole {
            Some(NoCover::NotWhole)
        } else if candidate.min_time_ms > block.min_time_ms
            || candidate.max_time_ms < block.max_time_ms
        {
            Some(NoCover::ShorterRange)
        } else if candidate.rewritten {
            Some(NoCover::Rewritten)
        } else if candidate.num_series < block.num_series {
            Some(NoCover::FewerSeries)
        } else {
            None
        }
    }
}

impl Cover {
    /// The proof that `candidate`, a published block of the target with the listed `objects`, stands for `block`; otherwise the first reason why it
    /// does not.
    pub fn of(
        block: &BlockMeta,
        candidate: &BlockMeta,
        objects: &Inventory,
    ) -> Result<Self, NoCover> {
        match NoCover::of(block, candidate, objects) {
            Some(why) => Err(why),
            None => Ok(Self {
                block: block.id,
                by: candidate.id,
            }),
        }
    }

    /// The block that is covered.
    #[must_use]
    pub fn block(&self) -> BlockId {
        self.block
    }

    /// The block that covers it.
    #[must_use]
    pub fn by(&self) -> BlockId {
        self.by
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::super::inventory::tests::inventory;
    use super::*;

    fn id(last: char) -> BlockId {
        format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}").parse().unwrap()
    }

    /// S-5.1
    #[test]
    fn a_cover_needs_every_condition() {
        let labels = r#""labels":{"a":"b"},"files":[{"rel_path":"index","size_bytes":3}]"#;
        let block = |last: char, range: (i64, i64), series: u64, sources: &str, rest: &str| {
            let json = format!(
                r#"{{"ulid":"{}","version":1,"minTime":{},"maxTime":{},"stats":{{"numSeries":{series}}},"compaction":{{"sources":[{sources}]}},"thanos":{{{rest}}}}}"#,
                id(last),
                range.0,
                range.1
            );
            BlockMeta::parse(id(last), json.as_bytes()).unwrap()
        };
        let both = format!("\"{}\",\"{}\"", id('A'), id('B'));
        let ours = block('A', (0, 10), 3, "", labels);
        let objects = inventory(&[("index", 3), ("meta.json", 7)]);
        let cover =
            |candidate: &BlockMeta| Cover::of(&ours, candidate, &objects).map(|cover| cover.by());
        assert_eq!(cover(&block('C', (0, 20), 3, &both, labels)), Ok(id('C')));
        let rewritten = format!(r#"{labels},"rewrites":[{{}}]"#);
        let resolution = format!(r#"{labels},"downsample":{{"resolution":300000}}"#);
        let larger = labels.replace(":3}", ":4}");
        for (candidate, expected) in [
            (block('A', (0, 20), 3, &both, labels), NoCover::Unrelated),
            (block('C', (0, 20), 3, "", labels), NoCover::Unrelated),
            (
                block('C', (0, 20), 3, &both, &resolution),
                NoCover::Unrelated,
            ),
            (block('C', (0, 20), 3, &both, &larger), NoCover::NotWhole),
            (
                block('C', (0, 20), 3, &both, r#""labels":{"a":"b"}"#),
                NoCover::NotWhole,
            ),
            (block('C', (1, 20), 3, &both, labels), NoCover::ShorterRange),
            (block('C', (0, 9), 3, &both, labels), NoCover::ShorterRange),
            (
                block('C', (0, 20), 3, &both, &rewritten),
                NoCover::Rewritten,
            ),
            (block('C', (0, 20), 2, &both, labels), NoCover::FewerSeries),
        ] {
            assert_eq!(cover(&candidate), Err(expected));
        }
    }
}
