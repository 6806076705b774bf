//! Asks one server.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;

use super::access::Access;
use super::answer::{self, Answered, Unanswered};
use super::asking::{Asking, Call, seconds};
use super::lists::{self, Exemplars, Metadata};
use super::merge::merged;
use super::server::{self, Product, Server};
use super::times;
use super::value::{Data, Sample};
use crate::error::{Error, Kind, Result};
use crate::http::percent::escaped;
use crate::retry::{Policy, retry};
use crate::samples::Labels;

/// How long and how often a server is asked, and how much of it is read.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long an answer may take to begin, and how long to come.
    pub timeout: Duration,
    /// How much of one answer is read, unpacked, in bytes. A range that is asked for in pieces is one answer.
    pub max_response_bytes: usize,
    /// When a question is repeated.
    pub retry: Policy,
    /// How many samples of each series a server gives at once, at most.
    pub max_points: u32,
    /// What Thanos alone is told.
    pub of_thanos: OfThanos,
}

/// What Thanos alone is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfThanos {
    /// Whether series that differ in replica labels alone are one.
    pub dedup: bool,
    /// The coarsest data that may answer: `0s`, `5m`, `1h`, or `auto`.
    pub max_source_resolution: String,
}

/// Times from the first to the last, both included, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub start_ms: i64,
    /// The last.
    pub end_ms: i64,
}

/// Asks one server. Each question is repeated while its failure may pass, so that an error has outlasted that. Clones share connections.
///
/// Of errors the kind tells what callers want to know: [`Kind::Unsupported`] where the server has no such API, [`Kind::Other`] where it
/// refuses the question, [`Kind::Corrupt`] where its answer makes no sense, [`Kind::Credentials`] and [`Kind::Refused`] where it lets nobody
/// in, [`Kind::Elsewhere`] where it sends to another place, [`Kind::Transient`] where it fails.
#[derive(Debug, Clone)]
pub struct Client {
    asking: Arc<Asking>,
    limits: Limits,
    server: Server,
    state: Arc<State>,
}

/// What clones know together of their server.
#[derive(Debug, Default)]
struct State {
    /// Whether a form was answered.
    takes_forms: AtomicBool,
    /// Whether the server takes no forms.
    takes_no_forms: AtomicBool,
    /// How many questions in a row have outlasted their retries.
    failures: AtomicU32,
    /// What the last of them failed with.
    last: Mutex<String>,
}

/// After so many questions in a row that were not answered in the end, a server is away, and no longer asked.
const MOST_FAILURES: u32 = 8;

/// A range that falls into more pieces has too short a step.
const MOST_PIECES: i64 = 1000;

impl Client {
    /// A client for a server that may have no other API than what it is asked for: nothing is asked yet, and who it is is not known.
    pub fn of_unknown(access: &Access, limits: &Limits) -> Result<Self> {
        Ok(Self {
            asking: Arc::new(Asking::new(access, limits.timeout)?),
            limits: limits.clone(),
            server: Server::default(),
            state: Arc::default(),
        })
    }

    /// A client for the server there, once that has answered what one and one is, and said who it is.
    ///
    /// Errors: it does not answer as such a server does.
    pub async fn open(access: &Access, limits: &Limits) -> Result<Self> {
        let mut client = Self::of_unknown(access, limits)?;
        let query = [("query", "1+1".to_owned())];
        let two = client.ask("query", &query, answer::data).await?.value;
        if !is_two(&two) {
            let why =
                "asked what 1+1 is, it does not answer 2: is that a server of Prometheus' API?";
            return Err(Error::new(Kind::Corrupt, client.attempt("query")).because(why));
        }
        client.server = client.look_again().await;
        Ok(client)
    }

    /// What it tells at that path below `/api/v1/`, whatever it is.
    pub async fn document(&self, path: &str) -> Result<serde_json::Value> {
        let read = |json: &RawValue| {
            let read: Result<serde_json::Value, _> = serde_json::from_str(json.get());
            read.map_err(|err| err.to_string())
        };
        let answer = self.ask_plainly(path, &[], read).await?;
        Ok(answer.value)
    }

    /// Who answers now, as far as it says so: what a server does not say is not known of it.
    pub async fn look_again(&self) -> Server {
        let mut quick = self.clone();
        // Gateways answer for paths without a route as for servers that are away.
        quick.limits.retry.max_retries = quick.limits.retry.max_retries.min(1);
        let build = quick.ask_plainly("status/buildinfo", &[], server::build);
        let started = quick.ask_plainly("status/runtimeinfo", &[], server::started);
        let stores = quick.ask_plainly("stores", &[], server::stores);
        let (build, started, stores) = tokio::join!(build, started, stores);
        self.state.failures.store(0, Ordering::Relaxed);
        let (is_mimir, version) = build.map(|answer| answer.value).unwrap_or_default();
        let stores = stores.map(|answer| answer.value);
        Server {
            product: match &stores {
                Ok(_) => Product::Thanos,
                Err(_) if is_mimir => Product::Mimir,
                Err(_) => Product::Other,
            },
            version,
            started: started.ok().and_then(|answer| answer.value),
            stores: stores.unwrap_or_default(),
        }
    }

    /// Who answers.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Where it is, without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.asking.place()
    }

    /// The host that it is on, and whatever may stand before its port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.asking.host()
    }

    /// One that has Thanos tell series apart that differ in replica labels alone; of other servers it is the same.
    #[must_use]
    pub fn without_dedup(mut self) -> Self {
        self.limits.of_thanos.dedup = false;
        self
    }

    /// One that has Thanos answer from data of that resolution at the coarsest; of other servers it is the same.
    #[must_use]
    pub fn at_resolution(mut self, resolution: &str) -> Self {
        resolution.clone_into(&mut self.limits.of_thanos.max_source_resolution);
        self
    }

    /// What the query comes to at that time.
    pub async fn instant(&self, query: &str, time_ms: i64) -> Result<Answered<Data>> {
        let mut pairs = self.of_query(query);
        pairs.push(("time", seconds(time_ms)));
        let answer = self.ask("query", &pairs, answer::data).await?;
        self.judged("query", times::of_instant(&answer.value, time_ms))?;
        Ok(answer)
    }

    /// What the query comes to every `step_ms` from the first time on to the last.
    ///
    /// It is asked for in pieces where there are more times than a server gives at once.
    pub async fn range(&self, query: &str, span: Span, step_ms: i64) -> Result<Answered<Data>> {
        let step_ms = step_ms.max(1);
        let per_piece = i64::from(self.limits.max_points.max(2));
        let pieces = span.end_ms.saturating_sub(span.start_ms) / step_ms / per_piece;
        if pieces > MOST_PIECES {
            let why = format!("it would be asked in {pieces} pieces: ask with a longer step");
            return Err(Error::new(Kind::Other, self.attempt("query_range")).because(why));
        }
        let longest = step_ms.saturating_mul(per_piece - 1);
        let mut start_ms = span.start_ms;
        let mut whole: Option<Answered<Data>> = None;
        let mut left = self.limits.max_response_bytes;
        loop {
            let end_ms = start_ms.saturating_add(longest).min(span.end_ms);
            let mut pairs = self.of_query(query);
            pairs.extend([
                ("start", seconds(start_ms)),
                ("end", seconds(end_ms)),
                ("step", seconds(step_ms)),
            ]);
            let (piece, bytes) = self
                .ask_within("query_range", &pairs, answer::data, left)
                .await?;
            let at = (start_ms, end_ms);
            self.judged("query_range", times::of_range(&piece.value, at))?;
            left = left.saturating_sub(bytes);
            let joined = match whole {
                None => Ok(piece),
                Some(before) => merged(before, piece),
            };
            let joined = self.judged("query_range", joined)?;
            let next_ms = end_ms.saturating_add(step_ms);
            if end_ms >= span.end_ms || next_ms > span.end_ms {
                return Ok(joined);
            }
            (start_ms, whole) = (next_ms, Some(joined));
        }
    }

    /// The series that match any of the selectors, such as `up{job="a"}`, and have samples then.
    pub async fn series(&self, selectors: &[String], span: Span) -> Result<Answered<Vec<Labels>>> {
        let pairs = self.of_list(selectors, span);
        self.ask("series", &pairs, answer::labels).await
    }

    /// The names of the labels of those series; of all where there is no selector.
    pub async fn label_names(
        &self,
        selectors: &[String],
        span: Span,
    ) -> Result<Answered<BTreeSet<String>>> {
        let pairs = self.of_list(selectors, span);
        self.ask("labels", &pairs, answer::names).await
    }

    /// The values of that label of those series; of all where there is no selector.
    pub async fn label_values(
        &self,
        label: &str,
        selectors: &[String],
        span: Span,
    ) -> Result<Answered<BTreeSet<String>>> {
        let pairs = self.of_list(selectors, span);
        let path = format!("label/{}/values", escaped(label, b""));
        self.ask_plainly(&path, &pairs, answer::names).await
    }

    /// What is known of each metric. Thanos has it of sidecars and rulers alone.
    pub async fn metadata(&self) -> Result<Answered<Metadata>> {
        let pairs = self.of_thanos(false);
        self.ask_plainly("metadata", &pairs, lists::metadata).await
    }

    /// The exemplars of the series that the query selects. Thanos has them of sidecars and receivers alone.
    pub async fn exemplars(&self, query: &str, span: Span) -> Result<Answered<Vec<Exemplars>>> {
        let mut pairs = vec![
            ("query", query.to_owned()),
            ("start", seconds(span.start_ms)),
            ("end", seconds(span.end_ms)),
        ];
        pairs.extend(self.of_thanos(false));
        self.ask("query_exemplars", &pairs, lists::exemplars).await
    }

    /// What makes no sense is an error.
    fn judged<T>(&self, path: &str, judged: Result<T, String>) -> Result<T> {
        judged.map_err(|why| Error::new(Kind::Corrupt, self.attempt(path)).because(why))
    }

    fn of_query(&self, query: &str) -> Vec<(&'static str, String)> {
        let timeout = format!("{}ms", self.limits.timeout.as_millis());
        let mut pairs = vec![("query", query.to_owned()), ("timeout", timeout)];
        pairs.extend(self.of_thanos(true));
        pairs
    }

    fn of_list(&self, selectors: &[String], span: Span) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("start", seconds(span.start_ms)),
            ("end", seconds(span.end_ms)),
        ];
        pairs.extend(selectors.iter().map(|one| ("match[]", one.clone())));
        pairs.extend(self.of_thanos(false));
        pairs
    }

    /// With partial responses Thanos says in a warning which store did not answer and why, and all the rest is compared.
    fn of_thanos(&self, is_query: bool) -> Vec<(&'static str, String)> {
        match self.server.product {
            Product::Thanos => {}
            Product::Mimir => return Vec::new(),
            // Only VictoriaMetrics knows it: it would move times to multiples of the step, and answer what it has kept.
            Product::Other => return vec![("nocache", "1".to_owned())],
        }
        let OfThanos {
            dedup,
            max_source_resolution,
        } = &self.limits.of_thanos;
        let mut pairs = vec![
            ("partial_response", "true".to_owned()),
            ("dedup", dedup.to_string()),
        ];
        if is_query {
            pairs.push(("max_source_resolution", max_source_resolution.clone()));
        }
        pairs
    }

    /// Asks with a form, so that a query may be of any length; the way to ask of servers that take none is the other.
    async fn ask<T>(
        &self,
        path: &str,
        pairs: &[(&'static str, String)],
        read: impl Fn(&RawValue) -> Result<T, String>,
    ) -> Result<Answered<T>> {
        let limit = self.limits.max_response_bytes;
        let (answer, _) = self.ask_within(path, pairs, read, limit).await?;
        Ok(answer)
    }

    /// The same, of an answer of at most so many bytes; the answer comes with how many it had.
    async fn ask_within<T>(
        &self,
        path: &str,
        pairs: &[(&'static str, String)],
        read: impl Fn(&RawValue) -> Result<T, String>,
        limit: usize,
    ) -> Result<(Answered<T>, usize)> {
        let is_form = !self.state.takes_no_forms.load(Ordering::Relaxed);
        let call = Call {
            path,
            pairs,
            is_form,
        };
        let done = Box::pin(self.repeated(&call, &read, limit)).await;
        let tried = match done {
            Ok(answer) => {
                let form = &self.state.takes_forms;
                form.fetch_or(is_form, Ordering::Relaxed);
                return Ok(answer);
            }
            Err(tried) => tried,
        };
        // Gateways that let nobody write may refuse forms in words of their own.
        let is_refused = matches!(tried.status, 403..=405 | 411 | 501);
        if !is_form || !is_refused || self.state.takes_forms.load(Ordering::Relaxed) {
            return Err(tried.err);
        }
        let is_form = false;
        let call = Call { is_form, ..call };
        let answer = Box::pin(self.repeated(&call, &read, limit)).await;
        let answer = answer.map_err(|_| tried.err)?;
        self.state.takes_no_forms.store(true, Ordering::Relaxed);
        Ok(answer)
    }

    /// Asks with an address alone.
    async fn ask_plainly<T>(
        &self,
        path: &str,
        pairs: &[(&'static str, String)],
        read: impl Fn(&RawValue) -> Result<T, String>,
    ) -> Result<Answered<T>> {
        let call = Call {
            path,
            pairs,
            is_form: false,
        };
        let limit = self.limits.max_response_bytes;
        let answer = Box::pin(self.repeated(&call, &read, limit)).await;
        let (answer, _) = answer.map_err(|tried| tried.err)?;
        Ok(answer)
    }

    async fn repeated<T>(
        &self,
        call: &Call<'_>,
        read: &impl Fn(&RawValue) -> Result<T, String>,
        limit: usize,
    ) -> Result<(Answered<T>, usize), Tried> {
        let attempt = self.attempt(call.path);
        self.still_asked(&attempt)?;
        let (status, is_cut) = (AtomicU16::new(0), AtomicBool::new(false));
        let done = retry(&self.limits.retry, &attempt, || async {
            status.store(0, Ordering::Relaxed);
            is_cut.store(false, Ordering::Relaxed);
            let fail = |kind: Kind, why: String| Err(Error::new(kind, &*attempt).because(why));
            let answer = match self.asking.ask(call, limit).await {
                Ok(answer) => answer,
                Err(failure) => return fail(failure.kind, failure.why),
            };
            status.store(answer.status, Ordering::Relaxed);
            match answer::read(&answer.body, read) {
                Ok(value) if answer.is_success() => {
                    let bytes = answer.body.len();
                    Ok((value.said(|words| answer.hidden(words)), bytes))
                }
                Err(Unanswered::Refused(refusal)) => {
                    let (kind, why) = answer.by_status(Some(&refusal));
                    fail(kind, why)
                }
                Err(Unanswered::NotJson(why)) if answer.is_success() => {
                    // It may have been cut, or somebody on the way answers for a server that is away.
                    is_cut.store(true, Ordering::Relaxed);
                    fail(Kind::Transient, answer.about(&why))
                }
                Err(Unanswered::Senseless(why)) if answer.is_success() => {
                    fail(Kind::Corrupt, answer.about(&why))
                }
                Ok(_) | Err(Unanswered::NotJson(_) | Unanswered::Senseless(_)) => {
                    let (kind, why) = answer.by_status(None);
                    fail(kind, why)
                }
            }
        });
        let done = done.await;
        self.note(done.as_ref().err());
        done.map_err(|err| Tried {
            err: if is_cut.into_inner() {
                err.of_kind(Kind::Corrupt)
            } else {
                err
            },
            status: status.into_inner(),
        })
    }

    /// Errors: the server is away, and no longer asked.
    fn still_asked(&self, attempt: &str) -> Result<(), Tried> {
        if self.state.failures.load(Ordering::Relaxed) < MOST_FAILURES {
            return Ok(());
        }
        let last = self
            .state
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let why = format!("not asked, after {MOST_FAILURES} failures in a row, the last: {last}");
        Err(Tried {
            err: Error::new(Kind::Transient, attempt).because(why),
            status: 0,
        })
    }

    fn note(&self, failed: Option<&Error>) {
        match failed.filter(|err| err.kind().is_transient()) {
            None => self.state.failures.store(0, Ordering::Relaxed),
            Some(err) => {
                self.state.failures.fetch_add(1, Ordering::Relaxed);
                let mut last = self
                    .state
                    .last
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                *last = format!("{err:#}");
            }
        }
    }

    fn attempt(&self, path: impl Display) -> String {
        format!("ask {} for {path}", self.place())
    }
}

/// How a question ended that was not answered.
struct Tried {
    err: Error,
    /// Of the last answer; 0 where none came.
    status: u16,
}

/// Some servers answer with a vector of one series without labels in the place of a number.
fn is_two(data: &Data) -> bool {
    let point = match data {
        Data::Scalar(point) => Some(point),
        Data::Vector(series) => match series.as_slice() {
            [only] => only.points.first(),
            _ => None,
        },
        Data::Matrix(_) | Data::String { .. } => None,
    };
    point.is_some_and(|point| point.sample == Sample::Float(2.0))
}
