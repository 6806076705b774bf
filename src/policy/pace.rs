//! How often cycles begin.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Error, Result};

/// How often cycles begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From the beginning of one cycle to that of the next, at least.
    pub interval: Duration,
    /// What chance adds to it, at most.
    pub jitter: Jitter,
}

/// What chance adds to an interval, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// So many hundredths of the interval.
    Percent(u32),
    /// So long.
    Time(Duration),
}

impl Pace {
    /// When the cycle after the one that began at `began` is due. Chance is a number from 0 to 1.
    #[must_use]
    pub fn due(self, began: DateTime<Utc>, chance: f64) -> DateTime<Utc> {
        let most = match self.jitter {
            Jitter::Percent(percent) => self.interval.mul_f64(f64::from(percent) / 100.0),
            Jitter::Time(time) => time,
        };
        let wait = self.interval + most.mul_f64(chance.clamp(0.0, 1.0));
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        began
            .checked_add_signed(wait)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

impl Jitter {
    /// Reads a share of the interval such as `10%`, or what `duration` reads.
    pub fn parse(text: &str, duration: impl FnOnce(&str) -> Result<Duration>) -> Result<Self> {
        let wrong =
            || Error::usage("expected a share up to 100% such as 10%, or a duration such as 5m");
        let Some(percent) = text.strip_suffix('%') else {
            return duration(text).map(Self::Time).map_err(|_| wrong());
        };
        let is_digits = percent.bytes().all(|byte| byte.is_ascii_digit());
        let percent = is_digits.then(|| percent.parse().ok()).flatten();
        let percent = percent.filter(|percent| *percent <= 100);
        percent.map(Self::Percent).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn parse(text: &str) -> Result<Jitter> {
        Jitter::parse(text, |text| {
            humantime::parse_duration(text).map_err(|_| Error::usage("no duration"))
        })
    }

    /// S-23.9
    #[test]
    fn chance_makes_an_interval_longer_and_never_shorter() {
        let began = DateTime::UNIX_EPOCH;
        for (jitter, chance, expected_s) in [
            ("0%", 1.0, 3600),
            ("10%", 0.0, 3600),
            ("10%", 0.5, 3780),
            ("10%", 1.0, 3960),
            ("100%", 1.0, 7200),
            ("5m", 0.5, 3750),
            ("0s", 0.9, 3600),
            ("10%", 7.0, 3960),
            ("10%", f64::NEG_INFINITY, 3600),
        ] {
            let pace = Pace {
                interval: Duration::from_hours(1),
                jitter: parse(jitter).unwrap(),
            };
            let due = pace.due(began, chance);
            assert_eq!((due - began).num_seconds(), expected_s, "{jitter} {chance}");
        }
    }

    #[test]
    fn slips_are_told() {
        for text in ["", "10", "101%", "-1%", "1.5%", "%", "ten%", "10 %"] {
            let err = parse(text).unwrap_err().to_string();
            assert!(err.starts_with("expected a share up to 100%"), "{text}");
        }
    }
}
