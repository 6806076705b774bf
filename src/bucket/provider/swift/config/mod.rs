//! The `config` section of a container of Swift of `OpenStack`: every key that Thanos knows is honoured, refused, or warned about.

mod identity;

pub(super) use identity::{Auth, Domain, How, Scope, User, Who};

use std::sync::Arc;
use std::time::Duration;

use super::super::configured::Section;
use crate::bucket::values::{self, text};
use crate::duration;
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::{Fields, Node, Unknown, quoted};

/// A container as configured.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) auth: Arc<Auth>,
    /// The region whose store is meant; the first one of the catalogue where none is given.
    pub(super) region: Option<String>,
    pub(super) container: String,
    /// Where the segments of large objects go.
    pub(super) segments_container: String,
    /// Objects of so many bytes are put in segments.
    pub(super) chunk_bytes: u64,
    pub(super) large: Kind,
    /// How often a request is repeated whose failure may pass.
    pub(super) retries: u32,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) http: Http,
    pub(super) proxies: Proxies,
}

/// How a large object names its segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One by one, with size and MD5 (SLO).
    Static,
    /// By how their names begin (DLO).
    Dynamic,
}

/// The largest object that is no large one.
pub(super) const LARGEST_OBJECT: u64 = 5 << 30;

/// What Thanos' client takes zero for.
const LEAST_CHUNK: u64 = 10 << 20;

const MOST_RETRIES: i64 = 100;

/// What Thanos reads and does nothing with.
const UNUSED: [(&str, &str); 2] = [
    ("user_domain_name", "domain_name"),
    ("user_domain_id", "domain_id"),
];

impl Config {
    /// Reads the section.
    pub(super) fn parse(section: Section<'_>) -> Result<Self> {
        let Section {
            config,
            environment,
            warnings,
        } = section;
        let mut fields = config.fields("config", Unknown::Refuse)?;
        for key in identity::TEXTS.into_iter().chain(["container_name"]) {
            if fields.peek(key).is_some_and(Node::is_plain_non_string) {
                warnings.push(format!(
                    "config.{key} looks like a number or a boolean: quote it, for Thanos reads another text"
                ));
            }
        }
        for (key, instead) in UNUSED {
            if text(&mut fields, key)?.is_some() {
                warnings.push(format!(
                    "config.{key} has no effect, in Thanos as here: the domain of the user is config.{instead}"
                ));
            }
        }
        let given = identity::Given::read(&mut fields)?;
        let region = name(&mut fields, "region_name")?;
        let container = name(&mut fields, "container_name")?;
        let segments_container = name(&mut fields, "large_object_segments_container_name")?;
        let chunk_bytes = chunk(&mut fields)?;
        let is_dynamic = fields.bool("use_dynamic_large_objects")?.unwrap_or(false);
        let retries = retries(&mut fields)?;
        // Thanos' client takes zero for its own default.
        let connect_timeout = time(&mut fields, "connect_timeout", 10, 10)?;
        let timeout = time(&mut fields, "timeout", 300, 60)?;
        let http = Http::parse(&mut fields, warnings)?;
        // A misspelt key is a likely reason for a missing one, so it is reported first.
        fields.finish()?;
        let auth = given.auth()?;
        let container = checked_container("container_name", container)?
            .ok_or_else(|| Error::usage("config.container_name is missing"))?;
        let segments_container =
            checked_container("large_object_segments_container_name", segments_container)?
                .unwrap_or_else(|| container.clone());
        let parsed = Self {
            auth: Arc::new(auth),
            region,
            container,
            segments_container,
            chunk_bytes,
            large: if is_dynamic {
                Kind::Dynamic
            } else {
                Kind::Static
            },
            retries,
            connect_timeout,
            timeout,
            http: http.bounded(connect_timeout, timeout),
            proxies: Proxies::of(environment),
        };
        if let Some(proxy) = parsed.proxies.of_url(&parsed.auth.url) {
            proxy.url()?;
        }
        warnings.extend(parsed.what_is_not_safe());
        Ok(parsed)
    }

    /// Whether segments lie among the objects.
    pub(super) fn segments_lie_beside(&self) -> bool {
        self.segments_container == self.container
    }

    fn what_is_not_safe(&self) -> Option<String> {
        let at = self.auth.url.authority();
        if self.auth.url.scheme() != "https" {
            Some(format!(
                "config.auth_url: what proves who asks travels to {at} unencrypted"
            ))
        } else if self.http.tls.skip_verification {
            Some(format!(
                "config.http_config: whoever answers for {at} is taken for it, for no certificate is verified"
            ))
        } else {
            None
        }
    }
}

/// A name that is compared or goes into an address.
fn name(fields: &mut Fields<'_>, key: &'static str) -> Result<Option<String>> {
    let name = text(fields, key)?;
    name.map(|name| values::checked(&format!("config.{key}"), name, values::fault_of_line))
        .transpose()
}

fn checked_container(key: &str, name: Option<String>) -> Result<Option<String>> {
    let Some(name) = name else {
        return Ok(None);
    };
    // The service's own limit.
    if name.contains('/') || name.len() > 256 || [".", ".."].contains(&name.as_str()) {
        return Err(Error::usage(format!(
            "config.{key}: expected the name of a container, of at most 256 bytes and without a slash"
        )));
    }
    Ok(Some(name))
}

fn chunk(fields: &mut Fields<'_>) -> Result<u64> {
    let size = fields.i64("large_object_chunk_size")?.unwrap_or(1 << 30);
    match u64::try_from(size) {
        Ok(0) => Ok(LEAST_CHUNK),
        Ok(size) => Ok(size.min(LARGEST_OBJECT)),
        Err(_) => Err(Error::usage(format!(
            "config.large_object_chunk_size \"{size}\": expected a number of bytes"
        ))),
    }
}

/// As Thanos' client counts them: zero is its default, and less is none.
fn retries(fields: &mut Fields<'_>) -> Result<u32> {
    match fields.i64("retries")?.unwrap_or(0) {
        0 => Ok(3),
        retries if retries > MOST_RETRIES => Err(Error::usage(format!(
            "config.retries: expected a whole number of at most {MOST_RETRIES}"
        ))),
        retries => Ok(u32::try_from(retries).unwrap_or(0)),
    }
}

fn time(
    fields: &mut Fields<'_>,
    key: &'static str,
    default_secs: u64,
    zero_secs: u64,
) -> Result<Duration> {
    let Some(text) = text(fields, key)? else {
        return Ok(Duration::from_secs(default_secs));
    };
    match duration::parse(&text) {
        Ok(Duration::ZERO) => Ok(Duration::from_secs(zero_secs)),
        Ok(time) => Ok(time),
        Err(err) => Err(match quoted(&text) {
            Some(_) => Error::usage(format!("config.{key}: {err}")),
            None => Error::usage(format!("config.{key}: expected a duration such as 1m30s")),
        }),
    }
}

#[cfg(test)]
mod tests;
