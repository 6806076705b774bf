//! How long a server that asks for time is given: an answer with `Retry-After` is handed up only once that has passed, so that whoever
//! repeats the request comes no earlier.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use tracing::{debug, warn};

use super::quiet::Quiet;

/// No server is given more: it would rather hold up the run than the request.
const LONGEST: Duration = Duration::from_mins(1);

/// Who waits so long wants to know why.
const WORTH_A_LINE: Duration = Duration::from_secs(5);

/// Many requests wait together.
const QUIET: Duration = Duration::from_secs(10);

/// A client that waits as it is told.
#[derive(Debug)]
pub(crate) struct Patient {
    inner: HttpClient,
    quiet: Quiet,
}

impl Patient {
    pub(crate) fn new(inner: HttpClient) -> Self {
        let quiet = Quiet::new(QUIET);
        Self { inner, quiet }
    }
}

#[async_trait]
impl HttpService for Patient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let server = request.uri().authority().map(ToString::to_string);
        let answer = self.inner.execute(request).await?;
        if let Some(asked) = asked_for(&answer, Utc::now()) {
            let wait = asked.min(LONGEST);
            let status = answer.status().as_u16();
            let server = server.unwrap_or_default();
            if wait >= WORTH_A_LINE && self.quiet.may_tell() {
                warn!(server, status, "{}", told(asked, wait));
            } else {
                debug!(server, status, "{}", told(asked, wait));
            }
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
    Some(wait)
}

fn told(asked: Duration, wait: Duration) -> String {
    let (asked, wait) = (asked.as_secs(), wait.as_secs());
    if asked > wait {
        format!("waits {wait} s, though the server asked for {asked} s")
    } else {
        format!("waits {wait} s, as the server asked")
    }
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
        let answer = Patient::new(inner).call(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        began.elapsed().as_secs()
    }

    #[test]
    fn what_is_told_is_how_long_and_why() {
        let told = |asked| {
            let asked = Duration::from_secs(asked);
            told(asked, asked.min(LONGEST))
        };
        assert_eq!(told(60), "waits 60 s, as the server asked");
        assert_eq!(told(300), "waits 60 s, though the server asked for 300 s");
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
