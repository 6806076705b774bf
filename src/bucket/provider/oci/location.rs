//! Which bucket it is: of a tenancy, in a region, by its name. The tenancy's namespace is known only to the service.

use std::ffi::OsString;

use super::config::{Config, Identity};
use crate::bucket::location::{Address, Location};

/// So many of a tenancy's last characters name it, as in Oracle's console.
const TENANCY: usize = 8;

/// The location of a bucket and a prefix in it.
pub(super) fn location(config: &Config, prefix: &str) -> Location {
    let Identity::User(key, _) = &config.identity;
    of(
        config.endpoint.authority(),
        &key.tenancy,
        &config.bucket,
        prefix,
    )
}

fn of(server: &str, tenancy: &str, bucket: &str, prefix: &str) -> Location {
    let from = tenancy.len().saturating_sub(TENANCY);
    let short = tenancy.get(from..).unwrap_or(tenancy);
    let names = prefix.split('/').filter(|name| !name.is_empty());
    let path: Vec<OsString> = [bucket].into_iter().chain(names).map(Into::into).collect();
    let address = Address {
        server: format!("oci://{tenancy}@{server}"),
        path,
    };
    let name = format!("oci://{short}@{server}/{bucket}");
    Location::new(name, prefix, vec![address])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.4, S-3.78
    #[test]
    fn buckets_are_told_apart_by_tenancy_region_name_and_prefix() {
        let at = |region: &str, tenancy: &str, bucket: &str, prefix: &str| {
            let server = format!("objectstorage.{region}.oraclecloud.com");
            of(
                &server,
                &format!("ocid1.tenancy.oc1..aaaa{tenancy}"),
                bucket,
                prefix,
            )
        };
        let hot = at("us-phoenix-1", "xyz12345", "hot", "a");
        assert_eq!(
            hot.to_string(),
            "oci://xyz12345@objectstorage.us-phoenix-1.oraclecloud.com/hot/a"
        );
        for (other, expected) in [
            (at("us-phoenix-1", "xyz12345", "hot", "a"), true),
            (at("us-phoenix-1", "xyz12345", "hot", ""), true),
            (at("us-phoenix-1", "xyz12345", "hot", "a/b"), true),
            (at("us-phoenix-1", "xyz12345", "hot", "ab"), false),
            (at("us-phoenix-1", "xyz12345", "cold", "a"), false),
            (at("us-ashburn-1", "xyz12345", "hot", "a"), false),
            (at("us-phoenix-1", "other123", "hot", "a"), false),
        ] {
            assert_eq!(hot.overlaps(&other), expected, "{other}");
        }
    }
}
