//! What an error may repeat of a document. Secrets get into wrong places, so only what cannot be one is repeated.

/// Values of no more bytes than this are not taken for secrets.
const SHORT: usize = 5;

/// A number of bytes has no more digits.
const DIGITS: usize = 14;

/// Names of keys are not longer.
const LONGEST_KEY: usize = 32;

/// The value in quotes, or `None` where it may be a secret.
#[must_use]
pub fn quoted(value: &str) -> Option<String> {
    let is_short = value.len() <= SHORT && value.bytes().all(|byte| byte.is_ascii_graphic());
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let is_number = digits.len() <= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_short || is_number).then(|| format!("{value:?}"))
}

/// The key, or `None` where it may be a secret: names of keys are words.
pub(super) fn key(name: &str) -> Option<&str> {
    let is_word = |c: char| c.is_ascii_alphabetic() || "_-.".contains(c);
    let is_key = !name.is_empty() && name.len() <= LONGEST_KEY && name.chars().all(is_word);
    is_key.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-2.6
    #[test]
    fn only_what_cannot_be_a_secret_is_repeated() {
        for (value, repeated) in [
            ("", true),
            ("maybe", true),
            ("v3", true),
            ("SSE-X", true),
            ("-3", true),
            ("5497558138880", true),
            ("hunter2", false),
            ("a\nb", false),
            ("é", false),
            ("AKIAIOSFODNN7EXAMPLE", false),
            ("123456789012345678901234", false),
        ] {
            assert_eq!(quoted(value).is_some(), repeated, "{value:?}");
        }
        for (name, repeated) in [
            ("bukcet", true),
            ("aws-sdk_auth.x", true),
            ("", false),
            ("hunter2", false),
            ("a b", false),
            ("wJalrXUtnFEMIKMDENGbPxRfiCYEXAMPLEKEYabc", false),
        ] {
            assert_eq!(key(name).is_some(), repeated, "{name:?}");
        }
    }
}
