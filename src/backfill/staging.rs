//! Where blocks lie until they are published: a folder of the run's own, which is gone once it has ended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use crate::block::{BlockId, RunId};
use crate::bucket::{Access, BucketConfig, BucketReader, Environment, MissingRoot};
use crate::error::{Error, Kind, Result};
use crate::retry::Policy;
use crate::run_folder::RunFolder;

/// The folder of a run. It is removed when the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Staging(Arc<RunFolder>);

/// The folder of a block that is being made: it is removed when it is dropped, unless it has become one.
#[derive(Debug)]
pub(super) struct Draft(PathBuf);

impl Draft {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(err) = remove_all(&self.0) {
            warn!(draft = %self.0.display(), err = %err, "the draft of a block is left behind until the run ends");
        }
    }
}

const KIND: &str = "thanos-bucket-backfill-";

impl Staging {
    /// Makes a folder in `within`, and removes those of runs that were killed.
    pub(super) fn create(within: &Path, run: &RunId) -> Result<Self> {
        let this = Self(Arc::new(RunFolder::create(within, KIND, run)?));
        let blocks = this.blocks();
        fs::create_dir(&blocks).map_err(|err| {
            let attempt = format!("make {:?}", blocks.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })?;
        Ok(this)
    }

    /// Where spools keep what memory has no room for.
    pub(super) fn spools(&self) -> &Path {
        self.0.path()
    }

    /// The folder of a block that is to be made, of which nothing is left of earlier tries.
    pub(super) fn clean_draft(&self, number: usize) -> Result<Draft> {
        let draft = Draft(self.0.path().join(format!("draft-{number}")));
        match remove_all(draft.path()) {
            Ok(()) => Ok(draft),
            Err(err) => {
                let attempt = format!("remove {:?}", draft.path().to_string_lossy());
                Err(Error::new(Kind::Other, attempt).because(err))
            }
        }
    }

    /// Puts the draft among the whole blocks.
    pub(super) fn becomes_block(&self, draft: &Draft, id: BlockId) -> Result<()> {
        let (draft, place) = (draft.path(), self.block(id));
        let moved = remove_all(&place).and_then(|()| fs::rename(draft, &place));
        moved.map_err(|err| {
            let attempt = format!("move {:?} to its place", draft.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })
    }

    /// Removes what is not needed any more.
    pub(super) fn remove_block(&self, id: BlockId) {
        if let Err(err) = remove_all(&self.block(id)) {
            warn!(block = %id, err = %err, "the staged block is left behind until the run ends");
        }
    }

    fn block(&self, id: BlockId) -> PathBuf {
        self.blocks().join(id.to_string())
    }

    fn blocks(&self) -> PathBuf {
        self.0.path().join("blocks")
    }

    /// The whole blocks as a bucket.
    pub(super) async fn bucket(&self, retry: &Policy) -> Result<BucketReader> {
        let folder = self.blocks();
        // A JSON string is one of YAML.
        let quoted = serde_json::Value::from(folder.to_string_lossy());
        let config = format!("type: FILESYSTEM\nconfig: {{directory: {quoted}}}");
        let config = BucketConfig::parse(&config, &Environment::default())?;
        let backend = config.open(Access::Read, MissingRoot::Error).await?;
        Ok(BucketReader::new(backend, retry.clone()))
    }
}

fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
