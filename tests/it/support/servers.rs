//! Programs of others that run beside a test: where they are, and that they end with it.

use std::collections::HashSet;
use std::env;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The path of `minio`, `mc`, `azurite-blob`, `weed`, `versitygw`, `moto`, `s3proxy`, `openstack-servers`, `fake-gcs-server`, `thanos`, `prometheus`, `promtool`, `victoria-metrics`, `rclone`, `html-validate`, `actionlint`, `kubernetes-manifests` or `grafana-dashboards`: in the folder that `tests/run` names, in the cache folder, or on PATH.
pub fn program(name: &str) -> PathBuf {
    folders()
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("{name} is not installed: run the tests with tests/run, which installs it")
        })
}

/// PATH with the folders of [`program`] before it.
pub fn path_variable() -> std::ffi::OsString {
    env::join_paths(folders()).unwrap()
}

fn folders() -> Vec<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))
        .map(|cache| cache.join("thanos-bucket-tests/bin"));
    let named = env::var_os("THANOS_BUCKET_TEST_SERVERS").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    named
        .into_iter()
        .chain(cache)
        .chain(env::split_paths(&path))
        .collect()
}

/// A loopback port that is free now and is given to nobody else in this process.
pub fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}

/// A program that runs until this value is dropped, or until this process dies, in whatever way.
pub struct Server {
    shell: Child,
}

/// Starts the program named and kills it once its own standard input ends, which it does with the process that holds the other end.
const KEEPER: &str = r#"
    exec 3<&0
    "$@" </dev/null 3<&- &
    program=$!
    { cat <&3 >/dev/null; kill -9 "$program"; } >/dev/null 2>&1 &
    keeper=$!
    wait "$program" 2>/dev/null
    code=$?
    kill "$keeper" 2>/dev/null
    exit "$code"
"#;

impl Server {
    /// Starts `command`; what it prints goes to the file `log`.
    pub fn start(command: &Command, log: &Path) -> Self {
        let output = File::create(log).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", KEEPER, "keeper"]);
        shell.arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let shell = shell
            .stdin(Stdio::piped())
            .stderr(output.try_clone().unwrap())
            .stdout(output)
            .spawn()
            .unwrap();
        Self { shell }
    }

    /// Whether the program has come to its end by itself.
    pub fn has_ended(&mut self) -> bool {
        self.shell.try_wait().unwrap().is_some()
    }

    /// Waits until `ready` says yes. False when the program has ended, or takes longer than a minute.
    pub fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < Duration::from_mins(1) && !self.has_ended() {
            if ready() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
