//! What a policy may stand in.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// Errors: what lies there is no file, and a second look would wait for somebody who writes it. What is absent is told by whoever reads it.
pub(super) fn may_be_read_again(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(about) if !about.is_file() => Err(Error::usage(format!(
            "{:?}: expected a file, which can be read again, and this is something else",
            path.to_string_lossy()
        ))),
        _ => Ok(()),
    }
}
