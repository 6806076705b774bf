//! This machine's clock, and those of the buckets' servers: where they differ by more than minutes, nothing is marked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta};
use thanos_bucket::plan::Scope;

use crate::support::block::{Block, FIVE_MINUTES_MS, object};
use crate::support::memory::{self, World};
use crate::support::minio::Minio;
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::{self, Line, Proxy};
use crate::support::run::{OLD, Ran};
use crate::support::scripted::Request;
use crate::support::world::{Contents, blocks_with, three};

const HOUR: i64 = 3600;

fn two() -> [Block; 2] {
    [Block::new('A').days(0, 1), Block::new('B').days(1, 2)]
}

/// S-6.13: whichever bucket's clock it is, and whichever of the two is ahead.
#[tokio::test(start_paused = true)]
async fn clocks_that_differ_by_more_than_minutes_end_the_run_before_any_mark() {
    // How many seconds the clocks of source and target are ahead, where they tell.
    let close = [(Some(0), Some(0)), (Some(290), Some(-290)), (None, None)];
    let apart = [
        (Some(-310), Some(0)),
        (Some(48 * HOUR), None),
        (None, Some(-48 * HOUR)),
        (Some(0), Some(HOUR)),
    ];
    let close = close.map(|ahead| (ahead, false));
    for ((source, target), ends) in close.into_iter().chain(apart.map(|ahead| (ahead, true))) {
        for in_passing in [true, false] {
            let mut world = World::new(&two());
            world.task.settings.no_compact_mark_source = true;
            for (times, ahead) in [(&world.source.times, source), (&world.target.times, target)] {
                times.set(ahead.filter(|_| in_passing), ahead);
            }
            let ended = world.run().await.err().map(|err| err.kind());
            let expected = ends.then_some(thanos_bucket::Kind::Clock);
            assert_eq!(ended, expected, "{source:?} {target:?}");
            assert_eq!(world.source.marked().len(), if ends { 0 } else { 2 });
            let source = world.source.tree();
            let no_compact = blocks_with(&source, "no-compact-mark.json");
            assert_eq!(no_compact.len(), if ends { 0 } else { 2 });
        }
    }
}

/// S-6.13: blocks that are marked already are saved whatever time it is, for nothing is marked.
#[tokio::test(start_paused = true)]
async fn marked_blocks_are_copied_whatever_the_clocks_say() {
    let mut world = World::new(&two());
    world.run().await.unwrap();
    world.target.remove(&object('A', "index"));
    world.task.rules.scope = Scope::Marked;
    world.source.times.set(Some(48 * HOUR), Some(48 * HOUR));
    let ran = world.run().await.unwrap();
    assert!(ran.results.aborted.is_none(), "{:?}", ran.results.aborted);
    assert!(!ran.plan.marks() && ran.plan.writes());
    assert_eq!(ran.ending('A'), "repaired");
}

/// S-6.13: an answer of a cache, or one from before this machine slept, is asked about before it ends a run.
#[tokio::test(start_paused = true)]
async fn a_difference_that_a_fresh_answer_does_not_confirm_is_none() {
    let world = World::new(&two());
    world.source.times.set(Some(-48 * HOUR), Some(1));
    world.target.times.set(Some(0), None);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"; 2]);
    // Once before the first block is copied, and once before each mark.
    assert_eq!(world.source.times.questions.load(Ordering::SeqCst), 3);
    assert_eq!(world.target.times.questions.load(Ordering::SeqCst), 0);
}

/// S-6.13: clocks are compared before each mark, for a run may last for days.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_in_mid_run_ends_it_before_the_next_mark() {
    for here_jumps in [true, false] {
        let mut world = World::new(&two());
        let put = Arc::new(AtomicUsize::new(0));
        world.target.times.set(Some(0), Some(0));
        world.source.times.set(Some(0), Some(0));
        if here_jumps {
            let put = Arc::clone(&put);
            world.task.clock = Arc::new(move || {
                let marked = put.load(Ordering::SeqCst) > 0;
                memory::now() - TimeDelta::hours(if marked { 49 } else { 0 })
            });
        }
        let times = Arc::clone(&world.source.times);
        world.source.on_request(move |request, path| {
            if request == Request::Put && path.ends_with("deletion-mark.json") {
                put.fetch_add(1, Ordering::SeqCst);
                if !here_jumps {
                    times.set(Some(49 * HOUR), Some(49 * HOUR));
                }
            }
        });
        let ran = world.run().await.unwrap();
        assert_eq!(ran.ending('A'), "migrated");
        let why = ran.results.aborted.unwrap();
        assert!(why.contains("2days 1h apart"), "{why}");
        assert!(!ran.results.complete);
        assert_eq!(world.source.marked().len(), 1);
    }
}

/// Moves the date of the answers that the proxy passes on, while `moved` says so.
fn with_dates(
    minio: &Minio,
    moved: impl Fn(&proxy::Request) -> Option<TimeDelta> + Send + Sync + 'static,
) -> Proxy {
    Line::to(minio.port())
        .edit(move |request, answer| {
            let Some(ahead) = moved(request) else {
                return;
            };
            for header in &mut answer.headers {
                if let Some(date) = header.strip_prefix("Date: ") {
                    let date = DateTime::parse_from_rfc2822(date).unwrap() + ahead;
                    *header = date.format("Date: %a, %d %b %Y %H:%M:%S GMT").to_string();
                }
            }
        })
        .open()
}

/// Runs with the one bucket behind the proxy.
fn run_behind(servers: &Servers, proxy: &Proxy, bucket: &str, arguments: &[&str]) -> Ran {
    let mut configs = servers.configs();
    let (hot, cold) = servers.configs_through(proxy);
    match bucket {
        "hot" => configs.0 = hot,
        _ => configs.1 = cold,
    }
    run(&configs, &[&[OLD], arguments].concat())
}

/// S-6.13: known before anything is copied, in one line that says both times, whose they are, and what to do.
#[test]
fn a_server_with_another_time_ends_the_run_before_it_begins() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    for (bucket, ahead) in [("hot", 48), ("hot", -48), ("cold", 48), ("cold", -1)] {
        let proxy = with_dates(&minio, move |_| Some(TimeDelta::hours(ahead)));
        let ran = run_behind(&servers, &proxy, bucket, &[]).expect(1);
        let line = ran.stderr.lines().last().unwrap_or_default();
        for words in [
            "mark blocks in s3://127.0.0.1:",
            "the clock of this machine says 20",
            "that of s3://127.0.0.1:",
            &format!("/{bucket} says 20"),
            "set the wrong clock right",
        ] {
            assert!(line.contains(words), "{words}: {}", ran.stderr);
        }
        assert!(
            servers.target.is_empty(),
            "{:?}",
            servers.target.tree().keys()
        );
        servers.assert_sound();
        let ran = run_behind(&servers, &proxy, bucket, &["--dry-run", "--output=json"]).expect(1);
        let plan = ran.json();
        assert_eq!(plan["exit_code"], 1, "{plan}");
        assert!(plan["aborted"].as_str().unwrap().contains("the clock of"));
        assert_eq!(plan["blocks"].as_array().unwrap().len(), 3);
    }
    // Nothing would be marked: nobody needs to know what time it is.
    let proxy = with_dates(&minio, |_| Some(TimeDelta::hours(48)));
    let young = ["--older-than=2024-01-01"];
    run(&servers.configs_through(&proxy), &young).expect(0);
    servers.assert_heals();
}

/// S-6.13
#[test]
fn a_server_whose_time_is_unknown_or_a_caches_is_no_obstacle() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let cached = Line::to(minio.port())
        .edit(|request, answer| {
            if request.method == "GET" {
                answer.headers.retain(|header| !header.starts_with("Date:"));
                let old = "Date: Mon, 06 Jan 2025 00:00:00 GMT\r\nAge: 172800";
                answer.headers.push(old.to_owned());
            }
        })
        .open();
    let close = with_dates(&minio, |_| Some(TimeDelta::seconds(200)));
    // A cache that hides what it is cannot answer what nobody asked before.
    let hidden = with_dates(&minio, |request| {
        let old = request.is("GET", "/0") || request.is("GET", "/hot?list-type=2&prefix=01");
        old.then(|| TimeDelta::hours(-48))
    });
    for proxy in [&cached, &close, &hidden] {
        let ran = run(&servers.configs_through(proxy), &[OLD]).expect(0);
        assert!(!ran.stderr.contains("what time it is"), "{}", ran.stderr);
        servers.assert_moved();
        servers.reset();
    }
    let silent = Line::to(minio.port())
        .edit(|_, answer| answer.headers.retain(|header| !header.starts_with("Date:")))
        .open();
    let ran = run_behind(&servers, &silent, "hot", &[]).expect(0);
    let told = ran.stderr.matches("does not tell what time it is").count();
    assert_eq!(told, 1, "{}", ran.stderr);
    servers.assert_moved();
}

/// S-6.13: a server's clock that is set while blocks move.
#[test]
fn a_server_whose_clock_is_set_in_mid_run_ends_it() {
    let minio = Minio::start();
    // Two that are marked one after the other.
    let blocks = [Block::new(1), Block::new(2).resolution(FIVE_MINUTES_MS)];
    let servers = Servers::new(&minio, &blocks);
    let marked = Arc::new(AtomicUsize::new(0));
    let proxy = with_dates(&minio, move |request| {
        let marks = usize::from(request.is("PUT", "/deletion-mark.json"));
        let marked = marked.fetch_add(marks, Ordering::SeqCst) + marks;
        (marked > 0).then(|| TimeDelta::hours(48))
    });
    let ran = run_behind(&servers, &proxy, "hot", &[]).expect(1);
    assert!(
        ran.stdout.contains("the clock of this machine"),
        "{}",
        ran.stdout
    );
    servers.assert_sound();
    assert_eq!(servers.source.marked().len(), 1);
    servers.assert_heals();
}
