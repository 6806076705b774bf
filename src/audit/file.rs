//! The file that a trail is written to: what may be one, and how a line gets into it whole.
//!
//! Every line is appended by one write at the end of the file, wherever that is by then (`O_APPEND`), so that several runs of one machine may share a
//! file, and a file that is moved away or cut by who rotates logs goes on being whole. A write is with the kernel at once, and a killed process loses
//! none; what a loss of power may take is bounded by [`Sink::sync`].

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::trail::Sink;
use crate::error::{Error, Kind, Result};

/// What every line begins with.
const FIRST_BYTES: &[u8] = b"{\"v\":";

/// A file that lines are appended to.
#[derive(Debug)]
pub struct Appended(File);

impl Appended {
    /// Opens the file, which is made where there is none.
    ///
    /// Errors: what may be no trail, of kind [`Kind::Usage`]: a path in no folder, anything but a file, a file that holds something else, and the
    /// one that standard output or standard error goes to. Or what keeps it from being opened.
    pub fn open(path: &Path) -> Result<Self> {
        let opened = open(path).and_then(|file| {
            let why = refusal(&file)?;
            Ok((file, why))
        });
        match opened {
            Ok((file, None)) => Ok(Self(file)),
            Ok((_, Some(why))) => Err(Error::usage(format!("{}: {why}", quoted(path)))),
            Err(err) => Err(cannot_be_opened(path, &err)),
        }
    }
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

fn cannot_be_opened(path: &Path, err: &io::Error) -> Error {
    match err.kind() {
        ErrorKind::IsADirectory => Error::usage(format!(
            "{}: expected a file, and this is a folder",
            quoted(path)
        )),
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::PermissionDenied
        | ErrorKind::InvalidInput => {
            Error::usage(format!("{}: cannot be written: {err}", quoted(path)))
        }
        _ => Error::new(
            Kind::Other,
            format!("open the report file {}", quoted(path)),
        )
        .because(err.to_string()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    // A pipe that nobody reads would hold the run up before it is refused.
    let flags = OFlags::RDWR
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o666); // less what the process's mask takes
    let file = File::from(rustix::fs::open(path, flags, mode)?);
    // The name of a new file outlasts a loss of power too. Not every folder can be opened or synced, and the file is there all the same.
    let _ = File::open(above(path)).and_then(|folder| folder.sync_all());
    Ok(file)
}

fn above(path: &Path) -> PathBuf {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Why it may be no trail.
fn refusal(file: &File) -> io::Result<Option<&'static str>> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(Some("expected a file, and this is something else"));
    }
    let is_it = |other: rustix::io::Result<rustix::fs::Stat>| {
        other.is_ok_and(|other| (other.st_dev, other.st_ino) == (about.dev(), about.ino()))
    };
    if is_it(rustix::fs::fstat(io::stdout())) || is_it(rustix::fs::fstat(io::stderr())) {
        return Ok(Some(
            "expected a file of its own, and stdout or stderr goes to this one",
        ));
    }
    let mut first = [0; FIRST_BYTES.len()];
    let read = file.read_at(&mut first, 0)?;
    let is_one = first
        .iter()
        .zip(FIRST_BYTES)
        .take(read)
        .all(|(one, other)| one == other);
    Ok((!is_one)
        .then_some("it holds something else: expected a report file, or a path where nothing lies"))
}

impl Sink for Appended {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let about = self.0.metadata()?;
        if about.nlink() == 0 {
            return Err(io::Error::other("it was deleted meanwhile"));
        }
        // What a full disk or a loss of power has torn is not made longer by a whole line.
        if ends_torn(&self.0)? {
            let mut whole = Vec::with_capacity(line.len() + 1);
            whole.push(b'\n');
            whole.extend_from_slice(line);
            return self.0.write_all(&whole);
        }
        self.0.write_all(line)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// So often is it looked at the end of a file before it is believed to be torn: another run may be in the middle of its write.
const LOOKS: usize = 10;

/// Whether the file ends in the middle of a line. What cannot be read any more, because somebody cut the file meanwhile, is no line.
fn ends_torn(file: &File) -> io::Result<bool> {
    for _ in 0..LOOKS {
        let Some(last) = file.metadata()?.len().checked_sub(1) else {
            return Ok(false);
        };
        let mut byte = [b'\n'];
        file.read_at(&mut byte, last)?;
        if byte == *b"\n" {
            return Ok(false);
        }
        std::thread::yield_now();
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::fs;

    use super::*;

    const LINE: &[u8] = b"{\"v\":1}\n";

    /// S-20.3
    #[test]
    fn a_file_that_is_moved_away_goes_on_and_one_that_is_deleted_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("a"), folder.path().join("b"));
        let mut file = Appended::open(&path).unwrap();
        file.append(LINE).unwrap();
        fs::rename(&path, &moved).unwrap();
        file.append(LINE).unwrap();
        assert_eq!(fs::read(&moved).unwrap(), LINE.repeat(2));
        // As who rotates logs by copying them does.
        fs::File::options()
            .write(true)
            .open(&moved)
            .unwrap()
            .set_len(0)
            .unwrap();
        file.append(LINE).unwrap();
        assert_eq!(fs::read(&moved).unwrap(), LINE);
        file.sync().unwrap();
        fs::remove_file(&moved).unwrap();
        let err = file.append(LINE).unwrap_err();
        assert_eq!(err.to_string(), "it was deleted meanwhile");
    }

    /// S-20.3: also where it was torn by somebody else after this one was opened.
    #[test]
    fn a_line_never_begins_within_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let [mut one, mut other] = [(); 2].map(|()| Appended::open(&path).unwrap());
        one.append(b"{\"v\":1,\"torn").unwrap();
        other.append(LINE).unwrap();
        one.append(LINE).unwrap();
        let expected = [b"{\"v\":1,\"torn\n", LINE, LINE].concat();
        assert_eq!(fs::read(&path).unwrap(), expected);
    }
}
