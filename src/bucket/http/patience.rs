//! How long a server that asks for time is given: an answer with `Retry-After` is handed up only once that has passed, so that whoever
//! repeats the request comes no earlier.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use tracing::debug;

/// No server is given more: it would rather hold up the run than the request.
const LONGEST: Duration = Duration::from_mins(1);

/// A client that waits as it is told.
#[derive(Debug)]
pub(in crate::bucket) struct Patient {
    pub(in crate::bucket) inner: HttpClient,
}

#[async_trait]
impl HttpService for Patient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.inner.execute(request).await?;
        if let Some(wait) = asked_for(&answer, Utc::now()) {
            debug!(
                status = answer.status().as_u16(),
                ?wait,
                "the server asks for time"
            );
            tokio::time::sleep(wait).await;
        }
        Ok(answer)
    }
}

/// The time that the answer asks for: in seconds, or until a date by the server's own clock.
fn asked_for(answer: &HttpResponse, now_here: DateTime<Utc>) -> Option<Duration> {
    let status = answer.status();
    if !status.is_server_error() && status.as_u16() != 429 {
        return None;
    }
    let header = |name: &str| answer.headers().get(name)?.to_str().ok();
    let date = |text| DateTime::parse_from_rfc2822(text).ok();
    let text = header("retry-after")?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let now = header("date").and_then(date);
        let now = now.map_or(now_here, |date| date.to_utc());
        (date(text)?.to_utc() - now).to_std().ok()?
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use object_store::client::{HttpRequestBody, HttpResponseBody};
    use tokio::time::Instant;

    #[derive(Debug)]
    struct Answers {
        status: u16,
        headers: Vec<(&'static str, &'static str)>,
    }

    #[async_trait]
    impl HttpService for Answers {
        async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            let mut answer = HttpResponse::new(HttpResponseBody::from(String::new()));
            *answer.status_mut() = self.status.try_into().unwrap();
            for (name, value) in &self.headers {
                answer.headers_mut().insert(*name, value.parse().unwrap());
            }
            Ok(answer)
        }
    }

    async fn waited(status: u16, headers: &[(&'static str, &'static str)]) -> u64 {
        let headers = headers.to_vec();
        let inner = HttpClient::new(Answers { status, headers });
        let began = Instant::now();
        let request = HttpRequest::new(HttpRequestBody::empty());
        let answer = Patient { inner }.call(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_asks_for_time_is_handed_up_after_it() {
        let date = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        let later = ("retry-after", "Wed, 21 Oct 2015 07:28:20 GMT");
        for (status, headers, seconds) in [
            (503, &[("retry-after", "7")] as &[_], 7),
            (429, &[("retry-after", " 2 ")], 2),
            (500, &[("retry-after", "86400")], 60),
            (503, &[date, later], 20),
            (503, &[later], 0),
            (503, &[("retry-after", "soon")], 0),
            (503, &[("retry-after", "-1")], 0),
            (503, &[], 0),
            (200, &[("retry-after", "7")], 0),
            (404, &[("retry-after", "7")], 0),
        ] {
            assert_eq!(
                waited(status, headers).await,
                seconds,
                "{status} {headers:?}"
            );
        }
    }
}
