//! Logs at once that a server cannot be reached or asks for time. Requests are repeated for a while before callers get the error.

use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use reqwest::StatusCode;
use tracing::warn;

use super::quiet::Quiet;
use super::trust;
use crate::causes;

/// Many requests fail together, and one line tells it.
const QUIET: Duration = Duration::from_secs(10);

/// A client that tells of failures that are about to be repeated.
#[derive(Debug)]
pub(crate) struct Reach {
    inner: HttpClient,
    quiet: Quiet,
}

impl Reach {
    pub(crate) fn new(inner: HttpClient) -> Self {
        let quiet = Quiet::new(QUIET);
        Self { inner, quiet }
    }
}

#[async_trait]
impl HttpService for Reach {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // Who is asked, and nothing of what: queries may hold signatures.
        let server = request.uri().authority().map(ToString::to_string);
        let answer = self.inner.execute(request).await;
        let why = match &answer {
            Err(err) => Some(why(err)),
            Ok(answer) if is_about_the_server(answer.status()) => {
                Some(format!("it answers {}", answer.status()))
            }
            Ok(_) => None,
        };
        if let Some(why) = why.filter(|_| self.quiet.may_tell()) {
            let server = server.unwrap_or_default();
            warn!(
                server,
                err = why,
                "no good answer comes from the server; the request may be tried again"
            );
        }
        answer
    }
}

/// The last cause, in words of ours where it is the server's certificate.
fn why(err: &HttpError) -> String {
    let distrust = causes::chain(err).find_map(trust::distrust);
    distrust.map_or_else(|| causes::deepest(err), |(what, _)| what)
}

/// What is not implemented is refused for good, as what is forbidden is.
fn is_about_the_server(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_does_not_implement_is_no_fault_of_its() {
        for (status, expected) in [
            (StatusCode::OK, false),
            (StatusCode::FORBIDDEN, false),
            (StatusCode::TOO_MANY_REQUESTS, true),
            (StatusCode::INTERNAL_SERVER_ERROR, true),
            (StatusCode::NOT_IMPLEMENTED, false),
            (StatusCode::SERVICE_UNAVAILABLE, true),
        ] {
            assert_eq!(is_about_the_server(status), expected, "{status}");
        }
    }
}
