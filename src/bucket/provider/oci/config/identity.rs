//! Who signs, and what the service calls the key.

use super::beside::Beside;
use super::endpoint::Endpoint;
use super::key::Key;
use crate::error::{Error, Result};

/// Who the requests come from, and where they go.
#[derive(Debug)]
pub(in crate::bucket::provider::oci) enum Identity {
    /// A user, whose key was found in one of these places.
    User {
        key: ApiKey,
        origin: Origin,
        endpoint: Endpoint,
    },
    /// The machine, which knows its region.
    Machine(Beside),
}

/// A key that the service knows, and what it is called there.
#[derive(Debug, Clone)]
pub(in crate::bucket::provider::oci) struct ApiKey {
    pub(in crate::bucket::provider::oci) tenancy: String,
    pub(in crate::bucket::provider::oci) id: KeyId,
    pub(in crate::bucket::provider::oci) key: Key,
}

/// What the service calls a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bucket::provider::oci) enum KeyId {
    /// By the user whose it is, and its fingerprint.
    OfUser { user: String, fingerprint: String },
    /// By a token that the file of that path holds, and that is written anew before it expires.
    TokenFile(String),
}

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bucket::provider::oci) enum Origin {
    Configuration,
    /// By Oracle's SDK: in a file, or in variables.
    Sdk(String),
}

/// What goes into the name of a key is what it is said to be.
pub(super) fn check_id(at: &str, id: &str, kind: &str) -> Result<()> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.starts_with(&format!("ocid1.{kind}.")) && id.chars().all(is_fit) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{at}: expected an OCID that begins with ocid1.{kind}."
    )))
}

/// A word on a fingerprint that is not that of the key.
pub(super) fn other_fingerprint(at: &str, fingerprint: &str, key: &Key) -> Option<String> {
    let known = key.fingerprint()?;
    (!known.eq_ignore_ascii_case(fingerprint)).then(|| {
        format!("{at} is not that of the key, which is {known}: requests are likely to be refused")
    })
}
