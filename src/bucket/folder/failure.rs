//! What can go wrong with a folder, told so that the cause can be found again by walking `source()`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use object_store::path::Path as Location;

const STORE: &str = "folder";

/// The folder that stands for the bucket is not there, or is something else than a folder.
///
/// Found as the source of an [`object_store::Error::Generic`].
#[derive(Debug)]
pub(in crate::bucket) struct RootMissing {
    directory: PathBuf,
    source: io::Error,
}

impl RootMissing {
    /// The error for the root `directory`, which could not be entered because of `source`.
    pub(super) fn error(directory: &Path, source: io::Error) -> object_store::Error {
        generic(Self {
            directory: directory.to_owned(),
            source,
        })
    }
}

impl fmt::Display for RootMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no folder {}", self.directory.display())
    }
}

impl std::error::Error for RootMissing {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// What was being attempted with which file; the system's own error is its source.
#[derive(Debug)]
struct Failed {
    attempt: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.attempt, self.path.display())
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Turns the system's error over `path` into one that says what was being attempted.
pub(super) fn failed(
    attempt: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> object_store::Error {
    let path = path.to_owned();
    move |source| {
        let refused = source.kind() == io::ErrorKind::PermissionDenied;
        let failed = Failed {
            attempt,
            path,
            source,
        };
        if refused {
            object_store::Error::PermissionDenied {
                path: failed.path.display().to_string(),
                source: Box::new(failed),
            }
        } else {
            generic(failed)
        }
    }
}

/// The object at `location` is not there.
pub(super) fn not_found(location: &Location) -> object_store::Error {
    object_store::Error::NotFound {
        path: location.to_string(),
        source: io::Error::from(io::ErrorKind::NotFound).into(),
    }
}

/// `path` is, or lies behind, a symbolic link.
pub(super) fn link(path: &Path) -> object_store::Error {
    unsupported(format!(
        "{} is a symbolic link, which is never followed below the bucket's own folder",
        path.display()
    ))
}

/// This bucket does not do that, whatever the state of the disk.
pub(super) fn unsupported(text: String) -> object_store::Error {
    object_store::Error::NotSupported {
        source: text.into(),
    }
}

/// An error without a variant of its own.
pub(super) fn generic(
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> object_store::Error {
    object_store::Error::Generic {
        store: STORE,
        source: source.into(),
    }
}
