//! Prometheus' remote write: in batches, in the order of time, and with an account of what a server refuses.
//!
//! Prometheus takes a whole request or nothing of it, and says not what was wrong in it: what is refused is sent again in halves, so that only what
//! is refused by itself is left. Thanos and Mimir take what they can of a request: halves of it would be refused for what is there by now.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use tracing::warn;

use super::part::{Part, Series, halves, run_end};
use super::proto;
use super::read::packed;
use super::server::{Limits, read_refusal};
use super::trouble::Trouble;
use super::written::{Partial, Refusal, Written};
use crate::error::{Error, Kind, Result};
use crate::http::header::{CONTENT_TYPE, HeaderValue};
use crate::http::{HttpRequest, HttpRequestBody};
use crate::promql::Access;
use crate::promql::exchange::{Begun, Exchange};
use crate::retry::Backoff;
use crate::samples::{METRIC_NAME, Metadata};

/// How much is sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// At most so many series.
    pub max_series: usize,
    /// At most so many samples.
    pub max_points: usize,
}

/// Writes to a server that takes remote write. Clones share connections.
#[derive(Debug, Clone)]
pub struct WriteClient {
    exchange: Arc<Exchange>,
    limits: Limits,
    batch: Batch,
    /// How many more refused requests are worth being sent in halves.
    halves: Arc<AtomicU32>,
}

/// So many refused requests are sent in halves before it takes one that is accepted to go on so: a server that refuses everything would be asked
/// for each sample twice.
const MOST_HALVES: u32 = 256;

/// What one accepted request is worth.
const HALVES_EARNED: u32 = 32;

/// What became of one request.
enum Sent {
    Taken,
    Refused {
        status: u16,
        words: String,
        /// All that the server says, as it says it.
        said: String,
    },
}

/// Told of a refusal, and says what becomes of what was refused.
pub type Refuses<'a> = &'a mut (dyn FnMut(Refusal) -> Result<Then> + Send);

/// What becomes of what a server has refused together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is sent again in halves, so that what is sound is taken.
    Halves,
    /// It counts as refused.
    Counts,
}

impl WriteClient {
    /// One for the server that answers there: the address is that of remote write itself, such as `http://prometheus:9090/api/v1/write`. Nothing is
    /// sent yet.
    pub fn new(access: &Access, limits: &Limits, batch: Batch) -> Result<Self> {
        Ok(Self {
            exchange: Arc::new(Exchange::new(access, limits.timeout)?),
            limits: limits.clone(),
            batch,
            halves: Arc::new(AtomicU32::new(MOST_HALVES)),
        })
    }

    /// How many samples a request has at most.
    #[must_use]
    pub fn max_points(&self) -> usize {
        self.batch.max_points
    }

    /// Where it is, without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.exchange.place()
    }

    /// Sends all of it, in order, and adds to the account. Once this returns well, the server has taken or refused each sample, and the account says
    /// which. `refuses` is told of each refusal as soon as the server answers so, before anything else is sent. Samples of a series are cut where the
    /// series alone has more than a request may have, wherever it stands among others.
    ///
    /// Errors: those of `refuses`; the server takes nothing from us, or does not answer. What was sent before may have been taken, as far as the account
    /// says; sent again it does no harm, but a server that takes samples in order alone refuses it.
    pub async fn write(
        &self,
        series: &[Series],
        written: &mut Written,
        refuses: Refuses<'_>,
    ) -> Result<()> {
        let mut waiting: Vec<(&Series, usize)> = Vec::with_capacity(series.len());
        for one in series {
            if one.labels.get(METRIC_NAME).is_none() {
                // Prometheus would take the request, and drop them without a word.
                let words = "a series without a name is taken by no server";
                let count = one.samples.len() as u64;
                written.refuse(Refusal::Labels, (count, 0), words, &one.labels.to_string());
                continue;
            }
            waiting.push((one, 0));
        }
        while !waiting.is_empty() {
            let mut later = Vec::new();
            let (mut batch, mut points) = (Vec::new(), 0);
            for (one, mut start) in waiting {
                let run_end = run_end(&one.samples, start);
                let most = self.batch.max_points.max(1);
                if points > 0 && points + (run_end - start) > most {
                    self.send(std::mem::take(&mut batch), written, refuses)
                        .await?;
                    points = 0;
                }
                loop {
                    let room = most.saturating_sub(points);
                    let end = run_end.min(start.saturating_add(room));
                    if end > start || one.samples.is_empty() {
                        batch.push(Part {
                            series: one,
                            samples: start..end,
                            has_exemplars: start == 0,
                        });
                        points += end - start;
                    }
                    let is_done = end == run_end;
                    if !is_done || batch.len() >= self.batch.max_series.max(1) {
                        self.send(std::mem::take(&mut batch), written, refuses)
                            .await?;
                        points = 0;
                    }
                    start = end;
                    if is_done {
                        break;
                    }
                }
                if start < one.samples.len() {
                    later.push((one, start));
                }
            }
            if !batch.is_empty() {
                self.send(batch, written, refuses).await?;
            }
            waiting = later;
        }
        Ok(())
    }

    /// Sends what metrics are.
    ///
    /// Errors: as those of [`WriteClient::write`], and where the server refuses them.
    pub async fn metadata(&self, metadata: &[Metadata]) -> Result<Written> {
        let mut written = Written::default();
        for some in metadata.chunks(self.batch.max_series.max(1)) {
            let message = proto::WriteRequest {
                metadata: some.iter().map(message_of_metadata).collect(),
                ..proto::WriteRequest::default()
            };
            written.requests += 1;
            match self.repeated(&message).await? {
                Sent::Taken => written.metadata += some.len() as u64,
                Sent::Refused { status, words, .. } => {
                    let kind = Refusal::of(status, &words);
                    let why = format!("{}: {words}", kind.as_str());
                    return Err(self.error(Kind::Other, why));
                }
            }
        }
        Ok(written)
    }

    /// Sends parts, in halves as long as they are refused together.
    async fn send(
        &self,
        batch: Vec<Part<'_>>,
        written: &mut Written,
        refuses: Refuses<'_>,
    ) -> Result<()> {
        let mut left = vec![batch];
        while let Some(batch) = left.pop() {
            let timeseries = batch.iter().map(Part::message).collect();
            let message = proto::WriteRequest {
                timeseries,
                ..proto::WriteRequest::default()
            };
            written.requests += 1;
            match self.repeated(&message).await? {
                Sent::Taken => {
                    for part in batch {
                        part.count(written);
                    }
                    let earned = |halves: u32| Some((halves + HALVES_EARNED).min(MOST_HALVES));
                    let _ = self
                        .halves
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned);
                }
                Sent::Refused {
                    status,
                    words,
                    said,
                } => {
                    let then = refuses(Refusal::of(status, &words))?;
                    if let Some(partial) = Partial::of(status, &said) {
                        partial.count(&batch, &words, written);
                        continue;
                    }
                    if then == Then::Counts {
                        for part in batch {
                            let count = part.samples.len() as u64;
                            let series = part.series.labels.to_string();
                            let kind = Refusal::of(status, &words);
                            written.refuse(kind, (count, 0), &words, &series);
                        }
                        continue;
                    }
                    let spent = |halves: u32| halves.checked_sub(1);
                    let may_halve = || {
                        let update =
                            self.halves
                                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
                        update.is_ok()
                    };
                    let refusal = Refusal::of(status, &words);
                    match halves(batch) {
                        Ok((first, second)) if may_halve() => left.extend([second, first]),
                        Ok((first, second)) => {
                            for part in first.iter().chain(&second) {
                                let count = part.samples.len() as u64;
                                let series = part.series.labels.to_string();
                                written.refuse(refusal, (count, count), &words, &series);
                            }
                        }
                        Err(one) => {
                            let count = one.samples.len() as u64;
                            let series = one.series.labels.to_string();
                            written.refuse(refusal, (count, 0), &words, &series);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends a message until the server has judged it.
    async fn repeated(&self, message: &proto::WriteRequest) -> Result<Sent> {
        let failed = |trouble| match trouble {
            Trouble::Failed(kind, why) => self.error(kind, why),
            Trouble::Garbled(why) => self.error(Kind::Corrupt, why),
            Trouble::CutShort(why) => self.error(Kind::Transient, why),
            Trouble::TooMuch(why) | Trouble::OtherForm(why) => self.error(Kind::Other, why),
            Trouble::Untaken(err) => err,
        };
        let body = packed(message).map_err(failed)?;
        let mut backoff = Backoff::new(&self.limits.retry);
        let mut is_unsure = false;
        loop {
            let (trouble, was_answered) = match self.once(&body).await {
                Ok(Sent::Refused {
                    status,
                    words,
                    said,
                }) if is_unsure => {
                    let words = format!(
                        "{words} (a request before it broke off; what it held may have been taken then)"
                    );
                    return Ok(Sent::Refused {
                        status,
                        words,
                        said,
                    });
                }
                Ok(sent) => return Ok(sent),
                Err(trouble) => trouble,
            };
            is_unsure |= !was_answered;
            let delay = match &trouble {
                Trouble::Failed(Kind::Transient, _) | Trouble::Garbled(_) => backoff.next_delay(),
                _ => None,
            };
            let Some(delay) = delay else {
                return Err(failed(trouble));
            };
            warn!(
                server = self.place(),
                ?delay,
                err = trouble.why(),
                "writing failed, and is tried again after the delay"
            );
            tokio::time::sleep(delay).await;
        }
    }

    /// Sends once. The error tells whether the server answered at all.
    async fn once(&self, body: &Bytes) -> Result<Sent, (Trouble, bool)> {
        let base = self.exchange.base().clone();
        let begun = self.exchange.send(base, || request(body.clone())).await;
        let begun = begun.map_err(|failure| (failure.into(), false))?;
        let status = begun.answer.status();
        if status.is_success() {
            return taken(begun).await.map_err(|trouble| (trouble, true));
        }
        let answer = read_refusal(begun).await;
        let (kind, words) = answer.refusal();
        match answer.status {
            400 | 409 | 413 | 422 => Ok(Sent::Refused {
                status: answer.status,
                words,
                said: String::from_utf8_lossy(&answer.body).into_owned(),
            }),
            _ => Err((Trouble::Failed(kind, words), true)),
        }
    }

    fn error(&self, kind: Kind, why: String) -> Error {
        Error::new(kind, format!("write to {}", self.place())).because(why)
    }
}

/// Whether a success is one: a page for people says nothing of samples.
async fn taken(begun: Begun) -> Result<Sent, Trouble> {
    let kind = begun.answer.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_page = kind.to_ascii_lowercase().contains("html");
    let answer = read_refusal(begun).await;
    if is_page || answer.body.trim_ascii_start().starts_with(b"<") {
        return Err(Trouble::Garbled(
            answer.about("it does not say that anything was written"),
        ));
    }
    // Gateways answer so what a server behind them refused.
    let is_error = serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok_and(|said| {
        let status = said.get("status").and_then(serde_json::Value::as_str);
        let is_told = |error: &serde_json::Value| match error {
            serde_json::Value::String(words) => !words.is_empty(),
            serde_json::Value::Object(_) | serde_json::Value::Bool(true) => true,
            _ => false,
        };
        status == Some("error") || said.get("error").is_some_and(is_told)
    });
    if is_error {
        let (_, words) = answer.refusal();
        return Err(Trouble::Failed(Kind::Refused, words));
    }
    Ok(Sent::Taken)
}

fn message_of_metadata(metadata: &Metadata) -> proto::MetricMetadata {
    use proto::metric_metadata::MetricType;

    let kind = match metadata.kind {
        "counter" => MetricType::Counter,
        "gauge" => MetricType::Gauge,
        "histogram" => MetricType::Histogram,
        "gaugehistogram" => MetricType::Gaugehistogram,
        "summary" => MetricType::Summary,
        "info" => MetricType::Info,
        "stateset" => MetricType::Stateset,
        _ => MetricType::Unknown,
    };
    proto::MetricMetadata {
        r#type: kind.into(),
        metric_family_name: metadata.family.clone(),
        help: metadata.help.clone(),
        unit: metadata.unit.clone(),
    }
}

fn request(body: Bytes) -> HttpRequest {
    let mut request = HttpRequest::new(HttpRequestBody::from(body));
    *request.method_mut() = reqwest::Method::POST;
    let headers = request.headers_mut();
    for (name, value) in [
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "snappy"),
        ("x-prometheus-remote-write-version", "0.1.0"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    request
}
