//! The body of an answer: unpacked where it comes packed, and no longer than is wanted.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::causes;
use crate::http::body::{TooLong, whole};
use crate::http::{HttpError, HttpResponse};

/// Why a body cannot be had.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is longer than is wanted.
    TooLong,
    /// It came packed in a way that cannot be unpacked.
    Packed(String),
    /// It did not come whole.
    Broken(HttpError),
}

/// The whole body, of at most `longest` bytes, packed and unpacked.
pub(super) async fn read(answer: HttpResponse, longest: usize) -> Result<Vec<u8>, Unread> {
    let encoding = answer.headers().get("content-encoding");
    let encoding = encoding.map(|encoding| encoding.as_bytes().to_ascii_lowercase());
    let came = match whole(answer.into_body(), longest).await {
        Ok(came) => came,
        Err(err) if causes::first::<TooLong>(&err).is_some() => return Err(Unread::TooLong),
        Err(err) => return Err(Unread::Broken(err)),
    };
    match encoding.as_deref() {
        None | Some(b"" | b"identity") => Ok(came),
        Some(b"gzip" | b"x-gzip") => unpacked(&came, longest),
        Some(other) => Err(Unread::Packed(format!(
            "it is packed as {:?}, which was not asked for",
            String::from_utf8_lossy(other)
        ))),
    }
}

fn unpacked(packed: &[u8], longest: usize) -> Result<Vec<u8>, Unread> {
    let mut unpacked = Vec::new();
    // A byte more than is wanted, so that too long a body shows.
    let mut limited = MultiGzDecoder::new(packed).take(longest as u64 + 1);
    let read = limited.read_to_end(&mut unpacked);
    read.map_err(|err| Unread::Packed(format!("it cannot be unpacked: {err}")))?;
    if unpacked.len() > longest {
        return Err(Unread::TooLong);
    }
    Ok(unpacked)
}
