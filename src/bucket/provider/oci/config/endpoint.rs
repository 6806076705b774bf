//! Where the service is: by its region, as Oracle's SDK finds it, or where a variable says.

use std::path::Path;

use reqwest::Url;
use serde::Deserialize;

use super::regions::{DEFAULT_DOMAIN, known};
use crate::bucket::values;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::small_file;

/// Names another address than that of the region. Thanos does not know it.
pub(in crate::bucket::provider::oci) const VARIABLE: &str = "OCI_OBJECT_STORAGE_ENDPOINT";

/// Stands for the region in such an address.
const REGION: &str = "{region}";

/// Describes a region that the SDK does not know.
const METADATA: &str = "OCI_REGION_METADATA";

/// The domain of regions that nobody describes.
const REALM: &str = "OCI_DEFAULT_REALM";

/// The address of the service.
#[derive(Debug, Clone)]
pub(in crate::bucket::provider::oci) struct Endpoint {
    url: Url,
    region: String,
    /// What the hosts of all services there end in.
    hosts: String,
    is_named: bool,
}

/// A region as a variable or a file describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default)]
    region_identifier: String,
    #[serde(default)]
    region_key: String,
    #[serde(default)]
    realm_domain_component: String,
}

impl Endpoint {
    /// The service's address in a region; `at` says where the region was found.
    pub(super) fn of(
        at: &str,
        region: &str,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !region.chars().all(is_fit) || region.starts_with(['.', '-']) {
            return Err(Error::usage(format!(
                "{at}: expected the name of a region, such as eu-frankfurt-1, or its short name, such as fra"
            )));
        }
        let (region, domain) = found(region, environment, warnings, at);
        let set = environment.get(VARIABLE).filter(|url| !url.is_empty());
        let named = set.map(|text| named(text, &region)).transpose()?;
        let is_named = named.is_some();
        let hosts = match domain {
            Some(domain) => format!("{region}.{domain}"),
            None => region.clone(),
        };
        let url = named.or_else(|| Url::parse(&format!("https://objectstorage.{hosts}")).ok());
        let url = url.ok_or_else(|| Error::usage(format!("{at}: no host has such a name")))?;
        Ok(Self {
            url,
            region,
            hosts,
            is_named,
        })
    }

    /// The region, by its full name.
    pub(in crate::bucket::provider::oci) fn region(&self) -> &str {
        &self.region
    }

    /// The address of another service there.
    pub(in crate::bucket::provider::oci) fn service(&self, name: &str) -> String {
        format!("https://{name}.{}", self.hosts)
    }

    /// The address itself.
    pub(in crate::bucket::provider::oci) fn url(&self) -> &Url {
        &self.url
    }

    /// The same, without a slash at its end.
    pub(in crate::bucket::provider::oci) fn base(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Host and port.
    pub(in crate::bucket::provider::oci) fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Whether a variable names it.
    pub(in crate::bucket::provider::oci) fn is_named(&self) -> bool {
        self.is_named
    }

    /// Whether it is spoken to with TLS.
    pub(in crate::bucket::provider::oci) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// The region's full name, and its domain; `None` where the name holds it.
fn found(
    region: &str,
    environment: &Environment,
    warnings: &mut Vec<String>,
    at: &str,
) -> (String, Option<String>) {
    if region.contains('.') {
        return (region.to_owned(), None);
    }
    let small = region.to_ascii_lowercase();
    if let Some((name, domain)) = known(&small) {
        return (name.to_owned(), Some(domain.to_owned()));
    }
    if let Some(described) = described(region, environment) {
        let name = described.region_identifier.to_ascii_lowercase();
        return (name, Some(described.realm_domain_component));
    }
    let realm = environment.get(REALM).filter(|realm| !realm.is_empty());
    let domain = realm.unwrap_or(DEFAULT_DOMAIN).to_owned();
    warnings.push(format!(
        "{at}: {region} is none of the regions that are known; its host is taken to end in {domain}"
    ));
    (region.to_owned(), Some(domain))
}

/// What a file or a variable says of that region. What cannot be read says nothing, as in the SDK.
fn described(region: &str, environment: &Environment) -> Option<Described> {
    let home = environment.get("HOME").filter(|home| !home.is_empty());
    let file = home.and_then(|home| {
        let path = Path::new(home).join(".oci/regions-config.json");
        let text = small_file::read(&path).ok()?;
        serde_json::from_slice::<Vec<Described>>(&text).ok()
    });
    let variable = environment.get(METADATA);
    let variable = variable.and_then(|text| serde_json::from_str::<Described>(text).ok());
    let all = file.into_iter().flatten().chain(variable);
    all.into_iter().find(|described| {
        let is_whole =
            !described.region_identifier.is_empty() && !described.realm_domain_component.is_empty();
        is_whole && (described.region_identifier == region || described.region_key == region)
    })
}

/// The address that the variable names.
fn named(text: &str, region: &str) -> Result<Url> {
    let whole = text.replace(REGION, region);
    let url = Url::parse(&whole).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.filter(|_| values::fault(text).is_none())
        .ok_or_else(|| {
            Error::usage(format!(
                "environment variable {VARIABLE}: expected a URL of a host and perhaps a port, such as https://objectstorage.{REGION}.oraclecloud.com"
            ))
        })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn host(region: &str, variables: &[(&str, &str)]) -> (String, usize) {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = variables.collect();
        let mut warnings = Vec::new();
        let found = Endpoint::of("config.region", region, &environment, &mut warnings).unwrap();
        (found.base().to_owned(), warnings.len())
    }

    /// S-3.72
    #[test]
    fn a_region_has_a_host_as_the_sdk_finds_it() {
        let described = r#"{"realmKey": "oc99", "realmDomainComponent": "cloud.example", "regionKey": "XYZ", "regionIdentifier": "ex-place-1"}"#;
        let metadata = &[("OCI_REGION_METADATA", described)][..];
        let named = &[(VARIABLE, "http://127.0.0.1:8080/")][..];
        let by_region = &[(
            VARIABLE,
            "https://ns.objectstorage.{region}.oci.customer-oci.com",
        )][..];
        for (region, variables, expected, warnings) in [
            (
                "eu-frankfurt-1",
                &[][..],
                "https://objectstorage.eu-frankfurt-1.oraclecloud.com",
                0,
            ),
            (
                "FRA",
                &[],
                "https://objectstorage.eu-frankfurt-1.oraclecloud.com",
                0,
            ),
            (
                "Us-Gov-Ashburn-1",
                &[],
                "https://objectstorage.us-gov-ashburn-1.oraclegovcloud.com",
                0,
            ),
            (
                "beg",
                &[],
                "https://objectstorage.eu-jovanovac-1.oraclecloud20.com",
                0,
            ),
            (
                "eu-madrid-2",
                &[],
                "https://objectstorage.eu-madrid-2.oraclecloud.eu",
                0,
            ),
            (
                "xx-new-1",
                &[],
                "https://objectstorage.xx-new-1.oraclecloud.com",
                1,
            ),
            (
                "xx-new-1",
                &[("OCI_DEFAULT_REALM", "realm.example")],
                "https://objectstorage.xx-new-1.realm.example",
                1,
            ),
            (
                "XYZ",
                metadata,
                "https://objectstorage.ex-place-1.cloud.example",
                0,
            ),
            (
                "ex-place-1",
                metadata,
                "https://objectstorage.ex-place-1.cloud.example",
                0,
            ),
            (
                "ex-place-1",
                &[("OCI_REGION_METADATA", "[]")],
                "https://objectstorage.ex-place-1.oraclecloud.com",
                1,
            ),
            (
                "private.example.com",
                &[],
                "https://objectstorage.private.example.com",
                0,
            ),
            ("fra", named, "http://127.0.0.1:8080", 0),
            (
                "fra",
                by_region,
                "https://ns.objectstorage.eu-frankfurt-1.oci.customer-oci.com",
                0,
            ),
        ] {
            let found = host(region, variables);
            assert_eq!(
                found,
                (expected.to_owned(), warnings),
                "{region} {variables:?}"
            );
        }
    }

    /// S-3.72
    #[test]
    fn what_is_no_region_or_no_address_is_refused() {
        let none = Environment::default();
        for region in [
            "eu frankfurt",
            "fra/..",
            "fra\n",
            "-fra",
            "https://x",
            "fra:443",
        ] {
            let found = Endpoint::of("config.region", region, &none, &mut Vec::new());
            let err = found.unwrap_err().to_string();
            assert!(err.starts_with("config.region: expected"), "{err}");
        }
        for address in [
            "127.0.0.1:80",
            "ftp://x",
            "http://u:p@x",
            "http://x/n",
            "http://x?y",
        ] {
            let variables = [(VARIABLE.to_owned(), address.to_owned())];
            let environment = variables.into_iter().collect();
            let found = Endpoint::of("config.region", "fra", &environment, &mut Vec::new());
            let err = found.unwrap_err().to_string();
            assert!(err.contains(VARIABLE) && !err.contains(address), "{err}");
        }
    }
}
