//! The `config` section of an ALIYUNOSS bucket. Thanos ignores keys that it does not know; here they are worth a word.

#[cfg(test)]
mod tests;

use super::dialect::DIALECT;
use super::policy::RIGHTS;
use crate::bucket::provider::configured::Section;
use crate::bucket::provider::s3::{Config, Endpoint, Lookup, OSS, Vendor, known_host};
use crate::bucket::provider::vendor::{
    Bucket, Keys, WithoutScheme, endpoint, label, missing, warn_of_numbers, warn_of_unknown,
};
use crate::bucket::values::text;
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::Unknown;

const NO_BUCKET: &str = "aliyun oss endpoint or bucket is not present in config file";
const NO_KEY: &str = "aliyun oss access_key_id or access_key_secret is not present in config file";

/// Reads the section.
pub(super) fn parse(section: Section<'_>) -> Result<Bucket> {
    let Section {
        config,
        environment,
        warnings,
    } = section;
    let mut fields = config.fields("config", Unknown::Ignore)?;
    let texts = ["bucket", "endpoint", "access_key_id", "access_key_secret"];
    warn_of_numbers(&fields, &texts, warnings);
    let bucket = text(&mut fields, "bucket")?;
    let address = text(&mut fields, "endpoint")?;
    let keys = Keys::parse(&mut fields, ["access_key_id", "access_key_secret"])?;
    warn_of_unknown(&fields, warnings);
    let bucket = bucket.ok_or_else(|| missing("bucket", NO_BUCKET))?;
    let address = address.ok_or_else(|| missing("endpoint", NO_BUCKET))?;
    let bucket = label("bucket", bucket, "-", "hot")?;
    if bucket.len() < 3 {
        return Err(Error::usage(
            "config.bucket has too few characters: expected 3 to 63",
        ));
    }
    let endpoint = endpoint(&address, WithoutScheme::Http)?;
    let (endpoint, region) = of_s3(endpoint, warnings)?;
    let lookup = if endpoint.is_address() {
        Lookup::Path
    } else {
        Lookup::VirtualHosted
    };
    endpoint.suits(lookup, &bucket)?;
    let vendor = Vendor {
        dialect: &DIALECT,
        bucket,
        endpoint,
        lookup,
        region,
        access_key: keys.id.ok_or_else(|| missing("access_key_id", NO_KEY))?,
        secret_key: keys
            .secret
            .ok_or_else(|| missing("access_key_secret", NO_KEY))?,
        max_attempts: None,
        http: Http::usual()?,
        proxies: Proxies::of(environment),
    };
    Ok(Bucket {
        s3: Config::of_vendor(vendor, warnings)?,
        rights: RIGHTS,
    })
}

/// Where S3 is spoken for what is served there, and the region that it says. An endpoint that is none of Alibaba's is left as it is.
fn of_s3(endpoint: Endpoint, warnings: &mut Vec<String>) -> Result<(Endpoint, Option<String>)> {
    let host = known_host(endpoint.host()).filter(|host| host.service == OSS);
    let Some(host) = host else {
        if endpoint.host().ends_with(".aliyuncs.com") {
            warnings.push(format!(
                "config.endpoint is asked as it stands: {} is none of the hosts that Alibaba documents to speak S3, such as oss-cn-hangzhou.aliyuncs.com",
                endpoint.host()
            ));
        }
        return Ok((endpoint, None));
    };
    let named = |name: &str| format!("s3.oss-{name}.aliyuncs.com");
    if host.bucket.is_some() {
        return Err(Error::usage(format!(
            "config.endpoint begins with a bucket's name, and config.bucket is put before it anyway: expected {}",
            host.rest
        )));
    }
    let dual = host.rest.strip_suffix(".oss.aliyuncs.com");
    let there = match &host.region {
        _ if host.rest.starts_with("s3.") => host.rest,
        Some(_) if dual.is_some() => named(dual.unwrap_or_default()),
        Some(region) if host.rest.starts_with("vpc100-") => named(&format!("{region}-internal")),
        _ => format!("s3.{}", host.rest),
    };
    let port = endpoint.authority().strip_prefix(endpoint.host());
    let there = format!("{there}{}", port.unwrap_or_default());
    Ok((Endpoint::parse(&there, endpoint.is_secure())?, host.region))
}
