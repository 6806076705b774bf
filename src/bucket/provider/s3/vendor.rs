//! A bucket of a vendor's whose section has other keys than S3's: what these come to.

use super::config::{Config, Credentials, Signatures, Trace};
use super::dialect::Dialect;
use super::endpoint::{Endpoint, Lookup};
use super::hosts::lacks_tls;
use crate::bucket::backend::Multipart;
use crate::environment::Secret;
use crate::error::Result;
use crate::http::proxy::Proxies;
use crate::http::settings::Http;

/// What a vendor's section comes to.
#[derive(Debug)]
pub(in crate::bucket::provider) struct Vendor {
    /// How the vendor is spoken to.
    pub(in crate::bucket::provider) dialect: &'static Dialect,
    /// The bucket's name as requests have it. Empty where only the endpoint says which one it is.
    pub(in crate::bucket::provider) bucket: String,
    pub(in crate::bucket::provider) endpoint: Endpoint,
    pub(in crate::bucket::provider) lookup: Lookup,
    /// For signatures; asked of the server where nobody knows it.
    pub(in crate::bucket::provider) region: Option<String>,
    pub(in crate::bucket::provider) access_key: String,
    pub(in crate::bucket::provider) secret_key: Secret,
    /// How often each request is tried.
    pub(in crate::bucket::provider) max_attempts: Option<usize>,
    pub(in crate::bucket::provider) http: Http,
    pub(in crate::bucket::provider) proxies: Proxies,
}

impl Config {
    /// The bucket as S3 is spoken to it. What is not safe about it goes to the warnings.
    pub(in crate::bucket::provider) fn of_vendor(
        vendor: Vendor,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let config = Self {
            list: vendor.dialect.list,
            dialect: vendor.dialect,
            bucket: vendor.bucket,
            endpoint: vendor.endpoint,
            region: vendor.region,
            likely_region: None,
            dualstack: false,
            lookup: vendor.lookup,
            credentials: Credentials::Static {
                access_key: vendor.access_key,
                secret_key: vendor.secret_key,
                session_token: None,
            },
            sts_endpoint: None,
            web_identity: None,
            aws_region: None,
            headers: Vec::new(),
            content_md5: true,
            asked: Signatures::Four,
            trace: Trace::Off,
            multipart: Multipart::Allowed,
            part_size_bytes: None,
            encryption: None,
            max_attempts: vendor.max_attempts,
            http: vendor.http,
            proxies: vendor.proxies,
        };
        config.check_proxy()?;
        let host = &config.endpoint;
        if !host.is_secure() {
            let advice = if lacks_tls(host.host()) {
                "TLS is not spoken there, by all that is told of it"
            } else {
                "https:// before it has TLS spoken"
            };
            warnings.push(format!(
                "config.endpoint: data travel to {host} unencrypted, for it is spoken to without TLS, as Thanos does: {advice}"
            ));
        } else if config.http.tls.skip_verification {
            warnings.push(format!(
                "config.http_config: whoever answers for {host} is taken for it, for no certificate is verified"
            ));
        }
        if config.http.tls.server_name.is_some() && !host.is_secure() {
            warnings.push(
                "config.http_config.tls_config.server_name has no effect here: without TLS nobody proves anything"
                    .to_owned(),
            );
        }
        Ok(config)
    }

    /// Has this region tried first where none is known.
    pub(in crate::bucket::provider) fn likely_in(mut self, region: Option<String>) -> Self {
        self.likely_region = region;
        self
    }

    /// The bucket's name, where it is known.
    pub(in crate::bucket::provider) fn name(&self) -> Option<&str> {
        Some(self.bucket.as_str()).filter(|name| !name.is_empty())
    }

    /// Where the region is known that signatures are for, the region.
    pub(in crate::bucket::provider) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The whole address of the bucket, without a slash at its end.
    pub(in crate::bucket::provider) fn address(&self) -> String {
        let address = self.endpoint.address(self.lookup, &self.bucket, "");
        address.trim_end_matches('/').to_owned()
    }
}
