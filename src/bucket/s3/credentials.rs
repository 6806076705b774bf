//! As whom requests are signed, looked for in the order in which Thanos looks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use object_store::{CredentialProvider, StaticCredentialProvider};
use tokio::sync::Mutex;
use tracing::warn;

use super::config::{Config, Credentials};
use crate::error::{Error, Kind, Result};

/// Credentials that are about to expire are fetched anew so long before.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// `None` where a web identity is to be used, or where requests are anonymous.
pub(super) async fn find(config: &Config, region: &str) -> Result<Option<AwsCredentialProvider>> {
    match &config.credentials {
        Credentials::Static {
            access_key,
            secret_key,
            session_token,
        } => Ok(Some(Arc::new(StaticCredentialProvider::new(
            AwsCredential {
                key_id: access_key.clone(),
                secret_key: secret_key.expose().to_owned(),
                token: session_token
                    .as_ref()
                    .map(|token| token.expose().to_owned()),
            },
        )))),
        Credentials::Found if config.web_identity.is_some() => Ok(None),
        Credentials::Found | Credentials::Sdk => from_sdk(config, region).await,
    }
}

/// Profiles, processes, single sign-on, containers and instances, as the AWS SDK finds them.
async fn from_sdk(config: &Config, region: &str) -> Result<Option<AwsCredentialProvider>> {
    let defaults = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(region.to_owned()));
    let attempt = || Error::new(Kind::Credentials, "find AWS credentials");
    let loaded = defaults.load().await;
    let chain = loaded
        .credentials_provider()
        .ok_or_else(|| attempt().because("the SDK has no provider"))?;
    let provider = FromSdk {
        chain,
        known: Mutex::new(None),
    };
    match provider.get_credential().await {
        Ok(_) => Ok(Some(Arc::new(provider))),
        Err(err) if config.insists_on_credentials() => Err(attempt().because(err.to_string())),
        Err(_) => {
            warn!("no credentials were found: requests are anonymous");
            Ok(None)
        }
    }
}

/// The SDK's chain behind `object_store`'s trait, with a memory.
#[derive(Debug)]
struct FromSdk {
    chain: SharedCredentialsProvider,
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    credential: Arc<AwsCredential>,
    renew_at: Option<SystemTime>,
}

#[async_trait]
impl CredentialProvider for FromSdk {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        if let Some(known) = &*known
            && known.renew_at.is_none_or(|at| SystemTime::now() < at)
        {
            return Ok(Arc::clone(&known.credential));
        }
        let found = self.chain.provide_credentials().await.map_err(|err| {
            object_store::Error::Unauthenticated {
                path: String::new(),
                source: err.into(),
            }
        })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        *known = Some(Known {
            credential: Arc::clone(&credential),
            renew_at: found.expiry().and_then(|at| at.checked_sub(RENEW_BEFORE)),
        });
        Ok(credential)
    }
}
