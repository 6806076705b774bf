//! Tokens of an identity that Azure manages: asked of the machine's own metadata, or of the service that the program runs on.

use std::time::Duration;

use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use super::entra::{Answered, answer};
use super::token::{Failure, RESOURCE, Token};
use crate::environment::Secret;
use crate::http::form;
use crate::http::secrets::Secrets;

/// The metadata of a machine of Azure's.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// How long it is waited for whether anybody answers there, as Azure's client waits.
const PROBE: Duration = Duration::from_secs(1);

/// How long an answer is waited for once somebody does.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is answered. Some answer with texts where others have numbers.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    expires_on: Value,
}

/// Finds out whether the machine has metadata at all.
pub(super) async fn probe(network: &HttpClient) -> Result<(), Failure> {
    let probe = request(METADATA, &[], None)?;
    let answered = answer(network, probe, PROBE).await;
    answered
        .map(drop)
        .map_err(|why| Failure::absence(format!("no managed identity: {why}")))
}

/// Asks for a token. `service` is the address and the header's value of a service that tells them.
pub(super) async fn ask(
    network: &HttpClient,
    client: Option<&str>,
    service: Option<&(String, Option<Secret>)>,
) -> Result<Token, Failure> {
    let asked = "ask for a token of the managed identity";
    let request = question(client, service)?;
    let secret = service.and_then(|(_, secret)| secret.clone());
    let Answered { status, body, now } =
        answer(network, request, PATIENCE)
            .await
            .map_err(|why| Failure {
                passes: true,
                ..Failure::lasting(format!("{asked}: {why}"))
            })?;
    if status == 200 {
        let given: Given = serde_json::from_slice(&body).map_err(|_| Failure {
            // Something else listens there.
            is_absence: service.is_none(),
            ..Failure::lasting(format!("{asked}: the answer is none that Azure gives"))
        })?;
        return match (number(&given.expires_in), number(&given.expires_on)) {
            (Some(life), _) => Token::new(&given.access_token, Duration::from_secs(life)),
            (None, Some(end)) => Token::until(&given.access_token, end, now),
            (None, None) => Err(Failure::lasting(format!(
                "{asked}: the answer does not say when the token expires"
            ))),
        };
    }
    let told = told(&body, secret.as_ref());
    Err(Failure {
        passes: status >= 500 || matches!(status, 404 | 408 | 410 | 429),
        // The machine has no identity of its own, or a proxy answers in its place.
        is_absence: service.is_none() && client.is_none() && matches!(status, 400 | 403),
        ..Failure::lasting(format!("{asked}: status {status}{told}"))
    })
}

fn question(
    client: Option<&str>,
    service: Option<&(String, Option<Secret>)>,
) -> Result<HttpRequest, Failure> {
    match service {
        None => {
            let mut query = vec![("api-version", "2018-02-01"), ("resource", RESOURCE)];
            query.extend(client.map(|client| ("client_id", client)));
            request(METADATA, &query, Some(("metadata", "true")))
        }
        // App Service, Functions and Container Apps, or Azure ML in its older form, which has a secret too.
        Some((url, Some(header))) => {
            let mut query = vec![("api-version", "2019-08-01"), ("resource", RESOURCE)];
            query.extend(client.map(|client| ("client_id", client)));
            let mut made = request(url, &query, Some(("x-identity-header", header.expose())))?;
            // What one does not know it ignores.
            insert(&mut made, "secret", header.expose())?;
            Ok(made)
        }
        // Cloud Shell, whose identity is the user's.
        Some((_, None)) if client.is_some() => Err(Failure::lasting(
            "MSI_ENDPOINT without MSI_SECRET is Cloud Shell's, which knows no user-assigned identity",
        )),
        Some((url, None)) => {
            let pairs = [("resource", RESOURCE)];
            let mut made = request(url, &[], Some(("metadata", "true")))?;
            form::post(&mut made, &pairs);
            Ok(made)
        }
    }
}

fn request(
    url: &str,
    query: &[(&str, &str)],
    header: Option<(&'static str, &str)>,
) -> Result<HttpRequest, Failure> {
    let no_address = || Failure::lasting("the address of the managed identity is none");
    let mut url = reqwest::Url::parse(url).map_err(|_| no_address())?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.uri_mut() = url.as_str().parse().map_err(|_| no_address())?;
    if let Some((name, value)) = header {
        insert(&mut request, name, value)?;
    }
    Ok(request)
}

fn insert(request: &mut HttpRequest, name: &'static str, value: &str) -> Result<(), Failure> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Failure::lasting("no header can hold what IDENTITY_HEADER or MSI_SECRET says")
    })?;
    value.set_sensitive(true);
    let headers = request.headers_mut();
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

fn number(value: &Value) -> Option<u64> {
    let text = value.as_str().and_then(|text| text.trim().parse().ok());
    value.as_u64().or(text)
}

/// What the answer says is wrong.
fn told(body: &[u8], secret: Option<&Secret>) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = ["error", "error_description", "message", "Message"];
    let said: Vec<&str> = words
        .iter()
        .filter_map(|word| said.get(word)?.as_str())
        .collect();
    let text = said
        .iter()
        .fold(String::new(), |text, said| format!("{text}: {said}"));
    let secrets: Vec<Secret> = secret.into_iter().cloned().collect();
    Secrets::of_texts(&secrets).hidden_in(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_numbers_in_either_spelling() {
        for (value, expected) in [
            (json!(3599), Some(3599)),
            (json!("3599"), Some(3599)),
            (json!(" 3599 "), Some(3599)),
            (json!("11/05/2025 15:18:31 +00:00"), None),
            (json!(-1), None),
            (json!(null), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }
}
