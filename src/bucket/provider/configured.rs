//! What every provider gives: a row of the table, and a bucket of its kind as it is configured.

use std::fmt;

use async_trait::async_trait;
use object_store::client::HttpClient;

use crate::bucket::access::{Access, MissingRoot};
use crate::bucket::backend::Backend;
use crate::bucket::differences::Differences;
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::storage_class::{Readable, StorageClasses};
use crate::environment::Environment;
use crate::error::Result;
use crate::yaml::Node;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(in crate::bucket) struct Provider {
    /// Its type as Thanos spells it, in capitals.
    pub(super) kind: &'static str,
    /// The keys of its section whose values are secret.
    pub(super) secrets: &'static [&'static str],
    /// What it does otherwise than others.
    pub(super) differences: Differences,
    /// Reads its section. Contacts nothing; files that it names are read. Errors are of the kind [`crate::Kind::Usage`].
    pub(super) parse: fn(Section<'_>) -> Result<Box<dyn Configured>>,
}

/// The `config` section of a bucket's file, and what else it is read by.
pub(in crate::bucket) struct Section<'a> {
    pub(in crate::bucket) config: &'a Node,
    pub(in crate::bucket) environment: &'a Environment,
    /// Told of what is read and has no effect.
    pub(in crate::bucket) warnings: &'a mut Vec<String>,
}

/// A bucket as one provider's section names it.
#[async_trait]
pub(in crate::bucket) trait Configured: fmt::Debug + Send + Sync {
    /// Which bucket it is.
    fn location(&self, prefix: &Prefix) -> Location;

    /// When objects of the storage class of that name can be read. The error says why there is no such class, in words that follow its name.
    fn storage_class(&self, name: &str) -> std::result::Result<Readable, String>;

    /// The storage class that the section itself asks for, with the key that names it.
    fn own_storage_class(&self) -> Option<(&'static str, &str)> {
        None
    }

    /// What was understood of the section, for people: names as its keys are spelled, secrets hidden.
    fn understood(&self) -> Vec<(&'static str, String)>;

    /// The least rights that a migration needs for it; `copied_from` is the [`resource`](Self::resource) of a source of this kind.
    fn policy(&self, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy;

    /// How policies of its kind name its objects.
    fn resource(&self, prefix: &Prefix) -> Option<String> {
        let _ = prefix;
        None
    }

    /// Opens it.
    async fn open(&self, opening: Opening) -> Result<Backend>;
}

/// How a bucket is opened.
#[derive(Debug)]
pub(in crate::bucket) struct Opening {
    pub(in crate::bucket) location: Location,
    pub(in crate::bucket) prefix: Prefix,
    pub(in crate::bucket) access: Access,
    pub(in crate::bucket) missing: MissingRoot,
    /// In which classes objects are put.
    pub(in crate::bucket) classes: StorageClasses,
    /// Takes every request in the place of a network.
    pub(in crate::bucket) wire: Option<HttpClient>,
}
