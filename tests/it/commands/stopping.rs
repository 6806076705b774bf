//! How a run ends that is told to end, or that meets an error half way: soon, with a report, and with no upload left on the server.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::minio::{Bucket, Minio};
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::{Fault, Line, Proxy, Request};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, Running, migrate, signal};
use crate::support::world::{Contents, three};

const MIB: usize = 1 << 20;

/// Two blocks with three objects in parts each.
fn in_parts() -> World {
    World::new(&[1, 2].map(|number| Block::new(number).chunk_bytes(&[6 * MIB; 3])))
}

/// The target below a prefix of its own, through a proxy, in parts as small as they may be.
fn target(cold: &Bucket, proxy: &Proxy, prefix: &str) -> PathBuf {
    let more = format!("  part_size: 5242880\nprefix: {prefix}\n");
    cold.config_for("cold-parts.yaml", cold.root(), proxy.port(), &more)
}

/// Asserts that every upload that was begun was completed or aborted.
#[track_caller]
fn assert_no_upload(minio: &Minio, ran: &Ran, when: &str) {
    let uploads = minio.uploads();
    assert!(uploads.is_empty(), "{when}: {uploads:?}\n{}", ran.stderr);
}

/// Sends SIGTERM to a process that is still to be started, once a request comes that is meant.
fn terminate_at(
    process: &Arc<AtomicU32>,
    fault: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static,
) -> impl Fn(&Request) -> Fault + Send + Sync + 'static {
    let process = Arc::clone(process);
    move |request| {
        let Some(fault) = fault(request) else {
            return Fault::None;
        };
        while process.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        signal("TERM", process.swap(u32::MAX, Ordering::SeqCst));
        fault
    }
}

fn run_as(process: &AtomicU32, mut command: Command) -> Ran {
    let running = Running::start(&mut command);
    process.store(running.id(), Ordering::SeqCst);
    running.wait()
}

/// S-6.5: whichever request is the one at which no time is left.
#[test]
fn a_signal_at_any_request_leaves_no_upload() {
    let minio = Minio::start();
    let cold = minio.bucket("cold");
    let world = in_parts();
    for number in 0..40 {
        let process = Arc::new(AtomicU32::new(0));
        let proxy = Line::to(minio.port())
            .fault(terminate_at(&process, move |request| {
                (request.number == number).then_some(Fault::None)
            }))
            .open();
        let target = target(&cold, &proxy, &format!("n{number}"));
        let arguments = [OLD, "--shutdown-grace=1ms", "--exclude-delete-marked=false"];
        let ran = run_as(
            &process,
            migrate(&world.source_config(), &target, &arguments),
        );
        assert!(matches!(ran.status.code(), Some(0 | 143)), "{ran:?}");
        assert_no_upload(&minio, &ran, &format!("at request {number}"));
    }
}

/// S-6.2: the other objects of its block are in mid-upload.
#[test]
fn an_object_that_fails_leaves_no_upload_of_its_siblings() {
    const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let minio = Minio::start();
    let cold = minio.bucket("cold");
    let world = in_parts();
    let proxy = Line::to(minio.port())
        .fault(|request| {
            if !request.is("PUT", "partNumber") {
                Fault::None
            } else if request.path.contains("/000003") {
                Fault::Answer(403, DENIED)
            } else {
                Fault::SlowRequest(Duration::from_secs(2))
            }
        })
        .open();
    let target = target(&cold, &proxy, "p");
    let ran = Ran::of(migrate(&world.source_config(), &target, &QUICK_RETRIES));
    assert!(matches!(ran.status.code(), Some(1 | 3)), "{ran:?}");
    assert!(ran.stderr.contains("AccessDenied"), "{}", ran.stderr);
    assert_no_upload(&minio, &ran, "at the end");
}

/// S-6.5: nobody knows whether the server will complete it, so it is aborted.
#[test]
fn an_upload_whose_completion_stalls_is_aborted_after_the_grace() {
    let minio = Minio::start();
    let cold = minio.bucket("cold");
    let world = in_parts();
    let process = Arc::new(AtomicU32::new(0));
    let once = AtomicUsize::new(0);
    let terminate = terminate_at(&process, move |_| {
        (once.fetch_add(1, Ordering::SeqCst) == 0).then_some(Fault::Stall)
    });
    let proxy = Line::to(minio.port())
        .fault(move |request| {
            if request.is("POST", "uploadId=") {
                terminate(request);
                return Fault::Stall;
            }
            Fault::None
        })
        .open();
    let target = target(&cold, &proxy, "p");
    let arguments = [OLD, "--shutdown-grace=100ms"];
    let ran = run_as(
        &process,
        migrate(&world.source_config(), &target, &arguments),
    )
    .expect(143);
    assert!(!ran.stdout.is_empty(), "the report is printed");
    assert!(ran.elapsed < Duration::from_secs(12), "{:?}", ran.elapsed);
    assert_no_upload(&minio, &ran, "at the end");
}

/// S-6.5: whatever it waits for, the report comes in time.
#[test]
fn a_request_without_an_answer_does_not_outlast_the_grace() {
    let minio = Minio::start();
    let world = Servers::new(&minio, &three());
    for (path, fault) in [
        ("GET /hot?", Fault::Stall),
        ("GET /hot?", Fault::AnswerHead(503, "Retry-After: 60")),
        ("GET /cold?", Fault::Stall),
        ("PUT /hot/01J", Fault::Stall),
    ] {
        let process = Arc::new(AtomicU32::new(0));
        let once = AtomicUsize::new(0);
        let (method, path) = path.split_once(' ').unwrap();
        let proxy = Line::to(minio.port())
            .fault(terminate_at(&process, move |request| {
                let of_a_block = path.ends_with("01J") || request.path.contains("prefix=01J");
                let meant = of_a_block && request.is(method, path);
                (meant && once.fetch_add(1, Ordering::SeqCst) == 0).then_some(fault)
            }))
            .open();
        let (source, target) = world.configs_through(&proxy);
        let arguments = [OLD, "--shutdown-grace=500ms"];
        let ran = run_as(&process, migrate(&source, &target, &arguments)).expect(143);
        assert!(!ran.stdout.is_empty(), "{path}: the report is printed");
        assert!(
            ran.elapsed < Duration::from_secs(10),
            "{path}: {:?}",
            ran.elapsed
        );
        world.assert_heals();
    }
}

/// S-6.5, S-8.2: what is in hand is left to the next run.
#[test]
fn a_second_signal_ends_the_process_at_once_and_both_are_told() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let proxy = Line::to(minio.port()).stall("PUT", "/cold/01J").open();
    let (source, target) = servers.configs_through(&proxy);
    let arguments = [OLD, "--shutdown-grace=10m", "--output=json"];
    let running = Running::start(&mut migrate(&source, &target, &arguments));
    proxy.wait_for("PUT", "/cold/01J");
    // Two of a kind may come as one.
    signal("TERM", running.id());
    signal("INT", running.id());
    let ran = running.wait();
    assert!(matches!(ran.status.code(), Some(130 | 143)), "{ran:?}");
    assert!(ran.elapsed < Duration::from_mins(1), "{:?}", ran.elapsed);
    let document = ran.json();
    assert_eq!(document["kind"], "error");
    assert_eq!(document["exit_code"], ran.status.code().unwrap());
    for told in [
        "a second signal ends the process at once",
        "second signal: the process ends at once",
    ] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
    servers.assert_heals();
}

/// S-3.5, S-6.5: at each of its requests.
#[test]
fn a_signal_during_the_probe_ends_the_run_and_the_probe() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    for (method, fault) in [
        ("PUT", Fault::Stall),
        ("PUT", Fault::AnswerHead(503, "Retry-After: 60")),
        ("HEAD", Fault::Stall),
        ("DELETE", Fault::Stall),
    ] {
        let process = Arc::new(AtomicU32::new(0));
        let once = AtomicUsize::new(0);
        let proxy = Line::to(minio.port())
            .fault(terminate_at(&process, move |request| {
                let meant = request.is(method, "/thanos-bucket-probe-");
                (meant && once.fetch_add(1, Ordering::SeqCst) == 0).then_some(fault)
            }))
            .open();
        let (source, target) = servers.configs_through(&proxy);
        let arguments = [OLD, "--shutdown-grace=2s"];
        let ran = run_as(&process, migrate(&source, &target, &arguments)).expect(143);
        assert!(
            ran.elapsed < Duration::from_secs(10),
            "{method}: {:?}",
            ran.elapsed
        );
        assert!(
            servers.target.is_empty(),
            "{method}: {:?}",
            servers.target.tree()
        );
    }
    run(&servers.configs(), &[OLD]).expect(0);
    servers.assert_moved();
}

/// S-6.2: the system kills whoever does not listen to what it says of a limit on the size of files.
#[test]
fn a_limit_on_the_size_of_files_fails_the_blocks_that_exceed_it() {
    let large = Block::new(1).chunk_bytes(&[4 * MIB]);
    let small = Block::new(2).labels(&[("cluster", "eu-2")]);
    let world = World::new(&[large, small.clone()]);
    let command = migrate(&world.source_config(), &world.target_config(), &[OLD]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    let ran = Ran::of(limited).expect(3);
    assert!(ran.stdout.contains("File too large"), "{}", ran.stdout);
    assert_eq!(world.target.published(), [small.id()]);
}
