//! A source and a target on a real MinIO, between which the binary runs.

use std::path::PathBuf;

use super::block::Block;
use super::minio::{Bucket, Minio};
use super::proxy::Proxy;
use super::run::{OLD, Ran, migrate};
use super::world::{self, Tree};

/// Two buckets of one server, `hot` and `cold`.
pub type World<'a> = world::World<Bucket<'a>>;

impl<'a> World<'a> {
    /// A source with these blocks, and a target without any.
    pub fn new(minio: &'a Minio, blocks: &[Block]) -> Self {
        Self::filled(minio.bucket("hot"), minio.bucket("cold"), (), blocks)
    }

    /// The configurations of both, as root.
    pub fn configs(&self) -> (PathBuf, PathBuf) {
        (
            self.source.config("hot.yaml"),
            self.target.config("cold.yaml"),
        )
    }

    /// The same, through a proxy.
    pub fn configs_through(&self, proxy: &Proxy) -> (PathBuf, PathBuf) {
        self.configs_with(proxy, "")
    }

    /// The same, with more lines below `config`.
    pub fn configs_with(&self, proxy: &Proxy, more: &str) -> (PathBuf, PathBuf) {
        let config =
            |bucket: &Bucket, file| bucket.config_for(file, bucket.root(), proxy.port(), more);
        (
            config(&self.source, "hot-proxy.yaml"),
            config(&self.target, "cold-proxy.yaml"),
        )
    }

    /// A run without faults finishes; then both are as they were.
    #[track_caller]
    pub fn assert_heals(&self) {
        self.assert_sound();
        run(&self.configs(), &[OLD]).expect(0);
        self.assert_moved();
        self.reset();
    }
}

impl world::Contents for Bucket<'_> {
    fn tree(&self) -> Tree {
        self.tree()
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        self.put(name, content);
    }

    fn remove(&self, name: &str) {
        self.remove(name);
    }
}

/// Runs `migrate` to its end.
pub fn run(configs: &(PathBuf, PathBuf), arguments: &[&str]) -> Ran {
    Ran::of(migrate(&configs.0, &configs.1, arguments))
}
