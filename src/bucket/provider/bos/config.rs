//! The `config` section of a BOS bucket. Thanos ignores keys that it does not know; here they are worth a word.

#[cfg(test)]
mod tests;

use super::dialect::DIALECT;
use super::policy::RIGHTS;
use crate::bucket::provider::configured::Section;
use crate::bucket::provider::s3::{
    BOS, Config, Endpoint, Lookup, Spoken, Vendor, known_host, spoken,
};
use crate::bucket::provider::vendor::{
    Bucket, Keys, WithoutScheme, endpoint, label, missing, warn_of_numbers, warn_of_unknown,
};
use crate::bucket::values::text;
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::Unknown;

/// As Thanos says that something is missing.
const INSUFFICIENT: &str = "insufficient BOS configuration information";

/// Where S3 is spoken.
#[derive(Debug)]
struct Place {
    endpoint: Endpoint,
    lookup: Lookup,
    region: Option<String>,
}

/// Reads the section.
pub(super) fn parse(section: Section<'_>) -> Result<Bucket> {
    let Section {
        config,
        environment,
        warnings,
    } = section;
    let mut fields = config.fields("config", Unknown::Ignore)?;
    let texts = ["bucket", "endpoint", "access_key", "secret_key"];
    warn_of_numbers(&fields, &texts, warnings);
    let bucket = text(&mut fields, "bucket")?;
    let address = text(&mut fields, "endpoint")?;
    let keys = Keys::parse(&mut fields, ["access_key", "secret_key"])?;
    warn_of_unknown(&fields, warnings);
    let lacks = |key| missing(key, INSUFFICIENT);
    let bucket = label("bucket", bucket.ok_or_else(|| lacks("bucket"))?, "-", "hot")?;
    let address = address.ok_or_else(|| lacks("endpoint"))?;
    let place = Place::of(endpoint(&address, WithoutScheme::Http)?)?;
    warnings.extend(place.what_is_not_told());
    let vendor = Vendor {
        dialect: &DIALECT,
        bucket,
        endpoint: place.endpoint,
        lookup: place.lookup,
        region: place.region,
        access_key: keys.id.ok_or_else(|| lacks("access_key"))?,
        secret_key: keys.secret.ok_or_else(|| lacks("secret_key"))?,
        max_attempts: None,
        http: Http::usual()?,
        proxies: Proxies::of(environment),
    };
    Ok(Bucket {
        s3: Config::of_vendor(vendor, warnings)?,
        rights: RIGHTS,
    })
}

impl Place {
    /// Where S3 is spoken for an endpoint at which Thanos speaks Baidu's own language.
    fn of(endpoint: Endpoint) -> Result<Self> {
        if endpoint.host().ends_with(".cdn.bcebos.com") {
            return Err(Error::usage(
                "config.endpoint is that of a CDN, where S3 is not spoken: expected the region's own, such as bj.bcebos.com",
            ));
        }
        let Some(host) = known_host(endpoint.host()).filter(|host| host.service == BOS) else {
            // Thanos' client puts the bucket's name into the path everywhere.
            return Ok(Self {
                endpoint,
                lookup: Lookup::Path,
                region: None,
            });
        };
        if host.bucket.is_some() {
            return Err(Error::usage(format!(
                "config.endpoint begins with a bucket's name, behind which config.bucket is put once more: expected {} alone",
                host.rest
            )));
        }
        let port = endpoint.authority().strip_prefix(endpoint.host());
        let rest = host.rest.strip_prefix("s3.").unwrap_or(&host.rest);
        let authority = format!("s3.{rest}{}", port.unwrap_or_default());
        Ok(Self {
            endpoint: Endpoint::parse(&authority, endpoint.is_secure())?,
            lookup: Lookup::VirtualHosted,
            region: host.region,
        })
    }

    /// Where Baidu tells of no S3 there, or of none in that way. What it tells may be old, and so nothing is refused.
    fn what_is_not_told(&self) -> Option<String> {
        let host = &self.endpoint;
        match self.region.as_deref().map_or(Spoken::Untold, spoken) {
            Spoken::Plain if host.is_secure() => Some(format!(
                "config.endpoint: Baidu tells of S3 at {host} without TLS only; where no connection comes about, http:// before it has S3 spoken unencrypted"
            )),
            Spoken::AsAsked | Spoken::Plain => None,
            Spoken::Untold => Some(format!(
                "config.endpoint: Baidu does not tell that S3 is spoken at {host}, which takes the place of the interface that Thanos speaks to"
            )),
        }
    }
}
