//! When `backfill` looks at the bucket, what it sees there, and how often it asks.

use std::sync::Mutex;
use std::time::Duration;

use super::{Place, endings, text};
use crate::support::folders::copy_tree;
use crate::support::minio::{Bucket, Minio};
use crate::support::proxy::{Fault, Line, Proxy};
use crate::support::run::{Ran, Running, signal};
use crate::support::world::blocks_with;

fn config_through(bucket: &Bucket, proxy: &Proxy) -> std::path::PathBuf {
    bucket.config_for("proxy.yaml", bucket.root(), proxy.port(), "")
}

/// Whether a request asks for the names of the bucket's blocks.
fn lists_blocks(path: &str) -> bool {
    path.contains("list-type=2") && path.contains("delimiter") && !path.contains("prefix=0")
}

/// S-24.71
#[test]
fn what_two_killed_runs_left_beside_each_other_is_told_by_the_next_run() {
    let (one, other) = (Place::of(&text(2, 1)), Place::of(&text(1, 2)));
    Ran::of(one.backfill(2, &[])).expect(0);
    Ran::of(other.backfill(1, &[])).expect(0);
    copy_tree(&other.path("bucket"), &one.path("bucket"));
    let bucket = one.bucket();
    assert_eq!(blocks_with(&bucket, "meta.json").len(), 3);
    for arguments in [&["--output=json"][..], &["--output=json", "--dry-run"]] {
        let document = Ran::of(one.backfill(2, arguments)).expect(3).json();
        assert_eq!(endings(&document)[0], "refused", "{document}");
        let window = &document["windows"][0];
        let own = window["block"].as_str().unwrap();
        let detail = window["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{own} overlaps ")), "{detail}");
    }
    // Nothing is taken back: who put them there may have wanted both.
    assert_eq!(one.bucket(), bucket);
    let document = Ran::of(one.backfill(2, &["--output=json", "--allow-overlap"]));
    assert_eq!(endings(&document.expect(0).json()), ["already-there"; 2]);
}

/// S-24.6, S-24.71, S-24.74
#[test]
fn of_two_that_publish_at_once_one_gives_way_and_one_that_is_killed_meanwhile_is_told() {
    let minio = Minio::start();
    for is_killed in [false, true] {
        let bucket = minio.bucket(if is_killed { "killed" } else { "whole" });
        let config = bucket.config("cold.yaml");
        let (one, other) = (Place::of(&text(1, 1)), Place::of(&text(1, 2)));
        let second = Mutex::new(Some(other.backfill_into(&config, 1, &[])));
        let has_put = std::sync::atomic::AtomicBool::new(false);
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                if request.is("PUT", "/meta.json") {
                    // The other one comes in between: it sees no meta.json, neither before its own nor after.
                    let second = second.lock().unwrap().take();
                    if let Some(second) = second {
                        Ran::of(second).expect(0);
                    }
                    has_put.store(true, std::sync::atomic::Ordering::SeqCst);
                } else if is_killed
                    && has_put.load(std::sync::atomic::Ordering::SeqCst)
                    && lists_blocks(&request.path)
                {
                    return Fault::Stall;
                }
                Fault::None
            })
            .open();
        let through = config_through(&bucket, &proxy);
        let mut command = one.backfill_into(&through, 1, &["--output=json"]);
        if is_killed {
            let running = Running::start(&mut command);
            while !proxy
                .requests()
                .iter()
                .skip_while(|request| !request.is("PUT", "/meta.json"))
                .any(|request| lists_blocks(&request.path))
            {
                std::thread::yield_now();
            }
            signal("KILL", running.id());
            drop(running);
            assert_eq!(blocks_with(&bucket.tree(), "meta.json").len(), 2);
            for place in [&one, &other] {
                let document = Ran::of(place.backfill_into(&config, 1, &["--output=json"]));
                assert_eq!(endings(&document.expect(3).json()), ["refused"]);
            }
            continue;
        }
        let document = Ran::of(command).expect(3).json();
        assert_eq!(endings(&document), ["refused"], "{document}");
        let own = &document["windows"][0]["block"];
        assert_eq!(document["left_behind"][0], *own, "{document}");
        let published = blocks_with(&bucket.tree(), "meta.json");
        assert_eq!(published.len(), 1);
        assert_ne!(published[0], own.as_str().unwrap());
    }
}

/// S-24.75
#[test]
fn one_listing_of_a_bucket_that_is_far_away_serves_many_windows() {
    let minio = Minio::start();
    let bucket = minio.bucket("cold");
    let proxy = Line::to(minio.port())
        .round_trip(Duration::from_millis(20))
        .open();
    let config = config_through(&bucket, &proxy);
    let place = Place::of(&text(40, 1));
    let ran = Ran::of(place.backfill_into(&config, 40, &["--output=json"])).expect(0);
    assert_eq!(endings(&ran.json()), ["written"; 40]);
    let requests = proxy.requests();
    let listings = requests.iter().filter(|one| lists_blocks(&one.path));
    let listings = listings.count();
    // Two for each window are what each would take by itself.
    assert!(listings < 60, "{listings} of {}", requests.len());
}
