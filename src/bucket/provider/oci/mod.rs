//! OCI: buckets of Oracle's Object Storage, by its own interface, and what plays it. Its other interface, which speaks S3, is asked as any S3 is.

mod answers;
mod ask;
mod asked;
mod class;
mod config;
mod connector;
mod differences;
mod digests;
mod fault;
mod keeping;
mod location;
mod machine;
mod meaning;
mod object;
mod page;
mod policy;
mod read;
mod refusal;
mod signature;
mod signing;
mod store;
mod understood;
mod upload;
mod uploads;

use std::sync::Arc;

use async_trait::async_trait;

use super::configured::{Configured, Opening, Provider};
use crate::bucket::backend::{Backend, EtagMeaning, Multipart};
use crate::bucket::heard::{Clock, Heard};
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::storage_class::Readable;
use crate::bucket::store::Store;
use crate::error::Result;
use crate::http::ask as asking;
use ask::Base;
use config::{Config, Identity};
use differences::DIFFERENCES;
use signing::Signer;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "OCI",
    differences: DIFFERENCES,
    secrets: &["privatekey", "passphrase"],
    parse: |section| Ok(Box::new(Config::parse(section)?)),
};

/// Requests are repeated above the client too, so the client's own patience is short unless the configuration says otherwise.
const RETRIES: u32 = 3;

#[async_trait]
impl Configured for Config {
    fn location(&self, prefix: &Prefix) -> Location {
        location::location(self, prefix.as_str())
    }

    fn storage_class(&self, name: &str) -> std::result::Result<Readable, String> {
        class::class(name)
    }

    fn understood(&self) -> Vec<(&'static str, String)> {
        understood::understood(self)
    }

    fn policy(&self, prefix: &Prefix, role: Role, _: Option<&str>) -> Policy {
        policy::policy(self, prefix, role)
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
    let (signer, base) = match &config.identity {
        Identity::User { key, endpoint, .. } => (
            Signer::of(&key.key, &key.tenancy, &key.id),
            Base::Known(endpoint.base().to_owned()),
        ),
        Identity::Machine(beside) => {
            let machine = Arc::new(connector::machine(config, beside, wire.as_ref())?);
            (
                Signer::Machine(Arc::clone(&machine)),
                Base::OfMachine(machine),
            )
        }
    };
    let wire = wire.map_or_else(|| connector::to_bucket(config), Ok)?;
    let heard = Heard::default();
    let asker = ask::Asker {
        server: asking::Asker {
            http: connector::client(config, wire, heard.clone(), signer),
            store: fault::STORE,
        },
        base,
        bucket: config.bucket.clone(),
        namespace: Arc::default(),
        denials: Arc::default(),
        classes,
        retries: config
            .retries
            .attempts
            .map_or(RETRIES, |attempts| attempts.saturating_sub(1)),
        interval: config.retries.interval,
    };
    let store: Arc<dyn Store> = Arc::new(store::Store { asker });
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
        // A version's name.
        etags: EtagMeaning::VersionOnly,
        // Of what is put in parts listings tell no digest of the whole, and the service does when it is asked.
        tells: None,
        listings: DIFFERENCES.listings,
    })
}
