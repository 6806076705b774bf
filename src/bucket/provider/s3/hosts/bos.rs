//! Baidu's: `<region>.bcebos.com`, with `s3.` before it where S3 is spoken, and a bucket's name before that.

use super::host::{BOS, Host};

pub(super) fn host(host: &str) -> Option<Host> {
    let labels = host.strip_suffix(".bcebos.com")?;
    Host::of(BOS, host, labels, |rest| region(rest).map(Some))
}

/// The region that is named. What answers under `cdn` is none.
fn region(labels: &str) -> Option<String> {
    let region = labels.strip_prefix("s3.").unwrap_or(labels);
    let is_one = !region.is_empty() && !region.contains('.') && !["cdn", "s3"].contains(&region);
    is_one.then(|| region.to_owned())
}

/// How S3 is spoken in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket::provider) enum Spoken {
    /// With TLS and without.
    AsAsked,
    /// Without TLS only.
    Plain,
    /// Nobody tells of it.
    Untold,
}

/// As Baidu tells of its regions (cloud.baidu.com/doc/BOS/s/xjwvyq9l4, as of 2025-06-27).
pub(in crate::bucket::provider) fn spoken(region: &str) -> Spoken {
    match region {
        "bj" | "gz" | "su" | "bd" => Spoken::AsAsked,
        "fwh" | "hkg" => Spoken::Plain,
        _ => Spoken::Untold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.66
    #[test]
    fn a_host_tells_the_bucket_and_the_region() {
        for (name, expected) in [
            ("bj.bcebos.com", Some((None, "bj.bcebos.com", Some("bj")))),
            (
                "s3.bj.bcebos.com",
                Some((None, "s3.bj.bcebos.com", Some("bj"))),
            ),
            (
                "hot.bj.bcebos.com",
                Some((Some("hot"), "bj.bcebos.com", Some("bj"))),
            ),
            (
                "hot.s3.fwh.bcebos.com",
                Some((Some("hot"), "s3.fwh.bcebos.com", Some("fwh"))),
            ),
            // A bucket of the name of a region.
            (
                "gz.hkg.bcebos.com",
                Some((Some("gz"), "hkg.bcebos.com", Some("hkg"))),
            ),
            ("hot.cdn.bcebos.com", None),
            ("bcebos.com", None),
            ("s3.bcebos.com", None),
            ("bj.bcebos.com.example.com", None),
            ("bj.baidubce.com", None),
        ] {
            let found = host(name);
            let told = found
                .as_ref()
                .map(|host| (host.bucket.as_deref(), &*host.rest, host.region.as_deref()));
            assert_eq!(told, expected, "{name}");
        }
    }
}
