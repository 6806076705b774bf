//! Which values can go into a header, a URL or a signature. Thanos takes any text and fails at its first request; here the error names the key before
//! anything is contacted. Values are not repeated: each may be a secret in the wrong place.

use crate::error::{Error, Result};
use crate::yaml::Fields;

/// A text field; an empty one counts as not given.
pub(super) fn text(fields: &mut Fields<'_>, key: &'static str) -> Result<Option<String>> {
    Ok(fields.string(key)?.filter(|text| !text.is_empty()))
}

/// A text field that goes out as it is.
pub(super) fn plain(fields: &mut Fields<'_>, key: &'static str) -> Result<Option<String>> {
    let value = text(fields, key)?;
    value
        .map(|value| checked(&format!("config.{key}"), value, fault))
        .transpose()
}

/// The value, when `fault` finds none in it; `at` names its key or variable.
pub(super) fn checked(
    at: &str,
    value: String,
    fault: fn(&str) -> Option<&'static str>,
) -> Result<String> {
    match fault(&value) {
        None => Ok(value),
        Some(fault) => Err(Error::usage(format!(
            "{at} {fault}: expected text on one line, without spaces at its ends"
        ))),
    }
}

/// What no header, address or credential can hold, in words that follow its name.
pub(super) fn fault(value: &str) -> Option<&'static str> {
    let beyond_ascii = || (!value.is_ascii()).then_some("holds a character beyond ASCII");
    fault_of_line(value).or_else(beyond_ascii)
}

/// The same for what is a key to sign with, of whatever letters.
pub(super) fn fault_of_line(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        Some("is empty")
    } else if value.ends_with(['\n', '\r']) {
        // As files in Secrets of Kubernetes often do.
        Some("ends in a line break")
    } else if value.trim() != value {
        Some("begins or ends with a space")
    } else if value.contains(['\n', '\r']) {
        Some("holds a line break")
    } else if value.contains(char::is_control) {
        Some("holds a control character")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.7
    #[test]
    fn a_value_is_ascii_on_one_line() {
        for (value, expected) in [
            ("AKIAIOSFODNN7EXAMPLE", None),
            ("a b", None),
            ("", Some("is empty")),
            ("key\n", Some("ends in a line break")),
            ("key\r\n", Some("ends in a line break")),
            ("key ", Some("begins or ends with a space")),
            ("\tkey", Some("begins or ends with a space")),
            ("\nkey", Some("begins or ends with a space")),
            ("k\ney", Some("holds a line break")),
            ("k\0ey", Some("holds a control character")),
            ("k\u{7f}", Some("holds a control character")),
            ("ké", Some("holds a character beyond ASCII")),
            ("\u{feff}key", Some("holds a character beyond ASCII")),
        ] {
            assert_eq!(fault(value), expected, "{value:?}");
        }
    }
}
