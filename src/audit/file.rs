//! The file that a trail is written to: what may be one, and how a line gets into it whole.
//!
//! Every line is appended by one write at the end of the file, wherever that is by then (`O_APPEND`), so that several runs of one machine may share a
//! file, and a file that is moved away or cut by who rotates logs goes on being whole. A write is with the kernel at once, and a killed process loses
//! none; what a loss of power may take is bounded by [`Sink::sync`].

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::sink::Sink;
use crate::error::{Error, Kind, Result};

/// What every line begins with.
const FIRST_BYTES: &[u8] = b"{\"v\":";

/// And each that follows on another, as long as this version writes it.
const LINE: &[u8] = b"{\"v\":1,\"at\":\"";

/// How much of a file is looked at to see whether it is one: a line is shorter by far.
const LOOKED_AT: usize = 64 << 10;

/// A file that lines are appended to.
#[derive(Debug)]
pub struct Appended {
    file: File,
    path: PathBuf,
    /// Where in the file the lines of this run begin, among those of others.
    from: u64,
}

impl Appended {
    /// Opens the file, which is made where there is none.
    ///
    /// Errors: what may be no trail, of kind [`Kind::Usage`]: a path in no folder, anything but a file, a file that holds something else, and the
    /// one that standard output or standard error goes to. Or what keeps it from being opened.
    pub fn open(path: &Path) -> Result<Self> {
        let opened = open(path).and_then(|file| {
            let why = refusal(&file)?;
            let opened = Self {
                from: file.metadata()?.len(),
                file,
                path: path.to_owned(),
            };
            Ok((opened, why))
        });
        match opened {
            Ok((opened, None)) => Ok(opened),
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
    Ok((!holds_lines(file)?)
        .then_some("it holds something else: expected a report file, or a path where nothing lies"))
}

/// Whether it begins as a report file does, or has a line of one at least: the first may be torn, by a loss of power or by who cut the file.
fn holds_lines(file: &File) -> io::Result<bool> {
    let mut bytes = vec![0; LOOKED_AT];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    // Blocks of a file that a loss of power took are zeros.
    let is_nothing = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let first = bytes.iter().position(|byte| !is_nothing(byte));
    let begun = bytes.split_off(first.unwrap_or(read));
    let begins = begun.starts_with(FIRST_BYTES) || FIRST_BYTES.starts_with(&begun);
    let mut lines = begun.split(|byte| *byte == b'\n').skip(1);
    Ok(begins || lines.any(|line| line.starts_with(LINE)))
}

impl Appended {
    /// What was deleted by who rotates logs is made anew, with all lines of this run that the deleted file had; others may come along.
    fn begin_again(&mut self) -> io::Result<()> {
        let deleted = |why: &str| io::Error::other(format!("it was deleted meanwhile, and {why}"));
        let file = open(&self.path).map_err(|err| deleted(&err.to_string()))?;
        if let Some(why) = refusal(&file)? {
            return Err(deleted(why));
        }
        let mut next = Self {
            from: file.metadata()?.len(),
            file,
            path: self.path.clone(),
        };
        let mut lines = BufReader::new(&self.file);
        // Where somebody cut the file meanwhile, what is left of it begins earlier.
        let from = self.from.min(self.file.metadata()?.len());
        lines.seek(SeekFrom::Start(from))?;
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            next.put(&line)?;
            line.clear();
        }
        *self = next;
        Ok(())
    }

    /// One write at the end.
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        // What a full disk or a loss of power has torn is not made longer by a whole line.
        if ends_torn(&self.file)? {
            let mut whole = Vec::with_capacity(line.len() + 1);
            whole.push(b'\n');
            whole.extend_from_slice(line);
            return self.file.write_all(&whole);
        }
        self.file.write_all(line)
    }
}

impl Sink for Appended {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.nlink() == 0 {
            self.begin_again()?;
        }
        self.put(line)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
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
    fn a_file_that_is_moved_away_or_cut_goes_on_and_one_that_is_deleted_is_made_anew() {
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
        // As who compresses them at once does: the lines of this run are written again, and those of others need not be.
        fs::remove_file(&moved).unwrap();
        file.append(LINE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), LINE.repeat(2));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "type: S3\n").unwrap();
        let err = file.append(LINE).unwrap_err().to_string();
        assert!(
            err.starts_with("it was deleted meanwhile, and it holds something else"),
            "{err}"
        );
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        file.append(LINE).unwrap_err();
        fs::remove_dir(&path).unwrap();
        fs::write(&path, b"{\"v\":1,\"of\":\"others\"}\n").unwrap();
        file.append(b"{\"v\":1,\"last\":1}\n").unwrap();
        let expected = [
            b"{\"v\":1,\"of\":\"others\"}\n",
            LINE,
            LINE,
            b"{\"v\":1,\"last\":1}\n",
        ]
        .concat();
        assert_eq!(fs::read(&path).unwrap(), expected);
    }

    /// S-20.3: a file is one although its first line is torn, cut away or taken by a loss of power.
    #[test]
    fn a_file_whose_first_line_is_torn_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let line = b"{\"v\":1,\"at\":\"2025-01-01T00:00:00.000Z\"}\n";
        for (before, is_one) in [
            (b"" as &[u8], true),
            (b"{", true),
            (b"\n", true),
            (b"\r\n\r\n", true),
            (&[0; 5000], true),
            (&[&[0; 5000], line as &[u8]].concat(), true),
            (
                &[b"00:00.000Z\",\"run\":\"01\"}\n", line as &[u8]].concat(),
                true,
            ),
            (&[b"\n", line as &[u8]].concat(), true),
            (b"00:00.000Z\",\"run\":\"01\"}\n", false),
            (b"type: S3\nconfig: {\"v\":1}\n", false),
            (b"[{\"v\":1}]\n", false),
        ] {
            fs::write(&path, before).unwrap();
            let opened = Appended::open(&path);
            let shown = String::from_utf8_lossy(before);
            assert_eq!(opened.is_ok(), is_one, "{shown}");
            let Ok(mut opened) = opened else { continue };
            opened.append(line).unwrap();
            let after = fs::read(&path).unwrap();
            assert!(
                after.starts_with(before) && after.ends_with(line),
                "{shown}"
            );
        }
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
