//! The ways to those who give tokens.

use object_store::client::HttpClient;

use super::super::config::{Account, Subject};
use super::certificate;
use super::token::Failure;
use crate::error::Result;
use crate::http::client;
use crate::http::proxy::Proxies;
use crate::http::settings::Http;

/// The ways to those who give tokens.
#[derive(Debug)]
pub(in crate::bucket::provider::gcs) struct Network {
    /// To services, wherever they are.
    pub(super) anywhere: HttpClient,
    /// To what a machine has beside it, which no proxy stands in for.
    pub(super) beside: HttpClient,
    http: Http,
    proxies: Proxies,
}

impl Network {
    /// As is configured. A `wire` replaces the network.
    pub(in crate::bucket::provider::gcs) fn new(
        http: &Http,
        proxies: &Proxies,
        wire: Option<&HttpClient>,
    ) -> Result<Self> {
        let to = |proxies: &Proxies| match wire {
            Some(wire) => Ok(wire.clone()),
            None => client::to_services(http, proxies),
        };
        Ok(Self {
            anywhere: to(proxies)?,
            beside: to(&Proxies::default())?,
            http: http.clone(),
            proxies: proxies.clone(),
        })
    }

    /// To the services that an account's tokens are asked from; one that has a certificate shows it.
    pub(super) async fn to_services_for(&self, account: &Account) -> Result<HttpClient, Failure> {
        let Some(Subject::Certificate(certificate)) = subject(account) else {
            return Ok(self.anywhere.clone());
        };
        let identity = certificate::identity(certificate).await?;
        let client = client::to_services_as(&self.http, &self.proxies, &identity);
        client.map_err(|_| {
            Failure::final_one(
                "cert_path and key_path of credential_source.certificate hold no usable pair",
            )
        })
    }
}

/// What vouches for the account, or for who acts as it.
fn subject(account: &Account) -> Option<&Subject> {
    match account {
        Account::External(external) => Some(&external.subject),
        Account::Impersonated { by, .. } => subject(by),
        Account::Service(_) | Account::User(_) => None,
    }
}
