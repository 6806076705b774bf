//! Files of payloads, inflated where they are compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Kind, Result};

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
    body.by_ref().take(2).read_to_end(&mut head)?;
    let is_compressed = head == GZIP;
    let whole = Cursor::new(head).chain(body);
    Ok(if is_compressed {
        Box::new(BufReader::new(MultiGzDecoder::new(whole)))
    } else {
        Box::new(whole)
    })
}
