//! Prometheus' remote read: chunks as a server keeps them, streamed, and samples where it has no such form.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use tracing::info;

use super::delivered::{Brought, Delivered};
use super::frames::Frames;
use super::pace::Pace;
use super::proto;
use super::server::{self, Limits, Wanted, refused};
use super::sink::Sink;
use super::taking::Taking;
use super::trouble::Trouble;
use crate::causes;
use crate::error::{Kind, Result};
use crate::http::body::{TooLong, whole};
use crate::http::header::{self, HeaderMap, HeaderValue};
use crate::http::{HttpRequest, HttpRequestBody};
use crate::promql::exchange::{Answer, Begun, Exchange};
use crate::promql::{Access, Matcher, Selector};

/// Reads from a server that speaks remote read. Clones share connections.
#[derive(Debug, Clone)]
pub struct ReadClient {
    exchange: Arc<Exchange>,
    limits: Limits,
    /// Whether chunks were of no use.
    wants_samples: Arc<AtomicBool>,
    pace: Arc<Pace>,
}

/// A form of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Chunks, or samples where the server has no such form.
    Streamed,
    Samples,
}

impl ReadClient {
    /// One for the server that answers there: the address is that of remote read itself, such as `http://prometheus:9090/api/v1/read`. Nothing is
    /// asked yet.
    pub fn new(access: &Access, limits: &Limits) -> Result<Self> {
        Ok(Self {
            exchange: Arc::new(Exchange::new(access, limits.timeout)?),
            limits: limits.clone(),
            wants_samples: Arc::default(),
            pace: Arc::default(),
        })
    }

    /// One that asks for samples alone, and never for chunks.
    #[must_use]
    pub fn for_samples(self) -> Self {
        Self {
            wants_samples: Arc::new(AtomicBool::new(true)),
            ..self
        }
    }

    /// Where it is, without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.exchange.place()
    }

    /// Hands on what the server has of the series that any of the selectors selects, within that range of milliseconds since the epoch. A series
    /// that several select is handed on once.
    ///
    /// Chunks are handed on as the server keeps them, but for those that reach out of the range that is asked for. What comes of an answer that
    /// breaks off is taken back ([`Item::TakenBack`](crate::samples::Item::TakenBack)) before it is asked for anew, in halves or in another form.
    ///
    /// Errors: say which selector, which server and why; the kinds are those of [`Client`](crate::promql::Client).
    pub async fn read(
        &self,
        selectors: &[Selector],
        range: Range<i64>,
        sink: &mut Sink<'_>,
    ) -> Result<Brought> {
        let once = async |wanted: &Wanted<'_>, delivered: &mut Delivered<'_, '_>| {
            if self.wants_samples.load(Ordering::Relaxed) {
                return self.ask(wanted, Form::Samples, delivered).await;
            }
            let done = self.ask(wanted, Form::Streamed, delivered).await;
            let Err(Trouble::OtherForm(why)) = done else {
                return done;
            };
            let server = self.place();
            info!(server, why, "is asked for samples in place of chunks");
            delivered.take_back()?;
            self.ask(wanted, Form::Samples, delivered).await?;
            self.wants_samples.store(true, Ordering::Relaxed);
            Ok(())
        };
        let access = (self.place(), &self.limits, &*self.pace);
        server::each(access, selectors, range, sink, once).await
    }

    /// Asks once, for one form.
    async fn ask(
        &self,
        wanted: &Wanted<'_>,
        form: Form,
        delivered: &mut Delivered<'_, '_>,
    ) -> Result<(), Trouble> {
        let body = packed(&question(wanted, form))?;
        let make = || request(body.clone());
        let begun = self.exchange.send(self.exchange.base().clone(), make);
        let begun = begun.await?;
        let status = begun.answer.status();
        if !status.is_success() {
            let is_of_form = matches!(status.as_u16(), 400 | 406 | 415 | 422 | 501);
            return Err(match refused(begun).await {
                Trouble::Failed(_, why) if form == Form::Streamed && is_of_form => {
                    Trouble::OtherForm(why)
                }
                trouble => trouble,
            });
        }
        let mut taking = Taking::new(wanted);
        if !is_streamed(begun.answer.headers()) {
            let message = self.message(begun).await?;
            delivered.reach();
            return taking.whole(&message, delivered);
        }
        if form == Form::Samples {
            let why = "samples were asked for, and it answers chunks";
            return Err(Trouble::Failed(Kind::Unsupported, why.to_owned()));
        }
        if !tells_its_end(begun.answer.headers()) {
            let why = "nobody could tell whether its answer is whole";
            return Err(Trouble::OtherForm(why.to_owned()));
        }
        let mut frames = Frames::default();
        let mut pieces = begun.answer.into_body().bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|err| broken(&err))?;
            frames.push(&piece);
            while let Some(frame) = frames.next().map_err(Trouble::Garbled)? {
                delivered.reach();
                taking.frame(frame, delivered)?;
            }
        }
        frames.end().map_err(Trouble::Garbled)
    }

    /// Reads an answer in one piece, and unpacks it.
    async fn message(&self, begun: Begun) -> Result<Vec<u8>, Trouble> {
        let Begun { answer, secrets } = begun;
        let longest = self.limits.max_held_bytes;
        let too_long = || Trouble::TooMuch(format!("the answer has more than {longest} bytes"));
        let status = answer.status().as_u16();
        let body = match whole(answer.into_body(), longest).await {
            Ok(body) => body,
            Err(err) if causes::first::<TooLong>(&err).is_some() => return Err(too_long()),
            Err(err) => return Err(broken(&err)),
        };
        let unpacked = snap::raw::decompress_len(&body).and_then(|length| {
            if length > longest {
                return Ok(None);
            }
            snap::raw::Decoder::new().decompress_vec(&body).map(Some)
        });
        match unpacked {
            Ok(message) => message.ok_or_else(too_long),
            Err(err) => {
                let answer = Answer {
                    status,
                    body,
                    secrets,
                };
                Err(Trouble::Garbled(answer.about(&err.to_string())))
            }
        }
    }
}

/// What broke an answer off that had begun.
pub(super) fn broken(err: &crate::http::HttpError) -> Trouble {
    Trouble::CutShort(format!("the answer broke off: {}", causes::told(err)))
}

fn question(wanted: &Wanted<'_>, form: Form) -> proto::ReadRequest {
    use proto::read_request::ResponseType;

    let Range { start, end } = wanted.range;
    let matcher = |matcher: &Matcher| proto::LabelMatcher {
        r#type: matcher.operator() as i32,
        name: matcher.name().to_owned(),
        value: matcher.value().to_owned(),
    };
    // Both times belong to what is asked for.
    let end = end.saturating_sub(1);
    let forms = match form {
        Form::Streamed => vec![ResponseType::StreamedXorChunks, ResponseType::Samples],
        Form::Samples => vec![ResponseType::Samples],
    };
    proto::ReadRequest {
        queries: vec![proto::Query {
            start_timestamp_ms: start,
            end_timestamp_ms: end,
            matchers: wanted.selector.matchers().iter().map(matcher).collect(),
            hints: Some(proto::ReadHints {
                start_ms: start,
                end_ms: end,
                ..proto::ReadHints::default()
            }),
        }],
        accepted_response_types: forms.into_iter().map(i32::from).collect(),
    }
}

/// A message as bodies hold it.
pub(super) fn packed(message: &impl prost::Message) -> Result<Bytes, Trouble> {
    let packed = snap::raw::Encoder::new().compress_vec(&message.encode_to_vec());
    let packed = packed.map_err(|err| Trouble::Failed(Kind::Other, err.to_string()))?;
    Ok(packed.into())
}

fn request(body: Bytes) -> HttpRequest {
    let mut request = HttpRequest::new(HttpRequestBody::from(body));
    *request.method_mut() = reqwest::Method::POST;
    let headers = request.headers_mut();
    for (name, value) in [
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "snappy"),
        ("accept-encoding", "snappy"),
        ("x-prometheus-remote-read-version", "0.1.0"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    request
}

fn is_streamed(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase()
        .starts_with("application/x-streamed-protobuf")
}

/// Whether a body that is cut shows that it was.
pub(super) fn tells_its_end(headers: &HeaderMap) -> bool {
    headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING)
}
