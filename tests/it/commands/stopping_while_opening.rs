//! A run that is still opening its buckets ends with a signal like any other, with all that it has started.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::proxy::{Fault, Line};
use crate::support::run::{Ran, Running, binary, signal};

const SOURCE: &str = "--objstore.config={type: S3, config: {bucket: hot, endpoint: '127.0.0.1:1', insecure: true, aws_sdk_auth: true}}";

/// `migrate` from a bucket whose credentials are to be found.
fn looking_for_credentials(folder: &Path) -> Command {
    let mut command = binary();
    command.args(["migrate", "--older-than=30d", SOURCE]);
    command.arg(format!(
        "--objstore-to.config={{type: FILESYSTEM, config: {{directory: {}}}}}",
        folder.join("cold").display()
    ));
    command.env("PATH", "/usr/bin:/bin");
    command
}

/// Waits until it is so, and not for ever.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        thread::yield_now();
    }
}

#[track_caller]
fn assert_stopped(ran: Ran) {
    let ran = ran.expect(143);
    assert!(
        ran.stderr.contains("open the buckets before SIGTERM"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
}

/// Whether a process is there and does something: one that nobody has buried does nothing any more.
fn lives(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.starts_with('Z'));
    state == Some(false)
}

/// S-6.5: programs that were started for credentials do not outlive the run.
#[test]
fn a_program_that_gives_no_credentials_ends_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let (config, started) = (folder.path().join("config"), folder.path().join("started"));
    // The shell waits for another one, as wrappers do.
    let inner = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600",
        started.display()
    );
    let script = folder.path().join("script");
    fs::write(&script, format!("sh -c '{inner}'\necho never\n")).unwrap();
    fs::write(
        &config,
        format!("[default]\ncredential_process = sh {}\n", script.display()),
    )
    .unwrap();
    let mut command = looking_for_credentials(folder.path());
    command.env("AWS_CONFIG_FILE", &config);
    let running = Running::start(&mut command);
    wait_until("the program starts", || started.exists());
    let program = fs::read_to_string(&started).unwrap();
    assert!(lives(program.trim()));
    signal("TERM", running.id());
    assert_stopped(running.wait());
    wait_until("the program ends", || !lives(program.trim()));
}

/// S-6.5
#[test]
fn a_service_that_gives_no_credentials_keeps_no_run_alive() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = nobody.local_addr().unwrap().port();
    let stalled = Line::to(port).fault(|_| Fault::Stall).open();
    let mut command = looking_for_credentials(folder.path());
    command.env(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        format!("http://127.0.0.1:{}/", stalled.port()),
    );
    let running = Running::start(&mut command);
    wait_until("the service is asked", || !stalled.requests().is_empty());
    signal("TERM", running.id());
    assert_stopped(running.wait());
}

/// S-2.6: what a program says of itself may be a secret.
#[test]
fn a_program_that_fails_is_told_without_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let script = folder.path().join("script");
    fs::write(&script, "echo hunter2 >&2\necho hunter2\nexit 3\n").unwrap();
    fs::write(
        &config,
        format!("[default]\ncredential_process = sh {}\n", script.display()),
    )
    .unwrap();
    let mut command = looking_for_credentials(folder.path());
    command
        .env("AWS_CONFIG_FILE", &config)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let ran = Ran::of(command).expect(1);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("find AWS credentials"),
        "{}",
        ran.stderr
    );
}
