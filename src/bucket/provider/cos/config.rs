//! The `config` section of a COS bucket. Thanos ignores keys that it does not know; here they are worth a word.

#[cfg(test)]
mod tests;

use super::dialect::DIALECT;
use super::policy::RIGHTS;
use crate::bucket::provider::configured::Section;
use crate::bucket::provider::s3::{COS, Config, Endpoint, Lookup, Vendor, known_host};
use crate::bucket::provider::vendor::{
    Bucket, Keys, WithoutScheme, attempts, endpoint, label, missing, warn_of_numbers,
    warn_of_unknown,
};
use crate::bucket::values::text;
use crate::error::{Error, Result};
use crate::http::proxy::Proxies;
use crate::http::settings::Http;
use crate::yaml::Unknown;

/// As Thanos says that something is missing.
const INSUFFICIENT: &str = "insufficient cos configuration information";

/// Where a bucket is.
#[derive(Debug)]
struct Place {
    /// Its name with the account's number; empty where nobody says it.
    bucket: String,
    endpoint: Endpoint,
    lookup: Lookup,
    region: Option<String>,
}

/// What names a bucket, as it is given.
#[derive(Debug)]
struct Given {
    bucket: Option<String>,
    app_id: Option<String>,
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
    let texts = [
        "bucket",
        "app_id",
        "region",
        "endpoint",
        "secret_id",
        "secret_key",
    ];
    warn_of_numbers(&fields, &texts, warnings);
    let given = Given {
        bucket: text(&mut fields, "bucket")?,
        app_id: text(&mut fields, "app_id")?,
        region: text(&mut fields, "region")?,
    };
    let address = text(&mut fields, "endpoint")?;
    let keys = Keys::parse(&mut fields, ["secret_id", "secret_key"])?;
    let max_attempts = attempts(&mut fields)?;
    let http = Http::parse(&mut fields, warnings)?;
    warn_of_unknown(&fields, warnings);
    let lacks = match address {
        Some(_) => "secret_id or secret_key is empty",
        None => INSUFFICIENT,
    };
    let place = match address {
        Some(address) => Place::of_endpoint(&address, &given, warnings)?,
        None => Place::of_region(given, warnings)?,
    };
    let vendor = Vendor {
        dialect: &DIALECT,
        bucket: place.bucket,
        endpoint: place.endpoint,
        lookup: place.lookup,
        region: place.region,
        access_key: keys.id.ok_or_else(|| missing("secret_id", lacks))?,
        secret_key: keys.secret.ok_or_else(|| missing("secret_key", lacks))?,
        max_attempts,
        http,
        proxies: Proxies::of(environment),
    };
    Ok(Bucket {
        s3: Config::of_vendor(vendor, warnings)?,
        rights: RIGHTS,
    })
}

impl Given {
    /// The name that hosts begin with, where both of its halves are given.
    fn name(&self) -> Result<Option<String>> {
        let (Some(bucket), Some(app_id)) = (&self.bucket, &self.app_id) else {
            return Ok(None);
        };
        let bucket = label("bucket", bucket.clone(), "-", "hot")?;
        if app_id.is_empty() || !app_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::usage(
                "config.app_id is no account's number: expected digits, such as 1250000000",
            ));
        }
        label("bucket", format!("{bucket}-{app_id}"), "-", "hot").map(Some)
    }
}

impl Place {
    /// As the three keys say together.
    fn of_region(given: Given, warnings: &mut Vec<String>) -> Result<Self> {
        let lacks = |key: &str| {
            Error::usage(format!(
                "config.{key} is missing: expected bucket, app_id and region, or endpoint ({INSUFFICIENT})"
            ))
        };
        let name = given.name()?;
        if let (Some(bucket), Some(app_id)) = (&given.bucket, &given.app_id)
            && bucket.ends_with(&format!("-{app_id}"))
        {
            warnings.push(
                "config.bucket ends with config.app_id, which is put behind it once more, as Thanos does"
                    .to_owned(),
            );
        }
        let bucket = match (&given.bucket, &given.app_id) {
            (None, _) => return Err(lacks("bucket")),
            (_, None) => return Err(lacks("app_id")),
            _ => name.unwrap_or_default(),
        };
        let region = given.region.ok_or_else(|| lacks("region"))?;
        let region = label("region", region, "-", "ap-guangzhou")?;
        let endpoint = Endpoint::parse(&format!("cos.{region}.myqcloud.com"), true)?;
        // `accelerate` is a word for a host, and no region.
        let region = known_host(endpoint.host()).and_then(|host| host.region);
        Ok(Self {
            bucket,
            endpoint,
            lookup: Lookup::VirtualHosted,
            region,
        })
    }

    /// As the endpoint says, which is the whole address of a bucket; what else is given counts where it says nothing.
    fn of_endpoint(address: &str, given: &Given, warnings: &mut Vec<String>) -> Result<Self> {
        let endpoint = endpoint(address, WithoutScheme::Refused)?;
        let mut fitting = |what: &str, read: Result<Option<String>>| {
            read.unwrap_or_else(|_| {
                warnings.push(format!(
                    "{what} no effect here: config.endpoint says where the bucket is, and what else is given is none"
                ));
                None
            })
        };
        let name = fitting("config.bucket and config.app_id have", given.name());
        let region = given.region.clone();
        let region = region.map(|region| label("region", region, "-", "ap-guangzhou"));
        let region = fitting("config.region has", region.transpose());
        let Some(host) = known_host(endpoint.host()).filter(|host| host.service == COS) else {
            // A domain of one's own.
            if let Some(name) = &name {
                warnings.push(format!(
                    "config.bucket and config.app_id are believed: {} is taken for the bucket {name}",
                    endpoint.host()
                ));
            }
            return Ok(Self {
                bucket: name.unwrap_or_default(),
                endpoint,
                lookup: Lookup::Own,
                region,
            });
        };
        let Some(bucket) = host.bucket else {
            return Err(Error::usage(
                "config.endpoint names no bucket: expected its whole address, such as https://hot-1250000000.cos.ap-guangzhou.myqcloud.com",
            ));
        };
        if name.is_some_and(|name| name != bucket) {
            warnings.push(format!(
                "config.bucket and config.app_id have no effect here: config.endpoint says that the bucket is {bucket}"
            ));
        }
        if let (Some(given), Some(told)) = (&region, &host.region)
            && given != told
        {
            warnings.push(format!(
                "config.region has no effect here: config.endpoint says that it is {told}"
            ));
        }
        let port = endpoint.authority().strip_prefix(endpoint.host());
        let rest = format!("{}{}", host.rest, port.unwrap_or_default());
        Ok(Self {
            bucket,
            endpoint: Endpoint::parse(&rest, endpoint.is_secure())?,
            lookup: Lookup::VirtualHosted,
            region: host.region.or(region),
        })
    }
}
