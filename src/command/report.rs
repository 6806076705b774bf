//! `report`: reads report files, and writes a page for people. Nothing is contacted.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::bufread::MultiGzDecoder;
use tracing::{info, warn};

use crate::chronicle::{Chronicle, Form, write};
use crate::draft::Draft;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;

/// Everything that `report` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The report files; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// The pages, and where each is written; `None` is standard output.
    pub pages: Vec<(Form, Option<PathBuf>)>,
    /// Whether a page may take the place of what lies there.
    pub overwrite: bool,
    /// The time that the page bears.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` the pages are written, each whole or not at all.
///
/// Errors: a file cannot be read, or a page cannot be written.
pub fn run(request: &Request, stdout: &mut (dyn Write + Send)) -> Result<Exit> {
    let mut chronicle = Chronicle::default();
    let mut seen = HashSet::new();
    let mut all_whole = true;
    for path in &request.files {
        let name = path.display().to_string();
        let read = read(&mut chronicle, path, &mut seen).map_err(|err| {
            Error::new(Kind::Other, format!("read the report file {name}")).because(err)
        })?;
        all_whole &= read == Wholeness::Whole;
    }
    for (form, place) in &request.pages {
        match place {
            None => write(*form, &chronicle, request.now, stdout)
                .map_err(|err| Error::new(Kind::Other, "write to stdout").because(err))?,
            Some(path) => {
                put(*form, &chronicle, request, path).map_err(|err| {
                    let attempt = format!("write the page {}", path.display());
                    Error::new(Kind::Other, attempt).because(err)
                })?;
                info!(page = %path.display(), "page written");
            }
        }
    }
    let malformed = chronicle.malformed_lines();
    if malformed > 0 {
        warn!(
            lines = malformed,
            "lines are no lines of a report file: the page says which"
        );
        return Ok(Exit::Attention);
    }
    Ok(if all_whole {
        Exit::Done
    } else {
        Exit::Attention
    })
}

/// Reads a file once, however often it is named.
fn read(
    chronicle: &mut Chronicle,
    path: &Path,
    seen: &mut HashSet<(u64, u64)>,
) -> io::Result<Wholeness> {
    let name = path.display().to_string();
    if path.as_os_str() == "-" {
        return read_lines(chronicle, "-", io::stdin().lock());
    }
    let file = File::open(path)?;
    let about = file.metadata()?;
    if !seen.insert((about.dev(), about.ino())) {
        return Ok(Wholeness::Whole);
    }
    read_lines(chronicle, &name, BufReader::with_capacity(1 << 16, file))
}

/// What begins so is compressed: who rotates logs leaves it so.
const GZIP: [u8; 2] = [0x1f, 0x8b];

fn read_lines(
    chronicle: &mut Chronicle,
    name: &str,
    mut from: impl BufRead,
) -> io::Result<Wholeness> {
    let begin = from.fill_buf()?;
    if begin.starts_with(&GZIP) {
        let mut unpacked = Unpacked {
            from: MultiGzDecoder::new(from),
            fault: None,
        };
        chronicle.read(name, BufReader::new(&mut unpacked))?;
        let Some(fault) = unpacked.fault else {
            return Ok(Wholeness::Whole);
        };
        warn!(file = name, err = %fault, "what comes behind a fault in a compressed file is not read");
        return Ok(Wholeness::CutOff);
    }
    let packed = PACKED.iter().find(|(magic, _)| begin.starts_with(magic));
    if let Some((_, how)) = packed {
        let why = format!("it is compressed with {how}: unpack it first");
        return Err(io::Error::other(why));
    }
    chronicle.read(name, from)?;
    Ok(Wholeness::Whole)
}

/// What is packed otherwise, and by what.
const PACKED: [(&[u8], &str); 3] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"),
    (b"BZh", "bzip2"),
];

/// Whether a file was read to its end.
#[derive(PartialEq, Eq)]
enum Wholeness {
    Whole,
    CutOff,
}

/// What was packed, up to the first fault: a file that is cut off is worth what it has.
struct Unpacked<R> {
    from: R,
    fault: Option<io::Error>,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.fault.is_some() {
            return Ok(0);
        }
        self.from.read(buf).or_else(|err| match err.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                self.fault = Some(err);
                Ok(0)
            }
            _ => Err(err),
        })
    }
}

fn put(form: Form, chronicle: &Chronicle, request: &Request, path: &Path) -> io::Result<()> {
    let draft = Draft::beside(path)?;
    let mut file = BufWriter::new(File::create_new(draft.path())?);
    write(form, chronicle, request.now, &mut file)?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    if request.overwrite && fs::symlink_metadata(path).is_ok() {
        draft.replaces_file(path)
    } else {
        draft.becomes_file(path)
    }
}
