//! Every answer of S3 on its way up: what gives nothing becomes an error with a meaning, and what gives something is brought into the form that
//! `object_store` insists on. How much is read of what should be short is bounded here; objects are bounded by who asked for them.

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::{HeaderMap, HeaderValue};

use super::asked::{Asked, CARRIERS};
use super::dialect::Dialect;
use super::object::{Given, given};
use super::receipt::{Receipt, with_tag};
use super::refusal::{Refusal, has_request_id, is_error};
use crate::bucket::store::Once;
use crate::environment::Secret;
use crate::http::body::{beginning, whole};
use crate::http::secrets::Secrets;

/// A page of a listing: 1,000 names of 1,024 bytes, of which XML may make six times as many, and what stands beside them.
const LONGEST_PAGE: usize = 8 << 20;

/// What a write is answered with.
const LONGEST_RECEIPT: usize = 1 << 20;

/// A client whose answers are what was asked for, or errors.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) inner: HttpClient,
    pub(super) dialect: &'static Dialect,
    /// Secrets beside those that requests carry.
    pub(super) configured: Vec<Secret>,
}

#[async_trait]
impl HttpService for Answers {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asked = Asked::by(&request);
        let secrets = Secrets::of(&request, &self.configured, &CARRIERS);
        let is_tried_once = request.extensions().get::<Once>().is_some();
        let answer = self.inner.execute(request).await.map_err(|err| {
            if is_tried_once {
                HttpError::new(HttpErrorKind::Unknown, err)
            } else {
                err
            }
        });
        let (mut head, body) = answer?.into_parts();
        let secrets = secrets.and(head.extensions.get());
        let status = head.status;
        let refused = |headers: &HeaderMap, body: &[u8]| {
            let by = (status, headers, body);
            let refusal = Refusal::of(&asked, by, &secrets, &self.dialect.hints);
            failed(refusal, is_tried_once)
        };
        if !gives(&asked, status.as_u16(), &head.headers) {
            return Err(refused(&head.headers, &beginning(body).await));
        }
        let body = match &asked {
            Asked::Credentials | Asked::Deletion => body,
            Asked::List | Asked::About => {
                let body = whole(body, LONGEST_PAGE).await?;
                if is_error(&body) {
                    return Err(refused(&head.headers, &body));
                }
                body.into()
            }
            Asked::Read { range, head_only } => {
                let given = given(range.as_ref(), *head_only, status, &head.headers, body).await?;
                return match given {
                    Given::Object(answer) => Ok(answer),
                    Given::Nothing(body) => Err(refused(&head.headers, &body)),
                };
            }
            Asked::Put { .. } | Asked::Delete => {
                let body = whole(body, LONGEST_RECEIPT).await?;
                if !is_receipt(&head.headers, &body) {
                    return Err(refused(&head.headers, &body));
                }
                head.headers = with_tag(&head.headers);
                body.into()
            }
            Asked::Begin | Asked::Complete | Asked::Copy => {
                let body = whole(body, LONGEST_RECEIPT).await?;
                match Receipt::read(&asked, &body) {
                    Some(receipt) => receipt.written().into(),
                    None => return Err(refused(&head.headers, &body)),
                }
            }
        };
        Ok(HttpResponse::from_parts(head, body))
    }
}

/// Whether an answer with this head gives what was asked for, as far as the head tells.
fn gives(asked: &Asked, status: u16, headers: &HeaderMap) -> bool {
    let is_success = match asked {
        Asked::List | Asked::About => status == 200,
        Asked::Read { .. } => matches!(status, 200 | 206),
        // S3 says of such a version that nothing can be had of it, and why.
        Asked::Deletion => status == 200 || delete_marker(headers).is_some(),
        _ => (200..300).contains(&status),
    };
    // A page for people, by something that answers everybody in this way; what a listing is shows in its body, and 204 has none.
    let is_page = || {
        let kind = headers
            .get("content-type")
            .and_then(|kind| kind.to_str().ok());
        let is_html =
            kind.is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("text/html"));
        is_html && status != 204 && !is_signed_by_s3(headers)
    };
    is_success && (matches!(asked, Asked::List | Asked::About | Asked::Credentials) || !is_page())
}

/// What says that an object is deleted.
pub(super) fn delete_marker(headers: &HeaderMap) -> Option<&HeaderValue> {
    const NAMES: [&str; 5] = [
        "x-amz-delete-marker",
        "x-cos-delete-marker",
        "x-oss-delete-marker",
        "x-obs-delete-marker",
        "x-bce-delete-marker",
    ];
    NAMES.iter().find_map(|name| headers.get(*name))
}

/// Whether the headers include one that only S3 writes.
fn is_signed_by_s3(headers: &HeaderMap) -> bool {
    headers.contains_key("etag") || has_request_id(headers)
}

/// Whether an answer to a put or delete confirms it: S3 does so without a body. An error document denies it whatever its status is; any other body
/// comes from something between us and S3, unless the headers are S3's.
fn is_receipt(headers: &HeaderMap, body: &[u8]) -> bool {
    body.trim_ascii().is_empty() || (!is_error(body) && is_signed_by_s3(headers))
}

/// The error that a refusal is, which says whether the client is to repeat the request as it is.
fn failed(refusal: Refusal, is_tried_once: bool) -> HttpError {
    let kind = if refusal.may_pass() && !is_tried_once {
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, refusal)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use object_store::client::HttpResponseBody;

    use super::*;

    #[test]
    fn a_page_for_people_gives_nothing() {
        let read = Asked::Read {
            range: None,
            head_only: false,
        };
        let html = ("content-type", "text/html; charset=utf-8");
        let tag = ("etag", "\"a\"");
        for (asked, status, headers, expected) in [
            (&read, 200, &[][..], true),
            (&read, 206, &[], true),
            (&read, 204, &[], false),
            (&read, 203, &[], false),
            (&read, 304, &[], false),
            (&read, 200, &[html], false),
            (&read, 200, &[("content-type", "TEXT/HTML")], false),
            (&read, 200, &[html, tag], true),
            (&read, 200, &[html, ("x-amz-request-id", "1")], true),
            // Amazon's gateways for anything at all write it too.
            (&read, 200, &[html, ("x-amzn-requestid", "1")], false),
            (&read, 204, &[html], false),
            (&Asked::Put { create: true }, 200, &[html], false),
            (&Asked::Put { create: true }, 204, &[], true),
            (&Asked::Delete, 204, &[], true),
            (&Asked::Delete, 204, &[html], true),
            (&Asked::Delete, 200, &[html], false),
            (&Asked::List, 204, &[], false),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.insert(*name, value.parse().unwrap());
            }
            assert_eq!(
                gives(asked, status, &all),
                expected,
                "{asked:?} {status} {headers:?}"
            );
        }
    }

    /// S-6.14
    #[test]
    fn what_was_written_is_acknowledged_without_a_word() {
        let error = "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
        let (json, other) = ("{\"status\":\"ok\"}", "<Accepted/>");
        let (tag, id) = (("etag", "\"a\""), ("x-amz-request-id", "1"));
        for (headers, body, expected) in [
            (&[][..], "", true),
            (&[], "\r\n", true),
            (&[], json, false),
            (&[], other, false),
            (&[], error, false),
            (&[tag, id], error, false),
            (&[tag], other, true),
            (&[id], json, true),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.insert(*name, value.parse().unwrap());
            }
            let found = is_receipt(&all, body.as_bytes());
            assert_eq!(found, expected, "{headers:?} {body}");
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
