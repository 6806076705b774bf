//! The `config` section of a bucket of Oracle's Object Storage: every key that Thanos knows is honoured, refused, or warned about.

mod beside;
mod endpoint;
mod identity;
mod key;
mod name;
mod provider;
mod regions;
mod sdk;

pub(super) use beside::Beside;
pub(super) use endpoint::Endpoint;
pub(super) use identity::{ApiKey, Identity, KeyId, Origin, Signs, is_ocid};
pub(super) use key::Key;

use endpoint::VARIABLE;

use std::time::Duration;

use super::super::configured::Section;
use crate::bucket::values::text;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::go::duration;
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::{Fields, Node, Unknown};

/// A bucket as configured.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) bucket: String,
    pub(super) identity: Identity,
    pub(super) part_size_bytes: Option<u64>,
    pub(super) retries: Retries,
    pub(super) http: Http,
    pub(super) proxies: Proxies,
}

/// How requests are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retries {
    /// How often each is tried, where that is said.
    pub(super) attempts: Option<u32>,
    /// The least that is waited between two tries.
    pub(super) interval: Duration,
}

/// The largest part that there is.
const LARGEST_PART: i64 = 50 << 30;

/// The least that a part has but for the last one: what Oracle's own client takes for it.
pub(super) const LEAST_PART: u64 = 10 << 20;

/// The most tries of a request.
const MOST_ATTEMPTS: i64 = 100;

/// The longest that is waited between two tries, in seconds.
const LONGEST_INTERVAL: i64 = 600;

impl Config {
    /// Reads the section. OCI ignores unknown keys in Thanos; here they are worth a word.
    pub(super) fn parse(section: Section<'_>) -> Result<Self> {
        let Section {
            config,
            environment,
            warnings,
        } = section;
        let mut fields = config.fields("config", Unknown::Ignore)?;
        for key in ["bucket", "passphrase"] {
            if fields.peek(key).is_some_and(Node::is_plain_non_string) {
                warnings.push(format!(
                    "config.{key} looks like a number or a boolean: quote it, for Thanos reads another text"
                ));
            }
        }
        let bucket = text(&mut fields, "bucket")?;
        // Thanos makes buckets there, in its own tests.
        let _ = fields.string("compartment_ocid")?;
        let part_size_bytes = part_size(&mut fields, warnings)?;
        let retries = Retries::parse(&mut fields, warnings)?;
        let http = Http::parse_beside(&mut fields, warnings, otherwise)?;
        let identity = provider::find(&mut fields, environment, warnings)?;
        warnings.extend(
            fields
                .left()
                .map(|key| format!("unknown key config.{key} is ignored, as Thanos does")),
        );
        let bucket = bucket.ok_or_else(|| Error::usage("config.bucket is missing"))?;
        let parsed = Self {
            bucket: name::checked(bucket)?,
            identity,
            part_size_bytes,
            retries,
            http,
            proxies: Proxies::of(environment),
        };
        parsed.check_proxy()?;
        warnings.extend(parsed.what_is_not_safe(environment));
        Ok(parsed)
    }

    /// Where the service is, where that is known before anything is contacted.
    pub(super) fn endpoint(&self) -> Option<&Endpoint> {
        match &self.identity {
            Identity::User { endpoint, .. } => Some(endpoint),
            Identity::Machine(_) => None,
        }
    }

    /// A proxy that would be asked has an address.
    fn check_proxy(&self) -> Result<()> {
        let url = self.endpoint().map(Endpoint::url);
        match url.and_then(|url| self.proxies.of_url(url)) {
            Some(proxy) => proxy.url().map(drop),
            None => Ok(()),
        }
    }

    fn what_is_not_safe(&self, environment: &Environment) -> Vec<String> {
        let Some(endpoint) = self.endpoint() else {
            let is_named = environment.get(VARIABLE).is_some_and(|it| !it.is_empty());
            return is_named
                .then(|| format!("environment variable {VARIABLE}: the bucket is asked there, and by Thanos, which does not know the variable, in the machine's region"))
                .into_iter()
                .collect();
        };
        let mut told = Vec::new();
        if endpoint.is_named() {
            let way = if endpoint.is_secure() {
                ""
            } else {
                ", unencrypted"
            };
            told.push(format!(
                "environment variable {VARIABLE}: the bucket is asked at {}{way}, and by Thanos, which does not know the variable, in the region {}",
                endpoint.authority(),
                endpoint.region()
            ));
        }
        if endpoint.is_secure() && self.http.tls.skip_verification {
            told.push(format!(
                "config.http_config: whoever answers for {} is taken for it, for no certificate is verified",
                endpoint.authority()
            ));
        }
        let template = environment.get(TEMPLATE);
        if template.is_some_and(|it| it.eq_ignore_ascii_case("true")) && !endpoint.is_named() {
            told.push(format!(
                "environment variable {TEMPLATE} has no effect here: {VARIABLE} names another address"
            ));
        }
        told
    }
}

/// Has Oracle's SDK ask at an address of the namespace's own.
const TEMPLATE: &str = "OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED";

impl Retries {
    /// In Thanos what is not said, or at most one, is no retry at all; here what is not said is the usual patience.
    fn parse(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<Self> {
        let mut bounded = |key: &'static str, least: i64, most: i64| {
            let given = fields.i64(key)?;
            let Some(given) = given else { return Ok(None) };
            let counts = given.clamp(least, most);
            if given > most {
                warnings.push(format!("config.{key} counts as {most}"));
            }
            u64::try_from(counts)
                .map(Some)
                .map_err(|_| Error::usage(format!("config.{key}: expected a whole number")))
        };
        let attempts = bounded("max_request_retries", 1, MOST_ATTEMPTS)?;
        let interval = bounded("request_retry_interval", 0, LONGEST_INTERVAL)?;
        Ok(Self {
            attempts: attempts.and_then(|attempts| u32::try_from(attempts).ok()),
            interval: Duration::from_secs(interval.unwrap_or_default()),
        })
    }
}

/// Zero and less stand for the usual size.
fn part_size(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<Option<u64>> {
    let size = fields.i64("part_size")?.unwrap_or(0);
    if size > LARGEST_PART {
        return Err(Error::usage(format!(
            "config.part_size \"{size}\": expected a whole number of bytes of at most {LARGEST_PART}"
        )));
    }
    let size = u64::try_from(size).ok().filter(|size| *size > 0);
    if size.is_some_and(|size| size < LEAST_PART) {
        warnings.push(format!(
            "config.part_size counts as {LEAST_PART}: parts are no smaller, but for the last one"
        ));
    }
    Ok(size.map(|size| size.max(LEAST_PART)))
}

/// What is otherwise than in the `http_config` of others: Thanos knows no `tls_config` here.
fn otherwise(http: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<()> {
    if http.take("tls_config").is_some() {
        warnings.push(
            "config.http_config.tls_config has no effect, as in Thanos: the system's authorities are trusted"
                .to_owned(),
        );
    }
    client_timeout(http, warnings)
}

/// What Thanos gives each request from its beginning to its end. Here a request ends when nothing comes for a while.
fn client_timeout(http: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<()> {
    let key = "config.http_config.client_timeout";
    let Some(text) = http.string("client_timeout")? else {
        return Ok(());
    };
    if duration::parse(&text).is_none() {
        return Err(Error::usage(format!(
            "{key}: expected a duration such as 90s or 1m30s"
        )));
    }
    warnings.push(format!(
        "{key} has no effect here: a request may take its time while bytes move, and response_header_timeout limits how long none do"
    ));
    Ok(())
}

#[cfg(test)]
mod tests;
