//! What is set aside on the disk until it has its turn: entries that are written one behind the other, and read once from the first.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, IntoInnerError, Read, Seek, Write};
use std::path::PathBuf;

use super::super::disk::failed;
use crate::error::Result;

const BUFFER_BYTES: usize = 256 << 10;

/// Entries that are being set aside.
pub(super) struct Scratch {
    path: PathBuf,
    file: BufWriter<File>,
    entries: u64,
}

impl Scratch {
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let opened = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path);
        let file = opened.map_err(|err| failed("create", &path, err))?;
        Ok(Self {
            path,
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            entries: 0,
        })
    }

    /// Sets an entry of less than 4 GiB aside.
    pub(super) fn put(&mut self, entry: &[u8]) -> Result<()> {
        let length = u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes();
        let file = &mut self.file;
        let written = file.write_all(&length).and_then(|()| file.write_all(entry));
        self.entries += 1;
        written.map_err(|err| failed("write", &self.path, err))
    }

    /// Hands all of them out, and removes the file.
    pub(super) fn each(self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Self {
            path,
            file,
            entries,
        } = self;
        let rewind = || {
            let mut file = file.into_inner().map_err(IntoInnerError::into_error)?;
            file.rewind()?;
            Ok(BufReader::with_capacity(BUFFER_BYTES, file))
        };
        let mut file = rewind().map_err(|err| failed("write", &path, err))?;
        let mut entry = Vec::new();
        for _ in 0..entries {
            let mut length = [0; 4];
            let mut read = || {
                file.read_exact(&mut length)?;
                entry.resize(u32::from_be_bytes(length) as usize, 0);
                file.read_exact(&mut entry)
            };
            read().map_err(|err| failed("read", &path, err))?;
            each(&entry)?;
        }
        fs::remove_file(&path).map_err(|err| failed("remove", &path, err))
    }
}
