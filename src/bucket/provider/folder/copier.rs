//! Objects that the system copies from one folder to another: it shares their bytes where the file system can, and moves them itself elsewhere.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path as Location;
use object_store::{Error, GetOptions, Result};

use super::blocking::{blocking, in_folder};
use super::identity::object;
use super::place::{Existing, put_staged};
use super::read::refuse_changed;
use super::root::{self, Root};
use super::staging::Staged;
use crate::bucket::copier::{self, Original};

/// How many bytes are copied at a time: a copy that is cancelled ends between two pieces.
const PIECE_BYTES: u64 = 64 << 20;

/// So much is read at a time where the system copies nothing by itself.
const READ_BYTES: u64 = 1 << 20;

/// Copies from one folder into another.
#[derive(Debug)]
pub(super) struct Copier {
    pub(super) source: Arc<Root>,
    pub(super) target: Arc<Root>,
}

#[async_trait]
impl copier::Copier for Copier {
    fn largest_bytes(&self) -> u64 {
        u64::MAX
    }

    async fn copy(&self, original: &Original, to: &Location) -> Result<()> {
        let asked = original.clone();
        let opened = in_folder(Arc::clone(&self.source), move |root| {
            let (file, facts) = root.open(&asked.key)?;
            let condition = GetOptions::new().with_if_match(Some(asked.etag));
            condition.check_preconditions(&object(asked.key, &facts))?;
            Ok((file, facts))
        });
        let (file, facts) = opened.await?;
        let (file, location) = (Arc::new(file), to.clone());
        let staged = in_folder(Arc::clone(&self.target), move |root| {
            root::names(&location)?;
            Staged::create(root, Some(facts.permissions))
        });
        let staged = Arc::new(staged.await?);
        let sharing = {
            let (file, staged) = (Arc::clone(&file), Arc::clone(&staged));
            blocking(move || Ok(staged.share(&file)))
        };
        if !sharing.await? {
            let mut left_bytes = original.size_bytes;
            while left_bytes > 0 {
                let piece = Piece {
                    root: Arc::clone(&self.source),
                    location: original.key.clone(),
                    file: Arc::clone(&file),
                    bytes: left_bytes.min(PIECE_BYTES),
                };
                let into = Arc::clone(&staged);
                left_bytes -= blocking(move || piece.copy(&into)).await?;
            }
        }
        let copied = original.clone();
        let unchanged = in_folder(Arc::clone(&self.source), move |root| {
            refuse_changed(root, &copied.key, &file, &copied.etag)?;
            root.note_read();
            Ok(())
        });
        unchanged.await?;
        let root = Arc::clone(&self.target);
        let put = put_staged(root, staged, to.clone(), Existing::Replace);
        put.await.map(drop)
    }

    async fn assemble(&self, to: &Location) -> Result<Box<dyn copier::Assembly>> {
        // One request copies an object of any size, so that none is put together of parts.
        Err(Error::NotImplemented {
            operation: format!("put {to} together of parts"),
            implementer: "a folder".to_owned(),
        })
    }
}

/// A piece of a file that is copied, from where the file stands.
struct Piece {
    root: Arc<Root>,
    location: Location,
    file: Arc<File>,
    bytes: u64,
}

impl Piece {
    /// Copies at least some of it, and returns how many bytes. Where the kernel does not copy, reading and writing meet the error that explains it.
    fn copy(&self, into: &Staged) -> Result<u64> {
        let copied = into.append_from(&self.file, self.bytes);
        if copied > 0 {
            return Ok(copied);
        }
        let mut read = Vec::new();
        let bytes = self.bytes.min(READ_BYTES);
        let came = (&*self.file).take(bytes).read_to_end(&mut read);
        let unreadable = |err| self.root.unreadable(&self.location, "read", err);
        if came.map_err(unreadable)? == 0 {
            return Err(unreadable(io::ErrorKind::UnexpectedEof.into()));
        }
        into.append(&read)?;
        Ok(read.len() as u64)
    }
}
