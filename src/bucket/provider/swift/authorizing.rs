//! The last that happens to a request before it goes out: it gets the token of the day. One that is refused is had anew, once.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use reqwest::header::{HeaderName, HeaderValue};
use tracing::debug;

use super::asked::CARRIERS;
use super::session::{Failure, Session, Sessions};
use crate::bucket::http::secrets::Secrets;

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// A client whose requests prove who they come from.
#[derive(Debug)]
pub(super) struct Authorizing {
    pub(super) inner: HttpClient,
    pub(super) sessions: Arc<Sessions>,
}

#[async_trait]
impl HttpService for Authorizing {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let session = self.sessions.get().await.map_err(Failure::of_request)?;
        let again = request.clone();
        let answer = self.send(request, &session).await?;
        if answer.status().as_u16() != 401 {
            session.taken();
            return Ok(answer);
        }
        let another = self.sessions.after(&session).await;
        match another.map_err(Failure::of_request)? {
            Some(another) => {
                debug!("a token was refused; the request goes out with another");
                let answer = self.send(again, &another).await?;
                if answer.status().as_u16() != 401 {
                    another.taken();
                }
                Ok(answer)
            }
            None => Ok(answer),
        }
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
