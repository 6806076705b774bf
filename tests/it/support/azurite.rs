//! Azurite, one for all tests of a process, and containers of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::TryStreamExt;
use object_store::azure::{
    AzureAccessKey, AzureAuthorizer, AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder,
};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, PutPayload};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::http;
use super::servers::{Server, free_port, program};
use super::world::{Contents, Tree};

/// The account of Azure's emulators, and its key, which everybody knows.
pub const ACCOUNT: &str = "devstoreaccount1";
pub const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running Azurite, which keeps everything in memory and ends with this process.
pub struct Azurite {
    _server: Server,
    port: u16,
    runtime: Runtime,
}

/// A container of it, seen with all rights, and a folder for configurations.
pub struct Container {
    pub name: String,
    store: MicrosoftAzure,
    folder: TempDir,
}

static SHARED: LazyLock<Azurite> = LazyLock::new(|| Azurite::start(&[]));

impl Azurite {
    /// The one that all tests share.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// One of its own, with more arguments.
    pub fn start(arguments: &[&str]) -> Self {
        let is_secure = arguments.contains(&"--cert");
        for _ in 0..5 {
            let port = free_port();
            let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("azurite-{port}.log"));
            let mut command = Command::new(program("azurite-blob"));
            command
                .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
                .args(["--inMemoryPersistence", "--disableTelemetry", "--silent"])
                .args(arguments);
            let mut server = Server::start(&command, &log);
            let ready = server.wait_until(|| {
                if is_secure {
                    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
                } else {
                    http::get(port, "/").is_some()
                }
            });
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let _ = std::fs::remove_file(log);
            if ready {
                return Self {
                    _server: server,
                    port,
                    runtime: Runtime::new().unwrap(),
                };
            }
            assert!(
                said.contains("EADDRINUSE"),
                "Azurite does not start: {said}"
            );
        }
        panic!("Azurite does not start: every port is taken");
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// A container that is still to be made, whose name begins so.
    pub fn name(&self, beginning: &str) -> Container {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("{beginning}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let store = MicrosoftAzureBuilder::new()
            .with_account(ACCOUNT)
            .with_access_key(KEY)
            .with_endpoint(self.address())
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_container_name(&name)
            .build()
            .unwrap();
        Container {
            name,
            store,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A new, empty container.
    pub fn container(&self, beginning: &str) -> Container {
        let container = self.name(beginning);
        let path = format!("/{}?restype=container", container.name);
        let (made, said) = self.ask("PUT", &path, &[], "");
        assert_eq!(made, 201, "{said}");
        container
    }

    /// Asks something with the key; the status of the answer, and its body.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> (u16, String) {
        let mut request = HttpRequest::new(HttpRequestBody::from(body.to_owned()));
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = format!("{}{path}", self.address()).parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request
            .headers_mut()
            .insert("content-length", body.len().into());
        let key = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
        AzureAuthorizer::new(&key, ACCOUNT)
            .try_authorize(&mut request)
            .unwrap();
        let client = HttpClient::new(reqwest::Client::new());
        self.runtime.block_on(async {
            let answer = client.execute(request).await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.into_body().bytes().await.unwrap();
            (status, String::from_utf8_lossy(&body).into_owned())
        })
    }
}

impl Container {
    /// Its configuration in Thanos' format, in a file of that name.
    pub fn config(&self, file: &str) -> PathBuf {
        self.config_for(file, KEY, Azurite::shared().port, "")
    }

    /// The same, with another key, through another port (of a proxy), and with more lines below `config`.
    pub fn config_for(&self, file: &str, key: &str, port: u16, more: &str) -> PathBuf {
        let proof = format!("AccountName={ACCOUNT};AccountKey={key}");
        self.config_by(file, &proof, port, more)
    }

    /// The same, with something else in the connection string that proves the right to it.
    pub fn config_by(&self, file: &str, proof: &str, port: u16, more: &str) -> PathBuf {
        let path = self.folder.path().join(file);
        std::fs::write(&path, self.text_by(proof, port) + more).unwrap();
        path
    }

    /// The same as text, through that port where one is given.
    pub fn text(&self, port: Option<u16>) -> String {
        let proof = format!("AccountName={ACCOUNT};AccountKey={KEY}");
        self.text_by(&proof, port.unwrap_or(Azurite::shared().port))
    }

    fn text_by(&self, proof: &str, port: u16) -> String {
        format!(
            "type: AZURE\nconfig:\n  storage_account: {ACCOUNT}\n  container: {}\n  storage_connection_string: \
             \"DefaultEndpointsProtocol=http;{proof};BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};\"\n",
            self.name
        )
    }

    /// Whether it was made.
    pub fn exists(&self) -> bool {
        let path = format!("/{}?restype=container", self.name);
        Azurite::shared().ask("GET", &path, &[], "").0 == 200
    }

    /// The MD5 that a listing tells of an object, in base64; `None` where it tells none.
    pub fn md5(&self, name: &str) -> Option<String> {
        let listed = self.listing();
        let (_, after) = listed.split_once(&format!("<Name>{name}</Name>"))?;
        let (object, _) = after.split_once("</Blob>")?;
        let (_, after) = object.split_once("<Content-MD5>")?;
        Some(after.split_once('<')?.0.to_owned())
    }

    /// The first page of everything in it, as the server writes it.
    pub fn listing(&self) -> String {
        let path = format!("/{}?restype=container&comp=list", self.name);
        Azurite::shared().ask("GET", &path, &[], "").1
    }
}

impl Contents for Container {
    fn tree(&self) -> Tree {
        Azurite::shared().runtime.block_on(async {
            let listed = self.store.list(None).try_collect().await;
            let listed: Vec<object_store::ObjectMeta> = match listed {
                Err(err) if err.to_string().contains("ContainerNotFound") => Vec::new(),
                listed => listed.unwrap(),
            };
            let mut found = Tree::new();
            for object in listed {
                let answer = match self.store.get(&object.location).await {
                    // What a process that was killed had asked for may be done a moment later.
                    Err(object_store::Error::NotFound { .. }) => continue,
                    answer => answer.unwrap(),
                };
                let content = answer.bytes().await.unwrap();
                found.insert(object.location.to_string(), content.to_vec());
            }
            found
        })
    }

    fn put(&self, name: &str, content: Vec<u8>) {
        let key = Key::parse(name).unwrap();
        let put = self.store.put(&key, PutPayload::from(content));
        Azurite::shared().runtime.block_on(put).unwrap();
    }

    fn remove(&self, name: &str) {
        let key = Key::parse(name).unwrap();
        Azurite::shared()
            .runtime
            .block_on(self.store.delete(&key))
            .unwrap();
    }
}
