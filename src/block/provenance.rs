//! How a mark tells that this tool wrote it: one format of the `details` text, and its one parser.

use std::fmt;
use std::str::FromStr;

use super::id::BlockId;
use crate::error::Error;

/// Names one run in logs, marks and reports: a ULID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(String);

impl RunId {
    /// A new id; sorts by time of making.
    #[must_use]
    pub fn generate() -> Self {
        Self(ulid::Ulid::generate().to_string())
    }
}

impl FromStr for RunId {
    type Err = Error;

    /// Strict: what [`RunId::generate`] may have made.
    fn from_str(text: &str) -> Result<Self, Error> {
        // The text of every ULID, a block's or a run's.
        text.parse::<BlockId>().map(|_| Self(text.to_owned()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who wrote a mark, and where the block went: `migrated to <target> by thanos-bucket <version> run <run id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The target bucket, as its location prints.
    pub target: String,
    /// Version of the tool.
    pub version: String,
    /// The run.
    pub run: RunId,
}

impl Provenance {
    /// The provenance of marks that this build of the tool writes in `run`.
    #[must_use]
    pub fn of_this_run(target: impl Into<String>, run: RunId) -> Self {
        Self {
            target: target.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run,
        }
    }

    /// Reads the `details` of a mark; `None` where somebody else wrote them.
    #[must_use]
    pub fn parse(details: &str) -> Option<Self> {
        let rest = details.strip_prefix("migrated to ")?;
        let (target, rest) = rest.rsplit_once(" by thanos-bucket ")?;
        let (version, rest) = rest.split_once(" run ")?;
        let run = rest.split([' ', ',']).next()?.parse().ok()?;
        (!target.is_empty() && !version.is_empty()).then(|| Self {
            target: target.to_owned(),
            version: version.to_owned(),
            run,
        })
    }
}

impl Provenance {
    /// Whether it names that target, as its location prints, or as it printed in earlier versions: a bucket of S3 without its endpoint.
    #[must_use]
    pub fn leads_to(&self, target: &str) -> bool {
        let without_endpoint = || {
            let (_, rest) = target.strip_prefix("s3://")?.split_once('/')?;
            Some(self.target.strip_prefix("s3://")? == rest)
        };
        self.target == target || without_endpoint() == Some(true)
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            version,
            run,
        } = self;
        write!(
            f,
            "migrated to {target} by thanos-bucket {version} run {run}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-1.2
    #[test]
    fn what_is_written_is_read_back() {
        let ours =
            Provenance::of_this_run("file:///srv/by thanos-bucket x/cold", RunId::generate());
        assert_eq!(Provenance::parse(&ours.to_string()), Some(ours.clone()));
        let with_a_tail = format!("{ours}, covered by 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B");
        assert_eq!(Provenance::parse(&with_a_tail), Some(ours));
    }

    /// S-1.2
    #[test]
    fn a_mark_leads_to_the_target_that_it_names_now_or_named_before() {
        for (named, target, expected) in [
            ("s3://minio:9000/cold/x", "s3://minio:9000/cold/x", true),
            ("s3://cold/x", "s3://minio:9000/cold/x", true),
            ("s3://cold", "s3://minio:9000/cold", true),
            ("s3://other:9000/cold/x", "s3://minio:9000/cold/x", false),
            ("s3://cold", "s3://minio:9000/cold/x", false),
            ("s3://cold/x", "s3://minio:9000/cold", false),
            ("s3://hot", "s3://minio:9000/cold", false),
            ("file:///srv/cold", "file:///srv/cold", true),
            ("file:///cold", "file:///srv/cold", false),
            ("s3://srv/cold", "file:///srv/cold", false),
        ] {
            let ours = Provenance::of_this_run(named, RunId::generate());
            assert_eq!(ours.leads_to(target), expected, "{named} {target}");
        }
    }

    /// S-1.2
    #[test]
    fn marks_of_others_are_not_ours() {
        for details in [
            "",
            "source of compacted block",
            "migrated to s3://cold",
            "migrated to  by thanos-bucket 1 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
            "migrated to s3://cold by thanos-bucket  run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
            // This tool has never called a run so.
            "migrated to s3://cold by thanos-bucket 1 run 2",
            "migrated to s3://cold by thanos-bucket 1 run \u{1b}[2J",
            "migrated to s3://cold by thanos-bucket 1 run 01j9zk3m7q8t5v6w7x8y9z0a1b",
            "migrated to s3://cold by thanos-bucket 1 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B\n! x",
        ] {
            assert_eq!(Provenance::parse(details), None, "{details}");
        }
    }
}
