//! What S3 is asked that `object_store` does not ask, or asks in a way that loses something: pages of listings with escaped names, in either
//! version, and the sizes of an object's parts.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};

use super::asked::Asked;
use super::checksum;
use super::class::Archives;
use super::customer_key;
use super::dialect::{Dialect, ListVersion, Names};
use super::page::{self, Tokens};
use super::receipt::Receipt;
use super::tag;
use crate::block::Fingerprint;
use crate::bucket::pages::{Next, Page, Place};
use crate::environment::Secret;
use crate::http::ask::{self, Request};

/// What errors of this provider call it.
pub(super) const STORE: &str = "S3";

/// Asks one bucket.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) server: ask::Asker,
    /// The bucket's own address, without a slash at its end.
    pub(super) bucket: String,
    pub(super) list: ListVersion,
    pub(super) dialect: &'static Dialect,
    /// What names of storage classes tell.
    pub(super) archives: Archives,
    /// How tokens stand in listings.
    pub(super) tokens: Tokens,
    /// How often a request is repeated whose failure may pass.
    pub(super) retries: u32,
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

/// The header that asks for more in a listing.
const OPTIONAL_ATTRIBUTES: &str = "x-amz-optional-object-attributes";

/// An answer that does not say what was copied.
#[derive(Debug)]
struct NoReceipt;

impl fmt::Display for NoReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer does not say that anything was copied")
    }
}

impl StdError for NoReceipt {}

impl Asker {
    /// One page of a listing, whole or not at all.
    pub(super) async fn page(&self, place: &Place) -> object_store::Result<Page> {
        let mut query = vec![("prefix", place.prefix.as_str())];
        query.extend(self.spelled());
        query.extend(place.delimiter.map(|delimiter| ("delimiter", delimiter)));
        // Where nothing is said, some show a hundred.
        let at_most = place
            .at_most
            .map_or(page::LARGEST, |names| names.min(page::LARGEST));
        let at_most = at_most.to_string();
        query.push(("max-keys", &at_most));
        let (after, token) = match &place.next {
            Some(Next::Token(token)) => (place.after.as_deref(), Some(token.as_str())),
            Some(Next::After(name) | Next::Perhaps(name)) => (Some(name.as_str()), None),
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
        let url = self.asked_with(&query)?;
        let mut request = Request::new(Method::GET, url, self.retries);
        if self.archives == Archives::Amazons {
            let restored = HeaderValue::from_static("RestoreStatus");
            request.headers.insert(OPTIONAL_ATTRIBUTES, restored);
        }
        request.extensions.insert(Asked::List);
        let read = |_: &HeaderMap, body: &[u8]| {
            page::read(body, (self.list, self.tokens), token, self.archives)
                .map_err(|fault| HttpError::new(HttpErrorKind::Unknown, fault))
        };
        self.server.ask(&request, read).await
    }

    /// The bucket's address with a query in which a space is `%20`: in signatures not everybody reads a plus as one.
    pub(super) fn asked_with(&self, query: &[(&str, &str)]) -> object_store::Result<Url> {
        let mut url = Url::parse_with_params(&self.bucket, query).map_err(generic)?;
        let spelled = url.query().map(|query| query.replace('+', "%20"));
        url.set_query(spelled.as_deref());
        Ok(url)
    }

    /// How names are to stand in a listing.
    pub(super) fn spelled(&self) -> Option<(&'static str, &'static str)> {
        (self.dialect.names == Names::Escaped).then_some(("encoding-type", "url"))
    }

    /// How large a part of an object is; `None` from a server that does not know parts.
    pub(super) async fn part(&self, key: &Path, number: u32) -> object_store::Result<Option<Part>> {
        let url = format!("{}/{}?partNumber={number}", self.bucket, escaped(key));
        let url = Url::parse(&url).map_err(generic)?;
        // More retries are not worth it: without an answer the size is guessed.
        let request = Request::new(Method::HEAD, url, 1);
        let read = |headers: &HeaderMap, _: &[u8]| Ok(Part::told_by(headers));
        self.server.ask(&request, read).await
    }

    /// The checksums that the server keeps of an object of that entity tag, as far as they are of all its bytes.
    pub(super) async fn digests(
        &self,
        key: &Path,
        etag: &str,
        its_key: Option<&Secret>,
    ) -> object_store::Result<Fingerprint> {
        let url = format!("{}/{}", self.bucket, escaped(key));
        let url = Url::parse(&url).map_err(generic)?;
        // More retries are not worth it: without an answer less is proven.
        let mut request = Request::new(Method::HEAD, url, 1);
        let condition = HeaderValue::from_str(etag).map_err(generic)?;
        request.headers.insert("if-match", condition);
        let enabled = HeaderValue::from_static("ENABLED");
        request.headers.insert("x-amz-checksum-mode", enabled);
        if let Some(key) = its_key {
            customer_key::add(&mut request.headers, "x-amz-", key)?;
        }
        // Some servers do not know conditions.
        let is_it = |headers: &HeaderMap| {
            let tag = headers.get("etag").and_then(|tag| tag.to_str().ok());
            tag.and_then(tag::normalised).as_deref() == Some(etag)
        };
        let read = |headers: &HeaderMap, _: &[u8]| {
            let told = is_it(headers).then(|| checksum::told_by(headers));
            Ok(told.unwrap_or_default())
        };
        self.server.ask(&request, read).await
    }

    /// Deletes an object, and does not repeat the request.
    pub(super) async fn delete_once(&self, key: &Path) -> object_store::Result<()> {
        let url = format!("{}/{}", self.bucket, escaped(key));
        let url = Url::parse(&url).map_err(generic)?;
        let request = Request::new(Method::DELETE, url, 0);
        self.server.ask(&request, |_, _| Ok(())).await
    }

    /// Copies an object, or a part of one, as the headers say; the entity tag of what was copied.
    pub(super) async fn copy(
        &self,
        to: &Path,
        query: &str,
        headers: HeaderMap,
    ) -> object_store::Result<String> {
        let url = format!("{}/{}{query}", self.bucket, escaped(to));
        let url = Url::parse(&url).map_err(generic)?;
        let mut request = Request::new(Method::PUT, url, self.retries);
        request.headers = headers;
        request.extensions.insert(Asked::Copy);
        let read = |_: &HeaderMap, body: &[u8]| match Receipt::read(&Asked::Copy, body) {
            Some(Receipt::Copied { tag }) => Ok(tag),
            _ => Err(HttpError::new(HttpErrorKind::Decode, NoReceipt)),
        };
        self.server.ask(&request, read).await
    }
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
        store: STORE,
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
