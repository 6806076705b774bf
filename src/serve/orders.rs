//! Orders as the API takes them.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use tokio::time::timeout;
use tracing::info;

use super::answer::Answer;
use super::status::order_told;
use crate::block::BlockId;
use crate::board::{Board, Deed, Refusal};

/// A thousand ids take less than half of it.
const LARGEST_BYTES: usize = 64 << 10;

/// So many blocks are in one order at most.
const MOST_IDS: usize = 1000;

/// How long the body may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    ids: Vec<String>,
    rule: Option<String>,
}

/// Reads an order, and places it.
pub(super) async fn place(board: &Board, deed: Deed, request: Request<Incoming>) -> Answer {
    let body = match timeout(PATIENCE, body(request.into_body())).await {
        Ok(Ok(body)) => body,
        Ok(Err(Torn::TooLong)) => {
            let why = format!("expected at most {LARGEST_BYTES} bytes");
            return Answer::fault(StatusCode::PAYLOAD_TOO_LARGE, &why);
        }
        Ok(Err(Torn::Broken)) => {
            return Answer::fault(StatusCode::BAD_REQUEST, "the body did not come whole");
        }
        Err(_) => {
            return Answer::fault(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
        }
    };
    let (ids, rule) = match asked(&body) {
        Ok(asked) => asked,
        Err(why) => return Answer::fault(StatusCode::BAD_REQUEST, &why),
    };
    match board.place(deed, rule.as_deref(), ids) {
        Ok(known) => {
            info!(
                order = known.order.id,
                operation = deed.as_str(),
                rule = known.order.rule,
                blocks = known.order.blocks.len(),
                "order taken"
            );
            Answer::json(StatusCode::ACCEPTED, &order_told(&known))
        }
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotNow(why) => Answer::fault(StatusCode::SERVICE_UNAVAILABLE, why).later(),
        Refusal::WhichRule(names) => {
            let why = format!("rule: expected one of {}", names.join(", "));
            Answer::fault(StatusCode::BAD_REQUEST, &why)
        }
        Refusal::Busy(block, order) => {
            let why = format!("order {order}, which has not ended, has to do with {block}");
            Answer::fault(StatusCode::CONFLICT, &why)
        }
        Refusal::Full(most) => {
            let why = format!("{most} orders wait already");
            Answer::fault(StatusCode::TOO_MANY_REQUESTS, &why).later()
        }
    }
}

fn asked(body: &[u8]) -> Result<(BTreeSet<BlockId>, Option<String>), String> {
    let Asked { ids, rule } = serde_json::from_slice(body).map_err(|err| {
        format!("expected {{\"ids\": [\"01J9ZK3M7Q8T5V6W7X8Y9Z0A1B\"], \"rule\": \"NAME\"}}: {err}")
    })?;
    if ids.is_empty() || ids.len() > MOST_IDS {
        return Err(format!("ids: expected 1 to {MOST_IDS} ids of blocks"));
    }
    let ids = ids.iter().map(|id| {
        let id = id.parse::<BlockId>();
        id.map_err(|err| format!("ids: {err:#}"))
    });
    Ok((ids.collect::<Result<_, _>>()?, rule))
}

enum Torn {
    TooLong,
    Broken,
}

async fn body(mut incoming: Incoming) -> Result<Vec<u8>, Torn> {
    let mut body = Vec::new();
    let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await;
    while let Some(frame) = next().await {
        let frame = frame.map_err(|_| Torn::Broken)?;
        if let Ok(data) = frame.into_data() {
            if body.len() + data.len() > LARGEST_BYTES {
                return Err(Torn::TooLong);
            }
            body.extend_from_slice(&data);
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-23.46
    #[test]
    fn an_order_names_blocks_and_perhaps_a_rule_and_nothing_else() {
        let id = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        for (body, expected) in [
            (format!("{{\"ids\":[\"{id}\"]}}"), Ok((1, None))),
            (
                format!("{{\"ids\":[\"{id}\",\"{id}\"],\"rule\":\"old\"}}"),
                Ok((1, Some("old"))),
            ),
            ("{\"ids\":[]}".to_owned(), Err("ids: expected 1 to 1000")),
            ("{\"rule\":\"old\"}".to_owned(), Err("missing field `ids`")),
            (
                format!("{{\"ids\":[\"{id}\"],\"force\":true}}"),
                Err("unknown field `force`"),
            ),
            (
                format!("{{\"ids\":[\"{}\"]}}", id.to_lowercase()),
                Err("is not a block id"),
            ),
            (
                "{\"ids\":[\"../../etc\"]}".to_owned(),
                Err("is not a block id"),
            ),
            ("{\"ids\":\"all\"}".to_owned(), Err("expected")),
            (String::new(), Err("expected")),
            (
                format!(
                    "{{\"ids\":[{}\"{id}\"]}}",
                    format!("\"{id}\",").repeat(1000)
                ),
                Err("ids: expected 1 to 1000"),
            ),
        ] {
            match (asked(body.as_bytes()), expected) {
                (Ok((ids, rule)), Ok(expected)) => {
                    assert_eq!((ids.len(), rule.as_deref()), expected, "{body}");
                }
                (Err(why), Err(part)) => assert!(why.contains(part), "{body}: {why}"),
                (got, _) => panic!("{body}: {got:?}"),
            }
        }
    }
}
