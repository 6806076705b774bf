//! Tokens of Entra's: for a secret, for what Kubernetes says of a pod, or for what a client says of itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::header::{ACCEPT, DATE, HeaderValue};
use serde::Deserialize;
use tokio::time::timeout;

use super::super::config::Principal;
use super::token::{Failure, RESOURCE, Token};
use crate::causes;
use crate::environment::Secret;
use crate::http::body::whole;
use crate::http::date;
use crate::http::form;
use crate::http::secrets::Secrets;
use crate::small_file;

/// What is read of an answer.
const LONGEST: usize = 64 << 10;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks for a token with a secret.
pub(super) async fn by_secret(
    network: &HttpClient,
    principal: &Principal,
    secret: &Secret,
) -> Result<Token, Failure> {
    let proof = [("client_secret", secret.expose())];
    ask(network, principal, &proof, secret).await
}

/// Asks with what is written in a file now: it is written anew before it expires.
pub(super) async fn by_assertion(
    network: &HttpClient,
    principal: &Principal,
    file: &str,
) -> Result<Token, Failure> {
    let assertion = small_file::text(file).await.map_err(|err| {
        Failure::lasting(format!(
            "read the token file that AZURE_FEDERATED_TOKEN_FILE names: {err}"
        ))
    })?;
    by_saying(network, principal, assertion.trim()).await
}

/// Asks with what somebody whom Entra trusts, or the client itself, has signed.
pub(super) async fn by_saying(
    network: &HttpClient,
    principal: &Principal,
    assertion: &str,
) -> Result<Token, Failure> {
    let proof = [
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ];
    let secret = Secret::new(assertion.to_owned());
    ask(network, principal, &proof, &secret).await
}

/// What is answered.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: u64,
}

/// What is answered instead.
#[derive(Deserialize, Default)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

async fn ask(
    network: &HttpClient,
    principal: &Principal,
    proof: &[(&str, &str)],
    secret: &Secret,
) -> Result<Token, Failure> {
    let Principal {
        authority, client, ..
    } = principal;
    let url = principal.token_url();
    let scope = format!("{RESOURCE}/.default");
    let known = [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("scope", &scope),
    ];
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    form::post(&mut request, known.iter().chain(proof));
    *request.uri_mut() = url
        .parse()
        .map_err(|_| Failure::lasting("the address of Entra is none"))?;
    let wanted = HeaderValue::from_static("application/json");
    request.headers_mut().insert(ACCEPT, wanted);
    let Answered { status, body, .. } =
        answer(network, request, PATIENCE)
            .await
            .map_err(|why| Failure {
                passes: true,
                ..Failure::lasting(format!("ask {authority} for a token: {why}"))
            })?;
    if status == 200
        && let Ok(given) = serde_json::from_slice::<Given>(&body)
    {
        return Token::new(&given.access_token, Duration::from_secs(given.expires_in));
    }
    let refused: Option<Refused> = serde_json::from_slice(&body).ok();
    let told = refused.map(|refused| told(&refused, secret));
    Err(Failure {
        // What is no answer of Entra's says nothing of the secret.
        passes: status >= 500 || matches!(status, 408 | 429) || told.is_none(),
        ..Failure::lasting(format!(
            "ask {authority} for a token: status {status}: {}",
            told.as_deref().unwrap_or("the answer is none of Entra's")
        ))
    })
}

/// The first line of what Entra says: what follows helps Microsoft only.
fn told(refused: &Refused, secret: &Secret) -> String {
    let secrets = Secrets::of_texts(std::slice::from_ref(secret));
    let first = refused.error_description.lines().next().unwrap_or_default();
    let first = first.split("Trace ID:").next().unwrap_or_default().trim();
    let text = if first.is_empty() {
        refused.error.clone()
    } else {
        format!("{}: {first}", refused.error)
    };
    secrets.hidden_in(&text)
}

/// What a service answers that gives tokens.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// What time it is there.
    pub(super) now: Option<DateTime<Utc>>,
}

/// What is answered in time.
pub(super) async fn answer(
    network: &HttpClient,
    request: HttpRequest,
    patience: Duration,
) -> Result<Answered, String> {
    let answering = async {
        let answer = network
            .execute(request)
            .await
            .map_err(|err| causes::told(&err))?;
        let status = answer.status().as_u16();
        let date = answer.headers().get(DATE).and_then(|it| it.to_str().ok());
        let now = date.and_then(date::time);
        let body = whole(answer.into_body(), LONGEST).await;
        let body = body.map_err(|err| causes::told(&err))?;
        Ok(Answered { status, body, now })
    };
    timeout(patience, answering)
        .await
        .unwrap_or_else(|_| Err(format!("no answer came for {patience:?}")))
}
