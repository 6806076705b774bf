//! Whether the target is a live replica of the source: then a deletion in the source would be one in the target.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::facts::{SourceBlock, TargetIndex};
use crate::block::{BlockId, FileId, Inventory, Object};

/// A block of the target that was not copied there but is kept equal to the source's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The block.
    pub block: BlockId,
    /// What gives it away.
    pub by: Likeness,
}

/// What gives a replica away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Its objects are the source's own files.
    Inodes,
    /// Its objects were last written when the source's were, to the millisecond.
    Milliseconds,
    /// The same, to the second, of every block that both buckets hold.
    Seconds,
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Likeness::Inodes => "the objects of it are the source's own files",
            Likeness::Milliseconds => {
                "the objects of it have the source's own last-modified times, to the millisecond"
            }
            Likeness::Seconds => {
                "the objects of it, and of every other block that is in both, have the source's own last-modified times, to the second, which is as \
                 exactly as the listing tells"
            }
        })
    }
}

/// What shows that the target is a live replica, if something does.
///
/// In folders it shows by files that are the same, were it one alone: times of files are kept by copying tools. In buckets it shows by last-modified,
/// for a copy has times of its own. To the millisecond, one block that agrees in every data object is enough. Where a listing tells whole seconds, a
/// copy that was made at once agrees as well; so every block that both hold must agree in every object, `meta.json` included, and blocks of which a
/// mark says that this tool copied them are left aside. `target_name` is how such marks name the target.
#[must_use]
pub fn replica(
    source: &[Arc<SourceBlock>],
    target: &TargetIndex,
    target_name: &str,
) -> Option<Replica> {
    let both = source
        .iter()
        .filter_map(|block| Some((&**block, target.get(block.id)?.objects())));
    let mut to_the_second = None;
    let mut differs = false;
    for (block, there) in both {
        let found = |by| Replica {
            block: block.id,
            by,
        };
        match compared(&block.objects(), &there) {
            Compared::Alike(Likeness::Seconds) if block.is_marked_for(target_name) => {}
            Compared::Alike(Likeness::Seconds) => {
                to_the_second.get_or_insert(found(Likeness::Seconds));
            }
            Compared::Alike(exact) => return Some(found(exact)),
            Compared::Different => differs = true,
            Compared::Unclear => {}
        }
    }
    to_the_second.filter(|_| !differs)
}

/// What two listings of a block have in common.
#[derive(Debug, PartialEq, Eq)]
enum Compared {
    Alike(Likeness),
    Different,
    /// Nothing that could be compared: a partial block may be on its way to a replica as well as to a copy.
    Unclear,
}

fn compared(source: &Inventory, target: &Inventory) -> Compared {
    let files: Vec<(FileId, FileId)> = source
        .iter()
        .filter_map(|(_, object)| Some((object.file?, target.get(&object.name)?.file?)))
        .collect();
    // Part of a block may be mounted there, and the rest be on its way.
    if files.iter().any(|(one, other)| one.is_same_file(other)) {
        return Compared::Alike(Likeness::Inodes);
    }
    let pairs: Vec<(&Object, &Object)> = source
        .data()
        .filter_map(|object| Some((object, target.get(&object.name)?)))
        .collect();
    if pairs.is_empty() || pairs.len() < source.data().count() {
        return Compared::Unclear;
    }
    if !files.is_empty() {
        return Compared::Different;
    }
    let times = |(one, other): &(&Object, &Object)| Some((one.modified?, other.modified?));
    let all = pairs.iter().map(times).collect::<Option<Vec<_>>>();
    let metas = source.meta().zip(target.meta());
    let metas = metas.as_ref().and_then(times);
    let Some(times) = all else {
        return Compared::Unclear;
    };
    let millis = |time: &DateTime<Utc>| time.timestamp_millis();
    let is_whole = |time: &DateTime<Utc>| millis(time) % 1000 == 0;
    if !times
        .iter()
        .all(|(one, other)| is_whole(one) || is_whole(other))
    {
        return if times
            .iter()
            .all(|(one, other)| millis(one) == millis(other))
        {
            Compared::Alike(Likeness::Milliseconds)
        } else {
            Compared::Different
        };
    }
    let Some(metas) = metas else {
        return Compared::Unclear;
    };
    let mut all = times.iter().chain([&metas]);
    if all.all(|(one, other)| one.timestamp() == other.timestamp()) {
        Compared::Alike(Likeness::Seconds)
    } else {
        Compared::Different
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::block::{Fingerprint, META_JSON, Provenance, RunId};
    use crate::plan::facts::testing::block;

    /// Two segments and `meta.json`, in this order.
    fn at(millis: [Option<i64>; 3], file: Option<FileId>) -> Inventory {
        let names = ["chunks/000001", "index", META_JSON];
        names
            .iter()
            .zip(millis)
            .map(|(name, millis)| Object {
                name: (*name).into(),
                size_bytes: 5,
                modified: millis.map(|millis| DateTime::from_timestamp_millis(millis).unwrap()),
                version: None,
                fingerprint: Fingerprint::UNKNOWN,
                archived: false,
                left_out: None,
                file,
            })
            .collect()
    }

    /// S-3.6
    #[test]
    fn only_the_sources_own_times_or_inodes_make_a_replica() {
        let exact = [Some(1001), Some(2002), Some(3003)];
        let whole = [Some(1000), Some(2000), Some(3000)];
        let file = |device, inode, changed| {
            Some(FileId {
                device,
                inode,
                changed: (changed, 1),
            })
        };
        for (source, target, expected) in [
            (
                at(exact, None),
                at(exact, None),
                Compared::Alike(Likeness::Milliseconds),
            ),
            (
                at(exact, None),
                at([Some(1001), Some(2003), Some(3003)], None),
                Compared::Different,
            ),
            // `meta.json` may have been written again.
            (
                at(exact, None),
                at([Some(1001), Some(2002), None], None),
                Compared::Alike(Likeness::Milliseconds),
            ),
            (
                at(whole, None),
                at(whole, None),
                Compared::Alike(Likeness::Seconds),
            ),
            (
                at(exact, None),
                at(whole, None),
                Compared::Alike(Likeness::Seconds),
            ),
            (
                at(whole, None),
                at(exact, None),
                Compared::Alike(Likeness::Seconds),
            ),
            (
                at(whole, None),
                at([Some(1000), Some(2000), Some(4000)], None),
                Compared::Different,
            ),
            (
                at(whole, None),
                at([Some(1000), Some(3000), Some(3000)], None),
                Compared::Different,
            ),
            (
                at(whole, None),
                at([Some(1000), None, Some(3000)], None),
                Compared::Unclear,
            ),
            (
                at(whole, None),
                at([Some(1000), Some(2000), None], None),
                Compared::Unclear,
            ),
            (
                at(exact, file(1, 7, 5)),
                at(exact, file(1, 8, 5)),
                Compared::Different,
            ),
            (
                at(exact, file(1, 7, 5)),
                at(whole, file(1, 7, 6)),
                Compared::Alike(Likeness::Inodes),
            ),
            // Seen through an overlay, or by another mount.
            (
                at(exact, file(1, 7, 5)),
                at(exact, file(2, 7, 5)),
                Compared::Alike(Likeness::Inodes),
            ),
            (
                at(exact, file(1, 7, 5)),
                at(exact, file(2, 7, 6)),
                Compared::Different,
            ),
        ] {
            assert_eq!(
                compared(&source, &target),
                expected,
                "{source:?} {target:?}"
            );
        }
        let half = at(whole, None).data().take(1).cloned().collect();
        assert_eq!(compared(&at(whole, None), &half), Compared::Unclear);
        // One file of it is enough.
        let mounted = at(whole, file(1, 7, 5)).data().take(1).cloned().collect();
        assert_eq!(
            compared(&at(whole, file(1, 7, 5)), &mounted),
            Compared::Alike(Likeness::Inodes)
        );
    }

    /// S-3.6
    #[test]
    fn to_the_second_every_block_must_agree_that_was_not_copied_by_this_tool() {
        let whole = [Some(1000), Some(2000), Some(3000)];
        let other = [Some(1000), Some(2000), Some(9000)];
        let details = Provenance::of_this_run("s3://cold", RunId::generate()).to_string();
        let replica = |blocks: &[(char, [Option<i64>; 3], bool)]| {
            let source = blocks.iter().map(|(name, _, ours)| {
                let builder = block(*name);
                let builder = if *ours {
                    builder.marked(&details)
                } else {
                    builder
                };
                let mut source = builder.source();
                source.objects = (&at(whole, None)).into();
                Arc::new(source)
            });
            let target = blocks.iter().map(|(name, times, _)| {
                let mut target = block(*name).target();
                target.objects = (&at(*times, None)).into();
                target
            });
            let (source, target): (Vec<_>, _) = (source.collect(), target.collect());
            let found = super::replica(&source, &target, "s3://cold");
            found.map(|found| found.by)
        };
        let seconds = Some(Likeness::Seconds);
        assert_eq!(
            replica(&[('A', whole, false), ('B', whole, false)]),
            seconds
        );
        assert_eq!(replica(&[('A', whole, false), ('B', other, false)]), None);
        assert_eq!(replica(&[('A', whole, true), ('B', whole, false)]), seconds);
        // A copy that was made within the second, and says so.
        assert_eq!(replica(&[('A', whole, true)]), None);
        assert_eq!(replica(&[('A', whole, false), ('B', other, true)]), None);
    }
}
