//! What requests prove themselves with, and where the store is: asked for when the first request needs it, and anew before it expires or once it is
//! refused; by one for all who wait.

mod answer;
mod catalogue;
mod keystone;
mod tempauth;
mod token;

pub(super) use token::{Failure, Session};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use object_store::client::HttpClient;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::config::{Auth, How};

/// Where no new token comes, or one that is refused, so long the old one is used before the next is asked for.
const PAUSE: Duration = Duration::from_secs(10);

/// One that is refused is had anew no sooner after it was asked for: who gives tokens and who takes them may need a moment to agree.
const REST: Duration = Duration::from_secs(1);

/// Gives tokens.
#[derive(Debug)]
pub(super) struct Sessions {
    auth: Arc<Auth>,
    region: Option<String>,
    network: HttpClient,
    state: Mutex<State>,
    /// Whether the store has taken any.
    any_was_taken: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Session>,
    /// The one before it, which may still be good.
    former: Option<Session>,
    /// When one was last asked for.
    asked: Option<Instant>,
    /// Why none was had, and when that was.
    failed: Option<(Instant, Failure)>,
}

impl Sessions {
    /// By that proof, for the store of that region; whoever gives tokens is asked through `network`.
    pub(super) fn new(auth: Arc<Auth>, region: Option<String>, network: HttpClient) -> Self {
        Self {
            auth,
            region,
            network,
            state: Mutex::default(),
            any_was_taken: AtomicBool::new(false),
        }
    }

    /// One that is good now.
    pub(super) async fn get(&self) -> Result<Session, Failure> {
        let begun = Instant::now();
        let mut state = self.state.lock().await;
        let Some(known) = state.known.as_mut().filter(|it| it.is_good()) else {
            return self.renewed(&mut state, begun).await;
        };
        if known.is_fresh() {
            return Ok(known.clone());
        }
        // The others go on with it meanwhile.
        known.renew_in(PAUSE);
        drop(state);
        let asked = self.begin().await;
        self.noted(&mut *self.state.lock().await, asked)
    }

    /// The store has taken it.
    pub(super) fn taken(&self, session: &Session) {
        session.taken();
        self.any_was_taken.store(true, Ordering::Relaxed);
    }

    /// Another one than that, whose token the store refused; `None` where no other helps: the store has never taken any.
    pub(super) async fn after(&self, refused: &Session) -> Result<Option<Session>, Failure> {
        let begun = Instant::now();
        let mut state = self.state.lock().await;
        let known = state.known.as_ref().filter(|it| it.is_fresh());
        if let Some(known) = known.filter(|it| it.token() != refused.token()) {
            return Ok(Some(known.clone()));
        }
        if !self.any_was_taken.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let former = state.former.take().filter(Session::is_good);
        if let Some(mut former) = former.filter(|_| !refused.was_taken()) {
            debug!("a new token is refused, and the one before it is still good");
            former.renew_in(PAUSE);
            return Ok(Some(state.known.insert(former).clone()));
        }
        if let Some(asked) = state.asked {
            tokio::time::sleep_until(asked + REST).await;
        }
        state.known = None;
        self.renewed(&mut state, begun).await.map(Some)
    }

    /// Asks for one, unless that was done in vain since `begun`.
    async fn renewed(&self, state: &mut State, begun: Instant) -> Result<Session, Failure> {
        if let Some((since, failure)) = &state.failed
            && *since >= begun
        {
            // Who waited while others asked need not ask the same in vain.
            return Err(failure.clone());
        }
        let asked = self.begin().await;
        self.noted(state, asked)
    }

    /// Notes what came of asking for one.
    fn noted(
        &self,
        state: &mut State,
        asked: Result<Session, Failure>,
    ) -> Result<Session, Failure> {
        state.asked = Some(Instant::now());
        match asked {
            Ok(mut session) => {
                debug!(storage = %session.storage(), "a token was had");
                let schemes = [self.auth.url.scheme(), session.storage().scheme()];
                if schemes == ["https", "http"] {
                    warn!(storage = %session.storage(), "the catalogue names an address to which data and tokens travel unencrypted");
                }
                state.failed = None;
                match state.known.take() {
                    // Some give the same until it ends.
                    Some(known) if known.token() == session.token() => session.goes_on(&known),
                    Some(known) if known.was_taken() => state.former = Some(known),
                    _ => {}
                }
                Ok(state.known.insert(session).clone())
            }
            Err(failure) => match state.known.as_mut() {
                Some(session) if session.is_good() => {
                    warn!(err = %failure, "no new token comes yet; the one at hand is still good");
                    session.renew_in(PAUSE);
                    Ok(session.clone())
                }
                _ => {
                    state.failed = Some((Instant::now(), failure.clone()));
                    Err(failure)
                }
            },
        }
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

#[cfg(test)]
mod tests;
