//! The `config` section of an OBS bucket. Thanos refuses keys that it does not know, and so do we.

#[cfg(test)]
mod tests;

use super::dialect::DIALECT;
use super::policy::RIGHTS;
use crate::bucket::provider::configured::Section;
use crate::bucket::provider::s3::{Config, Endpoint, Lookup, Vendor, known_host};
use crate::bucket::provider::vendor::{
    Bucket, Keys, WithoutScheme, attempts, endpoint, label, missing, warn_of_numbers,
};
use crate::bucket::values::text;
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::Unknown;

/// Reads the section.
pub(super) fn parse(section: Section<'_>) -> Result<Bucket> {
    let Section {
        config,
        environment,
        warnings,
    } = section;
    let mut fields = config.fields("config", Unknown::Refuse)?;
    let texts = ["bucket", "endpoint", "access_key", "secret_key"];
    warn_of_numbers(&fields, &texts, warnings);
    let bucket = text(&mut fields, "bucket")?;
    let address = text(&mut fields, "endpoint")?;
    let keys = Keys::parse(&mut fields, ["access_key", "secret_key"])?;
    // Huawei's client counts the tries after the first one.
    let max_attempts = attempts(&mut fields)?.map(|retries| retries + 1);
    let http = Http::parse(&mut fields, warnings)?;
    // A misspelt key is a likely reason for a missing one, so it is reported first.
    fields.finish()?;
    let address = address.ok_or_else(|| missing("endpoint", "no obs endpoint in config file"))?;
    let (access_key, secret_key) = match (keys.id, keys.secret) {
        (Some(id), Some(secret)) => (id, secret),
        (None, Some(_)) => return Err(missing("access_key", "no obs access_key specified")),
        (Some(_), None) => return Err(missing("secret_key", "no obs secret_key specified")),
        (None, None) => {
            let thanos = "no obs secret_key and access_key specified";
            return Err(missing("access_key", thanos));
        }
    };
    let bucket = bucket.ok_or_else(|| Error::usage("config.bucket is missing"))?;
    let bucket = label("bucket", bucket, "-.", "hot")?;
    let endpoint = endpoint(&address, WithoutScheme::Https)?;
    let (region, likely) = region(&endpoint)?;
    let lookup = if endpoint.is_address() {
        Lookup::Path
    } else {
        Lookup::VirtualHosted
    };
    if bucket.contains('.') && endpoint.is_secure() && lookup == Lookup::VirtualHosted {
        warnings.push(format!(
            "config.bucket has a dot: the certificate of {endpoint} may not cover {bucket}.{endpoint}"
        ));
    }
    let vendor = Vendor {
        dialect: &DIALECT,
        bucket,
        endpoint,
        lookup,
        region,
        access_key,
        secret_key,
        max_attempts,
        http,
        proxies: Proxies::of(environment),
    };
    Ok(Bucket {
        s3: Config::of_vendor(vendor, warnings)?.likely_in(likely),
        rights: RIGHTS,
    })
}

/// The region that the host names, and the one that it may name: those who run Huawei's software under a name that nobody knows name it in the same way,
/// and so do hosts of something else that stands before it.
fn region(endpoint: &Endpoint) -> Result<(Option<String>, Option<String>)> {
    if let Some(host) = known_host(endpoint.host()) {
        return match host.bucket {
            None => Ok((host.region, None)),
            Some(_) => Err(Error::usage(format!(
                "config.endpoint begins with a bucket's name, before which config.bucket is put once more: expected {} alone",
                host.rest
            ))),
        };
    }
    let labels: Vec<&str> = endpoint.host().split('.').collect();
    let likely = match labels.as_slice() {
        ["obs", region, _, _, ..] => Some((*region).to_owned()),
        _ => None,
    };
    Ok((None, likely))
}
