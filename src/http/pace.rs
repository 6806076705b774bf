//! How many requests a server is asked at once: more as long as it gets more done that way, and half as many once it asks for less.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpService};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::debug;

use crate::at_once::{FEWEST_REQUESTS, MOST_REQUESTS, REQUESTS_AT_FIRST};

/// So long answers are counted before it is judged whether more requests get more done.
const WINDOW: Duration = Duration::from_millis(500);

/// No sooner is the number halved again: what was on its way when it was halved tells nothing of the new one.
const REST: Duration = Duration::from_secs(1);

/// A client whose requests wait where too many are under way.
#[derive(Debug)]
pub(crate) struct Paced {
    inner: HttpClient,
    pace: Mutex<Pace>,
    /// Wakes those who wait, in the order in which they came.
    one_may_go: Notify,
}

impl Paced {
    pub(crate) fn new(inner: HttpClient) -> Self {
        Self {
            inner,
            pace: Mutex::new(Pace::new(Instant::now())),
            one_may_go: Notify::new(),
        }
    }

    /// Nobody panics while holding the lock; if somebody did, the value would still be whole.
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn begin(&self) -> UnderWay<'_> {
        loop {
            // Whoever may go from now on is noticed, also before this is awaited.
            let may_go = self.one_may_go.notified();
            if self.pace().begin() {
                return UnderWay {
                    client: self,
                    answer: Answer::None,
                };
            }
            may_go.await;
        }
    }
}

#[async_trait]
impl HttpService for Paced {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut under_way = self.begin().await;
        let answer = self.inner.execute(request).await;
        if let Ok(answer) = &answer {
            under_way.answer = match answer.status().as_u16() {
                429 | 503 => Answer::Later,
                _ => Answer::Done,
            };
        }
        answer
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It was answered.
    Done,
    /// The server asks for fewer requests.
    Later,
    /// No answer came.
    None,
}

/// A request that ends when this is dropped.
struct UnderWay<'a> {
    client: &'a Paced,
    answer: Answer,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let free = self.client.pace().end(self.answer, Instant::now());
        for _ in 0..free {
            self.client.one_may_go.notify_one();
        }
    }
}

/// How many requests may be under way, and how much was done with them.
#[derive(Debug)]
struct Pace {
    limit: usize,
    under_way: usize,
    /// Whether somebody had to wait in this window.
    somebody_waited: bool,
    window_began: Instant,
    answers: u32,
    /// Answers a second, the most so far with fewer requests.
    best: f64,
    /// The limit before it was raised last, until the rise is judged.
    raised_from: Option<usize>,
    halved: Option<Instant>,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self {
            limit: REQUESTS_AT_FIRST,
            under_way: 0,
            somebody_waited: false,
            window_began: now,
            answers: 0,
            best: 0.0,
            raised_from: None,
            halved: None,
        }
    }

    /// Whether a further request may go.
    fn begin(&mut self) -> bool {
        if self.under_way >= self.limit {
            self.somebody_waited = true;
            return false;
        }
        self.under_way += 1;
        true
    }

    /// A request has ended; how many of those that wait may go.
    fn end(&mut self, answer: Answer, now: Instant) -> usize {
        self.under_way -= 1;
        match answer {
            Answer::Done => self.answers += 1,
            Answer::Later => self.halve(now),
            Answer::None => {}
        }
        if now - self.window_began >= WINDOW {
            self.judge(now);
        }
        self.limit.saturating_sub(self.under_way)
    }

    fn halve(&mut self, now: Instant) {
        if self.halved.is_some_and(|halved| now - halved < REST) {
            return;
        }
        self.halved = Some(now);
        self.limit = (self.limit / 2).max(FEWEST_REQUESTS);
        (self.best, self.raised_from) = (0.0, None);
        debug!(
            requests = self.limit,
            "the server asks for fewer requests at once"
        );
    }

    /// More requests are tried where somebody waits, and given up where they got no more done.
    fn judge(&mut self, now: Instant) {
        let rate = f64::from(self.answers) / (now - self.window_began).as_secs_f64();
        let is_better = rate > self.best * 1.05;
        match self.raised_from.take() {
            Some(before) if !is_better => self.limit = before,
            _ if self.somebody_waited && is_better && self.limit < MOST_REQUESTS => {
                self.raised_from = Some(self.limit);
                self.limit = (self.limit + self.limit.div_ceil(4)).min(MOST_REQUESTS);
            }
            _ => {}
        }
        if is_better {
            self.best = rate;
        } else {
            // What was possible once need not be so for ever.
            self.best *= 0.98;
        }
        (self.window_began, self.answers, self.somebody_waited) = (now, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks as many at once as may be, window by window, of a server that answers so many a second for a number under way; the limits.
    fn limits(windows: usize, answers_a_second: impl Fn(usize) -> usize) -> Vec<usize> {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        let mut limits = Vec::new();
        for _ in 0..windows {
            while pace.begin() {}
            let answers = answers_a_second(pace.under_way) / 2;
            for _ in 1..answers {
                pace.end(Answer::Done, now);
                while pace.begin() {}
            }
            now += WINDOW;
            pace.end(Answer::Done, now);
            limits.push(pace.limit);
        }
        limits
    }

    /// S-7.7
    #[tokio::test(start_paused = true)]
    async fn more_are_asked_while_more_is_done() {
        // A distant server does as many as it is asked.
        let distant = limits(40, |under_way| under_way * 50);
        assert!(
            distant.last() > Some(&(MOST_REQUESTS * 9 / 10)),
            "{distant:?}"
        );
        // A busy one does no more for being asked more.
        let busy = limits(40, |_| 1000);
        assert!(
            busy.iter().all(|limit| *limit <= REQUESTS_AT_FIRST * 2),
            "{busy:?}"
        );
        assert!(busy.contains(&REQUESTS_AT_FIRST), "{busy:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn half_as_many_are_asked_once_the_server_asks_for_it() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        while pace.begin() {}
        for _ in 0..REQUESTS_AT_FIRST / 2 {
            pace.end(Answer::Later, now);
        }
        assert_eq!(pace.limit, REQUESTS_AT_FIRST / 2);
        assert!(!pace.begin());
        now += REST;
        for _ in 0..20 {
            pace.begin();
            pace.end(Answer::Later, now);
            now += REST;
        }
        assert_eq!(pace.limit, FEWEST_REQUESTS);
        pace.end(Answer::None, now);
        assert_eq!(pace.limit, FEWEST_REQUESTS);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_below_the_limit_and_it_stays() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..20 {
            assert!(pace.begin());
            now += WINDOW;
            pace.end(Answer::Done, now);
        }
        assert_eq!(pace.limit, REQUESTS_AT_FIRST);
    }
}
