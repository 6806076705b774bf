//! A token for whoever another identity provider vouches for: its token is read, and exchanged for one of Google's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::super::config::{External, Subject, SubjectText};
use super::network::Network;
use super::token::{Failure, Token};
use super::{ask, aws, certificate, program};
use crate::environment::Secret;
use crate::small_file;
use crate::small_file::shown_path;

/// Asks the token service, which is spoken to through `service`.
pub(super) async fn token(
    external: &External,
    network: &Network,
    service: &HttpClient,
    scopes: &[&str],
    now: DateTime<Utc>,
) -> Result<Token, Failure> {
    let subject = subject(external, network, now).await?;
    let scope = scopes.join(" ");
    let mut form = vec![
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("audience", external.audience.as_str()),
        ("scope", &scope),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token", subject.expose()),
        ("subject_token_type", &external.subject_token_type),
    ];
    let options = external
        .user_project
        .as_ref()
        .map(|project| serde_json::json!({"userProject": project}).to_string());
    form.extend(options.as_deref().map(|options| ("options", options)));
    let mut request = ask::form(&external.token_url, &form)?;
    let mut secrets = vec![subject.clone()];
    if let Some((id, password)) = &external.client {
        let pair = STANDARD.encode(format!("{id}:{}", password.expose()));
        let value = HeaderValue::from_str(&format!("Basic {pair}"))
            .map_err(|_| Failure::final_one("client_id fits into no header"))?;
        request.headers_mut().insert(AUTHORIZATION, value);
        secrets.extend([password.clone(), Secret::new(pair)]);
    }
    ask::token(service, request, &external.token_url, &secrets).await
}

/// What is found now: it is written anew before it expires.
async fn subject(
    external: &External,
    network: &Network,
    now: DateTime<Utc>,
) -> Result<Secret, Failure> {
    match &external.subject {
        Subject::File(path, text) => {
            let place = format!("the file {}", shown_path(path));
            let found = small_file::text(path)
                .await
                .map_err(|err| Failure::final_one(format!("{place} could not be read: {err}")))?;
            token_in(&found, text, &place)
        }
        Subject::Url(url, headers, text) => {
            let mut request = HttpRequest::new(HttpRequestBody::empty());
            ask::address(&mut request, url)?;
            let unfit =
                || Failure::final_one("credential_source: headers: one fits into no request");
            for (name, value) in headers {
                let name: HeaderName = name.parse().map_err(|_| unfit())?;
                let value = HeaderValue::from_str(value.expose()).map_err(|_| unfit())?;
                request.headers_mut().insert(name, value);
            }
            let secrets: Vec<Secret> = headers.iter().map(|(_, value)| value.clone()).collect();
            let place = ask::shown(url);
            let found = ask::answer(&network.anywhere, request, url, &secrets).await?;
            let found = String::from_utf8(found.body)
                .map_err(|_| Failure::final_one(format!("{place} holds no text")))?;
            token_in(&found, text, &place)
        }
        Subject::Aws(aws) => aws::subject(aws, &external.audience, &network.beside, now).await,
        Subject::Program(program) => program::subject(program, now).await,
        Subject::Certificate(certificate) => certificate::subject(certificate).await,
    }
}

/// The token in what was found at that place.
fn token_in(found: &str, text: &SubjectText, place: &str) -> Result<Secret, Failure> {
    let token = match text {
        SubjectText::Plain => found.trim().to_owned(),
        SubjectText::Member(name) => {
            let document: Option<serde_json::Value> = serde_json::from_str(found).ok();
            let member = document
                .as_ref()
                .and_then(|document| document.get(name)?.as_str());
            let missing = || {
                Failure::final_one(format!(
                    "{place} holds no document with the member that credential_source names"
                ))
            };
            member.ok_or_else(missing)?.to_owned()
        }
    };
    if token.is_empty() {
        // Whoever writes it may be about to.
        return Err(Failure::passing(format!("{place} holds no token")));
    }
    Ok(Secret::new(token))
}
