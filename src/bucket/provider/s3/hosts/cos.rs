//! Tencent's: `cos.<region>.myqcloud.com` and what is said to be the same under `tencentcos.cn`, with a bucket's name and account before it.

use super::host::{COS, Host};

/// What the first label is called by which way a host is reached.
const WAYS: [&str; 3] = ["cos", "cos-internal", "cos-dualstack"];

pub(super) fn host(host: &str) -> Option<Host> {
    let domains = [".myqcloud.com", ".tencentcos.cn", ".tencentcos.com"];
    let labels = domains
        .iter()
        .find_map(|domain| host.strip_suffix(domain))?;
    Host::of(COS, host, labels, place)
}

/// The region that is named; `None` inside where none is, as by accelerated hosts.
#[expect(clippy::option_option, reason = "an accelerated host is one, too")]
fn place(labels: &str) -> Option<Option<String>> {
    let (way, place) = labels.split_once('.')?;
    let is_one = WAYS.contains(&way) && !place.is_empty() && !place.contains('.');
    is_one.then(|| (place != "accelerate").then(|| place.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.51
    #[test]
    fn a_host_tells_the_bucket_and_the_region() {
        for (name, expected) in [
            (
                "cos.ap-guangzhou.myqcloud.com",
                Some((None, "cos.ap-guangzhou.myqcloud.com", Some("ap-guangzhou"))),
            ),
            (
                "hot-1250000000.cos.ap-guangzhou.myqcloud.com",
                Some((
                    Some("hot-1250000000"),
                    "cos.ap-guangzhou.myqcloud.com",
                    Some("ap-guangzhou"),
                )),
            ),
            (
                "hot-1250000000.cos-internal.ap-beijing.tencentcos.cn",
                Some((
                    Some("hot-1250000000"),
                    "cos-internal.ap-beijing.tencentcos.cn",
                    Some("ap-beijing"),
                )),
            ),
            (
                "hot-1250000000.cos.accelerate.myqcloud.com",
                Some((Some("hot-1250000000"), "cos.accelerate.myqcloud.com", None)),
            ),
            // A bucket of the name of a way.
            (
                "cos.cos.ap-beijing.myqcloud.com",
                Some((
                    Some("cos"),
                    "cos.ap-beijing.myqcloud.com",
                    Some("ap-beijing"),
                )),
            ),
            ("hot-1250000000.cos-website.ap-beijing.myqcloud.com", None),
            ("cos.example.com", None),
            ("myqcloud.com", None),
            ("cos..myqcloud.com", None),
        ] {
            let found = host(name);
            let told = found
                .as_ref()
                .map(|host| (host.bucket.as_deref(), &*host.rest, host.region.as_deref()));
            assert_eq!(told, expected, "{name}");
        }
    }
}
