//! A file that is written from its beginning to its end: its hash is known when it ends, and it is on the disk then.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::bytes::size;
use super::super::crc::Crc;
use super::super::disk::failed;
use crate::error::Result;
use crate::hexadecimal::hexadecimal;

const BUFFER_BYTES: usize = 256 << 10;

/// A file of the block that has been written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Below the block's folder, such as `chunks/000001`.
    pub path: String,
    /// How long it is.
    pub size_bytes: u64,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
}

/// A file that is being written.
pub(super) struct Output {
    path: PathBuf,
    file: File,
    /// What is not yet in the file.
    held: Vec<u8>,
    hash: Sha256,
    position: u64,
}

impl Output {
    /// Begins a file that is not there yet.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let opened = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = opened.map_err(|err| failed("create", &path, err))?;
        Ok(Self {
            path,
            file,
            held: Vec::with_capacity(BUFFER_BYTES),
            hash: Sha256::new(),
            position: 0,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes have been written.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if self.held.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        self.held.extend_from_slice(bytes);
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Writes bytes that a checksum is of.
    pub(super) fn put_summed(&mut self, bytes: &[u8], crc: &mut Crc) -> Result<()> {
        crc.update(bytes);
        self.put(bytes)
    }

    /// Writes zeros up to a multiple of so many bytes, of which there are 16 at most.
    pub(super) fn align(&mut self, bytes: u64) -> Result<()> {
        let missing = self.position.next_multiple_of(bytes) - self.position;
        let zeros = [0; 16];
        let zeros = zeros.get(..size(missing)).unwrap_or_default();
        self.put(zeros)
    }

    /// Lets readers see what was written.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.hash.update(&self.held);
        let written = self.file.write_all(&self.held);
        self.held.clear();
        written.map_err(|err| failed("write", &self.path, err))
    }

    /// Ends the file, and waits until it is on the disk.
    pub(super) fn end(mut self, path: String) -> Result<WrittenFile> {
        self.flush()?;
        let synced = self.file.sync_all();
        synced.map_err(|err| failed("write", &self.path, err))?;
        let sha256 = hexadecimal(&self.hash.finalize());
        Ok(WrittenFile {
            path,
            size_bytes: self.position,
            sha256,
        })
    }
}

/// Waits until a folder's entries are on the disk.
pub(super) fn sync(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|err| failed("write", folder, err))
}
