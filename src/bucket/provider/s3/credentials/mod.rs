//! As whom requests are signed, looked for in the order in which Thanos looks, and asked for anew before they expire.

mod children;
mod sdk;
mod services;
mod source;
mod web_identity;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use object_store::aws::AwsCredential;
use object_store::client::HttpClient;
use tokio::sync::Mutex;
use tracing::{debug, warn};

pub(super) use source::{Failure, Unfit, unavailable};

use super::config::{Config, Credentials};
use crate::error::{Error, Kind, Result};
use source::{Fetched, Source};

/// Credentials that are about to expire are fetched anew so long before.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// Whoever gives credentials.
#[async_trait]
pub(super) trait Giver: fmt::Debug + Send + Sync {
    /// Those that requests are signed with now.
    async fn get(&self) -> object_store::Result<Arc<AwsCredential>>;

    /// Whether there are others than these, which were refused: they may have been taken back, or replaced in a file that names no end of them.
    async fn has_others_than(&self, refused: &AwsCredential) -> bool;
}

/// Those of a configuration.
#[derive(Debug)]
struct Fixed(Arc<AwsCredential>);

#[async_trait]
impl Giver for Fixed {
    async fn get(&self) -> object_store::Result<Arc<AwsCredential>> {
        Ok(Arc::clone(&self.0))
    }

    async fn has_others_than(&self, _: &AwsCredential) -> bool {
        false
    }
}

/// `None` where requests are anonymous. A `network` is what a service for credentials is asked through.
pub(super) async fn find(
    config: &Config,
    network: impl FnOnce() -> Result<HttpClient>,
) -> Result<Option<Arc<dyn Giver>>> {
    let insists = match &config.credentials {
        Credentials::Static {
            access_key,
            secret_key,
            session_token,
        } => {
            let token = session_token
                .as_ref()
                .map(|token| token.expose().to_owned());
            let credential = AwsCredential {
                key_id: access_key.clone(),
                secret_key: secret_key.expose().to_owned(),
                token,
            };
            return Ok(Some(Arc::new(Fixed(credential.into()))));
        }
        Credentials::Sdk => true,
        Credentials::Found => false,
    };
    let network = network()?;
    if let Some(identity) = config.web_identity.as_ref().filter(|_| !insists) {
        // Thanos' client looks into the file first.
        let profile = Remembered::new(sdk::Sdk::profile(config, network.clone()));
        if let Err(err) = profile.get().await {
            debug!(%err, "no credentials in a file");
        } else {
            return Ok(Some(Arc::new(profile)));
        }
        let service = web_identity::Service::new(identity, config, network);
        return Ok(Some(Arc::new(Remembered::new(service))));
    }
    let sdk = Remembered::new(sdk::Sdk::everywhere(config, network));
    match sdk.get().await {
        Ok(_) => Ok(Some(Arc::new(sdk))),
        Err(err) if insists => {
            let why = err
                .source()
                .map_or_else(|| err.to_string(), ToString::to_string);
            Err(Error::new(Kind::Credentials, "find AWS credentials").because(why))
        }
        Err(err) => {
            let err = err
                .source()
                .map_or_else(|| err.to_string(), ToString::to_string);
            warn!(err, "no credentials were found: requests are anonymous");
            Ok(None)
        }
    }
}

/// A source whose credentials are kept until shortly before they expire.
#[derive(Debug)]
struct Remembered<S> {
    source: S,
    known: Mutex<Option<Fetched>>,
}

impl<S> Remembered<S> {
    fn new(source: S) -> Self {
        Self {
            source,
            known: Mutex::new(None),
        }
    }
}

#[async_trait]
impl<S: Source> Giver for Remembered<S> {
    async fn get(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        let now = SystemTime::now();
        let good_at = |at: SystemTime| {
            let is_good = |found: &&Fetched| found.expires.is_none_or(|expires| at < expires);
            known.as_ref().filter(is_good).cloned()
        };
        if let Some(found) = good_at(now + RENEW_BEFORE) {
            return Ok(found.credential);
        }
        match self.source.fetch().await {
            Ok(fetched) => {
                *known = Some(fetched.clone());
                Ok(fetched.credential)
            }
            Err(failure) => match good_at(SystemTime::now()) {
                Some(found) => {
                    warn!(err = %failure, "credentials are not renewed yet; those at hand are still good");
                    Ok(found.credential)
                }
                None => Err(object_store::Error::Unauthenticated {
                    path: String::new(),
                    source: failure.into(),
                }),
            },
        }
    }

    async fn has_others_than(&self, refused: &AwsCredential) -> bool {
        let mut known = self.known.lock().await;
        let are_others = |found: &Fetched| *found.credential != *refused;
        if known.as_ref().is_some_and(are_others) {
            return true;
        }
        match self.source.fetch().await {
            Ok(fetched) if are_others(&fetched) => {
                warn!("credentials were refused; others were found");
                *known = Some(fetched);
                true
            }
            Ok(_) => false,
            Err(err) => {
                debug!(%err, "no others than the credentials that were refused");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use object_store::client::HttpErrorKind;

    use super::*;

    /// Gives credentials with these times to live, in seconds, one after the other, and then none.
    #[derive(Debug)]
    struct Lives(Vec<u64>, AtomicUsize);

    #[async_trait]
    impl Source for Lives {
        async fn fetch(&self) -> std::result::Result<Fetched, Failure> {
            let number = self.1.fetch_add(1, Ordering::SeqCst);
            let life = self.0.get(number).copied().ok_or_else(|| Failure {
                why: "gone".to_owned(),
                passes: true,
            })?;
            Ok(Fetched {
                credential: Arc::new(AwsCredential {
                    key_id: number.to_string(),
                    secret_key: String::new(),
                    token: None,
                }),
                expires: Some(SystemTime::now() + Duration::from_secs(life)),
            })
        }
    }

    #[tokio::test]
    async fn credentials_are_renewed_before_they_expire_and_used_until_then() {
        let source = Remembered::new(Lives(vec![100, 200, 3600], AtomicUsize::new(0)));
        let used = async || source.get().await.unwrap().key_id.clone();
        for expected in ["0", "1", "2", "2", "2"] {
            assert_eq!(used().await, expected);
        }
        let source = Remembered::new(Lives(vec![100], AtomicUsize::new(0)));
        let used = async || source.get().await.unwrap().key_id.clone();
        for _ in 0..3 {
            assert_eq!(used().await, "0");
        }
        let source = Remembered::new(Lives(vec![0], AtomicUsize::new(0)));
        source.get().await.unwrap();
        let err = unavailable(source.get().await.unwrap_err());
        assert_eq!(err.kind(), HttpErrorKind::Connect);
    }

    /// S-3.9
    #[tokio::test]
    async fn others_are_looked_for_once_for_all_whose_were_refused() {
        let source = Remembered::new(Lives(vec![3600, 3600], AtomicUsize::new(0)));
        let first = source.get().await.unwrap();
        for _ in 0..3 {
            assert!(source.has_others_than(&first).await);
        }
        let second = source.get().await.unwrap();
        assert_eq!(second.key_id, "1");
        assert!(!source.has_others_than(&second).await);
        assert_eq!(source.get().await.unwrap().key_id, "1");
        let fixed = Fixed(Arc::clone(&first));
        assert!(!fixed.has_others_than(&first).await);
    }
}
