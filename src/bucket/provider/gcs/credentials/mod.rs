//! Tokens that requests prove themselves with: asked for when the first is needed, and anew before they expire or once one is refused.

mod ask;
mod assertion;
mod aws;
mod certificate;
mod external;
mod machine;
mod network;
mod program;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tracing::{debug, warn};

pub(super) use ask::bearer;
pub(super) use network::Network;
pub(super) use token::{Failure, Token};

use super::config::{Account, Credentials};
use crate::environment::Secret;

/// Where no new token comes, so long the old one is used before the next is asked for.
const PAUSE: Duration = Duration::from_secs(10);

/// What tokens are asked for.
const SCOPES: [&str; 2] = [
    "https://www.googleapis.com/auth/devstorage.full_control",
    "https://www.googleapis.com/auth/cloud-platform",
];

/// What the token of somebody is asked for who acts as somebody else.
const SCOPES_TO_ACT: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];

/// Gives tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    credentials: Arc<Credentials>,
    network: Network,
    known: Mutex<Option<Token>>,
    /// Why none was had, and when that was.
    failed: Mutex<Option<(Instant, Failure)>>,
    /// Whether there ever was one.
    was_there: AtomicBool,
}

impl Tokens {
    /// Of these credentials; whoever gives tokens is asked through `network`.
    pub(super) fn new(credentials: Arc<Credentials>, network: Network) -> Self {
        Self {
            credentials,
            network,
            known: Mutex::new(None),
            failed: Mutex::new(None),
            was_there: AtomicBool::new(false),
        }
    }

    /// A token that is good now; `None` where requests need none.
    pub(super) async fn get(&self) -> Result<Option<Token>, Failure> {
        if matches!(*self.credentials, Credentials::Nobody) {
            return Ok(None);
        }
        let begun = Instant::now();
        let mut known = self.known.lock().await;
        if let Some(token) = known
            .as_ref()
            .filter(|token| Instant::now() < token.renew_at)
        {
            return Ok(Some(token.clone()));
        }
        let mut failed = self.failed.lock().await;
        if let Some((since, failure)) = failed.as_ref()
            && *since >= begun
        {
            // Who waited while others asked need not ask the same in vain.
            return Err(failure.clone());
        }
        let was_there = self.was_there.load(Ordering::Relaxed);
        match self.fetch(was_there).await {
            Ok(token) => {
                debug!("a token was had");
                *failed = None;
                self.was_there.store(true, Ordering::Relaxed);
                Ok(Some(known.insert(token).clone()))
            }
            Err(failure) => match known.as_mut() {
                Some(token) if Instant::now() < token.expires_at => {
                    warn!(err = %failure, "no new token comes yet; the one at hand is still good");
                    token.renew_at = Instant::now() + PAUSE;
                    Ok(Some(token.clone()))
                }
                _ => {
                    *failed = Some((Instant::now(), failure.clone()));
                    Err(failure)
                }
            },
        }
    }

    /// Forgets a token that was refused. Another that was had meanwhile stays.
    pub(super) async fn forget(&self, refused: &Token) {
        let mut known = self.known.lock().await;
        if known
            .as_ref()
            .is_some_and(|token| token.text() == refused.text())
        {
            *known = None;
        }
    }

    async fn fetch(&self, was_there: bool) -> Result<Token, Failure> {
        match &*self.credentials {
            Credentials::Account(account, _) => self.of_account(account).await,
            Credentials::Machine(host) => {
                machine::token(host, &self.network.beside, &SCOPES, was_there).await
            }
            Credentials::Nobody => Err(Failure::final_one("nobody has no token")),
        }
    }

    /// What is signed tells when that was: where the clock of who refused is another than this machine's, it is signed by that one.
    async fn of_account(&self, account: &Account) -> Result<Token, Failure> {
        match of(account, &self.network, &SCOPES, Utc::now()).await {
            Err(Failure {
                passes: false,
                time_there: Some(there),
                why,
            }) => {
                debug!(
                    err = why,
                    "refused, perhaps for this machine's clock; asked by the other one"
                );
                of(account, &self.network, &SCOPES, there).await
            }
            told => told,
        }
    }
}

/// A token of that account's for what these scopes allow.
fn of<'a>(
    account: &'a Account,
    network: &'a Network,
    scopes: &'static [&'static str],
    now: DateTime<Utc>,
) -> BoxFuture<'a, Result<Token, Failure>> {
    async move {
        let service = network.to_services_for(account).await?;
        match account {
            Account::Service(account) => {
                let assertion = assertion::of(account, scopes, now)?;
                let form = [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", &assertion),
                ];
                let secrets = [Secret::new(assertion.clone())];
                let request = ask::form(&account.token_url, &form)?;
                ask::token(&service, request, &account.token_url, &secrets).await
            }
            Account::User(user) => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", user.client_id.as_str()),
                    ("client_secret", user.client_secret.expose()),
                    ("refresh_token", user.refresh_token.expose()),
                ];
                let secrets = [user.client_secret.clone(), user.refresh_token.clone()];
                let request = ask::form(&user.token_url, &form)?;
                ask::token(&service, request, &user.token_url, &secrets).await
            }
            Account::External(external) => {
                external::token(external, network, &service, scopes, now).await
            }
            Account::Impersonated {
                url,
                delegates,
                lifetime_secs,
                by,
            } => {
                let token = of(by, network, &SCOPES_TO_ACT, now).await?;
                let wanted = serde_json::json!({
                    "delegates": delegates,
                    "lifetime": format!("{lifetime_secs}s"),
                    "scope": scopes,
                });
                let request = ask::document(url, &wanted, &token)?;
                let secrets = [token.text().clone()];
                ask::impersonated_token(&service, request, url, &secrets).await
            }
        }
    }
    .boxed()
}
