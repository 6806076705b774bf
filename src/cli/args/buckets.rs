//! The buckets that a subcommand works on: the source, or the source and the target.

use std::path::PathBuf;

use clap::Args;

use crate::bucket::{BucketConfig, Readable, StorageClasses};
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
    config: Option<String>,

    /// The path of a file with the target's configuration.
    #[arg(long = "objstore-to.config-file", value_name = "PATH")]
    config_file: Option<PathBuf>,
}

/// How objects are put into the target, for the subcommands that put any.
#[derive(Args, Default)]
#[command(next_help_heading = "Buckets")]
pub(in crate::cli) struct Landing {
    /// The storage class of the target's chunks, by its provider's name.
    ///
    /// Chunks are nearly all of a block, and only queries read them. Without this
    /// flag the bucket's configuration and its own default count.
    #[arg(long = "target.storage-class", value_name = "CLASS")]
    storage_class: Option<String>,

    /// The storage class of everything else of a block in the target.
    ///
    /// That is meta.json and the index, which Thanos reads all the time.
    #[arg(long = "target.storage-class.meta", value_name = "CLASS")]
    storage_class_meta: Option<String>,

    /// Put objects also into a class from which nobody can read before a restore.
    ///
    /// Thanos cannot read blocks there: queries over them fail, and compactors halt.
    #[arg(long)]
    allow_unreadable_storage_class: bool,
}

#[derive(Args)]
pub(in crate::cli) struct Buckets {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    target: Target,
}

/// The one bucket of a subcommand that writes into it what comes from elsewhere.
#[derive(Args)]
#[command(next_help_heading = "Buckets")]
pub(in crate::cli) struct Receiver {
    /// The bucket that receives blocks: YAML text in Thanos' format.
    ///
    /// `$(VAR)` is replaced from the environment, as Thanos does. Give this or
    /// --objstore.config-file, or have the plan name a file.
    #[arg(long = "objstore.config", value_name = "YAML")]
    config: Option<String>,

    /// The path of a file with that bucket's configuration.
    #[arg(long = "objstore.config-file", value_name = "PATH")]
    config_file: Option<PathBuf>,
}

impl Receiver {
    /// The bucket, or that of the file which a plan names; `None` where there is neither.
    pub(in crate::cli) fn config(
        self,
        named: Option<PathBuf>,
        landing: Landing,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<BucketConfig>> {
        let flags = [
            ("objstore.config", self.config.is_some()),
            ("objstore.config-file", self.config_file.is_some()),
        ];
        let given = flags.into_iter().find(|(_, is_given)| *is_given);
        if let (Some((flag, _)), Some(_)) = (given, &named) {
            return Err(Error::usage(format!(
                "{} and target.objstore_config_path of the plan are both given: expected one of them",
                origins.name(flag)
            )));
        }
        let given = Given {
            flag: "objstore.config",
            text: self.config,
            path: self.config_file.or(named),
        };
        let Some((document, config)) = given.read(origins, warnings)? else {
            return Ok(None);
        };
        let classes = landing.classes();
        let config = classes.given(config, document.name(), origins, warnings)?;
        Ok(Some(config))
    }
}

/// A bucket as given by the flag for text or by the one for files.
struct Given {
    flag: &'static str,
    text: Option<String>,
    path: Option<PathBuf>,
}

impl Buckets {
    /// The one bucket that received what came from elsewhere, or that of the file which a plan names; `None` where there is neither.
    pub(in crate::cli) fn receiver(
        self,
        named: Option<PathBuf>,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<BucketConfig>> {
        let receiver = Receiver {
            config: self.source.source,
            config_file: self.source.source_file,
        };
        receiver.config(named, Landing::of_a_reader(), origins, warnings)
    }

    /// Source and target, which do not meet.
    pub(in crate::cli) fn configs(
        self,
        landing: Landing,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(BucketConfig, BucketConfig)> {
        match self.one_or_two(landing, origins, warnings)? {
            (source, Some(target)) => Ok((source, target)),
            (_, None) => Err(missing("target", "objstore-to.config")),
        }
    }

    /// Source and target, which do not meet, or none of them.
    pub(in crate::cli) fn both_or_none(
        self,
        landing: Landing,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<(BucketConfig, BucketConfig)>> {
        let flags = ["objstore.config", "objstore-to.config"];
        let is_given =
            flags.map(|flag| origins.is_given(flag) || origins.is_given(&format!("{flag}-file")));
        if is_given == [false, false] {
            return Ok(None);
        }
        self.configs(landing, origins, warnings).map(Some)
    }

    /// The source, and the target where one is given, which do not meet.
    pub(in crate::cli) fn one_or_two(
        self,
        landing: Landing,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(BucketConfig, Option<BucketConfig>)> {
        let source = self.source.given().read(origins, warnings)?;
        let Some((source_document, source)) = source else {
            return Err(missing("source", "objstore.config"));
        };
        let classes = landing.classes();
        let Some((target_document, target)) = self.target.given().read(origins, warnings)? else {
            if classes.classes != StorageClasses::default() {
                return Err(missing("target", "objstore-to.config"));
            }
            return Ok((source, None));
        };
        if source.location().overlaps(target.location()) {
            let (one, other) = (target.location(), source.location());
            return Err(Error::usage(format!(
                "{}: {one} is the same bucket as {other} of {}, or one lies inside the other: expected two buckets that do not meet",
                target_document.name(),
                source_document.name(),
            )));
        }
        let named = target_document.name();
        let target = classes.given(target, named, origins, warnings)?;
        Ok((source, Some(target)))
    }
}

fn missing(bucket: &str, flag: &str) -> Error {
    Error::usage(format!(
        "--{flag} or --{flag}-file is required: expected the {bucket} bucket, as YAML text or its path"
    ))
}

/// In which storage classes the target's objects are to be put.
struct Classes {
    classes: StorageClasses,
    archives_allowed: bool,
}

impl Classes {
    /// The bucket, into which objects are put in these classes. A class that readers cannot use is refused, also where the bucket's own configuration,
    /// which is `named` so, asks for it.
    fn given(
        self,
        target: BucketConfig,
        named: &str,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<BucketConfig> {
        let Self {
            classes,
            archives_allowed,
        } = self;
        let flags = [
            ("target.storage-class", &classes.chunks),
            ("target.storage-class.meta", &classes.rest),
        ];
        let mut asked = Vec::new();
        for (flag, class) in flags {
            let Some(class) = class else { continue };
            let at = format!("{} {class:?}", origins.name(flag));
            let readable = target
                .storage_class(class)
                .map_err(|why| Error::usage(format!("{at} {why}")))?;
            asked.push((at, readable));
        }
        let is_overridden = classes.chunks.is_some() && classes.rest.is_some();
        if let Some((key, class)) = target.own_storage_class().filter(|_| !is_overridden) {
            // What it is called is the server's to judge.
            let readable = target.storage_class(class).unwrap_or(Readable::AtOnce);
            asked.push((format!("{named}: {key} {class:?}"), readable));
        }
        for (at, _) in asked
            .into_iter()
            .filter(|(_, readable)| *readable == Readable::AfterRestore)
        {
            let why = "has to be restored before anybody can read it, so that Thanos cannot";
            if !archives_allowed {
                let flag = origins.name("allow-unreadable-storage-class");
                return Err(Error::usage(format!(
                    "{at}: what lies in that class {why}: expected another class, or {flag}"
                )));
            }
            warnings.push(format!("{at}: what is put into that class {why}"));
        }
        Ok(target.with_storage_classes(classes))
    }
}

impl Source {
    /// The one bucket of a subcommand that works on no other.
    pub(in crate::cli) fn config(
        self,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<BucketConfig> {
        match self.given().read(origins, warnings)? {
            Some((_, source)) => Ok(source),
            None => Err(missing("source", "objstore.config")),
        }
    }

    fn given(self) -> Given {
        Given {
            flag: "objstore.config",
            text: self.source,
            path: self.source_file,
        }
    }
}

impl Landing {
    /// For a subcommand that puts nothing: the target may put objects wherever its own configuration says.
    pub(in crate::cli) fn of_a_reader() -> Self {
        Self {
            allow_unreadable_storage_class: true,
            ..Self::default()
        }
    }

    fn classes(self) -> Classes {
        Classes {
            classes: StorageClasses {
                chunks: self.storage_class,
                rest: self.storage_class_meta,
            },
            archives_allowed: self.allow_unreadable_storage_class,
        }
    }
}

impl Target {
    fn given(self) -> Given {
        Given {
            flag: "objstore-to.config",
            text: self.config,
            path: self.config_file,
        }
    }
}

impl Given {
    fn read(
        self,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<(Document, BucketConfig)>> {
        let Self { flag, text, path } = self;
        let is_seen = origins.is_seen(flag)
            && text
                .as_deref()
                .is_some_and(BucketConfig::spells_out_a_secret);
        if is_seen {
            warnings.push(format!(
                "--{flag} holds a secret, and a command line is seen by everybody who may list processes: give --{flag}-file, or $(VARIABLE) for the secret"
            ));
        }
        let Some(document) = Document::read(flag, text, path, origins)? else {
            return Ok(None);
        };
        let config = document.parse(|text| BucketConfig::parse(text, origins.environment))?;
        Ok(Some((document, config)))
    }
}
