//! What requests prove themselves with, and where the store is: asked for when the first request needs it, and anew before it expires or once it is
//! refused; by one for all who wait.

mod answer;
mod catalogue;
mod keystone;
mod tempauth;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use object_store::client::{HttpClient, HttpError, HttpErrorKind};
use reqwest::Url;
use tokio::sync::Mutex;
use tracing::{debug, warn};

use super::config::{Auth, How};
use crate::bucket::environment::Secret;
use crate::bucket::values;
use crate::error::Kind;

/// Where no new token comes, so long the old one is used before the next is asked for.
const PAUSE: Duration = Duration::from_secs(10);

/// A token that is about to expire is asked for anew so long before, or sooner in the life of one that lives shorter.
const RENEW_BEFORE: Duration = Duration::from_mins(2);

/// Nobody's token is used for longer without another being asked for.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// A token, and where it is good.
#[derive(Debug, Clone)]
pub(super) struct Session {
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
pub(super) struct Failure {
    why: String,
    /// Whether another try may help.
    passes: bool,
}

/// Gives tokens.
#[derive(Debug)]
pub(super) struct Sessions {
    auth: Arc<Auth>,
    region: Option<String>,
    network: HttpClient,
    known: Mutex<Option<Session>>,
    /// Why none was had, and when that was.
    failed: Mutex<Option<(Instant, Failure)>>,
}

impl Sessions {
    /// By that proof, for the store of that region; whoever gives tokens is asked through `network`.
    pub(super) fn new(auth: Arc<Auth>, region: Option<String>, network: HttpClient) -> Self {
        Self {
            auth,
            region,
            network,
            known: Mutex::new(None),
            failed: Mutex::new(None),
        }
    }

    /// One that is good now.
    pub(super) async fn get(&self) -> Result<Session, Failure> {
        let begun = Instant::now();
        let mut known = self.known.lock().await;
        if let Some(session) = known.as_ref().filter(|it| it.is_fresh()) {
            return Ok(session.clone());
        }
        let mut failed = self.failed.lock().await;
        if let Some((since, failure)) = failed.as_ref()
            && *since >= begun
        {
            // Who waited while others asked need not ask the same in vain.
            return Err(failure.clone());
        }
        match self.begin().await {
            Ok(session) => {
                debug!(storage = %session.storage, "a token was had");
                *failed = None;
                Ok(known.insert(session).clone())
            }
            Err(failure) => match known.as_mut() {
                Some(session) if session.is_good() => {
                    warn!(err = %failure, "no new token comes yet; the one at hand is still good");
                    session.renew_in(PAUSE);
                    Ok(session.clone())
                }
                _ => {
                    *failed = Some((Instant::now(), failure.clone()));
                    Err(failure)
                }
            },
        }
    }

    /// Another one than that, whose token the store refused; `None` where no other helps: the store has never taken it.
    pub(super) async fn after(&self, refused: &Session) -> Result<Option<Session>, Failure> {
        {
            let mut known = self.known.lock().await;
            let is_known = known.as_ref().is_some_and(|it| it.token == refused.token);
            if is_known {
                if !refused.was_taken.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                *known = None;
            }
        }
        self.get().await.map(Some)
    }

    async fn begin(&self) -> Result<Session, Failure> {
        match &self.auth.how {
            How::V1 { user, key } => {
                tempauth::session(&self.network, &self.auth.url, user, key).await
            }
            How::V2 {
                user,
                password,
                tenant_id,
                tenant_name,
            } => {
                let tenant = [tenant_id, tenant_name].map(Option::as_deref);
                let asked = keystone::Version2 {
                    user,
                    password,
                    tenant,
                };
                asked
                    .session(&self.network, &self.auth.url, self.region())
                    .await
            }
            How::V3 { who, scope } => {
                let scope = scope.as_ref();
                keystone::session(&self.network, &self.auth.url, who, scope, self.region()).await
            }
        }
    }

    fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

impl Session {
    /// Of that token, which lives so long where it is told.
    fn new(token: &str, storage: &str, life: Option<Duration>) -> Result<Self, Failure> {
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
        let life = life.map(|life| life.min(LONGEST_LIFE)).map(|life| Life {
            renew_at: now + life.saturating_sub(RENEW_BEFORE.min(life / 5)),
            ends_at: now + life,
        });
        Ok(Self {
            token: Secret::new(token.to_owned()),
            storage,
            life,
            was_taken: Arc::default(),
        })
    }

    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    /// The account's address, without a slash at the end.
    pub(super) fn storage(&self) -> &Url {
        &self.storage
    }

    /// The account's name, as addresses have it.
    pub(super) fn account(&self) -> &str {
        let mut names = self.storage.path().rsplit('/');
        names.next().unwrap_or_default()
    }

    /// The store has taken it.
    pub(super) fn taken(&self) {
        self.was_taken.store(true, Ordering::Relaxed);
    }

    fn is_fresh(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.renew_at)
    }

    fn is_good(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.ends_at)
    }

    fn renew_in(&mut self, pause: Duration) {
        if let Some(life) = &mut self.life {
            life.renew_at = Instant::now() + pause;
        }
    }
}

impl Failure {
    fn final_one(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: false,
        }
    }

    fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: true,
        }
    }

    /// What it means to a run.
    pub(super) fn kind(&self) -> Kind {
        if self.passes {
            Kind::Transient
        } else {
            Kind::Credentials
        }
    }

    /// What a request fails with when there is no token for it. What passes is tried again like a connection that fails.
    pub(super) fn of_request(self) -> HttpError {
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

#[cfg(test)]
mod tests;
