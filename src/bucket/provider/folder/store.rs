//! A folder as an object store in which every object appears whole.
//!
//! Thanos writes into the final file, and `object_store`'s own store for files lists without order, refuses names with `#` and follows links.
//! Here an object is staged in [`STAGING`](super::root::STAGING), brought to the disk, given its name, and acknowledged once that name is on
//! disk too. Attributes and tags have no place in a file and are left out.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path as Location;
use object_store::{
    CopyMode, CopyOptions, Extensions, GetOptions, GetResult, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use super::blocking::in_folder;
use super::copier::Copier;
use super::identity::Permissions;
use super::place::{self, Existing, put_staged};
use super::root::{self, Root};
use super::staging::Staged;
use super::upload::Upload;
use super::{failure, listing, read};
use crate::bucket::access::{Access, MissingRoot};
use crate::bucket::classify::Meaning;
use crate::bucket::clock::Told;
use crate::bucket::copier;
use crate::bucket::store::{Entry, Store};
use crate::bucket::unfinished::Unfinished;
use crate::error::{Error, Result};

/// How many objects of one stream are deleted at once.
const CONCURRENT_DELETES: usize = 8;

/// The bucket in the folder `prefix` of the folder `directory`; names of objects begin below that. Nothing is touched before the first request, and
/// from then on the folder must stay the same one: once it is unmounted, renamed or replaced, every request fails with
/// [`RootMissing`](super::failure::RootMissing).
///
/// Listings are sorted as S3 sorts keys. A folder beside the blocks, which nobody looks into, shows in them as an entry without size and entity
/// tag, and so does a block's folder that is empty; other empty folders do not show, as in Thanos. What is no object, and in the listing of the
/// whole bucket what may not be looked at, shows as left out, and is told to the log once. Its name has its odd bytes as `%FF`.
/// A name that is or leads through a symbolic link is refused, to read, list, put or delete. The folder `directory` itself may be a link.
///
/// What is written is as readable as what lies beside it. Where source and target are both folders, it is also as readable as its original: the
/// caller passes the extensions of the get on to the put.
pub(super) fn open(
    directory: &Path,
    prefix: &str,
    access: Access,
    missing: MissingRoot,
) -> Result<Arc<Folder>> {
    let directory = std::path::absolute(directory).map_err(|err| {
        Error::usage(format!(
            "directory {:?} is no path of a folder: a FILESYSTEM bucket wants one such as /var/thanos",
            directory.display().to_string()
        ))
        .because(err)
    })?;
    let prefix = Path::new(prefix);
    Ok(Arc::new(Folder {
        root: Arc::new(Root::new(directory, prefix, access, missing)),
        told: Told::default(),
    }))
}

/// A folder as an object store, which tells the time of whoever keeps its files.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: Arc<Root>,
    pub(super) told: Told,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fs: {}", self.root.path().display())
    }
}

#[async_trait]
impl Store for Folder {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn copier(&self, source: &dyn Store) -> Option<Arc<dyn copier::Copier>> {
        let source = source.as_any().downcast_ref::<Self>()?;
        Some(Arc::new(Copier {
            source: Arc::clone(&source.root),
            target: Arc::clone(&self.root),
        }))
    }

    fn entries(
        &self,
        below: Option<&Location>,
        after: Option<&str>,
    ) -> BoxStream<'static, object_store::Result<Entry>> {
        let below = below.cloned().unwrap_or_default();
        listing::list(Arc::clone(&self.root), below, after)
    }

    fn unfinished(&self) -> std::result::Result<&dyn Unfinished, &'static str> {
        Ok(self)
    }

    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        failure::meaning(cause)
    }

    async fn is_to_be_made(&self) -> bool {
        let found = in_folder(Arc::clone(&self.root), |root| root.anchor().folder()).await;
        matches!(found, Ok(None))
    }
}

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
            .stage(location, &opts.extensions, move |_, staged| {
                staged.write(&payload, 0)
            })
            .await?;
        let root = Arc::clone(&self.root);
        put_staged(root, Arc::new(staged), location.clone(), existing).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Location,
        opts: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        let staged = self
            .stage(location, &opts.extensions, |_, _| Ok(()))
            .await?;
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
        in_folder(root, move |root| read::get(root, location, &options)).await
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
                    in_folder(root, move |root| {
                        place::remove(root, &location).map(|()| location)
                    })
                    .await
                }
            })
            .buffered(CONCURRENT_DELETES)
            .boxed()
    }

    fn list(
        &self,
        prefix: Option<&Location>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let entries = self.entries(prefix, None);
        entries
            .try_filter_map(|entry| std::future::ready(Ok(as_object(entry))))
            .boxed()
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&Location>,
    ) -> object_store::Result<ListResult> {
        let root = Arc::clone(&self.root);
        let prefix = prefix.cloned().unwrap_or_default();
        in_folder(root, move |root| listing::list_one_level(root, &prefix)).await
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
        let from = from.clone();
        let staged = self
            .stage(to, &options.extensions, move |root, staged| {
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
        handed: &Extensions,
        fill: impl FnOnce(&Root, &Staged) -> object_store::Result<()> + Send + 'static,
    ) -> object_store::Result<Staged> {
        let location = location.clone();
        let original = handed.get::<Permissions>().copied();
        in_folder(Arc::clone(&self.root), move |root| {
            root::names(&location)?;
            let staged = Staged::create(root, original)?;
            fill(root, &staged)?;
            Ok(staged)
        })
        .await
    }
}

/// What `object_store` can say of it; `None` for what is no object.
fn as_object(entry: Entry) -> Option<ObjectMeta> {
    Some(ObjectMeta {
        e_tag: Some(entry.etag?),
        location: Location::parse(entry.key).ok()?,
        last_modified: entry.modified?,
        size: entry.size_bytes?,
        version: None,
    })
}
