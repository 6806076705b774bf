//! As whom requests are made: a key or a signature from the configuration, or tokens, which are had anew before they expire.

mod command_line;
mod entra;
mod managed;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::client::HttpClient;
use tokio::sync::Mutex;
use tracing::{debug, warn};

use super::config::{Config, Identity, Link};
use super::signing::{AccountKey, Credentials};
use crate::bucket::environment::Secret;
use crate::bucket::values;
use crate::error::{Error, Kind, Result};
use crate::retry::{Backoff, Jitter, Policy};

/// A token that is about to expire is had anew so long before, or when half of its life is over.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// What tokens are for.
const RESOURCE: &str = "https://storage.azure.com";

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
                    .trim_end_matches("-secondary")
                    .to_owned(),
                // It was looked at when it was configured.
                key: key.unwrap_or_default(),
            })));
        }
        Identity::Signature(query) => return Ok(Credentials::Signature(Arc::new(query.clone()))),
        Identity::Token(link) => (vec![link.clone()], Vec::new()),
        Identity::Chain(chain) => (chain.links.clone(), chain.absent.clone()),
    };
    let tokens = Tokens {
        network: network()?,
        state: Mutex::new(State {
            links,
            absent,
            is_chosen: false,
            known: None,
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

/// A token.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) value: Secret,
    begun: SystemTime,
    expires: SystemTime,
}

/// No token was to be had.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) why: String,
    /// Whether the same question may be answered a little later.
    pub(super) passes: bool,
    /// Whether there is nobody to ask, so that somebody else may be asked.
    pub(super) is_absence: bool,
}

impl Failure {
    fn lasting(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            passes: false,
            is_absence: false,
        }
    }

    fn absence(why: impl Into<String>) -> Self {
        Self {
            is_absence: true,
            ..Self::lasting(why)
        }
    }

    pub(super) fn kind(&self) -> Kind {
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

/// Where tokens come from, and the one at hand.
#[derive(Debug)]
pub(super) struct Tokens {
    network: HttpClient,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Who is asked, one after the other; the first who gives a token is the only one from then on.
    links: Vec<Link>,
    /// Why others are not asked.
    absent: Vec<String>,
    is_chosen: bool,
    known: Option<Arc<Token>>,
}

impl Tokens {
    /// One that is good for a while.
    pub(super) async fn token(&self) -> std::result::Result<Arc<Token>, Failure> {
        let mut state = self.state.lock().await;
        let now = SystemTime::now();
        if let Some(token) = state.known.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(Arc::clone(token));
        }
        match self.ask(&mut state).await {
            Ok(token) => {
                let token = Arc::new(token);
                state.known = Some(Arc::clone(&token));
                Ok(token)
            }
            Err(failure) => match &state.known {
                Some(token) if SystemTime::now() < token.expires => {
                    warn!(err = %failure, "the token is not renewed yet; the one at hand is still good");
                    Ok(Arc::clone(token))
                }
                _ => Err(failure),
            },
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
            Link::Federated { principal, file } => {
                entra::by_assertion(&self.network, principal, file).await
            }
            Link::Managed {
                client,
                service,
                probes,
            } => managed::ask(&self.network, client.as_deref(), service.as_ref(), *probes).await,
            Link::CommandLine => command_line::ask().await,
        }
    }
}

impl Token {
    /// One that goes into a header, and lives so long from now.
    fn new(value: &str, life: Duration) -> std::result::Result<Self, Failure> {
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
    fn until(value: &str, end_secs: u64) -> std::result::Result<Self, Failure> {
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(end_secs));
        let life = end.and_then(|end| end.duration_since(SystemTime::now()).ok());
        Self::new(value, life.unwrap_or_default())
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        let life = self.expires.duration_since(self.begun).unwrap_or_default();
        self.expires
            .checked_sub(RENEW_BEFORE.min(life / 2))
            .is_some_and(|renewal| now < renewal)
    }
}

/// An error and what caused it, on one line.
fn chain(err: &(dyn StdError + 'static)) -> String {
    let mut text = err.to_string();
    let mut next = err.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
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
        assert!(!Token::until("a", 7).unwrap().is_fresh(now));
        assert!(Token::new("a\nb", RENEW_BEFORE).is_err());
    }
}
