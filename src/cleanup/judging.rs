//! What is to become of each thing that was found: the source is asked about the blocks that it concerns, and about no others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};

use super::found::{Found, Handle};
use crate::at_once::LOOK_AHEAD;
use crate::block::{BlockId, Inventory, ObjectPath, Packed};
use crate::bucket::{Begun, BegunForm, BucketReader};
use crate::error::{Error, Kind, Result};
use crate::outcome::{CleanEnding, Cleaned, Leftover, LeftoverKind};
use crate::plan::{
    Fate, SourceBlock, Stays, fate_of_copy, fate_of_overwrite, kept, last_written, too_young,
    wholly_held,
};
use crate::stored::Stored;
use crate::verb::cleanup::{fate_of_begun, look_at_probe, of_block, read_where_in_doubt};
use crate::verb::survey::survey_block;

/// Blocks of the source, each as it was seen a moment ago.
type Blocks = BTreeMap<BlockId, Arc<SourceBlock>>;

/// What there is to be decided by.
struct Judge<'a> {
    source: Option<&'a BucketReader>,
    bucket: &'a BucketReader,
    /// How marks of this tool name the bucket.
    name: String,
    before: DateTime<Utc>,
    blocks: Blocks,
}

/// Judges all of it, and tells how what may go is found again, in the same order.
pub(super) async fn judge(
    before: DateTime<Utc>,
    found: Found,
    source: Option<&BucketReader>,
    bucket: &BucketReader,
) -> Result<(Cleaned, Vec<Handle>)> {
    let Found {
        left,
        begun,
        untold,
    } = found;
    let of_partial = left.partial.iter().map(|(id, _)| *id);
    let of_begun = begun
        .iter()
        .filter(|(_, begun)| begun.form == BegunForm::Upload)
        .filter_map(|(name, _)| Some(of_block(name)?.0));
    let judge = Judge {
        source,
        bucket,
        name: bucket.location().to_string(),
        before,
        blocks: seen_in(source, of_partial.chain(of_begun).collect()).await?,
    };
    let begun = stream::iter(begun).map(|(name, begun)| judge.begun(name, begun));
    let begun = all(begun).await?;
    // A large object may be on its way for longer than others lie there.
    let young = CleanEnding::Stays(Stays::TooYoung);
    let goes_on = begun.iter().filter(|(one, _)| one.ending == young);
    let going_on: BTreeSet<BlockId> = goes_on.filter_map(|(one, _)| one.block).collect();
    let copies = stream::iter(&left.partial)
        .map(|(id, objects)| judge.copy(*id, objects, going_on.contains(id)));
    let mut judged = all(copies).await?;
    let overwritten = stream::iter(left.overwritten).map(|id| judge.overwrite(id));
    judged.extend(all(overwritten).await?);
    let probes = stream::iter(left.probes).map(|(path, at)| judge.probe(path, at));
    judged.extend(all(probes).await?);
    judged.extend(begun);
    let (leftovers, handles) = judged.into_iter().unzip();
    let cleaned = Cleaned {
        leftovers,
        before,
        uploads_untold: untold,
        is_dry: true,
        signal: None,
        stopped_by: None,
        warnings: left.warnings,
        elapsed: Duration::ZERO,
    };
    Ok((cleaned, handles))
}

/// A few at once, in their order; what is gone by now is left out.
async fn all<F>(work: impl futures::Stream<Item = F>) -> Result<Vec<(Leftover, Handle)>>
where
    F: Future<Output = Result<Option<(Leftover, Handle)>>>,
{
    let judged = work.buffered(LOOK_AHEAD);
    judged
        .try_filter_map(async |one| Ok(one))
        .try_collect()
        .await
}

async fn seen_in(source: Option<&BucketReader>, ids: BTreeSet<BlockId>) -> Result<Blocks> {
    let Some(source) = source else {
        return Ok(Blocks::new());
    };
    stream::iter(ids)
        .map(async |id| Ok((id, Arc::new(survey_block(source, id).await?))))
        .buffer_unordered(LOOK_AHEAD)
        .try_collect()
        .await
}

impl Judge<'_> {
    async fn copy(
        &self,
        id: BlockId,
        objects: &Packed<Inventory>,
        goes_on: bool,
    ) -> Result<Option<(Leftover, Handle)>> {
        let in_target = objects.get();
        let leftover = Leftover {
            block: Some(id),
            objects: in_target.block_objects(),
            size_bytes: Some(in_target.block_bytes()),
            written: last_written(&in_target),
            ..leftover(LeftoverKind::PartialCopy, id.to_string())
        };
        let block = self.blocks.get(&id);
        let in_source = match kept(block.map(|block| &**block), &self.name) {
            Ok(in_source) => in_source,
            Err(fate) => return Ok(judged(fate, leftover, Handle::None)),
        };
        let fate = if goes_on {
            let why = "an upload of one of its objects goes on".to_owned();
            Fate::Stays(Stays::TooYoung, why)
        } else {
            fate_of_copy(&in_source, &in_target, self.before)
        };
        let stored = self.source.zip(block).and_then(|(source, block)| {
            let (block, meta) = (Arc::clone(block), Arc::clone(block.meta()?));
            Some(Stored::new(source.clone(), block, meta))
        });
        let (Fate::Goes(_), Some(stored)) = (&fate, stored) else {
            return Ok(judged(fate, leftover, Handle::None));
        };
        let doubt = match read_where_in_doubt(&stored, &in_source, &in_target, self.bucket).await {
            Err(err) if err.kind() == Kind::Changed => {
                let why = "it changes while it is looked at".to_owned();
                Some(Fate::Stays(Stays::TooYoung, why))
            }
            // It is listed, and said not to be there; or it may not be read.
            Err(err) if err.kind() == Kind::NotFound || err.kind().spoils_one_object() => {
                return Ok(Some(failed(leftover, &err)));
            }
            read => read?,
        };
        let leftover = Leftover {
            detail: Some(share(in_target.data().count(), in_source.data().count())),
            ..leftover
        };
        Ok(judged(
            doubt.unwrap_or(fate),
            leftover,
            Handle::Copy(stored),
        ))
    }

    async fn overwrite(&self, id: BlockId) -> Result<Option<(Leftover, Handle)>> {
        let block = survey_block(self.bucket, id).await?;
        let objects = block.objects();
        let file = objects.get(crate::block::OVERWRITE_MARKER);
        let name = id
            .object(crate::block::OVERWRITE_MARKER)
            .as_str()
            .to_owned();
        let leftover = Leftover {
            block: Some(id),
            objects: 1,
            size_bytes: file.map(|file| file.size_bytes),
            written: file.and_then(|file| file.modified),
            ..leftover(LeftoverKind::OverwriteFile, name)
        };
        let fate = fate_of_overwrite(&block, self.before);
        Ok(judged(fate, leftover, Handle::Overwrite(id)))
    }

    async fn probe(
        &self,
        path: ObjectPath,
        written: Option<DateTime<Utc>>,
    ) -> Result<Option<(Leftover, Handle)>> {
        let leftover = Leftover {
            objects: 1,
            written,
            ..leftover(LeftoverKind::Probe, path.as_str().to_owned())
        };
        let fate = match too_young(written, self.before) {
            Some(young) => young,
            None => match look_at_probe(&path, self.bucket).await {
                Err(err) if err.kind().spoils_one_object() => {
                    return Ok(Some(failed(leftover, &err)));
                }
                looked => looked?,
            },
        };
        Ok(judged(fate, leftover, Handle::Probe(path)))
    }

    async fn begun(&self, name: ObjectPath, begun: Begun) -> Result<Option<(Leftover, Handle)>> {
        let block = of_block(&name).map(|(id, _)| id);
        let source = block.and_then(|id| self.blocks.get(&id));
        let in_source = wholly_held(source.map(|block| &**block));
        let judge = |begun: &Begun| {
            fate_of_begun(
                &name,
                begun,
                in_source.as_ref().map_err(Clone::clone),
                self.before,
            )
        };
        let kind = match begun.form {
            BegunForm::Upload => LeftoverKind::Upload,
            BegunForm::StagedFile => LeftoverKind::StagedFile,
        };
        let mut leftover = Leftover {
            block,
            written: begun.touched,
            ..leftover(kind, name.as_str().to_owned())
        };
        let by_name = judge(&begun);
        if matches!(by_name, Fate::Stays(Stays::NotOurs, _)) {
            return Ok(judged(by_name, leftover, Handle::None));
        }
        // When an upload was begun is not when something of it came last, and some servers list what is gone.
        let now = match self.bucket.look_at(&begun).await {
            Ok(Some(now)) => now,
            Ok(None) => return Ok(None),
            Err(err) if err.kind().spoils_one_object() => return Ok(Some(failed(leftover, &err))),
            Err(err) => return Err(err),
        };
        let fate = judge(&now);
        leftover.written = now.touched;
        Ok(judged(fate, leftover, Handle::Begun(name, begun)))
    }
}

/// It could not be looked at.
fn failed(leftover: Leftover, err: &Error) -> (Leftover, Handle) {
    let failed = Leftover {
        ending: CleanEnding::Failed,
        detail: Some(format!("{err:#}")),
        ..leftover
    };
    (failed, Handle::None)
}

fn leftover(kind: LeftoverKind, name: String) -> Leftover {
    Leftover {
        kind,
        block: None,
        name,
        objects: 0,
        size_bytes: None,
        written: None,
        ending: CleanEnding::ToRemove,
        detail: None,
    }
}

/// With what becomes of it; `None` of what is gone by now.
fn judged(fate: Fate, leftover: Leftover, handle: Handle) -> Option<(Leftover, Handle)> {
    match fate {
        Fate::Goes(_) => Some((leftover, handle)),
        Fate::Stays(stays, why) => {
            let stays = Leftover {
                ending: CleanEnding::Stays(stays),
                detail: Some(why),
                ..leftover
            };
            Some((stays, Handle::None))
        }
        Fate::Nothing => None,
    }
}

/// How much of the block has arrived; where all of it has, another command is cheaper.
fn share(there: usize, all: usize) -> String {
    if there >= all {
        "all of its data is there: `migrate` would only have to publish it".to_owned()
    } else {
        format!("{there} of {all} data objects")
    }
}
