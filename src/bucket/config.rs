//! Thanos' own bucket configuration: the envelope that all providers share.

use object_store::client::HttpClient;

use super::access::{Access, MissingRoot};
use super::backend::Backend;
use super::location::Location;
use super::prefix::Prefix;
use super::provider::{self, Configured, Opening, Section};
use super::rights::{Policy, Role};
use super::storage_class::{Readable, StorageClasses};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::yaml::{self, Unknown};

/// A bucket as configured. Parsing contacts nothing; files that it names are read, so that wrong paths show at once.
#[derive(Debug)]
pub struct BucketConfig {
    /// The provider's type, in capitals.
    kind: String,
    configured: Box<dyn Configured>,
    prefix: Prefix,
    location: Location,
    classes: StorageClasses,
    warnings: Vec<String>,
}

impl BucketConfig {
    /// Reads YAML text, after replacing `$(VAR)` from the environment. Errors are of the kind [`crate::Kind::Usage`].
    pub fn parse(text: &str, environment: &Environment) -> Result<Self> {
        let expanded = yaml::expand(text, &|name| environment.get(name).map(str::to_owned))?;
        let document = yaml::parse(&expanded)?
            .ok_or_else(|| Error::usage("it is empty: expected type, config and prefix"))?;
        let mut envelope = document.fields("", Unknown::Refuse)?;
        let kind = envelope.string("type")?.unwrap_or_default();
        let config = envelope.take("config");
        let prefix = envelope.string("prefix")?.unwrap_or_default();
        envelope.finish()?;
        let prefix = Prefix::new(&prefix)?;
        let empty = yaml::parse("{}")?;
        let config = config
            .or(empty.as_ref())
            .ok_or_else(|| Error::usage("config is missing"))?;
        // So does Thanos, also where it ignores what it does not know.
        config.refuse_repeated_keys("config")?;
        let mut warnings = Vec::new();
        let section = Section {
            config,
            environment,
            warnings: &mut warnings,
        };
        let configured = provider::parse(&kind, section)?;
        Ok(Self {
            kind: kind.to_ascii_uppercase(),
            location: configured.location(&prefix),
            configured,
            prefix,
            classes: StorageClasses::default(),
            warnings,
        })
    }

    /// Whether the text itself holds a secret, and not the name of a variable that does.
    #[must_use]
    pub fn spells_out_a_secret(text: &str) -> bool {
        let spelled_out = || {
            let document = yaml::parse(text).ok()??;
            let envelope = document.fields("", Unknown::Ignore).ok()?;
            let config = envelope.peek("config")?.fields("", Unknown::Ignore).ok()?;
            let mut values =
                provider::secret_keys().filter_map(|key| config.peek(key)?.string().ok());
            Some(values.any(|value| !value.is_empty() && !value.contains("$(")))
        };
        spelled_out().unwrap_or_default()
    }

    /// Which bucket it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// What was read and has no effect.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// When objects of the storage class of that name can be read. The error says why there is no such class, in words that follow its name.
    pub fn storage_class(&self, name: &str) -> std::result::Result<Readable, String> {
        self.configured.storage_class(name)
    }

    /// The storage class that the configuration itself asks for, with the key that names it.
    #[must_use]
    pub fn own_storage_class(&self) -> Option<(&'static str, &str)> {
        self.configured.own_storage_class()
    }

    /// What was understood of the configuration, for people, one key after the other; secrets are hidden.
    #[must_use]
    pub fn understood(&self) -> Vec<(&'static str, String)> {
        self.configured.understood()
    }

    /// The least rights that a migration needs for it, in its provider's own language: for a target also those by which the service copies from the
    /// `source`.
    #[must_use]
    pub fn policy(&self, role: Role, source: Option<&Self>) -> Policy {
        let source = source.filter(|source| source.kind == self.kind);
        let from = source.and_then(|source| source.configured.resource(&source.prefix));
        self.configured.policy(&self.prefix, role, from.as_deref())
    }

    /// In which storage classes objects are put.
    #[must_use]
    pub fn storage_classes(&self) -> &StorageClasses {
        &self.classes
    }

    /// The same bucket, into which objects are put in these classes.
    #[must_use]
    pub fn with_storage_classes(self, classes: StorageClasses) -> Self {
        Self { classes, ..self }
    }

    /// Opens it. A folder is created with the first object that is written, and only where `access` allows that.
    pub async fn open(&self, access: Access, missing: MissingRoot) -> Result<Backend> {
        self.open_with(access, missing, None).await
    }

    /// Opens it for reading and writing with `wire` in place of the network: every request goes to it, and its answers are handled as a server's are.
    /// A folder makes no requests, so `wire` is not used.
    pub async fn open_over(&self, wire: HttpClient) -> Result<Backend> {
        self.open_with(Access::Write, MissingRoot::Empty, Some(wire))
            .await
    }

    async fn open_with(
        &self,
        access: Access,
        missing: MissingRoot,
        wire: Option<HttpClient>,
    ) -> Result<Backend> {
        let opening = Opening {
            location: self.location.clone(),
            prefix: self.prefix.clone(),
            access,
            missing,
            classes: self.classes.clone(),
            wire,
        };
        self.configured.open(opening).await
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn parse(text: &str) -> Result<BucketConfig> {
        let variables = [("DIR".to_owned(), "/srv/hot".to_owned())];
        BucketConfig::parse(text, &variables.into_iter().collect())
    }

    /// S-3.1
    #[test]
    fn the_envelope_is_read_as_thanos_reads_it() {
        for (text, expected) in [
            (
                "type: FILESYSTEM\nconfig: {directory: /srv/a}",
                "file:///srv/a",
            ),
            (
                "{type: filesystem, config: {directory: $(DIR)}, prefix: /x/y/}",
                "file:///srv/hot/x/y",
            ),
            (
                "{type: S3, config: {bucket: hot, endpoint: 'h:9000', access_key: k, secret_key: s}}",
                "s3://h:9000/hot",
            ),
        ] {
            assert_eq!(parse(text).unwrap().location().to_string(), expected);
        }
        let lenient = parse("{type: FILESYSTEM, config: {directory: /srv/a, typo: 1}}").unwrap();
        assert_eq!(lenient.warnings().len(), 1);
    }

    #[test]
    fn what_is_wrong_is_refused_in_one_line() {
        for (text, expected) in [
            ("", "it is empty"),
            ("[1]", "the document: line 1: expected a mapping"),
            ("config: {}", "type is missing"),
            (
                "{type: FTP}",
                "unknown type \"FTP\": expected ALIYUNOSS or AZURE or BOS or COS or FILESYSTEM or GCS or OBS or OCI or S3 or SWIFT",
            ),
            ("{type: FILESYSTEM}", "config.directory is missing"),
            (
                "{type: FILESYSTEM, config: {directory: a, directory: b}}",
                "config.directory is given twice",
            ),
            (
                "{type: OCI, config: {bucket: a, bucket: b}}",
                "config.bucket is given twice",
            ),
            (
                "{type: FILESYSTEM, config: {directory: \"/a\\0b\"}}",
                "config.directory \"/a\\0b\": it holds a zero byte",
            ),
            (
                "{type: FILESYSTEM, config: {directory: a}, prefx: b}",
                "unknown key prefx: expected one of config, prefix, type",
            ),
            (
                "{type: FILESYSTEM, config: {directory: a}, prefix: a//b}",
                "prefix \"a//b\"",
            ),
            (
                "{type: FILESYSTEM, config: {directory: $(NOBODY)}}",
                "variable NOBODY is not set",
            ),
            (
                "{type: S3, config: {bukcet: b}}",
                "unknown key config.bukcet",
            ),
        ] {
            let err = parse(text).unwrap_err().to_string();
            assert!(err.contains(expected), "{text}: {err}");
            assert_eq!(err.lines().count(), 1);
        }
    }
}
