//! The last that happens to a request before it goes out: it gets the token of the day. One that is refused is had anew, once.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tracing::debug;

use super::asked::CARRIERS;
use super::credentials::{Failure, Token, Tokens, bearer};
use crate::http::secrets::Secrets;

const PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// A client whose requests prove who they come from.
#[derive(Debug)]
pub(super) struct Authorizing {
    pub(super) inner: HttpClient,
    pub(super) tokens: Arc<Tokens>,
    /// Who is charged.
    pub(super) quota_project: Option<HeaderValue>,
}

#[async_trait]
impl HttpService for Authorizing {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Some(project) = &self.quota_project {
            request.headers_mut().insert(PROJECT, project.clone());
        }
        let Some(token) = self.token().await? else {
            return self.inner.execute(request).await;
        };
        let again = request.clone();
        let answer = self.send(request, &token).await?;
        if answer.status().as_u16() != 401 {
            return Ok(answer);
        }
        debug!("a token was refused; another is asked for");
        self.tokens.forget(&token).await;
        match self.token().await? {
            Some(token) => self.send(again, &token).await,
            None => Ok(answer),
        }
    }
}

impl Authorizing {
    async fn token(&self) -> Result<Option<Token>, HttpError> {
        self.tokens.get().await.map_err(Failure::of_request)
    }

    /// The answer gets the token as an extension, so that it can be hidden in messages.
    async fn send(
        &self,
        mut request: HttpRequest,
        token: &Token,
    ) -> Result<HttpResponse, HttpError> {
        let value = bearer(token).map_err(Failure::of_request)?;
        request.headers_mut().insert(AUTHORIZATION, value);
        let secrets = Secrets::of(&request, &[token.text().clone()], &CARRIERS);
        let mut answer = self.inner.execute(request).await?;
        answer.extensions_mut().insert(secrets);
        Ok(answer)
    }
}
