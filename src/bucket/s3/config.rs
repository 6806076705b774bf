//! The `config` section of an S3 bucket: every key that Thanos knows is honoured, refused, or warned about.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::Multipart;
use super::super::environment::{Environment, Secret};
use super::tls::Tls;
use super::wire::Silence;
use crate::duration;
use crate::error::{Error, Result};
use crate::yaml::{Fields, Node, Unknown};

/// An S3 bucket as configured.
#[derive(Debug)]
pub(in crate::bucket) struct Config {
    pub(in crate::bucket) bucket: String,
    /// Host and port.
    pub(in crate::bucket) endpoint: String,
    pub(super) region: Option<String>,
    pub(super) insecure: bool,
    pub(super) lookup: Lookup,
    pub(super) credentials: Credentials,
    pub(super) sts_endpoint: Option<String>,
    pub(super) web_identity: Option<WebIdentity>,
    pub(super) put_user_metadata: BTreeMap<String, String>,
    pub(super) checksum: bool,
    pub(super) multipart: Multipart,
    pub(super) part_size_bytes: Option<u64>,
    pub(super) list: ListVersion,
    pub(super) encryption: Option<Encryption>,
    pub(super) max_attempts: Option<usize>,
    pub(super) http: Http,
}

/// Which version of `ListObjects` the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListVersion {
    One,
    Two,
}

/// Where the bucket's name goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    Auto,
    VirtualHosted,
    Path,
}

#[derive(Debug)]
pub(super) enum Credentials {
    /// From the configuration or from `AWS_ACCESS_KEY_ID` and its like.
    Static {
        access_key: String,
        secret_key: Secret,
        session_token: Option<Secret>,
    },
    /// As the AWS SDK finds them; without any the run ends.
    Sdk,
    /// As found; without any, requests are anonymous.
    Found,
}

/// A token that Kubernetes gives, and the role that it may take on.
#[derive(Debug)]
pub(super) struct WebIdentity {
    pub(super) token_file: String,
    pub(super) role_arn: String,
    pub(super) session_name: Option<String>,
}

#[derive(Debug)]
pub(super) enum Encryption {
    S3,
    Kms(String),
    /// The customer's key, in base64.
    Customer(Secret),
}

#[derive(Debug, Clone)]
pub(super) struct Http {
    pub(super) idle_timeout: Duration,
    response_timeout: Duration,
    connect_timeout: Duration,
    pub(super) max_idle_per_host: usize,
    pub(super) max_per_host: Option<usize>,
    pub(super) tls: Tls,
}

const LEAST_PART: u64 = 5 << 20;
const LARGEST_PART: u64 = 5 << 30;

/// How long a request may wait for anything that Go would wait for without a limit.
const LONGEST_WAIT: Duration = Duration::from_mins(4);

/// How long an answer may stand still.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

impl Config {
    pub(in crate::bucket) fn parse(
        config: &Node,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
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
        refuse(&mut fields, "signature_version2", "signature version 2")?;
        refuse_nested(&mut fields, "trace", "enable")?;
        let _ = fields.bool("disable_dualstack")?;
        let parsed = Self {
            region: text(&mut fields, "region")?,
            insecure: fields.bool("insecure")?.unwrap_or(false),
            lookup: lookup(&mut fields)?,
            credentials: credentials(&mut fields, environment)?,
            sts_endpoint: text(&mut fields, "sts_endpoint")?,
            web_identity: web_identity(environment),
            put_user_metadata: metadata(&mut fields)?,
            checksum: fields.bool("send_content_md5")?.unwrap_or(false),
            multipart: match fields.bool("disable_multipart")? {
                Some(true) => Multipart::Never,
                Some(false) | None => Multipart::Allowed,
            },
            part_size_bytes: part_size(&mut fields)?,
            list: list_version(&mut fields)?,
            encryption: encryption(&mut fields)?,
            max_attempts: max_attempts(&mut fields)?,
            http: Http::parse(&mut fields, warnings)?,
            bucket: fields.string("bucket")?.unwrap_or_default(),
            endpoint: endpoint(fields.string("endpoint")?.unwrap_or_default())?,
        };
        // A misspelt key is the likelier reason for a missing one.
        fields.finish()?;
        for (key, value) in [("bucket", &parsed.bucket), ("endpoint", &parsed.endpoint)] {
            if value.is_empty() {
                return Err(Error::usage(format!("config.{key} is missing")));
            }
        }
        warnings.extend(parsed.what_is_not_safe());
        Ok(parsed)
    }

    fn what_is_not_safe(&self) -> Option<String> {
        let endpoint = &self.endpoint;
        if self.insecure {
            Some(format!(
                "config.insecure: data and session tokens travel to {endpoint} unencrypted"
            ))
        } else if self.http.tls.skip_verification {
            Some(format!(
                "config.http_config: whoever answers for {endpoint} is taken for it, for no certificate is verified"
            ))
        } else {
            None
        }
    }

    /// Whether the bucket's name is part of the host's.
    pub(super) fn virtual_hosted(&self) -> bool {
        match self.lookup {
            Lookup::VirtualHosted => true,
            Lookup::Path => false,
            Lookup::Auto => {
                let host = self.endpoint.split(':').next().unwrap_or_default();
                let serves = [
                    ".amazonaws.com",
                    ".amazonaws.com.cn",
                    "storage.googleapis.com",
                    ".aliyuncs.com",
                ];
                // A certificate for *.host does not cover a name with a dot.
                let dotted = !self.insecure && self.bucket.contains('.');
                !dotted && serves.iter().any(|suffix| host.ends_with(suffix))
            }
        }
    }
}

fn unless_zero(limit: Duration) -> Duration {
    if limit.is_zero() { LONGEST_WAIT } else { limit }
}

fn text(fields: &mut Fields<'_>, key: &'static str) -> Result<Option<String>> {
    Ok(fields.string(key)?.filter(|text| !text.is_empty()))
}

fn endpoint(endpoint: String) -> Result<String> {
    let expected = "expected host[:port] without scheme, user and path";
    // What stands before an @ or after a ? may be secret.
    if endpoint.contains(['@', '?']) {
        return Err(Error::usage(format!("config.endpoint: {expected}")));
    }
    if endpoint.contains("://") || endpoint.contains(['/', ' ', '#']) {
        return Err(Error::usage(format!(
            "config.endpoint {endpoint:?}: {expected}"
        )));
    }
    Ok(endpoint)
}

fn refuse(fields: &mut Fields<'_>, key: &'static str, what: &str) -> Result<()> {
    if fields.bool(key)?.unwrap_or(false) {
        return Err(Error::usage(format!(
            "config.{key}: {what} is not supported yet"
        )));
    }
    Ok(())
}

fn refuse_nested(fields: &mut Fields<'_>, outer: &'static str, inner: &'static str) -> Result<()> {
    let Some(node) = fields.take(outer) else {
        return Ok(());
    };
    let mut nested = node.fields(&format!("config.{outer}"), Unknown::Refuse)?;
    if nested.bool(inner)?.unwrap_or(false) {
        return Err(Error::usage(format!(
            "config.{outer}.{inner} is not supported yet"
        )));
    }
    nested.finish()
}

fn lookup(fields: &mut Fields<'_>) -> Result<Lookup> {
    match text(fields, "bucket_lookup_type")?.as_deref() {
        None | Some("auto") => Ok(Lookup::Auto),
        Some("virtual-hosted") => Ok(Lookup::VirtualHosted),
        Some("path") => Ok(Lookup::Path),
        Some(other) => Err(Error::usage(format!(
            "config.bucket_lookup_type {other:?}: expected auto, virtual-hosted or path"
        ))),
    }
}

fn credentials(fields: &mut Fields<'_>, environment: &Environment) -> Result<Credentials> {
    let sdk = fields.bool("aws_sdk_auth")?.unwrap_or(false);
    let access_key = text(fields, "access_key")?;
    let secret_key = text(fields, "secret_key")?;
    let session_token = text(fields, "session_token")?;
    match (access_key, secret_key) {
        (Some(_), _) | (_, Some(_)) if sdk => Err(Error::usage(
            "config.aws_sdk_auth and config.access_key exclude each other",
        )),
        (Some(access_key), Some(secret_key)) => Ok(Credentials::Static {
            access_key,
            secret_key: Secret::new(secret_key),
            session_token: session_token.map(Secret::new),
        }),
        (Some(_), None) => Err(Error::usage(
            "config.secret_key is missing although config.access_key is given",
        )),
        (None, Some(_)) => Err(Error::usage(
            "config.access_key is missing although config.secret_key is given",
        )),
        (None, None) if session_token.is_some() => Err(Error::usage(
            "config.session_token needs config.access_key and config.secret_key",
        )),
        (None, None) if sdk => Ok(Credentials::Sdk),
        (None, None) => Ok(from_environment(environment)),
    }
}

fn from_environment(environment: &Environment) -> Credentials {
    let first = |names: [&str; 2]| {
        let mut values = names.into_iter().filter_map(|name| environment.get(name));
        values.find(|value| !value.is_empty()).map(str::to_owned)
    };
    let access_key = first(["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]);
    let secret_key = first(["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]);
    match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => Credentials::Static {
            access_key,
            secret_key: Secret::new(secret_key),
            session_token: environment
                .get("AWS_SESSION_TOKEN")
                .filter(|token| !token.is_empty())
                .map(|token| Secret::new(token.to_owned())),
        },
        _ => Credentials::Found,
    }
}

fn web_identity(environment: &Environment) -> Option<WebIdentity> {
    let get = |name| environment.get(name).filter(|value| !value.is_empty());
    Some(WebIdentity {
        token_file: get("AWS_WEB_IDENTITY_TOKEN_FILE")?.to_owned(),
        role_arn: get("AWS_ROLE_ARN")?.to_owned(),
        session_name: get("AWS_ROLE_SESSION_NAME").map(str::to_owned),
    })
}

/// Names as sent, without the `x-amz-meta-` that S3 puts before each.
fn metadata(fields: &mut Fields<'_>) -> Result<BTreeMap<String, String>> {
    let given = fields.string_map("put_user_metadata")?.unwrap_or_default();
    given
        .into_iter()
        .map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            if name == super::STORAGE_CLASS {
                return Ok((name, value));
            }
            let name = name.strip_prefix("x-amz-meta-").unwrap_or(&name).to_owned();
            let plain = !name.is_empty()
                && !name.starts_with("x-amz-")
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            if plain {
                Ok((name, value))
            } else {
                Err(Error::usage(format!(
                    "config.put_user_metadata.{name}: headers other than user metadata and X-Amz-Storage-Class are not supported yet"
                )))
            }
        })
        .collect()
}

fn part_size(fields: &mut Fields<'_>) -> Result<Option<u64>> {
    let size = fields.u64("part_size")?.filter(|size| *size > 0);
    match size {
        Some(size) if !(LEAST_PART..=LARGEST_PART).contains(&size) => Err(Error::usage(format!(
            "config.part_size {size}: expected bytes from {LEAST_PART} to {LARGEST_PART}"
        ))),
        size => Ok(size),
    }
}

fn list_version(fields: &mut Fields<'_>) -> Result<ListVersion> {
    match text(fields, "list_objects_version")?.as_deref() {
        None | Some("v2") => Ok(ListVersion::Two),
        Some("v1") => Ok(ListVersion::One),
        Some(other) => Err(Error::usage(format!(
            "config.list_objects_version {other:?}: expected v1 or v2"
        ))),
    }
}

fn max_attempts(fields: &mut Fields<'_>) -> Result<Option<usize>> {
    let attempts = fields.i64("max_retries")?.unwrap_or(0);
    match usize::try_from(attempts) {
        Ok(0) => Ok(None),
        Ok(attempts) if attempts <= 100 => Ok(Some(attempts)),
        _ => Err(Error::usage(format!(
            "config.max_retries {attempts}: expected a whole number from 0 to 100"
        ))),
    }
}

fn encryption(fields: &mut Fields<'_>) -> Result<Option<Encryption>> {
    let Some(node) = fields.take("sse_config") else {
        return Ok(None);
    };
    let mut sse = node.fields("config.sse_config", Unknown::Refuse)?;
    let kind = text(&mut sse, "type")?;
    let key_id = text(&mut sse, "kms_key_id")?;
    let context = sse
        .string_map("kms_encryption_context")?
        .unwrap_or_default();
    let key_file = text(&mut sse, "encryption_key")?;
    sse.finish()?;
    if !context.is_empty() {
        return Err(Error::usage(
            "config.sse_config.kms_encryption_context is not supported yet",
        ));
    }
    match kind.as_deref() {
        None => Ok(None),
        Some("SSE-S3") => Ok(Some(Encryption::S3)),
        Some("SSE-KMS") => key_id.map(Encryption::Kms).map(Some).ok_or_else(|| {
            Error::usage("config.sse_config.kms_key_id is missing: SSE-KMS needs it")
        }),
        Some("SSE-C") => {
            let path = key_file.ok_or_else(|| {
                Error::usage("config.sse_config.encryption_key is missing: SSE-C needs the path of the key's file")
            })?;
            customer_key(&path).map(Some)
        }
        Some(other) => Err(Error::usage(format!(
            "config.sse_config.type {other:?}: expected SSE-S3, SSE-KMS or SSE-C"
        ))),
    }
}

fn customer_key(path: &str) -> Result<Encryption> {
    let at = "config.sse_config.encryption_key";
    let mut key = Vec::new();
    // One byte more than a key has, so that too long a file shows.
    File::open(path)
        .and_then(|file| file.take(33).read_to_end(&mut key))
        .map_err(|err| Error::usage(format!("{at}: read {path:?}: {err}")))?;
    if key.len() != 32 {
        let has = match key.len() {
            33 => "more than 32".to_owned(),
            fewer => fewer.to_string(),
        };
        return Err(Error::usage(format!(
            "{at}: {path:?} has {has} bytes, expected the 32 of a key"
        )));
    }
    Ok(Encryption::Customer(Secret::new(STANDARD.encode(key))))
}

impl Http {
    /// How long a connection may take; Go's "no limit" is a long time here.
    pub(super) fn connect_timeout(&self) -> Duration {
        unless_zero(self.connect_timeout)
    }

    /// How long nothing may happen. An answer that has begun has less reason to pause than one that has not.
    pub(super) fn silence(&self) -> Silence {
        let before_answer = unless_zero(self.response_timeout);
        Silence {
            before_answer,
            within_answer: before_answer.min(LONGEST_PAUSE),
        }
    }

    fn parse(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<Self> {
        let at = "config.http_config";
        let empty = crate::yaml::parse("{}")?;
        let node = fields.take("http_config").or(empty.as_ref());
        let node = node.ok_or_else(|| Error::usage(format!("{at} is missing")))?;
        let mut http = node.fields(at, Unknown::Refuse)?;
        let mut time = |key: &'static str, default: u64| match http.string(key)? {
            None => Ok(Duration::from_secs(default)),
            Some(text) => {
                duration::parse(&text).map_err(|err| Error::usage(format!("{at}.{key}: {err}")))
            }
        };
        let idle_timeout = time("idle_conn_timeout", 90)?;
        let response_timeout = time("response_header_timeout", 120)?;
        let connect_timeout = time("tls_handshake_timeout", 10)?;
        let _ = time("expect_continue_timeout", 1)?;
        let insecure = http.bool("insecure_skip_verify")?.unwrap_or(false);
        for key in ["max_idle_conns", "disable_compression"] {
            if let Some(node) = http.take(key) {
                let _ = node.string()?;
                warnings.push(format!("{at}.{key} has no effect here"));
            }
        }
        let max_idle = http.u64("max_idle_conns_per_host")?.unwrap_or(100);
        let max_per_host = http.u64("max_conns_per_host")?.unwrap_or(0);
        let tls = Tls::parse(http.take("tls_config"), insecure)?;
        http.finish()?;
        Ok(Self {
            idle_timeout,
            response_timeout,
            connect_timeout,
            max_idle_per_host: usize::try_from(max_idle).unwrap_or(usize::MAX),
            max_per_host: usize::try_from(max_per_host).ok().filter(|max| *max > 0),
            tls,
        })
    }
}
