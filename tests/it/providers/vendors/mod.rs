//! Vendors that Thanos has types of their own for, and whose services speak S3: on a server of ours, which refuses what their documents say is refused. The
//! program is given the vendors' own names, and reaches it as a proxy.

mod bos;
mod cos;
mod history;
mod obs;
mod oss;
mod promises;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use thanos_bucket::bucket::Environment;

use super::conformance::{Subject, conforms};
use crate::support::block::Block;
use crate::support::minio::Credentials;
use crate::support::run::migrate;
use crate::support::vendor_server::vendor::Vendor;
use crate::support::vendor_server::{VendorBucket, VendorServer};
use crate::support::world::{self, Contents};

pub use cos::COS;

/// A type of Thanos', and how a bucket is spelled there.
pub struct Kind {
    pub vendor: &'static Vendor,
    /// What the service calls the bucket that tests call so.
    pub bucket: fn(&str) -> String,
    /// The lines of its `config` section, over plain HTTP.
    pub section: fn(&str, &Credentials) -> Vec<String>,
    /// The same bucket for the type S3: its endpoint.
    pub s3_endpoint: &'static str,
    /// How policies are written.
    pub language: &'static str,
    /// How they name what lies in a bucket.
    pub resource: fn(&str) -> String,
    /// From where nobody reads before a restore.
    pub archive: &'static str,
}

/// The service of a vendor, and bucket files for it.
pub struct Service {
    pub kind: &'static Kind,
    pub server: VendorServer,
    files: TempDir,
}

impl Service {
    pub fn start(kind: &'static Kind) -> Self {
        Self {
            kind,
            server: VendorServer::start(kind.vendor),
            files: tempfile::tempdir().unwrap(),
        }
    }

    /// A new, empty bucket.
    pub fn bucket(&self, name: &str) -> VendorBucket {
        self.server.bucket(&(self.kind.bucket)(name))
    }

    /// A bucket's file.
    pub fn text(&self, name: &str) -> String {
        let lines = (self.kind.section)(name, self.server.credentials());
        let lines = lines.join("\n  ");
        format!("type: {}\nconfig:\n  {lines}\n", self.kind.vendor.name)
    }

    /// The file of the same bucket for the type S3.
    pub fn s3_text(&self, name: &str) -> String {
        let Credentials {
            access_key,
            secret_key,
        } = self.server.credentials();
        let (bucket, endpoint) = ((self.kind.bucket)(name), self.kind.s3_endpoint);
        format!(
            "type: S3\nconfig: {{bucket: {bucket}, endpoint: {endpoint}, insecure: true, access_key: {access_key}, secret_key: {secret_key}, \
             bucket_lookup_type: virtual-hosted}}\n"
        )
    }

    /// Where that text lies.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Where a bucket's file lies.
    pub fn config(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.yaml"), &self.text(name))
    }

    /// `migrate` by way of the server.
    pub fn migrate(&self, from: &Path, to: &Path, arguments: &[&str]) -> Command {
        migrate_at(self.server.port(), from, to, arguments)
    }

    /// The codes of all that was refused, but for what was looked for and is not there.
    pub fn refused(&self) -> Vec<&'static str> {
        let codes = self.server.seen().into_iter().filter_map(|seen| seen.code);
        codes.filter(|code| *code != "NoSuchKey").collect()
    }

    /// The whole suite.
    pub fn conforms(&self) {
        self.bucket("one");
        self.bucket("two");
        conforms(&Subject {
            kind: self.kind.vendor.name,
            server: "a server of ours",
            files: [&|_| self.text("one"), &|_| self.text("two")],
            port: Some(self.server.port()),
            keys: 1_100,
            deviations: &[],
            mistaken: &[],
            reads_any_version: false,
            environment: &|port| environment(port.unwrap_or(self.server.port())),
            credentials: None,
            folder: None,
        });
    }
}

/// Two buckets of a vendor's.
pub type World = world::World<VendorBucket, Service>;

impl World {
    /// A source with these blocks, and a target without any.
    pub fn of(kind: &'static Kind, blocks: &[Block]) -> Self {
        let service = Service::start(kind);
        let (source, target) = (service.bucket("hot"), service.bucket("cold"));
        Self::filled(source, target, service, blocks)
    }

    /// `migrate` from one to the other, by way of that port.
    pub fn command_at(&self, port: u16, arguments: &[&str]) -> Command {
        let service = &self.task;
        let (from, to) = (service.config("hot"), service.config("cold"));
        migrate_at(port, &from, &to, arguments)
    }

    /// `migrate` from one to the other.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_at(self.task.server.port(), arguments)
    }

    /// The text of a block's object in the source.
    pub fn text_of(&self, name: &str) -> Option<String> {
        let content = self.source.tree().remove(name)?;
        Some(String::from_utf8(content).unwrap())
    }
}

/// `migrate` by way of that port.
fn migrate_at(port: u16, from: &Path, to: &Path, arguments: &[&str]) -> Command {
    let mut command = migrate(from, to, arguments);
    command.env("HTTP_PROXY", proxy(port));
    command
}

/// What stands in `HTTP_PROXY`.
pub fn proxy(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn environment(port: u16) -> Environment {
    [("HTTP_PROXY".to_owned(), proxy(port))]
        .into_iter()
        .collect()
}
