//! The last that happens to a request before it goes out: it gets the token of the day. One that is refused is had anew.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use reqwest::header::{HeaderName, HeaderValue};
use tracing::debug;

use super::asked::CARRIERS;
use super::session::{Failure, Session, Sessions};
use crate::http::secrets::Secrets;

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// So often a request goes out once more.
const RENEWALS: u32 = 2;

/// Among the extensions of an answer: the request went out with one new token after the other, and each was refused but perhaps the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renewed;

/// A client whose requests prove who they come from.
#[derive(Debug)]
pub(super) struct Authorizing {
    pub(super) inner: HttpClient,
    pub(super) sessions: Arc<Sessions>,
}

#[async_trait]
impl HttpService for Authorizing {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut session = self.sessions.get().await.map_err(Failure::of_request)?;
        for _ in 0..RENEWALS {
            let answer = self.send(request.clone(), &session).await?;
            if answer.status().as_u16() != 401 {
                self.sessions.taken(&session);
                return Ok(answer);
            }
            let another = self.sessions.after(&session).await;
            match another.map_err(Failure::of_request)? {
                Some(another) => session = another,
                None => return Ok(answer),
            }
            debug!("a token was refused; the request goes out with another");
        }
        let mut answer = self.send(request, &session).await?;
        answer.extensions_mut().insert(Renewed);
        Ok(answer)
    }
}

impl Authorizing {
    /// The answer gets the token as an extension, so that it can be hidden in messages.
    async fn send(
        &self,
        mut request: HttpRequest,
        session: &Session,
    ) -> Result<HttpResponse, HttpError> {
        let token = session.token();
        if let Ok(mut value) = HeaderValue::from_str(token.expose()) {
            value.set_sensitive(true);
            request.headers_mut().insert(TOKEN, value);
        }
        let secrets = Secrets::of(&request, std::slice::from_ref(token), &CARRIERS);
        let mut answer = self.inner.execute(request).await?;
        answer.extensions_mut().insert(secrets);
        Ok(answer)
    }
}
