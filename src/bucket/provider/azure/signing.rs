//! The last that happens to a request before it goes out: what is put gets its MD5, and the request what proves the right to it. Each try is signed
//! anew, so that none is too old; a token that is refused is had anew once.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use http_body::Body as _;
use md5::{Digest as _, Md5};
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpService,
};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};

use super::ask::unknown;
use super::asked::{Asked, CARRIERS};
use super::credentials::{AccountKey, Credentials, Failure};
use crate::http::secrets::Secrets;

/// The version of the service that is spoken to. It knows all that is asked for here, and emulators of some age know it.
pub(super) const VERSION: &str = "2022-11-02";

/// A client that signs requests.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) inner: HttpClient,
    pub(super) credentials: Credentials,
}

#[async_trait]
impl HttpService for Signing {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        insert(request.headers_mut(), "x-ms-version", VERSION)?;
        let asked = request.extensions().get::<Asked>().copied();
        if let Some(Asked::Put { .. } | Asked::Block | Asked::Assemble) = asked {
            let digest = STANDARD.encode(md5_of(request.body()));
            insert(request.headers_mut(), "content-md5", &digest)?;
        }
        let Credentials::Tokens(tokens) = &self.credentials else {
            return self.send(request, None).await;
        };
        let again = request.clone();
        let token = tokens.token().await.map_err(unavailable)?;
        let answer = self.send(request, Some(token.value.expose())).await?;
        if !refuses_the_token(&answer) {
            return Ok(answer);
        }
        // It may have been withdrawn, or the clocks differ.
        tokens.forget(&token).await;
        let token = tokens.token().await.map_err(unavailable)?;
        self.send(again, Some(token.value.expose())).await
    }
}

impl Signing {
    /// Sends it. The answer gets the request's secrets as an extension, so that they can be hidden in messages.
    async fn send(
        &self,
        mut request: HttpRequest,
        token: Option<&str>,
    ) -> Result<HttpResponse, HttpError> {
        let now = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        insert(request.headers_mut(), "x-ms-date", &now)?;
        match &self.credentials {
            Credentials::Key(key) => {
                let authorization = authorization(key, &request)?;
                insert(
                    request.headers_mut(),
                    AUTHORIZATION.as_str(),
                    &authorization,
                )?;
            }
            Credentials::Signature(query) => {
                let url = request.uri().to_string();
                let sign = if url.contains('?') { '&' } else { '?' };
                let url = format!("{url}{sign}{}", query.expose());
                *request.uri_mut() = url.parse().map_err(unknown)?;
            }
            Credentials::Tokens(_) => {
                let token = format!("Bearer {}", token.unwrap_or_default());
                insert(request.headers_mut(), AUTHORIZATION.as_str(), &token)?;
            }
        }
        let secrets = Secrets::of(&request, &[], &CARRIERS);
        let mut answer = self.inner.execute(request).await?;
        answer.extensions_mut().insert(secrets);
        Ok(answer)
    }
}

/// What the header `authorization` says of a request.
fn authorization(key: &AccountKey, request: &HttpRequest) -> Result<String, HttpError> {
    let url = Url::parse(&request.uri().to_string()).map_err(unknown)?;
    let text = signed_text(
        request.method().as_str(),
        &url,
        request.headers(),
        &key.account,
    );
    Ok(format!("SharedKey {}:{}", key.account, key.sign(&text)))
}

/// Whether it is the token that is refused, and not what was asked for with it.
fn refuses_the_token(answer: &HttpResponse) -> bool {
    let code = answer.headers().get("x-ms-error-code");
    let is_about_it = code
        .is_some_and(|code| code == "AuthenticationFailed" || code == "InvalidAuthenticationInfo");
    answer.status() == StatusCode::UNAUTHORIZED
        || (answer.status() == StatusCode::FORBIDDEN && is_about_it)
}

/// What is signed of a request: <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>.
fn signed_text(method: &str, url: &Url, headers: &HeaderMap, account: &str) -> String {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut lines = vec![method.to_owned()];
    let named = [
        "content-encoding",
        "content-language",
        "content-length",
        "content-md5",
        "content-type",
        "date",
        "if-modified-since",
        "if-match",
        "if-none-match",
        "if-unmodified-since",
        "range",
    ];
    lines.extend(named.iter().map(|name| match header(name) {
        // No content has no length.
        Some("0") if *name == "content-length" => String::new(),
        value => value.unwrap_or_default().to_owned(),
    }));
    let ours = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-ms-"));
    let ours: BTreeMap<&str, &str> = ours
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default().trim()))
        .collect();
    lines.extend(ours.iter().map(|(name, value)| format!("{name}:{value}")));
    lines.push(format!("/{account}{}", url.path()));
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        let values = query.entry(name.to_lowercase()).or_default();
        values.push(value.into_owned());
    }
    lines.extend(query.into_iter().map(|(name, mut values)| {
        values.sort_unstable();
        format!("{name}:{}", values.join(","))
    }));
    lines.join("\n")
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), HttpError> {
    let name: HeaderName = name.parse().map_err(unknown)?;
    let mut value = HeaderValue::from_str(value).map_err(unknown)?;
    value.set_sensitive(name == AUTHORIZATION);
    headers.insert(name, value);
    Ok(())
}

fn md5_of(body: &HttpRequestBody) -> [u8; 16] {
    let mut body = body.clone();
    let mut digest = Md5::new();
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut context) {
        if let Ok(piece) = frame.into_data() {
            digest.update(piece);
        }
    }
    digest.finalize().into()
}

/// No token, no request. What may pass is repeated.
fn unavailable(failure: Failure) -> HttpError {
    let kind = if failure.passes {
        HttpErrorKind::Connect
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, failure)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn a_request_is_signed_as_azure_describes_it() {
        let headers = [
            ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"),
            ("x-ms-version", "2015-02-21"),
            ("content-length", "0"),
            ("range", "bytes=0-9"),
            ("host", "other"),
        ];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = headers.into_iter().collect();
        let url = Url::parse("https://myaccount.blob.core.windows.net/my%20container?restype=container&comp=list&prefix=a%2Fb").unwrap();
        assert_eq!(
            signed_text("GET", &url, &headers, "myaccount"),
            "GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-9\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
             /myaccount/my%20container\ncomp:list\nprefix:a/b\nrestype:container"
        );
    }
}
