//! Which bucket a configuration names, and whether two of them meet.

use std::fmt;
use std::path::{Path, PathBuf};

/// A bucket, and the part of it that is meant. Prints as logs, marks and reports name it: `s3://bucket/prefix`, `file:///folder/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    place: Place,
    prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    S3 { endpoint: String, bucket: String },
}

impl Location {
    /// A folder. Symbolic links in the part of the path that exists are resolved, so that two names of one folder are one location.
    #[must_use]
    pub fn folder(directory: &Path, prefix: &str) -> Self {
        Self {
            place: Place::Folder(resolved(directory)),
            prefix: prefix.to_owned(),
        }
    }

    /// A bucket at an endpoint given as host and port.
    #[must_use]
    pub fn s3(endpoint: &str, bucket: &str, prefix: &str) -> Self {
        Self {
            place: Place::S3 {
                endpoint: normalised(endpoint),
                bucket: bucket.to_owned(),
            },
            prefix: prefix.to_owned(),
        }
    }

    /// Whether some object may lie in both: they are equal, or one lies inside the other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Folder(one), Place::Folder(two)) => {
                let (one, two) = (one.join(&self.prefix), two.join(&other.prefix));
                one.starts_with(&two) || two.starts_with(&one)
            }
            (one, two) => one == two && inside(&self.prefix, &other.prefix),
        }
    }
}

/// Whether one of the prefixes is the other, or a parent of it.
fn inside(one: &str, two: &str) -> bool {
    let segments = |prefix: &str| {
        let segments = prefix.split('/').filter(|segment| !segment.is_empty());
        segments.map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, two) = (segments(one), segments(two));
    one.starts_with(&two) || two.starts_with(&one)
}

/// Every host of Amazon's serves every bucket of the partition, and default ports go without saying.
fn normalised(endpoint: &str) -> String {
    let endpoint = endpoint.to_ascii_lowercase();
    let host = endpoint
        .strip_suffix(":443")
        .or_else(|| endpoint.strip_suffix(":80"))
        .unwrap_or(&endpoint)
        .trim_end_matches('.');
    for partition in ["amazonaws.com", "amazonaws.com.cn"] {
        if host
            .strip_suffix(partition)
            .is_some_and(|rest| rest.ends_with('.'))
        {
            return partition.to_owned();
        }
    }
    host.to_owned()
}

fn resolved(directory: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for ancestor in directory.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return missing
                .iter()
                .rev()
                .fold(real, |path, name| path.join(name));
        }
        missing.extend(ancestor.file_name());
    }
    directory.to_owned()
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Folder(directory) => write!(f, "file://{}", directory.display())?,
            Place::S3 { bucket, .. } => write!(f, "s3://{bucket}")?,
        }
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-3.4
    #[test]
    fn buckets_meet_when_an_object_may_lie_in_both() {
        let s3 = Location::s3;
        for (one, other, expected) in [
            (s3("minio:9000", "a", ""), s3("minio:9000", "a", ""), true),
            (s3("minio:9000", "a", ""), s3("MINIO:9000", "a", "x"), true),
            (
                s3("minio:9000", "a", "x"),
                s3("minio:9000", "a", "x/y"),
                true,
            ),
            (
                s3("minio:9000", "a", "x"),
                s3("minio:9000", "a", "xy"),
                false,
            ),
            (s3("minio:9000", "a", ""), s3("minio:9000", "b", ""), false),
            (s3("minio:9000", "a", ""), s3("minio:9001", "a", ""), false),
            (s3("minio:443", "a", ""), s3("minio", "a", ""), true),
            (
                s3("s3.amazonaws.com", "a", ""),
                s3("s3.eu-west-1.amazonaws.com", "a", ""),
                true,
            ),
        ] {
            assert_eq!(one.overlaps(&other), expected, "{one} {other}");
            assert_eq!(other.overlaps(&one), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_folder_is_itself_under_every_name() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let folder = |path: &Path, prefix: &str| Location::folder(path, prefix);
        assert!(folder(&real, "").overlaps(&folder(&link, "")));
        assert!(folder(&real, "").overlaps(&folder(&link.join("new"), "")));
        assert!(folder(&real, "a").overlaps(&folder(&link.join("a"), "")));
        assert!(!folder(&real, "a").overlaps(&folder(&real, "b")));
        assert!(!folder(&real, "").overlaps(&folder(&root.path().join("real2"), "")));
    }

    #[test]
    fn locations_print_as_urls() {
        assert_eq!(
            Location::s3("minio:9000", "hot", "a/b").to_string(),
            "s3://hot/a/b"
        );
        let nowhere = Path::new("/no/such/folder");
        assert_eq!(
            Location::folder(nowhere, "").to_string(),
            "file:///no/such/folder"
        );
    }
}
