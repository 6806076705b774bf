//! Whether the target is a live replica of the source: then a deletion in the source would be one in the target.

use std::sync::Arc;

use super::facts::{SourceBlock, TargetIndex};
use crate::block::{BlockId, Inventory, Object};

/// A block of the target that was not copied there but is kept equal to the source's, if there is one.
///
/// In folders it shows by device and inode. In buckets by last-modified: a copy has times of its own, a replica has the source's, to the
/// millisecond. One object may agree by chance, and a store that keeps whole seconds makes that likely; so every data object of a block
/// must agree, and one of them must have a fraction of a second.
#[must_use]
pub fn replica(source: &[Arc<SourceBlock>], target: &TargetIndex) -> Option<BlockId> {
    source
        .iter()
        .find(|block| {
            target
                .get(block.id)
                .is_some_and(|there| is_replica(block, &there.objects))
        })
        .map(|block| block.id)
}

fn is_replica(block: &SourceBlock, target: &Inventory) -> bool {
    let pairs: Vec<(&Object, &Object)> = block
        .objects
        .data()
        .filter_map(|object| Some((object, target.get(&object.name)?)))
        .collect();
    let all_there = !pairs.is_empty() && pairs.len() == block.objects.data().count();
    if !all_there {
        return false;
    }
    if pairs
        .iter()
        .any(|(ours, theirs)| ours.inode.is_some() && theirs.inode.is_some())
    {
        // Times of files are kept by copying tools; only the same file is the same file.
        return pairs
            .iter()
            .any(|(ours, theirs)| ours.inode.is_some() && ours.inode == theirs.inode);
    }
    let millis = |object: &Object| object.modified.timestamp_millis();
    pairs
        .iter()
        .all(|(ours, theirs)| millis(ours) == millis(theirs))
        && pairs.iter().any(|(ours, _)| millis(ours) % 1000 != 0)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use chrono::DateTime;

    use super::*;
    use crate::plan::facts::testing::block;

    fn at(millis: &[i64], inode: Option<u64>) -> Inventory {
        let names = ["chunks/000001", "index"];
        names
            .iter()
            .zip(millis)
            .map(|(name, millis)| Object {
                name: (*name).into(),
                size_bytes: 5,
                modified: DateTime::from_timestamp_millis(*millis).unwrap(),
                etag: None,
                checksum: None,
                left_out: None,
                inode: inode.map(|inode| (1, inode)),
            })
            .collect()
    }

    /// S-3.6
    #[test]
    fn only_the_sources_own_times_or_inodes_make_a_replica() {
        let mut ours = block('A').source();
        for (source, target, expected) in [
            (at(&[1001, 2002], None), at(&[1001, 2002], None), true),
            (at(&[1001, 2002], None), at(&[1001, 2003], None), false),
            (at(&[1000, 2000], None), at(&[1000, 2000], None), false),
            (at(&[1001, 2002], None), at(&[1001], None), false),
            (
                at(&[1001, 2002], Some(7)),
                at(&[1001, 2002], Some(8)),
                false,
            ),
            (at(&[1001, 2002], Some(7)), at(&[1, 2], Some(7)), true),
        ] {
            ours.objects = source;
            assert_eq!(is_replica(&ours, &target), expected);
        }
    }
}
