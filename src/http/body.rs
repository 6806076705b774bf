//! The bodies of answers that should be short: no more is read of them than a sane server sends, nor for longer than they are worth.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use futures::StreamExt;
use object_store::client::{HttpError, HttpErrorKind, HttpResponseBody};
use tokio::time::timeout;

/// What is read of a refusal. The code and the message stand at its beginning.
const LONGEST_REFUSAL: usize = 64 << 10;

/// How long the body of a refusal is waited for: its status says most of it.
const REFUSAL_TIME: Duration = Duration::from_secs(10);

/// Reads a body of at most `longest` bytes; a longer one is an error.
pub(crate) async fn whole(body: HttpResponseBody, longest: usize) -> Result<Vec<u8>, HttpError> {
    let mut read = Vec::new();
    let mut pieces = body.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if read.len() + piece.len() > longest {
            return Err(HttpError::new(HttpErrorKind::Unknown, TooLong(longest)));
        }
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

/// As much of a body as came in time.
pub(crate) async fn beginning(body: HttpResponseBody) -> Vec<u8> {
    let mut read = Vec::new();
    let mut pieces = body.bytes_stream();
    let reading = async {
        while let Some(Ok(piece)) = pieces.next().await {
            read.extend_from_slice(&piece);
            if read.len() >= LONGEST_REFUSAL {
                break;
            }
        }
    };
    // What has come by then is enough.
    let _ = timeout(REFUSAL_TIME, reading).await;
    read.truncate(LONGEST_REFUSAL);
    read
}

/// The body was longer than this many bytes.
#[derive(Debug)]
pub(crate) struct TooLong(usize);

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is longer than {} bytes", self.0)
    }
}

impl StdError for TooLong {}
