//! What is known of a vendor's service, whether its bucket is configured by the vendor's own type or as S3 at one of its hosts.

use super::config::Config;
use super::hosts::{COS, OSS, known};
use super::page::Tokens;
use crate::bucket::backend::Listings;

/// Whether listings show at once what was put.
pub(super) fn listings(config: &Config) -> Listings {
    match service(config) {
        // "GET Bucket" is said to be consistent in the end only.
        Some(COS) => Listings::Lagging,
        _ => config.dialect.differences.listings,
    }
}

/// How tokens stand in listings whose names are escaped.
pub(super) fn tokens(config: &Config) -> Tokens {
    match service(config) {
        // "ListObjectsV2" says so of `NextContinuationToken`, and no other vendor does.
        Some(OSS) => Tokens::Escaped,
        _ => Tokens::Plain,
    }
}

/// The service, by what stands for all of its hosts.
fn service(config: &Config) -> Option<&'static str> {
    let of_host = || known(config.endpoint.host()).map(|host| host.service);
    config.dialect.service.or_else(of_host)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::bucket::provider::configured::Section;
    use crate::environment::Environment;
    use crate::yaml;

    /// S-5.5, S-3.53, S-3.56
    #[test]
    fn a_service_is_known_by_its_hosts_also_for_the_type_s3() {
        for (endpoint, listings_are, tokens_are) in [
            (
                "cos.ap-guangzhou.myqcloud.com",
                Listings::Lagging,
                Tokens::Plain,
            ),
            (
                "COS-internal.ap-beijing.tencentcos.cn:443",
                Listings::Lagging,
                Tokens::Plain,
            ),
            (
                "hot.cos.accelerate.myqcloud.com",
                Listings::Lagging,
                Tokens::Plain,
            ),
            (
                "s3.oss-cn-hangzhou.aliyuncs.com",
                Listings::Strong,
                Tokens::Escaped,
            ),
            (
                "oss-accelerate.aliyuncs.com",
                Listings::Strong,
                Tokens::Escaped,
            ),
            (
                "obs.cn-north-4.myhuaweicloud.com",
                Listings::Strong,
                Tokens::Plain,
            ),
            (
                "s3.eu-west-1.amazonaws.com",
                Listings::Strong,
                Tokens::Plain,
            ),
            ("minio:9000", Listings::Strong, Tokens::Plain),
        ] {
            let text =
                format!("{{bucket: hot, endpoint: '{endpoint}', access_key: k, secret_key: s}}");
            let node = yaml::parse(&text).unwrap().unwrap();
            let config = Config::parse(Section {
                config: &node,
                environment: &Environment::default(),
                warnings: &mut Vec::new(),
            });
            let config = config.unwrap();
            assert_eq!(listings(&config), listings_are, "{endpoint}");
            assert_eq!(tokens(&config), tokens_are, "{endpoint}");
        }
    }
}
