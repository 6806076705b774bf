//! Which path leads to what.

use std::net::IpAddr;

use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::{Method, Request, Response, StatusCode};
use tracing::debug;

use super::answer::Answer;
use super::refusals::Refusals;
use super::token::Token;
use super::{api, page};
use crate::board::Board;
use crate::exposition;

/// What is served, and to whom.
#[derive(Debug, Clone)]
pub(super) struct Served {
    pub(super) board: Board,
    /// Who may use the API; `None` where there is none.
    pub(super) token: Option<Token>,
    /// What is said of those who have none.
    pub(super) refusals: Refusals,
    /// Whether this machine alone can ask.
    pub(super) is_loopback: bool,
}

impl Served {
    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<String> {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        // What programs ask for has no such trouble: of figures and health others learn nothing, and orders want a token.
        let answer = if self.is_loopback && path == "/" && is_rebound(&request) {
            Answer::text(
                StatusCode::MISDIRECTED_REQUEST,
                "this page is asked for as localhost or by a number: a proxy in front of it has to send one of these as Host",
            )
        } else if let Some(path) = path.strip_prefix("/api/") {
            let token = self.token.as_ref().map(|token| (token, &self.refusals));
            api::answer(&self.board, token, path, request).await
        } else {
            self.read(&method, &path)
        };
        debug!(%method, path, status = answer.status().as_u16(), "request answered");
        answer.response()
    }

    fn read(&self, method: &Method, path: &str) -> Answer {
        if !matches!(path, "/" | "/healthz" | "/readyz" | "/metrics") {
            return Answer::text(
                StatusCode::NOT_FOUND,
                "nothing is here: expected /, /healthz, /readyz, /metrics or /api/v1/",
            );
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Answer::only("GET, HEAD");
        }
        match path {
            "/healthz" => Answer::text(StatusCode::OK, "ok"),
            "/readyz" => match self.board.known().not_ready {
                None => Answer::text(StatusCode::OK, "ok"),
                Some(why) => Answer::text(StatusCode::SERVICE_UNAVAILABLE, &why),
            },
            "/metrics" => match exposition::of_process(&self.board.known()) {
                Ok(text) => Answer::figures(text),
                Err(err) => Answer::text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{err:#}")),
            },
            _ => Answer::page(page::of(&self.board.known())),
        }
    }
}

/// Whether a browser may have been led here under somebody else's name, whose pages would then read ours.
fn is_rebound(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    host.is_some_and(|host| !is_local(host))
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let inside = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_number = inside.unwrap_or(name).parse::<IpAddr>().is_ok();
    is_number || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-23.43
    #[test]
    fn names_that_others_may_give_to_this_machine_are_not_local() {
        for (host, expected) in [
            ("localhost", true),
            ("LocalHost:80", true),
            ("127.0.0.1:10922", true),
            ("[::1]:10922", true),
            ("[::1]", true),
            ("evil.example", false),
            ("evil.example:10922", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_local(host), expected, "{host}");
        }
    }
}
