//! Which blocks are old enough: `--older-than`.

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
            return Err(Error::usage(format!("an age has no sign: write {age}")));
        }
        let time = if let Ok(time) = time::parse(text) {
            time
        } else if let Some(day) = time::day(text) {
            day.and_time(NaiveTime::MIN).and_utc()
        } else {
            let age = duration::parse(text).map_err(|_| {
                let meant = meant(text).map(|meant| format!("; did you mean {meant}?"));
                Error::usage(format!(
                    "expected an age such as 30d or 1h30m, a time such as 2025-06-01T00:00:00Z, or a day such as 2025-06-01{}",
                    meant.unwrap_or_default()
                ))
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

/// Units as people write them, and as Prometheus does.
const UNITS: [(&str, &str); 15] = [
    ("", "d"),
    ("year", "y"),
    ("years", "y"),
    ("week", "w"),
    ("weeks", "w"),
    ("day", "d"),
    ("days", "d"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("min", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("sec", "s"),
    ("seconds", "s"),
];

/// What a slip was probably meant to be; something that is accepted.
fn meant(text: &str) -> Option<String> {
    let plain = text.trim().to_ascii_lowercase();
    let compact: String = plain.split_whitespace().collect();
    let unit_at = compact
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(compact.len());
    let (number, unit) = compact.split_at(unit_at);
    let spelled = UNITS.iter().find(|(written, _)| *written == unit);
    let spelled = spelled.map(|(_, unit)| format!("{number}{unit}"));
    let months = || {
        let months: u64 = number.parse().ok()?;
        let days = months.checked_mul(30)?;
        matches!(unit, "month" | "months" | "mo").then(|| format!("{days}d"))
    };
    let age = [Some(compact.clone()), spelled, months()];
    let age = age
        .into_iter()
        .flatten()
        .find(|age| duration::parse(age).is_ok_and(|age| !age.is_zero()));
    age.or_else(|| {
        let capitals = text.trim().to_ascii_uppercase().replace(' ', "T");
        let moments = [capitals.clone(), format!("{capitals}Z")];
        let is_moment = |text: &String| time::parse(text).is_ok() || time::day(text).is_some();
        moments.into_iter().find(is_moment)
    })
    .or_else(|| padded_day(&plain))
}

/// `2025-06-01` of `2025-6-1`, `2025/06/01` and `2025-06`.
fn padded_day(text: &str) -> Option<String> {
    let mut parts = text.split(['-', '/', '.']);
    let year = parts.next().filter(|year| year.len() == 4)?;
    let (month, day) = (parts.next()?, parts.next().unwrap_or("1"));
    let day = format!("{year}-{month:0>2}-{day:0>2}");
    (parts.next().is_none() && time::day(&day).is_some()).then_some(day)
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

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        let now = time::parse("2026-01-01T12:00:00Z").unwrap();
        for (text, meant) in [
            ("90", Some("90d")),
            ("90 d", Some("90d")),
            ("90D", Some("90d")),
            ("90days", Some("90d")),
            ("1 year", Some("1y")),
            ("3 months", Some("90d")),
            ("1h 30m", Some("1h30m")),
            ("2025-6-1", Some("2025-06-01")),
            ("2025-06", Some("2025-06-01")),
            ("2025/06/01", Some("2025-06-01")),
            ("2025-06-01T00:00:00", Some("2025-06-01T00:00:00Z")),
            ("2025-06-01 00:00:00", Some("2025-06-01T00:00:00Z")),
            ("2025-06-01t00:00:00z", Some("2025-06-01T00:00:00Z")),
            ("yesterday", None),
            ("1.5d", None),
            ("30m1h", None),
            ("", None),
            ("2025-13-01", None),
            ("99999999999999999999 months", None),
        ] {
            let err = Cutoff::parse(text, now).unwrap_err().to_string();
            let told = err.split_once("; did you mean ").map(|(_, told)| told);
            let expected = meant.map(|meant| format!("{meant}?"));
            assert_eq!(told, expected.as_deref(), "{text}");
            let accepted = meant.is_none_or(|meant| Cutoff::parse(meant, now).is_ok());
            assert!(accepted, "{text}");
        }
    }

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
            ("-30d", Err("an age has no sign: write 30d")),
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
