//! What the store is asked: each request with its address, and an answer that gives what was asked for, or an error that says why not.

use std::sync::Arc;

use futures::join;
use object_store::client::{HttpError, HttpErrorKind, HttpResponse};
use object_store::path::Path;
use object_store::{PutPayload, Result};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use super::asked::Asked;
use super::authorizing::Renewed;
use super::config::Kind;
use super::digest::md5_of;
use super::facts::{Facts, Large};
use super::fault::{Fault, generic};
use super::found::{Known, Versions};
use super::meaning;
use super::page;
use super::refusal::{Refusal, is_signed};
use super::session::Sessions;
use crate::bucket::pages::{Next, Page, Place};
use crate::causes;
use crate::error;
use crate::http::ask::{self, Request};
use crate::http::body::{beginning, whole};
use crate::http::percent::escaped;
use crate::http::secrets::Secrets;

/// A page of a listing: 10,000 names of 1,024 bytes, each of which JSON may make six, and what stands beside them.
const LONGEST_PAGE: usize = 80 << 20;

/// What is said of one object, of a container, or of all segments of a large object.
const LONGEST_DOCUMENT: usize = 16 << 20;

/// The header by which the newest of all copies is asked for, whichever server has it.
pub(super) const NEWEST: HeaderName = HeaderName::from_static("x-newest");

/// Asks for one container.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) server: ask::Asker,
    pub(super) sessions: Arc<Sessions>,
    pub(super) container: Arc<str>,
    /// Where segments of large objects are, which may be the same.
    pub(super) segments_container: Arc<str>,
    /// Objects of so many bytes are large ones.
    pub(super) chunk_bytes: u64,
    pub(super) large: Kind,
    /// How often a request is repeated whose failure may pass.
    pub(super) retries: u32,
    pub(super) known: Arc<Known>,
}

impl Asker {
    /// One page of a listing, whole or not at all.
    pub(super) async fn page(&self, container: &str, place: &Place) -> Result<Page> {
        let after = match &place.next {
            Some(Next::After(name)) => Some(name.as_str()),
            _ => place.after.as_deref(),
        };
        let mut query = vec![("format", "json")];
        query.extend((!place.prefix.is_empty()).then_some(("prefix", place.prefix.as_str())));
        query.extend(place.delimiter.map(|delimiter| ("delimiter", delimiter)));
        query.extend(after.map(|name| ("marker", name)));
        let at_most = place.at_most.map(|names| names.to_string());
        let limited = at_most.as_deref().map(|names| ("limit", names));
        let asked = self.page_of(container, &query, limited).await;
        match asked {
            // Not every service has pages of that size.
            Err(err) if limited.is_some() && is_of_the_question(&err) => {
                self.page_of(container, &query, None).await
            }
            asked => asked,
        }
    }

    async fn page_of(
        &self,
        container: &str,
        query: &[(&str, &str)],
        limited: Option<(&str, &str)>,
    ) -> Result<Page> {
        let query: Vec<(&str, &str)> = query.iter().copied().chain(limited).collect();
        let url = self.url(container, None, &query).await?;
        let mut request = self.request(Method::GET, url);
        let json = HeaderValue::from_static("application/json");
        request.headers.insert(ACCEPT, json);
        self.ask(&request, Asked::List, |status, _, body| {
            let body = if status == StatusCode::NO_CONTENT {
                b"[]"
            } else {
                body
            };
            page::read(body).map_err(|fault| match fault {
                Fault::NoName => fault.final_one(),
                fault => fault.passing(),
            })
        })
        .await
    }

    /// What is known of a container.
    pub(super) async fn container(&self, container: &str) -> Result<HeaderMap> {
        let url = self.url(container, None, &[]).await?;
        let request = self.request(Method::HEAD, url);
        let taken = |_: StatusCode, headers: &HeaderMap, _: &[u8]| Ok(headers.clone());
        self.ask(&request, Asked::Container, taken).await
    }

    /// What is known of an object, by the newest of its copies.
    pub(super) async fn facts(&self, key: &Path) -> Result<Facts> {
        let told = self.facts_in(&self.container, key.as_ref()).await;
        self.believed(key, told).await
    }

    /// The same; `None` where there is none.
    pub(super) async fn facts_if_there(&self, key: &Path) -> Result<Option<Facts>> {
        match self.facts(key).await {
            Ok(facts) => Ok(Some(facts)),
            Err(err) if is_absent(&err) => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// What the service says of an object of any container.
    pub(super) async fn facts_in(&self, container: &str, key: &str) -> Result<Facts> {
        self.head(container, key, &[]).await
    }

    async fn head(&self, container: &str, key: &str, query: &[(&str, &str)]) -> Result<Facts> {
        let url = self.url(container, Some(key), query).await?;
        let mut request = self.request(Method::HEAD, url);
        request
            .headers
            .insert(NEWEST, HeaderValue::from_static("true"));
        let read = |_: StatusCode, headers: &HeaderMap, _: &[u8]| Ok(Facts::read(headers));
        self.ask(&request, Asked::Facts, read).await
    }

    /// What was answered of an object. That it is absent is believed only where its container is there, and where it is no dynamic large object whose
    /// segments' container is what is absent: the service says the same of both.
    pub(super) async fn believed<T>(&self, key: &Path, answered: Result<T>) -> Result<T> {
        if answered.as_ref().err().is_some_and(is_unsigned_absence) {
            // Whoever says so, a listing may say otherwise.
            return Err(generic(if self.lists(key).await? {
                Fault::Denied
            } else {
                Fault::Absent
            }));
        }
        if !answered.as_ref().err().is_some_and(is_absent) {
            return answered;
        }
        let itself = [("multipart-manifest", "get")];
        let (itself, container) = join!(
            self.head(&self.container, key.as_ref(), &itself),
            self.container(&self.container)
        );
        match itself {
            Ok(facts) => Err(generic(match facts.large {
                Some(Large::Dynamic { .. }) => Fault::LostSegments,
                _ => Fault::Denied,
            })),
            Err(err) if is_absent(&err) => container.and(answered),
            Err(err) => Err(err),
        }
    }

    /// Whether a listing shows an object of that very name, which comes before all others that begin with it.
    async fn lists(&self, key: &Path) -> Result<bool> {
        let place = Place::first_of(key.as_ref());
        let entries = self.page(&self.container, &place).await?.entries;
        Ok(entries.iter().any(|entry| entry.key == key.as_ref()))
    }

    /// Puts an object or a segment of one with its MD5, which the service verifies before it shows it. Returns the MD5.
    pub(super) async fn put(
        &self,
        (container, key): (&str, &str),
        payload: PutPayload,
        create: bool,
        retries: u32,
    ) -> Result<String> {
        let md5 = md5_of(&payload);
        let url = self.url(container, Some(key), &[]).await?;
        let mut request = self.request(Method::PUT, url);
        request.retries = retries;
        request
            .headers
            .extend(of_put(payload.content_length() as u64));
        let tag = HeaderValue::from_str(&md5).map_err(generic)?;
        request.headers.insert(reqwest::header::ETAG, tag);
        if create {
            let any = HeaderValue::from_static("*");
            request.headers.insert(reqwest::header::IF_NONE_MATCH, any);
        }
        request.body = payload;
        let taken = |_: StatusCode, headers: &HeaderMap, _: &[u8]| is_what_was_put(headers, &md5);
        self.ask(&request, Asked::Put { create }, taken).await?;
        Ok(md5)
    }

    /// Deletes what lies under a name, and nothing that it names.
    pub(super) async fn delete(&self, (container, key): (&str, &str), retries: u32) -> Result<()> {
        let url = self.url(container, Some(key), &[]).await?;
        let mut request = self.request(Method::DELETE, url);
        request.retries = retries;
        self.ask(&request, Asked::Delete, |_, _, _| Ok(())).await
    }

    /// What becomes of what is overwritten or deleted.
    pub(super) async fn versions(&self) -> Result<Versions> {
        let found = self.known.versions.get_or_try_init(async || {
            let headers = self.container(&self.container).await?;
            Ok::<_, object_store::Error>(Versions::read(&headers))
        });
        found.await.copied()
    }

    pub(super) fn request(&self, method: Method, url: Url) -> Request {
        Request::new(method, url, self.retries)
    }

    /// Asks, and reads an answer that gives what was asked for.
    pub(super) async fn ask<T>(
        &self,
        request: &Request,
        asked: Asked,
        read: impl Fn(StatusCode, &HeaderMap, &[u8]) -> Result<T, HttpError>,
    ) -> Result<T> {
        let read = &read;
        let take = |answer: HttpResponse| async move {
            let (head, body) = good(asked, answer).await?.into_parts();
            let longest = if asked == Asked::List {
                LONGEST_PAGE
            } else {
                LONGEST_DOCUMENT
            };
            let body = whole(body, longest).await?;
            read(head.status, &head.headers, &body)
        };
        self.server.answer(request, take).await
    }

    /// The address of a container or of an object in it.
    pub(super) async fn url(
        &self,
        container: &str,
        key: Option<&str>,
        query: &[(&str, &str)],
    ) -> Result<Url> {
        let session = self.sessions.get().await.map_err(generic)?;
        address(session.storage(), container, key, query)
    }
}

/// The address of a container or of an object in it, in the account of that address.
pub(super) fn address(
    storage: &Url,
    container: &str,
    key: Option<&str>,
    query: &[(&str, &str)],
) -> Result<Url> {
    let mut url = storage.as_str().trim_end_matches('/').to_owned();
    for name in [Some(container), key].into_iter().flatten() {
        url.push('/');
        url.push_str(&escaped(name, b"/"));
    }
    for (number, (name, value)) in query.iter().enumerate() {
        let sign = if number == 0 { '?' } else { '&' };
        url.push(sign);
        url.push_str(name);
        url.push('=');
        url.push_str(&escaped(value, b""));
    }
    Url::parse(&url).map_err(generic)
}

/// An answer that gives what was asked for, as far as its head tells.
pub(super) async fn good(asked: Asked, answer: HttpResponse) -> Result<HttpResponse, HttpError> {
    let (head, body) = answer.into_parts();
    if gives(asked, head.status, &head.headers) {
        return Ok(HttpResponse::from_parts(head, body));
    }
    // Whoever sent the request has noted what it carried.
    let secrets = Secrets::of_texts(&[]).and(head.extensions.get());
    let body = beginning(body).await;
    let refusal = Refusal::of(asked, head.status, &head.headers, &body, &secrets);
    let refusal = match head.extensions.get::<Renewed>() {
        Some(_) => refusal.of_every_token(),
        None => refusal,
    };
    let kind = if refusal.may_pass() {
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Unknown
    };
    Err(HttpError::new(kind, refusal))
}

/// Whether an answer with this head gives what was asked for. What something on the way answers well with gives nothing.
fn gives(asked: Asked, status: StatusCode, headers: &HeaderMap) -> bool {
    let status = status.as_u16();
    let is_told_by_tag = || headers.contains_key(reqwest::header::ETAG);
    match asked {
        // What it brings shows whether it is what was asked for.
        Asked::List | Asked::Info | Asked::Manifest => matches!(status, 200 | 204),
        Asked::Container => matches!(status, 200 | 204) && is_signed(headers),
        Asked::Facts => matches!(status, 200 | 204) && (is_signed(headers) || is_told_by_tag()),
        Asked::Read => matches!(status, 200 | 206) && (is_signed(headers) || is_told_by_tag()),
        // Another status, 202, says that something newer lies there.
        Asked::Put { .. } | Asked::Assemble | Asked::Copy => {
            matches!(status, 200 | 201) && is_told_by_tag()
        }
        Asked::Delete => {
            let is_empty = || headers.get(CONTENT_LENGTH).is_none_or(|it| it == "0");
            status == 204 || (matches!(status, 200 | 202) && (is_signed(headers) || is_empty()))
        }
    }
}

/// The headers of a request that puts so many bytes.
pub(super) fn of_put(size_bytes: u64) -> [(HeaderName, HeaderValue); 2] {
    let content = HeaderValue::from_static("application/octet-stream");
    [
        (CONTENT_LENGTH, HeaderValue::from(size_bytes)),
        (reqwest::header::CONTENT_TYPE, content),
    ]
}

/// Whether the answer tells that what is there has that MD5.
pub(super) fn is_what_was_put(headers: &HeaderMap, md5: &str) -> Result<(), HttpError> {
    let tag = Facts::read(headers).tag;
    if tag.is_some_and(|tag| tag.hash == md5) {
        Ok(())
    } else {
        Err(Fault::OtherBytes.passing())
    }
}

/// Whether the service says that there is no such object.
pub(super) fn is_absent(err: &object_store::Error) -> bool {
    meaning::kind(err) == Some(error::Kind::NotFound)
}

/// Whether somebody says so, and nothing shows that it is the service.
pub(super) fn is_unsigned_absence(err: &object_store::Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(Refusal::is_unsigned_absence)
}

fn is_of_the_question(err: &object_store::Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(Refusal::is_of_the_question)
}
