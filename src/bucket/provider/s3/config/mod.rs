//! The `config` section of an S3 bucket: every key that Thanos knows is honoured, refused, or warned about.

mod encryption;
mod headers;
mod identity;
mod name;
mod region;

pub(super) use encryption::{Encryption, KEY_ID};
pub(super) use headers::STORAGE_CLASS;
pub(super) use identity::{Credentials, WebIdentity};
pub(super) use region::fault as region_fault;

use super::super::configured::Section;
use super::dialect::{AMAZON, Dialect, ListVersion};
use super::differences::DIFFERENCES;
use super::endpoint::{Endpoint, Lookup};
use super::hosts::lacks_tls;
use crate::bucket::backend::Multipart;
use crate::bucket::values::{fault, text};
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::{Fields, Node, Unknown, quoted};
use headers::Headers;

/// An S3 bucket as configured.
#[derive(Debug)]
pub(in crate::bucket::provider) struct Config {
    /// Wherein the service differs from Amazon's.
    pub(super) dialect: &'static Dialect,
    /// Its name. Empty where only the endpoint says which one it is.
    pub(super) bucket: String,
    pub(super) endpoint: Endpoint,
    pub(super) region: Option<String>,
    /// The region that is tried first where none is known; `us-east-1` where nothing speaks for another one.
    pub(super) likely_region: Option<String>,
    pub(super) dualstack: bool,
    pub(super) lookup: Lookup,
    pub(super) credentials: Credentials,
    /// The address of the service that gives credentials for a web identity.
    pub(super) sts_endpoint: Option<String>,
    pub(super) web_identity: Option<WebIdentity>,
    /// The region that the environment names, for whoever gives credentials.
    pub(super) aws_region: Option<String>,
    /// What goes along with every object that is put.
    pub(super) headers: Headers,
    pub(super) content_md5: bool,
    /// Of which version signatures are to be where that may be.
    pub(super) asked: Signatures,
    pub(super) trace: Trace,
    pub(super) multipart: Multipart,
    pub(super) part_size_bytes: Option<u64>,
    pub(super) list: ListVersion,
    pub(super) encryption: Option<Encryption>,
    pub(super) max_attempts: Option<usize>,
    pub(super) http: Http,
    pub(super) proxies: Proxies,
}

/// Of which version signatures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signatures {
    Two,
    Four,
}

/// Whether each request is told of in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    On,
    Off,
}

impl Config {
    /// Reads the section.
    pub(in crate::bucket::provider) fn parse(section: Section<'_>) -> Result<Self> {
        let Section {
            config,
            environment,
            warnings,
        } = section;
        let mut fields = config.fields("config", Unknown::Refuse)?;
        for key in [
            "bucket",
            "access_key",
            "secret_key",
            "session_token",
            "region",
        ] {
            if fields.peek(key).is_some_and(Node::is_plain_non_string) {
                warnings.push(format!(
                    "config.{key} looks like a number or a boolean: quote it, for Thanos reads another text"
                ));
            }
        }
        let asked = match fields.bool("signature_version2")? {
            Some(true) => Signatures::Two,
            Some(false) | None => Signatures::Four,
        };
        let trace = trace(&mut fields)?;
        let secure = !fields.bool("insecure")?.unwrap_or(false);
        let bucket = text(&mut fields, "bucket")?;
        let endpoint = text(&mut fields, "endpoint")?;
        let region = text(&mut fields, "region")?;
        let sts_endpoint = text(&mut fields, "sts_endpoint")?;
        let dualstack = !fields.bool("disable_dualstack")?.unwrap_or(false);
        let lookup = lookup(&mut fields)?;
        let credentials = identity::credentials(&mut fields, environment)?;
        let (web_identity, aws_region) = match &credentials {
            Credentials::Static { .. } => (None, None),
            Credentials::Sdk => (None, identity::region(environment)?),
            Credentials::Found => (
                identity::web_identity(environment)?,
                identity::region(environment)?,
            ),
        };
        if !matches!(credentials, Credentials::Static { .. }) {
            identity::check_files(environment)?;
        }
        let headers = headers::parse(&mut fields, warnings)?;
        let content_md5 = fields.bool("send_content_md5")?.unwrap_or(true);
        let multipart = match fields.bool("disable_multipart")? {
            Some(true) => Multipart::Never {
                largest_bytes: DIFFERENCES.sizes.put_bytes.unwrap_or(u64::MAX),
            },
            Some(false) | None => Multipart::Allowed,
        };
        let part_size_bytes = part_size(&mut fields)?;
        let list = list_version(&mut fields)?;
        let encryption = encryption::parse(&mut fields)?;
        let max_attempts = max_attempts(&mut fields)?;
        let http = Http::parse(&mut fields, warnings)?;
        // A misspelt key is a likely reason for a missing one, so it is reported first.
        fields.finish()?;
        let missing = |key| Error::usage(format!("config.{key} is missing"));
        let bucket = bucket.ok_or_else(|| missing("bucket"))?;
        let endpoint = endpoint.ok_or_else(|| missing("endpoint"))?;
        let endpoint = Endpoint::parse(&endpoint, secure)?;
        let bucket = name::checked(bucket)?;
        endpoint.suits(lookup, &bucket)?;
        name::refuse_directory(&bucket, endpoint.authority())?;
        let parsed = Self {
            dialect: &AMAZON,
            bucket,
            endpoint,
            region: region
                .map(|region| region::named("config.region", region))
                .transpose()?,
            likely_region: None,
            dualstack,
            lookup,
            credentials,
            sts_endpoint: sts_endpoint.map(|url| service(&url)).transpose()?,
            web_identity,
            aws_region,
            headers,
            content_md5,
            asked,
            trace,
            multipart,
            part_size_bytes,
            list,
            encryption,
            max_attempts,
            http,
            proxies: Proxies::of(environment),
        };
        parsed.check_proxy()?;
        warnings.extend(parsed.what_is_not_safe());
        warnings.extend(parsed.what_has_no_effect());
        Ok(parsed)
    }

    /// Of which version signatures are. Amazon takes those of version 4 only, and is given them whatever is asked for, as by Thanos' client.
    pub(super) fn signatures(&self) -> Signatures {
        if self.endpoint.is_amazon() {
            Signatures::Four
        } else {
            self.asked
        }
    }

    /// A proxy that would be asked has an address.
    pub(super) fn check_proxy(&self) -> Result<()> {
        let url = reqwest::Url::parse(&format!("{}://{}", self.endpoint.scheme(), self.endpoint));
        let url = url.map_err(|_| Error::usage("config.endpoint makes no address"))?;
        match self.proxies.of_url(&url) {
            Some(_) if self.http.tls.server_name.is_some() && self.endpoint.is_secure() => {
                Err(Error::usage(format!(
                    "config.http_config.tls_config.server_name cannot be used where {} is reached through a proxy: expected it in NO_PROXY",
                    self.endpoint
                )))
            }
            Some(proxy) => proxy.url().map(drop),
            None => Ok(()),
        }
    }

    fn what_is_not_safe(&self) -> Option<String> {
        let endpoint = &self.endpoint;
        if !endpoint.is_secure() {
            Some(format!(
                "config.insecure: data and session tokens travel to {endpoint} unencrypted"
            ))
        } else if self.http.tls.skip_verification {
            Some(format!(
                "config.http_config: whoever answers for {endpoint} is taken for it, for no certificate is verified"
            ))
        } else if lacks_tls(endpoint.host()) {
            Some(format!(
                "config.insecure: TLS is not spoken at {endpoint}, by all that is told of it; where no connection comes about, config.insecure: true has S3 spoken unencrypted"
            ))
        } else {
            None
        }
    }

    fn what_has_no_effect(&self) -> Option<String> {
        if self.asked != self.signatures() {
            return Some(format!(
                "config.signature_version2 has no effect here: {} takes version 4 only",
                self.endpoint
            ));
        }
        if self.http.tls.server_name.is_some() && !self.endpoint.is_secure() {
            return Some("config.http_config.tls_config.server_name has no effect here: with config.insecure nobody proves anything".to_owned());
        }
        let url = self.sts_endpoint.as_ref()?;
        if !matches!(self.credentials, Credentials::Found) || self.web_identity.is_none() {
            return Some("config.sts_endpoint has no effect here: it is where credentials are asked for with a web identity, and there is none".to_owned());
        }
        url.starts_with("http:").then(|| {
            "config.sts_endpoint: the web identity and the credentials for it travel unencrypted".to_owned()
        })
    }
}

/// Thanos logs every request then, at level `debug`.
fn trace(fields: &mut Fields<'_>) -> Result<Trace> {
    let Some(node) = fields.take("trace") else {
        return Ok(Trace::Off);
    };
    let mut trace = node.fields("config.trace", Unknown::Refuse)?;
    let enable = trace.bool("enable")?.unwrap_or(false);
    trace.finish()?;
    Ok(if enable { Trace::On } else { Trace::Off })
}

fn lookup(fields: &mut Fields<'_>) -> Result<Lookup> {
    match text(fields, "bucket_lookup_type")?.as_deref() {
        None | Some("auto") => Ok(Lookup::Auto),
        Some("virtual-hosted") => Ok(Lookup::VirtualHosted),
        Some("path") => Ok(Lookup::Path),
        Some(other) => Err(wrong(
            "bucket_lookup_type",
            other,
            "auto, virtual-hosted or path",
        )),
    }
}

/// The address of a service that gives credentials, as a URL.
fn service(text: &str) -> Result<String> {
    let at = "config.sts_endpoint";
    let wrong = |fault: &str| {
        let expected = "expected a URL such as https://sts.eu-west-1.amazonaws.com";
        Error::usage(format!("{at} {fault}: {expected}"))
    };
    if let Some(fault) = fault(text) {
        return Err(wrong(fault));
    }
    let url = reqwest::Url::parse(text).map_err(|_| wrong("is no URL with a scheme"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("is no URL with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("has a user or a query"));
    }
    Ok(url.to_string())
}

fn part_size(fields: &mut Fields<'_>) -> Result<Option<u64>> {
    let least = DIFFERENCES.sizes.least_part_bytes;
    let largest = DIFFERENCES.sizes.largest_part_bytes.unwrap_or(u64::MAX);
    let size = fields.u64("part_size")?.filter(|size| *size > 0);
    match size {
        Some(size) if !(least..=largest).contains(&size) => Err(wrong(
            "part_size",
            &size.to_string(),
            &format!("bytes from {least} to {largest}"),
        )),
        size => Ok(size),
    }
}

fn list_version(fields: &mut Fields<'_>) -> Result<ListVersion> {
    match text(fields, "list_objects_version")?.as_deref() {
        None | Some("v2") => Ok(ListVersion::Two),
        Some("v1") => Ok(ListVersion::One),
        Some(other) => Err(wrong("list_objects_version", other, "v1 or v2")),
    }
}

fn max_attempts(fields: &mut Fields<'_>) -> Result<Option<usize>> {
    let attempts = fields.i64("max_retries")?.unwrap_or(0);
    match usize::try_from(attempts) {
        Ok(0) => Ok(None),
        Ok(attempts) if attempts <= 100 => Ok(Some(attempts)),
        _ => Err(wrong(
            "max_retries",
            &attempts.to_string(),
            "a whole number from 0 to 100",
        )),
    }
}

fn wrong(key: &str, value: &str, expected: &str) -> Error {
    let shown = quoted(value).map(|value| format!(" {value}"));
    let shown = shown.unwrap_or_default();
    Error::usage(format!("config.{key}{shown}: expected {expected}"))
}
