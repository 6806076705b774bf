//! What requests prove themselves with, and where the store is: asked for when the first request needs it, and anew before it expires or once it is
//! refused; by one for all who wait.

mod answer;
mod catalogue;
mod keystone;
mod tempauth;
mod token;

pub(super) use token::{Failure, Session};

use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::client::HttpClient;
use tokio::sync::Mutex;
use tracing::{debug, warn};

use super::config::{Auth, How};

/// Where no new token comes, so long the old one is used before the next is asked for.
const PAUSE: Duration = Duration::from_secs(10);

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
                debug!(storage = %session.storage(), "a token was had");
                let schemes = [self.auth.url.scheme(), session.storage().scheme()];
                if schemes == ["https", "http"] {
                    warn!(storage = %session.storage(), "the catalogue names an address to which data and tokens travel unencrypted");
                }
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
            let is_known = known
                .as_ref()
                .is_some_and(|it| it.token() == refused.token());
            if is_known {
                if !refused.was_taken() {
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

#[cfg(test)]
mod tests;
