//! A MinIO of its own for a scenario, and the pairs of buckets in it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path as Key;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use reqwest::Method;
use tokio::runtime::Runtime;

use crate::ground::{Ground, Held, MARK, Site};
use crate::s3::{REGION, Service};
use crate::work::{Block, Object, PART_BYTES};

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

/// A running MinIO, stopped and its data removed when dropped.
pub struct Minio {
    server: Child,
    runtime: Runtime,
    service: Service,
    scheme: Scheme,
    port: u16,
    folder: PathBuf,
}

const ACCESS_KEY: &str = "bench-access";
const SECRET_KEY: &str = "bench-secret";

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

impl Minio {
    /// Starts MinIO on a free loopback port, its data in a new folder of that path, and waits until it answers.
    pub fn start(program: &Path, folder: &Path, scheme: Scheme) -> Result<Self> {
        let certs = folder.join("certs");
        fs::create_dir_all(&certs)?;
        if scheme == Scheme::Https {
            let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
            fs::write(certs.join("public.crt"), made.cert.pem())?;
            fs::write(certs.join("private.key"), made.signing_key.serialize_pem())?;
        }
        let log = fs::File::create(folder.join("log"))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let server = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(program)
            .args(["server", "--quiet", "--address"])
            .arg(format!("127.0.0.1:{port}"))
            .args(["--console-address", "127.0.0.1:0", "--certs-dir"])
            .arg(certs)
            .arg(folder.join("data"))
            .env("MINIO_ROOT_USER", ACCESS_KEY)
            .env("MINIO_ROOT_PASSWORD", SECRET_KEY)
            .env("MINIO_PROMETHEUS_AUTH_TYPE", "public")
            .env("MINIO_BROWSER", "off")
            .stdin(Stdio::piped())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .context("could not start MinIO")?;
        let mut this = Self {
            server,
            runtime: Runtime::new()?,
            service: Service::new(&scheme.at(port), ACCESS_KEY, SECRET_KEY)?,
            scheme,
            port,
            folder: folder.to_owned(),
        };
        this.wait_until_ready()?;
        Ok(this)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        // It says that it is ready a moment before it takes requests of S3, so it is asked for its buckets.
        let buckets = "/";
        while began.elapsed() < Duration::from_mins(1) && self.server.try_wait()?.is_none() {
            let asked = self.service.ask(Method::GET, buckets, None);
            if self.runtime.block_on(asked).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log"))?;
        bail!("could not start MinIO: {log}")
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A new pair of buckets, whose names end with that one. Programs come to it through a port of 127.0.0.1 that leads here.
    pub fn pair(&self, name: &str, port: u16) -> Result<Pair<'_>> {
        let [source, target] = ["hot", "cold"].map(|side| format!("{side}-{name}"));
        for bucket in [&source, &target] {
            self.runtime.block_on(self.service.make_bucket(bucket))?;
        }
        let tls = self.scheme == Scheme::Https;
        let certificate = tls.then(|| self.folder.join("certs/public.crt"));
        let config = |bucket: &str, file: &str, more: &str| -> Result<PathBuf> {
            let trusted = certificate.as_ref().map_or_else(String::new, |path| {
                let path = path.display();
                format!("  http_config:\n    tls_config:\n      ca_file: {path}\n")
            });
            let text = format!(
                "type: S3\nconfig:\n  bucket: {bucket}\n  endpoint: 127.0.0.1:{port}\n  region: {REGION}\n  insecure: {}\n  \
                 access_key: {ACCESS_KEY}\n  secret_key: {SECRET_KEY}\n{trusted}{more}",
                !tls
            );
            let path = self.folder.join(format!("{bucket}{file}.yaml"));
            fs::write(&path, text)?;
            Ok(path)
        };
        let site = Site {
            endpoint: self.scheme.at(port),
            source_config: config(&source, "", "")?,
            target_config: config(&target, "", "")?,
            target_config_without_md5: config(
                &target,
                "-without-md5",
                "  send_content_md5: false\n",
            )?,
            certificate,
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            source,
            target,
        };
        Ok(Pair { minio: self, site })
    }

    /// Removes from the disk what was removed from buckets, which MinIO does by itself some minutes later, in the middle of a run.
    fn empty_trash(&self) {
        let trash = self.folder.join("data/.minio.sys/tmp/.trash");
        for entry in fs::read_dir(&trash).into_iter().flatten().flatten() {
            // What is gone by now was removed by MinIO.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Minio {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Scheme {
    fn at(self, port: u16) -> String {
        match self {
            Self::Http => format!("http://127.0.0.1:{port}"),
            Self::Https => format!("https://127.0.0.1:{port}"),
        }
    }
}

/// A source and a target in a [`Minio`].
pub struct Pair<'a> {
    minio: &'a Minio,
    site: Site,
}

impl Pair<'_> {
    async fn put(&self, object: &Object) -> Result<()> {
        let source = self.minio.service.bucket(&self.site.source)?;
        let key = Key::parse(&object.name)?;
        if object.bytes() <= PART_BYTES {
            let whole: Vec<u8> = object.parts().flatten().collect();
            source.put(&key, whole.into()).await?;
            return Ok(());
        }
        let mut upload = source.put_multipart(&key).await?;
        for part in object.parts() {
            upload.put_part(part.into()).await?;
        }
        upload.complete().await?;
        Ok(())
    }

    fn held(&self, bucket: &str) -> Result<Held> {
        let bucket = self.minio.service.bucket(bucket)?;
        let counted = bucket
            .list(None)
            .try_fold(Held::default(), async |mut held, object| {
                held.add(object.location.as_ref(), object.size);
                Ok(held)
            });
        Ok(self.minio.runtime.block_on(counted)?)
    }
}

impl Ground for Pair<'_> {
    fn site(&self) -> &Site {
        &self.site
    }

    fn fill(&self, blocks: &[Block]) -> Result<()> {
        let objects = blocks.iter().flat_map(Block::objects);
        let put = stream::iter(objects)
            .map(async |object| self.put(&object).await)
            .buffer_unordered(8)
            .try_collect::<()>();
        self.minio.runtime.block_on(put)
    }

    fn reset(&self) -> Result<()> {
        let service = &self.minio.service;
        self.minio.runtime.block_on(async {
            service.remove_bucket(&self.site.target).await?;
            service.make_bucket(&self.site.target).await?;
            let source = service.bucket(&self.site.source)?;
            let listed = source.list(None).map_ok(|object| object.location);
            let listed: Vec<_> = listed.try_collect().await?;
            let is_mark = |key: &Key| key.filename() == Some(MARK);
            let marks = stream::iter(listed.into_iter().filter(is_mark).map(Ok)).boxed();
            source.delete_stream(marks).try_collect::<Vec<_>>().await?;
            anyhow::Ok(())
        })?;
        self.minio.empty_trash();
        Ok(())
    }

    fn source(&self) -> Result<Held> {
        self.held(&self.site.source)
    }

    fn target(&self) -> Result<Held> {
        self.held(&self.site.target)
    }

    fn requests(&self) -> Result<Option<u32>> {
        let asked = self
            .minio
            .service
            .ask(Method::GET, "/minio/metrics/v3/api/requests", None);
        let metrics = self.minio.runtime.block_on(asked)?;
        Ok(Some(requests_in(&metrics)))
    }
}

/// The sum over all kinds of requests of S3, from MinIO's metrics.
fn requests_in(metrics: &str) -> u32 {
    let lines = metrics.lines().filter(|line| {
        line.starts_with("minio_api_requests_total{") && line.contains("type=\"s3\"")
    });
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok());
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::requests_in;

    #[test]
    fn requests_of_every_kind_count_and_nothing_else_does() {
        let metrics = "# TYPE minio_api_requests_total counter\n\
            minio_api_requests_total{name=\"GetObject\",server=\"a\",type=\"s3\"} 12\n\
            minio_api_requests_total{name=\"PutObject\",server=\"a\",type=\"s3\"} 30\n\
            minio_api_requests_5xx_errors_total{name=\"PutObject\",server=\"a\",type=\"s3\"} 7\n";
        assert_eq!(requests_in(metrics), 42);
    }
}
