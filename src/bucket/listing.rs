//! One flat listing that goes on where it was when a page fails.

use futures::stream::{BoxStream, StreamExt, TryStreamExt, unfold};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use tracing::warn;

use super::{BucketReader, EtagMeaning, classify, folder};
use crate::block::{Checksum, Object, ObjectPath};
use crate::error::Result;
use crate::retry::Backoff;

/// Where a listing is.
struct Cursor {
    page: BoxStream<'static, object_store::Result<ObjectMeta>>,
    /// The last name seen: what follows it is still to come.
    last: Option<Path>,
    backoff: Backoff,
    ended: bool,
}

/// Every object below `directory` (below the bucket's prefix), by its name below the bucket's prefix.
pub(super) fn list<'a>(
    bucket: &'a BucketReader,
    directory: &str,
) -> BoxStream<'a, Result<(ObjectPath, Object)>> {
    let backend = bucket.backend();
    let parts = [backend.prefix.as_str(), directory];
    let joined = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/");
    let below = (!joined.is_empty()).then(|| Path::from(joined));
    let start = Cursor {
        page: backend.store.list(below.as_ref()),
        last: None,
        backoff: Backoff::new(&bucket.0.retry),
        ended: false,
    };
    unfold(start, move |cursor| next(bucket, below.clone(), cursor))
        .map_ok(|meta| described(bucket, meta))
        .boxed()
}

async fn next(
    bucket: &BucketReader,
    below: Option<Path>,
    mut cursor: Cursor,
) -> Option<(Result<ObjectMeta>, Cursor)> {
    let backend = bucket.backend();
    while !cursor.ended {
        let err = match cursor.page.next().await? {
            Ok(meta) => {
                // Not every store filters by offset as it was told.
                if cursor
                    .last
                    .as_ref()
                    .is_some_and(|last| meta.location <= *last)
                {
                    continue;
                }
                cursor.backoff.reset();
                cursor.last = Some(meta.location.clone());
                return Some((Ok(meta), cursor));
            }
            Err(err) => classify::error(err, format!("list {}", backend.location)),
        };
        let delay = if err.kind().is_transient() {
            cursor.backoff.next_delay()
        } else {
            None
        };
        let Some(delay) = delay else {
            cursor.ended = true;
            return Some((Err(err), cursor));
        };
        warn!(bucket = %backend.location, ?delay, err = format!("{err:#}"), "listing goes on after a while");
        tokio::time::sleep(delay).await;
        cursor.page = match &cursor.last {
            Some(last) => backend.store.list_with_offset(below.as_ref(), last),
            None => backend.store.list(below.as_ref()),
        };
    }
    None
}

fn described(bucket: &BucketReader, meta: ObjectMeta) -> (ObjectPath, Object) {
    let backend = bucket.backend();
    let location = meta.location.as_ref();
    let path = location
        .strip_prefix(&backend.prefix)
        .map_or(location, |rest| rest.trim_start_matches('/'));
    let checksum = match backend.etags {
        EtagMeaning::Content => meta.e_tag.as_deref().and_then(Checksum::of_entity_tag),
        EtagMeaning::VersionOnly => None,
    };
    let object = Object {
        name: path.into(),
        size_bytes: meta.size,
        modified: meta.last_modified,
        checksum,
        inode: meta.e_tag.as_deref().and_then(folder::inode_of_etag),
        etag: meta.e_tag.map(String::into_boxed_str),
    };
    (ObjectPath::new(path), object)
}
