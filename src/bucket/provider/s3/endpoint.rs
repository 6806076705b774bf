//! Where a server of S3 is, and what its address alone tells: whose it is, in which region, and where the bucket's name goes.

use std::fmt;

use crate::error::{Error, Result};

/// Host and port, and whether they are spoken to with TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bucket::provider) struct Endpoint {
    /// Host and port as configured, in lower case.
    authority: String,
    host: String,
    secure: bool,
}

/// Where the bucket's name goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket::provider) enum Lookup {
    Auto,
    VirtualHosted,
    Path,
    /// Nowhere: the endpoint is the bucket's own address.
    Own,
}

const EXPECTED: &str = "expected host[:port] without scheme, user and path";

impl Endpoint {
    /// Reads what stands as `endpoint`. The error repeats nothing that may be a secret.
    pub(in crate::bucket::provider) fn parse(text: &str, secure: bool) -> Result<Self> {
        match fault(text) {
            None => {
                let authority = text.trim_end_matches('/').to_ascii_lowercase();
                Ok(Self {
                    host: host_of(&authority).to_owned(),
                    authority,
                    secure,
                })
            }
            Some(fault) => {
                // With a scheme in front, this is a URL that was copied; what precedes an @ or follows a ? may be a secret.
                let shown = if text.starts_with("http") && fault == SCHEME && is_harmless(text) {
                    format!(" {text:?}")
                } else {
                    String::new()
                };
                Err(Error::usage(format!(
                    "config.endpoint{shown} {fault}: {EXPECTED}"
                )))
            }
        }
    }

    /// `http` or `https`.
    pub(in crate::bucket::provider) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Whether it is spoken to with TLS.
    pub(in crate::bucket::provider) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The address of a bucket there, with what follows.
    pub(super) fn address(&self, lookup: Lookup, bucket: &str, rest: &str) -> String {
        let scheme = self.scheme();
        if lookup == Lookup::Own {
            format!("{scheme}://{self}/{rest}")
        } else if self.is_virtual_hosted(lookup, bucket) {
            format!("{scheme}://{bucket}.{self}/{rest}")
        } else {
            format!("{scheme}://{self}/{bucket}/{rest}")
        }
    }

    /// Host and port.
    pub(in crate::bucket::provider) fn authority(&self) -> &str {
        &self.authority
    }

    /// The host without its port.
    pub(in crate::bucket::provider) fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is an IP address, before which no bucket's name can be put.
    pub(in crate::bucket::provider) fn is_address(&self) -> bool {
        self.host.starts_with('[') || self.host.parse::<std::net::Ipv4Addr>().is_ok()
    }

    /// Whether both are spoken to for the same buckets: regions of Amazon's copy from one another within their partition.
    pub(super) fn is_one_service_with(&self, other: &Self) -> bool {
        let (here, there) = (self.amazons_partition(), other.amazons_partition());
        self.secure == other.secure
            && (self.authority == other.authority || (here.is_some() && here == there))
    }

    /// What tells one partition of Amazon's from another, where it is Amazon's; names of buckets are unique within each.
    pub(super) fn amazons_partition(&self) -> Option<&'static str> {
        let names = [".amazonaws.com.cn", ".amazonaws.com"];
        let name = names.into_iter().find(|name| self.host.ends_with(name))?;
        let is_governments = self
            .region()
            .is_some_and(|region| region.starts_with("us-gov-"));
        Some(if is_governments { "us-gov" } else { name })
    }

    /// Whether the bucket's name is part of the host's, as Thanos' client decides it.
    pub(super) fn is_virtual_hosted(&self, lookup: Lookup, bucket: &str) -> bool {
        match lookup {
            Lookup::VirtualHosted | Lookup::Own => true,
            Lookup::Path => false,
            Lookup::Auto => {
                // A certificate for *.host does not cover a name with a dot.
                let is_covered = !self.secure || !bucket.contains('.');
                is_covered
                    && fits_into_host(bucket)
                    && (self.is_amazon()
                        || self.host == "storage.googleapis.com"
                        || self.host.ends_with("aliyuncs.com"))
            }
        }
    }

    /// Refuses an endpoint that the bucket's name cannot be combined with.
    pub(in crate::bucket::provider) fn suits(&self, lookup: Lookup, bucket: &str) -> Result<()> {
        let is_twice = self.host.starts_with(&format!("{bucket}."))
            && [
                "amazonaws.com",
                "amazonaws.com.cn",
                "storage.googleapis.com",
                "aliyuncs.com",
            ]
            .iter()
            .any(|suffix| self.host.ends_with(suffix));
        if is_twice {
            return Err(Error::usage(format!(
                "config.endpoint begins with the bucket's name, which is put before it anyway: {EXPECTED}"
            )));
        }
        if lookup == Lookup::VirtualHosted && !fits_into_host(bucket) {
            return Err(Error::usage(
                "config.bucket has capitals, a colon or an underscore, which no host has: expected config.bucket_lookup_type auto or path for it",
            ));
        }
        if lookup == Lookup::VirtualHosted && self.is_address() {
            return Err(Error::usage(
                "config.endpoint is an address, before which no bucket's name can be put: expected config.bucket_lookup_type auto or path for it",
            ));
        }
        Ok(())
    }

    /// The region that a host of Amazon's names.
    pub(super) fn region(&self) -> Option<&str> {
        let host = self.host.as_str();
        let named = if let Some(name) = host.strip_suffix(".amazonaws.com.cn") {
            let region = behind(name, &["s3.dualstack.", "s3."]);
            region.filter(|region| region.starts_with("cn"))
        } else {
            let name = host.strip_suffix(".amazonaws.com")?;
            if let Some(private) = name.strip_suffix(".vpce") {
                private.split_once(".s3.").map(|(_, region)| region)
            } else {
                let prefixes = [
                    "s3-fips.dualstack.",
                    "s3-fips.",
                    "s3.dualstack.",
                    "s3-",
                    "s3.",
                ];
                behind(name, &prefixes)
            }
        };
        // A region is `eu-west-1` or longer; what else follows is `accelerate`, `external-1`, `website-…`.
        named.filter(|region| {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let mut words = region.split('-');
            words.next().is_some_and(|area| area.len() <= 4)
                && words.count() >= 2
                && region.ends_with(|c: char| c.is_ascii_digit())
                && region.chars().all(is_plain)
        })
    }

    /// Whether Amazon answers there.
    pub(super) fn is_amazon(&self) -> bool {
        let known = [
            "s3.amazonaws.com",
            "s3-external-1.amazonaws.com",
            "s3-accelerate.amazonaws.com",
        ];
        known.contains(&self.host.as_str()) || self.region().is_some()
    }

    /// Where a bucket of that region is served: Amazon has an address for each, and Thanos asks there, whichever was configured, unless
    /// that was chosen for a reason (FIPS, `PrivateLink`, acceleration). With `dualstack`, over IPv6 too.
    pub(super) fn authority_in(&self, region: &str, dualstack: bool) -> String {
        let is_chosen = [
            "s3-fips",
            "s3-accelerate",
            "bucket.vpce-",
            "accesspoint.vpce-",
        ]
        .iter()
        .any(|prefix| self.host.starts_with(prefix));
        if !self.is_amazon() || is_chosen {
            return self.authority.clone();
        }
        let dualstack = if dualstack { "dualstack." } else { "" };
        format!("s3.{dualstack}{region}.{}", partition(region))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority)
    }
}

/// What the names of Amazon's hosts end in, which differs between its partitions.
pub(super) fn partition(region: &str) -> &'static str {
    let suffixes = [
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("eusc-", "amazonaws.eu"),
    ];
    suffixes
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// What follows the first of the prefixes that it begins with.
fn behind<'a>(name: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    let mut found = prefixes
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix));
    found.next()
}

/// Whether a name means the same as part of a host's: those have no capitals and no colons.
pub(super) fn fits_into_host(bucket: &str) -> bool {
    !bucket.contains(|c: char| c.is_ascii_uppercase() || c == ':' || c == '_')
}

const SCHEME: &str = "has a scheme";

/// What is wrong with it, in words that follow its name.
fn fault(text: &str) -> Option<&'static str> {
    if let Some(fault) = crate::bucket::values::fault(text) {
        return Some(fault);
    }
    if text.contains("://") {
        return Some(SCHEME);
    }
    let authority = text.strip_suffix('/').unwrap_or(text);
    if authority.contains('@') {
        return Some("has a user");
    }
    if authority.contains(['/', '?', '#']) {
        return Some("has a path");
    }
    let host = host_of(authority);
    let port = authority.get(host.len()..).unwrap_or_default();
    let port = port.strip_prefix(':').map(str::parse::<u16>);
    if host.starts_with('[') {
        let address = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let is_address = address.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
        if !is_address {
            return Some("has brackets around what is no IPv6 address");
        }
    } else if host.contains(':') {
        return Some("has more than one colon: an IPv6 address is put in brackets");
    } else if !is_domain(host) {
        return Some("has no host that could be one");
    }
    match port {
        None | Some(Ok(1..)) => None,
        Some(_) => Some("has a port that is none"),
    }
}

/// What stands before the port.
fn host_of(authority: &str) -> &str {
    let end_of_brackets = authority.rfind(']').map_or(0, |end| end + 1);
    let after = authority.get(end_of_brackets..).unwrap_or_default();
    match after.rfind(':') {
        Some(colon) => authority.get(..end_of_brackets + colon).unwrap_or_default(),
        None => authority,
    }
}

/// As Thanos' client looks at it, and a little more strictly: what comes through can be part of an address.
fn is_domain(host: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ends = ['-', '_'];
    (1..=253).contains(&host.len())
        && host.chars().all(is_fit)
        && !host.starts_with('.')
        && !host.contains("..")
        && !host.starts_with(ends)
        && !host.ends_with(ends)
}

fn is_harmless(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || ":/.-_[]".contains(c);
    text.len() < 100 && text.chars().all(is_fit)
}

#[cfg(test)]
mod tests;
