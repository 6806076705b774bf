//! Buckets of Thanos' type FILESYSTEM: a folder, as an object store in which every object appears whole.
//!
//! Thanos writes into the final file, and `object_store`'s own store for files lists without order, refuses names with `#` and follows links.
//! Here an object is staged in [`root::STAGING`], brought to the disk, given its name, and acknowledged once that name is on disk too.
//! Attributes and tags have no place in a file and are left out.

mod clock;
mod failure;
mod identity;
mod listing;
mod place;
mod read;
mod root;
mod staging;
#[cfg(test)]
mod tests;
mod upload;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use object_store::path::Path as Location;
use object_store::{
    CopyMode, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use super::clock::Told;
use crate::error::{Error, Result};

pub(super) use failure::RootMissing;
pub(super) use identity::{inode_of_etag, why_left_out};
use place::Existing;
use root::Root;
use staging::Staged;
use upload::Upload;

/// How many objects of one stream are deleted at once.
const CONCURRENT_DELETES: usize = 8;

/// What a bucket is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every write is refused.
    Read,
    /// Objects may be put and deleted.
    Write,
}

/// What it means that the folder of a bucket does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRoot {
    /// A bucket that is still empty: listings are empty, and the first write makes the folder.
    Empty,
    /// A bucket that is gone: every request fails, saying so.
    Error,
}

/// The bucket in the folder `directory`. Nothing is touched before the first request.
///
/// Listings are sorted as S3 sorts keys. An empty folder shows in them as an object of size 0 without an entity tag. So do symbolic links,
/// special files and what has a name that no object can have (its odd bytes as `%FF`), with one warning each: [`why_left_out`] knows them.
/// A name that is or leads through a symbolic link is refused, to read, list, put or delete. The folder itself may be a link.
pub(super) fn open(directory: &Path, access: Access, missing: MissingRoot) -> Result<Arc<Folder>> {
    let directory = std::path::absolute(directory).map_err(|err| {
        Error::usage(format!(
            "directory {:?} is no path of a folder: a FILESYSTEM bucket wants one such as /var/thanos",
            directory.display().to_string()
        ))
        .because(err)
    })?;
    Ok(Arc::new(Folder {
        root: Arc::new(Root::new(directory, access, missing)),
        told: Told::default(),
    }))
}

/// A folder as an object store, which tells the time of whoever keeps its files.
#[derive(Debug)]
pub(super) struct Folder {
    root: Arc<Root>,
    told: Told,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fs: {}", self.root.directory().display())
    }
}

impl super::Store for Folder {}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(
        &self,
        location: &Location,
        payload: PutPayload,
        opts: PutOptions,
    ) -> object_store::Result<PutResult> {
        let existing = match opts.mode {
            PutMode::Overwrite => Existing::Replace,
            PutMode::Create => Existing::Keep,
            PutMode::Update(_) => {
                return Err(object_store::Error::NotImplemented {
                    operation: "put_opts with PutMode::Update".to_owned(),
                    implementer: self.to_string(),
                });
            }
        };
        let staged = self
            .stage(location, move |staged| staged.write(&payload, 0))
            .await?;
        let root = Arc::clone(&self.root);
        put_staged(root, Arc::new(staged), location.clone(), existing).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Location,
        _opts: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        let staged = self.stage(location, |_| Ok(())).await?;
        let root = Arc::clone(&self.root);
        Ok(Box::new(Upload::new(root, location.clone(), staged)))
    }

    async fn get_opts(
        &self,
        location: &Location,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        let root = Arc::clone(&self.root);
        let location = location.clone();
        blocking(move || read::get(&root, location, &options)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Location>>,
    ) -> BoxStream<'static, object_store::Result<Location>> {
        let root = Arc::clone(&self.root);
        locations
            .map(move |location| {
                let root = Arc::clone(&root);
                async move {
                    let location = location?;
                    blocking(move || place::remove(&root, &location).map(|()| location)).await
                }
            })
            .buffered(CONCURRENT_DELETES)
            .boxed()
    }

    fn list(
        &self,
        prefix: Option<&Location>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        listing::list(Arc::clone(&self.root), prefix.cloned().unwrap_or_default())
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&Location>,
    ) -> object_store::Result<ListResult> {
        let root = Arc::clone(&self.root);
        let prefix = prefix.cloned().unwrap_or_default();
        blocking(move || listing::list_one_level(&root, &prefix)).await
    }

    async fn copy_opts(
        &self,
        from: &Location,
        to: &Location,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        let existing = match options.mode {
            CopyMode::Overwrite => Existing::Replace,
            CopyMode::Create => Existing::Keep,
        };
        let root = Arc::clone(&self.root);
        let from = from.clone();
        let staged = self
            .stage(to, move |staged| {
                let (file, _) = root.open(&from)?;
                staged.fill(file)
            })
            .await?;
        let root = Arc::clone(&self.root);
        put_staged(root, Arc::new(staged), to.clone(), existing)
            .await
            .map(drop)
    }
}

impl Folder {
    /// A staged file for `location`, with what `fill` writes into it.
    async fn stage(
        &self,
        location: &Location,
        fill: impl FnOnce(&Staged) -> object_store::Result<()> + Send + 'static,
    ) -> object_store::Result<Staged> {
        let root = Arc::clone(&self.root);
        let location = location.clone();
        blocking(move || {
            root.path_of(&location)?;
            let staged = Staged::create(&root)?;
            fill(&staged)?;
            Ok(staged)
        })
        .await
    }
}

/// Brings the staged content to the disk, then gives it its name.
///
/// These are two steps, so that a caller who stops waiting for the long first one can be sure that the second will not follow.
async fn put_staged(
    root: Arc<Root>,
    staged: Arc<Staged>,
    location: Location,
    existing: Existing,
) -> object_store::Result<PutResult> {
    let (e_tag, staged) = blocking(move || staged.sync().map(|e_tag| (e_tag, staged))).await?;
    blocking(move || {
        place::place(&root, &staged, &location, existing)?;
        staged.discard();
        Ok(())
    })
    .await?;
    Ok(PutResult {
        e_tag: Some(e_tag),
        version: None,
        extensions: object_store::Extensions::new(),
    })
}

/// Does `work` where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> object_store::Result<T> + Send + 'static,
) -> object_store::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
