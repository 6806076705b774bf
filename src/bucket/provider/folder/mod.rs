//! Buckets of Thanos' type FILESYSTEM: a folder.

mod anchor;
mod beside;
mod blocking;
mod clock;
mod copier;
mod directory;
mod failure;
mod health;
mod identity;
mod leftovers;
mod listing;
mod location;
mod mounts;
mod permissions;
mod place;
mod read;
mod root;
mod staging;
mod store;
#[cfg(test)]
mod tests;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::configured::{Configured, Opening, Provider, Section};
use crate::bucket::backend::{Backend, EtagMeaning, Listings, Multipart};
use crate::bucket::differences::{
    Classes, Create, Differences, Larger, Order, Pages, Precision, ServerCopy, Tag, Whole,
};
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::sizes::Sizes;
use crate::bucket::storage_class::Readable;
use crate::error::{Error, Result};
use crate::yaml::Unknown;

/// The row of the table.
pub(super) const PROVIDER: Provider = Provider {
    kind: "FILESYSTEM",
    secrets: &[],
    differences: DIFFERENCES,
    parse: |section| Ok(Box::new(Config::parse(section)?)),
};

const DIFFERENCES: Differences = Differences {
    create: Create::Link,
    order: Order::SortedHere,
    pages: Pages::None,
    listings: Listings::Strong,
    tag: Tag::Version,
    told: &[],
    always_told: None,
    answered: &[],
    asked: &[],
    sent: &[],
    server_copy: Some(ServerCopy {
        largest_bytes: None,
        larger: Larger::None,
        condition: "of the file that was opened, if it is the one listed",
    }),
    sizes: Sizes::NONE,
    modified: Precision::FileSystem,
    classes: Classes::None,
    whole: Whole::Beside,
};

/// A folder as configured.
#[derive(Debug)]
struct Config {
    directory: PathBuf,
}

impl Config {
    /// FILESYSTEM ignores unknown keys in Thanos; here they are worth a word.
    fn parse(section: Section<'_>) -> Result<Self> {
        let Section {
            config, warnings, ..
        } = section;
        let mut fields = config.fields("config", Unknown::Ignore)?;
        let directory = fields.string("directory")?.unwrap_or_default();
        warnings.extend(
            fields
                .left()
                .map(|key| format!("unknown key config.{key} is ignored, as Thanos does")),
        );
        if directory.is_empty() {
            return Err(Error::usage(
                "config.directory is missing: expected the bucket's folder",
            ));
        }
        if directory.contains('\0') {
            return Err(Error::usage(format!(
                "config.directory {directory:?}: it holds a zero byte: expected a path"
            )));
        }
        let directory = std::path::absolute(&directory)
            .map_err(|err| Error::usage(format!("config.directory {directory:?}: {err}")))?;
        Ok(Self { directory })
    }
}

#[async_trait]
impl Configured for Config {
    fn location(&self, prefix: &Prefix) -> Location {
        location::location(&self.directory, prefix.as_str())
    }

    fn storage_class(&self, _: &str) -> std::result::Result<Readable, String> {
        Err("is given for a folder, which has no storage classes".to_owned())
    }

    fn understood(&self) -> Vec<(&'static str, String)> {
        vec![("directory", self.directory.display().to_string())]
    }

    fn policy(&self, prefix: &Prefix, role: Role, _: Option<&str>) -> Policy {
        let mut folder = self.directory.clone();
        if !prefix.as_str().is_empty() {
            folder.push(prefix.as_str());
        }
        let rights = match role {
            Role::Source => {
                "read everything in it, and write into the folders of its blocks, where marks are put"
            }
            Role::Target => "read and write everything in it",
        };
        Policy {
            language: "permissions".to_owned(),
            text: format!("The user who runs this may {rights}: {}", folder.display()),
        }
    }

    /// A folder is created with the first object that is written.
    async fn open(&self, opening: Opening) -> Result<Backend> {
        if opening.wire.is_some() {
            return Err(Error::usage("a folder is not behind a wire"));
        }
        let prefix = opening.prefix.as_str();
        let folder = store::open(&self.directory, prefix, opening.access, opening.missing)?;
        Ok(Backend {
            store: Arc::clone(&folder) as _,
            clock: Some(folder),
            location: opening.location,
            // It is a part of the path.
            prefix: Prefix::default(),
            part_size_bytes: None,
            multipart: Multipart::Allowed,
            sizes: DIFFERENCES.sizes,
            etags: EtagMeaning::VersionOnly,
            tells: None,
            listings: DIFFERENCES.listings,
        })
    }
}
