//! Asks one server.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use serde_json::value::RawValue;

use super::access::Access;
use super::answer::{self, Answered, Unanswered};
use super::asking::{Asking, Call, seconds};
use super::labels::Labels;
use super::lists::{self, Exemplars, Metadata};
use super::merge::merged;
use super::server::{self, Product, Server};
use super::value::Data;
use crate::error::{Error, Kind, Result};
use crate::http::percent::escaped;
use crate::retry::{Policy, retry};

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
    /// Whether the server takes no forms.
    takes_no_forms: Arc<AtomicBool>,
}

impl Client {
    /// A client for the server there, once that has answered what one and one is, and said who it is.
    ///
    /// Errors: it does not answer as such a server does.
    pub async fn open(access: &Access, limits: &Limits) -> Result<Self> {
        let mut client = Self {
            asking: Arc::new(Asking::new(access, limits.timeout)?),
            limits: limits.clone(),
            server: Server::default(),
            takes_no_forms: Arc::default(),
        };
        let query = [("query", "1+1".to_owned())];
        client.ask("query", &query, answer::data).await?;
        client.server = client.look_again().await?;
        Ok(client)
    }

    /// Who answers now.
    ///
    /// Errors: only what may pass, for many servers do not say who they are.
    pub async fn look_again(&self) -> Result<Server> {
        let build = self.ask_plainly("status/buildinfo", &[], server::build);
        let (is_mimir, version) = unless_transient(build.await)?.unwrap_or_default();
        let stores = self.ask_plainly("stores", &[], server::stores);
        let stores = unless_transient(stores.await)?;
        Ok(Server {
            product: match stores {
                Some(_) => Product::Thanos,
                None if is_mimir => Product::Mimir,
                None => Product::Other,
            },
            version,
            stores: stores.unwrap_or_default(),
        })
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
        self.ask("query", &pairs, answer::data).await
    }

    /// What the query comes to every `step_ms` from the first time on to the last.
    ///
    /// It is asked for in pieces where there are more times than a server gives at once.
    pub async fn range(&self, query: &str, span: Span, step_ms: i64) -> Result<Answered<Data>> {
        let step_ms = step_ms.max(1);
        let longest = step_ms.saturating_mul(i64::from(self.limits.max_points.max(2)) - 1);
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
            left = left.saturating_sub(bytes);
            let joined = match whole {
                None => Ok(piece),
                Some(before) => merged(before, piece),
            };
            let joined = joined.map_err(|why| {
                Error::new(Kind::Corrupt, self.attempt("query_range")).because(why)
            })?;
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
        if self.server.product != Product::Thanos {
            return Vec::new();
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
        let is_form = !self.takes_no_forms.load(Ordering::Relaxed);
        let call = Call {
            path,
            pairs,
            is_form,
        };
        match self.repeated(&call, &read, limit).await {
            Err(Tried { status: 405, .. }) if is_form => {
                self.takes_no_forms.store(true, Ordering::Relaxed);
                let is_form = false;
                let call = Call { is_form, ..call };
                let done = self.repeated(&call, &read, limit).await;
                done.map_err(|tried| tried.err)
            }
            done => done.map_err(|tried| tried.err),
        }
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
        let (answer, _) = self
            .repeated(&call, &read, limit)
            .await
            .map_err(|tried| tried.err)?;
        Ok(answer)
    }

    async fn repeated<T>(
        &self,
        call: &Call<'_>,
        read: &impl Fn(&RawValue) -> Result<T, String>,
        limit: usize,
    ) -> Result<(Answered<T>, usize), Tried> {
        let attempt = self.attempt(call.path);
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
                Ok(value) if answer.is_success() => Ok((value, answer.body.len())),
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
        done.map_err(|err| Tried {
            err: if is_cut.into_inner() {
                err.of_kind(Kind::Corrupt)
            } else {
                err
            },
            status: status.into_inner(),
        })
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

fn unless_transient<T>(answer: Result<Answered<T>>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer.value)),
        Err(err) if err.kind() == Kind::Transient => Err(err),
        Err(_) => Ok(None),
    }
}
