//! How much of an answer is read that is read as a whole, and what of a refusal is passed on: no server fills the memory with what should be
//! short, and none has us print what the request carried. Objects are read in pieces, and bounded by who asked for them.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use tokio::time::timeout;

use super::super::Secret;
use super::super::classify::element;
use super::secrets::Secrets;

/// A page of a listing: 1,000 names of 1,024 bytes, of which XML may make six times as many, and what stands beside them.
pub(super) const LONGEST_PAGE: usize = 8 << 20;

/// What the beginning or the end of a multipart upload is answered with.
const LONGEST_RECEIPT: usize = 1 << 20;

/// What is read of a refusal. The code and the message stand at its beginning.
const LONGEST_REFUSAL: usize = 64 << 10;

/// Codes are single words.
const LONGEST_CODE: usize = 100;

/// How long the body of a refusal is waited for: its status says most of it.
const REFUSAL_TIME: Duration = Duration::from_secs(10);

/// A client that reads short answers, and the beginning of long ones.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) inner: HttpClient,
    /// Secrets beside those that requests carry.
    pub(super) configured: Vec<Secret>,
}

#[async_trait]
impl HttpService for Answers {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_receipt = request.method().as_str() == "POST";
        let secrets = Secrets::of(&request, &self.configured);
        let (head, body) = self.inner.execute(request).await?.into_parts();
        let body = if !head.status.is_success() {
            refusal(&beginning(body).await, &secrets).into_bytes()
        } else if is_receipt {
            let body = whole(body, LONGEST_RECEIPT).await?;
            let text = String::from_utf8_lossy(&body);
            // The end of an upload may be refused with a status of success.
            if text.contains("Result") && !text.contains("<Error") {
                body
            } else {
                refusal(&body, &secrets).into_bytes()
            }
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

/// What is passed on of a refusal: its code, and its message without secrets. What is no error of S3 says nothing that its status does not,
/// and may quote the request in any way.
fn refusal(body: &[u8], secrets: &Secrets) -> String {
    let text = String::from_utf8_lossy(body);
    let told = || {
        let (_, error) = text.split_once("<Error")?;
        let code = element(error, "Code").filter(|code| is_code(code))?;
        if secrets.hidden_in(&code) != code {
            return None;
        }
        let message = element(error, "Message").unwrap_or_default();
        let message = secrets.hidden_in(&message);
        Some(format!(
            "<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        ))
    };
    told().unwrap_or_default()
}

fn is_code(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.len() <= LONGEST_CODE && text.chars().all(is_fit)
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
    use object_store::client::HttpRequestBody;

    /// S-2.6
    #[test]
    fn of_a_refusal_its_code_and_its_message_are_passed_on_without_secrets() {
        let request = HttpRequest::new(HttpRequestBody::empty());
        let secrets = Secrets::of(&request, &[Secret::new("hunter2".to_owned())]);
        for (body, told) in [
            (
                "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>None.</Message><HostId>hunter2</HostId></Error>",
                "<Error><Code>NoSuchKey</Code><Message>None.</Message></Error>",
            ),
            (
                "<Error><Message>hunter2 is wrong</Message><Code>InvalidToken</Code></Error>",
                "<Error><Code>InvalidToken</Code><Message><secret> is wrong</Message></Error>",
            ),
            (
                "<Error><Code>SlowDown</Code><Message>cut of",
                "<Error><Code>SlowDown</Code><Message></Message></Error>",
            ),
            ("<Error><Message>hunter2</Message></Error>", ""),
            ("<Error><Code>hunter2</Code></Error>", ""),
            ("<Error><Code>a b: c</Code></Error>", ""),
            ("<html><Code>hunter2</Code></html>", ""),
            ("authorization: hunter2", ""),
        ] {
            assert_eq!(refusal(body.as_bytes(), &secrets), told, "{body}");
        }
    }

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
