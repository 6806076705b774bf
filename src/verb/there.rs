//! What lies in the target under a block's id, as a listing of a moment ago shows it.

use crate::block::{BlockId, Difference, Inventory, META_JSON, compare};
use crate::bucket::{Bucket, BucketReader};
use crate::error::{Error, Kind};
use crate::plan::{Conflict, Existing, Halt};
use crate::stored::{Stored, read_meta};

/// What the target has published under the block's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// No `meta.json`.
    Nothing,
    /// The block itself.
    Itself,
    /// Another one, which is to be replaced.
    ToBeReplaced,
}

/// Another `meta.json` is a conflict, unless `existing` blocks are to be overwritten; so is one that nobody can read, and a mark.
pub(super) async fn there(
    stored: &Stored,
    target: &BucketReader,
    in_target: &Inventory,
    existing: Existing,
) -> Result<There, Halt> {
    if in_target.may_be_marked() {
        return Err(Halt::Conflict(Conflict::Marked));
    }
    if let Some(why) = in_target.meta_left_out() {
        let why = format!("it is left out: {why}");
        return Err(Halt::Conflict(Conflict::CorruptedMeta(why)));
    }
    let Some(listed) = in_target.meta() else {
        return Ok(There::Nothing);
    };
    let same = match read_meta(target, stored.id(), Some(listed)).await {
        Ok(Some((meta, _))) => meta.digest == stored.meta().digest,
        Ok(None) => return Err(gone(stored.id(), target).into()),
        Err(err) if err.kind() == Kind::Corrupt => false,
        Err(err) => return Err(err.into()),
    };
    match existing {
        _ if same => Ok(There::Itself),
        Existing::Overwrite => Ok(There::ToBeReplaced),
        Existing::Keep => Err(Halt::Conflict(Conflict::OtherMeta)),
    }
}

/// Whether no `meta.json` is listed, and nothing that is listed says why.
pub(super) fn lacks_meta_for_no_reason(in_target: &Inventory) -> bool {
    in_target.meta().is_none()
        && in_target.meta_left_out().is_none()
        && !in_target.is_being_overwritten()
}

/// The block's `meta.json` was there a moment ago: what else lies there has to be looked at again.
pub(super) fn gone(id: BlockId, bucket: &BucketReader) -> Error {
    let path = id.object(META_JSON);
    let attempt = format!("read {path} in {}", bucket.location());
    Error::new(Kind::Changed, attempt).because("it was there, and is gone")
}

/// Deletes a block's `meta.json` in the target, and looks whether it is gone: nothing may be changed below one that stays.
///
/// Errors: [`Kind::Other`] where the target says that it is deleted, and shows it still.
pub(super) async fn delete_meta(id: BlockId, target: &Bucket) -> Result<(), Error> {
    let path = id.object(META_JSON);
    target.delete(&path).await?;
    is_gone(id, target.reader()).await
}

/// Looks whether a block's `meta.json` is gone that was deleted a moment ago.
///
/// Errors: [`Kind::Other`] where it is not.
pub(super) async fn is_gone(id: BlockId, target: &BucketReader) -> Result<(), Error> {
    if target.list_block(id).await?.meta().is_none() {
        return Ok(());
    }
    let path = id.object(META_JSON);
    let attempt = format!("delete {path} in {}", target.location());
    let why = "it is said to be deleted, and it is still there";
    Err(Error::new(Kind::Other, attempt).because(why))
}

/// What the target lacks of the block's data, in words; checksums of what this tool put may differ where the sizes agree.
pub(super) fn missing(in_source: &Inventory, in_target: &Inventory) -> Option<String> {
    let differences: Vec<String> = compare(in_source, in_target)
        .iter()
        .filter(|difference| !matches!(difference, Difference::Content(_)))
        .map(ToString::to_string)
        .collect();
    (!differences.is_empty()).then(|| differences.join(", "))
}
