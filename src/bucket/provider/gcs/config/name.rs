//! Names of buckets. A name goes into addresses: another one than was meant would be written to.

use crate::bucket::values;
use crate::error::{Error, Result};

/// The name, when it is one that the service gives: lower-case letters, digits, `-`, `_` and `.`.
pub(super) fn checked(name: String) -> Result<String> {
    match fault(&name) {
        None => Ok(name),
        Some(fault) => Err(Error::usage(format!("config.bucket {fault}"))),
    }
}

/// What is wrong with it, in words that follow its key.
fn fault(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let ends_plainly =
        |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_address = name.split('.').count() == 4
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let longest = if name.contains('.') { 222 } else { 63 };
    if let Some(fault) = values::fault(name) {
        Some(format!("{fault}: expected the bucket's name"))
    } else if name.contains("://") {
        Some("is a URL: expected the bucket's name alone".to_owned())
    } else if name.contains('/') {
        Some("has a slash: expected the bucket's name; what names begin with is given as prefix, beside config".to_owned())
    } else if !(3..=longest).contains(&name.len()) {
        Some(format!(
            "has too few or too many characters: expected 3 to {longest}"
        ))
    } else if name
        .split('.')
        .any(|part| part.is_empty() || part.len() > 63)
    {
        Some("has an empty part between dots, or one of more than 63 characters".to_owned())
    } else if is_address {
        Some("is an IP address: expected a name".to_owned())
    } else if !name.chars().all(is_plain) {
        Some("has a character that no bucket's name has: expected lower-case letters, digits, and - _ . in between".to_owned())
    } else if !ends_plainly(name.chars().next()) || !ends_plainly(name.chars().next_back()) {
        Some("begins or ends with neither a letter nor a digit".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.28
    #[test]
    fn names_are_taken_as_the_service_gives_them() {
        for name in [
            "hot",
            "thanos-hot_eu-1",
            "metrics.example.com",
            "0cold",
            &"a".repeat(63),
            &[["a"; 60].concat(), ["b"; 60].concat()].join("."),
        ] {
            assert_eq!(fault(name), None, "{name}");
        }
        for (name, why) in [
            ("", "empty"),
            ("hot ", "a space"),
            ("hot\n", "a line break"),
            ("hot\u{7}x", "a control character"),
            ("Hot", "a character"),
            ("hot?x", "a character"),
            ("hot%2fx", "a character"),
            ("hot/sub", "a slash"),
            ("gs://hot", "a URL"),
            ("ho", "too few"),
            (&"a".repeat(64), "too few or too many"),
            ("a..b", "empty part"),
            ("10.0.0.1", "an IP address"),
            ("-hot", "begins or ends"),
            ("hôt", "beyond ASCII"),
        ] {
            let told = fault(name).unwrap_or_default();
            assert!(told.contains(why), "{name:?}: {told}");
        }
    }
}
