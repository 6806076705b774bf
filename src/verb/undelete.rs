//! Brings one deleted block back: its data first, then its `meta.json`, by which it is a block again. It deletes no version that holds anything.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::unmark::unmark;
use crate::at_once::OBJECTS_AT_ONCE;
use crate::block::{BlockId, Inventory, Likeness, MetaFile};
use crate::bucket::{Bucket, Gone, Way};
use crate::error::{Error, Kind, Result};
use crate::plan::Missing;
use crate::stored::read_meta;

/// How many objects were brought back in which way.
pub type Ways = BTreeMap<Way, u64>;

/// Brings back all that is missing but `meta.json`, and takes away the mark that names that run. Afterwards a fresh listing shows all of the block and no
/// mark, so that it may be published.
///
/// Errors: of the kind [`Kind::Changed`] where it does not.
pub async fn bring_back_data(
    block: BlockId,
    meta: &MetaFile,
    missing: &Missing,
    bucket: &Bucket,
    ways: &mut Ways,
) -> Result<()> {
    let brought = stream::iter(&missing.data)
        .map(|gone| bring_back(block, gone, bucket))
        .buffer_unordered(OBJECTS_AT_ONCE * 4);
    let mut brought = std::pin::pin!(brought);
    while let Some(way) = brought.try_next().await? {
        if let Some(way) = way {
            *ways.entry(way).or_default() += 1;
        }
    }
    if let Some(run) = &missing.mark {
        unmark(block, run, bucket).await?;
    }
    let now = bucket.reader().list_block(block).await?;
    let lacking = missing.data.iter().find_map(|gone| differs(gone, &now));
    let lacking = lacking.or_else(|| now.lacks(&meta.block));
    let marked = || {
        now.may_be_marked()
            .then(|| "it bears a deletion mark".to_owned())
    };
    match lacking.or_else(marked) {
        None => Ok(()),
        Some(why) => {
            let location = bucket.reader().location();
            let attempt = format!("bring back {block} in {location}");
            Err(Error::new(Kind::Changed, attempt).because(why))
        }
    }
}

/// Brings back its `meta.json`, and looks at all of it again: what it lacks all the same, where somebody has deleted something meanwhile.
pub async fn bring_back_meta(
    block: BlockId,
    meta: &MetaFile,
    missing: &Missing,
    bucket: &Bucket,
    ways: &mut Ways,
) -> Result<Option<String>> {
    if let Some(gone) = &missing.meta
        && let Some(way) = bring_back(block, gone, bucket).await?
    {
        *ways.entry(way).or_default() += 1;
    }
    let now = bucket.reader().list_block(block).await?;
    let read = read_meta(bucket.reader(), block, now.meta()).await?;
    Ok(match read {
        None => Some("meta.json is gone".to_owned()),
        Some((there, _)) if there.digest != meta.digest => {
            Some("another meta.json lies there by now".to_owned())
        }
        Some(_) => now.lacks(&meta.block),
    })
}

async fn bring_back(block: BlockId, gone: &Gone, bucket: &Bucket) -> Result<Option<Way>> {
    let path = block.object(&gone.object.name);
    bucket.bring_back(&path, gone).await
}

/// What tells that what lies there is not what was to be brought back.
fn differs(gone: &Gone, now: &Inventory) -> Option<String> {
    let name = &gone.object.name;
    let Some(there) = now.get(name) else {
        return Some(format!("{name} is not there"));
    };
    // Digests of parts differ where a copy has others.
    let (now, then) = (there.fingerprint, gone.object.fingerprint);
    let tells = now.is_of_the_bytes() && then.is_of_the_bytes();
    let is_other = there.size_bytes != gone.object.size_bytes
        || (tells && now.likeness(then) == Likeness::Differing);
    is_other.then(|| format!("{name} is another object by now"))
}
