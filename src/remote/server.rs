//! A server that is asked for samples: how often it is asked, for how much at once, and what its refusals mean.

use std::ops::Range;

use chrono::DateTime;
use tracing::warn;

use super::delivered::{Brought, Delivered};
use super::pace::Pace;
use super::sink::Sink;
use super::trouble::Trouble;
use crate::error::{Error, Kind, Result};
use crate::http::body;
use crate::promql::Selector;
use crate::promql::exchange::{Answer, Begun};
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

/// What is asked for: the series of one selector that those before it do not select.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    pub(super) selector: &'a Selector,
    pub(super) earlier: &'a [Selector],
    pub(super) range: Range<i64>,
}

/// Who refuses so much at once refuses less than this for another reason.
const SHORTEST_MS: i64 = 1000;

/// A shorter range has no fewer series, and none that a server breaks off has much less to tell.
const SHORTEST_OF_SERIES_MS: i64 = 5 * 60 * 1000;
const SHORTEST_CUT_MS: i64 = 60 * 1000;

/// An answer that breaks off so often breaks off again.
const MOST_CUTS: u32 = 2;

/// Asks for the series of each selector, each as often as is of any use and for as much at once as the server gives.
pub(super) async fn each<'a>(
    access: (&str, &Limits, &Pace),
    selectors: &[Selector],
    range: Range<i64>,
    sink: &mut Sink<'a>,
    mut once: impl AsyncFnMut(&Wanted<'_>, &mut Delivered<'_, 'a>) -> Result<(), Trouble>,
) -> Result<Brought> {
    let (place, limits, learnt) = access;
    let mut brought = Brought::default();
    for (number, selector) in selectors.iter().enumerate() {
        let earlier = selectors.get(..number).unwrap_or_default();
        let longest_ms = learnt.longest_ms(selector).unwrap_or(i64::MAX);
        let mut next = range.start;
        let mut shortest_ms = None;
        while next < range.end {
            let end = range.end.min(next.saturating_add(longest_ms));
            let piece = next..end;
            let mut ranges = vec![piece];
            next = end;
            while let Some(range) = ranges.pop() {
                let wanted = Wanted {
                    selector,
                    earlier,
                    range,
                };
                let done = repeated(place, &limits.retry, &wanted, brought, sink, &mut once).await;
                let trouble = match done {
                    Ok(brought_now) => {
                        brought = brought_now;
                        continue;
                    }
                    Err(trouble) => trouble,
                };
                let Range { start, end } = wanted.range;
                if let Some(least) = trouble.least_ms()
                    && let length = end.saturating_sub(start)
                    && length >= least.saturating_mul(2)
                {
                    let asked = range_told(&wanted.range);
                    warn!(server = place, selector = %selector, range = asked, why = trouble.why(), "does not give so much at once, and is asked for half of it");
                    let middle = start + length / 2;
                    ranges.extend([middle..end, start..middle]);
                    let half_ms = length - length / 2;
                    shortest_ms =
                        Some(shortest_ms.map_or(half_ms, |known: i64| known.min(half_ms)));
                    continue;
                }
                return Err(trouble.error(selector, place));
            }
        }
        if let Some(shortest_ms) = shortest_ms {
            learnt.learn(selector, shortest_ms);
        }
    }
    Ok(brought)
}

fn range_told(range: &Range<i64>) -> String {
    let time = |ms| {
        DateTime::from_timestamp_millis(ms)
            .map_or_else(|| format!("{ms} ms"), |time| time.to_rfc3339())
    };
    format!("{} to {}", time(range.start), time(range.end))
}

impl Trouble {
    /// Half of a range may be had where all of it cannot, unless it is shorter than this; `None` where that is of no use.
    fn least_ms(&self) -> Option<i64> {
        match self {
            Self::TooMuch(why) if is_of_series(why) => Some(SHORTEST_OF_SERIES_MS),
            Self::TooMuch(_) => Some(SHORTEST_MS),
            Self::CutShort(_) => Some(SHORTEST_CUT_MS),
            _ => None,
        }
    }

    fn error(self, selector: &Selector, place: &str) -> Error {
        let (kind, why) = match self {
            Self::Untaken(err) => return err,
            Self::TooMuch(why) if is_of_series(&why) => (
                Kind::Other,
                format!(
                    "{why}: so it says of a short range, too, which has no fewer series: name several selectors of fewer series each, or have the limit raised there"
                ),
            ),
            Self::TooMuch(why) => (
                Kind::Other,
                format!(
                    "{why}: so it is for the shortest range, too: name several selectors of fewer series each"
                ),
            ),
            Self::Garbled(why) => (Kind::Corrupt, why),
            Self::OtherForm(why) => (Kind::Unsupported, why),
            Self::CutShort(why) => (Kind::Transient, why),
            Self::Failed(kind, why) => (kind, why),
        };
        Error::new(kind, format!("read {selector} from {place}")).because(why)
    }
}

/// Whether a limit is one on series, which a shorter range has as many of. Words about samples tell how to have fewer of these.
fn is_of_series(words: &str) -> bool {
    let words = words.to_lowercase();
    let has = |some: &[&str]| some.iter().any(|some| words.contains(some));
    has(&["series", "metrics"]) && !has(&["sample", "chunk", "point", "byte"])
}

/// Asks for one range; what came before, and of it, is returned.
async fn repeated<'a>(
    place: &str,
    retry: &Policy,
    wanted: &Wanted<'_>,
    before: Brought,
    sink: &mut Sink<'a>,
    once: &mut impl AsyncFnMut(&Wanted<'_>, &mut Delivered<'_, 'a>) -> Result<(), Trouble>,
) -> Result<Brought, Trouble> {
    let mut backoff = Backoff::new(retry);
    let mut delivered = Delivered::begin(sink, before)?;
    let Range { start, end } = wanted.range;
    let may_be_halved = end.saturating_sub(start) >= 2 * SHORTEST_CUT_MS;
    let mut furthest = 0;
    let mut cuts = 0;
    loop {
        let trouble = match once(wanted, &mut delivered).await {
            Ok(()) => return Ok(delivered.brought),
            Err(trouble) => trouble,
        };
        let reached = delivered.reached();
        delivered.take_back()?;
        let why = match &trouble {
            Trouble::Failed(Kind::Transient, why) | Trouble::Garbled(why) => why,
            Trouble::CutShort(why) => {
                cuts += 1;
                if may_be_halved && cuts >= MOST_CUTS {
                    return Err(trouble);
                }
                why
            }
            _ => return Err(trouble),
        };
        // Who comes no further than before makes no progress, however new what came is.
        if reached > furthest {
            furthest = reached;
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
        delivered.brought.repeats += 1;
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
    } else if TOO_LATE.contains(&answer.status) {
        Trouble::CutShort(why)
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

/// What somebody on the way answers who waits no longer: 524 is that of a content network.
const TOO_LATE: [u16; 3] = [408, 504, 524];

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
