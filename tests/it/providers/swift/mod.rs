//! The binary on containers of a real Swift, by `tempauth` and by a real Keystone.

mod faults;
mod identities;
mod large;
mod migrate;
mod tokens;

use std::path::PathBuf;

use crate::support::block::Block;
use crate::support::proxy::Proxy;
use crate::support::run::{OLD, Ran, migrate as command};
use crate::support::swift::{Container, Swift};
use crate::support::world;

/// Two containers.
type World = world::World<Container>;

impl World {
    /// A source with these blocks, and an empty target.
    fn new(blocks: &[Block]) -> Self {
        let swift = Swift::shared();
        Self::filled(swift.container("hot"), swift.container("cold"), (), blocks)
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
        let port = Some(proxy.port());
        (
            self.source.config_with("hot-proxy.yaml", port, more),
            self.target.config_with("cold-proxy.yaml", port, more),
        )
    }

    /// A run without faults finishes; then both are as they were.
    #[track_caller]
    fn assert_heals(&self) {
        self.assert_sound();
        run(&self.configs(), &[OLD]).expect(0);
        self.assert_moved();
        self.reset();
        assert_eq!(self.source.segments(), [""; 0]);
    }
}

/// Runs `migrate` to its end.
fn run(configs: &(PathBuf, PathBuf), arguments: &[&str]) -> Ran {
    Ran::of(command(&configs.0, &configs.1, arguments))
}
