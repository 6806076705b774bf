//! Which bucket it is: its name says it where Google's own service is asked, and elsewhere the server stands before it.

use std::ffi::OsString;

use super::config::Endpoint;
use crate::bucket::location::{Address, Location};

/// The location of a bucket and a prefix in it.
pub(super) fn location(endpoint: &Endpoint, bucket: &str, prefix: &str) -> Location {
    let server = endpoint.authority();
    let name = if endpoint.is_googles() {
        format!("gs://{bucket}")
    } else {
        format!("gs://{server}/{bucket}")
    };
    let names = prefix.split('/').filter(|name| !name.is_empty());
    let path: Vec<OsString> = [bucket].into_iter().chain(names).map(Into::into).collect();
    // As an S3 client names the same server, which speaks that too.
    let address = Address {
        server: server.to_owned(),
        path,
    };
    Location::new(name, prefix, vec![address])
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::environment::Environment;

    fn at(emulator: &str, bucket: &str, prefix: &str) -> Location {
        let variables = [("STORAGE_EMULATOR_HOST".to_owned(), emulator.to_owned())];
        let environment: Environment = variables.into_iter().collect();
        let endpoint = Endpoint::of_emulator(&environment).unwrap();
        let endpoint = endpoint.unwrap_or_else(|| Endpoint::of_universe(None).unwrap());
        location(&endpoint, bucket, prefix)
    }

    /// S-3.4, S-3.5
    #[test]
    fn buckets_are_told_apart_by_server_name_and_prefix() {
        let hot = at("", "hot", "a");
        assert_eq!(hot.to_string(), "gs://hot/a");
        assert_eq!(
            at("fake:4443", "hot", "a").to_string(),
            "gs://fake:4443/hot/a"
        );
        for (other, expected) in [
            (at("", "hot", "a"), true),
            (at("", "hot", ""), true),
            (at("", "hot", "a/b"), true),
            (at("", "hot", "ab"), false),
            (at("", "cold", "a"), false),
            (at("fake:4443", "hot", "a"), false),
            (at("https://STORAGE.googleapis.com", "hot", "a"), true),
            // By its other interface.
            (Location::named("s3://x/y"), false),
        ] {
            assert_eq!(hot.overlaps(&other), expected, "{other}");
        }
    }
}
