//! Where the service is: Google's own address, or the one that `STORAGE_EMULATOR_HOST` names, as Google's clients read it.

use reqwest::Url;

use crate::bucket::values;
use crate::environment::Environment;
use crate::error::{Error, Result};

/// Google's own universe; others have names of their own.
const GOOGLE: &str = "googleapis.com";

const EMULATOR: &str = "STORAGE_EMULATOR_HOST";

/// An address of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bucket::provider::gcs) struct Endpoint {
    url: Url,
    kind: Kind,
}

/// Who answers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Google,
    Emulator,
}

impl Endpoint {
    /// What `STORAGE_EMULATOR_HOST` names: a host, or a URL of which the path does not count.
    pub(in crate::bucket::provider::gcs) fn of_emulator(
        environment: &Environment,
    ) -> Result<Option<Self>> {
        let Some(text) = environment.get(EMULATOR).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let wrong = |fault: &str| {
            let expected = "expected a host such as localhost:4443, or a URL of one";
            Error::usage(format!(
                "environment variable {EMULATOR} {fault}: {expected}"
            ))
        };
        if let Some(fault) = values::fault(text) {
            return Err(wrong(fault));
        }
        let url = if text.contains("://") {
            Url::parse(text)
        } else {
            Url::parse(&format!("http://{text}"))
        };
        let mut url = url.map_err(|_| wrong("is no address"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("is no address of http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(wrong("has a user or a query"));
        }
        url.set_path("");
        url.set_fragment(None);
        Ok(Some(Self {
            url,
            kind: Kind::Emulator,
        }))
    }

    /// Google's own, or that of a universe which credentials name.
    pub(in crate::bucket::provider::gcs) fn of_universe(universe: Option<&str>) -> Result<Self> {
        let universe = universe.unwrap_or(GOOGLE);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let url = Url::parse(&format!("https://storage.{universe}"));
        match url {
            Ok(url) if universe.chars().all(is_plain) => Ok(Self {
                url,
                kind: Kind::Google,
            }),
            _ => Err(Error::usage(
                "the credentials: universe_domain: expected a domain such as googleapis.com",
            )),
        }
    }

    pub(in crate::bucket::provider::gcs) fn url(&self) -> &Url {
        &self.url
    }

    /// Scheme, host and port, without a slash at the end.
    pub(in crate::bucket::provider::gcs) fn base(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Host and port; the port of the scheme is left out.
    pub(in crate::bucket::provider::gcs) fn authority(&self) -> &str {
        let (_, authority) = self.base().split_once("://").unwrap_or_default();
        authority
    }

    pub(in crate::bucket::provider::gcs) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether something that plays the service is there. Such a thing puts an upload together at a question how far it is, so that it must not be
    /// asked.
    pub(in crate::bucket::provider::gcs) fn is_emulator(&self) -> bool {
        self.kind == Kind::Emulator
    }

    /// Whether it is Google's own address.
    pub(in crate::bucket::provider::gcs) fn is_googles(&self) -> bool {
        self.kind == Kind::Google && self.authority() == "storage.googleapis.com"
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn emulator(text: &str) -> Result<Option<Endpoint>> {
        let variables = [(EMULATOR.to_owned(), text.to_owned())];
        Endpoint::of_emulator(&variables.into_iter().collect())
    }

    /// S-3.30
    #[test]
    fn an_emulator_is_named_as_for_googles_own_clients() {
        for (text, base) in [
            ("localhost:4443", "http://localhost:4443"),
            ("http://fake-gcs:80", "http://fake-gcs"),
            ("https://fake-gcs:4443/storage/v1/", "https://fake-gcs:4443"),
            ("[::1]:4443", "http://[::1]:4443"),
            ("STORAGE.local", "http://storage.local"),
        ] {
            let endpoint = emulator(text).unwrap().unwrap();
            assert_eq!(endpoint.base(), base, "{text}");
            assert!(endpoint.is_emulator() && !endpoint.is_googles());
        }
        assert_eq!(emulator("").unwrap(), None);
        for text in [
            "a b",
            "host\n",
            "ftp://host",
            "http://user@host",
            "http://",
            "h:99999",
        ] {
            let err = emulator(text).unwrap_err().to_string();
            assert!(err.contains(EMULATOR), "{err}");
            assert_eq!(err.lines().count(), 1);
        }
        let google = Endpoint::of_universe(None).unwrap();
        assert_eq!(google.base(), "https://storage.googleapis.com");
        assert!(google.is_googles() && google.is_secure());
        let other = Endpoint::of_universe(Some("apis-berlin.goog")).unwrap();
        assert_eq!(other.authority(), "storage.apis-berlin.goog");
        assert!(Endpoint::of_universe(Some("evil/..")).is_err());
    }
}
