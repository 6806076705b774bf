//! A server of our own that plays Oracle's Object Storage, by its own interface, as documents describe it and people have seen it: it verifies every
//! signature and digest, tells of objects no more than it is asked for, and refuses what the service refuses.

mod bucket;
mod machine;
mod signature;
mod uploads;
mod wire;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::block::Block;
use super::proxy::Proxy;
use super::run::{OLD, Ran, migrate};
use super::world::{self, Contents, Tree};
use bucket::Objects;
use machine::Sessions;
use signature::Wanted;
pub use wire::Answer;
use wire::Asked;

/// The variable that names another address than that of the region.
pub const ENDPOINT: &str = "OCI_OBJECT_STORAGE_ENDPOINT";

/// The namespace of the tenancy.
pub const NAMESPACE: &str = "axtests";

/// The region of the machine.
pub const REGION: &str = "us-test-1";

/// As Oracle's SDK wants that region to be described.
pub const DESCRIBED: &str = r#"{"realmKey": "oc99", "realmDomainComponent": "cloud.example", "regionKey": "TST", "regionIdentifier": "us-test-1"}"#;

pub const TENANCY: &str = "ocid1.tenancy.oc1..aaaaaaaatests";
pub const USER: &str = "ocid1.user.oc1..aaaaaaaamover";

/// The key of the user, which nobody else has, in PEM.
pub static KEY: LazyLock<String> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    key.serialize_pem()
});

/// What the service calls the key.
pub static FINGERPRINT: LazyLock<String> = LazyLock::new(|| signature::fingerprint(&KEY));

/// What a tenancy holds.
#[derive(Default)]
struct Service {
    buckets: Mutex<BTreeMap<String, Objects>>,
    /// Makes entity tags and ids.
    count: AtomicU64,
    sessions: Sessions,
}

/// The server, started once for all tests.
struct Running {
    port: u16,
    service: Arc<Service>,
}

static RUNNING: LazyLock<Running> = LazyLock::new(|| {
    let service = Arc::<Service>::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = Arc::clone(&service);
    wire::serve(listener, move |asked| answering.answer(asked));
    Running { port, service }
});

/// The port that the server listens on.
pub fn port() -> u16 {
    RUNNING.port
}

/// What [`ENDPOINT`] is for who goes through that port.
pub fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

impl Service {
    /// A name that nobody else has, of the form that the service gives.
    fn fresh(&self) -> String {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        format!("{number:08x}-43fa-4c8c-a80e-dbd650188ff8")
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if let Some(answer) = self.sessions.answer(asked) {
            return answer;
        }
        let key = |id: &str| match id.strip_prefix("ST$") {
            Some(token) => self.sessions.key_of(token),
            None => signature::users_key(id),
        };
        let mut answer = match signature::verified(asked, Wanted::Usual, key) {
            Ok(()) => self.allowed(asked),
            Err(why) => Answer::refusal(401, "NotAuthenticated", &why),
        };
        answer.headers.push((
            "opc-request-id".to_owned(),
            format!("tst-1:{}", self.fresh()),
        ));
        answer
    }

    fn allowed(&self, asked: &Asked) -> Answer {
        let mut names = asked.names();
        if names.len() == 1 && names[0] == "n" || names == ["n", ""] {
            return Answer::json(&json!(NAMESPACE));
        }
        if names.len() < 4 || names[0] != "n" || names[2] != "b" {
            return Answer::refusal(
                404,
                "NotAuthorizedOrNotFound",
                "Authorization failed or requested resource not found.",
            );
        }
        if names[1] != NAMESPACE {
            let why = "You do not have authorization to perform this request, or the requested resource could not be found.";
            return Answer::refusal(404, "NamespaceNotFound", why);
        }
        let rest = names.split_off(4);
        let name = &names[3];
        let mut buckets = self.buckets.lock().unwrap();
        let Some(objects) = buckets.get_mut(name).filter(|objects| !objects.is_hidden) else {
            let why = format!(
                "Either the bucket named '{name}' does not exist in the namespace '{NAMESPACE}' or you are not authorized to access it"
            );
            return Answer::refusal(404, "BucketNotFound", &why);
        };
        objects.answer(name, asked, &rest, || self.fresh())
    }
}

/// Has a process be a machine of the cloud, whose sessions are good for so many requests.
pub fn as_machine(command: &mut Command, port: u16, uses: u32) {
    let base = endpoint(port);
    command
        .env("OCI_METADATA_BASE_URL", format!("{base}/opc/v2"))
        .env("OCI_SDK_AUTH_CLIENT_REGION_URL", format!("{base}/{uses}"));
}

/// How many sessions there were.
pub fn sessions() -> usize {
    RUNNING.service.sessions.count()
}

/// Writes the file that Oracle's SDK looks for in a home folder, and the key that it names.
pub fn write_profile(home: &Path) {
    let folder = home.join(".oci");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("key.pem"), &*KEY).unwrap();
    let text = format!(
        "[DEFAULT]\nuser={USER}\nfingerprint={}\nkey_file=~/.oci/key.pem\ntenancy={TENANCY}\nregion=us-phoenix-1\n",
        *FINGERPRINT
    );
    std::fs::write(folder.join("config"), text).unwrap();
}

/// A bucket that no other test has, seen directly.
pub struct Bucket {
    pub name: String,
    folder: TempDir,
}

impl Bucket {
    /// A new, empty one, whose name ends with this.
    pub fn new(name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("b{}-{name}", NUMBER.fetch_add(1, Ordering::SeqCst));
        let mut buckets = RUNNING.service.buckets.lock().unwrap();
        buckets.insert(name.clone(), Objects::default());
        Self {
            name,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Does something with what it holds.
    pub fn with<T>(&self, act: impl FnOnce(&mut Objects) -> T) -> T {
        let mut buckets = RUNNING.service.buckets.lock().unwrap();
        act(buckets.get_mut(&self.name).unwrap())
    }

    /// The configuration in Thanos' format, with more lines.
    pub fn config(&self, file: &str, more: &str) -> PathBuf {
        let path = self.folder.path().join(file);
        std::fs::write(&path, self.text() + more).unwrap();
        path
    }

    /// The same, as text.
    pub fn text(&self) -> String {
        let mut text = format!("type: OCI\nconfig:\n  bucket: {}\n", self.name);
        for (key, value) in [
            ("provider", "raw"),
            ("tenancy_ocid", TENANCY),
            ("user_ocid", USER),
            ("region", "us-phoenix-1"),
            ("fingerprint", &FINGERPRINT),
        ] {
            writeln!(text, "  {key}: {value}").unwrap();
        }
        let pem = KEY.trim_end().replace('\n', "\n    ");
        writeln!(text, "  privatekey: |\n    {pem}").unwrap();
        text
    }

    /// The configuration for a machine of the cloud.
    pub fn machines_config(&self, file: &str) -> PathBuf {
        let path = self.file(file);
        let name = &self.name;
        let text = format!(
            "type: OCI\nconfig:\n  bucket: {name}\n  provider: instance-principal\n  http_config:\n    insecure_skip_verify: true\n"
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A file in the bucket's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Contents for Bucket {
    fn tree(&self) -> Tree {
        self.with(|objects| objects.tree())
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        let fresh = RUNNING.service.fresh();
        self.with(|objects| objects.put(name, content, fresh));
    }

    fn remove(&self, name: &str) {
        self.with(|objects| objects.remove(name));
    }
}

/// Two buckets.
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
        Ran::of(self.command_at(port(), arguments))
    }

    /// The same, through a proxy.
    pub fn migrate_through(&self, proxy: &Proxy, arguments: &[&str]) -> Ran {
        Ran::of(self.command_at(proxy.port(), arguments))
    }

    /// The command of it.
    pub fn command_at(&self, port: u16, arguments: &[&str]) -> Command {
        let (source, target) = self.configs();
        let mut command = migrate(&source, &target, arguments);
        command.env(ENDPOINT, endpoint(port));
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

/// What a listing shows of an object.
fn summary(name: &str, fields: &[&str], all: &Value) -> Value {
    let mut shown = json!({"name": name});
    for field in fields {
        let known = all.as_object().unwrap().keys();
        // The service heeds no case.
        if let Some(key) = known
            .into_iter()
            .find(|key| key.eq_ignore_ascii_case(field))
        {
            shown[key] = all[key].clone();
        }
    }
    shown
}
