//! Where a server is, whom it is trusted to be, and as whom it is asked: an address, and Prometheus' own `http_config`.

use std::path::Path;

use super::credentials::{Authorization, Given, header};
use super::http_config::{HttpConfig, RESERVED, TLS};
use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};
use crate::http::Url;
use crate::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use crate::http::percent::unescaped;
use crate::http::proxy::Proxies;
use crate::http::tls::{Parts, Tls};

/// Where a server is, and how it is spoken to. Secrets never print.
#[derive(Debug, Clone)]
pub struct Access {
    /// The address below which the API is, without user and password.
    pub(super) base: Url,
    /// The same, to be shown.
    pub(super) place: String,
    pub(super) tls: Tls,
    pub(super) proxies: Proxies,
    pub(super) follow_redirects: bool,
    authorization: Option<Authorization>,
    headers: Vec<(HeaderName, Given)>,
}

impl Access {
    /// An example of the address of a server that is asked by `PromQL`.
    pub const QUERIER: &str = "http://thanos-query:9090 or https://mimir/prometheus";

    /// Reads an address such as `http://querier:9090/prefix`, and the text of an `http_config` with the folder that its relative paths begin in.
    /// Without one the proxies are those of the environment.
    ///
    /// Errors: what is wrong, in words that follow the name of the flag or the file, with the example of what is right.
    pub fn parse(
        address: &str,
        example: &str,
        config: Option<(&str, &Path)>,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let (base, user) = base(address, example)?;
        let mut access = Self {
            place: base.as_str().trim_end_matches('/').to_owned(),
            base,
            tls: Tls::of(Parts::default(), TLS)?,
            proxies: Proxies::of(environment),
            follow_redirects: true,
            authorization: user,
            headers: Vec::new(),
        };
        let config =
            config.map(|(text, folder)| HttpConfig::parse(text, folder, environment, warnings));
        let Some(config) = config.transpose()?.flatten() else {
            return Ok(access);
        };
        if config.authorization.is_some() && access.authorization.is_some() {
            return Err(Error::usage(
                "a user stands in the URL, too: expected credentials in one place",
            ));
        }
        access.authorization = config.authorization.or(access.authorization);
        access.tls = config.tls;
        access.proxies = config.proxies;
        access.follow_redirects = config.follow_redirects;
        access.headers = config.headers;
        Ok(access)
    }

    /// The same, asked with these headers, too. `Authorization` may be one of them.
    ///
    /// Errors: begin with the name of a header that none can be, that is set otherwise, or that is given already.
    pub fn with_headers(mut self, headers: &[(String, Secret)]) -> Result<Self> {
        for (given, value) in headers {
            let wrong = |why: &str| Err(Error::usage(format!("{given}: {why}")));
            let Ok(name) = HeaderName::from_bytes(given.as_bytes()) else {
                return wrong("expected the name of a header");
            };
            if name != AUTHORIZATION && RESERVED.contains(&name.as_str()) {
                return wrong("it is set otherwise");
            }
            let has_credentials = name == AUTHORIZATION && self.authorization.is_some();
            if has_credentials || self.headers.iter().any(|(other, _)| *other == name) {
                return wrong("it is given twice: expected it in one place");
            }
            if header(value.expose()).is_none() {
                return wrong("expected what a header can hold");
            }
            self.headers.push((name, Given::Text(value.clone())));
        }
        Ok(self)
    }

    /// Where it is, without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What tells apart whom it is and as whom it is asked, for a digest: the place, the user, and headers whose names do not say that they hold a
    /// secret, such as those of tenants. Passwords and tokens have no part in it, for they change.
    #[must_use]
    pub fn identity(&self) -> String {
        const SECRET: [&str; 7] = [
            "auth",
            "cookie",
            "key",
            "token",
            "secret",
            "password",
            "signature",
        ];
        let mut told = vec![self.place.clone()];
        if let Some(Authorization::Basic { username, .. }) = &self.authorization {
            told.push(username.identity());
        }
        let mut headers: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| !SECRET.iter().any(|word| name.as_str().contains(word)))
            .map(|(name, given)| format!("{name}: {}", given.identity()))
            .collect();
        headers.sort_unstable();
        told.extend(headers);
        told.join("\n")
    }

    /// Whether both are one place, asked as the same: tenants of one server are told apart by headers or credentials.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.place == other.place
            && self.headers == other.headers
            && self.authorization == other.authorization
    }

    /// Adds to a request what it proves itself with, and says what of it is secret. The error says which file cannot be read.
    pub(super) async fn show(&self, headers: &mut HeaderMap) -> Result<Vec<Secret>, String> {
        let mut secrets = Vec::new();
        if let Some(authorization) = &self.authorization {
            let (value, shown) = authorization.header().await?;
            headers.insert(AUTHORIZATION, value);
            secrets.extend(shown);
        }
        for (name, given) in &self.headers {
            let text = given.read().await?;
            let value = header(&text)
                .ok_or_else(|| format!("http_headers.{name} holds what no header can"))?;
            headers.append(name, value);
            if !matches!(given, Given::Plain(_)) {
                secrets.push(Secret::new(text));
            }
        }
        Ok(secrets)
    }
}

/// The address below which the API is, and the user that stands in it. It is not repeated: it may hold a password.
fn base(address: &str, example: &str) -> Result<(Url, Option<Authorization>)> {
    let expected = format!("expected a URL such as {example}");
    let url = Url::parse(address.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(mut url) = url else {
        return Err(Error::usage(expected));
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::usage(format!("a query stands in it: {expected}")));
    }
    let plain = |text: &str| {
        let bytes = unescaped(text).and_then(|bytes| String::from_utf8(bytes).ok());
        Given::Text(Secret::new(bytes.unwrap_or_else(|| text.to_owned())))
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    let user = has_user.then(|| Authorization::Basic {
        username: plain(url.username()),
        password: plain(url.password().unwrap_or_default()),
    });
    // Only addresses without a host have no room for them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    // Whoever copies an address out of a browser may have copied more.
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok((url, user))
}
