//! Where a bucket's objects are to others, who know neither our configuration nor our endpoint.

use crate::bucket::Location;

/// A bucket as a copier is told of it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// What stands before the names below it in full URIs, without the slash between.
    uri: String,
    /// In S3; empty elsewhere.
    bucket: String,
    /// In S3; empty where there is none.
    prefix: String,
}

impl Place {
    pub(super) fn of(location: &Location) -> Self {
        Self::named(&location.to_string())
    }

    /// Of a bucket that is printed so.
    pub(super) fn named(name: &str) -> Self {
        let in_s3 = name
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'));
        match in_s3 {
            Some((_endpoint, path)) => {
                let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
                Self {
                    uri: format!("s3://{path}"),
                    bucket: bucket.to_owned(),
                    prefix: prefix.to_owned(),
                }
            }
            None => Self {
                uri: name.to_owned(),
                bucket: String::new(),
                prefix: String::new(),
            },
        }
    }

    /// The name of the bucket in S3; empty elsewhere.
    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The prefix in the bucket in S3, without slashes at its ends.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The whole key in S3 of what has this name below the prefix.
    pub(super) fn key(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }

    /// The full URI of what has this name below the prefix.
    pub(super) fn uri(&self, name: &str) -> String {
        format!("{}/{name}", self.uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_without_its_endpoint() {
        for (name, bucket, key, uri) in [
            ("s3://minio:9000/hot", "hot", "A", "s3://hot/A"),
            ("s3://minio:9000/hot/a/b", "hot", "a/b/A", "s3://hot/a/b/A"),
            ("file:///var/hot", "", "A", "file:///var/hot/A"),
        ] {
            let place = Place::named(name);
            assert_eq!(place.bucket(), bucket);
            assert_eq!(place.key("A"), key);
            assert_eq!(place.uri("A"), uri);
        }
    }
}
