//! The `config` section of a bucket of Google Cloud Storage: every key that Thanos knows is honoured, refused, or warned about.

mod account;
mod document;
mod endpoint;
mod external;
mod identity;
mod name;

pub(super) use account::{Account, External, ServiceAccount};
pub(super) use endpoint::Endpoint;
pub(super) use external::{
    ALLOWED, Aws, AwsKeys, Certificate, Given, Program, REGION, Subject, SubjectText,
};
pub(super) use identity::{Credentials, Origin};

use identity::Found;

use std::sync::Arc;

use super::super::configured::Section;
use crate::bucket::values::text;
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::{Fields, Node, Unknown};

/// A bucket as configured.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) bucket: String,
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Arc<Credentials>,
    /// The project that is charged, where the credentials or the environment name one.
    pub(super) quota_project: Option<String>,
    pub(super) part_size_bytes: Option<u64>,
    pub(super) max_attempts: Option<u32>,
    pub(super) http: Http,
    pub(super) proxies: Proxies,
}

/// The service takes the pieces of an upload in multiples of this many bytes.
pub(super) const QUANTUM: u64 = 256 << 10;

/// The largest piece that is held in memory.
const LARGEST_PIECE: u64 = 64 << 20;

/// The largest object that there is.
const LARGEST_OBJECT: u64 = 5 << 40;

impl Config {
    /// Reads the section.
    pub(super) fn parse(section: Section<'_>) -> Result<Self> {
        let Section {
            config,
            environment,
            warnings,
        } = section;
        let mut fields = config.fields("config", Unknown::Refuse)?;
        if fields.peek("bucket").is_some_and(Node::is_plain_non_string) {
            warnings.push(
                "config.bucket looks like a number or a boolean: quote it, for Thanos reads another text"
                    .to_owned(),
            );
        }
        let bucket = text(&mut fields, "bucket")?;
        let service_account = text(&mut fields, "service_account")?;
        grpc(&mut fields, warnings)?;
        let part_size_bytes = chunk_size(&mut fields, warnings)?;
        let max_attempts = max_attempts(&mut fields)?;
        let http = Http::parse(&mut fields, warnings)?;
        // A misspelt key is a likely reason for a missing one, so it is reported first.
        fields.finish()?;
        let bucket = bucket.ok_or_else(|| Error::usage("config.bucket is missing"))?;
        let bucket = name::checked(bucket)?;
        let emulator = Endpoint::of_emulator(environment)?;
        let Found {
            credentials,
            quota_project,
            universe,
        } = identity::find(service_account.as_deref(), environment, emulator.is_some())?;
        let endpoint = match emulator {
            Some(emulator) => emulator,
            None => Endpoint::of_universe(universe.as_deref())?,
        };
        let parsed = Self {
            bucket,
            endpoint,
            credentials: Arc::new(credentials),
            quota_project,
            part_size_bytes,
            max_attempts,
            http,
            proxies: Proxies::of(environment),
        };
        parsed.check_proxy()?;
        warnings.extend(parsed.what_is_not_safe());
        Ok(parsed)
    }

    /// A proxy that would be asked has an address.
    fn check_proxy(&self) -> Result<()> {
        match self.proxies.of_url(self.endpoint.url()) {
            Some(proxy) => proxy.url().map(drop),
            None => Ok(()),
        }
    }

    fn what_is_not_safe(&self) -> Option<String> {
        let endpoint = &self.endpoint;
        if !endpoint.is_secure() {
            Some(format!(
                "environment variable STORAGE_EMULATOR_HOST: data and tokens travel to {} unencrypted",
                endpoint.authority()
            ))
        } else if self.http.tls.skip_verification {
            Some(format!(
                "config.http_config: whoever answers for {} is taken for it, for no certificate is verified",
                endpoint.authority()
            ))
        } else {
            None
        }
    }
}

fn grpc(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<()> {
    if fields.bool("use_grpc")?.unwrap_or(false) {
        warnings
            .push("config.use_grpc has no effect here: the bucket is asked over HTTP".to_owned());
    }
    if fields.i64("grpc_conn_pool_size")?.unwrap_or(0) != 0 {
        warnings.push(
            "config.grpc_conn_pool_size has no effect here: the bucket is asked over HTTP"
                .to_owned(),
        );
    }
    Ok(())
}

/// As Google's client does, in whole multiples of what the service takes; zero stands for the usual size.
fn chunk_size(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<Option<u64>> {
    let size = fields.i64("chunk_size_bytes")?.unwrap_or(0);
    match u64::try_from(size) {
        Ok(0) => Ok(None),
        Ok(size) if size <= LARGEST_PIECE => Ok(Some(size.next_multiple_of(QUANTUM))),
        Ok(size) if size <= LARGEST_OBJECT => {
            warnings.push(format!(
                "config.chunk_size_bytes counts as {LARGEST_PIECE}: pieces are held in memory, and no larger ones"
            ));
            Ok(Some(LARGEST_PIECE))
        }
        _ => Err(Error::usage(format!(
            "config.chunk_size_bytes \"{size}\": expected a whole number from 0 to {LARGEST_OBJECT}"
        ))),
    }
}

/// How often a request is tried; Thanos takes zero and less for its client's default.
fn max_attempts(fields: &mut Fields<'_>) -> Result<Option<u32>> {
    let attempts = fields.i64("max_retries")?.unwrap_or(0);
    if attempts <= 0 {
        return Ok(None);
    }
    let attempts = u32::try_from(attempts)
        .ok()
        .filter(|attempts| *attempts <= 100);
    attempts
        .map(Some)
        .ok_or_else(|| Error::usage("config.max_retries: expected a whole number of at most 100"))
}

#[cfg(test)]
mod tests;
