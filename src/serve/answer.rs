//! What is answered: a status, a document, and the headers that go with each.

use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::exposition;
use crate::printable::PrintableJson;

/// What is answered.
pub(super) struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: String,
    header: Option<(HeaderName, &'static str)>,
}

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// The page has its style in itself, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Serialize)]
struct Fault<'a> {
    error: &'a str,
}

impl Answer {
    fn new(status: StatusCode, kind: &'static str, body: String) -> Self {
        Self {
            status,
            kind,
            body,
            header: None,
        }
    }

    /// A line for people and probes.
    pub(super) fn text(status: StatusCode, line: &str) -> Self {
        Self::new(status, TEXT, format!("{line}\n"))
    }

    /// A page.
    pub(super) fn page(body: String) -> Self {
        Self::new(StatusCode::OK, HTML, body)
    }

    /// Figures for Prometheus.
    pub(super) fn figures(body: String) -> Self {
        Self::new(StatusCode::OK, exposition::CONTENT_TYPE, body)
    }

    /// A document for programs.
    pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Self {
        let mut body = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut body, PrintableJson);
        let spelled = document.serialize(&mut serializer).ok();
        match spelled.and_then(|()| String::from_utf8(body).ok()) {
            Some(body) => Self::new(status, JSON, body + "\n"),
            None => Self::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "could not spell the answer",
            ),
        }
    }

    /// Why a program gets nothing else.
    pub(super) fn fault(status: StatusCode, why: &str) -> Self {
        Self::json(status, &Fault { error: why })
    }

    /// The request is one that is never made of this path.
    pub(super) fn only(methods: &'static str) -> Self {
        let line = format!("expected the method {methods}");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::text(status, &line).with(ALLOW, methods)
    }

    /// Nobody knows who asks.
    pub(super) fn unauthorized() -> Self {
        Self::fault(
            StatusCode::UNAUTHORIZED,
            "expected the header Authorization: Bearer with the token",
        )
        .with(WWW_AUTHENTICATE, "Bearer")
    }

    /// The same, but to be tried again a little later.
    pub(super) fn later(self) -> Self {
        self.with(RETRY_AFTER, "60")
    }

    fn with(self, name: HeaderName, value: &'static str) -> Self {
        Self {
            header: Some((name, value)),
            ..self
        }
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// As HTTP sends it.
    pub(super) fn response(self) -> Response<String> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, self.kind),
            (CACHE_CONTROL, "no-store"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
        ]
        .into_iter()
        .chain(self.header)
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
