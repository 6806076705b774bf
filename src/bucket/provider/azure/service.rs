//! Where the blobs of an account are: at a host of its own, or, with emulators, below the account's name.

use crate::error::{Error, Result};

/// How the name of an account ends at the endpoint from which it is only read.
pub(super) const SECONDARY: &str = "-secondary";

/// The service that has an account's blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    is_secure: bool,
    /// Host and port in one spelling; the port is left out where it is the scheme's own.
    authority: String,
    /// What stands between the host and a container's name: nothing, or a slash and the account's name.
    path: String,
    account: String,
}

impl Service {
    /// The account at a host of its own: `https://<account>.<endpoint>`.
    pub(super) fn of_account(account: &str, endpoint: &str) -> Result<Self> {
        let at = "config.endpoint";
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        if !endpoint.chars().all(is_plain) || endpoint.starts_with('.') {
            return Err(Error::usage(format!(
                "{at}: expected what follows the account's name in its host, such as blob.core.windows.net, without https://"
            )));
        }
        Self::of_url(at, &format!("https://{account}.{endpoint}"), account)
    }

    /// The account at an address of whatever form.
    pub(super) fn of_url(at: &str, url: &str, account: &str) -> Result<Self> {
        let wrong = |what: &str| {
            Error::usage(format!(
                "{at}: {what}: expected an address such as https://account.blob.core.windows.net"
            ))
        };
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}%".contains(c);
        if !url.chars().all(is_plain) {
            return Err(wrong(
                "the blob endpoint holds a space or another unfit character",
            ));
        }
        let url = reqwest::Url::parse(url).map_err(|_| wrong("the blob endpoint is no address"))?;
        let is_secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("the blob endpoint has neither http:// nor https://")),
        };
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(wrong("the blob endpoint has a user, a query or a fragment"));
        }
        let Some(host) = url.host_str().map(|host| host.trim_end_matches('.')) else {
            return Err(wrong("the blob endpoint has no host"));
        };
        if host.is_empty() {
            return Err(wrong("the blob endpoint has no host"));
        }
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let path = url.path().trim_end_matches('/').to_owned();
        if path.split('/').skip(1).any(str::is_empty) {
            return Err(wrong(
                "the blob endpoint has a path with two slashes in a row",
            ));
        }
        Ok(Self {
            is_secure,
            authority,
            path,
            account: account.to_owned(),
        })
    }

    /// Its address, with what follows, which has no slash at its beginning.
    pub(super) fn url(&self, rest: &str) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}{}/{rest}", self.authority, self.path)
    }

    /// Whether TLS is spoken.
    pub(super) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Host and port.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// What stands between them and a container's name.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The account's name.
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// Whether it is the copy of an account in another region, which is only read and shows what the account had a while ago.
    pub(super) fn is_secondary(&self) -> bool {
        let host = self.authority.split(['.', ':']).next().unwrap_or_default();
        let below = self.path.rsplit('/').next().unwrap_or_default();
        [host, below, &self.account]
            .iter()
            .any(|name| name.ends_with(SECONDARY))
    }

    /// Whether both are accounts of one service, which may copy from one to the other: the hosts differ in the account's name only, or in nothing.
    pub(super) fn is_one_service_with(&self, other: &Self) -> bool {
        self.is_secure == other.is_secure && self.cloud() == other.cloud()
    }

    /// The host without the account's name.
    fn cloud(&self) -> &str {
        let without = self.authority.strip_prefix(self.account.as_str());
        without
            .filter(|rest| rest.starts_with('.'))
            .unwrap_or(&self.authority)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn at(url: &str, account: &str) -> Service {
        Service::of_url("x", url, account).unwrap()
    }

    /// S-3.24
    #[test]
    fn an_account_has_a_host_or_a_path_of_its_own() {
        let cloud = Service::of_account("hot", "blob.core.windows.net").unwrap();
        assert_eq!(cloud.url("c/b"), "https://hot.blob.core.windows.net/c/b");
        assert_eq!(cloud, at("https://HOT.blob.core.windows.net:443/", "hot"));
        let emulator = at(
            "http://127.0.0.1:10000/devstoreaccount1",
            "devstoreaccount1",
        );
        assert_eq!(
            emulator.url("c"),
            "http://127.0.0.1:10000/devstoreaccount1/c"
        );
        for endpoint in [
            "https://blob.core.windows.net",
            "blob.core.windows.net/",
            ".blob",
            "a b",
            "a@b",
            "a?b",
            "blob:x",
        ] {
            assert!(Service::of_account("hot", endpoint).is_err(), "{endpoint}");
        }
        for url in [
            "ftp://a",
            "https://u@a",
            "https://a?b",
            "https://a#b",
            "a",
            "https://",
            "https://a//b",
            "https://a%2fb",
        ] {
            assert!(Service::of_url("x", url, "hot").is_err(), "{url}");
        }
    }

    /// S-3.24
    #[test]
    fn the_copy_of_an_account_in_another_region_is_known() {
        for (url, account, expected) in [
            ("https://hot-secondary.blob.core.windows.net", "hot", true),
            (
                "https://hot-secondary.blob.core.windows.net",
                "hot-secondary",
                true,
            ),
            ("http://127.0.0.1:10000/hot-secondary", "hot", true),
            ("https://hot.blob.core.windows.net", "hot", false),
            ("http://127.0.0.1:10000/hot", "hot", false),
            ("http://secondary:10000/hot", "hot", false),
        ] {
            assert_eq!(at(url, account).is_secondary(), expected, "{url}");
        }
    }

    /// S-5.20
    #[test]
    fn accounts_of_one_cloud_are_on_one_service() {
        let hot = at("https://hot.blob.core.windows.net", "hot");
        for (url, account, expected) in [
            ("https://hot.blob.core.windows.net", "hot", true),
            ("https://cold.blob.core.windows.net", "cold", true),
            ("http://hot.blob.core.windows.net", "hot", false),
            ("https://hot.blob.core.chinacloudapi.cn", "hot", false),
            ("https://127.0.0.1:10000/hot", "hot", false),
        ] {
            assert_eq!(
                hot.is_one_service_with(&at(url, account)),
                expected,
                "{url}"
            );
        }
        let (one, other) = (
            at("http://127.0.0.1:1/a", "a"),
            at("http://127.0.0.1:1/b", "b"),
        );
        assert!(one.is_one_service_with(&other));
    }
}
