//! What the service is asked: pages of listings, facts of objects, objects and parts of them, and to put and delete them.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use object_store::path::Path;
use object_store::{Extensions, GetRange, GetResult, PutPayload};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RANGE};
use reqwest::{Method, Url};
use tokio::sync::OnceCell;

use super::asked::Asked;
use super::digests::{Digests, insert};
use super::fault::{Fault, generic};
use super::machine::Machine;
use super::object::{Facts, MEMBERS};
use super::page;
use super::read;
use super::refusal::Refusal;
use crate::block::Likeness;
use crate::bucket::pages::{Next, Page, Place};
use crate::bucket::storage_class::StorageClasses;
use crate::bucket::store::Once;
use crate::causes;
use crate::http::ask::{self, Request};
use crate::http::{percent, range};

/// What objects are, as far as anybody else is concerned.
pub(super) const CONTENT: &str = "application/octet-stream";

/// So many denials of a bucket in a row, to who writes into it, may be in passing.
const DENIALS_IN_PASSING: u32 = 3;

/// Asks for one bucket.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) server: ask::Asker,
    pub(super) base: Base,
    pub(super) bucket: String,
    /// Where all buckets of a tenancy are; it is asked for once.
    pub(super) namespace: Arc<OnceCell<String>>,
    /// How often in a row the bucket was denied to who wrote into it, and could be listed.
    pub(super) denials: Arc<AtomicU32>,
    /// In which classes objects are put.
    pub(super) classes: StorageClasses,
    /// How often a request is repeated whose failure may pass.
    pub(super) retries: u32,
    /// The least that lies between two tries.
    pub(super) interval: Duration,
}

/// Scheme, host and port of the service, without a slash at the end.
#[derive(Debug, Clone)]
pub(super) enum Base {
    Known(String),
    /// That of the machine's region, which is asked for.
    OfMachine(Arc<Machine>),
}

impl Asker {
    async fn base(&self) -> object_store::Result<&str> {
        match &self.base {
            Base::Known(base) => Ok(base),
            Base::OfMachine(machine) => {
                let endpoint = machine.endpoint().await.map_err(generic)?;
                Ok(endpoint.base())
            }
        }
    }

    /// The namespace of whoever asks.
    async fn namespace(&self) -> object_store::Result<&str> {
        let asking = async || {
            let url = Url::parse(&format!("{}/n", self.base().await?)).map_err(generic)?;
            let request = self.request(Method::GET, url, Asked::Namespace);
            let read = |_: &HeaderMap, body: &[u8]| {
                let name: Option<String> = serde_json::from_slice(body).ok();
                let is_one = |name: &String| {
                    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                    !name.is_empty() && name.chars().all(is_plain)
                };
                name.filter(is_one)
                    .ok_or_else(|| Fault::NoNamespace.passing())
            };
            self.server.ask(&request, read).await
        };
        let known = self.namespace.get_or_try_init(asking).await;
        known.map(String::as_str)
    }

    /// One page of a listing, whole or not at all.
    pub(super) async fn page(&self, place: &Place) -> object_store::Result<Page> {
        let mut query = vec![("prefix", place.prefix.as_str()), ("fields", MEMBERS)];
        query.extend(place.delimiter.map(|delimiter| ("delimiter", delimiter)));
        let at_most = place.at_most.map(|names| names.to_string());
        query.extend(at_most.as_deref().map(|names| ("limit", names)));
        let after = match &place.next {
            Some(Next::After(name)) => Some(name.as_str()),
            _ => place.after.as_deref(),
        };
        let start = match &place.next {
            Some(Next::Token(name)) => Some(name.as_str()),
            _ => after,
        };
        query.extend(start.map(|name| ("start", name)));
        let url = self.url("/o", &query).await?;
        let request = self.request(Method::GET, url, Asked::List);
        let read = |_: &HeaderMap, body: &[u8]| {
            page::read(body, after, start).map_err(|fault| match fault {
                Fault::NoName => fault.final_one(),
                fault => fault.passing(),
            })
        };
        self.server.ask(&request, read).await
    }

    /// What is known of an object without its being read; of that version where one is named.
    pub(super) async fn facts(
        &self,
        key: &Path,
        etag: Option<&str>,
    ) -> object_store::Result<Facts> {
        let url = self.of_object(key, &[]).await?;
        let mut request = self.request(Method::HEAD, url, Asked::Facts);
        if let Some(etag) = etag {
            insert(&mut request.headers, "if-match", etag)?;
        }
        let read = |headers: &HeaderMap, _: &[u8]| Ok(Facts::of(headers));
        let told = self.server.ask(&request, read).await;
        self.believed(key, told).await
    }

    /// The object or a part of it, of that version where one is named.
    pub(super) async fn read(
        &self,
        key: &Path,
        range: Option<&GetRange>,
        etag: Option<&str>,
        version: Option<&str>,
    ) -> object_store::Result<GetResult> {
        let query: Vec<_> = version.map(|it| ("versionId", it)).into_iter().collect();
        let url = self.of_object(key, &query).await?;
        let mut request = self.request(Method::GET, url, Asked::Read);
        let bounds = range.and_then(|range| match range {
            GetRange::Bounded(range) => Some(range.clone()),
            GetRange::Offset(_) | GetRange::Suffix(_) => None,
        });
        if let Some(range) = range {
            let range = HeaderValue::from_str(&range::asked(range)).map_err(generic)?;
            request.headers.insert(RANGE, range);
        }
        if let Some(etag) = etag {
            insert(&mut request.headers, "if-match", etag)?;
        }
        let take = |answer| std::future::ready(read::got(key, bounds.as_ref(), answer));
        let got = self.server.answer(&request, take).await;
        self.believed(key, got).await
    }

    /// What was answered of an object; an absence that may be a refusal is believed only where a listing shows nothing of that name either.
    pub(super) async fn believed<T>(
        &self,
        key: &Path,
        answered: object_store::Result<T>,
    ) -> object_store::Result<T> {
        if is(&answered, Refusal::is_doubtful_absence) && self.lists(key).await? {
            return Err(generic(Fault::Denied));
        }
        answered
    }

    /// What was answered to who writes something: a bucket that is said to be gone is gone only where nothing can be listed there. Denied so again and
    /// again, whoever writes lacks a right to.
    pub(super) async fn believed_of_bucket<T>(
        &self,
        asked: Asked,
        answered: object_store::Result<T>,
    ) -> object_store::Result<T> {
        if !is(&answered, Refusal::is_doubtful_end) {
            if answered.is_ok() {
                self.denials.store(0, Ordering::Relaxed);
            }
            return answered;
        }
        self.page(&Place::first_of("")).await?;
        let before = self.denials.fetch_add(1, Ordering::Relaxed);
        Err(generic(if before < DENIALS_IN_PASSING {
            Fault::NoWritingYet
        } else {
            Fault::NoWriting(asked.right())
        }))
    }

    /// What was answered to who asked about the bucket itself, which takes a right that listings do not: what is denied where something can be listed is
    /// there, and may not be seen.
    pub(super) async fn believed_about_bucket<T>(
        &self,
        answered: object_store::Result<T>,
    ) -> object_store::Result<T> {
        let is_denied =
            is(&answered, Refusal::is_doubtful_end) || is(&answered, Refusal::is_doubtful_absence);
        if is_denied && self.page(&Place::first_of("")).await.is_ok() {
            return Err(generic(Fault::NoSeeing));
        }
        answered
    }

    /// Whether a listing shows an object of that very name, which comes before all others that begin with it.
    async fn lists(&self, key: &Path) -> object_store::Result<bool> {
        let place = Place::first_of(key.as_ref());
        let entries = self.page(&place).await?.entries;
        Ok(entries.iter().any(|entry| entry.key == key.as_ref()))
    }

    /// Puts an object, with digests which the service verifies before it shows it.
    pub(super) async fn put(
        &self,
        key: &Path,
        payload: PutPayload,
        create: bool,
        extensions: Extensions,
    ) -> object_store::Result<Facts> {
        let url = self.of_object(key, &[]).await?;
        let mut request = self.request(Method::PUT, url, Asked::Put { create });
        request.extensions.extend(extensions);
        let digests = Digests::of(&payload);
        digests.add_to(&mut request.headers)?;
        let kind = HeaderValue::from_static(CONTENT);
        request.headers.insert(CONTENT_TYPE, kind);
        if create {
            insert(&mut request.headers, "if-none-match", "*")?;
        }
        if let Some(tier) = self.classes.of(key.as_ref()) {
            insert(&mut request.headers, "storage-tier", tier)?;
        }
        request.body = payload;
        if create || request.extensions.get::<Once>().is_some() {
            // Whether it is there after a failure, whoever asked finds out.
            request.retries = 0;
        }
        let taken = |headers: &HeaderMap, _: &[u8]| {
            let there = Facts::of(headers);
            if there.digests.likeness(digests.fingerprint()) == Likeness::Differing {
                Err(Fault::OtherBytes.passing())
            } else {
                Ok(there)
            }
        };
        let put = self.server.ask(&request, taken).await;
        self.believed_of_bucket(Asked::Put { create }, put).await
    }

    /// Deletes an object.
    pub(super) async fn delete(&self, key: &Path, retries: u32) -> object_store::Result<()> {
        let url = self.of_object(key, &[]).await?;
        let mut request = self.request(Method::DELETE, url, Asked::Delete);
        request.retries = retries;
        let deleted = self.server.ask(&request, |_, _| Ok(())).await;
        let deleted = self.believed_of_bucket(Asked::Delete, deleted).await;
        self.believed(key, deleted).await
    }

    pub(super) fn request(&self, method: Method, url: Url, asked: Asked) -> Request {
        let mut request = Request::new(method, url, self.retries);
        request.extensions.insert(asked);
        request.interval = self.interval;
        request
    }

    /// The address of an object.
    pub(super) async fn of_object(
        &self,
        key: &Path,
        query: &[(&str, &str)],
    ) -> object_store::Result<Url> {
        let rest = format!("/o/{}", escaped(key.as_ref()));
        self.url(&rest, query).await
    }

    /// An address in the bucket: what follows it, and a query.
    pub(super) async fn url(
        &self,
        rest: &str,
        query: &[(&str, &str)],
    ) -> object_store::Result<Url> {
        let namespace = escaped(self.namespace().await?);
        let bucket = escaped(&self.bucket);
        let base = self.base().await?;
        let mut url = format!("{base}/n/{namespace}/b/{bucket}{rest}");
        for (number, (name, value)) in query.iter().enumerate() {
            let sign = if number == 0 { '?' } else { '&' };
            // Writing to a string never fails.
            let _ = write!(url, "{sign}{name}={}", escaped(value));
        }
        Url::parse(&url).map_err(generic)
    }
}

/// A name or a value as it stands in an address: every byte but those that never mean anything.
pub(super) fn escaped(text: &str) -> String {
    percent::escaped(text, b"")
}

/// Whether a request was refused so.
pub(super) fn is<T>(answered: &object_store::Result<T>, so: fn(&Refusal) -> bool) -> bool {
    let err = answered.as_ref().err();
    err.is_some_and(|err| causes::first::<Refusal>(err).is_some_and(so))
}
