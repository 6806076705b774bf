//! A MinIO of its own for a test, and its buckets.

use std::path::{Path, PathBuf};
use std::process::Command;

use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::folders::tree;
use super::http;
use super::servers::{Server, free_port, program};
use super::world::Tree;

/// A running MinIO, stopped when dropped.
pub struct Minio {
    // Fields are dropped in this order: the server before its folder.
    _server: Server,
    runtime: Runtime,
    root: Credentials,
    port: u16,
    scheme: Scheme,
    region: &'static str,
    folder: TempDir,
}

/// The key named `tests`: 32 bytes, none of them secret.
const KMS_KEY: &str = "tests:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Where a server is that says nothing of it.
const REGION: &str = "us-east-1";

/// What a server speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn at(self, port: u16) -> String {
        let name = match self {
            Self::Http => "http",
            Self::Https => "https",
        };
        format!("{name}://127.0.0.1:{port}")
    }
}

/// A name and a secret that MinIO knows.
#[derive(Clone)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
}

/// What a server gives for a while: it looks at the token of each request.
pub struct Temporary {
    pub access_key: String,
    pub secret_key: String,
    pub token: String,
}

impl Minio {
    /// Starts MinIO on a free loopback port and waits until it answers.
    pub fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), Scheme::Http, REGION)
    }

    /// The same, in a region that it insists on.
    pub fn start_in_region(region: &'static str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), Scheme::Http, region)
    }

    /// The same, with TLS and a certificate that nobody else vouches for.
    pub fn start_with_tls() -> Self {
        Self::start_with_tls_as("127.0.0.1")
    }

    /// The same, and its certificate is for that name.
    pub fn start_with_tls_as(name: &str) -> Self {
        Self::start_with(&rcgen::CertificateParams::new([name.to_owned()]).unwrap())
    }

    /// The same, and its certificate is an authority's, as those that `openssl req -x509` makes are.
    pub fn start_as_its_own_authority(name: &str) -> Self {
        let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self::start_with(&params)
    }

    fn start_with(params: &rcgen::CertificateParams) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let certs = folder.path().join("certs");
        std::fs::create_dir(&certs).unwrap();
        std::fs::write(certs.join("public.crt"), made.pem()).unwrap();
        std::fs::write(certs.join("private.key"), key.serialize_pem()).unwrap();
        Self::start_in(folder, Scheme::Https, REGION)
    }

    fn start_in(folder: TempDir, scheme: Scheme, region: &'static str) -> Self {
        let log = folder.path().join("log");
        // Somebody else may take the port between its choice and its use.
        for _ in 0..5 {
            let port = free_port();
            let root = Credentials {
                access_key: format!("root-{port}"),
                secret_key: format!("secret-{port}"),
            };
            let mut command = Command::new(program("minio"));
            command
                .args(["server", "--quiet", "--address"])
                .arg(format!("127.0.0.1:{port}"))
                .args(["--console-address", "127.0.0.1:0", "--certs-dir"])
                .arg(folder.path().join("certs"))
                .arg(folder.path().join("data"))
                .env("MINIO_ROOT_USER", &root.access_key)
                .env("MINIO_ROOT_PASSWORD", &root.secret_key)
                // The name and the bytes of a key by which objects may be encrypted.
                .env("MINIO_KMS_SECRET_KEY", KMS_KEY)
                .env("MINIO_BROWSER", "off");
            if region != REGION {
                command.env("MINIO_SITE_REGION", region);
            }
            let mut server = Server::start(&command, &log);
            let ready = server.wait_until(|| match http::get(port, "/minio/health/ready") {
                Some((status, _)) => status == 200 || scheme == Scheme::Https,
                None => false,
            });
            if ready {
                return Self {
                    _server: server,
                    runtime: Runtime::new().unwrap(),
                    root,
                    port,
                    scheme,
                    region,
                    folder,
                };
            }
        }
        panic!(
            "MinIO does not start: {}",
            std::fs::read_to_string(log).unwrap()
        );
    }

    /// Whether it speaks TLS.
    pub fn speaks_tls(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the multipart uploads lie that were begun and neither completed nor aborted. `ListMultipartUploads` is told from memory and goes on
    /// showing some that are gone.
    pub fn uploads(&self) -> Vec<PathBuf> {
        let inside = |folder: PathBuf| {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path())
        };
        let folder = self.folder.path().join("data/.minio.sys/multipart");
        inside(folder).flat_map(inside).collect()
    }

    /// The certificate that it presents, in PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certs/public.crt")
    }

    /// Runs the client `mc`, which knows this server as `minio`.
    pub fn mc(&self, arguments: &[&str]) -> String {
        let Credentials {
            access_key,
            secret_key,
        } = &self.root;
        let ran = Command::new(program("mc"))
            .args(["--quiet", "--json", "--insecure"])
            .args(arguments)
            .env("MC_CONFIG_DIR", self.folder.path().join("mc"))
            .env(
                "MC_HOST_minio",
                self.scheme
                    .at(self.port)
                    .replace("://", &format!("://{access_key}:{secret_key}@")),
            )
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success(), "mc {arguments:?}: {said}");
        said
    }

    /// A new, empty bucket.
    pub fn bucket(&self, name: &str) -> Bucket<'_> {
        self.mc(&["mb", &format!("minio/{name}")]);
        self.opened(name)
    }

    /// A new, empty bucket whose objects cannot be deleted for good for a day.
    pub fn locked_bucket(&self, name: &str) -> Bucket<'_> {
        let bucket = format!("minio/{name}");
        self.mc(&["mb", "--with-lock", &bucket]);
        self.mc(&["retention", "set", "--default", "governance", "1d", &bucket]);
        self.opened(name)
    }

    fn opened(&self, name: &str) -> Bucket<'_> {
        let store = AmazonS3Builder::new()
            .with_endpoint(self.scheme.at(self.port))
            .with_client_options(
                ClientOptions::new()
                    .with_allow_http(true)
                    .with_allow_invalid_certificates(true),
            )
            .with_region(self.region)
            .with_bucket_name(name)
            .with_access_key_id(&self.root.access_key)
            .with_secret_access_key(&self.root.secret_key)
            .build()
            .unwrap();
        Bucket {
            minio: self,
            name: name.to_owned(),
            store,
        }
    }

    /// Credentials that are good for an hour, with all rights.
    pub fn temporary(&self) -> Temporary {
        let body = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600";
        let mut request = HttpRequest::new(HttpRequestBody::from(body.to_owned()));
        *request.method_mut() = reqwest::Method::POST;
        *request.uri_mut() = format!("{}/", self.scheme.at(self.port)).parse().unwrap();
        let form = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert("content-type", form);
        let credential = AwsCredential {
            key_id: self.root.access_key.clone(),
            secret_key: self.root.secret_key.clone(),
            token: None,
        };
        let digest = Sha256::digest(body);
        AwsAuthorizer::new(&credential, "sts", self.region)
            .try_authorize(&mut request, Some(&digest))
            .unwrap();
        let client = HttpClient::new(reqwest::Client::new());
        let ask = async || {
            let answer = client.execute(request.clone()).await.unwrap();
            let said = answer.into_body().bytes().await.unwrap();
            String::from_utf8(said.to_vec()).unwrap()
        };
        // A server that takes objects may not know its users yet.
        let said = self.runtime.block_on(async {
            for _ in 0..100 {
                let said = ask().await;
                if said.contains("<SessionToken>") {
                    return said;
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            ask().await
        });
        let element = |name: &str| {
            let after = said.split_once(&format!("<{name}>"));
            let (_, rest) = after.unwrap_or_else(|| panic!("{said}"));
            rest.split('<').next().unwrap().to_owned()
        };
        Temporary {
            access_key: element("AccessKeyId"),
            secret_key: element("SecretAccessKey"),
            token: element("SessionToken"),
        }
    }

    /// A user with a policy of these statements, such as `{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::hot/*"]}`.
    pub fn user(&self, name: &str, statements: &serde_json::Value) -> Credentials {
        let user = Credentials {
            access_key: name.to_owned(),
            secret_key: format!("{name}-secret"),
        };
        let policy = self.folder.path().join(format!("{name}.json"));
        let text = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
        std::fs::write(&policy, text.to_string()).unwrap();
        self.mc(&[
            "admin",
            "user",
            "add",
            "minio",
            &user.access_key,
            &user.secret_key,
        ]);
        self.mc(&[
            "admin",
            "policy",
            "create",
            "minio",
            name,
            policy.to_str().unwrap(),
        ]);
        self.mc(&["admin", "policy", "attach", "minio", name, "--user", name]);
        user
    }

    /// A user who may list and read every bucket, and nothing else.
    pub fn reader(&self) -> Credentials {
        self.user(
            "reader",
            &serde_json::json!([{
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject"],
                "Resource": ["arn:aws:s3:::*"],
            }]),
        )
    }
}

/// A bucket of a [`Minio`], seen with all rights.
pub struct Bucket<'a> {
    minio: &'a Minio,
    name: String,
    store: AmazonS3,
}

impl Bucket<'_> {
    /// Puts every file below a folder, under its path there.
    pub fn put_all(&self, folder: &Path) {
        for (name, content) in tree(folder) {
            self.put(&name, content);
        }
    }

    /// Puts one object, encrypted by a key of the server's, so that its entity tag is no digest.
    pub fn put_encrypted(&self, name: &str, content: impl AsRef<[u8]>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let encrypted = format!("--enc-kms=minio/{}=tests", self.name);
        let to = format!("minio/{}/{name}", self.name);
        self.minio
            .mc(&["cp", &encrypted, file.path().to_str().unwrap(), &to]);
    }

    /// Puts one object.
    pub fn put(&self, name: &str, content: impl Into<Vec<u8>>) {
        let payload = content.into().into();
        self.minio
            .runtime
            .block_on(self.store.put(&Key::from(name), payload))
            .unwrap();
    }

    /// Puts an empty object, whatever its name is. Tells whether the server takes such a name.
    pub fn put_as_is(&self, name: &str) -> bool {
        // What signatures leave as it is stays so.
        let escape = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        };
        let escaped: String = name.bytes().map(escape).collect();
        let url = format!(
            "{}/{}/{escaped}",
            self.minio.scheme.at(self.minio.port),
            self.name
        );
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = reqwest::Method::PUT;
        *request.uri_mut() = url.parse().unwrap();
        let Credentials {
            access_key,
            secret_key,
        } = self.root();
        let credential = AwsCredential {
            key_id: access_key.clone(),
            secret_key: secret_key.clone(),
            token: None,
        };
        AwsAuthorizer::new(&credential, "s3", "us-east-1")
            .try_authorize(&mut request, None)
            .unwrap();
        let client = HttpClient::new(reqwest::Client::new());
        let answer = self.minio.runtime.block_on(client.execute(request));
        answer.unwrap().status().is_success()
    }

    /// Puts one object in parts of these sizes.
    pub fn put_in_parts(&self, name: &str, content: &[u8], sizes: &[usize]) {
        let put = async {
            let name = Key::parse(name).unwrap();
            let mut upload = self.store.put_multipart(&name).await.unwrap();
            let mut rest = content;
            for size in sizes {
                let (part, after) = rest.split_at(*size);
                upload.put_part(part.to_vec().into()).await.unwrap();
                rest = after;
            }
            assert!(rest.is_empty());
            upload.complete().await.unwrap();
        };
        self.minio.runtime.block_on(put);
    }

    /// The entity tag of one object.
    pub fn tag(&self, name: &str) -> String {
        let name = Key::parse(name).unwrap();
        let head = self.minio.runtime.block_on(self.store.head(&name));
        head.unwrap().e_tag.unwrap()
    }

    /// Removes one object.
    pub fn remove(&self, name: &str) {
        self.minio
            .runtime
            .block_on(self.store.delete(&Key::from(name)))
            .unwrap();
    }

    /// Whether nothing lies in it now.
    pub fn is_empty(&self) -> bool {
        let first = self
            .minio
            .runtime
            .block_on(self.store.list(None).try_next());
        first.unwrap().is_none()
    }

    /// Every object with its content.
    pub fn tree(&self) -> Tree {
        self.minio.runtime.block_on(async {
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

    /// The bucket's configuration in Thanos' format, as root, through that port where one is given.
    pub fn text(&self, port: Option<u16>) -> String {
        let port = port.unwrap_or(self.minio.port);
        self.text_for(&self.minio.root, port, "")
    }

    /// Writes the bucket's configuration in Thanos' format to a file of that name, as root.
    pub fn config(&self, file: &str) -> PathBuf {
        self.config_for(file, &self.minio.root.clone(), self.minio.port, "")
    }

    /// The same, as somebody else, through another port (of a proxy), and with more lines below `config`.
    pub fn config_for(&self, file: &str, user: &Credentials, port: u16, more: &str) -> PathBuf {
        let path = self.minio.folder.path().join(file);
        std::fs::write(&path, self.text_for(user, port, more)).unwrap();
        path
    }

    fn text_for(&self, user: &Credentials, port: u16, more: &str) -> String {
        let Self { name, .. } = self;
        let Credentials {
            access_key,
            secret_key,
        } = user;
        let insecure = self.minio.scheme == Scheme::Http;
        format!(
            "type: S3\nconfig:\n  bucket: {name}\n  endpoint: 127.0.0.1:{port}\n  insecure: {insecure}\n  \
             access_key: {access_key}\n  secret_key: {secret_key}\n{more}"
        )
    }

    /// The server.
    pub fn minio(&self) -> &Minio {
        self.minio
    }

    /// The credentials with all rights.
    pub fn root(&self) -> &Credentials {
        &self.minio.root
    }
}
