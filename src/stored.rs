//! One block in one bucket: its listing, its `meta.json` and its marks, and whether it is still what it was.
//!
//! A server may deny an object that it lists, or list nothing of what is there. Such an answer says nothing about the block: on it alone no block is
//! taken for gone, nor for damaged where what was read is not as long as what is listed.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::block::{
    BlockId, BlockMeta, Completeness, Inventory, LeftOut, META_JSON, MarkError, MetaFile,
    NO_COMPACT_MARK, NO_DOWNSAMPLE_MARK, NoCompactMark, Object, check_no_downsample_mark,
};
use crate::bucket::BucketReader;
use crate::error::{Error, Kind, Result};
use crate::plan::{Halt, NewMarks, SourceBlock, Standing, standing};

/// One block in one bucket, as it was when it was seen there. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stored {
    bucket: BucketReader,
    seen: Arc<SourceBlock>,
    meta: Arc<MetaFile>,
    new_marks: NewMarks,
}

impl Stored {
    /// The block in `bucket` as it was seen there, and its `meta.json`.
    #[must_use]
    pub fn new(bucket: BucketReader, seen: Arc<SourceBlock>, meta: Arc<MetaFile>) -> Self {
        Self {
            bucket,
            seen,
            meta,
            new_marks: NewMarks::Count,
        }
    }

    /// The same block, where a mark that appears on it may mean nothing.
    #[must_use]
    pub fn with_new_marks(self, new_marks: NewMarks) -> Self {
        Self { new_marks, ..self }
    }

    /// The block's id.
    #[must_use]
    pub fn id(&self) -> BlockId {
        self.seen.id
    }

    /// Its `meta.json` when it was seen.
    #[must_use]
    pub fn meta(&self) -> &MetaFile {
        &self.meta
    }

    /// The bytes of its `meta.json`, where they were kept, and the fingerprint of this one shows that it has the same.
    #[must_use]
    pub fn kept_meta_json(&self, listed: Option<&Object>) -> Option<Bytes> {
        let bytes = self.meta.bytes.as_deref()?;
        listed?.fingerprint.is_of(bytes).then(|| bytes.clone())
    }

    /// What lay in its directory when it was seen.
    #[must_use]
    pub fn seen(&self) -> Inventory {
        self.seen.objects()
    }

    /// The bucket in which it lies.
    #[must_use]
    pub fn bucket(&self) -> &BucketReader {
        &self.bucket
    }

    /// What lies in its directory now.
    pub async fn list(&self) -> Result<Inventory> {
        self.bucket.list_block(self.id()).await
    }

    /// How it stands by that listing, compared with what was seen.
    #[must_use]
    pub fn standing(&self, now: &Inventory) -> Standing {
        standing(&self.seen, now, self.new_marks)
    }

    /// Lists it anew, and reads its marks: it must be the block that was seen, whole, and not marked since, where that counts.
    pub async fn look_again(&self) -> Result<Inventory, Halt> {
        let now = self.list().await?;
        self.as_seen(now).await
    }

    /// The same, of a listing that was just made.
    pub async fn as_seen(&self, mut now: Inventory) -> Result<Inventory, Halt> {
        let id = self.id();
        let mut stands = self.standing(&now);
        if stands == Standing::Vanished {
            let again = listed_again(&self.bucket, id).await?;
            if again.is_marked() && !now.is_marked() {
                // Whoever asked has concluded from the first listing that there is no mark.
                let attempt = format!("list {id} in {}", self.bucket.location());
                let why =
                    "a moment ago neither meta.json nor the mark was listed, and now they are";
                return Err(Error::new(Kind::Changed, attempt).because(why).into());
            }
            now = again;
            stands = self.standing(&now);
        }
        match stands {
            Standing::Unchanged => {}
            Standing::Vanished => return Err(Halt::Vanished),
            Standing::Marked => {
                let why = "it was marked for deletion meanwhile".to_owned();
                return Err(Halt::Superseded(why));
            }
            Standing::MetaTouched => match read_meta(&self.bucket, id, now.meta()).await? {
                None => return Err(Halt::Vanished),
                Some((meta, _)) if meta.digest == self.meta.digest => {}
                Some(_) => {
                    let why = "its meta.json was rewritten meanwhile".to_owned();
                    return Err(Halt::Superseded(why));
                }
            },
        }
        now = with_marks_read(&self.bucket, id, now).await?;
        if let Completeness::Lacks(what) = now.completeness(&self.meta.block) {
            let attempt = format!("find every object of {id} in {}", self.bucket.location());
            return Err(Error::new(Kind::Corrupt, attempt).because(what).into());
        }
        Ok(now)
    }
}

/// The largest `meta.json` or mark that is read; real ones stay far below.
pub const SMALL_OBJECT_BYTES: usize = 4 << 20;

/// Reads a `meta.json`, with its bytes, as it was `listed`, where a listing is at hand; `None` where it is gone by now.
///
/// Errors: as [`read_listed`]; bytes that are no `meta.json` of this block are of the kind [`Kind::Corrupt`].
pub async fn read_meta(
    bucket: &BucketReader,
    id: BlockId,
    listed: Option<&Object>,
) -> Result<Option<(MetaFile, Bytes)>> {
    let read = match listed {
        Some(listed) => read_listed(bucket, id, listed).await?,
        None => read_small(bucket, id, META_JSON).await?,
    };
    let Some(bytes) = read else {
        return Ok(None);
    };
    let block = BlockMeta::parse(id, &bytes).map_err(|err| {
        Error::new(
            Kind::Corrupt,
            format!(
                "make sense of {} in {}",
                id.object(META_JSON),
                bucket.location()
            ),
        )
        .because(err)
    })?;
    let digest = Sha256::digest(&bytes).into();
    let meta = MetaFile {
        block,
        digest,
        bytes: None,
    };
    Ok(Some((meta, bytes)))
}

/// Reads one of a block's small objects of which no listing is at hand; `None` where one that is made then lacks it.
///
/// Errors: as [`read_listed`].
pub async fn read_small(bucket: &BucketReader, id: BlockId, name: &str) -> Result<Option<Bytes>> {
    read_as_listed(bucket, id, name, None).await
}

/// Reads one of a block's small objects as it was listed; `None` where a fresh listing lacks it too. Its size must be the listed one, or that of a
/// fresh listing: a proxy that answers in the bucket's place does not know it. What was kept of an earlier run is not read again, where the listing
/// shows that it is what lies there.
///
/// Errors: one of the kind [`Kind::Transient`] where listings go on showing what reading denies.
pub async fn read_listed(
    bucket: &BucketReader,
    id: BlockId,
    listed: &Object,
) -> Result<Option<Bytes>> {
    if let Some(bytes) = bucket.kept(listed).await {
        return Ok(Some(bytes));
    }
    let read = read_as_listed(bucket, id, &listed.name, Some(listed.size_bytes)).await?;
    if let Some(bytes) = &read {
        bucket.keep(listed, bytes).await;
    }
    Ok(read)
}

async fn read_as_listed(
    bucket: &BucketReader,
    id: BlockId,
    name: &str,
    size_bytes: Option<u64>,
) -> Result<Option<Bytes>> {
    let path = id.object(name);
    let attempt = format!("read {path} in {}", bucket.location());
    // Inner errors are not retried here: those calls retry by themselves.
    bucket
        .retrying(&attempt, || async {
            let read = match bucket.read(&path, SMALL_OBJECT_BYTES).await {
                Ok(bytes) if size_bytes == Some(bytes.len() as u64) => return Ok(Ok(Some(bytes))),
                Err(err) if !matches!(err.kind(), Kind::NotFound | Kind::Corrupt) => {
                    return Ok(Err(err));
                }
                read => read,
            };
            let objects = match bucket.list_block(id).await {
                Ok(objects) => objects,
                Err(err) => return Ok(Err(err)),
            };
            let listed = objects.get(name).map(|object| object.size_bytes);
            let why = match (read, listed) {
                (Ok(bytes), Some(size)) if size == bytes.len() as u64 => {
                    return Ok(Ok(Some(bytes)));
                }
                (Ok(bytes), Some(size)) => {
                    format!("{} bytes came, and {size} are listed", bytes.len())
                }
                (Ok(_), None) => "it was read, and is not listed".to_owned(),
                (Err(err), None) if err.kind() == Kind::NotFound => return Ok(Ok(None)),
                (Err(err), Some(_)) if err.kind() == Kind::NotFound => {
                    format!("it is listed, and said not to be there: {err:#}")
                }
                (Err(err), Some(size)) if size <= SMALL_OBJECT_BYTES as u64 => {
                    format!("{size} bytes are listed: {err:#}")
                }
                (Err(err), _) => return Ok(Err(err)),
            };
            Err(Error::new(Kind::Transient, attempt.clone()).because(why))
        })
        .await?
}

/// Lists a block again where a listing lacked its `meta.json`: one empty page does not show a deletion. `meta.json` is asked for by name before the
/// listing, so that no answer is newer than the listing.
///
/// Errors: one of the kind [`Kind::Transient`] where listings go on lacking what is there by name.
pub async fn listed_again(bucket: &BucketReader, id: BlockId) -> Result<Inventory> {
    let path = id.object(META_JSON);
    let attempt = format!("list {id} in {}", bucket.location());
    // As above, inner errors are not retried here.
    bucket
        .retrying(&attempt, || async {
            let is_there = match bucket.exists(&path).await {
                Ok(is_there) => is_there,
                Err(err) => return Ok(Err(err)),
            };
            match bucket.list_block(id).await {
                Ok(now) if is_there && now.meta().is_none() => {
                    let why = format!("{path} is there, and the listing lacks it");
                    Err(Error::new(Kind::Transient, attempt.clone()).because(why))
                }
                listed => Ok(listed),
            }
        })
        .await?
}

/// The same inventory, as it is to be taken once its no-compact and no-downsample marks are read.
///
/// A no-compact mark that this tool wrote belongs to the migration and not to the block. One of a version that Thanos does not know is left out,
/// which makes the block incomplete: a copy of it would stop every compactor of the target.
pub async fn with_marks_read(
    bucket: &BucketReader,
    id: BlockId,
    mut objects: Inventory,
) -> Result<Inventory> {
    if let Some(bytes) = read_mark_object(bucket, id, NO_COMPACT_MARK, &objects).await? {
        match NoCompactMark::parse(&bytes) {
            Ok(mark) if mark.provenance().is_some() => {
                objects = objects.with_our_no_compact_mark();
            }
            Err(err @ MarkError::OtherVersion(_)) => {
                objects = objects.leaving_out(NO_COMPACT_MARK, stops_compactors(&err));
            }
            _ => {}
        }
    }
    if let Some(bytes) = read_mark_object(bucket, id, NO_DOWNSAMPLE_MARK, &objects).await?
        && let Err(err @ MarkError::OtherVersion(_)) = check_no_downsample_mark(&bytes)
    {
        objects = objects.leaving_out(NO_DOWNSAMPLE_MARK, stops_compactors(&err));
    }
    Ok(objects)
}

fn stops_compactors(err: &MarkError) -> LeftOut {
    LeftOut::Odd(format!("{err}, and no compactor can sync a bucket that holds it").into())
}

async fn read_mark_object(
    bucket: &BucketReader,
    id: BlockId,
    name: &str,
    objects: &Inventory,
) -> Result<Option<Bytes>> {
    let Some(listed) = objects.get(name) else {
        return Ok(None);
    };
    match read_listed(bucket, id, listed).await {
        Err(err) if err.kind().spoils_one_object() => Ok(None),
        read => read,
    }
}
