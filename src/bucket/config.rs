//! Thanos' own bucket configuration: the envelope that all providers share.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::client::HttpClient;

use super::environment::Environment;
use super::provider::folder::{self, Access, MissingRoot};
use super::provider::s3;
use super::{Backend, EtagMeaning, Listings, Location, Multipart, Prefix};
use crate::error::{Error, Result};
use crate::yaml::{self, Node, Unknown};

/// A bucket as configured. Parsing contacts nothing; files that it names are read, so that wrong paths show at once.
#[derive(Debug)]
pub struct BucketConfig {
    provider: Provider,
    prefix: Prefix,
    location: Location,
    warnings: Vec<String>,
}

#[derive(Debug)]
enum Provider {
    Folder(PathBuf),
    S3(Box<s3::Config>),
}

/// What Thanos knows and this version does not carry out.
const NOT_YET: [&str; 8] = [
    "GCS",
    "AZURE",
    "SWIFT",
    "COS",
    "ALIYUNOSS",
    "BOS",
    "OCI",
    "OBS",
];

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
        let mut warnings = Vec::new();
        let provider = match kind.to_ascii_uppercase().as_str() {
            "FILESYSTEM" => Provider::Folder(directory(config, &mut warnings)?),
            "S3" => Provider::S3(Box::new(s3::Config::parse(
                config,
                environment,
                &mut warnings,
            )?)),
            "" => return Err(Error::usage("type is missing: expected FILESYSTEM or S3")),
            other if NOT_YET.contains(&other) => {
                return Err(Error::usage(format!(
                    "type {other} is not supported yet: expected FILESYSTEM or S3"
                )));
            }
            _ => {
                return Err(Error::usage(format!(
                    "unknown type {kind:?}: expected FILESYSTEM or S3"
                )));
            }
        };
        let location = match &provider {
            Provider::Folder(directory) => Location::folder(directory, prefix.as_str()),
            Provider::S3(config) => {
                Location::s3(config.endpoint.authority(), &config.bucket, prefix.as_str())
            }
        };
        Ok(Self {
            provider,
            prefix,
            location,
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
            let secrets = ["secret_key", "session_token"].into_iter();
            let mut values = secrets.filter_map(|key| config.peek(key)?.string().ok());
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

    /// Opens it. A folder is created with the first object that is written, and only where `access` allows that.
    pub async fn open(&self, access: Access, missing: MissingRoot) -> Result<Backend> {
        match &self.provider {
            Provider::Folder(directory) => {
                let folder = folder::open(directory, self.prefix.as_str(), access, missing)?;
                Ok(Backend {
                    store: Arc::clone(&folder) as _,
                    clock: Some(folder),
                    location: self.location.clone(),
                    // It is a part of the path.
                    prefix: Prefix::default(),
                    part_size_bytes: None,
                    multipart: Multipart::Allowed,
                    etags: EtagMeaning::VersionOnly,
                    listings: Listings::Strong,
                })
            }
            Provider::S3(config) => {
                s3::open(config, self.location.clone(), self.prefix.clone(), None).await
            }
        }
    }

    /// Opens an S3 bucket whose every request goes to `wire` in the place of a network, through all that makes sense of answers. A folder
    /// has no wire.
    pub async fn open_over(&self, wire: HttpClient) -> Result<Backend> {
        match &self.provider {
            Provider::Folder(_) => Err(Error::usage("a folder is not behind a wire")),
            Provider::S3(config) => {
                let wire = Some(wire);
                s3::open(config, self.location.clone(), self.prefix.clone(), wire).await
            }
        }
    }
}

/// FILESYSTEM ignores unknown keys in Thanos; here they are worth a word.
fn directory(config: &Node, warnings: &mut Vec<String>) -> Result<PathBuf> {
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
    std::path::absolute(&directory)
        .map_err(|err| Error::usage(format!("config.directory {directory:?}: {err}")))
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
                "{type: GCS, config: {bucket: b}}",
                "type GCS is not supported yet",
            ),
            ("{type: FTP}", "unknown type \"FTP\""),
            ("{type: FILESYSTEM}", "config.directory is missing"),
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
