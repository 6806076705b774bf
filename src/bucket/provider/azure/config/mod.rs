//! The `config` section of a container of Azure's Blob Storage: every key that Thanos knows is honoured, refused, or warned about.

mod connection_string;
mod identity;
mod name;
mod retries;
mod value;

pub(super) use identity::{Identity, Link, Principal};
pub(super) use retries::Retries;

use super::super::configured::Section;
use super::service::Service;
use crate::bucket::values::{plain, text};
use crate::environment::Secret;
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::{Node, Unknown};
use connection_string::ConnectionString;
use identity::Given;

/// A container as configured.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) service: Service,
    pub(super) container: String,
    pub(super) identity: Identity,
    /// Whether a container that is missing is made before the first object is put.
    pub(super) creates_container: bool,
    pub(super) retries: Retries,
    pub(super) http: Http,
    pub(super) proxies: Proxies,
}

/// Where the blobs of Azure's public cloud are.
const ENDPOINT: &str = "blob.core.windows.net";

const TEXTS: [&str; 10] = [
    "storage_account",
    "storage_account_key",
    "storage_connection_string",
    "container",
    "endpoint",
    "az_tenant_id",
    "client_id",
    "client_secret",
    "user_assigned_id",
    "msi_resource",
];

impl Config {
    /// Reads the section.
    pub(super) fn parse(section: Section<'_>) -> Result<Self> {
        let Section {
            config,
            environment,
            warnings,
        } = section;
        let mut fields = config.fields("config", Unknown::Refuse)?;
        for key in TEXTS {
            if fields.peek(key).is_some_and(Node::is_plain_non_string) {
                warnings.push(format!(
                    "config.{key} looks like a number or a boolean: quote it, for Thanos reads another text"
                ));
            }
        }
        let account = text(&mut fields, "storage_account")?;
        let container = text(&mut fields, "container")?;
        let endpoint = plain(&mut fields, "endpoint")?;
        let given = Given {
            key: text(&mut fields, "storage_account_key")?.map(Secret::new),
            connection_string: text(&mut fields, "storage_connection_string")?.map(Secret::new),
            tenant: plain(&mut fields, "az_tenant_id")?,
            client: plain(&mut fields, "client_id")?,
            secret: text(&mut fields, "client_secret")?.map(Secret::new),
            user_assigned: plain(&mut fields, "user_assigned_id")?,
        };
        let creates_container = fields.bool("storage_create_container")?.unwrap_or(true);
        if text(&mut fields, "msi_resource")?.is_some() {
            warnings.push("config.msi_resource is deprecated and has no effect".to_owned());
        }
        let (retries, wrong_retries) = Retries::parse(&mut fields, warnings)?;
        let http = Http::parse(&mut fields, warnings)?;
        // A misspelt key is a likely reason for a missing one, so it is reported first.
        fields.finish()?;
        let faults: Vec<&str> = given
            .faults()
            .into_iter()
            .chain(missing(account.as_deref(), container.as_deref()))
            .chain(wrong_retries)
            .collect();
        if !faults.is_empty() {
            return Err(Error::usage(format!("config: {}", faults.join(", "))));
        }
        let account = account.unwrap_or_default();
        let container = name::container(container.unwrap_or_default())?;
        let (service, identity) = if let Some(text) = &given.connection_string {
            let read = ConnectionString::parse(text.expose(), &account, warnings)?;
            if endpoint.is_some_and(|endpoint| endpoint != ENDPOINT) {
                warnings.push("config.endpoint has no effect here: storage_connection_string says where the account is".to_owned());
            }
            (read.service, read.identity)
        } else {
            let account = name::account(account)?;
            let endpoint = endpoint.as_deref().unwrap_or(ENDPOINT);
            let service = Service::of_account(&account, endpoint)?;
            (service, given.identity(environment, warnings)?)
        };
        let parsed = Self {
            service,
            container,
            identity,
            creates_container,
            retries,
            http,
            proxies: Proxies::of(environment),
        };
        parsed.check_proxy()?;
        warnings.extend(parsed.what_is_not_safe());
        if parsed.service.is_secondary() {
            warnings.push(format!(
                "{} is the copy of an account in another region: it shows what the account had a while ago, and cannot be written, so that a migration from it or into it is refused",
                parsed.service.url("").trim_end_matches('/')
            ));
        }
        Ok(parsed)
    }

    /// A proxy that would be asked has an address.
    fn check_proxy(&self) -> Result<()> {
        let url = reqwest::Url::parse(&self.service.url(""));
        let url = url.map_err(|_| Error::usage("config.endpoint makes no address"))?;
        match self.proxies.of_url(&url) {
            Some(proxy) => proxy.url().map(drop),
            None => Ok(()),
        }
    }

    fn what_is_not_safe(&self) -> Option<String> {
        let host = self.service.authority();
        if !self.service.is_secure() {
            Some(format!(
                "config.storage_connection_string: data and what proves the right to it travel to {host} unencrypted"
            ))
        } else if self.http.tls.skip_verification {
            Some(format!(
                "config.http_config: whoever answers for {host} is taken for it, for no certificate is verified"
            ))
        } else {
            None
        }
    }

    /// What is configured and must not be printed, whoever says it.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        self.identity.secrets()
    }
}

/// In the words of Thanos, which names the first key in another way.
fn missing<'a>(
    account: Option<&str>,
    container: Option<&str>,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let account = account.is_none().then_some(
        "storage_account is missing (storage_account_name is required but not configured)",
    );
    let container = container
        .is_none()
        .then_some("container is missing (no container specified)");
    account.into_iter().chain(container)
}

#[cfg(test)]
mod tests;
