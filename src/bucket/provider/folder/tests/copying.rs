//! Objects that the system copies from one folder to another.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::sync::Arc;

use futures::poll;
use object_store::{Error, ObjectStoreExt, Result};

use super::{World, at};
use crate::block::Fingerprint;
use crate::bucket::copier::{Copier, Original};
use crate::bucket::provider::folder::root::STAGING;

/// Two folders, and what copies from the one to the other.
struct Pair {
    source: World,
    target: World,
    copier: Arc<dyn Copier>,
}

impl Pair {
    fn new() -> Self {
        let (source, target) = (World::new(), World::new());
        let copier = target.store.copier(&*source.store).unwrap();
        Self {
            source,
            target,
            copier,
        }
    }

    /// An object of the source, as it is now.
    async fn original(&self, name: &str) -> Original {
        let head = self.source.store.head(&at(name)).await.unwrap();
        Original {
            key: at(name),
            size_bytes: head.size,
            etag: head.e_tag.unwrap(),
            fingerprint: Fingerprint::UNKNOWN,
        }
    }

    /// Copies an object to the same name.
    async fn copy(&self, name: &str) -> Result<()> {
        let original = self.original(name).await;
        self.copier.copy(&original, &at(name)).await
    }
}

/// A file of more than two pieces, almost all of which is a hole.
fn sparse(pair: &Pair, name: &str) -> File {
    let file = File::create_new(pair.source.path(name)).unwrap();
    file.set_len(SPARSE_BYTES).unwrap();
    for offset in [0, 100 << 20, SPARSE_BYTES - 5] {
        file.write_all_at(b"bytes", offset).unwrap();
    }
    file
}

const SPARSE_BYTES: u64 = (130 << 20) + 1;

/// S-5.20
#[tokio::test]
async fn a_copy_holds_what_the_original_holds_and_is_as_readable() {
    let pair = Pair::new();
    let names = ["block/chunks/000001#1 %ü", "block/empty", "block/large"];
    pair.source.put(names[0], "some bytes").await.unwrap();
    pair.source.put(names[1], "").await.unwrap();
    drop(sparse(&pair, names[2]));
    pair.target.put(names[0], "what lay there").await.unwrap();
    for name in names {
        let mode = Permissions::from_mode(0o640);
        fs::set_permissions(pair.source.path(name), mode).unwrap();
        pair.copy(name).await.unwrap();
        let [there, here] = [&pair.source, &pair.target].map(|world| world.path(name));
        assert!(
            fs::read(&there).unwrap() == fs::read(&here).unwrap(),
            "{name} differs"
        );
        assert_ne!(
            fs::metadata(&there).unwrap().ino(),
            fs::metadata(&here).unwrap().ino()
        );
    }
    let mode = |name: &str| fs::metadata(pair.target.path(name)).unwrap().mode() & 0o777;
    assert_eq!(mode(names[1]), 0o640);
    assert!(!pair.target.path(STAGING).exists());
    // They share nothing that a writer could change.
    fs::write(pair.source.path(names[0]), "changed").unwrap();
    assert_eq!(pair.target.read(names[0]).await.unwrap(), "some bytes");
}

/// S-5.20: the version that was listed, or none.
#[tokio::test]
async fn another_version_is_not_copied() {
    let pair = Pair::new();
    pair.source.put("a", "old").await.unwrap();
    let original = pair.original("a").await;
    pair.source.put("a", "new").await.unwrap();
    let copied = pair.copier.copy(&original, &at("a")).await;
    assert!(
        matches!(copied, Err(Error::Precondition { .. })),
        "{copied:?}"
    );
    fs::remove_file(pair.source.path("a")).unwrap();
    let copied = pair.copier.copy(&original, &at("a")).await;
    assert!(matches!(copied, Err(Error::NotFound { .. })), "{copied:?}");
    assert!(pair.target.entries("").is_empty());
}

/// S-5.20: Thanos writes into the very file that is being copied.
#[tokio::test]
async fn a_file_that_is_changed_while_it_is_copied_is_not_taken() {
    for (length, is_known) in [(SPARSE_BYTES + 1, true), (1, false)] {
        let pair = Pair::new();
        let file = sparse(&pair, "a");
        let original = pair.original("a").await;
        let to = at("b");
        let mut copy = pair.copier.copy(&original, &to);
        // The copy has begun but not finished: nothing polls it.
        while fs::read_dir(pair.target.path(STAGING)).is_err() {
            assert!(poll!(&mut copy).is_pending(), "it came to its end");
            tokio::task::yield_now().await;
        }
        file.set_len(length).unwrap();
        let err = copy.await.unwrap_err();
        // What became shorter may be noticed before.
        let is_changed = matches!(err, Error::Precondition { .. });
        assert!(is_changed || !is_known, "{err:?}");
        assert!(pair.target.entries("").is_empty());
    }
}
