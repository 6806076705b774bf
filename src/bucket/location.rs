//! Which bucket a configuration names, and whether two of them meet.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// A bucket, and the part of it that is meant. Prints as logs, marks and reports name it: `s3://endpoint/bucket/prefix`,
/// `file:///folder/prefix`. Two that print alike are one.
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

    /// Whether some object may lie in both: they are equal, or one lies inside the other. Names that only a server could tell from one another
    /// count as the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let meet = |(place, one): &(String, Vec<String>),
                    (other_place, two): &(String, Vec<String>)| {
            place == other_place && (one.starts_with(two) || two.starts_with(one))
        };
        match (&self.place, &other.place) {
            (Place::Folder(one), Place::Folder(two)) => {
                let one = resolved(&one.join(&self.prefix));
                let two = resolved(&two.join(&other.prefix));
                one.starts_with(&two) || two.starts_with(&one)
            }
            (Place::S3 { .. }, Place::S3 { .. }) => {
                let theirs = other.readings();
                let mine = self.readings();
                mine.iter()
                    .any(|one| theirs.iter().any(|two| meet(one, two)))
            }
            _ => false,
        }
    }

    /// The server and the path there, in every way in which a request can be read: the first label of a host may be a bucket's name.
    fn readings(&self) -> Vec<(String, Vec<String>)> {
        let Place::S3 { endpoint, bucket } = &self.place else {
            return Vec::new();
        };
        let path = segments(&format!("{}/{}", bucket.to_ascii_lowercase(), self.prefix));
        let mut readings = vec![(server(endpoint), path.clone())];
        if let Some((label, rest)) = bucket_in(endpoint) {
            let below = [label.to_owned()].into_iter().chain(path);
            readings.push((server(rest), below.collect()));
        }
        readings
    }
}

/// The names in a path, as a server walks it: empty ones and `.` lead nowhere, and `..` leads back.
fn segments(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name.to_owned()),
        }
    }
    segments
}

/// The bucket whose name stands before the host's, and that host. Numbers have no labels.
fn bucket_in(endpoint: &str) -> Option<(&str, &str)> {
    let is_amazon = endpoint.ends_with(".amazonaws.com") || endpoint.ends_with(".amazonaws.com.cn");
    if is_amazon {
        // A bucket's name may have dots in it.
        let at = [".s3.", ".s3-"]
            .iter()
            .find_map(|mark| endpoint.find(mark))?;
        return Some((endpoint.get(..at)?, endpoint.get(at + 1..)?));
    }
    let is_number = endpoint.starts_with('[') || host(endpoint).parse::<Ipv4Addr>().is_ok();
    let (label, rest) = endpoint.split_once('.').filter(|_| !is_number)?;
    (!label.is_empty() && !rest.is_empty()).then_some((label, rest))
}

fn host(endpoint: &str) -> &str {
    endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host)
}

/// Who answers at an endpoint: every host of Amazon's S3 serves every bucket of the partition. Other machines have names there too.
fn server(endpoint: &str) -> String {
    let is_s3 = |rest: &str| {
        let mut labels = rest.split('.');
        rest.is_empty() || labels.any(|label| label == "s3" || label.starts_with("s3-"))
    };
    for partition in ["amazonaws.com", "amazonaws.com.cn"] {
        let rest = endpoint.strip_suffix(partition);
        let rest = rest.filter(|rest| rest.is_empty() || rest.ends_with('.'));
        if rest.is_some_and(is_s3) {
            return format!("s3.{partition}");
        }
    }
    endpoint.to_owned()
}

/// Host and port in one spelling: in small letters, numbers in full, without what goes without saying.
fn normalised(endpoint: &str) -> String {
    let endpoint = endpoint.trim().trim_end_matches('/');
    let endpoint = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    // Of the two default ports this leaves out the one, and the next line the other.
    let url = reqwest::Url::parse(&format!("http://{endpoint}"));
    let spelled = url.ok().and_then(|url| {
        let host = url.host_str()?.trim_end_matches('.').to_owned();
        Some(match url.port().filter(|port| *port != 443) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        })
    });
    spelled.unwrap_or_else(|| endpoint.to_ascii_lowercase())
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
            Place::S3 { endpoint, bucket } => write!(f, "s3://{}/{bucket}", server(endpoint))?,
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
            (s3("minio:80", "a", ""), s3("minio:443", "a", ""), true),
            (s3("minio.", "a", ""), s3("minio", "a", ""), true),
            (s3("minio:9000/", "a", ""), s3("minio:9000", "a", ""), true),
            (
                s3("http://minio:9000", "a", ""),
                s3("minio:9000", "a", ""),
                true,
            ),
            (
                s3("127.1:9000", "a", ""),
                s3("127.0.0.1:9000", "a", ""),
                true,
            ),
            (
                s3("[::1]:9000", "a", ""),
                s3("[0:0:0:0:0:0:0:1]:9000", "a", ""),
                true,
            ),
            (
                s3("[2001:DB8::1]:443", "a", ""),
                s3("[2001:db8:0::1]", "a", ""),
                true,
            ),
            (s3("[::1]:9000", "a", ""), s3("[::2]:9000", "a", ""), false),
            // A slip in the name, on a server that walks paths.
            (s3("minio", "a/", ""), s3("minio", "a", ""), true),
            (s3("minio", "./a", ""), s3("minio", "a", "x"), true),
            (s3("minio", "b/../a", ""), s3("minio", "a", ""), true),
            (s3("minio", "a/x", ""), s3("minio", "a", "x/y"), true),
            (s3("minio", "a/x", ""), s3("minio", "a", "y"), false),
            (s3("minio", "A", ""), s3("minio", "a", ""), true),
            (s3("minio", "a", "X"), s3("minio", "a", "x"), false),
            // The bucket's name in the host's.
            (s3("a.minio:9000", "x", ""), s3("minio:9000", "a", ""), true),
            (
                s3("a.minio:9000", "x", ""),
                s3("minio:9000", "a", "x/y"),
                true,
            ),
            (
                s3("a.minio:9000", "x", ""),
                s3("minio:9000", "a", "y"),
                false,
            ),
            (
                s3("a.minio:9000", "x", ""),
                s3("minio:9000", "b", ""),
                false,
            ),
            (
                s3("a.minio:9000", "x", ""),
                s3("b.minio:9000", "x", ""),
                false,
            ),
            (s3("10.0.0.1", "a", ""), s3("0.0.1", "10", ""), false),
            (
                s3("s3.amazonaws.com", "a", ""),
                s3("s3.eu-west-1.amazonaws.com", "a", ""),
                true,
            ),
            (
                s3("a.b.s3.eu-west-1.amazonaws.com", "x", ""),
                s3("s3.dualstack.eu-west-1.amazonaws.com", "a.b", ""),
                true,
            ),
            (
                s3("s3.amazonaws.com", "a", ""),
                s3("s3.cn-north-1.amazonaws.com.cn", "a", ""),
                false,
            ),
            (
                s3("ec2-1-2-3-4.compute-1.amazonaws.com", "a", ""),
                s3("ec2-1-2-3-5.compute-1.amazonaws.com", "a", ""),
                false,
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
        for (endpoint, expected) in [
            ("minio:9000", "s3://minio:9000/hot/a/b"),
            ("MINIO.example.com:443", "s3://minio.example.com/hot/a/b"),
            ("[::1]:9000", "s3://[::1]:9000/hot/a/b"),
            (
                "s3.eu-west-1.amazonaws.com",
                "s3://s3.amazonaws.com/hot/a/b",
            ),
            ("s3.amazonaws.com", "s3://s3.amazonaws.com/hot/a/b"),
            (
                "s3.cn-north-1.amazonaws.com.cn",
                "s3://s3.amazonaws.com.cn/hot/a/b",
            ),
        ] {
            assert_eq!(Location::s3(endpoint, "hot", "a/b").to_string(), expected);
        }
        let nowhere = Path::new("/no/such/folder");
        assert_eq!(
            Location::folder(nowhere, "").to_string(),
            "file:///no/such/folder"
        );
    }
}
