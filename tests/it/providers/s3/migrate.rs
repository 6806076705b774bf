//! The binary between buckets of a real MinIO, at a distance, refused, cut off and killed.

use std::path::Path;
use std::time::Duration;

use crate::support::block::Block;
use crate::support::folders::{World, tree};
use crate::support::killed;
use crate::support::minio::{Bucket, Credentials, Minio};
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, Running, migrate, signal};
use crate::support::thanos;
use crate::support::world::{assert_same, blocks_with, three, without_marks};

/// S-5.4, S-7.4: data, then meta.json, byte for byte; the source gets marks and nothing else.
#[test]
fn blocks_move_between_two_buckets_and_only_once() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    run(&servers.configs(), &[OLD]).expect(0);
    servers.assert_moved();
    let marked = servers.source.tree();
    run(&servers.configs(), &[OLD]).expect(0);
    servers.assert_moved();
    assert_same(&servers.source.tree(), &marked);
}

#[test]
fn blocks_move_from_a_folder_to_s3_and_on_into_another_folder() {
    let world = World::of_examples();
    let minio = Minio::start();
    let middle = minio.bucket("middle");
    let config = middle.config_for(
        "middle.yaml",
        middle.root(),
        minio.port(),
        "prefix: some/where\n",
    );
    Ran::of(migrate(&world.source_config(), &config, &[OLD])).expect(0);
    assert_eq!(blocks_with(&middle.tree(), "meta.json").len(), 5);
    assert!(
        middle
            .tree()
            .keys()
            .all(|name| name.starts_with("some/where/01J"))
    );
    Ran::of(migrate(&config, &world.target_config(), &[OLD])).expect(0);
    assert_same(&tree(&world.target), &without_marks(&tree(&world.source)));
}

#[test]
fn objects_larger_than_a_part_move() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &[Block::new(1).chunk_bytes(&[30 << 20, 17 << 20])]);
    run(&servers.configs(), &[OLD]).expect(0);
    servers.assert_moved();
}

/// S-7.3: a reader can plan.
#[test]
fn a_dry_run_needs_no_right_to_write_and_a_run_says_what_it_lacks() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let reader = minio.reader();
    let config = |bucket: &Bucket, file| bucket.config_for(file, &reader, minio.port(), "");
    let configs = (
        config(&servers.source, "hot-reader.yaml"),
        config(&servers.target, "cold-reader.yaml"),
    );
    let planned = run(&configs, &[OLD, "--dry-run"]).expect(0);
    for block in three() {
        assert!(planned.stdout.contains(&block.id()), "{}", planned.stdout);
    }
    let document = run(&configs, &[OLD, "--dry-run", "--output=json"])
        .expect(0)
        .json();
    assert!(document["schema_version"].is_u64(), "{document}");
    let refused = run(&configs, &[OLD]).expect(1);
    assert!(refused.stderr.contains("level=error"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(&reader.secret_key));
    assert_same(&servers.source.tree(), &servers.before);
    assert!(servers.target.tree().is_empty());
}

/// S-6.3, S-2.6: exit code 1, and no word of the secret.
#[test]
fn refused_credentials_and_absent_buckets_end_the_run_at_once() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let stranger = Credentials {
        access_key: "stranger".to_owned(),
        secret_key: "never-printed".to_owned(),
    };
    let (source, target) = servers.configs();
    let strange = |bucket: &Bucket, file| bucket.config_for(file, &stranger, minio.port(), "");
    let strange_source = strange(&servers.source, "strange-hot.yaml");
    let strange_target = strange(&servers.target, "strange-cold.yaml");
    let absent = source.with_file_name("absent.yaml");
    let text = std::fs::read_to_string(&target).unwrap();
    std::fs::write(&absent, text.replace("bucket: cold", "bucket: absent")).unwrap();
    let wrong: [(&Path, &Path); 4] = [
        (&strange_source, &target),
        (&source, &strange_target),
        (&absent, &target),
        (&source, &absent),
    ];
    for (source, target) in wrong {
        for mode in ["--dry-run=true", "--dry-run=false"] {
            let ran = Ran::of(migrate(source, target, &[OLD, mode, "--log.level=debug"])).expect(1);
            assert!(ran.elapsed < Duration::from_secs(5), "{:?}", ran.elapsed);
            assert!(!format!("{ran:?}").contains("never-printed"));
        }
    }
    assert_same(&servers.source.tree(), &servers.before);
}

/// S-6.1: throttled, broken, lost and cut off; every fourth request, and each request in turn.
#[test]
fn requests_that_fail_in_passing_are_repeated() {
    const SLOW_DOWN: &str = "<Error><Code>SlowDown</Code><Message>later</Message></Error>";
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let faults = [
        Fault::Answer(503, SLOW_DOWN),
        Fault::Answer(429, SLOW_DOWN),
        Fault::Answer(500, ""),
        Fault::Reset,
        Fault::LoseAnswer,
        Fault::CutAnswer(10),
    ];
    for fault in faults {
        for remainder in 0..4 {
            servers.reset();
            let proxy = Line::to(minio.port()).one_of_four(remainder, fault).open();
            // Which requests fail is chance, for blocks are moved beside each other.
            let arguments = [&QUICK_RETRIES[..], &["--max-retries=20"]].concat();
            run(&servers.configs_through(&proxy), &arguments).expect(0);
            servers.assert_moved();
        }
    }
}

/// S-6.6: before the server acts, and after it.
#[test]
fn a_kill_at_any_request_leaves_nothing_torn_and_the_next_run_finishes() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let mut kills = 0;
    for after_the_server_has_acted in [false, true] {
        let mut number = 0;
        while killed_at(&minio, &servers, number, after_the_server_has_acted) {
            servers.assert_sound();
            run(&servers.configs(), &[OLD]).expect(0);
            servers.assert_moved();
            servers.reset();
            number += 1;
        }
        servers.assert_moved();
        servers.reset();
        assert!(number > 20, "{number} requests");
        kills += number;
    }
    tell(&format!("{kills} kills"));
}

#[expect(clippy::print_stderr, reason = "tells how much was tried")]
fn tell(what: &str) {
    eprintln!("{what}");
}

/// Kills a run at its request of that number; false when it came to its end before.
fn killed_at(
    minio: &Minio,
    servers: &Servers,
    number: usize,
    after_the_server_has_acted: bool,
) -> bool {
    let line = Line::to(minio.port());
    killed::was_killed(killed::at(
        line,
        number,
        after_the_server_has_acted,
        |proxy| {
            let (source, target) = servers.configs_through(proxy);
            migrate(&source, &target, &[OLD])
        },
    ))
}

/// S-6.5: what is in hand after the grace period is dropped.
#[test]
fn a_request_that_never_ends_does_not_outlive_a_signal() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let proxy = Line::to(minio.port()).stall("PUT", "/cold/01J").open();
    let (source, target) = servers.configs_through(&proxy);
    let running = Running::start(&mut migrate(
        &source,
        &target,
        &[OLD, "--shutdown-grace=200ms"],
    ));
    proxy.wait_for("PUT", "/cold/01J");
    signal("TERM", running.id());
    let ran = running.wait().expect(143);
    assert!(!ran.stdout.is_empty(), "the report is printed all the same");
    servers.assert_sound();
    run(&servers.configs(), &[OLD]).expect(0);
    servers.assert_moved();
}

/// S-6.5: no grace is a grace, too.
#[test]
fn without_a_grace_period_what_is_in_hand_is_dropped_at_once() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let proxy = Line::to(minio.port()).stall("PUT", "/cold/01J").open();
    let (source, target) = servers.configs_through(&proxy);
    let running = Running::start(&mut migrate(
        &source,
        &target,
        &[OLD, "--shutdown-grace=0s"],
    ));
    proxy.wait_for("PUT", "/cold/01J");
    signal("TERM", running.id());
    let signalled = std::time::Instant::now();
    let ran = running.wait().expect(143);
    assert!(signalled.elapsed() < Duration::from_secs(5), "{ran:?}");
    servers.assert_heals();
}

/// S-1.2, S-5.12: earlier versions named a target in S3 without its endpoint.
#[test]
fn a_mark_that_names_the_target_as_earlier_versions_did_is_looked_back_at() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    run(&servers.configs(), &[OLD]).expect(0);
    let lost = Block::new(1).id();
    let mark = format!("{lost}/deletion-mark.json");
    let text = String::from_utf8(servers.source.tree()[&mark].clone()).unwrap();
    let named = format!("migrated to s3://127.0.0.1:{}/cold by", minio.port());
    assert!(text.contains(&named), "{text}");
    servers.target.remove(&format!("{lost}/index"));
    for name in [named.as_str(), "migrated to s3://cold by"] {
        servers.source.put(&mark, text.replace(&named, name));
        let ran = run(&servers.configs(), &[OLD]).expect(3);
        assert!(
            ran.stderr.contains("marked-not-held") || ran.stdout.contains("marked-not-held"),
            "{ran:?}"
        );
    }
    let other = "migrated to s3://elsewhere:9000/cold by";
    servers.source.put(&mark, text.replace(&named, other));
    run(&servers.configs(), &[OLD]).expect(0);
}

/// S-6.7: published once, marked once.
#[test]
fn several_runs_at_once_end_sound() {
    let minio = Minio::start();
    let blocks: Vec<_> = (1..12).map(Block::new).collect();
    let servers = Servers::new(&minio, &blocks);
    let (source, target) = servers.configs();
    for many in [2, 5] {
        let runs: Vec<_> = (0..many)
            .map(|_| Running::start(&mut migrate(&source, &target, &[OLD])))
            .collect();
        for running in runs {
            running.wait().expect(0);
        }
        servers.assert_moved();
        servers.reset();
    }
}

/// S-3.5: one bucket under two endpoints.
#[test]
fn a_bucket_under_another_endpoint_is_known_by_the_probe() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let proxy = Line::to(minio.port()).open();
    let alias = servers
        .source
        .config_for("alias.yaml", servers.source.root(), proxy.port(), "");
    let source = servers.source.config("hot.yaml");
    for (arguments, known_as) in [
        (&[OLD] as &[&str], "a live replica"),
        (&[OLD, "--allow-replica-target"], "the same bucket"),
    ] {
        let ran = Ran::of(migrate(&source, &alias, arguments)).expect(2);
        assert!(ran.stderr.contains(known_as), "{}", ran.stderr);
        assert_same(&servers.source.tree(), &servers.before);
    }
}

/// S-4.9: a listing that does not come to its end is no listing.
#[test]
fn a_listing_that_fails_ends_the_run_before_anything_is_written() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    for (status, bucket) in [(503, "/hot"), (503, "/cold"), (403, "/hot"), (403, "/cold")] {
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                if request.is("GET", bucket) && request.path.contains("list-type") {
                    return Fault::Answer(status, "<Error><Code>Refused</Code></Error>");
                }
                Fault::None
            })
            .open();
        let ran = run(&servers.configs_through(&proxy), &QUICK_RETRIES).expect(1);
        assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
        assert!(
            proxy
                .requests()
                .iter()
                .all(|request| request.is("GET", "/"))
        );
        assert_same(&servers.source.tree(), &servers.before);
        assert!(servers.target.tree().is_empty());
    }
}

#[test]
fn at_a_distance_it_is_more_than_twice_as_fast_as_replicate() {
    let minio = Minio::start();
    let blocks: Vec<_> = (1..13).map(Block::new).collect();
    let servers = Servers::new(&minio, &blocks);
    let proxy = Line::to(minio.port())
        .round_trip(Duration::from_millis(50))
        .open();
    let (source, target) = servers.configs_through(&proxy);
    let began = std::time::Instant::now();
    let to = format!("--objstore-to.config-file={}", target.display());
    thanos::tools(
        &source,
        &[
            "replicate",
            "--single-run",
            "--http-address=127.0.0.1:0",
            &to,
        ],
    );
    let replicate = began.elapsed();
    assert_same(&servers.target.tree(), &servers.before);
    servers.reset();
    let ran = run(&(source, target), &[OLD]).expect(0);
    servers.assert_moved();
    assert!(
        2 * ran.elapsed < replicate,
        "{:?}, and {replicate:?} for replicate",
        ran.elapsed
    );
}
