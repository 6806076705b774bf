//! fake-gcs-server, started once for all tests, and buckets of it; what it lacks, tests play themselves.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::answering::{Answer, Answering};
use super::block::Block;
use super::http::{self, query_escape};
use super::proxy::Proxy;
use super::run::{OLD, Ran, migrate};
use super::servers::{Server, free_port, program};
use super::world::{self, Contents, Tree};

/// The variable that names an emulator.
pub const EMULATOR: &str = "STORAGE_EMULATOR_HOST";

/// The running server.
struct Fake {
    _server: Server,
    port: u16,
}

static FAKE: LazyLock<Fake> = LazyLock::new(|| {
    // What lives as long as the process is never dropped: the log goes once the server answers.
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    // Somebody else may take the port between its choice and its use.
    for _ in 0..5 {
        let port = free_port();
        let mut command = Command::new(program("fake-gcs-server"));
        command
            .args([
                "-scheme",
                "http",
                "-backend",
                "memory",
                "-log-level",
                "warn",
            ])
            .args(["-host", "127.0.0.1", "-port", &port.to_string()])
            .args(["-public-host", &format!("127.0.0.1:{port}")]);
        let mut server = Server::start(&command, &log);
        let ready = || matches!(http::get(port, "/_internal/healthcheck"), Some((200, _)));
        if server.wait_until(ready) {
            return Fake {
                _server: server,
                port,
            };
        }
    }
    panic!(
        "fake-gcs-server does not start: {}",
        std::fs::read_to_string(log).unwrap()
    );
});

/// The port that the emulator listens on.
pub fn port() -> u16 {
    FAKE.port
}

/// What `STORAGE_EMULATOR_HOST` is for who goes through that port.
pub fn host(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// A bucket of the emulator's that no other test has, seen directly.
pub struct Bucket {
    pub name: String,
    folder: TempDir,
    client: Client,
}

impl Bucket {
    /// A new, empty one, whose name ends with this.
    pub fn new(name: &str) -> Self {
        Self::made(name, false)
    }

    /// The same, and it keeps versions.
    pub fn versioned(name: &str) -> Self {
        Self::made(name, true)
    }

    fn made(name: &str, keeps_versions: bool) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let bucket = Self::named(&format!(
            "b{}-{name}",
            NUMBER.fetch_add(1, Ordering::SeqCst)
        ));
        let made = bucket
            .client
            .post(format!("{}?project=tests", url("/storage/v1/b")));
        let versioning = json!({"enabled": keeps_versions});
        let told = json!({"name": bucket.name, "versioning": versioning});
        expect(made.body(told.to_string()));
        bucket
    }

    /// The one of that name, once more.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            folder: tempfile::tempdir().unwrap(),
            client: Client::new(),
        }
    }

    /// The configuration in Thanos' format, with more lines below `config`.
    pub fn config(&self, file: &str, more: &str) -> PathBuf {
        let path = self.folder.path().join(file);
        std::fs::write(&path, self.text() + more).unwrap();
        path
    }

    /// The same, as text.
    pub fn text(&self) -> String {
        format!("type: GCS\nconfig:\n  bucket: {}\n", self.name)
    }

    /// What the emulator tells of all objects.
    pub fn listed(&self) -> Vec<Value> {
        let listed = expect(self.client.get(self.url("/o")));
        let listed: Value = serde_json::from_slice(&listed).unwrap();
        listed["items"].as_array().cloned().unwrap_or_default()
    }

    fn url(&self, rest: &str) -> String {
        url(&format!("/storage/v1/b/{}{rest}", self.name))
    }

    fn object(&self, name: &str) -> String {
        self.url(&format!("/o/{}", query_escape(name)))
    }
}

#[track_caller]
fn expect(request: RequestBuilder) -> Vec<u8> {
    let answer = request.send().unwrap();
    let status = answer.status();
    let body = answer.bytes().unwrap();
    assert!(
        status.is_success(),
        "{status}: {}",
        String::from_utf8_lossy(&body)
    );
    body.to_vec()
}

fn url(path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", port())
}

impl Contents for Bucket {
    fn tree(&self) -> Tree {
        let names = self.listed().into_iter();
        let names = names.map(|object| object["name"].as_str().unwrap().to_owned());
        names
            .filter_map(|name| {
                let got = self.client.get(format!("{}?alt=media", self.object(&name)));
                let got = got.send().unwrap();
                // What a process that was killed had asked for may be done a moment later.
                let is_there = got.status().is_success();
                is_there.then(|| (name, got.bytes().unwrap().to_vec()))
            })
            .collect()
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        let to = format!(
            "/upload/storage/v1/b/{}/o?uploadType=media&name={}",
            self.name,
            query_escape(name)
        );
        expect(self.client.post(url(&to)).body(content));
    }

    fn remove(&self, name: &str) {
        expect(self.client.delete(self.object(name)));
    }
}

/// Two buckets of the emulator's.
pub type World = world::World<Bucket>;

impl World {
    /// A source with these blocks, and a target without any.
    pub fn new(blocks: &[Block]) -> Self {
        Self::filled(Bucket::new("hot"), Bucket::new("cold"), (), blocks)
    }

    /// The configurations of both.
    pub fn configs(&self) -> (PathBuf, PathBuf) {
        (
            self.source.config("hot.yaml", ""),
            self.target.config("cold.yaml", ""),
        )
    }

    /// Runs `migrate` from one to the other.
    pub fn migrate(&self, arguments: &[&str]) -> Ran {
        self.migrate_at(port(), arguments)
    }

    /// The same, through a proxy.
    pub fn migrate_through(&self, proxy: &Proxy, arguments: &[&str]) -> Ran {
        self.migrate_at(proxy.port(), arguments)
    }

    /// The same, through that port.
    pub fn migrate_at(&self, port: u16, arguments: &[&str]) -> Ran {
        Ran::of(self.command_at(port, arguments))
    }

    /// The command of it.
    pub fn command_at(&self, port: u16, arguments: &[&str]) -> Command {
        let (source, target) = self.configs();
        let mut command = migrate(&source, &target, arguments);
        command.env(EMULATOR, host(port));
        command
    }

    /// A run without faults finishes; then both are as they were.
    #[track_caller]
    pub fn assert_heals(&self) {
        self.assert_sound();
        self.migrate(&[OLD]).expect(0);
        self.assert_moved();
        self.reset();
    }
}

/// A key that nobody else has, in PEM.
pub static KEY: LazyLock<String> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    key.serialize_pem()
});

/// The credentials of a service account whose tokens are asked for there.
pub fn service_account(token_url: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "tests",
        "private_key_id": "key-1",
        "private_key": *KEY,
        "client_email": "mover@tests.iam.gserviceaccount.com",
        "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_url,
    })
}

/// The line of a configuration that names these credentials.
pub fn inline(credentials: &Value) -> String {
    format!("  service_account: {}\n", json!(credentials.to_string()))
}

/// A service that gives a token to whoever asks.
pub fn token_service() -> Answering {
    Answering::start(|_| {
        let token =
            json!({"access_token": "ya29.token", "expires_in": 3600, "token_type": "Bearer"});
        Answer::json(200, &token)
    })
}
