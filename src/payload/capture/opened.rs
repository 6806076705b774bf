//! Files of payloads, inflated where they are compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Kind, Result};
use crate::payload::lines::{MARK, ZSTD};

/// The bytes with which what gzip has compressed begins: nothing of these formats does.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is read piece by piece.
pub type Body = Box<dyn BufRead + Send>;

/// A file that is read as it is or, where it is compressed with gzip, inflated. `name` is what messages call it.
pub fn open(path: &Path, name: &str) -> Result<Body> {
    let opened = File::open(path).and_then(|file| inflated(BufReader::new(file)));
    opened.map_err(|err| {
        let kind = match err.kind() {
            io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::Usage,
        };
        Error::new(kind, format!("read {name}")).because(err)
    })
}

/// What is read as it is or, where it is compressed with gzip, inflated.
pub(super) fn inflated(mut body: impl BufRead + Send + 'static) -> io::Result<Body> {
    let mut head = Vec::new();
    body.by_ref().take(4).read_to_end(&mut head)?;
    if head == ZSTD {
        let why = "it is compressed with zstd, which is not read: give it as it is, or with gzip";
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    let is_compressed = head.starts_with(&GZIP);
    let whole = Cursor::new(head).chain(body);
    Ok(if is_compressed {
        Box::new(BufReader::new(Inflating(MultiGzDecoder::new(whole))))
    } else {
        Box::new(whole)
    })
}

/// What is inflated, and says so where it cannot be.
struct Inflating<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Inflating<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer);
        read.map_err(|err| {
            let why = format!("it cannot be inflated, and may have been cut off: {err}");
            io::Error::new(err.kind(), why)
        })
    }
}

/// What follows the mark that editors of Windows put before a text.
pub(super) fn behind_mark(mut text: impl BufRead) -> io::Result<(impl BufRead, u64)> {
    let mut head = Vec::new();
    let most = MARK.len() as u64;
    text.by_ref().take(most).read_to_end(&mut head)?;
    let mut mark = 0;
    if head == MARK {
        head.clear();
        mark = most;
    }
    Ok((Cursor::new(head).chain(text), mark))
}
