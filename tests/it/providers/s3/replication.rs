//! A target that the server itself keeps equal to the source: what is deleted in one is deleted in the other.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::run;
use crate::support::run::OLD;

/// How long a server may take to replicate a few objects.
const PATIENCE: Duration = Duration::from_mins(1);

/// S-3.6
#[test]
fn a_bucket_that_the_server_replicates_is_no_target() {
    let (here, there) = (Minio::start(), Minio::start());
    let (hot, cold) = (here.bucket("hot"), there.bucket("cold"));
    for (minio, bucket) in [(&here, "minio/hot"), (&there, "minio/cold")] {
        minio.mc(&["version", "enable", bucket]);
    }
    let root = cold.root();
    let remote = format!(
        "http://{}:{}@127.0.0.1:{}/cold",
        root.access_key,
        root.secret_key,
        there.port()
    );
    here.mc(&[
        "replicate",
        "add",
        "minio/hot",
        "--remote-bucket",
        &remote,
        "--replicate",
        "delete,delete-marker,existing-objects",
    ]);
    let blocks = [Block::new(1), Block::new(2)];
    let objects = blocks.iter().flat_map(Block::objects);
    for (name, content) in objects {
        hot.put(&name, content);
    }
    let before = hot.tree();
    let began = Instant::now();
    while cold.tree() != before {
        assert!(
            began.elapsed() < PATIENCE,
            "it is not replicated: {:?}",
            cold.tree().keys()
        );
        sleep(Duration::from_millis(50));
    }
    let configs = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    let ran = run(&configs, &[OLD]).expect(2);
    assert!(
        ran.stderr.contains("seems to be a live replica"),
        "{}",
        ran.stderr
    );
    run(&configs, &[OLD, "--dry-run"]).expect(2);
    assert!(hot.tree() == before && cold.tree() == before);
    // Such a source asks the target for what it does not have, so that the probe is found in both.
    run(&configs, &[OLD, "--allow-replica-target"]).expect(2);
}
