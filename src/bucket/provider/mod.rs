//! The providers: a row each in the table here, and a folder each beside it. Nothing outside knows what kinds of buckets there are.
//!
//! To add one: a folder with its [`Provider`] (how Thanos spells it, which of its keys are secret, how its section is parsed), a type that is
//! [`Configured`] (which bucket it is, and how it is opened), a [`Store`](super::store::Store) that does the requests and says what its own
//! errors mean, and a row.

mod azure;
mod bos;
mod configured;
mod cos;
mod folder;
mod gcs;
mod obs;
mod oci;
mod oss;
mod s3;
mod swift;
mod vendor;

pub(super) use configured::{Configured, Opening, Section};

use configured::Provider;

/// Each provider, in the order in which messages name them.
const PROVIDERS: [Provider; 10] = [
    oss::PROVIDER,
    azure::PROVIDER,
    bos::PROVIDER,
    cos::PROVIDER,
    folder::PROVIDER,
    gcs::PROVIDER,
    obs::PROVIDER,
    oci::PROVIDER,
    s3::PROVIDER,
    swift::PROVIDER,
];

use crate::bucket::differences::Differences;
use crate::error::{Error, Result};

/// Parses a section as the provider does that `kind` names, in capitals or not. Errors are of the kind [`crate::Kind::Usage`].
pub(super) fn parse(kind: &str, section: Section<'_>) -> Result<Box<dyn Configured>> {
    let named = kind.to_ascii_uppercase();
    if let Some(provider) = PROVIDERS.iter().find(|provider| provider.kind == named) {
        return (provider.parse)(section);
    }
    let expected = PROVIDERS.map(|provider| provider.kind).join(" or ");
    Err(Error::usage(if kind.is_empty() {
        format!("type is missing: expected {expected}")
    } else {
        format!("unknown type {kind:?}: expected {expected}")
    }))
}

/// The keys of all providers' sections whose values are secret.
pub(super) fn secret_keys() -> impl Iterator<Item = &'static str> {
    PROVIDERS
        .into_iter()
        .flat_map(|provider| provider.secrets)
        .copied()
}

/// What each provider does otherwise than others, by its type as Thanos spells it, in the order in which messages name them.
pub fn differences() -> impl Iterator<Item = (&'static str, Differences)> {
    PROVIDERS
        .into_iter()
        .map(|provider| (provider.kind, provider.differences))
}
