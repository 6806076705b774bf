//! Names of accounts and containers. They go into addresses: another one than was meant would be written to.

use super::super::service::SECONDARY;
use super::value::checked;
use crate::error::Result;

/// The name of an account as Azure gives them.
pub(super) fn account(name: String) -> Result<String> {
    let is_fit = |name: &str| {
        let name = name.strip_suffix(SECONDARY).unwrap_or(name);
        (3..=24).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let expected = "an account's name, of 3 to 24 lower-case letters and digits";
    checked("config.storage_account", name, expected, is_fit)
}

/// The name of a container as Azure lets it be given.
pub(super) fn container(name: String) -> Result<String> {
    let is_fit = |name: &str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        name == "$web"
            || ((3..=63).contains(&name.len())
                && name
                    .split('-')
                    .all(|part| !part.is_empty() && part.bytes().all(is_plain)))
    };
    let expected = "a container's name alone, of 3 to 63 lower-case letters and digits, with single hyphens in between";
    checked("config.container", name, expected, is_fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.24
    #[test]
    fn names_are_those_that_azure_gives() {
        for (name, is_fit) in [
            ("hot", true),
            ("thanoshot01", true),
            ("thanoshot01-secondary", true),
            (&"a".repeat(24), true),
            (&"a".repeat(25), false),
            ("ho", false),
            ("Hot", false),
            ("hot-store", false),
            ("hot.blob", false),
            ("hot/x", false),
            ("hot@evil", false),
            ("hot ", false),
            ("hot\n", false),
        ] {
            assert_eq!(account(name.to_owned()).is_ok(), is_fit, "{name:?}");
        }
        for (name, is_fit) in [
            ("hot", true),
            ("thanos-hot-1", true),
            ("$web", true),
            ("$root", false),
            ("ho", false),
            (&"a".repeat(63), true),
            (&"a".repeat(64), false),
            ("Hot", false),
            ("hot--1", false),
            ("-hot", false),
            ("hot-", false),
            ("hot_1", false),
            ("hot/sub", false),
            ("hot?x", false),
            ("hot\n", false),
        ] {
            assert_eq!(container(name.to_owned()).is_ok(), is_fit, "{name:?}");
        }
    }
}
