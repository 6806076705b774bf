//! Google Cloud Storage, and what plays it.

mod answers;
mod ask;
mod asked;
mod authorizing;
mod class;
mod config;
mod connector;
mod copier;
mod credentials;
mod differences;
mod fault;
mod history;
mod keeping;
mod location;
mod meaning;
mod page;
mod policy;
mod read;
mod refusal;
mod resource;
mod store;
mod understood;
mod upload;

use std::sync::Arc;

use async_trait::async_trait;

use super::configured::{Configured, Opening, Provider};
use crate::block::Form;
use crate::bucket::backend::{Backend, EtagMeaning, Listings, Multipart};
use crate::bucket::heard::{Clock, Heard};
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::storage_class::Readable;
use crate::bucket::store::Store;
use crate::error::Result;
use crate::http::ask as asking;
use config::Config;
use credentials::{Network, Tokens};
use differences::DIFFERENCES;
use upload::Asking;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "GCS",
    differences: DIFFERENCES,
    secrets: &["service_account"],
    parse: |section| Ok(Box::new(Config::parse(section)?)),
};

/// Requests are repeated above the client too, so the client's own patience is short unless the configuration says otherwise.
const RETRIES: u32 = 3;

#[async_trait]
impl Configured for Config {
    fn location(&self, prefix: &Prefix) -> Location {
        location::location(&self.endpoint, &self.bucket, prefix.as_str())
    }

    fn storage_class(&self, name: &str) -> std::result::Result<Readable, String> {
        class::class(name)
    }

    fn understood(&self) -> Vec<(&'static str, String)> {
        understood::understood(self)
    }

    fn policy(&self, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
        policy::policy(&self.bucket, prefix, role, copied_from)
    }

    fn resource(&self, _: &Prefix) -> Option<String> {
        Some(self.bucket.clone())
    }

    async fn open(&self, opening: Opening) -> Result<Backend> {
        open(self, opening)
    }
}

/// Opens the bucket; nothing is contacted yet. A `wire` replaces the network.
fn open(config: &Config, opening: Opening) -> Result<Backend> {
    let Opening {
        location,
        prefix,
        classes,
        wire,
        ..
    } = opening;
    let network = Network::new(&config.http, &config.proxies, wire.as_ref())?;
    let wire = wire.map_or_else(|| connector::to_bucket(config), Ok)?;
    let tokens = Tokens::new(Arc::clone(&config.credentials), network);
    let heard = Heard::default();
    let http = connector::client(config, wire, heard.clone(), tokens)?;
    let asker = ask::Asker {
        server: asking::Asker {
            http,
            store: fault::STORE,
        },
        base: config.endpoint.base().to_owned(),
        bucket: config.bucket.clone(),
        classes,
        retries: config.max_attempts.map_or(RETRIES, |attempts| attempts - 1),
    };
    let store: Arc<dyn Store> = Arc::new(store::Store {
        asker,
        asking: if config.endpoint.is_emulator() {
            Asking::MustNotBeAsked
        } else {
            Asking::Tells
        },
    });
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
        part_size_bytes: config.part_size_bytes,
        multipart: Multipart::Allowed,
        sizes: DIFFERENCES.sizes,
        // A version's number.
        etags: EtagMeaning::VersionOnly,
        tells: Some(Form::Crc32c),
        listings: Listings::Strong,
    })
}
