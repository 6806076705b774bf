//! How much of an answer is read that is read as a whole: no server fills the memory with what should be short. Objects are read in pieces,
//! and bounded by who asked for them.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use tokio::time::timeout;

/// A page of a listing: 1,000 names of 1,024 bytes, of which XML may make six times as many, and what stands beside them.
pub(super) const LONGEST_PAGE: usize = 8 << 20;

/// What the beginning or the end of a multipart upload is answered with.
const LONGEST_RECEIPT: usize = 1 << 20;

/// What is read of a refusal. The code and the message stand at its beginning.
const LONGEST_REFUSAL: usize = 64 << 10;

/// How long the body of a refusal is waited for: its status says most of it.
const REFUSAL_TIME: Duration = Duration::from_secs(10);

/// A client that reads short answers, and the beginning of long ones.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) inner: HttpClient,
}

#[async_trait]
impl HttpService for Answers {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let receipt = request.method().as_str() == "POST";
        let (head, body) = self.inner.execute(request).await?.into_parts();
        let body = if !head.status.is_success() {
            beginning(body).await
        } else if receipt {
            whole(body, LONGEST_RECEIPT).await?
        } else {
            return Ok(HttpResponse::from_parts(head, body));
        };
        Ok(HttpResponse::from_parts(head, HttpResponseBody::from(body)))
    }
}

/// A body that should not be longer than so many bytes; otherwise an error.
pub(super) async fn whole(body: HttpResponseBody, longest: usize) -> Result<Vec<u8>, HttpError> {
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
async fn beginning(body: HttpResponseBody) -> Vec<u8> {
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

/// More came than a sane server sends.
#[derive(Debug)]
struct TooLong(usize);

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is longer than {} bytes", self.0)
    }
}

impl StdError for TooLong {}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[tokio::test]
    async fn the_longest_page_of_a_sane_server_is_read_and_a_longer_one_is_not() {
        let object = format!(
            "<Contents><Key>{}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;{}&quot;</ETag>\
             <ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>5497558138880</Size>\
             <Owner><ID>{}</ID><DisplayName>{}</DisplayName></Owner><StorageClass>INTELLIGENT_TIERING</StorageClass></Contents>",
            "&quot;".repeat(1024),
            "0".repeat(38),
            "0".repeat(64),
            "&quot;".repeat(64),
        );
        let page = object.repeat(1000);
        let length = page.len();
        let read = whole(HttpResponseBody::from(page), LONGEST_PAGE).await;
        assert_eq!(read.unwrap().len(), length);
        let endless = "a".repeat(LONGEST_PAGE + 1);
        let read = whole(HttpResponseBody::from(endless), LONGEST_PAGE).await;
        assert!(read.unwrap_err().to_string().contains("longer than"));
    }
}
