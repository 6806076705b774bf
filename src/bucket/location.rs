//! Which bucket a configuration names, and whether two of them meet. What addresses of a kind mean is the provider's to say.

use std::ffi::OsString;
use std::fmt;

/// A bucket, and the part of it that is meant. Prints as logs, marks and reports name it: `s3://endpoint/bucket/prefix`,
/// `file:///folder/prefix`. Two that print alike are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    name: String,
    addresses: Vec<Address>,
}

/// One way in which requests for the bucket's objects can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Who answers.
    pub(super) server: String,
    /// The names that lead to the objects there, the prefix included.
    pub(super) path: Vec<OsString>,
}

impl Location {
    /// A bucket with this `name`, which does not include the prefix. Each of the `addresses` leads to it, prefix included.
    pub(super) fn new(name: String, prefix: &str, addresses: Vec<Address>) -> Self {
        let name = if prefix.is_empty() {
            name
        } else {
            format!("{name}/{prefix}")
        };
        Self { name, addresses }
    }

    /// A bucket that is found under its name alone, such as `s3://server/bucket/prefix`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let mut segments = name.split('/').filter(|segment| !segment.is_empty());
        let scheme = segments.next().unwrap_or_default();
        let server = segments.next().unwrap_or_default();
        let address = Address {
            server: format!("{scheme}//{server}"),
            path: segments.map(Into::into).collect(),
        };
        Self::new(name.to_owned(), "", vec![address])
    }

    /// Whether some object may lie in both: they are equal, or one lies inside the other. Names that only a server could tell from one another
    /// count as the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let meet = |one: &Address, two: &Address| {
            one.server == two.server
                && (one.path.starts_with(&two.path) || two.path.starts_with(&one.path))
        };
        let mine = self.addresses.iter();
        let mut pairs = mine.flat_map(|one| other.addresses.iter().map(move |two| (one, two)));
        pairs.any(|(one, two)| meet(one, two))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_is_known_by_its_name_meets_what_lies_in_it() {
        let hot = Location::named("s3://minio:9000/hot/a");
        assert_eq!(hot.to_string(), "s3://minio:9000/hot/a");
        for (name, expected) in [
            ("s3://minio:9000/hot/a", true),
            ("s3://minio:9000/hot", true),
            ("s3://minio:9000/hot/a/b", true),
            ("s3://minio:9000/hot/ab", false),
            ("s3://minio:9001/hot/a", false),
            ("file:///minio:9000/hot/a", false),
        ] {
            assert_eq!(hot.overlaps(&Location::named(name)), expected, "{name}");
        }
    }
}
