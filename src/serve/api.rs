//! The API: what is known for programs, and orders. All of it is for whoever shows the token, for names of buckets and blocks are nobody else's.

use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, StatusCode};
use tracing::{error, warn};

use super::answer::Answer;
use super::refusals::Refusals;
use super::token::{Shown, Token};
use super::{orders, status};
use crate::block::BlockId;
use crate::board::{Board, Deed};

/// Answers a request for what lies below `/api/`, by that path.
pub(super) async fn answer(
    board: &Board,
    token: Option<(&Token, &Refusals)>,
    path: &str,
    request: Request<Incoming>,
) -> Answer {
    let Some((token, refusals)) = token else {
        return Answer::fault(
            StatusCode::NOT_FOUND,
            "the API is off: --http.bearer-token-file turns it on",
        );
    };
    let authorization = request.headers().get(AUTHORIZATION);
    let authorization = authorization.map(|value| value.as_bytes().to_vec());
    match token.shown(authorization.as_deref()).await {
        Ok(Shown::Right) => {}
        Ok(Shown::Wrong) => {
            if let Some(requests) = refusals.to_be_told() {
                warn!(requests, "requests without the right token were refused");
            }
            return Answer::unauthorized();
        }
        Err(err) => {
            if refusals.to_be_told().is_some() {
                error!(
                    err = format!("{err:#}"),
                    "requests to the API are refused until the file holds a token"
                );
            }
            return Answer::fault(
                StatusCode::SERVICE_UNAVAILABLE,
                "the token's file holds none now: the log says why",
            );
        }
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let orders = *request.method() == Method::POST;
    match path.strip_prefix("v1/") {
        Some("status") if reads => Answer::json(StatusCode::OK, &status::told(board.known())),
        Some("migrate") if orders => orders::place(board, Deed::Migrate, request).await,
        Some("restore") if orders => orders::place(board, Deed::Restore, request).await,
        Some("status") => Answer::only("GET, HEAD"),
        Some("migrate" | "restore") => Answer::only("POST"),
        Some(path) => match path.strip_prefix("blocks/") {
            Some(id) if reads => block(board, id),
            Some(_) => Answer::only("GET, HEAD"),
            None => Answer::fault(StatusCode::NOT_FOUND, NOTHING),
        },
        None => Answer::fault(StatusCode::NOT_FOUND, NOTHING),
    }
}

const NOTHING: &str = "nothing is here: expected /api/v1/status, /api/v1/blocks/ID, /api/v1/migrate or /api/v1/restore";

fn block(board: &Board, id: &str) -> Answer {
    match id.parse::<BlockId>() {
        Err(err) => Answer::fault(StatusCode::BAD_REQUEST, &format!("{err:#}")),
        Ok(id) => match board.block(id) {
            Some(known) => Answer::json(StatusCode::OK, &status::block_told(id, known)),
            None => Answer::fault(
                StatusCode::NOT_FOUND,
                "nothing happened to this block since the process began, as far as is remembered",
            ),
        },
    }
}
