//! The binary on containers of Azurite, and on servers of ours that play what Azurite does not have.

mod archived;
mod faults;
mod identities;
mod made_meanwhile;
mod migrate;
mod server_side;

use std::path::PathBuf;

use crate::support::azurite::{Azurite, Container};
use crate::support::block::Block;
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
        let config = |container: &Container, file| {
            container.config_for(file, crate::support::azurite::KEY, proxy.port(), more)
        };
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
