//! What Thanos' `--tracing.config` says about an OTLP collector. Text in, values out; files that it names are not opened here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use opentelemetry_sdk::trace::Sampler;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Kind, Result};
use crate::go;
use crate::yaml::{self, Fields, Unknown};

/// Where spans go, and which. Neither `Debug` nor an error about it shows the value of a header.
#[derive(Debug, Clone)]
pub struct TracingConfig {
    pub(super) protocol: Protocol,
    /// `host:port`; unset means the one from the environment, or this host.
    pub(super) endpoint: Option<String>,
    /// How the connection is secured; `None` means not at all.
    pub(super) tls: Option<Tls>,
    pub(super) headers: HeaderMap,
    pub(super) gzip: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<Retry>,
    pub(super) service_name: Option<String>,
    pub(super) resource_attributes: BTreeMap<String, String>,
    pub(super) sampler: Sampler,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Protocol {
    Grpc,
    Http { path: String },
}

/// An empty one trusts what the system trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) ca_file: Option<PathBuf>,
    pub(super) identity: Option<IdentityFiles>,
    pub(super) server_name: Option<String>,
    pub(super) insecure_skip_verify: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdentityFiles {
    pub(super) cert_file: PathBuf,
    pub(super) key_file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retry {
    pub(super) initial_interval: Option<Duration>,
    pub(super) max_interval: Option<Duration>,
}

impl TracingConfig {
    /// Reads Thanos' tracing YAML, in which `$(VAR)` has been replaced already.
    ///
    /// Unknown keys beside `type` and `config` are refused, and those inside `config` are passed over, both as in Thanos.
    /// What Thanos would carry out and this tool does not is refused.
    pub fn parse(text: &str) -> Result<Self> {
        let Some(document) = yaml::parse(text)? else {
            return Err(Error::usage("it is empty: write type: OTLP and config"));
        };
        let mut top = document.fields("", Unknown::Refuse)?;
        let type_name = top.string("type")?.unwrap_or_default();
        let config = top.take("config");
        top.finish()?;
        match type_name.to_ascii_uppercase().as_str() {
            "OTLP" => {}
            "" => return Err(Error::usage("type is missing: write type: OTLP")),
            "JAEGER" | "GOOGLE_CLOUD" | "STACKDRIVER" | "ELASTIC_APM" | "LIGHTSTEP" => {
                return Err(unsupported(format!("type {type_name}"), "OTLP"));
            }
            _ => {
                return Err(Error::usage(format!(
                    "tracing with type {type_name:?} is not supported: write OTLP"
                )));
            }
        }
        let Some(config) = config else {
            return Err(Error::usage("config is missing"));
        };
        otlp(config.fields("config", Unknown::Ignore)?)
    }
}

fn otlp(mut fields: Fields<'_>) -> Result<TracingConfig> {
    let protocol = protocol(&mut fields)?;
    let config = TracingConfig {
        endpoint: endpoint(&mut fields)?,
        tls: tls(&mut fields, &protocol)?,
        headers: headers(&mut fields)?,
        gzip: gzip(&mut fields)?,
        timeout: duration(&mut fields, "config", "timeout")?,
        retry: retry(&mut fields)?,
        service_name: non_empty(&mut fields, "service_name")?,
        resource_attributes: fields
            .string_map("resource_attributes")?
            .unwrap_or_default(),
        sampler: sampler(&mut fields)?,
        protocol,
    };
    fields.finish()?;
    Ok(config)
}

fn protocol(fields: &mut Fields<'_>) -> Result<Protocol> {
    let client_type = fields.string("client_type")?.unwrap_or_default();
    let path = non_empty(fields, "url_path")?;
    let reconnection_period = duration(fields, "config", "reconnection_period")?;
    match client_type.as_str() {
        "grpc" if reconnection_period.is_some() => {
            Err(unsupported("config.reconnection_period", "leaving it out"))
        }
        "grpc" => Ok(Protocol::Grpc),
        "http" => Ok(Protocol::Http {
            path: url_path(path.as_deref().unwrap_or("/v1/traces"))?,
        }),
        _ => Err(Error::usage(format!(
            "config.client_type is {client_type:?}: write http or grpc"
        ))),
    }
}

fn url_path(path: &str) -> Result<String> {
    if !path.chars().all(|c| c.is_ascii_graphic()) || path.contains(['?', '#']) {
        return Err(Error::usage(format!(
            "config.url_path is {path:?}: write a path such as /v1/traces, percent-encoded where need be"
        )));
    }
    Ok(format!("/{}", path.trim_start_matches('/')))
}

fn endpoint(fields: &mut Fields<'_>) -> Result<Option<String>> {
    let Some(endpoint) = non_empty(fields, "endpoint")? else {
        return Ok(None);
    };
    let is_host_and_port = !endpoint.contains(['/', '@', '?', '#', '\\'])
        && endpoint.chars().all(|c| c.is_ascii_graphic())
        && Url::parse(&format!("http://{endpoint}")).is_ok();
    if is_host_and_port {
        Ok(Some(endpoint))
    } else {
        // The value is not repeated: what should not stand here may be a password.
        Err(Error::usage(
            "config.endpoint must be host:port, without scheme, path and credentials (for plain text write insecure: true)",
        ))
    }
}

fn tls(fields: &mut Fields<'_>, protocol: &Protocol) -> Result<Option<Tls>> {
    let insecure = fields.bool("insecure")?.unwrap_or(false);
    let Some(node) = fields.take("tls_config") else {
        return Ok((!insecure).then(Tls::default));
    };
    let mut fields = node.fields("config.tls_config", Unknown::Ignore)?;
    let tls = Tls {
        ca_file: non_empty(&mut fields, "ca_file")?.map(PathBuf::from),
        identity: identity(&mut fields)?,
        server_name: non_empty(&mut fields, "server_name")?,
        insecure_skip_verify: fields.bool("insecure_skip_verify")?.unwrap_or(false),
    };
    fields.finish()?;
    if insecure {
        return Ok(None);
    }
    match protocol {
        Protocol::Grpc if tls.insecure_skip_verify => Err(unsupported(
            "config.tls_config.insecure_skip_verify with client_type grpc",
            "ca_file",
        )),
        Protocol::Http { .. } if tls.server_name.is_some() => Err(unsupported(
            "config.tls_config.server_name with client_type http",
            "client_type grpc",
        )),
        _ => Ok(Some(tls)),
    }
}

fn identity(fields: &mut Fields<'_>) -> Result<Option<IdentityFiles>> {
    let cert_file = non_empty(fields, "cert_file")?.map(PathBuf::from);
    let key_file = non_empty(fields, "key_file")?.map(PathBuf::from);
    match (cert_file, key_file) {
        (Some(cert_file), Some(key_file)) => Ok(Some(IdentityFiles {
            cert_file,
            key_file,
        })),
        (None, None) => Ok(None),
        _ => Err(Error::usage(
            "config.tls_config needs cert_file and key_file, or neither",
        )),
    }
}

fn headers(fields: &mut Fields<'_>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields.string_map("headers")?.unwrap_or_default() {
        let header: HeaderName = name
            .parse()
            .map_err(|_| Error::usage(format!("config.headers: {name:?} cannot name a header")))?;
        let mut value: HeaderValue = value.parse().map_err(|_| {
            Error::usage(format!(
                "config.headers.{name}: the value holds what a header cannot carry, such as a line feed"
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

fn gzip(fields: &mut Fields<'_>) -> Result<bool> {
    match fields.string("compression")?.unwrap_or_default().as_str() {
        "gzip" => Ok(true),
        "" | "none" => Ok(false),
        other => Err(unsupported(format!("config.compression {other:?}"), "gzip")),
    }
}

/// `retry_enabled` turns Thanos' own retries off, by a slip; here it means what it says.
fn retry(fields: &mut Fields<'_>) -> Result<Option<Retry>> {
    let Some(node) = fields.take("retry_config") else {
        return Ok(None);
    };
    let at = "config.retry_config";
    let mut fields = node.fields(at, Unknown::Ignore)?;
    let enabled = fields.bool("retry_enabled")?.unwrap_or(false);
    let retry = Retry {
        initial_interval: duration(&mut fields, at, "retry_initial_interval")?,
        max_interval: duration(&mut fields, at, "retry_max_interval")?,
    };
    let max_elapsed = duration(&mut fields, at, "retry_max_elapsed_time")?;
    fields.finish()?;
    match (enabled, max_elapsed) {
        (false, _) => Ok(None),
        (true, None) => Ok(Some(retry)),
        (true, Some(_)) => Err(unsupported(
            "config.retry_config.retry_max_elapsed_time",
            "config.timeout, which bounds all tries together",
        )),
    }
}

fn sampler(fields: &mut Fields<'_>) -> Result<Sampler> {
    let name = fields.string("sampler_type")?.unwrap_or_default();
    let ratio = match non_empty(fields, "sampler_param")? {
        None => 1.0,
        Some(param) => param
            .parse()
            .ok()
            .filter(|ratio| (0.0..=1.0).contains(ratio))
            .ok_or_else(|| {
                Error::usage(format!(
                    "config.sampler_param is {param:?}: write a number from 0 to 1"
                ))
            })?,
    };
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    match name.to_ascii_lowercase().as_str() {
        "alwayssample" => Ok(Sampler::AlwaysOn),
        "neversample" => Ok(Sampler::AlwaysOff),
        "traceidratiobased" => Ok(Sampler::TraceIdRatioBased(ratio)),
        "" | "parentbasedalwayssample" => Ok(parent_based(Sampler::AlwaysOn)),
        "parentbasedneversample" => Ok(parent_based(Sampler::AlwaysOff)),
        "parentbasedtraceidratiobased" => Ok(parent_based(Sampler::TraceIdRatioBased(ratio))),
        _ => Err(Error::usage(format!(
            "config.sampler_type is {name:?}: write alwayssample, neversample, traceidratiobased, parentbasedalwayssample, parentbasedneversample or parentbasedtraceidratiobased"
        ))),
    }
}

fn non_empty(fields: &mut Fields<'_>, key: &'static str) -> Result<Option<String>> {
    Ok(fields.string(key)?.filter(|text| !text.is_empty()))
}

/// A duration; zero is as good as none, as in Thanos.
fn duration(fields: &mut Fields<'_>, at: &str, key: &'static str) -> Result<Option<Duration>> {
    let Some(text) = non_empty(fields, key)? else {
        return Ok(None);
    };
    match go::duration::parse(&text) {
        Some(duration) => Ok(Some(duration).filter(|duration| !duration.is_zero())),
        None => Err(Error::usage(format!(
            "{at}.{key} is {text:?}: write a duration such as 500ms or 10s"
        ))),
    }
}

fn unsupported(what: impl std::fmt::Display, instead: &str) -> Error {
    Error::new(
        Kind::Usage,
        format!("{what} is not supported yet; {instead} is"),
    )
}

#[cfg(test)]
mod tests;
