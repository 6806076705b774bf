//! Where secrets must not be seen.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::World;
use crate::support::proxy::{Fault, Line};
use crate::support::run::{OLD, Ran, Running, binary, migrate, signal};

/// S-2.6: memory holds secrets, so nothing of it is left on a disk.
#[test]
fn a_process_that_dies_leaves_no_memory_behind() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let stalled = Line::to(minio.port()).fault(|_| Fault::Stall).open();
    let (hot, cold) = world.configs_through(&stalled);
    let folder = tempfile::tempdir().unwrap();
    let dumps = |command: &Command| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(folder.path());
        shell
    };
    let mut control = Command::new("sleep");
    let mut sleeps = dumps(control.arg("600")).spawn().unwrap();
    // It has begun to sleep when the shell is no more.
    let name = format!("/proc/{}/comm", sleeps.id());
    while fs::read_to_string(&name).unwrap() != "sleep\n" {
        std::thread::yield_now();
    }
    signal("QUIT", sleeps.id());
    assert!(
        sleeps.wait().unwrap().core_dumped(),
        "this machine writes no core dumps, so nothing can be told"
    );
    let running = Running::start(&mut dumps(&migrate(&hot, &cold, &[OLD])));
    while stalled.requests().is_empty() {
        std::thread::yield_now();
    }
    signal("QUIT", running.id());
    let ran = running.wait();
    assert!(ran.status.signal().is_some() && !ran.status.core_dumped());
}

/// S-2.6: whoever may list processes reads command lines.
#[test]
fn a_secret_on_the_command_line_is_warned_about() {
    let with = |secret: &str| {
        format!(
            "{{type: S3, config: {{bucket: hot, endpoint: '127.0.0.1:1', insecure: true, access_key: a, secret_key: {secret}}}}}"
        )
    };
    let (seen, hidden) = (with("plainly-seen"), with("$(HOT_SECRET)"));
    let cold = "{type: FILESYSTEM, config: {directory: /nowhere/cold}}";
    let run = |config: &str, by_variable: bool| {
        let mut command = binary();
        command.env("HOT_SECRET", "hidden").arg("migrate");
        if by_variable {
            command.env("THANOS_BUCKET_OBJSTORE_CONFIG", config);
        } else {
            command.arg(format!("--objstore.config={config}"));
        }
        command.args([OLD, "--dry-run", "--max-retries=0"]);
        command.arg(format!("--objstore-to.config={cold}"));
        let ran = Ran::of(command).expect(1);
        assert!(!ran.stderr.contains("plainly-seen"), "{}", ran.stderr);
        ran.stderr.contains("--objstore.config holds a secret")
    };
    assert!(run(&seen, false));
    assert!(!run(&hidden, false));
    assert!(!run(&seen, true));
}
