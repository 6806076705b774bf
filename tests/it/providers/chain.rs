//! Real blocks through every kind of bucket, one after the other: what arrives at the end is what began.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use chrono::Utc;

use crate::support::azurite::Azurite;
use crate::support::block::Block;
use crate::support::fake_gcs;
use crate::support::folders::tree;
use crate::support::minio::Minio;
use crate::support::run::{OLD, Ran, Running, migrate};
use crate::support::swift::Swift;
use crate::support::world::{Tree, assert_same, without_marks};

use super::vendors::{COS, Service, proxy};

/// Killed so long after their start, in turn; then each leg is finished.
const KILLED_AFTER: [Duration; 3] = [
    Duration::from_millis(60),
    Duration::from_millis(150),
    Duration::from_millis(400),
];

/// Waits until the clock shows another second: what is copied within the one in which it was written looks like a replica where times have whole seconds.
fn another_second() {
    let second = || Utc::now().timestamp();
    let begun = second();
    while second() == begun {
        sleep(Duration::from_millis(10));
    }
}

fn leg(from: &Path, to: &Path, cos: &Service, arguments: &[&str]) -> std::process::Command {
    let mut command = migrate(from, to, &[&[OLD], arguments].concat());
    command
        .env("STORAGE_EMULATOR_HOST", fake_gcs::host(fake_gcs::port()))
        .env("HTTP_PROXY", proxy(cos.server.port()));
    command
}

/// S-6.6, S-7.4: S3, Swift, GCS, Azure, a folder, COS and S3 again; every leg is killed a few times and finished, and a further run finds nothing to do.
#[test]
fn blocks_pass_through_every_kind_of_bucket_unchanged() {
    let minio = Minio::start();
    let (first, last) = (minio.bucket("first"), minio.bucket("last"));
    let swift = Swift::with_keystone().container("chain");
    let gcs = fake_gcs::Bucket::new("chain");
    let container = Azurite::shared().name("chain");
    let cos = Service::start(&COS);
    cos.bucket("chain");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("folder.yaml");
    let between = folder.path().join("between");
    let text = format!(
        "type: FILESYSTEM\nconfig:\n  directory: {}\n",
        between.display()
    );
    std::fs::write(&file, text).unwrap();
    let blocks = [
        Block::new(1).chunk_bytes(&[20 << 20, 1000]),
        Block::new(2),
        Block::new(3).cluster("us-1"),
    ];
    for (name, content) in blocks.iter().flat_map(Block::objects) {
        first.put(&name, content);
    }
    let before = first.tree();
    // What is larger than this is put there in segments, and in parts elsewhere.
    let in_segments = "  large_object_chunk_size: 8388608\n";
    let stations: [PathBuf; 7] = [
        first.config("first.yaml"),
        swift.config_with("swift.yaml", None, in_segments),
        gcs.config("gcs.yaml", ""),
        container.config("container.yaml"),
        file,
        cos.config("chain"),
        last.config("last.yaml"),
    ];
    for (from, to) in stations.iter().zip(&stations[1..]) {
        another_second();
        for after in KILLED_AFTER {
            let running = Running::start(&mut leg(from, to, &cos, &[]));
            sleep(after);
            drop(running);
        }
        Ran::of(leg(from, to, &cos, &[])).expect(0);
        let again = Ran::of(leg(from, to, &cos, &["--output=json"]))
            .expect(0)
            .json();
        assert_eq!(
            again["totals"]["objects_put"].as_u64().unwrap_or(0),
            0,
            "{again}"
        );
        assert!(again["blocks"].as_array().unwrap().is_empty(), "{again}");
    }
    // What a killed run leaves of its own is no part of any block, and goes later.
    let blocks_of = |tree: Tree| -> Tree {
        let is_left = |name: &str| {
            name.starts_with("thanos-bucket-probe-") || name.starts_with(".thanos-bucket-staging/")
        };
        let all = without_marks(&tree).into_iter();
        all.filter(|(name, _)| !is_left(name)).collect()
    };
    assert_same(&blocks_of(tree(&between)), &before);
    assert_same(&blocks_of(last.tree()), &before);
}
