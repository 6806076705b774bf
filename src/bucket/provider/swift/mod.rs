//! Swift of `OpenStack`, by its own interface.

mod ask;
mod asked;
mod authorizing;
mod config;
mod connector;
mod copier;
mod differences;
mod digest;
mod doubt;
mod facts;
mod fault;
mod found;
mod keeping;
mod large;
mod location;
mod meaning;
mod object;
mod page;
mod pending;
mod policy;
mod read;
mod refusal;
mod segment;
mod session;
mod store;
mod streamed;
mod understood;
mod upload;

use std::sync::Arc;

use async_trait::async_trait;

use super::configured::{Configured, Opening, Provider};
use crate::block::Form;
use crate::bucket::backend::{Backend, EtagMeaning, Multipart};
use crate::bucket::heard::{Clock, Heard};
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::storage_class::Readable;
use crate::bucket::store::Store;
use crate::error::Result;
use crate::http::ask as asking;
use config::Config;
use differences::DIFFERENCES;
use session::Sessions;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "SWIFT",
    differences: DIFFERENCES,
    secrets: &["password", "application_credential_secret"],
    parse: |section| Ok(Box::new(Config::parse(section)?)),
};

/// The size of segments that are held in memory.
const SEGMENT: u64 = 64 << 20;

#[async_trait]
impl Configured for Config {
    fn location(&self, prefix: &Prefix) -> Location {
        let region = self.region.as_deref();
        location::location(&self.auth, region, &self.container, prefix.as_str())
    }

    fn storage_class(&self, _: &str) -> std::result::Result<Readable, String> {
        Err("cannot be asked for: objects of Swift have no storage classes, and a container's storage policy is for all of them".to_owned())
    }

    fn understood(&self) -> Vec<(&'static str, String)> {
        understood::understood(self)
    }

    fn policy(&self, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
        policy::policy(self, prefix, role, copied_from)
    }

    fn resource(&self, _: &Prefix) -> Option<String> {
        Some(self.container.clone())
    }

    async fn open(&self, opening: Opening) -> Result<Backend> {
        open(self, opening)
    }
}

/// Opens the container; nothing is contacted yet. A `wire` replaces the network.
fn open(config: &Config, opening: Opening) -> Result<Backend> {
    let Opening {
        location,
        prefix,
        wire,
        ..
    } = opening;
    let wire = wire.map_or_else(|| connector::network(config), Ok)?;
    let sessions = Sessions::new(
        Arc::clone(&config.auth),
        config.region.clone(),
        wire.clone(),
    );
    let sessions = Arc::new(sessions);
    let heard = Heard::default();
    let http = connector::client(config, wire, heard.clone(), Arc::clone(&sessions));
    let asker = ask::Asker {
        server: asking::Asker {
            http,
            store: fault::STORE,
        },
        sessions,
        container: config.container.as_str().into(),
        segments_container: config.segments_container.as_str().into(),
        chunk_bytes: config.chunk_bytes,
        large: config.large,
        retries: config.retries,
        known: Arc::default(),
    };
    let region = config.region.as_deref().unwrap_or_default();
    let store: Arc<dyn Store> = Arc::new(store::Store {
        asker,
        cluster: format!("{} {region}", config.auth.url.authority()),
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
        part_size_bytes: Some(config.chunk_bytes.min(SEGMENT)),
        multipart: Multipart::OnlyAbove {
            largest_bytes: config.chunk_bytes - 1,
        },
        sizes: DIFFERENCES.sizes,
        etags: EtagMeaning::Content,
        tells: Some(Form::Md5),
        listings: DIFFERENCES.listings,
    })
}
