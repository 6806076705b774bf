//! Alibaba's: `oss-<region>.aliyuncs.com`, from inside `oss-<region>-internal`, accelerated `oss-accelerate`, and each with `s3.` before it, which is how S3
//! is to be spoken there.

use super::host::{Host, OSS};

pub(super) fn host(host: &str) -> Option<Host> {
    let labels = host.strip_suffix(".aliyuncs.com")?;
    Host::of(OSS, host, labels, |rest| {
        place(rest.strip_prefix("s3.").unwrap_or(rest))
    })
}

/// The region that one label, or two, name; `None` inside where they name none, as accelerated ones do.
#[expect(clippy::option_option, reason = "an accelerated host is one, too")]
fn place(labels: &str) -> Option<Option<String>> {
    let is_region = |name: &str| !name.is_empty() && !name.contains('.');
    let outside = |name: &str| name.strip_suffix("-internal").unwrap_or(name).to_owned();
    // Over IPv4 and IPv6: `cn-hangzhou.oss.aliyuncs.com`.
    if let Some(region) = labels.strip_suffix(".oss") {
        return is_region(region).then(|| Some(outside(region)));
    }
    let name = labels
        .strip_prefix("oss-")
        .or_else(|| labels.strip_prefix("vpc100-oss-"))
        // What accelerates reading, `cn-hangzhou-b-internal.oss-data-acc.aliyuncs.com`, does not speak S3.
        .filter(|name| is_region(name) && *name != "data-acc")?;
    if name.starts_with("accelerate") {
        return Some(None);
    }
    Some(Some(outside(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.54
    #[test]
    fn a_host_tells_the_bucket_and_the_region() {
        for (name, expected) in [
            (
                "oss-cn-hangzhou.aliyuncs.com",
                Some((None, "oss-cn-hangzhou.aliyuncs.com", Some("cn-hangzhou"))),
            ),
            (
                "hot.s3.oss-cn-hangzhou-internal.aliyuncs.com",
                Some((
                    Some("hot"),
                    "s3.oss-cn-hangzhou-internal.aliyuncs.com",
                    Some("cn-hangzhou"),
                )),
            ),
            (
                "s3.oss-accelerate.aliyuncs.com",
                Some((None, "s3.oss-accelerate.aliyuncs.com", None)),
            ),
            (
                "oss-accelerate-overseas.aliyuncs.com",
                Some((None, "oss-accelerate-overseas.aliyuncs.com", None)),
            ),
            (
                "hot.cn-hangzhou.oss.aliyuncs.com",
                Some((
                    Some("hot"),
                    "cn-hangzhou.oss.aliyuncs.com",
                    Some("cn-hangzhou"),
                )),
            ),
            (
                "oss-hot.oss-cn-beijing.aliyuncs.com",
                Some((
                    Some("oss-hot"),
                    "oss-cn-beijing.aliyuncs.com",
                    Some("cn-beijing"),
                )),
            ),
            (
                "cn-hangzhou-internal.oss.aliyuncs.com",
                Some((
                    None,
                    "cn-hangzhou-internal.oss.aliyuncs.com",
                    Some("cn-hangzhou"),
                )),
            ),
            ("cn-hangzhou-b-internal.oss-data-acc.aliyuncs.com", None),
            ("ecs.aliyuncs.com", None),
            ("aliyuncs.com", None),
            ("oss-cn-hangzhou.example.com", None),
        ] {
            let found = host(name);
            let told = found
                .as_ref()
                .map(|host| (host.bucket.as_deref(), &*host.rest, host.region.as_deref()));
            assert_eq!(told, expected, "{name}");
        }
    }
}
