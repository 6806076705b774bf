//! Huawei's: `obs.<region>.myhuaweicloud.com`, with a bucket's name before it, and the same of those who run its software under a name of their own.

use super::host::{Host, OBS};

/// What hosts end in, and what stands for all hosts of whoever it is: names of buckets are unique among these.
const DOMAINS: [(&str, &str); 5] = [
    (".myhuaweicloud.com", OBS),
    (".myhuaweicloud.eu", "obs.myhuaweicloud.eu"),
    (".sc.otc.t-systems.com", "obs.sc.otc.t-systems.com"),
    (".otc.t-systems.com", "obs.otc.t-systems.com"),
    (".hc.sbercloud.ru", "obs.hc.sbercloud.ru"),
];

pub(super) fn host(host: &str) -> Option<Host> {
    let mut domains = DOMAINS.into_iter();
    let (labels, service) =
        domains.find_map(|(domain, service)| Some((host.strip_suffix(domain)?, service)))?;
    Host::of(service, host, labels, region)
}

/// The region that is named; `None` inside where none is, as by the host for all of them.
#[expect(clippy::option_option, reason = "the host for all regions is one, too")]
fn region(labels: &str) -> Option<Option<String>> {
    if labels == "obs" {
        return Some(None);
    }
    let region = labels.strip_prefix("obs.")?;
    (!region.is_empty() && !region.contains('.')).then(|| Some(region.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.61
    #[test]
    fn a_host_tells_the_bucket_and_the_region() {
        for (name, expected) in [
            (
                "obs.cn-north-4.myhuaweicloud.com",
                Some((None, "obs.cn-north-4.myhuaweicloud.com", Some("cn-north-4"))),
            ),
            (
                "hot.obs.cn-north-4.myhuaweicloud.com",
                Some((
                    Some("hot"),
                    "obs.cn-north-4.myhuaweicloud.com",
                    Some("cn-north-4"),
                )),
            ),
            (
                "hot.eu.obs.eu-west-101.myhuaweicloud.eu",
                Some((
                    Some("hot.eu"),
                    "obs.eu-west-101.myhuaweicloud.eu",
                    Some("eu-west-101"),
                )),
            ),
            // A bucket of the service's name.
            (
                "obs.obs.cn-south-1.myhuaweicloud.com",
                Some((
                    Some("obs"),
                    "obs.cn-south-1.myhuaweicloud.com",
                    Some("cn-south-1"),
                )),
            ),
            (
                "obs.myhuaweicloud.com",
                Some((None, "obs.myhuaweicloud.com", None)),
            ),
            (
                "hot.obs.eu-de.otc.t-systems.com",
                Some((Some("hot"), "obs.eu-de.otc.t-systems.com", Some("eu-de"))),
            ),
            (
                "obs.eu-ch2.sc.otc.t-systems.com",
                Some((None, "obs.eu-ch2.sc.otc.t-systems.com", Some("eu-ch2"))),
            ),
            (
                "obs.ru-moscow-1.hc.sbercloud.ru",
                Some((None, "obs.ru-moscow-1.hc.sbercloud.ru", Some("ru-moscow-1"))),
            ),
            ("ecs.cn-north-4.myhuaweicloud.com", None),
            ("obs-website.cn-north-4.myhuaweicloud.com", None),
            ("obs..myhuaweicloud.com", None),
            ("myhuaweicloud.com", None),
            ("obs.cn-north-4.example.com", None),
        ] {
            let found = host(name);
            let told = found
                .as_ref()
                .map(|host| (host.bucket.as_deref(), &*host.rest, host.region.as_deref()));
            assert_eq!(told, expected, "{name}");
        }
    }

    /// S-3.63
    #[test]
    fn buckets_of_one_name_at_two_providers_are_two() {
        let service = |name| host(name).map(|host| host.service);
        let huaweis = service("obs.cn-north-4.myhuaweicloud.com");
        assert_eq!(huaweis, service("hot.obs.sa-brazil-1.myhuaweicloud.com"));
        for other in [
            "obs.eu-west-101.myhuaweicloud.eu",
            "obs.eu-de.otc.t-systems.com",
            "obs.eu-ch2.sc.otc.t-systems.com",
        ] {
            assert_ne!(service(other), huaweis, "{other}");
        }
        let two = [
            "obs.eu-de.otc.t-systems.com",
            "obs.eu-ch2.sc.otc.t-systems.com",
        ];
        assert_ne!(service(two[0]), service(two[1]));
    }
}
