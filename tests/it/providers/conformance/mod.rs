//! One suite for every kind of bucket and every server that speaks its language: what a migration relies on holds there, and what is seen of it, which
//! each run prints, is what the provider's row says. Where a server is not like the service that it stands for, the test names it.
//!
//! To add a server: a test here that starts it and calls [`conforms`] with a [`Subject`].

mod digests;
mod listings;
mod names;
mod objects;
mod seen;
mod unfinished;
mod wire;

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use serde_json::json;
use thanos_bucket::Kind;
use thanos_bucket::bucket::{
    Access, Backend, BucketConfig, Differences, Environment, MissingRoot, Store, Whole, differences,
};
use thanos_bucket::causes;
use thanos_bucket::retry::{Jitter, Policy};

use crate::support::azurite::Azurite;
use crate::support::fake_gcs;
use crate::support::minio::{Credentials, Minio};
use crate::support::oci_server;
use crate::support::proxy::Line;
use crate::support::s3_server::S3Server;
use crate::support::swift::Swift;
use seen::{Deviation, Seen};
use wire::Wire;

/// Two buckets of one service, and what is to be known of it.
pub struct Subject<'a> {
    /// The provider, as Thanos spells it.
    pub kind: &'a str,
    /// What plays it.
    pub server: &'a str,
    /// Bucket files of two empty buckets, through that port of a proxy where one is given.
    pub files: [&'a dyn Fn(Option<u16>) -> String; 2],
    /// The loopback port that it listens on; `None` for what is not asked over HTTP.
    pub port: Option<u16>,
    /// How many objects are listed in one piece.
    pub keys: usize,
    /// In which columns of the table it is not like the service that it stands for.
    pub deviations: &'a [Deviation],
    /// What it takes in a name for something else: it is not asked for such names.
    pub mistaken: &'a [char],
    /// Whether it heeds no condition of a read, as an emulator may.
    pub reads_any_version: bool,
    /// What variables its bucket files are read with, through that port of a proxy where one is given.
    pub environment: &'a dyn Fn(Option<u16>) -> Environment,
    /// Who signs requests that are made past the program, where they are signed as those of S3.
    pub credentials: Option<&'a Credentials>,
    /// Where the first bucket is a folder.
    pub folder: Option<&'a FilePath>,
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
        let wire = Wire::of(subject).await;
        let wire = wire.as_ref();
        let mut seen = Seen::default();
        objects::are_read_and_replaced(&bucket, &mut seen, subject.reads_any_version).await;
        objects::are_created_once(&bucket, wire, &mut seen).await;
        objects::may_be_empty(&bucket).await;
        objects::come_in_parts(&bucket, &mut seen).await;
        objects::are_copied_by_the_service((&bucket, &beside), wire, &mut seen).await;
        objects::are_deleted(&bucket).await;
        unfinished::is_told_and_ended(&bucket, subject).await;
        digests::are_told_by_listings(&bucket, &mut seen).await;
        digests::are_told_by_answers(wire, &mut seen).await;
        digests::are_told_when_asked_for(subject, &bucket, &mut seen).await;
        digests::are_sent_along(subject, wire, &bucket, &mut seen).await;
        listings::show_what_was_written(&bucket, &mut seen).await;
        listings::come_in_order_and_in_pages(&bucket, wire, &mut seen).await;
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
            seen.whole = Some(Whole::Length);
        }
        objects::that_are_given_up_are_never_seen(&bucket, subject.folder, &mut seen).await;
        seen.agrees_with(&bucket.differences, subject);
    });
}

/// What an error means to a run; `None` of what succeeded.
fn kind<T>(bucket: &Opened, result: object_store::Result<T>) -> Option<Kind> {
    let err = result.err()?;
    let meaning = causes::chain(&err).find_map(|cause| bucket.store().meaning(cause));
    if let Some(meaning) = meaning {
        return Some(meaning.kind);
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

/// What is seen of time in listings of servers that write it more exactly than Amazon, whose row has the least.
const TO_THE_MILLISECOND: Deviation = Deviation {
    column: "last-modified is exact to",
    seen: "1 ms",
    why: "Amazon tells whole seconds",
};

const THE_TAG_ALONE: Deviation = Deviation {
    column: "digests in answers to puts",
    seen: "MD5",
    why: "Amazon computes a checksum of what comes without one, and tells it",
};

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
        server: "a folder",
        files: [&|_| file("one"), &|_| file("two")],
        port: None,
        keys: 10_000,
        deviations: &[],
        mistaken: &[],
        reads_any_version: false,
        environment: &|_| Environment::default(),
        credentials: None,
        folder: Some(&folder.path().join("one")),
    });
}

/// S-3.20
#[test]
fn minio_conforms() {
    let minio = Minio::start();
    let (one, two) = (minio.bucket("one"), minio.bucket("two"));
    conforms(&Subject {
        kind: "S3",
        server: "MinIO",
        files: [&|port| one.text(port), &|port| two.text(port)],
        port: Some(minio.port()),
        keys: 2_100,
        deviations: &[TO_THE_MILLISECOND, THE_TAG_ALONE],
        mistaken: &[],
        reads_any_version: false,
        environment: &|_| Environment::default(),
        credentials: Some(one.root()),
        folder: None,
    });
}

/// S-3.20
#[test]
fn seaweedfs_conforms() {
    let deviations = [
        Deviation {
            column: "order of listings",
            seen: "directory by directory",
            why: "it lists what its directories hold, so that blocks are not looked for there in one go",
        },
        THE_TAG_ALONE,
    ];
    // A backslash is a slash to it: what is put under a name with one is not found again, so that no proof of it is ever made.
    s3_server_conforms(&S3Server::seaweedfs(), &deviations, &['\\']);
}

/// S-3.20
#[test]
fn versitygw_conforms() {
    s3_server_conforms(&S3Server::versitygw(), &[], &[]);
}

/// S-3.20
#[test]
fn moto_conforms() {
    let deviations = [
        Deviation {
            column: "sent along and verified",
            seen: "none",
            why: "it looks at no digest",
        },
        Deviation {
            column: "copy by the service",
            seen: "up to 5 GiB at once, above in parts; whatever version there is",
            why: "it does not look at the condition, so that a change is found when the source is listed again",
        },
        Deviation {
            column: "digests told when asked for",
            seen: "none",
            why: "it keeps a checksum where another header names its algorithm",
        },
        THE_TAG_ALONE,
    ];
    s3_server_conforms(&S3Server::moto(), &deviations, &[]);
}

/// S-3.20
#[test]
fn s3proxy_conforms() {
    let deviations = [
        Deviation {
            column: "an object is put only where there is none by",
            seen: "a look first",
            why: "it does not look at the condition",
        },
        Deviation {
            column: "digests in listings",
            seen: "MD5",
            why: "the tag of an object that came in parts is the MD5 of all its bytes",
        },
        Deviation {
            column: "told of all that we put",
            seen: "MD5",
            why: "likewise",
        },
        Deviation {
            column: "digests told when asked for",
            seen: "none",
            why: "it refuses the headers",
        },
        THE_TAG_ALONE,
    ];
    s3_server_conforms(&S3Server::s3proxy(), &deviations, &[]);
}

fn s3_server_conforms(server: &S3Server, deviations: &[Deviation], mistaken: &[char]) {
    let (one, two) = (server.bucket("one"), server.bucket("two"));
    let at = |port: Option<u16>| port.unwrap_or(server.port());
    conforms(&Subject {
        kind: "S3",
        server: server.name(),
        files: [&|port| one.text(at(port)), &|port| two.text(at(port))],
        port: Some(server.port()),
        keys: 1_100,
        deviations,
        mistaken,
        reads_any_version: false,
        environment: &|_| Environment::default(),
        credentials: Some(server.root()),
        folder: None,
    });
}

/// S-3.20
#[test]
fn azurite_conforms() {
    let azurite = Azurite::shared();
    let (one, two) = (azurite.container("one"), azurite.container("two"));
    conforms(&Subject {
        kind: "AZURE",
        server: "Azurite",
        files: [&|port| one.text(port), &|port| two.text(port)],
        port: Some(azurite.port()),
        keys: 5_100,
        deviations: &[],
        // It is a slash to Azure, so that such names are refused.
        mistaken: &['\\'],
        reads_any_version: false,
        environment: &|_| Environment::default(),
        credentials: None,
        folder: None,
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
        server: "fake-gcs-server",
        files: [&|_| one.text(), &|_| two.text()],
        port: Some(fake_gcs::port()),
        keys: 1_100,
        deviations: &[Deviation {
            column: "last-modified is exact to",
            seen: "what the file system keeps",
            why: "it tells microseconds, and Google milliseconds",
        }],
        mistaken: &[],
        reads_any_version: true,
        environment: &environment,
        credentials: None,
        folder: None,
    });
}

/// S-3.20, S-3.74, S-3.75
#[test]
fn our_server_for_oci_conforms() {
    let (one, two) = (
        oci_server::Bucket::new("one"),
        oci_server::Bucket::new("two"),
    );
    let environment = |port: Option<u16>| {
        let at = oci_server::endpoint(port.unwrap_or(oci_server::port()));
        [(oci_server::ENDPOINT.to_owned(), at)]
            .into_iter()
            .collect()
    };
    conforms(&Subject {
        kind: "OCI",
        server: "a server of ours",
        files: [&|_| one.text(), &|_| two.text()],
        port: Some(oci_server::port()),
        keys: 2_100,
        deviations: &[],
        mistaken: &[],
        reads_any_version: false,
        environment: &environment,
        credentials: None,
        folder: None,
    });
}

/// S-3.20
#[test]
fn swift_conforms_as_s3() {
    let swift = Swift::shared();
    let [one, two] = ["one", "two"].map(|name| swift.named(name));
    one.make(&[]);
    two.make(&[]);
    let credentials = Swift::s3_credentials();
    conforms(&Subject {
        kind: "S3",
        server: "Swift's s3api",
        files: [&|port| one.text_as_s3(port), &|port| two.text_as_s3(port)],
        port: Some(swift.port()),
        keys: 250,
        deviations: &[
            Deviation {
                column: "an object is put only where there is none by",
                seen: "a look first",
                why: "it looks as an object begins to come, so that several who put at once all do",
            },
            Deviation {
                column: "digests told when asked for",
                seen: "none",
                why: "it keeps none but the MD5",
            },
            THE_TAG_ALONE,
        ],
        mistaken: &[],
        reads_any_version: false,
        environment: &|_| Environment::default(),
        credentials: Some(&credentials),
        folder: None,
    });
}

/// S-3.20: pages of a listing are as small as the server makes them, whatever is asked for.
#[test]
fn swift_conforms() {
    let swift = Swift::start(json!({"listing_limit": 100}));
    let (one, two) = (swift.container("one"), swift.container("two"));
    conforms(&Subject {
        kind: "SWIFT",
        server: "Swift",
        files: [&|port| one.text(port), &|port| two.text(port)],
        port: Some(swift.port()),
        keys: 250,
        deviations: &[
            Deviation {
                column: "listings after a write",
                seen: "show it",
                why: "one node of it has nobody to be behind",
            },
            Deviation {
                column: "last-modified is exact to",
                seen: "what the file system keeps",
                why: "it tells microseconds, of which the last one counts for nothing",
            },
        ],
        mistaken: &[],
        reads_any_version: false,
        environment: &|_| Environment::default(),
        credentials: None,
        folder: None,
    });
}
