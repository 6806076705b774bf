//! A bucket of a vendor that Thanos has a type of its own for, and whose service speaks S3 too: it is opened as S3 is, in the vendor's dialect. Here is
//! what all of them have in common; how each spells its keys and its policies is told in its own folder.

use async_trait::async_trait;
use reqwest::Url;

use super::configured::{Configured, Opening};
use super::s3::{self, Config, Endpoint};
use crate::bucket::backend::Backend;
use crate::bucket::location::Location;
use crate::bucket::prefix::Prefix;
use crate::bucket::rights::{Policy, Role};
use crate::bucket::storage_class::Readable;
use crate::bucket::values::{checked, fault_of_line, plain, text};
use crate::environment::Secret;
use crate::error::{Error, Result};
use crate::yaml::{Fields, Node};

/// A vendor's bucket as configured.
#[derive(Debug)]
pub(super) struct Bucket {
    /// As S3 is spoken to it.
    pub(super) s3: Config,
    pub(super) rights: Rights,
}

/// How a vendor's policies are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    /// The least rights, as [`Configured::policy`] tells.
    pub(super) policy: fn(&Config, &Prefix, Role, Option<&str>) -> Policy,
    /// How policies name the objects below a prefix.
    pub(super) resource: fn(&Config, &Prefix) -> String,
}

#[async_trait]
impl Configured for Bucket {
    fn location(&self, prefix: &Prefix) -> Location {
        self.s3.location(prefix)
    }

    fn storage_class(&self, name: &str) -> std::result::Result<Readable, String> {
        self.s3.storage_class(name)
    }

    fn understood(&self) -> Vec<(&'static str, String)> {
        s3::understood_of_vendor(&self.s3)
    }

    fn policy(&self, prefix: &Prefix, role: Role, copied_from: Option<&str>) -> Policy {
        (self.rights.policy)(&self.s3, prefix, role, copied_from)
    }

    fn resource(&self, prefix: &Prefix) -> Option<String> {
        Some((self.rights.resource)(&self.s3, prefix))
    }

    async fn open(&self, opening: Opening) -> Result<Backend> {
        self.s3.open(opening).await
    }
}

/// What a policy is written in, and what to mind: none of the vendors has escapes for what stands for something else in a resource.
pub(super) fn language(name: &str, prefix: &Prefix) -> String {
    let is_wider = prefix.as_str().contains(['*', '?']);
    let more = if is_wider {
        "; what * and ? stand for in the prefix is wider than the prefix, for there are no escapes for them"
    } else {
        ""
    };
    format!("{name}{more}")
}

/// How an endpoint without a scheme is spoken to, as Thanos' client for that vendor decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutScheme {
    /// With plain HTTP.
    Http,
    /// With TLS.
    Https,
    /// Not at all: it is no URL.
    Refused,
}

/// Tells of keys among these whose values lose their spelling in Thanos. A whole number keeps it.
pub(super) fn warn_of_numbers(fields: &Fields<'_>, keys: &[&str], warnings: &mut Vec<String>) {
    let keeps = |node: &Node| {
        let text = node.string().unwrap_or_default();
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number && !text.starts_with('0') && text.len() <= 18
    };
    for key in keys {
        let node = fields.peek(key);
        if node.is_some_and(|node| node.is_plain_non_string() && !keeps(node)) {
            warnings.push(format!(
                "config.{key} looks like a number or a boolean: quote it, for Thanos reads another text"
            ));
        }
    }
}

/// Tells of keys that nobody asked for, of a vendor whose sections are read leniently.
pub(super) fn warn_of_unknown(fields: &Fields<'_>, warnings: &mut Vec<String>) {
    let ignored = |key: &str| format!("unknown key config.{key} is ignored, as Thanos does");
    warnings.extend(fields.left().map(ignored));
}

/// The two halves of an access key.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) id: Option<String>,
    pub(super) secret: Option<Secret>,
}

impl Keys {
    /// From the fields of these names.
    pub(super) fn parse(fields: &mut Fields<'_>, [id, secret]: [&'static str; 2]) -> Result<Self> {
        let key = plain(fields, id)?;
        let hidden = text(fields, secret)?;
        let hidden =
            hidden.map(|hidden| checked(&format!("config.{secret}"), hidden, fault_of_line));
        Ok(Self {
            id: key,
            secret: hidden.transpose()?.map(Secret::new),
        })
    }
}

/// What is missing, in the words of Thanos too.
pub(super) fn missing(key: &str, thanos: &str) -> Error {
    Error::usage(format!("config.{key} is missing ({thanos})"))
}

/// How often each request is tried; the client's own number where it is zero or less.
pub(super) fn attempts(fields: &mut Fields<'_>) -> Result<Option<usize>> {
    let most = 100;
    let tries = fields.i64("max_retries")?.unwrap_or(0).max(0);
    match usize::try_from(tries) {
        Ok(0) => Ok(None),
        Ok(tries) if tries <= most => Ok(Some(tries)),
        _ => Err(Error::usage(format!(
            "config.max_retries {tries}: expected a whole number from 0 to {most}"
        ))),
    }
}

/// Reads what stands as `endpoint`: a host, perhaps with a port, and perhaps with a scheme before it. The error repeats nothing of it.
pub(super) fn endpoint(text: &str, without_scheme: WithoutScheme) -> Result<Endpoint> {
    let expected = match without_scheme {
        WithoutScheme::Refused => "expected https:// or http:// and host[:port], without a path",
        WithoutScheme::Http | WithoutScheme::Https => {
            "expected host[:port], perhaps with https:// or http:// before it, without a path"
        }
    };
    let wrong = |fault: &str| Error::usage(format!("config.endpoint {fault}: {expected}"));
    let (is_secure, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        Some(_) => return Err(wrong("has another scheme than http and https")),
        None if without_scheme == WithoutScheme::Refused => return Err(wrong("has no scheme")),
        None => (without_scheme == WithoutScheme::Https, text),
    };
    if rest.contains("://") {
        return Err(wrong("has two schemes"));
    }
    let endpoint = Endpoint::parse_as(rest, is_secure, expected)?;
    let address = Url::parse(&format!("{}://{endpoint}", endpoint.scheme()));
    address
        .map(|_| endpoint)
        .map_err(|_| wrong("makes no address"))
}

/// A name that becomes part of a host's: of small letters, digits and what else is `fit` for it.
pub(super) fn label(key: &str, value: String, fit: &str, example: &str) -> Result<String> {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || fit.contains(c);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_label = value.chars().all(is_fit)
        && ends(value.chars().next())
        && ends(value.chars().next_back())
        && value.len() <= 63;
    if is_label {
        return Ok(value);
    }
    let also: Vec<String> = fit.chars().map(|c| format!(" and {c}")).collect();
    let also = also.concat();
    Err(Error::usage(format!(
        "config.{key} is none that a host's name can hold: expected small letters, digits{also}, such as {example}"
    )))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::yaml::{self, Unknown};

    /// S-3.50
    #[test]
    fn an_endpoint_may_have_a_scheme_where_thanos_takes_one() {
        use WithoutScheme::{Http, Https, Refused};
        for (text, without, expected) in [
            (
                "oss-cn-hangzhou.aliyuncs.com",
                Http,
                Some("http://oss-cn-hangzhou.aliyuncs.com"),
            ),
            ("obs.example.com", Https, Some("https://obs.example.com")),
            (
                "HTTPS://Obs.Example.com/",
                Http,
                Some("https://obs.example.com"),
            ),
            (
                "http://127.0.0.1:9000",
                Https,
                Some("http://127.0.0.1:9000"),
            ),
            ("http://[::1]:9000", Refused, Some("http://[::1]:9000")),
            ("cos.example.com", Refused, None),
            ("ftp://cos.example.com", Http, None),
            ("https://", Http, None),
            ("https://a/b", Http, None),
            ("https://a/b", Refused, None),
            ("https://http://a", Https, None),
            ("https://a?b=hunter2", Http, None),
            ("https://me:hunter2@a", Http, None),
            ("http://a:70000", Http, None),
            ("a b", Http, None),
        ] {
            let parsed = endpoint(text, without);
            let told = parsed.as_ref().ok();
            let told = told.map(|endpoint| format!("{}://{endpoint}", endpoint.scheme()));
            assert_eq!(told.as_deref(), expected, "{text}");
            if let Err(err) = parsed {
                let err = err.to_string();
                assert!(err.contains("config.endpoint"), "{err}");
                assert!(
                    err.contains("https://") && !err.contains("without scheme"),
                    "{err}"
                );
                assert!(!err.contains("hunter2"), "{err}");
                assert_eq!(err.lines().count(), 1, "{err}");
            }
        }
    }

    #[test]
    fn numbers_that_keep_their_spelling_are_no_surprise() {
        let text = "{a: 1250000000, b: 0123, c: 1e3, d: '0123', e: yes, f: x}";
        let node = yaml::parse(text).unwrap().unwrap();
        let fields = node.fields("config", Unknown::Ignore).unwrap();
        let mut warnings = Vec::new();
        warn_of_numbers(&fields, &["a", "b", "c", "d", "e", "f"], &mut warnings);
        let told: Vec<_> = warnings
            .iter()
            .filter_map(|told| told.split(' ').next())
            .collect();
        assert_eq!(told, ["config.b", "config.c", "config.e"]);
    }
}
