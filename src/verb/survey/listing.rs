//! One flat listing of a bucket: its block directories, probes of runs that were killed, and what else lies there.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures::channel::mpsc::Sender;
use futures::{SinkExt, TryStreamExt};
use tracing::warn;

use super::beside::Beside;
use crate::block::{BlockId, Inventory, LeftOut, Object, ObjectPath, is_loose_block_id};
use crate::bucket::{BucketReader, Swept};
use crate::error::{Error, Kind, Result};
use crate::progress::Progress;
use crate::verb::probe;

/// A block directory, and what lies in it.
pub(super) type Directory = (BlockId, Inventory);

/// What one flat listing of a bucket shows beside its block directories.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// How many block directories there are.
    pub(super) blocks: usize,
    pub(super) beside: Beside,
    /// When each was last written, where the listing tells.
    pub(super) probes: Vec<(ObjectPath, Option<DateTime<Utc>>)>,
}

/// Lists the whole bucket, and hands on each block directory once, as soon as all of it is listed.
pub(super) async fn listing(bucket: &BucketReader, mut found: Sender<Directory>) -> Result<Listed> {
    let mut listed = Listed::default();
    let mut gathered = Gathered::default();
    let mut resembling: HashSet<String> = HashSet::new();
    let mut objects = bucket.sweep();
    while let Some(Swept {
        piece,
        path,
        object,
    }) = objects.try_next().await?
    {
        Progress::lists();
        let is_alone = !path.as_str().contains('/');
        let (directory, name) = match path.as_str().split_once('/') {
            Some(split) => split,
            // A link, say, in the place of a block's folder: Thanos takes it for one.
            None if path.as_str().parse::<BlockId>().is_ok() && object.left_out.is_some() => {
                (path.as_str(), "")
            }
            None if matches!(object.left_out, Some(LeftOut::Odd(_))) => {
                listed.beside.note(&path, &object);
                continue;
            }
            None if object.size_bytes == 0 => (path.as_str(), ""),
            None => {
                if probe::is_one(&path, &object) {
                    listed.probes.push((path, object.modified));
                } else {
                    listed.beside.note(&path, &object);
                }
                continue;
            }
        };
        let Ok(id) = directory.parse::<BlockId>() else {
            listed.beside.note(&path, &object);
            if is_loose_block_id(directory) && resembling.insert(directory.to_owned()) {
                warn!(
                    bucket = %bucket.location(),
                    directory,
                    "directory left alone: Thanos may take it for a block, but its name is no ULID"
                );
            }
            continue;
        };
        let name = name.into();
        let object = Object { name, ..object };
        if is_alone {
            gathered.keep(id, object);
        } else if let Some(whole) = gathered.take(piece, id, object) {
            listed.blocks += 1;
            hand_on(&mut found, whole).await;
        }
    }
    for (id, objects) in gathered.rest() {
        listed.blocks += 1;
        hand_on(&mut found, (id, objects)).await;
    }
    Ok(listed)
}

/// Whoever does not want it any more has failed, and says so itself.
async fn hand_on(found: &mut Sender<Directory>, (id, objects): (BlockId, Vec<Object>)) {
    let _ = found.send((id, objects.into_iter().collect())).await;
}

/// Makes sure that no directory was handed on in two pieces. `ids` are sorted.
pub(super) fn listed_once(
    bucket: &BucketReader,
    ids: impl Iterator<Item = BlockId> + Clone,
) -> Result<()> {
    let mut pairs = ids.clone().zip(ids.skip(1));
    let Some((twice, _)) = pairs.find(|(one, other)| one == other) else {
        return Ok(());
    };
    let attempt = format!("list {}", bucket.location());
    let why = format!("the names of {twice} came in two places");
    Err(Error::new(Kind::Other, attempt).because(why))
}

/// Objects by their directories. A directory is whole once its piece of the listing comes to the next one, but for those at the ends of pieces.
#[derive(Debug, Default)]
struct Gathered {
    /// The directory at which each piece is, and whether it is its first one.
    open: HashMap<usize, (BlockId, Vec<Object>, bool)>,
    /// Directories that may be in two pieces, and directories of which a name sorts before that of another directory.
    rest: BTreeMap<BlockId, Vec<Object>>,
}

impl Gathered {
    /// Takes an object; tells of the directory that is whole by it.
    fn take(
        &mut self,
        piece: usize,
        id: BlockId,
        object: Object,
    ) -> Option<(BlockId, Vec<Object>)> {
        let Some((open, objects, is_first)) = self.open.get_mut(&piece) else {
            self.open.insert(piece, (id, vec![object], true));
            return None;
        };
        if *open == id {
            objects.push(object);
            return None;
        }
        let whole = (
            std::mem::replace(open, id),
            std::mem::replace(objects, vec![object]),
        );
        if std::mem::take(is_first) && piece > 0 {
            self.rest.entry(whole.0).or_default().extend(whole.1);
            return None;
        }
        if let Some(objects) = self.rest.get_mut(&whole.0) {
            objects.extend(whole.1);
            return None;
        }
        Some(whole)
    }

    /// Keeps an object that is listed under the directory's own name: others may come between that and what lies in the directory.
    fn keep(&mut self, id: BlockId, object: Object) {
        self.rest.entry(id).or_default().push(object);
    }

    /// What is left at the end of all pieces.
    fn rest(mut self) -> BTreeMap<BlockId, Vec<Object>> {
        for (id, objects, _) in self.open.into_values() {
            self.rest.entry(id).or_default().extend(objects);
        }
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Fingerprint;

    fn object(name: &str) -> Object {
        Object {
            name: name.into(),
            size_bytes: 1,
            modified: None,
            version: None,
            fingerprint: Fingerprint::UNKNOWN,
            archived: false,
            file: None,
            left_out: None,
        }
    }

    /// The time of a block, and how many objects it has.
    type Told = (u64, usize);

    /// The blocks that are whole at once, and those that are left.
    fn gathered(names: &[(usize, u64, &str)]) -> (Vec<Told>, Vec<Told>) {
        let mut gathered = Gathered::default();
        let taken = names.iter().filter_map(|(piece, time_ms, name)| {
            let id = BlockId::first_of(*time_ms)?;
            if name.is_empty() {
                gathered.keep(id, object(name));
                return None;
            }
            gathered.take(*piece, id, object(name))
        });
        let told = |(id, objects): (BlockId, Vec<Object>)| (id.time_ms(), objects.len());
        let whole = taken.map(told).collect();
        (whole, gathered.rest().into_iter().map(told).collect())
    }

    #[test]
    fn a_directory_is_handed_on_once_it_is_whole() {
        let (whole, rest) = gathered(&[(0, 1, "a"), (0, 1, "b"), (0, 2, "a"), (0, 3, "a")]);
        assert_eq!((whole, rest), (vec![(1, 2), (2, 1)], vec![(3, 1)]));
    }

    #[test]
    fn a_directory_at_an_end_of_a_piece_may_go_on_in_another() {
        let names = [
            (0, 1, "a"),
            (1, 5, "b"),
            (0, 2, "a"),
            (1, 6, "a"),
            (1, 7, "a"),
            (0, 5, "a"),
            (2, 9, "a"),
            (1, 9, "b"),
        ];
        let (whole, rest) = gathered(&names);
        assert_eq!(
            (whole, rest),
            (vec![(1, 1), (6, 1), (2, 1), (7, 1)], vec![(5, 2), (9, 2)])
        );
    }

    #[test]
    fn a_directorys_own_name_may_come_long_before_what_lies_in_it() {
        let (whole, rest) = gathered(&[(0, 2, ""), (0, 1, "a"), (0, 2, "b"), (0, 3, "a")]);
        assert_eq!((whole, rest), (vec![(1, 1)], vec![(2, 2), (3, 1)]));
    }
}
