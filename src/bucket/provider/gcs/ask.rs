//! What the service is asked: pages of listings, facts of objects, objects and parts of them, and to put, copy and delete them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest as Crc};
use object_store::client::HttpError;
use object_store::path::Path;
use object_store::{Extensions, GetRange, GetResult, PutPayload};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use ulid::Ulid;

use super::asked::Asked;
use super::fault::{Fault, generic};
use super::page;
use super::read;
use super::refusal::Refusal;
use super::resource::{MEMBERS, Resource};
use crate::bucket::pages::{Next, Page, Place};
use crate::bucket::storage_class::StorageClasses;
use crate::bucket::store::Once;
use crate::causes;
use crate::http::ask::{self, Request};
use crate::http::{percent, range};

/// What objects are, as far as anybody else is concerned.
const CONTENT: &str = "application/octet-stream";

/// Asks for one bucket.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) server: ask::Asker,
    /// Scheme, host and port, without a slash at the end.
    pub(super) base: String,
    pub(super) bucket: String,
    /// In which classes objects are put.
    pub(super) classes: StorageClasses,
    /// How often a request is repeated whose failure may pass.
    pub(super) retries: u32,
}

/// A checksum of what passes.
#[derive(Clone)]
pub(super) struct Checksum(Crc);

impl Checksum {
    pub(super) fn new() -> Self {
        Self(Crc::new(CrcAlgorithm::Crc32Iscsi))
    }

    pub(super) fn of<'a>(pieces: impl IntoIterator<Item = &'a Bytes>) -> Self {
        let mut checksum = Self::new();
        pieces.into_iter().for_each(|piece| checksum.update(piece));
        checksum
    }

    pub(super) fn update(&mut self, piece: &Bytes) {
        self.0.update(piece);
    }

    pub(super) fn value(&self) -> u32 {
        // Its 32 bits stand in the lower half.
        u32::try_from(self.0.clone().finalize()).unwrap_or_default()
    }

    /// As the service spells it.
    pub(super) fn spelled(&self) -> String {
        STANDARD.encode(self.value().to_be_bytes())
    }
}

impl Asker {
    /// One page of a listing, whole or not at all.
    pub(super) async fn page(&self, place: &Place) -> object_store::Result<Page> {
        let fields = format!("kind,nextPageToken,prefixes,items({MEMBERS})");
        let mut query = vec![
            ("prefix", place.prefix.as_str()),
            ("projection", "noAcl"),
            ("fields", &fields),
        ];
        query.extend(place.delimiter.map(|delimiter| ("delimiter", delimiter)));
        let at_most = place.at_most.map(|names| names.to_string());
        query.extend(at_most.as_deref().map(|names| ("maxResults", names)));
        let after = match &place.next {
            Some(Next::After(name)) => Some(name.as_str()),
            _ => place.after.as_deref(),
        };
        query.extend(after.map(|name| ("startOffset", name)));
        let token = match &place.next {
            Some(Next::Token(token)) => Some(token.as_str()),
            _ => None,
        };
        query.extend(token.map(|token| ("pageToken", token)));
        let url = self.url("", &self.of_bucket("/o"), &query)?;
        let request = self.request(Method::GET, url, Asked::List);
        let read = |_: &HeaderMap, body: &[u8]| {
            page::read(body, after, token).map_err(|fault| match fault {
                Fault::NoName => fault.final_one(),
                fault => fault.passing(),
            })
        };
        self.server.ask(&request, read).await
    }

    /// What is known of an object without its being read.
    pub(super) async fn facts(&self, key: &Path) -> object_store::Result<Resource> {
        let url = self.url("", &self.of_object(key), &[("fields", MEMBERS)])?;
        let request = self.request(Method::GET, url, Asked::Facts);
        let told = self.server.ask(&request, resource).await;
        self.believed(key, told).await
    }

    /// The object or a part of it, of that version where one is named.
    pub(super) async fn read(
        &self,
        key: &Path,
        range: Option<&GetRange>,
        generation: Option<u64>,
    ) -> object_store::Result<GetResult> {
        let generation = generation.map(|generation| generation.to_string());
        let mut query = vec![("alt", "media")];
        query.extend(generation.as_deref().map(|it| ("ifGenerationMatch", it)));
        let url = self.url("", &self.of_object(key), &query)?;
        let bounds = range.and_then(|range| match range {
            GetRange::Bounded(range) => Some(range.clone()),
            GetRange::Offset(_) | GetRange::Suffix(_) => None,
        });
        let asked = Asked::Read {
            range: bounds.clone(),
        };
        let mut request = self.request(Method::GET, url, asked);
        // What is kept compressed comes as it is kept, and not as something longer.
        let as_it_is = HeaderValue::from_static("gzip");
        request.headers.insert(ACCEPT_ENCODING, as_it_is);
        if let Some(wanted) = range {
            let wanted = HeaderValue::from_str(&range::asked(wanted)).map_err(generic)?;
            request.headers.insert(RANGE, wanted);
        }
        let bounds = bounds.as_ref();
        let take = |answer| read::got(key, bounds, answer);
        let got = self.server.answer(&request, take).await;
        self.believed(key, got).await
    }

    /// What was answered of an object; an absence that the service has not signed is believed only where a listing shows nothing of that name either.
    pub(super) async fn believed<T>(
        &self,
        key: &Path,
        answered: object_store::Result<T>,
    ) -> object_store::Result<T> {
        let is_doubtful = |err: &object_store::Error| {
            causes::first::<Refusal>(err).is_some_and(Refusal::is_unsigned_absence)
        };
        if answered.as_ref().err().is_some_and(is_doubtful) && self.lists(key).await? {
            return Err(generic(Fault::Denied));
        }
        answered
    }

    /// What was answered to who puts something: a bucket that is said to be gone, and not by a signed answer, is gone only where nothing can be listed
    /// there.
    pub(super) async fn believed_of_bucket<T>(
        &self,
        answered: object_store::Result<T>,
    ) -> object_store::Result<T> {
        let is_doubtful = |err: &object_store::Error| {
            causes::first::<Refusal>(err).is_some_and(Refusal::is_unsigned_end)
        };
        if answered.as_ref().err().is_some_and(is_doubtful) {
            self.page(&Place::first_of("")).await?;
            return Err(generic(Fault::Denied));
        }
        answered
    }

    /// Whether a listing shows an object of that very name, which comes before all others that begin with it.
    async fn lists(&self, key: &Path) -> object_store::Result<bool> {
        let place = Place::first_of(key.as_ref());
        let entries = self.page(&place).await?.entries;
        Ok(entries.iter().any(|entry| entry.key == key.as_ref()))
    }

    /// Puts an object, with its checksum, which the service verifies before it shows it.
    pub(super) async fn put(
        &self,
        key: &Path,
        payload: PutPayload,
        create: bool,
        extensions: Extensions,
    ) -> object_store::Result<Resource> {
        let checksum = Checksum::of(payload.iter());
        let size = payload.content_length() as u64;
        let mut about = self.about(key);
        insert(&mut about, "crc32c", checksum.spelled());
        let mut query = vec![("uploadType", "multipart"), ("fields", MEMBERS)];
        if create {
            query.push(("ifGenerationMatch", "0"));
        }
        let url = self.url("/upload", &self.of_bucket("/o"), &query)?;
        let mut request = self.request(Method::POST, url, Asked::Put { create });
        request.extensions.extend(extensions);
        let boundary = format!("thanos-bucket-{}", Ulid::generate());
        let kind = format!("multipart/related; boundary={boundary}");
        let kind = HeaderValue::from_str(&kind).map_err(generic)?;
        request.headers.insert(CONTENT_TYPE, kind);
        let before = format!(
            "--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n{about}\r\n\
             --{boundary}\r\ncontent-type: {CONTENT}\r\n\r\n"
        );
        let behind = format!("\r\n--{boundary}--\r\n");
        let pieces = [Bytes::from(before)].into_iter();
        let pieces = pieces.chain(payload).chain([Bytes::from(behind)]);
        request.body = pieces.collect();
        if create || request.extensions.get::<Once>().is_some() {
            // Whether it is there after a failure, whoever asked finds out.
            request.retries = 0;
        }
        let taken = |headers: &HeaderMap, body: &[u8]| {
            let there = resource(headers, body)?;
            if is_what_was_put(&there, size, checksum.value()) {
                Ok(there)
            } else {
                Err(Fault::OtherBytes.passing())
            }
        };
        let put = self.server.ask(&request, taken).await;
        self.believed_of_bucket(put).await
    }

    /// Deletes an object; the very version where one is named.
    pub(super) async fn delete(
        &self,
        key: &Path,
        generation: Option<u64>,
        retries: u32,
    ) -> object_store::Result<()> {
        let generation = generation.map(|generation| generation.to_string());
        let query: Vec<(&str, &str)> = generation
            .iter()
            .map(|it| ("ifGenerationMatch", it.as_str()))
            .collect();
        let url = self.url("", &self.of_object(key), &query)?;
        let mut request = self.request(Method::DELETE, url, Asked::Delete);
        request.retries = retries;
        let deleted = self.server.ask(&request, |_, _| Ok(())).await;
        self.believed(key, deleted).await
    }

    /// What an object that is put is said to be.
    pub(super) fn about(&self, key: &Path) -> Value {
        let mut about = json!({"name": key.as_ref(), "contentType": CONTENT});
        if let Some(class) = self.classes.of(key.as_ref()) {
            insert(&mut about, "storageClass", class.to_owned());
        }
        about
    }

    pub(super) fn request(&self, method: Method, url: Url, asked: Asked) -> Request {
        let mut request = Request::new(method, url, self.retries);
        request.extensions.insert(asked);
        request
    }

    /// The path of the bucket, and what follows.
    pub(super) fn of_bucket(&self, rest: &str) -> String {
        format!("/storage/v1/b/{}{rest}", escaped(&self.bucket))
    }

    /// The path of an object.
    pub(super) fn of_object(&self, key: &Path) -> String {
        self.of_bucket(&format!("/o/{}", escaped(key.as_ref())))
    }

    /// An address of the service: what comes before the path of its interface, the path, and a query.
    pub(super) fn url(
        &self,
        before: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> object_store::Result<Url> {
        let mut url = format!("{}{before}{path}", self.base);
        for (number, (name, value)) in query.iter().enumerate() {
            let sign = if number == 0 { '?' } else { '&' };
            // Writing to a string never fails.
            let _ = write!(url, "{sign}{name}={}", escaped(value));
        }
        Url::parse(&url).map_err(generic)
    }
}

/// Whether what is there is what was put, as far as is told.
pub(super) fn is_what_was_put(there: &Resource, size_bytes: u64, crc32c: u32) -> bool {
    there.size_bytes() == Some(size_bytes) && there.crc32c().is_none_or(|it| it == crc32c)
}

/// What an answer tells of an object.
pub(super) fn resource(_: &HeaderMap, body: &[u8]) -> Result<Resource, HttpError> {
    Resource::read(body).ok_or_else(|| Fault::NoObject.passing())
}

/// A name or a value as it stands in an address: every byte but those that never mean anything.
pub(super) fn escaped(text: &str) -> String {
    percent::escaped(text, b"")
}

fn insert(document: &mut Value, name: &str, value: String) {
    if let Some(members) = document.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}
