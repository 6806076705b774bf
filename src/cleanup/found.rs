//! What may have been left behind, as the bucket lists it, and how it is found again.

use std::collections::BTreeSet;

use tracing::debug;

use crate::block::{BlockId, ObjectPath};
use crate::bucket::{Begun, BucketReader};
use crate::error::{Kind, Result};
use crate::outcome::Untold;
use crate::stored::Stored;
use crate::verb::cleanup::of_block;
use crate::verb::survey::{Left, survey_left};

/// What a bucket lists of it.
pub(super) struct Found {
    pub(super) left: Left,
    /// What was begun and not finished, each with its name below the prefix.
    pub(super) begun: Vec<(ObjectPath, Begun)>,
    /// Why there is nothing of that.
    pub(super) untold: Option<Untold>,
}

/// How something is found again that may go.
pub(super) enum Handle {
    Copy(Stored),
    Overwrite(BlockId),
    Probe(ObjectPath),
    Begun(ObjectPath, Begun),
    /// It stays.
    None,
}

impl Handle {
    /// What it is called, to be told.
    pub(super) fn name(&self) -> String {
        match self {
            Handle::Copy(stored) => stored.id().to_string(),
            Handle::Overwrite(id) => id.to_string(),
            Handle::Probe(path) | Handle::Begun(path, _) => path.to_string(),
            Handle::None => String::new(),
        }
    }
}

impl Found {
    /// Looks for it; only in the directories of these blocks, where there are any.
    pub(super) async fn look(bucket: &BucketReader, ids: &BTreeSet<BlockId>) -> Result<Self> {
        let (mut left, (mut begun, untold)) =
            futures::try_join!(survey_left(bucket), what_was_begun(bucket))?;
        if !ids.is_empty() {
            left.partial.retain(|(id, _)| ids.contains(id));
            left.overwritten.retain(|id| ids.contains(id));
            left.probes.clear();
            begun.retain(|(name, _)| of_block(name).is_some_and(|(id, _)| ids.contains(&id)));
        }
        Ok(Self {
            left,
            begun,
            untold,
        })
    }
}

/// What cannot be told keeps nothing else from being removed.
async fn what_was_begun(
    bucket: &BucketReader,
) -> Result<(Vec<(ObjectPath, Begun)>, Option<Untold>)> {
    let err = match bucket.begun().await {
        Ok(mut begun) => {
            begun.sort_by(|(one, _), (other, _)| one.cmp(other));
            return Ok((begun, None));
        }
        Err(err) if err.kind().concerns_whole_bucket() => return Err(err),
        Err(err) => err,
    };
    debug!(err = %format!("{err:#}"), "what was begun and not finished is not told");
    let untold = Untold {
        needs_a_person: err.kind() != Kind::Unsupported,
        why: format!("{err:#}"),
    };
    Ok((Vec::new(), Some(untold)))
}
