//! How services that give tokens are asked, and what their answers say.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpRequestBody};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use tokio::time::timeout;

use super::token::{Failure, Token};
use crate::causes;
use crate::environment::Secret;
use crate::http::body::whole;
use crate::http::date;
use crate::http::form;
use crate::http::secrets::Secrets;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is read of one.
const LONGEST: usize = 64 << 10;

/// What is quoted of one.
const QUOTED: usize = 200;

/// Whoever gives a token gives it for so long at least.
const SHORTEST_LIFE_SECS: u64 = 60;

/// Clocks that differ by less are no reason for a refusal.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// A good answer.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    /// What time it was by the server's clock.
    date: Option<DateTime<Utc>>,
}

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
    let Answer { body, .. } = answer(network, request, url, secrets).await?;
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
    let Answer { body, date } = answer(network, request, url, secrets).await?;
    let given: GivenToAct = serde_json::from_slice(&body).map_err(|_| no_token(url))?;
    let expires = DateTime::parse_from_rfc3339(&given.expire_time).map_err(|_| no_token(url))?;
    // Both times are the server's: this machine's clock may be wrong.
    let life = expires.to_utc() - date.unwrap_or_else(Utc::now);
    let life_secs = u64::try_from(life.num_seconds()).unwrap_or_default();
    Token::new(&given.access_token, life_secs.max(SHORTEST_LIFE_SECS))
}

fn no_token(url: &Url) -> Failure {
    Failure::passing(format!("the answer of {} brings no token", shown(url)))
}

/// Asks, and tells of a good answer.
pub(super) async fn answer(
    network: &HttpClient,
    request: HttpRequest,
    url: &Url,
    secrets: &[Secret],
) -> Result<Answer, Failure> {
    let asked = async {
        let (head, body) = network.execute(request).await?.into_parts();
        let date = head.headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(date::time);
        let status = head.status.as_u16();
        Ok::<_, HttpError>((status, date, whole(body, LONGEST).await?))
    };
    let server = shown(url);
    let Ok(answered) = timeout(PATIENCE, asked).await else {
        return Err(Failure::passing(format!(
            "no answer came from {server} in {} seconds",
            PATIENCE.as_secs()
        )));
    };
    let (status, date, body) = answered.map_err(|err| {
        Failure::passing(format!(
            "no answer came from {server}: {}",
            causes::deepest(&err)
        ))
    })?;
    if (200..300).contains(&status) {
        return Ok(Answer { body, date });
    }
    let why = match said(&body) {
        Some(said) => Secrets::of_texts(secrets).hidden_in(&said),
        None => "no reason is given".to_owned(),
    };
    let why: String = why.chars().take(QUOTED).collect();
    let now = Utc::now();
    let time_there = date.filter(|date| (*date - now).abs() > SKEW);
    let clocks = match time_there {
        Some(there) => format!(
            " (its clock and this machine's differ by {} seconds)",
            (there - now).num_seconds().abs()
        ),
        None => String::new(),
    };
    Err(Failure {
        why: format!("{server} gives nothing ({status}): {why}{clocks}"),
        passes: matches!(status, 408 | 425 | 429 | 500..),
        time_there,
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

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::time::Instant;

    use async_trait::async_trait;
    use object_store::client::{HttpResponse, HttpResponseBody, HttpService};

    use super::*;

    /// Answers everything so.
    #[derive(Debug)]
    struct Answering(u16, &'static str, String);

    #[async_trait]
    impl HttpService for Answering {
        async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            let mut answer = HttpResponse::new(HttpResponseBody::from(self.2.clone()));
            *answer.status_mut() = self.0.try_into().unwrap();
            answer.headers_mut().insert(DATE, self.1.parse().unwrap());
            Ok(answer)
        }
    }

    const THERE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

    /// S-3.29: years after the server's clock, or before.
    #[tokio::test]
    async fn a_token_lives_as_long_as_it_does_by_the_servers_clock() {
        let url = Url::parse("https://iamcredentials.googleapis.com/v1/a").unwrap();
        for (end, life_secs) in [
            ("2015-10-21T08:28:00Z", 3600),
            ("2015-10-21T07:58:00Z", 1800),
            ("2015-10-21T06:28:00Z", 60),
        ] {
            let body = serde_json::json!({"accessToken": "ya29", "expireTime": end}).to_string();
            let network = HttpClient::new(Answering(200, THERE, body));
            let request = HttpRequest::new(HttpRequestBody::empty());
            let before = Instant::now();
            let token = impersonated_token(&network, request, &url, &[]).await;
            let life = token.unwrap().expires_at - before;
            let off = life.as_secs().abs_diff(life_secs);
            assert!(off < 30, "{end}: {life:?}");
        }
    }

    /// S-3.29
    #[tokio::test]
    async fn a_refusal_tells_of_clocks_that_differ() {
        let url = Url::parse("https://oauth2.googleapis.com/token?a=secret").unwrap();
        let now = Utc::now().to_rfc2822().leak();
        for (date, differs) in [(THERE, true), (now, false)] {
            let body = r#"{"error": "invalid_grant"}"#.to_owned();
            let network = HttpClient::new(Answering(400, date, body));
            let request = HttpRequest::new(HttpRequestBody::empty());
            let failure = token(&network, request, &url, &[]).await.unwrap_err();
            assert_eq!(failure.time_there.is_some(), differs);
            assert_eq!(
                failure.why.contains("this machine's differ by"),
                differs,
                "{}",
                failure.why
            );
            assert!(failure.why.contains("invalid_grant") && !failure.why.contains("secret"));
        }
    }
}
