//! What S3 keeps of deleted objects, where a bucket has versions, or had them once.
//!
//! A deleted object is hidden by a delete marker, and lies below it as it was. Taking the marker away brings it back at once, with its time, its
//! entity tag and its parts, and adds no bytes; nothing that somebody puts meanwhile is touched by it. It wants a right that may be refused, and a
//! marker that is called `null` may be an object by the time it is taken away: then the version is copied onto the name.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::client::{HttpError, HttpErrorKind, HttpResponse};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, Result};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use tracing::debug;

use super::answers::delete_marker;
use super::ask::{Asker, STORE, escaped, escaped_value, generic};
use super::asked::Asked;
use super::class::Archives;
use super::copier::Copier;
use super::customer_key;
use super::dialect::Tagging;
use super::refusal::Refusal;
use super::versions;
use crate::block::Fingerprint;
use crate::bucket::copier::{Copier as _, Original};
use crate::bucket::history::{self, HistoryPage, Lost, Next, Way};
use crate::causes;
use crate::environment::Secret;
use crate::error::Kind;
use crate::http::ask::Request;
use crate::http::body::whole;

/// The versions of one bucket.
#[derive(Debug)]
pub(super) struct History {
    /// Begins and ends uploads.
    pub(super) client: Arc<AmazonS3>,
    pub(super) asker: Asker,
    /// The bucket's name, where it is known.
    pub(super) bucket: Option<String>,
    /// The customer's key, in base64.
    pub(super) customer_key: Option<Secret>,
}

/// The name of a version that has none: another one may have it by the next moment.
const NO_NAME: &str = "null";

/// The size of the parts in which what is too large for one request is copied.
const PART_BYTES: u64 = 1 << 30;

/// What was listed as saying that an object is deleted is an object.
#[derive(Debug)]
struct NoDeletion(String);

impl fmt::Display for NoDeletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(version) = self;
        write!(
            f,
            "version {version} was listed as a delete marker, and is none"
        )
    }
}

impl std::error::Error for NoDeletion {}

#[async_trait]
impl history::History for History {
    async fn page(&self, below: Option<&Path>, next: Option<&Next>) -> Result<HistoryPage> {
        let prefix = below.map_or_else(String::new, |path| format!("{path}/"));
        let mut query = vec![("versions", ""), ("prefix", prefix.as_str())];
        query.extend(self.asker.spelled());
        query.extend(next.map(|next| ("key-marker", next.token.as_str())));
        let version = next.and_then(|next| next.version.as_deref());
        query.extend(version.map(|version| ("version-id-marker", version)));
        let url = self.asker.asked_with(&query)?;
        let mut request = Request::new(Method::GET, url, self.asker.retries);
        if self.asker.archives == Archives::Amazons {
            let restored = HeaderValue::from_static("RestoreStatus");
            request
                .headers
                .insert("x-amz-optional-object-attributes", restored);
        }
        request.extensions.insert(Asked::List);
        let read = |_: &HeaderMap, body: &[u8]| {
            versions::read(body, next, self.asker.archives)
                .map_err(|fault| HttpError::new(HttpErrorKind::Unknown, fault))
        };
        self.asker.server.ask(&request, read).await
    }

    async fn read(&self, key: &Path, version: &str, size_bytes: u64) -> Result<Bytes> {
        let mut request = self.request(Method::GET, key, Some(version))?;
        if let Some(key) = &self.customer_key {
            customer_key::add(&mut request.headers, "x-amz-", key)?;
        }
        let most = usize::try_from(size_bytes).unwrap_or(usize::MAX);
        let take = |answer: HttpResponse| async move { whole(answer.into_body(), most).await };
        self.asker
            .server
            .answer(&request, take)
            .await
            .map(Bytes::from)
    }

    async fn bring_back(&self, key: &Path, lost: &Lost) -> Result<Way> {
        let markers: Option<Vec<&str>> = lost.hidden_by.iter().map(Option::as_deref).collect();
        let markers = markers.filter(|all| !all.is_empty() && !all.contains(&NO_NAME));
        if let Some(markers) = markers {
            match self.uncover(key, &markers).await {
                Err(err) if kind(&err) == Some(Kind::Refused) => {
                    debug!(object = %key, %err, "no delete marker may be taken away: the version is copied");
                }
                Ok(false) => {
                    debug!(object = %key, "a delete marker that was listed does not show itself: the version is copied where nothing lies there");
                }
                uncovered => return uncovered.map(|_| Way::Uncovered),
            }
        }
        self.copy(key, lost).await.map(|()| Way::Copied)
    }
}

impl History {
    fn request(&self, method: Method, key: &Path, version: Option<&str>) -> Result<Request> {
        let mut url = format!("{}/{}", self.asker.bucket, escaped(key));
        if let Some(version) = version {
            // Writing to a string never fails.
            let _ = write!(url, "?versionId={}", escaped_value(version));
        }
        let url = Url::parse(&url).map_err(generic)?;
        Ok(Request::new(method, url, self.asker.retries))
    }

    /// Takes the markers away, each once it has said itself that it is one. Whether all of them did: somebody else may have taken one away, and some
    /// services say of every marker that it is not there, or that nobody reads it, and not what it is.
    async fn uncover(&self, key: &Path, markers: &[&str]) -> Result<bool> {
        let mut all_found = true;
        for marker in markers {
            let mut request = self.request(Method::HEAD, key, Some(marker))?;
            request.extensions.insert(Asked::Deletion);
            let is_one = |headers: &HeaderMap, _: &[u8]| {
                let told = delete_marker(headers);
                Ok(told.is_some_and(|told| told.as_bytes().eq_ignore_ascii_case(b"true")))
            };
            match self.asker.server.ask(&request, is_one).await {
                Ok(true) => {}
                Ok(false) => return Err(generic(NoDeletion((*marker).to_owned()))),
                Err(err) if kind(&err) == Some(Kind::NotFound) || is_unsaid(&err) => {
                    all_found = false;
                    continue;
                }
                Err(err) => return Err(err),
            }
            let request = self.request(Method::DELETE, key, Some(marker))?;
            self.asker.server.ask(&request, |_, _| Ok(())).await?;
        }
        Ok(all_found)
    }

    /// Copies the version onto the name, under which nothing lies.
    async fn copy(&self, key: &Path, lost: &Lost) -> Result<()> {
        let there = || Error::AlreadyExists {
            path: key.to_string(),
            source: "something lies there by now".into(),
        };
        match self.client.head(key).await {
            Ok(_) => return Err(there()),
            Err(err) if is_missing(&err) => {}
            Err(err) => return Err(err),
        }
        let unable = |why: &str| Error::NotImplemented {
            operation: format!("copy a version of {key}, of which {why}"),
            implementer: STORE.to_owned(),
        };
        let bucket = self.bucket.clone();
        let copier = Copier {
            target: Arc::clone(&self.client),
            asker: self.asker.clone(),
            source_bucket: bucket.ok_or_else(|| unable("the bucket's name is not told"))?,
            version: Some(lost.version.clone()),
            source_key: self.customer_key.clone(),
            target_key: self.customer_key.clone(),
            knows_no_tags: Arc::new((self.asker.dialect.tagging == Tagging::Unknown).into()),
        };
        let etag = lost.etag.clone();
        let etag = etag.ok_or_else(|| unable("no entity tag is told"))?;
        let original = Original {
            key: key.clone(),
            size_bytes: lost.size_bytes,
            etag,
            fingerprint: Fingerprint::UNKNOWN,
        };
        if lost.size_bytes <= copier.largest_bytes() {
            return copier.copy(&original, key).await;
        }
        if !copier.copies(lost.size_bytes) {
            return Err(unable("nobody tells that the service copies so much"));
        }
        let upload = copier.assemble(key).await?;
        let putting = async {
            let mut parts = Vec::new();
            let starts = (0..lost.size_bytes.div_ceil(PART_BYTES)).map(|part| part * PART_BYTES);
            for (number, start) in starts.enumerate() {
                let end = lost.size_bytes.min(start + PART_BYTES);
                parts.push(upload.copy_part(number, &original, start..end).await?);
            }
            upload.complete(parts).await
        };
        let put = putting.await;
        if put.is_err() {
            // The first error tells more.
            let _ = upload.abort().await;
        }
        put
    }
}

fn kind(err: &Error) -> Option<Kind> {
    causes::first::<Refusal>(err).map(Refusal::kind)
}

fn is_unsaid(err: &Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(Refusal::is_of_the_method)
}

fn is_missing(err: &Error) -> bool {
    matches!(err, Error::NotFound { .. }) || kind(err) == Some(Kind::NotFound)
}
