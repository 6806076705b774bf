//! How small objects are read for a survey, and what an answer says of the whole bucket.

use crate::block::{BlockId, DELETION_MARK, DeletionMark, Inventory};
use crate::bucket::BucketReader;
use crate::causes;
use crate::error::{Error, Kind, Result};
use crate::plan::Mark;
use crate::stored::read_listed;

/// Reads the deletion mark, if one is listed.
pub(super) async fn read_mark(
    bucket: &BucketReader,
    id: BlockId,
    objects: &Inventory,
) -> Result<Mark> {
    let Some(listed) = objects.get(DELETION_MARK) else {
        return Ok(Mark::Absent);
    };
    match read_listed(bucket, id, listed).await {
        Ok(Some(bytes)) => Ok(match DeletionMark::parse(id, &bytes) {
            Ok(mark) => Mark::Present(Box::new(mark)),
            Err(err) => Mark::Corrupted(err),
        }),
        Ok(None) => Ok(Mark::Absent),
        Err(err) if err.kind().spoils_one_object() => Ok(Mark::Unreadable(cause(&err).into())),
        Err(err) => Err(err),
    }
}

/// The error where not one `meta.json` may be read: one refusal may concern one object, all of them concern the bucket.
pub(super) fn none_readable(bucket: &BucketReader, why: String) -> Error {
    let attempt = format!("read any block's meta.json in {}", bucket.location());
    Error::new(Kind::Refused, attempt).because(why)
}

/// The deepest cause: plans name the block and the object already.
pub(super) fn cause(err: &Error) -> String {
    causes::deepest(err)
}
