//! How services that give tokens are asked, and what their answers say.

use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpRequestBody};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use tokio::time::timeout;

use super::token::{Failure, Token};
use crate::bucket::environment::Secret;
use crate::bucket::http::body::whole;
use crate::bucket::http::form;
use crate::bucket::http::secrets::Secrets;
use crate::causes;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is read of one.
const LONGEST: usize = 64 << 10;

/// What is quoted of one.
const QUOTED: usize = 200;

#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenToAct {
    access_token: String,
    expire_time: String,
}

/// A request that posts a form.
pub(super) fn form(url: &Url, members: &[(&str, &str)]) -> Result<HttpRequest, Failure> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    form::post(&mut request, members);
    address(&mut request, url)?;
    Ok(request)
}

/// A request that posts a document, in the name of the token's owner.
pub(super) fn document(
    url: &Url,
    document: &serde_json::Value,
    token: &Token,
) -> Result<HttpRequest, Failure> {
    let mut request = HttpRequest::new(HttpRequestBody::from(document.to_string()));
    *request.method_mut() = Method::POST;
    let kind = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
    address(&mut request, url)?;
    Ok(request)
}

/// The header by which a request proves itself.
pub(in crate::bucket::provider::gcs) fn bearer(token: &Token) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.text().expose()));
    let mut value =
        value.map_err(|_| Failure::final_one("the token that came fits into no header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Directs a request there.
pub(super) fn address(request: &mut HttpRequest, url: &Url) -> Result<(), Failure> {
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_| Failure::final_one(format!("{} is no address", shown(url))))?;
    Ok(())
}

/// The token that a service of OAuth gives.
pub(super) async fn token(
    network: &HttpClient,
    request: HttpRequest,
    url: &Url,
    secrets: &[Secret],
) -> Result<Token, Failure> {
    let body = answer(network, request, url, secrets).await?;
    let given: Given = serde_json::from_slice(&body).map_err(|_| no_token(url))?;
    if given.expires_in == 0 {
        return Err(no_token(url));
    }
    Token::new(&given.access_token, given.expires_in)
}

/// The token that is given to who acts as somebody else.
pub(super) async fn impersonated_token(
    network: &HttpClient,
    request: HttpRequest,
    url: &Url,
    secrets: &[Secret],
) -> Result<Token, Failure> {
    let body = answer(network, request, url, secrets).await?;
    let given: GivenToAct = serde_json::from_slice(&body).map_err(|_| no_token(url))?;
    let expires = DateTime::parse_from_rfc3339(&given.expire_time).map_err(|_| no_token(url))?;
    let life = expires.to_utc() - Utc::now();
    // A clock that is wrong by more than its life is no reason to do without it.
    let life_secs = u64::try_from(life.num_seconds())
        .unwrap_or_default()
        .max(60);
    Token::new(&given.access_token, life_secs)
}

fn no_token(url: &Url) -> Failure {
    Failure::passing(format!("the answer of {} brings no token", shown(url)))
}

/// The body of a good answer.
pub(super) async fn answer(
    network: &HttpClient,
    request: HttpRequest,
    url: &Url,
    secrets: &[Secret],
) -> Result<Vec<u8>, Failure> {
    let asked = async {
        let (head, body) = network.execute(request).await?.into_parts();
        Ok::<_, HttpError>((head.status.as_u16(), whole(body, LONGEST).await?))
    };
    let server = shown(url);
    let Ok(answered) = timeout(PATIENCE, asked).await else {
        return Err(Failure::passing(format!(
            "no answer came from {server} in {} seconds",
            PATIENCE.as_secs()
        )));
    };
    let (status, body) = answered.map_err(|err| {
        Failure::passing(format!(
            "no answer came from {server}: {}",
            causes::deepest(&err)
        ))
    })?;
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let why = match said(&body) {
        Some(said) => Secrets::of_texts(secrets).hidden_in(&said),
        None => "no reason is given".to_owned(),
    };
    let why: String = why.chars().take(QUOTED).collect();
    Err(Failure {
        why: format!("{server} gives no token ({status}): {why}"),
        passes: matches!(status, 408 | 425 | 429 | 500..),
    })
}

/// What a refusal says, in the form of OAuth or of Google's other services.
fn said(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = |pointer: &str| document.pointer(pointer)?.as_str();
    let said = match (text("/error"), text("/error_description")) {
        (Some(code), Some(words)) => format!("{code}: {words}"),
        (Some(code), None) => code.to_owned(),
        _ => match (text("/error/status"), text("/error/message")) {
            (Some(code), Some(words)) => format!("{code}: {words}"),
            (None, Some(words)) => words.to_owned(),
            _ => return None,
        },
    };
    let words: Vec<&str> = said.split_whitespace().collect();
    Some(words.join(" "))
}

/// An address without its query, which may hold a secret.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    format!(
        "{}://{}{}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default(),
        url.path()
    )
}
