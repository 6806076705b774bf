//! Two buckets of a real MinIO, and what is to hold between them.

use std::path::PathBuf;

use super::blocks::Block;
use super::minio::{Bucket, Minio};
use super::proxy::Proxy;
use super::run::{Ran, Tree, World, blocks_with, migrate, tree, without_marks};

/// Every block of these tests is older.
pub const OLD: &str = "--older-than=30d";

/// The same, with retries that follow at once.
pub const QUICK_RETRIES: [&str; 3] = [
    OLD,
    "--retry.initial-backoff=1ms",
    "--retry.max-backoff=10ms",
];

/// A hot bucket with blocks and a cold one without, on one server.
pub struct Pair<'a> {
    pub hot: Bucket<'a>,
    pub cold: Bucket<'a>,
    /// What the hot one held at first.
    pub before: Tree,
}

impl<'a> Pair<'a> {
    /// Filled with these blocks.
    pub fn new(minio: &'a Minio, blocks: &[Block]) -> Self {
        let world = World::new(blocks);
        let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
        hot.put_all(&world.source());
        let before = tree(&world.source());
        Self { hot, cold, before }
    }

    /// The configurations of both, as root.
    pub fn configs(&self) -> (PathBuf, PathBuf) {
        (self.hot.config("hot.yaml"), self.cold.config("cold.yaml"))
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
            config(&self.hot, "hot-proxy.yaml"),
            config(&self.cold, "cold-proxy.yaml"),
        )
    }

    /// What the target holds, but for the probe that a killed run may leave.
    pub fn moved(&self) -> Tree {
        let mut moved = self.cold.tree();
        moved.retain(|name, _| !name.starts_with("thanos-bucket-probe-"));
        moved
    }

    /// Everything has moved: the target holds what the source held, and every block is marked.
    #[track_caller]
    pub fn assert_moved(&self) {
        let hot = self.hot.tree();
        assert_same(&self.moved(), &self.before);
        assert_same(&without_marks(&hot), &self.before);
        assert_eq!(
            blocks_with(&hot, "deletion-mark.json"),
            blocks_with(&self.before, "meta.json")
        );
    }

    /// Whatever has happened, nothing is torn: what is published is whole, and what is marked is published.
    #[track_caller]
    pub fn assert_sound(&self) {
        let (hot, cold) = (self.hot.tree(), self.cold.tree());
        assert_same(&without_marks(&hot), &self.before);
        let published = blocks_with(&cold, "meta.json");
        for (name, content) in &self.before {
            let (id, _) = name.split_once('/').unwrap();
            if published.iter().any(|published| published == id) {
                assert!(
                    cold.get(name) == Some(content),
                    "{name} is missing or different"
                );
            }
        }
        for id in blocks_with(&hot, "deletion-mark.json") {
            assert!(published.contains(&id), "{id} is marked and not published");
        }
    }

    /// A run without faults finishes; then both are as they were.
    #[track_caller]
    pub fn assert_heals(&self) {
        self.assert_sound();
        run(&self.configs(), &[OLD]).expect(0);
        self.assert_moved();
        self.reset();
    }

    /// Makes both as they were.
    pub fn reset(&self) {
        for (bucket, keep) in [(&self.hot, Some(&self.before)), (&self.cold, None)] {
            for name in bucket.tree().keys() {
                if !keep.is_some_and(|keep| keep.contains_key(name)) {
                    bucket.remove(name);
                }
            }
        }
    }
}

/// Two trees are the same, to the byte.
#[track_caller]
pub fn assert_same(found: &Tree, expected: &Tree) {
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    for (name, content) in expected {
        assert!(found[name] == *content, "{name} differs");
    }
}

/// Three blocks, one of them with two segments.
pub fn three() -> [Block; 3] {
    [
        Block::new(1),
        Block::new(2).chunk_bytes(&[1000, 2000]),
        Block::new(3),
    ]
}

/// Runs `migrate` to its end.
pub fn run(configs: &(PathBuf, PathBuf), arguments: &[&str]) -> Ran {
    Ran::of(migrate(&configs.0, &configs.1, arguments))
}
