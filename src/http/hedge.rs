//! A part of an upload that takes far longer than its fellows is sent again, on another connection: of some servers one request in a thousand takes
//! seconds, and holds up the object, the block and those that wait for it. It does no harm: both have the same bytes, a bucket keeps one of two parts
//! of one number, and once an upload is completed, a part of it is refused.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{Either, select};
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use tokio::time::{Instant, timeout};
use tracing::debug;

/// No part is sent again sooner.
const FLOOR: Duration = Duration::from_secs(5);

/// A part is late once it takes so many times as long as nine in ten of its fellows.
const TIMES: u32 = 3;

/// So many parts must have been put before it is known how long they take, and so many count.
const LEAST_KNOWN: usize = 16;
const MOST_KNOWN: usize = 128;

/// A client that sends late parts again.
#[derive(Debug)]
pub(crate) struct Hedged {
    inner: HttpClient,
    usual: Mutex<Usual>,
}

impl Hedged {
    pub(crate) fn new(inner: HttpClient) -> Self {
        Self {
            inner,
            usual: Mutex::default(),
        }
    }

    /// Nobody panics while holding the lock; if somebody did, the value would still be whole.
    fn usual(&self) -> MutexGuard<'_, Usual> {
        self.usual.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first answer that says that the part is there, of the one that is late and of another; else the later one.
    async fn put(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let again = request.clone();
        let first = Box::pin(self.inner.execute(request));
        let Some(limit) = self.usual().limit() else {
            return first.await;
        };
        let mut first = first;
        if let Ok(answer) = timeout(limit, &mut first).await {
            return answer;
        }
        debug!(part = %again.uri().path(), ?limit, "a part takes far longer than others, and is sent again");
        let second = Box::pin(self.inner.execute(again));
        let (answer, other) = match select(first, second).await {
            Either::Left(ended) | Either::Right(ended) => ended,
        };
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(answer),
            _ => other.await,
        }
    }
}

#[async_trait]
impl HttpService for Hedged {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if !is_part(&request) {
            return self.inner.execute(request).await;
        }
        let begun = Instant::now();
        let answer = self.put(request).await?;
        if answer.status().is_success() {
            self.usual().learn(begun.elapsed());
        }
        Ok(answer)
    }
}

/// Whether it puts a part whose bytes it brings along.
fn is_part(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|member| member.split('=').next() == Some(name))
    };
    request.method() == "PUT"
        && has("partNumber")
        && has("uploadId")
        && !request.headers().contains_key("x-amz-copy-source")
}

/// How long parts have taken of late.
#[derive(Debug, Default)]
struct Usual(VecDeque<Duration>);

impl Usual {
    fn learn(&mut self, took: Duration) {
        if self.0.len() == MOST_KNOWN {
            self.0.pop_front();
        }
        self.0.push_back(took);
    }

    /// After how long a part is late; `None` where nobody can tell.
    fn limit(&self) -> Option<Duration> {
        if self.0.len() < LEAST_KNOWN {
            return None;
        }
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let ninety = sorted.get(sorted.len() * 9 / 10)?;
        Some(ninety.saturating_mul(TIMES).max(FLOOR))
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use object_store::client::{HttpRequestBody, HttpResponseBody};

    use super::*;

    /// Answers each request with the next status after the next time.
    #[derive(Debug)]
    struct Server(Mutex<VecDeque<(u16, u64)>>);

    #[async_trait]
    impl HttpService for Server {
        async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            let (status, seconds) = self.0.lock().unwrap().pop_front().unwrap();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let mut answer = HttpResponse::new(HttpResponseBody::from(String::new()));
            *answer.status_mut() = status.try_into().unwrap();
            Ok(answer)
        }
    }

    fn request(method: &str, uri: &str) -> HttpRequest {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = uri.parse().unwrap();
        request
    }

    /// The status and the seconds that a part takes after 20 that took a second each. Nobody asks for more answers than there are.
    async fn took(uri: &str, answers: &[(u16, u64)]) -> (u16, u64) {
        let all = std::iter::repeat_n((200, 1), 20).chain(answers.iter().copied());
        let client = Hedged::new(HttpClient::new(Server(Mutex::new(all.collect()))));
        for _ in 0..20 {
            let part = request("PUT", "http://s3/b/o?uploadId=1&partNumber=1");
            client.call(part).await.unwrap();
        }
        let begun = Instant::now();
        let answer = client.call(request("PUT", uri)).await.unwrap();
        (answer.status().as_u16(), begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_part_is_sent_again_and_the_first_success_counts() {
        let part = "http://s3/b/o?partNumber=2&uploadId=1";
        assert_eq!(took(part, &[(200, 4)]).await, (200, 4));
        assert_eq!(took(part, &[(200, 60), (200, 1)]).await, (200, 6));
        assert_eq!(took(part, &[(200, 7), (200, 60)]).await, (200, 7));
        assert_eq!(took(part, &[(200, 60), (503, 1)]).await, (200, 60));
        assert_eq!(took(part, &[(500, 7), (200, 10)]).await, (200, 15));
        assert_eq!(took(part, &[(500, 7), (503, 10)]).await, (503, 15));
        let whole = "http://s3/b/o?partNumbers=2&uploadId=1";
        assert_eq!(took(whole, &[(200, 60)]).await.1, 60);
    }

    #[test]
    fn what_is_late_is_learnt_from_what_parts_take() {
        let limit = |times: &[u64]| {
            let mut usual = Usual::default();
            for seconds in times {
                usual.learn(Duration::from_secs(*seconds));
            }
            usual.limit().map(|limit| limit.as_secs())
        };
        assert_eq!(limit(&[1; 15]), None);
        assert_eq!(limit(&[1; 16]), Some(5));
        assert_eq!(limit(&[10; 16]), Some(30));
        // One that was late does not make others late.
        assert_eq!(limit(&[[2; 99].as_slice(), &[600]].concat()), Some(6));
        assert_eq!(limit(&[[100; 500].as_slice(), &[2; 128]].concat()), Some(6));
    }
}
