//! Which times are meant: `--min-time` and `--max-time`, as Thanos reads and applies them.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::duration;
use crate::error::{Error, Result};
use crate::go::time;

/// A span of time, both ends included; an end that is not given lies before or after everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// In milliseconds since the epoch, rounded down.
    pub min_ms: Option<i64>,
    /// In milliseconds since the epoch, rounded down.
    pub max_ms: Option<i64>,
}

impl Span {
    /// Whether a block of this time range meets it. As in Thanos a block that ends where the span begins meets it, though it has no sample there.
    #[must_use]
    pub fn meets(self, block_min_ms: i64, block_max_ms: i64) -> bool {
        self.min_ms.is_none_or(|min| block_max_ms >= min)
            && self.max_ms.is_none_or(|max| block_min_ms <= max)
    }
}

/// Reads an end of a span, in milliseconds since the epoch: a time, a day, which begins at midnight UTC, or as in Thanos `-30d`, counted back from `now`.
///
/// Errors: an age without a sign too. Thanos counts it forward from now, which nobody means.
pub fn span_end(text: &str, now: DateTime<Utc>) -> Result<i64> {
    if let Ok(time) = time::parse(text) {
        return Ok(time.timestamp_millis());
    }
    if let Some(day) = time::day(text) {
        return Ok(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
    }
    let (back, age) = match text.strip_prefix('-') {
        Some(age) => (true, age),
        None => (false, text),
    };
    let age = duration::parse(age).map_err(|_| {
        Error::usage(
            "expected a time such as 2025-06-01T00:00:00Z, a day such as 2025-06-01, or a time ago such as -30d",
        )
    })?;
    if !back && !age.is_zero() {
        return Err(Error::usage(format!(
            "that is a time to come: expected -{text} for {text} ago, or a time"
        )));
    }
    TimeDelta::from_std(age)
        .ok()
        .and_then(|age| now.checked_sub_signed(age))
        .map(|time| time.timestamp_millis())
        .ok_or_else(|| Error::usage("a time that lies back too far"))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-4.13
    #[test]
    fn blocks_meet_a_span_at_both_of_its_ends() {
        let span = |min_ms, max_ms| Span { min_ms, max_ms };
        let both = span(Some(1), Some(10));
        for (block, meets) in [
            ((0, 1), true),
            ((1, 10), true),
            ((2, 30), true),
            ((0, 30), true),
            ((10, 30), true),
            ((-1, 0), false),
            ((11, 30), false),
        ] {
            assert_eq!(both.meets(block.0, block.1), meets, "{block:?}");
        }
        assert!(Span::default().meets(i64::MIN, i64::MIN));
        assert!(span(None, Some(0)).meets(0, 5) && !span(None, Some(0)).meets(1, 5));
        assert!(span(Some(5), None).meets(0, 5) && !span(Some(5), None).meets(0, 4));
    }

    /// S-4.13
    #[test]
    fn ends_are_times_days_and_times_ago() {
        let now = time::parse("2026-01-01T12:00:00Z").unwrap();
        for (text, expected) in [
            ("-30d", Ok("2025-12-02T12:00:00Z")),
            ("-1h30m", Ok("2026-01-01T10:30:00Z")),
            ("0s", Ok("2026-01-01T12:00:00Z")),
            ("-0", Ok("2026-01-01T12:00:00Z")),
            ("2025-06-01", Ok("2025-06-01T00:00:00Z")),
            ("9999-12-31T23:59:59Z", Ok("9999-12-31T23:59:59Z")),
            ("0000-01-01T00:00:00Z", Ok("0000-01-01T00:00:00Z")),
            ("2025-06-01T02:00:00+02:00", Ok("2025-06-01T00:00:00Z")),
            (
                "30d",
                Err("that is a time to come: expected -30d for 30d ago"),
            ),
            ("--30d", Err("expected a time")),
            ("yesterday", Err("expected a time")),
            ("", Err("expected a time")),
        ] {
            match (span_end(text, now), expected) {
                (Ok(end), Ok(expected)) => {
                    let expected = time::parse(expected).unwrap().timestamp_millis();
                    assert_eq!(end, expected, "{text}");
                }
                (Err(err), Err(why)) => assert!(err.to_string().starts_with(why), "{err}"),
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
    }
}
