//! A token, and why there may be none.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use object_store::client::{HttpError, HttpErrorKind};

use crate::bucket::values;
use crate::environment::Secret;
use crate::error::Kind;

/// A token that is about to expire is asked for anew so long before, or sooner in the life of one that lives shorter. The machine's own server keeps
/// its tokens until four minutes before their end.
const RENEW_BEFORE: Duration = Duration::from_secs(225);

/// A token, and how long it is good.
#[derive(Debug, Clone)]
pub(in crate::bucket::provider::gcs) struct Token {
    text: Secret,
    pub(super) renew_at: Instant,
    pub(super) expires_at: Instant,
}

/// Why there is none.
#[derive(Debug, Clone)]
pub(in crate::bucket::provider::gcs) struct Failure {
    pub(super) why: String,
    /// Whether another try may help.
    pub(super) passes: bool,
    /// What time it was by the clock of who refused, where that is another than here.
    pub(super) time_there: Option<DateTime<Utc>>,
}

impl Failure {
    pub(super) fn final_one(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: false,
            time_there: None,
        }
    }

    pub(super) fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: true,
            time_there: None,
        }
    }

    /// What it means to a run.
    pub(in crate::bucket::provider::gcs) fn kind(&self) -> Kind {
        if self.passes {
            Kind::Transient
        } else {
            Kind::Credentials
        }
    }

    /// What a request fails with when there is no token for it. What passes is tried again like a connection that fails.
    pub(in crate::bucket::provider::gcs) fn of_request(self) -> HttpError {
        let kind = if self.passes {
            HttpErrorKind::Connect
        } else {
            HttpErrorKind::Unknown
        };
        HttpError::new(kind, self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl StdError for Failure {}

impl Token {
    /// The token that an answer brings, which lives so many seconds.
    pub(super) fn new(text: &str, life_secs: u64) -> Result<Self, Failure> {
        // It goes into a header.
        if let Some(fault) = values::fault(text) {
            return Err(Failure::final_one(format!("the token that came {fault}")));
        }
        let life = Duration::from_secs(life_secs.min(24 * 3600));
        let now = Instant::now();
        Ok(Self {
            text: Secret::new(text.to_owned()),
            renew_at: now + life.saturating_sub(RENEW_BEFORE.min(life / 5)),
            expires_at: now + life,
        })
    }

    pub(in crate::bucket::provider::gcs) fn text(&self) -> &Secret {
        &self.text
    }
}
