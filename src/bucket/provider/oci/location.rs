//! Which bucket it is: of a tenancy, in a region, by its name. The tenancy's namespace is known only to the service.

use std::ffi::OsString;

use super::config::{Config, Identity};
use crate::bucket::location::{Address, Location};

/// So many of a tenancy's last characters name it, as in Oracle's console.
const TENANCY: usize = 8;

/// The location of a bucket and a prefix in it.
pub(super) fn location(config: &Config, prefix: &str) -> Location {
    match &config.identity {
        Identity::User { key, endpoint, .. } => of(
            endpoint.authority(),
            Some(&key.tenancy),
            &config.bucket,
            prefix,
        ),
        // One machine lies in one region, and in one tenancy.
        Identity::Machine(_) => of(MACHINE, None, &config.bucket, prefix),
    }
}

/// Stands for the region and the tenancy of the machine, which only it knows.
const MACHINE: &str = "instance-principal";

fn of(server: &str, tenancy: Option<&str>, bucket: &str, prefix: &str) -> Location {
    let names = prefix.split('/').filter(|name| !name.is_empty());
    let path: Vec<OsString> = [bucket].into_iter().chain(names).map(Into::into).collect();
    let at = |tenancy: Option<&str>| match tenancy {
        Some(tenancy) => format!("oci://{tenancy}@{server}"),
        None => format!("oci://{server}"),
    };
    let short = tenancy.map(|tenancy| {
        let from = tenancy.len().saturating_sub(TENANCY);
        tenancy.get(from..).unwrap_or(tenancy)
    });
    let address = Address {
        server: at(tenancy),
        path,
    };
    Location::new(format!("{}/{bucket}", at(short)), prefix, vec![address])
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
                Some(&format!("ocid1.tenancy.oc1..aaaa{tenancy}")),
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
        let machines = of(MACHINE, None, "hot", "a");
        assert_eq!(machines.to_string(), "oci://instance-principal/hot/a");
        assert!(machines.overlaps(&of(MACHINE, None, "hot", "")));
    }
}
