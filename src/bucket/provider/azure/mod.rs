//! AZURE: the containers of Azure's Blob Storage, and of emulators that speak as it does.

mod ask;
mod asked;
mod class;
mod code;
mod config;
mod connector;
mod container;
mod copier;
mod credentials;
mod differences;
mod history;
mod keeping;
mod location;
mod meaning;
mod object;
mod page;
mod pending;
mod policy;
mod refusal;
mod service;
mod signing;
mod store;
mod try_timeout;
mod understood;
mod upload;

use std::sync::Arc;

use async_trait::async_trait;

use super::configured::{Configured, Opening, Provider};
use crate::block::Form;
use crate::bucket::access::{Access, MissingRoot};
use crate::bucket::backend::{Backend, EtagMeaning, Listings, Multipart};
use crate::bucket::heard::{Clock, Heard};
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::storage_class::Readable;
use crate::bucket::store::Store;
use crate::error::{Error, Result};
use config::{Config, Identity};
use container::{Container, Missing};
use differences::DIFFERENCES;
use service::SECONDARY;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "AZURE",
    secrets: &[
        "storage_account_key",
        "storage_connection_string",
        "client_secret",
    ],
    differences: DIFFERENCES,
    parse: |section| Ok(Box::new(Config::parse(section)?)),
};

#[async_trait]
impl Configured for Config {
    fn location(&self, prefix: &Prefix) -> Location {
        location::location(&self.service, &self.container, prefix.as_str())
    }

    fn storage_class(&self, name: &str) -> std::result::Result<Readable, String> {
        class::class(name)
    }

    fn understood(&self) -> Vec<(&'static str, String)> {
        understood::understood(self)
    }

    /// Roles are for containers, whatever their objects' names begin with.
    fn policy(&self, _: &Prefix, role: Role, _: Option<&str>) -> Policy {
        let container = policy::resource(self.service.account(), &self.container);
        let need = policy::Need {
            role,
            makes_container: self.creates_container,
        };
        policy::policy(&container, &self.identity, need)
    }

    async fn open(&self, opening: Opening) -> Result<Backend> {
        open(self, opening).await
    }
}

/// Opens the container. Nothing is asked of it; only services that give tokens are contacted. A `wire` replaces the network.
async fn open(config: &Config, opening: Opening) -> Result<Backend> {
    let Opening {
        location,
        prefix,
        access,
        missing,
        classes,
        wire,
    } = opening;
    let is_copy = config.service.is_secondary();
    // Marks and blocks are written.
    if is_copy && access == Access::Write {
        return Err(Error::usage(format!(
            "{location} is the copy of an account in another region, which cannot be written and shows what the account had a while ago: a migration wants the account itself, without {SECONDARY}"
        )));
    }
    let (bucket_wire, service_wire) = (wire.clone(), wire);
    let network = || service_wire.map_or_else(|| connector::to_services(config), Ok);
    let credentials = credentials::find(config, network).await?;
    let wire = bucket_wire.map_or_else(|| connector::to_container(config), Ok)?;
    let heard = Heard::default();
    let asker = ask::Asker {
        http: connector::client(config, wire, heard.clone(), credentials.clone()),
        container: config.service.url(&config.container).into(),
        retries: config.retries,
        configured: config.secrets().into(),
        is_signature: matches!(config.identity, Identity::Signature(_)),
    };
    // A source's container is never made, nor one that is only looked at.
    let may_be_missing = config.creates_container && missing == MissingRoot::Empty;
    let container = Container {
        asker,
        service: config.service.clone(),
        name: config.container.clone(),
        credentials,
        classes,
        missing: Missing::new(may_be_missing, may_be_missing && access == Access::Write),
    };
    let store: Arc<dyn Store> = Arc::new(store::Store(Arc::new(container)));
    let clock = Clock {
        heard,
        store: Arc::clone(&store),
        prefix: prefix.clone(),
    };
    Ok(Backend {
        store,
        clock: Some(Arc::new(clock)),
        location,
        prefix,
        part_size_bytes: None,
        multipart: Multipart::Allowed,
        sizes: DIFFERENCES.sizes,
        etags: EtagMeaning::VersionOnly,
        tells: Some(Form::Md5),
        listings: if is_copy {
            Listings::Lagging
        } else {
            DIFFERENCES.listings
        },
    })
}
