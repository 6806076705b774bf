//! The last that happens to a request before it goes out: it gets the headers that the configuration asks for, goes to where the bucket is,
//! and is signed. Each try is signed anew, so that none is too old.

use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::Utc;
use http_body::Body as _;
use md5::Md5;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpService,
};
use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue, IF_NONE_MATCH};
use sha2::{Digest as _, Sha256};
use tokio::sync::RwLock;

use super::asked::CARRIERS;
use super::config::{STORAGE_CLASS, Signatures, Trace};
use super::credentials::{Giver, Unfit, unavailable};
use super::endpoint::{Endpoint, Lookup};
use super::region::{self, Region, Told};
use super::{trace, version2};
use crate::bucket::storage_class::StorageClasses;
use crate::bucket::values;
use crate::http::late_body::Streamed;
use crate::http::secrets::Secrets;

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// A client that signs requests.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) inner: HttpClient,
    /// Without them requests are anonymous.
    pub(super) credentials: Option<Arc<dyn Giver>>,
    pub(super) place: Place,
    /// What goes along with every object that is put.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// What has an object put only where there is none, in the place of `If-None-Match`.
    pub(super) create: Option<(HeaderName, HeaderValue)>,
    /// In which classes objects are put; these count before one among the headers.
    pub(super) classes: StorageClasses,
    /// Whether what is put is accompanied by its MD5.
    pub(super) content_md5: bool,
    pub(super) version: Signatures,
    pub(super) trace: Trace,
}

/// Where the bucket is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) endpoint: Endpoint,
    pub(super) bucket: String,
    pub(super) lookup: Lookup,
    pub(super) dualstack: bool,
    pub(super) region: Region,
    /// The region that is tried first where nobody knows it.
    pub(super) likely: String,
}

/// What a request puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Puts {
    /// A whole object.
    Object,
    /// A whole object that is copied from the same service.
    Copy,
    /// The beginning of one that comes in parts.
    Upload,
    Part,
    Nothing,
}

#[async_trait]
impl HttpService for Signing {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.complete(&mut request).await?;
        let told = match &self.place.region {
            Region::Known(region) => return self.send(request, region).await,
            Region::Told(told) => told,
        };
        let mut known = told.read().await.clone();
        if known.is_none() && self.place.endpoint.is_amazon() {
            // Each region has an address of its own there, and the wrong one sends elsewhere.
            match self.ask(told).await? {
                Told::Region(region) => known = Some(region),
                Told::NotNow(answer) => return Ok(answer),
            }
        }
        let is_guess = known.is_none();
        let region = known.unwrap_or_else(|| self.place.likely.clone());
        let again = request.clone();
        let answer = self.send(request, &region).await?;
        if !matches!(answer.status().as_u16(), 400 | 403) {
            if is_guess {
                told.write().await.get_or_insert(region);
            }
            return Ok(answer);
        }
        let (mut named, answer) = region::of_refusal(answer).await;
        if let Some(named) = &named {
            *told.write().await = Some(named.clone());
        } else if is_guess && let Ok(Told::Region(asked)) = self.ask(told).await {
            named = Some(asked);
        }
        match named {
            Some(named) if named != region => self.send(again, &named).await,
            _ => Ok(answer),
        }
    }
}

impl Signing {
    /// Adds what does not depend on who signs.
    async fn complete(&self, request: &mut HttpRequest) -> Result<(), HttpError> {
        let puts = puts(request);
        if let Some((name, value)) = &self.create
            && request.headers_mut().remove(IF_NONE_MATCH).is_some()
        {
            request.headers_mut().insert(name, value.clone());
        }
        if matches!(puts, Puts::Object | Puts::Copy | Puts::Upload) {
            for (name, value) in &self.headers {
                request.headers_mut().insert(name, value.clone());
            }
            if let Some(class) = self.classes.of(request.uri().path()) {
                let class = HeaderValue::from_str(class).map_err(unknown)?;
                let name = HeaderName::from_static(STORAGE_CLASS);
                request.headers_mut().insert(name, class);
            }
        }
        let streamed = request.extensions().get::<Streamed>().cloned();
        if let Some(streamed) = &streamed {
            let size = HeaderValue::from(streamed.0.size_bytes());
            request.headers_mut().insert(CONTENT_LENGTH, size);
        }
        if self.content_md5 && matches!(puts, Puts::Object | Puts::Part) {
            let digest = if let Some(streamed) = &streamed {
                streamed.0.md5().await?
            } else {
                let mut digest = Md5::new();
                pieces(request.body()).for_each(|piece| digest.update(piece));
                digest.finalize().into()
            };
            let digest = STANDARD.encode(digest);
            if let Ok(digest) = HeaderValue::from_str(&digest) {
                request.headers_mut().insert(CONTENT_MD5, digest);
            }
        }
        Ok(())
    }

    /// Signs it for that region. Returns what it was signed with.
    async fn sign(
        &self,
        request: &mut HttpRequest,
        region: &str,
    ) -> Result<Option<Arc<AwsCredential>>, HttpError> {
        let Some(credentials) = &self.credentials else {
            return Ok(None);
        };
        let credential = credentials.get().await.map_err(unavailable)?;
        if let Some(fault) = fault(&credential) {
            return Err(HttpError::new(HttpErrorKind::Unknown, Unfit(fault)));
        }
        if self.version == Signatures::Two {
            let bucket = Some(&*self.place.bucket).filter(|_| self.place.is_virtual_hosted());
            version2::sign(request, &credential, bucket, Utc::now()).map_err(unknown)?;
            return Ok(Some(credential));
        }
        // The signature covers the MD5, where there is one, and with it the body, so that no byte is hashed twice; otherwise it covers the body's own
        // digest. A streamed body over TLS is not covered: it would have to be read twice.
        let streamed = request.extensions().get::<Streamed>().cloned();
        let is_secure = self.place.endpoint.is_secure();
        let has_md5 = request.headers().contains_key(CONTENT_MD5);
        let is_kept = has_md5 || (is_secure && streamed.is_some());
        let digest: Option<[u8; 32]> = match streamed {
            _ if is_kept => None,
            Some(streamed) => Some(streamed.0.sha256().await?),
            None => {
                let mut digest = Sha256::new();
                pieces(request.body()).for_each(|piece| digest.update(piece));
                Some(digest.finalize().into())
            }
        };
        AwsAuthorizer::new(&credential, "s3", region)
            .with_sign_payload(!is_kept)
            .try_authorize(request, digest.as_ref().map(<[u8; 32]>::as_slice))
            .map_err(|err| HttpError::new(HttpErrorKind::Unknown, err))?;
        Ok(Some(credential))
    }

    /// Sends it to the URL of the bucket's region. The answer gets the request's secrets as an extension, so that they can be hidden in messages.
    async fn send(
        &self,
        mut request: HttpRequest,
        region: &str,
    ) -> Result<HttpResponse, HttpError> {
        self.place.direct(&mut request, region)?;
        let again = request.clone();
        let (answer, used) = self.send_as_it_is(request, region).await?;
        let (Some(giver), Some(used)) = (&self.credentials, used) else {
            return Ok(answer);
        };
        let (is_about_credentials, answer) = region::refuses_credentials(answer).await;
        if is_about_credentials && giver.has_others_than(&used).await {
            return Ok(self.send_as_it_is(again, region).await?.0);
        }
        Ok(answer)
    }

    async fn send_as_it_is(
        &self,
        mut request: HttpRequest,
        region: &str,
    ) -> Result<(HttpResponse, Option<Arc<AwsCredential>>), HttpError> {
        let used = self.sign(&mut request, region).await?;
        let secrets = Secrets::of(&request, &[], &CARRIERS);
        let asked = (self.trace == Trace::On).then(|| {
            trace::request(&request, &secrets);
            format!("{} {}", request.method(), request.uri())
        });
        let mut answer = self.inner.execute(request).await?;
        if let Some(asked) = asked {
            trace::answer(&asked, &answer, &secrets);
        }
        answer.extensions_mut().insert(secrets);
        Ok((answer, used))
    }

    /// Asks the server once for the region, whoever wants to know it.
    async fn ask(&self, told: &RwLock<Option<String>>) -> Result<Told, HttpError> {
        let mut told = told.write().await;
        if let Some(region) = &*told {
            return Ok(Told::Region(region.clone()));
        }
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = self.place.url("?location").parse().map_err(unknown)?;
        let (answer, _) = self.send_as_it_is(request, region::DEFAULT).await?;
        let location = region::location(answer, &self.place.likely).await;
        if let Told::Region(region) = &location {
            *told = Some(region.clone());
        }
        Ok(location)
    }
}

impl Place {
    /// The address of the bucket, with what follows.
    pub(super) fn url(&self, rest: &str) -> String {
        self.endpoint.address(self.lookup, &self.bucket, rest)
    }

    fn is_virtual_hosted(&self) -> bool {
        self.endpoint.is_virtual_hosted(self.lookup, &self.bucket)
    }

    /// Gives the request the address of its region, where each has one of its own.
    fn direct(&self, request: &mut HttpRequest, region: &str) -> Result<(), HttpError> {
        let there = self.endpoint.authority_in(region, self.dualstack);
        if there == self.endpoint.authority() {
            return Ok(());
        }
        let host = if self.is_virtual_hosted() {
            format!("{}.{there}", self.bucket)
        } else {
            there
        };
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let url = format!("{}://{host}{path}", self.endpoint.scheme());
        *request.uri_mut() = url.parse().map_err(unknown)?;
        Ok(())
    }
}

fn puts(request: &HttpRequest) -> Puts {
    let has = |name: &str| {
        let mut pairs = request.uri().query().unwrap_or_default().split('&');
        pairs.any(|pair| pair.split('=').next() == Some(name))
    };
    match request.method().as_str() {
        "PUT" if request.headers().contains_key("x-amz-copy-source") => {
            if has("uploadId") {
                Puts::Nothing
            } else {
                Puts::Copy
            }
        }
        "PUT" if has("uploadId") => Puts::Part,
        "PUT" => Puts::Object,
        "POST" if has("uploads") => Puts::Upload,
        _ => Puts::Nothing,
    }
}

/// Credentials come from files, programs and servers, too.
fn fault(credential: &AwsCredential) -> Option<String> {
    let token = credential.token.as_deref().unwrap_or("none");
    [
        ("access key", &*credential.key_id),
        ("session token", token),
    ]
    .into_iter()
    .find_map(|(name, value)| {
        values::fault(value).map(|fault| format!("the {name} that was found {fault}"))
    })
}

/// What the body consists of.
fn pieces(body: &HttpRequestBody) -> impl Iterator<Item = Bytes> + use<> {
    let mut body = body.clone();
    iter::from_fn(move || {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
            _ => None,
        }
    })
}

fn unknown(err: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, err)
}
