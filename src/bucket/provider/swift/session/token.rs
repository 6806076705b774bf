//! A token and where it is good, and why there may be none.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use object_store::client::{HttpError, HttpErrorKind};
use reqwest::Url;
use tokio::time::Instant;

use crate::bucket::values;
use crate::environment::Secret;
use crate::error::Kind;

/// A token that is about to expire is asked for anew so long before, or sooner in the life of one that lives shorter.
const RENEW_BEFORE: Duration = Duration::from_mins(2);

/// Nobody's token is used for longer without another being asked for.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// So long each is used, and not asked for anew with every request. One that has ended meanwhile is refused.
const SHORTEST_USE: Duration = Duration::from_secs(1);

/// A token, and where it is good.
#[derive(Debug, Clone)]
pub(in crate::bucket::provider::swift) struct Session {
    token: Secret,
    /// The account's address, without a slash at the end.
    storage: Url,
    /// `None` where nothing tells how long it lives.
    life: Option<Life>,
    /// Whether the store ever took it.
    was_taken: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy)]
struct Life {
    renew_at: Instant,
    ends_at: Instant,
}

/// Why there is none.
#[derive(Debug, Clone)]
pub(in crate::bucket::provider::swift) struct Failure {
    why: String,
    /// Whether another try may help.
    passes: bool,
}

impl Session {
    /// Of that token, which lives so long where it is told.
    pub(super) fn new(token: &str, storage: &str, life: Option<Duration>) -> Result<Self, Failure> {
        // It goes into a header.
        if let Some(fault) = values::fault(token) {
            return Err(Failure::final_one(format!("the token that came {fault}")));
        }
        let url = Url::parse(storage.trim_end_matches('/')).ok();
        let url = url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        let Some(storage) = url else {
            return Err(Failure::final_one(
                "the address of the store that came with the token is none",
            ));
        };
        let now = Instant::now();
        let life = life.map(|life| life.min(LONGEST_LIFE)).map(|life| {
            let fresh = life.saturating_sub(RENEW_BEFORE.min(life / 5));
            Life {
                renew_at: now + fresh.max(SHORTEST_USE),
                ends_at: now + life.max(SHORTEST_USE),
            }
        });
        Ok(Self {
            token: Secret::new(token.to_owned()),
            storage,
            life,
            was_taken: Arc::default(),
        })
    }

    pub(in crate::bucket::provider::swift) fn token(&self) -> &Secret {
        &self.token
    }

    /// The account's address, without a slash at the end.
    pub(in crate::bucket::provider::swift) fn storage(&self) -> &Url {
        &self.storage
    }

    /// The account's name, as addresses have it.
    pub(in crate::bucket::provider::swift) fn account(&self) -> &str {
        let mut names = self.storage.path().rsplit('/');
        names.next().unwrap_or_default()
    }

    /// Whether the store ever took it.
    pub(super) fn was_taken(&self) -> bool {
        self.was_taken.load(Ordering::Relaxed)
    }

    /// It is the same token as that.
    pub(super) fn goes_on(&mut self, before: &Self) {
        self.was_taken = Arc::clone(&before.was_taken);
    }

    /// The store has taken it.
    pub(super) fn taken(&self) {
        self.was_taken.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.renew_at)
    }

    pub(super) fn is_good(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.ends_at)
    }

    pub(super) fn renew_in(&mut self, pause: Duration) {
        if let Some(life) = &mut self.life {
            life.renew_at = Instant::now() + pause;
        }
    }
}

impl Failure {
    pub(super) fn final_one(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: false,
        }
    }

    pub(super) fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: true,
        }
    }

    /// What it means to a run.
    pub(in crate::bucket::provider::swift) fn kind(&self) -> Kind {
        if self.passes {
            Kind::Transient
        } else {
            Kind::Credentials
        }
    }

    /// What a request fails with when there is no token for it. What passes is tried again like a connection that fails.
    pub(in crate::bucket::provider::swift) fn of_request(self) -> HttpError {
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
