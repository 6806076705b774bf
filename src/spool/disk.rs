//! A file for the time being, which nobody else sees: what is written to it is read back as it was, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::block::RunId;
use crate::error::{Error, Kind, Result};
use crate::tsdb::crc::Crc;

/// Length and checksum of what follows.
const HEADER_BYTES: usize = 8;

/// A file without a name, so that it is gone when the process is, however that ends.
#[derive(Debug)]
pub(super) struct Disk {
    file: File,
    folder: PathBuf,
    length: u64,
    /// The longest frame.
    longest: usize,
}

/// Frames that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Disk {
    /// A file in a folder, which must be there.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        match nameless(folder) {
            Ok(file) => Ok(Self::new(file, folder)),
            Err(err) => Err(error(Doing::Creating, folder, err)),
        }
    }

    fn new(file: File, folder: &Path) -> Self {
        Self {
            file,
            folder: folder.to_owned(),
            length: 0,
            longest: 0,
        }
    }

    /// How much was written.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What was written from there on counts for nothing, and is written over.
    pub(super) fn forget_from(&mut self, length: u64) {
        self.length = self.length.min(length);
    }

    /// Writes a frame behind all others. Its first bytes, [`header`] many, are to be left free for what is found out here.
    pub(super) fn append(&mut self, frame: &mut [u8]) -> Result<()> {
        let header = Self::header_of(self.length, frame)
            .ok_or_else(|| self.wrong(Doing::Writing, Kind::Other, "too much in one piece"))?;
        if let Some(free) = frame.first_chunk_mut() {
            *free = header;
        }
        let written = self.file.write_all_at(frame, self.length);
        written.map_err(|err| error(Doing::Writing, &self.folder, err))?;
        self.length += frame.len() as u64;
        self.longest = self.longest.max(frame.len());
        Ok(())
    }

    /// Reads the frame at a place into `frame`, without its header, and returns where the next one is.
    pub(super) fn read(&self, place: u64, frame: &mut Vec<u8>) -> Result<u64> {
        frame.resize(HEADER_BYTES, 0);
        self.exactly(place, frame)?;
        let length = frame
            .first_chunk()
            .map(|length| u32::from_be_bytes(*length));
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.unwrap_or_default();
        let end = place.checked_add(length as u64);
        // A length that cannot be is not believed, whatever memory it asks for.
        let can_be = (HEADER_BYTES..=self.longest).contains(&length);
        let Some(end) = end.filter(|end| *end <= self.length && can_be) else {
            return Err(self.damaged());
        };
        let mut told = [0; HEADER_BYTES];
        told.copy_from_slice(frame);
        frame.resize(length, 0);
        self.exactly(place, frame)?;
        if Self::header_of(place, frame) != Some(told) {
            return Err(self.damaged());
        }
        Ok(end)
    }

    /// What is to stand in front of a frame: its length, and a checksum over its place and what it holds.
    fn header_of(place: u64, frame: &[u8]) -> Option<[u8; HEADER_BYTES]> {
        let length = u32::try_from(frame.len()).ok()?.to_be_bytes();
        let mut crc = Crc::new();
        // What is right and lies elsewhere is wrong.
        crc.update(&place.to_be_bytes());
        crc.update(frame.get(HEADER_BYTES..)?);
        let mut header = [0; HEADER_BYTES];
        let (front, back) = header.split_at_mut(4);
        front.copy_from_slice(&length);
        back.copy_from_slice(&crc.value().to_be_bytes());
        Some(header)
    }

    fn exactly(&self, place: u64, bytes: &mut [u8]) -> Result<()> {
        match self.file.read_exact_at(bytes, place) {
            Ok(()) => Ok(()),
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => Err(self.wrong(
                Doing::Reading,
                Kind::Corrupt,
                "it is shorter than what was written to it",
            )),
            Err(err) => Err(error(Doing::Reading, &self.folder, err)),
        }
    }

    /// The error where what is read is not what was written.
    pub(super) fn damaged(&self) -> Error {
        self.wrong(
            Doing::Reading,
            Kind::Corrupt,
            "its bytes are not those that were written to it",
        )
    }

    fn wrong(&self, doing: Doing, kind: Kind, why: &'static str) -> Error {
        Error::new(kind, doing.attempt(&self.folder)).because(why)
    }
}

#[derive(Clone, Copy)]
enum Doing {
    Creating,
    Writing,
    Reading,
}

impl Doing {
    fn attempt(self, folder: &Path) -> String {
        let what = match self {
            Self::Creating => "create a temporary file",
            Self::Writing => "write samples to a temporary file",
            Self::Reading => "read samples from a temporary file",
        };
        format!("{what} in {:?}", folder.to_string_lossy())
    }
}

/// A file that never has a name; where a file system knows none, one that has it for a moment.
fn nameless(folder: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR) {
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => named_for_a_moment(folder),
        opened => Ok(opened?.into()),
    }
}

fn named_for_a_moment(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!(".{}.spool", RunId::generate()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

/// Where the content of a frame begins.
pub(super) const fn header() -> usize {
    HEADER_BYTES
}

fn error(doing: Doing, folder: &Path, err: io::Error) -> Error {
    let kind = match err.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Kind::ReadOnly,
        io::ErrorKind::NotFound => Kind::NotFound,
        _ => Kind::Other,
    };
    Error::new(kind, doing.attempt(folder)).because(err)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn frame(content: &[u8]) -> Vec<u8> {
        [&[0; HEADER_BYTES], content].concat()
    }

    fn two_frames(folder: &Path) -> (Disk, u64) {
        let mut disk = Disk::create(folder).unwrap();
        disk.append(&mut frame(b"first")).unwrap();
        let second = disk.length();
        disk.append(&mut frame(b"later")).unwrap();
        (disk, second)
    }

    /// S-24.52
    #[test]
    fn frames_are_read_as_they_were_written_and_no_name_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, second) = two_frames(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut read = Vec::new();
        assert_eq!(disk.read(0, &mut read).unwrap(), second);
        assert_eq!(read.get(header()..), Some(&b"first"[..]));
        assert_eq!(disk.read(second, &mut read).unwrap(), disk.length());
        assert_eq!(read.get(header()..), Some(&b"later"[..]));
        named_for_a_moment(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// S-24.52
    #[test]
    fn no_bit_that_a_disk_has_changed_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, second) = two_frames(folder.path());
        let mut read = Vec::new();
        let said = |err: &Error| format!("{err:#}");
        for place in 0..second {
            for bit in 0..8 {
                let mut byte = [0];
                disk.file.read_exact_at(&mut byte, place).unwrap();
                disk.file
                    .write_all_at(&[byte[0] ^ (1 << bit)], place)
                    .unwrap();
                let err = disk.read(0, &mut read).unwrap_err();
                let expected = format!(
                    "read samples from a temporary file in {:?}: its bytes are not those that were written to it",
                    folder.path()
                );
                assert_eq!((said(&err), err.kind()), (expected, Kind::Corrupt));
                disk.file.write_all_at(&byte, place).unwrap();
            }
        }
        // A frame that is whole, in the place of another one.
        let mut other = vec![0; usize::try_from(second).unwrap()];
        disk.file.read_exact_at(&mut other, second).unwrap();
        disk.file.write_all_at(&other, 0).unwrap();
        assert_eq!(disk.read(0, &mut read).unwrap_err().kind(), Kind::Corrupt);
        disk.file.set_len(second + 3).unwrap();
        let err = disk.read(second, &mut read).unwrap_err();
        assert!(said(&err).ends_with("\": it is shorter than what was written to it"));
    }

    /// S-24.52
    #[test]
    fn what_the_system_refuses_is_told_with_the_name_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let err = Disk::create(&gone).unwrap_err();
        assert_eq!(err.kind(), Kind::NotFound);
        let said = format!("{err:#}");
        assert!(
            said.starts_with(&format!("create a temporary file in {gone:?}: ")),
            "{said}"
        );
        assert!(said.contains("No such file"), "{said}");
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut disk = Disk::new(full, Path::new("/staging"));
        let err = disk.append(&mut frame(b"much")).unwrap_err();
        assert_eq!(err.kind(), Kind::NoSpace);
        let said = format!("{err:#}");
        assert!(
            said.starts_with("write samples to a temporary file in \"/staging\": No space left"),
            "{said}"
        );
    }
}
