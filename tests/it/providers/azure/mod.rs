//! The binary on containers of Azurite, and on servers of ours that play what Azurite does not have.

mod archived;
mod certificates;
mod faults;
mod identities;
mod made_meanwhile;
mod migrate;
mod same_container;
mod secondary;
mod server_side;
mod tokens;
mod undelete;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::azurite::{ACCOUNT, Azurite, Container, KEY};
use crate::support::block::Block;
use crate::support::http::query_escape;
use crate::support::proxy::Proxy;
use crate::support::run::{Ran, migrate as command};
use crate::support::world;

/// Two containers.
type World = world::World<Container>;

impl World {
    /// A source with these blocks, and a target that is still to be made.
    fn new(blocks: &[Block]) -> Self {
        let azurite = Azurite::shared();
        Self::filled(azurite.container("hot"), azurite.name("cold"), (), blocks)
    }

    fn configs(&self) -> (PathBuf, PathBuf) {
        (
            self.source.config("hot.yaml"),
            self.target.config("cold.yaml"),
        )
    }

    /// The same, through a proxy.
    fn configs_through(&self, proxy: &Proxy) -> (PathBuf, PathBuf) {
        self.configs_with(proxy, "")
    }

    /// The same, with more lines below `config`.
    fn configs_with(&self, proxy: &Proxy, more: &str) -> (PathBuf, PathBuf) {
        let config =
            |container: &Container, file| container.config_for(file, KEY, proxy.port(), more);
        (
            config(&self.source, "hot-proxy.yaml"),
            config(&self.target, "cold-proxy.yaml"),
        )
    }
}

/// Runs `migrate` to its end.
fn run(configs: &(PathBuf, PathBuf), arguments: &[&str]) -> Ran {
    Ran::of(command(&configs.0, &configs.1, arguments))
}

/// A signature for the whole account, with these rights, until then: <https://learn.microsoft.com/rest/api/storageservices/create-account-sas>.
fn signature(rights: &str, end: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let text = format!("{ACCOUNT}\n{rights}\nb\nsco\n\n{end}\n\n\n2022-11-02\n\n");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let (end, signature) = (query_escape(end), query_escape(&signature));
    format!("sv=2022-11-02&ss=b&srt=sco&sp={rights}&se={end}&sig={signature}")
}
