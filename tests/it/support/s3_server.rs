//! Servers of S3 that are not `MinIO`: `SeaweedFS`, versitygw, moto and s3proxy, and buckets of theirs.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::http;
use super::minio::Credentials;
use super::s3_request;
use super::servers::{Server, free_port, program};
use super::world::{Contents, Tree};

/// A running server, stopped when dropped.
pub struct S3Server {
    // Fields are dropped in this order: the server before its folder.
    _server: Server,
    runtime: Runtime,
    name: &'static str,
    root: Credentials,
    port: u16,
    folder: TempDir,
}

impl S3Server {
    /// `SeaweedFS`, with all that its gateway needs in one process.
    pub fn seaweedfs() -> Self {
        Self::start("SeaweedFS", |folder, root, port| {
            let data = folder.join("data");
            std::fs::create_dir(&data).unwrap();
            let identities = folder.join("identities.json");
            let text = serde_json::json!({"identities": [{
                "name": "root",
                "credentials": [{"accessKey": root.access_key, "secretKey": root.secret_key}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }]});
            std::fs::write(&identities, text.to_string()).unwrap();
            let mut command = Command::new(program("weed"));
            command
                .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"])
                .arg("-master.telemetry=false")
                .args(["-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"])
                .args(["-master.volumeSizeLimitMB=64", "-volume.max=100"])
                .arg(format!("-dir={}", data.display()))
                .arg(format!("-s3.config={}", identities.display()))
                .arg(format!("-s3.port={port}"));
            for other in [
                "master.port",
                "master.port.grpc",
                "volume.port",
                "volume.port.grpc",
                "filer.port",
                "filer.port.grpc",
                "s3.port.grpc",
            ] {
                command.arg(format!("-{other}={}", free_port()));
            }
            for gateway in ["filer", "s3"] {
                let socket = folder.join(format!("{gateway}.sock"));
                command.arg(format!("-{gateway}.localSocket={}", socket.display()));
            }
            // It writes logs and sockets where temporary files go.
            command.env("HOME", folder).env("TMPDIR", folder);
            command
        })
    }

    /// versitygw, before a folder.
    pub fn versitygw() -> Self {
        Self::start("versitygw", |folder, root, port| {
            let data = folder.join("data");
            std::fs::create_dir(&data).unwrap();
            let mut command = Command::new(program("versitygw"));
            command
                .args(["--quiet", "--port"])
                .arg(format!("127.0.0.1:{port}"))
                .arg("posix")
                .arg(data)
                .env("ROOT_ACCESS_KEY", &root.access_key)
                .env("ROOT_SECRET_KEY", &root.secret_key);
            command
        })
    }

    /// moto, which plays Amazon's services in memory and believes every signature.
    pub fn moto() -> Self {
        Self::start("moto", |folder, _, port| {
            let mut command = Command::new(program("moto"));
            command
                .arg("--host=127.0.0.1")
                .arg(format!("--port={port}"))
                .env("HOME", folder)
                .env("TMPDIR", folder);
            command
        })
    }

    /// s3proxy, before a folder.
    pub fn s3proxy() -> Self {
        Self::start("s3proxy", |folder, root, port| {
            let data = folder.join("data");
            std::fs::create_dir(&data).unwrap();
            let Credentials {
                access_key,
                secret_key,
            } = root;
            let properties = folder.join("s3proxy.conf");
            let text = format!(
                "s3proxy.endpoint=http://127.0.0.1:{port}\ns3proxy.authorization=aws-v2-or-v4\n\
                 s3proxy.identity={access_key}\ns3proxy.credential={secret_key}\n\
                 jclouds.provider=filesystem-nio2\njclouds.identity=a\njclouds.credential=b\n\
                 jclouds.filesystem.basedir={}\n",
                data.display()
            );
            std::fs::write(&properties, text).unwrap();
            let mut command = Command::new(program("s3proxy"));
            command.arg("--properties").arg(properties);
            // Java does not look at TMPDIR.
            let temporary = format!("-Djava.io.tmpdir={}", folder.display());
            command
                .env("HOME", folder)
                .env("JAVA_TOOL_OPTIONS", temporary);
            command
        })
    }

    fn start(name: &'static str, command: impl Fn(&Path, &Credentials, u16) -> Command) -> Self {
        let mut said = String::new();
        // Somebody else may take a port between its choice and its use.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let log = folder.path().join("log");
            let port = free_port();
            let root = Credentials {
                access_key: format!("root-{port}"),
                secret_key: format!("secret-{port}"),
            };
            let mut server = Server::start(&command(folder.path(), &root, port), &log);
            let answers = || http::get(port, "/").is_some_and(|(status, _)| status < 500);
            if server.wait_until(answers) {
                let started = Self {
                    _server: server,
                    runtime: Runtime::new().unwrap(),
                    name,
                    root,
                    port,
                    folder,
                };
                if started.takes_objects() {
                    return started;
                }
                drop(started);
                continue;
            }
            said = std::fs::read_to_string(log).unwrap();
        }
        panic!("{name} does not start: {said}");
    }

    /// A server that answers may have no room yet: its parts have to find each other.
    fn takes_objects(&self) -> bool {
        let began = std::time::Instant::now();
        while began.elapsed() < std::time::Duration::from_secs(30) {
            if self.ask("PUT", "first") == 200 {
                let bucket = self.opened("first");
                let name = Key::from("first");
                let put = bucket.store.put(&name, "first".into());
                if self.runtime.block_on(put).is_ok() {
                    return true;
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        false
    }

    /// The status that a request without a body is answered with.
    fn ask(&self, method: &str, path: &str) -> u16 {
        let asked = s3_request::ask(&self.root, self.port, (method, path), &[], Bytes::new());
        let (status, _) = self.runtime.block_on(asked);
        status
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The credentials with all rights.
    pub fn root(&self) -> &Credentials {
        &self.root
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A new, empty bucket.
    pub fn bucket(&self, name: &str) -> Bucket<'_> {
        assert_eq!(self.ask("PUT", name), 200, "{name}");
        self.opened(name)
    }

    fn opened(&self, name: &str) -> Bucket<'_> {
        let store = AmazonS3Builder::new()
            .with_endpoint(format!("http://127.0.0.1:{}", self.port))
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_region("us-east-1")
            .with_bucket_name(name)
            .with_access_key_id(&self.root.access_key)
            .with_secret_access_key(&self.root.secret_key)
            .build()
            .unwrap();
        Bucket {
            server: self,
            name: name.to_owned(),
            store,
        }
    }
}

/// A bucket of an [`S3Server`], seen with all rights.
pub struct Bucket<'a> {
    server: &'a S3Server,
    name: String,
    store: AmazonS3,
}

impl Bucket<'_> {
    /// The server.
    pub fn server(&self) -> &S3Server {
        self.server
    }

    /// The bucket's configuration in Thanos' format, through that port.
    pub fn text(&self, port: u16) -> String {
        let Credentials {
            access_key,
            secret_key,
        } = &self.server.root;
        format!(
            "type: S3\nconfig:\n  bucket: {}\n  endpoint: 127.0.0.1:{port}\n  insecure: true\n  \
             access_key: {access_key}\n  secret_key: {secret_key}\n",
            self.name
        )
    }

    /// The same, in a file of that name, through the port of a proxy.
    pub fn config_through(&self, file: &str, port: u16) -> PathBuf {
        let path = self.server.folder.path().join(file);
        std::fs::write(&path, self.text(port)).unwrap();
        path
    }

    /// The same, straight to the server.
    pub fn config(&self, file: &str) -> PathBuf {
        self.config_through(file, self.server.port)
    }
}

impl Contents for Bucket<'_> {
    fn tree(&self) -> Tree {
        self.server.runtime.block_on(async {
            let listed: Vec<_> = self.store.list(None).try_collect().await.unwrap();
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
        let name = Key::from(name);
        let put = self.store.put(&name, content.into());
        self.server.runtime.block_on(put).unwrap();
    }

    fn remove(&self, name: &str) {
        let name = Key::from(name);
        let removed = self.store.delete(&name);
        self.server.runtime.block_on(removed).unwrap();
    }
}
