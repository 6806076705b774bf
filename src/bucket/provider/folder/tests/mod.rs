//! What the store promises as a whole, tried on real folders.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

mod copying;
mod gone;
mod listing;
mod reading;
mod writing;

use std::fs;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as Location;
use object_store::{Error, ObjectStoreExt};
use tempfile::TempDir;

use super::failure::RootMissing;
use super::store::open;
use crate::bucket::Store;
use crate::bucket::access::{Access, MissingRoot};

/// The folder of a block. Others are not looked into.
const BLOCK: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

/// A folder of its own, with a bucket in it that can be written.
struct World {
    folder: TempDir,
    store: Arc<dyn Store>,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(folder.path(), "", Access::Write, MissingRoot::Empty).unwrap();
        Self { folder, store }
    }

    /// A world in which these files are, put there by somebody else.
    fn with_files(names: &[&str]) -> Self {
        let world = Self::new();
        for name in names {
            let path = world.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        world
    }

    /// The same, in the block's folder.
    fn with_files_in_block(names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| format!("{BLOCK}/{name}")).collect();
        Self::with_files(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn put(&self, name: &str, content: &'static str) -> Result<(), Error> {
        self.store.put(&at(name), content.into()).await.map(|_| ())
    }

    async fn read(&self, name: &str) -> Result<Bytes, Error> {
        self.store.get(&at(name)).await?.bytes().await
    }

    async fn names(&self, prefix: &str) -> Vec<String> {
        names(&self.store, prefix).await.unwrap()
    }

    /// The names in the block's folder, below that, in a listing of the whole bucket.
    async fn names_in_block(&self) -> Vec<String> {
        let names = self.names("").await.into_iter();
        names
            .filter_map(|name| Some(name.strip_prefix(BLOCK)?.strip_prefix('/')?.to_owned()))
            .collect()
    }

    fn entries(&self, name: &str) -> Vec<String> {
        let mut entries: Vec<_> = fs::read_dir(self.path(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        entries.sort();
        entries
    }
}

fn at(name: &str) -> Location {
    Location::parse(name).unwrap()
}

async fn names<S: Store + ?Sized>(store: &Arc<S>, prefix: &str) -> Result<Vec<String>, Error> {
    let entries = store.entries(Some(&at(prefix)), None);
    entries.map_ok(|entry| entry.key).try_collect().await
}

fn io_kind(err: &Error) -> Option<io::ErrorKind> {
    causes(err).find_map(|cause| cause.downcast_ref::<io::Error>().map(io::Error::kind))
}

fn says_root_missing(err: &Error) -> bool {
    causes(err).any(<dyn std::error::Error>::is::<RootMissing>)
}

fn causes(err: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(err as &(dyn std::error::Error + 'static)), |cause| {
        cause.source()
    })
}
