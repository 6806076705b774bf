//! One suite for every kind of bucket and every server that speaks its language: what a migration relies on holds there, and what is seen of it is what
//! the provider's row says.
//!
//! To add a server: a test here that starts it and calls [`conforms`] with a [`Subject`].

mod listings;
mod names;
mod objects;
mod seen;

use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use thanos_bucket::Kind;
use thanos_bucket::bucket::{
    Access, Backend, BucketConfig, Differences, Environment, MissingRoot, Order, Store, differences,
};
use thanos_bucket::retry::{Jitter, Policy};

use crate::support::azurite::Azurite;
use crate::support::fake_gcs;
use crate::support::minio::Minio;
use crate::support::proxy::Line;
use crate::support::s3_server::S3Server;
use seen::Seen;

/// Two buckets of one service, and what is to be known of it.
pub struct Subject<'a> {
    /// The provider, as Thanos spells it.
    pub kind: &'a str,
    /// Bucket files of two empty buckets, through that port of a proxy where one is given.
    pub files: [&'a dyn Fn(Option<u16>) -> String; 2],
    /// The loopback port that it listens on; `None` for what is not asked over HTTP.
    pub port: Option<u16>,
    /// How many objects are listed in one piece.
    pub keys: usize,
    /// In which order its listings come, where that is not the row's.
    pub order: Option<Order>,
    /// What it takes in a name for something else: it is not asked for such names.
    pub mistaken: &'a [char],
    /// Whether it heeds no condition of a read, as an emulator may.
    pub reads_any_version: bool,
    /// What variables its bucket files are read with, through that port of a proxy where one is given.
    pub environment: &'a dyn Fn(Option<u16>) -> Environment,
}

/// What fails fails at once.
const AT_ONCE: Policy = Policy {
    max_retries: 0,
    initial_backoff: Duration::ZERO,
    max_backoff: Duration::ZERO,
    jitter: Jitter::None,
};

/// A bucket of the subject.
pub struct Opened {
    pub backend: Backend,
    pub differences: Differences,
}

impl Opened {
    async fn of(subject: &Subject<'_>, text: &str, port: Option<u16>) -> Self {
        let kind = subject.kind;
        let environment = (subject.environment)(port);
        let config = BucketConfig::parse(text, &environment).unwrap();
        let backend = config
            .open(Access::Write, MissingRoot::Empty)
            .await
            .unwrap();
        let (_, differences) = differences().find(|(named, _)| *named == kind).unwrap();
        Self {
            backend,
            differences,
        }
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.backend.store
    }
}

/// The whole suite; it leaves both buckets with what it put.
pub fn conforms(subject: &Subject) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let [one, two] = subject.files;
        let bucket = Opened::of(subject, &one(None), None).await;
        let beside = Opened::of(subject, &two(None), None).await;
        let mut seen = Seen::default();
        objects::are_read_and_replaced(&bucket, &mut seen, subject.reads_any_version).await;
        objects::are_created_once(&bucket, &mut seen).await;
        objects::may_be_empty(&bucket).await;
        objects::come_in_parts(&bucket, &mut seen).await;
        objects::are_copied_by_the_service(&bucket, &beside, &mut seen).await;
        objects::are_deleted(&bucket).await;
        listings::show_what_was_written(&bucket, &mut seen).await;
        listings::come_in_order_and_in_pages(&bucket, &mut seen).await;
        listings::hold_many(&bucket, subject.keys).await;
        names::are_kept_as_they_are(&bucket, subject.mistaken).await;
        names::may_begin_with_any_prefix(subject).await;
        if let Some(port) = subject.port {
            for cut_after in [0, 1000, 70_000] {
                let proxy = Line::to(port).fault(objects::cut(cut_after)).open();
                let broken =
                    Opened::of(subject, &one(Some(proxy.port())), Some(proxy.port())).await;
                objects::that_break_off_are_never_seen(&broken, &bucket).await;
            }
        }
        objects::that_are_given_up_are_never_seen(&bucket).await;
        let row = Differences {
            order: subject.order.unwrap_or(bucket.differences.order),
            ..bucket.differences
        };
        seen.agrees_with(&row);
    });
}

/// What an error means to a run; `None` of what succeeded.
fn kind<T>(bucket: &Opened, result: object_store::Result<T>) -> Option<Kind> {
    let err = result.err()?;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&err);
    while let Some(cause) = next {
        if let Some(meaning) = bucket.store().meaning(cause) {
            return Some(meaning.kind);
        }
        next = cause.source();
    }
    Some(match err {
        object_store::Error::NotFound { .. } => Kind::NotFound,
        object_store::Error::AlreadyExists { .. } => Kind::AlreadyExists,
        object_store::Error::Precondition { .. } => Kind::Changed,
        object_store::Error::NotImplemented { .. } => Kind::Unsupported,
        err => panic!("{err}"),
    })
}

/// The name of an object.
fn key(name: &str) -> Path {
    Path::parse(name).unwrap()
}

/// S-3.20
#[test]
fn folders_conform() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let path = folder.path().join(name).display().to_string();
        format!("type: FILESYSTEM\nconfig:\n  directory: {path}\n")
    };
    conforms(&Subject {
        kind: "FILESYSTEM",
        files: [&|_| file("one"), &|_| file("two")],
        port: None,
        keys: 10_000,
        order: None,
        mistaken: &[],
        reads_any_version: false,
        environment: &|_| Environment::default(),
    });
}

/// S-3.20
#[test]
fn minio_conforms() {
    let minio = Minio::start();
    let (one, two) = (minio.bucket("one"), minio.bucket("two"));
    conforms(&Subject {
        kind: "S3",
        files: [&|port| one.text(port), &|port| two.text(port)],
        port: Some(minio.port()),
        keys: 2_100,
        order: None,
        mistaken: &[],
        reads_any_version: false,
        environment: &|_| Environment::default(),
    });
}

/// S-3.20
#[test]
fn seaweedfs_conforms() {
    // A backslash is a slash to it: what is put under a name with one is not found again, so that no proof of it is ever made.
    s3_server_conforms(&S3Server::seaweedfs(), Some(Order::Directories), &['\\']);
}

/// S-3.20
#[test]
fn versitygw_conforms() {
    s3_server_conforms(&S3Server::versitygw(), None, &[]);
}

fn s3_server_conforms(server: &S3Server, order: Option<Order>, mistaken: &[char]) {
    let (one, two) = (server.bucket("one"), server.bucket("two"));
    let at = |port: Option<u16>| port.unwrap_or(server.port());
    conforms(&Subject {
        kind: "S3",
        files: [&|port| one.text(at(port)), &|port| two.text(at(port))],
        port: Some(server.port()),
        keys: 1_100,
        order,
        mistaken,
        reads_any_version: false,
        environment: &|_| Environment::default(),
    });
}

/// S-3.20
#[test]
fn azurite_conforms() {
    let azurite = Azurite::shared();
    let (one, two) = (azurite.container("one"), azurite.container("two"));
    conforms(&Subject {
        kind: "AZURE",
        files: [&|port| one.text(port), &|port| two.text(port)],
        port: Some(azurite.port()),
        keys: 5_100,
        order: None,
        // It is a slash to Azure, so that such names are refused.
        mistaken: &['\\'],
        reads_any_version: false,
        environment: &|_| Environment::default(),
    });
}

/// S-3.20
#[test]
fn fake_gcs_server_conforms() {
    let (one, two) = (fake_gcs::Bucket::new("one"), fake_gcs::Bucket::new("two"));
    let environment = |port: Option<u16>| {
        let host = fake_gcs::host(port.unwrap_or(fake_gcs::port()));
        [("STORAGE_EMULATOR_HOST".to_owned(), host)]
            .into_iter()
            .collect()
    };
    conforms(&Subject {
        kind: "GCS",
        files: [&|_| one.text(), &|_| two.text()],
        port: Some(fake_gcs::port()),
        keys: 1_100,
        order: None,
        mistaken: &[],
        reads_any_version: true,
        environment: &environment,
    });
}
