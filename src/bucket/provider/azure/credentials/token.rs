//! A token, how long it is good, and why there is none.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::bucket::environment::Secret;
use crate::bucket::values;
use crate::error::Kind;

/// A token that is about to expire is had anew so long before, or when half of its life is over.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// What tokens are for.
pub(super) const RESOURCE: &str = "https://storage.azure.com";

/// A token.
#[derive(Debug)]
pub(in super::super) struct Token {
    pub(in super::super) value: Secret,
    begun: SystemTime,
    pub(super) expires: SystemTime,
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
        let begun = SystemTime::now();
        // Nobody's token lives for years.
        let life = life.min(Duration::from_hours(24 * 366));
        Ok(Self {
            value: Secret::new(value.to_owned()),
            begun,
            expires: begun + life,
        })
    }

    /// The same, of one that ends at a time of the Unix clock.
    pub(super) fn until(value: &str, end_secs: u64) -> Result<Self, Failure> {
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(end_secs));
        let life = end.and_then(|end| end.duration_since(SystemTime::now()).ok());
        Self::new(value, life.unwrap_or_default())
    }

    pub(super) fn is_fresh(&self, now: SystemTime) -> bool {
        let life = self.expires.duration_since(self.begun).unwrap_or_default();
        self.expires
            .checked_sub(RENEW_BEFORE.min(life / 2))
            .is_some_and(|renewal| now < renewal)
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
        let now = SystemTime::now();
        let fresh = |life: u64, after: u64| {
            let token = Token::new("a", Duration::from_secs(life)).unwrap();
            token.is_fresh(now + Duration::from_secs(after))
        };
        assert!(fresh(3600, 0) && fresh(3600, 3200));
        assert!(!fresh(3600, 3400));
        // One that lives shorter than that is used for half of its life, and not asked for with every request.
        assert!(fresh(10, 0) && !fresh(10, 6));
        assert!(!fresh(0, 1));
        let after = now + Duration::from_secs(1);
        assert!(!Token::until("a", 7).unwrap().is_fresh(after));
        assert!(Token::new("a\nb", RENEW_BEFORE).is_err());
    }
}
