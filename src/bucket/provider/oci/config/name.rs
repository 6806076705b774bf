//! Names of buckets. A name goes into addresses: another one than was meant would be written to.

use crate::bucket::values;
use crate::error::{Error, Result};

/// The name, when it is one that the service gives: letters, digits, `-`, `_` and `.`.
pub(super) fn checked(name: String) -> Result<String> {
    match fault(&name) {
        None => Ok(name),
        Some(fault) => Err(Error::usage(format!("config.bucket {fault}"))),
    }
}

/// What is wrong with it, in words that follow its key.
fn fault(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if let Some(fault) = values::fault(name) {
        Some(format!("{fault}: expected the bucket's name"))
    } else if name.contains("://") {
        Some("is a URL: expected the bucket's name alone".to_owned())
    } else if name.contains('/') {
        Some("has a slash: expected the bucket's name; what names begin with is given as prefix, beside config".to_owned())
    } else if name.starts_with("ocid1.") {
        Some("is an OCID: expected the bucket's name".to_owned())
    } else if name.len() > 256 {
        Some("has too many characters: expected at most 256".to_owned())
    } else if !name.chars().all(is_plain) || name == "." || name == ".." {
        Some("has a character that no bucket's name has: expected letters, digits, and - _ . in between".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.70
    #[test]
    fn names_are_taken_as_the_service_gives_them() {
        for name in ["hot", "Thanos_hot.eu-1", "a", &"a".repeat(256)] {
            assert_eq!(fault(name), None, "{name}");
        }
        for (name, why) in [
            ("hot ", "a space"),
            ("hot\n", "a line break"),
            ("hot?x", "a character"),
            ("hot/sub", "a slash"),
            ("oci://hot", "a URL"),
            ("..", "a character"),
            ("ocid1.bucket.oc1.phx.aaaa", "an OCID"),
            (&"a".repeat(257), "too many"),
            ("hôt", "beyond ASCII"),
        ] {
            let told = fault(name).unwrap_or_default();
            assert!(told.contains(why), "{name:?}: {told}");
        }
    }
}
