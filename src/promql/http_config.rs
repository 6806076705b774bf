//! Prometheus' own `http_config`, as its tools and Thanos read it.

use std::path::{Path, PathBuf};

use super::credentials::{Authorization, Given, header};
use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};
use crate::http::header::HeaderName;
use crate::http::proxy::Proxies;
use crate::http::tls::{self, Parts, Pem, Tls, Versions};
use crate::small_file;
use crate::yaml::{self, Fields, Node, Unknown};

/// What it says.
#[derive(Debug)]
pub(super) struct HttpConfig {
    pub(super) tls: Tls,
    pub(super) proxies: Proxies,
    pub(super) follow_redirects: bool,
    pub(super) authorization: Option<Authorization>,
    pub(super) headers: Vec<(HeaderName, Given)>,
}

/// Where the section of TLS stands.
pub(super) const TLS: &str = "tls_config";

impl HttpConfig {
    /// Reads its text; relative paths begin in `folder`. What it says of none of these keys is `None`.
    pub(super) fn parse(
        text: &str,
        folder: &Path,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Self>> {
        let Some(node) = yaml::parse_only(text)? else {
            return Ok(None);
        };
        node.refuse_repeated_keys("")?;
        let mut fields = node.fields("", Unknown::Refuse)?;
        // Where Thanos' own configurations of queries have it.
        if let Some(inner) = fields.take("http_config") {
            fields.finish()?;
            fields = inner.fields("http_config", Unknown::Refuse)?;
        }
        let read = Reader { folder };
        let authorization = read.authorization(&mut fields)?;
        if fields.take("oauth2").is_some_and(|node| !node.is_null()) {
            return Err(Error::usage(
                "oauth2 is not supported: expected authorization with a credentials_file that something keeps fresh",
            ));
        }
        let config = Self {
            tls: read.tls(fields.take("tls_config"))?,
            proxies: proxies(&mut fields, environment)?,
            follow_redirects: fields.bool("follow_redirects")?.unwrap_or(true),
            authorization,
            headers: read.headers(fields.take("http_headers"))?,
        };
        if fields.bool("enable_http2")?.unwrap_or(false) {
            warnings.push("enable_http2 has no effect here: HTTP/1.1 is spoken".to_owned());
        }
        if fields.take("transport_config").is_some() {
            warnings.push("transport_config has no effect here".to_owned());
        }
        fields.finish()?;
        Ok(Some(config))
    }
}

fn proxies(fields: &mut Fields<'_>, environment: &Environment) -> Result<Proxies> {
    let url = fields.string("proxy_url")?.filter(|url| !url.is_empty());
    let except = fields.string("no_proxy")?.unwrap_or_default();
    let of_environment = fields.bool("proxy_from_environment")?.unwrap_or(false);
    let headers = fields.take("proxy_connect_header");
    let both = |one: &str, other: &str| {
        Err(Error::usage(format!(
            "{one} and {other} are both given: expected one of them"
        )))
    };
    let mut proxies = match (&url, of_environment) {
        (Some(_), true) => return both("proxy_from_environment", "proxy_url"),
        (None, true) if !except.is_empty() => return both("proxy_from_environment", "no_proxy"),
        (None, false) if !except.is_empty() => {
            return Err(Error::usage("no_proxy is given without proxy_url"));
        }
        (Some(url), false) => Proxies::one("proxy_url", url, &except)?,
        (None, true) => Proxies::of(environment),
        (None, false) => Proxies::default(),
    };
    let Some(node) = headers else {
        return Ok(proxies);
    };
    if url.is_none() && !of_environment {
        return Err(Error::usage(
            "proxy_connect_header is given without proxy_url or proxy_from_environment",
        ));
    }
    for (name, values) in node.entries()? {
        let at = "proxy_connect_header";
        let name = header_name(at, &name, values.line())?;
        for value in values.sequence()? {
            let value = header(&value.string()?).ok_or_else(|| {
                Error::usage(format!("{at}.{name}: expected what a header can hold"))
            })?;
            proxies.connect_headers.append(name.clone(), value);
        }
    }
    Ok(proxies)
}

fn header_name(at: &str, name: &str, line: usize) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::usage(format!("line {line}: {at}: expected names of headers")))
}

/// As in Prometheus: what is set otherwise, or changes the connection.
pub(super) const RESERVED: [&str; 16] = [
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
];

/// Reads what a configuration names.
struct Reader<'a> {
    folder: &'a Path,
}

impl Reader<'_> {
    /// As Prometheus and Thanos take them: beside the configuration, or else in the folder that the process works in.
    fn path(&self, path: &str) -> PathBuf {
        let beside = self.folder.join(path);
        if beside.exists() { beside } else { path.into() }
    }

    /// Text, or the file of the other key; `None` where neither is given.
    fn given(
        &self,
        fields: &mut Fields<'_>,
        at: &str,
        (key, file_key): (&'static str, &'static str),
    ) -> Result<Option<Given>> {
        let name = |key: &str| {
            if at.is_empty() {
                key.to_owned()
            } else {
                format!("{at}.{key}")
            }
        };
        let text = fields.string(key)?.filter(|text| !text.is_empty());
        let file = fields.string(file_key)?.filter(|path| !path.is_empty());
        match (text, file) {
            (Some(_), Some(_)) => Err(Error::usage(format!(
                "{} and {file_key} are both given: expected one of them",
                name(key)
            ))),
            // A block of YAML ends in a line feed.
            (Some(text), None) => Ok(Some(Given::Text(Secret::new(text.trim_end().to_owned())))),
            (None, Some(path)) => self.file(name(file_key), &path).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// A file that can be read now. It is read anew for each request, for tokens change.
    fn file(&self, key: String, path: &str) -> Result<Given> {
        let path = self.path(path);
        let read = small_file::read(&path);
        let read = read.and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
        read.map_err(|err| {
            let shown = small_file::shown_path(&path.to_string_lossy());
            Error::usage(format!("{key}: read {shown}: {err}"))
        })?;
        Ok(Given::File { key, path })
    }

    fn authorization(&self, fields: &mut Fields<'_>) -> Result<Option<Authorization>> {
        let basic = fields.take("basic_auth").filter(|node| !node.is_null());
        let other = fields.take("authorization").filter(|node| !node.is_null());
        let bearer = self.given(fields, "", ("bearer_token", "bearer_token_file"))?;
        let given = [basic.is_some(), other.is_some(), bearer.is_some()];
        if given.into_iter().filter(|is_given| *is_given).count() > 1 {
            return Err(Error::usage(
                "more than one of basic_auth, authorization, bearer_token and bearer_token_file is given: expected one of them",
            ));
        }
        if let Some(node) = basic {
            let mut fields = node.fields("basic_auth", Unknown::Refuse)?;
            let empty = || Given::Text(Secret::new(String::new()));
            let username = self.given(&mut fields, "basic_auth", ("username", "username_file"))?;
            let password = self.given(&mut fields, "basic_auth", ("password", "password_file"))?;
            fields.finish()?;
            return Ok(Some(Authorization::Basic {
                username: username.unwrap_or_else(empty),
                password: password.unwrap_or_else(empty),
            }));
        }
        if let Some(node) = other {
            let at = "authorization";
            let mut fields = node.fields(at, Unknown::Refuse)?;
            let kind = fields.string("type")?.unwrap_or_default();
            let credentials = self.given(&mut fields, at, ("credentials", "credentials_file"))?;
            fields.finish()?;
            let kind = match kind.trim() {
                "" => "Bearer".to_owned(),
                kind if kind.eq_ignore_ascii_case("basic") => {
                    return Err(Error::usage(
                        "authorization.type: expected another type than Basic, for which there is basic_auth",
                    ));
                }
                kind => kind.to_owned(),
            };
            let credentials = credentials.ok_or_else(|| {
                Error::usage("authorization: expected credentials or credentials_file")
            })?;
            fits(&credentials, "authorization.credentials")?;
            return Ok(Some(Authorization::Other { kind, credentials }));
        }
        if let Some(credentials) = &bearer {
            fits(credentials, "bearer_token")?;
        }
        Ok(bearer.map(|credentials| Authorization::Other {
            kind: "Bearer".to_owned(),
            credentials,
        }))
    }

    fn headers(&self, node: Option<&Node>) -> Result<Vec<(HeaderName, Given)>> {
        let mut headers = Vec::new();
        let Some(node) = node else {
            return Ok(headers);
        };
        let at = "http_headers";
        for (name, values) in node.entries()? {
            let name = header_name(at, &name, values.line())?;
            if RESERVED.contains(&name.as_str()) {
                return Err(Error::usage(format!(
                    "{at}.{name}: expected another header: this one is set otherwise"
                )));
            }
            let place = format!("{at}.{name}");
            let mut fields = values.fields(&place, Unknown::Refuse)?;
            for key in ["values", "secrets"] {
                for value in list(&mut fields, &place, key)? {
                    header(&value).ok_or_else(|| {
                        Error::usage(format!("{place}.{key}: expected what a header can hold"))
                    })?;
                    let given = match key {
                        "values" => Given::Plain(value),
                        _ => Given::Text(Secret::new(value)),
                    };
                    headers.push((name.clone(), given));
                }
            }
            for path in list(&mut fields, &place, "files")? {
                headers.push((name.clone(), self.file(format!("{place}.files"), &path)?));
            }
            fields.finish()?;
        }
        Ok(headers)
    }

    fn tls(&self, node: Option<&Node>) -> Result<Tls> {
        let Some(node) = node else {
            return Tls::of(Parts::default(), TLS);
        };
        let mut fields = node.fields(TLS, Unknown::Refuse)?;
        let mut pem = |key: &'static str, file_key: &'static str| {
            let given = self.given(&mut fields, TLS, (key, file_key))?;
            let pem = match given {
                None => None,
                Some(Given::Text(text)) => Some(Pem {
                    key,
                    bytes: text.expose().as_bytes().to_vec(),
                }),
                Some(Given::Plain(text)) => Some(Pem {
                    key,
                    bytes: text.into_bytes(),
                }),
                Some(Given::File { path, .. }) => Some(tls::read(TLS, file_key, &path)?),
            };
            Ok::<_, Error>(pem)
        };
        let parts = Parts {
            authorities: pem("ca", "ca_file")?,
            certificate: pem("cert", "cert_file")?,
            key: pem("key", "key_file")?,
            server_name: fields
                .string("server_name")?
                .filter(|name| !name.is_empty()),
            skip_verification: fields.bool("insecure_skip_verify")?.unwrap_or(false),
        };
        let mut version = |key: &'static str| {
            let text = fields.string(key)?.filter(|text| !text.is_empty());
            let number = text.map(|text| match text.as_str() {
                "TLS10" => Ok(10),
                "TLS11" => Ok(11),
                "TLS12" => Ok(12),
                "TLS13" => Ok(13),
                _ => Err(Error::usage(format!(
                    "{TLS}.{key}: expected TLS12 or TLS13"
                ))),
            });
            number.transpose()
        };
        let (min, max) = (version("min_version")?, version("max_version")?);
        fields.finish()?;
        let versions = match (min, max) {
            (_, Some(10 | 11)) => {
                return Err(Error::usage(format!(
                    "{TLS}.max_version: expected TLS12 or TLS13, for nothing older is spoken"
                )));
            }
            (Some(13), Some(12)) => {
                return Err(Error::usage(format!(
                    "{TLS}.min_version: expected at most max_version"
                )));
            }
            (Some(13), _) => Versions::Only13,
            (_, Some(12)) => Versions::Only12,
            _ => Versions::Both,
        };
        Ok(Tls {
            versions,
            ..Tls::of(parts, TLS)?
        })
    }
}

/// Refuses what no header can hold.
fn fits(given: &Given, at: &str) -> Result<()> {
    match given {
        Given::Text(text) if header(text.expose()).is_none() => Err(Error::usage(format!(
            "{at}: expected what a header can hold"
        ))),
        _ => Ok(()),
    }
}

fn list(fields: &mut Fields<'_>, at: &str, key: &'static str) -> Result<Vec<String>> {
    let Some(node) = fields.take(key) else {
        return Ok(Vec::new());
    };
    let wrong = |err: Error| Error::usage(format!("{at}.{key}: {err}"));
    let items = node.sequence().map_err(wrong)?.iter();
    items.map(|item| item.string().map_err(wrong)).collect()
}
