//! Which bucket of which server a configuration names, in every way in which servers read such a name.

use std::ffi::OsString;
use std::net::Ipv4Addr;

use super::hosts;
use crate::bucket::location::{Address, Location};

/// A bucket at an endpoint given as host and port.
pub(super) fn location(endpoint: &str, bucket: &str, prefix: &str) -> Location {
    let endpoint = normalised(endpoint);
    let name = format!("s3://{}/{bucket}", server(&endpoint));
    Location::new(name, prefix, addresses(&endpoint, bucket, prefix))
}

/// A bucket whose own address is given as host and port; its name, where it is known, leads to it too.
pub(super) fn own(endpoint: &str, service: Option<(&str, &str)>, prefix: &str) -> Location {
    let endpoint = normalised(endpoint);
    let mut addresses = vec![Address {
        server: endpoint.clone(),
        path: segments(prefix),
    }];
    if let Some((service, bucket)) = service {
        addresses.extend(self::addresses(service, bucket, prefix));
    }
    Location::new(format!("s3://{endpoint}"), prefix, addresses)
}

/// The server and the path there, in every way in which a request can be read: the first label of a host may be a bucket's name.
fn addresses(endpoint: &str, bucket: &str, prefix: &str) -> Vec<Address> {
    let path = segments(&format!("{}/{prefix}", bucket.to_ascii_lowercase()));
    let mut addresses = vec![Address {
        server: server(endpoint),
        path: path.clone(),
    }];
    if let Some((label, rest)) = bucket_in(endpoint) {
        let below = [label.into()].into_iter().chain(path);
        addresses.push(Address {
            server: server(rest),
            path: below.collect(),
        });
    }
    addresses
}

/// The names in a path, as a server walks it: empty ones and `.` lead nowhere, and `..` leads back.
fn segments(path: &str) -> Vec<OsString> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name.into()),
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
    if let Some(host) = hosts::known(endpoint) {
        let bucket = host.bucket?;
        return Some((
            endpoint.get(..bucket.len())?,
            endpoint.get(bucket.len() + 1..)?,
        ));
    }
    let is_number = endpoint.starts_with('[') || host(endpoint).parse::<Ipv4Addr>().is_ok();
    let (label, rest) = endpoint.split_once('.').filter(|_| !is_number)?;
    (!label.is_empty() && !rest.is_empty()).then_some((label, rest))
}

fn host(endpoint: &str) -> &str {
    endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host)
}

/// Who answers at an endpoint: every host of Amazon's S3 serves every bucket of the partition, and every host of another vendor's all of its own. Other
/// machines have names there too.
fn server(endpoint: &str) -> String {
    if let Some(host) = hosts::known(endpoint) {
        return host.service.to_owned();
    }
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

/// Host and port in one spelling: lower case, IP addresses in full, default ports removed.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.4
    #[test]
    fn buckets_meet_when_an_object_may_lie_in_both() {
        let s3 = location;
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
            assert_eq!(location(endpoint, "hot", "a/b").to_string(), expected);
        }
    }
}
