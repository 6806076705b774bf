//! `trace.enable`: each request and each answer in the log, at level `debug`, under the name that Thanos gives them. Bodies are not told, nor secrets.

use object_store::client::{HttpRequest, HttpResponse};
use reqwest::header::HeaderMap;
use tracing::debug;

use crate::http::secrets::Secrets;

/// Tells of a request that goes out now.
pub(super) fn request(request: &HttpRequest, secrets: &Secrets) {
    let text = format!("{} {}", request.method(), request.uri());
    let headers = headers(request.headers(), secrets);
    let request = secrets.hidden_in(&text);
    debug!(request, headers, "s3TraceMsg");
}

/// Tells of its answer.
pub(super) fn answer(asked: &str, answer: &HttpResponse, secrets: &Secrets) {
    let headers = headers(answer.headers(), secrets);
    let request = secrets.hidden_in(asked);
    debug!(
        request,
        status = answer.status().as_u16(),
        headers,
        "s3TraceMsg"
    );
}

fn headers(headers: &HeaderMap, secrets: &Secrets) -> String {
    let told = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("{name}: {}", secrets.hidden_in(&value))
    });
    told.collect::<Vec<_>>().join("; ")
}
