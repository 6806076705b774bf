//! How far a run is, while bytes move.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use thanos_bucket::block::ObjectPath;
use thanos_bucket::bucket::{
    Access, Bucket, BucketConfig, BucketReader, Budget, Environment, MissingRoot, ServerSide,
    Transfer, transfer,
};
use thanos_bucket::progress::Progress;
use thanos_bucket::retry::{Jitter, Policy};
use tokio::net::TcpSocket;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::run::{Ran, Running, binary};

const MIB: u64 = 1 << 20;

/// The size of the object that is moved: it goes out in one request.
const SIZE: u64 = 24 * MIB;

/// In how many steps the server takes a request.
const STEPS: u64 = 24;

const POLICY: Policy = Policy {
    max_retries: 3,
    initial_backoff: Duration::from_millis(1),
    max_backoff: Duration::from_millis(2),
    jitter: Jitter::None,
};

/// A server that takes `SIZE` bytes of each request in steps, one whenever it is told to, and answers the first one with 503.
struct Slow {
    port: u16,
    steps: Sender<u64>,
}

impl Slow {
    fn start() -> Self {
        // What the system takes on its own has left all the same, so it should not take much.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(1 << 20).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(8).unwrap().into_std().unwrap();
        listener.set_nonblocking(false).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (steps, told) = mpsc::channel();
        thread::spawn(move || {
            let answers = ["503 Slow Down", "200 OK"];
            let mut answers = answers.into_iter().cycle();
            for stream in listener.incoming() {
                serve(stream.unwrap(), &told, &mut answers);
            }
        });
        Self { port, steps }
    }
}

fn serve(
    mut stream: TcpStream,
    told: &Receiver<u64>,
    answers: &mut impl Iterator<Item = &'static str>,
) {
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_exact(&mut byte).is_err() {
                return;
            }
            head.push(byte[0]);
        }
        let mut left = SIZE;
        while left > 0 {
            let Ok(step) = told.recv() else { return };
            let taken = std::io::copy(
                &mut (&mut stream).take(step.min(left)),
                &mut std::io::sink(),
            );
            left -= taken.unwrap();
        }
        let answer = answers.next().unwrap();
        let text = format!("HTTP/1.1 {answer}\r\nETag: \"a\"\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(text.as_bytes()).unwrap();
    }
}

async fn buckets(folder: &TempDir, port: u16) -> (BucketReader, Bucket) {
    let environment: Environment = std::iter::empty::<(String, String)>().collect();
    let path = folder.path().display();
    let hot = format!("type: FILESYSTEM\nconfig: {{directory: '{path}'}}\n");
    let cold = format!(
        "type: S3\nconfig: {{bucket: cold, endpoint: '127.0.0.1:{port}', insecure: true, region: a, part_size: 33554432, access_key: a, secret_key: b}}\n"
    );
    let hot = BucketConfig::parse(&hot, &environment).unwrap();
    let hot = hot.open(Access::Read, MissingRoot::Error).await.unwrap();
    let cold = BucketConfig::parse(&cold, &environment).unwrap();
    let cold = cold.open(Access::Write, MissingRoot::Empty).await.unwrap();
    (BucketReader::new(hot, POLICY), Bucket::new(cold, POLICY))
}

/// S-2.5: what has left counts before the object has arrived, and what is sent again does not count again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_moves_with_the_bytes_and_never_beyond_them() {
    let folder = tempfile::tempdir().unwrap();
    let id = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap();
    let block = folder.path().join("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B");
    fs::create_dir(&block).unwrap();
    let size = usize::try_from(SIZE).unwrap();
    fs::write(block.join("index"), vec![7; size]).unwrap();
    let slow = Slow::start();
    let (source, target) = buckets(&folder, slow.port).await;
    let listed = source.list_block(id).await.unwrap();
    let object = listed.get("index").unwrap();
    let progress = Arc::new(Progress::default());
    progress.start(1, SIZE, None);
    let watched = Arc::new(progress.block(SIZE));
    watched.to_move(SIZE);
    let (budget, cancel) = (Budget::new(64 << 20), CancellationToken::new());
    let (last_acts, server_side) = (TaskTracker::new(), ServerSide::default());
    let path: ObjectPath = id.object("index");
    let moving = transfer(Transfer {
        path: &path,
        object,
        sha256: None,
        source: &source,
        target: &target,
        server_side: &server_side,
        budget: &budget,
        cancel: &cancel,
        last_acts: &last_acts,
        moved: &|_| {},
        progress: &watched,
    });
    let mut seen = vec![0];
    let watching = async {
        let mut steps = 0;
        loop {
            let now = progress.snapshot();
            assert!(now.bytes_done <= SIZE && now.bytes_total == SIZE, "{now:?}");
            if seen.last() != Some(&now.bytes_done) {
                assert!(seen.last() < Some(&now.bytes_done), "{seen:?} {now:?}");
                seen.push(now.bytes_done);
            }
            // Two requests take so many steps together.
            if steps < 2 * STEPS {
                steps += 1;
                slow.steps.send(SIZE / STEPS).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let both = async {
        tokio::select! {
            moved = moving => moved,
            never = watching => never,
        }
    };
    timeout(Duration::from_mins(1), both)
        .await
        .unwrap()
        .unwrap();
    let within = seen
        .iter()
        .filter(|bytes| **bytes > SIZE / 2 && **bytes < SIZE);
    assert!(within.count() >= 5, "it stood still: {seen:?}");
    assert_eq!(progress.snapshot().bytes_done, SIZE);
}

/// The lines of a log that tell how far a run is.
fn told(stderr: &str) -> Vec<&str> {
    stderr
        .lines()
        .filter(|line| line.contains("caller=pulse.rs"))
        .collect()
}

/// The number of that name in a line.
fn number(line: &str, name: &str) -> u64 {
    let (_, rest) = line
        .split_once(&format!(" {name}="))
        .unwrap_or_else(|| panic!("no {name}: {line}"));
    let digits = rest.split(' ').next().unwrap();
    digits.parse().unwrap_or_else(|_| panic!("{name}={digits}"))
}

/// S-7.10: two runs that take three quarters of a minute each, side by side, and one that takes a moment.
#[test]
fn a_log_tells_every_half_minute_how_far_a_run_is() {
    let bytes = usize::try_from(MIB).unwrap() * 3 / 2;
    let blocks = [1, 2, 3, 4].map(|number| Block::new(number).chunk_bytes(&[bytes; 4]));
    let (moved, held) = (World::new(&blocks), World::new(&blocks));
    let of_both = |subcommand: &str, world: &World, arguments: &[&str]| {
        let mut command = binary();
        let (source, target) = (world.source_config(), world.target_config());
        command
            .arg(subcommand)
            .arg(format!("--objstore.config-file={}", source.display()))
            .arg(format!("--objstore-to.config-file={}", target.display()))
            .args(arguments);
        command
    };
    let quick = Ran::of(of_both("migrate", &held, &["--older-than=30d"])).expect(0);
    assert_eq!(told(&quick.stderr), [""; 0]);
    // 24 MiB at 550 KiB a second take 45 seconds; what is compared is read twice.
    let slowly = |rate: &str| {
        [
            "--concurrency=2".to_owned(),
            format!("--bandwidth-limit={rate}"),
        ]
    };
    let mut moving = of_both("migrate", &moved, &["--older-than=30d", "--copy=client"]);
    let mut reading = of_both("verify", &held, &["--content=read"]);
    let running = [
        Running::start(moving.args(slowly("550KiB"))),
        Running::start(reading.args(slowly("1100KiB"))),
    ];
    for ran in running.map(Running::wait) {
        let ran = ran.expect(0);
        let lines = told(&ran.stderr);
        assert_eq!(lines.len(), 1, "{}", ran.stderr);
        let line = lines[0];
        let named = |name| number(line, name);
        assert_eq!(named("blocks_total"), 4, "{line}");
        assert!(named("blocks_done") < 4, "{line}");
        assert!((1..=4).contains(&named("blocks_at_work")), "{line}");
        let (done, total) = (named("bytes_done"), named("bytes_total"));
        assert!(
            total >= 24 * MIB && done > total / 2 && done < total,
            "{line}"
        );
        let rate = named("bytes_per_second");
        assert!((total / 60..total / 35).contains(&rate), "{line}");
        let left = named("left_seconds");
        assert!(left.abs_diff((total - done) / rate) <= 1, "{line}");
        assert!(
            line.contains("elapsed=30s") && line.contains(" of 4 blocks done, "),
            "{line}"
        );
    }
}
