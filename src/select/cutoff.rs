//! How old is old: `--older-than`.

use std::fmt;

use chrono::{DateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};

use crate::duration;
use crate::error::{Error, Result};
use crate::go::time;

/// A moment that is frozen when the run begins: blocks whose first sample lies before it are old enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutoff(DateTime<Utc>);

impl Cutoff {
    /// Reads an age, counted back from `now`, a time, or a day, which begins at midnight UTC. A cutoff after `now` is refused.
    pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Self> {
        if let Some(age) = text.strip_prefix('-')
            && duration::parse(age).is_ok()
        {
            return Err(Error::usage(format!("an age: write {age}")));
        }
        let time = if let Ok(time) = time::parse(text) {
            time
        } else if let Some(day) = time::day(text) {
            day.and_time(NaiveTime::MIN).and_utc()
        } else {
            let age = duration::parse(text).map_err(|_| {
                Error::usage("expected an age such as 30d or 1h30m, a time such as 2025-06-01T00:00:00Z, or a day such as 2025-06-01")
            })?;
            TimeDelta::from_std(age)
                .ok()
                .and_then(|age| now.checked_sub_signed(age))
                .ok_or_else(|| Error::usage("an age that reaches back too far"))?
        };
        if time > now {
            return Err(Error::usage(format!(
                "in the future: expected a time before {}",
                now.to_rfc3339_opts(SecondsFormat::Secs, true)
            )));
        }
        Ok(Self(time))
    }

    /// In milliseconds since the epoch, rounded down.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The moment itself.
    #[must_use]
    pub fn time(self) -> DateTime<Utc> {
        self.0
    }
}

impl fmt::Display for Cutoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-4.2
    #[test]
    fn ages_times_and_days_are_understood() {
        let now = time::parse("2026-01-01T12:00:00Z").unwrap();
        for (text, expected) in [
            ("30d", Ok("2025-12-02T12:00:00Z")),
            ("1h30m", Ok("2026-01-01T10:30:00Z")),
            ("1y", Ok("2025-01-01T12:00:00Z")),
            ("0", Ok("2026-01-01T12:00:00Z")),
            ("2025-06-01", Ok("2025-06-01T00:00:00Z")),
            ("2025-06-01T02:00:00+02:00", Ok("2025-06-01T00:00:00Z")),
            ("1960-06-01", Ok("1960-06-01T00:00:00Z")),
            ("-30d", Err("an age: write 30d")),
            (
                "2026-01-02",
                Err("in the future: expected a time before 2026-01-01T12:00:00Z"),
            ),
            ("30", Err("expected an age")),
            ("yesterday", Err("expected an age")),
            ("", Err("expected an age")),
            ("2025-02-30", Err("expected an age")),
        ] {
            match (Cutoff::parse(text, now), expected) {
                (Ok(cutoff), Ok(expected)) => assert_eq!(cutoff.to_string(), expected),
                (Err(err), Err(why)) => assert!(err.to_string().starts_with(why), "{err}"),
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
    }
}
