//! What a service says is wrong, made fit to print, and what a status means where nothing more is said.
//!
//! How a service says it, and what its codes mean, each provider knows by itself.

use reqwest::StatusCode;

use super::secrets::Secrets;
use crate::error::Kind;

/// Codes are single words.
const LONGEST_CODE: usize = 100;

/// What servers of TLS say to a request without it; the first is nginx's, the second Go's.
const WANTS_TLS: [&[u8]; 2] = [
    b"plain HTTP request was sent to HTTPS port",
    b"Client sent an HTTP request to an HTTPS server",
];

/// What a service says is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// One word, as [`is_code`] has it; empty where the service says none.
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Said {
    /// With its message on one line and without secrets; `None` where one stands in the code.
    pub(crate) fn fit_to_print(self, secrets: &Secrets) -> Option<Self> {
        let words: Vec<&str> = self.message.split_whitespace().collect();
        let message = secrets.hidden_in(&words.join(" "));
        // More may be said after it.
        let message = message.trim_end_matches('.').to_owned();
        (secrets.hidden_in(&self.code) == self.code).then_some(Self { message, ..self })
    }

    /// Code and message, where they are said.
    pub(crate) fn told(&self) -> String {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => message.to_owned(),
            (code, "") => code.to_owned(),
            (code, message) => format!("{code}: {message}"),
        }
    }
}

/// Whether a text can be a code: a short word that holds nothing to mistake for anything else.
pub(crate) fn is_code(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.len() <= LONGEST_CODE && text.chars().all(is_fit)
}

/// Whether a body holds these words.
pub(crate) fn contains(body: &[u8], words: &[u8]) -> bool {
    body.windows(words.len()).any(|part| part == words)
}

/// Whether a body is what a server of TLS says to a request without it.
pub(crate) fn wants_tls(body: &[u8]) -> bool {
    WANTS_TLS.iter().any(|words| contains(body, words))
}

/// Statuses that whoever stands on the way may use as well as the service, for both mean the same by them.
pub(crate) fn tells_of_the_server(status: StatusCode) -> bool {
    matches!(status.as_u16(), 300..=303 | 305..=399 | 408 | 425 | 429 | 499 | 500..)
}

/// Whether a refusal that may pass comes from something on the way that should not be there.
pub(crate) fn is_from_something_else(status: StatusCode, by_service: bool) -> bool {
    !by_service && status.is_client_error() && !tells_of_the_server(status)
}

/// What a status means where nothing more is said; `by_service` where the answer is surely the service's own.
pub(crate) fn of_status(status: StatusCode, by_service: bool) -> Kind {
    match status.as_u16() {
        // A redirect concerns every request, whoever gives it.
        300..=303 | 305..=399 => Kind::Elsewhere,
        501 => Kind::Unsupported,
        507 => Kind::NoSpace,
        // Too much for whoever stands on the way, whatever is asked for next.
        413 | 414 | 431 => Kind::Other,
        _ if !by_service => Kind::Transient,
        401 => Kind::Credentials,
        403 => Kind::Refused,
        404 => Kind::NotFound,
        304 | 412 | 416 => Kind::Changed,
        ..=299 | 408 | 425 | 429 | 499.. => Kind::Transient,
        _ => Kind::Other,
    }
}
