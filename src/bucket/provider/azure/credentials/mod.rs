//! As whom requests are made: a key or a signature from the configuration, or tokens, which are had anew before they expire.

mod account_key;
mod certificate;
mod command_line;
mod entra;
mod managed;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use object_store::client::HttpClient;
use tokio::sync::Mutex;
use tracing::{debug, warn};

pub(super) use account_key::AccountKey;
pub(super) use token::Failure;

use super::config::{Config, Identity, Link};
use super::service::SECONDARY;
use crate::environment::Secret;
use crate::error::{Error, Kind, Result};
use crate::retry::{Backoff, Jitter, Policy};
use token::Token;

/// What proves the right to requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Credentials {
    /// The account's own key.
    Key(Arc<AccountKey>),
    /// A shared access signature, as it stands in a query.
    Signature(Arc<Secret>),
    /// Tokens of Entra's.
    Tokens(Arc<Tokens>),
}

/// What makes the right to requests. Only the services that give tokens are asked here, for one.
pub(super) async fn find(
    config: &Config,
    network: impl FnOnce() -> Result<HttpClient>,
) -> Result<Credentials> {
    let (links, absent) = match &config.identity {
        Identity::Key(key) => {
            let key = STANDARD.decode(key.expose());
            return Ok(Credentials::Key(Arc::new(AccountKey {
                // The secondary endpoint is signed for as the account itself.
                account: config
                    .service
                    .account()
                    .trim_end_matches(SECONDARY)
                    .to_owned(),
                // It was looked at when it was configured.
                key: key.unwrap_or_default(),
            })));
        }
        Identity::Signature(query) => {
            if let Some(end) = expired(query, Utc::now()) {
                let why = format!("it expired at {end}");
                return Err(
                    Error::new(Kind::Credentials, "use the shared access signature").because(why),
                );
            }
            return Ok(Credentials::Signature(Arc::new(query.clone())));
        }
        Identity::Token(link) => (vec![link.clone()], Vec::new()),
        Identity::Chain(chain) => (chain.links.clone(), chain.absent.clone()),
    };
    let tokens = Tokens {
        network: network()?,
        metadata_answer: AtomicBool::new(false),
        state: Mutex::new(State {
            links,
            absent,
            is_chosen: false,
            known: None,
            failed: None,
        }),
    };
    tokens.token().await.map_err(|failure| {
        let kind = if failure.passes {
            Kind::Transient
        } else {
            Kind::Credentials
        };
        Error::new(kind, "get a token for Azure").because(failure.why)
    })?;
    Ok(Credentials::Tokens(Arc::new(tokens)))
}

/// When a signature has expired, as it says so itself; `None` while it is good, and where that cannot be told.
fn expired(query: &Secret, now: DateTime<Utc>) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://signature/?{}", query.expose())).ok()?;
    let (_, end) = url.query_pairs().find(|(name, _)| name == "se")?;
    let end = end.into_owned();
    let time = ["%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%MZ"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&end, form).ok())
        .or_else(|| end.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0))?;
    (time.and_utc() <= now).then_some(end)
}

/// Where tokens come from, and the one at hand.
#[derive(Debug)]
pub(super) struct Tokens {
    network: HttpClient,
    /// Whether the machine's metadata were found to be there: that is looked for once.
    metadata_answer: AtomicBool,
    state: Mutex<State>,
}

/// How long nobody is asked for a new token after one was not had, where the old one is still good.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct State {
    /// Who is asked, one after the other; the first who gives a token is the only one from then on.
    links: Vec<Link>,
    /// Why others are not asked.
    absent: Vec<String>,
    is_chosen: bool,
    known: Option<Arc<Token>>,
    /// Why none was had last, and when that was.
    failed: Option<(Instant, Failure)>,
}

impl Tokens {
    /// One that is good for a while.
    pub(super) async fn token(&self) -> std::result::Result<Arc<Token>, Failure> {
        let begun = Instant::now();
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(token) = state.known.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(Arc::clone(token));
        }
        if let Some((since, failure)) = &state.failed {
            match &state.known {
                // It is asked again in a moment.
                Some(token) if token.is_good(now) && since.elapsed() < PAUSE => {
                    return Ok(Arc::clone(token));
                }
                // Who waited while others asked need not ask the same in vain.
                None if *since >= begun => return Err(failure.clone()),
                _ => {}
            }
        }
        match self.ask(&mut state).await {
            Ok(token) => {
                state.failed = None;
                let token = Arc::new(token);
                state.known = Some(Arc::clone(&token));
                Ok(token)
            }
            Err(failure) => {
                state.failed = Some((Instant::now(), failure.clone()));
                Self::at_hand(&state, failure)
            }
        }
    }

    /// What is had where nobody gives a new one.
    fn at_hand(state: &State, failure: Failure) -> std::result::Result<Arc<Token>, Failure> {
        match &state.known {
            Some(token) if token.is_good(Instant::now()) => {
                warn!(err = %failure, "the token is not renewed yet; the one at hand is still good");
                Ok(Arc::clone(token))
            }
            _ => Err(failure),
        }
    }

    /// This one was refused.
    pub(super) async fn forget(&self, refused: &Token) {
        let mut state = self.state.lock().await;
        let is_it = |known: &Arc<Token>| known.value == refused.value;
        if state.known.as_ref().is_some_and(is_it) {
            state.known = None;
        }
    }

    async fn ask(&self, state: &mut State) -> std::result::Result<Token, Failure> {
        let mut absent = state.absent.clone();
        for link in state.links.clone() {
            match self.ask_patiently(&link).await {
                Ok(token) => {
                    state.links = vec![link];
                    state.is_chosen = true;
                    return Ok(token);
                }
                Err(failure) if failure.is_absence && !state.is_chosen => {
                    debug!(err = %failure, "no token from here");
                    absent.push(failure.why);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::lasting(absent.join("; ")))
    }

    /// Repeats what may pass: also the metadata of a machine are not there yet for a while after its start.
    async fn ask_patiently(&self, link: &Link) -> std::result::Result<Token, Failure> {
        let mut backoff = Backoff::new(&Policy {
            max_retries: 3,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(4),
            jitter: Jitter::Half,
        });
        loop {
            let failure = match self.ask_one(link).await {
                Err(failure) if failure.passes => failure,
                done => return done,
            };
            let Some(delay) = backoff.next_delay() else {
                return Err(failure);
            };
            debug!(err = %failure, ?delay, "no token yet");
            tokio::time::sleep(delay).await;
        }
    }

    async fn ask_one(&self, link: &Link) -> std::result::Result<Token, Failure> {
        match link {
            Link::Secret { principal, secret } => {
                entra::by_secret(&self.network, principal, secret).await
            }
            Link::Certificate {
                principal,
                file,
                sends_chain,
            } => certificate::ask(&self.network, principal, file, *sends_chain).await,
            Link::Federated { principal, file } => {
                entra::by_assertion(&self.network, principal, file).await
            }
            Link::Managed {
                client,
                service,
                probes,
            } => {
                if *probes && !self.metadata_answer.load(Ordering::Relaxed) {
                    managed::probe(&self.network).await?;
                    self.metadata_answer.store(true, Ordering::Relaxed);
                }
                managed::ask(&self.network, client.as_deref(), service.as_ref()).await
            }
            Link::CommandLine => command_line::ask().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_expired_when_it_says_so() {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
        let expired = |query: &str| expired(&Secret::new(query.to_owned()), now);
        for (query, expected) in [
            (
                "sv=1&se=2024%2D10-03T23%3A59%3a59Z&sig=x",
                Some("2024-10-03T23:59:59Z"),
            ),
            ("se=2024-10-03T23:59Z&sig=x", Some("2024-10-03T23:59Z")),
            ("se=2024-10-04&sig=x", Some("2024-10-04")),
            (
                "se=2024-10-03T23:59:59.0000000Z",
                Some("2024-10-03T23:59:59.0000000Z"),
            ),
            ("se=2024-10-04T00%3A00%3A01Z&sig=x", None),
            ("se=2024-10-05&sig=x", None),
            ("se=soon&sig=x", None),
            ("rse=2020-01-01&sig=x", None),
        ] {
            assert_eq!(expired(query).as_deref(), expected, "{query}");
        }
    }
}
