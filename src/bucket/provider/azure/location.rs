//! Which container of which account a configuration names.

use super::service::{SECONDARY, Service};
use crate::bucket::location::{Address, Location};

/// A container of an account. Prints as `azure://host/container/prefix`; the host is the account's own, or is followed by its name.
pub(super) fn location(service: &Service, container: &str, prefix: &str) -> Location {
    let place = format!("{}{}", service.authority(), service.path());
    let name = format!("azure://{place}/{container}");
    let path = format!("{}/{container}/{prefix}", service.path());
    let names = path.split('/').filter(|name| !name.is_empty());
    let address = Address {
        server: server(service),
        path: names.map(Into::into).collect(),
    };
    Location::new(name, prefix, vec![address])
}

/// Who answers: the secondary endpoint shows the same objects, a while later.
fn server(service: &Service) -> String {
    let host = service.authority();
    match host.split_once('.') {
        Some((label, rest)) => {
            let label = label.strip_suffix(SECONDARY).unwrap_or(label);
            format!("{label}.{rest}")
        }
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn at(url: &str, container: &str, prefix: &str) -> Location {
        let service = Service::of_url("x", url, "hot").unwrap();
        location(&service, container, prefix)
    }

    /// S-3.4
    #[test]
    fn containers_meet_when_an_object_may_lie_in_both() {
        const CLOUD: &str = "https://hot.blob.core.windows.net";
        let hot = at(CLOUD, "c", "p");
        assert_eq!(hot.to_string(), "azure://hot.blob.core.windows.net/c/p");
        for (url, container, prefix, expected) in [
            (CLOUD, "c", "p", true),
            (CLOUD, "c", "", true),
            (CLOUD, "c", "p/q", true),
            (CLOUD, "c", "pq", false),
            (CLOUD, "d", "p", false),
            ("https://HOT.blob.core.windows.net:443/", "c", "p", true),
            ("http://hot.blob.core.windows.net", "c", "p", true),
            (
                "https://hot-secondary.blob.core.windows.net",
                "c",
                "p",
                true,
            ),
            ("https://cold.blob.core.windows.net", "c", "p", false),
            ("https://hot.blob.core.chinacloudapi.cn", "c", "p", false),
        ] {
            let found = hot.overlaps(&at(url, container, prefix));
            assert_eq!(found, expected, "{url} {container} {prefix}");
        }
        let emulated = at("http://127.0.0.1:10000/hot", "c", "");
        assert_eq!(emulated.to_string(), "azure://127.0.0.1:10000/hot/c");
        assert!(emulated.overlaps(&at("http://127.0.0.1:10000/hot/", "c", "p")));
        assert!(!emulated.overlaps(&at("http://127.0.0.1:10000/cold", "c", "")));
        assert!(!emulated.overlaps(&at("http://127.0.0.1:10001/hot", "c", "")));
    }
}
