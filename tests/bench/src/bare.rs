//! What a server and this machine can do at best: the same objects moved by nothing but the requests that move them.

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::aws::AmazonS3;
use object_store::multipart::MultipartStore as _;
use object_store::{GetOptions, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, PutPayload};

use crate::s3::Service;
use crate::work::PART_BYTES;

/// So many objects are copied or carried at once, and so many parts of each.
const OBJECTS_AT_ONCE: usize = 4;
const PARTS_AT_ONCE: usize = 2;

/// So many small objects are read at once.
const READS_AT_ONCE: usize = 32;

/// One `CopyObject` for each object of a bucket.
pub async fn copy_objects(service: &Service, source: &str, target: &str) -> Result<()> {
    let listed: Vec<_> = service.bucket(source)?.list(None).try_collect().await?;
    stream::iter(listed)
        .map(async |object: ObjectMeta| {
            let name = object.location.as_ref();
            service.copy(source, target, name).await
        })
        .buffer_unordered(OBJECTS_AT_ONCE)
        .try_collect()
        .await
}

/// `GET` and `PUT` for each object of a bucket, in parts of 64 MiB where it is larger. What is put is neither signed nor hashed.
pub async fn carry_objects(service: &Service, source: &str, target: &str) -> Result<()> {
    let source = service.bucket(source)?;
    let target = service.bucket(target)?;
    let listed: Vec<_> = source.list(None).try_collect().await?;
    stream::iter(&listed)
        .map(|object| carry(object, &source, &target))
        .buffer_unordered(OBJECTS_AT_ONCE)
        .try_collect()
        .await
}

/// `GET` for each `meta.json` of a bucket, once all its objects are listed.
pub async fn read_metas(service: &Service, source: &str) -> Result<()> {
    let source = service.bucket(source)?;
    let listed: Vec<_> = source.list(None).try_collect().await?;
    let metas = listed
        .iter()
        .filter(|object| object.location.filename() == Some("meta.json"));
    stream::iter(metas)
        .map(|object| read(object, 0, &source))
        .buffer_unordered(READS_AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await
}

async fn carry(object: &ObjectMeta, source: &AmazonS3, target: &AmazonS3) -> Result<()> {
    let key = &object.location;
    if object.size <= u64::try_from(PART_BYTES)? {
        target.put(key, read(object, 0, source).await?).await?;
        return Ok(());
    }
    let upload = target.create_multipart(key).await?;
    let parts = stream::iter(0..usize::try_from(object.size)?.div_ceil(PART_BYTES))
        .map(async |part| -> Result<_> {
            let content = read(object, part, source).await?;
            Ok(target.put_part(key, &upload, part, content).await?)
        })
        .buffered(PARTS_AT_ONCE)
        .try_collect()
        .await?;
    target.complete_multipart(key, &upload, parts).await?;
    Ok(())
}

async fn read(object: &ObjectMeta, part: usize, source: &AmazonS3) -> Result<PutPayload> {
    let part_bytes = u64::try_from(PART_BYTES)?;
    let from = u64::try_from(part)? * part_bytes;
    let range = from..object.size.min(from + part_bytes);
    let options = GetOptions::new().with_range(Some(range));
    let body = source.get_opts(&object.location, options).await?;
    let pieces: Vec<_> = body.into_stream().try_collect().await?;
    Ok(pieces.into_iter().collect())
}
