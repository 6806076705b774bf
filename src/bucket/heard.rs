//! The time by a server that is spoken to over HTTP: every answer bears it in its `Date`, as tightly as the request's round trip.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use tokio::time::Instant;
use ulid::Ulid;

use crate::block::ObjectPath;
use crate::bucket::clock::{Reading, ServerClock, Told};
use crate::bucket::prefix::Prefix;
use crate::bucket::store::Store;

/// The prefix of names that are listed only to learn the time. No object's name begins with it.
const NOBODYS: &str = "thanos-bucket-clock-";

/// The times that answers told.
#[derive(Debug, Clone, Default)]
pub(in crate::bucket) struct Heard {
    /// From any answer.
    told: Told,
    /// From answers to requests that were made to learn the time.
    answered: Told,
}

/// A client that notes the `Date` of every answer.
#[derive(Debug)]
pub(in crate::bucket) struct Listening {
    pub(in crate::bucket) inner: HttpClient,
    pub(in crate::bucket) heard: Heard,
}

#[async_trait]
impl HttpService for Listening {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asked = Instant::now();
        let is_question = request.uri().to_string().contains(NOBODYS);
        let answer = self.inner.execute(request).await?;
        if let Some(time) = date(&answer) {
            let reading = Reading {
                time,
                asked,
                answered: Instant::now(),
            };
            self.heard.told.note(reading);
            if is_question {
                self.heard.answered.note(reading);
            }
        }
        Ok(answer)
    }
}

/// When the answer was made, by whoever made it.
fn date(answer: &HttpResponse) -> Option<DateTime<Utc>> {
    let headers = answer.headers();
    // A cache's answer bears the time at which it was stored.
    if headers.contains_key("age") {
        return None;
    }
    let mut dates = headers.get_all("date").iter();
    let (first, second) = (dates.next()?, dates.next());
    // With two different dates it is unknown which is the server's.
    if second.is_some_and(|second| second != first) {
        return None;
    }
    let date = DateTime::parse_from_rfc2822(first.to_str().ok()?.trim()).ok()?;
    Some(date.to_utc())
}

/// The clock of a bucket's servers.
#[derive(Debug)]
pub(in crate::bucket) struct Clock {
    pub(in crate::bucket) heard: Heard,
    pub(in crate::bucket) store: Arc<dyn Store>,
    pub(in crate::bucket) prefix: Prefix,
}

#[async_trait]
impl ServerClock for Clock {
    fn told(&self) -> Option<Reading> {
        self.heard.told.get()
    }

    /// Lists a fresh random name: every run may list, and no cache can hold the answer for a name that was never asked for.
    async fn ask(&self) -> Option<Reading> {
        let asked = Instant::now();
        let nobodys = ObjectPath::new(format!("{NOBODYS}{}", Ulid::generate()));
        let nobodys = self.prefix.key(&nobodys).ok()?;
        // A refusal bears the time too.
        let _ = self.store.directories(Some(&nobodys)).await;
        let answered = self.heard.answered.get();
        answered.filter(|reading| reading.asked >= asked)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use object_store::client::HttpResponseBody;

    use super::*;

    /// S-6.13
    #[test]
    fn the_date_of_an_answer_tells_the_time_unless_a_cache_gave_it() {
        const DATE: (&str, &str) = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        for (headers, expected) in [
            (&[DATE][..], true),
            (&[DATE, DATE], true),
            (&[], false),
            (&[("date", "soon")], false),
            (&[("date", "")], false),
            (&[("date", "2015-10-21T07:28:00Z")], false),
            (&[DATE, ("age", "0")], false),
            (&[DATE, ("date", "Wed, 21 Oct 2015 07:29:00 GMT")], false),
        ] {
            let mut answer = HttpResponse::new(HttpResponseBody::from(String::new()));
            for (name, value) in headers {
                answer.headers_mut().append(*name, value.parse().unwrap());
            }
            let time = date(&answer).map(|time| time.timestamp());
            assert_eq!(time, expected.then_some(1_445_412_480), "{headers:?}");
        }
    }
}
