//! A server that is asked for samples: how often it is asked, for how much at once, and what its refusals mean.

use std::ops::{AddAssign, Range};

use tracing::warn;

use super::delivered::Delivered;
use crate::error::{Error, Kind, Result};
use crate::http::body;
use crate::promql::Selector;
use crate::promql::exchange::{Answer, Begun, Failure};
use crate::retry::{Backoff, Policy};

/// How long and how often a server is asked, and how much of it is read.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long an answer may take to begin, and then stand still.
    pub timeout: std::time::Duration,
    /// When a request is repeated. Where an answer made progress before it broke off, tries are counted anew.
    pub retry: Policy,
    /// How much of an answer is held at once, unpacked, in bytes. Where a server gives more in one piece, it is asked for less.
    pub max_held_bytes: usize,
}

/// What came of a reading, beside what was handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Brought {
    /// Pieces of series.
    pub pieces: u64,
    /// Samples that a server told, and that lie outside of the range that was asked for. They were not handed on.
    pub outside: u64,
    /// Requests that were made anew.
    pub repeats: u64,
}

impl AddAssign for Brought {
    fn add_assign(&mut self, other: Self) {
        self.pieces += other.pieces;
        self.outside += other.outside;
        self.repeats += other.repeats;
    }
}

/// Why a try came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// As the kind says.
    Failed(Kind, String),
    /// What came is not what the server meant to send: it was cut, or somebody on the way answers. Another try may mend it.
    Garbled(String),
    /// The server does not give so much at once.
    TooMuch(String),
    /// The form of the answer cannot be read. Another can.
    OtherForm(String),
    /// Whoever takes what comes does not.
    Untaken(Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.kind, failure.why)
    }
}

/// What is asked for: the series of one selector that those before it do not select.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    pub(super) selector: &'a Selector,
    pub(super) earlier: &'a [Selector],
    pub(super) range: Range<i64>,
}

/// A range of less is not asked for in halves.
const SHORTEST_MS: i64 = 1000;

/// Asks for the series of each selector, each as often as is of any use and for as much at once as the server gives.
pub(super) async fn each(
    access_place: &str,
    retry: &Policy,
    selectors: &[Selector],
    range: Range<i64>,
    mut once: impl AsyncFnMut(&Wanted<'_>, &mut Delivered, &mut Brought) -> Result<(), Trouble>,
) -> Result<Brought> {
    let mut brought = Brought::default();
    for (place, selector) in selectors.iter().enumerate() {
        let earlier = selectors.get(..place).unwrap_or_default();
        let mut ranges = vec![range.clone()];
        while let Some(range) = ranges.pop().filter(|range| !range.is_empty()) {
            let wanted = Wanted {
                selector,
                earlier,
                range,
            };
            let done = repeated(access_place, retry, &wanted, &mut brought, &mut once).await;
            let (kind, why) = match done {
                Ok(()) => continue,
                Err(Trouble::Untaken(err)) => return Err(err),
                Err(Trouble::TooMuch(why)) => {
                    let Range { start, end } = wanted.range;
                    let length = end.saturating_sub(start);
                    if length >= 2 * SHORTEST_MS {
                        warn!(
                            server = access_place,
                            why, "refused so much at once, and is asked for half of it"
                        );
                        let middle = start + length / 2;
                        ranges.extend([middle..end, start..middle]);
                        continue;
                    }
                    (Kind::Other, why)
                }
                Err(Trouble::Garbled(why)) => (Kind::Corrupt, why),
                Err(Trouble::OtherForm(why)) => (Kind::Unsupported, why),
                Err(Trouble::Failed(kind, why)) => (kind, why),
            };
            let attempt = format!("read {selector} from {access_place}");
            return Err(Error::new(kind, attempt).because(why));
        }
    }
    Ok(brought)
}

async fn repeated(
    place: &str,
    retry: &Policy,
    wanted: &Wanted<'_>,
    brought: &mut Brought,
    once: &mut impl AsyncFnMut(&Wanted<'_>, &mut Delivered, &mut Brought) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut backoff = Backoff::new(retry);
    let mut delivered = Delivered::default();
    let mut furthest = 0;
    loop {
        let trouble = match once(wanted, &mut delivered, brought).await {
            Ok(()) => return Ok(()),
            Err(trouble) => trouble,
        };
        let (Trouble::Failed(Kind::Transient, why) | Trouble::Garbled(why)) = &trouble else {
            // What has come is handed on; a part of it must not come again from halves or in another form without being known.
            return Err(trouble);
        };
        // Who comes no further than before makes no progress, however new what came is.
        if delivered.reached() > furthest {
            furthest = delivered.reached();
            backoff.reset();
        }
        let Some(delay) = backoff.next_delay() else {
            return Err(trouble);
        };
        warn!(
            server = place,
            ?delay,
            err = why,
            "reading failed, and is tried again after the delay"
        );
        tokio::time::sleep(delay).await;
        brought.repeats += 1;
        delivered.begin_again();
    }
}

/// What a refusal means. `begun` is an answer without success.
pub(super) async fn refused(begun: Begun) -> Trouble {
    let answer = read_refusal(begun).await;
    let (kind, why) = answer.refusal();
    let words = String::from_utf8_lossy(&answer.body).to_lowercase();
    let is_too_much = match answer.status {
        413 => true,
        400 | 422 => TOO_MUCH.iter().any(|some| words.contains(some)),
        _ => false,
    };
    if is_too_much {
        Trouble::TooMuch(why)
    } else {
        Trouble::Failed(kind, why)
    }
}

/// What servers say where a question would have too long an answer.
const TOO_MUCH: [&str; 6] = [
    "limit",
    "exceed",
    "too many",
    "too large",
    "more than",
    "maximum",
];

/// A refusal, as far as it came.
pub(super) async fn read_refusal(begun: Begun) -> Answer {
    let Begun { answer, secrets } = begun;
    let status = answer.status().as_u16();
    let body = body::beginning(answer.into_body()).await;
    Answer {
        status,
        body,
        secrets,
    }
}
