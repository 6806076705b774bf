//! How whoever gives tokens is asked, and why none is given.

use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpRequestBody};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use tokio::time::timeout;

use super::token::Failure;
use crate::causes;
use crate::environment::Secret;
use crate::http::body::whole;
use crate::http::date;
use crate::http::secrets::Secrets;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is read of one: catalogues are long.
const LONGEST: usize = 4 << 20;

/// What is quoted of one.
const QUOTED: usize = 200;

/// Whoever gives a token gives it for so long at least.
const SHORTEST_LIFE_SECS: u64 = 1;

/// A good answer.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A request that posts a document.
pub(super) fn document(url: &Url, document: &serde_json::Value) -> HttpRequest {
    let mut request = HttpRequest::new(HttpRequestBody::from(document.to_string()));
    *request.method_mut() = Method::POST;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json.clone());
    request.headers_mut().insert(ACCEPT, json);
    direct(&mut request, url);
    request
}

/// Directs a request there.
pub(super) fn direct(request: &mut HttpRequest, url: &Url) {
    if let Ok(uri) = url.as_str().parse() {
        *request.uri_mut() = uri;
    }
}

/// That address, with what follows it.
pub(super) fn below(url: &Url, rest: &str) -> Url {
    let text = format!("{}/{rest}", url.as_str().trim_end_matches('/'));
    Url::parse(&text).unwrap_or_else(|_| url.clone())
}

/// Asks, and tells of a good answer.
pub(super) async fn ask(
    network: &HttpClient,
    request: HttpRequest,
    url: &Url,
    secrets: &[&Secret],
) -> Result<Answer, (u16, Failure)> {
    let asked = async {
        let (head, body) = network.execute(request).await?.into_parts();
        Ok::<_, HttpError>((
            head.status.as_u16(),
            head.headers,
            whole(body, LONGEST).await?,
        ))
    };
    let Ok(answered) = timeout(PATIENCE, asked).await else {
        let why = format!(
            "no answer came from {url} in {} seconds",
            PATIENCE.as_secs()
        );
        return Err((0, Failure::passing(why)));
    };
    let (status, headers, body) = answered.map_err(|err| {
        let why = format!("no answer came from {url}: {}", causes::deepest(&err));
        (0, Failure::passing(why))
    })?;
    if (200..300).contains(&status) {
        return Ok(Answer { headers, body });
    }
    let secrets: Vec<Secret> = secrets.iter().copied().cloned().collect();
    let said = said(&body).map(|said| Secrets::of_texts(&secrets).hidden_in(&said));
    let said: Option<String> = said.map(|said| said.chars().take(QUOTED).collect());
    Err((status, failure(status, url, said)))
}

fn failure(status: u16, url: &Url, said: Option<String>) -> Failure {
    let why = said.map_or(String::new(), |said| format!(": {said}"));
    match status {
        401 => Failure::final_one(format!(
            "{url} does not take the credentials of the configuration (401){why}"
        )),
        403 => Failure::final_one(format!("{url} refuses a token (403){why}")),
        300..=399 | 404 | 405 => Failure::final_one(format!(
            "no tokens are given at {url} ({status}): config.auth_url and config.auth_version are to name who gives them, such as https://keystone.example:5000/v3{why}"
        )),
        408 | 425 | 429 | 498 | 499 | 500.. => {
            Failure::passing(format!("{url} gives no token now ({status}){why}"))
        }
        _ => Failure::final_one(format!("{url} gives no token ({status}){why}")),
    }
}

/// What a refusal says, where it says it as Keystone does, on one line.
fn said(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let members = document.as_object()?;
    // Version 2 of some names the kind of the error in its place.
    let inner = members.get("error").or_else(|| members.values().next())?;
    let message = inner.get("message")?.as_str()?;
    let words: Vec<&str> = message.split_whitespace().collect();
    Some(words.join(" "))
}

/// How long something lives that expires then, by the clock of who says so: this machine's may be wrong.
pub(super) fn life_until(expires: &str, headers: &HeaderMap) -> Option<Duration> {
    let expires: DateTime<Utc> = date::time(expires)?;
    let there = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = there.and_then(date::time).unwrap_or_else(Utc::now);
    let seconds = u64::try_from((expires - now).num_seconds()).unwrap_or_default();
    Some(Duration::from_secs(seconds.max(SHORTEST_LIFE_SECS)))
}
