//! Folders that a run writes into, which are made where they are missing.

use std::path::{Path, PathBuf};

use crate::cli::flags::Origins;
use crate::error::{Error, Result};

/// Refuses a path at which no folder is, or can be made; `flag` gave it.
pub(super) fn may_be_folder(flag: &str, path: &Path, origins: &Origins<'_>) -> Result<()> {
    let there = path.ancestors().find(|above| above.exists());
    match there {
        Some(there) if !there.is_dir() => Err(Error::usage(format!(
            "{} {:?}: {:?} is no folder: expected a folder, or a path where nothing lies",
            origins.name(flag),
            path.to_string_lossy(),
            there.to_string_lossy()
        ))),
        _ => Ok(()),
    }
}

/// The folder that `--staging-dir` names, or the system's for temporary files.
///
/// Errors: no folder is there, or can be made.
pub(in crate::cli) fn staging(given: Option<PathBuf>, origins: &Origins<'_>) -> Result<PathBuf> {
    let Some(path) = given else {
        return Ok(std::env::temp_dir());
    };
    may_be_folder("staging-dir", &path, origins)?;
    Ok(path)
}
