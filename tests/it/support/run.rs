//! The real binary, and what came of it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The binary, with an environment of its own in which nothing is set.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thanos-bucket"));
    command
        .env_clear()
        .env("HOME", "/nowhere")
        .stdin(Stdio::null());
    command
}

/// Every block of these tests is older.
pub const OLD: &str = "--older-than=30d";

/// The same, with retries that follow at once.
pub const QUICK_RETRIES: [&str; 3] = [
    OLD,
    "--retry.initial-backoff=1ms",
    "--retry.max-backoff=10ms",
];

/// The same, and objects come here, whatever a server could copy by itself.
pub const COPIED_HERE: [&str; 4] = [
    OLD,
    "--retry.initial-backoff=1ms",
    "--retry.max-backoff=10ms",
    "--copy=client",
];

/// `migrate` between two buckets, with further arguments.
pub fn migrate(source: &Path, target: &Path, arguments: &[&str]) -> Command {
    let mut command = binary();
    command
        .arg("migrate")
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()))
        .args(arguments);
    command
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        Running::start(&mut command).wait()
    }

    /// This run, whose exit code must be that.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        let Self {
            status,
            stdout,
            stderr,
            ..
        } = &self;
        assert_eq!(status.code(), Some(code), "{status}\n{stdout}\n{stderr}");
        self
    }

    /// This run, which came to an end of its own: done, given up, or with something for a person.
    #[track_caller]
    pub fn expect_an_end(self) -> Self {
        let code = self.status.code();
        assert!(
            code.is_some_and(|code| [0, 1, 3].contains(&code)),
            "{self:?}"
        );
        self
    }

    /// The document on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|err| panic!("{err}: {}", self.stdout))
    }
}

/// A run that goes on; killed when dropped.
pub struct Running {
    child: Child,
    began: Instant,
    stdout: Option<thread::JoinHandle<String>>,
    stderr: Option<thread::JoinHandle<String>>,
}

impl Running {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                pipe.read_to_end(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            })
        }
        let began = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().map(drain);
        let stderr = child.stderr.take().map(drain);
        Self {
            child,
            began,
            stdout,
            stderr,
        }
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ran {
        let status = self.child.wait().unwrap();
        let elapsed = self.began.elapsed();
        let join = |pipe: Option<thread::JoinHandle<String>>| pipe.unwrap().join().unwrap();
        Ran {
            status,
            elapsed,
            stdout: join(self.stdout.take()),
            stderr: join(self.stderr.take()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal, such as `TERM`, to a process.
pub fn signal(name: &str, process: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// A path in this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
