//! What S3 is asked that `object_store` does not ask, or asks in a way that loses something: pages of listings with escaped names, in either
//! version, and the sizes of an object's parts.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::time::Duration;

use object_store::client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody};
use object_store::path::Path;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tracing::debug;

use super::asked::Asked;
use super::config::ListVersion;
use super::page::{self, Next, Page};
use super::receipt::Receipt;
use crate::retry::{Backoff, Jitter, Policy};

/// Asks one bucket.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) http: HttpClient,
    /// The bucket's own address, without a slash at its end.
    pub(super) bucket: String,
    pub(super) list: ListVersion,
    /// How often a request is repeated whose failure may pass.
    pub(super) retries: u32,
}

/// Which page of which listing.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// What names begin with.
    pub(super) prefix: String,
    pub(super) delimiter: Option<&'static str>,
    /// The name after which the listing begins.
    pub(super) after: Option<String>,
    /// Where it goes on, once it has begun.
    pub(super) next: Option<Next>,
    /// How many names a page has at most; as many as the server likes where none is given.
    pub(super) at_most: Option<usize>,
}

/// A part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) size_bytes: u64,
    /// How many parts the object has.
    pub(super) of: u32,
}

impl Part {
    fn told_by(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        Some(Self {
            size_bytes: number("content-length")?,
            of: number(PARTS_COUNT)?.try_into().ok()?,
        })
    }
}

/// The header that tells how many parts an object has.
pub(super) const PARTS_COUNT: &str = "x-amz-mp-parts-count";

/// A request to be made.
struct Request {
    method: Method,
    url: Url,
    /// What it asks for, where that does not show.
    asked: Option<Asked>,
    headers: HeaderMap,
    /// How often it is repeated when its failure may pass.
    retries: u32,
}

/// An answer that does not say what was copied.
#[derive(Debug)]
struct NoReceipt;

impl fmt::Display for NoReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer does not say that anything was copied")
    }
}

impl StdError for NoReceipt {}

/// A request that failed.
#[derive(Debug)]
struct Failed {
    method: Method,
    url: String,
    cause: HttpError,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

impl StdError for Failed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.cause)
    }
}

impl Asker {
    /// One page of a listing, whole or not at all.
    pub(super) async fn page(&self, place: &Place) -> object_store::Result<Page> {
        let mut query = vec![("prefix", place.prefix.as_str()), ("encoding-type", "url")];
        query.extend(place.delimiter.map(|delimiter| ("delimiter", delimiter)));
        let at_most = place.at_most.map(|names| names.to_string());
        query.extend(at_most.as_deref().map(|names| ("max-keys", names)));
        let (after, token) = match &place.next {
            Some(Next::Token(token)) => (place.after.as_deref(), Some(token.as_str())),
            Some(Next::After(name)) => (Some(name.as_str()), None),
            Some(Next::End) | None => (place.after.as_deref(), None),
        };
        match self.list {
            ListVersion::One => query.extend(after.map(|name| ("marker", name))),
            ListVersion::Two => {
                query.push(("list-type", "2"));
                // Some servers' tokens do not include where the listing began.
                query.extend(after.map(|name| ("start-after", name)));
                query.extend(token.map(|token| ("continuation-token", token)));
            }
        }
        let token = token.or(after);
        let request = Request {
            method: Method::GET,
            url: Url::parse_with_params(&self.bucket, &query).map_err(generic)?,
            asked: Some(Asked::List),
            headers: HeaderMap::new(),
            retries: self.retries,
        };
        self.ask(&request, |_, body| {
            page::read(body, self.list, token)
                .map_err(|fault| HttpError::new(HttpErrorKind::Unknown, fault))
        })
        .await
    }

    /// How large a part of an object is; `None` from a server that does not know parts.
    pub(super) async fn part(&self, key: &Path, number: u32) -> object_store::Result<Option<Part>> {
        let url = format!("{}/{}?partNumber={number}", self.bucket, escaped(key));
        let request = Request {
            method: Method::HEAD,
            url: Url::parse(&url).map_err(generic)?,
            asked: None,
            headers: HeaderMap::new(),
            // Not worth more: without it the size is guessed.
            retries: 1,
        };
        self.ask(&request, |headers, _| Ok(Part::told_by(headers)))
            .await
    }

    /// Deletes an object, and does not repeat the request.
    pub(super) async fn delete_once(&self, key: &Path) -> object_store::Result<()> {
        let url = format!("{}/{}", self.bucket, escaped(key));
        let request = Request {
            method: Method::DELETE,
            url: Url::parse(&url).map_err(generic)?,
            asked: None,
            headers: HeaderMap::new(),
            retries: 0,
        };
        self.ask(&request, |_, _| Ok(())).await
    }

    /// Copies an object, or a part of one, as the headers say; the entity tag of what was copied.
    pub(super) async fn copy(
        &self,
        to: &Path,
        query: &str,
        headers: HeaderMap,
    ) -> object_store::Result<String> {
        let url = format!("{}/{}{query}", self.bucket, escaped(to));
        let request = Request {
            method: Method::PUT,
            url: Url::parse(&url).map_err(generic)?,
            asked: Some(Asked::Copy),
            headers,
            retries: self.retries,
        };
        self.ask(&request, |_, body| {
            match Receipt::read(&Asked::Copy, body) {
                Some(Receipt::Copied { tag }) => Ok(tag),
                _ => Err(HttpError::new(HttpErrorKind::Decode, NoReceipt)),
            }
        })
        .await
    }

    /// Asks until the answer can be read, or no further try is of any use.
    async fn ask<T>(
        &self,
        request: &Request,
        read: impl Fn(&HeaderMap, &[u8]) -> Result<T, HttpError>,
    ) -> object_store::Result<T> {
        let Request {
            method,
            url,
            retries,
            ..
        } = request;
        let mut backoff = Backoff::new(&Policy {
            max_retries: *retries,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            jitter: Jitter::Half,
        });
        loop {
            let request = made(request)?;
            let answered = async {
                let (head, body) = self.http.execute(request).await?.into_parts();
                read(&head.headers, &body.bytes().await?)
            };
            let cause = match answered.await {
                Ok(read) => return Ok(read),
                Err(cause) => cause,
            };
            let may_pass = !matches!(cause.kind(), HttpErrorKind::Unknown | HttpErrorKind::Decode);
            let Some(delay) = backoff.next_delay().filter(|_| may_pass) else {
                return Err(generic(Failed {
                    method: method.clone(),
                    url: url.to_string(),
                    cause,
                }));
            };
            debug!(%url, ?delay, err = %cause, "request is repeated");
            tokio::time::sleep(delay).await;
        }
    }
}

fn made(of: &Request) -> object_store::Result<HttpRequest> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.method_mut() = of.method.clone();
    *request.headers_mut() = of.headers.clone();
    *request.uri_mut() = of.url.as_str().parse().map_err(generic)?;
    if let Some(asked) = &of.asked {
        request.extensions_mut().insert(asked.clone());
    }
    Ok(request)
}

/// The name as it stands in an address that is signed: every byte but those that never mean anything.
pub(super) fn escaped(key: &Path) -> String {
    escaped_but(b"-._~/", key.as_ref())
}

/// A value as it stands in the query of such an address.
pub(super) fn escaped_value(value: &str) -> String {
    escaped_but(b"-._~", value)
}

fn escaped_but(plain: &[u8], text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            escaped.push(byte.into());
        } else {
            // Writing to a string never fails.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

pub(super) fn generic(err: impl StdError + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic {
        store: "S3",
        source: Box::new(err),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn a_name_is_escaped_as_signatures_want_it() {
        for (name, expected) in [
            ("a/b-c_d.e~f", "a/b-c_d.e~f"),
            ("a b+c%d", "a%20b%2Bc%25d"),
            ("(é)!*'", "%28%C3%A9%29%21%2A%27"),
        ] {
            assert_eq!(escaped(&Path::parse(name).unwrap()), expected);
        }
    }

    #[test]
    fn a_value_in_a_query_is_escaped_with_its_slashes() {
        for (value, expected) in [
            ("2~AbC-_.9", "2~AbC-_.9"),
            ("a/b+c==", "a%2Fb%2Bc%3D%3D"),
            ("a&partNumber=1 é", "a%26partNumber%3D1%20%C3%A9"),
        ] {
            assert_eq!(escaped_value(value), expected);
        }
    }

    #[test]
    fn a_part_is_told_by_its_length_and_the_number_of_all() {
        for (headers, expected) in [
            (
                &[("content-length", "7"), (PARTS_COUNT, "3")][..],
                Some((7, 3)),
            ),
            (&[("content-length", "7")], None),
            (&[(PARTS_COUNT, "3")], None),
            (&[("content-length", "7"), (PARTS_COUNT, "many")], None),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.insert(*name, value.parse().unwrap());
            }
            let part = Part::told_by(&all).map(|part| (part.size_bytes, part.of));
            assert_eq!(part, expected);
        }
    }
}
