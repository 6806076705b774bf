//! What can go wrong with a folder, told so that the cause can be found again by walking `source()`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use object_store::path::Path as Location;
use rustix::io::Errno;

use crate::bucket::classify::Meaning;
use crate::error::Kind;

const STORE: &str = "folder";

/// The folder that stands for the bucket is not there, is something else than a folder, or is another one than before.
///
/// Found as the source of an [`object_store::Error::Generic`].
#[derive(Debug)]
pub(super) struct RootMissing {
    path: PathBuf,
    since: Since,
    source: Option<io::Error>,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    Always,
    MidRun,
}

impl RootMissing {
    /// The folder `path` could not be entered to begin with.
    pub(super) fn error(path: &Path, source: io::Error) -> object_store::Error {
        generic(Self {
            path: path.to_owned(),
            since: Since::Always,
            source: Some(source),
        })
    }

    /// The folder of the bucket at `path` was replaced by another one, or is gone because of `source`.
    pub(super) fn gone(path: &Path, source: Option<io::Error>) -> object_store::Error {
        generic(Self {
            path: path.to_owned(),
            since: Since::MidRun,
            source,
        })
    }
}

impl fmt::Display for RootMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.since {
            Since::Always => write!(f, "there is no folder {path}"),
            Since::MidRun if self.source.as_ref().is_some_and(is_dead) => {
                write!(
                    f,
                    "the bucket is gone: what {path} lies on does not answer any more"
                )
            }
            Since::MidRun => write!(
                f,
                "the bucket is gone: {path} is not the folder any more that it was when the run began; was a disk unmounted, or a folder \
                 renamed?"
            ),
        }
    }
}

impl std::error::Error for RootMissing {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|err| err as _)
    }
}

/// What was being attempted with which file; the system's own error is its source.
#[derive(Debug)]
pub(super) struct Failed {
    attempt: Attempt,
    path: PathBuf,
    source: io::Error,
}

/// What was being attempted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attempt {
    /// Something that changes nothing.
    Read(&'static str),
    /// Something that changes the folder.
    Write(&'static str),
}

impl Failed {
    /// The kind of the error, where the system's error alone does not tell it.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.attempt {
            _ if self.source.kind() == io::ErrorKind::PermissionDenied => Some(Kind::Refused),
            // A disk that no longer takes this write will not take another object's either.
            Attempt::Write(_) if is_dead(&self.source) && !is_stale(&self.source) => {
                Some(Kind::ReadOnly)
            }
            _ => None,
        }
    }
}

/// What a cause means that is one of these.
pub(super) fn meaning(cause: &(dyn std::error::Error + 'static)) -> Option<Meaning> {
    if cause.is::<RootMissing>() {
        return Some(Kind::BucketGone.into());
    }
    cause.downcast_ref().and_then(Failed::kind).map(Into::into)
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Attempt::Read(attempt) | Attempt::Write(attempt)) = self.attempt;
        write!(f, "{attempt} {}", self.path.display())
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Turns the system's error over `path` into one that says what was being attempted.
pub(super) fn failed(
    attempt: Attempt,
    path: &Path,
) -> impl FnOnce(io::Error) -> object_store::Error {
    let path = path.to_owned();
    move |source| {
        generic(Failed {
            attempt,
            path,
            source,
        })
    }
}

/// Whether the error says that what the file system lies on does not answer: a disk that was pulled out, a server or a process that serves
/// the file system and is gone.
pub(super) fn is_dead(err: &io::Error) -> bool {
    Errno::from_io_error(err).is_some_and(|errno| {
        [
            Errno::IO,
            Errno::STALE,
            Errno::NOTCONN,
            Errno::NODEV,
            Errno::NXIO,
            Errno::SHUTDOWN,
            Errno::HOSTDOWN,
            Errno::REMOTEIO,
        ]
        .contains(&errno)
    })
}

/// Whether the error says that what was reached has vanished from its server meanwhile, or the whole file system has.
pub(super) fn is_stale(err: &io::Error) -> bool {
    Errno::from_io_error(err) == Some(Errno::STALE)
}

/// Whether the error concerns the one entry that was looked at, and lasts: others of the same folder may be fine.
pub(super) fn is_of_one_entry(err: &io::Error) -> bool {
    Errno::from_io_error(err).is_some_and(|errno| {
        [
            Errno::ACCESS,
            Errno::PERM,
            Errno::IO,
            Errno::UCLEAN,
            Errno::BADMSG,
            Errno::OVERFLOW,
            Errno::NAMETOOLONG,
            Errno::LOOP,
            Errno::OPNOTSUPP,
            Errno::NOKEY,
        ]
        .contains(&errno)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// S-6.3
    #[test]
    fn a_disk_that_takes_no_write_takes_none_of_another_object() {
        let kind = |attempt, errno: Errno| {
            let failed = Failed {
                attempt,
                path: PathBuf::from("a"),
                source: errno.into(),
            };
            failed.kind()
        };
        for (errno, read, write) in [
            (Errno::IO, None, Some(Kind::ReadOnly)),
            (Errno::NOTCONN, None, Some(Kind::ReadOnly)),
            (Errno::STALE, None, None),
            (Errno::ACCESS, Some(Kind::Refused), Some(Kind::Refused)),
            (Errno::PERM, Some(Kind::Refused), Some(Kind::Refused)),
            (Errno::MFILE, None, None),
        ] {
            assert_eq!(kind(Attempt::Read("read"), errno), read, "{errno}");
            assert_eq!(kind(Attempt::Write("write"), errno), write, "{errno}");
        }
    }
}
