//! The buckets that a subcommand works on: the source, or the source and the target.

use std::path::PathBuf;

use clap::Args;

use crate::bucket::BucketConfig;
use crate::cli::document::Document;
use crate::cli::flags::Origins;
use crate::error::{Error, Result};

#[derive(Args)]
#[command(next_help_heading = "Buckets")]
pub(in crate::cli) struct Source {
    /// The source bucket: YAML text in Thanos' format.
    ///
    /// `$(VAR)` is replaced from the environment, as Thanos does. Give this or
    /// --objstore.config-file.
    #[arg(long = "objstore.config", value_name = "YAML")]
    source: Option<String>,

    /// The path of a file with the source's configuration.
    #[arg(long = "objstore.config-file", value_name = "PATH")]
    source_file: Option<PathBuf>,
}

#[derive(Args)]
#[command(next_help_heading = "Buckets")]
struct Target {
    /// The target bucket: YAML text in Thanos' format.
    #[arg(long = "objstore-to.config", value_name = "YAML")]
    target: Option<String>,

    /// The path of a file with the target's configuration.
    #[arg(long = "objstore-to.config-file", value_name = "PATH")]
    target_file: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct Buckets {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    target: Target,
}

/// A bucket as given by the flag for text or by the one for files.
struct Given {
    bucket: &'static str,
    flag: &'static str,
    text: Option<String>,
    path: Option<PathBuf>,
}

impl Buckets {
    /// Source and target, which do not meet.
    pub(in crate::cli) fn configs(
        self,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(BucketConfig, BucketConfig)> {
        let (source_document, source) = self.source.given().read(origins, warnings)?;
        let (target_document, target) = self.target.given().read(origins, warnings)?;
        if source.location().overlaps(target.location()) {
            let (one, other) = (target.location(), source.location());
            return Err(Error::usage(format!(
                "{}: {one} is the same bucket as {other} of {}, or one lies inside the other: expected two buckets that do not meet",
                target_document.name(),
                source_document.name(),
            )));
        }
        Ok((source, target))
    }
}

impl Source {
    fn given(self) -> Given {
        Given {
            bucket: "source",
            flag: "objstore.config",
            text: self.source,
            path: self.source_file,
        }
    }
}

impl Target {
    fn given(self) -> Given {
        Given {
            bucket: "target",
            flag: "objstore-to.config",
            text: self.target,
            path: self.target_file,
        }
    }
}

impl Given {
    fn read(
        self,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(Document, BucketConfig)> {
        let Self {
            bucket,
            flag,
            text,
            path,
        } = self;
        let is_seen = origins.is_on_command_line(flag)
            && text
                .as_deref()
                .is_some_and(BucketConfig::spells_out_a_secret);
        if is_seen {
            warnings.push(format!(
                "--{flag} holds a secret, and a command line is seen by everybody who may list processes: give --{flag}-file, or $(VARIABLE) for the secret"
            ));
        }
        let document = Document::read(flag, text, path, origins)?.ok_or_else(|| {
            Error::usage(format!(
                "--{flag} or --{flag}-file is required: expected the {bucket} bucket, as YAML text or its path"
            ))
        })?;
        let config = document.parse(|text| BucketConfig::parse(text, origins.environment))?;
        Ok((document, config))
    }
}
