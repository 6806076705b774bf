//! When a query is asked.

use chrono::{DateTime, Utc};

use super::range::Range;
use super::reach::reach;
use super::tolerance::Tolerance;
use crate::duration;
use crate::error::{Error, Result};
use crate::select::span_end;

/// A question to both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What it is called.
    pub name: String,
    /// In `PromQL`.
    pub expression: String,
    /// When it is asked.
    pub asked: Asked,
    /// Its own tolerance; `None` for that of all.
    pub tolerance: Option<Tolerance>,
    /// Whether an empty answer is what one hopes for, as of an alert.
    pub may_be_empty: bool,
}

/// When a query is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// At one time.
    Instant(When),
    /// Again and again. What is not said follows from the range that is compared.
    Range {
        /// First.
        start: Option<When>,
        /// Last.
        end: Option<When>,
        /// Every so many milliseconds.
        step_ms: Option<i64>,
    },
}

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In milliseconds since the epoch.
    At(i64),
    /// So many milliseconds behind the beginning of the range that is compared.
    FromStart(i64),
    /// So many milliseconds behind its end, which is mostly less than none.
    FromEnd(i64),
}

/// The times that a query is asked at, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// One.
    Instant(i64),
    /// Several, the first and the last among them.
    Range {
        /// The first.
        start_ms: i64,
        /// No later than this.
        end_ms: i64,
        /// From one to the next.
        step_ms: i64,
    },
}

/// Steps that are usual, in milliseconds.
const STEPS_MS: [i64; 8] = [
    60_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000,
];

/// Where no step is given, there are at most so many times.
const MOST_TIMES: i64 = 1000;

impl When {
    /// Reads `start`, `end-1h`, `start+30m`, a time, a day, a time ago such as `-30d`, or seconds since the epoch.
    pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Self> {
        let wrong = || {
            Error::usage(
                "expected a time such as 2025-06-01T00:00:00Z, a day, seconds since the epoch, -30d, start, start+1h, end or end-1h",
            )
        };
        let text = text.trim();
        for (word, make) in [
            ("start", Self::FromStart as fn(i64) -> Self),
            ("end", Self::FromEnd),
        ] {
            if let Some(rest) = text.strip_prefix(word) {
                let rest = rest.trim();
                let (sign, by) = match rest.split_at_checked(1) {
                    None => return Ok(make(0)),
                    Some(("+", by)) => (1, by),
                    Some(("-", by)) => (-1, by),
                    Some(_) => return Err(wrong()),
                };
                return span_ms(by.trim()).map(|by_ms| make(sign * by_ms));
            }
        }
        if let Ok(seconds) = text.parse::<f64>()
            && text.starts_with(|c: char| c.is_ascii_digit())
        {
            let ms = (seconds * 1000.0).round();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole, and within what an i64 holds"
            )]
            return (0.0..1e15)
                .contains(&ms)
                .then_some(Self::At(ms as i64))
                .ok_or_else(wrong);
        }
        span_end(text, now).map(Self::At).map_err(|_| wrong())
    }

    fn within(self, range: Option<Range>) -> Result<i64, Untimed> {
        let ms = match (self, range) {
            (When::At(ms), _) => Some(ms),
            (When::FromStart(by_ms), Some(range)) => range.min_ms.checked_add(by_ms),
            // The end itself is not part of it.
            (When::FromEnd(by_ms), Some(range)) => (range.max_ms - 1).checked_add(by_ms),
            (_, None) => return Err(Untimed::NoRange),
        };
        ms.ok_or(Untimed::Outside)
    }
}

/// Reads a step, or how long anything lasts, in milliseconds: as Prometheus spells durations, or in seconds.
pub(super) fn span_ms(text: &str) -> Result<i64> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.and_then(|it| std::time::Duration::try_from_secs_f64(it).ok());
    let read = match seconds {
        Some(read) => Ok(read),
        None => duration::parse(text),
    };
    let ms = read
        .ok()
        .and_then(|read| i64::try_from(read.as_millis()).ok());
    ms.ok_or_else(|| Error::usage("expected a duration such as 5m, or seconds"))
}

/// Why a query is asked at no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untimed {
    /// Nobody says over which range both sides are compared.
    NoRange,
    /// What is left of the range, once the query has room to look back, is nothing.
    TooShort,
    /// It would be asked outside the range.
    Outside,
}

impl Query {
    /// Whether it says by itself when it is asked.
    #[must_use]
    pub fn has_times(&self) -> bool {
        let is_absolute = |when: When| matches!(when, When::At(_));
        match self.asked {
            Asked::Instant(when) => is_absolute(when),
            Asked::Range { start, end, .. } => {
                start.is_some_and(is_absolute) && end.is_some_and(is_absolute)
            }
        }
    }

    /// When it is asked. Where it does not say, it begins so late that it looks back at nothing before the range: there the two sides may differ, for
    /// what was moved earlier is gone from the source. `stays_ms` is how long a sample stays the latest.
    pub(crate) fn times(&self, range: Option<Range>, stays_ms: i64) -> Result<Times, Untimed> {
        let is_inside = |ms: i64| range.is_none_or(|range| range.min_ms <= ms && ms < range.max_ms);
        let reach = reach(&self.expression);
        if let Some((first_ms, last_ms)) = reach.at_ms
            && !(is_inside(first_ms) && is_inside(last_ms))
        {
            return Err(Untimed::Outside);
        }
        let (start, end, step_ms) = match self.asked {
            Asked::Instant(when) => {
                let ms = when.within(range)?;
                return if is_inside(ms) {
                    Ok(Times::Instant(ms))
                } else {
                    Err(Untimed::Outside)
                };
            }
            Asked::Range {
                start,
                end,
                step_ms,
            } => (start, end, step_ms),
        };
        let last = When::FromEnd(0i64.saturating_sub(reach.ahead_ms));
        let end_ms = end.unwrap_or(last).within(range)?;
        let looks_back = reach.back_ms.saturating_add(stays_ms);
        let first_ms = start.unwrap_or(When::FromStart(looks_back)).within(range)?;
        if first_ms > end_ms {
            return Err(Untimed::TooShort);
        }
        let step_ms = step_ms.unwrap_or_else(|| usual_step_ms(end_ms - first_ms));
        // Dashboards ask at whole steps, too; and round times are easier to look up.
        let aligned_ms = match start {
            Some(_) => first_ms,
            None => first_ms
                .div_euclid(step_ms)
                .saturating_add(1)
                .saturating_mul(step_ms),
        };
        let start_ms = if aligned_ms <= end_ms {
            aligned_ms
        } else {
            first_ms
        };
        if !is_inside(start_ms) || !is_inside(end_ms) {
            return Err(Untimed::Outside);
        }
        Ok(Times::Range {
            start_ms,
            end_ms,
            step_ms,
        })
    }
}

fn usual_step_ms(span_ms: i64) -> i64 {
    let fits = |step: &&i64| span_ms / **step < MOST_TIMES;
    let usual = STEPS_MS.iter().find(fits);
    usual.copied().unwrap_or(span_ms / MOST_TIMES + 1)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn query(expression: &str, asked: Asked) -> Query {
        Query {
            name: "q".to_owned(),
            expression: expression.to_owned(),
            asked,
            tolerance: None,
            may_be_empty: false,
        }
    }

    fn range(start: Option<When>, end: Option<When>, step_ms: Option<i64>) -> Asked {
        Asked::Range {
            start,
            end,
            step_ms,
        }
    }

    #[test]
    fn times_are_read_in_each_spelling() {
        let now = DateTime::from_timestamp(1_750_000_000, 0).unwrap();
        for (text, expected) in [
            ("start", Some(When::FromStart(0))),
            ("end", Some(When::FromEnd(0))),
            ("end-1h", Some(When::FromEnd(-HOUR))),
            ("end - 1h", Some(When::FromEnd(-HOUR))),
            ("start+90s", Some(When::FromStart(90_000))),
            ("start + 60", Some(When::FromStart(60_000))),
            ("1750000000.5", Some(When::At(1_750_000_000_500))),
            ("1970-01-02", Some(When::At(24 * HOUR))),
            ("1970-01-01T01:00:00Z", Some(When::At(HOUR))),
            ("-1h", Some(When::At(1_750_000_000_000 - HOUR))),
            ("end1h", None),
            ("startle", None),
            ("end-", None),
            ("1e300", None),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(When::parse(text, now).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_query_is_asked_within_the_range_and_looks_at_nothing_before_it() {
        let over = Some(Range {
            min_ms: 100 * HOUR,
            max_ms: 110 * HOUR,
        });
        let last = 110 * HOUR - 1;
        let unsaid = range(None, None, None);
        for (query, expected) in [
            (
                query("up", unsaid),
                Ok((100 * HOUR + 360_000, last, 60_000)),
            ),
            (
                query("rate(up[1h])", unsaid),
                Ok((101 * HOUR + 360_000, last, 60_000)),
            ),
            (
                query("up", range(None, None, Some(HOUR))),
                Ok((101 * HOUR, last, HOUR)),
            ),
            (
                query(
                    "up",
                    range(Some(When::FromStart(0)), Some(When::FromEnd(-HOUR)), None),
                ),
                Ok((100 * HOUR, last - HOUR, 60_000)),
            ),
            (query("up offset 1d", unsaid), Err(Untimed::TooShort)),
            (
                query("up offset -1h", unsaid),
                Ok((100 * HOUR + 360_000, last - HOUR, 60_000)),
            ),
            (query("up @ 5", unsaid), Err(Untimed::Outside)),
            (
                query("up", range(Some(When::At(0)), None, None)),
                Err(Untimed::Outside),
            ),
            (
                query("up", range(None, Some(When::At(110 * HOUR)), None)),
                Err(Untimed::Outside),
            ),
        ] {
            let found = query.times(over, 300_000);
            let expected = expected.map(|(start_ms, end_ms, step_ms)| Times::Range {
                start_ms,
                end_ms,
                step_ms,
            });
            assert_eq!(found, expected, "{query:?}");
            let unsaid = query.times(None, 300_000);
            assert!(matches!(unsaid, Err(Untimed::NoRange)), "{query:?}");
            assert!(!query.has_times());
        }
        for (when, expected) in [
            (When::FromEnd(0), Ok(Times::Instant(last))),
            (When::FromStart(0), Ok(Times::Instant(100 * HOUR))),
            (When::At(110 * HOUR), Err(Untimed::Outside)),
            (When::FromStart(-1), Err(Untimed::Outside)),
            (When::FromEnd(i64::MIN), Err(Untimed::Outside)),
        ] {
            let found = query("up", Asked::Instant(when)).times(over, 300_000);
            assert_eq!(found, expected, "{when:?}");
        }
        let own = query("up", Asked::Instant(When::At(5)));
        assert_eq!(own.times(None, 0), Ok(Times::Instant(5)));
        assert!(own.has_times());
    }

    #[test]
    fn a_usual_step_makes_at_most_a_thousand_times() {
        for (span, expected) in [
            (0, 60_000),
            (10 * HOUR, 60_000),
            (24 * HOUR, 300_000),
            (30 * 24 * HOUR, HOUR),
            (365 * 24 * HOUR, 12 * HOUR * 2),
        ] {
            assert_eq!(usual_step_ms(span), expected, "{span}");
        }
        let years = 20 * 365 * 24 * HOUR;
        assert!(years / usual_step_ms(years) < MOST_TIMES);
    }
}
