//! One bucket under two names, which no name tells, and two buckets that look like one.

use std::path::{Path, PathBuf};

use crate::support::block::Block;
use crate::support::fake_gcs::{Bucket, EMULATOR, World, host, port};
use crate::support::proxy::{Fault, Line, Proxy};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, migrate};
use crate::support::world::{Contents, assert_same, three};

fn run(configs: &(PathBuf, PathBuf), port: u16, arguments: &[&str]) -> Ran {
    let mut command = migrate(&configs.0, &configs.1, arguments);
    command.env(EMULATOR, host(port));
    Ran::of(command)
}

/// Nothing was asked for that writes.
#[track_caller]
fn assert_only_read(proxy: &Proxy) {
    let requests = proxy.requests();
    let writes: Vec<_> = requests
        .iter()
        .filter(|request| request.method != "GET")
        .map(|request| &request.path)
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
}

/// S-3.4: before anything is contacted.
#[test]
fn prefixes_that_meet_are_refused_and_others_are_not() {
    let bucket = Bucket::new("both");
    let before = Block::new(1).objects();
    for (number, (source, target, is_refused)) in [
        ("", "", true),
        ("", "cold", true),
        ("hot", "hot", true),
        ("hot", "/hot/", true),
        ("hot/2024", "hot", true),
        ("hot", "hot/2024/old", true),
        ("hot-1", "hot", false),
        ("hot/2024", "hot/2025", false),
        ("hot/2025", "hot/2025-old", false),
    ]
    .into_iter()
    .enumerate()
    {
        let proxy = Line::to(port()).open();
        let config =
            |file: String, prefix: &str| bucket.config(&file, &format!("prefix: {prefix:?}\n"));
        let configs = (
            config(format!("hot-{number}.yaml"), source),
            config(format!("cold-{number}.yaml"), target),
        );
        for (name, content) in &before {
            let name = format!("{source}/{name}");
            bucket.put(name.trim_start_matches('/'), content.clone());
        }
        let tree = bucket.tree();
        if is_refused {
            let ran = run(&configs, proxy.port(), &[OLD]).expect(2);
            assert!(ran.stderr.contains("same bucket"), "{}", ran.stderr);
            assert!(proxy.requests().is_empty());
            assert_same(&bucket.tree(), &tree);
        } else {
            run(&configs, proxy.port(), &[OLD]).expect(0);
            let moved = bucket.tree();
            for (name, content) in &before {
                assert_eq!(moved[&format!("{target}/{name}")], *content, "{name}");
            }
        }
        for name in bucket.tree().into_keys() {
            bucket.remove(&name);
        }
    }
}

const FORCED: &str = "--allow-replica-target";

/// S-3.5, S-3.6: where what stands before the service gives a bucket a second name.
#[test]
fn a_bucket_that_has_two_names_is_known_by_what_lies_in_it() {
    let bucket = Bucket::new("real");
    let more = Bucket::new("beside");
    let proxy = || Line::to(port()).alias("another-name", &bucket.name);
    let source = bucket.config("hot.yaml", "prefix: hot\n");
    let target = source.with_file_name("cold.yaml");
    let text = "type: GCS\nconfig:\n  bucket: another-name\nprefix: hot/\n";
    std::fs::write(&target, text).unwrap();
    let configs = (source.clone(), target);
    for (name, content) in three().iter().flat_map(Block::objects) {
        bucket.put(&format!("hot/{name}"), content);
    }
    let before = bucket.tree();
    for arguments in [&[OLD][..], &[OLD, "--dry-run"]] {
        let seen = proxy().open();
        let ran = run(&configs, seen.port(), arguments).expect(2);
        assert!(ran.stderr.contains("replica"), "{}", ran.stderr);
        assert_only_read(&seen);
        assert_same(&bucket.tree(), &before);
    }
    // Where replicas are allowed, what is put there tells.
    let ran = run(&configs, proxy().open().port(), &[OLD, FORCED]).expect(2);
    assert!(ran.stderr.contains("same bucket"), "{}", ran.stderr);
    assert_same(&bucket.tree(), &before);
    // Whoever denies it does not make two of one.
    let denying = proxy()
        .fault(|request| {
            if request.is("GET", "/o/hot%2Fthanos-bucket-probe") {
                return Fault::Answer(404, r#"{"error": {"code": 404, "message": "Not Found"}}"#);
            }
            Fault::None
        })
        .open();
    let arguments = [&QUICK_RETRIES[..], &[FORCED, "--max-retries=2"]].concat();
    run(&configs, denying.port(), &arguments).expect(1);
    assert_same(&bucket.tree(), &before);
    // Another bucket is another one, whatever stands before both.
    let other = more.config("other.yaml", "prefix: hot\n");
    run(&(source, other), proxy().open().port(), &[OLD]).expect(0);
    assert_same(&more.tree(), &before);
}

/// The bucket as its S3 interface names it.
fn of_s3(bucket: &Bucket, beside: &Path) -> PathBuf {
    let path = beside.with_file_name("as-s3.yaml");
    let text = format!(
        "type: S3\nconfig:\n  bucket: {}\n  endpoint: 127.0.0.1:{}\n  insecure: true\n  region: auto\n  access_key: a\n  secret_key: secret\n",
        bucket.name,
        port()
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// S-3.4, S-4.9: the interface of S3 that the service has too.
#[test]
fn a_bucket_that_is_spoken_to_in_two_ways_is_one() {
    let world = World::new(&three());
    let (source, _) = world.configs();
    let itself = of_s3(&world.source, &source);
    for configs in [(itself.clone(), source.clone()), (source, itself)] {
        let ran = run(&configs, port(), &[OLD]).expect(2);
        assert!(ran.stderr.contains("same bucket"), "{}", ran.stderr);
        // By another name of the server. What the emulator lists there has no end, and so says nothing.
        let proxy = Line::to(port()).open();
        let arguments = [&QUICK_RETRIES[..], &["--max-retries=1"]].concat();
        run(&configs, proxy.port(), &arguments).expect(1);
        assert_only_read(&proxy);
        assert_same(&world.source.tree(), &world.before);
    }
}
