//! Single values of the section.

use std::time::Duration;

use crate::bucket::values::fault;
use crate::error::{Error, Result};
use crate::yaml::Fields;

/// What keeps a name from being part of an address, in words that follow its key.
pub(super) fn checked(
    at: &str,
    value: String,
    expected: &str,
    is_fit: impl Fn(&str) -> bool,
) -> Result<String> {
    match fault(&value) {
        Some(fault) => Err(Error::usage(format!("{at} {fault}: expected {expected}"))),
        None if is_fit(&value) => Ok(value),
        None => Err(Error::usage(format!("{at}: expected {expected}"))),
    }
}

/// A duration; zero is Thanos' word for what its client takes by default.
pub(super) fn time(
    fields: &mut Fields<'_>,
    at: &str,
    key: &'static str,
) -> Result<Option<Duration>> {
    let Some(text) = fields.string(key)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let time = crate::duration::parse(&text)
        .map_err(|_| Error::usage(format!("{at}.{key}: expected a duration such as 1m30s")))?;
    Ok(Some(time).filter(|time| !time.is_zero()))
}
