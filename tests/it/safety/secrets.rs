//! Where secrets must not be seen.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::support::block::Block;
use crate::support::minio::{Bucket, Credentials, Minio};
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, Running, binary, migrate, signal};
use crate::support::world::three;

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
    signal("ABRT", sleeps.id());
    assert!(
        sleeps.wait().unwrap().core_dumped(),
        "this machine writes no core dumps, so nothing can be told"
    );
    let running = Running::start(&mut dumps(&migrate(&hot, &cold, &[OLD])));
    while stalled.requests().is_empty() {
        std::thread::yield_now();
    }
    signal("ABRT", running.id());
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

/// S-2.6: as a page, as text, and as an error without and with a code; what was configured, and what is made of it.
#[test]
fn a_server_that_quotes_the_request_is_not_quoted() {
    const TOKEN: &str = "FwoGZXIvYXdzEBYaDNeverPrintedToken/AndMoreOfTheSame+abc==";
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let stranger = Credentials {
        access_key: "AKIANEVERPRINTEDKEY".to_owned(),
        secret_key: "never/printed+secret".to_owned(),
    };
    let escaped = |text: &str| text.replace('/', "&#x2F;").replace('+', "%2B");
    for (status, before_the_request, after_it) in [
        (400, "<html><body>Bad request: ", "</body></html>"),
        (500, "", ""),
        (403, "<Error><Message>", "</Message></Error>"),
        (
            403,
            "<Error><Code>AccessDenied</Code><Message>",
            "</Message></Error>",
        ),
        (
            400,
            "<Error><Code>Strange</Code><Message>",
            "</Message></Error>",
        ),
    ] {
        let proxy = Line::to(minio.port())
            .edit(move |request, answer| {
                let told = format!("never/printed+secret {}", request.head);
                let told = format!("{before_the_request}{} {told}{after_it}", escaped(&told));
                answer.body = told.into_bytes();
                answer.status = status;
            })
            .open();
        let config = |bucket: &Bucket, file| {
            let more = format!("  max_retries: 1\n  session_token: {TOKEN}\n");
            bucket.config_for(file, &stranger, proxy.port(), &more)
        };
        let configs = (
            config(&world.source, "h.yaml"),
            config(&world.target, "c.yaml"),
        );
        let arguments = [&QUICK_RETRIES[..], &["--log.level=debug"]].concat();
        let ran = run(&configs, &arguments).expect(1);
        let requests = proxy.requests();
        let signature = requests[0].header("authorization").unwrap();
        let (_, signature) = signature.split_once("Signature=").unwrap();
        for secret in [
            signature,
            "AKIANEVERPRINTEDKEY",
            "never/printed",
            "FwoGZXIvYXdzEBYaDNeverPrintedToken",
            "AndMoreOfTheSame",
        ] {
            assert!(
                !format!("{ran:?}").contains(secret),
                "{secret}: {}",
                ran.stderr
            );
        }
    }
}
