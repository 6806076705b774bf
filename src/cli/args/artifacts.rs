//! The folder in which a run leaves its report.

use std::path::PathBuf;

use clap::Args;

use super::folder::may_be_folder;
use crate::cli::flags::Origins;
use crate::error::Result;

#[derive(Args)]
#[command(next_help_heading = "Output and logs")]
pub(in crate::cli) struct Artifacts {
    /// Write report.json and report.md into this folder, which is made if missing.
    ///
    /// What an earlier run left there under these names is replaced.
    #[arg(long = "artifact-dir", value_name = "DIR")]
    artifact_dir: Option<PathBuf>,
}

impl Artifacts {
    /// Where it lies.
    ///
    /// Errors: something else than a folder lies there.
    pub(in crate::cli) fn folder(self, origins: &Origins<'_>) -> Result<Option<PathBuf>> {
        if let Some(path) = &self.artifact_dir {
            may_be_folder("artifact-dir", path, origins)?;
        }
        Ok(self.artifact_dir)
    }
}
