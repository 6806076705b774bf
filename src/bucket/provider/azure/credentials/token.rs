//! A token, how long it is good, and why there is none.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

use crate::bucket::values;
use crate::environment::Secret;
use crate::error::Kind;

/// A token that is about to expire is had anew so long before, or when half of its life is over.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// A token that was just given is good for so long at least, whatever the clock here makes of when it ends: one that is ahead would have a token asked for
/// with every request. Where it is no good, the service says so.
const LEAST_LIFE: Duration = Duration::from_mins(1);

/// What tokens are for.
pub(super) const RESOURCE: &str = "https://storage.azure.com";

/// A token, and how long it is good: by the clock that nobody sets.
#[derive(Debug)]
pub(in super::super) struct Token {
    pub(in super::super) value: Secret,
    given: Instant,
    life: Duration,
}

/// No token was to be had.
#[derive(Debug, Clone)]
pub(in super::super) struct Failure {
    pub(in super::super) why: String,
    /// Whether the same question may be answered a little later.
    pub(in super::super) passes: bool,
    /// Whether there is nobody to ask, so that somebody else may be asked.
    pub(in super::super) is_absence: bool,
}

impl Failure {
    pub(super) fn lasting(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: false,
            is_absence: false,
        }
    }

    pub(super) fn absence(why: impl Into<String>) -> Self {
        Self {
            is_absence: true,
            ..Self::lasting(why)
        }
    }

    pub(in super::super) fn kind(&self) -> Kind {
        if self.passes {
            Kind::Transient
        } else {
            Kind::Credentials
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl StdError for Failure {}

impl Token {
    /// One that goes into a header, and lives so long from now.
    pub(super) fn new(value: &str, life: Duration) -> Result<Self, Failure> {
        if let Some(fault) = values::fault(value) {
            return Err(Failure::lasting(format!(
                "the token that was given {fault}"
            )));
        }
        Ok(Self {
            value: Secret::new(value.to_owned()),
            given: Instant::now(),
            life,
        })
    }

    /// The same, of one that ends at a time of the Unix clock. `now` is the time by whoever gave it, where that is told; else the clock here counts.
    pub(super) fn until(
        value: &str,
        end_secs: u64,
        now: Option<DateTime<Utc>>,
    ) -> Result<Self, Failure> {
        let now = now.map_or_else(SystemTime::now, SystemTime::from);
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(end_secs));
        let life = end.and_then(|end| end.duration_since(now).ok());
        Self::new(value, life.unwrap_or_default().max(LEAST_LIFE))
    }

    /// Whether it is good, and no other is to be asked for yet.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        now.duration_since(self.given) < self.life.saturating_sub(RENEW_BEFORE.min(self.life / 2))
    }

    /// Whether it is good.
    pub(super) fn is_good(&self, now: Instant) -> bool {
        now.duration_since(self.given) < self.life
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
    fn a_token_is_renewed_before_it_expires() {
        let now = Instant::now();
        let fresh = |life: u64, after: u64| {
            let token = Token::new("a", Duration::from_secs(life)).unwrap();
            token.is_fresh(now + Duration::from_secs(after))
        };
        assert!(fresh(3600, 0) && fresh(3600, 3200));
        assert!(!fresh(3600, 3400));
        // One that lives shorter than that is used for half of its life, and not asked for with every request.
        assert!(fresh(10, 0) && !fresh(10, 6));
        assert!(!fresh(0, 1));
        assert!(Token::new("a\nb", RENEW_BEFORE).is_err());
    }

    /// S-3.24: a clock that is ahead takes every token for one that has ended.
    #[test]
    fn a_token_that_was_just_given_is_used_for_a_while_whatever_the_clock_says() {
        let good =
            |token: &Token, after: u64| token.is_good(token.given + Duration::from_secs(after));
        let fresh =
            |token: &Token, after: u64| token.is_fresh(token.given + Duration::from_secs(after));
        let of_old = Token::until("a", 7, None).unwrap();
        assert!(fresh(&of_old, 29) && !fresh(&of_old, 31) && !good(&of_old, 61));
        // By the giver's clock it is known better.
        let now = DateTime::from_timestamp(1_000_000, 0);
        let by_giver = Token::until("a", 1_003_600, now).unwrap();
        assert!(fresh(&by_giver, 3200) && !fresh(&by_giver, 3400) && !good(&by_giver, 3601));
        let endless = Token::until("a", 1 << 40, now).unwrap();
        assert!(fresh(&endless, 24 * 3600));
    }
}
