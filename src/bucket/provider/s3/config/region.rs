//! The name of a region.

use crate::bucket::values;
use crate::error::{Error, Result};

/// Checks a region's name. It may be any name, but becomes part of the credential scope in signatures, where `/` and `,` separate fields.
pub(super) fn named(at: &str, region: String) -> Result<String> {
    match fault(&region) {
        None => Ok(region),
        Some(fault) => Err(Error::usage(format!(
            "{at} {fault}: expected a name such as eu-west-1"
        ))),
    }
}

/// What keeps a text from being the name of a region, in words that follow its key.
pub(in crate::bucket::provider::s3) fn fault(region: &str) -> Option<&'static str> {
    let is_odd = region.contains(['/', ',', ' ']);
    values::fault(region).or_else(|| is_odd.then_some("has a slash, a comma or a space"))
}
