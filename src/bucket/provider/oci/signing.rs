//! The last that happens to a request before it goes out: every try is signed anew, so that none is too old. Objects and parts go with digests of their
//! own, and their bodies are not signed; other bodies are.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use reqwest::StatusCode;
use tracing::debug;

use super::asked::{Asked, CARRIERS};
use super::config::{Key, KeyId};
use super::fault::Fault;
use super::machine::{Failure, Machine};
use super::signature::{self, Signed};
use crate::environment::Secret;
use crate::http::secrets::Secrets;
use crate::small_file;

/// A client that signs requests.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) inner: HttpClient,
    pub(super) signer: Signer,
}

/// Who signs.
#[derive(Debug)]
pub(super) enum Signer {
    /// By this key, which the service calls so.
    Key(Key, String),
    /// By this key, which a token vouches for that stands in a file, and is written anew before it expires.
    Session(Key, String),
    /// By the keys that a machine gets for a while.
    Machine(Arc<Machine>),
}

impl Signer {
    /// By a user's key.
    pub(super) fn of(key: &Key, tenancy: &str, id: &KeyId) -> Self {
        match id {
            KeyId::OfUser { user, fingerprint } => {
                Signer::Key(key.clone(), format!("{tenancy}/{user}/{fingerprint}"))
            }
            KeyId::TokenFile(path) => Signer::Session(key.clone(), path.clone()),
        }
    }

    /// The key of the moment, and what the service calls it.
    async fn key(&self) -> Result<(Key, String), HttpError> {
        let of_token = |token: &str| format!("ST${}", token.trim());
        match self {
            Signer::Key(key, id) => Ok((key.clone(), id.clone())),
            Signer::Session(key, path) => match small_file::text(path).await {
                Ok(token) => Ok((key.clone(), of_token(&token))),
                Err(_) => Err(Fault::NoToken.final_one()),
            },
            Signer::Machine(machine) => {
                let (key, token) = machine.session().await.map_err(Failure::of_request)?;
                Ok((key, of_token(&token)))
            }
        }
    }
}

#[async_trait]
impl HttpService for Signing {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Signer::Machine(machine) = &self.signer else {
            return self.send(request).await.map(|(answer, _)| answer);
        };
        let again = request.clone();
        let (answer, id) = self.send(request).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        debug!("a session was refused; another is asked for");
        machine.forget(&id);
        self.send(again).await.map(|(answer, _)| answer)
    }
}

impl Signing {
    /// Sends it, and tells by whom it was signed. The answer gets the request's secrets as an extension, so that they can be hidden in messages.
    async fn send(&self, mut request: HttpRequest) -> Result<(HttpResponse, String), HttpError> {
        let asked = request.extensions().get::<Asked>().copied();
        let is_object = asked.is_some_and(Asked::brings_an_object);
        let has_body = !is_object && matches!(request.method().as_str(), "PUT" | "POST");
        let signed = if has_body { Signed::Body } else { Signed::Head };
        let (key, id) = self.signer.key().await?;
        signature::add_to(&mut request, signed, &key, &id)?;
        let secrets = Secrets::of(&request, &[Secret::new(id.clone())], &CARRIERS);
        let mut answer = self.inner.execute(request).await?;
        answer.extensions_mut().insert(secrets);
        Ok((answer, id))
    }
}
