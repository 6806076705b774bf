//! What counts as a page of a listing. A page that says more is to come, and not how to go on, would be taken for the last one; so would
//! anything else that a proxy on the way answers with. Either ends in an error here, for a listing must be whole or fail.

use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};

use super::super::classify::element;
use super::answers::{LONGEST_PAGE, whole};

/// A client that answers listings with whole pages only.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) inner: HttpClient,
}

#[async_trait]
impl HttpService for Pages {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = reqwest::Url::parse(&request.uri().to_string());
        let asked = |name: &str| {
            let mut pairs = url.as_ref().ok()?.query_pairs();
            let (_, value) = pairs.find(|(key, _)| key == name)?;
            Some(value.into_owned())
        };
        let listing = asked("list-type").is_some();
        let token = asked("continuation-token");
        let answer = self.inner.execute(request).await?;
        if !listing || !answer.status().is_success() {
            return Ok(answer);
        }
        let (head, body) = answer.into_parts();
        let body = whole(body, LONGEST_PAGE).await?;
        if let Some(fault) = fault(&String::from_utf8_lossy(&body), token.as_deref()) {
            return Err(HttpError::new(HttpErrorKind::Unknown, fault));
        }
        Ok(HttpResponse::from_parts(head, HttpResponseBody::from(body)))
    }
}

/// What is wrong with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NoListing,
    NoToken,
    SameToken,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NoListing => "the answer is no page of a listing",
            Fault::SameToken => "the page says that it comes next itself",
            Fault::NoToken => "the page is not the last one and has no token for the next",
        })
    }
}

impl StdError for Fault {}

/// What is wrong with the page that was asked for with `token`.
fn fault(page: &str, token: Option<&str>) -> Option<Fault> {
    if !page.contains("<ListBucketResult") || !page.contains("</ListBucketResult>") {
        return Some(Fault::NoListing);
    }
    let next = element(page, "NextContinuationToken");
    let truncated = element(page, "IsTruncated");
    match next
        .as_deref()
        .map(str::trim)
        .filter(|next| !next.is_empty())
    {
        None if truncated.as_deref().map(str::trim) == Some("true") => Some(Fault::NoToken),
        Some(next) if Some(next) == token => Some(Fault::SameToken),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_last_one_or_says_how_to_go_on() {
        let page =
            |middle: &str| format!("<ListBucketResult xmlns=\"s3\">{middle}</ListBucketResult>");
        let more = "<IsTruncated>true</IsTruncated>";
        let token = "<NextContinuationToken>t</NextContinuationToken>";
        let no_token = "<NextContinuationToken></NextContinuationToken>";
        for (body, expected) in [
            (page("<IsTruncated>false</IsTruncated>"), None),
            (page(&format!("{more}{token}")), None),
            (page(more), Some(Fault::NoToken)),
            (page(&format!("{more}{no_token}")), Some(Fault::NoToken)),
            (
                "<html>Please log in</html>".to_owned(),
                Some(Fault::NoListing),
            ),
            (
                "<Error><Code>InternalError</Code></Error>".to_owned(),
                Some(Fault::NoListing),
            ),
            (
                "<ListBucketResult><Contents>".to_owned(),
                Some(Fault::NoListing),
            ),
            (String::new(), Some(Fault::NoListing)),
        ] {
            assert_eq!(fault(&body, Some("s")), expected, "{body}");
        }
        let itself = page(&format!("{more}{token}"));
        assert_eq!(fault(&itself, Some("t")), Some(Fault::SameToken));
    }
}
