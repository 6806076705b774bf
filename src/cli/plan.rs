//! `plan`: its flags, and the request that they add up to.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{
    Buckets, Cache, Landing, Meanings, Printed, Repetition, Selection, Sharing,
    exit_codes_of_a_move,
};
use super::flags::Origins;
use super::values::{one_of, size_bytes};
use crate::bucket::{BucketConfig, CopiedBy};
use crate::command::{migrate, plan};
use crate::draft::{What, may_appear};
use crate::error::{Error, Result};
use crate::manifest::{Format, Manifest, Split};
use crate::migrate::{Mode, ReplicaTarget, Settings, Task};
use crate::outcome::Prices;
use crate::plan::{Existing, Rules};
use crate::small_file;

/// Shows what migrate would do, and lists the objects for a bulk copier.
///
/// Neither bucket is written. The plan is that of migrate --dry-run; the manifest
/// lists the data objects that it copies, so that a provider's own copier may put
/// them. A run of migrate finds them in the target, puts what is missing or
/// different, publishes each block, proves it, and marks it in the source.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    landing: Landing,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    listed: Listed,
    #[command(flatten)]
    estimate: Estimate,
    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    sharing: Sharing,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Args)]
#[command(next_help_heading = "What happens")]
struct Listed {
    /// Write the plan there, for people to read and for migrate --plan to carry out.
    ///
    /// It is the document of --output=json. Nothing is overwritten: expected is a
    /// path where nothing lies. The file appears whole or not at all.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Write a manifest there: the objects that a bulk copier is to copy.
    ///
    /// Nothing is overwritten: expected is a path where nothing lies. The manifest
    /// appears whole or not at all.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,

    /// The copier that is to read the manifest.
    #[arg(long, value_name = "FORMAT")]
    #[arg(value_parser = one_of([
        ("s3-batch", Format::S3Batch),
        ("storage-transfer", Format::StorageTransfer),
        ("datasync", Format::DataSync),
        ("rclone", Format::Rclone),
        ("azcopy", Format::AzCopy),
        ("distcp", Format::DistCp),
    ]))]
    manifest_format: Option<Format>,

    /// Whether the manifest is one file, or a folder with one for each unit.
    ///
    /// A unit is one set of external labels and one window of 14 days: what a run
    /// publishes in order. The log tells which file is which.
    #[arg(long, value_name = "HOW", default_value = "none")]
    #[arg(value_parser = one_of([("none", Split::None), ("unit", Split::Unit)]))]
    manifest_split: Split,
}

#[derive(Args)]
#[command(next_help_heading = "Sums and estimates")]
struct Estimate {
    /// Sum the blocks up by these external labels, such as cluster,tenant; repeatable.
    ///
    /// There is a sum for each combination of their values; a label that blocks do
    /// not bear is shown as absent.
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    group_by: Vec<String>,

    /// Tell how long the bytes to put take at so many bytes a second: 100MiB.
    ///
    /// Divided is the sum of what goes through this machine and what the service
    /// copies by itself.
    #[arg(long, value_name = "SIZE", value_parser = size_bytes)]
    rate: Option<NonZeroU64>,

    /// The path of a file with prices: what the plan costs once, and each month.
    ///
    /// No prices are built in. examples/prices.yaml is such a file.
    #[arg(long = "prices", value_name = "FILE")]
    prices_file: Option<PathBuf>,
}

const USAGE: &str = "thanos-bucket plan [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  Have the plan read before it is carried out, and nothing else:
    thanos-bucket plan --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=90d --out=plan.json
    thanos-bucket migrate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --plan=plan.json

  Let rclone copy the data, and a run do the rest:
    thanos-bucket plan --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=2025-06-01 \\
      --manifest=objects.txt --manifest-format=rclone
    rclone copy --files-from-raw=objects.txt hot:thanos-hot cold:thanos-cold
    thanos-bucket migrate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=2025-06-01";

fn examples_and_exit_codes() -> String {
    format!("{EXAMPLES}\n\n{}", exit_codes_of_a_move(&MEANINGS))
}

const MEANINGS: Meanings = Meanings {
    done: "the plan is shown, and a run of it would end with 0",
    aborted: "there is no plan, or a run of it would have to stop; or one of the\n\
              files cannot be written",
    attention: "the plan is shown, and something in it needs a person",
};

impl Flags {
    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<plan::Request> {
        let (source, target) = self.buckets.configs(self.landing, origins, warnings)?;
        let selected = self
            .selection
            .rules(Existing::Keep, origins, now, warnings)?;
        let group_by = self.estimate.labels(origins)?;
        let (out, manifest) = self.listed.files(origins, &source, &target)?;
        let task = Task {
            rules: Rules {
                shard: self.sharing.shard,
                ..selected
            },
            mode: Mode::Estimate,
            settings: of_a_dry_run(self.repetition, self.cache, origins)?,
            replica_target: ReplicaTarget::Refuse,
        };
        let dry_run = migrate::Request {
            source,
            target,
            task,
            form: self.printed.form(origins.environment),
            now,
            textfile: None,
        };
        Ok(plan::Request {
            dry_run,
            group_by,
            rate: self.estimate.rate,
            prices: self.estimate.prices(origins)?,
            out,
            manifest,
        })
    }
}

/// Nothing is carried out, so that nothing but retries and the cache counts.
fn of_a_dry_run(repetition: Repetition, cache: Cache, origins: &Origins<'_>) -> Result<Settings> {
    Ok(Settings {
        memory_limit: NonZeroU64::MIN,
        bandwidth_limit: None,
        cache_dir: cache.cache_dir,
        concurrency: NonZeroUsize::MIN,
        retry: repetition.policy(origins)?,
        max_failures: None,
        max_error_rate: None,
        max_duration: None,
        max_bytes: None,
        shutdown_grace: Duration::ZERO,
        copied_by: CopiedBy::Auto,
        no_compact_mark_source: false,
    })
}

impl Estimate {
    fn prices(&self, origins: &Origins<'_>) -> Result<Option<Box<Prices>>> {
        let Some(path) = &self.prices_file else {
            return Ok(None);
        };
        let wrong = |why: &dyn std::fmt::Display| {
            let flag = origins.name("prices");
            Error::usage(format!("{flag} {:?}: {why}", path.to_string_lossy()))
        };
        let content = small_file::read(path).map_err(|err| wrong(&err))?;
        let text = String::from_utf8(content);
        let text = text.map_err(|_| wrong(&"it is not UTF-8: expected YAML"))?;
        let prices = Prices::parse(&text).map_err(|err| wrong(&err))?;
        Ok(Some(Box::new(prices)))
    }

    /// The labels, each once.
    fn labels(&self, origins: &Origins<'_>) -> Result<Vec<String>> {
        let mut labels: Vec<String> = Vec::new();
        for label in self.group_by.iter().map(|label| label.trim()) {
            if label.is_empty() || labels.iter().any(|known| known == label) {
                return Err(Error::usage(format!(
                    "{} {:?}: expected names of labels, each once",
                    origins.name("group-by"),
                    self.group_by.join(",")
                )));
            }
            labels.push(label.to_owned());
        }
        Ok(labels)
    }
}

impl Listed {
    /// Where the plan is written, and the manifest; neither replaces anything.
    fn files(
        self,
        origins: &Origins<'_>,
        source: &BucketConfig,
        target: &BucketConfig,
    ) -> Result<(Option<PathBuf>, Option<Manifest>)> {
        let out = self.out.clone();
        if let Some(out) = &out {
            let (name, other) = (origins.name("out"), origins.name("manifest"));
            may_appear(out, What::File).map_err(|err| Error::usage(format!("{name} {err:#}")))?;
            if self.manifest.as_ref() == Some(out) {
                return Err(Error::usage(format!(
                    "{name} and {other} are the same path: expected two"
                )));
            }
        }
        Ok((out, self.manifest(origins, source, target)?))
    }

    fn manifest(
        self,
        origins: &Origins<'_>,
        source: &BucketConfig,
        target: &BucketConfig,
    ) -> Result<Option<Manifest>> {
        let (file, format) = (origins.name("manifest"), origins.name("manifest-format"));
        match (self.manifest, self.manifest_format) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::usage(format!(
                "{format} is required with {file}: expected the copier that is to read it"
            ))),
            (None, Some(_)) => Err(Error::usage(format!(
                "{file} is required with {format}: expected the path of a file to be"
            ))),
            (Some(path), Some(kind)) => {
                kind.fits(source.location(), target.location())
                    .map_err(|err| Error::usage(format!("{format} {err:#}")))?;
                Manifest::new(path, kind, self.manifest_split, source.location())
                    .map(Some)
                    .map_err(|err| Error::usage(format!("{file} {err:#}")))
            }
        }
    }
}
