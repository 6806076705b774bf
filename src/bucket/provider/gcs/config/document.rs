//! Members of the JSON of Google's credentials, and what is wrong with them. What stands there is not repeated, for any of it may be secret.

use reqwest::Url;

use crate::bucket::values;
use crate::error::{Error, Result};

/// Where an account's tokens are asked for, unless it says so itself.
pub(super) const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// An empty member counts as not given.
pub(super) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A member that must be there, on one line; `at` names where the document stands.
pub(super) fn needed(at: &str, member: &str, value: Option<String>) -> Result<String> {
    let value = given(value).ok_or_else(|| missing(at, member))?;
    let is_key = member == "private_key";
    match values::fault_of_line(&value).filter(|_| !is_key) {
        None => Ok(value),
        Some(fault) => Err(Error::usage(format!(
            "{at}: {member} {fault}: expected text on one line, without spaces at its ends"
        ))),
    }
}

pub(super) fn missing(at: &str, member: &str) -> Error {
    Error::usage(format!("{at}: {member} is missing"))
}

/// An address that secrets are sent to.
pub(super) fn url(at: &str, member: &str, text: Option<String>, default: &str) -> Result<Url> {
    let text = given(text).unwrap_or_else(|| default.to_owned());
    let url = Url::parse(&text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
    });
    url.filter(|_| values::fault(&text).is_none())
        .ok_or_else(|| {
            Error::usage(format!(
                "{at}: {member}: expected a URL such as {TOKEN_URL}"
            ))
        })
}
