//! Swift of `OpenStack` for tests, one for those that run at the same time, and containers of it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::keystone::{Keystone, PASSWORD, User, openstack, port_of};
use super::minio::Credentials;
use super::servers::Server;
use super::world::{Contents, Tree};

/// The account of `tempauth` that has all containers, and who may do everything there.
const ACCOUNT: &str = "test";
const USER: &str = "mover";

/// A running Swift, stopped when dropped.
pub struct Swift {
    // Fields are dropped in this order: the server before its folder, and before whom it asks.
    _server: Server,
    client: Client,
    port: u16,
    folder: TempDir,
    knows: Knows,
    session: Mutex<Option<Session>>,
}

/// How a Swift knows whom to believe.
enum Knows {
    Tempauth,
    Keystone(Box<Keystone>, User),
}

/// Where objects are, and what opens the door.
#[derive(Clone)]
pub struct Session {
    pub url: String,
    pub token: String,
}

/// A container, seen with all rights, and a folder for configurations.
pub struct Container {
    pub name: String,
    swift: Arc<Swift>,
    folder: TempDir,
}

/// What Swift answers.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn of(answer: Response) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().unwrap().to_vec(),
        }
    }
}

/// The one that is there, or a new one.
fn shared(place: &Mutex<Weak<Swift>>, start: impl FnOnce() -> Arc<Swift>) -> Arc<Swift> {
    let mut place = place.lock().unwrap();
    place.upgrade().unwrap_or_else(|| {
        let started = start();
        *place = Arc::downgrade(&started);
        started
    })
}

/// One that runs.
struct Begun {
    server: Server,
    folder: TempDir,
    port: u16,
}

impl Begun {
    fn of(settings: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = openstack("run-swift.py");
        command.arg(folder.path()).arg(settings.to_string());
        let mut server = Server::start(&command, &folder.path().join("log"));
        let port = port_of(&mut server, folder.path());
        Self {
            server,
            folder,
            port,
        }
    }

    fn knowing(self, knows: Knows) -> Arc<Swift> {
        Arc::new(Swift {
            _server: self.server,
            client: Client::new(),
            port: self.port,
            folder: self.folder,
            knows,
            session: Mutex::default(),
        })
    }
}

impl Swift {
    /// One that knows its users itself, by `tempauth`; it ends with the last test that has it.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Swift>> = Mutex::new(Weak::new());
        shared(&SHARED, || Self::start(json!({})))
    }

    /// One that asks a Keystone, likewise.
    pub fn with_keystone() -> Arc<Self> {
        static SHARED: Mutex<Weak<Swift>> = Mutex::new(Weak::new());
        shared(&SHARED, || Self::start_with_keystone(3600, json!({})))
    }

    /// One of its own, with settings of `run-swift.py`.
    pub fn start(mut settings: Value) -> Arc<Self> {
        settings["users"] =
            json!({(format!("{ACCOUNT}:{USER}")): [PASSWORD, ".admin"], "test:reader": [PASSWORD]});
        let begun = Begun::of(&settings);
        begun.knowing(Knows::Tempauth)
    }

    /// One of its own, and its own Keystone, whose tokens are good for so many seconds.
    pub fn start_with_keystone(token_seconds: u32, mut settings: Value) -> Arc<Self> {
        let mut keystone = Keystone::start(token_seconds);
        settings["keystone"] = json!(keystone.folder());
        let begun = Begun::of(&settings);
        keystone.ready(begun.port);
        let user = keystone.user("default", "metrics", USER);
        begun.knowing(Knows::Keystone(Box::new(keystone), user))
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The Keystone that it asks, and the user there whose containers these are.
    pub fn keystone(&self) -> (&Keystone, &User) {
        match &self.knows {
            Knows::Keystone(keystone, user) => (keystone, user),
            Knows::Tempauth => panic!("it asks nobody"),
        }
    }

    /// Who signs requests of S3 for the same account.
    pub fn s3_credentials() -> Credentials {
        Credentials {
            access_key: format!("{ACCOUNT}:{USER}"),
            secret_key: PASSWORD.to_owned(),
        }
    }

    /// Lets the owner of all containers in, anew.
    pub fn session(&self) -> Session {
        match &self.knows {
            Knows::Tempauth => {
                let url = format!("http://127.0.0.1:{}/auth/v1.0", self.port);
                let asked = self.client.get(url);
                let asked = asked.header("x-auth-user", format!("{ACCOUNT}:{USER}"));
                let answer = Answer::of(asked.header("x-auth-key", PASSWORD).send().unwrap());
                let header = |name| answer.header(name).unwrap().to_owned();
                Session {
                    url: header("x-storage-url"),
                    token: header("x-auth-token"),
                }
            }
            Knows::Keystone(keystone, User { id, project }) => Session {
                url: format!("http://127.0.0.1:{}/v1/AUTH_{project}", self.port),
                token: keystone.token(
                    &json!({"id": id, "password": PASSWORD}),
                    &json!({"project": {"id": project}}),
                ),
            },
        }
    }

    /// Asks something of the account.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut session = self.session.lock().unwrap().clone();
        loop {
            let is_new = session.is_none();
            let now = session.take().unwrap_or_else(|| self.session());
            let url = format!("{}{path}", now.url);
            let asked = self.client.request(method.parse().unwrap(), url);
            let mut asked = asked.header("x-auth-token", &now.token);
            for (name, value) in headers {
                asked = asked.header(*name, *value);
            }
            let answer = Answer::of(asked.body(body.to_vec()).send().unwrap());
            *self.session.lock().unwrap() = Some(now);
            // What was good for a while is good no longer.
            if answer.status != 401 || is_new {
                return answer;
            }
        }
    }

    /// A container that is still to be made, whose name begins so.
    pub fn name(self: &Arc<Self>, beginning: &str) -> Container {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        self.named(&format!("{beginning}-{number}"))
    }

    /// A container of that name, which may still have to be made.
    pub fn named(self: &Arc<Self>, name: &str) -> Container {
        Container {
            name: name.to_owned(),
            swift: Arc::clone(self),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A new, empty container.
    pub fn container(self: &Arc<Self>, beginning: &str) -> Container {
        let container = self.name(beginning);
        container.make(&[]);
        container
    }
}

impl Container {
    /// Makes it, with these headers.
    pub fn make(&self, headers: &[(&str, &str)]) {
        let made = self.ask("PUT", "", headers, b"");
        assert!(
            matches!(made.status, 201 | 202),
            "{}: {}",
            made.status,
            self.swift.log()
        );
    }

    /// Asks something of it, or of the object whose name follows a slash, with a query.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let path = format!("/{}{path}", self.name);
        self.swift.ask(method, &path, headers, body)
    }

    /// Its configuration in Thanos' format, in a file of that name.
    pub fn config(&self, file: &str) -> PathBuf {
        self.config_with(file, None, "")
    }

    /// The same, through the port of a proxy where one is given, and with more lines below `config`.
    pub fn config_with(&self, file: &str, port: Option<u16>, more: &str) -> PathBuf {
        self.write(file, &(self.text(port) + more))
    }

    /// Writes a file beside its configurations.
    pub fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Its configuration as text, through the port of a proxy where one is given.
    pub fn text(&self, port: Option<u16>) -> String {
        let who = match &self.swift.knows {
            Knows::Tempauth => {
                let port = port.unwrap_or(self.swift.port);
                format!(
                    "  auth_url: http://127.0.0.1:{port}/auth/v1.0\n  username: {ACCOUNT}:{USER}\n"
                )
            }
            Knows::Keystone(keystone, _) => {
                let region = match port {
                    None => "one".to_owned(),
                    Some(port) => {
                        let region = format!("at-{port}");
                        if keystone
                            .ask("GET", &format!("regions/{region}"), &Value::Null)
                            .0
                            == 404
                        {
                            keystone.region(&region, port);
                        }
                        region
                    }
                };
                let port = keystone.port();
                format!(
                    "  auth_url: http://127.0.0.1:{port}/v3\n  username: {USER}\n  domain_name: Default\n  \
                     project_name: metrics\n  project_domain_name: Default\n  region_name: {region}\n"
                )
            }
        };
        let name = &self.name;
        format!("type: SWIFT\nconfig:\n{who}  password: {PASSWORD}\n  container_name: {name}\n")
    }

    /// The same, for who speaks S3 to it.
    pub fn text_as_s3(&self, port: Option<u16>) -> String {
        let Credentials {
            access_key,
            secret_key,
        } = Swift::s3_credentials();
        let (name, port) = (&self.name, port.unwrap_or(self.swift.port));
        format!(
            "type: S3\nconfig:\n  bucket: {name}\n  endpoint: 127.0.0.1:{port}\n  insecure: true\n  \
             access_key: {access_key}\n  secret_key: {secret_key}\n"
        )
    }

    /// What a listing tells of every object, the parts of large ones too.
    pub fn listed(&self) -> Vec<Value> {
        let (mut all, mut marker) = (Vec::<Value>::new(), String::new());
        loop {
            let query = format!("?format=json&marker={}", escaped(&marker));
            let answer = self.ask("GET", &query, &[], b"");
            if answer.status == 404 {
                return all;
            }
            let page: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
            let Some(last) = page.last() else { return all };
            last["name"].as_str().unwrap().clone_into(&mut marker);
            all.extend(page);
        }
    }

    /// The names of the parts of large objects that lie in it.
    pub fn segments(&self) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| name.starts_with(SEGMENTS));
        names
    }

    fn names(&self) -> Vec<String> {
        let listed = self.listed().into_iter();
        let names = listed.map(|object| object["name"].as_str().unwrap().to_owned());
        names.collect()
    }
}

/// Where Thanos puts the parts of large objects.
const SEGMENTS: &str = "segments/";

fn escaped(name: &str) -> String {
    super::http::query_escape(name)
}

/// Objects; the parts of large ones are none.
impl Contents for Container {
    fn tree(&self) -> Tree {
        let names = self.names().into_iter();
        let names = names.filter(|name| !name.starts_with(SEGMENTS));
        names
            .filter_map(|name| {
                let got = self.ask("GET", &format!("/{}", escaped(&name)), &[], b"");
                // What a process that was killed had asked for may be done a moment later.
                (got.status == 200).then_some((name, got.body))
            })
            .collect()
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        let put = self.ask("PUT", &format!("/{}", escaped(name)), &[], &content);
        assert_eq!(put.status, 201, "{name}");
    }

    fn remove(&self, name: &str) {
        let object = format!("/{}", escaped(name));
        // Asked to remove the parts of what has none, Swift answers 200 and removes nothing.
        let is_large = self
            .ask("HEAD", &object, &[], b"")
            .header("x-static-large-object")
            .is_some();
        let query = if is_large {
            "?multipart-manifest=delete"
        } else {
            ""
        };
        let removed = self.ask("DELETE", &(object + query), &[], b"");
        assert!(
            matches!(removed.status, 200 | 204),
            "{name}: {}",
            removed.status
        );
    }
}
