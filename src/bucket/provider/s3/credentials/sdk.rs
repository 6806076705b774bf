//! Profiles, processes, single sign-on, containers and instances, as the AWS SDK finds them.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::aws::AwsCredential;
use object_store::client::HttpClient;
use tokio::time::timeout;

use super::super::config::Config;
use super::super::region::DEFAULT;
use super::children::Children;
use super::services;
use super::source::{Failure, Fetched, Source};
use crate::causes;

/// How long a program or a service may take to give credentials. Some ask a person for a code.
const LONGEST: Duration = Duration::from_mins(2);

/// What the SDK knows to look at. It is asked anew each time: it reads no file twice.
#[derive(Debug)]
pub(super) struct Sdk {
    place: Place,
    network: HttpClient,
    region: Region,
}

/// Where it looks.
#[derive(Debug, Clone, Copy)]
enum Place {
    Everywhere,
    Profile,
}

impl Sdk {
    /// Whatever there is. The SDK's whole configuration is not loaded for it, which panics where a variable of no account is wrong.
    pub(super) fn everywhere(config: &Config, network: HttpClient) -> Self {
        Self {
            place: Place::Everywhere,
            network,
            region: region(config),
        }
    }

    /// The shared credentials file and the configuration beside it.
    pub(super) fn profile(config: &Config, network: HttpClient) -> Self {
        Self {
            place: Place::Profile,
            ..Self::everywhere(config, network)
        }
    }

    async fn provider(&self) -> SharedCredentialsProvider {
        let settings = settings(self.network.clone());
        match self.place {
            Place::Everywhere => {
                let chain = DefaultCredentialsChain::builder()
                    .configure(settings)
                    .region(self.region.clone());
                SharedCredentialsProvider::new(chain.build().await)
            }
            Place::Profile => {
                let settings = settings.with_region(Some(self.region.clone()));
                let provider = ProfileFileCredentialsProvider::builder().configure(&settings);
                SharedCredentialsProvider::new(provider.build())
            }
        }
    }
}

fn settings(network: HttpClient) -> ProviderConfig {
    ProviderConfig::default().with_http_client(services::client(network))
}

fn region(config: &Config) -> Region {
    let region = config.region.as_deref().or(config.endpoint.region());
    let region = region.or(config.aws_region.as_deref()).unwrap_or(DEFAULT);
    Region::new(region.to_owned())
}

#[async_trait]
impl Source for Sdk {
    async fn fetch(&self) -> Result<Fetched, Failure> {
        // On a timeout, dropping this ends the programs that were started.
        let children = Children::from_now_on();
        let provider = self.provider().await;
        let found = timeout(LONGEST, provider.provide_credentials())
            .await
            .map_err(|_| Failure {
                why: format!("no credentials came for {} seconds", LONGEST.as_secs()),
                passes: true,
            })?;
        children.have_done();
        let found = found.map_err(|err| Failure {
            passes: matches!(err, CredentialsError::ProviderTimedOut(_)),
            why: told(&err),
        })?;
        Ok(Fetched {
            credential: AwsCredential {
                key_id: found.access_key_id().to_owned(),
                secret_key: found.secret_access_key().to_owned(),
                token: found.session_token().map(str::to_owned),
            }
            .into(),
            expires: found.expiry(),
        })
    }
}

/// An error with its causes, without what a program said of itself: that may be a secret.
fn told(err: &CredentialsError) -> String {
    let mut told = err.to_string();
    for cause in causes::chain(err).skip(1) {
        let text = cause.to_string();
        let text = text.split("Stderr:").next().unwrap_or_default().trim();
        if !told.contains(text) {
            told = format!("{told}: {text}");
        }
    }
    told
}
