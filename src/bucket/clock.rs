//! What time it is by a bucket's own servers, as they say it in passing or when asked. Whether this machine's clock agrees is for others to
//! judge.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// How coarsely servers tell the time: headers have whole seconds, some file systems every other one.
const PRECISION: TimeDelta = TimeDelta::seconds(2);

/// One time that a server told, and when that was by the clock that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What the server said: the moment, or a little before it.
    pub time: DateTime<Utc>,
    /// When the request was sent, by the monotonic clock.
    pub asked: Instant,
    /// When the answer arrived, by the monotonic clock.
    pub answered: Instant,
}

/// The clock of a bucket's servers.
#[async_trait]
pub trait ServerClock: fmt::Debug + Send + Sync {
    /// What they told last, asked or unasked; `None` where they never did.
    fn told(&self) -> Option<Reading>;

    /// Asks for the time. `None` where the servers do not tell, or could not be asked. In a folder this takes a file, which is gone again once it
    /// returns.
    async fn ask(&self) -> Option<Reading>;
}

/// What a bucket's servers told last. Cheap to clone; all clones are told.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<Mutex<Option<Reading>>>);

impl Told {
    pub(super) fn get(&self) -> Option<Reading> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of two readings the one that was asked for later tells more of now.
    pub(super) fn note(&self, reading: Reading) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.asked <= reading.asked) {
            *told = Some(reading);
        }
    }
}

impl Reading {
    /// By how much the server's clock is ahead of a clock that shows `here` at this moment, `now`; negative where it is behind. This is the
    /// least that the reading allows: zero where both may be the same.
    #[must_use]
    pub fn ahead_of(&self, here: DateTime<Utc>, now: Instant) -> TimeDelta {
        let since = |then: Instant| delta(now.saturating_duration_since(then));
        let said = self.time.signed_duration_since(here);
        let least = sum(said, since(self.answered));
        let most = sum(sum(said, since(self.asked)), PRECISION);
        if least > TimeDelta::zero() {
            least
        } else {
            most.min(TimeDelta::zero())
        }
    }

    /// What the server's clock shows now, by what it showed then.
    #[must_use]
    pub fn time_now(&self, now: Instant) -> DateTime<Utc> {
        let since = delta(now.saturating_duration_since(self.answered));
        self.time.checked_add_signed(since).unwrap_or(self.time)
    }

    /// How long ago it was told, as far as this machine was awake.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.asked)
    }
}

/// Ages beyond all measure are the longest that can be.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

fn sum(one: TimeDelta, other: TimeDelta) -> TimeDelta {
    one.checked_add(&other).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far, in seconds, a server is ahead of a clock `here` seconds past noon, when `ago` seconds ago it answered "noon" after `asked_for`
    /// seconds.
    fn ahead(asked_for: u64, ago: u64, here: i64) -> i64 {
        let noon = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(12);
        let asked = Instant::now();
        let answered = asked + Duration::from_secs(asked_for);
        let now = answered + Duration::from_secs(ago);
        let reading = Reading {
            time: noon,
            asked,
            answered,
        };
        reading
            .ahead_of(noon + TimeDelta::seconds(here), now)
            .num_seconds()
    }

    /// S-6.13
    #[test]
    fn a_difference_is_the_least_that_a_round_trip_allows() {
        for (asked_for, ago, here, expected) in [
            (0, 0, 0, 0),
            (0, 0, 2, 0),
            (0, 0, 400, -398),
            (0, 0, -400, 400),
            // It may have been said at any moment of a slow request.
            (100, 0, 50, 0),
            (100, 0, 400, -298),
            (100, 0, -400, 400),
            // Time has passed since.
            (0, 60, 60, 0),
            (0, 60, 400, -338),
            (10, 3600, 0, 3600),
        ] {
            let found = ahead(asked_for, ago, here);
            assert_eq!(found, expected, "{asked_for} {ago} {here}");
        }
    }

    /// S-6.13
    #[test]
    fn the_answer_that_was_asked_for_last_counts() {
        let told = Told::default();
        let first = Instant::now();
        let later = first + Duration::from_secs(1);
        let reading = |asked, seconds| Reading {
            time: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds),
            asked,
            answered: later,
        };
        told.note(reading(later, 2));
        told.note(reading(first, 1));
        assert_eq!(told.get(), Some(reading(later, 2)));
    }
}
