//! What lies beside a machine in Oracle's cloud, and where it asks for what it signs with.

use reqwest::Url;

use super::endpoint::{Endpoint, VARIABLE};
use crate::bucket::values;
use crate::environment::Environment;
use crate::error::{Error, Result};

/// Names another metadata service than the usual one, as Oracle's SDK has it.
const METADATA: &str = "OCI_METADATA_BASE_URL";

const USUAL_METADATA: &str = "http://169.254.169.254/opc/v2";

/// Names another service for sessions than that of the region, likewise.
const SESSIONS: &str = "OCI_SDK_AUTH_CLIENT_REGION_URL";

/// Where a machine asks.
#[derive(Debug, Clone)]
pub(in crate::bucket::provider::oci) struct Beside {
    metadata: String,
    sessions: Option<String>,
    /// By which a region is understood, once it is known.
    environment: Environment,
}

impl Beside {
    pub(in crate::bucket::provider::oci) fn of(environment: &Environment) -> Result<Self> {
        let metadata = address(environment, METADATA)?;
        Ok(Self {
            metadata: metadata.unwrap_or_else(|| USUAL_METADATA.to_owned()),
            sessions: address(environment, SESSIONS)?,
            environment: environment.clone(),
        })
    }

    /// The address of the metadata service, without a slash at its end.
    pub(in crate::bucket::provider::oci) fn metadata(&self) -> &str {
        &self.metadata
    }

    /// The address of the service for sessions, where a variable names it.
    pub(in crate::bucket::provider::oci) fn sessions(&self) -> Option<&str> {
        self.sessions.as_deref()
    }

    /// Where the service is for a machine of that region, and what is to be said of it.
    pub(in crate::bucket::provider::oci) fn endpoint(
        &self,
        region: &str,
    ) -> (Result<Endpoint>, Vec<String>) {
        let at = "the region that the metadata service tells";
        let mut warnings = Vec::new();
        let found = Endpoint::of(at, region, &self.environment, &mut warnings);
        (found, warnings)
    }

    /// Whether a variable has the service spoken to without TLS.
    pub(in crate::bucket::provider::oci) fn is_secure(&self) -> bool {
        let named = self.environment.get(VARIABLE);
        !named.is_some_and(|url| url.starts_with("http://"))
    }
}

fn address(environment: &Environment, name: &'static str) -> Result<Option<String>> {
    let Some(text) = environment.get(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
    });
    if url.is_none() || values::fault(text).is_some() {
        return Err(Error::usage(format!(
            "environment variable {name}: expected a URL such as {USUAL_METADATA}"
        )));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}
