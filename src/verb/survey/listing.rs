//! One flat listing of a bucket: its block directories, probes of runs that were killed, and what else lies there.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use tracing::warn;

use super::beside::Beside;
use crate::block::{BlockId, Inventory, LeftOut, Object, ObjectPath, is_loose_block_id};
use crate::bucket::BucketReader;
use crate::error::Result;
use crate::verb::probe;

/// What one flat listing of a bucket shows.
pub(super) struct Listing {
    pub(super) blocks: BTreeMap<BlockId, Inventory>,
    pub(super) beside: Beside,
    /// When each was last written, where the listing tells.
    pub(super) probes: Vec<(ObjectPath, Option<DateTime<Utc>>)>,
}

/// Lists the whole bucket.
pub(super) async fn listing(bucket: &BucketReader) -> Result<Listing> {
    let mut blocks: BTreeMap<BlockId, Vec<Object>> = BTreeMap::new();
    let mut beside = Beside::default();
    let mut probes = Vec::new();
    let mut resembling: HashSet<String> = HashSet::new();
    let mut objects = bucket.list();
    while let Some((path, object)) = objects.try_next().await? {
        let (directory, name) = match path.as_str().split_once('/') {
            Some(split) => split,
            // A link, say, in the place of a block's folder: Thanos takes it for one.
            None if path.as_str().parse::<BlockId>().is_ok() && object.left_out.is_some() => {
                (path.as_str(), "")
            }
            None if matches!(object.left_out, Some(LeftOut::Odd(_))) => {
                beside.note(&path, &object);
                continue;
            }
            None if object.size_bytes == 0 => (path.as_str(), ""),
            None => {
                if probe::is_one(&path, &object) {
                    probes.push((path, object.modified));
                } else {
                    beside.note(&path, &object);
                }
                continue;
            }
        };
        let Ok(id) = directory.parse::<BlockId>() else {
            beside.note(&path, &object);
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
        blocks
            .entry(id)
            .or_default()
            .push(Object { name, ..object });
    }
    Ok(Listing {
        blocks: blocks
            .into_iter()
            .map(|(id, objects)| (id, objects.into_iter().collect()))
            .collect(),
        beside,
        probes,
    })
}
