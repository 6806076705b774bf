//! The files of a block that lies in a folder.

use std::fs::{self, File as Opened};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::source::{Block, BlockFiles, File, Segment};
use crate::error::{Error, Kind, Result};

/// A block's folder, whose files are open.
#[derive(Debug)]
pub(crate) struct Folder {
    index: (PathBuf, Opened),
    segments: Vec<(PathBuf, Opened)>,
}

/// Says which file is in the way.
pub(crate) fn failed(attempt: &str, path: &Path, err: io::Error) -> Error {
    let kind = match err.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::NoSpace,
        io::ErrorKind::AlreadyExists => Kind::AlreadyExists,
        io::ErrorKind::NotFound => Kind::NotFound,
        _ => Kind::Other,
    };
    Error::new(kind, format!("{attempt} {}", path.display())).because(err)
}

impl Folder {
    /// Opens all of them.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Block)> {
        let (index, index_size) = open(folder.join("index"))?;
        let chunks = folder.join("chunks");
        let unread = |err| failed("read", &chunks, err);
        let mut names = Vec::new();
        for entry in fs::read_dir(&chunks).map_err(unread)? {
            names.push(entry.map_err(unread)?.file_name());
        }
        names.sort_unstable();
        let mut segments = Vec::new();
        let mut described = Vec::new();
        for name in names {
            let (segment, size) = open(chunks.join(&name))?;
            segments.push(segment);
            described.push(Segment {
                name: name.to_string_lossy().into_owned(),
                size,
            });
        }
        let block = Block {
            index_size,
            segments: described,
            ..Block::default()
        };
        Ok((Self { index, segments }, block))
    }

    /// Opens an index alone.
    pub(crate) fn of_index(path: &Path) -> Result<Self> {
        let (index, _) = open(path.to_owned())?;
        Ok(Self {
            index,
            segments: Vec::new(),
        })
    }
}

fn open(path: PathBuf) -> Result<((PathBuf, Opened), u64)> {
    let opened = Opened::open(&path).and_then(|file| {
        let size = file.metadata()?.len();
        Ok((file, size))
    });
    match opened {
        Ok((file, size)) => Ok(((path, file), size)),
        Err(err) => Err(failed("read", &path, err)),
    }
}

impl BlockFiles for Folder {
    type Error = Error;

    fn read(&self, file: File, offset: u64, into: &mut [u8]) -> Result<()> {
        let found = match file {
            File::Index => Some(&self.index),
            File::Segment(number) => self.segments.get(number),
            File::Tombstones => None,
        };
        // Nothing else is asked for: tombstones are not read, and segments are those that were told.
        let Some((path, file)) = found else {
            return Err(Error::new(
                Kind::NotFound,
                format!("read {file:?} of a block"),
            ));
        };
        let read = file.read_exact_at(into, offset);
        read.map_err(|err| failed("read", path, err))
    }
}
