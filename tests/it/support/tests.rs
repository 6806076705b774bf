//! What the other tests stand on: blocks that Thanos takes for its own, a proxy that fails as it is told to, servers that stop.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::block::{Block, EPOCH_MS, TWO_HOURS_MS};
use crate::support::folders::{World, tree};
use crate::support::http;
use crate::support::minio::Minio;
use crate::support::proxy::{Fault, Line};
use crate::support::swift::Swift;
use crate::support::thanos;
use crate::support::world::Contents;

#[test]
fn made_up_blocks_are_blocks_to_thanos() {
    let (first, second) = (Block::new(1), Block::new(2).without_file_list());
    let world = World::new(&[
        first.clone(),
        second.clone(),
        Block::new(3)
            .level(2)
            .range(EPOCH_MS, EPOCH_MS + 4 * TWO_HOURS_MS)
            .made_of(&[&first, &second])
            .labels(&[("cluster", "us-1"), ("replica", "a")])
            .resolution(300_000)
            .chunk_bytes(&[100, 200]),
        Block::new(4).without("meta.json"),
        Block::new(5).marked("by hand"),
    ]);
    let seen = thanos::tools(&world.source_config(), &["inspect", "--output=tsv"]);
    assert_eq!(
        seen.matches("cluster=us-1,replica=a\t5m0s\tcompactor")
            .count(),
        1,
        "{seen}"
    );
    assert_eq!(
        seen.matches("cluster=eu-1\t0s\tsidecar").count(),
        3,
        "{seen}"
    );
    assert_eq!(thanos::list(&world.source_config()).len(), 4);

    let before = tree(&world.source);
    thanos::cleanup(&world.source_config());
    let mut left = before.clone();
    left.retain(|name, _| !name.starts_with(&Block::new(5).id()));
    assert_eq!(tree(&world.source), left);
}

#[test]
fn a_bucket_on_minio_reads_as_the_folder_that_was_put_there() {
    let world = World::of_examples();
    let minio = Minio::start();
    let bucket = minio.bucket("hot");
    bucket.put_all(&world.source);
    assert_eq!(bucket.tree(), tree(&world.source));
    bucket.remove("debug/nothing");
    let config = bucket.config("hot.yaml");
    assert_eq!(thanos::list(&config), thanos::list(&world.source_config()));
}

#[test]
fn a_reader_reads_and_cannot_write() {
    let block = Block::new(1);
    let minio = Minio::start();
    let bucket = minio.bucket("hot");
    block.write_to(&bucket);
    let reader = bucket.config_for("reader.yaml", &minio.reader(), minio.port(), "");
    assert_eq!(thanos::list(&reader), [block.id()]);
    assert!(!thanos::can_mark(&reader, &block.id()));
    assert!(thanos::can_mark(&bucket.config("root.yaml"), &block.id()));
}

#[test]
fn a_proxy_counts_keeps_its_distance_and_fails_as_told() {
    let minio = Minio::start();
    let round_trip = Duration::from_millis(40);
    let live = "/minio/health/live";
    let proxy = Line::to(minio.port())
        .round_trip(round_trip)
        .fault(|request| match request.number {
            1 => Fault::Answer(503, "<Error><Code>SlowDown</Code></Error>"),
            2 => Fault::Reset,
            3 => Fault::LoseAnswer,
            _ => Fault::None,
        })
        .open();
    let began = Instant::now();
    assert_eq!(http::get(proxy.port(), live).unwrap().0, 200);
    assert!(
        began.elapsed() >= 2 * round_trip,
        "one for the connection, one for the request"
    );
    let refused = http::get(proxy.port(), live).unwrap();
    assert_eq!(
        refused,
        (503, "<Error><Code>SlowDown</Code></Error>".to_owned())
    );
    assert_eq!(http::get(proxy.port(), live), None);
    assert_eq!(http::get(proxy.port(), live), None);
    assert_eq!(http::get(proxy.port(), live).unwrap().0, 200);
    let requests = proxy.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| request.is("GET", "/health/")));
}

#[test]
fn a_server_ends_when_it_is_dropped() {
    let minio = Minio::start();
    let port = minio.port();
    assert!(http::get(port, "/minio/health/live").is_some());
    drop(minio);
    assert_eq!(http::get(port, "/minio/health/live"), None);
}

#[test]
fn a_container_of_swift_is_listed_in_pages_and_told_whole() {
    for swift in [
        Swift::start(json!({"listing_limit": 2})),
        Swift::with_keystone(),
    ] {
        let container = swift.container("all");
        for name in ["a b", "c/é%", "d", "e", "f"] {
            container.put(name, name.into());
        }
        container.ask("PUT", "/segments/1", &[], b"half");
        let list = json!([{"path": format!("{}/segments/1", container.name)}]);
        let list = list.to_string();
        let put = container.ask("PUT", "/large?multipart-manifest=put", &[], list.as_bytes());
        assert_eq!(put.status, 201, "{}", String::from_utf8_lossy(&put.body));
        container.remove("d");
        let tree = container.tree();
        let names: Vec<&String> = tree.keys().collect();
        assert_eq!(names, ["a b", "c/é%", "e", "f", "large"]);
        assert_eq!(tree["large"], b"half");
        assert_eq!(container.segments(), ["segments/1"]);
        container.remove("large");
        assert!(container.segments().is_empty());
    }
}
